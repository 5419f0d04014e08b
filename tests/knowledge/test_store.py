"""The database and its read side: WAL, schema guard, clear errors, tampered texts."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlmodel import col

from bot.services import Services
from ingestion.pipeline import ingest, text_sha256
from ingestion.sources.path import PathSource
from knowledge.database import SCHEMA_VERSION, StoreError, open_database, translated
from knowledge.store import KnowledgeStore, NoKnowledgeError
from knowledge.tables import ClauseRow, DocumentRow, KnowledgeRow

TEXT = "TERMS\n\n1. Grant. You may use it.\n\n2. Duty. Keep the notice.\n"


def address(folder: Path) -> str:
    return f"sqlite:///{folder / 'clausebot.db'}"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that holds one invented text under the key `terms`."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "terms.txt").write_text(TEXT, encoding="utf-8")
    engine = open_database(address(folder))
    ingest(engine, folder, [PathSource(folder / "terms.txt")])
    engine.dispose()
    return folder


@pytest.fixture
def filled(template: Path, tmp_path: Path) -> Path:
    """A copy of the template."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path


# --- opening ---------------------------------------------------------------------------------------------------


def test_new_database_is_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    """A new database, in a folder that is not there yet, gets WAL, full synchronisation and foreign keys."""
    engine = open_database(address(tmp_path / "new" / "folder"))
    with engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        ]
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()

    assert found == ["wal", 2, 1]
    assert revision == SCHEMA_VERSION


def test_opening_again_changes_nothing(filled: Path) -> None:
    """A database that is there is opened as it is."""
    engine = open_database(address(filled))
    state = KnowledgeStore(engine).current_state()
    engine.dispose()

    assert state is not None
    assert state.documents == 1


def test_newer_schema_is_refused_in_one_sentence(filled: Path) -> None:
    """A database of a newer program is refused by name, and left alone."""
    with sqlite3.connect(filled / "clausebot.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (filled / "clausebot.db").read_bytes()

    with pytest.raises(StoreError, match="newer Clausebot") as caught:
        open_database(address(filled))

    assert "9999" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (filled / "clausebot.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database " * 100, b"%PDF-1.7\n" * 300])
def test_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file of another kind is refused with what to do, and left alone."""
    (tmp_path / "clausebot.db").write_bytes(content)

    with pytest.raises(StoreError, match="no SQLite database; move it away") as caught:
        open_database(address(tmp_path))

    assert "\n" not in str(caught.value)
    assert (tmp_path / "clausebot.db").read_bytes() == content


def test_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """A folder where the database should be gives one sentence."""
    (tmp_path / "clausebot.db").mkdir()

    with pytest.raises(StoreError, match="unable to open"):
        open_database(address(tmp_path))


def test_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A data folder that cannot be made gives one sentence."""
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(StoreError, match="cannot be made"):
        open_database(address(tmp_path / "file" / "folder"))


@pytest.mark.parametrize("url", ["nonsense", "sqlite", "mongodb://x/y", "postgresql+nosuchdriver://u:p@h/d", ""])
def test_wrong_address_is_refused(url: str) -> None:
    """An address that is none, or of an unknown kind, gives one sentence that names the setting."""
    with pytest.raises(StoreError, match="CLAUSEBOT_DATABASE_URL"):
        open_database(url)


def test_password_stays_out_of_messages() -> None:
    """An error about an address does not show its password."""
    with pytest.raises(StoreError) as caught:
        open_database("mongodb://ann:s3cret@example.org/d")

    assert "s3cret" not in str(caught.value)
    assert "ann" in str(caught.value)


def test_locked_database_is_one_clear_error(filled: Path) -> None:
    """A write that another process blocks ends in one sentence."""
    blocker = sqlite3.connect(filled / "clausebot.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    engine = open_database(address(filled))
    with engine.connect() as connection:
        connection.execute(text("PRAGMA busy_timeout=10"))
        with pytest.raises(StoreError, match="Another process holds it"), translated("a test"):
            connection.execute(update(KnowledgeRow).values(version="x"))
    engine.dispose()
    blocker.close()


# --- reading ---------------------------------------------------------------------------------------------------


def test_nothing_ingested_is_said(tmp_path: Path) -> None:
    """Before the first ingestion there is no state, and asking for it says what to run."""
    engine = open_database(address(tmp_path))
    store = KnowledgeStore(engine)

    assert store.current_state() is None
    with pytest.raises(NoKnowledgeError, match="clausebot ingest"):
        _ = store.state
    engine.dispose()


def test_text_is_read_as_it_was_written(filled: Path) -> None:
    """A stored text comes back to the character under its key and its hash, its clauses as a partition of it."""
    engine = open_database(address(filled))
    store = KnowledgeStore(engine)
    document = store.document("terms")
    engine.dispose()

    assert document.text == TEXT
    assert document.sha256 == text_sha256(TEXT)
    assert store.texts([document.sha256]) == {document.sha256: TEXT}
    assert "".join(TEXT[c.start : c.body_end] for c in document.clauses) == TEXT


def test_refresh_follows_a_switch(filled: Path) -> None:
    """A reader that has read a text, and nothing else, reads the new version after a switch and a refresh."""
    engine = open_database(address(filled))
    store = KnowledgeStore(engine)
    before = store.document("terms").text
    (filled / "terms.txt").write_text(TEXT + "\n3. More.\n", encoding="utf-8")
    ingest(engine, filled, [PathSource(filled / "terms.txt")])
    store.refresh()
    after = store.document("terms").text
    engine.dispose()

    assert (before, after) == (TEXT, TEXT + "\n3. More.\n")


def test_tampered_text_is_not_given(filled: Path) -> None:
    """A text whose stored characters no longer fit their hash is withheld, so no quote of it is borne out."""
    engine = open_database(address(filled))
    sha = text_sha256(TEXT)
    with engine.begin() as connection:
        connection.execute(update(DocumentRow).values(text=TEXT.replace("may use", "may sell")))
    found = KnowledgeStore(engine).texts([sha, "0" * 64])
    engine.dispose()

    assert found == {}


def test_clause_without_a_document_is_refused(filled: Path) -> None:
    """Foreign keys hold: a clause of no document cannot be written."""
    engine = open_database(address(filled))
    with pytest.raises(StoreError, match="FOREIGN KEY"), translated("a test"), engine.begin() as connection:
        connection.execute(update(ClauseRow).values(document_id=999))
    engine.dispose()


@pytest.mark.parametrize("read", ["license", "document", "subject"])
def test_unknown_key_is_a_key_error(services: Services, read: str) -> None:
    """What is not there is a `KeyError`, each time."""
    for _ in range(2):
        with pytest.raises(KeyError, match="nothing-of-that-name"):
            getattr(services.store, read)("nothing-of-that-name")


def test_every_stored_text_is_whole(services: Services) -> None:
    """Of every real text in force the stored clauses are a partition, and its hash is that of its characters."""
    with services.engine.connect() as connection:
        in_force = col(DocumentRow.superseded_at).is_(None)
        wanted = [col(c) for c in (DocumentRow.id, DocumentRow.key, DocumentRow.text, DocumentRow.sha256)]
        texts = {row.id: row for row in connection.execute(select(*wanted).where(in_force))}
        place = [col(c) for c in (ClauseRow.document_id, ClauseRow.position, ClauseRow.start, ClauseRow.body_end)]
        clauses = connection.execute(select(*place).order_by(*place[:2])).all()
    ends = dict.fromkeys(texts, 0)
    for document, _, start, end in clauses:
        assert start == ends[document], texts[document].key
        ends[document] = end

    assert len(texts) > 2600
    assert [r.key for r in texts.values() if ends[r.id] != len(r.text) or text_sha256(r.text) != r.sha256] == []


def test_every_licence_and_subject_can_be_read(services: Services) -> None:
    """Every stored record parses, and every subject's licence is a licence."""
    ids = set(services.store.license_ids())
    records = [services.store.license(i) for i in ids]
    subjects = [services.store.subject(i) for i in services.store._ids(text("id FROM subject"))]

    assert len(records) == services.store.state.licenses
    assert {r.profile.id for r in records} == ids
    assert len(subjects) == services.store.state.subjects


def test_quotes_of_reviewed_terms_are_slices(services: Services) -> None:
    """Every quote of a reviewed licence whose texts are here lies in its text, at most 1,500 characters long."""
    checked = 0
    for key in services.store.license_ids():
        record = services.store.license(key)
        for quotes in record.quotes.values():
            for quote in filter(None, quotes):
                stored = services.store.texts([quote.text_sha256])[quote.text_sha256]

                assert 0 <= quote.start < quote.end <= len(stored)
                assert quote.end - quote.start <= 1500
                checked += 1

    assert checked > 1000


def test_documents_for_ai_are_all_on_this_machine(services: Services) -> None:
    """The texts that are embedded ahead are some hundred, all of them there, Llama 3's among them."""
    keys = services.store.documents_for_ai()

    assert {"llama-3-community-license", "llama-3-acceptable-use-policy", "apache-2.0"} <= set(keys)
    assert set(keys) <= dict(services.store.current_documents()).keys()
    assert 80 < len(keys) < 400
