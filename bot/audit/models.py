"""The tables of decisions. Rows are only ever inserted; the database itself refuses the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, JSON, Column, DateTime, Text, event
from sqlmodel import Field, SQLModel


class Decision(SQLModel, table=True):
    """One answer to one question, frozen as it was given."""

    __tablename__ = "decision"

    seq: int | None = Field(default=None, primary_key=True, description="order of writing")
    id: str = Field(index=True, unique=True, description="what the answer shows as decision_id")
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
    asker: str = Field(description="Slack user, or cli")
    channel: str
    question: str = Field(sa_column=Column(Text, nullable=False))
    context: list[str] = Field(sa_column=Column(JSON, nullable=False), description="earlier questions of the thread")
    use: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False), description="the use as it was understood")
    subjects: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    verdict: str = Field(index=True)
    citations: list[dict[str, Any]] = Field(
        sa_column=Column(JSON, nullable=False), description="quotes with offsets and the hash of the text they are from"
    )
    answer: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False), description="the whole answer as it was given"
    )
    confidence: float
    knowledge_version: str
    program_version: str
    written_by: str = Field(description="rules, or the provider:model that worded it")
    elapsed_ms: float = Field(description="from the question to the moment of writing this row")


for _operation in ("UPDATE", "DELETE"):
    event.listen(
        Decision.__table__,  # type: ignore[attr-defined]
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER decision_no_{_operation.lower()} BEFORE {_operation} ON decision "
            "BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END"
        ).execute_if(dialect="sqlite"),
    )

event.listen(
    Decision.__table__,  # type: ignore[attr-defined]
    "after_create",
    # INSERT OR REPLACE removes a row without any DELETE trigger.
    DDL(  # type: ignore[no-untyped-call]
        "CREATE TRIGGER decision_no_replace BEFORE INSERT ON decision "
        "WHEN EXISTS (SELECT 1 FROM decision WHERE seq = NEW.seq OR id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END"
    ).execute_if(dialect="sqlite"),
)
