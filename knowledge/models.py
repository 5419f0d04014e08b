"""What is known about licences, as frozen values: documents, clauses, terms, models. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class DocumentKind(StrEnum):
    """Which part of a licence a text is; the values are those of a citation's `document`."""

    LICENSE = "license"
    ACCEPTABLE_USE_POLICY = "acceptable_use_policy"
    NOTICE = "notice"
    GUIDANCE = "guidance"
    POLICY = "policy"


class ClauseKind(StrEnum):
    """How a clause is marked in the printed text."""

    NUMBERED = "numbered"
    HEADING = "heading"
    BULLET = "bullet"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Clause:
    """One node of a document's tree of clauses. Offsets are characters into the stored text.

    Clauses come in the order of the text (a parent before its children), and their bodies are a
    partition of it: joining `text[c.start:c.body_end]` over all clauses gives the text back.
    """

    number: str
    """The whole number as a reader would cite it (`1.b.i`, `4(a)`, `Section 3.2`, `Attachment A (e)`); of the
    nearest numbered ancestor where the clause itself prints none; empty before the first number."""
    label: str
    """The clause's own mark as printed (`i.`, `(e)`, `Section 2`, `•`); empty for a paragraph."""
    kind: ClauseKind
    heading: str
    """The clause's own title, or empty."""
    depth: int
    """1 for a top-level clause."""
    parent: int | None
    """Position of the parent in the same sequence."""
    start: int
    body_end: int
    """End of the clause's own text: where its first child starts, or `end`."""
    end: int
    """End of the clause with everything below it."""
    defines: str | None = None
    """The term, where the clause is a definition."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """A test on a use, as written under `when:` in a profile: a name, its values, and parts for `all`/`any`/`not`.

    What each name means is told in `knowledge/data/licenses/README.md`; `bot/answering/rules.py` evaluates it.
    """

    name: str
    values: tuple[str, ...] = ()
    amount: float | None = None
    """The limit, for `over` and `at_least`."""
    parts: tuple[Predicate, ...] = ()

    def plain(self) -> Iterator[Predicate]:
        """Yield the plain tests that it consists of, in order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.plain()


class TermKind(StrEnum):
    """What a term says; the first three are ODRL's permission, duty and prohibition."""

    PERMISSION = "permission"
    CONDITION = "condition"
    PROHIBITION = "prohibition"
    UNCLEAR = "unclear"
    """The text is silent or ambiguous on a point: a lawyer decides."""
    LIMITATION = "limitation"
    """Warranty, liability, trademarks and the like: never decides, is cited when asked about."""
    DEFINITION = "definition"
    TERMINATION = "termination"
    CORRECTION = "correction"
    """What is really so where a false claim circulates; speaks only where a question rests on the claim."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Where in a licence's documents a term stands, as a reviewer writes it."""

    document: DocumentKind
    clause: str
    """The clause's number as printed, or empty where the text prints none."""
    words: str
    """A few of its words. `first words … last words` quotes from the first to the last; without the ellipsis
    the whole sentence around the words is quoted."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A pin resolved against a stored text: `text[start:end]`."""

    pin: Pin
    document_key: str
    text_sha256: str
    number: str
    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a licence grants, demands, forbids, leaves open or defines, pinned to its clauses."""

    id: str
    kind: TermKind
    text: str
    """The term in our own words; a whole sentence, imperative for a condition."""
    pins: tuple[Pin, ...]
    actions: tuple[str, ...] = ()
    """For a permission: the actions that it grants (`any` for all)."""
    when: Predicate | None = None
    """When it applies; `None`: always."""
    about: tuple[str, ...] = ()
    display: tuple[str, ...] = ()
    """Exact strings to show or keep."""
    question: str | None = None
    """What to ask where it is open whether the term applies; else the vocabulary's own question."""
    fix: str | None = None
    """What change to the plan would avoid or satisfy the term."""
    supports: tuple[str, ...] = ()
    """Ids of terms that this one (a definition, an incorporation clause) is quoted along with."""
    low: bool = False
    """Boilerplate that every use meets without effort: never decides, quoted only when asked about."""

    @property
    def tests(self) -> tuple[Predicate, ...]:
        """The plain tests that its occasion consists of, in order; none where it always applies."""
        return tuple(self.when.plain()) if self.when else ()

    def turns_on(self, test: str) -> frozenset[str]:
        """Return the values that its tests of one name look for."""
        return frozenset(value for t in self.tests if t.name == test for value in t.values)


PERMISSIVE = frozenset({"permissive", "public_domain", "data_permissive"})
"""Categories of licences that let others put other terms on what they make."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The reviewed terms of one licence, as its file in `knowledge/data/licenses/` states them."""

    id: str
    name: str
    short: str
    """How a sentence calls it: `the Llama 3 licence`."""
    version: str | None
    publisher: str
    spdx: str | None
    category: str
    url: str
    aliases: tuple[str, ...]
    family: str | None
    supersedes: str | None
    documents: tuple[tuple[DocumentKind, str], ...]
    """The licence and what belongs to it, each with the key of its stored text."""
    terms: tuple[Term, ...]
    reviewed_by: str
    reviewed_on: str


@dataclass(frozen=True, slots=True)
class LicenseRecord:
    """A licence as it is stored: its profile, where each pin stands, and the facts of its texts."""

    profile: Profile
    quotes: dict[str, tuple[Quote | None, ...]]
    """Term id to one place a pin; `None` where the text is not on this machine."""
    curated: bool
    missing: tuple[str, ...] = ()
    """Keys of documents that are not on this machine."""
    source_urls: dict[str, str] = field(default_factory=dict)
    """Document key to its official address."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One version of a text with its clauses."""

    key: str
    kind: DocumentKind
    title: str
    text: str
    sha256: str
    source_url: str | None
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """What a search returns: a clause of a document, best first."""

    document_key: str
    clause: Clause
    position: int
    score: float


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One model, dataset or software; facts as in `knowledge/data/models/README.md`."""

    id: str
    name: str
    kind: str
    family: str
    publisher: str
    license: str | None
    license_state: str
    """`known`, `other` (some licence that we do not hold), `missing` (none is given) or `unknown`."""
    declared: str | None
    modality: tuple[str, ...]
    aliases: tuple[str, ...]
    cased: tuple[str, ...]
    source: str
    date: str
    as_of: str
    gated: bool
    closed: bool
    withdrawn: str | None
    note: str | None
    base: tuple[str, ...]
    trained_on: tuple[str, ...]
    components: dict[str, str]
    history: tuple[dict[str, str], ...]
    is_family: bool
    org: str | None = None
    listed: bool = False
    """Taken from a public list as it declares it; nobody looked at it by itself."""


@dataclass(frozen=True, slots=True)
class AmbiguousName:
    """A name that could mean several subjects with different terms, and how to ask which."""

    names: tuple[str, ...]
    question: str
    options: tuple[str, ...]
