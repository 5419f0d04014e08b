"""`ask --batch`: one JSON object a line in, one answer a line out, in the same order."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import QuestionError
from bot.model import Answer, Named, Question, Use, Verdict
from knowledge.vocabulary import vocabulary

if TYPE_CHECKING:
    from bot.answering.answerer import Answerer

_KINDS = frozenset({"model", "dataset", "license", "software"})


def read_lines(name: str) -> list[tuple[int, str]]:
    """Return the numbered lines of a file (`-`: stdin) that hold something; raises `QuestionError`."""
    if name == "-" and sys.stdin is None:
        raise QuestionError("There is no stdin to read the batch from; give a file or pipe the rows in.")
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise QuestionError(f"The batch file {name!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise QuestionError(f"The batch file {name!r} is not UTF-8 text.") from error
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def answer_line(line: str, number: int, answerer: Answerer, *, asker: str) -> tuple[dict[str, Any], bool]:
    """Return the answer to one line, with the row's `id`, and whether the line could be read."""
    row_id: Any = None
    try:
        row = json.loads(line)
        if isinstance(row, Mapping):
            row_id = row.get("id")
        question = replace(parse_row(row, number), asker=asker, channel="batch")
        answer = answerer.answer(question).to_json()
    except (ValueError, RecursionError, QuestionError) as error:
        reason = str(error) if isinstance(error, QuestionError) else f"Line {number} is not valid JSON: {error}."
        text = row.get("question", "") if row_id is not None else line[:200]
        answer = Answer(
            question=_printable(str(text)), verdict=Verdict.UNKNOWN, summary=f"Not decided. {reason}"
        ).to_json()
        return ({"id": row_id} if row_id is not None else {}) | answer | {"error": reason}, False
    return ({"id": row_id} if row_id is not None else {}) | answer, True


def _printable(text: str) -> str:
    """Replace lone surrogates, which no output can hold."""
    return text.encode("utf-8", "replace").decode()


def failed_line(line: str, reference: str) -> dict[str, Any]:
    """Return the answer to a row on which the program itself failed."""
    row = json.loads(line)
    reason = f"Something went wrong that should not have (reference {reference})."
    answer = Answer(
        question=_printable(row["question"]), verdict=Verdict.UNKNOWN, summary=f"Not decided. {reason}"
    ).to_json()
    return ({"id": row["id"]} if row.get("id") is not None else {}) | answer | {"error": reason}


def parse_row(row: Any, number: int) -> Question:
    """Return the question of a batch row; raises `QuestionError` that names line and fault."""
    where = f"Line {number}"
    if not isinstance(row, Mapping) or not isinstance(row.get("question"), str):
        raise QuestionError(f"{where}: a row is an object with a text `question`.")
    context = row.get("context") or []
    if not isinstance(context, list) or not all(
        isinstance(c, Mapping) and isinstance(c.get("question"), str) for c in context
    ):
        raise QuestionError(f"{where}: `context` is a list of objects, each with a text `question`.")
    return Question(
        text=row["question"],
        context=tuple(c["question"] for c in context),
        subjects=_subjects(row.get("subjects"), where),
        use=_use(row.get("use"), where),
    )


def _subjects(raw: Any, where: str) -> tuple[Named, ...] | None:
    if raw is None:
        return None
    valid = isinstance(raw, list) and all(
        isinstance(s, Mapping) and isinstance(s.get("name"), str) and s.get("kind", "model") in tuple(_KINDS)
        for s in raw
    )
    if not valid:
        raise QuestionError(f"{where}: `subjects` is a list of {{kind: model | dataset | license | software, name}}.")
    return tuple(Named(s["name"], s.get("kind")) for s in raw)


def _use(raw: Any, where: str) -> Use | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise QuestionError(f"{where}: `use` is an object as `use.md` describes it.")
    actions, commercial, domain, facts = (raw.get(k) for k in ("actions", "commercial", "domain", "facts"))
    actions = actions or []
    if not isinstance(actions, list) or (
        unknown := [a for a in actions if not isinstance(a, str) or a not in vocabulary().actions]
    ):
        named = unknown[0] if isinstance(actions, list) else actions
        raise QuestionError(f"{where}: `actions` knows no {named!r}.")
    if commercial not in (True, False, None):
        raise QuestionError(f"{where}: `commercial` is true, false or null.")
    if not isinstance(domain, str | None) or not isinstance(facts, Mapping | None):
        raise QuestionError(f"{where}: `domain` is a word or null, `facts` an object.")
    return Use(tuple(actions), commercial, domain, dict(facts or {}))
