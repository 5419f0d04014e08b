"""Writes and reads decisions. `record` is the only way in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Engine, func, insert, select

from bot.audit.models import Decision
from bot.model import Answer, Question
from knowledge.database import StoreError, translated


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


ANSWER = TypeAdapter(Answer)
"""Reads an answer back from its JSON."""


def _id_of(question: Question) -> str:
    if not question.key:
        return secrets.token_hex(8)
    return hashlib.sha256(f"decision\0{question.key}".encode()).hexdigest()[:16]


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
        try:
            with translated("writing the decision"), self._engine.begin() as connection:
                connection.execute(insert(Decision).values(**values))
        except StoreError:
            if question.key and (given := self.answer(answer.decision_id)):
                return given
            raise
        return answer

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
        table = Decision.__table__.c  # type: ignore[attr-defined]
        query = select(
            table.id, table.created_at, table.asker, table.channel, table.verdict, table.question, table.subjects,
            table.citations, table.knowledge_version, table.elapsed_ms,
        ).order_by(table.seq.desc()).limit(limit)  # fmt: skip
        for condition in (
            verdict and table.verdict == verdict,
            asker and table.asker == asker,
            since and table.created_at >= since,
            text and table.question.icontains(text, autoescape=True),
        ):
            if isinstance(condition, ColumnElement):
                query = query.where(condition)
        with translated("reading the decisions"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            DecisionLine(r.id, r.created_at, r.asker, r.channel, r.verdict, r.question,
                         tuple(s["name"] for s in r.subjects), len(r.citations), r.knowledge_version, r.elapsed_ms)
            for r in rows
        ]  # fmt: skip

    def show(self, decision_id: str) -> dict[str, Any] | None:
        """Return a whole decision as it was given, or `None`."""
        table = Decision.__table__.c  # type: ignore[attr-defined]
        with translated("reading the decision"), self._engine.connect() as connection:
            row = connection.execute(
                select(table.created_at, table.asker, table.channel, table.answer).where(table.id == decision_id)
            ).first()
        if row is None:
            return None
        return {"created_at": row.created_at.isoformat(), "asker": row.asker, "channel": row.channel, **row.answer}

    def count(self) -> int:
        """Return how many decisions there are."""

        with translated("counting the decisions"), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(Decision)).scalar_one()
