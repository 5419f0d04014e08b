"""Understands a question: which subjects it names in which role, what use it describes, what it asks about. Pure but
for the catalogue of names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.answering.roles import Roles, distinct, roles
from bot.answering.rules import Truth
from bot.answering.uses import describe, topics_given
from bot.model import Named, Question, Use
from knowledge.catalog import Catalog, Mention, MentionKind
from knowledge.vocabulary import vocabulary

LONGEST_QUESTION = 20_000
"""Characters that are read; a longer text is not a question."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question comes down to."""

    roles: Roles
    use: Use = field(default_factory=Use)
    topics: Mapping[str, Truth] = field(default_factory=dict)
    asks: frozenset[str] = frozenset()
    is_licensing: bool = True
    """Whether anything in the text asks what may be done, or what a licence says."""
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Actions by subject (registry or licence id), where the text tells of each by itself."""

    @property
    def subjects(self) -> tuple[Mention, ...]:
        """What the use is about, in order of mention."""
        return self.roles.subjects

    @property
    def students(self) -> tuple[Mention, ...]:
        """Models that outputs of the subjects train."""
        return self.roles.students


def understand(question: Question, catalog: Catalog) -> Reading:
    """Read a question together with what its thread said before."""
    text = _clean(question.text)
    reading = _read(text, catalog)
    for earlier in reversed(question.context):
        before = _read(_clean(earlier), catalog)
        reading = _carry_over(before, _of_another_version(text, reading, before, catalog))
    if question.subjects is not None:
        named = _named(question.subjects, catalog)
        # Names that lead nowhere are no reason to overlook what the question itself names.
        if any(m.target for m in named) or not reading.subjects:
            reading = replace(reading, roles=replace(reading.roles, subjects=named, students=()))
    if question.use is not None:
        reading = replace(reading, use=question.use, topics=topics_given(question.use, reading.topics))
    return reading


_VERSION = re.compile(r"(?<![\w.$€£])v?(\d+(?:\.\d+)+|\d+(?:\.\d+)?\s?[bB])(?![\w%])")


def _of_another_version(text: str, reading: Reading, before: Reading, catalog: Catalog) -> Reading:
    """Understand `and v1.3 of it?`: a version alone means what was talked about before, in that version."""
    version = _VERSION.search(text)
    if version is None or any(m.target for m in reading.subjects) or len(before.subjects) != 1:
        return reading
    known = before.subjects[0]
    words = [w for w in re.split(r"[\s/_]+|-(?=v?\d)", known.shown) if w]
    for length in range(len(words), 0, -1):
        for name in (f"{' '.join(words[:length])} v{version[1]}", f"{' '.join(words[:length])} {version[1]}"):
            mention = catalog.lookup(name)
            if mention and mention.target and mention.target != known.target and not mention.misspelt:
                return replace(reading, roles=replace(reading.roles, subjects=(mention,)))
    return reading


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
    mentions = catalog.find(text)
    described = describe(text, distinct(mentions))
    found = roles(text, mentions, described.use.actions)
    use = _relicensing(described.use, found)
    alone = len(found.subjects) < 2 or bool(found.students or found.behind)
    apart = {} if alone else _apart(text, found.subjects)
    return Reading(found, use, described.topics, described.asks, described.is_licensing, apart)


def _relicensing(use: Use, found: Roles) -> Use:
    """Return the use as far as the licences bear it out: a licence for the result makes it relicensing, and one that
    something is stated to be under makes it none."""
    wanted = bool(found.result_license or found.own_terms)
    if wanted == ("relicense" in use.actions) or found.licensor:
        return use
    named = {*use.actions, "relicense"} if wanted else {*use.actions} - {"relicense"}
    return replace(use, actions=tuple(a for a in vocabulary().actions if a in named))


_JOINTLY = re.compile(
    r"\b(?:link(?:s|ed|ing)? (?:\w+ ){0,3}?(?:an?|the|in|with|into|against)|statically|dynamically|both|all (?:of them|three|four|of these)|either|together|combin\w*|merg\w*|each of|and then (?:merge|"
    r"mix|combin|train|distil)\w*|into one|mix\w*|"
    r"beide\w*|zusammen|les deux|ensemble|ambos|juntos)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def _apart(text: str, subjects: Sequence[Mention]) -> dict[str, tuple[str, ...]]:
    """Return what is done with each of several subjects, where every one has sentences and actions of its own."""
    if _JOINTLY.search(text) or any(not m.target for m in subjects):
        return {}
    scopes: dict[str, str] = {}
    labels: dict[str, str] = {}
    at = 0
    speaking: list[str] = []
    for sentence in _SENTENCE.split(text):
        start = text.index(sentence, at)
        at = start + len(sentence)
        named = [m.target for m in subjects if start <= m.start < at]
        if len(named) > 1:
            return {}
        if named:
            labels |= {_label(m): named[0] for m in _LABELLED.finditer(sentence)}
        speaking = named or _pointed_at(sentence, labels, subjects) or speaking
        for target in speaking:
            scopes[target] = f"{scopes.get(target, '')} {sentence}"
    found = {target: describe(scope, []).use.actions for target, scope in scopes.items()}
    told = all(set(found.get(m.target, ())) - {"look_up", "inference"} for m in subjects)
    return found if told and len(set(found.values())) > 1 else {}


_LABELLED = re.compile(
    r"\b(?P<what>team|product|project|app|unit|group|case|department|squad|plan|option|tool|site|customer|"
    r"client|company|"
    r"projekt|produkt|abteilung|gruppe|fall|équipe|produit|projet|cas|equipo|producto|proyecto|caso)\s+"
    r"(?P<name>[A-Z]\b|\d\b|(?:one|two|alpha|beta|red|blue|eins|zwei|un|deux|uno|dos)\b)",
    re.IGNORECASE,
)
_FORMER = re.compile(
    r"\b(?:the former|the first (?:one|model|app|case|product|team|project)|ersterer?s?|das erste (?:modell|projekt)|"
    r"le premier|la première|el primero|la primera)\b",
    re.IGNORECASE,
)
_LATTER = re.compile(
    r"\b(?:the latter|the (?:second|other|last) (?:one|model|app|case|product|team|project)|letzterer?s?|das "
    r"(?:zweite|andere)"
    r"(?: modell| projekt)?|le second|la seconde|l['’]autre|el segundo|la segunda|el otro)\b",
    re.IGNORECASE,
)


def _label(found: re.Match[str]) -> str:
    return f"{found['what']} {found['name']}".casefold()


def _pointed_at(sentence: str, labels: Mapping[str, str], subjects: Sequence[Mention]) -> list[str]:
    """Return the subject that a sentence without its name points back at: `team A`, `the first one`."""
    told = [labels[name] for m in _LABELLED.finditer(sentence) if (name := _label(m)) in labels]
    if _FORMER.search(sentence):
        told.append(subjects[0].target)
    if _LATTER.search(sentence):
        told.append(subjects[-1].target)
    return list(dict.fromkeys(told))


def _named(subjects: tuple[Named, ...], catalog: Catalog) -> tuple[Mention, ...]:
    found: list[Mention] = []
    for subject in subjects:
        mention = catalog.lookup(subject.name, subject.kind)
        inside = [mention] if mention else distinct(m for m in catalog.find(subject.name) if m.target)
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
    before, now = earlier.roles, later.roles
    learns = {"train_on_outputs", "distill"} & set(later.use.actions)
    if learns and known and before.subjects and not now.students and not {*before.subjects} & {*known}:
        # `can its answers train Mistral?`: what was talked about teaches, what is named now learns.
        now, known = replace(now, students=now.subjects, subjects=()), []
    topics: dict[str, Any] = {**earlier.topics, **{t: v for t, v in later.topics.items() if v is not Truth.OPEN}}
    return replace(
        later,
        roles=replace(
            now,
            subjects=now.subjects if known else before.subjects or now.subjects,
            students=now.students or before.students,
            stated=now.stated or before.stated,
            labels=now.labels or before.labels,
            result_license=now.result_license or before.result_license,
            unlicensed=now.unlicensed or before.unlicensed,
        ),
        use=use,
        topics=topics,
        asks=later.asks or earlier.asks,
        is_licensing=later.is_licensing or earlier.is_licensing,
    )
