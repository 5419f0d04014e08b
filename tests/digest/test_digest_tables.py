"""The CSV is read by spreadsheets as text and never as a formula; the JSON is the digest."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.rows import DecisionRow, Thing
from bot.digest.tables import COLUMNS, LONGEST_CELL, decisions_csv, digest_json, harmless
from bot.digest.text import counted
from tests.digest import invented
from tests.digest.invented import ZONE

ROW = next(invented.decisions())


def read(rows: Iterable[DecisionRow]) -> list[dict[str, str]]:
    """Write the file as bytes and read it as a spreadsheet does."""
    content = "".join(decisions_csv(rows, ZONE, lambda who: invented.PEOPLE.get(who, who))).encode()
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_file_begins_with_the_mark_of_utf_8() -> None:
    """Excel would read umlauts wrongly without it; lines end as RFC 4180 has it."""
    content = "".join(decisions_csv([ROW], ZONE)).encode()

    assert content.startswith(b'\xef\xbb\xbf"decision","time",')
    assert content.count(b"\r\n") == 2
    assert content.replace(b"\r\n", b"").count(b"\n") == 0


def test_every_decision_is_a_row() -> None:
    """With the time in the company's zone, as a spreadsheet reads it, and in UTC."""
    rows = read(invented.decisions())
    first = rows[0]

    assert len(rows) == 135
    assert tuple(first) == COLUMNS
    assert (first["decision"], first["time"], first["time_utc"]) == (
        ROW.id, "2026-11-16 08:00:00", "2026-11-16T07:00:00+00:00"
    )  # fmt: skip
    assert first["asker"] in invented.PEOPLE.values()
    assert first["question"] == ROW.question
    assert first["subjects"] == ROW.subjects[0].name
    assert {row["verdict"] for row in rows} == {"allowed", "conditional", "prohibited", "needs_review", "unknown"}
    assert {row["unknown_names"] for row in rows} == {"", "Föhn 8B", "föhn 8B", "Gale Instruct", "mistral-ish-v9"}


@pytest.mark.parametrize(
    "attack", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "|calc", "%0A", "\u202e=1",
               "\0=1", "\ufeff=1", "\u00a0=1", '=HYPERLINK("https://evil.example","x")', "=cmd|' /C calc'!A0"],
)  # fmt: skip
def test_no_cell_is_a_formula(attack: str) -> None:
    """Wherever text from outside goes, also behind what is not seen."""
    row = replace(ROW, id=attack, asker=attack, channel=attack, question=attack, subjects=(Thing("a", attack),),
                  licenses=(Thing("b", attack),), unknown=(attack,), denied_by=(attack,))  # fmt: skip
    (cells,) = read([row])

    attacked = ("decision", "asker", "channel", "question", "subjects", "licences", "unknown_names", "denied_by")
    assert all(cells[name].startswith("'") for name in attacked)
    assert len(cells) == len(COLUMNS)


@given(st.text())
def test_a_harmless_cell_keeps_its_text(text: str) -> None:
    """But for what is not seen; whoever reads the file gets the same number of cells, whatever is in them."""
    cell = harmless(text)
    (cells,) = read([replace(ROW, question=text)])

    assert cell.lstrip(" ")[:1] not in set("=+-@|%")
    assert [c for c in cell.removeprefix("'") if not c.isspace()] == [
        c for c in text.removeprefix("'") if c.isprintable() and not c.isspace()
    ]
    assert cells["question"] == cell
    assert tuple(cells) == COLUMNS


def test_a_cell_is_not_longer_than_excel_takes() -> None:
    """What is cut says so."""
    cell = harmless("=" + "x" * 40_000)

    assert len(cell) <= LONGEST_CELL + 2
    assert cell.endswith("…")


def test_the_file_is_written_while_it_is_read() -> None:
    """One row at a time: a week of 20,000 decisions is never held whole."""
    seen = []

    def rows() -> Iterable[DecisionRow]:
        for row in invented.decisions():
            seen.append(row)
            yield row

    pieces = decisions_csv(rows(), ZONE)

    assert next(pieces).startswith("\ufeff")
    assert seen == []
    assert ROW.id in next(pieces)
    assert len(seen) == 1


def test_the_json_is_the_digest() -> None:
    """As text that people can read, too."""
    digest = invented.realistic()
    text = digest_json(digest)

    assert json.loads(text) == digest.to_json()
    assert "Föhn 8B" in text
    assert counted(1, "question") == "1 question"
    assert counted(2400, "person", "people") == "2,400 people"
