"""The record as a table: no cell works as a formula, whoever wrote it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from bot.audit.export import as_csv
from bot.audit.log import DecisionLine
from tests.bot.test_spreadsheet import ATTACKS


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula(attack: str) -> None:
    """Wherever text from outside goes, also behind what is not seen; figures stay figures."""
    line = DecisionLine(
        "d-1", datetime(2026, 11, 23, tzinfo=UTC), attack, attack, "allowed", attack, (attack,), 2, "abc", 8.5
    )
    (cells,) = csv.DictReader(StringIO("".join(as_csv([line])), newline=""))

    assert all(cells[name].startswith("'") for name in ("asker", "channel", "question", "subjects"))
    assert (cells["id"], cells["citations"], cells["elapsed_ms"]) == ("d-1", "2", "8.5")
