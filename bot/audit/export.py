"""Hands the record over: JSON Lines with every row as it stands in the chain, or CSV of the decisions for a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bot.audit.log import DecisionLine
from bot.spreadsheet import csv_line

_COLUMNS = (
    "id", "created_at", "asker", "channel", "verdict", "question", "subjects", "citations", "knowledge_version",
    "elapsed_ms",
)  # fmt: skip


def as_json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return one line for each row, its columns as they are hashed, with name and free text beside them."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_csv(lines: Iterable[DecisionLine]) -> Iterator[str]:
    """Return a heading and one line for each decision; no cell works as a formula, or is longer than a cell may be."""
    yield csv_line(_COLUMNS)
    for line in lines:
        said = line.to_json() | {"subjects": "; ".join(line.subjects)}
        yield csv_line(said[name] for name in _COLUMNS)
