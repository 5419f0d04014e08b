"""What governs a name: the card of `license NAME`, and the differences of two cards. Pure but for reading the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.answering.citations import Citations, verified
from bot.answering.resolve import Case, resolve_entry, resolve_license, with_own_name
from bot.model import Citation
from knowledge.catalog import AMBIGUOUS, Catalog, Mention, MentionKind
from knowledge.models import LicenseRecord, Term, TermKind
from knowledge.store import KnowledgeStore

_SECTIONS = {
    TermKind.PERMISSION: "permissions",
    TermKind.CONDITION: "conditions",
    TermKind.PROHIBITION: "prohibitions",
    TermKind.UNCLEAR: "limitations",
    TermKind.LIMITATION: "limitations",
    TermKind.TERMINATION: "limitations",
    TermKind.DEFINITION: "limitations",
}


@dataclass(frozen=True, slots=True)
class CardLine:
    """One term of a card."""

    section: str
    """`permissions`, `conditions`, `prohibitions` or `limitations`."""
    action: str
    text: str
    citations: tuple[int, ...]
    license: str
    term: str

    def to_json(self) -> dict[str, Any]:
        """Return the contract's line."""
        return {
            "action": self.action,
            "text": self.text,
            "citations": list(self.citations),
            "license": self.license,
            "term": self.term,
        }


@dataclass(frozen=True, slots=True)
class Card:
    """The licences of a name, and what they grant, demand and forbid, each with its clause."""

    name: str
    kind: str
    id: str
    records: tuple[LicenseRecord, ...]
    lines: tuple[CardLine, ...]
    citations: tuple[Citation, ...]
    remarks: tuple[str, ...] = ()

    def section(self, name: str) -> tuple[CardLine, ...]:
        """Return the lines of a section."""
        return tuple(line for line in self.lines if line.section == name)

    def to_json(self, store: KnowledgeStore) -> dict[str, Any]:
        """Return the contract's object."""
        sections = ("permissions", "conditions", "prohibitions", "limitations")
        return {
            "name": self.name,
            "kind": self.kind,
            "id": self.id,
            "licenses": [_license_json(r, store) for r in self.records],
            **{s: [line.to_json() for line in self.section(s)] for s in sections},
            "citations": [c.to_json() for c in self.citations],
            "remarks": list(self.remarks),
            "nearest": [],
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """A term in which two cards differ; the side that lacks it is `None`."""

    term: str
    section: str
    one: CardLine | None
    other: CardLine | None


def find_card(name: str, catalog: Catalog, store: KnowledgeStore) -> Card | Mention | None:
    """Return the card of a name, the ambiguous mention that it is, or `None` where it is not known."""
    mention = catalog.lookup(name)
    if mention is None or mention.kind in AMBIGUOUS:
        return mention
    if mention.kind is MentionKind.LICENSE:
        return _card(resolve_license(mention, store), store)
    return _card(with_own_name(resolve_entry(mention, store), mention), store)


def compare(one: Card, other: Card) -> list[Difference]:
    """Return the terms that only one card has, or that read differently, in the order of the first card."""
    left = {line.term: line for line in one.lines}
    right = {line.term: line for line in other.lines}
    found = []
    for term in dict.fromkeys([*left, *right]):
        mine, theirs = left.get(term), right.get(term)
        if mine is None or theirs is None or mine.text != theirs.text or mine.section != theirs.section:
            line = mine or theirs
            found.append(Difference(term, line.section if line else "", mine, theirs))
    return found


def _card(case: Case, store: KnowledgeStore) -> Card:
    citations = Citations(store)
    lines = [
        CardLine(_SECTIONS[t.kind], _action(t), t.text, citations.of_term(r, t), r.profile.id, t.id)
        for r in case.licenses
        for t in r.profile.terms
    ]
    hashes = {c.text_sha256 for c in citations.found if c.text_sha256}
    checked = verified(citations.found, store.texts(hashes))
    subject = case.subject
    remarks = (*case.remarks, *case.faults)
    return Card(subject.name, subject.kind, subject.id, case.licenses, tuple(lines), checked, remarks)


def _action(term: Term) -> str:
    named: Sequence[str] = term.actions or term.about or (term.id,)
    return ", ".join(named) if term.kind is TermKind.PERMISSION else named[0]


def _license_json(record: LicenseRecord, store: KnowledgeStore) -> dict[str, Any]:
    profile = record.profile
    documents = []
    for kind, key in profile.documents:
        here = key not in record.missing
        documents.append({
            "key": key,
            "document": kind.value,
            "title": store.document(key).title if here else None,
            "sha256": store.document(key).sha256 if here else None,
            "source_url": record.source_urls.get(key),
            "on_this_machine": here,
        })  # fmt: skip
    return {
        "id": profile.id,
        "name": profile.name,
        "spdx": profile.spdx,
        "version": profile.version,
        "aliases": list(profile.aliases),
        "source_url": profile.url or None,
        "documents": documents,
        "profile": "curated" if record.curated else "none",
    }
