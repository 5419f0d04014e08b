"""Understands a question: which subjects it names in which role, what use it describes, what it asks about. Pure but
for the catalogue of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.answering.numbers import facts
from bot.answering.rules import Truth
from bot.model import Named, Question, Use
from knowledge.catalog import LICENSES, Catalog, Mention, MentionKind
from knowledge.lexicon import Phrase, lexicon
from knowledge.vocabulary import vocabulary

LONGEST_QUESTION = 20_000
"""Characters that are read; a longer text is not a question."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question comes down to."""

    subjects: tuple[Mention, ...]
    """What the use is about, in order of mention."""
    students: tuple[Mention, ...] = ()
    """Models that outputs of the subjects train, or that they are merged into."""
    result_license: Mention | None = None
    """Licence that the asker wants to put on the result."""
    own_terms: bool = False
    """The asker wants to put terms of their own on the result."""
    declared: tuple[Mention, ...] = ()
    """Licences that the question says a card or somebody names."""
    use: Use = field(default_factory=Use)
    topics: Mapping[str, Truth] = field(default_factory=dict)
    asks: frozenset[str] = frozenset()
    is_licensing: bool = True
    """Whether anything in the text asks what may be done, or what a licence says."""


def understand(question: Question, catalog: Catalog) -> Reading:
    """Read a question together with what its thread said before."""
    text = _clean(question.text)
    reading = _read(text, catalog)
    for earlier in reversed(question.context):
        reading = _carry_over(_read(_clean(earlier), catalog), reading)
    if question.subjects is not None:
        named = _named(question.subjects, catalog)
        # Names that lead nowhere are no reason to overlook what the question itself names.
        if any(m.target for m in named) or not reading.subjects:
            reading = replace(reading, subjects=named, students=())
    if question.use is not None:
        reading = replace(reading, use=question.use, topics=_topics_given(question.use, reading.topics))
    return reading


_PERMISSION = re.compile(
    r"\b(?:can|may|could|are|is|am) (?:we|i|you|they|it|that|this|our|my|the)\b|\b(?:allow|permit|ok\b|okay|fine\b|legal|licen[cs]|lizenz|"
    r"licencia|terms|clause|prohibit|forbid|forbidden|restrict|comply|complian|dürfen|darf|erlaubt|peut-on|pouvons|puis-je|"
    r"podemos|puedo|se puede|require|oblig|owe\b|must we|do we (?:need|have)|green light|any (?:problem|issue)|"
    r"good to go|what do we|wollen wir|clean\b|safe to)",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(
    r"\b(?:how many|how much|how (?:do|can|to)|why (?:does|is)|which gpu|h100s?|a100s?|gpus?|vram|tokens? per|rps|latency|throughput|"
    r"context (?:length|window)|batch size|learning rate|out of memory|oom|stack ?trace|error|install|benchmark scores?|"
    r"faster|accuracy|prompt|hyperparameters?)\b",
    re.IGNORECASE,
)


def _is_licensing(text: str, actions: tuple[str, ...], asks: frozenset[str], mentions: list[Mention]) -> bool:
    if _TECHNICAL.search(text) and not re.search(r"licen[cs]|terms|clause|allow|permit|lizenz", text, re.IGNORECASE):
        return bool(re.search(r"\b(?:may|can) (?:we|i)\b", text, re.IGNORECASE))
    return bool(asks or _PERMISSION.search(text) or set(actions) - {"inference"} or mentions)


_SLACK_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")
_SLACK_MENTION = re.compile(r"<[@#!][^>]*>")


def _clean(text: str) -> str:
    """Take Slack's markup off; what remains is only ever read, never followed."""
    text = _SLACK_LINK.sub(lambda m: f"{m[2] or ''} {m[1]}" if "huggingface.co/" in m[1] else m[2] or m[1], text)
    text = _SLACK_MENTION.sub(" ", text)
    text = re.sub(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?:datasets/)?([\w.-]+/[\w.-]+)\S*", r"\1", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return text[:LONGEST_QUESTION].strip()


def _read(text: str, catalog: Catalog) -> Reading:
    mentions = _distinct(catalog.find(text))
    topics = _topics(text, domain := _domain(text))
    actions = _actions(text)
    if topics.get("end_user_only") is Truth.TRUE:
        actions = ("inference", "internal_use")
    stated = facts(text)
    models = [m for m in mentions if m.kind not in LICENSES]
    licenses = [m for m in mentions if m.kind is MentionKind.LICENSE]
    result, own_terms = _result_license(text, licenses, actions)
    students = _students(text, models, actions)
    subjects = tuple(m for m in models if m not in students)
    asks = frozenset(p.word for p in lexicon().find("asks", text))
    declared: tuple[Mention, ...] = tuple(m for m in licenses if m is not result)
    if not models:
        # A licence named without its version is asked back only where the question is about nothing else.
        subjects = declared or tuple(m for m in mentions if m.kind is MentionKind.AMBIGUOUS_LICENSE and m is not result)
        declared = ()
    return Reading(
        subjects=subjects,
        students=students,
        result_license=result,
        own_terms=own_terms,
        declared=declared,
        use=Use(actions, _commercial(text, actions), domain, stated),
        topics=topics,
        asks=asks,
        is_licensing=_is_licensing(text, actions, asks, mentions),
    )


def _distinct(mentions: Iterable[Mention]) -> list[Mention]:
    """Keep each subject once: no family beside a member of it, no ambiguous name beside one that settles it."""
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


_WEAK_OUTREACH = re.compile(
    r"^(?:apps?|(?:chat)?bot|assistant|our (?:chat ?bot|assistant|platform|website|site|game|tool|service)|helper|"
    r"checker|companion|products?|plugin|extension|web ?(?:app|site|service)|portal|go(?:es)? live|in prod(?:uction)?|"
    r"host\w*.*|apis?|endpoint|hosted|.*assistant|produkt\w*|live|clients?|end users?)$",
    re.IGNORECASE,
)
_STRONGLY_INTERNAL = re.compile(
    r"\b(?:only (?:our|for (?:our )?(?:staff|employees|internal))|only [\w ]{0,12}(?:staff|employees|team|people|doctors|engineers|designers)\b|internal(?:ly)? only|internal use|staff only|"
    r"never leaves?|nothing leaves|no (?:external|outside) users|employees only|purely internal|in-?house|internal\b|"
    r"stays? (?:private|internal|inside)|we just log in|intern\b|en interne|internamente|on our own servers?|own (?:\w+ )?(?:staff|employees|agents|team))",
    re.IGNORECASE,
)
_OUTREACH = ("distribute_product", "host_api", "redistribute_weights", "embed_on_device")
_PUBLISHING = re.compile(
    r"\b(?:publish|releas|re-?licen[cs]|put|ship|distribut|go(?:es)? out|upload|slap|sell|add|offer|shar|give|everything)\w*",
    re.IGNORECASE,
)


_HANDED_OVER = re.compile(
    r"\b(?:ship\w*|devices?|on-?prem\w*|container|binary|binaries|install\w*|desktop|mobile|android|ios|firmware|appliance|download\w*|"
    r"box|embedded|offline|copies|hand over|deliver\w*|sdk|library|apk|plugin)\b",
    re.IGNORECASE,
)
"""Without one of these a service stays a service: nobody gets a copy."""
_WITH_OUTPUTS = re.compile(
    r"\b(?:outputs?|generations|completions)\b[^?!]{0,60}\b(?:train|fine-?tun|sft|distil|tun)\w*[^?!]{0,40}\b(?:with|on|from) (?:them|these|those|it)\b",
    re.IGNORECASE,
)
_AS_DUTY = re.compile(
    r"\b(?:have to|has to|must (?:we|i|it|they)?|forc\w+ (?:us|me|you|them|anyone) to|need to|needs to|oblig\w+ (?:us |you )?to|requir\w+ (?:us |you )?to|"
    r"make us|müssen wir|doit-on|tenemos que)\s*(?:then |also |even )?$",
    re.IGNORECASE,
)
"""What a question asks whether it is a duty is not what the asker plans: `must we publish the weights?`"""


def _actions(text: str) -> tuple[str, ...]:
    phrases = list(lexicon().find("actions", text))
    stated = [p for p in phrases if not p.negated and not _AS_DUTY.search(text[max(0, p.start - 30) : p.start])]
    found = {p.word for p in stated}
    if "relicense" in found and not _PUBLISHING.search(text):
        found.discard("relicense")
    if "internal_use" in found and _STRONGLY_INTERNAL.search(text):
        strong = {p.word for p in stated if p.word in _OUTREACH and not _weak(text, p)}
        found -= set(_OUTREACH) - strong
    elif "internal_use" in found and found & set(_OUTREACH):
        found.discard("internal_use")
    if "host_api" in found and not _HANDED_OVER.search(text):
        found.discard("distribute_product")
    if "fine_tune" in found and _WITH_OUTPUTS.search(text):
        found.add("train_on_outputs")
    if "train_on_outputs" in found and not re.search(
        r"\b(?:output|synthetic|generat|teacher|respons|complet|answer|train|tun|sft|distil)", text, re.IGNORECASE
    ):
        found.discard("train_on_outputs")
    if "publish_research" in found and "redistribute_weights" in found and not _weights_named(text):
        found.discard("redistribute_weights")
    if len(found) > 1:
        found.discard("look_up")
    if len(found - {"inference"}) >= 1 and found - {"inference", "internal_use", "look_up"}:
        found.discard("inference")
    return tuple(a for a in vocabulary().actions if a in found)


def _weak(text: str, phrase: Phrase) -> bool:
    return bool(_WEAK_OUTREACH.match(text[phrase.start : phrase.end]))


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
    sensitive = [d for d in counts if vocabulary().domains.get(d)]
    return min(sensitive or counts, key=lambda d: (-counts[d], order.index(d) if d in order else 99))


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
    r"\b(?:detect\w*|moderat\w*|prevent\w*|combat\w*|fight\w*|flag\w*|filter(?:s|ing)? out|classif(?:y|ier)\w*|red[- ]team\w*|"
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
_NEGATION_INSIDE = frozenset({"unlicensed_practice", "automated_decision", "undisclosed_ai"})
"""Topics whose phrases hold the negation themselves."""


def _topics_given(use: Use, read: Mapping[str, Truth]) -> dict[str, Truth]:
    """A form's facts may name topics by themselves; its domain makes others likely."""
    found = dict(read)
    for topic in vocabulary().domains.get(use.domain or "", ()):
        found.setdefault(topic, Truth.OPEN)
    for name, value in use.facts.items():
        if name in vocabulary().topics and isinstance(value, bool):
            found[name] = Truth.TRUE if value else Truth.FALSE
    return found


def _commercial(text: str, actions: tuple[str, ...]) -> bool | None:
    phrases = list(lexicon().find("commercial", text))
    against = [p for p in phrases if p.word == "no" and not p.negated]
    if any(
        "commerc" in text[p.start : p.end].casefold() or "kommerz" in text[p.start : p.end].casefold() for p in against
    ):
        asked = re.search(
            r"\b(?:is|licen[cs]e|license|text|rail|terms|so we|says?)\b[^.?!]{0,30}non-?commercial", text, re.IGNORECASE
        )
        if not asked:
            return False
        against = []
    if any(p.word == "yes" and not p.negated for p in phrases):
        return not against or not {"publish_research"} & set(actions)
    return False if against else None


def _result_license(text: str, licenses: list[Mention], actions: tuple[str, ...]) -> tuple[Mention | None, bool]:
    if "relicense" not in actions:
        return None, False
    for mention in licenses:
        before = text[max(0, mention.start - 60) : mention.start]
        if _PUBLISHING.search(before) and re.search(r"\b(?:under|as|slap|unter|sous|bajo)\b[\w ]{0,14}$", before):
            return mention, False
        if re.search(
            r"\b(?:slap|relicen[cs]e (?:it |them )?(?:as|under|to))\s+(?:the |plain |just )*$", before, re.IGNORECASE
        ):
            return mention, False
    return None, True


_AS_STUDENT = re.compile(r"(?:train|fine-?tun|sft|tun|improv|teach|into|for tuning|student|bootstrap)\w*\s+(?:(?:a|an|our|the|in-?house|own|another|it)\s+){0,3}$", re.IGNORECASE)  # fmt: skip


def _students(text: str, models: list[Mention], actions: tuple[str, ...]) -> tuple[Mention, ...]:
    if len(models) < 2 or not {"train_on_outputs", "distill", "merge"} & set(actions):
        return ()
    found = tuple(m for m in models if _AS_STUDENT.search(text[max(0, m.start - 40) : m.start]))
    return found if len(found) < len(models) else ()


def _named(subjects: tuple[Named, ...], catalog: Catalog) -> tuple[Mention, ...]:
    found: list[Mention] = []
    for subject in subjects:
        mention = catalog.lookup(subject.name, subject.kind)
        inside = [mention] if mention else _distinct(m for m in catalog.find(subject.name) if m.target)
        found += inside or [Mention(MentionKind.UNKNOWN, subject.name, 0, len(subject.name))]
    return tuple(found)


def _carry_over(earlier: Reading, later: Reading) -> Reading:
    """Fill what a follow-up leaves out from what was asked before."""
    use = Use(
        actions=later.use.actions if later.use.actions not in ((), ("look_up",)) else earlier.use.actions,
        commercial=later.use.commercial if later.use.commercial is not None else earlier.use.commercial,
        domain=later.use.domain or earlier.use.domain,
        facts={**earlier.use.facts, **later.use.facts},
    )
    known = [m for m in later.subjects if m.kind is not MentionKind.UNKNOWN]
    topics: dict[str, Any] = {**earlier.topics, **{t: v for t, v in later.topics.items() if v is not Truth.OPEN}}
    return replace(
        later,
        subjects=later.subjects if known else earlier.subjects or later.subjects,
        students=later.students or earlier.students,
        declared=later.declared or earlier.declared,
        result_license=later.result_license or earlier.result_license,
        use=use,
        topics=topics,
        asks=later.asks or earlier.asks,
    )
