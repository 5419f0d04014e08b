"""Opens the one SQL database (SQLite in WAL mode unless an address says otherwise) and guards its schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Insert, create_engine, event, insert, inspect, text
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, NoSuchModuleError, OperationalError
from sqlmodel import SQLModel

from knowledge.errors import KnowledgeError

SCHEMA_VERSION = "0001"
"""Named as Alembic names revisions, in its table, so that the first migration finds where it stands."""

_BUSY_TIMEOUT_MS = 15_000


class StoreError(KnowledgeError):
    """The database cannot be opened, read or written."""


def open_database(url: str) -> Engine:
    """Return an engine on a database with this program's schema, making the tables where there are none.

    Raises `StoreError` where the address is wrong, the file is no database or its schema is another one.
    """
    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(f"CLAUSEBOT_DATABASE_URL {_masked(url)!r} is no database address: {error}.") from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, url)
    with translated(_masked(url)):
        _ensure_schema(engine, url)
    return engine


def _prepare_sqlite(engine: Engine, url: str) -> None:
    path = engine.url.database
    if path and path != ":memory:":
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder of {_masked(url)!r} cannot be made: {error.strerror}.") from error

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


def _ensure_schema(engine: Engine, url: str) -> None:
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
        if "alembic_version" in names:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found != SCHEMA_VERSION:
                raise StoreError(
                    f"The database {_masked(url)} has schema {found}, this program knows {SCHEMA_VERSION}: "
                    "it was written by a newer Clausebot. Update the program, or point CLAUSEBOT_HOME elsewhere."
                )
            make_missing(engine, SQLModel.metadata.tables.keys() - names)
            return
    with engine.begin() as connection:
        SQLModel.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        if connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 0:
            connection.execute(text("INSERT INTO alembic_version VALUES (:v)"), {"v": SCHEMA_VERSION})


def make_missing(engine: Engine, names: Collection[str]) -> None:
    """Make the tables of these names that the database lacks; nothing that is there is touched."""
    for name in names:
        try:
            SQLModel.metadata.tables[name].create(engine, checkfirst=True)
        except DatabaseError:
            if not inspect(engine).has_table(name):  # else another process was faster
                raise


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the driver's errors into one sentence for a person."""
    try:
        yield
    except (OperationalError, DatabaseError) as error:
        raise StoreError(f"The database ({what}) failed: {_reason(error)}") from error


def insert_once(engine: Engine, table: type[SQLModel], what: str, **values: Any) -> bool:
    """Insert a row and return true; return false where its key is taken. Raises `StoreError`."""
    try:
        with translated(what), engine.begin() as connection:
            connection.execute(_insert(table), values)
    except StoreError as error:
        if isinstance(error.__cause__, IntegrityError) and _is_taken(str(error.__cause__.orig)):
            return False
        raise
    return True


def _is_taken(reason: str) -> bool:
    """Whether a row was refused because its key is there: by SQLite, by PostgreSQL, or by our own triggers."""
    return any(mark in reason for mark in ("UNIQUE constraint failed", "duplicate key value", "never changed"))


@cache
def _insert(table: type[SQLModel]) -> Insert:
    """Return the statement, made once: with the values inside it would be made and looked up anew for each row."""
    return insert(table.__table__)  # type: ignore[attr-defined]


def _reason(error: DatabaseError) -> str:
    cause = str(error.orig).strip().splitlines()[0] if error.orig else str(error).splitlines()[0]
    hints = {
        "disk is full": "Free some space; nothing that was stored before is lost.",
        "disk I/O error": "The disk is full or failing; nothing that was stored before is lost.",
        "locked": "Another process holds it; try again.",
        "not a database": "The file is no SQLite database; move it away or set CLAUSEBOT_DATABASE_URL.",
        "unable to open": "Check that the folder exists and can be written.",
        "readonly": "Check that the file can be written.",
    }
    hint = next((h for mark, h in hints.items() if mark in cause), "Run `clausebot doctor`.")
    return f"{cause}. {hint}"


def _masked(url: str) -> str:
    """An address without its password."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _, credentials = head.partition("://")
    return f"{scheme}://{credentials.partition(':')[0]}:***@{tail}"
