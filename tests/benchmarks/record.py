"""A record as a company has it after years, to measure on: real answers, invented people, one week that is told of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from bot.audit.ledger import Entry
from bot.audit.log import EventKind, stamp
from bot.audit.precedents import key_of
from bot.batch import read_lines
from bot.digest.week import Week
from bot.evaluation import read_gold
from bot.model import Answer, Question
from bot.services import Services

WEEK = Week(2026, 46)
IN_WEEK = 20_000
GOLD = Path(__file__).parents[1] / "gold" / "tuning.jsonl"
ANSWERS = 200
PEOPLE = 300
PLACES = 40
FEEDBACK, OPENED, CLOSED = 300, 200, 100
"""What happened in the week; of the reviews that were opened so many were closed."""
_BATCH = 1000


def answers(services: Services) -> list[Answer]:
    """Return what is answered, unrecorded, to the first gold questions that get an answer with quotes."""
    golds = read_gold(read_lines(str(GOLD)), lambda key: services.store.document(key).text)
    considered = (services.answerer.considered(gold.question) for gold in golds)
    return list(islice((answer for answer in considered if answer.citations), ANSWERS))


def asked(number: int, given: Sequence[Answer]) -> tuple[Question, Answer]:
    """Return a question with its answer; each number has its own asker, id and wording."""
    said = given[number % len(given)]
    question = Question(f"{said.question} ({number})", f"slack:T1:U{number % PEOPLE}", f"slack:T1:C{number % PLACES}")
    return question, replace(said, question=question.text, decision_id=decision_id(number))


def decision_id(number: int) -> str:
    """Return an id as scattered as those of real decisions."""
    return hashlib.sha256(b"%d" % number).hexdigest()[:16]


def fill(services: Services, given: Sequence[Answer], rows: int) -> tuple[float, float]:
    """Write decisions down, the last of them in the week, with an anchor before it, and what happened to them.

    Returns the seconds that it took to make the entries, and to write them.
    """
    start, end = WEEK.bounds(services.settings.zone)
    in_week = min(IN_WEEK, rows)
    step = (end - start) / in_week
    first = start - step * (rows - in_week)
    making = writing = 0.0
    for at in range(0, rows, _BATCH):
        begun = perf_counter()
        entries = [services.audit.entry(*asked(n, given), first + step * n) for n in range(at, min(at + _BATCH, rows))]
        made = perf_counter()
        services.audit.ledger.extend(entries)
        making, writing = making + made - begun, writing + perf_counter() - made
        if at < rows - in_week <= at + _BATCH:
            services.anchors.give_out()
    services.audit.ledger.extend(list(_happenings(services, given, rows, end)))
    _change_texts(services, given, start + timedelta(days=2))
    return making, writing


def _happenings(services: Services, given: Sequence[Answer], rows: int, end: datetime) -> Iterator[Entry]:
    """What people and legal did with the newest decisions, in the last minutes of the week."""
    happened = (
        *((EventKind.FEEDBACK, n, {"rating": "down", "reasons": ["Wrong licence"]}) for n in range(FEEDBACK)),
        *((EventKind.REVIEW_OPENED, n, {"why": "asked"}) for n in range(OPENED)),
        *((EventKind.REVIEW_CLOSED, n, {"approved": False, "verdict": "conditional"}) for n in range(CLOSED)),
    )
    for place, (kind, nth, body) in enumerate(happened):
        number = rows - 1 - nth
        about = key_of(given[number % len(given)]) if kind is EventKind.REVIEW_CLOSED else ""
        person = services.audit.people.pseudonym(f"slack:T1:U{place % PEOPLE}")
        at = stamp(end - timedelta(seconds=len(happened) - place))
        free = {} if kind is EventKind.REVIEW_OPENED else {"text": f"Because of {place}."}
        yield Entry(f"happened-{place}", kind.value, at, decision_id(number), person, about, "", {}, body, free)


def _change_texts(services: Services, given: Sequence[Answer], at: datetime) -> None:
    """Have the two texts that are cited most changed in the week."""
    cited = [c.text_sha256 for answer in given for c in {c.text_sha256: c for c in answer.citations}.values()]
    most = sorted({sha for sha in cited if sha}, key=lambda sha: (-cited.count(sha), sha))[:2]
    with services.engine.begin() as connection:
        for sha in most:
            connection.execute(
                text("UPDATE document SET superseded_at = :at WHERE sha256 = :sha"),
                {"at": at.strftime("%Y-%m-%d %H:%M:%S.000000"), "sha": sha},
            )
