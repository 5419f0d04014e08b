"""Places that a question names: where the asker is established, and where the customers or servers are. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from knowledge.vocabulary import read_yaml

_MARKET_BEFORE = re.compile(
    r"(?:customers?|clients?|clientes|users?|players?|patients?|readers?|buyers?|drivers?|riders?|shoppers|"
    r"subscribers?|"
    r"consumers?|folks|installs?|downloads?|pupils|students|kunden|nutzer\w*|geräte|utilisateurs|usuarios|chains?|"
    r"shops?|stores?|retailers?|markets?|marketed|marketplaces|(?:for|pour|für|para) (?:people|leute|gente|gens|"
    r"personnes|personas)|launch\w*|roll(?:ing)? (?:it )?out|sell\w*|sold|ship\w*|"
    r"serv(?:e|er|ers|ing)|host(?:ed|ing)?|data ?cent(?:re|er)s?|region|deploy\w*|available|expand\w*|offer\w*|"
    r"lancer|"
    r"vend\w*|lanzar|export\w*|sales office|branch|subsidiar\w+|sister (?:plant|company)|verkauf\w*|anbieten|liefern|"
    r"livraison|livr\w+|deliver\w*|entreg\w+|go(?:es)? live|going live|live|pilots?|geht|stades|tiendas|rent\w*)"
    r"(?:,? [\w,.%+-]+){0,4}? "
    r"(?:in|to|from|into|across|within|for|aus|nach|en|à|au|aux|de|a|an)(?: the| der| die| la| le)?"
    r"(?: [\w ]{0,24}?(?:,| and| or| und| et| y| e)(?: in| en| the)*(?: der| die)?)*? ?$",
    re.IGNORECASE,
)
_MARKET_AFTER = re.compile(
    r"[- ](?:(?!(?:with|and|or|for|have|has|our|are|is|plus|mit|con|avec|und|y|et) )\w+ )?"
    r"(?:customers?|clients?|users?|players?|market|launch|region|servers?|data ?cent\w+|kunden|"
    r"nutzer\w*|"
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
    r"(?:\b(?:we|i)(?:['’]re| are|['’]m| am)?(?: all| both)? (?:a |an |the )?(?:sit|live|from|in|at|based|located|"
    r"work)\b|"
    r"\bwe run [\w ]{0,20} in\b|"
    r"\b(?:based|headquarter\w*|hq|incorporated|registered|established|founded|domiciled|seated?|located|ansässig|"
    r"sitz\w*|siège|"
    r"basée?s?|immatriculée?|sede|con base|radicad\w+|located|hobbyist|freelancer|developer|teacher|(?:phd |"
    r"master )?student|postdoc|researcher|professor)\b[^,.;()]{0,20}|"
    r"\b(?:we|wir|nous|somos|on est|i)(?:['’ ](?:are|re|m|am))?\b[^.;!?()]{0,60}\b"
    r"(?:company|firm|start-?up|studio|agency|team|lab|shop|group|business|gmbh|ngo|charity|branch|consultancy|"
    r"broker|house|"
    r"university|clinic|hospital|bank|operator|people|staff|persons?|marketplace|ppl|aseguradora|tienda|empresa|"
    r"agencia|"
    r"grupo|equipo|société|entreprise|agence|équipe|association|firma|verein|verlag|unternehmen|"
    r"\d+)\b(?:,? [\w-]+){0,2}?|"
    r"\b(?:company|firm|start-?up|studio|agency|team|lab|ngo|charity|club|école|university|hospital chain|people|"
    r"staff|"
    r"operator|hobbyist|portal|aseguradora|tienda online|société(?: de \w+)?|agence(?: de \w+ \w+)?|empresa|"
    r"startup|clínica privada|"
    r"agencia|site|workstation|uni)"
    r"),? (?:is |here |sits |over |out )?(?:in|at|from|of|aus|near|en|à|de|près de|cerca de|our|to)"
    r"(?: the| la| le| sunny| rainy| downtown| greater| central| northern| southern| our)* ?$|"
    r"\b(?:hello|hi|hey|greetings|grüße|saludos|saluts?|hallo|hola|bonjour) (?:from|aus|desde|de) $|"
    r"\b(?:here in|depuis|hier in|aquí en|ici à) $|\b(?:we sit in|we are in|we're in|based out of) (?:the )?$|"
    r"\bour $",
    re.IGNORECASE,
)
_MOSTLY = re.compile(
    r"\b(?:mostly|mainly|above all|vor allem|hauptsächlich|surtout|principalement|sobre todo|"
    r"principalmente)(?: in| aus| en)? "
    r"(?:[\w ]{0,24}(?:,| and| plus| und| et| y) ?(?:some |einige )?(?:in )?)?(?:the |der )?$",
    re.IGNORECASE,
)
_SEAT_AFTER = re.compile(
    r"[- ](?:based|headquartered|registered|domiciled)\b|[- ](?:office|branch|headquarters|hq|post house|"
    r"spin-?out)\b",
    re.IGNORECASE,
)
_RUN = re.compile(r"we run\b", re.IGNORECASE)
_SEATED = re.compile(
    r"\b(?:run|based|sit|headquarter\w*|incorporated|company|firm|start-?up|studio|agency|team|lab|people|staff|"
    r"ngo|marketplace|"
    r"gmbh|office|university|empresa|agencia|équipe|société|entreprise|firma|verein)\b",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"\b(?:we(?:['’]re| are)?|our|us|i(?:['’]m| am)|wir|uns\w*|nous|notre|somos|nuestr\w+)\b", re.IGNORECASE
)
_OF_LAW = re.compile(
    r"(?:['’]s)?[ -](?:\w+ )?(?:AI Act|Act\b|law|laws|legal|regulat\w*|rules?|carve|directive|commission|courts?|"
    r"patents?|"
    r"copyright|export|territor\w*|licen[cs]e|exclusion|clause|ban\b|GDPR|recht|users? rights)",
    re.IGNORECASE,
)
_TERRITORY = re.compile(
    r"carve|territor|exclu[ds]|geo-?block|(?:not|n['’]t|isn['’]t|never) (?:be )?(?:licen[sc]\w+|apply|valid|"
    r"allowed|available|granted|hold)|"
    r"licen[sc]\w+ to (?:companies|firms|people)|gilt nicht|block(?:ing|ed)|s['’]applique pas|no se aplica|"
    r"outside (?:of )?(?:the )?$",
    re.IGNORECASE,
)
_OF_TERRITORY = frozenset({"EU", "EEA", "GB", "KR"})
"""Places that licences leave out of their territory."""
_CUE = re.compile(
    r"(?:\b(?:in|from|near|at|based in|out of|across|to|into|outside|within|aus|bei|nach|à|au|aux|en|de|d['’]|"
    r"depuis|desde|von|"
    r"for|hello from|university of|universit[äéy]\w*(?: de| of)?|universidad de|universit[éà] d[ei]|uni|tu|fh|"
    r"city of|"
    r"ciudad de|ville de|stadt|siège à)(?: the| la| le| el| der| downtown| greater| central| northern| southern|"
    r" sunny)?|"
    r"(?<=[^ ]) ?[(]|[,;(–—-]| and| or| und| et| y| e) ?$",
    re.IGNORECASE,
)
_STRONG_CUE = re.compile(
    r"\b(?:in|from|near|based in|aus|à|en|de|depuis|desde|universi\w+ (?:of|de)|across|to|nach|at|into|outside|"
    r"hello from) (?:the )?$",
    re.IGNORECASE,
)
_BASED = re.compile(r"[- ](?:based|headquartered|office|branch|GmbH|spin-?out|startup|start-up|studio)\b")
_ENDS = re.compile(r"\s?(?:[,;:.)!?–—]|- |$)")
_COMPANY = re.compile(
    r"\b(?:\w*tech|start-?up|studio|company|firm|agency|team|people|persons?|personas|personnes|staff|heads|devs|"
    r"founders|"
    r"guides|university|hospital|clinic|bank|label|ngo|gmbh|s\.?l\.?|sarl|ltd|inc|socios|salariés|employees|"
    r"mitarbeiter\w*|"
    r"verlag|house|shop|chain|lab|non-profit|charity|cooperativa|coop|users|publisher|insurer|broker|we|leute)\b",
    re.IGNORECASE,
)
_FROM_THERE = re.compile(
    r"[ -](?:[\w-]+ )?(?:company|firm|start-?up|cloud|bank|insurer|insurance|hospital|clinics?|customers?|"
    r"clients?|users?|studio|"
    r"agency|retailer|operator|university|entity|business|gmbh|ltd|branch|chain|broker|publisher|utility|parents?|"
    r"schools?|"
    r"unternehmen|firma|bank|kunden|société|entreprise|banque|clients|empresa|banco|clientes|players|consumers|"
    r"hobbyist|"
    r"developer|freelancer|game|non-profit|ngo)\b",
    re.IGNORECASE,
)
_OUTSIDERS = re.compile(
    r"[ -](?:[\w-]+ )?(?:customers?|clients?|clinics?|users?|players|consumers|kunden|clientes|schools?|bank|"
    r"insur\w+|hospital|"
    r"banque|banco|retailer|utility|operator)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"[.!?;\n(](?=\s|\w{2,}\s|[\w'’]+,|$)")
_WORD = re.compile(r"(?<![\w.&/-])[^\W\d_][\w'’.-]*")
_BEFORE_CODE = re.compile(r"(?:\b(?:in|from|to|for|and|und|across) |[A-Z]{2}, )$")
_GLUE = frozenset({"/", "$"})
_IS = re.compile(r"(?:\b(?:is|are|am)|['’](?:re|m)) $", re.IGNORECASE)
_NAME_GOES_ON = re.compile(r" ?\d| [A-Z][a-z]+[ -]?\d")
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
    words = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    found: list[_Place] = []
    last = 0
    for i, (start, _) in enumerate(words):
        if start >= last and (place := _place_at(text, words, i, known)):
            found.append(place)
            last = place.end
    return found


def _place_at(text: str, words: list[tuple[int, int]], i: int, known: _Gazetteer) -> _Place | None:
    """The place whose name starts with a word, the longest name first."""
    start, end = words[i]
    first = _bare(text[start:end])
    stop = start + len(first)
    if text[start - 1 : start] != "-" and (
        first in known.cased or (first in known.codes and _BEFORE_CODE.search(text[max(0, start - 8) : start]))
    ):
        return (
            _Place(known.cased.get(first, first), start, stop, is_people=True)
            if text[stop : stop + 1] not in _GLUE
            else None
        )
    folded = first.casefold()
    if folded in known.people and folded not in known.names:
        return _from_there(text, start, stop, known.people[folded])
    for n in range(min(known.words_from.get(folded, 0), len(words) - i), 0, -1):
        name = _bare(text[start : words[i + n - 1][1]])
        if (code := known.names.get(name.casefold())) and text[start - 1 : start] != "-":
            return _Place(code, start, start + len(name))
    return _elsewhere(text, words, i, known)


def _bare(word: str) -> str:
    """A word without the mark that ends a sentence or a possessive."""
    word = re.sub(r"(?:['’]s?|-[\w-]*)$", "", word)
    return word if word in {"U.S.", "U.K."} else word.rstrip(".'’-")


def _from_there(text: str, start: int, end: int, code: str) -> _Place | None:
    """The place of `a Swiss bank` and `our regulator is Austrian`."""
    if _FROM_THERE.match(text, end):
        return _Place(code, start, end, is_people=True)
    before = text[max(0, start - 30) : start]
    if re.match(r"[.,;!?]|$", text[end : end + 1]) and _IS.search(before) and _OURS.search(before):
        return _Place(code, start, end)
    return None


def _elsewhere(text: str, words: list[tuple[int, int]], i: int, known: _Gazetteer) -> _Place | None:
    """The place of the gazetteer that a word beside it makes a place."""
    start, end = words[i]
    if not text[start].isupper() and (end - start <= _LONGEST or _bare(text[start:end]) not in known.elsewhere):
        return None
    for n in range(min(_LONGEST, len(words) - i), 0, -1):
        name = _bare(text[start : words[i + n - 1][1]])
        if code := known.elsewhere.get(name.casefold()):
            end = start + len(name)
            return _Place(code, start, end) if _stands_for_a_place(text, start, end) else None
    return None


def _stands_for_a_place(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 60) : start]
    if not text[start].isupper():
        return bool(_SEAT_BEFORE.search(before))
    if _BASED.match(text, end):
        return True
    if text[end : end + 1] in {"-", "/", "_", "@"} or _NAME_GOES_ON.match(text, end):
        return False
    if not _CUE.search(before[-30:]):
        return False
    # A name between commas is a place in a description of the asker, and in a list of places.
    described = _ENDS.match(text, end) and _COMPANY.search(_PART.split(before)[-1] or before)
    return bool(described or _STRONG_CUE.search(before[-30:]))


@dataclass(frozen=True)
class _Gazetteer:
    cased: dict[str, str]
    codes: frozenset[str]
    names: dict[str, str]
    people: dict[str, str]
    listed: dict[str, str]

    @cached_property
    def words_from(self) -> dict[str, int]:
        """First word of a name to the words of the longest such name."""
        longest: dict[str, int] = {}
        for name in self.names:
            words = [_bare(m.group()) for m in _WORD.finditer(name)]
            longest[words[0]] = max(len(words), longest.get(words[0], 0))
        return longest

    @cached_property
    def elsewhere(self) -> dict[str, str]:
        """Name in lower case to code; also without accents where no other name is written so."""
        exact: dict[str, str] = {}
        plain: dict[str, str] = {}
        for code, block in self.listed.items():
            written = block.casefold()
            for name in written.split(", "):
                exact.setdefault(name, code)
            if not written.isascii():
                plain |= dict.fromkeys(_plain(written).split(", "), code)
        return plain | exact


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


@cache
def _gazetteer() -> _Gazetteer:
    raw = read_yaml(resources.files("knowledge") / "data" / "regions.yaml")
    return _Gazetteer(
        cased=raw["cased"],
        codes=frozenset(raw["codes"]),
        names={name: code for code, listed in raw["names"].items() for name in listed},
        people={word: code for code, listed in raw["demonyms"].items() for word in listed},
        listed=raw["elsewhere"],
    )
