"""Gathers every name that a question may use, each under its normal form and with what it leads to. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

from ingestion.sources.interface import SourceText
from knowledge.models import AmbiguousName, LicenseRecord, RegistryEntry
from knowledge.naming import normal, tokens

_THINGS = ("model", "dataset", "software", "ambiguous", "license", "ambiguous_license")


class Names:
    """Names as they are gathered, each under its normal form; of one form and target, the first counts."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._taken: set[tuple[str, str]] = set()

    def add(self, shown: str, kind: str, target: str, rank: int, *, cased: bool = False, family: str = "") -> None:
        """Let a name lead to a target."""
        key = normal(shown)
        for form in [key, key.removesuffix(".0")] if key.endswith(".0") and key.count(" ") else [key]:
            self._taken.add((form, kind))
            if form and (form, kind, target) not in self.rows:
                self.rows[form, kind, target] = {
                    "key": form, "shown": shown, "kind": kind, "target": target, "cased": cased, "rank": rank,
                    "family": family,
                }  # fmt: skip

    def add_reviewed(self, entries: Sequence[RegistryEntry]) -> None:
        """Add every name of the entries, and the repositories' names without their owners where nothing else is called
        so."""
        for entry in entries:
            rank = 1 if entry.is_family else 2
            for shown in (entry.id, entry.name, *entry.aliases):
                self.add(shown, entry.kind, entry.id, rank, family=entry.family)
            for shown in entry.cased:
                self.add(shown, entry.kind, entry.id, rank, cased=True, family=entry.family)
        repositories = [(e, e.id.rpartition("/")[2]) for e in entries if "/" in e.id]
        counts = Counter(normal(name) for _, name in repositories)
        for entry, name in repositories:
            if _tells(name, 6) and self._is_free(name, counts):
                self.add(name, entry.kind, entry.id, 3, family=entry.family)

    def add_listed(self, entries: Sequence[RegistryEntry]) -> None:
        """Add the repositories of public lists, without their owners only where that is no ordinary word."""
        counts = Counter(normal(e.name) for e in entries)
        for entry in entries:
            self.add(entry.id, entry.kind, entry.id, 4, family=entry.family)
            if _tells(entry.name) and entry.name != entry.name.lower() and self._is_free(entry.name, counts):
                self.add(entry.name, entry.kind, entry.id, 4, cased=True, family=entry.family)

    def add_license(self, record: LicenseRecord, sources: Mapping[str, SourceText | None]) -> None:
        """Add a licence under all its spellings; the titles of its texts, given by key, where it was reviewed."""
        profile = record.profile
        rank = 3 if record.curated else 5
        for shown in filter(None, (profile.spdx, profile.name, profile.id, *profile.aliases)):
            self.add(shown, "license", profile.id, rank, cased=_needs_case(shown))
        for key, source in sources.items():
            self.add(key, "license", profile.id, rank + 1, cased=_needs_case(key))
            if record.curated and source:
                for shown in filter(None, (source.title, source.spdx, *source.aliases)):
                    self.add(shown, "license", profile.id, rank + 1, cased=_needs_case(shown))

    def add_ambiguous(self, name: AmbiguousName, kind: str, known: Container[str]) -> None:
        """Add a name that is asked back; of its options those that are `known`."""
        options = [o for o in name.options if o in known]
        target = json.dumps({"question": name.question, "options": options, "name": name.names[0]})
        for shown in name.names:
            self.add(shown, kind, target, 0, cased=kind == "ambiguous_license" and _needs_case(shown))

    def _is_free(self, shown: str, counts: Mapping[str, int]) -> bool:
        form = normal(shown)
        return counts[form] == 1 and not any((form, kind) in self._taken for kind in _THINGS)


def _tells(name: str, shortest: int = 8) -> bool:
    """Whether a repository's name without its account is unlike anything else in a sentence: `RA_Reasoner`."""
    parted = any(c in "-_" for c in name) or any(c.isdigit() for c in name)
    return len(name) >= shortest and parted and len(tokens(name)) > 1


_ABBREVIATION = re.compile(r"[a-z]{0,2}[bdfgps]l|0? ?bsd|cc 0")
"""Abbreviations that end in a consonant and the L of `licence`."""


def _needs_case(name: str) -> bool:
    """Short licence names are ordinary words elsewhere (German `mit`): they count in capitals only, but for those that
    no word looks like (`sspl`, `agpl`)."""
    key = normal(name)
    return len(key) <= 4 and not _ABBREVIATION.fullmatch(key)
