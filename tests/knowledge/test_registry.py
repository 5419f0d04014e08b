"""The registry of models and datasets: its format, and that all it refers to is there."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from ingestion.sources.interface import SourceText
from knowledge import registry
from knowledge.models import AmbiguousName, RegistryEntry
from knowledge.naming import normal
from knowledge.profiles import MODALITIES, read_profiles
from knowledge.registry import RegistryError, dangling, read_ambiguous_licenses, read_registry

ENTRIES, AMBIGUOUS = read_registry()
PROFILES = tuple(read_profiles())
BY_ID = {e.id: e for e in ENTRIES}
STATES = {"known", "other", "missing", "unknown"}
NEWEST = "2026-11-30"
"""No fact is newer than the registry."""


def test_ids_are_unique() -> None:
    """No two entries share an id."""
    twice = [key for key, count in Counter(e.id for e in ENTRIES).items() if count > 1]

    assert twice == []


def test_registry_knows_the_families_that_people_ask_about() -> None:
    """The best-known families are there."""
    families = {e.id for e in ENTRIES if e.is_family}

    assert {"llama-2", "llama-3", "llama-3.1", "llama-4", "mistral-7b", "mixtral", "codestral", "gemma-2"} <= families
    assert len(ENTRIES) > 1000


@pytest.mark.usefixtures("mirror")
def test_licences_are_known(source_texts: Mapping[str, SourceText]) -> None:
    """Every licence that an entry, a component or a past state names is a profile or a stored text."""
    known = {p.id for p in PROFILES} | set(source_texts)
    unknown = [
        f"{entry.id}: {name}"
        for entry in ENTRIES
        for name in [entry.license, *entry.components.values(), *(h.get("license") for h in entry.history)]
        if name and name != "None" and name not in known
    ]

    assert not unknown, ", ".join(unknown)


def test_reviewed_licences_are_named_by_their_own_id() -> None:
    """An alias may belong to another version than the one meant: Orca 2's terms are not the older ones for data."""
    aliases = {normal(a): p.id for p in PROFILES for a in p.aliases} | {normal(p.id): p.id for p in PROFILES}
    named = {n for e in ENTRIES for n in (e.license, *(h.get("license") for h in e.history)) if n}

    assert {n: aliases[normal(n)] for n in named if aliases.get(normal(n), n) != n} == {}


def test_nothing_dangles() -> None:
    """Every base and every option of an ambiguous name is an entry."""
    assert dangling(ENTRIES, AMBIGUOUS) == []


def test_dangling_references_are_told() -> None:
    """A base or an option that is no entry is named."""
    without = [e for e in ENTRIES if not any(e.id in a.options for a in AMBIGUOUS)]

    assert len(dangling(without, AMBIGUOUS)) >= len({o for a in AMBIGUOUS for o in a.options})


def test_every_fact_has_a_source_and_a_date() -> None:
    """Each entry names an address and a date that exists and is not in the future."""
    bad = [
        f"{e.id}: {e.source}, {e.date}"
        for e in ENTRIES
        if not re.fullmatch(r"https?://\S+", e.source) or not _is_date(e.date)
    ]

    assert not bad, ", ".join(bad)
    assert all(_is_date(e.as_of) for e in ENTRIES)


def test_entries_use_the_words_of_the_format() -> None:
    """Kinds, modalities and licence states come from closed lists; a state other than known has no licence."""
    for entry in ENTRIES:
        assert entry.kind in {"model", "dataset", "software"}, entry.id
        assert entry.license_state in STATES, entry.id
        assert (entry.license is None) == (entry.license_state != "known"), entry.id
        assert set(entry.modality) <= MODALITIES | {"tabular", "time_series", "graph"}, entry.id


def test_families_come_before_their_members() -> None:
    """A family stands before its members, and every member belongs to a family of the registry."""
    seen: set[str] = set()
    for entry in ENTRIES:
        if entry.is_family or entry.listed:  # what is only listed is its own family
            seen.add(entry.id)

        assert entry.family in seen, entry.id


@pytest.mark.parametrize("ambiguous", AMBIGUOUS, ids=lambda a: a.names[0])
def test_ambiguous_name_has_different_answers(ambiguous: AmbiguousName) -> None:
    """An ambiguous name has at least two options under different terms (members and bases count), and a question."""
    terms = {frozenset(_terms(option)) for option in ambiguous.options}

    assert len(ambiguous.options) >= 2
    assert len(terms) >= 2
    assert "?" in ambiguous.question


@pytest.mark.parametrize("ambiguous", read_ambiguous_licenses(), ids=lambda a: a.names[0])
def test_ambiguous_licence_has_known_options(ambiguous: AmbiguousName, source_texts: Mapping[str, SourceText]) -> None:
    """A licence name that leaves its version open has a question and at least two options that are known licences."""
    assert len(set(ambiguous.options)) >= 2
    assert set(ambiguous.options) <= {p.id for p in PROFILES} | set(source_texts)
    assert "?" in ambiguous.question


def test_licence_names_are_not_both_open_and_sure() -> None:
    """A name that is asked back is no id of a licence."""
    asked = {normal(n) for a in read_ambiguous_licenses() for n in a.names}

    assert asked & {normal(p.id) for p in PROFILES} == set()


def _terms(key: str) -> set[str]:
    """Return the licences of an entry, its members and its bases; one that we do not hold counts as its own."""
    entry = BY_ID[key]
    members = [e for e in ENTRIES if entry.is_family and e.family == key]
    own = {e.license or f"{e.license_state} of {key}" for e in [entry, *members]}
    return own.union(*(_terms(base) for e in [entry, *members] for base in e.base if BY_ID[base].family != key))


def test_no_name_means_two_families_with_different_terms() -> None:
    """A name that two families share is listed as ambiguous where their licences differ."""
    asked = {normal(n) for a in AMBIGUOUS for n in a.names}
    owners: dict[str, dict[str, RegistryEntry]] = {}
    for entry in (e for e in ENTRIES if e.is_family):
        for name in (entry.name, *entry.aliases, *entry.cased):
            owners.setdefault(normal(name), {})[entry.id] = entry
    clashes = {
        name: sorted(entries)
        for name, entries in owners.items()
        if name not in asked and len({(e.license, e.license_state) for e in entries.values()}) > 1
    }

    assert clashes == {}


def test_bases_form_no_circle() -> None:
    """Nobody is derived from itself, over however many steps."""

    def chain(key: str, path: tuple[str, ...]) -> None:
        assert key not in path, f"{' → '.join(path)} → {key}"
        for base in BY_ID[key].base:
            chain(base, (*path, key))

    for entry in ENTRIES:
        chain(entry.id, ())


# --- the format ------------------------------------------------------------------------------------------------

RAW: dict[str, Any] = {
    "publisher": "Nobody",
    "as_of": "2026-11-21",
    "families": [
        {"id": "inv", "name": "Inv", "license": "mit", "declared": "mit", "source": "https://example.org",
         "date": "2026-01-02", "aliases": ["invy"], "modality": ["text"], "base": ["other"],
         "models": [
             {"id": "nobody/inv-1b", "name": "Inv 1B"},
             {"id": "nobody/inv-nc", "name": "Inv NC", "license": "cc-by-nc-4.0"},
             {"id": "nobody/inv-bare", "name": "Inv bare", "license_state": "missing"},
         ]},
        {"id": "open", "name": "Open", "license_state": "other", "source": "https://example.org", "date": "2026",
         "models": [{"id": "nobody/open-mit", "name": "Open MIT", "license": "mit"}]},
    ],
}  # fmt: skip


def test_members_inherit_and_override() -> None:
    """A member has its family's facts except where it states its own; names are not inherited."""
    family, plain, own, bare, _, freed = registry._entries(RAW, "x.yaml")

    assert (plain.license, plain.license_state, plain.base, plain.family) == ("mit", "known", ("other",), "inv")
    assert (plain.aliases, family.aliases) == ((), ("invy",))
    assert (own.license, own.license_state) == ("cc-by-nc-4.0", "known")
    assert (bare.license, bare.license_state) == (None, "missing")
    assert (freed.license, freed.license_state) == ("mit", "known")


@pytest.mark.parametrize("level", ["family", "member"])
def test_unknown_field_is_refused(level: str) -> None:
    """A field that the format does not know is refused with the file and the entry."""
    family = dict(RAW["families"][0])
    if level == "family":
        family["colour"] = "red"
    else:
        family["models"] = [family["models"][0] | {"colour": "red"}]

    with pytest.raises(RegistryError, match=r"x\.yaml: .*'colour'"):
        list(registry._entries(RAW | {"families": [family]}, "x.yaml"))


def test_two_entries_with_one_id_are_refused() -> None:
    """The same id twice is refused by name."""
    entries = list(registry._entries(RAW, "x.yaml"))

    with pytest.raises(RegistryError, match="two entries 'nobody/inv-nc'"):
        registry._check([*entries, entries[2]])


def _is_date(text: str) -> bool:
    parts = text.split("-")
    try:
        dt.date(int(parts[0]), *map(int, [*parts[1:], "1", "1"][:2]))
    except ValueError:
        return False
    return len(parts) <= 3 and "1950" <= text <= NEWEST


LISTED = [e for e in ENTRIES if e.listed]


def test_lists_say_what_is_declared() -> None:
    """A line of `declared.csv` has a label, a base or a note, an address and a date; an own entry comes first."""
    assert len(LISTED) > 3000
    assert [e.id for e in LISTED if not (e.license or e.base or e.declared or e.note)] == []
    assert [e.id for e in LISTED if not e.source.startswith("https://") or not re.match(r"20\d\d", e.date)] == []
    assert {e.id for e in LISTED}.isdisjoint(e.id for e in ENTRIES if not e.listed)
