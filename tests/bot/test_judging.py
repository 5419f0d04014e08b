"""What each governing licence says of each subject, and that the strictest part decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.judging import judge, verdict_of
from bot.answering.question import Reading
from bot.answering.resolve import Case
from bot.answering.roles import Roles
from bot.answering.rules import Truth
from bot.model import Use, Verdict
from knowledge.catalog import Mention, MentionKind
from knowledge.models import Predicate, TermKind
from tests.bot.invented import GRANT, case, licence, term

SAYS = {
    Verdict.ALLOWED: licence("allows"),
    Verdict.CONDITIONAL: licence("asks", GRANT, term(TermKind.CONDITION)),
    Verdict.NEEDS_REVIEW: licence("mumbles", GRANT, term(TermKind.UNCLEAR)),
    Verdict.PROHIBITED: licence("forbids", GRANT, term(TermKind.PROHIBITION)),
}
"""A licence for each verdict, whatever the use."""
UNREVIEWED = licence("unreviewed", curated=False)
verdicts = st.sampled_from(list(SAYS))


def reading(*actions: str, students: Sequence[str] = (), **fields: Any) -> Reading:
    """A reading of a use, with the models that outputs train."""
    trained = tuple(Mention(MentionKind.MODEL, name, 0, 0, name) for name in students)
    return Reading(Roles(students=trained, **fields.pop("roles", {})), Use(actions), **fields)


def decided(*cases: Case) -> Verdict:
    """The verdict on a use of all subjects together."""
    return verdict_of(cases, judge(cases, reading("inference")))


# -- the strictest decides ---------------------------------------------------------------------------------------------


@given(st.lists(st.lists(verdicts, min_size=1, max_size=3), min_size=1, max_size=4))
def test_the_strictest_licence_of_all_subjects_decides(said: list[list[Verdict]]) -> None:
    """Whichever subject and whichever of its licences it is, the strictest verdict is that of the whole."""
    cases = [case(f"thing{at}", *(SAYS[v] for v in found)) for at, found in enumerate(said)]

    assert decided(*cases) is max((v for found in said for v in found), key=lambda v: v.strictness)


@pytest.mark.parametrize("said", list(SAYS))
@pytest.mark.parametrize(
    "faulty",
    [
        case("lost"),
        case("doubtful", SAYS[Verdict.ALLOWED], faults=("Its card is not known here.",)),
        case("new", UNREVIEWED),
    ],
    ids=lambda c: c.subject.id,
)
def test_what_is_not_known_for_sure_is_for_a_lawyer(said: Verdict, faulty: Case) -> None:
    """No licence, a doubtful or an unreviewed one is for a lawyer, unless another forbids the use already."""
    found = decided(case("thing", SAYS[said]), faulty)

    assert found is (Verdict.PROHIBITED if said is Verdict.PROHIBITED else Verdict.NEEDS_REVIEW)
    assert decided(faulty) is Verdict.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("said", "softened"),
    [
        (Verdict.ALLOWED, Verdict.ALLOWED),
        (Verdict.CONDITIONAL, Verdict.ALLOWED),
        (Verdict.NEEDS_REVIEW, Verdict.NEEDS_REVIEW),
        (Verdict.PROHIBITED, Verdict.NEEDS_REVIEW),
    ],
)
def test_data_behind_a_model_is_softened(said: Verdict, softened: Verdict) -> None:
    """Duties of data bind its holder; whether a ban follows a model that others trained is for a lawyer."""
    data = case("data", SAYS[said], kind="dataset", behind=True)

    assert decided(data) is softened
    assert decided(case("model", SAYS[Verdict.CONDITIONAL]), data) is max(
        softened, Verdict.CONDITIONAL, key=lambda v: v.strictness
    )


# -- one judgement a licence -------------------------------------------------------------------------------------------


def test_every_licence_of_every_subject_is_judged_in_order() -> None:
    """A chain of base models brings its licences along; without reviewed terms there is no ruling."""
    cases = [case("tune", SAYS[Verdict.ALLOWED], SAYS[Verdict.PROHIBITED]), case("other", UNREVIEWED)]
    found = judge(cases, reading("inference"))

    assert [(j.case.subject.id, j.record.profile.id) for j in found] == [
        ("tune", "allows"), ("tune", "forbids"), ("other", "unreviewed"),
    ]  # fmt: skip
    assert [j.verdict for j in found] == [Verdict.ALLOWED, Verdict.PROHIBITED, Verdict.NEEDS_REVIEW]
    assert [j.ruling is None for j in found] == [False, False, True]


def test_a_student_is_only_trained() -> None:
    """The duties of a teacher's outputs are the teacher's matter; it knows what its outputs train."""
    cases = (case("teacher", SAYS[Verdict.ALLOWED]), case("student", SAYS[Verdict.CONDITIONAL]))
    found = {
        j.case.subject.id: j.situation
        for j in judge(cases, reading("distill", "redistribute_weights", students=["student"]))
    }

    assert found["teacher"].use.actions == ("distill", "redistribute_weights")
    assert found["teacher"].targets == {"asks"}
    assert set(found["student"].use.actions) == {"fine_tune", "redistribute_weights"}
    assert found["student"].targets == frozenset()


def test_each_subject_is_judged_by_what_is_done_with_it() -> None:
    """Where a text tells of each by itself, the actions of one are not those of the other."""
    apart = {"kept": ("internal_use",), "shipped": ("distribute_product",)}
    ban = term(TermKind.PROHIBITION, when=Predicate("action", ("hosted", "distribute_product")))
    held = licence("no-shipping", GRANT, ban)
    cases = [case("kept", held), case("shipped", held)]
    found = {j.case.subject.id: j for j in judge(cases, reading("internal_use", "distribute_product", apart=apart))}

    assert {name: j.situation.use.actions for name, j in found.items()} == apart
    assert found["kept"].verdict is Verdict.ALLOWED
    assert found["shipped"].verdict is Verdict.PROHIBITED


@pytest.mark.parametrize(
    ("roles", "result"),
    [
        ({}, None),
        ({"own_terms": True}, "own"),
        ({"result_license": Mention(MentionKind.LICENSE, "MIT", 0, 3, "mit")}, "mit"),
    ],
)
def test_the_licence_of_the_result_is_part_of_the_situation(roles: dict[str, Any], result: str | None) -> None:
    """A named licence, terms of one's own or none: the rules are told which."""
    (found,) = judge([case("thing", licence("any"))], reading("relicense", roles=roles))

    assert found.situation.result_license == result


def test_topics_questions_and_modality_reach_the_rules() -> None:
    """What the use does, what is asked and what kind of model it is are part of the situation."""
    given_ = reading("inference", topics={"military": Truth.TRUE}, asks=frozenset({"fees"}))
    (found,) = judge([case("thing", licence("any"), modalities=frozenset({"image"}))], given_)

    assert found.situation.topics == {"military": Truth.TRUE}
    assert found.situation.asks == {"fees"}
    assert found.situation.modalities == {"image"}
