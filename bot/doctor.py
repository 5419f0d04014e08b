"""Checks what an installation needs and says how to mend what is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
    chosen = [v for f, v in VARIABLES.items() if getattr(settings, f, None) and f not in ("home", "database_url")]
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


def _slack(settings: Settings) -> list[Check]:
    if not settings.slack_bot_token:
        return [Check("Slack", "note", "no SLACK_BOT_TOKEN", "Not needed on the command line.")]
    from bot.slack.probe import probe  # noqa: PLC0415

    return [Check("Slack", *probe(settings.slack_bot_token, settings.slack_api_url))]
