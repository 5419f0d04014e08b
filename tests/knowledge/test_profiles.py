"""The reviewed profiles: their format, their pins against the real texts, and that none of those texts is copied."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from ingestion.pins import PinError, resolve
from ingestion.segmentation import segment
from ingestion.sources.interface import SourceText
from knowledge.models import Clause, DocumentKind, Predicate, Profile, TermKind
from knowledge.naming import normal
from knowledge.profiles import ProfileError, parse_profile, profile_files
from knowledge.vocabulary import read_yaml, vocabulary

FILES = {f.name: f for f in profile_files()}
LONGEST_FRAGMENT = 10
COPIED = 12
"""A run of that many words of a licence text in a row is a copy of it."""
SHARED_ALIASES: dict[str, str] = {}
"""Normal form of a name that two profiles share → why it may."""


@cache
def profile(file: str) -> Profile:
    return parse_profile(read_yaml(FILES[file]), file)


def _documents() -> list[Any]:
    """Return every document of every profile; a file that breaks the format fails in its own test."""
    cases = []
    for file in FILES:
        try:
            documents = profile(file).documents
        except ProfileError:
            continue
        cases += [pytest.param(file, kind, key, id=f"{file.removesuffix('.yaml')}-{kind}") for kind, key in documents]
    return cases


@pytest.fixture(scope="module")
def clauses_of(source_texts: Mapping[str, SourceText]) -> Callable[[str], tuple[Clause, ...]]:
    """Divide a real text into its clauses, each text once."""
    return cache(lambda key: segment(source_texts[key].text))


@pytest.mark.parametrize("file", FILES)
def test_profile_keeps_the_format(file: str) -> None:
    """A profile parses, is named like its file and says who reviewed it when."""
    parsed = profile(file)

    assert f"{parsed.id}.yaml" == file
    assert parsed.terms
    assert parsed.reviewed_by
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", parsed.reviewed_on)
    assert re.match(r"https?://\S+$", parsed.url)


@pytest.mark.parametrize(("file", "kind", "key"), _documents())
def test_pins_stand_in_the_real_text(
    file: str,
    kind: DocumentKind,
    key: str,
    source_texts: Mapping[str, SourceText],
    clauses_of: Callable[[str], tuple[Clause, ...]],
) -> None:
    """Every pin of a document resolves against its real text, to a quote that holds the pin's words."""
    if key not in source_texts:
        pytest.skip(f"the text {key!r} is not on this machine")
    text, faults = source_texts[key].text, []
    for term in profile(file).terms:
        for pin in (p for p in term.pins if p.document is kind):
            try:
                _, start, end = resolve(pin, text, clauses_of(key))
            except PinError as error:
                faults.append(f"{term.id}: {error}")
            else:
                if not all(_words(part) in _words(text[start:end]) for part in pin.words.split("…")):
                    faults.append(f"{term.id}: {text[start:end]!r} does not hold {pin.words!r}")

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("file", FILES)
def test_pins_hold_few_words(file: str) -> None:
    """A pin holds at most ten words of the text in a row: enough to find the place, too few to copy it."""
    long = [
        f"{term.id}: {part.strip()!r}"
        for term in profile(file).terms
        for pin in term.pins
        for part in pin.words.split("…")
        if len(part.split()) > LONGEST_FRAGMENT
    ]

    assert not long, ", ".join(long)


@pytest.mark.parametrize(("file", "kind", "key"), _documents())
def test_terms_are_in_our_own_words(
    file: str, kind: DocumentKind, key: str, source_texts: Mapping[str, SourceText]
) -> None:
    """What a profile says shares no run of twelve words with the licence, required strings left aside."""
    if key not in source_texts:
        pytest.skip(f"the text {key!r} is not on this machine")
    printed = _runs(source_texts[key].text)
    copied = []
    for term in profile(file).terms:
        for said in filter(None, (term.text, term.question, term.fix)):
            for shown in term.display:
                said = said.replace(shown, "|")  # noqa: PLW2901
            copied += [f"{term.id}: {run}" for part in said.split("|") for run in sorted(_runs(part) & printed)]

    assert not copied, ", ".join(copied)


def test_ids_are_unique() -> None:
    """No two profiles share an id."""
    ids = [profile(file).id for file in FILES]

    assert len(set(ids)) == len(ids)


def test_no_name_means_two_licences() -> None:
    """No id, name, SPDX id or alias belongs to two profiles, unless a reason is listed here."""
    owners = defaultdict(set)
    for file in FILES:
        parsed = profile(file)
        for name in filter(None, (parsed.id, parsed.name, parsed.spdx, *parsed.aliases)):
            owners[normal(name)].add(parsed.id)
    shared = {name: sorted(ids) for name, ids in owners.items() if len(ids) > 1}

    assert {n: ids for n, ids in shared.items() if n not in SHARED_ALIASES} == {}
    assert set(SHARED_ALIASES) <= set(shared)


def test_superseded_versions_are_profiles() -> None:
    """`supersedes` names a profile of the same family."""
    families = {profile(file).id: profile(file).family for file in FILES}
    wrong = [
        p.id
        for p in map(profile, FILES)
        if p.supersedes is not None and (p.family is None or families.get(p.supersedes) != p.family)
    ]

    assert wrong == []


@pytest.mark.parametrize("file", FILES)
def test_profile_grants_something(file: str) -> None:
    """Every profile has a permission that grants actions: without one every use would need a lawyer."""
    granted = [t for t in profile(file).terms if t.kind is TermKind.PERMISSION and t.actions]

    assert granted


def test_twenty_best_known_licences_are_reviewed() -> None:
    """The best-known AI licences have reviewed terms."""
    known = """llama-2 llama-3 llama-3.1 llama-3.2 llama-3.3 llama-4 gemma-2024-04-01 apache-2.0 mit bsd-3-clause
    cc-by-4.0 cc-by-nc-4.0 cc-by-sa-4.0 gpl-3.0-only creativeml-openrail-m bigscience-rail-1.0 bigcode-openrail-m
    mistral-mrl qwen stability-ai-community flux-1-dev deepseek falcon-180b"""
    missing = {f"{name}.yaml" for name in known.split()} - set(FILES)

    assert missing == set()


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _runs(text: str) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {" ".join(words[at : at + COPIED]) for at in range(len(words) - COPIED + 1)}


# --- the format ------------------------------------------------------------------------------------------------

RAW: dict[str, Any] = {
    "id": "invented", "name": "Invented Licence", "short": "the invented licence", "version": None,
    "publisher": "Nobody", "spdx": None, "category": "permissive", "url": "https://example.org/licence",
    "aliases": [], "documents": {"license": "invented"}, "reviewed": {"by": "a test", "date": "2026-11-21"},
    "terms": [
        {"id": "grant", "kind": "permission", "actions": ["any"], "text": "You may  use it.",
         "pin": {"clause": 1, "words": "may use"}},
        {"id": "notice", "kind": "condition", "text": "Keep the notice.", "supports": ["grant"], "weight": "low",
         "when": {"action": ["distributed"], "any": [{"commercial": True}, {"over": {"mau": 700, "users": 9}}]},
         "pins": [{"in": "license", "clause": "2", "words": "keep"}]},
    ],
}  # fmt: skip


def test_profile_is_read_whole() -> None:
    """Every field of a file is found in the parsed profile, `when` as one predicate."""
    grant, notice = parse_profile(RAW, "invented.yaml").terms

    assert (grant.text, grant.pins[0].clause, grant.pins[0].document) == ("You may use it.", "1", DocumentKind.LICENSE)
    assert (notice.low, notice.supports, notice.kind) == (True, ("grant",), TermKind.CONDITION)
    assert notice.when == Predicate("all", parts=(
        Predicate("action", ("distributed",)),
        Predicate("any", parts=(
            Predicate("commercial", ("true",)),
            Predicate("any", parts=(Predicate("over", ("mau",), 700.0), Predicate("over", ("users",), 9.0))),
        )),
    ))  # fmt: skip
    assert [t.name for t in notice.tests] == ["action", "commercial", "over", "over"]
    assert (notice.turns_on("over"), notice.turns_on("topic")) == ({"mau", "users"}, frozenset())
    assert grant.tests == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"category": "friendly"}, "category 'friendly'"),
        ({"documents": {"poem": "invented"}}, "'poem'"),
        ({"reviewed": None}, "of the wrong kind"),
        ({"terms": [RAW["terms"][0], RAW["terms"][0]]}, "share an id"),
        ({"terms": [RAW["terms"][0] | {"colour": "red"}]}, "'colour'"),
        ({"terms": [RAW["terms"][0] | {"kind": "wish"}]}, "'wish'"),
        ({"terms": [RAW["terms"][0] | {"actions": ["fly"]}]}, "'fly'"),
        ({"terms": [RAW["terms"][0] | {"about": ["weather"]}]}, "'weather'"),
        ({"terms": [RAW["terms"][0] | {"supports": ["nothing"]}]}, "'nothing'"),
        ({"terms": [RAW["terms"][0] | {"when": {"topic": ["gardening"]}}]}, "'gardening'"),
        ({"terms": [RAW["terms"][0] | {"when": {"any": [{"action": ["jump"]}]}}]}, "'jump'"),
        ({"terms": [RAW["terms"][0] | {"when": {"not": {"domain": ["moon"]}}}]}, "'moon'"),
        ({"terms": [RAW["terms"][0] | {"when": {"moon": ["full"]}}]}, "'moon'"),
        ({"terms": [RAW["terms"][0] | {"pin": {"clause": "1", "text": "x"}}]}, "'text'"),
        ({"terms": [RAW["terms"][0] | {"pin": {"in": "notice", "clause": "1", "words": "x"}}]}, "'notice'"),
    ],
)
def test_fault_of_format_is_named(change: dict[str, Any], fault: str) -> None:
    """A profile that breaks the format is refused with its file and the fault."""
    with pytest.raises(ProfileError, match=re.escape(fault)) as caught:
        parse_profile(deepcopy(RAW) | change, "invented.yaml")

    assert str(caught.value).startswith("invented.yaml: ")


@pytest.mark.parametrize("field", ["id", "name", "publisher", "category", "url", "documents", "terms", "reviewed"])
def test_missing_field_is_refused(field: str) -> None:
    """A profile without a field that it needs is refused."""
    with pytest.raises(ProfileError, match=field):
        parse_profile({k: v for k, v in RAW.items() if k != field}, "invented.yaml")


def test_profile_that_is_no_mapping_is_refused() -> None:
    """A file that holds a list or nothing is refused."""
    for raw in ([], None, "text"):
        with pytest.raises(ProfileError, match="a profile is a mapping"):
            parse_profile(raw, "invented.yaml")


# --- the vocabulary --------------------------------------------------------------------------------------------


def test_vocabulary_is_closed_in_itself() -> None:
    """Groups name actions, domains name topics, every topic and group has a question."""
    words = vocabulary()
    groups = words.groups.values()

    assert {a for g in groups for a in g.sure | g.maybe} <= set(words.actions)
    assert {t for topics in words.domains.values() for t in topics} <= set(words.topics)
    assert all(q.endswith("?") for q in [*words.topics.values(), *(g.question for g in groups)])
    assert not set(words.groups) & set(words.actions)
