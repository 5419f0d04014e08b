"""Slack's own limits, checked on everything that the builders make."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.slack.blocks import Message

MESSAGE_BLOCKS, VIEW_BLOCKS, MESSAGE_TEXT, ALL_BLOCKS = 50, 100, 4000, 10_000
SECTION_TEXT, FIELD_TEXT, HEADER_TEXT, BUTTON_TEXT, OPTION_TEXT = 3000, 2000, 150, 75, 75
BUTTON_VALUE, OPTION_VALUE, ACTION_ID, PLACEHOLDER, LABEL, METADATA, TITLE = 2000, 150, 255, 150, 2000, 3000, 24
OUR_LINK = re.compile(r"<https?://[^<>|\s]+\|[^<>]+>|<#C[A-Z0-9]+>|<@U[A-Z0-9]+>|<!date\^\d+\^[^<>|]+\|[^<>]+>")
ENTITY = re.compile(r"&(?:amp|lt|gt);")


def assert_within_limits(message: Message) -> None:
    """Check a message: number of blocks, characters, and each block by its type, by hand and by the SDK's models."""
    assert 1 <= len(message.blocks) <= MESSAGE_BLOCKS
    assert 1 <= len(message.text) <= MESSAGE_TEXT
    assert_no_stray_control(message.text)
    assert characters(list(message.blocks)) <= ALL_BLOCKS
    assert json.loads(json.dumps(message.blocks).encode("utf-8")) == list(message.blocks)
    for block in message.blocks:
        assert_block(block)
    ids = [e["action_id"] for b in message.blocks for e in b.get("elements", ()) if "action_id" in e]
    assert len(ids) == len(set(ids))
    if message.metadata is not None:
        assert set(message.metadata) == {"event_type", "event_payload"}


def assert_view_within_limits(view: dict[str, Any]) -> None:
    """Check a modal."""
    assert view["type"] == "modal"
    assert 1 <= len(view["blocks"]) <= VIEW_BLOCKS
    assert len(view.get("private_metadata", "")) <= METADATA
    for part in {"title", "submit", "close"} & view.keys():
        _plain(view[part], TITLE)
    for block in view["blocks"]:
        assert_block(block)
    assert "submit" in view or not any(block["type"] == "input" for block in view["blocks"])
    ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
    assert len(ids) == len(set(ids))
    parsed = View(**copy.deepcopy(view))
    parsed.validate_json()


def assert_block(block: dict[str, Any]) -> None:
    """Check one block; fails for a type that no builder should use."""
    {
        "header": lambda: _plain(block["text"], HEADER_TEXT),
        "section": lambda: _section(block),
        "context": lambda: _context(block),
        "context_actions": lambda: _context_actions(block),
        "actions": lambda: _actions(block),
        "input": lambda: _input(block),
    }[block["type"]]()
    parsed = Block.parse(copy.deepcopy(block))
    assert parsed is not None
    parsed.validate_json()
    assert _without_empty(parsed.to_dict()) == _without_empty(block), "the SDK does not know a key"


def characters(part: object) -> int:
    """Count the characters of every string in blocks."""
    if isinstance(part, dict):
        return sum(characters(v) for v in part.values())
    return len(part) if isinstance(part, str) else sum(map(characters, part)) if isinstance(part, list) else 0


def assert_no_stray_control(mrkdwn: str) -> None:
    """Check that only our own links use angle brackets, and that each ampersand starts an entity."""
    rest = OUR_LINK.sub("", mrkdwn)
    assert "<" not in rest
    assert "&" not in ENTITY.sub("", OUR_LINK.sub("", mrkdwn))
    assert ">" not in re.sub(r"^> ?", "", rest, flags=re.MULTILINE)


def _mrkdwn(text: dict[str, Any], limit: int) -> None:
    assert text["type"] == "mrkdwn"
    assert text["verbatim"] is True
    assert 1 <= len(text["text"]) <= limit
    assert text["text"].strip()
    assert_no_stray_control(text["text"])


def _plain(text: dict[str, Any], limit: int) -> None:
    assert text["type"] == "plain_text"
    assert 1 <= len(text["text"]) <= limit
    assert text["text"].strip()


def _section(block: dict[str, Any]) -> None:
    _mrkdwn(block["text"], SECTION_TEXT)
    assert len(block.get("fields", ())) <= 10
    for field in block.get("fields", ()):
        _mrkdwn(field, FIELD_TEXT)


def _context(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= 10
    for element in block["elements"]:
        _mrkdwn(element, SECTION_TEXT)


def _actions(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= 25
    for element in block["elements"]:
        assert element["type"] == "button"
        assert 1 <= len(element["action_id"]) <= ACTION_ID
        assert 1 <= len(element["value"]) <= BUTTON_VALUE
        _plain(element["text"], BUTTON_TEXT)


def _context_actions(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= 5
    for element in block["elements"]:
        assert element["type"] == "feedback_buttons"
        for button in (element["positive_button"], element["negative_button"]):
            _plain(button["text"], BUTTON_TEXT)
            assert 1 <= len(button["value"]) <= BUTTON_VALUE
            assert 1 <= len(button["accessibility_label"]) <= BUTTON_TEXT


def _input(block: dict[str, Any]) -> None:
    element = block["element"]
    _plain(block["label"], LABEL)
    assert 1 <= len(element["action_id"]) <= ACTION_ID
    if "placeholder" in element:
        _plain(element["placeholder"], PLACEHOLDER)
    options = element.get("options", [])
    assert len(options) <= (10 if element["type"] in {"radio_buttons", "checkboxes"} else 100)
    initial = [*element.get("initial_options", []), *filter(None, [element.get("initial_option")])]
    assert element["type"] == "external_select" or all(o in options for o in initial)
    for option in (*options, *initial):
        _plain(option["text"], OPTION_TEXT)
        assert 1 <= len(option["value"]) <= OPTION_VALUE
    if element["type"] == "plain_text_input":
        assert 1 <= element["max_length"] <= 3000
        assert len(element.get("initial_value", "")) <= element["max_length"]
    if element["type"] == "number_input":
        assert "initial_value" not in element or (
            int(element["min_value"]) <= int(element["initial_value"]) <= int(element["max_value"])
        )


def _without_empty(part: Any) -> Any:
    """Leave out what means the same when it is missing: the SDK drops or adds defaults."""
    if isinstance(part, dict):
        return {k: _without_empty(v) for k, v in part.items() if v not in (None, False, [], "")}
    return [_without_empty(v) for v in part] if isinstance(part, list | tuple) else part
