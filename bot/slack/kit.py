"""The parts of Block Kit that our messages and views are made of, each within Slack's limit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack.text import cleaned, shortened

Block = dict[str, Any]

SECTION_TEXT = 2900
"""A little under Slack's 3,000."""
HEADER_TEXT = 150
BUTTON_TEXT = 75
VIEW_TITLE = 24
NOTHING = "–"
"""Stands for an empty text, which Slack refuses."""


def mrkdwn(text: str) -> Block:
    """Return a text object whose mrkdwn is taken as it is: no bare address or name in it becomes a link."""
    return {"type": "mrkdwn", "text": text if text.strip() else NOTHING, "verbatim": True}


def plain_text(text: str, *, emoji: bool = False) -> Block:
    """Return a text object without formatting."""
    return {"type": "plain_text", "text": text if text.strip() else NOTHING, "emoji": emoji}


def section(text: str) -> Block:
    """Return a section of mrkdwn that is shown whole."""
    return {"type": "section", "text": mrkdwn(text), "expand": True}


def header(text: str, *, emoji: bool = False) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain_text(cut(text, HEADER_TEXT), emoji=emoji)}


def context(text: str) -> Block:
    """Return a line of small print in mrkdwn."""
    return {"type": "context", "elements": [mrkdwn(shortened(text, SECTION_TEXT))]}


def divider() -> Block:
    """Return a line across."""
    return {"type": "divider"}


def actions(elements: Sequence[Block]) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def button(action: str, label: str, value: str) -> Block:
    """Return a button."""
    return {"type": "button", "action_id": action, "text": plain_text(cut(label, BUTTON_TEXT)), "value": value}


def cut(text: str, limit: int) -> str:
    """Shorten plain text, which Slack does not read as mrkdwn."""
    said = " ".join(cleaned(text).split())
    return said if len(said) <= limit else said[: limit - 1].rstrip() + "…"
