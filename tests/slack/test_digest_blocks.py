"""The digest in Slack: read in a minute, whole in its thread, within Slack's limits, and nobody is called."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bot.audit.anchors import Head, Signer, is_signed
from bot.digest.model import Digest, Listed
from bot.digest.outline import outline
from bot.digest.rows import Integrity, Material
from bot.digest.summary import summarise
from bot.slack.blocks import Message
from bot.slack.digest_blocks import digest_messages
from bot.slack.text import GAP, JOINER
from tests.digest.invented import INTEGRITY, NOW, WEEK, ZONE, crowded, decisions, hostile, quiet, realistic
from tests.slack.drawing import mrkdwn
from tests.slack.limits import assert_within_limits
from tests.slack.loopback import MOST_BLOCK_TEXT, block_problems
from tests.slack.test_drawing import Reader
from tests.slack.test_text import TRICKS
from tests.slack.test_text import hostile as hostile_text

MARKUP = " ".join((*TRICKS, "<@U1>", "<!channel>", "*bold*", "`code`", "https://evil.example", "W" * 300))


def endless() -> Digest:
    """A digest that no week makes: hundreds of rows of everything, each as long as Slack takes a question."""
    whole = realistic()
    text = f"{MARKUP} {'May we, and if so, how? ' * 200}"[:3000]
    review = replace(whole.reviews.shown[0], question=text, why=text, asker=MARKUP)
    change = whole.changes.shown[0]
    touched = Listed((replace(change.touched.shown[0], question=text, asker=MARKUP),) * 4, 4)
    return replace(
        whole,
        reviews=Listed((review,) * 300, 900),
        changes=Listed((replace(change, name=MARKUP, document=text, touched=touched),) * 20, 20),
        refused=Listed((replace(whole.refused.shown[0], subjects=(text,) * 3, denied_by=(text,) * 3),) * 20, 20),
        gaps=Listed((replace(whole.gaps.shown[0], name=MARKUP),) * 300, 301),
        models=Listed((replace(whole.models.shown[0], name=text, questions=9),), 1),
        integrity=replace(INTEGRITY, fault=text, head=text, signature=text, key=text),
    )


def short() -> Digest:
    """A digest of so many short rows that Slack's limit of blocks comes before that of characters."""
    lapsing = replace(realistic().lapsing.shown[0], name="x", scope="", owner="")
    return replace(realistic(), lapsing=Listed((lapsing,) * 200, 200))


def texts(messages: tuple[Message, ...]) -> list[str]:
    """Every mrkdwn text of messages, those for notifications, too."""

    def within(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["text"]] if part.get("type") == "mrkdwn" else []
            return own + [text for value in part.values() for text in within(value)]
        return [text for value in part for text in within(value)] if isinstance(part, list | tuple) else []

    return [text for message in messages for text in (message.text, *within(message.blocks))]


def seen(messages: tuple[Message, ...]) -> str:
    """What a reader sees of the blocks, on one line."""
    plain = [b["text"]["text"] for m in messages for b in m.blocks if b["type"] == "header"]
    drawn = [Reader(mrkdwn(text)).seen for text in texts(messages)]
    return " ".join(" ".join([*plain, *drawn]).split())


def without_people() -> Digest:
    """The digest of a week in which nothing waits."""
    row = next(decisions())
    return summarise(Material(decisions=[row], integrity=INTEGRITY), WEEK, ZONE, NOW)


@pytest.mark.parametrize("build", [realistic, quiet, crowded, hostile, endless, short, without_people])
def test_slack_takes_every_message(build: Any) -> None:
    """By number of blocks, by length of each and of all, by what the loopback Slack refuses."""
    messages = digest_messages(build())

    for message in messages:
        assert_within_limits(message)
        assert block_problems(list(message.blocks)) == []
        assert sum(map(len, texts((message,)))) < MOST_BLOCK_TEXT


def test_the_first_message_is_read_in_a_minute() -> None:
    """Week and dates, summary, what needs legal with a mark each, eight figures, the record; no more."""
    first, *_ = digest_messages(realistic())
    header, dates, summary, todo, figures, record, closing = first.blocks
    told = outline(realistic())

    assert header["text"]["text"] == "Licence digest: Week 47, 2026"
    assert dates["elements"][0]["text"] == told.dates
    assert summary["text"]["text"] == told.summary
    assert todo["text"]["text"].split("\n") == [
        "*For legal*",
        "🔺 2 reviews overdue",
        "🔸 2 more reviews open",
        "🔸 2 licence texts changed; 14 past decisions cite the old text",
        "🔸 2 permissions about to lapse",
    ]
    assert [f["text"].split("\n") for f in figures["fields"]][:4] == [
        ["Questions", "*135* · +17 (+14 %)"],
        ["People asking", "*18* · as the week before"],
        ["Answer time, median", "*18 ms* · 17 ms the week before"],
        ["🟢 Allowed", "*24* · −6 (−20 %)"],
    ]
    assert len(figures["fields"]) == 8
    assert record["elements"][0]["text"] == (
        "🟢 Integrity of the record: Whole. All 41,207 rows are as they were written."
    )
    assert "details in the thread" in closing["elements"][0]["text"]
    assert first.text == "Licence digest 2026-W47: 135 questions; 2 reviews overdue"
    assert len(seen((first,)).split()) < 200, "200 words are a minute"


def test_the_thread_has_a_message_a_section_and_ends_with_the_record() -> None:
    """Sections in the order of the page; the two of bare names share a message."""
    titles = [[b["text"]["text"] for b in m.blocks if b["type"] == "header"] for m in digest_messages(realistic())[1:]]

    assert titles == [
        ["Waiting for legal"],
        ["Licence texts that changed"],
        ["Permissions about to lapse"],
        ["Asked for, and not allowed"],
        ["Overridden by legal"],
        ["Thumbs down"],
        ["Low confidence"],
        ["Names that we do not know", "Asked about for the first time"],
        ["Integrity of the record"],
    ]


@pytest.mark.parametrize("build", [realistic, quiet, crowded, hostile])
def test_nothing_of_the_digest_is_lost(build: Any) -> None:
    """Title, lead, label, text, note, facts, lines, names, counts and what is left out of each section are seen."""
    told = outline(build())
    read = seen(digest_messages(build()))
    items = [item for part in (*told.sections, told.record) for item in part.items]
    lines = [line for part in told.sections for item in part.items for line in item.lines]
    said = [s for part in (*told.sections, told.record) for s in (part.title, part.lead, part.more)]
    said += [s for item in items for s in (item.label, item.text, item.note, *item.facts)]
    said += [f"{n.name} ({n.questions} question" for part in told.sections for n in part.names]
    said += [told.title, told.dates, told.summary, *(todo.text for todo in told.todo), *lines]

    missing = [one for one in said if " ".join(one.split()) not in read]
    assert missing == []


def test_where_something_can_be_opened_its_label_leads_there() -> None:
    """A review to where it is decided, a changed text to the text; an address that is none is left out."""
    links = re.findall(r"<([^|>]*)\|([^>]*)>", "\n".join(texts(digest_messages(realistic()))))

    assert ("https://firma.slack.example/archives/C9/p3", "Overdue") in links
    assert ("https://nimbus.example/use-policy", "Changed") in links
    assert len(links) == 6
    assert "<" not in "".join(texts(digest_messages(hostile())))


def test_a_long_section_goes_on_in_a_further_message() -> None:
    """Nothing is torn that one message holds: the small print stands in the message of its row."""
    review = realistic().reviews.shown[0]
    rows = tuple(replace(review, question=f"Question {n}?", url="") for n in range(60))
    parts = [m for m in digest_messages(replace(realistic(), reviews=Listed(rows, 72))) if "Waiting" in m.text]
    counts = [len(re.findall(r"Question \d+\?", json.dumps(m.blocks))) for m in parts]

    assert [m.text for m in parts] == [
        "Week 47, 2026: Waiting for legal",
        *(f"Week 47, 2026: Waiting for legal ({n} of {len(parts)})" for n in range(2, len(parts) + 1)),
    ]
    assert len(parts) > 1
    assert sum(counts) == 60
    assert [sum("waits since" in str(b) for b in m.blocks) for m in parts] == counts
    assert "and 12 more" in str(parts[-1].blocks[-1])


# -- weeks with little -------------------------------------------------------------------------------------------------


def test_a_quiet_week_is_one_short_message_with_what_waits() -> None:
    """Without figures, with the open review; only the record is in the thread."""
    first, record = digest_messages(quiet())

    assert "A quiet week: nobody asked about a licence" in seen((first,))
    assert "Nimbus 70B" in seen((first,))
    assert not any("fields" in block for block in first.blocks)
    assert "details in the thread" in str(first.blocks[-1])
    assert "Integrity of the record" in record.text


def test_a_week_without_anything_is_told_in_a_few_lines() -> None:
    """No heading stands over nothing."""
    calm = summarise(Material(decisions=(), integrity=INTEGRITY), WEEK, ZONE, NOW)
    first, _ = digest_messages(calm)

    assert "nothing waits: enjoy the calm" in seen((first,))
    assert "For legal" not in seen((first,))
    assert len(first.blocks) == 5


def test_legal_reads_that_nothing_waits() -> None:
    """In a week with questions, too, and without a message for a section that has no content."""
    first, *rest = digest_messages(without_people())

    assert "For legal Nothing waits." in seen((first,))
    assert not any("Waiting for legal" in message.text for message in rest)


# -- text from outside -------------------------------------------------------------------------------------------------


def test_nobody_is_called() -> None:
    """An asker of whom only the id is known stands there as text, which is no mention."""
    asker = replace(realistic().reviews.shown[0], asker="slack:T1:U2")
    messages = digest_messages(replace(realistic(), reviews=Listed((asker,), 1)))

    assert "slack:T1:U2" in seen(messages)
    assert not any(mention in text for text in texts(messages) for mention in ("<@", "<!", "<#"))


@settings(max_examples=40)
@given(hostile_text)
def test_what_people_wrote_does_nothing(text: str) -> None:
    """In a question, a name, a reason or a fault: no mention, link, code or quotation; bold are our labels alone."""
    whole = quiet()
    review = replace(whole.reviews.shown[0], question=text, asker=text, why=text, url="", decision_id=text)
    gap = replace(realistic().gaps.shown[0], name=text)
    lapsing = replace(realistic().lapsing.shown[0], name=text, scope=text, owner=text)
    messages = digest_messages(
        replace(
            whole,
            reviews=Listed((review,), 1),
            gaps=Listed((gap,), 1),
            lapsing=Listed((lapsing,), 1),
            integrity=replace(INTEGRITY, fault=text or "?", key=text),
        )
    )

    drawn = [mrkdwn(said) for said in texts(messages) if not said.startswith(("```", "*Anchor*"))]
    assert set().union(*(Reader(markup).tags for markup in drawn)) == {"strong", "br"}
    bold = {label for markup in drawn for label in re.findall(r"<strong>(.*?)</strong>", markup)}
    assert bold == {"For legal", "Open", "Lapses", "Damaged"}


# -- the record --------------------------------------------------------------------------------------------------------


def anchor_of(messages: tuple[Message, ...]) -> str:
    """What a reader copies from the last message."""
    code = [text for text in texts(messages[-1:]) if text.startswith("```")]
    return html.unescape("".join(text[3:-3] for text in code))


def test_the_copied_anchor_is_checked_by_the_command_line(tmp_path: Path) -> None:
    """It is the anchor as it was given out: whole, and its signature holds."""
    signer = Signer(tmp_path)
    at = datetime(2026, 11, 23, 7, 0, 5, tzinfo=UTC)
    given_out = signer.sign(Head(41_207, INTEGRITY.head, at.isoformat(timespec="seconds")))
    checked = Integrity(at.astimezone(ZONE), 41_207, given_out.hash, signature=given_out.signature, key="2026")
    copied = anchor_of(digest_messages(replace(quiet(), integrity=checked)))

    assert copied == str(given_out)
    assert is_signed(Head.parse(copied), signer.public_key)


def test_an_anchor_of_any_length_is_shown_whole() -> None:
    """A signature is worth nothing with its end cut off, or with a guard in it."""
    signature = "_*-+/=@here&<" * 300
    copied = anchor_of(digest_messages(replace(quiet(), integrity=replace(INTEGRITY, signature=signature))))

    assert copied.endswith(f"+00:00 {signature}")
    assert GAP not in copied
    assert JOINER not in copied


@pytest.mark.parametrize(
    ("integrity", "line"),
    [
        (None, "🔺 Integrity of the record: Not checked. The audit table was not checked for this digest."),
        (replace(INTEGRITY, fault="Row 9 was changed."), "🔺 Integrity of the record: Damaged. Row 9 was changed."),
        (Integrity(NOW, 0, ""), "🟢 Integrity of the record: Whole. All 0 rows are as they were written."),
    ],
)
def test_the_record_is_named_in_the_channel(integrity: Integrity | None, line: str) -> None:
    """Whether it was checked and holds; an anchor is shown where there is one."""
    messages = digest_messages(replace(quiet(), integrity=integrity))

    assert line in seen(messages[:1])
    assert bool(anchor_of(messages)) == bool(integrity and integrity.head)
