"""A digest with the decisions that it was made of, in every form in which it goes out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.digest.model import Digest
from bot.digest.page import page
from bot.digest.rows import DecisionRow
from bot.digest.tables import decisions_csv


@dataclass(frozen=True, slots=True)
class WeeklyDigest:
    """One week's digest and its decisions."""

    digest: Digest
    decisions: tuple[DecisionRow, ...]
    name_of: Callable[[str], str] = str

    def files(self) -> dict[str, bytes]:
        """Return what goes along, by file name: the page and, where anybody asked anything, the table."""
        week = self.digest.week
        found = {f"clausebot-{week}.html": page(self.digest).encode()}
        if self.decisions:
            table = "".join(decisions_csv(self.decisions, ZoneInfo(self.digest.zone), self.name_of))
            found[f"clausebot-{week}.csv"] = table.encode()
        return found
