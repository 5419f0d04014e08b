"""Which part each named thing plays in a question: subject, student, licence of the result, label, mere comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.catalog import LICENSES, Mention, MentionKind


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


def roles(text: str, mentions: Sequence[Mention], actions: Sequence[str]) -> Roles:
    """Sort the names of a text by their part in it."""
    found = distinct(mentions)
    things = [m for m in found if m.kind not in LICENSES]
    licenses = [m for m in found if m.kind is MentionKind.LICENSE]
    result, own_terms = _result_license(text, licenses, actions)
    students = _students(text, things, actions)
    asides = _asides(text, [m for m in things if m not in students], all_of_them=bool(licenses))
    subjects = tuple(m for m in things if m not in students and m not in asides)
    stated = tuple(m for m in licenses if m is not result)
    labels = tuple(m for m in stated if _is_label(text, m))
    unclear = tuple(m for m in found if m.kind is MentionKind.AMBIGUOUS_LICENSE)
    if not subjects and not students:
        # A licence named without its version is asked back only where the question is about nothing else.
        subjects, stated, labels = stated or unclear, (), ()
    elif stated:
        subjects = _settled(subjects, stated)
        together = bool({"merge", "combine"} & set(actions))
        named = [m for m in stated if _is_named(text, m) and not _tells_of(text, m, things)]
        subjects += tuple(m for m in named if together or _own_part(text, m, things))
    behind = tuple(m for m in subjects if m.kind is MentionKind.DATASET and _is_behind(text, m, subjects))
    return Roles(subjects, students, result, own_terms, stated, unclear, labels, behind, _unlicensed(text, subjects))


def distinct(mentions: Iterable[Mention]) -> list[Mention]:
    """Keep each name once: no family beside a member of it, no ambiguous name beside one that settles it."""
    found = list(mentions)
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


def _same(one: Mention, other: Mention) -> bool:
    if one.target and one.target == other.target:
        return True
    return not one.target and one.shown.casefold() == other.shown.casefold()


def _settled(subjects: tuple[Mention, ...], stated: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """Where a name leaves open which model it is, the licence that the question states speaks for it."""
    unclear = [m for m in subjects if m.kind is MentionKind.AMBIGUOUS]
    if not unclear:
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
    r"\bas with|\bvs\.?|versus|\bwanted|\bconsidered|\blooked at|thought (?:about|of)|\bproposed|\bsuggested|ruled out|"
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
    r"\b(?:mit|apache\S*|open|free|same|exactly|much|terms|just|licen[cs]ed?|strict|restricted|nc)\b[^.!?,]{0,12}\b(?:like|as)"
    r"(?: with| in| for)?\s+$",
    re.IGNORECASE,
)
_ASIDE_AFTER = re.compile(
    r"^[^.!?,;]{0,20}\b(?:got|was|were|is|has been|had been)\s+(?:already )?(?:refused|rejected|denied|declined|"
    r"turned down|"
    r"ruled out|vetoed|abgelehnt|refusé|rechazad\w)",
    re.IGNORECASE,
)


def _asides(text: str, things: Sequence[Mention], *, all_of_them: bool) -> list[Mention]:
    """Return the names that are only compared with, or were given up; all of them only where a licence remains."""
    found = [
        m
        for m in things
        if _DENIED.search(text[max(0, m.start - 20) : m.start])
        or _ALIKE.search(text[max(0, m.start - 40) : m.start])
        or (_SWAPPED.search(text[max(0, m.start - 30) : m.start]) and _SWAPPED_FOR.match(text[m.end : m.end + 20]))
        or _ASIDE_BEFORE.search(text[max(0, m.start - 40) : m.start])
        or _ASIDE_AFTER.match(text[m.end : m.end + 60])
    ]
    return found if len(found) < len(things) or all_of_them else []


_PUBLISHING = re.compile(
    r"\b(?:publish|releas|re-?licen[cs]|put|ship|distribut|go(?:es)? out|upload|slap|sell|add|offer|shar|give|"
    r"everything|"
    r"veröffentlich|publier|publicar)\w*",
    re.IGNORECASE,
)
_UNDER = re.compile(r"\b(?:under|as|slap|unter|sous|bajo)\b[\w -]{0,16}$", re.IGNORECASE)
_RELICENSING = re.compile(
    r"\b(?:slap|re-?licen[cs](?:e|ing) (?:it |them |the \w+ )?(?:as|under|to))\s+(?:the |plain |just )*$", re.IGNORECASE
)


def _result_license(text: str, licenses: Sequence[Mention], actions: Sequence[str]) -> tuple[Mention | None, bool]:
    if "relicense" not in actions:
        return None, False
    for mention in licenses:
        before = text[max(0, mention.start - 60) : mention.start]
        after = re.split(r"[.!?;,]", text[mention.end : mention.end + 50])[0]
        published = _PUBLISHING.search(before) or _PUBLISHING.search(after)  # German puts the verb last
        if (published and _UNDER.search(before)) or _RELICENSING.search(before):
            return mention, False
    return None, True


_LABEL = re.compile(
    r"\b(?:(?:model |data ?set )?card|tag(?:s|ged)?|label\w*|metadata|hub|readme|header|listed|marked|badge|lists|page|"
    r"declares?|licen[cs]e:|says|shows|modellkarte|fiche|ficha)\b",
    re.IGNORECASE,
)
_OF_CODE = re.compile(
    r"\b(?:code|source|scripts?|github|library|package|repo(?:sitory)?|wrapper|framework|runtime|server)\b",
    re.IGNORECASE,
)


def _is_label(text: str, mention: Mention) -> bool:
    """Whether a licence's name is what a card or a tag says, not what the asker knows or what the code is under."""
    before = re.split(r"[.!?;\n]", text[max(0, mention.start - 80) : mention.start])[-1]
    after = re.split(r"[.!?;\n]", text[mention.end : mention.end + 50])[0]
    if _OF_CODE.search(before[-40:]) and not re.search(r"\bcard\b", before, re.IGNORECASE):
        return False
    return bool(_LABEL.search(before) or re.match(r"\W{0,3}\s*(?:tag|label|badge|on the (?:card|hub|page))", after))


_TRAINED_ON = re.compile(
    r"(?:(?:is|are|was|were|been|it'?s|got)\s+(?:\w+\s+)?(?:pre-?)?trained|pre-?trained|whose training data|"
    r"trained by \w+)"
    r"\s+(?:mostly |only |purely )?(?:on|with|is|from)\s+(?:the |data from )?$",
    re.IGNORECASE,
)


def _is_behind(text: str, mention: Mention, subjects: Sequence[Mention]) -> bool:
    """Whether a data set is only what a named model learned from: `ResNet-50 is pre-trained on ImageNet`."""
    models = [m for m in subjects if m.kind is MentionKind.MODEL and m.start < mention.start]
    return bool(models) and bool(_TRAINED_ON.search(text[max(0, mention.start - 60) : mention.start]))


def _is_named(text: str, mention: Mention) -> bool:
    """Whether a licence is named as one, not by a word that means other things, too (`python`, `vim`)."""
    shown = text[mention.start : mention.end]
    return any(c.isdigit() or c.isupper() or c == "-" for c in shown) or "licen" in text[mention.end : mention.end + 9]


_PART = re.compile(
    r"\b(?:data ?sets?|corpus|corpora|data|images?|photos?|captions?|recordings?|texts?|library|libraries|package|"
    r"component|"
    r"plugin|fonts?|wrapper|engine|sdk|tool|module|annotations?|table|database|paragraphs|articles|bibliothek|"
    r"datensatz|bibliothèque|jeu de données|biblioteca|conjunto)\b",
    re.IGNORECASE,
)


def _own_part(text: str, mention: Mention, things: Sequence[Mention]) -> bool:
    """Whether a licence is that of something without a name of its own: `a public data set whose README says ODbL`."""
    ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, mention.start)]
    start, before = (ends or [0])[-1], (ends[-2] if len(ends) > 1 else 0)
    if any(start <= m.start < mention.start for m in things):
        return False
    return bool(_PART.search(text[before : mention.start]))


def _tells_of(text: str, mention: Mention, things: Sequence[Mention]) -> bool:
    """Whether a licence only tells what a name right before it is under: `Mistral 7B (Apache-2.0)`."""
    return any(0 <= mention.start - t.end <= _CLOSE and "(" in text[t.end : mention.start] for t in things)


_CLOSE = 6
"""Characters between a name and a licence in brackets behind it."""

_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")
_NO_LICENSE = re.compile(
    r"\b(?:(?:no|without(?: any| a)?|lacks? (?:a|any)|missing(?: a)?|not a single|zero|keine?|ohne|sans|sin|"
    r"aucune|ninguna)"
    r"\s+(?:\w+\s+)?(?:licen[cs]e|lizenz|licencia)s?\b(?!\s*(?:key|fee|cost|server|tag says))|"
    r"unlicen[cs]ed\b(?! practice)|"
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


def _unlicensed(text: str, subjects: Sequence[Mention]) -> str | None:
    """Return what is said to have no licence: something in the same sentence, or in the one before, that is not one of
    the known names. Of a known name it is a mistake or a plan, not a fact."""
    for match in _NO_LICENSE.finditer(text):
        ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, match.start())]
        start, before = (ends or [0])[-1], (ends[-2] if len(ends) > 1 else 0)
        stop = _SENTENCE_END.search(text, match.end())
        known = [m for m in subjects if m.target and start <= m.start < match.start()]
        if known and not _ARTEFACT.search(text[start : known[0].start]):
            continue  # `a LoRA on Llama 3` is another thing than Llama 3
        found = list(_ARTEFACT.finditer(text[start : stop.start() if stop else len(text)]))
        if not found and not any(m.target and before <= m.start < start for m in subjects):
            found = list(_ARTEFACT.finditer(text[before:start]))
        if found or not subjects:
            return found[-1].group() if found else "it"
    return None
