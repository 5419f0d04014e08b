"""The decisions of a week as CSV for spreadsheets, and a digest as JSON text. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from zoneinfo import ZoneInfo

from bot.digest.model import Digest
from bot.digest.rows import DecisionRow
from bot.spreadsheet import csv_line

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel takes UTF-8 for the code page of the machine."""
COLUMNS = (
    "decision", "time", "time_utc", "asker", "channel", "verdict", "question", "subjects", "licences", "confidence",
    "elapsed_ms", "unknown_names", "denied_by",
)  # fmt: skip


def decisions_csv(rows: Iterable[DecisionRow], zone: ZoneInfo, name_of: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the file piece by piece: a header and one row a decision, comma-separated, every cell in quotes.

    Write it as UTF-8 with `newline=""`. No cell is a formula: one that could be taken for one has a `'` before it.
    """
    yield BYTE_ORDER_MARK + csv_line(COLUMNS, in_quotes=True)
    for row in rows:
        yield csv_line(_cells(row, zone, name_of), in_quotes=True)


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


def digest_json(digest: Digest) -> str:
    """Return the digest as indented JSON text."""
    return json.dumps(digest.to_json(), ensure_ascii=False, indent=2) + "\n"
