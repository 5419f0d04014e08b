"""What a digest is made from: plain rows that the audit side, the reviews and the policy deliver. Moments are aware."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from bot.digest.week import Week
from bot.model import LOW_CONFIDENCE, Verdict


class Counted(Protocol):
    """As much of a decision as the numbers of a week need."""

    @property
    def asker(self) -> str:
        """Who asked: the same text for the same person."""
        ...

    @property
    def verdict(self) -> Verdict:
        """What was answered."""
        ...

    @property
    def elapsed_ms(self) -> float:
        """From the question to the row."""
        ...


@dataclass(frozen=True, slots=True)
class CountedRow:
    """A decision of the week before."""

    asker: str
    verdict: Verdict
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Thing:
    """A model, dataset, software or licence that a decision is about."""

    id: str
    name: str
    kind: str = "model"


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision of the week."""

    id: str
    at: datetime
    asker: str
    channel: str
    question: str
    verdict: Verdict
    """What was answered: the stricter of licence and policy."""
    confidence: float
    elapsed_ms: float
    subjects: tuple[Thing, ...] = ()
    licenses: tuple[Thing, ...] = ()
    """What governs the subjects, base models' terms included."""
    unknown: tuple[str, ...] = ()
    """Names in the question that nothing is known of, as they were written."""
    denied_by: tuple[str, ...] = ()
    """Ids of the company's rules that deny the use; empty where only the licences decided."""


class Rating(StrEnum):
    """A thumb."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """One thing that somebody said of an answer; a thumb and the reasons for it are two rows."""

    decision_id: str
    at: datetime
    actor: str
    rating: Rating
    question: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """A verdict that legal changed in the week."""

    decision_id: str
    at: datetime
    by: str
    question: str
    before: Verdict
    after: Verdict
    reason: str
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A decision that waits for legal now, from whichever week."""

    decision_id: str
    question: str
    asker: str
    verdict: Verdict
    opened_at: datetime
    why: str = ""
    """What opened it, in a few words: `asked for`, `thumb down`, `low confidence`."""
    due_at: datetime | None = None
    url: str = ""
    """Where to decide it."""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A bought licence or an exception that lapses soon or has lapsed."""

    name: str
    scope: str
    owner: str
    expires: date
    """Its last day."""


@dataclass(frozen=True, slots=True)
class TouchedRow:
    """A past decision that cites a text which has changed since."""

    decision_id: str
    at: datetime
    asker: str
    question: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A licence text of which a new version was taken in during the week."""

    license: Thing
    document: str
    """Which of its texts, in a few words: `licence`, `acceptable use policy`."""
    at: datetime
    url: str = ""
    sha256_before: str = ""
    sha256_after: str = ""
    touched: Iterable[TouchedRow] = ()
    """Decisions that cite the old version, newest first; read once."""
    touched_in_all: int | None = None
    """How many there are, where `touched` are only the newest."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """What checking the audit table gave, and the anchor that shows a missing end later."""

    checked_at: datetime
    rows: int
    head: str
    """Hash of the last row, in hex; empty for an empty table."""
    fault: str = ""
    """The first bad row and what is wrong with it, as a sentence; empty where the chain holds."""
    signature: str = ""
    key: str = ""
    """Which key signed it."""
    checked_from: int = 1
    """First row that was looked at: the rows before it were in order when an earlier anchor was given out."""

    @property
    def holds(self) -> bool:
        """Whether every row is as it was written."""
        return not self.fault


def _nobody() -> Mapping[Week, int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that one digest is made of. What is iterable is read once, in its order."""

    decisions: Iterable[DecisionRow]
    """Those of the week, in any order."""
    before: Iterable[Counted] = ()
    """Those of the week before."""
    earlier: Mapping[Week, int] = field(default_factory=_nobody)
    """How many questions there were in each of the weeks before; a week that is missing had none."""
    reviews: Iterable[ReviewRow] = ()
    overrides: Iterable[OverrideRow] = ()
    feedback: Iterable[FeedbackRow] = ()
    exceptions: Iterable[ExceptionRow] = ()
    changes: Iterable[ChangeRow] = ()
    integrity: Integrity | None = None
    """None where the table was not checked; the digest says so."""
    asked_before: Container[str] = frozenset()
    """Ids of subjects that were asked about in any week before; asked once for each subject of the week."""
    name_of: Callable[[str], str] = str
    """Turns an asker or actor into what readers know them by; asked only for those that are shown."""
    low_confidence: float = LOW_CONFIDENCE
    """Answers below it are low; those that decide nothing do not count."""
