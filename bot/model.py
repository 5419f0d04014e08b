"""Questions, uses and answers as frozen values; JSON exactly as `answers.md`'s contract has it. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from knowledge.models import DocumentKind

_NO_FACTS: Mapping[str, Any] = MappingProxyType({})


class Verdict(StrEnum):
    """The five verdicts, in the contract's words."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    PROHIBITED = "prohibited"
    NEEDS_REVIEW = "needs_review"
    UNKNOWN = "unknown"

    @property
    def strictness(self) -> int:
        """0 for `allowed` up to 4 for `prohibited`; of several parts of a question the strictest decides."""
        return _STRICTNESS[self]


_STRICTNESS = {
    Verdict.ALLOWED: 0,
    Verdict.CONDITIONAL: 1,
    Verdict.UNKNOWN: 2,
    Verdict.NEEDS_REVIEW: 3,
    Verdict.PROHIBITED: 4,
}


LOW_CONFIDENCE = 0.75
"""Of an answer; below it a lawyer looks at what was said: 9 of 531 decided questions of our own sets (2026-11)."""


@dataclass(frozen=True, slots=True)
class Use:
    """What the asker wants to do, in the vocabulary of `use.md`."""

    actions: tuple[str, ...] = ()
    commercial: bool | None = None
    """`None` where the question leaves it open."""
    domain: str | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: _NO_FACTS)
    """Numbers and conditions that the question states (`mau`, `revenue_usd`, `region`, ...)."""

    def to_json(self) -> dict[str, Any]:
        """Return the contract's `use`."""
        return {
            "actions": list(self.actions),
            "commercial": self.commercial,
            "domain": self.domain,
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Named:
    """A subject as somebody named it, before it is looked up."""

    name: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the text, who asks where, what was asked before in the thread, and a filled form, if any."""

    text: str
    asker: str = "cli"
    channel: str = "cli"
    context: tuple[str, ...] = ()
    """Earlier questions of the same thread, oldest first."""
    subjects: tuple[Named, ...] | None = None
    """Given by a form or a batch row; then taken as given."""
    use: Use | None = None
    """Given by a form or a batch row; then taken as given."""
    key: str = ""
    """What is the same each time that one question is answered anew after a breakdown: it gets one decision only."""


@dataclass(frozen=True, slots=True)
class LicenseRef:
    """A licence as an answer lists it."""

    id: str
    name: str
    spdx: str | None = None
    version: str | None = None
    source_url: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the contract's licence of a subject."""
        return {
            "id": self.id,
            "name": self.name,
            "spdx": self.spdx,
            "version": self.version,
            "source_url": self.source_url,
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """A model, dataset, licence or software that the question is about, with what governs it."""

    kind: str
    id: str
    name: str
    licenses: tuple[LicenseRef, ...]
    inherited_from: tuple[str, ...] = ()
    """Base models whose terms come along, nearest first."""
    as_of: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the contract's subject."""
        return {
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "licenses": [ref.to_json() for ref in self.licenses],
            "inherited_from": list(self.inherited_from),
            "as_of": self.as_of,
        }


@dataclass(frozen=True, slots=True)
class Citation:
    """A quoted clause: `quote == text[start:end]` of the text whose hash is `text_sha256`, if `verified`."""

    license: str
    document: DocumentKind
    clause: str
    heading: str
    quote: str | None
    verified: bool
    start: int | None
    end: int | None
    text_sha256: str | None
    source_url: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the contract's citation."""
        return {
            "license": self.license,
            "document": self.document.value,
            "clause": self.clause,
            "heading": self.heading,
            "quote": self.quote,
            "verified": self.verified,
            "start": self.start,
            "end": self.end,
            "text_sha256": self.text_sha256,
            "source_url": self.source_url,
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and the citations (positions in the answer's list) that carry it."""

    text: str
    citations: tuple[int, ...]
    license: str = ""
    term: str = ""
    """Id of the profile's term, for audit rows and reviews; empty where no profile stands behind it."""

    def to_json(self) -> dict[str, Any]:
        """Return the contract's statement."""
        return {"text": self.text, "citations": list(self.citations), "license": self.license, "term": self.term}


@dataclass(frozen=True, slots=True)
class Guidance:
    """Advice in our own words, ranked below the licence texts."""

    title: str
    text: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return the contract's guidance."""
        return {"title": self.title, "text": self.text, "source": self.source}


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something of the registry that serves the same need under easier terms."""

    id: str
    name: str
    license: str
    license_name: str
    verdict: Verdict
    """What the same rules say of the same use under its licence."""

    def to_json(self) -> dict[str, Any]:
        """Return the alternative as an answer lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "license": self.license,
            "license_name": self.license_name,
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True, slots=True)
class Precedent:
    """What legal decided of the same question (subjects and use, not the wording) before."""

    decision_id: str
    """The decision that was reviewed."""
    verdict: Verdict
    reason: str
    by: str
    """As the record names people; a pseudonym where the name was erased."""
    on: str
    """Date, ISO 8601."""
    expires: str
    """Date, ISO 8601; empty where it holds for good."""
    license_verdict: Verdict
    """What the texts alone come to today."""

    def to_json(self) -> dict[str, Any]:
        """Return the precedent as an answer shows it."""
        return {
            "decision_id": self.decision_id, "verdict": self.verdict.value, "reason": self.reason, "by": self.by,
            "on": self.on, "expires": self.expires, "license_verdict": self.license_verdict.value,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompanyPolicy:
    """What the company's own policy makes of an answer, apart from what the licences say."""

    verdict: Verdict
    """What its rules come to by themselves; `allowed` where none stands against the use."""
    license_verdict: Verdict
    """What the licences come to by themselves."""
    relieved_verdict: Verdict
    """What they come to together with the licences that the company bought."""
    statements: tuple[Statement, ...] = ()
    """Rules, exceptions and bought licences that speak of it; `term` is their id."""
    facts: tuple[Statement, ...] = ()
    """Facts of the company that the question left out and the licences turn on; `term` is the fact's name."""
    rules: tuple[str, ...] = ()
    """Ids of the rules that hit and are not lifted."""
    denied_by: tuple[str, ...] = ()
    """Ids of those of them that bar the use."""
    name: str = ""
    """Of the file."""
    text_sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the policy's part as an answer shows it."""
        return {
            "verdict": self.verdict.value,
            "license_verdict": self.license_verdict.value,
            "relieved_verdict": self.relieved_verdict.value,
            "statements": [s.to_json() for s in self.statements],
            "facts": [s.to_json() for s in self.facts],
            "rules": list(self.rules),
            "denied_by": list(self.denied_by),
            "name": self.name,
            "text_sha256": self.text_sha256,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on a use, with every statement tied to its clauses."""

    question: str
    verdict: Verdict
    summary: str
    subjects: tuple[Subject, ...] = ()
    use: Use = field(default_factory=Use)
    permissions: tuple[Statement, ...] = ()
    conditions: tuple[Statement, ...] = ()
    prohibitions: tuple[Statement, ...] = ()
    unclear: tuple[Statement, ...] = ()
    """Points on which the texts are silent, ambiguous or at odds: what a lawyer should look at."""
    notes: tuple[Statement, ...] = ()
    """What else the question asked about: definitions, terms that do not apply here, warranty and the like."""
    open_questions: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    guidance: tuple[Guidance, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    policy: CompanyPolicy | None = None
    """Where the company has one; then `verdict` is the stricter of both."""
    precedent: Precedent | None = None
    """Then `verdict` is the precedent's; what the texts say stands beside it as ever."""
    unknown_names: tuple[str, ...] = ()
    """Names in the question that nothing is known of, as they were written."""
    confidence: float = 0.0
    written_by: str = "rules"
    decision_id: str = ""
    knowledge_version: str = ""
    elapsed_ms: float = 0.0

    @property
    def license_verdict(self) -> Verdict:
        """What the licences come to by themselves, whatever policy and precedents say."""
        if self.policy:
            return self.policy.license_verdict
        return self.precedent.license_verdict if self.precedent else self.verdict

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Everything that it states, each with its citations."""
        company = (*self.policy.statements, *self.policy.facts) if self.policy else ()
        return (
            *self.permissions, *self.conditions, *self.prohibitions, *self.unclear, *self.notes, *company,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return the contract's answer (without `id`, which belongs to a batch row)."""
        return {
            "question": self.question,
            "verdict": self.verdict.value,
            "summary": self.summary,
            "subjects": [s.to_json() for s in self.subjects],
            "use": self.use.to_json(),
            "permissions": [s.to_json() for s in self.permissions],
            "conditions": [s.to_json() for s in self.conditions],
            "prohibitions": [s.to_json() for s in self.prohibitions],
            "unclear": [s.to_json() for s in self.unclear],
            "notes": [s.to_json() for s in self.notes],
            "open_questions": list(self.open_questions),
            "citations": [c.to_json() for c in self.citations],
            "guidance": [g.to_json() for g in self.guidance],
            "alternatives": [a.to_json() for a in self.alternatives],
            "confidence": self.confidence,
            "written_by": self.written_by,
            "decision_id": self.decision_id,
            "knowledge_version": self.knowledge_version,
            "elapsed_ms": self.elapsed_ms,
            **({"unknown_names": list(self.unknown_names)} if self.unknown_names else {}),
            **({"policy": self.policy.to_json()} if self.policy else {}),
            **({"precedent": self.precedent.to_json()} if self.precedent else {}),
        }
