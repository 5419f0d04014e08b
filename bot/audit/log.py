"""Writes and reads decisions and what happened to them later. `record` and `note` are the only ways in."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Engine,
    RowMapping,
    Select,
    bindparam,
    exists,
    func,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from bot.audit.ledger import Entry, Ledger
from bot.audit.models import FreeText, LedgerMark, LedgerRow, Person
from bot.audit.people import People
from bot.model import Answer, Named, Question, Use
from knowledge.database import StoreError, translated
from knowledge.models import DocumentKind

DECISION = "decision"
ERASED = "(erased)"
"""Stands for a text whose author asked for it, or whose time was over."""


class EventKind(StrEnum):
    """What can happen to a decision after it was given."""

    FEEDBACK = "feedback"
    """Somebody pressed a thumb, or said what is wrong; the body holds `rating`, and perhaps `reasons` and `text`."""
    REVIEW_OPENED = "review_opened"
    """Somebody asked legal, or the answer asks for it by itself; the body holds `why`."""
    REVIEW_ASKED = "review_asked"
    """Legal asked the asker something; the body holds `text`."""
    REVIEW_CLOSED = "review_closed"
    """Legal decided; the body holds `approved`, `verdict`, `expires` and perhaps `text`, the reason."""
    SUPERSEDED = "superseded"
    """The question was changed; the body holds the new decision as `by`."""
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision as a list shows it."""

    id: str
    created_at: datetime
    asker: str
    channel: str
    verdict: str
    question: str
    subjects: tuple[str, ...]
    citations: int
    knowledge_version: str
    elapsed_ms: float

    def to_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "id": self.id,
            "created_at": self.created_at.isoformat(),
            "asker": self.asker,
            "channel": self.channel,
            "verdict": self.verdict,
            "question": self.question,
            "subjects": list(self.subjects),
            "citations": self.citations,
            "knowledge_version": self.knowledge_version,
            "elapsed_ms": self.elapsed_ms,
        }


@dataclass(frozen=True, slots=True)
class DecisionNote:
    """One thing that happened to a decision."""

    decision_id: str
    kind: str
    actor: str
    created_at: datetime
    body: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return {
            "kind": self.kind, "actor": self.actor, "created_at": self.created_at.isoformat(), "body": dict(self.body)
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenReview:
    """A decision that waits for legal."""

    decision: DecisionLine
    opened_by: str
    opened_at: datetime
    why: str = ""
    """What opened it, as the record has it: `asked`, `needs_review`, `feedback` or `low_confidence`."""


ANSWER = TypeAdapter(Answer)
"""Reads an answer back from its JSON."""
USE = TypeAdapter(Use)


def _id_of(question: Question) -> str:
    if not question.key:
        return secrets.token_hex(8)
    return hashlib.sha256(f"decision\0{question.key}".encode()).hexdigest()[:16]


_ROWS = LedgerRow.__table__  # type: ignore[attr-defined]
_TEXTS = FreeText.__table__  # type: ignore[attr-defined]
_MARKS = LedgerMark.__table__  # type: ignore[attr-defined]
_PEOPLE = Person.__table__  # type: ignore[attr-defined]
_WITH_TEXTS = _ROWS.outerjoin(_TEXTS, _TEXTS.c.row_id == _ROWS.c.id)
_LINE = (*(_ROWS.c[name] for name in ("id", "at", "person", "place", "verdict", "head")), _TEXTS.c.content)
_DECISION_ROW = (
    select(*_LINE, _ROWS.c.body)
    .select_from(_WITH_TEXTS)
    .where(_ROWS.c.id == bindparam("decision"), _ROWS.c.kind == DECISION)
)
_NOTE = (*(_ROWS.c[name] for name in ("decision_id", "kind", "person", "at", "body")), _TEXTS.c.content)


def _precedent() -> Select[Any]:
    """Return the query for the last review that was closed as a precedent, its decision, and who closed it."""
    reviewed, asked = _ROWS.alias("reviewed"), _TEXTS.alias("asked")
    # Behind a parameter, PostgreSQL would not see that the index of these rows fits.
    closed: ColumnElement[str] = literal_column(f"'{EventKind.REVIEW_CLOSED}'")
    tables = (
        _WITH_TEXTS.join(reviewed, reviewed.c.id == _ROWS.c.decision_id)
        .outerjoin(asked, asked.c.row_id == reviewed.c.id)
        .outerjoin(_PEOPLE, _PEOPLE.c.pseudonym == _ROWS.c.person)
    )
    return (
        select(*_NOTE, _PEOPLE.c.name, reviewed.c.body.label("reviewed"), asked.c.content.label("asked"))
        .select_from(tables)
        .where(_ROWS.c.kind == closed, _ROWS.c.place == bindparam("about"), reviewed.c.kind == DECISION)
        .order_by(_ROWS.c.seq.desc())
        .limit(1)
    )


_PRECEDENT = _precedent()


class AuditLog:
    """The record of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._program = version("clausebot")
        self.ledger = Ledger(engine)
        self.people = People(engine)
        self._add_indexes()
        self._adopt()
        self._find_marks()

    def record(self, question: Question, answer: Answer) -> Answer:
        """Write the decision and return the answer with its id; raises `StoreError`, and then nothing may be shown.

        A question with a key that has its decision already gets that answer, not this one.
        """
        answer = replace(answer, decision_id=_id_of(question))
        if self.ledger.append(self.entry(question, answer, datetime.now(UTC))):
            return answer
        given = self.answer(answer.decision_id) if question.key else None
        if given is None:
            raise StoreError("The decision could not be written; ask again.")
        return given

    def entry(self, question: Question, answer: Answer, at: datetime) -> Entry:
        """Return a decision as the ledger takes it; who asked for the first time gets a pseudonym."""
        said = answer.to_json()
        said.pop("question")
        return Entry(
            id=answer.decision_id,
            kind=DECISION,
            at=stamp(at),
            decision_id=answer.decision_id,
            person=self.people.pseudonym(question.asker),
            place=question.channel,
            verdict=answer.verdict.value,
            head={
                "subjects": [s.name for s in answer.subjects],
                "subject_ids": [s.id for s in answer.subjects],
                "subject_kinds": [s.kind for s in answer.subjects],
                "licenses": sorted({ref.id for s in answer.subjects for ref in s.licenses}),
                "citations": len(answer.citations),
                "confidence": answer.confidence,
                "unknown_names": list(answer.unknown_names),
                "denied_by": list(answer.policy.denied_by) if answer.policy else [],
                "knowledge_version": answer.knowledge_version,
                "elapsed_ms": answer.elapsed_ms,
            },
            body={"answer": said, "program_version": self._program, "given": _given(question)},
            free={"question": question.text, "context": list(question.context)},
            marks=_marks(said),
        )

    # -- reading -----------------------------------------------------------------------------------------------------

    def answer(self, decision_id: str) -> Answer | None:
        """Return the answer of a decision as it was given, or `None`."""
        row = self._decision(decision_id)
        return None if row is None else _answer(row.body, row.content)

    def list(
        self,
        *,
        limit: int = 20,
        verdict: str | None = None,
        asker: str | None = None,
        since: datetime | None = None,
        text: str | None = None,
    ) -> Sequence[DecisionLine]:
        """Return decisions, newest first, that meet every given filter."""
        query = _lines().where(_ROWS.c.kind == DECISION).order_by(_ROWS.c.seq.desc()).limit(limit)
        if asker is not None:
            query = query.where(_ROWS.c.person == self.people.known(asker))
        for condition in (
            verdict and _ROWS.c.verdict == verdict,
            since and _ROWS.c.at >= stamp(since),
            text and _TEXTS.c.content.icontains(text, autoescape=True),
        ):
            if isinstance(condition, ColumnElement):
                query = query.where(condition)
        with translated("reading the decisions"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        names = self.people.names({row.person for row in rows})
        return [_line(row, names) for row in rows]

    def show(self, decision_id: str) -> dict[str, Any] | None:
        """Return a whole decision as it was given, or `None`."""
        row = self._decision(decision_id)
        if row is None:
            return None
        line = _line(row, self.people.names({row.person}))
        answer: dict[str, Any] = json.loads(row.body)["answer"]
        where = {"created_at": line.created_at.isoformat(), "asker": line.asker, "channel": line.channel}
        return where | {"question": line.question} | answer

    def question(self, decision_id: str) -> Question | None:
        """Return the question of a decision as it was put, to put it again; `None` where it was erased or never was."""
        row = self._decision(decision_id)
        if row is None or not row.content:
            return None
        free, given = json.loads(row.content), json.loads(row.body).get("given", {})
        subjects = tuple(Named(*named) for named in given["subjects"]) if "subjects" in given else None
        use = USE.validate_python(given["use"]) if "use" in given else None
        return Question(free["question"], context=tuple(free["context"]), subjects=subjects, use=use)

    def _decision(self, decision_id: str) -> Any | None:
        """Return the row of a decision, with all of it and what was written for it."""
        with translated("reading the decision"), self._engine.connect() as connection:
            return connection.execute(_DECISION_ROW, {"decision": decision_id}).first()

    def lines(self, *, since: datetime | None = None) -> Iterator[DecisionLine]:
        """Return every decision since a moment, oldest first, with memory that does not grow."""
        query = _lines().where(_ROWS.c.kind == DECISION).order_by(_ROWS.c.seq)
        if since is not None:
            query = query.where(_ROWS.c.at >= stamp(since))
        for rows in self._pages(query):
            names = self.people.names({row.person for row in rows})
            yield from (_line(row, names) for row in rows)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the whole chain, oldest first, each row with its columns as hashed, and name and texts beside them."""
        query = select(_ROWS, _TEXTS.c.salt, _TEXTS.c.content).select_from(_WITH_TEXTS).order_by(_ROWS.c.seq)
        for rows in self._pages(query):
            names = self.people.names({row.person for row in rows})
            for row in rows:
                free = {"salt": row.salt, "content": row.content} if row.content else None
                columns = {column.name: getattr(row, column.name) for column in _ROWS.columns}
                yield columns | {"name": names.get(row.person), "free_text": free}

    def _pages(self, query: Select[Any]) -> Iterator[Sequence[Any]]:
        with (
            translated("reading the record"),
            self._engine.connect() as connection,
            connection.execution_options(yield_per=_PAGE).execute(query) as found,
        ):
            yield from found.partitions()

    # -- what happened later -----------------------------------------------------------------------------------------

    def note(
        self, decision_id: str, kind: EventKind, actor: str, body: Mapping[str, Any], *, key: str, about: str = ""
    ) -> bool:
        """Write down what happened to a decision; return false where it stands there under this key already.

        `about` is what a closed review is a precedent for.
        """
        free = {"text": body["text"]} if body.get("text") else {}
        said = {name: part for name, part in body.items() if name != "text"}
        now, person = stamp(datetime.now(UTC)), self.people.pseudonym(actor)
        return self.ledger.append(Entry(key, kind.value, now, decision_id, person, about, "", {}, said, free))

    def notes(self, decision_id: str) -> Sequence[DecisionNote]:
        """Return what happened to a decision, oldest first."""
        about = _ROWS.c.decision_id == decision_id, _ROWS.c.kind != DECISION
        query = select(*_NOTE).select_from(_WITH_TEXTS).where(*about).order_by(_ROWS.c.seq)
        with translated("reading what happened to a decision"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        names = self.people.names({row.person for row in rows})
        return [_note(row, names) for row in rows]

    def outcomes(self, decisions: Collection[str]) -> dict[str, DecisionNote]:
        """Return what legal decided of decisions, by their ids; what was not decided is left out."""
        about = _ROWS.c.decision_id.in_(decisions), _ROWS.c.kind == EventKind.REVIEW_CLOSED.value
        with translated("reading the reviews"), self._engine.connect() as connection:
            rows = connection.execute(select(*_NOTE).select_from(_WITH_TEXTS).where(*about)).all()
        names = self.people.names({row.person for row in rows})
        return {row.decision_id: _note(row, names) for row in rows}

    def decided(self, about: str) -> tuple[Answer, DecisionNote] | None:
        """Return the last review that was closed as a precedent for something, and the answer that was reviewed."""
        with translated("reading the precedents"), self._engine.connect() as connection:
            row = connection.execute(_PRECEDENT, {"about": about}).first()
        if row is None:
            return None
        return _answer(row.reviewed, row.asked), _note(row, {row.person: row.name} if row.name else {})

    def open_reviews(self, *, asker: str | None = None, limit: int = 20) -> Sequence[OpenReview]:
        """Return what waits for legal, oldest first: all of it, or one asker's."""
        opened, closed = _ROWS.alias("opened"), _ROWS.alias("closed")
        is_closed = exists().where(
            closed.c.decision_id == opened.c.decision_id,
            closed.c.kind == EventKind.REVIEW_CLOSED.value,
            closed.c.seq > opened.c.seq,
        )
        query = (
            select(*_LINE, opened.c.person.label("opened_by"), opened.c.at.label("opened_at"), opened.c.body)
            .select_from(_WITH_TEXTS.join(opened, opened.c.decision_id == _ROWS.c.id))
            .where(opened.c.kind == EventKind.REVIEW_OPENED.value, ~is_closed)
            .order_by(opened.c.seq)
            .limit(limit)
        )
        if asker is not None:
            query = query.where(_ROWS.c.person == self.people.known(asker))
        with translated("reading the reviews"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        names = self.people.names({p for row in rows for p in (row.person, row.opened_by)})
        return [
            OpenReview(
                _line(row, names),
                names.get(row.opened_by, row.opened_by),
                _moment(row.opened_at),
                str(json.loads(row.body).get("why", "")),
            )
            for row in rows
        ]

    def count(self) -> int:
        """Return how many decisions there are."""
        query = select(func.count()).select_from(_ROWS).where(_ROWS.c.kind == DECISION)
        with translated("counting the decisions"), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    # -- older records -----------------------------------------------------------------------------------------------

    def _add_indexes(self) -> None:
        """Add those that a record lacks which an older program began."""
        with translated("indexing the record"), self._engine.begin() as connection:
            there = {index["name"] for index in inspect(connection).get_indexes(_ROWS.name)}
            for index in _ROWS.indexes:
                if index.name not in there:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def _adopt(self) -> None:
        """Take over, once, what the first version wrote into tables of its own, which stay as they are."""
        with translated("reading the older record"), self._engine.connect() as connection:
            if self.ledger.head()[0] or not inspect(connection).has_table("decision"):
                return
            rows = connection.execute(text("SELECT * FROM decision ORDER BY seq")).mappings().all()
        for start in range(0, len(rows), _ADOPTED_AT_ONCE):
            self.ledger.extend([self._adopted(row) for row in rows[start : start + _ADOPTED_AT_ONCE]])

    def _find_marks(self) -> None:
        """Mark, once, the rows of a record that was begun before there were marks."""
        kept = select(_MARKS.c.seq).limit(1)
        with translated("reading the record"), self._engine.connect() as connection:
            if connection.execute(kept).first() or not self.ledger.head()[0]:
                return
        query = select(_ROWS.c.seq, _ROWS.c.body).where(_ROWS.c.kind == DECISION).order_by(_ROWS.c.seq)
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        marking = dialect.insert(_MARKS).on_conflict_do_nothing()
        with translated("marking the record"), self._engine.begin() as connection:
            for rows in self._pages(query):
                found = [{"name": m, "seq": row.seq} for row in rows for m in _marks(json.loads(row.body)["answer"])]
                if found:
                    connection.execute(marking, found)

    def _adopted(self, row: RowMapping) -> Entry:
        answer = ANSWER.validate_python(_parsed(row["answer"]) | {"decision_id": row["id"]})
        question = Question(row["question"], row["asker"], row["channel"], tuple(_parsed(row["context"])))
        at = row["created_at"]
        return self.entry(question, answer, at if isinstance(at, datetime) else datetime.fromisoformat(at))


_ADOPTED_AT_ONCE = 500
_PAGE = 500


def _marks(said: Mapping[str, Any]) -> frozenset[str]:
    """Return under which words a decision is found, from its answer as JSON: its subjects, and the texts it cites."""
    subjects = (f"subject:{subject['id']}" for subject in said.get("subjects", ()))
    cited = (c for c in said.get("citations", ()) if c.get("document") != DocumentKind.POLICY.value)
    return frozenset((*subjects, *(f"text:{sha}" for c in cited if (sha := c.get("text_sha256")))))


def _given(question: Question) -> dict[str, Any]:
    """Return what a form gave of a question, which its text alone would not bring back."""
    subjects = None if question.subjects is None else [[named.name, named.kind] for named in question.subjects]
    given = {"subjects": subjects, "use": question.use.to_json() if question.use else None}
    return {name: part for name, part in given.items() if part is not None}


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _lines() -> Select[Any]:
    return select(*_LINE).select_from(_WITH_TEXTS)


def _line(row: Any, names: Mapping[str, str]) -> DecisionLine:
    head = json.loads(row.head)
    return DecisionLine(
        row.id, _moment(row.at), names.get(row.person, row.person), row.place, row.verdict, question_of(row.content),
        tuple(head["subjects"]), head["citations"], head["knowledge_version"], head["elapsed_ms"],
    )  # fmt: skip


def _answer(body: str, content: str | None) -> Answer:
    return ANSWER.validate_python(json.loads(body)["answer"] | {"question": question_of(content)})


def _note(row: Any, names: Mapping[str, str]) -> DecisionNote:
    return DecisionNote(
        row.decision_id, row.kind, names.get(row.person, row.person), _moment(row.at), said_of(row)
    )  # fmt: skip


def question_of(content: str | None) -> str:
    """Return the question of a decision from what people wrote for it; a word in its place where it was erased."""
    return str(json.loads(content)["question"]) if content else ERASED


def said_of(row: Any) -> dict[str, Any]:
    """Return the body of an event (`body` and `content` of a row), with what somebody wrote."""
    body: dict[str, Any] = json.loads(row.body)
    had_text = body.pop("free_text", None) is not None
    free = json.loads(row.content) if row.content else ({"text": ERASED} if had_text else {})
    return body | free


def stamp(at: datetime) -> str:
    """Return a moment as the record has it; texts of it sort as the moments do."""
    known = at if at.tzinfo else at.replace(tzinfo=UTC)
    return known.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
