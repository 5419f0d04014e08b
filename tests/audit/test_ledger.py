"""The chain: what was written can be proven, and every kind of damage is found and named, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, inspect, text
from sqlmodel import SQLModel

from bot.audit.ledger import FIRST, Entry, Ledger, _text_hash, canonical
from bot.audit.log import AuditLog, EventKind
from bot.audit.people import People
from bot.model import Answer, Question, Verdict
from knowledge.database import StoreError, open_database
from tests.conftest import clean_environment


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'audit.db'}"
    return str(request.getfixturevalue("new_postgres"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """That database, opened."""
    opened = open_database(url)
    yield opened
    opened.dispose()


def entry(number: int, **more: Any) -> Entry:
    """An invented decision."""
    made: dict[str, Any] = {
        "id": f"d{number}", "kind": "decision", "at": f"2026-11-21T10:00:00.{number:06d}+00:00",
        "decision_id": f"d{number}", "person": "p-1", "place": "cli", "verdict": "allowed",
        "head": {"subjects": ["Nimbus 7B"]},
        "body": {"answer": {"citations": [{"quote": "as it is", "start": number}]}},
        "free": {"question": f"May we? {number}"},
    }  # fmt: skip
    return Entry(**(made | more))


def filled(engine: Engine, count: int = 6) -> Ledger:
    """A ledger of some rows."""
    ledger = Ledger(engine)
    ledger.extend([entry(n) for n in range(1, count + 1)])
    return ledger


def damage(engine: Engine, *statements: str) -> None:
    """Change the record behind the program's back, as somebody with the database's password could."""
    with engine.begin() as connection:
        _disarm(connection)
        for statement in statements:
            connection.execute(text(statement))


def _disarm(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for name in ("update", "delete", "replace"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS ledger_no_{name}"))
    else:
        connection.execute(text("DROP TRIGGER IF EXISTS ledger_no_change ON ledger"))


def test_what_was_written_verifies(engine: Engine) -> None:
    """Row by row from the first; an empty record does, too."""
    assert Ledger(engine).verify().count == 0
    ledger = filled(engine)
    found = ledger.verify()

    assert (found.count, found.fault) == (6, None)
    assert (found.count, found.head) == ledger.head()
    assert found.head != FIRST


def test_the_same_entry_is_written_once(engine: Engine) -> None:
    """Also twice in one batch."""
    ledger = Ledger(engine)

    assert ledger.append(entry(1)) is True
    assert ledger.append(entry(1, verdict="prohibited")) is False
    assert ledger.extend([entry(2), entry(2), entry(1)]) == {"d2"}
    assert ledger.verify().count == 2


_FORGED = (
    "INSERT INTO ledger SELECT 4, 'forged', kind, at, 'forged', person, place, verdict, head, body, hash, hash "
    "FROM ledger WHERE seq = 3"
)


@pytest.mark.parametrize(
    ("statements", "seq", "what"),
    [
        (["UPDATE ledger SET verdict = 'prohibited' WHERE seq = 3"], 3, "changed"),
        (["UPDATE ledger SET person = 'p-2' WHERE seq = 4"], 4, "changed"),
        (["UPDATE ledger SET body = replace(body, 'as it is', 'as we like') WHERE seq = 2"], 2, "changed"),
        (["UPDATE ledger SET head = replace(head, '7B', '9B') WHERE seq = 6"], 6, "changed"),
        (["DELETE FROM ledger WHERE seq = 3"], 4, "row 3 is missing"),
        (["DELETE FROM ledger WHERE seq = 1"], 2, "row 1 is missing"),
        (["UPDATE ledger SET seq = 100 WHERE seq = 3", "UPDATE ledger SET seq = 3 WHERE seq = 4",
          "UPDATE ledger SET seq = 4 WHERE seq = 100"], 3, "does not follow"),
        (["UPDATE ledger SET seq = seq + 100 WHERE seq > 3", "UPDATE ledger SET seq = seq - 99 WHERE seq > 100",
          _FORGED], 4, "changed"),
        (["UPDATE free_text SET content = replace(content, 'May', 'Must') WHERE row_id = 'd5'"], 5, "written for it"),
    ],
    ids=["verdict", "person", "citation", "head", "deleted", "first-deleted", "swapped", "inserted", "question"],
)  # fmt: skip
def test_damage_is_found_and_named(engine: Engine, statements: list[str], seq: int, what: str) -> None:
    """The first row that is not what was written, and what is wrong with it."""
    ledger = filled(engine)
    damage(engine, *statements)
    fault = ledger.verify().fault

    assert fault is not None
    assert fault.seq == seq
    assert what in fault.what


def test_a_text_cannot_be_exchanged_for_one_whose_hash_was_smuggled_into_the_row(engine: Engine) -> None:
    """Whoever plans a forgery may have an answer name the hash, even as the row itself would."""
    ledger, forged = Ledger(engine), canonical({"question": "May we sell it?"})
    hashed = _text_hash("salt", forged)
    ledger.append(entry(1, body={"answer": {"unknown_names": [hashed, f'"free_text":"{hashed}"']}}))
    with engine.begin() as connection:
        connection.execute(text("UPDATE free_text SET salt = 'salt', content = :forged"), {"forged": forged})
    fault = ledger.verify().fault

    assert fault is not None
    assert "written for it" in fault.what


def test_a_forger_who_computes_hashes_anew_is_caught_by_what_was_given_out(engine: Engine) -> None:
    """A tail that was cut off, or a chain made anew, verifies by itself; an anchor outside tells."""
    ledger = filled(engine)
    count, head = ledger.head()
    damage(engine, "DELETE FROM ledger WHERE seq > 4")

    assert ledger.verify().fault is None
    assert ledger.hash_at(count) is None
    ledger.extend([entry(n) for n in (7, 8)])
    assert ledger.verify().fault is None
    assert ledger.hash_at(count) != head


def test_the_database_refuses_to_change_rows(engine: Engine) -> None:
    """Update, delete and replace, each in its own words."""
    filled(engine)
    for change in ("UPDATE ledger SET verdict = 'x'", "DELETE FROM ledger"):
        with pytest.raises(Exception, match="never changed"), engine.begin() as connection:
            connection.execute(text(change))


def test_threads_that_append_at_once_share_batches_and_lose_nothing(engine: Engine) -> None:
    """Eight threads, 25 rows each: one chain of 200."""
    ledger = Ledger(engine)
    threads = [
        threading.Thread(target=lambda t=t: [ledger.append(entry(t * 1000 + n)) for n in range(25)]) for t in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = ledger.verify()

    assert (found.count, found.fault) == (200, None)


_WRITER = """
import sys
from bot.audit.ledger import Entry, Ledger
from knowledge.database import open_database
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = Ledger(open_database(url))
for n in range(0, count, 50):
    ledger.extend([
        Entry(f"{name}-{m}", "decision", "2026-11-21T10:00:00.000000+00:00", f"{name}-{m}", "p", "", "allowed", {}, {})
        for m in range(n, n + 50)
    ])
"""


def test_processes_that_append_at_once_do_not_fork_the_chain(engine: Engine, url: str, tmp_path: Path) -> None:
    """Four processes, 10,000 rows: one chain, none lost."""
    environment = clean_environment(tmp_path)
    running = [subprocess.Popen([sys.executable, "-c", _WRITER, url, name, "2500"], env=environment) for name in "abcd"]
    assert [process.wait(120) for process in running] == [0, 0, 0, 0]
    found = Ledger(engine).verify()

    assert (found.count, found.fault) == (10_000, None)


def test_a_refused_write_is_told_and_leaves_nothing(engine: Engine) -> None:
    """The whole batch is rolled back, and the chain goes on behind what was there."""
    ledger = filled(engine, 2)
    broken = entry(4, head={"bad": object})  # no JSON
    with pytest.raises(TypeError):
        ledger.extend([entry(3), broken])
    with pytest.raises(StoreError):
        ledger.extend([entry(3), entry(5, person=None)]) if engine.dialect.name != "sqlite" else _locked(ledger)

    assert ledger.append(entry(6)) is True
    assert (ledger.verify().count, ledger.verify().fault) == (3, None)


@pytest.mark.parametrize(
    ("broken", "raised"), [({"head": {"bad": object}}, {TypeError}), ({"person": None}, {StoreError})]
)
def test_whoever_waits_with_a_broken_entry_is_told_what_became_of_theirs(
    engine: Engine, broken: dict[str, Any], raised: set[type[Exception]]
) -> None:
    """What is no JSON gets into no batch; one that the database refuses is refused to all in it, who may try again."""
    ledger = Ledger(engine)
    with ThreadPoolExecutor(3) as threads:
        with ledger._writing():
            first = threads.submit(ledger.append, entry(1))
            _until(lambda: ledger._is_writing)
            others = [threads.submit(ledger.append, entry(2)), threads.submit(ledger.append, entry(3, **broken))]
            _until(lambda: len(ledger._waiting) + sum(other.done() for other in others) == 2)
        faults = [other.exception(60) for other in others]

    assert first.result() is True
    assert {type(fault) for fault in faults if fault} == raised
    assert ledger.append(entry(2)) is (faults[0] is not None)
    assert ledger.verify().count == 2


def _until(done: Callable[[], bool]) -> None:
    """Wait for threads to get there."""
    late = time.monotonic() + 30
    while not done():
        assert time.monotonic() < late
        time.sleep(0.005)


def _locked(ledger: Ledger) -> None:
    """Fail as a full disk does."""
    raise StoreError("The disk is full.")


def test_canonical_json_is_the_same_for_the_same_value() -> None:
    """Whatever the order of keys; what is no JSON is refused."""
    assert canonical({"b": [1, 2.5], "a": "é"}) == canonical({"a": "é", "b": [1, 2.5]}) == '{"a":"é","b":[1,2.5]}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"a": float("nan")})


# -- precedents --------------------------------------------------------------------------------------------------------


def test_the_last_review_that_was_closed_is_the_precedent(engine: Engine) -> None:
    """With the answer that was reviewed and the name of who closed it; their texts only until they are erased."""
    log = AuditLog(engine)
    first, second = (log.record(Question(f"May we? {n}", f"cli:{n}"), replace(ANSWER, question="")) for n in "ab")
    log.note(first.decision_id, EventKind.REVIEW_CLOSED, "cli:lea", {"approved": True}, key="r1", about="precedent:x")
    log.note(
        second.decision_id, EventKind.REVIEW_CLOSED, "cli:leo", {"approved": True, "text": "Yes."}, key="r2",
        about="precedent:x",
    )  # fmt: skip
    log.note(first.decision_id, EventKind.FEEDBACK, "cli:a", {"rating": "up"}, key="f1", about="precedent:y")
    found = log.decided("precedent:x")
    log.people.erase("cli:leo")
    log.people.erase("cli:b")
    erased = log.decided("precedent:x")

    assert found is not None
    assert found[0] == replace(second, question="May we? b")
    assert (found[1].actor, found[1].body) == ("cli:leo", {"approved": True, "text": "Yes."})
    assert log.decided("precedent:y") is None
    assert erased is not None
    assert erased[0].question == "(erased)"
    assert erased[1].actor.startswith("p-")
    assert erased[1].body["text"] == "(erased)"


def test_only_a_decision_is_read_as_one(engine: Engine) -> None:
    """The id of what happened to one names none."""
    log = AuditLog(engine)
    given = log.record(Question("May we?", "cli:a"), ANSWER)
    log.note(given.decision_id, EventKind.FEEDBACK, "cli:a", {"rating": "up", "text": "Good."}, key="f1")

    assert log.show(given.decision_id) is not None
    assert log.answer("f1") is log.show("f1") is log.question("f1") is None


def test_a_record_of_an_older_program_gets_the_indexes_that_it_lacks(engine: Engine) -> None:
    """When it is opened, once."""
    with engine.begin() as connection:
        for name in ("ix_ledger_precedent", "ix_ledger_kind_at"):
            connection.execute(text(f"DROP INDEX {name}"))
    for _ in range(2):
        AuditLog(engine)

    assert {"ix_ledger_precedent", "ix_ledger_kind_at"} <= {i["name"] for i in inspect(engine).get_indexes("ledger")}


# -- names and texts ---------------------------------------------------------------------------------------------------

ANSWER = Answer("May Ada Lovelace?", Verdict.ALLOWED, "Yes.", knowledge_version="k1", confidence=0.9)


def test_a_name_can_be_erased_and_the_chain_still_verifies(engine: Engine) -> None:
    """The rows stay under a pseudonym; name, question and comments are gone from the database, also byte for byte."""
    log = AuditLog(engine)
    mine = log.record(Question("May Ada Lovelace?", "slack:T1:UADA", "slack:T1:C1", ("Ada asked before",)), ANSWER)
    other = log.record(Question("May others?", "slack:T1:UBOB", "slack:T1:C1"), ANSWER)
    log.note(mine.decision_id, EventKind.FEEDBACK, "slack:T1:UADA", {"rating": "down", "text": "says Ada"}, key="f1")
    count = log.people.erase("slack:T1:UADA")
    shown, note = log.show(mine.decision_id), log.notes(mine.decision_id)[0]

    assert count == 2
    assert log.ledger.verify().fault is None
    assert log.ledger.verify().count == 3
    assert shown is not None
    assert shown["question"] == "(erased)"
    assert shown["asker"].startswith("p-")
    assert (note.body["text"], note.body["rating"]) == ("(erased)", "down")
    assert log.list(asker="slack:T1:UADA") == []
    assert [line.question for line in log.list(asker="slack:T1:UBOB")] == ["May others?"]
    assert log.answer(other.decision_id) is not None
    with engine.connect() as connection:
        stored = str([connection.execute(table.select()).all() for table in SQLModel.metadata.sorted_tables])
    assert "Ada" not in stored
    assert "UADA" not in stored
    assert log.people.erase("slack:T1:UADA") == 0


def test_old_texts_can_be_erased_by_age(engine: Engine) -> None:
    """What was written since stays."""
    filled(engine, 4)

    assert People(engine).erase_before("2026-11-21T10:00:00.000003+00:00") == 2
    assert AuditLog(engine).ledger.verify().fault is None


def test_decisions_of_the_first_version_are_taken_over(engine: Engine) -> None:
    """In their order, under their ids, once."""
    old = [
        {"seq": n, "id": f"old{n}", "created_at": f"2026-10-0{n} 10:00:00.000000", "asker": "cli:ada", "channel": "cli",
         "question": f"May we {n}?", "context": json.dumps([]),
         "answer": json.dumps(ANSWER.to_json() | {"decision_id": f"old{n}"})}
        for n in (1, 2, 3)
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE decision (seq INTEGER, id TEXT, created_at TIMESTAMP, asker TEXT, channel TEXT, "
                 "question TEXT, context TEXT, answer TEXT)")
        )  # fmt: skip
        for row in old:
            names = ", ".join(row)
            places = ", ".join(f":{n}" for n in row)
            connection.execute(text(f"INSERT INTO decision ({names}) VALUES ({places})"), row)  # noqa: S608
    AuditLog(engine)
    lines = AuditLog(engine).list()

    assert [(line.id, line.question) for line in lines] == [(f"old{n}", f"May we {n}?") for n in (3, 2, 1)]
    assert lines[0].created_at.isoformat() == "2026-10-03T10:00:00+00:00"
    assert AuditLog(engine).ledger.verify().count == 3
