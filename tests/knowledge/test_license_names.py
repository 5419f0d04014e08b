"""Every licence name that the Hub, SPDX and ScanCode spell leads to that licence, or is asked back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bot.services import Services
from ingestion.sources.scancode import _installed
from knowledge.catalog import Catalog, Mention, MentionKind

HUB_TAGS = {
    "apache-2.0": "apache-2.0", "mit": "mit", "bigscience-openrail-m": "bigscience-openrail-m",
    "creativeml-openrail-m": "creativeml-openrail-m", "bigscience-bloom-rail-1.0": "bigscience-rail-1.0",
    "bigcode-openrail-m": "bigcode-openrail-m", "afl-3.0": "afl-3.0", "artistic-2.0": "artistic-2.0",
    "bsl-1.0": "bsl-1.0", "bsd-2-clause": "bsd-2-clause", "bsd-3-clause": "bsd-3-clause",
    "bsd-3-clause-clear": "bsd-3-clause-clear", "c-uda": "c-uda-1.0", "cc0-1.0": "cc0-1.0",
    "cc-by-2.0": "cc-by-2.0", "cc-by-2.5": "cc-by-2.5", "cc-by-3.0": "cc-by-3.0", "cc-by-4.0": "cc-by-4.0",
    "cc-by-sa-3.0": "cc-by-sa-3.0", "cc-by-sa-4.0": "cc-by-sa-4.0", "cc-by-nc-2.0": "cc-by-nc-2.0",
    "cc-by-nc-3.0": "cc-by-nc-3.0", "cc-by-nc-4.0": "cc-by-nc-4.0", "cc-by-nd-4.0": "cc-by-nd-4.0",
    "cc-by-nc-nd-3.0": "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0": "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0": "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0": "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0": "cc-by-nc-sa-4.0", "cdla-sharing-1.0": "cdla-sharing-1.0",
    "cdla-permissive-1.0": "cdla-permissive-1.0", "cdla-permissive-2.0": "cdla-permissive-2.0", "wtfpl": "wtfpl",
    "ecl-2.0": "ecl-2.0", "epl-1.0": "epl-1.0", "epl-2.0": "epl-2.0", "etalab-2.0": "etalab-2.0",
    "eupl-1.1": "eupl-1.1", "eupl-1.2": "eupl-1.2", "agpl-3.0": "agpl-3.0-only", "gpl-2.0": "gpl-2.0-only",
    "gpl-3.0": "gpl-3.0-only", "lgpl-2.1": "lgpl-2.1", "lgpl-3.0": "lgpl-3.0-only", "isc": "isc",
    "lppl-1.3c": "lppl-1.3c", "ms-pl": "ms-pl", "apple-ascl": "apple-ascl", "apple-amlr": "apple-amlr",
    "mpl-2.0": "mpl-2.0", "odc-by": "odc-by-1.0", "odbl": "odbl-1.0", "openmdw-1.0": "openmdw-1.0",
    "openmdw-1.1": "openmdw-1.1", "openrail++": "creativeml-openrail-pp-m-2023", "osl-3.0": "osl-3.0",
    "postgresql": "postgresql", "ofl-1.1": "ofl-1.1", "ncsa": "ncsa", "unlicense": "unlicense", "zlib": "zlib",
    "pddl": "pddl-1.0", "lgpl-lr": "lgpl-lr", "deepfloyd-if-license": "deepfloyd-if",
    "fair-noncommercial-research-license": "fair-nc-2025-04-17", "llama2": "llama-2", "llama3": "llama-3",
    "llama3.1": "llama-3.1", "llama3.2": "llama-3.2", "llama3.3": "llama-3.3", "llama4": "llama-4",
    "grok2-community": "grok-2",
}  # fmt: skip
"""Licence tag of the Hub (hub-docs, repositories-licenses, as of 2026-11) → our licence."""
FAMILY_TAGS = {
    "openrail": "bigscience-openrail-m", "bsd": "bsd-3-clause", "cc": "cc-by-4.0", "gfdl": "gfdl-1.3",
    "gpl": "gpl-3.0-only", "lgpl": "lgpl-2.1", "gemma": "gemma-3",
}  # fmt: skip
"""Tag that leaves version or kind open → one of the options that have to be offered."""
NO_LICENCE_TAGS = ("other", "unknown")
"""Tags that name no licence."""

OTHER_COPIES = {
    "bigscience-open-rail-m2": "creativeml-openrail-pp-m-2022",  # ScanCode's key is wrong, its text is Stability's
    "ltxv-owl-2025-04-17": "ltx-video",
    "moonshot-ai-modified-mit-2025": "kimi-k2",
    "bsd-2-clause-netbsd": "bsd-2-clause",  # deprecated for it, the word "NetBSD" apart
    "odc-1.0": "odc-by-1.0",
    "x11-xconsortium_veillard": "x11-xconsortium-veillard",
    "etalab-2.0": "etalab-2.0",  # our profile reads the English text, this key is the French one
    "mulanpsl-2.0": "mulan-psl-2.0",  # the same with the Chinese text
}
"""ScanCode key whose text we hold from a better place → our licence."""
NOT_SCANCODES = {"bsl-1.0": "bsl-1.0"}
"""ScanCode key that is another licence's SPDX id and Hub tag (Boost; ScanCode means the Business Source License)."""
ASKED_BACK = {"GPL"}
FOLDED = {
    "AGPL-1.0+", "AGPL-3.0+", "GFDL-1.1+", "GFDL-1.2+", "GFDL-1.3+", "GPL-1.0+", "GPL-2.0+", "GPL 2.0+", "GPL-3.0+",
    "LGPL-2.0+", "LGPL-2.1+", "LGPL-3.0+",
    # told apart by capitals only: SPDX `X11` and ScanCode's `x11` are two licences
    "BSD-2-Clause-FreeBSD", "Brian-Gladman-3-Clause", "Intel", "Libtool-exception", "Nokia-Qt-exception-1.1",
    "OpenSSL", "X11", "opl-1.0", "tpl-1.0",
}  # fmt: skip
"""Names that the normal form cannot tell from another licence's, until it keeps the `+` and the spelling counts."""


@pytest.fixture(scope="module")
def catalog(services: Services) -> Catalog:
    """All names of the whole knowledge base."""
    return services.catalog


def licences(services: Services, mention: Mention | None) -> set[str]:
    """Return the ids of the licences that a name leads to."""
    if mention is None or mention.options:
        return set()
    if mention.kind is MentionKind.LICENSE:
        return {mention.target}
    return {services.store.subject(mention.target).license or ""}


# --- the Hub ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", HUB_TAGS)
def test_hub_tag_leads_to_its_licence(tag: str, services: Services) -> None:
    """A licence tag of the Hub is found as that licence, whose terms are reviewed."""
    found = licences(services, services.catalog.lookup(tag))

    assert found == {HUB_TAGS[tag]}
    assert services.store.license(HUB_TAGS[tag]).curated


@pytest.mark.parametrize("tag", FAMILY_TAGS)
def test_hub_tag_without_version_is_asked_back(tag: str, catalog: Catalog) -> None:
    """A tag of a whole family is never taken for one member; the members are offered."""
    mention = catalog.lookup(tag)

    assert mention is not None
    assert mention.question.endswith("?")
    assert FAMILY_TAGS[tag] in mention.options
    assert len(mention.options) >= 2


@pytest.mark.parametrize("tag", NO_LICENCE_TAGS)
def test_tag_that_names_no_licence_is_none(tag: str, catalog: Catalog) -> None:
    """`other` and `unknown` are never taken for a licence, neither alone nor in a sentence."""
    assert catalog.lookup(tag) is None
    assert [m for m in catalog.find(f"some {tag} thing") if m.kind is MentionKind.LICENSE] == []


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("CC BY", "cc-by-4.0"), ("EPL", "epl-2.0"), ("GNU Free Documentation License", "gfdl-1.3"),
        ("BSD License", "bsd-2-clause"), ("GPL license", "gpl-2.0-only"), ("OpenMDW", "openmdw-1.1"),
        ("CDLA-Permissive", "cdla-permissive-1.0"), ("CERN OHL", "cern-ohl-w-2.0"), ("LPPL", "lppl-1.3c"),
    ],
)  # fmt: skip
def test_licence_without_version_is_asked_back(name: str, option: str, catalog: Catalog) -> None:
    """A name of several versions with different terms is asked back with all of them."""
    mention = catalog.lookup(name)

    assert mention is not None
    assert option in mention.options


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("GPL-2.0-only", "gpl-2.0-only"), ("GPL-2.0", "gpl-2.0-only"), ("GPL-2.0-or-later", "gpl-2.0-or-later"),
        ("GPLv3 or later", "gpl-3.0-or-later"), ("AGPL-3.0", "agpl-3.0-only"),
        ("AGPL-3.0-or-later", "agpl-3.0-or-later"), ("LGPL-2.1-or-later", "lgpl-2.1-or-later"),
        ("LGPL-3.0-or-later", "lgpl-3.0-or-later"), ("GFDL-1.3-or-later", "gfdl-1.3-or-later"),
        ("Python-2.0", "python-2.0"), ("PSF-2.0", "psf-2.0"),
    ],
)  # fmt: skip
def test_or_later_is_a_licence_of_its_own(name: str, target: str, services: Services) -> None:
    """What may be followed in a later version is told from what may not, and has reviewed terms."""
    assert licences(services, services.catalog.lookup(name)) == {target}
    assert services.store.license(target).profile.terms


# --- SPDX and ScanCode -----------------------------------------------------------------------------------------


def scancode_names() -> Iterator[tuple[str, str]]:
    """Yield `(name, key)`: each ScanCode key that has a text, and the SPDX ids of that text, deprecated ones too."""
    for file in sorted(_installed().glob("*.LICENSE")):
        _, header, text = file.read_text("utf-8-sig").split("---", 2)
        facts: dict[str, Any] = yaml.load(header, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        if text.strip():
            names = [facts["key"], facts.get("spdx_license_key"), *(facts.get("other_spdx_license_keys") or ())]
            yield from ((str(name), facts["key"]) for name in names if name)


def lost(services: Services, name: str, key: str) -> str:
    """Return what is wrong with where a name leads, or nothing."""
    mention = services.catalog.lookup(name)
    wanted = OTHER_COPIES.get(key) or NOT_SCANCODES.get(name)
    if mention is None:
        return f"{name}: not found"
    if mention.options:
        return "" if name in ASKED_BACK else f"{name}: asked back"
    found = licences(services, mention)
    if found == {wanted}:
        return ""
    held = {k for f in found for _, k in services.store.license(f).profile.documents}
    return "" if key in held else f"{name}: {found}, not {wanted or key}"


def test_spdx_and_scancode_names_lead_to_their_text(services: Services) -> None:
    """Every SPDX id and every key that ScanCode has a text for leads to that text."""
    names = list(scancode_names())
    wrong = [fault for name, key in names if name not in FOLDED and (fault := lost(services, name, key))]

    assert len(names) > 5000
    assert wrong == []


def test_names_that_differ_by_a_mark_lead_to_their_text(services: Services) -> None:
    """`GPL-2.0+` is no `GPL-2.0`, and SPDX `X11` is not ScanCode's `x11`."""
    wrong = [fault for name, key in scancode_names() if name in FOLDED and (fault := lost(services, name, key))]

    assert wrong == []


def test_other_copies_are_still_needed(services: Services) -> None:
    """Keys that are answered from another text are keys of ScanCode and lead to reviewed licences."""
    keys = {key for _, key in scancode_names()}

    assert set(OTHER_COPIES) <= keys
    assert set(NOT_SCANCODES) <= keys
    assert [i for i in OTHER_COPIES.values() if i not in services.store.license_ids()] == []
