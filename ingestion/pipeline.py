"""Builds the knowledge base: texts → clauses → profiles with their pins resolved → names → word index, in one switch.

All is made ready first; then a single transaction puts it in force. Whatever interrupts an ingestion leaves the
previous knowledge answering. Vectors are not part of the switch: they are kept by the hash of a passage's text.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlmodel import col

from ingestion import fingerprint
from ingestion.errors import IngestionError
from ingestion.fingerprint import words_folder
from ingestion.names import Names
from ingestion.pins import PinError, resolve
from ingestion.segmentation import segment
from ingestion.sources.interface import Failed, Source, SourceText
from knowledge.database import translated
from knowledge.models import AmbiguousName, Clause, DocumentKind, LicenseRecord, Profile, Quote, RegistryEntry
from knowledge.profiles import read_profiles
from knowledge.registry import read_ambiguous_licenses, read_registry
from knowledge.store import LICENSE_JSON, SUBJECT_JSON, KnowledgeStore
from knowledge.tables import ClauseRow, DocumentRow, KnowledgeRow, LicenseRow, NameRow, SubjectRow
from knowledge.words import build_word_index

Progress = Callable[[str, int, int], None]
"""Called with a step's name, how much of it is done and how much there is."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingestion did, by the keys of the texts."""

    version: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    failed: tuple[Failed, ...] = ()
    embedded: int = 0
    """Passages embedded now; those embedded before are not counted."""
    delivered: tuple[str, ...] = ()
    """Names of the sources that delivered at least one text."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as `ingest --json` prints it."""
        return {
            "version": self.version,
            "added": list(self.added),
            "changed": list(self.changed),
            "unchanged": self.unchanged,
            "failed": [{"key": f.key, "reason": f.reason} for f in self.failed],
            "embedded": self.embedded,
        }


@dataclass(slots=True)
class _Batch:
    """Texts as collected, and what the database holds of them already."""

    texts: dict[str, SourceText] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)


def ingest(engine: Engine, home: Path, sources: Sequence[Source], *, progress: Progress | None = None) -> IngestReport:
    """Bring the knowledge base up to date with the sources and this program's profiles and registry.

    Raises `IngestionError` where another ingestion is running, and `KnowledgeError` where the database or the disk
    fails; then nothing has changed.
    """
    tell = progress or (lambda *_: None)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "ingest.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IngestionError("Another ingestion is running; wait for it to end.") from error
    try:
        return _ingest(engine, home, sources, tell)
    finally:
        lock.release()


def _ingest(engine: Engine, home: Path, sources: Sequence[Source], tell: Progress) -> IngestReport:
    store = KnowledgeStore(engine)
    before = store.current_state()
    held = dict(store.current_documents())
    batch = _collect(sources, tell)
    added = tuple(k for k in batch.texts if k not in held)
    changed = tuple(k for k, sha in batch.hashes.items() if k in held and held[k] != sha)
    manifest = fingerprint.manifest(held | batch.hashes)
    report = IngestReport(
        version=before.version if before else "",
        added=added,
        changed=changed,
        unchanged=len(batch.texts) - len(added) - len(changed),
        failed=tuple(batch.failed),
        delivered=tuple(sorted(batch.delivered)),
    )
    if before and before.manifest == manifest and words_folder(home, before.version).exists():
        return report
    anew = before is None or before.segmentation != fingerprint.segmentation_fingerprint()
    version = manifest[:12]
    build = _Build(engine, store, batch, [*added, *changed], anew=anew)
    prepared = build.prepare(tell)
    build_word_index(words_folder(home, version), build.searchable(tell))
    with translated("writing the knowledge base"), engine.begin() as connection:
        build.write(connection, prepared, version=version, manifest=manifest, tell=tell)
    _drop_old_words(home, keep={version, before.version if before else version})
    # Pins that no longer stand in a text are known only now.
    return replace(report, version=version, failed=tuple(batch.failed))


def _collect(sources: Sequence[Source], tell: Progress) -> _Batch:
    batch = _Batch()
    for source in sources:
        tell("Reading texts", len(batch.texts), 0)
        for found in source.collect():
            if isinstance(found, Failed):
                batch.failed.append(replace(found, source=source.name))
            elif not _encodable(found.text):
                reason = "It holds broken characters; save it as UTF-8 text and try again."
                batch.failed.append(Failed(found.key, reason, source.name))
            else:
                batch.delivered.add(source.name)
                batch.texts[found.key] = found
                batch.hashes[found.key] = text_sha256(found.text)
    return batch


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_sha256(text: str) -> str:
    """Return the hash by which a stored text is cited."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything that a switch writes besides the texts themselves."""

    licenses: list[dict[str, Any]]
    subjects: list[dict[str, Any]]
    names: list[dict[str, Any]]


class _Build:
    """One build of the knowledge base; trees of clauses are made once and held until they are written."""

    def __init__(self, engine: Engine, store: KnowledgeStore, batch: _Batch, fresh: list[str], *, anew: bool) -> None:
        self._engine = engine
        self._store = store
        self._batch = batch
        self._fresh = fresh
        self._anew = anew
        self._trees: dict[str, tuple[Clause, ...]] = {}
        self._kept = self._kept_texts()

    def _kept_texts(self) -> dict[str, SourceText]:
        """Texts that the database holds and that no source delivered this time, or delivered unchanged."""
        fields = tuple(SourceText.__dataclass_fields__)
        query = select(*[getattr(DocumentRow, f) for f in fields]).where(col(DocumentRow.superseded_at).is_(None))
        with translated("reading the texts"), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        kept = (
            SourceText(**dict(row) | {"kind": DocumentKind(row["kind"]), "aliases": tuple(row["aliases"])})
            for row in rows
        )
        return {text.key: text for text in kept}

    def text(self, key: str) -> SourceText | None:
        """Return the text that will be in force under a key."""
        return self._batch.texts.get(key) or self._kept.get(key)

    def tree(self, key: str) -> tuple[Clause, ...]:
        """Return the clauses of the text that will be in force under a key."""
        if key not in self._trees:
            text = self.text(key)
            if text is None:
                raise KeyError(key)
            if not self._anew and key not in self._fresh:
                self._trees[key] = self._store.document(key).clauses
            else:
                self._trees[key] = segment(text.text)
        return self._trees[key]

    def prepare(self, tell: Progress) -> _Prepared:
        """Divide the texts, resolve the profiles and gather all names."""
        keys = self._keys() if self._anew else self._fresh
        for done, key in enumerate(keys):
            tell("Dividing texts into clauses", done, len(keys))
            self.tree(key)
        profiles = list(read_profiles())
        entries, ambiguous = read_registry()
        records = [self._record(p) for p in profiles]
        covered = {key for p in profiles for _, key in p.documents}
        ids = {p.id for p in profiles}
        # ScanCode's `bsl-1.0` is not SPDX's: a text whose key is another licence's id gets its source in front.
        bare = [(key, f"scancode-{key}" if key in ids else key) for key in self._keys() if key not in covered]
        records += [self._bare(key, license_id) for key, license_id in bare]
        licenses = [
            {
                "id": r.profile.id,
                "name": r.profile.name,
                "profile": "curated" if r.curated else "none",
                "record": LICENSE_JSON.dump_json(r).decode(),
            }
            for r in records
        ]
        subjects = [
            {"id": e.id, "kind": e.kind, "name": e.name, "record": SUBJECT_JSON.dump_json(e).decode()} for e in entries
        ]
        return _Prepared(licenses, subjects, self._names(records, entries, ambiguous))

    def _keys(self) -> list[str]:
        return sorted({*self._kept, *self._batch.texts})

    def _record(self, profile: Profile) -> LicenseRecord:
        texts = {kind: self.text(key) for kind, key in profile.documents}
        quotes = {t.id: tuple(self._quote(profile, p) for p in t.pins) for t in profile.terms}
        return LicenseRecord(
            profile=profile,
            quotes=quotes,
            curated=True,
            missing=tuple(key for kind, key in profile.documents if texts[kind] is None),
            source_urls={t.key: t.source_url for t in texts.values() if t and t.source_url},
        )

    def _quote(self, profile: Profile, pin: Any) -> Quote | None:
        """Resolve a pin; one that the text on this machine does not bear out is treated as a missing text."""
        key = dict(profile.documents)[pin.document]
        source = self.text(key)
        if source is None:
            return None
        try:
            clause, start, end = resolve(pin, source.text, self.tree(key))
        except PinError as error:
            self._batch.failed.append(Failed(profile.id, f"A reviewed term no longer stands in the text: {error}"))
            return None
        return Quote(pin, key, text_sha256(source.text), clause.number, clause.heading, start, end)

    def _bare(self, key: str, license_id: str) -> LicenseRecord:
        source = self.text(key)
        if source is None:
            raise KeyError(key)
        profile = Profile(
            id=license_id, name=source.title, short=source.title, version=source.version,
            publisher=source.publisher or "", spdx=source.spdx, category=source.category or "",
            url=source.source_url or "", aliases=source.aliases, family=None, supersedes=None,
            documents=((source.kind, key),), terms=(), reviewed_by="", reviewed_on="",
        )  # fmt: skip
        urls = {key: source.source_url} if source.source_url else {}
        return LicenseRecord(profile=profile, quotes={}, curated=False, source_urls=urls)

    def _names(
        self, records: Sequence[LicenseRecord], entries: Sequence[RegistryEntry], ambiguous: Sequence[AmbiguousName]
    ) -> list[dict[str, Any]]:
        names = Names()
        known = {e.id for e in entries} | {r.profile.id for r in records}
        for name in ambiguous:
            names.add_ambiguous(name, "ambiguous", known)
        for name in read_ambiguous_licenses():
            names.add_ambiguous(name, "ambiguous_license", known)
        names.add_reviewed([e for e in entries if not e.listed])
        names.add_listed([e for e in entries if e.listed])
        for record in records:
            names.add_license(record, {key: self.text(key) for _, key in record.profile.documents})
        return list(names.rows.values())

    def searchable(self, tell: Progress) -> Iterable[tuple[str, int, str]]:
        """Yield every clause for the word index."""
        keys = self._keys()
        for done, key in enumerate(keys):
            tell("Indexing words", done, len(keys))
            source = self.text(key)
            if source is not None:
                for position, clause in enumerate(self.tree(key)):
                    yield key, position, f"{clause.heading} {source.text[clause.start : clause.body_end]}"

    def write(
        self, connection: Connection, prepared: _Prepared, *, version: str, manifest: str, tell: Progress
    ) -> None:
        """Put all of it in force, within the caller's transaction."""
        tell("Writing", 0, 1)
        now = datetime.now(UTC)
        for key in self._fresh:
            self._write_document(connection, key, now)
        if self._anew:
            self._rewrite_clauses(connection)
        for table, rows in (
            (LicenseRow, prepared.licenses),
            (SubjectRow, prepared.subjects),
            (NameRow, prepared.names),
        ):
            connection.execute(delete(table))
            if rows:
                connection.execute(insert(table), rows)
        connection.execute(delete(KnowledgeRow))
        connection.execute(
            insert(KnowledgeRow).values(
                id=1,
                version=version,
                manifest=manifest,
                segmentation=fingerprint.segmentation_fingerprint(),
                data=fingerprint.data_fingerprint(),
                updated_at=now,
                documents=len(self._keys()),
                clauses=sum(len(self.tree(k)) for k in self._keys()),
                licenses=len(prepared.licenses),
                subjects=len(prepared.subjects),
            )
        )
        tell("Writing", 1, 1)

    def _write_document(self, connection: Connection, key: str, now: datetime) -> None:
        source = self._batch.texts[key]
        sha = text_sha256(source.text)
        here = col(DocumentRow.key) == key
        connection.execute(
            update(DocumentRow).where(here, col(DocumentRow.superseded_at).is_(None)).values(superseded_at=now)
        )
        again = connection.execute(select(col(DocumentRow.id)).where(here, col(DocumentRow.sha256) == sha)).scalar()
        if again is not None:  # a text went back to an earlier version
            connection.execute(update(DocumentRow).where(col(DocumentRow.id) == again).values(superseded_at=None))
            return
        values = {
            "key": key, "sha256": sha, "kind": source.kind.value, "title": source.title, "text": source.text,
            "source": source.source, "source_url": source.source_url, "publisher": source.publisher,
            "version": source.version, "spdx": source.spdx, "category": source.category,
            "aliases": list(source.aliases), "first_seen": now, "superseded_at": None,
        }  # fmt: skip
        inserted = connection.execute(insert(DocumentRow).values(**values)).inserted_primary_key
        if inserted is not None and not self._anew:
            self._write_clauses(connection, {inserted[0]: key})

    def _rewrite_clauses(self, connection: Connection) -> None:
        connection.execute(delete(ClauseRow))
        query = select(col(DocumentRow.id), col(DocumentRow.key)).where(col(DocumentRow.superseded_at).is_(None))
        self._write_clauses(
            connection, {row_id: key for row_id, key in connection.execute(query) if row_id is not None}
        )

    def _write_clauses(self, connection: Connection, documents: dict[int, str]) -> None:
        rows = [
            {
                "document_id": row_id, "position": position, "number": c.number, "label": c.label,
                "kind": c.kind.value, "heading": c.heading, "depth": c.depth, "parent": c.parent, "start": c.start,
                "body_end": c.body_end, "end": c.end, "defines": c.defines,
            }
            for row_id, key in documents.items()
            for position, c in enumerate(self.tree(key))
        ]  # fmt: skip
        if rows:
            connection.execute(insert(ClauseRow), rows)


def _drop_old_words(home: Path, keep: set[str]) -> None:
    for folder in (home / "words").glob("*"):
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)
