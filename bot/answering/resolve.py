"""From a mention to what governs it: the licence of the thing itself and of what it is built on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.model import LicenseRef, Subject
from knowledge.catalog import Mention, MentionKind
from knowledge.models import PERMISSIVE, LicenseRecord, RegistryEntry
from knowledge.naming import normal
from knowledge.store import KnowledgeStore

_DEEPEST = 5
"""Base models followed upwards; a longer chain is a loop or a mistake in the registry."""


@dataclass(frozen=True, slots=True)
class Case:
    """One subject with the licences that govern it, its own first."""

    subject: Subject
    licenses: tuple[LicenseRecord, ...]
    modalities: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    """Why the licences may not be the whole story: sentences for a lawyer."""
    remarks: tuple[str, ...] = ()
    """What an engineer should know of the subject: withdrawn, gated, changed licence."""
    entry: str | None = None
    """Id in the registry; `None` for a licence that is itself the subject."""
    closed: bool = False
    """Whether there are no public weights."""
    behind: bool = False
    """Whether it is data that somebody else's model was trained on: its terms bind whoever holds the data."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name that leads to no licence, and what to ask instead."""

    mention: Mention
    question: str
    nearest: tuple[str, ...] = ()


def license_ref(record: LicenseRecord) -> LicenseRef:
    """Return a licence as an answer lists it."""
    profile = record.profile
    return LicenseRef(profile.id, profile.name, profile.spdx, profile.version, profile.url or None)


def resolve_license(mention: Mention, store: KnowledgeStore) -> Case:
    """Return the case of a licence that is itself the subject."""
    record = store.license(mention.target)
    subject = Subject("license", record.profile.id, record.profile.name, (license_ref(record),), as_of=_as_of(store))
    return Case(subject, (record,))


def resolve_entry(mention: Mention, store: KnowledgeStore) -> Case:
    """Return the case of a model, dataset or software of the registry, its base chain included."""
    entry = store.subject(mention.target)
    faults: list[str] = []
    own = _own_license(entry, store, faults)
    chain = _chain(entry, store)
    licenses = list(filter(None, [own]))
    for base in chain:
        inherited = _license_of(base, store) if base.license else None
        if inherited is None and not base.closed and entry.kind == base.kind == "model":
            faults.append(f"{entry.name} is built on {base.name}. {_not_known(base)}")
        if inherited and all(inherited.profile.id != held.profile.id for held in licenses):
            licenses.append(inherited)
    remarks = _remarks(entry)
    faults += _mismatch(entry, own, licenses)
    if mention.derived and _account(mention.shown) == _account(entry.id):
        remarks += (f"{mention.shown} is not listed; it is taken for a variant of {entry.id} under the same licence.",)
    elif mention.derived:
        faults.append(
            f"{mention.shown} is somebody's derivative of {entry.name}; its own card is not known here. "
            f"The terms of {entry.name} stay; the card may add its own."
        )
    subject = Subject(
        kind=entry.kind,
        id=mention.shown if mention.derived else entry.id,
        name=mention.shown if mention.derived else entry.name,
        licenses=tuple(license_ref(r) for r in licenses),
        inherited_from=tuple(b.id for b in chain) if not mention.derived else (entry.id, *(b.id for b in chain)),
        as_of=entry.as_of,
    )
    return Case(subject, tuple(licenses), frozenset(entry.modality), tuple(faults), remarks, entry.id, entry.closed)


def _mismatch(entry: RegistryEntry, own: LicenseRecord | None, licenses: Sequence[LicenseRecord]) -> tuple[str, ...]:
    """Name a label that promises more than the licences up the chain: it takes nothing off them."""
    stricter = [r.profile.short for r in licenses if r.profile.category not in PERMISSIVE]
    if own is None or own.profile.category not in PERMISSIVE or not stricter or not entry.listed:
        return ()
    label = f"The card of {entry.name} declares {own.profile.name}, which does not match the terms of its base"
    return (f"{label}: {', '.join(stricter)} stays whatever a card says. Did its author have a permission?",)


def _account(hub_id: str) -> str:
    return hub_id.split("/", maxsplit=1)[0].casefold()


def _own_license(entry: RegistryEntry, store: KnowledgeStore, faults: list[str]) -> LicenseRecord | None:
    if entry.license:
        found = _license_of(entry, store)
        if found is None:
            faults.append(_not_known(entry))
        return found
    faults.append(_not_known(entry))
    return None


def _not_known(entry: RegistryEntry) -> str:
    """Say why no licence of an entry is at hand."""
    if entry.license:
        return f"{entry.name} is under {entry.license!r}, whose text and terms are not known here."
    return {
        "other": f"{entry.name} carries the label `other`: a licence of its own that is not known here.",
        "missing": f"{entry.name} comes without any licence: nobody has granted a right to use it.",
    }.get(entry.license_state, f"The licence of {entry.name} is not known here.")


def _license_of(entry: RegistryEntry, store: KnowledgeStore) -> LicenseRecord | None:
    if not entry.license:
        return None
    try:
        return store.license(entry.license)
    except KeyError:
        found = [n for n in store.named(normal(entry.license)) if n.kind == "license"]
        return store.license(found[0].target) if found else None


def _chain(entry: RegistryEntry, store: KnowledgeStore) -> list[RegistryEntry]:
    found: list[RegistryEntry] = []
    waiting = list(entry.base)
    while waiting and len(found) < _DEEPEST:
        try:
            base = store.subject(waiting.pop(0))
        except KeyError:
            continue
        if base.id != entry.id and base not in found:
            found.append(base)
            waiting.extend(base.base)
    return found


def _remarks(entry: RegistryEntry) -> tuple[str, ...]:
    remarks = []
    if entry.listed:
        label = f"the label {entry.declared}" if entry.declared else "no label"
        remarks.append(f"{entry.name} is known here from a public list only, with {label} ({entry.date}).")
    if entry.withdrawn:
        remarks.append(f"{entry.name} was withdrawn: {entry.withdrawn}")
    if entry.history:
        earlier = "; ".join(f"{h.get('license', '?')} until {h.get('until', '?')}" for h in entry.history)
        remarks.append(f"The licence of {entry.name} changed: {earlier}. The copy that you took decides.")
    if entry.note:
        remarks.append(entry.note)
    if entry.closed:
        remarks.append(f"{entry.name} has no public weights; it is used through a service, under that service's terms.")
    return tuple(remarks)


def unlicensed(shown: str, question: str) -> Case:
    """Return the case of something that is said to have no licence: nobody has granted a right to use it."""
    name = f"the {shown} without a licence" if shown != "it" else "what has no licence"
    subject = Subject("model", question, name, ())
    return Case(
        subject,
        (),
        faults=("Who made it, and under which terms would they let you use it?",),
        remarks=(
            "What comes without any licence nobody has granted a right to use: ask its author for one in writing.",
        ),
    )


_DATED = re.compile(
    r"(?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|avr|juin|juil|août|"
    r"ene|abr|ago|dic)\w*\.?"
    r"\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+)?(?:de |del )?(?P<year>20[12]\d))|(?P<iso>20[12]\d-[01]\d)|"
    r"(?:terms|version|licen[cs]e|lizenz|bedingungen|conditions)\s+(?:of|from|dated|von|de)?\s*(?P<bare>20[12]\d)|"
    r"(?P<before>20[12]\d)\s+(?:[\w-]+\s+){0,2}?(?:terms|version|licen[cs]e|agreement)",
    re.IGNORECASE,
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan ene janv", "feb févr", "mar mär", "apr abr avr", "may mai", "jun juin", "jul juil", "aug août ago", "sep",
         "oct okt", "nov", "dec dez dic"), start=1,
    )
    for name in names.split()
}  # fmt: skip


def code_alone(case: Case, store: KnowledgeStore) -> Case:
    """Return the case of an entry's code, where it has a licence of its own: the weights' terms stay out of it."""
    code = store.subject(case.entry).components.get("code") if case.entry else None
    if code is None:
        return case
    record = store.license(code)
    remark = f"This is about the code of {case.subject.name} alone; its weights or data are under other terms."
    return replace(
        case,
        licenses=(record,),
        subject=replace(case.subject, licenses=(license_ref(record),)),
        faults=(),
        remarks=(*case.remarks, remark),
    )


_TAKEN_THEN = re.compile(
    r"\b(?:at (?:that|the) time|back then|in those days|in 20[012]\d|from (?:\w+ )?20[012]\d|dated|old (?:dump|"
    r"copy|snapshot|"
    r"version)|we (?:took|got|downloaded|pulled|cloned|copied|forked|have a copy)|our copy|snapshot|damals|seinerzeit|"
    r"à l['’]époque|alors|en 20[012]\d|en aquel momento|entonces)\b",
    re.IGNORECASE,
)


def as_stated(case: Case, mention: Mention, stated: Sequence[Mention], text: str, store: KnowledgeStore) -> Case:
    """Return the case under a licence that the question states of the asker's copy and that the thing was under
    before; what stands on somebody else's terms keeps them."""
    if case.entry is None or not case.licenses or (entry := store.subject(case.entry)).base:
        return case
    earlier = {h.get("license") for h in entry.history}
    of_copy = _TAKEN_THEN.search(text)
    beside = (
        m for m in stated if of_copy or 0 <= m.start - mention.end <= _NEAR or 0 <= mention.start - m.end <= _NEAR
    )
    found = next((m.target for m in beside if m.target in earlier), None)
    if found is None or any(found == r.profile.id for r in case.licenses):
        return case
    licenses = (store.license(found), *case.licenses[1:])
    return replace(case, licenses=licenses, subject=replace(case.subject, licenses=tuple(map(license_ref, licenses))))


_NEAR = 4
"""Characters between a name and the licence that it is said to be under."""


def any_version(mention: Mention, store: KnowledgeStore) -> list[Case]:
    """Return a case for each version that a licence's name leaves open, the newest first; none where the name leaves
    open more than the version."""
    records = [store.license(option) for option in mention.options]
    if len({r.profile.family or r.profile.id for r in records}) > 1:
        return []
    records.sort(key=lambda r: r.profile.version or "", reverse=True)
    named = {r.profile.id: replace(mention, kind=MentionKind.LICENSE, target=r.profile.id) for r in records}
    return [resolve_license(m, store) for m in named.values()]


def suggested(license_id: str, store: KnowledgeStore) -> Case:
    """Return the case of the ready-made licence that comes nearest to what an owner wants."""
    name = store.license(license_id).profile.name
    mention = Mention(MentionKind.LICENSE, name, 0, 0, license_id)
    remark = f"You named no licence; {name} is the ready-made one that comes nearest to what you describe."
    return replace(resolve_license(mention, store), remarks=(remark,))


def derivative(mention: Mention, base: Case) -> Case:
    """Return the case of a model that is not known itself, but whose base the question names."""
    name = mention.shown
    subject = replace(base.subject, id=name, name=name, inherited_from=(base.subject.id, *base.subject.inherited_from))
    fault = f"{name} is not known here; the terms of {base.subject.name} stay, its own card may add others."
    return replace(base, subject=subject, faults=(*base.faults, fault), entry=base.entry)


def declared(mention: Mention, record: LicenseRecord, store: KnowledgeStore) -> Case:
    """Return the case of something that is not known itself, but whose licence the question states."""
    name = mention.shown
    subject = Subject("model", name, name, (license_ref(record),), as_of=_as_of(store))
    remark = f"{name} is not known here; this rests on your word that it is under {record.profile.name}."
    return Case(subject, (record,), remarks=(remark,))


_OF_TERMS = re.compile(
    r"\b(?:terms|licen[cs]e|agreement|bedingungen|lizenz|conditions|términos|licencia)\b", re.IGNORECASE
)


def as_dated(case: Case, text: str, store: KnowledgeStore) -> Case:
    """Return the case under the version of its licence that the question names by date: `the March 2025 terms`."""
    dates = [_date(m) for m in _DATED.finditer(text) if _OF_TERMS.search(text[max(0, m.start() - 40) : m.end() + 25])]
    licenses = tuple(_version(record, dates, store) for record in case.licenses) if dates else case.licenses
    if licenses == case.licenses:
        return case
    return replace(case, licenses=licenses, subject=replace(case.subject, licenses=tuple(map(license_ref, licenses))))


def _date(match: re.Match[str]) -> str:
    if match["iso"]:
        return match["iso"]
    if match["month"]:
        return f"{match['year']}-{_MONTHS[match['month'].casefold()]:02}"
    return match["bare"] or match["before"]


def _version(record: LicenseRecord, dates: Sequence[str], store: KnowledgeStore) -> LicenseRecord:
    """Return the version of a licence that exactly one of the dates names, if its family has one."""
    family = record.profile.family
    if not family or any((record.profile.version or "").startswith(d) for d in dates):
        return record
    named = [o for o in store.versions(family) if any((o.profile.version or "").startswith(d) for d in dates)]
    return named[0] if len(named) == 1 else record


def _as_of(store: KnowledgeStore) -> str:
    return store.state.updated_at.date().isoformat()


def unknown(mention: Mention, nearest: tuple[str, ...]) -> Unresolved:
    """Return what to ask where a name is not known."""
    hint = f" Did you mean {_or(nearest)}?" if nearest else ""
    return Unresolved(
        mention, f"Which model, dataset or licence is {mention.shown!r}? I do not know that name.{hint}", nearest
    )


def ambiguous(mention: Mention, names: tuple[str, ...]) -> Unresolved:
    """Return what to ask where a name could mean several things."""
    return Unresolved(mention, mention.question, names)


def not_published(mention: Mention, case: Case, license_name: str) -> Unresolved:
    """Return what to ask where a question rests on weights of a closed model."""
    return Unresolved(
        mention,
        f"No public weights of {case.subject.name} are known here, under {license_name} or another licence; it is used "
        f"through a service under that service's terms. Where did you get the weights, and what does the page say?",
    )


def _or(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def with_own_name(case: Case, mention: Mention) -> Case:
    """Return the case under the exact name that was asked about, where that says more than the family's."""
    if case.subject.kind == "license" or mention.derived or "/" in case.subject.id:
        return case
    extra = len(mention.shown) > len(case.subject.name)
    name = mention.shown if extra and mention.kind is not MentionKind.LICENSE else case.subject.name
    return replace(case, subject=replace(case.subject, name=name))
