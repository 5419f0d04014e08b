"""How legal's side holds up after years: writing the record, checking it whole, reading it, and a week's digest of it.

In a folder of its own, over as many decisions as `--rows` says (a million take 8 GB and some twenty minutes): real
answers, 20,000 of them in the week of the digest, the others in the weeks before. What a disk decides is printed as a
ratio to a bare row with a commit of its own, in the same run and in turn with it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bot.audit.checking import checked
from bot.audit.precedents import key_of
from bot.digest.page import page
from bot.digest.summary import summarise
from bot.digest.tables import decisions_csv
from bot.model import Answer
from bot.services import Services, open_services
from bot.settings import read_settings
from tests.benchmarks.record import CLOSED, PEOPLE, WEEK, answers, asked, decision_id, fill

THREADS = 8
EACH = 50
"""Decisions that a thread records."""
ALONE = 300
READS = 300
ROUNDS = 5
_SCATTERING = 7919
NOW = timedelta(hours=9)
"""After the end of the week the digest is made."""


def legal(home: Path, rows: int) -> None:
    """Make the record, measure each part on it, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="clausebot-record-") as folder:
        own = Path(folder) / "home"
        shutil.copytree(home, own)
        os.environ["CLAUSEBOT_HOME"] = str(own)
        with open_services(read_settings()) as services:
            given = answers(services)
            batches(services, given, rows, Path(folder))
            measure(services, given, rows, Path(folder))


def measure(services: Services, given: Sequence[Answer], rows: int, folder: Path) -> None:
    """Measure on a record that is there; `folder` takes what it is compared with."""
    digest(services)
    reading(services, given, rows)
    whole(services.settings.home)
    recording(services, given, rows, folder)


# -- writing -----------------------------------------------------------------------------------------------------------


def batches(services: Services, given: Sequence[Answer], rows: int, folder: Path) -> None:
    """Make the record; then rows by an ORM, each with its commit, as most programs would write them."""
    making, writing = fill(services, given, rows)
    size = (services.settings.home / "clausebot.db").stat().st_size / 1e9
    print(f"{f'a record of {rows} decisions':36} {size:8.1f} GB")
    print(f"  entries made, rows/s               {rows / making:8.0f}")
    print(f"  written in batches, rows/s         {rows / writing:8.0f}")
    orm = _orm_rows(services, given, folder)
    print(f"  by an ORM, a commit each, rows/s   {orm:8.0f}     (batches: {rows / writing / orm:.0f} times as many)")


class _Base(DeclarativeBase):
    pass


class _OrmRow(_Base):
    __tablename__ = "orm_row"

    id: Mapped[str] = mapped_column(primary_key=True)
    asker: Mapped[str]
    body: Mapped[str]


def _orm_rows(services: Services, given: Sequence[Answer], folder: Path) -> float:
    """Rows a second."""
    bodies = [str(services.audit.entry(*asked(n, given), datetime.now().astimezone()).body) for n in range(ALONE)]
    engine = create_engine(f"sqlite:///{folder / 'orm.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # and synchronous=FULL, as SQLite has it by itself
    _Base.metadata.create_all(engine)
    begun = time.perf_counter()
    for number, body in enumerate(bodies):
        with Session(engine) as session:
            session.add(_OrmRow(id=decision_id(number), asker=f"U{number % PEOPLE}", body=body))
            session.commit()
    seconds = time.perf_counter() - begun
    engine.dispose()
    return ALONE / seconds


def recording(services: Services, given: Sequence[Answer], rows: int, folder: Path) -> None:
    """One decision with full durability, in turn with a bare row; then eight threads at once."""
    record, bare, alone = services.audit.record, [], []
    with _bare_table(folder / "bare.db") as insert:
        for number in range(rows, rows + ALONE):
            question, answer = asked(number, given)
            alone.append(_timed(lambda q=question, a=answer: record(q, a)))
            body = str(answer.to_json())
            bare.append(_timed(lambda b=body: insert(b)))
    _row("recording a decision", alone, "(target: p95 under 10 ms)")
    _row("  a bare row with its commit", bare)
    print(f"  ratio of the medians               {statistics.median(alone) / statistics.median(bare):8.2f}")
    together: list[float] = []

    def write(first: int) -> None:
        for number in range(first, first + EACH):
            question, answer = asked(number, given)
            together.append(_timed(lambda q=question, a=answer: record(q, a)))

    begun = time.perf_counter()
    _at_once([lambda t=t: write(rows + ALONE + t * EACH) for t in range(THREADS)])
    rate = THREADS * EACH / (time.perf_counter() - begun)
    _row(f"  {THREADS} threads at once", together, f"{rate:.0f} a second")


@contextmanager
def _bare_table(path: Path) -> Iterator[Callable[[str], object]]:
    connection = sqlite3.connect(path, isolation_level=None)  # each statement is a transaction
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE bare (body TEXT NOT NULL)"):
        connection.execute(statement)
    yield lambda body: connection.execute("INSERT INTO bare VALUES (?)", [body])
    connection.close()


def _at_once(actions: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- checking ----------------------------------------------------------------------------------------------------------

_CHECK = """
import re, time
from pathlib import Path
from bot.audit.checking import checked
from bot.services import open_services
from bot.settings import read_settings
def peak():  # what `resource` says of a child begins with its parent's
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
with open_services(read_settings()) as services:
    ledger = services.audit.ledger
    ledger.verify(after=ledger.head()[0] * 9 // 10)
    tenth, begun, cpu = peak(), time.perf_counter(), time.process_time()
    found = checked(ledger, services.anchors, whole=True)
    print(time.perf_counter() - begun, time.process_time() - cpu, found.rows, tenth, peak())
assert not found.fault, found.fault
"""


def whole(home: Path) -> None:
    """Every row and text, in a process of its own; its memory beside that after a tenth of the rows (on Linux)."""
    environment = os.environ | {"CLAUSEBOT_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", _CHECK], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    seconds, cpu, rows, tenth, peak = map(float, done.stdout.split())
    million = seconds * 1e6 / rows
    print(f"the whole record checked             {seconds:8.1f} s   {cpu:.1f} s of a core, {rows / seconds:.0f} rows/s")
    print(f"  for a million rows                 {million:8.1f} s   (target: under 60 s)")
    print(f"  peak memory                        {peak:8.0f} MB  after a tenth of the rows {tenth:.0f} MB")


# -- the digest --------------------------------------------------------------------------------------------------------


def digest(services: Services) -> None:
    """A week of the record as legal gets it, from the first read to the page, and each part of it by itself."""
    now = WEEK.bounds(services.settings.zone)[1] + NOW
    gathered, zone = services.gather(WEEK, now), services.settings.zone
    made = gathered.made()
    print(f"the digest of {len(gathered.material.decisions)} decisions")
    _row("  gathered and made", _rounds(lambda: services.gather(WEEK, now).made()), "(target: under 3000 ms)")
    ledger, anchors = services.audit.ledger, services.anchors
    _row("    rows since the last anchor", _rounds(lambda: checked(ledger, anchors, whole=False)))
    _row("    gathered, with these", _rounds(lambda: services.gather(WEEK, now)))
    _row("    counted", _rounds(lambda: summarise(gathered.material, WEEK, zone, now)))
    _row("  the page", _rounds(lambda: page(made.digest)))
    _row("  the table", _rounds(lambda: "".join(decisions_csv(made.decisions, zone))))


def _rounds(action: Callable[[], object]) -> list[float]:
    return [_timed(action) for _ in range(ROUNDS)]


# -- reading -----------------------------------------------------------------------------------------------------------


def reading(services: Services, given: Sequence[Answer], rows: int) -> None:
    """What Slack reads of the record while somebody waits."""
    audit = services.audit
    ids = [decision_id(_SCATTERING * n % rows) for n in range(READS)]
    keys = [key_of(given[(rows - 1 - n % CLOSED) % len(given)]) for n in range(READS)]
    askers = [f"slack:T1:U{n % PEOPLE}" for n in range(READS)]
    for name, action, among in (
        ("a decision read back", audit.answer, ids),
        ("the last 20 decisions", lambda _: audit.list(limit=20), askers),
        ("the last 5 of an asker", lambda asker: audit.list(asker=asker, limit=5), askers),
        ("20 open reviews", lambda _: audit.open_reviews(), askers),
        ("a precedent that is there", audit.decided, keys),
        ("a precedent that is not", audit.decided, ids),
    ):
        _row(name, [_timed(lambda one=one, do=action: do(one)) for one in among])


def _timed(action: Callable[[], object]) -> float:
    """Return milliseconds."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def _row(name: str, times: Sequence[float], remark: str = "") -> None:
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    print(f"{name:36} {statistics.median(times):8.2f} ms  p95 {p95:8.2f}   {remark}".rstrip(), flush=True)
