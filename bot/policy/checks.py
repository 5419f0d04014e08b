"""Everything that can be wrong in a policy file, each fault with its line and what to write instead. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from bot.policy.known import Known
from bot.policy.source import Fault, Keys, Source

PEOPLE = {"users": "users", "monthly_active_users": "mau", "daily_active_users": "dau"}
"""Key of the file to the name of the fact."""
REVENUE = {
    "yearly_revenue_usd": "revenue_usd",
    "yearly_revenue_eur": "revenue_eur",
    "yearly_revenue_gbp": "revenue_gbp",
    "yearly_revenue_chf": "revenue_chf",
    "monthly_revenue_usd": "monthly_revenue_usd",
}
_ENTRIES = {"rules": "rule", "licences_bought": "bought licence", "exceptions": "exception", "affiliates": "affiliate"}


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    loaded: dict[str, Any] = json.loads((resources.files("bot.policy") / "schema.json").read_text(encoding="utf-8"))
    return loaded


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(source: Source, known: Known) -> list[Fault]:
    """Return every fault of a file that could be parsed, in the order of its lines."""
    found = [*source.faults]
    if source.value is None and not found:
        found.append(Fault(1, "the file is empty; README.md in bot/policy shows what to write"))
    if source.value is not None:
        for error in _validator().iter_errors(source.value):
            found += _of_schema(source, _breach(error))
        found += _Meaning(source, known).faults()
    return sorted(dict.fromkeys(found), key=lambda f: (f.line, f.message))


# -- the format --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Breach:
    """Where a value breaks the schema."""

    keyword: str
    """Of the schema: `type`, `required`, …"""
    wanted: Any
    given: Any
    part: Mapping[str, Any]
    """The part of the schema that is broken."""
    path: Keys
    message: str


def _breach(error: ValidationError) -> _Breach:
    part: Any = error.schema
    path = tuple(error.absolute_path)
    return _Breach(str(error.validator), error.validator_value, error.instance, part, path, error.message)


def _of_schema(source: Source, breach: _Breach) -> Iterator[Fault]:
    path, where = breach.path, _where(source.value, breach.path)
    if breach.keyword == "additionalProperties":
        known = list(breach.part["properties"])
        for name in (n for n in breach.given if n not in known):
            yield Fault(source.line((*path, name)), f"{where}there is no {name!r}; {_nearest(name, known)}")
    elif breach.keyword == "required":
        for name in (n for n in breach.wanted if n not in breach.given):
            told = str(breach.part["properties"][name].get("description", "")).rstrip(".")
            yield Fault(source.line(path), f"{where}{name!r} is missing; add it{f' ({told})' if told else ''}")
    else:
        said = _SAID.get(breach.keyword, _otherwise)(breach)
        yield Fault(source.line(path), f"{where}{said}")


def _where(value: Any, path: Keys) -> str:
    """Say in words where a path leads, entries by their ids."""
    told: list[str] = []
    for i, step in enumerate(path):
        value = value[step]
        if isinstance(step, int):
            outer = _ENTRIES.get(str(path[i - 1])) if i else None
            name = (value.get("id") or value.get("name")) if isinstance(value, dict) else None
            if outer:
                told[-1] = f"{outer} {name!r}" if isinstance(name, str) else f"{outer} {step + 1}"
            else:
                told.append(f"item {step + 1}")
        else:
            told.append(step)
    return ", ".join(told) + ": " if told else ""


_KINDS = {
    "object": "keys with values", "array": "a list", "string": "text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false",
}  # fmt: skip


def _type(breach: _Breach) -> str:
    wanted, given = str(breach.wanted), breach.given
    shown = "nothing" if given is None else f"{given!r}" if isinstance(given, str | int | float) else "something else"
    return f"this has to be {_KINDS[wanted]}, and {shown} stands here; write {_instead(wanted, given, breach.part)}"


def _instead(wanted: str, given: Any, part: Mapping[str, Any]) -> str:
    if wanted == "array" and isinstance(given, str):
        return f'["{given}"]'
    if wanted in {"integer", "number"} and isinstance(given, str):
        digits = "".join(c for c in given if c not in " ,'_")
        if digits.isascii() and digits.isdigit():
            return digits
    if wanted == "boolean" and isinstance(given, str):
        return "false" if given.casefold() in {"no", "off", "n"} else "true"
    return _example(part) or {"object": "its keys below it, indented", "array": "[…]"}.get(wanted, _KINDS[wanted])


def _example(part: Mapping[str, Any]) -> str:
    examples = part.get("examples") or [""]
    return f"for instance {json.dumps(examples[0])}" if examples[0] != "" else ""


def _pattern(breach: _Breach) -> str:
    given = str(breach.given)
    if not given.strip():
        return f"this text is empty; write {_example(breach.part)}"
    for changed in (given.upper(), given.lower().replace(" ", "-")):
        if _validator().evolve(schema=breach.part).is_valid(changed):
            return f"{given!r} is not written as it has to be; write {changed!r}"
    return f"{given!r} is not written as it has to be; write {_example(breach.part)}"


def _format(breach: _Breach) -> str:
    return f"{breach.given!r} is no date; write year-month-day, {_example(breach.part)}"


def _enum(breach: _Breach) -> str:
    return f"{breach.given!r} is none of its values; {_nearest(str(breach.given), list(breach.wanted))}"


def _range(breach: _Breach) -> str:
    side = "least" if breach.keyword == "minimum" else "most"
    return f"{breach.given} is out of range; write {breach.wanted} at {side}"


def _too_few(breach: _Breach) -> str:
    names = list(breach.part.get("properties", ()))
    what = f"one of {', '.join(names)}" if names else "at least one value, or leave the key out"
    return f"nothing stands here; write {what}"


def _otherwise(breach: _Breach) -> str:
    return f"{breach.message}; see README.md in bot/policy"


_SAID: dict[str, Callable[[_Breach], str]] = {
    "type": _type,
    "pattern": _pattern,
    "format": _format,
    "enum": _enum,
    "minimum": _range,
    "maximum": _range,
    "minItems": _too_few,
    "minProperties": _too_few,
    "maxLength": lambda b: f"this has {len(b.given)} characters; write {b.wanted} at most",
    "uniqueItems": lambda _: "a value stands twice in this list; write each once",
}


def _nearest(given: str, options: Collection[str]) -> str:
    """Say what to write in place of a name that is not known."""
    names = {name.casefold(): name for name in sorted(options, reverse=True)}
    folded = given.casefold()
    near = get_close_matches(folded, names, 3, _NEAR) or [n for n in sorted(names) if folded in n][:3]
    if not near and len(names) <= _FEW:
        return f"write one of {', '.join(sorted(names.values()))}"
    near = near or get_close_matches(folded, names, 3, _REMOTE)
    return f"write {' or '.join(repr(names[n]) for n in near)}" if near else "`clausebot license NAME` shows ids"


_NEAR = 0.8
"""Likeness from which a name is taken for another one misspelt; below it all are listed, if they are few."""
_REMOTE = 0.4
_FEW = 40


# -- the meaning -------------------------------------------------------------------------------------------------------


class _Meaning:
    """What a schema cannot say. Looks at whatever is of the right kind, so that faults of form hide no others."""

    def __init__(self, source: Source, known: Known) -> None:
        self._source = source
        value = source.value if isinstance(source.value, dict) else {}
        self._company = _mapping(value.get("company"))
        self._entries = [
            ((section, i), entry)
            for section in ("rules", "licences_bought", "exceptions")
            for i, entry in enumerate(_list(value.get(section)))
            if isinstance(entry, dict)
        ]
        rules = [e["id"] for p, e in self._entries if p[0] == "rules" and isinstance(e.get("id"), str)]
        self._options: dict[str, tuple[str, Collection[str] | None]] = {
            "licences": ("licence", known.licences),
            "families": ("family of licences", known.families),
            "publishers": ("publisher", known.publishers),
            "categories": ("category", known.categories),
            "actions": ("action", known.actions),
            "domains": ("domain", known.domains),
            "rules": ("rule of this file", rules),
        }

    def faults(self) -> Iterator[Fault]:
        yield from self._twice()
        for path, entry in self._entries:
            yield from self._dates(path, entry)
            yield from self._names(path, entry)
        yield from self._affiliates()

    def _fault(self, path: Keys, said: str) -> Fault:
        return Fault(self._source.line(path), f"{_where(self._source.value, path)}{said}")

    def _twice(self) -> Iterator[Fault]:
        first: dict[str, int] = {}
        for path, entry in self._entries:
            name = entry.get("id")
            if not isinstance(name, str):
                continue
            line = self._source.line((*path, "id"))
            if name in first:
                said = f"{name!r} is the id of the entry in line {first[name]}, too; give this one another"
                yield self._fault((*path, "id"), said)
            first.setdefault(name, line)

    def _dates(self, path: Keys, entry: Mapping[str, Any]) -> Iterator[Fault]:
        begin, end = _day(entry.get("from")), _day(entry.get("until"))
        if begin and end and end < begin:
            said = f"it ends on {end}, before it begins on {begin}; write a day from {begin} on"
            yield self._fault((*path, "until"), said)
        if "remind_days" in entry and "until" not in entry:
            said = "nothing lapses without an end, so nobody is reminded; add 'until' or leave this out"
            yield self._fault((*path, "remind_days"), said)

    def _names(self, path: Keys, entry: Mapping[str, Any]) -> Iterator[Fault]:
        for part in ("when", "covers", "scope"):
            for key, listed in _mapping(entry.get(part)).items():
                what, options = self._options.get(key, ("", None))
                for i, name in enumerate(_list(listed)):
                    if options is not None and isinstance(name, str) and name.strip() and name not in options:
                        said = f"there is no {what} {name!r}; "
                        said += _nearest(name, options) if options else "leave it out, there is none at all"
                        yield self._fault((*path, part, key, i), said)

    def _affiliates(self) -> Iterator[Fault]:
        """Figures of affiliates are added to the company's, so that both have to be there in the same measure."""
        for i, affiliate in enumerate(_list(self._company.get("affiliates"))):
            path = ("company", "affiliates", i)
            theirs = _mapping(affiliate)
            people = [key for key in PEOPLE if key in theirs]
            ours = [key for key in PEOPLE if key in self._company]
            if people and not ours:
                said = f"it cannot be added to the company's; give the company's {people[0]!r}, too"
                yield self._fault((*path, people[0]), said)
            if people and "daily_active_users" in ours and "daily_active_users" not in people:
                said = "the company gives 'daily_active_users'; give them here, too, so that they can be added"
                yield self._fault(path, said)
            revenue = [key for key in REVENUE if key in theirs]
            for key in revenue:
                if key not in self._company:
                    said = f"it cannot be added to the company's; give the company's {key!r}, too"
                    yield self._fault((*path, key), said)
            for key in REVENUE if revenue else ():
                if key in self._company and key not in theirs:
                    said = f"the company gives {key!r}; give it here, too, so that it can be added"
                    yield self._fault(path, said)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
