"""How engineers say things: every phrase belongs to the vocabulary, is found fast, and knows a negation."""

from __future__ import annotations

import re
import time
from functools import cache
from importlib import resources
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.lexicon import _GAP, _required, lexicon
from knowledge.vocabulary import read_yaml, vocabulary

SECTIONS = ("actions", "topics", "asks", "domains", "commercial")
LONG = 100_000
"""Characters; a question is not longer."""
LATIN = st.characters(max_codepoint=0xFF, include_characters="œŒ", exclude_categories=("Cc",))


@cache
def raw() -> Any:
    return read_yaml(resources.files("knowledge") / "data" / "lexicon.yaml")


def _found(section: str, text: str) -> set[str]:
    return {p.word for p in lexicon().find(section, text) if not p.negated}


def test_every_word_is_in_the_vocabulary() -> None:
    """Each section names only words that the vocabulary knows, and every topic and question can be found."""
    words = vocabulary()

    assert set(raw()) == {*SECTIONS, "negation"}
    assert set(raw()["actions"]) <= set(words.actions)
    assert set(raw()["topics"]) <= set(words.topics)
    assert set(raw()["asks"]) <= set(words.asks)
    assert set(raw()["domains"]) <= set(words.domains)
    assert set(raw()["commercial"]) == {"yes", "no"}
    assert set(words.actions) == set(raw()["actions"])
    assert set(words.topics) == set(raw()["topics"])


@pytest.mark.parametrize("section", [*SECTIONS, "negation"])
def test_every_phrase_compiles(section: str) -> None:
    """Every phrase is a regular expression, and none matches an empty text."""
    words = raw()[section]
    faults = []
    for phrase in [p for ps in words.values() for p in ps] if isinstance(words, dict) else words:
        try:
            if re.fullmatch(phrase.replace(" ~ ", _GAP), "", re.IGNORECASE):
                faults.append(f"{phrase!r} matches nothing at all")
        except re.error as error:
            faults.append(f"{phrase!r}: {error}")

    assert not faults


@pytest.mark.parametrize("section", SECTIONS)
def test_no_phrase_is_listed_twice_for_a_word(section: str) -> None:
    """A word lists each of its phrases once."""
    twice = [f"{word}: {p}" for word, ps in raw()[section].items() for p in set(ps) if ps.count(p) > 1]

    assert twice == []


@pytest.mark.parametrize("section", SECTIONS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_quick_look_misses_no_match(section: str, data: st.DataObject) -> None:
    """The piece that is looked for first is in whatever the phrase matches."""
    pattern = data.draw(st.sampled_from([p for p in lexicon()._sections[section] if p.needs]))
    text = data.draw(st.from_regex(pattern.regex, fullmatch=True, alphabet=LATIN))

    assert pattern.needs in text.casefold()


@pytest.mark.parametrize(
    ("phrase", "piece"),
    [
        ("fine[- ]?tun\\w*", "fine"), ("apps?", "app"), ("(?:our|own) staff", " staff"), ("mit|apache", ""),
        ("a{2}bcd", "bcd"), ("GGUF", "gguf"), ("colou?r", "colo"), ("x ~ weights", "weights"), ("on.device", "device"),
    ],
)  # fmt: skip
def test_required_piece_is_the_longest_sure_one(phrase: str, piece: str) -> None:
    """Optional letters, classes, groups and alternatives are no sure part of a match."""
    assert _required(phrase) == piece


@pytest.mark.parametrize("section", SECTIONS)
def test_long_hostile_text_is_read_in_time(section: str) -> None:
    """A hundred thousand characters made to slow a search down take less than a second in each section."""
    units = ["a", " ", "-", "train ", "synthetic ", "without ", "the the the ", "0 ", "x-", "publish ", "not ", "ne "]
    for unit in units:
        text = unit * (LONG // len(unit))
        start = time.process_time()
        for _ in lexicon().find(section, text):
            pass

        assert time.process_time() - start < 1.0, unit


@pytest.mark.parametrize("section", SECTIONS)
def test_no_phrase_slows_down_on_its_own_beginning(section: str) -> None:
    """No phrase takes long on its own sure piece repeated for a hundred thousand characters."""
    slow = []
    for pattern in lexicon()._sections[section]:
        unit = f"{pattern.needs or pattern.word} "
        text = unit * (LONG // len(unit))
        start = time.process_time()
        for _ in pattern.regex.finditer(text):
            pass
        if time.process_time() - start > 0.5:
            slow.append(f"{pattern.word}: {pattern.regex.pattern}")

    assert not slow


@pytest.mark.parametrize(
    ("text", "section", "words"),
    [
        ("Can we fine-tune it for a clinic?", "actions", {"fine_tune"}),
        ("Dürfen wir das Modell nachtrainieren?", "actions", {"fine_tune"}),
        ("for patients and their doctors", "domains", {"health"}),
        ("we want to sell it to customers", "commercial", {"yes"}),
        ("a hobby project", "commercial", {"no"}),
        ("remove the safety guardrails", "topics", {"guardrail_removal"}),
        ("who owns the outputs?", "asks", {"ownership", "outputs"}),
    ],
)
def test_sayings_are_understood(text: str, section: str, words: set[str]) -> None:
    """Ordinary sentences are found under their words."""
    assert words <= _found(section, text)


@pytest.mark.parametrize(
    "text",
    [
        "we do not distil it", "we don't distil it", "without distilling it", "we never distil it",
        "wir wollen es nicht destillieren", "no distillation",
    ],
)  # fmt: skip
def test_denied_phrase_is_negated(text: str) -> None:
    """A phrase behind a negation in the same part of a sentence counts as denied."""
    found = [p for p in lexicon().find("actions", text) if p.word == "distill"]

    assert found
    assert all(p.negated for p in found)


@pytest.mark.parametrize(
    "text", ["It is not ours. Distil it?", "we do not sell, but distil it", "not now; distilling it later"]
)
def test_negation_ends_with_its_part_of_the_sentence(text: str) -> None:
    """A negation does not reach over a full stop, a comma or a `but`."""
    assert "distill" in _found("actions", text)


def test_parts_of_words_are_not_found() -> None:
    """A phrase stands between word boundaries: `grapis` holds no API and `happily` no app."""
    assert _found("actions", "xgrapisx happily") == set()


def test_places_are_exact() -> None:
    """A phrase says where it stands, also after characters that grow when case is folded."""
    text = "ß İ: please DISTIL it"
    found = next(p for p in lexicon().find("actions", text) if p.word == "distill")

    assert text[found.start : found.end] == "DISTIL"
