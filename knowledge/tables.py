"""The SQL tables of what is known, through SQLModel. Texts are kept in every version; the newest is not superseded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, DateTime, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


class DocumentRow(SQLModel, table=True):
    """One version of one text."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("key", "sha256"), Index("ix_document_current", "key", "superseded_at"))

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(description="ScanCode key, mirror slug or name derived from a file")
    sha256: str = Field(index=True, description="of the stored text, UTF-8")
    kind: str
    title: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(description="scancode, mirror, web or path")
    source_url: str | None = None
    publisher: str | None = None
    version: str | None = None
    spdx: str | None = None
    category: str | None = None
    aliases: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    first_seen: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    superseded_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class ClauseRow(SQLModel, table=True):
    """One clause of one version of a text; offsets are characters into `document.text`."""

    __tablename__ = "clause"

    document_id: int = Field(primary_key=True, foreign_key="document.id")
    position: int = Field(primary_key=True, description="order in the text, from 0")
    number: str
    label: str
    kind: str
    heading: str
    depth: int
    parent: int | None = None
    start: int
    body_end: int
    end: int
    defines: str | None = None


class LicenseRow(SQLModel, table=True):
    """One licence: a reviewed profile with its pins resolved, or a bare text."""

    __tablename__ = "license"

    id: str = Field(primary_key=True)
    name: str
    profile: str = Field(description="curated or none")
    record: str = Field(sa_column=Column(Text, nullable=False), description="LicenseRecord as JSON")


class SubjectRow(SQLModel, table=True):
    """One model, dataset or software of the registry."""

    __tablename__ = "subject"

    id: str = Field(primary_key=True)
    kind: str
    name: str
    record: str = Field(sa_column=Column(Text, nullable=False), description="RegistryEntry as JSON")


class NameRow(SQLModel, table=True):
    """A name under which a subject or a licence is found; `key` is the normal form that look-ups compare."""

    __tablename__ = "name"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    shown: str
    kind: str = Field(description="license, model, dataset, software or ambiguous")
    target: str = Field(description="id of the licence or subject; of an ambiguous name, JSON")
    cased: bool = Field(default=False, description="found only in just this spelling")
    rank: int = Field(default=0, description="the lower one wins where two share a name")
    family: str = Field(default="", description="of a registry entry: the family that it belongs to")


class KnowledgeRow(SQLModel, table=True):
    """The one row that says which knowledge is in force."""

    __tablename__ = "knowledge"

    id: int = Field(default=1, primary_key=True)
    version: str
    manifest: str = Field(description="hash of all that went in; an equal one means there is nothing to do")
    segmentation: str = Field(description="hash of the code that divided the texts; another one divides them anew")
    data: str = Field(description="hash of the profiles and the registry that were in force")
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    documents: int
    clauses: int
    licenses: int
    subjects: int
