"""Reads the figures that a text states: amounts with unit and currency (`650M`, `$2m`, `under a million`), and ages. What
they are figures of, `numbers` tells. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.answering.sentences import part_before
from knowledge.lexicon import any_of

_UNITS = {
    "k": 1e3, "tsd": 1e3, "thousand": 1e3, "tausend": 1e3, "mille": 1e3, "mil": 1e3,
    "m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6, "millionen": 1e6, "millones": 1e6,
    "millón": 1e6, "mill": 1e6, "mil millones": 1e9, "b": 1e9, "bn": 1e9, "mrd": 1e9, "md": 1e9, "mds": 1e9, "billion": 1e9,
    "billions": 1e9, "milliarden": 1e9, "milliarde": 1e9, "milliard": 1e9, "milliards": 1e9, "tn": 1e12, "trillion": 1e12,
    "crore": 1e7, "crores": 1e7, "cr": 1e7, "lakh": 1e5, "lakhs": 1e5, "억": 1e8, "만": 1e4, "万": 1e4, "億": 1e8, "亿": 1e8,
}  # fmt: skip
_WORDS = {
    "half a": 0.5, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "eighty": 80, "hundred": 100, "a hundred": 100, "a dozen": 12,
    "eine": 1, "einem": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
    "zwölf": 12, "zwanzig": 20, "dreißig": 30,
    "un": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "douze": 12, "vingt": 20,
    "trente": 30, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
    "diez": 10, "doce": 12, "veinte": 20, "treinta": 30,
}  # fmt: skip
CURRENCIES = {
    "us$": "usd", "usd": "usd", "$": "usd", "dollars": "usd", "dollar": "usd", "bucks": "usd", "dólares": "usd",
    "€": "eur", "eur": "eur", "euros": "eur", "euro": "eur", "£": "gbp", "gbp": "gbp", "pounds": "gbp", "quid": "gbp",
    "chf": "chf", "sfr": "chf", "franken": "chf", "swiss francs": "chf", "francs suisses": "chf",
    "jpy": "jpy", "yen": "jpy", "¥": "jpy", "krw": "krw", "won": "krw", "₩": "krw", "inr": "inr", "₹": "inr", "rupees": "inr",
    "rs": "inr", "cny": "cny", "rmb": "cny", "yuan": "cny", "brl": "brl", "r$": "brl", "reais": "brl", "pln": "pln", "zł": "pln",
    "zloty": "pln", "zlotys": "pln", "złoty": "pln", "sek": "sek", "nok": "nok", "dkk": "dkk", "czk": "czk", "kč": "czk",
    "huf": "huf", "forint": "huf", "ron": "ron", "lei": "ron", "cad": "cad", "c$": "cad", "ca$": "cad", "aud": "aud", "a$": "aud",
    "nzd": "nzd", "nz$": "nzd", "sgd": "sgd", "s$": "sgd", "hkd": "hkd", "hk$": "hkd", "twd": "twd", "nt$": "twd", "mxn": "mxn",
    "mx$": "mxn", "pesos mexicanos": "mxn", "mexican pesos": "mxn", "cop": "cop", "pesos colombianos": "cop",
    "colombian pesos": "cop", "clp": "clp", "pesos chilenos": "clp", "ars": "ars", "pesos argentinos": "ars", "zar": "zar",
    "rand": "zar", "try": "try", "lira": "try", "ils": "ils", "shekels": "ils", "aed": "aed", "dirhams": "aed", "sar": "sar",
    "rub": "rub", "rubles": "rub", "uah": "uah", "hryvnia": "uah", "idr": "idr", "rupiah": "idr", "vnd": "vnd", "thb": "thb",
    "baht": "thb", "ngn": "ngn", "naira": "ngn", "kes": "kes", "egp": "egp",
    "r": "zar", "pesos": "peso", "kr": "crown", "crowns": "crown", "kronor": "crown", "kroner": "crown", "coronas": "crown",
}  # fmt: skip
"""Names and signs to ISO codes, all in lower case; `peso` and `crown` where several countries have one."""


_UNIT = rf"(?:{any_of(_UNITS)})(?:(?![^\W\d_])|(?=(?:eur|usd|chf|gbp|pln)\b))"
_WORD = any_of(_WORDS)
_DIGITS = r"\d{1,3}(?:[  \u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*"
SIGN = any_of(CURRENCIES)
"""An expression for any of them."""
_BEFORE = any_of([c for c in CURRENCIES if len(c) < 4 and c not in {"won", "try", "cop", "rs", "kr"}] + ["rs."])
_AMOUNT = re.compile(
    rf"(?<![\w.,+-])(?:(?P<before>{_BEFORE})\s?)?"
    # Of `8-9M` the upper end counts.
    rf"(?:(?P<lower>\d+(?:[.,]\d+)*)\s?(?:{_UNIT})?\s?(?:-|–|to|bis|à|a|and|und|et|y)\s?(?:{_BEFORE})?(?=\d))?"
    rf"(?:(?P<digits>{_DIGITS})(?:\s?(?P<unit>{_UNIT})\.?)?|\b(?P<words>{_WORD})(?:\s(?P<unit2>{_UNIT})\.?)?)(?:(?![^\W_])|(?=(?:eur|usd|chf|gbp|pln)\b))\+?"
    rf"(?:\s?(?:d['’]|de |of )?(?P<after>{SIGN})(?!\w))?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?<![\w.,+-])(?:(?P<sign>\d|[$€£¥₹₩]|[A-Za-z]{1,3}\$)|[^\W\d_]+)")
_STARTS = frozenset({w.split()[0] for w in _WORDS} | {c for c in CURRENCIES if len(c) < 4} | {"rs"})
_BELOW = re.compile(
    r"(?:under|below|less than|fewer than|<|unter|weniger als|moins de|menos de)\s*[$€£]?$",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"(?:(?<!turn )(?<!turns )(?<!turned )(?<!turning )over|above|(?<!no )(?<!not )more than|exceed\w*|>|beyond|north of|über|mehr als|plus de|más de)\s*[$€£]?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in a text, at `text[start:end]`."""

    start: int
    end: int
    value: int
    bounded: int
    """The value, or the next one below or above it that `under` or `over` leaves possible."""
    shown: str
    unit: str
    currency: str
    """As in `CURRENCIES`; empty without one."""
    is_word: bool
    is_bare: bool
    """Whether no unit or thousands mark makes it a quantity."""


# --- licences --------------------------------------------------------------------------------------------------------

OF_THE_CLAUSE = re.compile(
    r"\s*(?:monthly )?(?:active )?(?:users? )?(?:cap|limit|threshold|clause|rule|ceiling|line\b|grenze|schwelle|seuil|umbral|límite|is no issue|isn['’]t an issue)\b",
    re.IGNORECASE,
)
"""Behind a number or what it counts: it is a limit that a licence sets."""
_IN_THE_CLAUSE = re.compile(r"(?:licen[cs]e|clause|limit|cap|threshold|ceiling|seuil|umbral|grenze|schwelle)\s+(?:(?:says|is|only|kicks in|applies|above|over|at|for|of|beyond|from|more than|starts|von|de|bei)\s*)+$", re.IGNORECASE)  # fmt: skip
_ALLOWANCE = re.compile(
    r"\b(?:free|allow\w*|permit\w*|ok(?:ay)?|fine|legal|needed|required|due|appl(?:y|ies)|bites?|kicks? in|triggers?|licen[cs]es?|clause|terms|capped|caps?|"
    r"limit(?:ed|s)?|thresholds?|dut(?:y|ies)|badge|logo|fees?|gratis|gratuit\w*|kostenlos|frei|erlaubt|zulässig|nötig|pflicht|lizenz|autorisée?|permise?|"
    r"permitid\w+|licencia|grenze|plafond|seuil|límite|umbral|tope|libre|pagar|payer|zahlen)\b(?P<gap>[^.;!?,\d]{0,44}?)\b"
    r"(?:below|under|up to|less than|fewer than|until|till?|above|over|beyond|more than|past|from|at|unter|bis(?: zu)?|ab|über|mehr als|weniger als|jusqu['’]à|"
    r"sous|moins de|en dessous de|au-dessus de|au-delà de|plus de|à partir de|hasta|menos de|por debajo de|bajo|más de|a partir de|pasar del?)"
    r" ?(?:the |den |der |von |les |los |d['’])?[$€£<>~]?$",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?:below|under|up to|less than|unter|bis(?: zu)?|weniger als|jusqu['’]à|sous|moins de|hasta|menos de|bajo) ?[$€£<~]?$",
    re.IGNORECASE,
)
_ALLOWED_AFTER = re.compile(
    r"[^.;!?,\d]{0,24}?\b(?:(?:is|are|it['’]s|for|ist|c['’]est|es) )?(?:free|gratis|kostenlos|gratuit|no fee|allowed|erlaubt|permis)\b",
    re.IGNORECASE,
)
_TOLD_OF = re.compile(
    r"\b(?:licen[cs]es?|clause|terms|agreement|lizenz|licencia|conditions)\b[^.;!?\d]{0,24}\b(?:talks?|speaks?|mentions?|says|names|draws|nennt|spricht|parle|mentionne|habla|dice)\b"
    r"(?P<gap>[^.;!?]{0,60})$",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"\b(?:we|our|us|i|my|me|a|an|with|have|has|wir|uns\w*|ich|mein\w*|mit|eine?|nous|notre|nos|je|mon|avec|une?|nosotros|nuestr\w+|mi|con|una?|tenemos)\b",
    re.IGNORECASE,
)
_OR = re.compile(
    r"\s*(?:(?!\d)[^\W\d][\w-]* ){0,4}(?:or|and|oder|und|ou|et|o|y|nor) (?:over |above |under |below |more than )?[$€£]?$",
    re.IGNORECASE,
)

# --- ages -----------------------------------------------------------------------------------------------------------

_YEARS = {name: value for name, value in _WORDS.items() if value >= 3 and " " not in name}
_AGE_WORD = any_of(_YEARS)
_YOUNG = (
    r"(?:kids?|child(?:ren)?|pupils?|students?|teens?|teenagers?|boys|girls|users?|players?|patients?|schoolers?|kinder\w*|schüler\w*|jugendliche\w*|"
    r"erstklässler\w*|nutzer\w*|enfants|élèves|collégiens|lycéens|ados|adolescent\w*|jeunes|utilisateurs|niñ[oa]s|alumn[oa]s|jóvenes|usuarios|chic[oa]s|menores|estudiantes|aged?|ages|alter)"
)
_TO = r"\s?(?:-|–|—|- ?to|to|bis|à|a|and|until|y|et|und|through)\s?"
_AGE_RANGES = [
    re.compile(p, re.IGNORECASE)
    for p in (
        rf"(?<![\w.])(\d{{1,2}})-?{_TO}(\d{{1,2}})[- ]?(?:years?|yrs?)[- ]olds?\b",
        rf"(?<![\w.])(\d{{1,2}})-?{_TO}(\d{{1,2}})[- ]?(?:year[- ]olds?|yos?\b|y/o|-?jährig\w*)",
        rf"\b(?:aged?|ages|im alter von|âgés? de|de edades? de|entre(?: los)?) ?(?:of |from |between |von )?(\d{{1,2}}){_TO}(?:los )?(\d{{1,2}})(?![\d%,.]\d|[\w%])",
        rf"\b{_YOUNG}\b[^.;!?\d]{{0,24}}?(?<![\w.])(\d{{1,2}}){_TO}(\d{{1,2}})(?:\s?(?:jahre\w*|ans|años|years?(?! of)|yrs?))",
        rf"\b{_YOUNG}(?: from| between| de| entre| von| im alter von|,)? ?\(?(\d{{1,2}})\s?(?:-|–|to|bis|à|a)\s?(\d{{1,2}})(?![\d%]|[,.]\d|\s?(?:a|per|times|hours|min|stunden|\w*users))",
        r"(?<![\w.])(\d{1,2})\s?(?:-|–|bis|à|a)\s?(\d{1,2})\s?(?:jahren?\b|ans\b|años\b)(?! (?:erfahrung|d['’]expérience|de experiencia))",
    )
]
_AGES = [
    re.compile(p, re.IGNORECASE)
    for p in (
        rf"(?<![\w.-])(?P<age>\d{{1,2}}|{_AGE_WORD})[- ](?:years?|yrs?)[- ]olds\b",
        rf"(?<![\w.-])(?P<age>\d{{1,2}}|{_AGE_WORD})[- ](?:year|yr)[- ]old (?:{_YOUNG})\b",
        rf"\b(?P<age>\d{{1,2}}|{_AGE_WORD})-?jährige\w*",
        rf"\b{_YOUNG}\b(?: are| sind| sont| son|,)? (?:all |about |de |von |à partir de |d['’]au moins |mit )?(?P<age>\d{{1,2}}|{_AGE_WORD})(?: (?:years? old|jahre\w*(?: alt)?|ans|años))(?! of)",
        rf"\b(?:the|our|die|les|los|las|unsere|nos) {_YOUNG} (?:are|sind|ont|tienen|have) (?P<age>\d{{1,2}})(?![\d%,.]\d| ?%| \w*(?:users|people))",
        rf"\b{_YOUNG}\b[^.;!?\d]{{0,16}}?(?:from|ab|over|above|desde|dès|à partir de|mayores de|aged|age) (?:age )?(?P<age>\d{{1,2}}|{_AGE_WORD})(?P<up>(?: years)?(?: up\b| and (?:up|older|over)| upwards|\+)?)(?=$|[.,;:)!?\n](?!\d)|\s(?:and|up|or|years?|bis|to|y|et|und|in|on|who|jahre\w*|ans|años)\b)",
        r"\b(?:(?:ab|dès|à partir de|a partir de|desde los|über) (?=\d+ (?:jahren?|ans|años)\b)|(?:from age|over the age of|mayores de|minimum age(?: is| of)?:?) )(?P<age>\d{1,2})(?P<up>)\b(?![.,]\d)",
        r"(?<![\w.,$€-])(?P<age>1[2-8]|21)(?P<up>\+)(?!\w| ?[\w%]*(?: (?:users|people|employees|countries|languages|models|tests|customers|clients|years|engineers|staff|seats|teams|apps|gpus|hours|of)))",
        r"\bages? (?P<age>\d{1,2})(?P<up> ?\+| and (?:up|over|older))",
    )
]
_AGE_HINT = re.compile(r"\byears?\b|\byrs?\b|year-old|\byo|jahre|jährig|\bans\b|años|\bage[sd]?\b|\d ?\+|"
    rf"\b{_YOUNG}\b", re.IGNORECASE)  # fmt: skip
_ADULTS = 18


def stated(text: str) -> tuple[list[Amount], str | None]:
    """Return the amounts that a text states as facts (no ages, and nothing that a licence allows or limits: `free below a
    million users or 1M USD`), and the age of those who use it: `6-12`, `18+`, `15`."""
    age, spans = _ages(text)
    found: list[Amount] = []
    quoted = None
    for amount in _amounts(text):
        if any(lo < amount.end and amount.start < hi for lo, hi in spans):
            continue
        goes_on = quoted is not None and _OR.fullmatch(text, quoted.end, amount.start)
        if goes_on or _quotes_a_clause(text, amount):
            quoted = amount
        else:
            found.append(amount)
    return found, age


def _ages(text: str) -> tuple[str | None, list[tuple[int, int]]]:
    """The age of those who use it, and where it stands. A lower bound that lets minors in is its age, `18+` stays so."""
    if not _AGE_HINT.search(text):
        return None, []
    for pattern in _AGE_RANGES:
        for match in pattern.finditer(text):
            if int(match[1]) < int(match[2]):
                return f"{int(match[1])}-{int(match[2])}", [match.span()]
    for pattern in _AGES:
        if single := pattern.search(text):
            said = single["age"].casefold()
            age = int(said) if said.isdigit() else int(_YEARS[said])
            is_bound = "up" in single.re.groupindex and single["up"] is not None and age >= _ADULTS
            return f"{age}+" if is_bound else str(age), [single.span()]
    return None, []


def _amounts(text: str) -> list[Amount]:
    found = []
    for match in _matches(text):
        sign = (match["after"] or match["before"] or "").casefold().rstrip(".")
        unit = match["unit"] or match["unit2"] or ""
        shown = match["digits"] or match["words"]
        if sign == "r" and (not unit or unit.casefold() == "b"):
            continue  # `Command R 7B` is a model
        value = _value(shown, unit)
        bare = not unit and not re.search(r"\d[.,   ]\d{3}\b|\d{4}", shown)
        found.append(
            Amount(
                match.start(),
                match.end(),
                value,
                _bounded(text, match.start(), value),
                shown + unit if match["digits"] and match["digits"] + unit in match.group() else shown + " " + unit,
                unit,
                CURRENCIES.get(sign, ""),
                bool(match["words"]),
                bare,
            )
        )
    return found


def _matches(text: str) -> Iterator[re.Match[str]]:
    """Yield the amounts; only where a digit, a number word or a currency starts is the long pattern tried."""
    last = 0
    for token in _TOKEN.finditer(text):
        if token.start() < last or not (token["sign"] or token.group().casefold() in _STARTS):
            continue
        if match := _AMOUNT.match(text, token.start()):
            last = match.end()
            yield match


def _bounded(text: str, start: int, value: int) -> int:
    before = text[max(0, start - 16) : start].rstrip()
    if _BELOW.search(before):
        return value - 1
    return value + 1 if _ABOVE.search(before) else value


def _value(shown: str, unit: str) -> int:
    factor = _UNITS.get(unit.casefold(), 1)
    if shown.casefold() in _WORDS:
        return int(_WORDS[shown.casefold()] * factor)
    digits = re.sub(r"[  \u202f]", "", shown)
    # `1,400` and `1.400` are thousands, `1.5` and `1,5` are not.
    digits = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    try:
        return int(round(float(digits) * factor, 4))
    except (ValueError, OverflowError):
        return 0


def _quotes_a_clause(text: str, amount: Amount) -> bool:
    """Whether a number is a licence's limit that somebody mentions, not the asker's own."""
    before = text[max(0, amount.start - 90) : amount.start]
    if OF_THE_CLAUSE.match(text, amount.end) or _IN_THE_CLAUSE.search(before):
        return True
    if _COMPARED.search(before) and _ALLOWED_AFTER.match(text, amount.end):
        return not _SOMEBODY.search(part_before(text, amount.start, 90, over_lines=True))
    allowance = _ALLOWANCE.search(before) or _TOLD_OF.search(before)
    return bool(allowance and not _SOMEBODY.search(allowance["gap"]))
