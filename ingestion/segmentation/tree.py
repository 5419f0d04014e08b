"""Builds the tree: numbered clauses as the outline says, bullets and paragraphs below what they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.segmentation.items import Item
from ingestion.segmentation.labels import WORD_SYSTEMS
from ingestion.segmentation.nodes import Node, chain, is_container
from knowledge.models import ClauseKind


@dataclass(slots=True)
class Entry:
    """A clause while the tree is built."""

    item: Item
    parent: int | None
    kind: ClauseKind
    node: Node | None
    depth: int
    sequel: bool = False
    """Whether a later clause continues the same sequence."""
    last_below: int = -1
    """Where the last numbered clause right below it starts."""
    paragraphs: int = 0
    """How many paragraphs without a deeper indent stand directly below."""

    @property
    def heading(self) -> str:
        """The title it is printed with."""
        if self.kind is ClauseKind.HEADING and self.item.head is not None:
            return self.item.head.text
        return self.item.title


class _Tree:
    """Collects the clauses in the order of the text; `open` are those that the next one may stand under."""

    def __init__(self, last_of: dict[int, int], last_below: dict[int, int]) -> None:
        self.entries: list[Entry] = []
        self.open: list[int] = []
        self._last_of = last_of
        self._last_below = last_below
        self._spacious: set[int] = set()
        self._with_paragraphs: set[int] = set()

    def add(self, item: Item, kind: ClauseKind, node: Node | None = None) -> None:
        """Puts a clause under the innermost open one."""
        parent = self.open[-1] if self.open else None
        sequel = node is not None and node.reading is not None and self._last_of[node.sequence] > node.item
        self.open.append(len(self.entries))
        below = self._last_below.get(node.item, -1) if node is not None else -1
        self.entries.append(Entry(item, parent, kind, node, len(self.open), sequel, below))

    def close_until(self, parent: Node | None) -> None:
        """Leaves open that clause and what is around it, or the innermost around it that a paragraph has not closed."""
        around = {node.item for node in chain(parent)}
        while self.open:
            node = self.entries[self.open[-1]].node
            if node is not None and node.item in around:
                return
            self.open.pop()

    def close_numbered(self) -> None:
        """Leaves only headings open: what follows belongs to no numbered clause."""
        while self.open and self.entries[self.open[-1]].kind is not ClauseKind.HEADING:
            self.open.pop()

    def top(self) -> Entry | None:
        """The innermost open clause."""
        return self.entries[self.open[-1]] if self.open else None

    def bullet(self, item: Item) -> None:
        """Puts a bullet below what introduces it, or below the bullet it is indented under."""
        while (top := self.top()) is not None:
            if not _ended_by_bullet(top, item):
                break
            self.open.pop()
        self.add(item, ClauseKind.BULLET)

    def paragraph(self, item: Item, next_item: Item | None) -> None:
        """Puts a paragraph below the innermost clause it belongs to."""
        while (top := self.top()) is not None and not self._takes(top, item, next_item):
            self.open.pop()
        top = self.top()
        if top is not None and top.kind is ClauseKind.NUMBERED and item.indent <= top.item.indent:
            top.paragraphs += 1
            self._with_paragraphs |= {top.node.sequence} if top.node else set()
            if top.node is not None and top.sequel and (top.paragraphs > 1 or not top.item.alone):
                self._spacious.add(top.node.sequence)
        self.add(item, ClauseKind.PARAGRAPH)

    def _takes(self, entry: Entry, item: Item, next_item: Item | None) -> bool:
        """Whether a paragraph belongs below this clause rather than to what is around it."""
        deeper = item.indent > entry.item.indent
        if entry.kind is ClauseKind.HEADING:
            return deeper or entry.item.head is None or not entry.item.head.hung
        if entry.kind is ClauseKind.PARAGRAPH:
            return (entry.item.leads or bool(entry.item.title)) and item.indent >= entry.item.indent + 2
        if entry.kind is ClauseKind.BULLET:
            goes_on = next_item is not None and next_item.bullet and next_item.indent == entry.item.indent
            return deeper or bool(goes_on and item.indent == entry.item.indent and not item.leads)
        return deeper or self._goes_on(entry, item)

    def _goes_on(self, entry: Entry, item: Item) -> bool:
        """Whether a numbered clause goes on with a paragraph that is printed no further in."""
        if entry.node is None or entry.node.reading is None or entry.sequel:
            return True
        if not entry.item.alone and item.indent < entry.item.indent and self._held_above(entry, item):
            return False
        return self._is_section(entry.node, entry.item) or self._introduces(entry, entry.node, item)

    def _is_section(self, node: Node, item: Item) -> bool:
        """Whether the clause is one that paragraphs follow as a rule."""
        outermost = node.parent is None or is_container(node.parent)
        part = node.reading is not None and node.reading.system in WORD_SYSTEMS
        return node.level > 0 or part or (bool(item.title) and outermost) or node.sequence in self._spacious

    def _introduces(self, entry: Entry, node: Node, item: Item) -> bool:
        """Whether the clause says too little to stand without the paragraph."""
        one_line_items = node.item != node.sequence and node.sequence not in self._with_paragraphs
        unfinished = not entry.item.complete and (not one_line_items or item.start < entry.last_below)
        return entry.item.alone or ((entry.item.leads or unfinished) and not entry.paragraphs)

    def _held_above(self, entry: Entry, item: Item) -> bool:
        """Whether a clause around this one is printed no further in than the item, and this one is."""
        parent = entry.parent
        while parent is not None and (above := self.entries[parent]).kind is ClauseKind.NUMBERED:
            if above.item.indent <= item.indent:
                return True
            parent = above.parent
        return False


def _ended_by_bullet(entry: Entry, bullet: Item) -> bool:
    """Whether a bullet stands outside this clause, although that was the last one."""
    if entry.kind is ClauseKind.PARAGRAPH:
        return not entry.item.leads
    if entry.kind is ClauseKind.BULLET:
        return entry.item.indent >= bullet.indent
    return entry.kind is ClauseKind.NUMBERED and entry.item.indent > bullet.indent


def build_tree(items: Sequence[Item], nodes: dict[int, Node]) -> list[Entry]:
    """All clauses in the order of the text; `nodes` are those of the outline, by item."""
    last_of: dict[int, int] = {}
    last_below: dict[int, int] = {}
    for node in nodes.values():
        last_of[node.sequence] = max(node.item, last_of.get(node.sequence, -1))
        if node.parent is not None:
            last_below[node.parent.item] = max(items[node.item].start, last_below.get(node.parent.item, -1))
    tree = _Tree(last_of, last_below)
    for index, item in enumerate(items):
        found = nodes.get(index)
        if found is not None:
            tree.close_until(found.parent)
            tree.add(item, ClauseKind.HEADING if found.reading is None else ClauseKind.NUMBERED, found)
        elif item.rule:
            if index - 1 not in nodes:  # otherwise it underlines the clause before
                tree.close_numbered()
        elif item.bullet:
            tree.bullet(item)
        elif item.opens:
            tree.paragraph(item, items[index + 1] if index + 1 < len(items) else None)
    return tree.entries
