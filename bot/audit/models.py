"""The tables of decisions and of what happened to them later. Rows are only inserted; the database refuses the rest."""

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


class DecisionEvent(SQLModel, table=True):
    """One thing that happened to a decision after it was given: feedback, a review asked for, a share."""

    __tablename__ = "decision_event"

    seq: int | None = Field(default=None, primary_key=True, description="order of writing")
    id: str = Field(index=True, unique=True, description="the same however often one event is delivered")
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
    decision_id: str = Field(index=True)
    kind: str = Field(index=True, description="a value of `EventKind`")
    actor: str = Field(index=True, description="Slack user, or cli")
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


def _insert_only(table: Any) -> None:
    """Have the database refuse to change or remove rows."""
    name, refusal = table.name, "SELECT RAISE(ABORT, 'decisions are never changed')"
    rules = [f"{verb} BEFORE {verb} ON {name} BEGIN {refusal}; END" for verb in ("UPDATE", "DELETE")]
    # INSERT OR REPLACE removes a row without any DELETE trigger.
    same = f"SELECT 1 FROM {name} WHERE seq = NEW.seq OR id = NEW.id"  # noqa: S608 - the name is our own
    rules.append(f"REPLACE BEFORE INSERT ON {name} WHEN EXISTS ({same}) BEGIN {refusal}; END")
    for rule in rules:
        verb, _, then = rule.partition(" ")
        ddl = DDL(f"CREATE TRIGGER {name}_no_{verb.lower()} {then}")  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect="sqlite"))
    body = "BEGIN RAISE EXCEPTION 'decisions are never changed'; END"
    function = f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
    verbs = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT"
    for statement in (function, f"CREATE TRIGGER {name}_no_change {verbs} EXECUTE FUNCTION {name}_refuse()"):
        ddl = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect="postgresql"))


for _table in (Decision, DecisionEvent):
    _insert_only(SQLModel.metadata.tables[str(_table.__tablename__)])
