"""Reads the registry of models and datasets in `data/models/` (format: its README)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError
from knowledge.models import AmbiguousName, RegistryEntry
from knowledge.vocabulary import data_files, read_yaml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_FIELDS = frozenset({
    "id", "name", "kind", "license", "license_state", "declared", "modality", "aliases", "cased", "source", "date",
    "gated", "withdrawn", "closed", "components", "base", "trained_on", "history", "note", "models", "org",
})  # fmt: skip


class RegistryError(KnowledgeError):
    """The registry breaks its format; the message names file, entry and fault."""


def registry_files() -> list[Traversable]:
    """Return every registry file: those of publishers, then the lists, each sorted by name."""
    return [*data_files("models"), *data_files("models", ".csv")]


def read_registry() -> tuple[tuple[RegistryEntry, ...], tuple[AmbiguousName, ...]]:
    """Return all entries (a family before its members) and all ambiguous names; raises `RegistryError`."""
    entries: list[RegistryEntry] = []
    ambiguous: list[AmbiguousName] = []
    for file in data_files("models"):
        raw = read_yaml(file)
        try:
            entries.extend(_entries(raw, file.name))
            ambiguous.extend(
                AmbiguousName(tuple(str(n) for n in a["names"]), a["question"], tuple(a["options"]))
                for a in raw.get("ambiguous") or ()
            )
        except (KeyError, TypeError) as error:
            raise RegistryError(f"{file.name}: a field is missing or of the wrong kind: {error}.") from error
    own = {e.id for e in entries}
    entries += [e for file in data_files("models", ".csv") for e in _listed(file) if e.id not in own]
    _check(entries)
    return tuple(entries), tuple(ambiguous)


_LISTS = {
    "open-llm-leaderboard": "https://huggingface.co/spaces/open-llm-leaderboard/open_llm_leaderboard",
    "data-provenance": "https://github.com/Data-Provenance-Initiative/Data-Provenance-Collection",
    "open-llms": "https://github.com/eugeneyan/open-llms",
    "ecosystem-graphs": "https://github.com/stanford-crfm/ecosystem-graphs",
    "LLMsPracticalGuide": "https://github.com/Mooler0410/LLMsPracticalGuide",
    "opening-up-chatgpt": "https://github.com/opening-up-chatgpt/opening-up-chatgpt.github.io",
    "lmarena": "https://lmarena.ai/leaderboard",
}
"""Public lists that `declared.csv` was gathered from."""


def _listed(file: Traversable) -> Iterator[RegistryEntry]:
    """Yield what public lists say of repositories that nobody has looked at one by one: the label, not a conclusion."""
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield RegistryEntry(
                id=row["id"], name=row["name"], kind=row["kind"], family=row["id"], publisher=row["id"].split("/")[0],
                license=row["license"] or None, license_state="known" if row["license"] else row["license_state"],
                declared=row["declared"] or None, modality=(), aliases=(), cased=(), source=_LISTS[row["source"]],
                date=row["date"], as_of="2026-11-21", gated=False, closed=False, withdrawn=None,
                note=row["note"] or None,
                base=tuple(row["base"].split()), trained_on=(), components={}, history=(), is_family=False, listed=True,
            )  # fmt: skip


def read_ambiguous_licenses() -> tuple[AmbiguousName, ...]:
    """Return the licence names that leave their version or kind open; options are ids of licences."""
    raw = read_yaml(resources.files("knowledge") / "data" / "ambiguous-licenses.yaml")
    return tuple(AmbiguousName(tuple(a["names"]), a["question"], tuple(a["options"])) for a in raw["ambiguous"])


def _entries(raw: Mapping[str, Any], file: str) -> Iterator[RegistryEntry]:
    shared = {"publisher": raw["publisher"], "as_of": str(raw["as_of"])}
    for family in raw["families"]:
        if unknown := set(family) - _FIELDS:
            raise RegistryError(f"{file}: {family.get('id')!r} has a field {min(unknown)!r} that is not known.")
        yield _entry(family, shared, family=family["id"], is_family=True)
        own = {"aliases", "cased", "models", "id", "name", "note"}
        inherited = {k: v for k, v in family.items() if k not in own}
        for member in family.get("models") or ():
            if unknown := set(member) - _FIELDS:
                raise RegistryError(f"{file}: {member.get('id')!r} has a field {min(unknown)!r} that is not known.")
            if "license_state" in member and "license" not in member:
                inherited = {k: v for k, v in inherited.items() if k != "license"}
            if "license" in member and "license_state" not in member:
                merged = {k: v for k, v in inherited.items() if k != "license_state"} | member
            else:
                merged = inherited | member
            yield _entry(merged, shared, family=family["id"], is_family=False)


def _entry(raw: Mapping[str, Any], shared: Mapping[str, str], *, family: str, is_family: bool) -> RegistryEntry:
    license_id = raw.get("license")
    return RegistryEntry(
        id=str(raw["id"]),
        name=str(raw["name"]),
        kind=raw.get("kind", "model"),
        family=family,
        publisher=shared["publisher"],
        license=license_id,
        license_state="known" if license_id else raw.get("license_state", "unknown"),
        declared=raw.get("declared"),
        modality=tuple(str(m) for m in raw.get("modality") or ()),
        aliases=tuple(str(a) for a in raw.get("aliases") or ()),
        cased=tuple(str(a) for a in raw.get("cased") or ()),
        source=raw["source"],
        date=str(raw["date"]),
        as_of=shared["as_of"],
        gated=bool(raw.get("gated")),
        closed=bool(raw.get("closed")),
        withdrawn=raw.get("withdrawn"),
        note=raw.get("note"),
        base=tuple(raw.get("base") or ()),
        trained_on=tuple(raw.get("trained_on") or ()),
        components=dict(raw.get("components") or {}),
        history=tuple({k: str(v) for k, v in h.items()} for h in raw.get("history") or ()),
        is_family=is_family,
        org=raw.get("org"),
    )


def _check(entries: list[RegistryEntry]) -> None:
    ids = {e.id for e in entries}
    if len(ids) != len(entries):
        seen: set[str] = set()
        twice = next(e.id for e in entries if e.id in seen or seen.add(e.id))  # type: ignore[func-returns-value]
        raise RegistryError(f"The registry has two entries {twice!r}.")


def dangling(entries: Sequence[RegistryEntry], ambiguous: Sequence[AmbiguousName]) -> list[str]:
    """Return references to entries that are not there, one sentence each; tests hold the registry to none."""
    ids = {e.id for e in entries}
    bases = [f"The base {b!r} of {e.id!r} is not in the registry." for e in entries for b in e.base if b not in ids]
    options = [
        f"The option {o!r} of {a.names[0]!r} is not in the registry."
        for a in ambiguous
        for o in a.options
        if o not in ids
    ]
    return [*bases, *options]
