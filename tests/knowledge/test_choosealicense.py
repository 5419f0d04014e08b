"""Our terms of ordinary licences against the tags of choosealicense.com: both say the same, or a reason stands here.

`choosealicense.csv` holds the tags of its 47 licences (github/choosealicense.com, `_licenses/`, as of May 2026).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from bot.card import Card, find_card
from bot.services import Services
from knowledge.models import LicenseRecord, Term, TermKind

TAGS = {
    row["licence"]: row
    for row in csv.DictReader(Path(__file__).with_name("choosealicense.csv").read_text("utf-8").splitlines())
}
SIDES = ("permissions", "conditions", "limitations")
DIFFERENCES: dict[tuple[str, str], str] = {
    ("AGPL-3.0", "limitations: trademark-use"): "section 7(e) lets authors decline marks; it does not decline them",
    ("GPL-3.0", "limitations: trademark-use"): "section 7(e) lets authors decline marks; it does not decline them",
    ("GPL-2.0", "limitations: patent-use"): "section 7 stops distribution over patents; it does not withhold a licence",
    ("LGPL-2.1", "limitations: patent-use"): "section 11 stops distribution over patents; it does not withhold one",
    ("Artistic-2.0", "conditions: disclose-source"): "sections 4 to 6 ask for source or for where to get it",
    ("CECILL-2.1", "conditions: network-use-disclose"): "no clause of the text speaks of use over a network",
    ("CECILL-2.1", "conditions: document-changes"): "article 5.2 asks for author and date of each contribution",
    ("CECILL-2.1", "limitations: trademark-use"): "article 9.4 only gives no warranty about marks",
    ("GFDL-1.3", "limitations: liability"): "the text has no clause on liability; it takes in disclaimers of warranty",
}
"""Licence and tag that one side has and the other has not → what the text says."""
_MARKS = re.compile(r"trade ?mark|service mark|\bmarks?\b")
_PATENT = re.compile(r"patent")
_LIABLE = re.compile(r"liab|damages|responsib")
_WARRANTY = re.compile(r"warrant|as[ -]is")
_TAKES_IN = "incorporates the terms and conditions of"
"""LGPL-3.0 has the terms of GPL-3.0 by this clause."""
Quote = Callable[[Term], str]


def tags(record: LicenseRecord, quote: Quote) -> set[str]:
    """Return what choosealicense would call our terms; what a licence names it names in the words that we quote."""
    of = {kind: [t for t in record.profile.terms if t.kind is kind] for kind in TermKind}
    permissions, conditions, limitations = (
        of[TermKind.PERMISSION], of[TermKind.CONDITION], of[TermKind.LIMITATION],
    )  # fmt: skip

    def speaks(terms: Iterable[Term], about: str, named: re.Pattern[str]) -> bool:
        return any(about in t.about and (named.search(quote(t)) or _TAKES_IN in quote(t)) for t in terms)

    found = {f"permissions: {tag}" for tag in _permitted(permissions)}
    found |= {f"conditions: {tag}" for tag in _demanded(permissions, conditions)}
    patents = speaks(permissions, "patents", _PATENT)
    for tag, holds in {
        "permissions: patent-use": patents,
        "limitations: patent-use": not patents and speaks(limitations, "patents", _PATENT),
        "limitations: trademark-use": speaks(limitations, "trademark", _MARKS),
        "limitations: liability": speaks(limitations, "warranty", _LIABLE),
        "limitations: warranty": speaks(limitations, "warranty", _WARRANTY),
    }.items():
        if holds:
            found.add(tag)
    return found


def _permitted(permissions: list[Term]) -> set[str]:
    granted = {action for t in permissions for action in t.actions}
    by_action = {"modifications": "modify_code", "distribution": "redistribute_weights", "private-use": "internal_use"}
    found = {tag for tag, action in by_action.items() if granted & {"any", action}}
    if any(t.actions and "commercial" in t.about for t in permissions):
        found.add("commercial-use")
    return found


def _demanded(permissions: list[Term], conditions: list[Term]) -> set[str]:
    heads = {t.about[0] for t in conditions if t.about}  # what the card shows as the action
    found = set()
    if heads & {"copy_of_license", "attribution"}:
        compiled_copies_free = any("copy_of_license" in t.about for t in permissions)
        found.add("include-copyright--source" if compiled_copies_free else "include-copyright")
    if "modification_notice" in heads:
        found.add("document-changes")
    if "source_disclosure" in heads:
        found.add("disclose-source")
    if any({"hosting", "source_disclosure"} <= set(t.about) for t in conditions):
        found.add("network-use-disclose")
    if "share_alike" in heads:
        own_part = {"relicense", "combination", "share_alike", "source_disclosure"}
        weak = any(own_part <= set(t.about) for t in permissions)
        joined = any("combination" in t.about and "relicense" not in t.about for t in conditions)
        found.add("same-license" if not weak else "same-license--library" if joined else "same-license--file")
    return found


def differences(licence: str, services: Services) -> set[str]:
    """Return the tags that only choosealicense or only our terms give."""
    card = find_card(licence, services.catalog, services.store)
    assert isinstance(card, Card)
    (record,) = card.records
    assert record.curated

    def quote(term: Term) -> str:
        places = [q for q in record.quotes[term.id] if q]
        texts = services.store.texts({q.text_sha256 for q in places})
        return " ".join(" ".join(texts[q.text_sha256][q.start : q.end] for q in places).split()).casefold()

    told = {f"{side}: {tag}" for side in SIDES for tag in TAGS[licence][side].split()}
    return told ^ tags(record, quote)


@pytest.mark.parametrize("licence", TAGS)
def test_terms_agree_with_choosealicense(licence: str, services: Services) -> None:
    """A licence that choosealicense knows is found by its name there, is reviewed, and gives the same tags."""
    assert {tag for tag in differences(licence, services) if (licence, tag) not in DIFFERENCES} == set()


@pytest.mark.parametrize(("licence", "tag"), DIFFERENCES)
def test_listed_difference_is_one(licence: str, tag: str, services: Services) -> None:
    """A difference that has a reason here still exists."""
    assert tag in differences(licence, services)


def test_table_is_whole() -> None:
    """The table has the site's 47 licences, and every tag of its rules is in use."""
    assert len(TAGS) == 47
    assert len({tag for row in TAGS.values() for side in SIDES for tag in row[side].split()}) == 16
