"""Where sentences and their parts begin and end."""

from __future__ import annotations

import pytest

from bot.answering.sentences import part_after, part_before, starts, stop


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("One. Two HERE", " Two "),
        ("one; two HERE", " two "),
        ("Llama 3.1 is HERE", "Llama 3.1 is "),
        ("Umsatz 5 Mio. Euro, ca. HERE", "Umsatz 5 Mio. Euro, ca. "),
        ("one\ntwo HERE", "two "),
        ("HERE", ""),
    ],
)
def test_a_part_starts_behind_a_mark_or_a_line(text: str, before: str) -> None:
    """A full stop, a semicolon or a line's end ends a part; a dot inside a word or of an abbreviation does not."""
    assert part_before(text, text.index("HERE"), 60) == before


def test_a_part_may_go_over_lines_and_is_cut_at_its_width() -> None:
    """Wrapped text goes on in the next line; no more characters come back than were asked for."""
    text = "One. We are\n50"

    assert part_before(text, len(text) - 2, 60, over_lines=True) == " We are\n"
    assert part_before(text, len(text) - 2, 4, over_lines=True) == "are\n"
    assert part_after("HERE goes on. Not this", 4, 60) == " goes on"
    assert part_after("HERE goes on. Not this", 4, 5) == " goes"


def test_a_sentence_and_the_one_before_it() -> None:
    """A semicolon ends no sentence; without a sentence before, both start at 0."""
    text = "First. Second; still v2.0 second! Third"

    assert starts(text, text.index("Third")) == (text.index(" Third"), text.index(" Second"))
    assert starts(text, text.index("still")) == (text.index(" Second"), 0)
    assert starts(text, 3) == (0, 0)
    assert stop(text, text.index("still")) == text.index("! Third")
    assert stop(text, text.index("Third")) == len(text)
