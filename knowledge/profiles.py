"""Reads the term profiles in `data/licenses/`: one licence a file, every word checked against the vocabulary.

`data/licenses/README.md` is the format's description for the lawyers who review it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError
from knowledge.guidance import Claim, claims
from knowledge.models import DocumentKind, Pin, Predicate, Profile, Term, TermKind
from knowledge.vocabulary import data_files, read_yaml, vocabulary

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

CATEGORIES = frozenset({
    "permissive", "copyleft", "public_domain", "open_rail", "rail", "community", "non_commercial", "research",
    "data_permissive", "data_share_alike", "service", "source_available",
})  # fmt: skip
MODALITIES = frozenset({"text", "image", "multimodal", "audio", "video", "code", "3d", "protein", "embedding"})
_LISTED = frozenset({"action", "topic", "domain", "region", "seat", "modality", "target", "license_of_result", "asks"})
_TERM_FIELDS = frozenset({
    "id", "kind", "actions", "when", "text", "pin", "pins", "about", "display", "question", "fix", "supports", "weight",
})  # fmt: skip


class ProfileError(KnowledgeError):
    """A profile breaks the format; the message names the file, the term and the fault."""


def profile_files() -> list[Traversable]:
    """Return every profile's file, sorted by name."""
    return data_files("licenses")


def read_profiles() -> Iterator[Profile]:
    """Yield every profile; raises `ProfileError` at the first that breaks the format."""
    corrections: dict[str, list[Term]] = {}
    for claim in claims():
        for license_id in claim.licenses:
            corrections.setdefault(license_id, []).append(correction(claim))
    for file in profile_files():
        profile = parse_profile(read_yaml(file), file.name)
        yield replace(profile, terms=(*profile.terms, *corrections.pop(profile.id, ())))
    if corrections:
        raise ProfileError(f"A claim cites the licence {min(corrections)!r}, which has no profile.")


def correction(claim: Claim) -> Term:
    """Return the term that sets a false claim right, pinned to the clause that shows it."""
    speaks = Predicate("asks", (claim_word(claim.id),))
    return Term(claim_word(claim.id), TermKind.CORRECTION, claim.truth, (claim.pin,) if claim.pin else (), when=speaks)


def claim_word(claim_id: str) -> str:
    """Return how a reading says that a question rests on a claim, beside the vocabulary's `asks`."""
    return f"claim:{claim_id}"


def parse_profile(raw: Any, file: str) -> Profile:
    """Turn one parsed YAML file into a profile; raises `ProfileError`."""
    if not isinstance(raw, Mapping):
        raise ProfileError(f"{file}: a profile is a mapping that starts with `id:`.")
    try:
        terms = tuple(_parse_term(t, file) for t in raw["terms"])
        profile = Profile(
            id=raw["id"],
            name=raw["name"],
            short=raw["short"],
            version=_text(raw.get("version")),
            publisher=raw["publisher"],
            spdx=raw.get("spdx"),
            category=raw["category"],
            url=raw["url"],
            aliases=tuple(str(a) for a in raw.get("aliases", ())),
            family=raw.get("family"),
            supersedes=raw.get("supersedes"),
            documents=tuple((DocumentKind(k), v) for k, v in raw["documents"].items()),
            terms=terms,
            reviewed_by=raw["reviewed"]["by"],
            reviewed_on=str(raw["reviewed"]["date"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"{file}: a field is missing or of the wrong kind: {error}.") from error
    _check(profile, file)
    return profile


def _check(profile: Profile, file: str) -> None:
    if profile.category not in CATEGORIES:
        raise ProfileError(f"{file}: category {profile.category!r} is none of {', '.join(sorted(CATEGORIES))}.")
    ids = [t.id for t in profile.terms]
    if len(ids) != len(set(ids)):
        raise ProfileError(f"{file}: two terms share an id.")
    kinds = {kind for kind, _ in profile.documents}
    for term in profile.terms:
        if unknown := [s for s in term.supports if s not in ids]:
            raise ProfileError(f"{file}: term {term.id!r} supports {unknown[0]!r}, which is no term of this file.")
        if missing := [p.document for p in term.pins if p.document not in kinds]:
            raise ProfileError(f"{file}: term {term.id!r} is pinned to {missing[0]!r}, which is not under `documents`.")


def _parse_term(raw: Mapping[str, Any], file: str) -> Term:
    where = f"{file}: term {raw.get('id')!r}"
    if unknown := set(raw) - _TERM_FIELDS:
        raise ProfileError(f"{where} has a field {min(unknown)!r} that the format does not know.")
    pins = raw["pins"] if "pins" in raw else [raw["pin"]]
    actions = tuple(raw.get("actions", ()))
    words = vocabulary()
    _known(actions, {*words.actions, "any"}, f"{where}, actions")
    _known(raw.get("about", ()), words.asks, f"{where}, about")
    return Term(
        id=raw["id"],
        kind=TermKind(raw["kind"]),
        text=" ".join(raw["text"].split()),
        pins=tuple(_parse_pin(p, where) for p in pins),
        actions=actions,
        when=_parse_all(raw["when"], where) if "when" in raw else None,
        about=tuple(raw.get("about", ())),
        display=tuple(raw.get("display", ())),
        question=raw.get("question"),
        fix=raw.get("fix"),
        supports=tuple(raw.get("supports", ())),
        low=raw.get("weight") == "low",
    )


def _parse_pin(raw: Mapping[str, Any], where: str) -> Pin:
    if unknown := set(raw) - {"in", "clause", "words"}:
        raise ProfileError(f"{where}: a pin has `in`, `clause` and `words`, not {min(unknown)!r}.")
    return Pin(DocumentKind(raw.get("in", "license")), str(raw["clause"]), str(raw["words"]))


def _parse_all(raw: Mapping[str, Any], where: str) -> Predicate:
    parts = tuple(_parse_predicate(name, value, where) for name, value in raw.items())
    return parts[0] if len(parts) == 1 else Predicate("all", parts=parts)


def _parse_predicate(name: str, value: Any, where: str) -> Predicate:
    if name == "any":
        return Predicate("any", parts=tuple(_parse_all(v, where) for v in value))
    if name == "not":
        return Predicate("not", parts=(_parse_all(value, where),))
    if name == "commercial":
        return Predicate("commercial", (str(bool(value)).lower(),))
    if name in {"over", "at_least"}:
        parts = tuple(Predicate(name, (fact,), amount=float(limit)) for fact, limit in value.items())
        return parts[0] if len(parts) == 1 else Predicate("any", parts=parts)
    if name not in _LISTED:
        raise ProfileError(f"{where}: `when` knows no test {name!r}.")
    values = tuple(str(v) for v in value)
    words = vocabulary()
    known: dict[str, Any] = {
        "action": {*words.actions, *words.groups},
        "topic": words.topics,
        "domain": words.domains,
        "modality": MODALITIES,
        "asks": words.asks,
    }
    if name in known:
        _known(values, known[name], f"{where}, {name}")
    return Predicate(name, values)


def _known(values: Any, known: Any, where: str) -> None:
    if unknown := [v for v in values if v not in known]:
        raise ProfileError(f"{where}: {unknown[0]!r} is not in the vocabulary (knowledge/data/vocabulary.yaml).")


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
