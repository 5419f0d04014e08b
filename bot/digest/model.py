"""The digest of one week as a frozen value; JSON by `Digest.to_json`. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from itertools import islice
from typing import Any, Generic, TypeVar

from bot.digest.rows import Integrity, Rating
from bot.digest.week import Week
from bot.model import Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The first of many, and how many there are in all."""

    shown: tuple[T, ...] = ()
    total: int = 0

    @classmethod
    def of(cls, values: Iterable[T], limit: int) -> Listed[T]:
        """Keep at most `limit` of the values and count them all."""
        found = iter(values)
        shown = tuple(islice(found, limit))
        return cls(shown, len(shown) + sum(1 for _ in found))

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.shown)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures of one week."""

    questions: int
    askers: int
    verdicts: Mapping[Verdict, int]
    """All five, also those that nobody got."""
    median_ms: float | None
    """Middle answer time, to three digits; none in a week without questions."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week, in the company's time zone."""

    date: date
    verdicts: Mapping[Verdict, int]


@dataclass(frozen=True, slots=True)
class WeekCount:
    """Questions of one week."""

    week: Week
    questions: int


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was asked about, and by how many people."""

    id: str
    name: str
    kind: str
    questions: int
    askers: int


@dataclass(frozen=True, slots=True)
class Review:
    """A decision that waits for legal."""

    decision_id: str
    question: str
    asker: str
    verdict: Verdict
    opened_at: datetime
    why: str
    due_at: datetime | None
    overdue: bool
    url: str


@dataclass(frozen=True, slots=True)
class Override:
    """A verdict that legal changed."""

    decision_id: str
    at: datetime
    by: str
    question: str
    before: Verdict
    after: Verdict
    reason: str
    expires: date | None


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked for and is not allowed: questions about the same subjects that the same rules bar."""

    subjects: tuple[str, ...]
    denied_by: tuple[str, ...]
    """The company's rules; empty where the licences bar it."""
    questions: int
    askers: int
    latest: str
    """The newest of the questions."""
    decision_id: str


@dataclass(frozen=True, slots=True)
class LowConfidence:
    """An answer that stands on little."""

    decision_id: str
    at: datetime
    asker: str
    question: str
    verdict: Verdict
    confidence: float


@dataclass(frozen=True, slots=True)
class ThumbDown:
    """What somebody found wrong with an answer."""

    decision_id: str
    at: datetime
    by: str
    question: str
    verdict: Verdict
    reasons: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Thumbs:
    """What people said of answers; of several words of one person on one answer the last thumb counts."""

    counts: Mapping[Rating, int]
    reasons: tuple[tuple[str, int], ...]
    """What was chosen as wrong, and how often, most frequent first."""
    down: Listed[ThumbDown]


@dataclass(frozen=True, slots=True)
class Lapsing:
    """An exception or a bought licence near its end."""

    name: str
    scope: str
    owner: str
    expires: date
    days_left: int
    """Full days after today; negative where it has lapsed."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A past decision that rests on a text which has changed."""

    decision_id: str
    at: datetime
    asker: str
    question: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A licence text that changed in the week."""

    id: str
    name: str
    document: str
    at: datetime
    url: str
    sha256_before: str
    sha256_after: str
    touched: Listed[Touched]


@dataclass(frozen=True, slots=True)
class Digest:
    """What legal should know of one week."""

    week: Week
    zone: str
    start: datetime
    end: datetime
    """First instant after the week."""
    made_at: datetime
    numbers: Numbers
    before: Numbers
    days: tuple[Day, ...]
    weeks: tuple[WeekCount, ...]
    """Eight weeks, oldest first; the last is this one."""
    reviews: Listed[Review]
    """Overdue ones first, then the oldest."""
    overdue: int
    refused: Listed[Refused]
    """Groups, most frequent first; `total` counts the groups."""
    denied: int
    """Questions that the company's rules deny."""
    overrides: Listed[Override]
    thumbs: Thumbs
    low_confidence: Listed[LowConfidence]
    changes: Listed[Change]
    touched: int
    """Past decisions that rest on the changed texts; one that two of them touch counts twice."""
    lapsing: Listed[Lapsing]
    gaps: Listed[Count]
    """Names that nothing is known of."""
    new_subjects: Listed[Count]
    models: Listed[Count]
    licenses: Listed[Count]
    integrity: Integrity | None

    @property
    def is_empty(self) -> bool:
        """Whether nobody asked anything."""
        return not self.numbers.questions

    @property
    def is_running(self) -> bool:
        """Whether the week was not over when the digest was made."""
        return self.made_at < self.end

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON: fields by name, moments in ISO 8601 and UTC, weeks as `2026-W47`."""
        found: dict[str, Any] = _plain(self)
        return found


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, Week):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Week) else value
