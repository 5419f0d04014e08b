"""How engineers say things: every phrase belongs to the vocabulary, is found fast, and knows a negation."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.lexicon import compiled, in_lower_case, lexicon, lexicon_files, needed
from knowledge.vocabulary import read_yaml, vocabulary

SECTIONS = ("actions", "apart", "topics", "asks", "domains", "commercial", "licensing")
LONG = 20_000
"""Characters; no more of a question is read."""
LATIN = st.characters(max_codepoint=0xFF, include_characters="œŒ", exclude_categories=["Cc"])


@cache
def raw() -> Mapping[str, list[Any]]:
    """What the files hold, by section: a section may have several files."""
    found: dict[str, list[Any]] = {}
    for file in lexicon_files():
        found.setdefault(file.name.removesuffix(".yaml").split("-")[0], []).append(read_yaml(file))
    return found


def listed(section: str) -> Iterator[tuple[str, str]]:
    """Every phrase of a section with its word."""
    for part in raw()[section]:
        for words in (part, part.get("_whole", {}), part.get("_weak", {})):
            yield from ((word, phrase) for word, found in words.items() if word[0] != "_" for phrase in found)


def _found(section: str, text: str) -> set[str]:
    return {p.word for p in lexicon().find(section, text) if not p.negated}


def test_every_word_is_in_the_vocabulary() -> None:
    """Each section names only words that the vocabulary knows, and every action, topic and question can be found."""
    words = vocabulary()
    held = {section: {word for word, _ in listed(section)} for section in SECTIONS}

    assert set(raw()) == {*SECTIONS, "negation", "classes"}
    assert held["actions"] == set(words.actions)
    assert held["topics"] == set(words.topics)
    assert held["asks"] == set(words.asks)
    assert held["domains"] <= set(words.domains)
    assert held["apart"] == {"data", "received", "outputs", "findings"}
    assert held["commercial"] == {"yes", "no"}
    assert held["licensing"] == {"strong", "weak", "technical"}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_phrase_compiles(section: str) -> None:
    """Every phrase is a regular expression, names only classes that there are, and matches no empty text."""
    empty = [phrase for _, phrase in listed(section) if compiled(phrase).match("")]

    assert not empty


@pytest.mark.parametrize("section", SECTIONS)
def test_no_phrase_is_listed_twice_for_a_word(section: str) -> None:
    """A word lists each of its phrases once, whatever the file."""
    phrases = list(listed(section))

    assert sorted({p for p in phrases if phrases.count(p) > 1}) == []


def test_every_class_is_used() -> None:
    """No list of shared words is left over."""
    (classes,) = raw()["classes"]
    phrases = [phrase for section in SECTIONS for _, phrase in listed(section)]
    shared = [word for words in classes.values() for word in words]

    assert [name for name in classes if not any(f"<{name}>" in p for p in (*phrases, *shared))] == []


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("sell ~ app", "we sell our very nice app", True),
        ("sell ~ app", "we SELL the v1.5 App", True),
        ("sell ~ app", "we sell it. The app", False),
        ("sell ~ app", "we sell it, the app", False),
        ("sell ~ app", f"we sell {'x' * 58} app", True),
        ("sell ~ app", f"we sell {'x' * 59} app", False),
        ("sell ~~ app", "we sell it. And, well; the app", True),
        ("sell ~~ app", f"we sell {'x' * 158} app", True),
        ("sell ~~ app", f"we sell {'x' * 159} app", False),
        ("sell", "we resell", False),
        ("sell", "a seller", False),
        ("<distil> it", "we distilled it", True),
        ("<distil> it", "we ordered it", False),
    ],
)
def test_gaps_classes_and_word_boundaries(phrase: str, text: str, found: bool) -> None:
    """A gap stays in its part of a sentence, the wide one does not; a class stands for its words; words are whole."""
    assert bool(compiled(phrase).search(in_lower_case(text))) is found


def test_an_unknown_class_is_refused() -> None:
    """A phrase cannot name a class that there is not."""
    with pytest.raises(KeyError, match="nowhere"):
        compiled("<nowhere> it")


@pytest.mark.parametrize("section", SECTIONS)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_quick_look_misses_no_match(section: str, data: st.DataObject) -> None:
    """Whatever a phrase matches holds one piece of each set that is looked for first."""
    pattern = data.draw(st.sampled_from([p for p in lexicon()._sections[section] if p.needs]))
    text = data.draw(st.from_regex(pattern.regex, fullmatch=True, alphabet=LATIN)).lower()

    assert all(any(piece in text for piece in pieces) for pieces in pattern.needs)


phrases = st.recursive(
    st.sampled_from(["tune", "ship", "it", "a", " ", "\\w", "[xy]z", "<distil>", " ~ ", " ~~ ", "(?!no)", "(?<!un)"]),
    lambda part: st.one_of(
        st.lists(part, min_size=1, max_size=3).map("".join),
        st.lists(part, min_size=1, max_size=3).map(lambda ps: f"(?:{'|'.join(ps)})"),
        st.tuples(part, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "+?"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=8,
)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(phrases, st.data())
def test_what_a_phrase_needs_is_in_all_that_it_matches(phrase: str, data: st.DataObject) -> None:
    """Optional parts, alternatives, repetitions, classes and gaps: what is said to be needed always is."""
    text = data.draw(st.from_regex(compiled(phrase), fullmatch=True, alphabet=LATIN)).lower()

    assert all(any(piece in text for piece in pieces) for pieces in needed(phrase))


@pytest.mark.parametrize(
    ("phrase", "pieces"),
    [
        ("apps?", [{"app"}]),
        ("fine[- ]?tun\\w*", [{"fine"}, {"tun"}]),
        ("mit|apache", [{"mit", "apache"}]),
        ("mit|a", []),
        ("(?:ab)?cd", [{"cd"}]),
        ("(?:ab)+cd", [{"ab"}, {"cd"}]),
        ("GGUF", [{"gguf"}]),
        ("x ~ weights", [{"weights"}]),
        ("(?!no )ship", [{"ship"}]),
    ],
)
def test_needed_pieces_are_the_sure_ones(phrase: str, pieces: list[set[str]]) -> None:
    """Optional letters and what is looked around for are no sure part of a match; of alternatives one is."""
    assert [set(p) for p in needed(phrase)] == pieces


@pytest.mark.parametrize("section", SECTIONS)
def test_most_phrases_can_be_looked_for_quickly(section: str) -> None:
    """Nine in ten phrases have a sure piece: the others are searched for in every question."""
    patterns = lexicon()._sections[section]

    assert sum(bool(p.needs) for p in patterns) >= 0.9 * len(patterns)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(
    "unit", ["a", " ", "-", "1,", "train ", "synthetic ", "without ", "the the ", "0 ", "x-", "publish ", "not ", "ne "]
)
def test_long_hostile_text_is_read_in_time(section: str, unit: str) -> None:
    """As many characters as are read, made to slow a search down, cost no more than 700 passes over their words."""
    text = unit * (LONG // len(unit))

    assert _passes(lambda: lexicon().find(section, text), below=700) < 700


@pytest.mark.parametrize("section", SECTIONS)
def test_no_phrase_slows_down_on_its_own_beginning(section: str) -> None:
    """No phrase takes long on its own sure pieces, repeated for as many characters as are read."""
    slow = []
    for pattern in lexicon()._sections[section]:
        unit = " ".join([*(max(pieces, key=len) for pieces in pattern.needs), ""]) or f"{pattern.word} "
        text = unit * (LONG // len(unit))
        if _passes(lambda regex=pattern.regex, text=text: regex.finditer(text), below=350) >= 350:
            slow.append(f"{pattern.word}: {pattern.phrase}")

    assert not slow


def _passes(found: Callable[[], Iterable[object]], *, below: float) -> float:
    """How long `found` is gone through, as passes over the words of a long text in the same run; best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _word in re.finditer(r"\w+", "the weights " * (LONG // 12)):
            pass
        between = time.process_time()
        for _ in found():
            pass
        best = min(best, (time.process_time() - between) / (between - start))
        if best < below:
            break
    return best


@pytest.mark.parametrize(
    ("text", "section", "words"),
    [
        ("Can we fine-tune it for a clinic?", "actions", {"fine_tune"}),
        ("Dürfen wir das Modell nachtrainieren?", "actions", {"fine_tune"}),
        ("for patients and their doctors", "domains", {"health"}),
        ("we want to sell it to customers", "commercial", {"yes"}),
        ("a hobby project", "commercial", {"no"}),
        ("remove the safety guardrails", "topics", {"guardrail_removal"}),
        ("who owns the outputs?", "asks", {"outputs"}),
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
    "text",
    [
        "It (the weights, not the code) distil it",
        "it is not the code) distil it",
        "It is not ours. Distil it?",
        "we do not sell, but distil it",
        "not now; distilling it later",
    ],
)
def test_negation_ends_with_its_part_of_the_sentence(text: str) -> None:
    """A negation does not reach over a full stop, a comma or a `but`."""
    assert "distill" in _found("actions", text)


@given(st.text())
def test_places_stay_where_they_are_in_lower_case(text: str) -> None:
    """A place found in the lower-case text is the same place of the text, also where a letter would become two."""
    lowered = in_lower_case(text + "İ")

    assert len(lowered) == len(text) + 1
    assert all(c == low or c.lower() == low for c, low in zip(text, lowered, strict=False) if len(c.lower()) == 1)


def test_capitals_in_a_phrase_and_in_a_text_do_not_count() -> None:
    """`GGUF` is found in `gguf` and the other way round; signs of a pattern stay what they are."""
    assert compiled(r"GGUF \S+").search(in_lower_case("a Gguf FILE"))
    assert not compiled(r"GGUF\W").search(in_lower_case("ggufw"))


def test_parts_of_words_are_not_found() -> None:
    """A phrase stands between word boundaries: `grapis` holds no API and `happily` no app."""
    assert _found("actions", "xgrapisx happily") == set()


def test_places_are_exact() -> None:
    """A phrase says where it stands, also after characters that grow when case is folded."""
    text = "ß İ: please DISTIL it"
    found = next(p for p in lexicon().find("actions", text) if p.word == "distill")

    assert text[found.start : found.end] == "DISTIL"
