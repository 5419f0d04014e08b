"""From judgements to statements: what decides is always said, each with its clause, and what is left out is counted."""

from __future__ import annotations

import re
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.citations import Citations, sealed
from bot.answering.drafting import Draft, show_for_review, state
from bot.answering.judging import Judgement, verdict_of
from bot.answering.relevance import candidates
from bot.answering.resolve import Case
from bot.answering.rules import Truth
from bot.model import Answer, Statement, Verdict
from knowledge.models import (
    Clause,
    ClauseKind,
    DocumentKind,
    LicenseRecord,
    Passage,
    Pin,
    Predicate,
    StoredDocument,
    Term,
    TermKind,
)
from tests.bot.invented import GRANT, case, judged, licence, term

OPEN = Predicate("commercial", ("true",))
FALSE = Predicate("domain", ("health",))
ASKED = Predicate("asks", ("fees",))
SECTIONS = ("permissions", "conditions", "prohibitions", "unclear", "notes")
PINS = tuple(Pin(DocumentKind.LICENSE, number, "an invented line") for number in ("1", "2"))


def drafted(*judgements: Judgement, store: Any = None) -> tuple[Draft, Verdict]:
    """The draft on judgements, and their verdict."""
    cases = list({id(j.case): j.case for j in judgements}.values())
    draft, verdict = Draft(Citations(store)), verdict_of(cases, judgements)
    state(draft, judgements, verdict, [])
    return draft, verdict


def told(*terms: Term, behind: bool = False, **use: Any) -> tuple[Draft, Verdict]:
    """The draft on one subject under one licence of these terms."""
    return drafted(*judged(case("thing", licence("l", *terms), behind=behind), *use.pop("actions", ()), **use))


def said(draft: Draft, section: str) -> set[str]:
    """The terms that a section states."""
    return {s.term for s in getattr(draft, section)}


def statements(draft: Draft) -> list[Statement]:
    """All statements of a draft."""
    return [s for section in SECTIONS for s in getattr(draft, section)]


kinds = st.sampled_from([k for k in TermKind if k is not TermKind.CORRECTION])
tests = st.sampled_from([None, OPEN, FALSE, ASKED])
terms = st.lists(st.tuples(kinds, tests, st.booleans()), max_size=6).map(
    lambda found: [
        term(k, f"t{at}", when=w, about=("fees",) * about, pins=(PINS[0], Pin(DocumentKind.LICENSE, f"9.{at}", "x")))
        for at, (k, w, about) in enumerate(found)
    ]
)
asks = st.sampled_from([frozenset[str](), frozenset({"fees"})])


@given(terms, asks)
def test_what_decides_is_stated(found: list[Term], asked: frozenset[str]) -> None:
    """Every ban and every open point is stated, and each verdict shows what it rests on, with its clause."""
    draft, verdict = told(GRANT, *found, asks=asked)
    (judgement,) = judged(case("thing", licence("l", GRANT, *found)), asks=asked)
    shown: dict[str, Any] = {section: tuple(getattr(draft, section)) for section in SECTIONS}
    assert judgement.ruling is not None
    deciding = [f.term for f in judgement.ruling.findings if f.truth is Truth.TRUE and not f.asked_only]

    assert sealed(Answer("?", verdict, "", **shown, citations=tuple(draft.citations.found)))
    assert said(draft, "prohibitions") == {t.id for t in deciding if t.kind is TermKind.PROHIBITION}
    assert said(draft, "unclear") == {t.id for t in deciding if t.kind is TermKind.UNCLEAR}
    assert bool(draft.prohibitions) is (verdict is Verdict.PROHIBITED)
    assert bool(draft.permissions) or verdict is not Verdict.ALLOWED
    assert bool(draft.conditions) or verdict is not Verdict.CONDITIONAL
    assert not draft.conditions or verdict is not Verdict.ALLOWED


@given(terms)
def test_a_duty_is_stated_or_counted(found: list[Term]) -> None:
    """What binds and is left out of a conditional answer is counted, and nothing else is."""
    draft, verdict = told(GRANT, *found)
    counted = sum(int(n) for q in draft.open_questions for n in re.findall(r"^(\d+) more dut", q))
    binding = sum(
        t.when in (None, OPEN) if t.kind is TermKind.CONDITION else t.kind is TermKind.PROHIBITION and t.when is OPEN
        for t in found
    )

    assert len(draft.conditions) + counted == binding or verdict is not Verdict.CONDITIONAL


@given(terms, asks)
def test_each_statement_cites_one_pin_and_a_reason_all(found: list[Term], asked: frozenset[str]) -> None:
    """A note, a duty and a grant show one clause; what forbids or is open shows every clause of the term."""
    draft, _ = told(GRANT, *found, asks=asked)

    for section in SECTIONS:
        for statement in getattr(draft, section):
            shown = len(PINS) if section in ("prohibitions", "unclear") else 1

            assert len(statement.citations) == shown


@pytest.mark.parametrize("kind", [TermKind.CONDITION, TermKind.PROHIBITION, TermKind.UNCLEAR])
@pytest.mark.parametrize("when", [None, OPEN])
@pytest.mark.parametrize("asked", [frozenset(), frozenset({"fees"})])
def test_boilerplate_binds_nobody_who_is_allowed(kind: TermKind, when: Predicate | None, asked: frozenset[str]) -> None:
    """A term that never decides is no duty, ban or open point of an answer that allows the use."""
    draft, verdict = told(GRANT, term(kind, "low", when=when, low=True, about=("fees",)), asks=asked)

    assert verdict is Verdict.ALLOWED
    assert not [*draft.conditions, *draft.prohibitions, *draft.unclear]


@pytest.mark.parametrize(
    "actions", [("distribute_product", "redistribute_weights"), ("redistribute_weights", "distribute_product")]
)
def test_a_term_that_subjects_share_is_stated_at_its_strictest(actions: tuple[str, str]) -> None:
    """Of two subjects under one licence, a ban that holds for one is stated, whichever comes first."""
    held = licence("l", GRANT, term(TermKind.PROHIBITION, "ban", when=Predicate("action", ("distributed",))))
    draft, verdict = drafted(*judged(case("one", held), actions[0]), *judged(case("other", held), actions[1]))

    assert verdict is Verdict.PROHIBITED
    assert said(draft, "prohibitions") == {"ban"}


# -- wording -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "when", "asked", "section", "opening"),
    [
        (TermKind.CONDITION, None, False, "conditions", ""),
        (TermKind.CONDITION, OPEN, False, "conditions", "If the use is commercial: "),
        (TermKind.PROHIBITION, OPEN, False, "conditions", "Stay within this limit: "),
        (TermKind.PROHIBITION, None, False, "prohibitions", ""),
        (TermKind.UNCLEAR, None, False, "unclear", ""),
        (TermKind.PROHIBITION, FALSE, True, "notes", "Does not apply as described: "),
        (TermKind.DEFINITION, FALSE, True, "notes", ""),
        (TermKind.DEFINITION, None, True, "notes", ""),
    ],
)
def test_a_statement_says_how_far_it_holds(
    kind: TermKind, when: Predicate | None, asked: bool, section: str, opening: str
) -> None:
    """What holds stands as it is; what may hold, or does not, is opened by words that say so."""
    held = licence("l", GRANT, term(kind, "it", when=when, about=("fees",), text="Do it."))
    speaking = candidates(
        judged(case("thing", held), asks=frozenset({"fees"} if asked else ())), Verdict.CONDITIONAL, []
    )
    draft = Draft(Citations(None))  # type: ignore[arg-type]  # nothing is quoted
    draft.say(section, next(c for c in speaking if c.term.id == "it"))
    (statement,) = statements(draft)

    assert statement.text == f"{opening}Do it."


def test_a_reason_brings_its_remedy_and_its_question() -> None:
    """A ban tells what would change it, an open point what a lawyer should look at, a duty left open what to ask."""
    draft, _ = told(
        GRANT,
        term(TermKind.PROHIBITION, "ban", fix="Do it at home."),
        term(TermKind.UNCLEAR, "point", question="Is it one work?"),
        term(TermKind.CONDITION, "duty", when=OPEN, about=("fees",)),
        asks=frozenset({"fees"}),
    )

    assert draft.fixes == ["Do it at home."]
    assert "Is it one work?" in draft.open_questions


def test_a_licence_that_is_silent_is_asked_about() -> None:
    """An action that no reviewed term grants is named; where another term forbids the use it is of no matter."""
    grant = term(TermKind.PERMISSION, "grant", actions=("inference",))
    draft, verdict = told(grant, actions=("merge",))
    forbidden, _ = told(grant, term(TermKind.PROHIBITION), actions=("merge",))

    assert verdict is Verdict.NEEDS_REVIEW
    assert any("No reviewed term does" in q for q in draft.open_questions)
    assert not any("No reviewed term does" in q for q in forbidden.open_questions)


def test_a_correction_is_always_told() -> None:
    """What sets a false claim right is stated and kept for the summary."""
    right = term(TermKind.CORRECTION, "claim:x", when=Predicate("asks", ("claim:x",)))
    draft, _ = told(GRANT, right, asks=frozenset({"claim:x"}))

    assert said(draft, "notes") >= {"claim:x"}
    assert draft.corrections == [right.text]


@pytest.mark.parametrize(
    ("kind", "section"), [(TermKind.PROHIBITION, "unclear"), (TermKind.CONDITION, "notes"), (TermKind.UNCLEAR, "notes")]
)
def test_terms_of_data_behind_a_model_bind_its_holder(kind: TermKind, section: str) -> None:
    """No duty and no ban of such data is stated as the asker's own; a ban is an open point, and the words say why."""
    draft, _ = told(GRANT, term(kind, "it", about=("fees",)), behind=True, asks=frozenset({"fees"}))
    found = [s for s in statements(draft) if s.term == "it"]

    assert not [*draft.conditions, *draft.prohibitions]
    assert {s.term for s in getattr(draft, section)} >= {s.term for s in found}
    assert all("whoever holds the data" in s.text for s in found)
    assert found or section == "notes"


# -- licences without reviewed terms -----------------------------------------------------------------------------------

TEXT = "".join(f"{n}. Striped things {n}.\n" for n in range(1, 6))


def striped() -> tuple[Case, LicenseRecord, list[Passage], Any]:
    """A licence that nobody reviewed, what a search found in its text and in another, and a store of the text."""
    starts = [m.start() for m in re.finditer(r"\d\. ", TEXT)] + [len(TEXT)]
    clauses = tuple(
        Clause(str(n), f"{n}.", ClauseKind.NUMBERED, "", 1, None, start, end, end)
        for n, (start, end) in enumerate(pairwise(starts), start=1)
    )
    stored = StoredDocument("stripes", DocumentKind.LICENSE, "", TEXT, "hash", None, clauses)
    record = licence("stripes", curated=False)
    foreign = Passage("other", clauses[0], 0, 9.0)
    passages = [foreign, *(Passage("stripes", c, at, 1.0) for at, c in reversed(list(enumerate(clauses))))]
    return case("thing", record), record, passages, SimpleNamespace(document=lambda _: stored)


def test_a_lawyer_is_shown_the_nearest_clauses() -> None:
    """Without reviewed terms the three best clauses of the licence's own text are quoted, and no others."""
    held, _, passages, store = striped()
    draft = Draft(Citations(store))
    show_for_review(draft, judged(held)[0], passages)
    (statement,) = draft.unclear

    assert [draft.citations.found[c].clause for c in statement.citations] == ["5", "4", "3"]
    assert all(c.quote == TEXT[c.start : c.end] for c in draft.citations.found)
    assert draft.open_questions


def test_where_no_clause_is_near_the_question_is_still_put() -> None:
    """Nothing is stated without a clause, but the question for the lawyer stays."""
    held, _, _, store = striped()
    draft = Draft(Citations(store))
    show_for_review(draft, judged(held)[0], [])

    assert not statements(draft)
    assert draft.open_questions
