"""Builds the forms (modal views) that Slack opens, and reads what people fill in. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.answering.places import places
from bot.model import Use
from bot.slack import kit
from bot.slack.form_parts import (
    LONGEST_TEXT,
    OPTION_VALUE,
    FormError,
    View,
    field,
    modal,
    option,
    read_choice,
    read_choices,
    read_text,
    text_input,
)
from bot.slack.text import one_line, shortened
from knowledge.vocabulary import vocabulary

LONGEST_TERRITORY = 200
MOST_PEOPLE = 10**10
MOST_DOLLARS = 10**15

FORM_FACTS = frozenset({"users", "revenue_usd", "region"})
"""The facts of a use that have a field of their own."""

COMMERCIAL = {"yes": True, "no": False, "unsure": None}
REASONS = {
    "verdict": "The verdict is wrong",
    "clause": "A clause is missing",
    "subject": "Wrong model or licence",
    "unclear": "I do not understand it",
    "other": "Something else",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """What a filled ask form comes to."""

    text: str
    """The question as typed, or one put together from the fields."""
    subject: str
    """Empty where none was chosen: then the text names it."""
    use: Use | None
    """None where no field on the use was filled: then the text says what is meant."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody was not content with an answer."""

    reasons: tuple[str, ...]
    """Keys of `REASONS`."""
    text: str


# -- the ask form ------------------------------------------------------------------------------------------------------


def ask_form(
    *, text: str = "", subject: str | None, use: Use | None, still_open: str = "", private_metadata: str
) -> View:
    """Return the form of a structured question, filled with what is known; `still_open` is the open question that it
    was opened for. Raises `ValueError` for metadata over 3,000 characters."""
    known = use or Use()
    subject_hint = "A model, dataset or licence; type a few letters."
    blocks = [
        *([kit.section(shortened(f"Still open: {one_line(still_open)}", kit.SECTION_TEXT))] if still_open else []),
        field("question", "Your question", _question_input(text), hint="Or leave it to the fields below."),
        field("subject", "What it is about", _subject_select(subject), hint=subject_hint),
        field("actions", "What you want to do", _actions_select(known.actions)),
        field("commercial", "Is it commercial?", _commercial_radio(use)),
        field("domain", "The field it works in", _domain_select(known.domain)),
        field("users", "Number of users", _number("users", known.facts.get("users"), MOST_PEOPLE)),
        field("revenue_usd", "Yearly revenue in US dollars", _revenue(known)),
        field("region", "Territory", _territory(known), hint="Where you are established: Germany, US, EU."),
    ]
    return modal("ask", "Ask with details", "Ask", private_metadata, blocks)


def _question_input(text: str) -> dict[str, Any]:
    initial = {"initial_value": text} if 0 < len(text) <= LONGEST_TEXT else {}
    return text_input("question") | initial


def _revenue(use: Use) -> dict[str, Any]:
    return _number("revenue_usd", use.facts.get("revenue_usd"), MOST_DOLLARS)


def _territory(use: Use) -> dict[str, Any]:
    stated = use.facts.get("region")
    initial = {"initial_value": stated} if isinstance(stated, str) and 0 < len(stated) <= LONGEST_TERRITORY else {}
    return {"type": "plain_text_input", "action_id": "region", "max_length": LONGEST_TERRITORY, **initial}


def _subject_select(subject: str | None) -> dict[str, Any]:
    element = _subject_search("Llama 3, FLUX.1 [dev], CC-BY-NC-4.0 …")
    if subject and subject.strip() and len(subject) <= OPTION_VALUE:
        element["initial_option"] = option(subject, subject)
    return element


def _subject_search(placeholder: str) -> dict[str, Any]:
    return {
        "type": "external_select",
        "action_id": "subject",
        "min_query_length": 1,
        "placeholder": kit.plain_text(placeholder),
    }


def _actions_select(chosen: Sequence[str]) -> dict[str, Any]:
    options = {name: option(_capital(said), name) for name, said in vocabulary().actions.items()}
    initial = [options[name] for name in dict.fromkeys(chosen) if name in options]
    element = {"type": "multi_static_select", "action_id": "actions", "options": list(options.values())}
    return element | ({"initial_options": initial} if initial else {})


def _commercial_radio(use: Use | None) -> dict[str, Any]:
    words = {"yes": "Yes", "no": "No", "unsure": "Not sure"}
    options = {value: option(words[name], name) for name, value in COMMERCIAL.items()}
    initial = {"initial_option": options[use.commercial]} if use else {}
    return {"type": "radio_buttons", "action_id": "commercial", "options": list(options.values()), **initial}


def _domain_select(domain: str | None) -> dict[str, Any]:
    options = {name: option(_capital(name.replace("_", " ")), name) for name in sorted(vocabulary().domains)}
    initial = {"initial_option": options[domain]} if domain in options else {}
    return {"type": "static_select", "action_id": "domain", "options": list(options.values()), **initial}


def _number(name: str, stated: object, most: int) -> dict[str, Any]:
    fits = isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated <= most
    initial = {"initial_value": f"{stated:.0f}"} if fits else {}
    limits = {"is_decimal_allowed": False, "min_value": "0", "max_value": str(most)}
    return {"type": "number_input", "action_id": name, **limits, **initial}


def read_ask_form(view_state_values: Mapping[str, Any]) -> Submission:
    """Return what was filled in; raises `FormError` that names the field."""
    values = view_state_values
    text, subject = read_text(values, "question"), read_choice(values, "subject")
    use = Use(_read_actions(values), _read_commercial(values), _read_domain(values), _read_facts(values))
    if not text and not subject:
        raise FormError("question", "Ask a question, or choose below what it is about.")
    return Submission(text or _composed(subject, use), subject, None if use == Use() else use)


def _read_actions(values: Mapping[str, Any]) -> tuple[str, ...]:
    chosen = read_choices(values, "actions")
    if any(name not in vocabulary().actions for name in chosen):
        raise FormError("actions", "Choose from the list what you want to do.")
    return chosen


def _read_commercial(values: Mapping[str, Any]) -> bool | None:
    chosen = read_choice(values, "commercial") or "unsure"
    if chosen not in COMMERCIAL:
        raise FormError("commercial", "Choose yes, no or not sure.")
    return COMMERCIAL[chosen]


def _read_domain(values: Mapping[str, Any]) -> str | None:
    chosen = read_choice(values, "domain") or None
    if chosen is not None and chosen not in vocabulary().domains:
        raise FormError("domain", "Choose a field from the list, or leave it empty.")
    return chosen


def _read_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "users": _read_number(values, "users", MOST_PEOPLE, "The number of users", "25000"),
        "revenue_usd": _read_number(values, "revenue_usd", MOST_DOLLARS, "The yearly revenue", "2000000"),
        "region": _read_region(values),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _read_number(values: Mapping[str, Any], field: str, most: int, what: str, example: str) -> int | None:
    typed = read_text(values, field, 40)
    if not typed:
        return None
    plain = re.sub(r"(?<=\d)[,'_  \u202f](?=\d{3}(?!\d))", "", typed)
    if not re.fullmatch(r"[0-9]+", plain) or int(plain) > most:
        raise FormError(field, f"{what} is a whole number from 0 to {most:,}, for example {example}.")
    return int(plain)


def _read_region(values: Mapping[str, Any]) -> str | None:
    typed = read_text(values, "region", LONGEST_TERRITORY)
    codes = [code for part in re.split(r"[,;/&]|\band\b", typed) if part.strip() for code in _codes(part.strip())]
    return ",".join(dict.fromkeys(codes)) or None


def _codes(place: str) -> list[str]:
    """ISO codes of a place; `us` in a form is no pronoun."""
    named = place.upper() if len(place) <= 3 else place
    found = places(f"We are based in {named}.").get("region")
    if not found:
        shown = place[:40]
        raise FormError("region", f"I know no place “{shown}”. Name countries, or EU or EEA: Germany, US. Or leave it.")
    return found.split(",")


def _composed(subject: str, use: Use) -> str:
    """Say in words what was only chosen, for the record and for whoever reads the thread."""
    deeds = ", ".join(vocabulary().actions[name] for name in use.actions)
    purpose = {True: "commercially", False: "not commercially", None: ""}[use.commercial]
    field = f"field: {use.domain.replace('_', ' ')}" if use.domain else ""
    facts = [f"{name}: {value}" for name, value in use.facts.items()]
    said = "; ".join(part for part in (deeds, purpose, field, *facts) if part)
    return f"{subject}: may we {said}?" if deeds else f"What governs {subject}?" + (f" ({said})" if said else "")


# -- the other forms ---------------------------------------------------------------------------------------------------


def reason_form(decision_id: str) -> View:
    """Return the form that asks what is wrong with an answer; its metadata holds the decision."""
    options = [option(label, name) for name, label in REASONS.items()]
    blocks = [
        field("reasons", "What is wrong?", {"type": "checkboxes", "action_id": "reasons", "options": options}),
        field("text", "What should it say?", text_input("text")),
    ]
    return modal("feedback_reason", "What is wrong?", "Send", json.dumps({"decision": decision_id}), blocks)


def read_reason_form(view_state_values: Mapping[str, Any]) -> Reason:
    """Return what was said; raises `FormError` where nothing was."""
    reasons, text = read_choices(view_state_values, "reasons"), read_text(view_state_values, "text")
    if any(name not in REASONS for name in reasons):
        raise FormError("reasons", "Choose from the list what is wrong.")
    if not reasons and not text:
        raise FormError("reasons", "Choose what is wrong, or say it below.")
    return Reason(reasons, text)


def compare_form(name: str) -> View:
    """Return the form that asks what to compare with; its metadata holds the first name."""
    block = field("other", "Compare with", _subject_search("Another model, dataset or licence"), optional=False)
    return modal("compare", "Compare", "Compare", json.dumps({"name": name}), [block])


def read_compare_form(view_state_values: Mapping[str, Any]) -> str:
    """Return the other name; raises `FormError` where none was chosen."""
    name = read_choice(view_state_values, "other", "subject")
    if not name:
        raise FormError("other", "Choose what to compare with.")
    return name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
