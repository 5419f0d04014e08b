"""Where a pin stands: its clause, the quote around its words, and the faults that are told."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingestion.pins import LONGEST_QUOTE, PinError, innermost, resolve
from ingestion.segmentation import segment
from knowledge.models import DocumentKind, Pin

FILLER = "Gardeners water the beds at dawn, and nobody waters them at noon, when the sun would burn the leaves. " * 6
"""Makes a clause too long to be quoted whole."""

TEXT = f"""GARDEN TERMS

1. Entry. Everybody may enter. Dogs stay on the lead; cats may roam. Children pay nothing. {FILLER}

a. Bring back the key – “the brass one” – before dusk. It's the gardener's.

b. Show the *green* badge to the
   keeper. Everybody may leave.

2. Fees. Nobody pays. Everybody may sit on the lawn
"""
CLAUSES = segment(TEXT)


def quoted(clause: str, words: str) -> str:
    _, start, end = resolve(Pin(DocumentKind.LICENSE, clause, words), TEXT, CLAUSES)
    return TEXT[start:end]


def test_text_is_divided_as_these_tests_think() -> None:
    """The invented text has the clauses that its pins name."""
    assert {"1", "1.a", "1.b", "2"} <= {c.number for c in CLAUSES}


@pytest.mark.parametrize(
    ("clause", "words", "quote"),
    [
        ("1", "may enter", "Everybody may enter."),
        ("1", "Dogs stay", "Dogs stay on the lead; cats may roam."),
        ("1", "cats may roam", "Dogs stay on the lead; cats may roam."),
        ("1", "Children pay nothing.", "Children pay nothing."),
        ("", "Children pay", "Children pay nothing."),
    ],
)
def test_the_sentence_around_the_words_is_quoted(clause: str, words: str, quote: str) -> None:
    """Of a long clause the whole sentence is quoted, within its own clause."""
    assert quoted(clause, words) == quote


@pytest.mark.parametrize(
    ("clause", "words", "quote"),
    [
        (
            "1",
            "Everybody may enter … on the lead",
            "1. Entry. Everybody may enter. Dogs stay on the lead; cats may roam.",
        ),
        ("1", "may enter … stay on", "Everybody may enter. Dogs stay on the lead; cats may roam."),
        ("1", "Dogs … cats … roam", "Dogs stay on the lead; cats may roam."),
    ],
)
def test_ellipsis_quotes_from_first_to_last(clause: str, words: str, quote: str) -> None:
    """With an ellipsis the quote runs from the sentence of the first fragment to the end of the last one's."""
    assert quoted(clause, words) in {quote, quote.removeprefix("1. Entry. ")}


@pytest.mark.parametrize("words", ["sit on the lawn", "Nobody pays", "Nobody … lawn"])
def test_a_short_clause_is_quoted_whole(words: str) -> None:
    """Nobody reads half a clause where the whole is short."""
    assert quoted("2", words) == "2. Fees. Nobody pays. Everybody may sit on the lawn"


@pytest.mark.parametrize(
    ("words", "quote"),
    [
        (
            'key - "the brass one" - before',
            "a. Bring back the key – “the brass one” – before dusk. It's the gardener's.",
        ),
        ("It’s the gardener‘s", "a. Bring back the key – “the brass one” – before dusk. It's the gardener's."),
        ("Show the green badge to the keeper", "b. Show the *green* badge to the\n   keeper. Everybody may leave."),
    ],
)
def test_typography_and_line_breaks_do_not_matter(words: str, quote: str) -> None:
    """Quotation marks, dashes, emphasis marks and line breaks match in any form; the quote is the text's own."""
    assert quoted("", words) == quote


def test_same_number_in_other_spelling() -> None:
    """`1(a)` and `1.a` name the same clause, and a clause holds the clauses below it."""
    assert quoted("1(a)", "Bring back … dusk") == quoted("1.a", "Bring back … dusk") == quoted("1", "Bring back … dusk")


def test_innermost_clause_is_named() -> None:
    """The clause that comes back is the one whose own words the quote begins in."""
    clause, start, _ = resolve(Pin(DocumentKind.LICENSE, "1", "Bring back … dusk"), TEXT, CLAUSES)

    assert clause.number == "1.a"
    assert clause.start <= start < clause.body_end


@pytest.mark.parametrize(
    ("clause", "words", "fault"),
    [
        ("9", "Dogs", "no clause '9'"),
        ("2", "Dogs stay", "does not hold the words"),
        ("1", "Dogs sleep", "does not hold the words"),
        ("", "Everybody may", "stand 3 times"),
        ("1.a", "keeper", "does not hold the words"),
        ("1", "roam … Dogs", "does not hold the words"),
    ],
)
def test_fault_is_told(clause: str, words: str, fault: str) -> None:
    """Words that are absent, elsewhere, doubled or in another order are a fault that names them."""
    with pytest.raises(PinError, match=fault):
        quoted(clause, words)


def test_quote_that_is_too_long_is_refused() -> None:
    """A quote of more than 1,500 characters points at nothing."""
    text = "1. Start " + "word " * 400 + "stop.\n"
    with pytest.raises(PinError, match="1500 is the most"):
        resolve(Pin(DocumentKind.LICENSE, "1", "Start"), text, segment(text))
    with pytest.raises(PinError, match="does not hold"):
        resolve(Pin(DocumentKind.LICENSE, "1", "Start … stop"), text, segment(text))


@given(st.data())
def test_any_run_of_words_is_found_again(data: st.DataObject) -> None:
    """A pin made of any words of the text leads back to a quote that holds them, in bounds."""
    words = TEXT.replace("*", "").split()
    at = data.draw(st.integers(0, len(words) - 1))
    run = " ".join(words[at : at + data.draw(st.integers(2, 6))])
    assume("…" not in run)
    try:
        clause, start, end = resolve(Pin(DocumentKind.LICENSE, "", run), TEXT, CLAUSES)
    except PinError as error:
        assert "stand" in str(error)  # noqa: PT017  # the one fault that words of the text can have
        return

    assert 0 <= start < end <= len(TEXT)
    assert end - start <= LONGEST_QUOTE
    assert run in " ".join(TEXT[start:end].replace("*", "").split())
    assert clause.start <= start < clause.body_end


def test_position_outside_is_a_fault() -> None:
    """A position behind the text lies in no clause."""
    with pytest.raises(PinError, match="No clause holds position"):
        innermost(CLAUSES, len(TEXT))
