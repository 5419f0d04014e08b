"""What stands beside the decision: false claims that a question rests on, guidance, and where to look instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from bot.answering.judging import Judgement
from bot.answering.question import Reading
from bot.answering.resolve import Case
from bot.answering.rules import decide
from bot.model import Alternative, Guidance, Verdict
from knowledge.guidance import Claim, Occasion, claims, guides, tasks
from knowledge.models import LicenseRecord, RegistryEntry
from knowledge.profiles import claim_word
from knowledge.store import KnowledgeStore

_MOST_GUIDES = 3
_MOST_ALTERNATIVES = 3


def occasion(text: str, reading: Reading, cases: Sequence[Case], store: KnowledgeStore) -> Occasion:
    """Return what a question is about, as guidance looks at it."""
    profiles = [r.profile for c in cases for r in c.licenses]
    entries = list(_entries(cases, store))
    return Occasion(
        text=text,
        actions=frozenset(reading.use.actions),
        asks=reading.asks,
        categories=frozenset(p.category for p in profiles),
        licenses=frozenset(w for p in profiles for w in (p.id, p.family) if w),
        subjects=frozenset(w for e in entries for w in (e.id, e.family)),
        closed=any(e.closed for e in entries),
    )


def false_claims(now: Occasion) -> list[Claim]:
    """Return the false claims that a question states or assumes."""
    return [claim for claim in claims() if claim.trigger.fires(now)]


def with_claims(reading: Reading, found: Sequence[Claim]) -> Reading:
    """Return the reading with the claims among what it asks about, so that the corrections speak."""
    return replace(reading, asks=reading.asks | {claim_word(c.id) for c in found}) if found else reading


def uncited(found: Sequence[Claim], cases: Sequence[Case]) -> list[Guidance]:
    """Return the corrections that no governing licence shows with a clause, as guidance."""
    held = {(r.profile.id, t.id) for c in cases for r in c.licenses for t in r.profile.terms}
    return [
        Guidance(f"Often said, but not so: {c.claim}", c.truth, f"{c.source} ({c.date})")
        for c in found
        if not any((license_id, claim_word(c.id)) in held for license_id in c.licenses)
    ]


def guidance(now: Occasion) -> list[Guidance]:
    """Return the guidance that speaks to a question; a piece that its words call for comes first."""
    fitting = [g for g in guides() if g.trigger.fires(now)]
    ordered = sorted(fitting, key=lambda g: not g.trigger.phrases)
    return [Guidance(g.title, g.text, f"{g.source} ({g.date})") for g in ordered[:_MOST_GUIDES]]


def alternatives(
    cases: Sequence[Case], judgements: Sequence[Judgement], verdict: Verdict, store: KnowledgeStore
) -> list[Alternative]:
    """Return what serves the same need under a licence that lets the same use pass more easily, best first.

    Each candidate's licence is put to the same rules and the same situation as the one that was asked about.
    """
    failing = [j for j in judgements if j.verdict is verdict and j.ruling]
    if not failing:
        return []
    subjects = {failing[0].case.subject.id}
    words = {w for e in _entries([failing[0].case], store) for w in (e.id, e.family)}
    named = {c.subject.id for c in cases}
    found: list[Alternative] = []
    families: set[str] = set()
    for task in (t for t in tasks() if t.families & words):
        for entry in filter(None, (_entry(name, store) for name in task.suggest)):
            if entry.id in named | subjects or entry.family in families | words:
                continue
            better = _better(entry, failing[0], verdict, store)
            if better:
                families.add(entry.family)
                found.append(better)
    found.sort(key=lambda a: a.verdict.strictness)
    return found[:_MOST_ALTERNATIVES]


def _better(entry: RegistryEntry, than: Judgement, verdict: Verdict, store: KnowledgeStore) -> Alternative | None:
    record = _license(entry, store)
    if record is None or not record.curated or (entry.base and entry.kind == "model") or entry.license_state != "known":
        return None
    situation = replace(than.situation, modalities=frozenset(entry.modality))
    ruling = decide(record.profile, situation)
    if ruling.verdict.strictness >= verdict.strictness:
        return None
    return Alternative(entry.id, entry.name, record.profile.id, record.profile.name, ruling.verdict)


def _license(entry: RegistryEntry, store: KnowledgeStore) -> LicenseRecord | None:
    return _or_none(store.license, entry.license) if entry.license else None


def _entry(name: str, store: KnowledgeStore) -> RegistryEntry | None:
    return _or_none(store.subject, name)


_Found = TypeVar("_Found")


def _or_none(look_up: Callable[[str], _Found], name: str) -> _Found | None:
    try:
        return look_up(name)
    except KeyError:
        return None


def _entries(cases: Iterable[Case], store: KnowledgeStore) -> Iterable[RegistryEntry]:
    names = (n for c in cases for n in (c.entry, *c.subject.inherited_from) if n)
    return filter(None, (_entry(name, store) for name in dict.fromkeys(names)))
