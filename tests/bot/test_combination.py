"""Licences that meet in one work: which cannot be kept together, and where that ends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.combination import Conflict, conflicts, direction
from bot.answering.judging import Judgement
from bot.model import Answer, Question, Verdict
from bot.services import Services
from knowledge.models import LicenseRecord, TermKind
from knowledge.profiles import read_profiles
from knowledge.store import KnowledgeStore
from tests.bot.invented import GRANT, case, judged, licence, term

KEEPS = term(TermKind.CONDITION, "keeps", about=("share_alike",))
PASSES = term(TermKind.CONDITION, "passes", about=("pass_through",))


def software(spdx: str, category: str = "permissive") -> LicenseRecord:
    """A software licence that OSADL's matrix knows by its SPDX id."""
    terms = (GRANT, KEEPS) if category == "copyleft" else (GRANT, term(TermKind.CONDITION, about=("combination",)))
    return licence(spdx.casefold(), *terms, spdx=spdx, category=category)


MIT, BSD, APACHE = software("MIT"), software("BSD-3-Clause"), software("Apache-2.0")
GPL_2, GPL_3 = software("GPL-2.0-only", "copyleft"), software("GPL-3.0-only", "copyleft")
AGPL_3, CDDL = software("AGPL-3.0-only", "copyleft"), software("CDDL-1.0", "copyleft")
BY_SA = licence("cc-by-sa-4.0", GRANT, KEEPS, category="data_share_alike", spdx="CC-BY-SA-4.0")
BY_SA_3 = licence("cc-by-sa-3.0", GRANT, KEEPS, category="data_share_alike", spdx="CC-BY-SA-3.0")
NC_SA = licence("nc-sa", GRANT, KEEPS, category="non_commercial", spdx="CC-BY-NC-SA-4.0")
ODBL = licence("odbl", GRANT, KEEPS, category="data_share_alike")
CODE = licence("own-copyleft", GRANT, KEEPS, category="copyleft")
RAIL = licence("rail", GRANT, PASSES, category="open_rail")
RESEARCH = licence("research", GRANT, term(TermKind.PROHIBITION, "no-sale", about=("commercial",)), category="research")
DATA = licence("data", category="data_permissive")
ALL = (MIT, BSD, APACHE, GPL_2, GPL_3, AGPL_3, CDDL, BY_SA, BY_SA_3, NC_SA, ODBL, CODE, RAIL, RESEARCH, DATA)


def work(*records: LicenseRecord, actions: tuple[str, ...] = ("combine", "distribute_product")) -> list[Judgement]:
    """The judgements of a work that joins one subject a licence."""
    return [j for r in records for j in judged(case(r.profile.id, r), *actions)]


def found(*records: LicenseRecord, **fields: Any) -> list[Conflict]:
    """The conflicts of such a work."""
    return conflicts(work(*records, **fields))


# -- software, by OSADL's matrix ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (GPL_2, APACHE, Verdict.PROHIBITED),
        (GPL_2, GPL_3, Verdict.PROHIBITED),
        (CDDL, GPL_3, Verdict.PROHIBITED),
        (AGPL_3, GPL_3, Verdict.NEEDS_REVIEW),
        (GPL_3, APACHE, None),
        (GPL_3, MIT, None),
        (MIT, APACHE, None),
        (MIT, BSD, None),
        (GPL_3, GPL_3, None),
    ],
)
def test_software_is_looked_up_in_the_matrix(one: LicenseRecord, other: LicenseRecord, verdict: Verdict | None) -> None:
    """Neither way is forbidden, one way is fine, and where it depends on the joint a lawyer decides."""
    held = found(one, other)

    assert [c.verdict for c in held] == ([verdict] if verdict else [])
    assert all("OSADL" in c.text and one.profile.name in c.text and other.profile.name in c.text for c in held)
    assert all(c.fix for c in held)


@pytest.mark.parametrize("spdx", ["LGPL-2.1-only", "LGPL-3.0-only", "MPL-2.0", "EPL-2.0"])
def test_a_library_may_be_linked_with_permissive_code(spdx: str) -> None:
    """A licence that lets programs be linked with its library under any terms is no ban of the joint work."""
    assert Verdict.PROHIBITED not in [c.verdict for c in found(software(spdx, "copyleft"), APACHE)]


def test_a_conflict_of_software_shows_where_it_stands() -> None:
    """The clause that keeps the whole, or else the one about combining, stands for each side."""
    (conflict,) = found(GPL_2, APACHE)

    assert [(r.profile.spdx, t.about) for r, t in conflict.terms] == [
        ("GPL-2.0-only", ("share_alike",)), ("Apache-2.0", ("combination",)),
    ]  # fmt: skip


# -- share-alike and restrictions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (BY_SA, ODBL, Verdict.NEEDS_REVIEW),
        (BY_SA, NC_SA, Verdict.NEEDS_REVIEW),
        (BY_SA_3, BY_SA, None),
        (BY_SA, GPL_3, None),
        (BY_SA_3, GPL_3, Verdict.NEEDS_REVIEW),
        (BY_SA, GPL_2, Verdict.NEEDS_REVIEW),
        (CODE, RAIL, Verdict.NEEDS_REVIEW),
        (GPL_3, RAIL, Verdict.NEEDS_REVIEW),
        (BY_SA, RAIL, Verdict.NEEDS_REVIEW),
        (GPL_3, RESEARCH, Verdict.PROHIBITED),
        (BY_SA, RESEARCH, Verdict.NEEDS_REVIEW),
        (GPL_3, DATA, None),
        (BY_SA, MIT, None),
        (RAIL, RESEARCH, None),
        (RAIL, MIT, None),
        (DATA, MIT, None),
    ],
)
def test_share_alike_meets_share_alike_or_restrictions(
    one: LicenseRecord, other: LicenseRecord, verdict: Verdict | None
) -> None:
    """Two that keep the whole exclude each other unless one names the other; one that keeps it takes no restriction."""
    assert [c.verdict for c in found(one, other)] == ([verdict] if verdict else [])


def test_versions_of_one_family_share_alike_together() -> None:
    """Two versions of the same text do not exclude each other."""
    versions = [licence(f"v{n}", GRANT, KEEPS, category="data_share_alike", family="v") for n in (1, 2)]

    assert found(*versions) == []


def test_licences_without_a_family_are_not_of_one() -> None:
    """Two texts that belong to no family exclude each other like any others."""
    alone = [licence(name, GRANT, KEEPS, category="data_share_alike", family=None) for name in ("one", "other")]

    assert len(found(*alone)) == 1


def test_the_keeping_and_the_restricting_clause_are_shown() -> None:
    """A conflict stands on a clause of each side."""
    (conflict,) = found(RAIL, GPL_3)

    assert {(r.profile.id, t.id) for r, t in conflict.terms} == {("gpl-3.0-only", "keeps"), ("rail", "passes")}


def test_a_licence_that_only_permits_share_alike_keeps_nothing() -> None:
    """Only a duty to keep the terms bars others."""
    mild = licence("mild", term(TermKind.PERMISSION, actions=("any",), about=("share_alike",)), category="copyleft")

    assert found(mild, RAIL) == []


# -- where it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "conflicting"),
    [
        (("combine",), True),
        (("merge", "redistribute_weights"), True),
        (("combine", "internal_use", "host_api"), True),
        (("combine", "internal_use"), False),
        (("merge", "internal_use", "fine_tune"), False),
        (("distribute_product",), False),
        ((), False),
    ],
)
def test_only_a_joint_work_that_leaves_the_house_has_conflicts(actions: tuple[str, ...], conflicting: bool) -> None:
    """Duties of this kind attach to passing on: what stays inside, or is not joined, has none."""
    assert bool(found(GPL_2, APACHE, actions=actions)) is conflicting


def test_terms_that_nobody_reviewed_conflict_with_nothing() -> None:
    """Without reviewed terms nothing can be said of what they exclude."""
    assert found(GPL_2, licence("apache-2.0", GRANT, spdx="Apache-2.0", curated=False)) == []


def test_nothing_conflicts_with_nothing() -> None:
    """No licence, or one for several parts, is no conflict."""
    assert conflicts([]) == []
    assert found(GPL_2, GPL_2, GPL_2) == []


def test_each_pair_of_a_work_is_looked_at() -> None:
    """Three licences that exclude each other conflict three times."""
    assert len(found(GPL_2, GPL_3, CDDL)) == 3


@given(st.lists(st.sampled_from(ALL), min_size=2, max_size=3))
def test_the_order_of_the_parts_does_not_matter(parts: list[LicenseRecord]) -> None:
    """However the parts are named, the same pairs conflict in the same way."""

    def told(order: tuple[LicenseRecord, ...]) -> set[Any]:
        return {(c.verdict, frozenset((r.profile.id, t.id) for r, t in c.terms)) for c in found(*order)}

    assert len({frozenset(told(order)) for order in permutations(parts)}) == 1


def test_no_two_permissive_licences_conflict() -> None:
    """Of all reviewed licences, no pair of those that only ask for credit is kept apart."""
    mild = {"permissive", "public_domain", "data_permissive"}
    records = [LicenseRecord(p, {}, True) for p in read_profiles() if p.category in mild]
    apart = {c.text for c in found(*records)}

    assert len(records) > 20
    assert apart == set()


# -- direction ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "outer"),
    [
        ((GPL_3, APACHE), GPL_3),
        ((MIT, GPL_3), GPL_3),
        ((MIT, APACHE, GPL_3), GPL_3),
        ((MIT, APACHE), None),
        ((GPL_2, APACHE), None),
        ((GPL_3, RAIL), None),
        ((GPL_3,), None),
        ((), None),
    ],
)
def test_the_direction_of_a_combination_is_told(
    records: tuple[LicenseRecord, ...], outer: LicenseRecord | None
) -> None:
    """Where only a copyleft licence can take the others in, it is named as that of the whole."""
    told = direction(work(*records))

    assert (told is not None) is (outer is not None)
    assert outer is None or f"under {outer.profile.name}," in (told or "")


def test_without_a_joint_work_there_is_no_direction() -> None:
    """Two licences side by side go into nothing."""
    assert direction(work(GPL_3, APACHE, actions=("distribute_product",))) is None


# -- in an answer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Can we combine GPL-2.0-only code with Apache-2.0 code and ship the product?", Verdict.PROHIBITED),
        ("Can we combine GPL-3.0-only code with Apache-2.0 code and ship the product?", Verdict.CONDITIONAL),
    ],
)
def test_an_answer_on_a_joint_work_names_conflict_or_direction(
    text: str, verdict: Verdict, services: Services, assert_sound: Callable[[Answer, KnowledgeStore], None]
) -> None:
    """A conflict stands among the prohibitions with a clause of each side; a direction is told in the summary."""
    answer = services.answerer.answer(Question(text))
    told = [s for s in answer.prohibitions if "OSADL" in s.text]

    assert_sound(answer, services.store)
    assert answer.verdict is verdict
    assert len({answer.citations[c].license for s in told for c in s.citations}) == 2 * (verdict is Verdict.PROHIBITED)
    assert ("one direction" in answer.summary) is (verdict is Verdict.CONDITIONAL)
