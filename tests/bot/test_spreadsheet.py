"""Spreadsheets read what we write as text, and never as a formula."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spreadsheet import LONGEST_CELL, csv_line, harmless

ATTACKS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "|calc", "%0A", "\u202e=1", "\0=1",
    "\ufeff=1", "\u00a0=1", '=HYPERLINK("https://evil.example","x")', "=cmd|' /C calc'!A0",
)  # fmt: skip


@given(st.lists(st.text() | st.sampled_from(ATTACKS), min_size=2), st.booleans())
def test_whatever_the_cells_are_the_line_has_as_many(cells: list[str], in_quotes: bool) -> None:
    """Whoever reads the line gets each cell back as it was made harmless."""
    line = csv_line(cells, in_quotes=in_quotes)

    assert list(csv.reader(StringIO(line, newline=""))) == [[harmless(cell) for cell in cells]]


def test_numbers_stay_numbers() -> None:
    """A number below zero is no formula."""
    assert csv_line(["-1", -1, 2.5]) == "'-1,-1,2.5\r\n"


@given(st.text())
def test_a_harmless_cell_keeps_its_text(text: str) -> None:
    """But for what is not seen."""
    cell = harmless(text)

    assert cell.lstrip(" ")[:1] not in set("=+-@|%")
    assert [c for c in cell.removeprefix("'") if not c.isspace()] == [
        c for c in text.removeprefix("'") if c.isprintable() and not c.isspace()
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_formula_is_text(attack: str) -> None:
    """Also behind what is not seen."""
    assert harmless(attack).startswith("'")


def test_a_cell_is_not_longer_than_excel_takes() -> None:
    """What is cut says so."""
    cell = harmless("=" + "x" * 40_000)

    assert len(cell) <= LONGEST_CELL + 2
    assert cell.endswith("…")
