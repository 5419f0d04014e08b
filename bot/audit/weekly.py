"""Reads of the record what a week needs: its decisions, what happened to decisions in it, what was known before."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, func, select

from bot.audit.log import DECISION, EventKind, question_of, said_of, stamp
from bot.audit.models import FreeText, LedgerMark, LedgerRow
from knowledge.database import translated

_ROWS = LedgerRow.__table__  # type: ignore[attr-defined]
_TEXTS = FreeText.__table__  # type: ignore[attr-defined]
_MARKS = LedgerMark.__table__  # type: ignore[attr-defined]
_WITH_TEXTS = _ROWS.outerjoin(_TEXTS, _TEXTS.c.row_id == _ROWS.c.id)
_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as the record has it, its asker under a pseudonym."""

    id: str
    at: datetime
    person: str
    place: str
    verdict: str
    question: str
    head: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a decision, and that decision's question and verdict."""

    decision_id: str
    kind: str
    at: datetime
    person: str
    body: Mapping[str, Any]
    question: str
    verdict: str


class Weekly:
    """The reader of one database. Moments are aware; a span is from its first (included) to its last (excluded)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def decisions(self, start: datetime, end: datetime) -> Iterator[Decision]:
        """Return the decisions of a span in the order in which they were written down."""
        columns = (*(_ROWS.c[n] for n in ("id", "at", "person", "place", "verdict", "head")), _TEXTS.c.content)
        query = select(*columns).select_from(_WITH_TEXTS).where(*_within(start, end)).order_by(_ROWS.c.at)
        return (_decision(row) for row in self._rows(query))

    def numbers(self, start: datetime, end: datetime) -> Iterator[tuple[str, str, float]]:
        """Return person, verdict and milliseconds of each decision of a span."""
        query = select(_ROWS.c.person, _ROWS.c.verdict, _ROWS.c.head).where(*_within(start, end))
        return ((row.person, row.verdict, json.loads(row.head)["elapsed_ms"]) for row in self._rows(query))

    def count(self, start: datetime, end: datetime) -> int:
        """Return how many decisions there are in a span."""
        query = select(func.count()).select_from(_ROWS).where(*_within(start, end))
        with translated("counting the decisions"), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def happenings(self, start: datetime, end: datetime, kinds: Collection[EventKind]) -> Sequence[Happening]:
        """Return what happened to decisions in a span, oldest first."""
        decided, asked = _ROWS.alias("decided"), _TEXTS.alias("asked")
        tables = _WITH_TEXTS.join(decided, decided.c.id == _ROWS.c.decision_id)
        query = (
            select(
                *(_ROWS.c[n] for n in ("decision_id", "kind", "at", "person", "body")), _TEXTS.c.content,
                decided.c.verdict.label("decided"), asked.c.content.label("asked"),
            )
            .select_from(tables.outerjoin(asked, asked.c.row_id == decided.c.id))
            .where(_ROWS.c.kind.in_([k.value for k in kinds]), *_in_span(start, end))
            .order_by(_ROWS.c.seq)
        )  # fmt: skip
        return [
            Happening(
                row.decision_id, row.kind, datetime.fromisoformat(row.at), row.person, said_of(row),
                question_of(row.asked), row.decided,
            )
            for row in self._rows(query)
        ]  # fmt: skip

    def resting_on(self, text_sha256: str, limit: int) -> Iterator[Decision]:
        """Return the decisions that cite a text, newest first."""
        columns = (*(_ROWS.c[n] for n in ("id", "at", "person", "place", "verdict", "head")), _TEXTS.c.content)
        query = (
            select(*columns)
            .select_from(_WITH_TEXTS.join(_MARKS, _MARKS.c.seq == _ROWS.c.seq))
            .where(_MARKS.c.name == f"text:{text_sha256}")
            .order_by(_MARKS.c.seq.desc())
            .limit(limit)
        )
        return (_decision(row) for row in self._rows(query))

    def count_resting_on(self, text_sha256: str) -> int:
        """Return how many decisions cite a text."""
        query = select(func.count()).select_from(_MARKS).where(_MARKS.c.name == f"text:{text_sha256}")
        with translated("counting the decisions"), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def asked_before(self, moment: datetime, subjects: Collection[str]) -> frozenset[str]:
        """Return those of the subjects (ids) that any decision before a moment was about."""
        first = select(func.min(_ROWS.c.seq)).where(_ROWS.c.kind == DECISION, _ROWS.c.at >= stamp(moment))
        with translated("reading what was asked before"), self._engine.connect() as connection:
            since = connection.execute(first).scalar()
            found = []
            for subject in subjects:
                query = select(func.min(_MARKS.c.seq)).where(_MARKS.c.name == f"subject:{subject}")
                earliest = connection.execute(query).scalar()
                if earliest is not None and (since is None or earliest < since):
                    found.append(subject)
        return frozenset(found)

    def begins(self) -> datetime | None:
        """Return the moment of the oldest row; `None` for an empty record."""
        query = select(func.min(_ROWS.c.at))
        with translated("reading the record"), self._engine.connect() as connection:
            at = connection.execute(query).scalar()
        return datetime.fromisoformat(at) if at else None

    def _rows(self, query: Select[Any]) -> Iterator[Any]:
        with (
            translated("reading the record"),
            self._engine.connect() as connection,
            connection.execution_options(yield_per=_PAGE).execute(query) as found,
        ):
            yield from found


def _within(start: datetime, end: datetime) -> tuple[Any, ...]:
    return (_ROWS.c.kind == DECISION, *_in_span(start, end))


def _in_span(start: datetime, end: datetime) -> tuple[Any, ...]:
    return (_ROWS.c.at >= stamp(start), _ROWS.c.at < stamp(end))


def _decision(row: Any) -> Decision:
    at, question = datetime.fromisoformat(row.at), question_of(row.content)
    return Decision(row.id, at, row.person, row.place, row.verdict, question, json.loads(row.head))
