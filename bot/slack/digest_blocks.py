"""Builds the weekly digest for Slack: what a lawyer reads in a minute, and what is behind it for the thread. Pure.

Nobody is mentioned: a mention would call everybody who asked a question into legal's channel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.audit.anchors import Head
from bot.digest.model import Count, Digest
from bot.digest.outline import Figure, Item, Outline, Section, outline
from bot.digest.rows import Integrity
from bot.digest.text import counted, moment
from bot.slack import kit
from bot.slack.blocks import FALLBACK_TEXT, MOST_BLOCKS, MOST_CHARACTERS, VERDICT_MARKS, Message
from bot.slack.kit import SECTION_TEXT, Block
from bot.slack.text import as_code, link, one_line, pieces, shortened

_MARKS = {verdict.value: mark for verdict, mark in VERDICT_MARKS.items()} | {"bad": "🔺", "warn": "🔸", "plain": "▫️"}
"""By tone. What waits has another shape than a verdict: colours alone do not tell them apart."""
_CODE = 500
"""Characters to a block of code: each may become an entity of five."""


def digest_messages(digest: Digest) -> tuple[Message, ...]:
    """Return the message for the channel, then those for its thread; the record is the last of them.

    The first one of a week without questions is short and shows what waits, too.
    """
    told = outline(digest)
    filled = [part for part in told.sections if part.items or part.names]
    waiting = {todo.section for todo in told.todo} if digest.is_empty else set()
    here = [unit for part in filled if part.id in waiting for unit in _section(part)]
    messages = _messages(
        told.subject, [*_opening(told, is_empty=digest.is_empty), *here, _closing(digest, told.record)]
    )
    for parts in _together(part for part in filled if part.id not in waiting):
        units = [unit for part in parts for unit in _section(part)]
        messages += _messages(f"{told.title}: {', '.join(part.title for part in parts)}", units)
    return *messages, *_messages(f"{told.title}: {told.record.title}", _record(told.record, digest.integrity))


def _together(parts: Iterable[Section]) -> Iterator[list[Section]]:
    """Give each section a message of its own, so that people can put their marks on it; bare names share one."""
    for _, group in groupby(parts, key=lambda part: "names" if part.names else part.id):
        yield list(group)


# -- the message in the channel ----------------------------------------------------------------------------------------


def _opening(told: Outline, *, is_empty: bool) -> Iterator[list[Block]]:
    yield [kit.header(f"Licence digest: {told.title}"), kit.context(one_line(told.dates))]
    yield _sections(one_line(told.summary))
    if told.todo or not is_empty:
        lines = [f"{_MARKS[todo.tone]} {one_line(todo.text)}" for todo in told.todo] or ["Nothing waits."]
        yield _sections("\n".join(["*For legal*", *lines]))
    if told.figures:
        fields = [kit.mrkdwn(_figure(figure)) for figure in told.figures]
        yield [{**kit.section("*The week, against the one before*"), "fields": fields}]


def _figure(figure: Figure) -> str:
    mark = f"{VERDICT_MARKS[figure.verdict]} " if figure.verdict else ""
    return f"{mark}{one_line(figure.label)}\n*{one_line(figure.value)}* · {one_line(figure.change)}"


def _closing(digest: Digest, record: Section) -> list[Block]:
    made = f"Made {moment(digest.made_at, ZoneInfo(digest.zone))} · details in the thread · not legal advice"
    whole = (f"{_MARKS[i.tone]} {record.title}: {one_line(i.label)}. {one_line(i.text)}" for i in record.items)
    return [*map(kit.context, whole), kit.context(made)]


# -- the thread --------------------------------------------------------------------------------------------------------


def _section(part: Section) -> list[list[Block]]:
    """Return one unit an item; the title belongs to the first, what is left out to the last."""
    units = [*map(_item, part.items), *([_names(part.names)] if part.names else [])]
    units[0][:0] = _titled(part)
    units[-1] += [kit.context(one_line(part.more))] if part.more else []
    return units


def _titled(part: Section) -> list[Block]:
    return [kit.header(part.title), *(_small(part.lead) if part.lead else [])]


def _item(item: Item) -> list[Block]:
    said = f"{_MARKS[item.tone]} *{link(item.url, item.label)}* · {one_line(item.text)}"
    lines = (f"• {one_line(line)}" for line in item.lines)
    whole = "\n".join(filter(None, [said, one_line(item.note), *lines]))
    return [*_sections(whole), *(_small(*item.facts) if item.facts else [])]


def _names(names: Iterable[Count]) -> list[Block]:
    return _sections("\n".join(f"• {one_line(name.name)} ({_times(name)})" for name in names))


def _times(name: Count) -> str:
    return f"{counted(name.questions, 'question')} by {counted(name.askers, 'person', 'people')}"


def _record(record: Section, integrity: Integrity | None) -> list[list[Block]]:
    """Return the record with its anchor, whole, as `clausebot audit verify --anchor` takes it."""
    units = _section(replace(record, items=tuple(replace(item, lines=()) for item in record.items)))
    if integrity is None or not integrity.head:
        return units
    at = integrity.checked_at.astimezone(UTC).isoformat(timespec="seconds")
    anchor = str(Head(integrity.rows, integrity.head, at, integrity.signature))
    code = [kit.section(as_code(anchor[start : start + _CODE])) for start in range(0, len(anchor), _CODE)]
    return [*units, [kit.section("*Anchor*, for `clausebot audit verify --anchor` with quotes around it"), *code]]


# -- parts of messages -------------------------------------------------------------------------------------------------


def _sections(mrkdwn: str) -> list[Block]:
    return [kit.section(piece) for piece in pieces(mrkdwn, SECTION_TEXT)]


def _small(*texts: str) -> list[Block]:
    return [kit.context(piece) for piece in pieces(" · ".join(map(one_line, texts)), SECTION_TEXT)]


def _messages(text: str, units: Iterable[Sequence[Block]]) -> list[Message]:
    """Spread units over messages, in order; one is torn only if no message holds it whole."""
    pages: list[list[Block]] = [[]]
    for unit in units:
        for part in [unit] if _fits(unit) else [[block] for block in unit]:
            if _fits([*pages[-1], *part]):
                pages[-1] += part
            else:
                pages.append(list(part))
    plain = shortened(one_line(text), FALLBACK_TEXT)
    later = (Message(f"{plain} ({n} of {len(pages)})", tuple(page)) for n, page in enumerate(pages[1:], start=2))
    return [Message(plain, tuple(pages[0])), *later]


def _fits(blocks: Sequence[Block]) -> bool:
    """Whether a message holds blocks; their JSON is longer than the texts that Slack counts."""
    return len(blocks) <= MOST_BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= MOST_CHARACTERS
