"""Reads what stands beside the licence texts: guidance, false claims with what is really so, and alternatives.

`data/guidance/` and `data/claims/` hold one topic and one claim a file; `data/alternatives.yaml` says where to look
instead. All of it is ranked below the primary texts. The format is told in `data/guidance/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.lexicon import compiled, in_lower_case
from knowledge.models import DocumentKind, Pin
from knowledge.vocabulary import data_files, read_yaml, vocabulary

_TRIGGER_FIELDS = frozenset({"phrases", "actions", "asks", "categories", "licenses", "subjects", "closed"})


class GuidanceError(KnowledgeError):
    """A file of guidance or of claims breaks its format; the message names the file and the fault."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a question is about, as far as guidance turns on it."""

    text: str
    actions: frozenset[str]
    asks: frozenset[str]
    categories: frozenset[str]
    """Of the governing licences."""
    licenses: frozenset[str]
    """Ids and families of the governing licences."""
    subjects: frozenset[str]
    """Registry ids and families of what is named."""
    closed: bool
    """Whether something without public weights is named."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a piece speaks: every test that is given must hold."""

    phrases: tuple[re.Pattern[str], ...] = ()
    actions: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    licenses: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    closed: bool | None = None

    def fires(self, occasion: Occasion) -> bool:
        """Whether the piece speaks to an occasion."""
        sets = (
            (self.actions, occasion.actions),
            (self.asks, occasion.asks),
            (self.categories, occasion.categories),
            (self.licenses, occasion.licenses),
            (self.subjects, occasion.subjects),
        )
        if any(wanted and not wanted & given for wanted, given in sets):
            return False
        if self.closed is not None and self.closed is not occasion.closed:
            return False
        if not self.phrases:
            return True
        text = in_lower_case(occasion.text)
        return any(p.search(text) for p in self.phrases)


@dataclass(frozen=True, slots=True)
class Guide:
    """A piece of guidance in our own words."""

    id: str
    title: str
    text: str
    source: str
    date: str
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that circulates and is wrong, and what is really so."""

    id: str
    claim: str
    truth: str
    source: str
    date: str
    trigger: Trigger
    licenses: tuple[str, ...] = ()
    """Licences whose clause shows it; one number and wording in all of them."""
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A need, the families of the registry that serve it, and what to look at instead, best first."""

    task: str
    families: frozenset[str]
    suggest: tuple[str, ...]


@cache
def guides() -> tuple[Guide, ...]:
    """Return all guidance; raises `GuidanceError`."""
    return tuple(
        Guide(raw["id"], raw["title"], _flat(raw["text"]), _flat(raw["source"]), str(raw["date"]), trigger)
        for raw, trigger in _read("guidance", {"id", "title", "text", "source", "date"})
    )


@cache
def claims() -> tuple[Claim, ...]:
    """Return all false claims; raises `GuidanceError`."""
    return tuple(
        Claim(
            raw["id"], _flat(raw["claim"]), _flat(raw["truth"]), _flat(raw["source"]), str(raw["date"]), trigger,
            *_cited(raw.get("cite")),
        )
        for raw, trigger in _read("claims", {"id", "claim", "truth", "source", "date", "cite"})
    )  # fmt: skip


@cache
def tasks() -> tuple[Task, ...]:
    """Return where to look instead, by need; raises `GuidanceError`."""
    raw = read_yaml(resources.files("knowledge") / "data" / "alternatives.yaml")
    try:
        return tuple(Task(t["task"], frozenset(t["families"]), tuple(t["suggest"])) for t in raw)
    except (KeyError, TypeError) as error:
        raise GuidanceError(f"alternatives.yaml: a field is missing or of the wrong kind: {error}.") from error


def _read(folder: str, fields: set[str]) -> Iterable[tuple[Mapping[str, Any], Trigger]]:
    for file in data_files(folder):
        raw = read_yaml(file)
        try:
            if unknown := set(raw) - fields - _TRIGGER_FIELDS:
                raise GuidanceError(f"{folder}/{file.name}: there is no field {min(unknown)!r}.")
            if missing := fields - set(raw) - {"cite"}:
                raise GuidanceError(f"{folder}/{file.name}: the field {min(missing)!r} is missing.")
            yield raw, _trigger(raw, f"{folder}/{file.name}")
        except (KeyError, TypeError, ValueError, re.error) as error:
            raise GuidanceError(f"{folder}/{file.name}: {error}.") from error


def _trigger(raw: Mapping[str, Any], where: str) -> Trigger:
    words = vocabulary()
    known = {"actions": words.actions, "asks": words.asks}
    sets = {name: frozenset(raw.get(name, ())) for name in _TRIGGER_FIELDS - {"phrases", "closed"}}
    for name, values in known.items():
        if unknown := sets[name] - set(values):
            raise GuidanceError(f"{where}: {min(unknown)!r} is not in the vocabulary ({name}).")
    phrases = tuple(compiled(p) for p in raw.get("phrases", ()))
    if not phrases and not any(sets.values()) and "closed" not in raw:
        raise GuidanceError(f"{where}: it has no trigger, so it would speak always.")
    return Trigger(phrases, closed=raw.get("closed"), **sets)


def _cited(raw: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Pin | None]:
    if raw is None:
        return (), None
    named = raw["license"]
    licenses = (named,) if isinstance(named, str) else tuple(named)
    return licenses, Pin(DocumentKind(raw.get("in", "license")), str(raw["clause"]), str(raw["words"]))


def _flat(text: str) -> str:
    return " ".join(text.split())
