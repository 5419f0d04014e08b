"""Which words are ordinary ones, in the languages that questions come in: `starting` is no misspelt `Starling`."""

from __future__ import annotations

from functools import cache

from spellchecker import SpellChecker

_LANGUAGES = ("en", "de", "fr", "es")


@cache
def _dictionary(language: str) -> SpellChecker:
    return SpellChecker(language=language)


def is_ordinary(word: str) -> bool:
    """Whether a word stands in the dictionary of a language. The first call reads dictionaries (up to 0.8 s)."""
    return any(_dictionary(language).known([word]) for language in _LANGUAGES)
