"""Numbers and places that a question states: `650M MAU`, `$2m ARR`, `under a million users`, `GmbH in Hamburg`. Pure."""

from __future__ import annotations

import re
from typing import Any

from bot.answering.amounts import CURRENCIES, OF_THE_CLAUSE, SIGN, Amount, stated
from bot.answering.places import places
from bot.answering.sentences import part_before

_BY_COUNTRY = {
    "peso": {"CO": "cop", "MX": "mxn", "CL": "clp", "AR": "ars", "UY": "uyu", "PH": "php"},
    "crown": {"CZ": "czk", "SE": "sek", "NO": "nok", "DK": "dkk", "IS": "isk"},
}
"""Currencies that share their name."""
_BY_UNIT = {"crore": "inr", "crores": "inr", "cr": "inr", "lakh": "inr", "lakhs": "inr", "억": "krw", "만": "krw"}


# --- people ---------------------------------------------------------------------------------------------------------

_MONTH = r"(?:(?:a|per|each|every|the|this|/) ?mo(?:nth)?\b|/ ?mo\b|monthly|monthlies|al mes|por mes|mensuales|par mois|mensuels?|im monat|pro monat|monatlich)"
_THEM = (
    r"(?:users?|customers?|people|ppl|subscribers?|installs?|downloads?|nutzer\w*|kund(?:en|innen)|utilisateurs?|usuarios?|players?|"
    r"pupils|students|learners|seats|sign-?ups|tenants|riders|members|abonn[ée]e?s|abonnenten|versicherte\w*|suscriptores|clientes?|"
    r"clients?|alumnos|élèves|schüler\w*|spieler\w*|joueurs|jugadores|accounts|viewers|listeners|readers|visitors|shoppers|drivers|"
    r"couriers|clerks|nurses|teachers|patients|doctors|farmers|lawyers|citizens|policyholders|kids|kinder|children|folks|households|"
    r"subscriptions|licen[cs]ees|parents|families|firms|listeners|recruiters|mitglieder)"
)
_MAU = re.compile(
    rf"\s*[~-]?\s*(?:d['’]|de |of )?(?:maus?\b|monthly (?:active )?(?:\w+ )?{_THEM}|monatlich\w* (?:aktive[rn]? )?(?:nutzer|spieler|user)\w*|"
    rf"(?:utilisateurs|joueurs) (?:actifs )?(?:mensuels|par mois)|usuarios (?:activos )?(?:mensuales|al mes)|active users|monthly actives?|"
    rf"aktive \w+ (?:im|pro) monat|(?:active )?(?:(?!\d)[\w-]+ )?{_THEM}(?: [^\W\d]+){{0,5}}? ?{_MONTH})",
    re.IGNORECASE,
)
_VISITS = re.compile(
    rf"\s*(?:d['’]|de |monthly |monatliche |of )?(?:(?!\d)[\w-]+ )?(?:visits?|visites|visitas|besuche\w*|sessions?|visitors|visiteurs|visitantes|hits|uploads? by users) ?(?:{_MONTH}|mensuel\w*)|"
    r"\s*(?:monthly|monatliche) (?:visits|sessions|besuche)",
    re.IGNORECASE,
)
_DAU = re.compile(
    rf"\s*[~-]?\s*(?:d['’]|de |of )?(?:daus?\b|daily (?:active )?(?:\w+ )?(?:{_THEM}|actives)|täglich\w* (?:aktive[rn]? )?(?:nutzer|spieler|user)\w*|"
    rf"(?:active )?{_THEM} (?:a day|per day|daily|/ ?day|every day|each day|quotidiens|par jour|diarios|al día|am tag|pro tag|täglich))",
    re.IGNORECASE,
)
_MAU_BEFORE = re.compile(
    rf"\b(?:maus?|monthly actives?|monthly (?:active )?{_THEM}|{_THEM} (?:a|per|/) month|utilisateurs (?:actifs )?(?:mensuels|par mois)|"
    r"monatlich\w* (?:aktive\w* )?nutzer\w*|nutzer\w* (?:im|pro) monat|usuarios (?:activos )?(?:mensuales|al mes))\b[^.;!?\d$€£]{0,32}$",
    re.IGNORECASE,
)
_AFTER_A_COUNT = re.compile(
    r"\s*(?:[,.;:!?)…–—+]|$|[-/] |(?:that|this|the same|last|each|a|per|every|in|at|on|now|today|heute|hoy|and|und|et|y|but|aber|mais|pero|more|"
    r"mehr|too|as well|these days|then|back|combined|together|zusammen|so|which|whereas|while)\b)",
    re.IGNORECASE,
)
_A_MONTH = re.compile(r"\s*(?:active )?(?:a month|per month|/ ?month|al mes|par mois|im monat|pro monat|monthly)\b", re.IGNORECASE)  # fmt: skip
_USERS_NEAR = re.compile(rf"\b{_THEM}\b[^.;!?]{{0,40}}$", re.IGNORECASE)
_USERS_ARE = re.compile(r"\b(?:customers?|users?|clients?|players|seats)(?: about|:| are| is| number| roughly| around)+ ?$", re.IGNORECASE)  # fmt: skip
_MUU = re.compile(
    r"\s*[~-]?\s*(?:d['’]|(?!\d)\w+ )?(?:monthly uniques?|unique (?:monthly )?(?:users?|visitors?)|muus?\b)",
    re.IGNORECASE,
)
_USERS = re.compile(rf"\s*[~-]?\s*(?:d['’]|de )?(?:(?!\d)(?!and|or|of|in|per|by)[^\W\d][\w-]*[ -])?(?P<noun>{_THEM})\b", re.IGNORECASE)  # fmt: skip
_USE = re.compile(
    r"\s*(?:\w+ ){0,2}?\w+ (?:use|using|rely|signed up|log in|have it|pay\b|depend|installed|on it|nutzen|verwenden|utilisent|usan)\b",
    re.IGNORECASE,
)
_STAFF = re.compile(
    r"\s?(?:[~-]?\s*(?:d['’])?(?:(?!\d)(?!and|or|of|in|per|by|beta|pilot|test|paying)[^\W\d][\w-]*[ -])?(?:employees?|staff(?:ers)?|workers?|fte|ftes|heads|headcount|devs?|engineers|développeu\w+|entwickler\w*|desarrollador\w+|ingenieros|ingénieurs|"
    r"founders?|cofounders|co-founders|guides|socios|socias|mitarbeit\w+|angestellte\w*|beschäftigte\w*|köpfe|leute\b(?! im monat)|salariés|"
    r"employés|collaborateurs|empleados|trabajadores|colleagues|kolleg\w+|collègues|of us\b|personen\b|people (?:in|at) (?:the|our) company|(?:people|ppl) (?:office|company|team|shop|firm|studio))"
    r"|[ -]?(?:person|people|man|woman|strong|head|köpfig\w*|mann)[ -](?!(?:dataset|data|game|household|jury|benchmark|tent|car|room)\b)[a-z])",
    re.IGNORECASE,
)
_PEOPLE = re.compile(r"\s*(?:(?!\d)(?!and|or|of|in|per|by)[^\W\d]\w+ )?(?:people|ppl|persons?|personas|personnes|leute|personen|pers\.?)(?!\w)", re.IGNORECASE)  # fmt: skip
_WE_ARE = re.compile(
    r"\b(?:we(?:['’]re| are)|on est|nous sommes|wir sind|somos|there are|i'?m one of|team of|staff of|équipe de|equipo de|team von|company of|"
    r"firm of|consultancy of|shop of|group of|start-?up of|agency of|studio of|agence de|entreprise de|société de|empresa de|bunch of|headcount(?: is|:| of)?|"
    r"we(?:['’]ve| have)(?: got)?|wir haben|we employ|tenemos|(?:all )?the)(?: just| only| now| about| around| roughly| some| nur| rund| environ| unos| zu| all| like| a team of)* ?$",
    re.IGNORECASE,
)
_WE_ARE_BARE = re.compile(
    r"\b(?:we(?:['’]re| are)|on est|nous sommes|wir sind|somos|team of|équipe de|equipo de|team von)(?: just| only| now| about| around| roughly| nur| rund| environ| unos| zu| à)* ?$",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:start-?up|studio|company|firm|agency|edtech|\w*tech|label|consultancy|house|lab|ngo|shop|team|staff|bank|gmbh|verein|agentur|firma|"
    r"büro|verlag|empresa|agencia|cooperativa|asociación|aseguradora|équipe|agence|société|asso\w*|entreprise|boîte|cabinet|university|charity|"
    r"co-?op|non-profit|spin-?off|spin-?out|tochter|clinic|insurer|broker|outfit|we(?:['’]re)?|us|our|wir|uns|nous|somos|from)\b",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"\s*(?:[,.;:)!?–—(•\n]|- |$|(?:in|from|at|en|à|aus|of|on|zu) (?!each|every|it\b)|here\b|worldwide|strong\b|total\b|all\b)"
)
_NOT_OURS = re.compile(r"\b(?:client|customer|rival|vendor|competitor)['’]s [^,.]{0,20}$|\b(?:sister|their|they have|they['’]re) [^.;]{0,20}$", re.IGNORECASE)  # fmt: skip
_THERE = re.compile(r"\s*\w*\s*(?:over )?there\b", re.IGNORECASE)
_THING = re.compile(r" (?!(?:in|on|at|per|a|and|or|use|pay|who|that|so|with|will|each|al|log|from|have|are|is|were|by|for|as|but|not|if|of|to|can|may|must|see|get|now|today|total|worldwide|only|all|signed|would|monthly)\b)[a-z]+s\b", re.IGNORECASE)  # fmt: skip
_RELEASED = re.compile(
    r"\b20\d\d,? (?:when|als|quand|cuando)\b|\b(?:when|on the day|the day|by the time|the month before|at the time)\b[^;!?]{0,40}\b(?:released|published|came out|launched|dropped|release|out)\b|"
    r"\b(?:on|at|by|before) (?:the |its |their )?(?:[\w.-]+['’]?s? ){0,2}(?:release|launch)(?: date| day)?\b|\brelease (?:date|day)\b|"
    r"\b(?:beim?|zum|vor dem) (?:[\w.-]+-?)?(?:release|erscheinen|veröffentlichung\w*)|\bals [^.;]{0,30}(?:erschien|herauskam|veröffentlicht)|"
    r"à la sortie|quand [^.;]{0,30}(?:est sorti|sortait)|cuando (?:se )?(?:salió|publicó|lanzó)|fecha de (?:lanzamiento|publicación)",
    re.IGNORECASE,
)
_IN_A_MONTH = re.compile(
    r"(?:\b(?:in|im|en|during|for|at|as of|back in|end of|ende|fin|au mois de|mes de)|[(,:])\s?(?:early |late |mid-?|the month of )?"
    r"(?:jan|feb|fév|mar|mär|apr|avr|abr|ma[iy]|jun|juin|juil|jul|aug|aoû|ago|sep|oct|okt|nov|dec|dez|déc|dic|ene)[^\W\d]*\.?,?\s(?:de )?(?:['’]|20)\d\d\b|"
    r"\b(?:(?:that|the) (?:same |very )?month(?! we\b)|(?:ce|le même) mois(?:-là)?(?! de)|im (?:selben|gleichen) monat|in (?:dem|jenem) monat|(?:ese|el mismo) mes)\b",
    re.IGNORECASE,
)
"""A month in the past: the limits of licences look at the month before a release."""
_EVENT_IN_A_MONTH = re.compile(
    r"\b(?:released?|published|came out|downloaded|launched|dropped|accepted|bought|founded|registered|signed|live|weights|snapshot|version|"
    r"since|from|until|erschien\w*|veröffentlicht|sorti\w*|publi\w+|lanza\w+|seit|depuis|desde)[^,.;!?]{0,24}$",
    re.IGNORECASE,
)
_TODAY = re.compile(
    r"\b(?:today|now|these days|currently|meanwhile|heute|inzwischen|aujourd['’]hui|hoy|ahora)\b", re.IGNORECASE
)
_NOT_KNOWN = re.compile(
    r"(?:nobody|no one|don'?t|not|unclear|unsure|niemand|no idea)\b[^.!?]{0,40}\b(?:user (?:number|count)|number of users|mau|how many users)",
    re.IGNORECASE,
)
_MODEL_NAME = re.compile(r"(?<!\w)[A-Z][\w.]*[\s-](?:v?\d[\w.]*[\s-])?$")
_VERSION = re.compile(
    r"(?<![\w'’])(?!(?:About|Around|Roughly|Over|Under|Only|With|For|We|Our|Some|Nearly|Almost|The|All|Has|Have|And|Unter|Rund|Wir|Mit|Somos|Unos|Environ|On|Are|Up)\b)[A-Z][\w.]*(?<![.])\s$"
)

# --- money ----------------------------------------------------------------------------------------------------------

_REVENUE = re.compile(
    r"(?:\b(?:\w*umsatz\w*|\w*umsätze\w*|revenues?|arr\b|mrr\b|turnover|sales\b|chiffre d.affaires|\bca\b|facturación|facturamos|factura|ingresos|"
    r"ventas|p\.a\.|income|takings|gross(?:es|ed|ing)?|earn(?:s|ed|ings)?|(?:we|i|it|they|group|company|app|site|shop|parent|firm|studio|which|that|business) (?:\w+ )?(?:makes?|made)|books show|vendemos|vendons|verdien\w+|einnahmen|"
    r"erlös\w*|receipts|touché|gagn\w+|ganamos|ingresamos|brings? in|pulls? in|takes? in|rakes? in|encaiss\w*|erwirtschaft\w*|erziel\w*|ingresa\b|turn(?:s|ed|ing)? over|fakturier\w*|factur\w+|(?<!was )(?<!were )(?<!got )(?<!is )invoiced|sells? tickets|bill(?:ed|ings)?|recettes|revenus)\b|"
    r"(?:a|per|/|each) ?y(?:ea)?r\b|\byearly\b|\bannual(?:ly)?\b|\bal año\b|\bpar an\b|\bim jahr\b|\bpro jahr\b|\blast year\b|"
    r"\b(?:over|in|during|for) the (?:last|past|previous|trailing|preceding) (?:12|twelve|four quarters|year)\b|\bttm\b|"
    r"\b(?:we|group|company|firm|business|ourselves) did\b)",
    re.IGNORECASE,
)
_NO_REVENUE = re.compile(
    r"\b(?:raised?|raising|funding|funded|invest\w*|round|seed of|valuation|valued|budget\w*|grants?|invoices?|invoicing|(?:was|were|got|is) invoiced|prices?|priced|costs?|fees?|pay(?:s|ing)?|paid|"
    r"worth|fines?|penalt\w*|damages|subscription|salary|salaries|rent|award\w*|package|awarded|up to|levé|levée|inversión|recaudado|finanzierung|eingesammelt|"
    r"förder\w*|kostet|preis|prix|coûte|cuesta|precio|abo|spend\w*|quote\w*|offer(?:s|ed)?|charge[ds]?|donat\w*|loan|debt|bought|buy)\b[^,;.!?]{0,24}$",
    re.IGNORECASE,
)
_NO_REVENUE_AFTER = re.compile(
    r"\s*(?:['’]?s?\s)?(?:(?:in|of|de) )?(?:seed|funding|round|grant|budget|invoice|fine|valuation|from investors|investment|price|fee|per (?:user|seat|call|month per)|"
    r"/ ?(?:user|seat|call)|a (?:case|seat|piece|ticket|call|pop)|subscription|(?:(?:annual |yearly )?(?:revenue|turnover|sales) )?(?:cap\b|limit|threshold|line\b|rule|ceiling|clause|mark\b)|pro (?:nutzer|platz))",
    re.IGNORECASE,
)
_LIMIT_BEFORE = re.compile(
    r"\b(?:licen[cs]e|limit|cap|threshold|ceiling|seuil|umbral|grenze|schwelle|community licence|community license)\b[^,;.!?–—-]{0,30}$|"
    r"\b(?:under|below|over|above|than|within|beyond|hit|cross|exceed|reach|unter|sous|bajo|until|past) (?:the|that|their|its|der|den|die|le|la|el) ?$",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"(?P<theirs>\b(?:group|parents?|parent company|holding|sister(?: company)?|mother(?: company)?|mutter\w*|konzern\w*|konzernumsatz|groupe|maison[- ]mère|"
    r"société[- ]mère|matriz|grupo|affiliat\w*(?! (?:links?|market|commission|program))|network|owners?|owned by|unternehmensgruppe|schwester\w*|dachgesellschaft|empresa matriz|filiales?|conglomerate|owns? us|corporation|(?:subsidiary|daughter|arm|division|tochter|filiale|filial) (?:of|von|de|d.une?|vom))\b)|"
    r"(?P<ours>\b(?:we|i|our|ours|(?-i:us)|nous|notre|on (?:fait|a|est)|wir|uns\w*|nosotros|nuestr\w+|ourselves|own|itself|selbst|ich|yo|our subsidiary)\b(?! group| parent| holding| sister| mother| owner| affiliate))",
    re.IGNORECASE,
)
_MAKES = re.compile(
    r"(?<!-)\b(?:makes?|made|making|does|did|fait|faisons|macht|machen|hace|hacemos|earns?|invoiced|grosse[sd]?)"
    r"(?: about| around| roughly| some| nearly| almost| close to| only| just| over| under| more than| less than| maybe| like| etwa| rund| knapp| environ| près de| unos| casi| ~|:)* ?[$€£~]?$",
    re.IGNORECASE,
)
_STANDS_AT = re.compile(
    r"\b(?:group|parent(?: company)?|holding|mother(?: company)?|sister(?: company)?|owners?|konzern\w*|mutter\w*|groupe|maison[- ]mère|société[- ]mère|matriz|"
    r"grupo|conglomerate|daughter|tochter\w*|filiale?|subsidiary)(?:['’]s)?"
    r"(?:\W|has|have|had|with|at|is|does|about|around|some|over|alone|itself|on its own|of|liegt|hat|mit|bei|rund|a|est à|avec|environ|fait|tiene|con|unos|hace){0,10}$",
    re.IGNORECASE,
)
_WE_STAND_AT = re.compile(
    r"\b(?:we|i|wir|ich|nous|on|estamos)(?:['’]re|['’]m| are| am| sind| liegen| sommes| est)? (?:only |now |currently |still |just |jetzt |actuellement )?(?:at|bei|à|en) (?:about |around |~ ?)?[$€£]?$",
    re.IGNORECASE,
)
_EARNED_ANYWHERE = re.compile(
    r"\b(?:revenues?|turnover|sales|arr|\w*umsatz|chiffre d.affaires|ingresos|facturación)\b", re.IGNORECASE
)
_DAUGHTER = re.compile(r"\b(?:daughter|tochter\w*|filiale?|subsidiary)\b(?! of| von)[^,;.]{0,24}$", re.IGNORECASE)
_OF_THE_GROUP = re.compile(r"\s?-?(?:group|holding|conglomerate|konzern)\b|[^,;.!?\d]{0,24}\b(?:group-wide|(?:at|on) group level|(?:of|at|in|for|across) the (?:whole |entire )?group|im konzern|konzernweit|with the parent|in the group|au niveau du groupe|in group)\b", re.IGNORECASE)  # fmt: skip
_SUMMED = re.compile(
    r"\b(?:together|combined|incl(?:uding|\.)?|consolidated|in total|altogether|zusammen|ensemble|confondus|en conjunto)\b",
    re.IGNORECASE,
)
_CURRENCY_NEAR = re.compile(rf"(?:\W{{0,3}}(?:umsatz|in|turnover|of|sales|revenue|a year|ca|de|en|yearly|per year)\b){{0,4}}\W{{0,3}}({SIGN})(?!\w)", re.IGNORECASE)  # fmt: skip
_MONTHLY = re.compile(r"\s*(?:in |of )?(?:(?:mrr|revenue|sales|turnover|umsatz)\s)?(?:a month|per month|/ ?mo(?:nth)?\b|monthly|mrr|par mois|al mes|im monat|pro monat|monatlich|every month|(?:last|this|in the (?:last|previous|preceding)) month\b)", re.IGNORECASE)  # fmt: skip
_MONTHLY_BEFORE = re.compile(
    r"\b(?:monthly (?:revenue|sales|turnover)|mrr|monatsumsatz|"
    r"(?:last|past|previous|preceding|this) month|mois (?:dernier|passé|précédent)|(?:letzte[nr]?|vergangene[nr]?|vorigen) monat|mes (?:pasado|anterior)|"
    r"(?:umsatz|umsätze|ventes|ca|ventas|ingresos|facturación) (?:monatlich|mensuel\w*|mensual\w*|du mois|del mes))\b[^,;.!?\d]{0,30}$",
    re.IGNORECASE,
)
_A_YEAR = re.compile(
    r"\s*(?:in |of )?(?:a year|per year|yearly|/ ?y(?:ea)?r|p\.a\.|annual\w*|arr\b|par an|al año|im jahr|pro jahr)",
    re.IGNORECASE,
)
_EARNED = re.compile(
    r"\b(?:revenues?|turnover|sales|takings|income|arr|mrr|\w*umsatz|\w*umsätze|einnahmen|erlöse|(?-i:CA)|chiffre d.affaires|ventes|recettes|ventas|ingresos|"
    r"facturación)\b[^.;!?\d$€£]{0,48}$",
    re.IGNORECASE,
)
_PERIOD = re.compile(r"(?=(?:[^.;!?\d]{0,24}\b(?:month|year|yr|mo|monat|jahr|mois|an|mes|año)\b))", re.IGNORECASE)
_SUM_OF_DIGITS = re.compile(
    r"\b(?P<part>low|mid|high|niedrig\w*|mittler\w*|hoch\w*|untere\w*|bas\w*|baj\w*|medi\w*|alt\w*)?[- ]?(?:(?P<n>five|six|seven|eight|nine|fünf|sechs|sieben|acht|cinq|sept|huit|cinco|seis|siete|ocho)"
    r"(?:[- ]figures?|[- ]?stellig\w*| chiffres| cifras|-figure))\b",
    re.IGNORECASE,
)
_FIGURES = {"five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "cinq": 5, "sept": 7, "huit": 8, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8}  # fmt: skip
_PARTS = {
    "low": 2,
    "niedrig": 2,
    "untere": 2,
    "bas": 2,
    "baj": 2,
    "mid": 5,
    "mittler": 5,
    "medi": 5,
    "high": 8,
    "hoch": 8,
    "alt": 8,
}
_ZERO = re.compile(
    r"\bpre[- ]?revenue\b|\b(?:no|zero|without(?: any)?|0) (?:revenues?|income|turnover|sales)\b(?! (?:from|of|in|with|thresh|limit|cap|yet for))|\b(?:revenues?|turnover|income)(?: is|:| are|,)? (?:zero|nil|none|0)\b|"
    r"\b(?:keine?[nr]?|null|ohne) (?:umsatz|umsätze|einnahmen)\b|\b(?:aucun|zéro|sans) (?:revenus?|chiffre d.affaires|ca)\b|\b(?:sin|cero|no tenemos) (?:ingresos|facturación)\b",
    re.IGNORECASE,
)


def facts(text: str) -> dict[str, Any]:
    """Return the facts of a text under the keys of `use.md`; a number that is stated as unknown has the value `None`."""
    found: dict[str, Any] = {}
    amounts, age = stated(text)
    found |= _people(text, amounts)
    where = places(text)
    found |= _revenue(text, amounts, where.get("region", ""))
    if "mau" not in found and _NOT_KNOWN.search(text):
        found["mau"] = None
    if age:
        found["users_age"] = age
    return found | where


def _people(text: str, amounts: list[Amount]) -> dict[str, Any]:
    """Counts of people; users of a parent or a sister are kept apart, those of several affiliates added up."""
    found: dict[str, Any] = {}
    totals: dict[str, int] = {}
    last: Amount | None = None
    owner = ""
    written = ("", found)
    for amount in amounts:
        if amount.currency:
            continue
        name = _kind_of_people(text, amount)
        if name is None and last and _is_another_count(text, last, amount):
            name = _at_release_or_now(text, amount)
        if name is None:
            continue
        value, into = amount.bounded, found
        if name in _COUNTS_OF_USE:
            theirs = _affiliate(text, last, amount)
            is_more = bool(last and _PLUS.search(text[last.end : amount.start]))
            if is_more:
                name, into = written
            elif _ALL_OF_US.match(theirs):
                into = totals
            elif theirs:
                name = "affiliate_mau" if name.startswith("mau") else f"affiliate_{name}"
                is_more = theirs != owner
                owner = theirs
            into[name] = into.get(name, 0) + value if is_more else into.get(name, value)
            written, last = (name, into), amount
        else:
            found.setdefault(name, value)
    for name, total in totals.items():  # of a total of all, the asker's own part counts once
        own = found.setdefault(name, total)
        if total > own:
            found["affiliate_mau"] = max(total - own, found.get("affiliate_mau", 0))
    return found


_PLUS = re.compile(r"^[^.;!?]{0,40}(?:\+|\bplus\b)[^.;!?]{0,24}$", re.IGNORECASE)
_ALL_OF_US = re.compile(r"gro?up[eo]?|konzern\w*|unternehmensgruppe|conglomerate|corporation", re.IGNORECASE)
_A_SUBJECT = re.compile(
    r"\b(?:the|our|its|we|i|der|die|das|unser\w*|wir|la|le|notre|nous|on|el|nuestr\w+|app|product|alone)\b",
    re.IGNORECASE,
)
_COUNTS_OF_USE = frozenset({"mau", "mau_at_release", "muu", "dau"})


def _is_another_count(text: str, last: Amount, amount: Amount) -> bool:
    """Whether a number goes on with the monthly users before it (`210M MAU, parent's 540M`)."""
    between = text[last.end : amount.start]
    return (
        _is_large(amount)
        and len(between) < _NEAR
        and (text[amount.end - 1] == "." or bool(_AFTER_A_COUNT.match(text, amount.end)))
        and not _REVENUE.search(between)
        and not _MODEL_NAME.search(between[-30:])
    )


def _is_large(amount: Amount) -> bool:
    """Whether a number is large enough for a count of users, and no year."""
    return bool(amount.unit) or amount.value >= _MANY


_MANY = 10_000
_NEAR = 140
"""Characters."""


def _affiliate(text: str, last: Amount | None, amount: Amount) -> str:
    """The word for the affiliate whose users a number counts; empty where they are the asker's."""
    width = min(amount.start - (last.end if last else 0), 80)
    part = part_before(text, amount.start, width, over_lines=True)
    clauses = part.split(",")
    if _A_SUBJECT.search(clauses[-1]):
        clauses = clauses[-1:]
    entities = [e for e in _ENTITY.finditer(",".join(clauses)) if e.group().casefold() != "network"]
    return (entities[-1]["theirs"] or "").casefold() if entities else ""


def _kind_of_people(text: str, amount: Amount) -> str | None:  # noqa: PLR0911  # one exit for each kind
    """The fact that a number of people is, if it is one."""
    before, end = text[max(0, amount.start - 60) : amount.start], amount.end
    if amount.is_word and amount.value < 2:
        return None
    if _is_a_size(text, amount) or _is_a_version(before, amount):
        return None
    if monthly := _monthly(text, amount, before):
        return monthly
    if _MUU.match(text, end):
        return "muu"
    if _DAU.match(text, end):
        return "dau"
    part = part_before(text, amount.start, 60, over_lines=True)
    if _NOT_OURS.search(part):
        return None
    if staff := _STAFF.match(text, end):
        noun = staff.group().casefold()
        if "colleagues" in noun and re.match(r"\s*(?:use|using|rely|log)", text[staff.end() :]):
            return "users"
        return "headcount" if not _THERE.match(text, staff.end()) else None
    if people := _PEOPLE.match(text, end):
        return _which_people(text, amount, part, people)
    return _others(text, amount, part)


def _monthly(text: str, amount: Amount, before: str) -> str | None:
    mau = _MAU.match(text, amount.end)
    if mau and OF_THE_CLAUSE.match(text, mau.end()):
        return None
    if not mau and not _is_monthly(text, amount, before):
        return None
    return _at_release_or_now(text, amount)


def _is_monthly(text: str, amount: Amount, before: str) -> bool:
    if _VISITS.match(text, amount.end) or (_A_MONTH.match(text, amount.end) and _USERS_NEAR.search(before)):
        return True
    said = _is_large(amount) and _MAU_BEFORE.search(before) and _AFTER_A_COUNT.match(text, amount.end)
    return bool(said)


def _at_release_or_now(text: str, amount: Amount) -> str:
    """Whether monthly users are those of today or of the month that a licence looks at."""
    sentence = part_before(text, amount.start, 160, over_lines=True)
    after = re.split(r"[.;!?,](?=\s|$)", text[amount.end : amount.end + 60])[0]
    if _TODAY.search(sentence[-40:]) or _TODAY.search(after[:40]):
        return "mau"
    if _RELEASED.search(f"{sentence}0{after}"):
        return "mau_at_release"
    month = _IN_A_MONTH.search(after) or _IN_A_MONTH.search(sentence[-90:])
    is_dated = month and not _EVENT_IN_A_MONTH.search(month.string[: month.start()])
    return "mau_at_release" if is_dated else "mau"


def _others(text: str, amount: Amount, part: str) -> str | None:
    """Users, or a bare number of the asker's people."""
    end = amount.end
    if users := _USERS.match(text, end):
        noun = users["noun"].casefold()
        of_a_thing = noun in {"user", "customer", "client", "player"} and _THING.match(text, users.end())
        small = amount.is_word and amount.is_bare
        return None if small or of_a_thing or OF_THE_CLAUSE.match(text, users.end()) else "users"
    if _WE_ARE_BARE.search(part) and _is_few(amount) and _FRAGMENT.match(text, end):
        return "headcount"
    if (not amount.is_bare and _USERS_ARE.search(part)) or (not amount.is_word and _USE.match(text, end)):
        return "users"
    return None


def _which_people(text: str, amount: Amount, part: str, people: re.Match[str]) -> str | None:
    """Whether `80 people` are the asker's own, users, or neither."""
    end = people.end()
    if _THERE.match(text, end):
        return None
    if re.match(
        r"\s*(?:who )?(?:use|using|pay|signed|rely|have it|on it|log in|open|download|installed|subscribe|nutzen|utilisent|usan)",
        text[end : end + 20],
    ):
        return "users"
    if _WE_ARE.search(part):
        return "headcount"
    if _FRAGMENT.match(text, end) and (
        _COMPANY.search(part) or re.search(r"[(,;:–—-]\s?(?:ca\. |about |~ ?|approx\. )?$", part) or not part.strip()
    ):
        return "headcount"
    if not amount.is_word and re.search(
        r"\b(?:for|to|by|serv\w+|reach\w*|exceed|under|over|than) ?$", part, re.IGNORECASE
    ):
        return "users"
    return None


def _is_few(amount: Amount) -> bool:
    return amount.is_bare and 0 < amount.value < 1000 and "." not in amount.shown


def _is_a_size(text: str, amount: Amount) -> bool:
    """Whether a number is a model's parameters (`Llama 3 8B users`), not a count of people."""
    return amount.shown.endswith("B") and (
        text[amount.end : amount.end + 1] == "-"
        or bool(_MODEL_NAME.search(text[max(0, amount.start - 30) : amount.start]))
    )


def _is_a_version(before: str, amount: Amount) -> bool:
    """Whether a number belongs to a name (`AlphaFold 3`)."""
    return amount.is_bare and not amount.is_word and amount.value < 100 and bool(_VERSION.search(before[-24:]))


def _revenue(text: str, amounts: list[Amount], region: str) -> dict[str, int]:
    found: dict[str, int] = {}
    summed: set[str] = set()
    default = next((a.currency for a in amounts if a.currency), "usd")
    last = 0
    for amount in amounts:
        part = part_before(text, amount.start, min(amount.start - last, 80), over_lines=True)
        after = re.split(r"[.!?;](?=\s|$)|, | [-–—] | but | aber ", text[amount.end : amount.end + 32])[0]
        currency = amount.currency or _currency_near(text, amount) or _BY_UNIT.get(amount.unit.casefold())
        if not (currency or _is_a_sum(text, part, amount, found)):
            continue
        last = amount.end
        if amount.is_word and not amount.unit:
            continue
        if _NO_REVENUE.search(part) or _NO_REVENUE_AFTER.match(text, amount.end) or _LIMIT_BEFORE.search(part):
            continue
        is_monthly = _MONTHLY.match(text, amount.end) or (
            _MONTHLY_BEFORE.search(part) and not _A_YEAR.match(text, amount.end)
        )
        entities = list(_ENTITY.finditer(part))
        says_so = _REVENUE.search(part[-50:]) or _REVENUE.search(after) or (found and entities)
        stands_at = bool(amount.unit) and bool(
            (_WE_STAND_AT.search(part) and _EARNED_ANYWHERE.search(text))
            or _STANDS_AT.search(part)
            or _MAKES.search(part)
            or _EARNED.search(part)
        )
        stands_at |= bool(entities and entities[-1]["theirs"] and is_monthly)
        if not (says_so or stands_at):
            continue
        if not (
            amount.unit
            or amount.value >= 10_000
            or re.search(r"(?i)\b(?:we|i|ich|j['’]ai|earn\w*|make|made|revenue|turnover|umsatz|touché)\b", part)
        ):
            continue
        currency = _BY_COUNTRY.get(currency or default, {}).get(region[:2], currency or default)
        theirs, total = _whose(text, part, amount, entities)
        if theirs and _DAUGHTER.search(part) and f"affiliate_revenue_{currency}" in found:
            theirs = False
        name = f"{'affiliate_' if theirs else ''}revenue_{currency}"
        summed |= {name} if total else set()
        found.setdefault(name, amount.bounded * (12 if is_monthly else 1))
    if not found and (digits := _SUM_OF_DIGITS.search(text)):
        found |= _figures(text, digits)
    if not any(name.startswith("revenue") for name in found) and _ZERO.search(text):
        found[f"revenue_{default if default in _HARD else 'usd'}"] = 0
    for name in summed & found.keys():  # of a total of all, the asker's own part counts once
        found[name] = max(0, found[name] - found.get(name.removeprefix("affiliate_"), 0))
    return found


_HARD = frozenset({"usd", "eur", "gbp", "chf"})


def _whose(text: str, part: str, amount: Amount, entities: list[re.Match[str]]) -> tuple[bool, bool]:
    """Whether a sum is what affiliates earn, and whether the asker's own is in it."""
    theirs = bool(entities and entities[-1]["theirs"]) or bool(_OF_THE_GROUP.match(text, amount.end))
    theirs |= bool(_DAUGHTER.search(part))
    together = any(e["theirs"] for e in entities) and bool(_SUMMED.search(part))
    return theirs or together, together


def _currency_near(text: str, amount: Amount) -> str | None:
    match = _CURRENCY_NEAR.match(text, amount.end)
    return CURRENCIES[match[1].casefold()] if match and (amount.unit or not amount.is_bare) else None


def _is_a_sum(text: str, part: str, amount: Amount, found: dict[str, int]) -> bool:
    """Whether a number without a currency is money (`we make about 4 M`)."""
    if not amount.unit or amount.is_word or amount.shown.endswith(("B", "b")):
        return False
    said = r"\b(?:(?:we|i|group|company) (?:\w+ )?(?:make|makes|earn|gross|bill)|revenue|turnover|arr|umsatz\w*|facturamos|facturación|chiffre d.affaires|CA|ventas|annual sales)(?: of| is| was| about| around| roughly| some| von| de| unos| environ|:| at|\W)*$"
    ours = bool(found) and bool(
        re.search(r"\b(?:have|has|with|only|just|about|had|nous|wir|we|itself|own)\b[ :]*$", part, re.IGNORECASE)
    )
    if found and any(e["ours"] for e in _ENTITY.finditer(part)) and _MONTHLY.match(text, amount.end):
        return True
    if ours or re.search(said, part, re.IGNORECASE):
        return True
    is_whole = _AFTER_A_COUNT.match(text, amount.end) or _MONTHLY.match(text, amount.end)
    return bool(is_whole and (_EARNED.search(part) or (_MAKES.search(part) and _PERIOD.search(text, amount.end))))


def _figures(text: str, match: re.Match[str]) -> dict[str, int]:
    """Read `low seven figures`."""
    around = text[max(0, match.start() - 60) : match.end() + 40]
    if not _REVENUE.search(around) or _NO_REVENUE.search(text[max(0, match.start() - 60) : match.start()]):
        return {}
    sign = re.search(rf"(?<!\w)({SIGN})(?!\w)", text[match.end() : match.end() + 20], re.IGNORECASE)
    part = (match["part"] or "").casefold()
    times = next((value for stem, value in _PARTS.items() if part.startswith(stem)), 1)
    value = times * 10 ** (_FIGURES[match["n"].casefold()] - 1)
    return {f"revenue_{CURRENCIES[sign[1].casefold()] if sign else 'usd'}": value}
