"""The deployment files agree with the command line, the settings, Slack's limits and each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from bot.cli import app
from bot.settings import CONFIG_VARIABLE, VARIABLES
from bot.slack.probe import NEEDED_SCOPES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(filter(Path.is_file, DEPLOY.iterdir()))
MANIFEST_TEXT = (DEPLOY / "slack-manifest.yaml").read_text(encoding="utf-8")
MANIFEST = yaml.safe_load(MANIFEST_TEXT)
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))

SCOPE_OF_EVENT = {
    "agent_session_stopped": "assistant:write",
    "app_context_changed": "assistant:write",
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "app_uninstalled": None,
    "link_shared": "links:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "tokens_revoked": None,
}
"""Each event that has a listener, and the scope without which Slack does not send it."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments, continued lines joined."""
    bare = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", bare).splitlines()
    return [(name, rest) for name, _, rest in (line.strip().partition(" ") for line in lines) if name]


def unit(text: str) -> dict[str, list[str]]:
    """Return every setting of a unit file with all of its values."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            values.setdefault(name, []).append(value)
    return values


def named_commands() -> list[tuple[str, str, str]]:
    """Return file, command with its options, and the paragraph, for each command of ours that a file names."""
    ours = re.compile(r"(?:(?<!lib/)\bclausebot|\$bot) ([a-z]+[^`\"\n|<>&;]*)")
    return [
        (file.name, match[1].strip(), paragraph)
        for file in FILES
        for paragraph in paragraphs(file.read_text(encoding="utf-8"))
        for match in ours.finditer(paragraph)
    ]


def paragraphs(text: str) -> list[str]:
    """Divide a file at empty lines, list items and table rows; a JSON list of words is read as a line."""
    return re.split(r"\n\s*\n|\n(?=- |\d\. |\|)", re.sub(r'", "', " ", text))


def lacks(line: str) -> str:
    """Return the first word of a command that the command line does not know, or nothing."""
    command: Any = typer.main.get_command(app)
    words = line.split()
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return words[0]
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    return next((w for w in words if w.startswith("--") and w.partition("=")[0] not in options), "")


DOCKERFILE = instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
FINAL_STAGE = DOCKERFILE[max(at for at, (name, _) in enumerate(DOCKERFILE) if name == "FROM") :]
SERVICES = ("clausebot.service", "clausebot-digest.service")
UNIT = unit((DEPLOY / "clausebot.service").read_text(encoding="utf-8"))


# -- all files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "line", "paragraph"),
    [
        pytest.param(
            *named,
            marks=pytest.mark.xfail(
                "--socket" in named[1] and lacks("serve --socket") != "", reason="comes", strict=True
            ),
            id=f"{named[0]}: {named[1]}",
        )
        for named in named_commands()
    ],
)
def test_commands_exist_or_are_marked(file: str, line: str, paragraph: str) -> None:
    """A command that a file names exists with its options, or the paragraph says that it does not yet."""
    assert not lacks(line) or "not yet" in paragraph.lower(), f"{file} names `clausebot {line}`"


def test_the_search_for_commands_finds_them() -> None:
    """The check above looks at the container's command, the unit's and the runbook's."""
    files = {file for file, _, _ in named_commands()}
    assert {"Dockerfile", "clausebot.service", "runbook.md", "README.md"} <= files
    assert lacks("audit nonsense") == "nonsense"
    assert lacks("ask --nonsense") == "--nonsense"


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_variables_are_settings(file: Path) -> None:
    """Every variable of ours that a file names is one that the program reads."""
    named = set(re.findall(r"\b(?:CLAUSEBOT|SLACK)_[A-Z_]+\b", file.read_text(encoding="utf-8")))
    assert named <= {*VARIABLES.values(), CONFIG_VARIABLE}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_no_secret_is_written_down(file: Path) -> None:
    """No file holds a token, and what is called a secret is empty or comes from elsewhere."""
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"\bx(?:ox[a-z]|app)-[0-9A-Za-z]", text)
    for value in re.findall(r"^[\w ]*(?:TOKEN|SECRET|PASSWORD)\w*\s*[=:][ \t]*(.*)$", text, flags=re.MULTILINE):
        assert value == "" or value.startswith("${"), f"{file.name}: {value}"


# -- Dockerfile --------------------------------------------------------------------------------------------------------


def test_image_runs_as_nobody_special() -> None:
    """The last user of the final stage is a number other than root's, and owns the data folder."""
    users = [rest for name, rest in FINAL_STAGE if name == "USER"]
    uid, _, gid = users[-1].partition(":")
    assert int(uid) >= 10_000
    assert int(gid) >= 10_000
    copies = [rest for name, rest in FINAL_STAGE if name == "COPY" and rest.endswith("/data/clausebot")]
    assert copies == [f"--from=build --chown={uid}:{gid} /data/clausebot /data/clausebot"]


def test_image_serves_and_is_asked_for_its_health() -> None:
    """The container serves on the port that it exposes and that its health check asks."""
    given = dict(FINAL_STAGE)
    command = json.loads(given["CMD"])
    assert command == ["clausebot", "serve", "--host", "0.0.0.0", "--port", given["EXPOSE"]]  # noqa: S104
    assert f"127.0.0.1:{given['EXPOSE']}/healthz" in given["HEALTHCHECK"]


def test_image_takes_the_pinned_torch_and_leaves_it_behind() -> None:
    """The build installs the torch that the package pins, and removes it before the final stage copies anything."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        (pin,) = (d for d in tomllib.load(file)["project"]["dependencies"] if d.startswith("torch"))
    runs = [rest for name, rest in DOCKERFILE if name == "RUN"]
    installing, exporting, removing = (
        next(at for at, run in enumerate(runs) if wanted in run)
        for wanted in (f"pip install {pin}", "clausebot ingest", "pip uninstall --yes --quiet torch ")
    )
    assert installing < exporting < removing
    assert runs[removing].endswith("&& clausebot doctor")


def test_image_names_no_host_and_takes_no_secret() -> None:
    """Indexes and digests are arguments that default to nothing; no argument and no variable is a secret."""
    arguments = dict(rest.partition("=")[::2] for name, rest in DOCKERFILE if name == "ARG")
    assert arguments["PYTORCH_INDEX"] == arguments["PYTHON_DIGEST"] == '""'
    variables = " ".join(rest for name, rest in DOCKERFILE if name in ("ARG", "ENV"))
    assert not re.search(r"TOKEN|SECRET|PASSWORD|KEY", variables)
    hosts = {h for _, rest in DOCKERFILE for h in re.findall(r"https?://([^/:\s]+)", rest)}
    assert hosts == {"127.0.0.1"}


def test_context_holds_what_the_image_copies_and_nothing_else() -> None:
    """The build context leaves everything out, secrets too, except what a COPY names."""
    lines = [x for x in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if x and x[0] != "#"]
    assert lines[0] == "*"
    copied = {
        word for name, rest in DOCKERFILE if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    }
    assert {x[1:] for x in lines if x.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


# -- compose -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["bot", "db"])
def test_containers_are_confined(service: str) -> None:
    """Both containers have a read-only root, no capabilities but named ones, and start again."""
    given = COMPOSE["services"][service]
    assert given["read_only"] is True
    assert given["cap_drop"] == ["ALL"]
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert given["restart"] == "unless-stopped"
    assert int(given["stop_grace_period"].removesuffix("s")) >= 30
    assert given.get("privileged") is None


def test_bot_waits_for_its_database() -> None:
    """The bot starts once PostgreSQL answers, talks to it with psycopg 3, and is published on this machine only."""
    bot, db = COMPOSE["services"]["bot"], COMPOSE["services"]["db"]
    assert bot["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert "pg_isready" in db["healthcheck"]["test"]
    assert bot["environment"]["CLAUSEBOT_DATABASE_URL"].startswith(
        "postgresql+psycopg://clausebot:${POSTGRES_PASSWORD:?"
    )
    assert db["image"].startswith("postgres:17")
    assert bot["ports"] == ["127.0.0.1:8080:8080"]
    assert not bot.get("cap_add")


def test_volumes_lie_where_data_is_written() -> None:
    """The data folders of both containers are volumes."""
    homes = re.search(r"CLAUSEBOT_HOME=(\S+)", " ".join(rest for name, rest in FINAL_STAGE if name == "ENV"))
    assert homes is not None
    assert COMPOSE["services"]["bot"]["volumes"] == [f"bot-data:{homes[1]}"]
    assert set(COMPOSE["volumes"]) == {"bot-data", "db-data"}


def test_environment_file_has_what_compose_asks_for() -> None:
    """Each variable that compose insists on stands in the example, empty."""
    example = (DEPLOY / "clausebot.env.example").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert asked
    assert all(re.search(rf"^{name}=$", example, flags=re.MULTILINE) for name in asked)


# -- systemd -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_units_are_confined(name: str) -> None:
    """A service is a user of its own that may write its data folder and nothing else."""
    given = unit((DEPLOY / name).read_text(encoding="utf-8"))
    assert given["User"] == ["clausebot"]
    assert given["ProtectSystem"] == ["strict"]
    assert given["NoNewPrivileges"] == ["yes"]
    assert given["CapabilityBoundingSet"] == [""]
    assert "ReadWritePaths" not in given
    assert f"CLAUSEBOT_HOME=/var/lib/{given['StateDirectory'][0]}" in given["Environment"]
    assert given["EnvironmentFile"] == ["/etc/clausebot/clausebot.env"]


def test_unit_starts_again_but_not_on_wrong_settings() -> None:
    """It is restarted after a failure, except with the exit status that means wrong configuration."""
    assert UNIT["Restart"] == ["on-failure"]
    assert UNIT["RestartPreventExitStatus"] == ["2"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", [*SERVICES, "clausebot-digest.timer"])
def test_systemd_accepts_the_units(name: str, tmp_path: Path) -> None:
    """systemd finds no fault with a unit (the program stands in for by one that exists)."""
    for file in (*SERVICES, "clausebot-digest.timer"):
        text = (DEPLOY / file).read_text(encoding="utf-8").replace("/opt/clausebot/bin/clausebot", "/bin/true")
        (tmp_path / file).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


# -- Slack -------------------------------------------------------------------------------------------------------------


def test_scopes_are_explained() -> None:
    """A comment stands right above each scope, and no scope is asked for twice."""
    scopes = MANIFEST["oauth_config"]["scopes"]["bot"]
    lines = [line.strip() for line in MANIFEST_TEXT.splitlines()]
    assert len(scopes) == len(set(scopes))
    for scope in scopes:
        above = lines[lines.index(f"- {scope}") - 1]
        assert above.startswith("# "), f"{scope} has no reason"


def test_scopes_are_what_the_events_and_doctor_need() -> None:
    """Every subscribed event has a listener and its scope, every such scope an event, and `doctor` asks for no more."""
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    scopes = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    assert set(events) == set(SCOPE_OF_EVENT)
    for_events = {scope for scope in SCOPE_OF_EVENT.values() if scope}
    assert scopes - for_events == {
        "chat:write", "commands", "files:write", "im:write", "links:write", "usergroups:read", "users:read"
    }  # fmt: skip
    assert for_events <= scopes
    assert set(NEEDED_SCOPES) <= scopes
    assert "user" not in MANIFEST["oauth_config"]["scopes"]


def test_features_fit_slacks_limits() -> None:
    """Names and descriptions are within the lengths that Slack's manifest schema sets."""
    shown, features = MANIFEST["display_information"], MANIFEST["features"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert {(s["type"], s["callback_id"]) for s in features["shortcuts"]} == {
        ("global", "ask"),
        ("message", "check_message"),
    }
    assert all(len(s["name"]) <= 24 and len(s["description"]) <= 150 for s in features["shortcuts"])
    assert all(set(p) == {"title", "message"} for p in features["agent_view"]["suggested_prompts"])
    assert [c["command"] for c in features["slash_commands"]] == ["/license"]
    assert features["unfurl_domains"] == ["huggingface.co"]
    assert features["app_home"]["home_tab_enabled"] is features["app_home"]["messages_tab_enabled"] is True


def test_everything_goes_to_the_one_route() -> None:
    """Events, the command, interactivity and options all go to /slack/events of the placeholder's host."""
    settings = MANIFEST["settings"]
    addresses = {
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        settings["interactivity"]["message_menu_options_url"],
        *(c["url"] for c in MANIFEST["features"]["slash_commands"]),
    }
    assert addresses == {"https://YOUR-HOST/slack/events"}
    assert settings["socket_mode_enabled"] is settings["token_rotation_enabled"] is False
