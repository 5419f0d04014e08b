"""Settings: read from the environment and one file, every fault named, no secret shown, all of it documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from typer.main import get_command

from bot.cli import app
from bot.errors import ConfigurationError
from bot.settings import CONFIG_VARIABLE, VARIABLES, read_settings

README = Path(__file__).parents[2] / "README.md"


def test_without_anything_set_the_defaults_hold() -> None:
    """An empty environment gives a data folder of the user's and SQLite in it."""
    settings = read_settings({})

    assert settings.home.is_absolute()
    assert settings.database_url == f"sqlite:///{settings.home / 'clausebot.db'}"
    assert settings.chat_model is None
    assert settings.slack_bot_token is None
    assert settings.slack_api_url == "https://slack.com/api/"


def test_every_variable_is_read(tmp_path: Path) -> None:
    """Each documented variable sets its field."""
    given = {
        variable: "https://example.org/" if name.endswith(("_url", "_endpoint")) else f"/{name}"
        for name, variable in VARIABLES.items()
    } | {"CLAUSEBOT_TIME_ZONE": "Asia/Kolkata", "CLAUSEBOT_REVIEW_DAYS": "17", "CLAUSEBOT_RETENTION_DAYS": "400"}
    settings = read_settings(given)

    assert {name: str(getattr(settings, name)) for name in VARIABLES} == {n: given[v] for n, v in VARIABLES.items()}


def test_a_file_sets_what_the_environment_does_not(tmp_path: Path) -> None:
    """The settings file is read in any case of its keys; the environment wins over it."""
    file = tmp_path / "clausebot.toml"
    file.write_text(
        f'clausebot_home = "{tmp_path}"\nSLACK_BOT_TOKEN = "from-file"\nHF_ENDPOINT = "http://hub"\n', encoding="utf-8"
    )
    settings = read_settings({CONFIG_VARIABLE: str(file), "HF_ENDPOINT": "http://other"})

    assert settings.home == tmp_path
    assert settings.slack_bot_token == "from-file"  # noqa: S105  # no real token
    assert settings.hf_endpoint == "http://other"
    assert settings.database_url == f"sqlite:///{tmp_path / 'clausebot.db'}"


def test_an_empty_variable_counts_as_unset() -> None:
    """A variable that is set to nothing leaves the default."""
    assert read_settings({"CLAUSEBOT_DATABASE_URL": "", "CLAUSEBOT_MIRROR": ""}) == read_settings({})


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('clausebot_house = "x"', "clausebot_house"),
        ("clausebot_home = 5", "clausebot_home"),
        ("clausebot_home = ", "TOML"),
        ('[slack]\nbot_token = "x"', "slack"),
        ('CLAUSEBOT_CHROMA_URL = "localhost:8000"', "CLAUSEBOT_CHROMA_URL"),
        ('CLAUSEBOT_TIME_ZONE = "Mars/Olympus"', "Europe/Stockholm"),
        ('CLAUSEBOT_TIME_ZONE = "../etc/passwd"', "CLAUSEBOT_TIME_ZONE"),
        ('CLAUSEBOT_REVIEW_DAYS = "0"', "CLAUSEBOT_REVIEW_DAYS"),
        ('CLAUSEBOT_REVIEW_DAYS = "soon"', "1 to 365"),
        ('CLAUSEBOT_RETENTION_DAYS = "-1"', "CLAUSEBOT_RETENTION_DAYS"),
        (b"\xff\xfe\x00", "read"),
    ],
)
def test_a_fault_in_the_file_is_named(content: str | bytes, named: str, tmp_path: Path) -> None:
    """An unknown key, a wrong type, broken TOML, a wrong address and a file that is no text are refused by name."""
    file = tmp_path / "clausebot.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigurationError, match=named):
        read_settings({CONFIG_VARIABLE: str(file)})


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    """A settings file that is not there, or is a folder, is refused."""
    with pytest.raises(ConfigurationError, match=CONFIG_VARIABLE):
        read_settings({CONFIG_VARIABLE: str(tmp_path / name)})


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Somebody who made three mistakes is told of three."""
    file = tmp_path / "clausebot.toml"
    file.write_text('one = "x"\ntwo = "y"\n', encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        read_settings({CONFIG_VARIABLE: str(file), "SLACK_API_URL": "slack"})
    assert all(word in str(caught.value) for word in ("'one'", "'two'", "SLACK_API_URL"))


def test_secrets_are_not_shown() -> None:
    """Tokens and the signing secret do not appear where settings are printed."""
    secrets = {"SLACK_BOT_TOKEN": "xoxb-111", "SLACK_SIGNING_SECRET": "222", "SLACK_APP_TOKEN": "xapp-333"}
    secrets["CLAUSEBOT_SMTP_URL"] = "smtps://me:444@mail.example"
    shown = repr(read_settings(secrets | {"CLAUSEBOT_HOME": "/home/x"}))

    assert "/home/x" in shown
    assert not [value for value in secrets.values() if value in shown]


def test_the_database_s_password_is_not_shown() -> None:
    """The password within the database's address does not appear where settings are printed."""
    shown = repr(read_settings({"CLAUSEBOT_DATABASE_URL": "postgresql+psycopg://me:s3cret@host/db"}))

    assert "s3cret" not in shown


# -- documentation -----------------------------------------------------------------------------------------------------


def commands(group: click.Command, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name."""
    for name, command in getattr(group, "commands", {}).items():
        if getattr(command, "commands", None):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


@pytest.fixture(scope="module")
def readme() -> str:
    """The README's text."""
    return README.read_text(encoding="utf-8") if README.is_file() else ""


def test_the_readme_documents_every_variable(readme: str) -> None:
    """Each setting stands in the README."""
    missing = [v for v in (*VARIABLES.values(), CONFIG_VARIABLE) if v not in readme]

    assert not missing, f"README.md does not tell of {', '.join(missing)}"


def test_the_readme_shows_every_command(readme: str) -> None:
    """Each command stands in the README as it is typed."""
    missing = [name for name, _ in commands(get_command(app)) if f"clausebot {name}" not in readme]

    assert not missing, f"README.md does not show clausebot {', '.join(missing)}"


def test_every_command_and_option_has_a_help_text() -> None:
    """Nothing on the command line is left unexplained."""
    silent = [
        f"{name} {parameter.name}"
        for name, command in commands(get_command(app))
        for parameter in command.params
        if not getattr(parameter, "help", None) and parameter.name != "help"
    ]

    assert not silent
    assert all(command.help for _, command in commands(get_command(app)))
