"""The decisions of a week as CSV for spreadsheets, and a digest as JSON text. Pure."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from io import StringIO
from zoneinfo import ZoneInfo

from bot.digest.model import Digest
from bot.digest.rows import DecisionRow

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel takes UTF-8 for the code page of the machine."""
LONGEST_CELL = 32_000
"""Excel takes 32,767 characters, and splits what is longer over rows."""
COLUMNS = (
    "decision", "time", "time_utc", "asker", "channel", "verdict", "question", "subjects", "licences", "confidence",
    "elapsed_ms", "unknown_names", "denied_by",
)  # fmt: skip
_FORMULA = "=+-@\n|%＝＋－＠"
"""What may open a formula or a call to another program in one spreadsheet or another."""


def decisions_csv(rows: Iterable[DecisionRow], zone: ZoneInfo, name_of: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the file piece by piece: a header and one row a decision, comma-separated, every cell in quotes.

    Write it as UTF-8 with `newline=""`. No cell is a formula: one that could be taken for one has a `'` before it.
    """
    yield BYTE_ORDER_MARK + _line(COLUMNS)
    for row in rows:
        yield _line(_cells(row, zone, name_of))


def _cells(row: DecisionRow, zone: ZoneInfo, name_of: Callable[[str], str]) -> tuple[str, ...]:
    return (
        row.id,
        f"{row.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        row.at.astimezone(UTC).isoformat(timespec="seconds"),
        name_of(row.asker),
        row.channel,
        row.verdict.value,
        row.question,
        "; ".join(thing.name for thing in row.subjects),
        "; ".join(thing.name for thing in row.licenses),
        f"{row.confidence:.2f}",
        f"{row.elapsed_ms:.1f}",
        "; ".join(row.unknown),
        "; ".join(row.denied_by),
    )


def _line(cells: Iterable[str]) -> str:
    written = StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
    return written.getvalue()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a `'` stands before what may open one, also behind spaces.

    Control characters are left out, and what is too long for a cell is cut.
    """
    text = "".join(c if c == "\n" else " " if c.isspace() else c for c in cell if c.isprintable() or c.isspace())
    text = text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"
    return f"'{text}" if text.lstrip(" ").startswith(tuple(_FORMULA)) else text


def digest_json(digest: Digest) -> str:
    """Return the digest as indented JSON text."""
    return json.dumps(digest.to_json(), ensure_ascii=False, indent=2) + "\n"
