"""Makes the clauses of a text: from lines to items, outline, tree, and then offsets, numbers and definitions."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.segmentation.citations import citations
from ingestion.segmentation.definitions import among_definitions, defined_term
from ingestion.segmentation.items import read_items
from ingestion.segmentation.lines import read_lines, with_lost_breaks
from ingestion.segmentation.outline import outline
from ingestion.segmentation.tree import Entry, build_tree
from knowledge.models import Clause, ClauseKind


def segment(text: str) -> tuple[Clause, ...]:
    """The clauses of a licence text, in its order; their bodies together are the text.

    Marks on running lines (`(i) ... (ii)` within a sentence) divide nothing. A number that continues no
    sequence (a year, a version, a reference at the start of a wrapped line) is text.
    """
    if not text:
        return ()
    items = read_items(list(with_lost_breaks(read_lines(text))))
    entries = build_tree(items, outline(items))
    if not entries:
        return (Clause("", "", ClauseKind.PARAGRAPH, "", 1, None, 0, len(text), len(text)),)
    starts = [0, *(entry.item.start for entry in entries[1:]), len(text)]
    ends = _ends(entries, starts)
    numbers = citations(entries)
    definitions = among_definitions(entries)
    return tuple(
        Clause(
            number=numbers[index],
            label=_printed_label(entry),
            kind=entry.kind,
            heading=entry.heading,
            depth=entry.depth,
            parent=entry.parent,
            start=starts[index],
            body_end=starts[index + 1],
            end=ends[index],
            defines=defined_term(text[starts[index] : starts[index + 1]], entry, among=definitions[index]),
        )
        for index, entry in enumerate(entries)
    )


def _ends(entries: Sequence[Entry], starts: Sequence[int]) -> list[int]:
    ends = list(starts[1:])
    for index in range(len(entries) - 1, -1, -1):
        parent = entries[index].parent
        if parent is not None:
            ends[parent] = max(ends[parent], ends[index])
    return ends


def _printed_label(entry: Entry) -> str:
    if entry.kind is ClauseKind.NUMBERED and entry.item.label is not None:
        return entry.item.label.text
    return entry.item.bullet if entry.kind is ClauseKind.BULLET else ""
