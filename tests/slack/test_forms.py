"""The forms that Slack opens, and what becomes of what people fill in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Use
from bot.slack.form_parts import FormError, option
from bot.slack.forms import (
    Reason,
    Submission,
    ask_form,
    compare_form,
    read_ask_form,
    read_compare_form,
    read_reason_form,
    reason_form,
)
from bot.slack.review_blocks import (
    Outcome,
    override_form,
    question_form,
    read_override_form,
    read_question_form,
)
from knowledge.vocabulary import vocabulary
from tests.slack.limits import assert_view_within_limits
from tests.slack.test_text import hostile

FULL = Use(("fine_tune", "host_api"), True, "health", {"users": 25000, "revenue_usd": 2_000_000, "region": "DE,US"})


def typed(field: str, value: Any) -> dict[str, Any]:
    """The state of a text or number field as Slack sends it."""
    return {field: {field: {"type": "plain_text_input", "value": value}}}


def chosen(field: str, value: str, action: str | None = None) -> dict[str, Any]:
    """The state of a menu or of radio buttons."""
    picked = {"text": {"type": "plain_text", "text": value}, "value": value}
    return {field: {action or field: {"type": "static_select", "selected_option": picked}}}


def many(field: str, *values: str) -> dict[str, Any]:
    """The state of a menu of which several can be chosen, or of check boxes."""
    return {field: {field: {"type": "checkboxes", "selected_options": [{"value": v} for v in values]}}}


def state_of(view: dict[str, Any]) -> dict[str, Any]:
    """What Slack sends when a form is submitted as it was opened."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        element = block["element"]
        state[block["block_id"]] = {
            element["action_id"]: {
                "type": element["type"],
                "value": element.get("initial_value"),
                "selected_option": element.get("initial_option"),
                "selected_options": element.get("initial_options", []),
            }
        }
    return state


# -- the ask form ------------------------------------------------------------------------------------------------------


def test_the_ask_form_offers_the_whole_vocabulary_within_limits() -> None:
    """Every action and domain can be chosen, and nothing else."""
    view = ask_form(subject=None, use=None, private_metadata="{}")
    elements = {b["block_id"]: b["element"] for b in view["blocks"]}

    assert_view_within_limits(view)
    assert view["callback_id"] == "ask"
    assert {o["value"] for o in elements["actions"]["options"]} == set(vocabulary().actions)
    assert {o["value"] for o in elements["domain"]["options"]} == set(vocabulary().domains)
    assert [o["value"] for o in elements["commercial"]["options"]] == ["yes", "no", "unsure"]
    assert elements["subject"]["type"] == "external_select"
    assert elements["subject"]["min_query_length"] == 1


def test_a_prefilled_form_that_is_sent_as_it_is_gives_the_same_use_back() -> None:
    """What is known of a question survives the form."""
    view = ask_form(subject="Llama 3", use=FULL, private_metadata='{"decision": "d-1"}')

    assert_view_within_limits(view)
    assert view["private_metadata"] == '{"decision": "d-1"}'
    submission = read_ask_form(state_of(view))
    assert set(submission.use.actions) == set(FULL.actions)
    assert submission.use.commercial is True
    assert submission.use.domain == "health"
    assert submission.use.facts == FULL.facts
    assert submission.subject == "Llama 3"


def test_a_typed_question_is_taken_as_it_is() -> None:
    """The fields add to it; they do not change it."""
    state = typed("question", " May we sell it? ") | chosen("subject", "Gemma 2") | chosen("commercial", "no")

    assert read_ask_form(state) == Submission("May we sell it?", "Gemma 2", Use((), False, None, {}))


def test_without_a_typed_question_one_is_put_together() -> None:
    """The record reads as a question, with what was chosen."""
    state = chosen("subject", "Gemma 2") | many("actions", "fine_tune") | chosen("commercial", "yes")
    text = read_ask_form(state | chosen("domain", "law_enforcement")).text

    assert text == "Gemma 2: may we train it further; commercially; field: law enforcement?"
    assert read_ask_form(chosen("subject", "Gemma 2")).text == "What governs Gemma 2?"


@pytest.mark.parametrize(("choice", "commercial"), [("yes", True), ("no", False), ("unsure", None)])
def test_not_sure_leaves_it_open_whether_it_is_commercial(choice: str, commercial: bool | None) -> None:
    """Open is not the same as no."""
    use = read_ask_form(typed("question", "x?") | chosen("commercial", choice) | chosen("domain", "health")).use
    assert use.commercial is commercial


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("Germany", "DE"),
        ("de", "DE"),
        ("us", "US"),
        ("EU", "EU"),
        ("USA and Canada", "US,CA"),
        ("DE, FR; Germany", "DE,FR"),
    ],
)
def test_territories_become_codes(place: str, codes: str) -> None:
    """Countries by name or code, several with commas, each once."""
    assert read_ask_form(typed("question", "x?") | typed("region", place)).use.facts == {"region": codes}


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [("users", "25000", 25000), ("users", "0", 0), ("users", "25,000", 25000), ("revenue_usd", "1 000 000", 10**6)],
)
def test_numbers_are_read(field: str, value: str, read: int) -> None:
    """With or without marks between thousands."""
    assert read_ask_form(typed("question", "x?") | typed(field, value)).use.facts == {field: read}


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({}, "question"),
        (typed("question", "   "), "question"),
        (typed("question", "x" * 3001), "question"),
        (typed("question", "x?") | typed("users", "many"), "users"),
        (typed("question", "x?") | typed("users", "-5"), "users"),
        (typed("question", "x?") | typed("users", "2.5"), "users"),
        (typed("question", "x?") | typed("users", "٣"), "users"),
        (typed("question", "x?") | typed("users", "9" * 30), "users"),
        (typed("question", "x?") | typed("revenue_usd", "1e6"), "revenue_usd"),
        (typed("question", "x?") | typed("revenue_usd", "25.000"), "revenue_usd"),
        (typed("question", "x?") | typed("region", "Narnia"), "region"),
        (typed("question", "x?") | typed("region", "Germany, Narnia"), "region"),
        (typed("question", "x?") | chosen("domain", "astrology"), "domain"),
        (typed("question", "x?") | chosen("commercial", "maybe"), "commercial"),
        (typed("question", "x?") | many("actions", "fine_tune", "steal"), "actions"),
    ],
)
def test_bad_input_is_told_under_its_field(state: dict[str, Any], field: str) -> None:
    """The error names a block of the form, and says in a sentence what to do."""
    with pytest.raises(FormError) as caught:
        read_ask_form(state)

    blocks = {b["block_id"] for b in ask_form(subject=None, use=None, private_metadata="")["blocks"]}
    assert caught.value.field == field
    assert caught.value.field in blocks
    assert caught.value.sentence.endswith(".")


def test_metadata_that_slack_would_cut_is_refused() -> None:
    """It fails here, not at Slack."""
    with pytest.raises(ValueError, match=r"3,000"):
        ask_form(subject=None, use=None, private_metadata="x" * 3001)


def test_an_option_value_that_slack_would_refuse_is_refused() -> None:
    """A long label is cut, a long value never."""
    assert len(option("x" * 200, "v")["text"]["text"]) == 75
    with pytest.raises(ValueError, match="150"):
        option("x", "v" * 151)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "value",
                    "selected_option",
                    "selected_options",
                    "selected_date",
                    "users",
                    "region",
                    "actions",
                    "subject",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
fields = st.sampled_from(
    [
        "question",
        "subject",
        "actions",
        "commercial",
        "domain",
        "users",
        "revenue_usd",
        "region",
        "reasons",
        "text",
        "other",
        "verdict",
        "reason",
        "expires",
    ]
)


def outcome(read: Callable[[dict[str, Any]], object], state: dict[str, Any]) -> object:
    """What a reader makes of a state: a value, or its sentence for the person."""
    try:
        return read(state)
    except FormError as error:
        return error.sentence


@given(st.dictionaries(fields, junk | st.dictionaries(fields, junk, max_size=3), max_size=6))
def test_malformed_states_never_break_the_readers(state: dict[str, Any]) -> None:
    """Whatever is sent, the outcome is a value or a sentence for the person."""
    for read in (read_ask_form, read_reason_form, read_compare_form, read_override, read_question_form):
        assert outcome(read, state)


def read_override(state: dict[str, Any]) -> Outcome:
    """Read legal's form on a day in 2026."""
    return read_override_form(state, date(2026, 11, 23))


@given(hostile, hostile, hostile)
def test_forms_prefilled_with_hostile_text_stay_within_limits(name: str, domain: str, place: str) -> None:
    """What somebody wrote earlier can neither break a form nor be chosen where it is no choice."""
    use = Use(
        (domain, "fine_tune", "fine_tune"), None, domain, {"users": float("nan"), "revenue_usd": 1.5e6, "region": place}
    )

    assert_view_within_limits(ask_form(subject=name, use=use, private_metadata=""))
    assert_view_within_limits(compare_form(name[:500]))


# -- the other forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [override_form, question_form])
def test_the_forms_of_a_review_ask_for_what_they_need(build: Callable[[str], dict[str, Any]]) -> None:
    """They keep the decision, and Slack lets nobody send them without a text; a date may stay open."""
    view = build("d-1")

    assert_view_within_limits(view)
    assert json.loads(view["private_metadata"]) == {"decision": "d-1"}
    assert {b["block_id"] for b in view["blocks"] if b["optional"]} <= {"expires"}


def test_the_reason_form_keeps_its_decision() -> None:
    """What is said belongs to the answer that it was said of."""
    view = reason_form("d-1")

    assert_view_within_limits(view)
    assert view["callback_id"] == "feedback_reason"
    assert json.loads(view["private_metadata"]) == {"decision": "d-1"}


def test_reasons_are_read() -> None:
    """Chosen ones, a text, or both; nothing at all is told."""
    state = many("reasons", "verdict", "clause") | typed("text", " Section 2 forbids it. ")

    assert read_reason_form(state) == Reason(("verdict", "clause"), "Section 2 forbids it.")
    assert read_reason_form(typed("text", "x")) == Reason((), "x")
    for nothing in ({}, many("reasons", "nonsense")):
        with pytest.raises(FormError) as caught:
            read_reason_form(nothing)
        assert caught.value.field == "reasons"


def test_the_compare_form_keeps_the_first_name_and_asks_for_the_other() -> None:
    """Both names come back together."""
    view = compare_form("Llama 3")

    assert_view_within_limits(view)
    assert view["callback_id"] == "compare"
    assert json.loads(view["private_metadata"]) == {"name": "Llama 3"}
    assert view["blocks"][0]["optional"] is False
    assert read_compare_form(chosen("other", "Gemma 2", "subject")) == "Gemma 2"
    with pytest.raises(FormError, match="compare"):
        read_compare_form({})
