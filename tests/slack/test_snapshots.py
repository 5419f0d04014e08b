"""Every message and form of the invented set, exactly as Slack gets it.

After a change that is meant, `python -m tests.slack.test_snapshots` writes the snapshots anew; read their diff.
"""

from __future__ import annotations

import difflib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bot.slack.text import GAP, JOINER
from tests.slack.invented import messages, views
from tests.slack.limits import assert_view_within_limits, assert_within_limits
from tests.slack.loopback import block_problems, view_problems

FOLDER = Path(__file__).parent / "snapshots"
REWRITE = "python -m tests.slack.test_snapshots"


def snapshots() -> dict[str, Any]:
    """What is built now, by the name of its file."""
    return {name: [asdict(message) for message in built] for name, built in messages().items()} | views()


def written(built: Any) -> str:
    """JSON to read and to compare, with the guards of `bot.slack.text` to be seen."""
    said = json.dumps(built, ensure_ascii=False, indent=1)
    return said.replace(GAP, "\\u200b").replace(JOINER, "\\u2060") + "\n"


def difference(expected: str, found: str, name: str) -> str:
    """The lines in which two snapshots differ; empty where none does."""
    files = f"{name}.json", "built now"
    return "\n".join(difflib.unified_diff(expected.splitlines(), found.splitlines(), *files, lineterm="", n=2))


@pytest.mark.parametrize("name", snapshots())
def test_what_is_built_is_what_was_kept(name: str) -> None:
    """To the character: text, blocks and metadata."""
    file = FOLDER / f"{name}.json"
    expected = file.read_text(encoding="utf-8") if file.exists() else ""

    if changed := difference(expected, written(snapshots()[name]), name):
        pytest.fail(f"{name} has changed; if that is meant: {REWRITE}\n{changed}", pytrace=False)


def test_every_snapshot_is_of_something() -> None:
    """No file is left of what is no longer built."""
    assert {file.stem for file in FOLDER.glob("*.json")} <= set(snapshots())


def test_a_changed_word_is_shown() -> None:
    """What fails says where, also where only a guard differs."""
    kept, now = written([{"text": "a\n*b*"}]), written([{"text": f"a\n{JOINER}*b*"}])

    assert difference(kept, kept, "x") == ""
    assert '-  "text": "a\\n*b*"\n+  "text": "a\\n\\u2060*b*"' in difference(kept, now, "x")
    assert json.loads(now) == [{"text": f"a\n{JOINER}*b*"}]


@pytest.mark.parametrize("name", messages())
def test_slack_takes_every_message(name: str) -> None:
    """By its limits and by what the loopback Slack refuses."""
    for message in messages()[name]:
        assert_within_limits(message)
        assert block_problems(list(message.blocks)) == []


@pytest.mark.parametrize("name", views())
def test_slack_takes_every_form(name: str) -> None:
    """The same for modals; a Home view is looked at by the loopback Slack alone."""
    view = views()[name]
    if view["type"] == "modal":
        assert_view_within_limits(view)

    assert view_problems(view) == []


def rewrite() -> None:
    """Write what is built now, and take away what is no longer built."""
    FOLDER.mkdir(exist_ok=True)
    built = snapshots()
    for file in FOLDER.glob("*.json"):
        if file.stem not in built:
            file.unlink()
    for name, content in built.items():
        (FOLDER / f"{name}.json").write_text(written(content), encoding="utf-8")
    sys.stdout.write(f"{len(built)} snapshots\n")


if __name__ == "__main__":
    rewrite()
