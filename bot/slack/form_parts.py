"""What forms (modal views) are made of, and how the state that Slack sends back is read, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.slack.kit import Block, cut, plain_text
from bot.slack.text import cleaned
from knowledge.errors import ClausebotError

View = dict[str, Any]

LONGEST_TEXT = 3000
LONGEST_METADATA = 3000
OPTION_TEXT = 75
OPTION_VALUE = 150


class FormError(ClausebotError):
    """A field of a form cannot be read; Slack shows the sentence under the field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        """The id of the field's block, as `response_action: errors` wants it."""
        self.sentence = sentence


def modal(callback: str, title: str, submit: str, metadata: str, blocks: Iterable[Block]) -> View:
    """Return a form; raises `ValueError` for metadata over 3,000 characters."""
    if len(metadata) > LONGEST_METADATA:
        raise ValueError(f"Slack keeps {LONGEST_METADATA:,} characters of metadata, not {len(metadata):,}.")
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain_text(title),
        "submit": plain_text(submit),
        "close": plain_text("Cancel"),
        "private_metadata": metadata,
        "blocks": list(blocks),
    }


def field(name: str, label: str, element: Block, *, hint: str = "", optional: bool = True) -> Block:
    """Return a field with its label; it is read back under its name."""
    block = {"type": "input", "block_id": name, "label": plain_text(label), "element": element, "optional": optional}
    return block | ({"hint": plain_text(hint)} if hint else {})


def text_input(name: str) -> Block:
    """Return an input of several lines."""
    return {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": LONGEST_TEXT}


def option(text: str, value: str) -> Block:
    """Return one option of a menu; raises `ValueError` for a value over 150 characters, which Slack refuses."""
    if not 0 < len(value) <= OPTION_VALUE:
        raise ValueError(f"The value of an option has 1 to {OPTION_VALUE} characters, not {len(value)}.")
    return {"text": plain_text(cut(text, OPTION_TEXT)), "value": value}


# -- reading the state of a view ---------------------------------------------------------------------------------------


def read_text(values: Mapping[str, Any], name: str, limit: int = LONGEST_TEXT) -> str:
    """Return what was typed into a field; raises `FormError` where it is longer than `limit`."""
    typed = _state(values, name).get("value")
    text = cleaned(typed).strip() if isinstance(typed, str) else ""
    if len(text) > limit:
        raise FormError(name, f"At most {limit:,} characters, please.")
    return text


def read_choice(values: Mapping[str, Any], name: str, action: str = "") -> str:
    """Return the value that was chosen in a field, or an empty text; `action` names the element where it is another."""
    return _value(_state(values, name, action).get("selected_option"))


def read_choices(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the values that were chosen in a field that takes several, each once."""
    chosen = _state(values, name).get("selected_options")
    found = [_value(c) for c in chosen] if isinstance(chosen, list) else []
    return tuple(dict.fromkeys(value for value in found if value))


def read_date(values: Mapping[str, Any], name: str) -> str:
    """Return the date that was chosen in a field as Slack sends it, `2026-12-31`, or an empty text."""
    chosen = _state(values, name).get("selected_date")
    return chosen.strip() if isinstance(chosen, str) else ""


def _state(values: Mapping[str, Any], name: str, action: str = "") -> Mapping[str, Any]:
    """The state of one field; empty for anything but what Slack sends."""
    block = values.get(name) if isinstance(values, Mapping) else None
    element = block.get(action or name) if isinstance(block, Mapping) else None
    return element if isinstance(element, Mapping) else {}


def _value(chosen: Any) -> str:
    value = chosen.get("value") if isinstance(chosen, Mapping) else None
    return value if isinstance(value, str) else ""
