"""Reads how engineers say things (`data/lexicon.yaml`) and finds it in a text, negations apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from knowledge.vocabulary import read_yaml

_GAP = r"[^.!?;,()\n]{0,60}?"
_NEGATED_WITHIN = 26
"""Characters before a phrase in which a negation word still belongs to it."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word of the vocabulary found in a text, at `text[start:end]`."""

    word: str
    start: int
    end: int
    negated: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    word: str
    needs: str
    """A piece that any match must hold: a quick look spares most patterns the work."""
    regex: re.Pattern[str]


class Lexicon:
    """The compiled phrases of every section."""

    def __init__(self) -> None:
        raw = read_yaml(resources.files("knowledge") / "data" / "lexicon.yaml")
        self._negation = re.compile(rf"\b(?:{'|'.join(raw.pop('negation'))})\b", re.IGNORECASE)
        self._sections = {
            section: [_compiled(word, phrase) for word, phrases in words.items() for phrase in phrases]
            for section, words in raw.items()
        }

    def find(self, section: str, text: str) -> Iterator[Phrase]:
        """Yield the phrases of a section in a text (`actions`, `topics`, `asks`, `domains`, `commercial`)."""
        folded = text.casefold()
        same_length = len(folded) == len(text)
        for pattern in self._sections[section]:
            if same_length and pattern.needs not in folded:
                continue
            for match in pattern.regex.finditer(text):
                yield Phrase(pattern.word, match.start(), match.end(), self.negated(text, match.start()))

    def negated(self, text: str, start: int) -> bool:
        """Whether a negation word stands shortly before a place, in the same part of the sentence."""
        before = text[max(0, start - _NEGATED_WITHIN) : start]
        before = re.split(r"[.!?;:,\n]|\bbut\b|\baber\b|\bmais\b|\bpero\b", before)[-1]
        return bool(self._negation.search(before))


@cache
def lexicon() -> Lexicon:
    """Return the lexicon of this program version, compiled once."""
    return Lexicon()


def _compiled(word: str, phrase: str) -> _Pattern:
    body = phrase.replace(" ~ ", rf"\b{_GAP}\b")
    head = r"(?<!\w)" if re.match(r"[\w(\[]", body) else ""
    return _Pattern(word, _required(phrase), re.compile(rf"{head}(?:{body})(?!\w)", re.IGNORECASE))


def _required(phrase: str) -> str:
    """Return the longest piece of a phrase that every match holds, or `""` where it has none for sure."""
    plain = phrase.replace(" ~ ", "\0")
    while True:  # groups and classes may be left out or vary
        smaller = re.sub(r"\((?:[^()\\]|\\.)*\)[?*+]?|\[[^\]]*\][?*+]?", "\0", plain)
        if smaller == plain:
            break
        plain = smaller
    if "|" in plain:
        return ""
    plain = re.sub(r"\\[a-zA-Z][?*+]?|.(?:[?*]|\{\d)", "\0", plain)
    pieces = re.split(r"[^a-zA-Zà-ÿ ]", plain)
    return max(pieces, key=len).casefold() if pieces else ""
