"""A company's policy as frozen values: its facts, its rules, and what lifts a rule or a licence's terms. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bot.model import Citation
from knowledge.models import DocumentKind

LICENSE = "company-policy"
"""What stands in place of a licence's id in a citation of the policy."""


class Then(StrEnum):
    """What a rule does."""

    DENY = "deny"
    APPROVAL = "approval"
    NOTE = "note"


class Distribution(StrEnum):
    """How the work gets to people."""

    INTERNAL = "internal"
    HOSTED = "hosted"
    PRODUCT = "product"
    WEIGHTS = "weights"


class ReliefKind(StrEnum):
    """What lifts: an exception lifts rules of the policy, a bought licence terms of the public licence."""

    EXCEPTION = "exception"
    LICENCE_BOUGHT = "licence bought"


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which something holds, the first and the last included."""

    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day is among them."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class When:
    """The occasion of a rule: every field that is not empty must hold, by any of its values."""

    licences: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    distribution: tuple[Distribution, ...] = ()
    commercial: bool | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the company."""

    id: str
    when: When
    then: Then
    reason: str
    owner: str
    citation: Citation
    """Its reason, as it stands in the file."""
    period: Period = field(default_factory=Period)


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a relief reaches; an empty field sets no limit."""

    actions: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    """Names, one of which the question has to say."""


@dataclass(frozen=True, slots=True)
class Relief:
    """An exception, or a licence that was bought. Of what it covers, every field that is not empty must hold."""

    kind: ReliefKind
    id: str
    reference: str
    owner: str
    citation: Citation
    """Its reason, or its reference where no reason is given, as it stands in the file."""
    rules: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    reason: str = ""
    period: Period = field(default_factory=Period)
    remind_days: int = 0


@dataclass(frozen=True, slots=True)
class Affiliate:
    """A company that belongs to the same group, with its own figures alone."""

    name: str
    figures: Mapping[str, float] = field(default_factory=dict)
    """By the names that facts of a use have (`mau`, `revenue_usd`)."""
    established_in: tuple[str, ...] = ()
    citations: Mapping[str, Citation] = field(default_factory=dict)
    """Name of the figure to its place in the file."""


@dataclass(frozen=True, slots=True)
class Company:
    """What holds for the whole company."""

    name: str
    as_of: date | None = None
    established_in: tuple[str, ...] = ()
    customers_in: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    affiliates: tuple[Affiliate, ...] = ()
    citations: Mapping[str, Citation] = field(default_factory=dict)
    """Name of the fact (`mau`, `region`, `markets`, …) to its place in the file."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy file. Citations are slices of `text`, whose hash they carry."""

    name: str
    """The file's name."""
    text: str = field(repr=False)
    sha256: str
    company: Company | None = None
    rules: tuple[Rule, ...] = ()
    licences_bought: tuple[Relief, ...] = ()
    exceptions: tuple[Relief, ...] = ()
    reviewed_by: str = ""
    reviewed_on: date | None = None


def citation(policy_text: str, sha256: str, clause: str, heading: str, span: tuple[int, int]) -> Citation:
    """Return a citation of the policy file; it is verified, as the quote is taken from the text itself."""
    start, end = span
    return Citation(
        license=LICENSE,
        document=DocumentKind.POLICY,
        clause=clause,
        heading=heading,
        quote=policy_text[start:end],
        verified=True,
        start=start,
        end=end,
        text_sha256=sha256,
        source_url=None,
    )
