"""Writes and reads decisions and what happened to them later. `record` and `note` are the only ways in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Engine, exists, func, select

from bot.audit.models import Decision, DecisionEvent
from bot.model import Answer, Question
from knowledge.database import StoreError, insert_once, translated


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision as a list shows it."""

    id: str
    created_at: datetime
    asker: str
    channel: str
    verdict: str
    question: str
    subjects: tuple[str, ...]
    citations: int
    knowledge_version: str
    elapsed_ms: float

    def to_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "id": self.id,
            "created_at": self.created_at.isoformat(),
            "asker": self.asker,
            "channel": self.channel,
            "verdict": self.verdict,
            "question": self.question,
            "subjects": list(self.subjects),
            "citations": self.citations,
            "knowledge_version": self.knowledge_version,
            "elapsed_ms": self.elapsed_ms,
        }


class EventKind(StrEnum):
    """What can happen to a decision after it was given."""

    FEEDBACK = "feedback"
    """Somebody pressed a thumb, or said what is wrong; the body holds `rating`, or `reasons` and `text`."""
    REVIEW_OPENED = "review_opened"
    """Somebody asked legal."""
    REVIEW_CLOSED = "review_closed"
    SUPERSEDED = "superseded"
    """The question was changed; the body holds the new decision as `by`."""
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class DecisionNote:
    """One thing that happened to a decision."""

    decision_id: str
    kind: str
    actor: str
    created_at: datetime
    body: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return {
            "kind": self.kind, "actor": self.actor, "created_at": self.created_at.isoformat(), "body": dict(self.body)
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenReview:
    """A decision that waits for legal."""

    decision: DecisionLine
    opened_by: str
    opened_at: datetime


ANSWER = TypeAdapter(Answer)
"""Reads an answer back from its JSON."""


def _id_of(question: Question) -> str:
    if not question.key:
        return secrets.token_hex(8)
    return hashlib.sha256(f"decision\0{question.key}".encode()).hexdigest()[:16]


_DECISIONS = Decision.__table__  # type: ignore[attr-defined]
_EVENTS = DecisionEvent.__table__  # type: ignore[attr-defined]
_LINE = tuple(
    _DECISIONS.c[name]
    for name in ("id", "created_at", "asker", "channel", "verdict", "question", "subjects", "citations",
                 "knowledge_version", "elapsed_ms")
)  # fmt: skip


def _line(row: Any) -> DecisionLine:
    names = tuple(s["name"] for s in row.subjects)
    return DecisionLine(row.id, row.created_at, row.asker, row.channel, row.verdict, row.question, names,
                        len(row.citations), row.knowledge_version, row.elapsed_ms)  # fmt: skip


class AuditLog:
    """The decisions of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._program = version("clausebot")

    def record(self, question: Question, answer: Answer) -> Answer:
        """Write the decision and return the answer with its id; raises `StoreError`, and then nothing may be shown.

        A question with a key that has its decision already gets that answer, not this one.
        """
        answer = replace(answer, decision_id=_id_of(question))
        values = {
            "id": answer.decision_id,
            "created_at": datetime.now(UTC),
            "asker": question.asker,
            "channel": question.channel,
            "question": question.text,
            "context": list(question.context),
            "use": answer.use.to_json(),
            "subjects": [s.to_json() for s in answer.subjects],
            "verdict": answer.verdict.value,
            "citations": [c.to_json() for c in answer.citations],
            "answer": answer.to_json(),
            "confidence": answer.confidence,
            "knowledge_version": answer.knowledge_version,
            "program_version": self._program,
            "written_by": answer.written_by,
            "elapsed_ms": answer.elapsed_ms,
        }
        if insert_once(self._engine, Decision, "writing the decision", **values):
            return answer
        given = self.answer(answer.decision_id) if question.key else None
        if given is None:
            raise StoreError("The decision could not be written; ask again.")
        return given

    def answer(self, decision_id: str) -> Answer | None:
        """Return the answer of a decision as it was given, or `None`."""
        shown = self.show(decision_id)
        return ANSWER.validate_python(shown) if shown else None

    def list(
        self,
        *,
        limit: int = 20,
        verdict: str | None = None,
        asker: str | None = None,
        since: datetime | None = None,
        text: str | None = None,
    ) -> Sequence[DecisionLine]:
        """Return decisions, newest first, that meet every given filter."""
        table = _DECISIONS.c
        query = select(*_LINE).order_by(table.seq.desc()).limit(limit)
        for condition in (
            verdict and table.verdict == verdict,
            asker and table.asker == asker,
            since and table.created_at >= since,
            text and table.question.icontains(text, autoescape=True),
        ):
            if isinstance(condition, ColumnElement):
                query = query.where(condition)
        with translated("reading the decisions"), self._engine.connect() as connection:
            return [_line(row) for row in connection.execute(query)]

    def show(self, decision_id: str) -> dict[str, Any] | None:
        """Return a whole decision as it was given, or `None`."""
        table = _DECISIONS.c
        with translated("reading the decision"), self._engine.connect() as connection:
            row = connection.execute(
                select(table.created_at, table.asker, table.channel, table.answer).where(table.id == decision_id)
            ).first()
        if row is None:
            return None
        return {"created_at": row.created_at.isoformat(), "asker": row.asker, "channel": row.channel, **row.answer}

    # -- what happened later -----------------------------------------------------------------------------------------

    def note(self, decision_id: str, kind: EventKind, actor: str, body: Mapping[str, Any], *, key: str) -> bool:
        """Write down what happened to a decision; return false where it stands there under this key already."""
        values = {
            "id": key, "created_at": datetime.now(UTC), "decision_id": decision_id, "kind": kind.value, "actor": actor,
            "body": dict(body),
        }  # fmt: skip
        return insert_once(self._engine, DecisionEvent, "writing what happened to a decision", **values)

    def notes(self, decision_id: str) -> Sequence[DecisionNote]:
        """Return what happened to a decision, oldest first."""
        columns = (_EVENTS.c[name] for name in DecisionNote.__dataclass_fields__)
        query = select(*columns).where(_EVENTS.c.decision_id == decision_id).order_by(_EVENTS.c.seq)
        with translated("reading what happened to a decision"), self._engine.connect() as connection:
            return [DecisionNote(*row) for row in connection.execute(query)]

    def open_reviews(self, *, asker: str | None = None, limit: int = 20) -> Sequence[OpenReview]:
        """Return what waits for legal, oldest first: all of it, or one asker's."""
        closed = _EVENTS.alias()
        is_closed = exists().where(
            closed.c.decision_id == _EVENTS.c.decision_id,
            closed.c.kind == EventKind.REVIEW_CLOSED.value,
            closed.c.seq > _EVENTS.c.seq,
        )
        query = (
            select(*_LINE, _EVENTS.c.actor.label("opened_by"), _EVENTS.c.created_at.label("opened_at"))
            .join_from(_EVENTS, _DECISIONS, _EVENTS.c.decision_id == _DECISIONS.c.id)
            .where(_EVENTS.c.kind == EventKind.REVIEW_OPENED.value, ~is_closed)
            .order_by(_EVENTS.c.seq)
            .limit(limit)
        )
        if asker is not None:
            query = query.where(_DECISIONS.c.asker == asker)
        with translated("reading the reviews"), self._engine.connect() as connection:
            return [OpenReview(_line(row), row.opened_by, row.opened_at) for row in connection.execute(query)]

    def count(self) -> int:
        """Return how many decisions there are."""

        with translated("counting the decisions"), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(Decision)).scalar_one()
