"""Places that a question names: where the asker is established, and where the customers or servers are. Pure."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from knowledge.vocabulary import read_yaml

_MARKET_BEFORE = re.compile(
    r"(?:customers?|clients?|users?|players?|patients?|readers?|kunden|nutzer\w*|utilisateurs|usuarios|chains?|shops?|"
    r"stores?|retailers?|market(?:s|ed)?|launch\w*|roll(?:ing)? (?:it )?out|sell\w*|sold|ship\w*|serv(?:e|er|ers|ing)|"
    r"host(?:ed|ing)?|data ?cent(?:re|er)s?|region|deploy\w*|available|expand\w*|offer\w*|lancer|vend\w*|lanzar|"
    r"export\w*|sales office|branch|subsidiar\w+|verkauf\w*|anbieten)(?: \w+){0,3}? "
    r"(?:in|to|from|into|across|within|for|aus|nach|en|à|au|a)(?: the)?(?: [\w ]{0,24}?(?:,| and| or| und| et| y))? ?$",
    re.IGNORECASE,
)
_MARKET_AFTER = re.compile(
    r"[- ](?:\w+ )?(?:customers?|clients?|users?|players?|market|launch|region|servers?|data ?cent\w+|kunden|nutzer\w*|"
    r"consumers?|residents?|citizens)\b",
    re.IGNORECASE,
)


def places(text: str) -> dict[str, str]:
    """Return `region` (ISO codes of where the asker is established; of any place where that is not said) and `markets`
    (where those are who use it), each as a comma list in order of mention."""
    seats: dict[str, int] = {}
    markets: dict[str, int] = {}
    for code, start, end in _named(text):
        before = re.split(r"[.!?;\n(]", text[max(0, start - 70) : start])[-1]
        market = _MARKET_BEFORE.search(before) or _MARKET_AFTER.match(text, end)
        (markets if market else seats).setdefault(code, start)
    found = {}
    if seats or markets:
        found["region"] = _listed(seats or markets)
    if markets:
        found["markets"] = _listed(markets)
    return found


def _listed(places: dict[str, int]) -> str:
    return ",".join(sorted(places, key=lambda code: places[code]))


def _named(text: str) -> list[tuple[str, int, int]]:
    by_case, by_name = _patterns()
    cased, names = _names()
    found = [(cased[m.group()], m.start(), m.end()) for m in by_case.finditer(text)]
    return found + [(names[m.group().casefold()], m.start(), m.end()) for m in by_name.finditer(text)]


@cache
def _names() -> tuple[dict[str, str], dict[str, str]]:
    raw = read_yaml(resources.files("knowledge") / "data" / "regions.yaml")
    return raw["cased"], {name: code for code, names in raw["names"].items() for name in names}


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    cased, named = _names()

    def any_of(words: Any) -> str:
        return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))

    return (
        re.compile(rf"(?<![\w-])(?:{any_of(cased)})(?![\w/$])"),
        re.compile(rf"(?<![\w-])(?:{any_of(named)})(?!\w)", re.IGNORECASE),
    )
