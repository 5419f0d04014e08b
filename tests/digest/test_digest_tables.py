"""The CSV is read by spreadsheets as text and never as a formula; the JSON is the digest."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from io import StringIO

import pytest

from bot.digest.rows import DecisionRow, Thing
from bot.digest.tables import COLUMNS, decisions_csv, digest_json
from bot.digest.text import counted
from tests.bot.test_spreadsheet import ATTACKS
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


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula(attack: str) -> None:
    """Wherever text from outside goes, also behind what is not seen."""
    row = replace(ROW, id=attack, asker=attack, channel=attack, question=attack, subjects=(Thing("a", attack),),
                  licenses=(Thing("b", attack),), unknown=(attack,), denied_by=(attack,))  # fmt: skip
    (cells,) = read([row])

    attacked = ("decision", "asker", "channel", "question", "subjects", "licences", "unknown_names", "denied_by")
    assert all(cells[name].startswith("'") for name in attacked)
    assert len(cells) == len(COLUMNS)


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
