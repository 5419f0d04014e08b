"""The chain: each row's hash covers the row before it, so that nothing can be changed, left out, added or moved unseen.

One writer appends: whoever comes while it writes is written with the next batch, in one transaction. Several processes
cannot fork the chain: each batch holds the database's own lock from reading the head to the commit.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, text

from bot.audit.models import FreeText, LedgerMark, LedgerRow
from knowledge.database import StoreError, translated

FIRST = "0" * 64
"""What the first row has in place of the hash before it."""
_TAG = b"clausebot/ledger/1\n"
_ADVISORY_LOCK = 0x636C6175
"""Of PostgreSQL: held by whoever appends."""
_LEDGER = LedgerRow.__table__  # type: ignore[attr-defined]
_TEXTS = FreeText.__table__  # type: ignore[attr-defined]
_MARKS = LedgerMark.__table__  # type: ignore[attr-defined]
_HASHED = ("seq", "id", "kind", "at", "decision_id", "person", "place", "verdict", "head", "body")
_INSERT_ROWS, _INSERT_TEXTS, _INSERT_MARKS = insert(_LEDGER), insert(_TEXTS), insert(_MARKS)
_THERE = select(_LEDGER.c.id).where(_LEDGER.c.id.in_(bindparam("ids", expanding=True)))
_LAST = select(_LEDGER.c.seq, _LEDGER.c.hash).order_by(_LEDGER.c.seq.desc()).limit(1)
_BATCH = 2000


def canonical(value: Any) -> str:
    """Return JSON that is the same for the same value: keys in order, no blanks, no escapes that are not needed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written down."""

    id: str
    kind: str
    at: str
    decision_id: str
    person: str
    place: str
    verdict: str
    head: Mapping[str, Any]
    body: Mapping[str, Any]
    free: Mapping[str, Any] = field(default_factory=dict)
    """What people wrote; kept beside the row, which holds its salted hash."""
    marks: frozenset[str] = frozenset()
    """Under which words the row is found."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row at which the record is not what was written."""

    seq: int
    id: str
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole chain found."""

    count: int
    """Rows that are as they were written, from the first on."""
    head: str
    """Hash of the last of them."""
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class _Ready:
    """An entry made ready: what is left to know is its number and the hash before it."""

    id: str
    values: tuple[str, ...]
    """The columns that are hashed, behind the number."""
    texts: Sequence[Mapping[str, str]]
    marks: frozenset[str]


class _Waiting:
    """An entry on its way, and what became of it."""

    __slots__ = ("entry", "error", "is_new", "is_over")

    def __init__(self, entry: _Ready) -> None:
        self.entry = entry
        self.is_over = self.is_new = False
        self.error: StoreError | None = None


class Ledger:
    """The chain of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Condition()
        self._is_writing = False
        self._waiting: list[_Waiting] = []

    def append(self, entry: Entry) -> bool:
        """Write an entry down, durably; return false where one with its id stands there. Raises `StoreError`."""
        own, batch = _Waiting(_ready(entry)), []
        with self._turn:
            self._waiting.append(own)
            self._turn.wait_for(lambda: own.is_over or not self._is_writing)
            if not own.is_over:  # who gets here first writes for all that wait
                batch, self._waiting, self._is_writing = self._waiting, [], True
        if batch:
            self._write(batch)
        if own.error is not None:
            raise own.error
        return own.is_new

    def _write(self, batch: Sequence[_Waiting]) -> None:
        failed: StoreError | None = StoreError("Another thread should have written this down and failed; try again.")
        new: set[str] = set()
        try:
            new, failed = self._put([waiting.entry for waiting in batch]), None
        except StoreError as error:
            failed = error
        finally:
            with self._turn:
                for waiting in batch:
                    waiting.error, waiting.is_new, waiting.is_over = failed, waiting.entry.id in new, True
                    new.discard(waiting.entry.id)
                self._is_writing = False
                self._turn.notify_all()

    def extend(self, entries: Sequence[Entry]) -> set[str]:
        """Write entries down in one transaction, in their order; return the ids that were not there before.

        Raises `StoreError`, and then none is written.
        """
        return self._put([_ready(entry) for entry in entries])

    def _put(self, entries: Sequence[_Ready]) -> set[str]:
        with translated("writing the record"), self._writing() as connection:
            there = set(connection.execute(_THERE, {"ids": [entry.id for entry in entries]}).scalars())
            seq, before = _head(connection)
            rows: list[dict[str, Any]] = []
            texts: list[Mapping[str, str]] = []
            marks: list[dict[str, Any]] = []
            for entry in entries:
                if entry.id in there:
                    continue
                there.add(entry.id)
                seq += 1
                values = (seq, *entry.values)
                last = row_hash(values, before)
                rows.append(dict(zip(_HASHED, values, strict=True)) | {"before": before, "hash": last})
                texts += entry.texts
                marks += [{"name": mark, "seq": seq} for mark in entry.marks]
                before = last
            for statement, made in ((_INSERT_ROWS, rows), (_INSERT_TEXTS, texts), (_INSERT_MARKS, marks)):
                if made:
                    connection.execute(statement, made)
        return {row["id"] for row in rows}

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction in which nobody else appends."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
            return
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield connection

    # -- looking -----------------------------------------------------------------------------------------------------

    def head(self) -> tuple[int, str]:
        """Return how many rows there are and the hash of the last."""
        with translated("reading the record"), self._engine.connect() as connection:
            return _head(connection)

    def hash_at(self, seq: int) -> str | None:
        """Return the hash of a row, or `None` where there is none of that number."""
        query = select(_LEDGER.c.hash).where(_LEDGER.c.seq == seq)
        with translated("reading the record"), self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def verify(self, *, texts: bool = True, after: int = 0) -> Verified:
        """Look at every row, in order, with memory that does not grow; with `texts` also at what people wrote.

        With `after`, only at the rows behind that one, which is taken as it stands.
        """
        names = [*_HASHED, "before", "hash"]
        query = select(*(_LEDGER.c[name] for name in names)).where(_LEDGER.c.seq > after).order_by(_LEDGER.c.seq)
        if texts:
            joined = _LEDGER.outerjoin(_TEXTS, _TEXTS.c.row_id == _LEDGER.c.id)
            query = query.add_columns(_TEXTS.c.salt, _TEXTS.c.content).select_from(joined)
        count, before = after, self.hash_at(after) or FIRST
        with (
            translated("reading the record"),
            self._engine.connect() as connection,
            connection.execution_options(yield_per=_BATCH).execute(query) as rows,
        ):
            for row in rows:
                if what := _fault(tuple(row), count, before, texts=texts):
                    return Verified(count, before, Fault(row.seq, row.id, what))
                count, before = row.seq, row.hash
        return Verified(count, before, None)


def _head(connection: Connection) -> tuple[int, str]:
    last = connection.execute(_LAST).first()
    return (last.seq, last.hash) if last else (0, FIRST)


def _ready(entry: Entry) -> _Ready:
    """Return what a transaction is not needed for; raises what `json` does for a value that is none."""
    body, texts = dict(entry.body), []
    if entry.free:
        salt, content = secrets.token_hex(16), canonical(entry.free)
        body["free_text"] = _text_hash(salt, content)
        texts.append({"row_id": entry.id, "salt": salt, "content": content})
    values = (
        entry.id, entry.kind, entry.at, entry.decision_id, entry.person, entry.place, entry.verdict,
        canonical(entry.head), canonical(body),
    )  # fmt: skip
    return _Ready(entry.id, values, texts, entry.marks)


def row_hash(values: Sequence[Any], before: str) -> str:
    """Return the hash of a row: SHA-256 over a tag, the hash before it and each column behind its length in bytes."""
    parts = [_TAG, before.encode()]
    for value in values:
        part = str(value).encode()
        parts += (b"%d:" % len(part), part)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _text_hash(salt: str, content: str) -> str:
    return hashlib.sha256(f"{_TAG.decode()}{salt}\n{content}".encode()).hexdigest()


def _fault(row: tuple[Any, ...], count: int, before: str, *, texts: bool) -> str:
    """Return what is wrong with a row behind `count` good ones; an empty text where nothing is."""
    values, stated_before, stated = row[: len(_HASHED)], row[len(_HASHED)], row[len(_HASHED) + 1]
    if values[0] != count + 1:
        return f"row {count + 1} is missing"
    if stated_before != before:
        return "it does not follow the row before it: a row was exchanged, inserted or moved"
    if row_hash(values, before) != stated:
        return "it was changed"
    if texts and row[-1] is not None and not _holds_text(values[-1], *row[-2:]):
        return "what was written for it was changed"
    return ""


def _holds_text(body: str, salt: str, content: str) -> bool:
    """Whether a body, known to be as it was written, holds the hash of what somebody wrote."""
    # Taking the JSON apart would cost as much as all the rest. Only a key stands in quotes that are not escaped, so
    # nothing that anybody wrote can look like this.
    return f'"free_text":"{_text_hash(salt, content)}"' in body
