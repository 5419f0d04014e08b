"""How well questions are read, measured on labelled ones; floors a little below what was measured on 2026-11-21."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.answering.rules import Truth
from bot.answering.uses import Described, describe

ROWS = [json.loads(line) for line in (Path(__file__).parent / "held.jsonl").read_text("utf-8").splitlines()]

Read = Callable[[Described], set[str]]
Label = Callable[[Mapping[str, Any]], set[str]]


@cache
def held() -> list[tuple[Mapping[str, Any], Described]]:
    """Every held row with what is read in its question: read once, measured for each kind of label."""
    return [(row, describe(row["question"], [])) for row in ROWS]


def f1(label: Label, read: Read) -> float:
    """Return the micro F1 of one kind of label over the held rows that are licensing questions."""
    right = wrong = missed = 0
    for row, described in held():
        if not row["licensing"]:
            continue
        wanted, found = label(row), read(described)
        right += len(wanted & found)
        wrong += len(found - wanted)
        missed += len(wanted - found)
    return 2 * right / (2 * right + wrong + missed)


@pytest.mark.parametrize(
    ("name", "label", "read", "floor"),
    [
        ("actions", lambda r: set(r["actions"]), lambda d: set(d.use.actions), 0.55),
        ("domain", lambda r: {r["domain"]} - {None}, lambda d: {d.use.domain} - {None}, 0.63),
        ("commercial", lambda r: {str(r["commercial"])} - {"None"}, lambda d: {str(d.use.commercial)} - {"None"}, 0.75),
        ("topics", lambda r: set(r["topics"]), lambda d: {t for t, v in d.topics.items() if v is Truth.TRUE}, 0.5),
        ("asks", lambda r: set(r["asks"]), lambda d: set(d.asks), 0.48),
    ],
)
def test_labels_of_held_questions_are_read(name: str, label: Label, read: Read, floor: float) -> None:
    """Each kind of label is read at least as well as it was when it was last worked on."""
    assert f1(label, read) >= floor, name


def test_licensing_questions_are_told_from_others() -> None:
    """Nine in ten questions are sorted rightly into licensing ones and others."""
    right = sum(described.is_licensing is row["licensing"] for row, described in held())
    assert right / len(ROWS) >= 0.88
