"""What governs a name: the card of `license NAME`, and the differences of two cards. Pure but for reading the store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from bot.answering.citations import Citations, verified
from bot.answering.resolve import Case, resolve_entry, resolve_license, with_own_name
from bot.model import Citation
from knowledge.catalog import AMBIGUOUS, Catalog, Mention, MentionKind
from knowledge.lexicon import any_of
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


_ALIKE = 62
"""Likeness of words (0 to 100) from which two terms of the same kind and point are set side by side."""

TAGS_WITHOUT_TEXT = {
    "other": "says that the publisher has a licence of its own: look for `license_name` and `license_link` on the "
    "card, and give `clausebot ingest --source` the text.",
    "unknown": "says that the publisher named no licence: as far as is known, nobody has granted a right to use it.",
    "h-research": "is a licence tag of the Hub whose text is not held here: read the file that the card links to.",
    "intel-research": "is a licence tag of the Hub whose text is not held here: read the file that the card links to.",
}
"""Tags of the Hub that name no text, as of 2026-11 (huggingface.co/docs/hub/repositories-licenses)."""


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
    about: tuple[str, ...] = ()

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
    kind: str
    """`only_one`, `only_other`, `content` (it says something else) or `wording` (the same in other words)."""
    one: CardLine | None
    other: CardLine | None

    def to_json(self, one: Card, other: Card) -> dict[str, Any]:
        """Return the difference with the clauses of both sides."""
        return {
            "term": self.term,
            "section": self.section,
            "kind": self.kind,
            "one": _side_json(self.one, one),
            "other": _side_json(self.other, other),
        }


def _side_json(line: CardLine | None, card: Card) -> dict[str, Any] | None:
    if line is None:
        return None
    return line.to_json() | {"clauses": [card.citations[c].clause for c in line.citations]}


def find_card(name: str, catalog: Catalog, store: KnowledgeStore) -> Card | Mention | None:
    """Return the card of a name, the ambiguous mention that it is, or `None` where it is not known."""
    mention = catalog.lookup(name)
    if mention is None or mention.kind in AMBIGUOUS:
        return mention
    if mention.kind is MentionKind.LICENSE:
        return _card(resolve_license(mention, store), store)
    return _card(with_own_name(resolve_entry(mention, store), mention), store)


def compare(one: Card, other: Card) -> list[Difference]:
    """Return the terms that only one card has, or that read differently, clause by clause in the order of the first.

    Terms belong together that share an id; of the others those of one kind that speak to the same point in like words.
    """
    pairs = _pairs(one, other)
    taken = {id(theirs) for _, theirs in pairs if theirs}
    pairs += [(None, line) for line in other.lines if id(line) not in taken]
    found = []
    for mine, theirs in pairs:
        kind = _kind(mine, theirs, one, other)
        line = mine or theirs
        if kind and line:
            found.append(Difference(line.term, line.section, kind, mine, theirs))
    return found


def _pairs(one: Card, other: Card) -> list[tuple[CardLine | None, CardLine | None]]:
    right = {line.term: line for line in other.lines}
    alone = [line for line in other.lines if line.term not in {mine.term for mine in one.lines}]
    pairs: list[tuple[CardLine | None, CardLine | None]] = []
    for mine in one.lines:
        theirs = right.get(mine.term)
        if theirs is None:
            scored = [(fuzz.token_set_ratio(mine.text, x.text), x) for x in alone if _same_point(mine, x)]
            best = max(scored, key=lambda s: s[0], default=(0, None))
            theirs = best[1] if best[0] >= _ALIKE else None
            alone = [x for x in alone if x is not theirs]
        pairs.append((mine, theirs))
    return pairs


def _same_point(one: CardLine, other: CardLine) -> bool:
    return one.section == other.section and (one.action == other.action or bool(set(one.about) & set(other.about)))


def _kind(mine: CardLine | None, theirs: CardLine | None, one: Card, other: Card) -> str | None:
    if mine is None or theirs is None:
        return "only_other" if mine is None else "only_one"
    said = _nameless(mine.text, one), _nameless(theirs.text, other)
    if said[0] != said[1] or mine.section != theirs.section:
        return "content"
    quoted = [
        [_plain(card.citations[c].quote) for c in line.citations] for card, line in ((one, mine), (other, theirs))
    ]
    return "wording" if quoted[0] != quoted[1] else None


def _nameless(text: str, card: Card) -> str:
    """Take the names of the thing and of its licence out of a sentence: that they differ is no difference."""
    names = {card.name, *(n for r in card.records for n in (r.profile.name, r.profile.short.removeprefix("the ")))}
    words = " ".join(n.removesuffix(" licence") for n in names).split()
    return re.sub(rf"\b(?:(?:{any_of(set(words))})\s?)+", "", text).strip()


def _plain(quote: str | None) -> str:
    return " ".join((quote or "").casefold().split())


def _card(case: Case, store: KnowledgeStore) -> Card:
    citations = Citations(store)
    lines = [
        CardLine(_SECTIONS[t.kind], _action(t), t.text, citations.of_term(r, t), r.profile.id, t.id, t.about)
        for r in case.licenses
        for t in r.profile.terms
        if t.kind in _SECTIONS
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
