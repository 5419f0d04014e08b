"""Reads how engineers say things (`data/lexicon/`) and finds it in a text, negations apart."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import ahocorasick

from knowledge.vocabulary import data_files, read_yaml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

# The standard library's own parser of expressions: it has no public name since `sre_parse` went.
_codes = importlib.import_module("re._constants")
_parser = importlib.import_module("re._parser")

_GAP = r"(?:[^.!?;,()\n]|\.(?=\w)){0,60}?"
_WIDE_GAP = r"[\s\S]{0,160}?"
_SECTIONS = ("actions", "apart", "topics", "asks", "domains", "commercial", "licensing")
_NEGATED_WITHIN = 26
"""Characters before a phrase in which a negation word still belongs to it."""
_LISTED_WITHIN = 80
"""And characters before a phrase that is one of several denied together."""
_ASIDE = re.compile(r"\([^()]*\)|^[^()]*\)")
"""What stands in brackets denies nothing after them: `offer it (the model, not the code) as a service`."""
_TURN = re.compile(
    r"[.!?;:\n]|,\s*(?=(?:we|i|it|they|he|she|customers|users|wir|ich|sie|nous|on|je)\b)|"
    r"\b(?:but|only|just|instead|then|aber|sondern|nur|mais|seulement|pero|sino|solo)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\b(?:or|nor|oder|noch|ou|ni|o|u)\b", re.IGNORECASE)
_LISTED = re.compile(
    r"(?:\W+\w+){0,4}(?:,(?:\s*[\w'’-]+){1,4})*,?\s*(?:(?:or|nor|oder|noch|ou|ni|o|u)\s+(?:\w+\s+){0,2})?$",
    re.IGNORECASE,
)
_OR_AHEAD = re.compile(
    r"[\w'’-]+(?:\s+[\w'’-]+){0,3}(?:,(?:\s*[\w'’-]+){1,4})*,?\s+(?:or|nor|oder|noch|ou|ni|o|u)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word of the vocabulary found in a text, at `text[start:end]`."""

    word: str
    start: int
    end: int
    negated: bool
    whole: bool = False
    """It holds its negation itself: it denies in so many words."""
    weak: bool = False
    """It only hints at the word: what is said plainly to the contrary wins."""


@dataclass(frozen=True)
class _Pattern:
    word: str
    phrase: str
    needs: tuple[frozenset[str], ...]
    """Sets of pieces; any match holds one of each: a quick look spares most phrases the work, and their compilation."""
    whole: bool = False
    """It holds its negation itself."""
    weak: bool = False

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The expression, compiled when it is first needed."""
        return compiled(self.phrase)


class Lexicon:
    """The compiled phrases of every section."""

    def __init__(self) -> None:
        self._negation = re.compile(rf"\b(?:{'|'.join(_read('negation')['negation'])})\b", re.IGNORECASE)
        self._sections = {section: [p for raw in _parts(section) for p in _section(raw)] for section in _SECTIONS}
        self._automaton = ahocorasick.Automaton()
        for piece in {p for found in self._sections.values() for phrase in found for ps in phrase.needs for p in ps}:
            self._automaton.add_word(piece, piece)
        self._automaton.make_automaton()
        self._holding = {section: _by_piece(patterns) for section, patterns in self._sections.items()}
        self._held = lru_cache(maxsize=16)(self._pieces_in)

    def _pieces_in(self, lowered: str) -> frozenset[str]:
        return frozenset(piece for _, piece in self._automaton.iter(lowered))

    def _possible(self, section: str, held: frozenset[str]) -> Iterator[_Pattern]:
        """Yield the phrases that a text with these pieces may match, in the order of the files."""
        patterns, holding = self._sections[section], self._holding[section]
        for i in sorted({i for piece in (held | {""}) & holding.keys() for i in holding[piece]}):
            if not any(held.isdisjoint(pieces) for pieces in patterns[i].needs):
                yield patterns[i]

    def find(self, section: str, text: str) -> Iterator[Phrase]:
        """Yield the phrases of a section in a text (`actions`, `topics`, `asks`, `domains`, `commercial`)."""
        lowered = in_lower_case(text)
        for pattern in self._possible(section, self._held(lowered)):
            for match in pattern.regex.finditer(lowered):
                negated = not pattern.whole and self.negated(text, match.start())
                yield Phrase(pattern.word, match.start(), match.end(), negated, pattern.whole, pattern.weak)

    def denies(self, words: str) -> bool:
        """Whether a negation word stands in a few words: `the weights are not passed on`."""
        return bool(self._negation.search(words))

    def negated(self, text: str, start: int) -> bool:
        """Whether a negation word stands shortly before a place, in the same part of the sentence, or before the list
        that the place is in: `we do not train, sell or publish`."""
        before = _TURN.split(_ASIDE.sub(" ", text[max(0, start - _LISTED_WITHIN) : start]))[-1]
        if self._negation.search(re.split(",", before[-_NEGATED_WITHIN:])[-1]):
            return True
        denied = list(self._negation.finditer(before)) if "," in before or _OR.search(before) else []
        if not denied or not _LISTED.match(before, denied[-1].end()):
            return False
        return bool(_OR.search(before, denied[-1].end()) or _OR_AHEAD.match(text, start))


@cache
def lexicon() -> Lexicon:
    """Return the lexicon of this program version, compiled once."""
    return Lexicon()


def lexicon_files() -> list[Traversable]:
    """Return the files of the lexicon, sorted by name."""
    return data_files("lexicon")


def _by_piece(patterns: Sequence[_Pattern]) -> dict[str, list[int]]:
    """Return the places of the phrases by the pieces of which each needs one; under `""` those that need none."""
    found: dict[str, list[int]] = {}
    for i, pattern in enumerate(patterns):
        # The set that tells most: long pieces are rare, and few of them rarer.
        for piece in max(pattern.needs, key=lambda pieces: (min(map(len, pieces)), -len(pieces)), default=("",)):
            found.setdefault(piece, []).append(i)
    return found


@lru_cache(maxsize=16)
def in_lower_case(text: str) -> str:
    """Return a text of the same length in lower case: what `compiled` expressions are looked for in."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def any_of(words: Iterable[str]) -> str:
    """Return an expression for any of some words, the longest first."""
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def _parts(section: str) -> list[Any]:
    """Read a section: `topics.yaml` with `topics-....yaml` beside it."""
    return [read_yaml(f) for f in lexicon_files() if f.name.split(".")[0].split("-")[0] == section]


def _read(name: str) -> Any:
    return read_yaml(resources.files("knowledge") / "data" / "lexicon" / f"{name}.yaml")


def _section(raw: Mapping[str, Any]) -> list[_Pattern]:
    plain = {word: phrases for word, phrases in raw.items() if not word.startswith("_")}
    marked = [(plain, {}), (raw.get("_whole") or {}, {"whole": True}), (raw.get("_weak") or {}, {"weak": True})]
    return [_pattern(word, phrase, **mark) for held, mark in marked for word, found in held.items() for phrase in found]


@cache
def _classes() -> dict[str, str]:
    return {name: f"(?:{'|'.join(words)})" for name, words in _read("classes").items()}


def compiled(phrase: str) -> re.Pattern[str]:
    """Return the expression of a phrase, to be looked for in a text in lower case (with the flag for any case it takes
    more than twice as long): whole words; gaps and classes as `data/lexicon/README.md` says.

    Raises `KeyError` for a class that `classes.yaml` does not list.
    """
    body = _CAPITALS.sub(
        lambda m: m[0].lower() if m[1] is None else m[0], _CLASS.sub(lambda m: _classes()[m[1]], phrase)
    )
    body = body.replace(" ~~ ", rf"\b{_WIDE_GAP}\b").replace(" ~ ", rf"\b{_GAP}\b")
    head = r"(?<!\w)" if re.match(r"[\w(\[]", body) else ""
    return re.compile(rf"{head}(?:{body})(?!\w)")


_CAPITALS = re.compile(r"(\\.)|[^\W\d_a-z]+")
_CLASS = re.compile(r"(?<!\(\?)<(\w+)>")


def _pattern(word: str, phrase: str, *, whole: bool = False, weak: bool = False) -> _Pattern:
    return _Pattern(word, phrase, needed(phrase), whole, weak)


def needed(phrase: str) -> tuple[frozenset[str], ...]:
    """Return sets of pieces (lower case) such that every match of a phrase holds one of each set."""
    marked = _CLASS.sub(lambda m: chr(_FIRST_MARK + list(_classes()).index(m[1])), phrase)
    return tuple(_parts_of(_parser.parse(marked.replace(" ~~ ", ".*").replace(" ~ ", ".*"))))


_FIRST_MARK = 0xE000
"""Characters for private use stand for the classes, whose pieces are told once."""


@cache
def _parts_of_class(position: int) -> tuple[frozenset[str], ...]:
    return tuple(_parts_of(_parser.parse(list(_classes().values())[position])))


def _parts_of(parsed: Iterable[tuple[Any, Any]]) -> list[frozenset[str]]:
    """Return what a sequence needs: the pieces of each of its parts that must be there."""
    found: list[frozenset[str]] = []
    run = ""
    for kind, value in [*parsed, (None, None)]:
        mark = kind is _codes.LITERAL and value >= _FIRST_MARK
        if kind is _codes.LITERAL and not mark:
            run += chr(value).lower()
            continue
        if len(run) >= _SHORTEST_PIECE:
            found.append(frozenset({run}))
        run = ""
        if mark:
            found += _parts_of_class(value - _FIRST_MARK)
        elif kind is _codes.BRANCH:
            found += _of_branches(value[1])
        elif kind is _codes.SUBPATTERN:
            found += _parts_of(value[-1])
        elif kind in (_codes.MAX_REPEAT, _codes.MIN_REPEAT) and value[0] >= 1:
            found += _parts_of(value[2])
    return found


def _of_branches(branches: Iterable[Any]) -> list[frozenset[str]]:
    """Return what one of several alternatives needs: of each the part that tells most."""
    pieces: set[str] = set()
    for branch in branches:
        parts = _parts_of(branch)
        if not parts:
            return []
        pieces |= max(parts, key=lambda part: (-len(part), min(map(len, part))))
    return [frozenset(pieces)]


_SHORTEST_PIECE = 2
