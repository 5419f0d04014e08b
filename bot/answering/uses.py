"""What a question says is done with its subjects: actions, commercial or not, field of use, topics. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.answering.numbers import facts
from bot.answering.rules import Truth
from bot.model import Use
from knowledge.catalog import Mention
from knowledge.lexicon import Phrase, lexicon
from knowledge.vocabulary import vocabulary

_OF_A_USER = frozenset({"inference", "internal_use", "host_api", "distribute_product"})
_OF_AGE = 18
"""Years."""


@dataclass(frozen=True, slots=True)
class Described:
    """A use as a text describes it."""

    use: Use = field(default_factory=Use)
    topics: Mapping[str, Truth] = field(default_factory=dict)
    asks: frozenset[str] = frozenset()
    is_licensing: bool = True
    """Whether anything in the text asks what may be done, or what a licence says."""


def describe(text: str, mentions: list[Mention]) -> Described:
    """Read the use out of a text; `mentions` are the names found in it."""
    topics = _topics(text, domain := _domain(text))
    actions = _actions(text)
    if "inference" in actions and _sells_outputs(text):
        topics.setdefault("outputs_only", Truth.TRUE)
    if topics.get("end_user_only") is Truth.TRUE and set(actions) <= _OF_A_USER:
        actions = ("inference", "internal_use")
    asks = frozenset(p.word for p in lexicon().find("asks", text))
    stated = facts(text)
    if (age := str(stated.get("users_age", "")).split("-")[-1]).isdigit() and int(age) < _OF_AGE:
        topics["minors"] = Truth.TRUE
    use = Use(actions, _commercial(text, actions), domain, stated)
    return Described(use, topics, asks, _is_licensing(text, actions, asks, mentions))


def _is_licensing(text: str, actions: tuple[str, ...], asks: frozenset[str], mentions: list[Mention]) -> bool:
    found = {p.word for p in lexicon().find("licensing", text)}
    if "strong" in found:
        return True
    if "technical" in found:
        return False
    return bool("weak" in found or asks or set(actions) - {"inference"} or mentions)


_OUTREACH = frozenset(
    {"distribute_product", "host_api", "redistribute_weights", "redistribute_data", "embed_on_device"}
)
_PUBLISHING = re.compile(
    r"\b(?:publish|releas|re-?licen[cs]|put|ship|distribut|go(?:es)? out|upload|slap|sell|add|offer|shar|give|"
    r"everything|veröffentlich|publi|diffus|difund)\w*",
    re.IGNORECASE,
)


_HANDED_OVER = re.compile(
    r"\b(?:ship\w*|devices?|on-?prem\w*|container|binary|binaries|install\w*|desktop|mobile|android|ios|firmware|appliance|download\w*|"
    r"box|embedded|offline|copies|hand over|deliver\w*|sdk|library|apk|plugin)\b",
    re.IGNORECASE,
)
"""Without one of these a service stays a service: nobody gets a copy."""
_WITH_OUTPUTS = re.compile(
    r"\b(?:outputs?|generations|completions)\b[^?!]{0,60}\b(?:train|fine-?tun|sft|distil|"
    r"tun)\w*[^?!]{0,40}\b(?:with|on|from) (?:them|these|those|it)\b",
    re.IGNORECASE,
)
_DUTY = re.compile(
    r"\b(?:(?:do|does|would|will|did|so)\b[^.?!]{0,70}?\b(?:have|need|has) to\b|must (?:we|i|it|they|our|the|this|"
    r"everything)\b|"
    r"(?:are|is|am)\b[^.?!]{0,50}?\b(?:required|obliged|forced|bound) to\b|(?:are|is|am) (?:we|i|you|"
    r"they) supposed to\b|"
    r"(?:oblig|forc|requir|mak|compel)\w+ (?:us|me|you|anyone|people)(?: to)?\b|(?:müssen|muss) (?:wir|ich|man|"
    r"das|die|der|unser\w*)\b|"
    r"doit-on|devons-nous|dois-je|faut-il|(?:tenemos|tengo|hay) que|debemos)"
    r"[^.?!]*?(?=\b(?:when|if|once|before|after|wenn|sobald|si|quand|cuando)\b|[.?!,;]|$)",
    re.IGNORECASE,
)
"""What a question asks whether it is a duty is not what the asker plans: `must we publish the weights?`"""


def _planned(text: str) -> str:
    """Return the text with the duties that it asks about blanked out, offsets kept."""
    if "?" not in text:
        return text
    return _DUTY.sub(lambda m: " " * len(m.group()), text)


def _actions(text: str) -> tuple[str, ...]:
    plan = _planned(text)
    apart = tuple(lexicon().find("apart", plan))
    phrases = [p for p in lexicon().find("actions", plan) if not _is_denied(p, plan) and not _is_apart(p, apart)]
    found = {p.word for p in phrases}
    if "relicense" in found and not _PUBLISHING.search(text):
        found.discard("relicense")
    outside = [p for p in phrases if p.word in _OUTREACH]
    if "internal_use" in found and outside:
        # Nobody means both: what reaches outsiders is not internal, and a tool of our own staff no product.
        found -= _OUTREACH if _stays_inside(phrases, outside) else {"internal_use"}
    if all(p.weak and p.word == "embed_on_device" for p in outside):
        found.discard("embed_on_device")  # `run locally` alone is no product
    if _only_outputs(outside, apart):
        found -= _OUTREACH
        found.add("inference")
    if "host_api" in found and not _HANDED_OVER.search(plan):
        found.discard("distribute_product")
    if "redistribute_data" in found and not any(p.word == "distribute_product" and not p.weak for p in phrases):
        found.discard("distribute_product")
    if "fine_tune" in found and _WITH_OUTPUTS.search(plan):
        found.add("train_on_outputs")
    if {"fine_tune", "train_on_outputs"} <= found and not _tunes_a_named(plan, phrases):
        found.discard("fine_tune")
    if "publish_research" in found and "redistribute_weights" in found and not _weights_named(text):
        found.discard("redistribute_weights")
    if len(found) > 1:
        found.discard("look_up")
    if found - {"inference", "internal_use", "look_up"}:
        found.discard("inference")
    return tuple(a for a in vocabulary().actions if a in found)


def _is_denied(phrase: Phrase, plan: str) -> bool:
    """Whether an act is denied before it is named, or between what is given on and how: `weights are not shared`."""
    handed_on = phrase.word in {"redistribute_weights", "redistribute_data"}
    return phrase.negated or (handed_on and lexicon().denies(plan[phrase.start : phrase.end]))


_REACHING = _OUTREACH - {"redistribute_data"}


def _sells_outputs(text: str) -> bool:
    return any(p.word == "outputs" and not p.negated for p in lexicon().find("apart", text))


def _is_apart(phrase: Phrase, apart: Sequence[Phrase]) -> bool:
    """Whether a hint of reach is said of something else than the work: `customer data`, `posters we sell`."""
    return phrase.word in _REACHING and any(a.start < phrase.end and phrase.start < a.end for a in apart)


def _only_outputs(outside: Sequence[Phrase], apart: Sequence[Phrase]) -> bool:
    """Whether what it made reaches others and nothing says plainly that more does."""
    made = _places([a for a in apart if a.word == "outputs" and not a.negated])
    return bool(made) and not any(not p.weak for p in outside) and _places(outside) <= made


def _tunes_a_named(plan: str, phrases: Sequence[Phrase]) -> bool:
    """Whether a model that has a name is tuned: one of our own, made with outputs, is no tune of what wrote them."""
    tuned = [p for p in phrases if p.word == "fine_tune"]
    return any(_NAMED_AFTER.match(plan, p.end) or _NAMED_BEFORE.search(plan[: p.start][-40:]) for p in tuned)


_MODEL_NAME = r"(?:[a-z][\w./-]*[a-z]-?\d[\w.-]*|[a-z]{4,} v?\d+(?:\.\d+)?b?(?: \d+b)?)(?!\w)"
_NAMED_AFTER = re.compile(
    rf"\W{{1,3}}(?:(?:an?|the|our|der|das|ein|le|un|el|in-?house|inhouse|same|new|base|data|set|for|für|pour|para) )*"
    rf"[`*]?{_MODEL_NAME}",
    re.IGNORECASE,
)
_NAMED_BEFORE = re.compile(
    rf"{_MODEL_NAME}[`*]?(?: (?:is|was|were|then|gets?|on top|instruction|wird|wurde|est|se))*\W$", re.IGNORECASE
)


def _stays_inside(phrases: Sequence[Phrase], outside: Sequence[Phrase]) -> bool:
    """Whether nobody outside gets at it: what is said plainly counts before hints, and more hints before fewer."""
    inside = [p for p in phrases if p.word == "internal_use"]
    plain = {p.word for p in outside if not p.weak}
    if plain <= {"embed_on_device"} and any(p.whole for p in inside):
        return True  # a machine of our own may hold it
    if plain:
        return False
    return any(not p.weak for p in inside) or _places(inside) > _places(outside)


def _places(phrases: Sequence[Phrase]) -> int:
    """Count the places that phrases match at; those that overlap count once."""
    count, reached = 0, -1
    for phrase in sorted(phrases, key=lambda p: p.start):
        count += phrase.start >= reached
        reached = max(reached, phrase.end)
    return count


def _weights_named(text: str) -> bool:
    return bool(
        re.search(r"\b(?:weights|checkpoint|adapter|lora|finetune|fine-tune|model|gguf)\b", text, re.IGNORECASE)
    )


def _domain(text: str) -> str | None:
    counts: dict[str, int] = {}
    for phrase in lexicon().find("domains", text):
        counts[phrase.word] = counts.get(phrase.word, 0) + 1
    if not counts:
        return None
    order = list(vocabulary().domains)
    # A field that licences restrict weighs a little more than one that they do not.
    weight = {d: n + bool(vocabulary().domains.get(d)) for d, n in counts.items()}
    return min(counts, key=lambda d: (-weight[d], order.index(d) if d in order else 99))


def _topics(text: str, domain: str | None) -> dict[str, Truth]:
    found: dict[str, Truth] = {}
    for phrase in lexicon().find("topics", text):
        truth = Truth.FALSE if phrase.negated and phrase.word not in _NEGATION_INSIDE else Truth.TRUE
        found[phrase.word] = max(truth, found.get(phrase.word, Truth.FALSE))
    for topic in vocabulary().domains.get(domain or "", ()):
        found.setdefault(topic, Truth.OPEN)
    if "human_review" not in found:
        found["human_review"] = Truth.FALSE if found.get("automated_decision") is Truth.TRUE else Truth.OPEN
    elif found["human_review"] is Truth.TRUE:
        found.update({t: Truth.FALSE for t in ("automated_decision", "unlicensed_practice", "substitute_professional")
                      if found.get(t) is not Truth.TRUE})  # fmt: skip
    for modifier in ("background_use", "consents"):
        found.setdefault(modifier, Truth.OPEN)
    if _AGAINST.search(text):
        found.update({t: Truth.OPEN for t in _HARMS if found.get(t) is Truth.TRUE})
    if found.get("public_output") is Truth.TRUE:
        found.setdefault("undisclosed_ai", Truth.OPEN)
    return found


_AGAINST = re.compile(
    r"\b(?:detect\w*|moderat\w*|prevent\w*|combat\w*|fight\w*|flag\w*|filter(?:s|ing)? out|classif(?:y|ier)\w*|"
    r"red[- ]team\w*|"
    r"recogni[sz]\w*|counter\w*|against|erkenn\w*|détect\w*)\b",
    re.IGNORECASE,
)
_HARMS = frozenset(
    {
        "disinformation",
        "hate",
        "self_harm",
        "violence",
        "malware",
        "spam",
        "fraud",
        "sexual_content",
        "child_harm",
        "drugs",
    }
)
"""Topics that a tool against them names without doing them: then it is asked which it is."""
_NEGATION_INSIDE = frozenset({"unlicensed_practice", "automated_decision", "undisclosed_ai", "unmodified"})
"""Topics whose phrases hold the negation themselves."""


def topics_given(use: Use, read: Mapping[str, Truth]) -> dict[str, Truth]:
    """A form's facts may name topics by themselves; its domain makes others likely."""
    found = dict(read)
    for topic in vocabulary().domains.get(use.domain or "", ()):
        found.setdefault(topic, Truth.OPEN)
    for name, value in use.facts.items():
        if name in vocabulary().topics and isinstance(value, bool):
            found[name] = Truth.TRUE if value else Truth.FALSE
    return found


def _commercial(text: str, actions: tuple[str, ...]) -> bool | None:
    """Whether the use is commercial: what more wordings say; `None` where nothing tells."""
    said: dict[str, set[str]] = {"yes": set(), "no": set()}
    for phrase in lexicon().find("commercial", text):
        wording = text[phrase.start : phrase.end].casefold()
        names_a_licence = "commerc" in wording or "kommerz" in wording
        if phrase.negated or (names_a_licence and _OF_THE_LICENSE.search(text)):
            continue
        said[phrase.word].add(wording)
    if not said["yes"] and not said["no"]:
        return None
    if len(said["yes"]) == len(said["no"]):
        if any(_FOR_NO_GAIN.search(wording) for wording in said["no"]):
            return False
        return not {"publish_research"} & set(actions)
    return len(said["yes"]) > len(said["no"])


_FOR_NO_GAIN = re.compile(
    r"non-?profit|not[- ]for[- ]profit|charit|volunteer|bénévol|ehrenamt|voluntari|gemeinnützig|verein|ngo|ong|club|"
    r"association|asociación|asso\b|no (?:revenue|income|money)|hobby|council|city|town hall|ayuntamiento|mairie|"
    r"rathaus|gemeinde|behörde|librar|biblio|museum|parish|church|school|schul|universit",
    re.IGNORECASE,
)
"""Who they are that use it: then words that companies use as well tell less."""
_OF_THE_LICENSE = re.compile(
    r"\b(?:is|licen[cs]e|license|text|rail|terms|so we|says?)\b[^.?!]{0,30}non-?commercial", re.IGNORECASE
)
"""`non-commercial` said of a licence tells nothing of the asker."""
