"""The clauses of an outline in the making; many readings of a text share them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from ingestion.segmentation.headings import TITLE_RANK
from ingestion.segmentation.items import Item
from ingestion.segmentation.labels import SUPPLEMENT_SYSTEMS, WORD_SYSTEMS, Reading


class Node:
    """An open clause in one reading of the outline; nodes share their parents and do not change once they are made."""

    __slots__ = (
        "alone",
        "counted",
        "depth",
        "former",
        "indent",
        "item",
        "level",
        "loose",
        "parent",
        "rank",
        "reading",
        "sequence",
        "signature",
        "suspended",
        "titled",
    )

    def __init__(
        self, item: int, source: Item, parent: Node | None, reading: Reading | None = None, sequence: int = -1
    ) -> None:
        self.item = item
        self.reading = reading
        self.sequence = sequence
        self.indent = source.indent
        self.titled = bool(source.title)
        self.loose = source.loose
        self.level = source.level
        self.rank = source.head.rank if reading is None and source.head else None
        self.alone = source.alone
        self.counted = reading
        """The reading that the sequence goes on from; a stray number in a list does not move it."""
        self.former: Node | None = None
        """What was open below the clause before this one in the sequence."""
        self.suspended: Node | None = None
        self.parent: Node | None = parent
        self.depth: int = parent.depth + 1 if parent else 1
        self.signature: int = hash((parent.signature if parent else 0, item, reading, sequence))


def chain(node: Node | None) -> Iterator[Node]:
    """The clause and those around it, the innermost first."""
    while node is not None:
        yield node
        node = node.parent


def is_container(node: Node) -> bool:
    """Whether it is a heading or a named part, so that numbers may start again below."""
    return node.reading is None or node.reading.system in WORD_SYSTEMS


def holder(top: Node | None, rank: int) -> Node | None:
    """The innermost open clause that a heading of this rank does not close."""
    for node in chain(top):
        if node.rank is not None and node.rank < rank:
            return node
        if node.reading is not None and 0 < node.level < rank <= 6:
            return node
        if node.reading is not None and node.reading.system in SUPPLEMENT_SYSTEMS and rank > TITLE_RANK:
            return node
    return None


def suspended(top: Node | None, parent: Node | None) -> Node | None:
    """The clause that was open when a heading or section closed numbered clauses that may go on below it."""
    for node in chain(top):
        if node is parent:
            return None
        if node.reading is not None and node.reading.system not in WORD_SYSTEMS:
            return top
        if node.suspended is not None:
            return node.suspended
    return None


def open_below(top: Node | None, sequence: int) -> Node | None:
    """The clause that is open right below the last one of a sequence."""
    below = None
    for node in chain(top):
        if node.sequence == sequence:
            return below
        below = node
    return None


def moved_under(heading: Node, parent: Node | None) -> Node:
    """The heading as it is under another clause."""
    moved = copy(heading)
    moved.parent, moved.suspended = parent, None
    moved.depth = parent.depth + 1 if parent else 1
    moved.signature = hash((parent.signature if parent else 0, heading.item, None, -1))
    return moved
