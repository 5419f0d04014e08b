"""Text from outside does nothing in Slack but show itself."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text import GAP, JOINER, as_code, cleaned, escaped, link, one_line, pieces, quoted, shortened
from tests.slack.limits import assert_no_stray_control

TRICKS = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S1>", "<@U1>", "<#C1>", "<http://x|y>", "<https://a.b>",
    "@channel", "@here", "@Everyone", "#general", "*", "_", "~", "`", "```", "&", "<", ">", "&gt;", "\n>", "\n", "\r\n",
    ":white_check_mark:", ":+1:", " ", "a", "b*", "fine_tune", "__init__", "\u202e", "\x00", GAP, JOINER, "|", "…", "é",
    "\ud800", "mailto:a@b.c", "http://a.b/c_d", "<!date^1^{date}|x>",
)  # fmt: skip
hostile = st.lists(st.sampled_from(TRICKS) | st.text(max_size=6), max_size=40).map("".join)
# What Slack would act on: a mark after a border that is followed by something seen, a name, an emoji, a quotation.
ACTIVE = re.compile(
    rf"(?:^|(?<=[^\w{JOINER}])|(?<=_))(?:[*~`](?![\s{GAP}]|$)|_(?![\s{GAP}]|$))"
    rf"|(?:^|(?<=[^\w{JOINER}]))[@#][^\W\d_]|@(?:channel|here|everyone)\b|:[\w+'-]+:|^\s*&gt;",
    re.IGNORECASE | re.MULTILINE,
)


def assert_inert(mrkdwn: str) -> None:
    """Check that Slack finds nothing to act on."""
    assert_no_stray_control(mrkdwn)
    assert "<" not in mrkdwn
    assert ">" not in mrkdwn
    assert not (found := ACTIVE.search(mrkdwn)), (found, mrkdwn)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", mrkdwn.replace("\t", "")
    )
    assert "\n\n\n" not in mrkdwn


def shown(mrkdwn: str) -> str:
    """What a reader sees, but for white space."""
    return " ".join(html.unescape(mrkdwn).replace(GAP, "").replace(JOINER, "").split())


@given(hostile)
def test_escaped_text_holds_nothing_that_slack_acts_on(text: str) -> None:
    """Whatever comes in, no formatting, mention, link, emoji or quotation comes out."""
    assert_inert(escaped(text))
    assert_inert(one_line(text))
    assert "\n" not in one_line(text)


@given(hostile)
def test_code_is_copied_as_it_is(text: str) -> None:
    """Between the fences stands the text without guards, on one line, and nothing that ends the code."""
    code = as_code(text)
    assert_no_stray_control(code)

    assert (code[:3], code[-3:]) == ("```", "```")
    assert html.unescape(code[3:-3]) == " ".join(cleaned(text).replace("`", "").split())


@pytest.mark.parametrize("text", ["*b*", "_i_", "~s~", "`c`", "@here", "x @channel", ":smile:", "> q", "#general"])
def test_the_check_of_these_tests_sees_what_it_should(text: str) -> None:
    """Unescaped, each trick is found active."""
    assert ACTIVE.search(text.replace(">", "&gt;"))


@given(hostile)
def test_escaping_changes_nothing_that_is_seen(text: str) -> None:
    """Without entities and guards, the visible characters are the same, in order."""
    unseen = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\u202e\ud800-\udfff]")
    plain = "".join(c for c in text if c.isprintable() or c.isspace())
    assert "".join(shown(escaped(plain)).split()) == "".join(unseen.sub("", plain).split())


@pytest.mark.parametrize(
    "text", ["Llama 3", "fine_tune", "2 * 3", "a@b.com", "C# 12", "10:30", "Section 1.b.i", "“quoted” – text", "a\n\nb"]
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    """Names, clauses and sums are not touched, so that they can be copied."""
    assert escaped(text) == text


def test_well_known_attacks_are_inert() -> None:
    """Mentions and forged links come out as the characters that they are."""
    assert escaped("<!channel> <@U1> <#C1>") == (
        f"&lt;!channel&gt; &lt;{JOINER}@{GAP}U1&gt; &lt;{JOINER}#{GAP}C1&gt;"
    )  # fmt: skip
    assert escaped("<http://x|y>") == "&lt;http://x|y&gt;"
    assert escaped("@channel") == f"{JOINER}@{GAP}channel"
    assert escaped("*b*").startswith(f"{JOINER}*{GAP}b")


@given(hostile)
def test_every_line_of_a_quote_is_quoted(text: str) -> None:
    """A text cannot leave its block quote."""
    lines = quoted(text).split("\n")

    assert all(line == ">" or line.startswith("> ") for line in lines)
    assert_inert("\n".join(line[2:] for line in lines))


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "mailto:a@b.c", "slack://x", "https://", "http://[", "https://good.com@evil.com/", "", "x",
     "https://a b", "https://a/\nb", "https://a/\u202eb", "https://" + "a" * 3000, None],
)  # fmt: skip
def test_only_plain_web_addresses_become_links(url: str | None) -> None:
    """Anything else shows the label alone."""
    assert link(url, "source") == "source"


def test_a_link_keeps_address_and_label_apart() -> None:
    """What would end the link early is encoded."""
    made = link("https://a.b/c?d=1&e=<f>|g", "l|<x>\n*m*")

    assert made.startswith("<https://a.b/c?d=1&amp;e=%3Cf%3E%7Cg|")
    assert made.count("<") == made.count(">") == 1
    assert "\n" not in made


@given(hostile, hostile)
def test_no_label_and_no_address_breaks_out_of_a_link(url: str, label: str) -> None:
    """Between the first and the last sign there is no other."""
    made = link("https://example.org/" + url, label)

    assert_no_stray_control(made)


@given(hostile, st.integers(min_value=1, max_value=60))
def test_shortened_text_is_short_and_still_harmless(text: str, limit: int) -> None:
    """It keeps the limit, starts as the text does, and ends in an ellipsis where something is missing."""
    whole = escaped(text)
    short = shortened(whole, limit)

    assert len(short) <= limit
    assert_inert(short)
    assert short == whole if len(whole) <= limit else short.endswith("…")
    assert whole.startswith(short.removesuffix("…").strip()) or short == whole


def test_shortened_text_ends_at_a_word_and_never_in_an_entity() -> None:
    """The last word is whole; half an `&amp;` would show as letters."""
    assert shortened("hello brave new world", 15) == "hello brave…"
    assert [shortened("R&amp;D", n) for n in range(1, 8)] == ["…", "R…", "R…", "R…", "R…", "R…", "R&amp;D"]


@given(hostile, st.integers(min_value=12, max_value=80))
def test_pieces_lose_nothing_and_stay_harmless(text: str, limit: int) -> None:
    """Together the pieces show the whole text, each within the limit."""
    parts = pieces(escaped(text), limit)

    assert all(len(part) <= limit for part in parts)
    for part in parts:
        assert_inert(part)
    assert "".join("".join(map(shown, parts)).split()) == "".join(shown(escaped(text)).split())


@pytest.mark.parametrize("limit", range(60, 90))
def test_pieces_never_cut_a_link(limit: int) -> None:
    """A link of ours is moved whole, also where its label has words."""
    made = link("https://example.org/a", "the label of it")

    assert sum(made in piece for piece in pieces(f"{'word ' * 10}{made} {'word ' * 10}", limit)) == 1
