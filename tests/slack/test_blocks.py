"""What Slack is sent: complete, in order, within Slack's limits, and harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.card import Card, CardLine, Difference, compare, find_card
from bot.model import (
    Alternative,
    Answer,
    Citation,
    Guidance,
    LicenseRef,
    Question,
    Statement,
    Subject,
    Use,
    Verdict,
)  # fmt: skip
from bot.services import Services
from bot.slack.blocks import (
    MOST_BLOCKS,
    MOST_CHARACTERS,
    Message,
    answer_messages,
    card_messages,
    comparison_messages,
    error_message,
    help_message,
    name_choices,
    plain,
)  # fmt: skip
from bot.slack.text import one_line
from knowledge.models import DocumentKind
from tests.slack.limits import assert_within_limits, characters
from tests.slack.test_text import hostile, shown

HEALTH = "can we fine-tune Llama 3 for a health app?"
QUESTIONS = (
    HEALTH,
    "run Mistral 7B internally",
    "ship Mistral 7B in a product",
    "Llama 3 app with 800M MAU, may we sell it?",
    "Llama 3 outputs to train our own Mistral 7B",
    "use Llama 3 for military drones targeting",
    "sell a product on Command R+",
    "What is the capital of France?",
    "can we use it commercially?",
    "Sell a product that combines Mistral 7B, Command R+, Llama 3, Gemma 2, FLUX.1 [dev] and Stable Diffusion 3.",
    "May a German hospital fine-tune Llama 3 and Gemma 2 on patient data, train a student, sell both, and link AGPL?",
    "What does the Llama 2 licence say about attribution, termination, patents, indemnity, warranty, governing law? "
    + "We are a bank with 3,000 staff and 2 million customers in the EU and the US. " * 40,
)  # fmt: skip
CLAUSE = re.compile(r"^\*\[(\d+)\]\* ", re.MULTILINE)


def texts(messages: Iterable[Message]) -> list[str]:
    """The texts of all sections, in order."""
    return [b["text"]["text"] for m in messages for b in m.blocks if b["type"] == "section"]


def quotes(messages: Iterable[Message]) -> dict[int, str]:
    """What is quoted under each clause's number, put together again; fails where a number comes twice."""
    found: dict[int, list[str]] = {}
    number = 0
    for line in "\n".join(texts(messages)).split("\n"):
        if head := CLAUSE.match(line):
            number = int(head[1])
            assert number not in found, f"clause {number} is shown twice"
            found[number] = []
        elif line.startswith(">") and number:
            found[number].append(line[1:])
    return {number: shown(" ".join(lines)) for number, lines in found.items()}


def assert_every_clause(messages: Iterable[Message], citations: Iterable[Citation]) -> None:
    """Check that each citation stands there once, whole."""
    expected = {n: shown(one_line(c.quote or "")) for n, c in enumerate(citations, start=1)}
    found = quotes(messages)

    assert list(found) == list(expected)
    squeezed = [{n: "".join(quote.split()) for n, quote in side.items()} for side in (found, expected)]
    assert squeezed[0] == squeezed[1]


def actions(message: Message) -> list[str]:
    """The ids of all buttons of a message."""
    return [e["action_id"] for b in message.blocks for e in b.get("elements", ()) if "action_id" in e]


def button(message: Message, action: str) -> dict[str, object]:
    """The button with this id."""
    return next(e for b in message.blocks for e in b.get("elements", ()) if e.get("action_id") == action)


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q[:30])
def test_real_answers_are_complete_and_within_limits(question: str, services: Services) -> None:
    """Every statement, clause, question and alternative of a real answer is shown, in messages that Slack takes."""
    answer = services.answerer.answer(Question(question))
    messages = answer_messages(answer)
    said = shown("\n".join(texts(messages)))

    for message in messages:
        assert_within_limits(message)
    assert_every_clause(messages, answer.citations)
    for part in (answer.permissions, answer.conditions, answer.prohibitions, answer.unclear, answer.notes):
        for statement in part:
            refs = "".join(f"[{c + 1}]" for c in statement.citations)
            assert f"{shown(one_line(statement.text))} {refs}".strip() in said
    for asked in answer.open_questions:
        assert "clausebot license" not in said
        assert asked.startswith(tuple("0123456789")) or shown(one_line(asked)) in said
    assert all(shown(one_line(a.name)) in said for a in answer.alternatives)
    assert all(shown(one_line(g.text)) in said for g in answer.guidance)
    assert all(shown(one_line(s.name)) in said for s in answer.subjects)
    assert answer.decision_id in messages[0].blocks[-3]["elements"][0]["text"]


def test_the_verdict_comes_first_and_the_parts_in_their_order(services: Services) -> None:
    """Header, reason, subject, duties, clauses, questions, then the small print and the buttons."""
    answer = services.answerer.answer(Question(HEALTH))
    first, *_ = answer_messages(answer)
    said = shown("\n".join(texts([first])))

    assert first.blocks[0]["text"]["text"] == "🟡 Allowed on conditions"
    assert first.text.startswith("🟡 Allowed on conditions. ")
    assert shown(one_line(answer.summary)) in shown(first.text)
    places = [said.index(title) for title in ("You may", "You must", "Open questions")]
    assert places == sorted(places)
    assert [b["type"] for b in first.blocks[-3:]] == ["context", "context_actions", "actions"]
    assert "Not legal advice" in first.blocks[-3]["elements"][0]["text"]
    assert answer.knowledge_version in first.blocks[-3]["elements"][0]["text"]


def test_feedback_buttons_and_metadata_name_the_decision_on_the_first_message_only() -> None:
    """The thread's further messages have neither buttons nor metadata."""
    messages = answer_messages(invented(clauses=60))
    feedback = button(messages[0], "feedback")

    assert len(messages) > 1
    assert messages[0].metadata == {"event_type": "clausebot_answer", "event_payload": {"decision_id": "d-1"}}
    assert feedback["positive_button"]["value"] == "up:d-1"  # type: ignore[index]
    assert feedback["negative_button"]["value"] == "down:d-1"  # type: ignore[index]
    assert json.loads(str(button(messages[0], "ask_form")["value"])) == {"decision": "d-1"}
    assert button(messages[0], "ask_legal")["value"] == "d-1"
    assert all(actions(m) == [] and m.metadata is None for m in messages[1:])


def test_open_questions_stay_on_the_first_message() -> None:
    """Clauses go on in the thread; what is asked back stands where the button is."""
    short, long = answer_messages(invented(clauses=1)), answer_messages(invented(clauses=60))

    assert len(short) == 1
    joined = "\n".join(texts(short))
    assert joined.index("*Clauses*") < joined.index("*Open questions*")
    assert "*Open questions*" in "\n".join(texts(long[:1]))
    assert list(quotes(long)) == list(range(1, 61))


def test_every_open_question_has_a_button_of_its_own() -> None:
    """It opens the form for this decision and this question; without open questions there is the general one alone."""
    answer = invented()
    sections = [b for b in answer_messages(answer)[0].blocks if "accessory" in b]

    assert [json.loads(b["accessory"]["value"]) for b in sections] == [
        {"decision": answer.decision_id, "question": n} for n in range(len(answer.open_questions))
    ]
    assert sections
    told = answer_messages(replace(answer, open_questions=("Is it sold?", "2 more duties may attach.")))[0]
    assert [b["text"]["text"].splitlines()[-1] for b in told.blocks if "accessory" in b] == ["? Is it sold?"]
    assert not any("accessory" in b for b in answer_messages(replace(answer, open_questions=()))[0].blocks)


def test_an_answer_without_a_decision_has_no_buttons() -> None:
    """What was not recorded can neither be rated nor reviewed."""
    (message,) = answer_messages(Answer("?", Verdict.UNKNOWN, "Not decided."))

    assert_within_limits(message)
    assert actions(message) == []
    assert message.metadata is None


@pytest.mark.parametrize(
    ("verdict", "headline"),
    [
        (Verdict.ALLOWED, "🟢 Allowed"),
        (Verdict.CONDITIONAL, "🟡 Allowed on conditions"),
        (Verdict.PROHIBITED, "🔴 Not allowed"),
        (Verdict.NEEDS_REVIEW, "🔵 Needs legal review"),
        (Verdict.UNKNOWN, "⚪ Cannot decide yet"),
    ],
)
def test_each_verdict_has_its_colour_and_word(verdict: Verdict, headline: str) -> None:
    """In the message and in the fallback of notifications and screen readers."""
    message = answer_messages(replace(invented(), verdict=verdict))[0]

    assert message.blocks[0]["text"]["text"] == headline
    assert message.text.startswith(f"{headline}. ")


def test_a_clause_without_text_says_so() -> None:
    """It is named and linked, and nothing is quoted."""
    answer = invented(clauses=1)
    answer = replace(answer, citations=(replace(answer.citations[0], quote=None),))
    said = "\n".join(texts(answer_messages(answer)))

    assert "*[1]* Invented Licence 1.0, licence 1.a “Heading”" in said
    assert "The text is not on this machine" in said
    assert "\n>" not in said


def test_a_clause_names_its_document_and_links_to_its_source() -> None:
    """Number, licence, document, clause, heading, link, then the quote as a block quote."""
    said = texts(answer_messages(invented(clauses=1)))
    head = "*[1]* Invented Licence 1.0, licence 1.a “Heading” · <https://example.org/licence|source>"

    assert said[said.index("*Clauses*") + 1] == f"{head}\n> Words 1."


@pytest.mark.parametrize("length", [2700, 2899, 2900, 2901, 9_000, 25_000])
def test_a_long_quote_is_split_and_complete(length: int) -> None:
    """A quote that no section holds goes on in the next, and in the next message."""
    answer = invented(clauses=3)
    long = replace(answer.citations[1], quote=("lorem & ipsum <b> " * length)[:length])
    answer = replace(answer, citations=(answer.citations[0], long, answer.citations[2]))
    messages = answer_messages(answer)

    for message in messages:
        assert_within_limits(message)
    assert_every_clause(messages, answer.citations)


def test_messages_are_filled_before_a_new_one_starts() -> None:
    """No message of several could take the first block of the next one."""
    pages = answer_messages(invented(clauses=200))

    assert len(pages) < 12
    for page, following in pairwise(pages[1:]):
        assert (
            len(page.blocks) == MOST_BLOCKS
            or characters(list(page.blocks)) + characters(following.blocks[0]) > MOST_CHARACTERS
        )


def test_many_short_clauses_fill_messages_to_the_last_block() -> None:
    """Fifty blocks a message, not one more, and no clause is lost."""
    answer = invented(clauses=160)
    answer = replace(answer, citations=tuple(replace(c, quote="Short.", source_url=None) for c in answer.citations))
    messages = answer_messages(answer)

    for message in messages:
        assert_within_limits(message)
    assert [len(m.blocks) for m in messages[:-1]] == [50] * (len(messages) - 1)
    assert_every_clause(messages, answer.citations)


citations = st.builds(
    Citation,
    license=st.sampled_from(["one", "two"]) | hostile,
    document=st.sampled_from(DocumentKind),
    clause=hostile,
    heading=hostile,
    quote=st.none() | hostile | st.builds(lambda t, n: t * n, hostile, st.integers(1, 300)),
    verified=st.just(True),
    start=st.just(0),
    end=st.just(1),
    text_sha256=st.none(),
    source_url=st.none() | st.just("https://example.org/a?b=c&d") | hostile,
)
refs = st.builds(LicenseRef, id=st.sampled_from(["one", "two"]), name=hostile, source_url=st.none() | hostile)
subjects = st.builds(
    Subject, kind=st.just("model"), id=hostile, name=hostile, licenses=st.lists(refs, max_size=3).map(tuple),
    inherited_from=st.lists(hostile, max_size=3).map(tuple),
)  # fmt: skip
statements = st.lists(
    st.builds(Statement, text=hostile, citations=st.lists(st.integers(0, 9), max_size=3).map(tuple)), max_size=6
).map(tuple)
alternatives = st.builds(Alternative, hostile, hostile, hostile, hostile, st.sampled_from(Verdict))
answers = st.builds(
    Answer, question=hostile, verdict=st.sampled_from(Verdict), summary=hostile,
    subjects=st.lists(subjects, max_size=3).map(tuple), use=st.just(Use()), permissions=statements,
    conditions=statements, prohibitions=statements, unclear=statements, notes=statements,
    open_questions=st.lists(hostile, max_size=3).map(tuple), citations=st.lists(citations, max_size=8).map(tuple),
    guidance=st.lists(st.builds(Guidance, hostile, hostile, hostile), max_size=2).map(tuple),
    alternatives=st.lists(alternatives, max_size=2).map(tuple),
    decision_id=st.sampled_from(["", "d-1"]), knowledge_version=st.sampled_from(["", "2026-11-21.1"]),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(answers)
def test_hostile_answers_stay_within_limits_and_whole(answer: Answer) -> None:
    """Whatever a licence, a card or a person wrote, the messages are valid, harmless and complete."""
    messages = answer_messages(answer)

    for message in messages:
        assert_within_limits(message)
    assert_every_clause(messages, answer.citations)


# -- cards -------------------------------------------------------------------------------------------------------------


def card_of(name: str, services: Services) -> Card:
    """The card of a name that is known."""
    card = find_card(name, services.catalog, services.store)

    assert isinstance(card, Card)
    return card


@pytest.mark.parametrize("name", ["Llama 3", "Mistral 7B", "agpl-3.0", "cc-by-nc-4.0", "Gemma 2"])
def test_real_cards_show_every_term_with_its_clause(name: str, services: Services) -> None:
    """Licences, terms and labels of clauses; with the quotes when they are asked for."""
    card = card_of(name, services)
    bare, full = card_messages(card), card_messages(card, clauses=True)
    said = shown("\n".join(texts(bare)))

    for message in (*bare, *full):
        assert_within_limits(message)
    assert all(record.profile.name in said for record in card.records)
    for line in card.lines:
        labels = [card.citations[c].clause for c in line.citations]
        at = said.index(shown(one_line(line.text)))
        assert all(label in said[at : at + len(line.text) + 200] for label in labels)
    assert quotes(bare) == {}
    assert_every_clause(full, card.citations)
    assert actions(bare[0]) == ["card_clauses", "card_compare", "ask_form", "share"]
    assert actions(full[0]) == ["card_compare", "ask_form", "share"]
    values = {e["action_id"]: e["value"] for e in bare[0].blocks[-1]["elements"]}
    assert json.loads(values.pop("ask_form")) == {"subject": card.name}
    assert set(values.values()) == {card.id}


def test_a_comparison_shows_both_sides_of_every_difference(services: Services) -> None:
    """Each term with what either card says of it, and the reworded ones by name."""
    one, other = card_of("Llama 2", services), card_of("Llama 3", services)
    differences = compare(one, other)
    messages = comparison_messages(one, other, differences)
    sections = [b for m in messages for b in m.blocks if b["type"] == "section" and "fields" in b]
    said = [[shown(f["text"]) for f in b["fields"]] for b in sections]

    for message in messages:
        assert_within_limits(message)
    assert len(said) == len([d for d in differences if d.kind != "wording"])
    for difference, sides in zip([d for d in differences if d.kind != "wording"], said, strict=True):
        for line, side in zip((difference.one, difference.other), sides, strict=True):
            assert (shown(one_line(line.text)) if line else "nothing of the kind") in side
    told = shown("\n".join(texts(messages))).casefold()
    assert all(d.term.replace("-", " ").casefold() in told for d in differences)


def test_two_equal_cards_differ_in_nothing() -> None:
    """The message says so and is not empty."""
    card = Card("A", "model", "a", (), (), ())
    (message,) = comparison_messages(card, card, [])

    assert_within_limits(message)
    assert "No difference" in texts([message])[0]


lines = st.builds(
    CardLine, section=st.sampled_from(["permissions", "conditions", "prohibitions", "limitations"]), action=hostile,
    text=hostile | st.builds(lambda t: t * 100, hostile), citations=st.just((0,)), license=hostile, term=hostile,
)  # fmt: skip
cards = st.builds(
    Card, name=hostile, kind=hostile, id=hostile | st.just("x" * 2001), records=st.just(()),
    lines=st.lists(lines, max_size=8).map(tuple), citations=st.lists(citations, min_size=1, max_size=3).map(tuple),
    remarks=st.lists(hostile, max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cards, cards)
def test_hostile_cards_stay_within_limits(one: Card, other: Card) -> None:
    """Cards and comparisons of whatever text are valid and harmless, and keep their clauses."""
    differences = [
        Difference(line.term, line.section, kind, line, theirs)
        for line in one.lines
        for kind, theirs in (
            ("only_one", None),
            ("wording", line),
            ("content", other.lines[0] if other.lines else None),
        )
    ]
    messages = card_messages(one, clauses=True)

    for message in (*messages, *card_messages(one), *comparison_messages(one, other, differences)):
        assert_within_limits(message)
    assert_every_clause(messages, one.citations)


# -- short messages ----------------------------------------------------------------------------------------------------


def test_names_to_choose_from_become_buttons() -> None:
    """Five at most, each carrying the whole name."""
    names = [f"Model {n} " + "x" * 80 for n in range(7)]
    message = name_choices("Which <one> do you mean?", names)

    assert_within_limits(message)
    assert actions(message) == [f"pick_name_{n}" for n in range(5)]
    assert [e["value"] for e in message.blocks[-1]["elements"]] == names[:5]
    assert message.text == "Which &lt;one&gt; do you mean?"


def test_no_names_no_buttons() -> None:
    """The sentence alone is left, and names that no button can hold are left out."""
    assert actions(name_choices("I do not know that name.", ["", "  ", "y" * 2001])) == []


def test_an_error_names_its_reference() -> None:
    """One plain sentence with the id under which the log has the trace."""
    message = error_message("r-42ab")

    assert_within_limits(message)
    assert "r-42ab" in message.text
    assert "r-42ab" in texts([message])[0]


def test_help_names_every_form_of_the_command() -> None:
    """And says how to ask in one's own words."""
    message = help_message()

    assert_within_limits(message)
    assert all(word in texts([message])[1] for word in ("/license NAME", "/license compare A B", "mention"))


@given(hostile | st.builds(lambda t: t * 400, hostile))
def test_any_text_makes_a_message(text: str) -> None:
    """Also an empty one, and one that is far too long."""
    assert_within_limits(plain(text))
    assert_within_limits(name_choices(text, [text, text[:100], "a"]))
    assert_within_limits(error_message(text[:100]))


# -- helpers -----------------------------------------------------------------------------------------------------------


def invented(*, clauses: int = 2) -> Answer:
    """An answer with so many clauses."""
    url = "https://example.org/licence"
    words = [f"Words {n}." + " More of it." * (n % 40 if n > 1 else 0) for n in range(1, clauses + 1)]
    quoted = tuple(
        Citation("inv-1", DocumentKind.LICENSE, "1.a", "Heading", said, True, 0, len(said), "0" * 64, url)
        for said in words
    )
    ref = LicenseRef("inv-1", "Invented Licence 1.0", source_url=url)
    return Answer(
        "May we?", Verdict.CONDITIONAL, "Yes, on conditions.",
        subjects=(Subject("model", "inv", "Inventor 7B", (ref,)),), conditions=(Statement("Keep the notice.", (0,)),),
        open_questions=("Where are you established?",), citations=quoted, decision_id="d-1", knowledge_version="k-1",
    )  # fmt: skip
