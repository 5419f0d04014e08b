"""The places where a labelled clause may go in an outline, and what each costs.

A number that continues a sequence costs nothing; one that starts or skips something pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ingestion.segmentation.headings import TITLE_RANK
from ingestion.segmentation.items import Item
from ingestion.segmentation.labels import SUPPLEMENT_SYSTEMS, WORD_SYSTEMS, Reading, is_prefix, same_kind
from ingestion.segmentation.nodes import Node, chain, is_container

_NESTED_ALIKE, _RESTART, _LONE_START, _HUNG_START, STRAY = 1.5, 3.5, 2.2, 0.5, 1.5


class Place(NamedTuple):
    """Where a labelled clause may go: under `parent`, as the next of `sequence` or the first of a new one."""

    cost: float
    parent: Node | None
    sequence: int | None
    heading: Node | None = None
    """A heading that then stands under `parent` itself, with the clause below it."""


def places(top: Node | None, item: Item, reading: Reading, lone: bool) -> Iterator[Place]:
    """Every place for a label read that way; `lone` says that no second member of its sequence comes later."""
    if reading.system in SUPPLEMENT_SYSTEMS:
        yield Place(0.3, _above_supplement(top), None)
        return
    for pops, node in enumerate(chain(top)):
        if node.reading is None:
            continue
        step = _step(node, reading)
        if step is not None:
            yield Place(
                step + 0.4 * pops + _unlikeness(node, item, reading, is_top=pops == 0), node.parent, node.sequence
            )
        if is_prefix(node.reading, reading):
            late = 0.0 if reading.values[-1] <= 1 else 1.5
            yield Place(0.3 + 0.2 * pops + late, node, None)
    yield from _counted_on(top, item, reading)
    yield from _resumed(top, item, reading)
    if reading.values[-1] <= 1 or (reading.system in WORD_SYSTEMS and top is None):
        yield from _starts(top, item, reading, lone)


def _counted_on(top: Node | None, item: Item, reading: Reading) -> Iterator[Place]:
    """The place of a first item whose number goes on from the list below the clause before, at the same indent.

    Converters print that where they lost track of lists; letters start again in texts that leave out an item.
    """
    former = top.former if top else None
    if top is None or former is None or not top.indent < item.indent == former.indent:
        return
    if reading.system == "1" and len(reading.values) == 1 and _step(former, reading) == 0.0:
        yield Place(0.8, top, None)


def _above_supplement(top: Node | None) -> Node | None:
    return next((node for node in chain(top) if node.rank in {TITLE_RANK, 1}), None)


def _step(node: Node, reading: Reading) -> float | None:
    """What it costs to read this as the next of the node's sequence; None where it cannot be."""
    known = node.counted
    if known is None or known.system != reading.system:
        return None
    old, new = known.values, reading.values
    if len(new) == len(old):
        if new[:-1] == old[:-1]:
            return _gap(new[-1] - old[-1])
        return 0.6 if len(new) > 1 and new[-1] <= 1 and new[:-2] == old[:-2] and new[-2] == old[-2] + 1 else None
    if len(new) < len(old) and new[:-1] == old[: len(new) - 1] and new[-1] == old[len(new) - 1] + 1:
        above = node.parent.reading if node.parent else None
        return None if above is not None and is_prefix(above, known) else 1.0
    return None


def _gap(difference: int) -> float | None:
    if difference == 1:
        return 0.0
    if difference == 0:
        return 4.0
    return 2.2 + 0.3 * difference if 1 < difference <= 4 else None


def _unlikeness(node: Node, item: Item, reading: Reading, *, is_top: bool) -> float:
    """How much an item differs in look from the one it would come after."""
    apart = abs(node.indent - item.indent)
    cost = min(1.2, 0.15 * apart) if apart > 1 else 0.0
    if node.reading is not None and node.reading.shape != reading.shape:
        cost += 1.0
    if node.titled != bool(item.title):
        cost += 0.8
    if node.level != item.level:
        cost += 1.0
    nested = node.parent is not None and not is_container(node.parent)
    surprising = item.loose and not node.loose and is_top and nested and len(reading.values) == 1
    return cost + 0.8 if surprising else cost


def _resumed(top: Node | None, item: Item, reading: Reading) -> Iterator[Place]:
    """Places in a sequence that a heading or a section has interrupted."""
    for holder in chain(top):
        if not is_container(holder):
            return
        if holder.suspended is None:
            continue
        movable = holder is top and holder.reading is None and holder.rank != TITLE_RANK and not holder.level
        for pops, node in enumerate(chain(holder.suspended)):
            if node is holder.parent:
                break
            yield from _resumed_at(node, top, item, reading, pops if movable else None)
        return


def _resumed_at(node: Node, top: Node | None, item: Item, reading: Reading, pops: int | None) -> Iterator[Place]:
    if node.reading is None or node.reading.system in WORD_SYSTEMS:
        return
    step = _step(node, reading)
    if step is not None:
        cost = 0.3 + step + _unlikeness(node, item, reading, is_top=False)
        if node.parent is None or is_container(node.parent):
            yield Place(cost, top, node.sequence)
        elif pops is not None:
            yield Place(cost + 0.5 + 0.2 * pops, node.parent, node.sequence, top)
    if pops is None:
        return
    if is_prefix(node.reading, reading):
        yield Place(0.8 + 0.2 * pops, node, None, top)
    elif pops == 0 and len(reading.values) == 1 and reading.values[0] <= 1:
        alike = any(same_kind(other.reading, reading) for other in chain(node))
        yield Place(1.3 + (_NESTED_ALIKE if alike else 0.0), node, None, top)


def _starts(top: Node | None, item: Item, reading: Reading, lone: bool) -> Iterator[Place]:
    """Places where a new sequence may begin."""
    if lone:
        base = _HUNG_START if top is not None and top.alone and item.indent > top.indent + 1 else _LONE_START
    else:
        base = 0.5 if reading.values[-1] == 0 else 0.0
    if len(reading.values) > 1 and reading.values[0] > 1:
        base += 1.0
    outside = _outside(top, item, reading)
    if top is None or is_container(top):
        closed = top is not outside and reading.system not in WORD_SYSTEMS and not item.level
        yield Place(base + 0.6, top if closed else outside, None)
        return
    if reading.system not in WORD_SYSTEMS and len(reading.values) == 1 and not item.level:
        yield from _nested_starts(top, item, reading, base)
    yield Place(base + _restart_cost(top, item, reading), outside, None)


def _nested_starts(top: Node, item: Item, reading: Reading, base: float) -> Iterator[Place]:
    for pops, node in enumerate(chain(top)):
        if is_container(node):
            return
        cost = base + (1.0 if pops == 0 else 2.0 + 0.2 * pops)
        if item.indent < node.indent - 1:
            cost += 1.0
        if any(same_kind(other.reading, reading) and item.indent < other.indent + 2 for other in chain(node)):
            cost += _NESTED_ALIKE
        yield Place(cost, node, None)


def _outside(top: Node | None, item: Item, reading: Reading) -> Node | None:
    """The innermost open heading or section that a new sequence of this look would stand under."""
    for node in chain(top):
        if item.level:
            if (node.level and node.level < item.level) or (node.rank is not None and node.rank < item.level):
                return node
        elif reading.system in WORD_SYSTEMS:
            if node.rank is not None and node.rank <= 6:
                return node
            if node.reading is not None and node.reading.system in WORD_SYSTEMS - {reading.system}:
                return node
        elif is_container(node):
            return node
    return None


def _restart_cost(top: Node, item: Item, reading: Reading) -> float:
    if item.after_rule or item.level or reading.system in WORD_SYSTEMS:
        return 1.0
    root = top
    for node in chain(top):
        if is_container(node):
            break
        root = node
    if item.loose and same_kind(root.reading, reading) and abs(root.indent - item.indent) <= 1:
        return 2.0
    return _RESTART if len(reading.values) == 1 else 1.5
