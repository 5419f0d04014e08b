"""Chooses which of the possible labels are clauses, and under what: the cheapest reading of the whole text.

A beam search keeps the best readings of the text so far and extends each by every place of the next item.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingestion.segmentation.evidence import ON_PURPOSE
from ingestion.segmentation.items import Item
from ingestion.segmentation.labels import SUPPLEMENT_SYSTEMS, WORD_SYSTEMS, Reading
from ingestion.segmentation.nodes import Node, holder, moved_under, open_below, suspended
from ingestion.segmentation.places import STRAY, Place, places


class _Trail(NamedTuple):
    """The clauses so far, the last one first; one that comes again for the same item replaces the older."""

    node: Node
    before: _Trail | None


class _State(NamedTuple):
    """One reading of the text so far: what it costs, and the innermost clause that is open."""

    cost: float
    top: Node | None
    trail: _Trail | None


_BEAM, _MARGIN, _MAX_DEPTH = 8, 6.0, 14


def outline(items: Sequence[Item]) -> dict[int, Node]:
    """The items that are numbered clauses or headings, each with its node in the cheapest reading."""
    lone, strays = _lone_starts(items), _strays(items)
    states = [_State(0.0, None, None)]
    for index, item in enumerate(items):
        if item.label is None and item.head is None:
            continue
        options = [option for state in states for option in _options(state, index, item, index in lone)]
        if index in strays:
            options += [option for state in states for option in _strayed(state, index, item)]
        states = _cheapest(options)
    nodes: dict[int, Node] = {}
    trail = states[0].trail
    while trail is not None:
        nodes.setdefault(trail.node.item, trail.node)
        trail = trail.before
    return nodes


def _cheapest(options: list[_State]) -> list[_State]:
    """The best reading of every outline that is still open, within the width and the margin of the beam."""
    options.sort(key=lambda state: state.cost)
    best: dict[int, _State] = {}
    limit = options[0].cost + _MARGIN
    for option in options:
        if option.cost > limit or len(best) == _BEAM:
            break
        best.setdefault(option.top.signature if option.top else 0, option)
    return list(best.values())


def _lone_starts(items: Sequence[Item]) -> set[int]:
    """The items that begin a sequence of which no second member comes later."""
    seen: set[tuple[str, str, int]] = set()
    lone = set()
    for index in range(len(items) - 1, -1, -1):
        label = items[index].label
        if label is None:
            continue
        labels = {(reading.system, reading.shape, reading.values[-1]) for reading in label.readings}
        if not any((system, shape, value + 1) in seen for system, shape, value in labels):
            lone.add(index)
        seen |= labels
    return lone


def _strays(items: Sequence[Item]) -> set[int]:
    """The items whose number is out of the sequence that the items right before and after continue: `(k) (a) (l)`."""
    found = set()
    for index in range(1, len(items) - 1):
        before, stray, after = (_first_reading(items[place]) for place in (index - 1, index, index + 1))
        if before is None or stray is None or after is None or len({before[::2], stray[::2], after[::2]}) > 1:
            continue
        if len(stray.values) > 1 or not _follower(items[index])[:1].isupper():
            continue
        indents = {item.indent for item in items[index - 1 : index + 2]}
        goes_on = after.values[:-1] == before.values[:-1] and after.values[-1] == before.values[-1] + 1
        earlier = stray.values[-1] < before.values[-1]
        if goes_on and earlier and len(indents) == 1 and items[index].accept <= ON_PURPOSE:
            found.add(index)
    return found


def _follower(item: Item) -> str:
    return item.label.follower if item.label else ""


def _first_reading(item: Item) -> Reading | None:
    """How a label is read: as a letter rather than a Roman number where it may be both."""
    return item.label.readings[0] if item.label else None


def _strayed(state: _State, index: int, item: Item) -> Iterator[_State]:
    """The reading that takes a stray number as printed, without moving the sequence that it stands in."""
    reading, top = _first_reading(item), state.top
    if reading is None or top is None or top.item != index - 1 or top.counted is None:
        return
    node = Node(index, item, top.parent, reading, top.sequence)
    node.counted = top.counted
    yield _State(state.cost + item.accept + STRAY, node, _Trail(node, state.trail))


def _options(state: _State, index: int, item: Item, lone: bool) -> Iterator[_State]:
    top = state.top
    if item.head is not None:
        node = Node(index, item, holder(top, item.head.rank))
        node.suspended = suspended(top, node.parent)
        yield _State(state.cost + (item.refuse if item.label else 0.0), node, _Trail(node, state.trail))
    else:
        yield _State(state.cost + item.refuse, top, state.trail)
    if item.label is None:
        return
    for reading in item.label.readings:
        for place in places(top, item, reading, lone):
            if place.parent is not None and place.parent.depth >= _MAX_DEPTH:
                continue
            yield _placed(state, place, index, item, reading)


def _placed(state: _State, place: Place, index: int, item: Item, reading: Reading) -> _State:
    parent, trail = place.parent, state.trail
    if place.heading is not None:
        parent = moved_under(place.heading, parent)
        trail = _Trail(parent, trail)
    node = Node(index, item, parent, reading, index if place.sequence is None else place.sequence)
    if reading.system in WORD_SYSTEMS and reading.system not in SUPPLEMENT_SYSTEMS:
        node.suspended = suspended(state.top, parent)
    elif place.sequence is not None:
        node.former = open_below(state.top, place.sequence)
    return _State(state.cost + item.accept + place.cost, node, _Trail(node, trail))
