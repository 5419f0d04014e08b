"""Hands the record over: JSON Lines with every row as it stands in the chain, or CSV of the decisions for a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from bot.audit.log import DecisionLine

_COLUMNS = (
    "id", "created_at", "asker", "channel", "verdict", "question", "subjects", "citations", "knowledge_version",
    "elapsed_ms",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is worked out by spreadsheets (OWASP, CSV injection)."""


def as_json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return one line for each row, its columns as they are hashed, with name and free text beside them."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_csv(lines: Iterable[DecisionLine]) -> Iterator[str]:
    """Return a heading and one line for each decision; no cell works as a formula."""
    yield _line(_COLUMNS)
    for line in lines:
        said = line.to_json() | {"subjects": "; ".join(line.subjects)}
        yield _line([_harmless(said[name]) for name in _COLUMNS])


def _line(cells: Iterable[Any]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
