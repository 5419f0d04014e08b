"""Places that a question names: where the asker is established, and where the customers or servers are. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from knowledge.vocabulary import read_yaml

_MARKET_BEFORE = re.compile(
    r"(?:customers?|clients?|clientes|users?|players?|patients?|readers?|buyers?|drivers?|riders?|shoppers|subscribers?|"
    r"consumers?|folks|installs?|downloads?|pupils|students|kunden|nutzer\w*|geräte|utilisateurs|usuarios|chains?|"
    r"shops?|stores?|retailers?|markets?|marketed|marketplaces|(?:for|pour|für|para) (?:people|leute|gente|gens|personnes|personas)|launch\w*|roll(?:ing)? (?:it )?out|sell\w*|sold|ship\w*|"
    r"serv(?:e|er|ers|ing)|host(?:ed|ing)?|data ?cent(?:re|er)s?|region|deploy\w*|available|expand\w*|offer\w*|lancer|"
    r"vend\w*|lanzar|export\w*|sales office|branch|subsidiar\w+|sister (?:plant|company)|verkauf\w*|anbieten|liefern|"
    r"livraison|livr\w+|deliver\w*|entreg\w+|go(?:es)? live|going live|live|pilots?|geht|stades|tiendas|rent\w*)"
    r"(?:,? [\w,.%+-]+){0,4}? "
    r"(?:in|to|from|into|across|within|for|aus|nach|en|à|au|aux|de|a|an)(?: the| der| die| la| le)?"
    r"(?: [\w ]{0,24}?(?:,| and| or| und| et| y| e)(?: in| en| the)*(?: der| die)?)*? ?$",
    re.IGNORECASE,
)
_MARKET_AFTER = re.compile(
    r"[- ](?:\w+ )?(?:customers?|clients?|users?|players?|market|launch|region|servers?|data ?cent\w+|kunden|nutzer\w*|"
    r"consumers?|residents?|citizens)\b",
    re.IGNORECASE,
)
_NEAR_MARKET = re.compile(
    r"^(?:for|para|pour|für)\b[^,]*\b(?:customer|client|cliente|kunden?|people|buyers?)\b|"
    r"\b(?:order\w*|commissioned)\b[^,]* from us\b|^, customers|"
    r"(?:feature|product|app|service) isn'?t legal|isn'?t legal yet|quiere (?:diez|comprar)|would pay|want\w* to buy",
    re.IGNORECASE,
)
_SEAT_BEFORE = re.compile(
    r"(?:\b(?:we|i)(?:['’]re| are|['’]m| am)?(?: all| both)? (?:a |an |the )?(?:sit|live|from|in|at|based|located|work)\b|"
    r"\bwe run [\w ]{0,20} in\b|"
    r"\b(?:based|headquarter\w*|hq|incorporated|registered|established|founded|domiciled|seated?|located|ansässig|sitz\w*|siège|"
    r"basée?s?|immatriculée?|sede|con base|radicad\w+|located|hobbyist|student|freelancer|developer|teacher)\b[^,.;()]{0,20}|"
    r"\b(?:we|wir|nous|somos|on est|i)(?:['’ ](?:are|re|m|am))?\b[^.;!?()]{0,60}\b"
    r"(?:company|firm|start-?up|studio|agency|team|lab|shop|group|business|gmbh|ngo|charity|branch|consultancy|broker|house|"
    r"university|clinic|hospital|bank|operator|people|staff|persons?|marketplace|ppl|aseguradora|tienda|empresa|agencia|"
    r"grupo|equipo|société|entreprise|agence|équipe|association|firma|verein|verlag|unternehmen|\d+)\b(?:,? [\w-]+){0,2}?|"
    r"\b(?:company|firm|start-?up|studio|agency|team|lab|ngo|charity|club|école|university|hospital chain|people|staff|"
    r"operator|hobbyist|portal|aseguradora|tienda online|société(?: de \w+)?|agence(?: de \w+ \w+)?|empresa|startup|clínica privada|"
    r"agencia|site|workstation|uni)"
    r"),? (?:is |here |sits |over |out )?(?:in|at|from|of|aus|near|en|à|de|près de|cerca de|our|to)"
    r"(?: the| la| le| sunny| rainy| downtown| greater| central| northern| southern| our)* ?$|"
    r"\b(?:hello|hi|hey|greetings|grüße|saludos|saluts?|hallo|hola|bonjour) (?:from|aus|desde|de) $|"
    r"\b(?:here in|depuis|hier in|aquí en|ici à) $|\b(?:we sit in|we are in|we're in|based out of) (?:the )?$|\bour $",
    re.IGNORECASE,
)
_MOSTLY = re.compile(r"\b(?:mostly|mainly|above all|vor allem|hauptsächlich|surtout|principalement|sobre todo|principalmente)(?: in| aus| en)? (?:[\w ]{0,24}(?:,| and| plus| und| et| y) ?(?:some |einige )?(?:in )?)?(?:the |der )?$", re.IGNORECASE)  # fmt: skip
_SEAT_AFTER = re.compile(
    r"[- ](?:based|headquartered|registered|domiciled)\b|[- ](?:office|branch|headquarters|hq|post house|spin-?out)\b",
    re.IGNORECASE,
)
_RUN = re.compile(r"we run\b", re.IGNORECASE)
_SEATED = re.compile(
    r"\b(?:run|based|sit|headquarter\w*|incorporated|company|firm|start-?up|studio|agency|team|lab|people|staff|ngo|marketplace|"
    r"gmbh|office|university|empresa|agencia|équipe|société|entreprise|firma|verein)\b",
    re.IGNORECASE,
)
_OURS = re.compile(r"\b(?:we(?:['’]re| are)?|our|us|i(?:['’]m| am)|wir|uns\w*|nous|notre|somos|nuestr\w+)\b", re.IGNORECASE)
_OF_LAW = re.compile(
    r"(?:['’]s)?[ -](?:\w+ )?(?:AI Act|Act\b|law|laws|legal|regulat\w*|rules?|carve|directive|commission|courts?|patents?|"
    r"copyright|export|territor\w*|licen[cs]e|exclusion|clause|ban|GDPR|recht|users? rights)",
    re.IGNORECASE,
)
_TERRITORY = re.compile(
    r"carve|territor|exclu[ds]|geo-?block|(?:not|n['’]t|isn['’]t|never) (?:be )?(?:licen[sc]\w+|apply|valid|allowed|available|granted|hold)|"
    r"licen[sc]\w+ to (?:companies|firms|people)|gilt nicht|block(?:ing|ed)|s['’]applique pas|no se aplica|outside (?:of )?(?:the )?$",
    re.IGNORECASE,
)
_OF_TERRITORY = frozenset({"EU", "EEA", "GB", "KR"})
"""Places that licences leave out of their territory."""
_CUE = re.compile(
    r"(?:\b(?:in|from|near|at|based in|out of|across|to|into|outside|within|aus|bei|nach|à|au|aux|en|de|d['’]|depuis|desde|von|"
    r"for|hello from|university of|universit[äéy]\w*(?: de| of)?|universidad de|universit[éà] d[ei]|uni|tu|fh|city of|"
    r"ciudad de|ville de|stadt|siège à)(?: the| la| le| el| der| downtown| greater| central| northern| southern| sunny)?|"
    r"(?<=[^ ]) ?[(]|[,;(–—-]| and| or| und| et| y| e) ?$",
    re.IGNORECASE,
)
_STRONG_CUE = re.compile(
    r"\b(?:in|from|near|based in|aus|à|en|de|depuis|desde|universi\w+ (?:of|de)|across|to|nach|at|into|outside|hello from) (?:the )?$",
    re.IGNORECASE,
)
_BASED = re.compile(r"[- ](?:based|headquartered|office|branch|GmbH|spin-?out|startup|start-up|studio)\b")
_ENDS = re.compile(r"\s?(?:[,;:.)!?–—]|- |$)")
_COMPANY = re.compile(
    r"\b(?:\w*tech|start-?up|studio|company|firm|agency|team|people|persons?|personas|personnes|staff|heads|devs|founders|"
    r"guides|university|hospital|clinic|bank|label|ngo|gmbh|s\.?l\.?|sarl|ltd|inc|socios|salariés|employees|mitarbeiter\w*|"
    r"verlag|house|shop|chain|lab|non-profit|charity|cooperativa|coop|users|publisher|insurer|broker|we|leute)\b",
    re.IGNORECASE,
)
_FROM_THERE = (
    r"[ -](?:[\w-]+ )?(?:company|firm|start-?up|cloud|bank|insurer|insurance|hospital|clinics?|customers?|clients?|users?|studio|"
    r"agency|retailer|operator|university|entity|business|gmbh|ltd|branch|chain|broker|publisher|utility|parents?|schools?|"
    r"unternehmen|firma|bank|kunden|société|entreprise|banque|clients|empresa|banco|clientes|players|consumers|hobbyist|"
    r"developer|freelancer|game|non-profit|ngo)\b"
)
_OUTSIDERS = re.compile(
    r"[ -](?:[\w-]+ )?(?:customers?|clients?|clinics?|users?|players|consumers|kunden|clientes|schools?|bank|insur\w+|hospital|"
    r"banque|banco|retailer|utility|operator)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"[.!?;\n(](?=\s|\w{2,}\s|[\w'’]+,|$)")
_WORD = re.compile(r"(?<![\w.&/-])[^\W\d_][\w'’.-]*")
_LONGEST = 4
"""Words of a name in the gazetteer."""


@dataclass(frozen=True, slots=True)
class _Place:
    codes: str
    start: int
    end: int
    is_people: bool = False


def places(text: str) -> dict[str, str]:
    """Return `region` (ISO codes of where the asker is established; of any place where that is not said) and `markets`
    (where those are who use it), each as a comma list in order of mention."""
    sure: dict[str, int] = {}
    seats: dict[str, int] = {}
    markets: dict[str, int] = {}
    for place in _named(text):
        if (kind := _role(text, place, sure, seats, markets)) is not None:
            for code in place.codes.split(","):
                kind.setdefault(code, place.start)
    seats = sure or {code: at for code, at in seats.items() if code not in markets}
    found = {}
    if seats or markets:
        found["region"] = _listed(seats or markets)
    if markets:
        found["markets"] = _listed(markets)
    return found


def _role(
    text: str, place: _Place, sure: dict[str, int], seats: dict[str, int], markets: dict[str, int]
) -> dict[str, int] | None:
    """Which of the three a place belongs to; none where a law or a licence's territory is meant."""
    before = _PART.split(text[max(0, place.start - 110) : place.start])[-1].lstrip()
    after = text[place.end : place.end + 60]
    if _OF_LAW.match(after):
        return None
    if _SEAT_AFTER.match(after) and not re.search(r"\b(?:their|his|a|an) $", before):
        return sure
    seat = _SEAT_BEFORE.search(before)
    market = _MARKET_BEFORE.search(before) or _MARKET_AFTER.match(after)
    if place.codes in _OF_TERRITORY and _TERRITORY.search(before + text[place.start : place.end] + after):
        return sure if seat and _OURS.search(before) else None
    if market and seat:
        # Of both the nearer word decides; a server or a region of ours is no seat.
        return sure if isinstance(market, re.Match) and _nearer(seat, market, before) else markets
    theirs = place.is_people and _OUTSIDERS.match(after) and not _OURS.search(before[-16:])
    if market or theirs or _MOSTLY.search(before) or _NEAR_MARKET.search(before + after.split(".")[0]):
        return markets
    return sure if seat else seats


def _nearer(seat: re.Match[str], market: re.Match[str], before: str) -> bool:
    if market.re is _MARKET_AFTER:
        return False
    if _RUN.match(seat.group()):
        return True
    return max((m.end() for m in _SEATED.finditer(before)), default=seat.start()) > market.start()


def _listed(places: dict[str, int]) -> str:
    return ",".join(sorted(places, key=lambda code: places[code]))


def _named(text: str) -> list[_Place]:
    """Every place of a text, in order."""
    known = _gazetteer()
    found = [_Place(known.cased[m.group()], m.start(), m.end()) for m in known.by_case.finditer(text)]
    found += [_Place(known.names[m.group().casefold()], m.start(), m.end()) for m in known.by_name.finditer(text)]
    found += _from_there(text, known)
    taken = [(p.start, p.end) for p in found]
    for place in _elsewhere(text, known):
        if not any(lo < place.end and place.start < hi for lo, hi in taken):
            found.append(place)
    return sorted(found, key=lambda p: p.start)


def _from_there(text: str, known: _Gazetteer) -> Iterator[_Place]:
    """Yield the places of `a Swiss bank` and `our regulator is Austrian`."""
    for match in known.by_people.finditer(text):
        code = known.people[match.lastgroup or ""]
        if match["predicate"]:
            if _OURS.search(text[max(0, match.start() - 25) : match.start()]):
                yield _Place(code, match.start(), match.end())
            continue
        # The name ends where its noun starts, so that the noun is read as what stands behind it.
        yield _Place(code, match.start(), match.end(match.lastgroup or 0), is_people=True)


def _elsewhere(text: str, known: _Gazetteer) -> Iterator[_Place]:
    """Yield the places of the gazetteer that a word beside them makes places."""
    words = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    last = 0
    for i, (start, _) in enumerate(words):
        if start < last or not text[start].isupper():
            if start < last or not known.heads_lower(text[start : words[i][1]]):
                continue
            if not _SEAT_BEFORE.search(text[max(0, start - 60) : start]):
                continue
        for n in range(min(_LONGEST, len(words) - i), 0, -1):
            end = words[i + n - 1][1]
            name = text[start:end].rstrip(".'’-")
            if code := known.elsewhere_code(name):
                if _stands_for_a_place(text, start, start + len(name)):
                    last = start + len(name)
                    yield _Place(code, start, last)
                break


def _stands_for_a_place(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 60) : start]
    if _BASED.match(text, end):
        return True
    if not _CUE.search(before):
        return False
    following = text[end : end + 1]
    if following in "-/_@" and following or re.match(r" ?\d| [A-Z][a-z]+[ -]?\d", text[end : end + 14]):
        return False
    if _STRONG_CUE.search(before):
        return True
    # A name between commas is a place in a description of the asker, and in a list of places.
    return bool(_ENDS.match(text, end) and _COMPANY.search(_PART.split(before)[-1] or before))


@dataclass(frozen=True)
class _Gazetteer:
    cased: dict[str, str]
    names: dict[str, str]
    people: dict[str, str]
    by_case: re.Pattern[str]
    by_name: re.Pattern[str]
    by_people: re.Pattern[str]
    listed: dict[str, str]

    @cached_property
    def elsewhere(self) -> dict[str, str]:
        """Name in lower case to code; also without accents where no other name is written so."""
        exact = {
            name.casefold(): code for code, block in reversed(self.listed.items()) for name in reversed(block.split(", "))
        }
        plain = {_plain(name): code for name, code in exact.items()}
        return plain | exact

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes that may stand for a place."""
        return frozenset(self.listed)

    def elsewhere_code(self, name: str) -> str | None:
        """The country of a name in the gazetteer."""
        return self.elsewhere.get(name.casefold())

    def heads_lower(self, word: str) -> bool:
        """Whether a word in lower case is long enough to be taken for a city."""
        return len(word) > _LONGEST and word.casefold() in self.elsewhere


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


@cache
def _gazetteer() -> _Gazetteer:
    raw = read_yaml(resources.files("knowledge") / "data" / "regions.yaml")
    names = {name: code for code, listed in raw["names"].items() for name in listed}
    cased = raw["cased"] | {code: code for code in raw["codes"]}

    def any_of(words: Any) -> str:
        return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))

    # Codes count behind a word of place or in a list of places: `de CA` is turnover, `DE` may be anything.
    behind = r"(?:(?<=\bin )|(?<=\bfrom )|(?<=\bto )|(?<=\bfor )|(?<=\band )|(?<=\bund )|(?<=[A-Z]{2}, )|(?<=\bacross ))"
    groups = "|".join(
        f"(?P<{code}>{'|'.join(patterns.split())})" for code, patterns in raw["demonyms"].items()
    )
    return _Gazetteer(
        cased=cased,
        names=names,
        people={code: code for code in raw["demonyms"]},
        by_case=re.compile(rf"(?<![\w-])(?:{any_of(raw['cased'])}|{behind}(?:{any_of(raw['codes'])}))(?![\w/$])"),
        by_name=re.compile(rf"(?<![\w-])(?:{any_of(names)})(?!\w)", re.IGNORECASE),
        by_people=re.compile(
            rf"(?<![\w-])(?:(?P<predicate>(?:is|are|am|['’]re|['’]m) (?=\w+[.,;!?]))?(?:{groups})(?(predicate)(?=[.,;!?])|(?={_FROM_THERE})))",
            re.IGNORECASE,
        ),
        listed=raw["elsewhere"],
    )
