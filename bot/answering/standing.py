"""How the asker stands to what a question names: owner who picks a licence, or taker of the code alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.answering.sentences import part_after, part_before
from knowledge.catalog import Mention

_MADE = (
    r"(?:data|data ?sets?|photos?|pictures?|images?|recordings?|texts?|corpus|corpora|annotations?|labels?|archives?|"
    r"footage|videos?|drawings?|measurements|transcripts?|translations?|collections?|model|weights|code|"
    r"daten|datens[aä]tz\w*|fotos?|bilder|aufnahmen|texte|messdaten|archiv|sammlung|"
    r"données|jeux? de données|photos?|enregistrements|textes|relevés|"
    r"datos|fotos|imágenes|grabaciones|textos|mediciones)"
)
_OWNER = re.compile(
    rf"\b(?:(?:we|i) (?:\w+ )?own (?:[\w-]+ ){{0,5}}?{_MADE}\b|{_MADE}\b[^.!?;]{{0,30}}\b(?:belongs?|is|are) "
    rf"(?:to us|all ours|ours)\b|"
    rf"(?:our|my) own (?:[\w-]+ ){{0,3}}?{_MADE}\b|"
    r"(?:shot|written|recorded|made|created|produced|taken|labell?ed|drawn|collected) (?:entirely |all )?(?:by "
    r"(?:our )?"
    r"(?:own )?(?:staff|us|me|employees|people|ourselves|team)|in-?house)|"
    r"we (?:shot|wrote|recorded|drew|photographed|composed|painted|measured|labell?ed) (?:all|every|each|them|"
    r"it|the)\b|"
    r"nobody else'?s|no third[- ]party|all rights are ours|we hold (?:all|the|every) (?:the )?(?:rights?|copyright)|"
    rf"(?:gehör(?:en|t) (?:alle )?uns|unsere?n? eigenen? (?:\w+ ){{0,2}}?{_MADE}|selbst (?:aufgenommen|erstellt|"
    r"fotografiert|geschrieben|gemessen|erhoben)\w*)|"
    rf"(?:nous (?:possédons|détenons|sommes propriétaires)|nos propres (?:\w+ )?{_MADE}|nous appartien\w+)|"
    rf"(?:nos pertenece\w*|somos (?:los )?(?:dueños|propietarios|titulares)|nuestr[oa]s propi[oa]s (?:\w+ )?{_MADE}|"
    r"son nuestr[oa]s))",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"\b(?:which|what|ready-made|suitable|right|best|a standard|some|any) (?:\w+ ){0,2}licen[cs]e\b|welche\w* "
    r"(?:\w+ )?lizenz|"
    r"passende\w* lizenz|quelle (?:\w+ )?licence|(?:qué|cuál) (?:\w+ )?licencia",
    re.IGNORECASE,
)
_GIVES_AWAY = re.compile(
    r"\b(?:publish\w*|releas\w*|open (?:data|up)|put (?:\S+ ){0,12}out|giv\w+ (?:\w+ )?away|shar(?:e|ing)\b|"
    r"licen[cs]e (?:it|them|"
    r"this|our)|let (?:anyone|anybody|everyone|others)|want (?:anyone|anybody|everyone|others)|veröffentlich\w*|"
    r"freigeb\w*|"
    r"freizugeben|publi(?:er|ons|que)\w*|diffuser|publicar\w*|liberar\w*)",
    re.IGNORECASE,
)
_WOULD_DO = re.compile(
    r"\b(?:would|does|do|will|is|are|could|can|should we (?:use|take|pick|choose)|(?:use|take|pick|choose|"
    r"consider\w*) |reicht|passt|"
    r"würde|taugt|wäre|convient|suffit|serait|sirve|sería|vale)\s+(?:the |a |die |der |la |el )?$",
    re.IGNORECASE,
)
_IS_FINE = re.compile(
    r"\s+(?:ok\w*|fine|enough|suitable|possible|right|allowed|möglich|geeignet|passend|possible|adapté\w*|"
    r"posible|adecuad\w+)\b",
    re.IGNORECASE,
)
_CODE = r"(?:(?:training|inference|source|model|example|demo|evaluation|trainings?|quell|modell) ?-?)*code\w*"
_WEIGHTS = (
    r"(?:weights|checkpoints?|parameters?|models?\b(?! code)|gewichte\w*|poids|pesos|modelle?n?|modèles?|modelos?)"
)
_NONE_OF = (
    r"(?:not|no|without(?: any)?|never|neither|nor|none of|minus|nicht|keine?\w*|ohne|pas|sans|aucun\w*|sin|ningún\w*)"
)
_ONLY = (
    r"(?:only|just|merely|solely|nothing but|nur|lediglich|bloß|seulement|uniquement|juste|que|solo|sólo|únicamente)"
)
_CODE_ONLY = re.compile(
    rf"\b(?:{_ONLY}\s+(?:[\w'’]+\s+){{0,3}}?{_CODE}(?![-\w])(?!\s+(?:assistant|completion|review|generation|model))|"
    rf"{_CODE}(?:\s+{_ONLY}\b|[^.!?;]{{0,30}}\b{_NONE_OF}\s+(?:[\w'’]+\s+){{0,3}}?{_WEIGHTS})|"
    rf"{_NONE_OF}\s+(?:[\w'’]+\s+){{0,2}}?{_WEIGHTS}\b[^.!?;]{{0,30}}\b{_ONLY}[^.!?;]{{0,20}}\b{_CODE})",
    re.IGNORECASE,
)


def takes_code_alone(text: str) -> bool:
    """Whether only the code of a model is used: `we only take the training code`, `the code, not the checkpoints`."""
    return bool(_CODE_ONLY.search(text))


def is_licensor(text: str, licenses: Sequence[Mention], result: Mention | None) -> bool:
    """Whether the asker owns the thing and asks under which licence to give it away: then duties bind the others."""
    if not (_OWNER.search(text) and _GIVES_AWAY.search(text)):
        return False
    would_do = any(
        _WOULD_DO.search(text[max(0, m.start - 40) : m.start]) or _IS_FINE.match(text[m.end : m.end + 20])
        for m in licenses
    )
    return result is not None or would_do or bool(_WHICH.search(text))


_NOT_SHOWN = (
    r"(?:nobody|no ?one|not|never|without|only (?:for )?(?:train|comput|analy)\w*|niemand|nicht|personne|nadie|sin)\b"
    r"[^.!?;]{0,60}\b(?:display|show|re-?print|re-?publish|exhibit|look at|view|zeig\w*|abdruck\w*|nachdruck\w*|"
    r"montr\w+|affich\w+|reprodui\w*|mostrar|exhib\w+|imprim\w*)"
)
_ALIKE = r"\b(?:share[- ]?alike|same (?:licen[cs]e|terms)|gleichen bedingungen|mêmes conditions|mismas condiciones)\b"
_CREDIT = r"\b(?:credit|attribut\w*|nam(?:e|ing) us|cite us|namensnennung|nennen|crédit\w*|citer|atribuci\w+|citar)\b"
_NOTHING = r"\b(?:no (?:conditions|strings|duties)|public domain|gemeinfrei|domaine public|dominio público)\b"
_WISHES = (
    (_NOT_SHOWN, "c-uda-1.0"),
    (_ALIKE, "cdla-sharing-1.0"),
    (_CREDIT, "cc-by-4.0"),
    (_NOTHING, "cc0-1.0"),
)
"""What owners of data want, the rarest wish first, and the ready-made licence that serves it."""


def ready_made(text: str) -> str | None:
    """Return the id of the data licence that comes nearest to what an owner wants of others."""
    return next((license_id for wish, license_id in _WISHES if re.search(wish, text, re.IGNORECASE)), None)


_PERSON = (
    r"(?:he|she|they|one|einer|eine|l['’]une?|un[oa]|someone|somebody|people|everyone|everybody|"
    r"folks|guys?|colleagues?|co-?workers?|boss|lead|cto|ceo|managers?|founders?|sellers?|lawyers?|legal|compliance|procurement|competitors?|customers?|clients?|friends?|"
    r"vendors?|suppliers?|intern|developers?|devs?|engineers?|team|forum|reddit|blog\w*|posts?|threads?|"
    r"articles?|tweets?|"
    r"professor|reviewer|auditor|partner|kolleg\w*|chef\w*|jemand|man|anwält\w+|anwalt|konkurren\w+|kund\w+|leiter\w*|"
    r"collègues?|quelqu['’]un|juriste|patron\w*|client|concurrent|compañer\w+|jef[ea]|alguien|abogad\w+|cliente|"
    r"i|we|wir|ich)"
)
_SAYING = (
    r"(?:say(?:s|ing)?|said|told|tells|claim(?:s|ed|ing)?|thinks?|thought|believ\w+|assum\w+|insist\w*|heard|"
    r"swears?|swore|"
    r"argu\w+|reckon\w*|guess\w*|recall\w*|remember\w*|sure|convinced|sagt\w*|meint\w*|glaub\w*|behaupt\w*|denk\w*|"
    r"dit|disent|affirm\w+|pense\w*|croi\w+|prétend\w*|assure|dice\w*|cree\w*|afirm\w+|asegur\w+)"
)
_BELIEF = re.compile(rf"\b{_PERSON}\b[^.!?;\n]{{0,40}}?\b{_SAYING}\b", re.IGNORECASE)
_ON_RECORD = re.compile(
    r"\b(?:(?:model |data ?set )?cards?|tag(?:s|ged)?|label\w*|metadata|hub|readme|header|listed|marked|badge|page|"
    r"licen[cs]e:|licen[cs]e[- ](?:file|field|txt)|modellkarte|fiche|ficha|étiquette|etiqueta)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(r"\b(?:lists|declares?|says|shows)\b", re.IGNORECASE)
_OF_CODE = re.compile(
    r"\b(?:code|source|scripts?|github|library|package|wrapper|framework|runtime|server)\b", re.IGNORECASE
)
_REPOSITORY = re.compile(r"\brepo(?:sitory)?\b", re.IGNORECASE)


def is_belief(text: str, mention: Mention) -> bool:
    """Whether a licence is only what somebody says: `their lead says it is MIT`, and not what a card says."""
    before = part_before(text, mention.start, 110)
    said = list(_BELIEF.finditer(before))
    return bool(said) and not _ON_RECORD.search(before, said[-1].start())


def is_label(text: str, mention: Mention) -> bool:
    """Whether a licence's name is what a card or a tag says, not what somebody believes or what the code is under."""
    before = part_before(text, mention.start, 80)
    after = part_after(text, mention.end, 50)
    record = _ON_RECORD.search(before)
    if is_belief(text, mention) or (_OF_CODE.search(before[-40:]) and not record):
        return False
    if _OF_CODE.search(before[-40:]) and not re.search(r"\bcards?\b|licen[cs]e[- ]file", before, re.IGNORECASE):
        return False
    says = _SAYS.search(before) and (record or not _REPOSITORY.search(before[-40:]))
    return bool(record or says or re.match(r"\W{0,3}\s*(?:tag|label|badge|on the (?:card|hub|page))", after))
