"""Drawings say what Slack would show: all of it, formatted as there, and nothing in a text becomes markup."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from bot.slack.blocks import Message
from bot.slack.text import cleaned, escaped, link, quoted
from tests.slack.drawing import (
    IMAGES,
    WIDTH,
    DrawingError,
    Frame,
    asked,
    chromium,
    figure,
    html,
    images,
    measured,
    mrkdwn,
    page,
    screenshot,
)  # fmt: skip
from tests.slack.invented import messages, views
from tests.slack.test_text import hostile

needs_chromium = pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt-get install chromium")
MRKDWN_TAGS = {"strong", "em", "s", "code", "pre", "blockquote", "a", "br", "span"}


class Reader(HTMLParser):
    """Reads a piece of HTML: its tags, whether they are closed in order, its addresses, and what is seen."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.seen = ""
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in {"strong", "em", "s", "code", "a"}:
            self.seen += "\n"
        if tag not in {"br", "meta", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.seen += data if "style" not in self.open else ""


def mrkdwn_texts(part: Any) -> Iterator[str]:
    """Every text that a reader of blocks sees, without the addresses of links and the names of emoji."""
    if isinstance(part, dict) and part.get("type") in {"plain_text", "mrkdwn"}:
        yield re.sub(r"<(?:https?:|!date\^)[^|>]*\|([^>]*)>|:[a-z_]+:", r"\1", part["text"])
    elif isinstance(part, dict) and part.get("type") not in {"static_select", "multi_static_select"}:
        yield from (text for name, value in part.items() if name != "placeholder" for text in mrkdwn_texts(value))
    elif isinstance(part, list | tuple):
        yield from (text for value in part for text in mrkdwn_texts(value))


def words(text: str) -> set[str]:
    """Words of four letters on."""
    return set(re.findall(r"[^\W_]{4,}", text))


# -- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("*bold* _it_ ~no~ `c*d*`", "<strong>bold</strong> <em>it</em> <s>no</s> <code>c*d*</code>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("*[1]* x", "<strong>[1]</strong> x"),
        ("2 * 3 * 4, fine_tune_it, a*b*", "2 * 3 * 4, fine_tune_it, a*b*"),
        ("*open", "*open"),
        ("** __", "** __"),
        ("*a\nb*", "*a<br>b*"),
        ("a\n\nb", 'a<span class="gap"></span>b'),
        ("&lt;b&gt; &amp;amp; &quot;", "&lt;b&gt; &amp;amp; &amp;quot;"),
        ('<b onclick="x">', "&lt;b onclick=&quot;x&quot;&gt;"),
        ("a < b > c", "a &lt; b &gt; c"),
        ("*<https://a.example/?b=1&amp;c|L &amp; M>*",
         '<strong><a href="https://a.example/?b=1&amp;c">L &amp; M</a></strong>'),
        ("<https://a.example>", '<a href="https://a.example">https://a.example</a>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ('<https://a.example/"onclick="x|y>', '<a href="https://a.example/&quot;onclick=&quot;x">y</a>'),
        ("<@U1|Mira> <#C1|legal> <!here>",
         '<span class="mention">@Mira</span> <span class="mention">#legal</span> <span class="mention">@here</span>'),
        ("head\n> one\n&gt; two\ntail", "head<blockquote>one<br>two</blockquote>tail"),
        ("a > b", "a &gt; b"),
        ("see\n```\n*x* <y>\n```\nend", "see\n<pre>*x* &lt;y&gt;</pre>end"),
        (":warning: :no_such: 10:30:15", "⚠️ :no_such: 10:30:15"),
    ],
)  # fmt: skip
def test_mrkdwn_is_read_as_slack_reads_it(text: str, drawn: str) -> None:
    """Formatting at the borders of words, quotations, links, mentions and emoji work; the rest is text."""
    assert mrkdwn(text).replace("<br><pre>", "\n<pre>") == drawn


@given(hostile)
def test_guarded_text_is_drawn_as_it_was(text: str) -> None:
    """What went through `escaped` comes out as the same characters, with line ends for the only markup."""
    read = Reader(mrkdwn(escaped(text)))

    assert read.tags <= {"br", "span"}
    assert read.addresses == []
    assert read.seen.split() == cleaned(text).split()


@given(hostile)
def test_a_guarded_quotation_is_one_quotation(text: str) -> None:
    """Nothing in it ends it or formats it."""
    drawn = mrkdwn(quoted(text))

    assert drawn.startswith("<blockquote>")
    assert drawn.endswith("</blockquote>")
    assert drawn.count("<blockquote>") == 1
    assert Reader(drawn).tags <= {"blockquote", "br", "span"}


@given(hostile)
def test_raw_text_never_becomes_other_markup(text: str) -> None:
    """Also what nobody escaped is drawn in a handful of tags, closed in order, with links to the web only."""
    read = Reader(mrkdwn(text))

    assert read.open == []
    assert read.tags <= MRKDWN_TAGS
    assert all(address.startswith(("http://", "https://", "mailto:")) for address in read.addresses)


@given(hostile, hostile)
def test_a_link_shows_its_label(label: str, path: str) -> None:
    """And leads where it says, whatever stands in either."""
    read = Reader(mrkdwn(link(f"https://a.example/{path}", label)))

    assert read.tags <= {"a"}
    assert all(address.startswith("https://a.example/") for address in read.addresses)
    assert read.seen.split() == cleaned(label).split() or read.seen.endswith("…")


def test_plain_text_has_no_formatting() -> None:
    """A header shows its marks; emoji work in it only where they are asked for."""
    text = {"type": "plain_text", "text": "*a* <b> &amp; :x:", "emoji": False}

    assert "<h2>*a* &lt;b&gt; &amp; :x:</h2>" in html([{"type": "header", "text": text}])
    assert "❌</h2>" in html([{"type": "header", "text": text | {"emoji": True}}])


# -- blocks and frames -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", messages())
def test_every_message_is_drawn_whole(name: str) -> None:
    """No word of its blocks is missing, no tag is left open, nothing is loaded, and no emoji is left a name."""
    for message in messages()[name]:
        read = Reader(html(message.blocks))

        assert read.open == []
        assert words(" ".join(mrkdwn_texts(list(message.blocks)))) <= words(read.seen)
        assert not read.tags & {"script", "img", "link", "iframe"}
        assert name == "hostile" or not re.search(r":[a-z_]+:", read.seen)


@pytest.mark.parametrize("name", views())
def test_every_form_is_drawn_whole(name: str) -> None:
    """Title, labels, hints, what is chosen and typed, and the buttons."""
    view = views()[name]
    read = Reader(html(view))

    assert read.open == []
    assert words(" ".join(mrkdwn_texts(view))) <= words(read.seen)
    for element in (block["element"] for block in view["blocks"] if "element" in block):
        assert element.get("initial_value", "") in read.seen
        for option in (*element.get("initial_options", ()), *filter(None, [element.get("initial_option")])):
            assert option["text"]["text"] in read.seen


def test_what_is_chosen_is_marked() -> None:
    """Of three radio buttons the chosen one is on; a menu without a choice shows its placeholder."""
    filled, empty = html(views()["form_ask_filled"]), html(views()["form_ask"])

    assert re.findall(r'<span class="radio( on)?"></span><span>(\w+)', filled)[:2] == [(" on", "Yes"), ("", "No")]
    assert "radio on" not in empty
    assert views()["form_ask"]["blocks"][1]["element"]["placeholder"]["text"] in empty
    assert '<span class="token">' in filled
    assert '<span class="token">' not in empty


def test_a_message_without_blocks_shows_its_text() -> None:
    """As Slack does; with blocks, the text is for notifications alone."""
    blocks = messages()["plain"][0].blocks

    assert "<strong>unseen</strong>" in html([], text="*unseen*")
    assert "unseen" not in html(blocks, text="*unseen*")


def test_each_frame_has_its_marks() -> None:
    """A person's message has no badge, a private one says so, a view brings its own frame."""
    blocks = messages()["plain"][0].blocks
    home = {"type": "home", "blocks": list(blocks)}

    assert 'class="badge"' not in asked("Mira <Lind>", "hi")
    assert "Mira &lt;Lind&gt;" in asked("Mira <Lind>", "hi")
    assert "Only visible to you" in html(blocks, frame="ephemeral")
    assert "Only visible to you" not in html(blocks)
    assert "<dialog open>" in html(views()["form_compare"])
    assert '<div class="home">' in html(home)
    assert html(home) == html(home, frame=Frame.HOME)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "rich_text", "elements": []},
        {"elements": []},
        {"type": "actions", "elements": [{"type": "datepicker", "action_id": "a"}]},
        {"type": "context_actions", "elements": [{"type": "icon_button", "action_id": "a"}]},
    ],
)
def test_what_is_not_known_is_not_drawn_as_something_else(block: dict[str, Any]) -> None:
    """The error names the type."""
    kind = block.get("type", "") if not block["elements"] else block["elements"][0]["type"]

    with pytest.raises(ValueError, match=f"'{kind}' is not drawn here"):
        html([block])


# -- in Chromium -------------------------------------------------------------------------------------------------------

OUTSIDE = """[...document.querySelectorAll("body *")].filter(e => {
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const spills = !e.classList.contains("cut") && style.display != "inline" && e.scrollWidth > e.clientWidth + 1;
  return (spills && e.clientWidth) || box.right > innerWidth + 1 || box.left < 0;
}).map(e => e.className + ": " + e.textContent.slice(0, 60))"""
"""What is wider than its box or stands beside the page; not what is cut with an ellipsis on purpose."""
OVERLAPPING = """[...document.querySelectorAll(".block")].filter(e => {
  const next = e.nextElementSibling;
  return next && e.getBoundingClientRect().bottom > next.getBoundingClientRect().top;
}).map(e => e.textContent.slice(0, 60))"""


def everything() -> str:
    """A page with all messages and forms."""
    built: list[Message] = [message for pages in messages().values() for message in pages]
    return page([*(figure(message.blocks) for message in built), *(figure(view) for view in views().values())])


@needs_chromium
@pytest.mark.parametrize("width", [720, 480])
def test_no_text_leaves_its_box(width: int) -> None:
    """In the width of the images and in a narrow window, also unbroken words of 600 characters."""
    assert measured(everything(), f"[{OUTSIDE}, {OVERLAPPING}]", width) == [[], []]


@needs_chromium
def test_text_that_leaves_its_box_is_found() -> None:
    """The check above would fail: without line breaks, text stands beside the page and is named."""
    broken = everything().replace(
        "</style>", ".main * { white-space: nowrap } .block + .block { margin-top: -9px }</style>"
    )
    outside, overlapping = measured(broken, f"[{OUTSIDE}, {OVERLAPPING}]")

    assert any("An-unbroken-word" in found for found in outside)
    assert overlapping


@pytest.mark.parametrize("name", images())
def test_the_images_of_the_readme_are_kept(name: str) -> None:
    """At twice the width of the drawing, small enough for a page that many people open."""
    drawn = (IMAGES / f"{name}.png").read_bytes()

    assert struct.unpack(">I", drawn[16:20]) == (2 * WIDTH,)
    assert len(drawn) < 250_000


@needs_chromium
def test_an_image_is_as_high_as_its_page(tmp_path: Path) -> None:
    """Twice as many pixels as the layout has, in both directions."""
    content, path = html(messages()["allowed"][0].blocks), tmp_path / "a.png"
    screenshot(content, path, width=640)
    height = measured(content, "document.documentElement.offsetHeight", 640)

    assert struct.unpack(">II", path.read_bytes()[16:24]) == (1280, pytest.approx(2 * height, abs=2))


@needs_chromium
def test_a_page_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    """Chromium is stopped, and the error says after how long."""
    with pytest.raises(DrawingError, match=r"within 1\.5 s"):
        screenshot(html([]) + "<script>for (;;);</script>", tmp_path / "a.png", patience=1.5)


def test_without_chromium_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn, nothing is guessed."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(DrawingError, match="apt-get install chromium"):
        measured(html([]), "1")
