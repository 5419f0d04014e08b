"""Builds the messages that Slack shows: answers, cards, comparisons, choices and errors, in Slack's limits. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.card import Card, CardLine, Difference
from bot.model import (
    Alternative,
    Answer,
    Citation,
    CompanyPolicy,
    Guidance,
    Precedent,
    Statement,
    Subject,
    Verdict,
)  # fmt: skip
from bot.slack import kit
from bot.slack.conversation import user_of
from bot.slack.kit import NOTHING, SECTION_TEXT, Block
from bot.slack.text import as_quote, escaped, link, one_line, pieces, shortened
from knowledge.models import DocumentKind, LicenseRecord

MOST_BLOCKS = 50
MOST_VIEW_BLOCKS = 100
MOST_CHARACTERS = 10_000
"""Of all blocks of a message together: Slack refuses messages from about 13,200 on (`msg_blocks_too_long`)."""
FIELD_TEXT = 1900
BUTTON_VALUE = 2000
FALLBACK_TEXT = 3000
MOST_CHOICES = 5
LONGEST_CHOICE = 150
"""Of the value of an option in a menu."""

ANSWERED = "clausebot_answer"
"""Event type of the metadata of our messages: it tells a message that is there already from one that is not."""

VERDICT_WORDS = {
    Verdict.ALLOWED: "Allowed",
    Verdict.CONDITIONAL: "Allowed on conditions",
    Verdict.PROHIBITED: "Not allowed",
    Verdict.NEEDS_REVIEW: "Needs legal review",
    Verdict.UNKNOWN: "Cannot decide yet",
}
VERDICT_MARKS = {
    Verdict.ALLOWED: "🟢",
    Verdict.CONDITIONAL: "🟡",
    Verdict.PROHIBITED: "🔴",
    Verdict.NEEDS_REVIEW: "🔵",
    Verdict.UNKNOWN: "⚪",
}
_PARTS = {
    DocumentKind.LICENSE: "licence",
    DocumentKind.ACCEPTABLE_USE_POLICY: "acceptable use policy",
    DocumentKind.NOTICE: "notice",
    DocumentKind.GUIDANCE: "guidance",
    DocumentKind.POLICY: "policy",
}
_CARD_SECTIONS = (
    ("permissions", "It allows", "✓"),
    ("conditions", "It demands", "☐"),
    ("prohibitions", "It forbids", "✗"),
    ("limitations", "Also", "·"),
)
_COMMAND = re.compile(r"`clausebot license ([^`]+)`")


@dataclass(frozen=True, slots=True)
class Message:
    """What one `chat.postMessage` takes."""

    text: str
    """For notifications and screen readers: verdict and summary, in mrkdwn."""
    blocks: tuple[Block, ...]
    metadata: dict[str, Any] | None = None


# -- answers -----------------------------------------------------------------------------------------------------------


def answer_messages(answer: Answer, lead: str = "", *, share: str = "") -> tuple[Message, ...]:
    """Return the main message of an answer and those that go on in its thread; every clause is in one of them, whole.
    With `share`, the value of its button, it can be shown to a channel.

    `lead` (mrkdwn) stands above it. Where one message does not hold all, the open questions come before the clauses, so
    that they stay on the first.
    """
    above = [[kit.context(lead)]] if lead else []
    before, clauses = [*above, *_opening(answer), *_said(answer)], list(_answer_clauses(answer))
    asked, after = _open_questions(answer), [*_alternatives(answer.alternatives), *_guidance(answer.guidance)]
    tail = _closing(answer, share)
    pages = _packed([*before, *clauses, *asked, *after], tail)
    if len(pages) > 1:
        pages = _packed([*before, *asked, *clauses, *after], tail)
    word = VERDICT_WORDS[answer.verdict]
    fallback = shortened(f"{VERDICT_MARKS[answer.verdict]} {word}. {escaped(_in_slack(answer.summary))}", FALLBACK_TEXT)
    return _messages(fallback, f"{word}, continued", pages, _metadata(answer.decision_id))


def _opening(answer: Answer) -> Iterator[list[Block]]:
    yield [kit.header(f"{VERDICT_MARKS[answer.verdict]} {VERDICT_WORDS[answer.verdict]}", emoji=True)]
    if answer.precedent is not None:
        yield [kit.section(_precedent(answer.precedent))]
    if answer.policy is not None:
        yield [kit.section(_apart(answer.policy))]
    summary = escaped(_in_slack(answer.summary)).strip()
    yield from ([kit.section(piece)] for piece in pieces(summary, SECTION_TEXT) if piece)
    yield from _listed("", (_subject(s) for s in answer.subjects))


def _precedent(precedent: Precedent) -> str:
    """Say that legal decided, who and when, and what the texts alone come to."""
    user = user_of(precedent.by)
    who = f"<@{user}>, " if user else ""
    until = f", until {one_line(precedent.expires)}" if precedent.expires else ""
    decided = f"*Company precedent* · legal ({who}{one_line(precedent.on)}) decided the same question{until}"
    alone = VERDICT_WORDS[precedent.license_verdict].lower()
    return f"{decided} · decision {one_line(precedent.decision_id)} · the licence alone: {alone}"


def _apart(policy: CompanyPolicy) -> str:
    """Say what licence and company policy come to, each for itself."""
    licence = _worded(policy.license_verdict)
    if policy.relieved_verdict is not policy.license_verdict:
        licence += f" ({_worded(policy.relieved_verdict)} with the licence that was bought)"
    ours = _worded(policy.verdict) if policy.statements else "no rule speaks of this"
    return f"*Licence:* {licence} · *Company policy:* {ours}"


def _worded(verdict: Verdict) -> str:
    return f"{VERDICT_MARKS[verdict]} {VERDICT_WORDS[verdict].lower()}"


def _subject(subject: Subject) -> str:
    names = ", ".join(link(ref.source_url, ref.name) for ref in subject.licenses) or "no known licence"
    base = f" · built on {one_line(', '.join(subject.inherited_from))}" if subject.inherited_from else ""
    return f"{_bold(subject.name)} · {names}{base}"


def _said(answer: Answer) -> Iterator[list[Block]]:
    company = answer.policy
    for title, mark, statements in (
        ("You may", "✓", answer.permissions),
        ("You must", "☐", answer.conditions),
        ("You may not", "✗", answer.prohibitions),
        ("For a lawyer", "?", answer.unclear),
        ("Also", "·", answer.notes),
        ("Company policy", "§", company.statements if company else ()),
        ("Counted in from the company policy", "=", company.facts if company else ()),
    ):
        yield from _listed(title, (_statement(mark, s) for s in statements))


def _statement(mark: str, statement: Statement) -> str:
    return f"{mark} {one_line(_in_slack(statement.text))}{_references(statement.citations)}"


def _references(citations: Sequence[int]) -> str:
    return " " + "".join(f"[{c + 1}]" for c in citations) if citations else ""


def _answer_clauses(answer: Answer) -> Iterator[list[Block]]:
    names = {ref.id: ref.name for subject in answer.subjects for ref in subject.licenses}
    yield from _clauses(answer.citations, names)


def _clauses(citations: Sequence[Citation], names: Mapping[str, str]) -> Iterator[list[Block]]:
    """One unit a clause; the title belongs to the first."""
    for number, citation in enumerate(citations, start=1):
        title = [kit.section("*Clauses*")] if number == 1 else []
        yield title + _clause(number, citation, names.get(citation.license, citation.license))


def _clause(number: int, citation: Citation, name: str) -> list[Block]:
    where = one_line(_where(citation, name))
    source = link(citation.source_url, "source") if citation.source_url else ""
    head = pieces(f"*[{number}]* {where}", SECTION_TEXT)
    head[-1:] = _joined([head[-1], source], " · ")
    return [kit.section(text) for text in _joined([*head, *_quote(citation.quote)], "\n")]


def _where(citation: Citation, name: str) -> str:
    if citation.document is DocumentKind.POLICY:
        return f"Company policy, {citation.heading} {citation.clause}"
    heading = f" “{citation.heading}”" if citation.heading and citation.heading not in citation.clause else ""
    return f"{name}, {_PARTS[citation.document]} {citation.clause}{heading}"


def _quote(quote: str | None) -> list[str]:
    if quote is None:
        return ["_The text is not on this machine, so the clause is named but not quoted._"]
    room = SECTION_TEXT - len("> ")
    return [as_quote(piece) for piece in pieces(one_line(quote), room)]


def _open_questions(answer: Answer) -> list[list[Block]]:
    """One unit a question, each with a button that opens the form for it; the title belongs to the first."""
    units = []
    for number, question in enumerate(answer.open_questions):
        title = "*Open questions*\n" if number == 0 else ""
        asks = question.rstrip().endswith("?")  # the last line may tell of more that is open
        shown = pieces(f"{title}{'?' if asks else '·'} {one_line(_in_slack(question))}", SECTION_TEXT)
        units.append([kit.section(piece) for piece in shown])
        if answer.decision_id and asks:
            value = form_value(decision=answer.decision_id, question=number)
            units[-1][0]["accessory"] = kit.button("ask_form", "Answer", value)
    return units


def _alternatives(alternatives: Iterable[Alternative]) -> Iterator[list[Block]]:
    lines = (f"→ {one_line(a.name)} · {one_line(a.license_name)} · {_worded(a.verdict)}" for a in alternatives)
    yield from _listed("Without this problem", lines)


def _guidance(guidance: Iterable[Guidance]) -> Iterator[list[Block]]:
    lines = (f"{_bold(g.title)}: {one_line(g.text)} [{one_line(g.source)}]" for g in guidance)
    yield from _listed("Guidance (not licence text)", lines)


def _closing(answer: Answer, share: str) -> list[Block]:
    decision = answer.decision_id
    known = [f"decision {one_line(decision)}"] if decision else []
    version = [f"knowledge {one_line(answer.knowledge_version)}"] if answer.knowledge_version else []
    note = kit.context(" · ".join(["Not legal advice", *known, *version]))
    if not decision:
        return [note]
    ask = kit.button("ask_legal", "Ask legal", decision)
    form = kit.button("ask_form", "Ask with details", form_value(decision=decision))
    sharing = [kit.button("share_answer", "Share in channel", share)] if share else []
    return [note, _feedback(decision), kit.actions([form, ask, *sharing])]


def form_value(**about: Any) -> str:
    """Return what a button that opens the form carries: `decision` and `question` (its number), or `subject`."""
    return json.dumps(about)


def _feedback(decision: str) -> Block:
    def thumb(text: str, label: str, value: str) -> Block:
        return {"text": kit.plain_text(text, emoji=True), "accessibility_label": label, "value": f"{value}:{decision}"}

    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": thumb("👍", "This answer helped", "up"),
                "negative_button": thumb("👎", "Something is wrong with this answer", "down"),
            }
        ],
    }


def _metadata(decision: str) -> dict[str, Any] | None:
    if not decision:
        return None
    return {"event_type": ANSWERED, "event_payload": {"decision_id": decision}}


def marked(message: Message, decision_id: str, part: int) -> Message:
    """Return a message of an answer with metadata that say which part of which decision it is."""
    payload = {"decision_id": decision_id, "part": part}
    return replace(message, metadata={"event_type": ANSWERED, "event_payload": payload})


def superseded(message: Message) -> Message:
    """Return an answer with the note that it is no longer the one, and without its buttons."""
    note = "This answer is superseded: the question was changed, the new answer is below."
    kept = without_buttons(message)
    return replace(
        kept, text=f"{note} {message.text}", blocks=(kit.context(f":arrows_counterclockwise: {note}"), *kept.blocks)
    )


def as_view(title: str, messages: Iterable[Message]) -> dict[str, Any]:
    """Return a modal that shows messages one below the other, as far as a view holds them."""
    shown: list[Block] = []
    for block in (b for m in messages for b in without_buttons(m).blocks):
        if len(shown) == MOST_VIEW_BLOCKS - 1:
            shown.append(kit.context("There is more than Slack shows here."))
            break
        shown.append(block)
    return {
        "type": "modal",
        "title": kit.plain_text(kit.cut(title, kit.VIEW_TITLE)),
        "close": kit.plain_text("Close"),
        "blocks": shown,
    }


def without_buttons(message: Message) -> Message:
    """Return a message that cannot be clicked."""
    kept = (b for b in message.blocks if b["type"] not in ("actions", "context_actions"))
    return replace(message, blocks=tuple({n: part for n, part in b.items() if n != "accessory"} for b in kept))


# -- cards -------------------------------------------------------------------------------------------------------------


def card_messages(card: Card, *, clauses: bool = False) -> tuple[Message, ...]:
    """Return the card of a name: licences, what they allow, demand and forbid, each with its clause; with the quotes,
    if asked for."""
    units = [[kit.header(card.name)], *_governs(card)]
    for section, title, mark in _CARD_SECTIONS:
        units += _listed(title, (_card_line(mark, line, card, numbered=clauses) for line in card.section(section)))
    if clauses:
        units += _clauses(card.citations, {r.profile.id: r.profile.name for r in card.records})
    names = ", ".join(r.profile.name for r in card.records) or "no known licence"
    fallback = shortened(one_line(f"{card.name} ({card.kind}): {names}"), FALLBACK_TEXT)
    pages = _packed(units, _card_buttons(card, clauses=clauses))
    return _messages(fallback, f"{shortened(one_line(card.name), 300)}, continued", pages)


def _governs(card: Card) -> Iterator[list[Block]]:
    lines = [line for record in card.records for line in _record(record)]
    kind = "licence" if card.kind == "license" else one_line(card.kind)
    under = ", under:" if lines and card.kind != "license" else ""
    yield from _listed("", [kind[:1].upper() + kind[1:] + under, *lines])
    yield from _listed("", (one_line(remark) for remark in card.remarks))


def _record(record: LicenseRecord) -> Iterator[str]:
    profile = record.profile
    facts = [profile.publisher, profile.version, profile.spdx and f"SPDX {profile.spdx}"]
    yield " · ".join([_linked_bold(profile.url, profile.name), *(one_line(f) for f in facts if f)])
    documents = [link(record.source_urls.get(key), _PARTS[kind]) for kind, key in profile.documents]
    if documents:
        yield f"Documents: {', '.join(documents)}"
    if not record.curated:
        yield "No reviewed terms yet: questions about it go to a lawyer, with the clauses quoted."
    if record.missing:
        yield f"Not on this machine: {one_line(', '.join(record.missing))}"


def _card_line(mark: str, line: CardLine, card: Card, *, numbered: bool) -> str:
    references = _references(line.citations) if numbered else ""
    return f"{mark} {one_line(line.text)}{_clause_names(line, card)}{references}"


def _label(citation: Citation) -> str:
    part = _PARTS[citation.document]
    if citation.document is DocumentKind.LICENSE and citation.clause:
        return citation.clause
    return f"{part} {citation.clause}".strip()


def _card_buttons(card: Card, *, clauses: bool) -> list[Block]:
    if not 0 < len(card.id) <= BUTTON_VALUE // 2:
        return []
    show = [kit.button("card_clauses", "Show clauses", card.id)] if card.citations and not clauses else []
    about = form_value(subject=card.name if 0 < len(card.name.strip()) <= LONGEST_CHOICE else card.id)
    return [
        kit.actions(
            [
                *show,
                kit.button("card_compare", "Compare", card.id),
                kit.button("ask_form", "Ask about this", about),
                kit.button("share", "Share in channel", card.id),
            ]
        )
    ]


def comparison_messages(one: Card, other: Card, differences: Iterable[Difference]) -> tuple[Message, ...]:
    """Return where two cards differ, side by side, each side with its clauses (`bot.card.compare` finds them)."""
    differences = list(differences)
    title = f"{one.name} and {other.name}: where they differ"
    said = [d for d in differences if d.kind != "wording"]
    units = [[kit.header(title)], *(_difference(d, one, other) for d in said)]
    reworded = [one_line(_point(d)) for d in differences if d.kind == "wording"]
    units += _listed("Worded differently, but to the same effect", [f"· {term}" for term in reworded])
    if not differences:
        units.append([kit.section("No difference was found in what is recorded of them.")])
    fallback = shortened(f"{one_line(title)}: {len(said)} points", FALLBACK_TEXT)
    return _messages(fallback, shortened(f"{one_line(title)}, continued", FALLBACK_TEXT), _packed(units, []))


def _point(difference: Difference) -> str:
    """Return the point of a term as a heading: `keep-notices` as `Keep notices`."""
    words = difference.term.replace("-", " ")
    return words[:1].upper() + words[1:]


def _difference(difference: Difference, one: Card, other: Card) -> list[Block]:
    sides = [_side(difference.one, one), _side(difference.other, other)]
    term = _bold(_point(difference))
    if len(term) <= SECTION_TEXT and all(len(side) <= FIELD_TEXT for side in sides):
        return [{**kit.section(term), "fields": [kit.mrkdwn(side) for side in sides]}]
    return [kit.section(piece) for text in (term, *sides) for piece in pieces(text, SECTION_TEXT)]


def _side(line: CardLine | None, card: Card) -> str:
    said = "– nothing of the kind –" if line is None else f"{one_line(line.text)}{_clause_names(line, card)}"
    return f"{_bold(card.name)}\n{said}"


def _clause_names(line: CardLine, card: Card) -> str:
    names = ", ".join(dict.fromkeys(_label(card.citations[c]) for c in line.citations))
    return f" ({one_line(names)})" if names else ""


# -- short messages ----------------------------------------------------------------------------------------------------


def name_choices(text: str, names: Sequence[str]) -> Message:
    """Return a sentence and up to five names as buttons, for a name that is not known or means several things."""
    usable = [name for name in dict.fromkeys(names) if name.strip() and len(name) <= BUTTON_VALUE][:MOST_CHOICES]
    buttons = [kit.button(f"pick_name_{at}", name, name) for at, name in enumerate(usable)]
    said = plain(text)
    return Message(said.text, (*said.blocks, kit.actions(buttons)) if buttons else said.blocks)


def in_channel(channel: str) -> str:
    """Return a link to a channel in mrkdwn; "this channel" where the id is none."""
    return f"<#{channel}>" if re.fullmatch(r"[CGD][A-Z0-9]+", channel) else "this channel"


def error_message(reference: str) -> Message:
    """Return what a person reads when the bot itself failed."""
    return plain(
        "Something went wrong on my side, so there is no answer. Please ask again; if it happens again, give the "
        f"people who run me this reference: {reference}"
    )


def help_message() -> Message:
    """Return what the bot can do and how to ask."""
    lines = (
        "`/license NAME` – what governs a model, dataset or licence, with its clauses",
        "`/license compare A B` – where two of them differ",
        "`/license channel` – whether and how I answer in this channel",
        "`/license help` – this text",
        "A mention in a channel, or a direct message – ask in your own words; follow-ups in the thread need no mention",
        "“Ask with details” – a form for the facts that decide: what you do, whether it is commercial, how many users",
        "“Check licence question” in a message's menu – answers the question in that message, in its thread",
    )
    text = "I answer licensing questions about AI models and data with a verdict and the clauses behind it."
    listed = kit.section("\n".join(f"• {line}" for line in lines))
    return Message(text, (kit.section(text), listed, kit.actions([ask_button()]), kit.context("Not legal advice")))


def ask_button() -> Block:
    """Return the button that opens an empty form."""
    return kit.button("ask_form", "Ask with details", form_value())


def plain(text: str) -> Message:
    """Return a message of nothing but this text, escaped; beyond 7,100 characters it is shortened."""
    shown = shortened(escaped(text).strip() or NOTHING, MOST_CHARACTERS - SECTION_TEXT)
    return Message(shortened(shown, FALLBACK_TEXT), tuple(kit.section(piece) for piece in pieces(shown, SECTION_TEXT)))


# -- packing -----------------------------------------------------------------------------------------------------------


def _packed(units: Iterable[list[Block]], tail: list[Block]) -> list[list[Block]]:
    """Spread units over messages in order; `tail` ends the first. A unit is torn only if no message holds it whole."""
    pages: list[list[Block]] = [[]]
    free = MOST_CHARACTERS - _size(tail)
    room = MOST_BLOCKS - len(tail)
    for unit in _tearable(units):
        if pages[-1] and (_size(unit) > free or len(unit) > room):
            pages.append([])
            free, room = MOST_CHARACTERS, MOST_BLOCKS
        pages[-1] += unit
        free, room = free - _size(unit), room - len(unit)
    pages[0] += tail
    return pages


def _tearable(units: Iterable[list[Block]]) -> Iterator[list[Block]]:
    """Give a unit that no message holds block by block."""
    for unit in units:
        if _size(unit) > MOST_CHARACTERS or len(unit) > MOST_BLOCKS:
            yield from ([block] for block in unit)
        else:
            yield unit


def _size(part: object) -> int:
    """Count the characters of all texts and values in blocks."""
    if isinstance(part, str):
        return len(part)
    if isinstance(part, dict):
        return sum(_size(value) for value in part.values())
    return sum(_size(value) for value in part) if isinstance(part, list) else 0


def _messages(
    text: str, later: str, pages: list[list[Block]], metadata: dict[str, Any] | None = None
) -> tuple[Message, ...]:
    first = Message(text, tuple(pages[0]), metadata)
    rest = (Message(f"{later} ({n} of {len(pages)})", tuple(page)) for n, page in enumerate(pages[1:], start=2))
    return first, *rest


# -- parts of messages -------------------------------------------------------------------------------------------------


def _listed(title: str, lines: Iterable[str]) -> Iterator[list[Block]]:
    """Lines under a title as sections, as many lines to a section as it holds; nothing where there are no lines."""
    whole = [piece for line in lines for piece in pieces(line, SECTION_TEXT)]
    if whole:
        yield from ([kit.section(text)] for text in _joined([*([f"*{title}*"] if title else []), *whole], "\n"))


def _joined(parts: Iterable[str], between: str) -> list[str]:
    """Join parts into as few texts as a section's limit allows."""
    texts: list[str] = []
    for part in filter(None, parts):
        if texts and len(texts[-1]) + len(between) + len(part) <= SECTION_TEXT:
            texts[-1] += between + part
        else:
            texts.append(part)
    return texts


def _in_slack(text: str) -> str:
    """Name the command that this reader has."""
    return _COMMAND.sub(r"/license \1", text)


def _bold(text: str) -> str:
    """Escape a text and set it bold, unless marks or length stand in the way."""
    shown = one_line(text)
    return f"*{shown}*" if shown and "*" not in shown and len(shown) < 500 else shown


def _linked_bold(url: str | None, text: str) -> str:
    shown = link(url, text)
    return f"*{shown}*" if "*" not in shown and len(shown) < 500 else shown
