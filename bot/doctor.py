"""Checks what an installation needs and says how to mend what is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import ConfigurationError
from bot.policy.lapsing import lapsing
from bot.services import Services, open_services
from bot.settings import VARIABLES, Settings
from knowledge.errors import ClausebotError
from knowledge.models_folder import is_exported

_LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: str
    """`ok`, `note` (works, but worth knowing) or `fault`."""
    found: str
    how_to_mend: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the check as JSON."""
        return {"name": self.name, "state": self.state, "found": self.found, "how_to_mend": self.how_to_mend}


def examine(settings: Settings) -> list[Check]:
    """Look at everything once; a fault in one part does not keep the others from being looked at."""
    checks = [_configuration(settings), _disk(settings), _mirror(settings)]
    try:
        with open_services(settings) as services:
            checks += [
                Check("database", "ok", f"{services.engine.dialect.name}, {services.audit.count()} decisions"),
                *_guarded("knowledge base", lambda: _knowledge(services)),
                *_guarded("embedding model", lambda: _model(services)),
                *_guarded("policy", lambda: _policy(services)),
                *_guarded("digest", lambda: _digest(services)),
                *_guarded("Slack, events", lambda: _slack_events(services)),
            ]
    except ClausebotError as error:
        checks.append(Check("database", "fault", "cannot be used", str(error)))
    return [*checks, *_slack(settings)]


def _guarded(name: str, look: Callable[[], Iterator[Check]]) -> list[Check]:
    try:
        return list(look())
    except ClausebotError as error:
        return [Check(name, "fault", "cannot be used", str(error))]


def _configuration(settings: Settings) -> Check:
    unset = Settings(settings.home, settings.database_url)
    chosen = [v for f, v in VARIABLES.items() if getattr(settings, f) != getattr(unset, f)]
    note = ""
    if settings.chat_model:
        note = "CLAUSEBOT_CHAT_MODEL is set, but this version words every answer by rules; it is not used yet."
    return Check(
        "configuration", "note" if note else "ok", f"home {settings.home}; set: {', '.join(chosen) or 'nothing'}", note
    )


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.home if settings.home.exists() else settings.home.anchor).free
    if free < _LEAST_FREE_BYTES:
        return Check(
            "disk", "fault", f"{free / 1e6:.0f} MB free", "Free some space: the knowledge base needs about 500 MB."
        )
    return Check("disk", "ok", f"{free / 1e9:.1f} GB free")


def _mirror(settings: Settings) -> Check:
    if settings.mirror is None:
        return Check("mirror", "ok", "none; official texts come from the publishers' addresses")
    if not (settings.mirror / "index.csv").is_file():
        return Check(
            "mirror",
            "fault",
            f"{settings.mirror} has no index.csv",
            "Point CLAUSEBOT_MIRROR at a folder of texts with an index.csv, or unset it.",
        )
    return Check("mirror", "ok", str(settings.mirror))


def _policy(services: Services) -> Iterator[Check]:
    if services.policy is None:
        yield Check("policy", "ok", "none; answers are the licences' own")
        return
    policy = services.policy.current().policy
    lapsed = [f"{lapse.relief.id} {lapse.when}" for lapse in lapsing(policy, datetime.now(UTC).date())]
    found = f"{policy.name}: {len(policy.rules)} rules" + (f"; {', '.join(lapsed)}" if lapsed else "")
    yield Check("policy", "note" if lapsed else "ok", found)


def _digest(services: Services) -> Iterator[Check]:
    from bot.slack.sending import check_sending, destinations  # noqa: PLC0415

    settings = services.settings
    check_sending(settings)
    places = [place.value for place in destinations(settings)]
    if not places:
        yield Check("digest", "ok", "goes nowhere; `clausebot digest` shows it")
        return
    sent = services.deliveries.last()
    last = f"last sent for {sent}" if sent else "none sent yet"
    yield Check("digest", "ok", f"{' and '.join(places)}, Mondays at eight ({settings.zone.key}); {last}")


def _knowledge(services: Services) -> Iterator[Check]:
    from ingestion.fingerprint import is_current  # noqa: PLC0415

    state = services.store.current_state()
    if state is None:
        yield Check("knowledge base", "note", "none yet", "Run `clausebot ingest`; the first question does it, too.")
        return
    found = (
        f"{state.version}: {state.documents} texts, {state.clauses} clauses, {state.licenses} licences, "
        f"{state.subjects} models and datasets, of {state.updated_at:%Y-%m-%d %H:%M} UTC"
    )
    if is_current(state, services.settings.home):
        yield Check("knowledge base", "ok", found)
    else:
        yield Check("knowledge base", "note", found, "Made by another version of the program; run `clausebot ingest`.")
    missing = sorted({m for i in services.store.license_ids() for m in services.store.license(i).missing})
    if missing:
        yield Check(
            "texts", "note", f"{len(missing)} texts are not on this machine: {', '.join(missing[:8])}",
            "Their clauses are named but not quoted. Run `clausebot ingest` with network, or set CLAUSEBOT_MIRROR.",
        )  # fmt: skip


def _model(services: Services) -> Iterator[Check]:
    settings = services.settings
    if not is_exported(settings.home, settings.embedding_model):
        yield Check("embedding model", "note", "not prepared yet", "The first question or `clausebot ingest` does it.")
        return
    embeddings = services.embeddings()
    length = float((embeddings.query("probe") ** 2).sum())
    if abs(length - 1) > 1e-3:
        yield Check(
            "embedding model",
            "fault",
            f"{embeddings.name} gives vectors of length {length:.3f}",
            "Delete the `models` folder in the data folder and run `clausebot ingest`.",
        )
        return
    yield Check("embedding model", "ok", f"{embeddings.name}, {embeddings.dimensions} dimensions")
    vectors = services.vectors(embeddings)
    yield Check("vector store", "ok", f"{vectors.count()} vectors, {type(vectors).__name__}")
    yield Check("SQLite", "ok", sqlite3.sqlite_version)


def _slack(settings: Settings) -> Iterator[Check]:
    if not (settings.slack_bot_token or settings.slack_client_id):
        yield Check("Slack", "note", "no SLACK_BOT_TOKEN", "Not needed on the command line.")
        return
    from bot.slack.probe import probe, probe_app_token, probe_group  # noqa: PLC0415

    token, api_url, group = settings.slack_bot_token, settings.slack_api_url, settings.legal_group or ""
    if token:
        yield Check("Slack", *probe(token, api_url))
    if settings.token_key:
        yield Check("Slack, token key", *_token_key(settings.token_key))
    if settings.slack_app_token:
        yield Check("Slack, app token", *probe_app_token(settings.slack_app_token, api_url))
    elif not settings.slack_signing_secret:
        yield Check(
            "Slack, way in", "fault", "neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set",
            "Set the first (Basic Information > Signing Secret) for HTTP, the second for Socket Mode.",
        )  # fmt: skip
    if token and group.startswith("S"):
        yield Check("Slack, legal", *probe_group(group, token, api_url))


def _token_key(keys: str) -> tuple[str, str, str]:
    from bot.slack.installs import read_keys  # noqa: PLC0415

    try:
        read_keys(keys)
    except ConfigurationError as error:
        return "fault", "CLAUSEBOT_TOKEN_KEY cannot be used", str(error)
    return "ok", "tokens of installations are sealed", ""


def _slack_events(services: Services) -> Iterator[Check]:
    """What Slack has sent so far, and where to switch on what it has not."""
    settings = services.settings
    if not (settings.slack_bot_token or settings.slack_client_id):
        return
    from bot.slack.inbox import Inbox  # noqa: PLC0415
    from bot.slack.seen import EXPECTED  # noqa: PLC0415

    seen = Inbox(services.engine).seen()
    missing = {kind: where for kind, where in EXPECTED.items() if kind not in seen}
    if len(missing) == len(EXPECTED):
        yield Check(
            "Slack, events", "note", "Slack has sent nothing yet",
            "Start `clausebot serve`, then write to the bot. If nothing comes: under Event Subscriptions the Request "
            "URL must be https://YOUR-HOST/slack/events and verified, or Socket Mode must be on.",
        )  # fmt: skip
        return
    found = ", ".join(f"{kind} last {at:%Y-%m-%d %H:%M} UTC" for kind, at in sorted(seen.items()))
    if not missing:
        yield Check("Slack, events", "ok", found)
        return
    mend = "; ".join(f"{kind}: {where}" for kind, where in missing.items())
    yield Check(
        "Slack, events", "note", f"{found}; never: {', '.join(missing)}",
        f"Use each once; what still does not come is to be switched on in the app's settings. {mend}",
    )  # fmt: skip
