"""What a digest says, in the order in which it matters: the one source of page, mail and Slack message. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.digest.model import (
    Change,
    Count,
    Digest,
    Lapsing,
    Listed,
    LowConfidence,
    Override,
    Refused,
    Review,
    ThumbDown,
    Touched,
)  # fmt: skip
from bot.digest.rows import Integrity, Rating
from bot.digest.text import (
    VERDICT_WORDS,
    ago,
    change,
    counted,
    day,
    day_and_year,
    duration,
    listed,
    moment,
    one_line,
    span,
)  # fmt: skip
from bot.model import Verdict


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a section: a label in colour, what it is about, and the small print."""

    label: str
    tone: str
    """A value of `Verdict`, or `bad`, `warn`, `plain`: which colour the label has."""
    text: str
    note: str = ""
    """What somebody said of it, or what follows."""
    facts: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    """What belongs to it, a line each."""
    url: str = ""
    """Where it can be opened: http(s) or empty."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the digest; one of bare names has no items."""

    id: str
    title: str
    lead: str = ""
    items: tuple[Item, ...] = ()
    names: tuple[Count, ...] = ()
    more: str = ""
    """What is left out: `and 12 more`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the week, and how it moved."""

    label: str
    value: str
    change: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that needs legal, and the section that tells more."""

    text: str
    section: str
    tone: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A digest in words."""

    title: str
    """`Week 47, 2026`."""
    dates: str
    subject: str
    """One line for a mail's subject or a notification."""
    summary: str
    """One or two sentences."""
    todo: tuple[Todo, ...]
    figures: tuple[Figure, ...]
    """Empty for a week without questions."""
    sections: tuple[Section, ...]
    record: Section
    """Whether the audit table is whole, with the anchor."""


def outline(digest: Digest) -> Outline:
    """Return what a digest says. Sections without content are left out, but not the open reviews."""
    week, zone = digest.week, ZoneInfo(digest.zone)
    todo = tuple(_todo(digest))
    return Outline(
        title=f"Week {week.number}, {week.year}" + (", so far" if digest.is_running else ""),
        dates=f"{span(week.days)}, {digest.zone}",
        subject=f"Licence digest {week}{' so far' if digest.is_running else ''}: {_subject(digest, todo)}",
        summary=_quiet(todo) if digest.is_empty else _summary(digest),
        todo=todo,
        figures=() if digest.is_empty else tuple(_figures(digest)),
        sections=tuple(s for s in _sections(digest, zone) if s.items or s.names or s.id == "reviews"),
        record=_record(digest, zone),
    )


def _subject(digest: Digest, todo: tuple[Todo, ...]) -> str:
    asked = "no questions" if digest.is_empty else counted(digest.numbers.questions, "question")
    return f"{asked}; {todo[0].text}" if todo else asked


def _quiet(todo: tuple[Todo, ...]) -> str:
    rest = "only what is listed here still waits" if todo else "and nothing waits: enjoy the calm"
    return f"A quiet week: nobody asked about a licence, {rest}."


def _summary(digest: Digest) -> str:
    now = digest.numbers
    asked = f"{counted(now.askers, 'person', 'people')} asked {counted(now.questions, 'question')}"
    favourite = digest.models.shown[:1]
    most = f", most of all about {favourite[0].name}" if favourite and favourite[0].questions > 1 else ""
    came_out = (
        (now.verdicts[Verdict.ALLOWED] + now.verdicts[Verdict.CONDITIONAL],
         "permitted the use (as it stands or on conditions)"),
        (now.verdicts[Verdict.PROHIBITED], "said no"),
        (now.verdicts[Verdict.NEEDS_REVIEW], "went to legal"),
        (now.verdicts[Verdict.UNKNOWN], "stayed undecided"),
    )  # fmt: skip
    return f"{asked}{most}. Of the answers, {listed([f'{count:,} {how}' for count, how in came_out if count])}."


def _todo(digest: Digest) -> Iterator[Todo]:
    if digest.integrity is None:
        yield Todo("The audit table was not checked", "record", "bad")
    elif not digest.integrity.holds:
        yield Todo("The audit table was tampered with or is damaged", "record", "bad")
    if digest.overdue:
        yield Todo(f"{counted(digest.overdue, 'review')} overdue", "reviews", "bad")
    if waiting := digest.reviews.total - digest.overdue:
        yield Todo(f"{counted(waiting, 'more review' if digest.overdue else 'review')} open", "reviews", "warn")
    if digest.changes.total:
        touched = f"; {counted(digest.touched, 'past decision')} cite the old text" if digest.touched else ""
        touched = touched.replace("cite", "cites", 1) if digest.touched == 1 else touched
        yield Todo(f"{counted(digest.changes.total, 'licence text')} changed{touched}", "changes", "warn")
    if digest.lapsing.total:
        yield Todo(f"{counted(digest.lapsing.total, 'permission')} about to lapse", "lapsing", "warn")


def _figures(digest: Digest) -> Iterator[Figure]:
    now, before = digest.numbers, digest.before
    yield Figure("Questions", f"{now.questions:,}", change(now.questions, before.questions))
    yield Figure("People asking", f"{now.askers:,}", change(now.askers, before.askers))
    slow = f"{duration(before.median_ms)} the week before" if before.median_ms is not None else "none the week before"
    yield Figure("Answer time, median", duration(now.median_ms), slow)
    for verdict, word in VERDICT_WORDS.items():
        count = now.verdicts[verdict]
        yield Figure(word, f"{count:,}", change(count, before.verdicts[verdict]), verdict)


# -- sections ----------------------------------------------------------------------------------------------------------


def _sections(digest: Digest, zone: ZoneInfo) -> Iterator[Section]:
    yield _reviews(digest, zone)
    changed = digest.changes
    lead = "Look again at what was decided on the old text." if digest.touched else ""
    yield _section("changes", "Licence texts that changed", lead, changed, (_change(c, zone) for c in changed.shown))
    yield _section("lapsing", "Permissions about to lapse", "", digest.lapsing, map(_lapsing, digest.lapsing.shown))
    yield _refusals(digest)
    overrides = digest.overrides
    yield _section("overrides", "Overridden by legal", "", overrides, (_override(o, zone) for o in overrides.shown))
    yield _thumbs(digest, zone)
    low = digest.low_confidence
    lead = "These answers stand on little: unreviewed terms, or much that the question leaves open."
    yield _section("low-confidence", "Low confidence", lead, low, (_low(one, zone) for one in low.shown))
    lead = "Nothing is known of these names, so such questions stay undecided. Add what people really use."
    yield _names("gaps", "Names that we do not know", lead, digest.gaps)
    yield _names("new-subjects", "Asked about for the first time", "", digest.new_subjects)


def _section(id_: str, title: str, lead: str, found: Listed[Any], items: Iterable[Item]) -> Section:
    return Section(id_, title, lead, tuple(items), more=_more(found))


def _names(id_: str, title: str, lead: str, found: Listed[Count]) -> Section:
    return Section(id_, title, lead, names=found.shown, more=_more(found))


def _more(found: Listed[Any]) -> str:
    return f"and {found.more:,} more" if found.more else ""


def _reviews(digest: Digest, zone: ZoneInfo) -> Section:
    found = digest.reviews
    items = tuple(_review(review, digest.made_at, zone) for review in found.shown)
    return Section("reviews", "Waiting for legal", "" if items else "Nothing waits.", items, more=_more(found))


def _review(review: Review, now: datetime, zone: ZoneInfo) -> Item:
    waits = f"waits since {_on(review.opened_at, zone)} ({ago((now - review.opened_at).days)})"
    due = f"due {_on(review.due_at, zone)}" if review.due_at else ""
    return Item(
        "Overdue" if review.overdue else "Open",
        "bad" if review.overdue else "warn",
        review.question,
        f"Opened: {review.why}" if review.why else "",
        _facts(VERDICT_WORDS[review.verdict], review.asker, waits, due, review.decision_id),
        url=web_address(review.url),
    )


def _change(changed: Change, zone: ZoneInfo) -> Item:
    rest = changed.touched
    decided = counted(rest.total, "past decision")
    said = (
        f"{decided} {'rests' if rest.total == 1 else 'rest'} on it." if rest.total else "No past decision rests on it."
    )
    more = (f"and {rest.more:,} more",) if rest.more else ()
    return Item(
        "Changed",
        "warn",
        f"{changed.name}, {changed.document}",
        said,
        _facts(f"new text since {_on(changed.at, zone)}", _hashes(changed.sha256_before, changed.sha256_after)),
        (*(_touched(one, zone) for one in rest.shown), *more),
        web_address(changed.url),
    )


def _hashes(before: str, after: str) -> str:
    return f"SHA-256 {before[:8]} → {after[:8]}" if before and after else ""


def _touched(one: Touched, zone: ZoneInfo) -> str:
    facts = _facts(VERDICT_WORDS[one.verdict], one.asker, _on(one.at, zone), one.decision_id)
    return f"{one.question} ({', '.join(facts)})"


def _lapsing(one: Lapsing) -> Item:
    if one.days_left < 0:
        label, left = "Lapsed", f"lapsed {counted(-one.days_left, 'day')} ago"
    else:
        label, left = "Lapses", f"{counted(one.days_left, 'day')} left" if one.days_left else "last day today"
    facts = _facts(f"until {day_and_year(one.expires)}", left, one.owner)
    return Item(label, "bad" if one.days_left < 7 else "warn", one.name, one.scope, facts)


def _refusals(digest: Digest) -> Section:
    prohibited = digest.numbers.verdicts[Verdict.PROHIBITED]
    lead = f"{counted(prohibited, 'question')} got a no" if prohibited else ""
    by_policy = f"company policy denied {digest.denied:,}" if digest.denied else ""
    lead = "; ".join(filter(None, [lead, by_policy]))
    items = map(_refused, digest.refused.shown)
    return _section("refused", "Asked for, and not allowed", f"{lead}." if lead else "", digest.refused, items)


def _refused(group: Refused) -> Item:
    times = (
        "once" if group.questions == 1 else f"{group.questions:,} times by {counted(group.askers, 'person', 'people')}"
    )
    by = f"policy: {listed(group.denied_by)}" if group.denied_by else ""
    about = listed(group.subjects) or "nothing in particular"
    label = "Policy" if group.denied_by else "Licence"
    return Item(label, "prohibited", about, f"“{group.latest}”", _facts(f"asked {times}", by, group.decision_id))


def _override(one: Override, zone: ZoneInfo) -> Item:
    until = f"until {day_and_year(one.expires)}" if one.expires else "without end"
    was = f"was {VERDICT_WORDS[one.before].lower()}"
    facts = _facts(was, one.by, _on(one.at, zone), until, one.decision_id)
    return Item(VERDICT_WORDS[one.after], one.after.value, one.question, one.reason or "No reason given.", facts)


def _thumbs(digest: Digest, zone: ZoneInfo) -> Section:
    thumbs = digest.thumbs
    up, down = thumbs.counts[Rating.UP], thumbs.counts[Rating.DOWN]
    reasons = ", ".join(f"{reason} ({count})" for reason, count in thumbs.reasons)
    lead = f"{counted(down, 'answer')} got a thumb down, {up:,} a thumb up." + (
        f" Reasons: {reasons}." if reasons else ""
    )
    return _section("thumbs", "Thumbs down", lead, thumbs.down, (_thumb_down(one, zone) for one in thumbs.down.shown))


def _thumb_down(one: ThumbDown, zone: ZoneInfo) -> Item:
    said = f"“{one.text}”" if one.text else ""
    note = ": ".join(filter(None, [", ".join(one.reasons), said])) or "No reason given."
    facts = _facts(one.by, _on(one.at, zone), one.decision_id)
    return Item(VERDICT_WORDS[one.verdict], one.verdict.value, one.question, note, facts)


def _low(one: LowConfidence, zone: ZoneInfo) -> Item:
    facts = _facts(f"confidence {one.confidence:.2f}", one.asker, _on(one.at, zone), one.decision_id)
    return Item(VERDICT_WORDS[one.verdict], one.verdict.value, one.question, "", facts)


def _record(digest: Digest, zone: ZoneInfo) -> Section:
    found = digest.integrity
    title, no_check = "Integrity of the record", "The audit table was not checked for this digest."
    if found is None:
        return Section("record", title, items=(Item("Not checked", "bad", no_check),))
    checked = f"checked {moment(found.checked_at, zone)}"
    rows = counted(found.rows, "row")
    text = _checked_rows(found, rows) if found.holds else one_line(found.fault, 300)
    head, signature, key = (one_line(value, 200) for value in (found.head, found.signature, found.key))
    signed = f"signed with {key}" if key else "signed"
    lines = (f"Head {head}" if head else "", f"Signature {signature}" if signature else "")
    return Section(
        "record",
        title,
        "Keep this digest: a later table that does not hold this head at this row has lost something.",
        (
            Item(
                "Whole" if found.holds else "Damaged",
                "allowed" if found.holds else "bad",
                text,
                facts=_facts(rows, checked, signed if signature else "not signed"),
                lines=_facts(*lines),
            ),
        ),
    )


def _checked_rows(found: Integrity, rows: str) -> str:
    if found.checked_from <= 1:
        return f"All {rows} are as they were written."
    newer = counted(found.rows - found.checked_from + 1, "row")
    return f"Of {rows}, the {newer} since the anchor before are as they were written; that anchor still holds."


def _facts(*facts: str) -> tuple[str, ...]:
    return tuple(filter(None, facts))


def _on(instant: datetime, zone: ZoneInfo) -> str:
    return day(instant.astimezone(zone))


def web_address(url: str) -> str:
    """Return a plain http(s) address as it is, and nothing for any other."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    return url if plain and url.isprintable() and not any(c.isspace() for c in url) else ""
