"""Numbers and places that a question states: `650M MAU`, `$2m ARR`, `under a million users`, `GmbH in Hamburg`. Pure."""

from __future__ import annotations

import re
from typing import Any

from bot.answering.places import places

_UNITS = {
    "k": 1e3, "tsd": 1e3, "thousand": 1e3, "tausend": 1e3, "mille": 1e3, "mil": 1e3,
    "m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6, "millionen": 1e6, "millones": 1e6,
    "millón": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9, "billion": 1e9, "billions": 1e9, "milliarden": 1e9,
    "milliards": 1e9, "crore": 1e7, "lakh": 1e5,
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_RANGE = r"(?:\d+(?:[.,]\d+)*\s?(?:-|–|to|bis|à|a)\s?)?"  # of `8-9M` the upper end counts
_AMOUNT = rf"(?<![\w.,-]){_RANGE}(?:(?P<digits>\d{{1,3}}(?:[ \u00a0\u202f]\d{{3}})+(?!\d)|\d+(?:[.,]\d+)*)\s?(?P<unit>{_UNIT})?|(?P<words>half a|a|one|eine|un|una|zwei|two|three|ten) (?P<unit2>{_UNIT}))\b\.?\+?"
_WORDS = {"half a": 0.5, "a": 1, "one": 1, "eine": 1, "un": 1, "una": 1, "zwei": 2, "two": 2, "three": 3, "ten": 10}
_BELOW = re.compile(
    r"(?:under|below|less than|fewer than|<|unter|weniger als|moins de|menos de)\s*[$€£]?$",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"(?:over|above|(?<!no )(?<!not )more than|exceed\w*|>|beyond|north of|über|mehr als|plus de|más de)\s*[$€£]?$",
    re.IGNORECASE,
)
_PEOPLE = (
    ("mau", r"(?:maus?\b|monthly (?:active )?users?|monatlich\w* (?:aktive )?nutzer\w*|utilisateurs (?:actifs )?mensuels|usuarios (?:activos )?mensuales|active users|monthly actives)"),
    ("muu", r"(?:monthly uniques?|unique (?:monthly )?(?:users?|visitors?)|muus?\b)"),
    ("headcount", r"(?:employees?|staff|people (?:in|at) (?:the|our) company|mitarbeiter\w*|salariés|empleados|-?person (?:company|team|startup|outfit|studio|film outfit))"),
    ("users", r"(?:users?|customers?|people|subscribers?|installs?|downloads?|nutzer\w*|kunden|utilisateurs|usuarios|players?)"),
)  # fmt: skip
_PEOPLE_PATTERNS = [
    (f, re.compile(rf"{_AMOUNT}\s*[~-]?\s*(?:d['’]|(?!\d)\w+ )?{noun}", re.IGNORECASE)) for f, noun in _PEOPLE
]
_CURRENCY = {"$": "usd", "usd": "usd", "dollars": "usd", "us$": "usd", "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "£": "gbp", "gbp": "gbp"}  # fmt: skip
_MONEY = re.compile(
    rf"(?P<before>us\$|\$|€|£|usd |eur |gbp )?\s?{_AMOUNT}\s*(?:d['’]|de )?(?P<after>\$|€|£|usd|eur|euros?|gbp|dollars)?",
    re.IGNORECASE,
)
_REVENUE = re.compile(
    r"\b(?:\w*umsatz\w*|revenues?|arr|turnover|annual sales|in sales|sales of|a year|per year|/ ?y(?:ea)?r|yearly|annual(?:ly)?|chiffre d.affaires|facturación|ingresos|p\.a\.|income)\b",
    re.IGNORECASE,
)
_OF_THE_CLAUSE = re.compile(r"\s*(?:cap|limit|threshold|clause|rule)\b", re.IGNORECASE)
_IN_THE_CLAUSE = re.compile(r"(?:licen[cs]e|clause|limit|cap|threshold)\s+(?:(?:is|only|kicks in|applies|above|over|for|of|beyond|from|more than)\s*)+$", re.IGNORECASE)  # fmt: skip
_NOT_KNOWN = re.compile(
    r"(?:nobody|no one|don'?t|not|unclear|unsure|niemand|no idea)\b[^.!?]{0,40}\b(?:user (?:number|count)|number of users|mau|how many users)",
    re.IGNORECASE,
)
_MODEL_NAME = re.compile(r"(?<!\w)[A-Z][\w.]*[\s-](?:v?\d[\w.]*[\s-])?$")
_AGE = re.compile(r"\b(\d{1,2})\s*(?:-|–|to)\s*(\d{1,2})[- ]year[- ]olds?", re.IGNORECASE)


def facts(text: str) -> dict[str, Any]:
    """Return the facts of a text under the keys of `use.md`; a number that is stated as unknown has the value `None`."""
    found: dict[str, Any] = {}
    taken: list[tuple[int, int]] = []
    for name, pattern in _PEOPLE_PATTERNS:
        for match in pattern.finditer(text):
            if any(lo < match.end() and match.start() < hi for lo, hi in taken):
                continue
            taken.append(match.span())
            if _quotes_a_clause(text, match) or _is_a_size(text, match):
                continue
            found.setdefault(name, _bounded(text, match))
    found |= _revenue(text)
    if "mau" not in found and _NOT_KNOWN.search(text):
        found["mau"] = None
    if age := _AGE.search(text):
        found["users_age"] = f"{age[1]}-{age[2]}"
    return found | places(text)


def _revenue(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for match in _MONEY.finditer(text):
        currency = match["before"] or match["after"]
        unit = match["unit"] or match["unit2"]
        around = text[max(0, match.start() - 40) : match.end() + 25]
        if not currency or not (unit or _value(match) >= 10_000) or not _REVENUE.search(around):
            continue
        found.setdefault(f"revenue_{_CURRENCY[currency.strip().casefold()]}", _bounded(text, match))
    return found


def _quotes_a_clause(text: str, match: re.Match[str]) -> bool:
    """Whether a number is a licence's limit that somebody mentions, not the asker's own."""
    return bool(_OF_THE_CLAUSE.match(text, match.end()) or _IN_THE_CLAUSE.search(text[: match.start()]))


def _is_a_size(text: str, match: re.Match[str]) -> bool:
    """Whether a number is a model's parameters (`Llama 3 8B users`), not a count of people."""
    glued = match["unit"] == "B" and not text[match.end("digits")].isspace()
    return glued and bool(_MODEL_NAME.search(text[max(0, match.start() - 30) : match.start()]))


def _bounded(text: str, match: re.Match[str]) -> int:
    value = _value(match)
    before = text[max(0, match.start() - 16) : match.start()].rstrip() + " "
    if _BELOW.search(before.strip()):
        return value - 1
    if _ABOVE.search(before.strip()):
        return value + 1
    return value


def _value(match: re.Match[str]) -> int:
    if match["words"]:
        return int(_WORDS[match["words"].casefold()] * _UNITS[match["unit2"].casefold()])
    digits = re.sub(r"[ \u00a0\u202f]", "", match["digits"])
    # `1,400` and `1.400` are thousands, `1.5` and `1,5` are not.
    digits = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    try:
        number = float(digits)
    except ValueError:
        return 0
    return int(number * _UNITS.get((match["unit"] or "").casefold(), 1))
