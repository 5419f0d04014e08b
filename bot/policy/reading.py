"""Reads a policy file, TOML or YAML by its ending. `schema.json` states the format, README.md explains it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError
from bot.model import Citation
from bot.policy.checks import PEOPLE, REVENUE, faults, schema
from bot.policy.known import Known
from bot.policy.model import (
    Affiliate,
    Company,
    Distribution,
    Period,
    Policy,
    Relief,
    ReliefKind,
    Rule,
    Scope,
    Then,
    When,
    citation,
)
from bot.policy.source import Keys, Source, parse

ENDINGS = (".toml", ".yaml", ".yml")
_FACTS = PEOPLE | REVENUE | {"employees": "headcount"}


def read_policy(path: Path, known: Known | None = None) -> Policy:
    """Return the policy of a file. Raises `ConfigurationError` that lists every fault, one a line, with its line."""
    if path.suffix.lower() not in ENDINGS:
        raise ConfigurationError(f"{path}: the name of a policy file ends in {', '.join(ENDINGS)}.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: this is no UTF-8 text; save the file as UTF-8.") from error
    return parse_policy(text, path, known)


def parse_policy(text: str, path: Path, known: Known | None = None) -> Policy:
    """Return the policy of a text, read as that of the file at `path`; raises `ConfigurationError` as above."""
    source = parse(text, path.suffix.lower())
    found = faults(source, known or Known())
    if found:
        raise ConfigurationError("\n".join(f"{path}:{f.line}: {f.message}." for f in found))
    return _Builder(source, path.name).policy()


class _Builder:
    """Makes values of a file in which nothing is wrong."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._sha256 = hashlib.sha256(source.text.encode()).hexdigest()

    def policy(self) -> Policy:
        raw = self._source.value
        reviewed = raw.get("reviewed", {})
        return Policy(
            name=self._name,
            text=self._source.text,
            sha256=self._sha256,
            company=self._company(raw["company"]) if "company" in raw else None,
            rules=tuple(self._rule(r, ("rules", i)) for i, r in enumerate(raw.get("rules", ()))),
            licences_bought=self._reliefs(ReliefKind.LICENCE_BOUGHT, "licences_bought"),
            exceptions=self._reliefs(ReliefKind.EXCEPTION, "exceptions"),
            reviewed_by=reviewed.get("by", ""),
            reviewed_on=_day(reviewed.get("on")),
        )

    def _company(self, raw: Mapping[str, Any]) -> Company:
        path = ("company",)
        members = enumerate(raw.get("affiliates", ()))
        return Company(
            name=raw["name"],
            as_of=_day(raw.get("as_of")),
            established_in=tuple(raw.get("established_in", ())),
            customers_in=tuple(raw.get("customers_in", ())),
            figures=_figures(raw),
            affiliates=tuple(self._affiliate(a, (*path, "affiliates", i)) for i, a in members),
            citations=self._entries(raw, path, "", _FACTS | {"established_in": "region", "customers_in": "markets"}),
        )

    def _affiliate(self, raw: Mapping[str, Any], path: Keys) -> Affiliate:
        return Affiliate(
            name=raw["name"],
            figures=_figures(raw),
            established_in=tuple(raw.get("established_in", ())),
            citations=self._entries(raw, path, f"{raw['name']}, ", _FACTS),
        )

    def _entries(self, raw: Mapping[str, Any], path: Keys, whose: str, names: Mapping[str, str]) -> dict[str, Citation]:
        found = {}
        for key, fact in names.items():
            if key in raw:
                span = self._source.entry((*path, key))
                found[fact] = self._cited(f"{whose}{key}", "company", (span.start, span.end))
        return found

    def _rule(self, raw: Mapping[str, Any], path: Keys) -> Rule:
        when = raw["when"]
        return Rule(
            id=raw["id"],
            when=When(
                **{key: tuple(when.get(key, ())) for key in
                   ("licences", "categories", "families", "subjects", "publishers", "actions", "domains")},
                distribution=tuple(map(Distribution, when.get("distribution", ()))),
                commercial=when.get("commercial"),
            ),
            then=Then(raw["then"]),
            reason=_joined(raw["reason"]),
            owner=_joined(raw["owner"]),
            citation=self._quoted(raw["id"], "rule", (*path, "reason")),
            period=_period(raw),
        )  # fmt: skip

    def _reliefs(self, kind: ReliefKind, section: str) -> tuple[Relief, ...]:
        listed = enumerate(self._source.value.get(section, ()))
        return tuple(self._relief(kind, r, (section, i)) for i, r in listed)

    def _relief(self, kind: ReliefKind, raw: Mapping[str, Any], path: Keys) -> Relief:
        covers, scope = raw["covers"], raw.get("scope", {})
        told = "reason" if "reason" in raw else "reference"
        return Relief(
            kind=kind,
            id=raw["id"],
            reference=_joined(raw["reference"]),
            owner=_joined(raw["owner"]),
            citation=self._quoted(raw["id"], kind.value, (*path, told)),
            rules=tuple(covers.get("rules", ())),
            licences=tuple(covers.get("licences", ())),
            subjects=tuple(covers.get("subjects", ())),
            scope=Scope(*(tuple(scope.get(key, ())) for key in ("actions", "domains", "products"))),
            reason=_joined(raw.get("reason", "")),
            period=_period(raw),
            remind_days=int(raw.get("remind_days", schema()["$defs"]["remind_days"]["default"])),
        )

    def _quoted(self, clause: str, heading: str, path: Keys) -> Citation:
        span = self._source.values[path]
        return self._cited(clause, heading, (span.start, span.end))

    def _cited(self, clause: str, heading: str, span: tuple[int, int]) -> Citation:
        return citation(self._source.text, self._sha256, clause, heading, span)


def _figures(raw: Mapping[str, Any]) -> dict[str, float]:
    return {fact: _whole(raw[key]) for key, fact in _FACTS.items() if key in raw}


def _whole(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _period(raw: Mapping[str, Any]) -> Period:
    return Period(_day(raw.get("from")), _day(raw.get("until")))


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _joined(text: str) -> str:
    """Return a text without the line breaks that it has in the file."""
    return " ".join(text.split())
