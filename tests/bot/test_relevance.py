"""What a term has to do with a question: which terms speak at all, and which come first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.relevance import Candidate, candidates, nearness, weights
from bot.answering.rules import TESTS
from bot.model import Verdict
from knowledge.models import Clause, ClauseKind, LicenseRecord, Passage, Predicate, Quote, TermKind
from knowledge.vocabulary import vocabulary
from tests.bot.invented import GRANT, PIN, case, judged, licence, term

OPEN = Predicate("commercial", ("true",))
FAR = Predicate("over", ("mau",), 1.0)
FALSE = Predicate("domain", ("health",))
OUTCOMES: dict[str, Predicate | None] = {"true": None, "open": OPEN, "far": FAR, "false": FALSE}
"""A test for each outcome in a use of which nothing is told."""


def found(
    *records: LicenseRecord, verdict: Verdict = Verdict.CONDITIONAL, passages: tuple[Passage, ...] = (), **use: Any
) -> list[Candidate]:
    """The terms of licences that speak to a use, best first."""
    held = [j for r in records for j in judged(case(r.profile.id, r), *use.pop("actions", ("inference",)), **use)]
    return candidates(held, verdict, passages)


def ids(speaking: list[Candidate]) -> set[str]:
    """The terms' ids."""
    return {c.term.id for c in speaking}


# -- which terms speak -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [k for k in TermKind if k is not TermKind.CORRECTION])
@pytest.mark.parametrize(
    ("outcome", "asked", "speaks"),
    [
        ("true", False, True),
        ("open", False, True),
        ("far", False, False),
        ("false", False, False),
        ("false", True, True),
    ],
)
def test_a_term_speaks_where_it_holds_may_hold_or_is_asked_about(
    kind: TermKind, outcome: str, asked: bool, speaks: bool
) -> None:
    """What applies, or might, speaks; what does not only where the question is about it."""
    held = licence("l", GRANT, term(kind, "it", when=OUTCOMES[outcome], about=("fees",)))

    assert ("it" in ids(found(held, asks=frozenset({"fees"} if asked else ())))) is speaks


@pytest.mark.parametrize(("asks", "speaks"), [({"claim:x"}, True), ({"claim:y"}, False), (set(), False)])
def test_a_correction_speaks_only_to_its_claim(asks: set[str], speaks: bool) -> None:
    """What sets a false claim right is silent where the question does not rest on that claim."""
    right = term(TermKind.CORRECTION, "claim:x", when=Predicate("asks", ("claim:x",)), about=("fees",))

    assert ("claim:x" in ids(found(licence("l", GRANT, right), asks=frozenset({*asks, "fees"})))) is speaks


def test_what_nobody_reviewed_has_no_terms() -> None:
    """A licence without reviewed terms brings no candidate."""
    assert found(licence("l", GRANT, curated=False)) == []


def test_a_licence_that_two_subjects_share_speaks_once() -> None:
    """The same term of the same licence is one candidate, of two licences two."""
    one, other = licence("one"), licence("other")

    assert len(found(one, one)) == 1
    assert len(found(one, other)) == 2


# -- which come first --------------------------------------------------------------------------------------------------


def everything() -> list[Candidate]:
    """Candidates of every kind, outcome, verdict and weight."""
    terms = [
        term(kind, f"{kind} {name} {low}", when=when, about=("fees",), low=low, actions=actions)
        for kind in TermKind
        for name, when in {**OUTCOMES, "asked": Predicate("asks", ("fees",))}.items()
        for low in (False, True)
        for actions in ((), ("any",), ("inference",))
    ]
    held = [licence("l", *terms), licence("k", *(replace(t, supports=(t.id,)) for t in terms))]
    return [
        c
        for verdict in (Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.NEEDS_REVIEW, Verdict.PROHIBITED)
        for asks in (frozenset({"fees"}), frozenset[str]())
        for c in found(*held, verdict=verdict, asks=asks)
    ]


def test_every_weight_belongs_to_a_feature_that_occurs() -> None:
    """No weight is left over from a feature that no term ever has."""
    occurring = {name for c in everything() for name in c.features}
    asked = vocabulary().asks
    occurring |= {f"asked about {a}" for a in asked} | {f"about {a}" for a in asked}
    occurring |= {f"about {a}, {kind.value}" for a in asked for kind in TermKind}
    tests = [f"turns on {name}" for name in TESTS]
    occurring |= {*tests, *(f"{test}, {outcome}" for test in tests for outcome in OUTCOMES)}

    assert set(weights()) <= occurring


def test_the_score_is_the_sum_of_weights_and_orders() -> None:
    """A score is the plain sum of what is weighed, and candidates come in its order."""
    speaking = found(licence("l", GRANT, *(term(k) for k in TermKind if k is not TermKind.PERMISSION)))
    scores = [c.score for c in speaking]

    assert scores == sorted(scores, reverse=True)
    assert scores == [pytest.approx(sum(weights().get(n, 0) * v for n, v in c.features.items())) for c in speaking]


TEXT_AT = Quote(PIN, "doc", "hash", "1", "", 100, 200)


def passage(start: int, end: int, document: str = "doc") -> Passage:
    """A clause that a search found."""
    return Passage(document, Clause("1", "1.", ClauseKind.NUMBERED, "", 1, None, start, end, end), 0, 1.0)


def quoted(*terms: str) -> LicenseRecord:
    """A licence whose terms are quoted from the same place."""
    return replace(licence("l", *(term(TermKind.CONDITION, t) for t in terms)), quotes=dict.fromkeys(terms, (TEXT_AT,)))


@pytest.mark.parametrize(
    ("passages", "rank"),
    [
        ([(100, 200)], 0),
        ([(0, 101)], 0),
        ([(199, 300)], 0),
        ([(0, 100)], None),
        ([(200, 300)], None),
        ([(0, 10), (20, 30), (150, 151)], 2),
        ([(0, 10), (150, 151), (160, 170)], 1),
        ([], None),
    ],
)
def test_nearness_is_the_rank_of_the_best_clause_that_the_quote_touches(
    passages: list[tuple[int, int]], rank: int | None
) -> None:
    """A term stands where the best of the clauses stands that its quote shares a character with."""
    assert nearness(quoted("it"), [passage(*p) for p in passages]).get("it") == rank


def test_a_clause_of_another_text_is_not_near() -> None:
    """The same offsets in another document mean nothing."""
    assert nearness(quoted("it"), [passage(100, 200, "other")]) == {}


def test_a_term_whose_text_is_not_here_is_nowhere() -> None:
    """A pin without a place is near to nothing."""
    assert nearness(replace(quoted("it"), quotes={"it": (None,)}), [passage(0, 999)]) == {}


@given(st.integers(0, 59), st.integers(0, 59))
def test_the_nearer_clause_scores_higher(one: int, other: int) -> None:
    """Of two equal terms the one nearer to the question comes first, and any place is better than none."""

    def score(rank: int) -> float:
        ahead = tuple(passage(0, 10) for _ in range(rank))
        return found(quoted("it"), passages=(*ahead, passage(100, 200)))[0].score

    nowhere = found(quoted("it"), passages=())[0].score

    assert (score(one) > score(other)) == (one < other)
    assert score(one) > nowhere


@pytest.mark.parametrize("kind", [TermKind.CONDITION, TermKind.PROHIBITION, TermKind.PERMISSION])
def test_what_is_asked_about_scores_higher(kind: TermKind) -> None:
    """A term that the question is about goes before the same term without the question."""
    held = licence("l", GRANT, term(kind, "it", about=("fees",)))
    asked, unasked = (found(held, asks=frozenset({about})) for about in ("fees", "patents"))

    assert {c.term.id: c.score for c in asked}["it"] > {c.term.id: c.score for c in unasked}["it"]


def test_boilerplate_scores_lower() -> None:
    """A term of low weight goes behind the same term of full weight."""
    first, last = found(licence("l", term(TermKind.CONDITION, "low", low=True), term(TermKind.CONDITION, "full")))

    assert (first.term.id, last.term.id) == ("full", "low")
