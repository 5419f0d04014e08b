"""Lines of CSV that a spreadsheet reads as text, whatever people wrote into them. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

LONGEST_CELL = 32_000
"""Excel takes 32,767 characters, and splits what is longer over rows."""
_FORMULA = "=+-@\n|%＝＋－＠"
"""What may open a formula or a call to another program in one spreadsheet or another (OWASP, CSV injection)."""


def csv_line(cells: Iterable[object], *, in_quotes: bool = False) -> str:
    """Return one line, comma-separated, ended as RFC 4180 has it; text is made harmless. Write it with `newline=""`.

    `in_quotes` puts every cell in quotes, not only those that need them.
    """
    written = StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL if in_quotes else csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(harmless(cell) if isinstance(cell, str) else cell for cell in cells)
    return written.getvalue()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a `'` stands before what may open one, also behind spaces.

    Control characters are left out, and what is too long for a cell is cut.
    """
    text = cell if cell.isprintable() else _printable(cell)
    text = text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"
    return f"'{text}" if text.lstrip(" ").startswith(tuple(_FORMULA)) else text


def _printable(cell: str) -> str:
    return "".join(c if c == "\n" else " " if c.isspace() else c for c in cell if c.isprintable() or c.isspace())
