"""The tables of the record. Ledger rows are only inserted, the database refuses the rest; names and free texts stand
beside them and can be erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Column, DateTime, Index, Text, event, text
from sqlmodel import Field, SQLModel

# Of rows that a precedent is looked for in, with every answer: they are few among many.
_CLOSED = text("kind = 'review_closed'")


class LedgerRow(SQLModel, table=True):
    """One thing that happened: a decision, or what became of it later. Each row's hash covers the one before it."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ix_ledger_kind_at", "kind", "at"),
        Index("ix_ledger_precedent", "place", "seq", sqlite_where=_CLOSED, postgresql_where=_CLOSED),
    )

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, description="1, 2, 3 … without a gap")
    id: str = Field(unique=True, description="the same however often one thing is delivered")
    kind: str = Field(index=True, description="`decision`, or a value of `EventKind`")
    at: str = Field(index=True, description="UTC, ISO 8601 with microseconds")
    decision_id: str = Field(index=True, description="a decision's own id, or that of the decision that it is about")
    person: str = Field(index=True, description="who asked or did it, under a pseudonym")
    place: str = Field(description="Slack channel, or cli")
    verdict: str = Field(index=True, description="of a decision; empty otherwise")
    head: str = Field(sa_column=Column(Text, nullable=False), description="what lists and figures need, canonical JSON")
    body: str = Field(sa_column=Column(Text, nullable=False), description="all of it, canonical JSON")
    before: str = Field(description="hash of the row before; 64 zeros in the first")
    hash: str = Field(description="over all columns above")


class LedgerMark(SQLModel, table=True):
    """Under which words a row is found: what it is about, what it rests on. Made from the rows, not part of them."""

    __tablename__ = "ledger_mark"
    __table_args__ = {"sqlite_with_rowid": False}

    name: str = Field(primary_key=True, description="`subject:` and an id, or `text:` and the hash of a cited text")
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, description="of the ledger row")


class Person(SQLModel, table=True):
    """Who stands behind a pseudonym. Without this row nobody knows."""

    __tablename__ = "person"

    pseudonym: str = Field(primary_key=True)
    name: str = Field(unique=True, description="`slack:TEAM:USER`, or cli:NAME")


class FreeText(SQLModel, table=True):
    """What people wrote, for one ledger row; the row holds a salted hash of it."""

    __tablename__ = "free_text"

    row_id: str = Field(primary_key=True, description="of the ledger row")
    salt: str
    content: str = Field(sa_column=Column(Text, nullable=False), description="canonical JSON")


class Anchor(SQLModel, table=True):
    """A head of the chain as it was given out: whoever kept it can tell whether rows behind it were cut off."""

    __tablename__ = "ledger_anchor"

    count: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, description="rows up to here")
    hash: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    signature: str = Field(description="Ed25519 over count, hash and time, base64; empty where there is no key")


def _insert_only(table: Any) -> None:
    """Have the database refuse to change or remove rows."""
    name, refusal = table.name, "SELECT RAISE(ABORT, 'the record is never changed')"
    rules = [f"{verb} BEFORE {verb} ON {name} BEGIN {refusal}; END" for verb in ("UPDATE", "DELETE")]
    # INSERT OR REPLACE removes a row without any DELETE trigger.
    same = f"SELECT 1 FROM {name} WHERE seq = NEW.seq OR id = NEW.id"  # noqa: S608 - the name is our own
    rules.append(f"REPLACE BEFORE INSERT ON {name} WHEN EXISTS ({same}) BEGIN {refusal}; END")
    for rule in rules:
        verb, _, then = rule.partition(" ")
        ddl = DDL(f"CREATE TRIGGER {name}_no_{verb.lower()} {then}")  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect="sqlite"))
    body = "BEGIN RAISE EXCEPTION 'the record is never changed'; END"
    function = f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
    verbs = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT"
    for statement in (function, f"CREATE TRIGGER {name}_no_change {verbs} EXECUTE FUNCTION {name}_refuse()"):
        ddl = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect="postgresql"))


_insert_only(SQLModel.metadata.tables["ledger"])
