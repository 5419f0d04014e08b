"""Which part each named thing plays in a question: subject, student, licence of the result, label, mere comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.answering.sentences import part_before, starts, stop
from bot.answering.standing import is_belief, is_label, is_licensor, takes_code_alone
from knowledge.catalog import LICENSES, Mention, MentionKind
from knowledge.naming import normal


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of a question by the part that they play."""

    subjects: tuple[Mention, ...] = ()
    """What the use is about, in order of mention."""
    students: tuple[Mention, ...] = ()
    """Models that outputs of the subjects train, or that they are merged into."""
    result_license: Mention | None = None
    """Licence that the asker wants to put on the result."""
    own_terms: bool = False
    """The asker wants to put terms of their own on the result."""
    stated: tuple[Mention, ...] = ()
    """Licences that the question says something is under."""
    unclear: tuple[Mention, ...] = ()
    """Licences named without their version or kind."""
    labels: tuple[Mention, ...] = ()
    """Those of them that stand on a card, a tag or in a file's header."""
    behind: tuple[Mention, ...] = ()
    """Data sets among the subjects that a named model was trained on by others."""
    unlicensed: str | None = None
    """What the question says to have no licence at all, in its words."""
    licensor: bool = False
    """The asker owns the thing, and the subjects are the licences that it may be given away under."""
    code_alone: bool = False
    """Only the code of the subjects is used, not their weights or data."""


def roles(text: str, mentions: Sequence[Mention], actions: Sequence[str]) -> Roles:
    """Sort the names of a text by their part in it."""
    found = distinct(mentions)
    things = [m for m in found if m.kind not in LICENSES and not _is_own_name(text, m, found)]
    licenses = [m for m in found if m.kind is MentionKind.LICENSE]
    unclear = tuple(m for m in found if m.kind is MentionKind.AMBIGUOUS_LICENSE)
    result, own_terms = _result_license(text, [m for m in mentions if m.kind is MentionKind.LICENSE], actions)
    if not things and is_licensor(text, licenses, result) and not any(_of_data(text, m) for m in licenses):
        return _of_owner(text, licenses, unclear, result)
    students = _students(text, things, actions)
    asides = _asides(text, [m for m in things if m not in students], mentions, all_of_them=bool(licenses))
    subjects = tuple(m for m in things if m not in students and m not in asides)
    stated = tuple(m for m in licenses if result is None or m.start != result.start)
    labels = tuple(m for m in stated if is_label(text, m))
    if not subjects and not students:
        # A licence named without its version is asked back only where the question is about nothing else.
        subjects, labels = stated or unclear, ()
        behind = tuple(m for m in subjects if len(subjects) > 1 and _is_of_training_data(text, m))
        return Roles(subjects, (), result, own_terms, (), unclear, (), behind, _unlicensed(text, subjects))
    if stated:
        subjects = _settled(subjects, stated)
        together = bool({"merge", "combine"} & set(actions))
        named = [m for m in stated if _is_named(text, m) and not _tells_of(text, m, things) and not is_belief(text, m)]
        subjects += tuple(m for m in named if together or _own_part(text, m, things))
    behind = tuple(m for m in subjects if _is_behind(text, m, subjects))
    return Roles(
        subjects, students, result, own_terms, stated, unclear, labels, behind, _unlicensed(text, subjects),
        code_alone=takes_code_alone(text),
    )  # fmt: skip


_OWN_NAME_BEFORE = re.compile(
    r"\b(?:put|push|publish|release|upload|ship|call|name|host|post|brand|veröffentlich|nenn|publi|appel|llam|sub)"
    r"\w*\b(?:[^.!?;]|\.(?=\w)){0,80}\b(?:as|called|named|to|under|als|unter|sous|comme|como)\s+(?:the name )?\W{0,2}$|"
    r"\b(?:call|name|nennen|appeler|llamar)\w*\s+(?:it|ours|the result|das|es|le|lo)\s+\W{0,2}$",
    re.IGNORECASE,
)


def _is_own_name(text: str, mention: Mention, found: Sequence[Mention]) -> bool:
    """Whether an unknown name is only what the asker calls the result, or the variant of the known name before it:
    `put it on the Hub as acme/Coder-7B`, `resnet50 IMAGENET1K_V2`."""
    if mention.kind is not MentionKind.UNKNOWN or not any(m.target for m in found):
        return False
    variant = any(m.target and text[m.end : mention.start].isspace() for m in found if m.end < mention.start)
    return variant or bool(_OWN_NAME_BEFORE.search(text[max(0, mention.start - 130) : mention.start]))


def _of_owner(text: str, licenses: Sequence[Mention], unclear: tuple[Mention, ...], result: Mention | None) -> Roles:
    """Return the roles where the asker is the licensor: of several licences only the chosen one is looked at."""
    kept = [m for m in licenses if not _ASIDE_BEFORE.search(text[max(0, m.start - 40) : m.start])]
    chosen = (result,) if result else tuple(kept or licenses)
    return Roles(chosen or unclear, result_license=None, unclear=unclear, licensor=True)


def distinct(mentions: Iterable[Mention]) -> list[Mention]:
    """Keep each name once: no family beside a member of it, no ambiguous name beside one that settles it."""
    every = list(mentions)
    found = [m for m in every if not any(_short_for(m, other) for other in every)]
    members = {m.family for m in found if m.family and m.target != m.family}
    kept: list[Mention] = []
    for mention in found:
        settled = mention.kind is MentionKind.AMBIGUOUS and any(_settles(m, mention) for m in found)
        is_family = mention.target in members
        if not settled and not is_family and not any(_same(mention, m) for m in kept):
            kept.append(mention)
    return kept


def _settles(resolved: Mention, ambiguous: Mention) -> bool:
    """Whether a resolved name says which one an ambiguous name means: `Llama 3.1 8B ... the Llama licence`."""
    if not resolved.target or resolved.kind is MentionKind.LICENSE:
        return False
    first = re.match(r"[^\W\d_]+", ambiguous.shown)
    shares_word = first is not None and first.group().casefold() in resolved.shown.casefold()
    return shares_word or resolved.family in ambiguous.options or resolved.target in ambiguous.options


def _short_for(short: Mention, full: Mention) -> bool:
    """Whether a bare name is a longer one, named before, without its version: `SAM 3 ... SAM stays`."""
    if full.start >= short.start or short.kind in LICENSES or full.kind in LICENSES or short.target == full.target:
        return False
    name, longer = normal(short.shown), normal(full.shown.rsplit("/", 1)[-1])
    return longer.startswith(f"{name} ") and not name[-1:].isdigit() and longer[len(name) + 1].isdigit()


def _same(one: Mention, other: Mention) -> bool:
    if one.target and one.target == other.target:
        return True
    return not one.target and one.shown.casefold() == other.shown.casefold()


def _settled(subjects: tuple[Mention, ...], stated: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """Where a name leaves open which model it is, the licence that the question states speaks for it: of several that
    are told of nothing else, none does."""
    unclear = [m for m in subjects if m.kind is MentionKind.AMBIGUOUS]
    if not unclear or (len(unclear) == len(subjects) and len({m.target for m in stated}) > 1):
        return subjects
    return (*(m for m in subjects if m not in unclear), *stated)


_AS_STUDENT = re.compile(
    r"(?:train|fine-?tun|sft|tun|improv|teach|into|for tuning|student|bootstrap)\w*\s+"
    r"(?:(?:a|an|our|the|in-?house|own|another|it|small|smaller|tiny|little|new|on|model)\s+){0,4}$",
    re.IGNORECASE,
)


def _students(text: str, things: Sequence[Mention], actions: Sequence[str]) -> tuple[Mention, ...]:
    if len(things) < 2 or not {"train_on_outputs", "distill"} & set(actions):  # a teacher and a student
        return ()
    found = tuple(m for m in things if _AS_STUDENT.search(text[max(0, m.start - 50) : m.start]))
    return found if len(found) < len(things) else ()


_ASIDE_BEFORE = re.compile(
    r"(?:\bunlike|\binstead of|\brather than|compared (?:to|with)|mov(?:e|ed|ing) (?:away )?(?:off|from)|replac\w+|"
    r"switch\w* (?:away )?from|migrat\w+ from|previously|used to (?:run|use)|\bthe old|same (?:as|like)|\blike with|"
    r"\bas with|\bas opposed to|\bwanted|\bconsidered|\blooked at|thought (?:about|of)|\bproposed|\bsuggested|"
    r"ruled out|"
    r"gave up on|\brejected|\bdropped|\binstead,? of|\banstatt|\bstatt|au lieu de|en vez de|"
    r"not the same as)\s+(?:the |our |a |an |with |for )?$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not(?: from| by)?(?: the| a)?|without(?: any)?|never|keine?\w*|nicht d\w\w|ohne|"
    r"pas (?:de|la|le)|sans|sin)\s+$",
    re.IGNORECASE,
)
_SWAPPED = re.compile(
    r"\b(?:swap|exchang|trad|ditch|retir|substitut|phas)\w*\s+(?:out )?(?:the |our |of )?$", re.IGNORECASE
)
_SWAPPED_FOR = re.compile(r"^\W*(?:\w+ )?(?:for|with|against|in favou?r)\b", re.IGNORECASE)
_ALIKE = re.compile(
    r"\b(?:mit|apache\S*|open|free|same|exactly|much|terms|just|licen[cs]ed?|strict|restricted|"
    r"nc)\b[^.!?,]{0,12}\b(?:like|as)"
    r"(?: with| in| for)?\s+$",
    re.IGNORECASE,
)
_ASIDE_AFTER = re.compile(
    r"^[^.!?,;]{0,20}\b(?:got|was|were|is|has been|had been)\s+(?:already )?(?:refused|rejected|denied|declined|"
    r"turned down|"
    r"ruled out|vetoed|abgelehnt|refusé|rechazad\w)|"
    r"^[^.!?,;]{0,25}\b(?:are|is|were) (?:also |only )?(?:in|inside|among|part of) (?:it|there|the (?:data|set|dataset|"
    r"corpus|mix))\b",
    re.IGNORECASE,
)


_GIVEN_UP_BEFORE = re.compile(
    r"(?:\b(?:until|till|up to) (?:now|today|recently),? (?:(?:it|that|this|we|our|the) )?(?:\w+ )?"
    r"(?:was|were|had|used|ran|run|been using)|"
    r"\bso far (?:it|that|we) (?:was|used|ran|had)|\bformerly|\bno longer (?:use|run|want|need|using|running)|"
    r"\b(?:discarded|abandoned|scrapped|crossed out|said no to|decided against)|"
    r"\b(?:bisher|bislang|früher)(?: \w+){1,3}|\b(?:jusqu['’](?:ici|à présent)|avant),? (?:c['’]était|on "
    r"(?:avait|utilisait)|"
    r"nous utilisions)|\b(?:hasta ahora|antes) (?:era|usábamos|teníamos|usamos)|"
    r"\b(?:abandonné|écarté|descartamos|descartado|verworfen))\s+(?:the |our |a |an |with |le |la |el |die |das "
    r"|der )?$",
    re.IGNORECASE,
)
_GIVEN_UP_AFTER = re.compile(
    r"^[^.!?;]{0,70}?\b(?:so (?:it|that|this|they|that one)(?:['’]s| is| are)? (?:goes|go|gone|out|leaves?|had "
    r"to go)\b|"
    r"(?:off the table|out of the (?:race|running|question))\b|(?:is|are|was|were) (?:no longer (?:in use|used|"
    r"an option|"
    r"a candidate|considered)|dropped|discarded|scrapped|abandoned|crossed out)|(?:has|have|had) to go\b|"
    r"(?:fällt|fliegt|scheidet)[^.!?;,]{0,20} (?:weg|raus|aus)\b|ist (?:raus|verworfen|vom tisch)|"
    r"est (?:écarté|exclu|abandonné|éliminé)e?|(?:está|queda|quedó) (?:fuera|descartad[oa]|eliminad[oa]))",
    re.IGNORECASE,
)
_CHOSEN = re.compile(
    r"\b(?:final|actual|real|only|last|remaining|definitive|current|endgültige\w?|eigentliche\w?|finale\w?|letzte\w?|"
    r"seul\w?|dernier|dernière|vrai\w?|últim[oa]|verdadera)\s+(?:candidate|choice|question|pick|option|contender|model|"
    r"kandidat|wahl|modell|frage|choix|candidat|modèle|question|elección|candidat[oa]|pregunta|modelo)\b"
    r"[^.!?;]{0,25}$|\b(?:elección|candidat[oa]|choix|candidat) (?:final|definitiv[oae]|finale?|définitif) "
    r"(?:es|est) $",
    re.IGNORECASE,
)
_BESIDE_BEFORE = re.compile(
    r"\b(?:compet(?:e|es|ing) with|(?:rivals?|alternatives?|competitors?|competition|answer|challenger|clone|"
    r"konkurren\w+|"
    r"concurrente?s?|"
    r"competidor\w*|alternativ\w+)\s+(?:to|of|for|against|zu|zum|zur|von|für|à|au|a|al|de|del)|"
    r"similar to|in the style of|on par with|as good as|better than|cheaper than|modell?ed (?:on|after)|inspired by|"
    r"im stil von|ähnlich wie|besser als|dans le style de|semblable à|meilleur que|al estilo de|parecid[oa] a|"
    r"mejor que|"
    r"(?:note|remark|comment|thread|memo|mail|email|ticket|discussion|rumou?r|paragraph|warning|article|page|slide|"
    r"ruling|story) (?:\w+ ){0,3}(?:is|was|were|are) (?:only |just |really |actually )?(?:about|on|for|of)|"
    r"(?:notiz|hinweis|mail|artikel) (?:\w+ ){0,3}(?:betrifft|war für|ist zu)|"
    r"(?:note|remarque|mail) (?:\w+ ){0,3}(?:concerne|concernait|porte sur)|"
    r"(?:nota|correo|aviso) (?:\w+ ){0,3}(?:es sobre|era sobre|trata de))\s+"
    r"(?:the |a |an |die |das |der |l['’]|la |le |el )?$",
    re.IGNORECASE,
)
_BESIDE_AFTER = re.compile(
    r"^(?:[-\s](?:like|style|styled|ish|esque|inspired|compatible|artig\w*|ähnlich\w*|kompatib\w*)\b|"
    r"\s+(?:competitor|rival|alternative|clone|killer|challenger|konkurren\w+|klon|alternative))",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:/|&|\b(?:and|or|nor|und|oder|et|ou|y|o)\b)\s*(?:the |our |die |das |le |la |el )?")


def _asides(text: str, things: Sequence[Mention], mentions: Sequence[Mention], *, all_of_them: bool) -> list[Mention]:
    """Return the names that are only compared with, or were given up; all of them only where a licence remains."""
    found: list[Mention] = []
    for at, mention in enumerate(things):
        joined = found and at and found[-1] is things[at - 1]
        if joined and _AND.fullmatch(text[things[at - 1].end : mention.start]) and not _chosen(text, mention):
            found.append(mention)  # `instead of Llama 3 or Gemma`
        elif _is_aside(text, mention) or all(_is_beside(text, m) for m in mentions if _same(m, mention)):
            found.append(mention)
    if last := [m for m in things if _chosen(text, m)]:
        found += [m for m in things if m.start < last[-1].start and m not in found]
    return found if len(found) < len(things) or all_of_them else []


def _is_aside(text: str, m: Mention) -> bool:
    before, after = text[max(0, m.start - 40) : m.start], text[m.end : m.end + 90]
    return bool(
        _DENIED.search(before[-20:])
        or _ALIKE.search(before)
        or (_SWAPPED.search(before[-30:]) and _SWAPPED_FOR.match(after[:20]))
        or _ASIDE_BEFORE.search(before)
        or _GIVEN_UP_BEFORE.search(before)
        or _ASIDE_AFTER.match(after[:60])
        or _GIVEN_UP_AFTER.match(after)
    )


def _is_beside(text: str, m: Mention) -> bool:
    """Whether a name only says what something else is like or competes with: `a rival to ChatGPT`, `Alpaca-like`."""
    return bool(
        _BESIDE_AFTER.match(text[m.end : m.end + 20]) or _BESIDE_BEFORE.search(text[max(0, m.start - 60) : m.start])
    )


def _chosen(text: str, m: Mention) -> bool:
    return bool(_CHOSEN.search(text[max(0, m.start - 60) : m.start]))


_PUBLISHING = re.compile(
    r"\b(?:publish|releas|re-?licen[cs]|put|ship|distribut|go(?:es)? (?:out|on)|upload|slap|sell|add|offer|shar|give|"
    r"everything|veröffentlich|publi(?:er|que|on)|publicar|diffuser|difundir)\w*",
    re.IGNORECASE,
)
_UNDER = re.compile(r"\b(?:under|as|slap|unter|als|sous|bajo|como)\b[\w -]{0,16}$", re.IGNORECASE)
_RELICENSING = re.compile(
    r"\b(?:slap|re-?licen[cs](?:e|ing) (?:it |them |the \w+ )?(?:as|under|to))\s+(?:the |plain |just )*$", re.IGNORECASE
)
_DATA = (
    r"(?:data ?sets?|corpus|corpora|data|images|photos|recordings|texts|dumps|articles|korpus|daten|datensatz|"
    r"datensätze\w*|jeux? de données|données|datos|conjunto de datos)"
)
_UNDER_RIGHT_AFTER = re.compile(
    rf"(?P<lead>(?:\S+\s+){{0,4}}){_DATA}\s*,?\s*(?:(?:which|that) (?:is|are)\s+|is\s+|are\s+|licen[cs]ed\s+|"
    rf"lizenziert\w*\s+)?"
    r"(?:under|unter|sous|bajo|\()\s*(?:the |der |la )?(?:licen[cs]e |licencia )?$",
    re.IGNORECASE,
)
_OWN_DATA = re.compile(
    r"\b(?:publish|releas|put|shar|upload|offer|licens|veröffentlich|publi|give|giving|our|my|unser\w*|notre|nos|"
    r"nuestr\w+|result\w*|clean\w*|translated|new)\w*\s+(?:(?!on\b|from\b|with\b|using\b|sur\b|auf\b|con\b|"
    r"en\b)\S+\s+){0,3}$",
    re.IGNORECASE,
)
_GOES_UNDER = re.compile(
    r"(?P<verb>\b(?:publish|release|re-?license|put|upload|share|go|goes|ship|offer|distribute|give|hand|open-source|"
    r"veröffentlichen|stellen|publier|publions|publie|mettre|diffuser|publicar|publicamos|subir|subimos)\b)"
    r"(?:[^.!?;]|\.(?=\d)){0,100}\b(?:under|as|unter|als|sous|bajo|como)\s+"
    r"(?:the |plain |a |an |der |la |licen[cs]e |licencia )*$",
    re.IGNORECASE,
)
_BY_OTHERS = re.compile(
    r"\b(?:they|authors?|meta|google|mistral|openai|who|which|that|the|its|this|a|\d)\s+$", re.IGNORECASE
)
_OURSELVES = re.compile(
    r"\b(?:we|i|us|our|ours|my|wir|ich|unser\w*|nous|on|notre|nos|mon|nuestr\w+|mi)\b", re.IGNORECASE
)
_OWN_TERMS = re.compile(
    r"\b(?:under|with|on|unter|mit|sous|bajo|con)\s+(?:(?:our|my|unser\w*|nos|notre|nuestr\w+)\s+"
    r"(?:(?P<own>own|eigen\w*|propres?|propi[oa]s?|proprietary|commercial)\s+|usual\s+|standard\s+)*|"
    r"(?P<bare>eigene\w*|des conditions propres|términos propios)\s+)"
    r"(?:terms|licen[cs]e|eula|conditions|bedingungen|lizenz\w*|términos|condiciones|licencia)\b"
    r"(?! (?:with|from|mit|de|von))",
    re.IGNORECASE,
)
_OTHER_TERMS = re.compile(
    r"\b(?:re-?licen[cs]\w*|sub-?licen[cs]\w*|dual|\w*lizenzier\w*|unterlizenz\w*|eula|"
    r"(?:own|eigen\w*|propi[oa]s?|propres?|custom|different|another|other|stricter|new|autres?|otr[oa]s?|andere\w*) "
    r"(?:[\w-]+ ){0,2}(?:licen[cs]e|terms|conditions|lizenz|bedingungen|licencia|términos|condiciones)|"
    r"proprietary|proprietär\w*|propriétaires?|propietari[oa]s?|closed[- ]source|"
    r"(?:chang|switch|drop|swap|replac|remov|choos|pick|which|what)\w* (?:\w+ )?licen[cs]e|welche\w* lizenz|"
    r"quelle licence|"
    r"qué licencia|as open source)\b",
    re.IGNORECASE,
)


def _result_license(text: str, licenses: Sequence[Mention], actions: Sequence[str]) -> tuple[Mention | None, bool]:
    """Return the licence that the asker wants on the result, and whether it is to be terms of their own instead."""
    of_others = [m for m in licenses if _of_data(text, m)]
    for mention in licenses:
        before = text[max(0, mention.start - 60) : mention.start]
        after = re.split(r"[.!?;,]", text[mention.end : mention.end + 50])[0]
        published = _PUBLISHING.search(before) or _PUBLISHING.search(after)  # German puts the verb last
        wanted = (published and _UNDER.search(before)) or _RELICENSING.search(before)
        if mention not in of_others and (_goes_under(text, mention) or (wanted and "relicense" in actions)):
            return mention, False
    if (own := _OWN_TERMS.search(text)) and ("relicense" in actions or own["own"] or own["bare"]):
        return None, True
    if "relicense" not in actions:
        return None, False
    beside = text
    for mention in licenses:
        beside = beside.replace(text[mention.start : mention.end], " ")
    return None, not licenses or bool(_OTHER_TERMS.search(beside))


def _of_data(text: str, mention: Mention) -> bool:
    """Whether a licence is that of data which the asker got: `trained on a corpus under C-UDA`."""
    found = _UNDER_RIGHT_AFTER.search(text[max(0, mention.start - 90) : mention.start])
    return found is not None and not _OWN_DATA.search(found["lead"])


def _goes_under(text: str, mention: Mention) -> bool:
    """Whether the asker says that the result goes out under a licence: `the LoRA goes on the hub under CC BY 4.0`."""
    sentence = part_before(text, mention.start, 160, over_lines=True)
    found = _GOES_UNDER.search(sentence)
    if found is None:
        return False
    who = sentence[: found.start()]
    return found["verb"].casefold() in ("go", "goes") or bool(_OURSELVES.search(who) and not _BY_OTHERS.search(who))


_TRAINED_ON = re.compile(
    r"(?:(?:is|are|was|were|been|it'?s|got)\s+(?:\w+\s+)?(?:pre-?)?trained|pre-?trained|whose training data|"
    r"trained by \w+|vortrainiert|trainiert (?:wurde|ist)|(?:pré-?)?entraînée?s?|(?:pre-?)?entrenad[oa]s?)"
    r"\s+(?:mostly |only |purely |weights )?(?:on|with|is|from|auf|mit|sur|avec|con|en|sobre)\s+"
    r"(?:the |data from |l['’]|la |le |el )?$|"
    r"\b(?:training (?:set|data|corpus|images)|trainingsdaten|données d['’]entraînement|datos de entrenamiento) "
    r"(?:was|were|is|are|waren|sind|étaient|sont|eran|son) (?:the |l['’]|la |le |el )?$",
    re.IGNORECASE,
)
_TRAINED_AFTER = re.compile(
    r"^(?:[-\s](?:pre-?trained|trained|vortrainiert\w*|(?:weights|checkpoints?|backbone|gewichte\w*)\b)|"
    r"[^.!?;]{0,15}\b(?:was|were|which|that|l[oa] usó|wurden?|a été|fue)\b(?![^.!?;]{0,30}\b(?:we|us|uns|wir|"
    r"nous|nosotros)\b)"
    r"[^.!?;]{0,40}\b(?:to train|for (?:pre-?)?training|para entrenar|pour (?:pré-?)?entraîner|zum training)\b)",
    re.IGNORECASE,
)
_PRETRAINED = re.compile(r"[-\s](?:pre-?)?trained$", re.IGNORECASE)
_BY_SOMEBODY = re.compile(
    r"\b(?:(?:did not|didn['’]t|never|haven['’]t|have not) (?:\w+ )?train(?:ed)? (?:it|them|this|that|anything|"
    r"the model)|"
    r"(?:somebody|someone) else trained|others trained|nicht (?:von uns|selbst) trainiert|trainiert haben wir "
    r"(?:es )?nicht|"
    r"(?:pas|jamais) (?:nous-mêmes )?entraîné|no (?:lo|la) (?:hemos )?entrena\w+)",
    re.IGNORECASE,
)
_ITS_TRAINING_DATA = re.compile(
    r"\b(?:(?:its|the model['’]s|their|whose) (?:training|underlying|source) (?:data|corpus)|training (?:data|"
    r"corpus) of|"
    r"data (?:behind|it was trained on)|(?:seine|ihre|deren|dessen) trainingsdaten|trainingsdaten d\w+|"
    r"(?:ses|leurs) données d['’]entraînement|sus datos de entrenamiento)\b[^.!?;]{0,40}$",
    re.IGNORECASE,
)


def _is_behind(text: str, mention: Mention, subjects: Sequence[Mention]) -> bool:
    """Whether a data set is only what a named model learned from: `ResNet-50 is pre-trained on ImageNet`."""
    if not any(m.kind is MentionKind.MODEL for m in subjects):
        return False
    if mention.kind is MentionKind.LICENSE:
        return _is_of_training_data(text, mention)
    if mention.kind is not MentionKind.DATASET:
        return False
    trained_before = any(m.start < mention.start for m in subjects if m.kind is MentionKind.MODEL) and bool(
        _TRAINED_ON.search(text[max(0, mention.start - 60) : mention.start])
    )
    shown = text[mention.start : mention.end + 110]
    after = _TRAINED_AFTER.match(shown[len(mention.shown) :]) or _PRETRAINED.search(mention.shown)
    return trained_before or bool(after) or bool(_BY_SOMEBODY.search(text))


def _is_of_training_data(text: str, mention: Mention) -> bool:
    """Whether a licence is that of the data which somebody else's model learned from."""
    return bool(_ITS_TRAINING_DATA.search(text[max(0, mention.start - 90) : mention.start]))


def _is_named(text: str, mention: Mention) -> bool:
    """Whether a licence is named as one, not by a word that means other things, too (`python`, `vim`)."""
    shown = text[mention.start : mention.end]
    return any(c.isdigit() or c.isupper() or c == "-" for c in shown) or "licen" in text[mention.end : mention.end + 9]


_PART = re.compile(
    r"\b(?:data ?sets?|corpus|corpora|data|images?|photos?|captions?|recordings?|texts?|library|libraries|package|"
    r"component|"
    r"plugin|fonts?|wrapper|engine|sdk|tool|module|annotations?|table|database|paragraphs|articles|"
    r"passages?|text ?books?|books?|papers?|posts?|lehrbuch|manuel|libro|bibliothek|"
    r"datensatz|bibliothèque|jeu de données|biblioteca|conjunto)\b",
    re.IGNORECASE,
)


def _own_part(text: str, mention: Mention, things: Sequence[Mention]) -> bool:
    """Whether a licence is that of something without a name of its own: `a public data set whose README says ODbL`."""
    start, before = starts(text, mention.start)
    named = [m.end for m in things if start <= m.start < mention.start]
    if not named:
        return bool(_PART.search(text[before : mention.start]))
    item = _NEXT_ITEM.search(text, max(named), mention.start)
    return item is not None and bool(_PART.search(text[item.end() : mention.start]))


_NEXT_ITEM = re.compile(r"[,;]\s|\b(?:and|plus|und|et|y)\b")
"""Behind it a list goes on with another thing: `a Stack Exchange answer, a passage from a textbook under CC BY-NC`."""


def _tells_of(text: str, mention: Mention, things: Sequence[Mention]) -> bool:
    """Whether a licence only tells what a name right before it is under: `Mistral 7B (Apache-2.0)`."""
    return any(0 <= mention.start - t.end <= _CLOSE and "(" in text[t.end : mention.start] for t in things)


_CLOSE = 6
"""Characters between a name and a licence in brackets behind it."""

_NO_LICENSE = re.compile(
    r"\b(?:(?:no|without(?: any| a)?|lacks? (?:a|any)|missing(?: a)?|not a single|zero|keine?|ohne|sans|sin|"
    r"aucune|ninguna)"
    r"\s+(?:\w+\s+)?(?:licen[cs]e|lizenz|licencia)s?\b(?!\s*(?:key|fee|cost|server|tag says))|"
    r"unlicen[cs]ed\b(?! practice)|"
    r"neither (?:a |any )?licen[cs]e\b[^.!?]{0,40}\bnor\b|"
    r"\bno (?:licen[cs]e[ -])?(?:tag|file)s? (?:and|or|nor) (?:no )?licen[cs]e|"
    r"licen[cs]e (?:field |section |file )?(?:is |was )?(?:empty|blank|missing)|nobody (?:ever )?(?:added|"
    r"gave it) a licen[cs]e)",
    re.IGNORECASE,
)
_ARTEFACT = re.compile(
    r"\b(?:lora|adapters?|checkpoints?|merge|fine-?tunes?|gguf|data ?sets?|corpus|repo(?:sitory)?|weights|models?|"
    r"vae|upload|"
    r"file|safetensors|zip|torrent|modell|modèle|modelo|datensatz)\b",
    re.IGNORECASE,
)


_MADE_OF_IT = re.compile(
    r"[\s-](?:\w+ )?(?:lora|adapter|merge|fine-?tune|finetune|quant|gguf|derivative)s?\b",
    re.IGNORECASE,
)


def _unlicensed(text: str, subjects: Sequence[Mention]) -> str | None:
    """Return what is said to have no licence: something in the same sentence, or in the one before, that is not one of
    the known names. Of a known name it is a mistake or a plan, not a fact."""
    for match in _NO_LICENSE.finditer(text):
        start, before = starts(text, match.start())
        known = [m for m in subjects if m.target and start <= m.start < match.start()]
        made_of_it = bool(known) and bool(_MADE_OF_IT.search(text[known[-1].start : known[-1].end + 16]))
        if known and not made_of_it and not _ARTEFACT.search(text[start : known[0].start]):
            continue  # `a LoRA on Llama 3` is another thing than Llama 3
        found = list(_ARTEFACT.finditer(text[start : stop(text, match.end())]))
        if not found and not any(m.target and before <= m.start < start for m in subjects):
            found = list(_ARTEFACT.finditer(text[before:start]))
        if found or not subjects:
            return found[-1].group() if found else "it"
    return None
