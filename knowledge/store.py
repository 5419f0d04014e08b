"""The read side of what is known: licences, texts and names from SQL, kept in memory once read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from knowledge.database import translated
from knowledge.errors import KnowledgeError
from knowledge.models import (
    Clause,
    ClauseKind,
    DocumentKind,
    LicenseRecord,
    RegistryEntry,
    StoredDocument,
)
from knowledge.tables import ClauseRow, DocumentRow, KnowledgeRow, LicenseRow, NameRow, SubjectRow

LICENSE_JSON = TypeAdapter(LicenseRecord)
SUBJECT_JSON = TypeAdapter(RegistryEntry)


class NoKnowledgeError(KnowledgeError):
    """Nothing has been ingested yet."""


@dataclass(frozen=True, slots=True)
class KnowledgeState:
    """Which knowledge is in force."""

    version: str
    manifest: str
    segmentation: str
    data: str
    updated_at: datetime
    documents: int
    clauses: int
    licenses: int
    subjects: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name under which something is found."""

    key: str
    shown: str
    kind: str
    target: str
    cased: bool
    rank: int
    family: str


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A text that another version took the place of."""

    key: str
    kind: DocumentKind
    title: str
    sha256: str
    sha256_after: str | None
    """Of the version in force now; none where the text is gone."""
    source_url: str | None
    at: datetime


class KnowledgeStore:
    """Reads one knowledge version; `refresh` follows a switch to a newer one. Safe for use by several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._license = lru_cache(maxsize=512)(self._read_license)
        self._document = lru_cache(maxsize=256)(self._read_document)
        self._subject = lru_cache(maxsize=2048)(self._read_subject)
        self._text = lru_cache(maxsize=256)(self._read_text)
        self._names: tuple[Name, ...] | None = None
        self._families: dict[str, list[LicenseRecord]] | None = None
        self._state: KnowledgeState | None = None

    @property
    def state(self) -> KnowledgeState:
        """The knowledge in force; raises `NoKnowledgeError` before the first ingestion."""
        if self._state is None:
            found = self.current_state()
            if found is None:
                raise NoKnowledgeError("There is no knowledge base yet; run `clausebot ingest`.")
            self._state = found
        return self._state

    def current_state(self) -> KnowledgeState | None:
        """Read the knowledge in force, past any cache."""
        with translated("reading the knowledge base"), self._engine.connect() as connection:
            row = connection.execute(select(*_columns(KnowledgeRow, KnowledgeState))).first()
        return KnowledgeState(*row) if row else None

    def refresh(self) -> bool:
        """Forget what was read if another version is in force by now; return whether one is."""
        changed = self._state is None or self.current_state() != self._state
        if changed:
            self._state, self._names, self._families = None, None, None
            for cached in (self._license, self._document, self._subject):
                cached.cache_clear()
        return changed

    def license(self, key: str) -> LicenseRecord:
        """Return a licence by its id; raises `KeyError`."""
        return self._license(key)

    def document(self, key: str) -> StoredDocument:
        """Return the newest version of a text with its clauses; raises `KeyError`."""
        return self._document(key)

    def texts(self, hashes: Iterable[str]) -> dict[str, str]:
        """Return the stored texts with these hashes, read and hashed once a process."""
        return {h: t for h in hashes if (t := self._text(h)) is not None}

    def subject(self, key: str) -> RegistryEntry:
        """Return a model, dataset or software by its id; raises `KeyError`."""
        return self._subject(key)

    def name_of(self, key: str) -> str:
        """Return how an answer calls a registry entry or a licence; raises `KeyError`."""
        try:
            return self.subject(key).name
        except KeyError:
            return self.license(key).profile.name

    def names(self) -> tuple[Name, ...]:
        """Return every name, in a stable order."""
        if self._names is None:
            with translated("reading the names"), self._engine.connect() as connection:
                rows = connection.execute(select(*_columns(NameRow, Name)).order_by(col(NameRow.id)))
                self._names = tuple(Name(*row) for row in rows)
        return self._names

    def named(self, key: str) -> tuple[Name, ...]:
        """Return what a normal form names, best rank first, without reading all names."""
        with translated("reading the names"), self._engine.connect() as connection:
            query = select(*_columns(NameRow, Name)).where(col(NameRow.key) == key).order_by(col(NameRow.rank))
            return tuple(Name(*row) for row in connection.execute(query))

    def license_ids(self) -> tuple[str, ...]:
        """Return the id of every licence."""
        with translated("reading the licences"), self._engine.connect() as connection:
            return tuple(connection.execute(select(col(LicenseRow.id)).order_by(col(LicenseRow.id))).scalars())

    def versions(self, family: str) -> tuple[LicenseRecord, ...]:
        """Return the reviewed licences of a family, that is the versions of one licence."""
        if self._families is None:
            records = [self.license(i) for i in self._ids(col(LicenseRow.id), col(LicenseRow.profile) == "curated")]
            families: dict[str, list[LicenseRecord]] = {}
            for record in records:
                families.setdefault(record.profile.family or record.profile.id, []).append(record)
            self._families = families
        return tuple(self._families.get(family, ()))

    def current_documents(self) -> Iterable[tuple[str, str]]:
        """Return key and hash of the newest version of every text."""
        with translated("reading the texts"), self._engine.connect() as connection:
            query = select(col(DocumentRow.key), col(DocumentRow.sha256)).where(
                col(DocumentRow.superseded_at).is_(None)
            )
            return [(key, sha) for key, sha in connection.execute(query)]

    def documents_for_ai(self) -> list[str]:
        """Return the keys of the texts that matter for AI: of every reviewed licence and every registry entry."""
        records = [self.license(i) for i in self._ids(col(LicenseRow.id), col(LicenseRow.profile) == "curated")]
        ids = {e.license for e in map(self.subject, self._ids(col(SubjectRow.id))) if e.license}
        for key in ids:
            with suppress(KeyError):
                records.append(self.license(key))
        missing = {m for r in records for m in r.missing}
        return sorted({key for r in records for _, key in r.profile.documents} - missing)

    def changed_texts(self, start: datetime, end: datetime) -> list[ChangedText]:
        """Return the texts that another version took the place of in a span, oldest change first."""
        newer, old = aliased(DocumentRow), DocumentRow
        columns: list[Any] = [
            old.key, old.kind, old.title, old.sha256, old.superseded_at, col(newer.sha256).label("after"),
            newer.source_url,
        ]  # fmt: skip
        query = (
            select(*columns)
            .select_from(old)
            .join(newer, (newer.key == col(old.key)) & newer.superseded_at.is_(None), isouter=True)  # type: ignore[union-attr]
            .where(col(old.superseded_at) >= start, col(old.superseded_at) < end)
            .order_by(col(old.superseded_at), col(old.key))
        )
        with translated("reading the texts"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            ChangedText(
                row.key, DocumentKind(row.kind), row.title, row.sha256, row.after, row.source_url,
                _aware(row.superseded_at),
            )
            for row in rows
        ]  # fmt: skip

    def license_kinds(self) -> dict[str, tuple[str, str | None]]:
        """Return category and family of every licence, by its id."""
        with translated("reading the licences"), self._engine.connect() as connection:
            rows = connection.execute(select(col(LicenseRow.id), col(LicenseRow.record))).all()
        profiles = {row.id: json.loads(row.record)["profile"] for row in rows}
        return {key: (profile["category"], profile.get("family")) for key, profile in profiles.items()}

    def subject_kinds(self) -> dict[str, tuple[str, str]]:
        """Return publisher and family of everything in the registry, by its id."""
        with translated("reading the registry"), self._engine.connect() as connection:
            rows = connection.execute(select(col(SubjectRow.id), col(SubjectRow.record))).all()
        entries = {row.id: json.loads(row.record) for row in rows}
        return {key: (entry["publisher"], entry["family"]) for key, entry in entries.items()}

    def _ids(self, column: Any, *conditions: Any) -> Sequence[str]:
        with translated("reading the knowledge base"), self._engine.connect() as connection:
            return connection.execute(select(column).where(*conditions)).scalars().all()

    def _read_license(self, key: str) -> LicenseRecord:
        return LICENSE_JSON.validate_json(self._record(LicenseRow, key, "reading a licence"))

    def _read_subject(self, key: str) -> RegistryEntry:
        return SUBJECT_JSON.validate_json(self._record(SubjectRow, key, "reading the registry"))

    def _record(self, table: type[LicenseRow | SubjectRow], key: str, doing: str) -> str:
        """Read a record as JSON; raises `KeyError`."""
        with translated(doing), self._engine.connect() as connection:
            found = connection.execute(select(col(table.record)).where(col(table.id) == key)).scalar()
        if found is None:
            raise KeyError(key)
        return found

    def _read_text(self, sha256: str) -> str | None:
        """Read a text by its hash and hash it anew: what is quoted is compared with this."""
        with translated("reading a text"), self._engine.connect() as connection:
            query = select(col(DocumentRow.text)).where(col(DocumentRow.sha256) == sha256).limit(1)
            text: str | None = connection.execute(query).scalar()
        if text is None or hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != sha256:
            return None
        return text

    def _read_document(self, key: str) -> StoredDocument:
        wanted = [getattr(DocumentRow, f) for f in ("id", "kind", "title", "text", "sha256", "source_url")]
        with translated("reading a text"), self._engine.connect() as connection:
            query = select(*wanted).where(col(DocumentRow.key) == key, col(DocumentRow.superseded_at).is_(None))
            row = connection.execute(query).first()
            if row is None:
                raise KeyError(key)
            fields = _columns(ClauseRow, Clause)
            clauses = connection.execute(
                select(*fields).where(col(ClauseRow.document_id) == row.id).order_by(col(ClauseRow.position))
            ).all()
        parsed = tuple(Clause(n, lb, ClauseKind(k), h, d, p, s, b, e, t) for n, lb, k, h, d, p, s, b, e, t in clauses)
        return StoredDocument(key, DocumentKind(row.kind), row.title, row.text, row.sha256, row.source_url, parsed)


def _columns(table: Any, shape: Any) -> list[Any]:
    """The table's columns in the order of a value's fields."""
    return [getattr(table, name) for name in shape.__dataclass_fields__]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
