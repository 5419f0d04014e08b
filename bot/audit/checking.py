"""Checks the record: every row, and every anchor that was given out."""

from __future__ import annotations

from dataclasses import dataclass

from bot.audit.anchors import Anchors, Head
from bot.audit.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the record found."""

    rows: int
    """Rows that are as they were written, from the first on."""
    head: str
    """Hash of the last of them."""
    fault: str
    """The first fault as a sentence; empty where there is none."""
    checked_from: int = 1
    """First row that was looked at; the ones before were in order when an earlier anchor was given out."""


def checked(ledger: Ledger, anchors: Anchors, *given: Head, whole: bool = True) -> Checked:
    """Check every row, and that the record reaches every anchor that was kept or is given here.

    Not `whole`, only the rows behind the last anchor are looked at. Raises `StoreError`.
    """
    cut = anchors.broken(*given)
    after = 0 if whole or cut else anchors.last_count()
    found = ledger.verify(after=after)
    fault = f"Row {found.fault.seq} ({found.fault.id}): {found.fault.what}." if found.fault else ""
    if cut and not fault:
        fault = (
            f"The record does not match the anchor of {cut.count} rows given out {cut.at}: rows were cut off or redone."
        )
    return Checked(found.count, found.head, fault, after + 1)
