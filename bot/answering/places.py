"""Places that a question names: where the asker is established, and where the customers or servers are. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources

from knowledge.lexicon import any_of
from knowledge.vocabulary import read_yaml

_MARKET_BEFORE = re.compile(
    r"(?:customers?|clients?|clientes|users?|players?|patients?|readers?|buyers?|drivers?|riders?|shoppers|"
    r"subscribers?|"
    r"consumers?|folks|installs?|downloads?|pupils|students|kunden|nutzer\w*|geräte|utilisateurs|usuarios|chains?|"
    r"shops?|stores?|retailers?|markets?|marketed|marketplaces|(?:for|pour|für|para) (?:people|leute|gente|gens|"
    r"personnes|personas)|launch\w*|roll(?:ing)? (?:it )?out|sell\w*|sold|ship\w*|"
    r"serv(?:e|er|ers|ing)|host(?:ed|ing)?|data ?cent(?:re|er)s?|region|deploy\w*|available|expand\w*|offer\w*|"
    r"\blancer|\b(?:loop\w*|(?:trade |art |book |job )?fairs?(?! use)|trade ?shows?|exhibit\w*|expo\w*|booth|stand"
    r"|screen(?:s|ed|ing|ings)?|festivals?|"
    r"broadcast\w*|(?:tv )?spots?|aired|airs|cinemas?|campaigns?|messe\w*|kinos?|ausstell\w*|vorführ\w*|gezeigt"
    r"|gesendet|salon|foire|diffus\w*|expos\w*|"
    r"feria|exponer|exhib\w*|proyect(?:ar|ado|ada)\w*)|"
    r"vend\w*|lanzar|export\w*|sales office|branch|subsidiar\w+|sister (?:plant|company)|verkauf\w*|anbieten|liefern|"
    r"livraison|livr\w+|deliver\w*|entreg\w+|go(?:es)? live|going live|(?<!i )(?<!we )(?<!who )(?<!['’]m )live"
    r"|pilots?|geht|stades|tiendas|\brent\w*|\bsales(?! (?:team|people|manager|staff|rep|guy)))"
    r"(?:,? [\w,.%+-]+){0,5}? "
    r"(?:in|to|from|into|across|within|for|aus|nach|en|à|au|aux|de|a|an)(?: the| der| die| la| le)?"
    r"(?: [\w ]{0,24}?(?:,| and| or| und| et| y| e)(?: again| then| later| also| only| mainly| wieder| nur| puis"
    r"| luego)?(?: in| en| at| à| the)*(?: der| die)?)*? ?$",
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
    r"^(?:for|für|pour|para) (?:an?|the|ein\w*|une?|una?) [^,;]{0,60}\b(?:we|wir|nous|on)\b|^(?:for|para|pour"
    r"|für)\b[^,]*\b(?:customer|client|cliente|kunden?|people|buyers?)\b|"
    r"\b(?:order\w*|commissioned)\b[^,]* from us\b|^, customers|"
    r"(?:feature|product|app|service) isn'?t legal|isn'?t legal yet|quiere (?:diez|comprar)|would pay|want\w* to buy",
    re.IGNORECASE,
)
_SEAT_BEFORE = re.compile(
    r"(?:\b(?:we|i)(?:['’]re| are|['’]m| am)?(?: all| both)? (?:a |an |the )?(?:sit|live|from|in|at|based|located|"
    r"work)\b|"
    r"\bwe run [\w ]{0,20} in\b|"
    r"\b(?:based|headquarter\w*|hq|(?:head|main) office|hauptsitz|oficina central|incorporated|registered"
    r"|established|founded|domiciled|seated?|located|ansässig|"
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
    r"\bour $|\b(?:somos|(?:we|i|wir|nous|on)(?:['’ ](?:re|are|m|am|sind|sommes|est)|,)) (?:an?|eine?|une?|una?"
    r"|the|die|der|la|le)"
    r"(?: small| tiny| young| little| new| mid-sized?| public| private| family| \d[\w-]*){0,2} $",
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
    r"\b(?:run|based|sit|headquarter\w*|incorporated|company|firm|shop|store|retailer|chain|start-?up|studio"
    r"|agency|team|lab|people|staff|"
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
_PRESENCE = (
    r"(?:entit(?:y|ies)|branch\w*|offices?|subsidiar\w+|compan(?:y|ies)|firms?|presence|establishment|seat"
    r"|business|customers?|clients?|users?|players|buyers|"
    r"staff|people|persons?|employees|teams?|sales|servers?|sites?|market|one|body|kund\w+|nutzer\w*"
    r"|niederlassung\w*|tochter\w*|büros?|sitz|firma|"
    r"gesellschaft|mitarbeiter\w*|standort\w*|server|utilisateurs?|filiales?|entités?|bureaux?|siège"
    r"|établissement|présence|salariés|clientes?|usuarios?|"
    r"oficinas?|sedes?|entidad(?:es)?|filial|presencia|empleados|ventas)"
)
_DENIED = re.compile(
    rf"(?:(?:(?:n['’]t|\b(?:not|haben|avons|tenemos))(?: yet)? (?:have|has|had|run|own|operate|maintain|kein\w*"
    rf"|pas|ning\w+)(?: any| an?| de| d['’]un\w*)?|\b(?:no|without(?: any| an?)?|zero|0"
    rf"|none(?: of [\w ]{{0,16}}?)?|nobody|no one|neither|kein\w*|ohne|niemand\w*|aucun\w*|pas (?:de|d['’]un\w*)"
    rf"|sans|personne|"
    rf"ni|sin|ning\w+|nadie|never (?:had|have) (?:any|an?)))(?: (?!in |to |from |en |à |im "
    rf"|aus )[\w-]+){{0,2}}?(?: {_PRESENCE}\b)?(?:,? (?:or|nor|oder|ou|ni|o) [\w-]+)?"
    r"(?: is| are| sit| sits| live| based| located| at all| sitzt| sind| ist| basés?)?(?:(?: |^)(?:in|from|to"
    r"|within|across|aus|im|en|à|au|de|des))?"
    r"|(?:\b(?:not|never|nicht|pas|no|nie|jamais|nunca)|n['’]t)(?: yet| even| be| been| have| currently"
    r"| actually)?(?: [\w-]*(?:ed|ing|ell|ship|rate|erve|ffer|arket|live|side|sit|old|asé|blie|go|do business|ven"
    r"|end))?"
    r"(?: it| them| anything| the \w+| any \w+)?"
    r" (?:in|to|from|into|within|for|aus|nach|en|à|au)"
    r"|\b(?:outside(?: of)?|außerhalb(?: von)?|hors(?: de)?|fuera de|except(?: for)?|excluding|other than|but not"
    r"|apart from|besides|rather than|instead of|ohne|außer|sauf|"
    r"excepto|salvo|nicht|pas)(?: in| en| to)?)"
    r"(?: the| der| die| den| l['’]| la| le| el| an| a)? ?$",
    re.IGNORECASE,
)
"""Before a place: the asker, or what they sell, is not there."""
_DENIAL_HINT = re.compile(
    r"\b(?:no|not|without|zero|none|nobody|neither|never|kein\w*|ohne|niemand\w*|nicht|nie|aucun\w*|pas|sans"
    r"|personne|ni|jamais|sin|ning\w+|nadie|nunca|outside|"
    r"außerhalb|hors|fuera|except|excepto|excluding|other|but|apart|besides|rather|instead|außer|sauf|salvo|0)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_NOT_ONLY = re.compile(
    r"\b(?:not|nicht|pas|no) (?:only|just|nur|seulement|uniquement|solo|sólo)\b[^,.;!?]*$", re.IGNORECASE
)
_IN_A_LIST = re.compile(
    r"\s?(?:,|/|&|\b(?:and|or|nor|und|oder|et|ou|y|o|ni)\b|,\s(?:and|or|nor|und|oder|et|ou|y|o))\s?(?:in |en "
    r"|the |der |die |la |le |l['’])*",
    re.IGNORECASE,
)
_BANNED = re.compile(
    r"\bbann?ed|\bbans?\b|\bforb\w+|prohibit\w*|\boff[- ]?limits|no-?go|\bverbot\w*|\buntersagt|\binterdi\w+"
    r"|\bprohib\w+|\bexclu\w*|ausgeschlossen|\bausgenommen|"
    r"\bleaves? out|\bcut off|\bno rights|\bno licen[cs]e|\bnot licen[cs]\w+|\bdoes not apply|\bdoesn['’]t apply"
    r"|\bexcept\b",
    re.IGNORECASE,
)
_HEARSAY = re.compile(
    r"\b(?:heard|hear|read|note|notes|says?|said|told|remembers?|claims?|claimed|rumou?r|apparently|supposedly"
    r"|reckons?|thinks?|thought|somebody|someone|"
    r"heißt es|angeblich|gehört|gelesen|meint|sagt|paraît|dit|disent|entendu|lu|dicen|dice|leí|oído)\b",
    re.IGNORECASE,
)
_TERRITORY_NAME = re.compile(
    r"(?:e\.?u\.?|ue|eea|europ\w*|union\b.*|unión\b.*|european\b.*|u\.?k\.?|united kingdom|(?:great )?britain"
    r"|großbritannien|vereinigtes königreich|royaume-uni|"
    r"reino unido|(?:south |republic of )?korea|südkorea|corée.*|corea.*)",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"\b(?:our|the|their|his|an?|another|two|three|some|unser\w*|notre|une?|nuestr\w+) (?:[\w-]+ ){0,2}?(?:vendor"
    r"|supplier|competitor|partner|rival|author|lawyer|lieferant|anbieter|fournisseur|prestataire|proveedor"
    r"|socio)s?\b"
    r"(?: [\w-]+){0,3} (?:in|from|out of|aus|en|à|de) $",
    re.IGNORECASE,
)
_OF_A_PARENT = re.compile(
    r"\b(?:parent|mother|holding|owner|mutter\w*|maison[- ]mère|matriz)(?:['’]s)?(?: company| firm"
    r"| group)?(?:,? (?:which |that )?(?:is|sits|based|located|headquartered|sitzt|est|está|siège))*"
    r" (?:in|from|of|aus|en|à)(?: the)? $",
    re.IGNORECASE,
)
_A_PARENT = re.compile(
    r"[- ](?:[\w-]+ )?(?:parents?|konzern\w*|mutter\w*|holding|owners?|group|groupe|grupo|matriz|corporation)\b",
    re.IGNORECASE,
)
_BELONGS_TO = re.compile(
    r"\b(?:of|to|by|from|our|eines?|einer|einem|unser\w*|d['’]un|de un|von|an|notre|nuestr\w+)(?: an?)? ?$",
    re.IGNORECASE,
)
"""Where the parent sits counts only where nothing says where the asker does."""
_ON_ORDER = re.compile(
    r"\b(?:freelanc\w*|contract\w*|buil[dt]\w*|mak\w+|made|projects?|produc\w+|develop\w*|consult\w*"
    r"|commission\w*|order)\b(?: [\w-]+){0,3}? (?:for|with|from|by) "
    r"(?:a|an|one|some|another)(?: [\w-]+){1,3} (?:in|from) $",
    re.IGNORECASE,
)
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
    r"developer|freelancer|game|non-profit|ngo|sub|subsidiary|affiliate|daughter|office|startup|charity"
    r"|association|lab|group|holding|publisher|sp\. ?z|s\.?l\.?|sas|sarl|"
    r"b\.?v|s\.?r\.?[lo]\.?|k\.?k|llc|inc|pvt|oy|aps|ag|tochter\w*|filiale|startup|verein|hochschule|association"
    r"|agence|cooperativa|asociación)(?!\w)",
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
    is_denied: bool = False
    """Whether the text says that nobody is there (`no customers in Europe`)."""


def places(text: str) -> dict[str, str]:
    """Return `region` (ISO codes of where the asker is established; of any place where that is not said) and `markets`
    (where those are who use it), each as a comma list in order of mention."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in ("sure", "seats", "markets", "quoted")}
    for place in _without_denied(text, _named(text)):
        if (kind := _role(text, place)) in found:
            for code in place.codes.split(","):
                found[kind].setdefault(code, place.start)
    markets = found["markets"]
    seats = found["sure"] or {code: at for code, at in found["seats"].items() if code not in markets}
    if not seats and (form := _company_form(text)):
        seats = {form: 0}
    if not seats and not markets and len(found["quoted"]) == 1 and not _HEARSAY.search(text):
        seats = found["quoted"]
    stated = {}
    if seats or markets:
        stated["region"] = _listed(seats or markets)
    if markets:
        stated["markets"] = _listed(markets)
    return stated


def _without_denied(text: str, named: list[_Place]) -> Iterator[_Place]:
    """Leave out the places where nobody is; a list (`no users in France or Spain`) is denied as a whole."""
    if not named or not _DENIAL_HINT.search(text):
        yield from named
        return
    last: _Place | None = None
    for place in named:
        if last and _IN_A_LIST.fullmatch(text, last.end, place.start):
            last = replace(place, is_denied=last.is_denied)
        else:
            before = _PART.split(text[max(0, place.start - 70) : place.start])[-1]
            is_denied = bool(_DENIED.search(before)) and not _NOT_ONLY.search(before)
            last = replace(place, is_denied=is_denied)
        if not last.is_denied:
            yield last


def _company_form(text: str) -> str:
    """The country whose law knows the form that the asker gives the own company (`we're a GmbH`); empty without one."""
    for match in _gazetteer().form.finditer(text):
        before = _PART.split(text[max(0, match.start() - 60) : match.start()])[-1]
        if _FORM_OF_OURS.search(before) and not _SOMEBODY_ELSE.search(before):
            return _gazetteer().forms[match.group()]
    return ""


_SOMEBODY_ELSE = re.compile(
    r"\b(?:customer|client|vendor|supplier|partner|competitor|kunde\w*|lieferant\w*|fournisseur|cliente|proveedor)s?\b",
    re.IGNORECASE,
)
_FORM_OF_OURS = re.compile(
    r"(?:\b(?:we|wir|nous|on est|somos|i|our|unser\w*|notre|nuestr\w+|as|als|for|from|my)\b[^,;]{0,24}"
    r"|^\s*(?:(?:an?|une?|una|eine?|small|tiny|kleine|petite|pequeña) )?"
    r"(?:[\d\w]+[- ](?:person|people|mann|köpfige) )?)$",
    re.IGNORECASE,
)


def _role(text: str, place: _Place) -> str | None:  # noqa: PLR0911  # one exit for each kind
    """Which of the four kinds a place is; none where a law or somebody else is meant."""
    before = _PART.split(text[max(0, place.start - 110) : place.start])[-1].lstrip()
    after = text[place.end : place.end + 60]
    if _OF_LAW.match(after):
        return None
    if _SEAT_AFTER.match(after) and not re.search(r"\b(?:their|his|a|an) $", before):
        return "sure"
    if _OF_OTHERS.search(before) and not _LIVE_IN.search(before):
        return None
    seat = _SEAT_BEFORE.search(before)
    if place.codes in _OF_TERRITORY and (kind := _in_a_ban(text, place, before, after)):
        return "sure" if seat and _OURS.search(before) else kind
    if _LIVE_IN.search(before):
        return "sure"
    if _OF_A_PARENT.search(before) or (_A_PARENT.match(after) and _BELONGS_TO.search(before)):
        return "seats"
    market = _MARKET_BEFORE.search(before) or _ON_ORDER.search(before) or _MARKET_AFTER.match(after)
    if market and seat:
        # Of both the nearer word decides; a server or a region of ours is no seat.
        return "sure" if _nearer(seat, market, before) else "markets"
    theirs = place.is_people and _OUTSIDERS.match(after) and not _OURS.search(before[-16:])
    if market or theirs or _MOSTLY.search(before) or _NEAR_MARKET.search(before + after.split(".")[0]):
        return "markets"
    return "sure" if seat else "seats"


_LIVE_IN = re.compile(
    r"(?:\b(?:freelancer|hobbyist|student|developer|dev|solo)[,;]? (?:and )?liv(?:e|ing)|\b(?:i|we)(?: all| both"
    r"| mostly| now| currently|['’]m| am|['’]re| are)* (?:live|living|reside|lives"
    r"|domiciled)) (?:here )?in (?:the )?$",
    re.IGNORECASE,
)


def _in_a_ban(text: str, place: _Place, before: str, after: str) -> str | None:
    """Whether a place is one that a licence leaves out (empty: one told of; `quoted`: one that is asked about)."""
    shown = text[place.start : place.end]
    if _TERRITORY.search(before + shown + after):
        return "none"
    sentence = before + shown + _PART.split(after)[0]
    return "quoted" if _TERRITORY_NAME.fullmatch(shown) and _BANNED.search(sentence) else None


def _nearer(seat: re.Match[str], market: re.Match[str], before: str) -> bool:
    if market.re in (_MARKET_AFTER, _ON_ORDER):
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
    forms: dict[str, str]

    @cached_property
    def form(self) -> re.Pattern[str]:
        """Any form of a company, written as in the list."""
        return re.compile(rf"(?<![\w.])(?:{any_of(self.forms)})(?!\w)")

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
        forms={form: code for code, listed in raw["forms"].items() for form in listed},
    )
