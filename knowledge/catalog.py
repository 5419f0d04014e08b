"""Names to subjects: finds models, datasets and licences in a text, asks back where a name is ambiguous, and knows
the nearest names of one that it does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from rapidfuzz import fuzz, process

from knowledge.naming import Token, is_variant_word, normal, tokens
from knowledge.spelling import is_ordinary
from knowledge.store import KnowledgeStore, Name

_LONGEST_NAME = 10
"""Words; longer names are looked up whole, not found in running text."""
_HUB_ID = re.compile(r"(?<![\w/.:-])[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*[A-Za-z0-9](?![\w/])")
_HUB_ADDRESS = re.compile(
    r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?:datasets/)?(?=[^/]+/[^/]+/?$)", re.IGNORECASE
)
_NAME_LIKE = re.compile(r"(?<![\w/.-])[A-Za-z][A-Za-z0-9]{2,}(?:[-_.][A-Za-z0-9]+)*[-_]?v?\d[\w.-]*(?![\w/])")
_LICENSE_WORD = re.compile(r"\s*[-:]?\s*(?:licen[cs]e|lizenz|licencia|licen[cs]ed)", re.IGNORECASE)
_LICENSED_BEFORE = re.compile(
    r"(?:licen[cs]e:?|licen[cs]ed|lizenz|licencia|under|unter|sous|bajo|says|tagged|is)\s*[:=]?\s*(?:the\s+)?[\"'“`]?$",
    re.IGNORECASE,
)
_CONVERTERS = frozenset({"thebloke", "unsloth", "bartowski", "mlx-community", "ggml-org", "lmstudio-community", "maziyarpanahi", "quantfactory"})  # fmt: skip
"""Hub accounts that publish conversions of other people's models, as of 2026-11: the licence is the original's."""
_GENERIC = re.compile(r"^(?:unknown|other|proprietary|commercial|free|generic|public domain|no license|license|data|model|open source|open|community|research|mit|non commercial)\b(?: license| licence| files?)?$")  # fmt: skip
_LISTED = 4
"""Rank of repositories that are only taken from lists: an account that stands there alone is nobody's publisher."""
_MISSPELT = 86
"""Least likeness (0 to 100) at which a word counts as a misspelling of a name."""


_FIRST = (
    r"(?:very |aller)?(?:first|original|initial|oldest|earliest|erste\w?|ursprüngliche\w?|älteste\w?|"
    r"première|premier|tout premier|toute première|initiale?|d['’]origine|originale?|primer[oa]?|más antiguo)"
)
_FIRST_BEFORE = re.compile(
    rf"(?<!\bour )(?<!\bmy )(?<!\btheir )(?<!unser )(?<!unsere )(?<!notre )(?<!nuestro )(?<!nuestra )\b{_FIRST}\s+"
    r"(?:(?:version|generation|ausgabe|release) (?:of|von|de) )?(?:meta['’]?s? )?$",
    re.IGNORECASE,
)
_FIRST_AFTER = re.compile(
    rf"(?:[-\s]?\d+[bB]\b)?(?:\s*[,(:–—-]\s*|\s+)(?:(?:i mean|meaning|namely|well|that is|also|c['’]est-à-dire|"
    rf"es decir)[ ,]+)?"
    rf"(?:the |la |le |l['’]|el |die |das |der )?{_FIRST}\b(?!\s+(?:time|quarter|half|step|prototype|draft|"
    rf"thing|customer))",
    re.IGNORECASE,
)
"""What makes an ambiguous name the first generation: `the original Llama`, `LLaMA (the very first one)`."""


class MentionKind(StrEnum):
    """What a name in a text turned out to be."""

    LICENSE = "license"
    MODEL = "model"
    DATASET = "dataset"
    SOFTWARE = "software"
    AMBIGUOUS = "ambiguous"
    AMBIGUOUS_LICENSE = "ambiguous_license"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in a text, at `text[start:end]`."""

    kind: MentionKind
    shown: str
    start: int
    end: int
    target: str = ""
    """Id of the licence or of the registry entry."""
    question: str = ""
    """Of an ambiguous name: how to ask which is meant."""
    options: tuple[str, ...] = ()
    family: str = ""
    """Of a registry entry: the family that it belongs to, or is."""
    derived: bool = False
    """Somebody else's model, named after the one that `target` is."""
    misspelt: bool = False


class Catalog:
    """All names of one knowledge version, held in memory (some 10,000)."""

    def __init__(self, store: KnowledgeStore) -> None:
        self._store = store
        self._version = ""
        self._by_key: dict[str, list[Name]] = {}
        self._orgs: dict[str, set[str]] = {}
        self._fuzzy: list[str] = []

    def _load(self) -> None:
        if self._version == self._store.state.version:
            return
        self._by_key, self._orgs = {}, {}
        for name in self._store.names():
            self._by_key.setdefault(name.key, []).append(name)
            if "/" in name.target and name.kind != "license" and name.rank < _LISTED:
                self._orgs.setdefault(name.target.split("/", 1)[0].casefold(), set()).add(name.target)
        for names in self._by_key.values():
            names.sort(key=lambda n: n.rank)
        self._fuzzy = [k for k, ns in self._by_key.items() if ns[0].rank <= 3 and not ns[0].cased and len(k) >= 5]
        self._version = self._store.state.version

    def find(self, text: str) -> list[Mention]:
        """Return the names in a text, in order; misspellings only where nothing else is found."""
        self._load()
        mentions = self._hub_ids(text)
        taken = [(m.start, m.end) for m in mentions]
        words = [t for t in tokens(text) if not any(lo <= t.start < hi for lo, hi in taken)]
        mentions += self._in_words(text, words)
        if not any(m.kind not in LICENSES for m in mentions):
            taken = [(m.start, m.end) for m in mentions]
            free = [t for t in words if not any(lo <= t.start < hi for lo, hi in taken)]
            mentions += self._misspelt(text, free) or ([] if mentions else self._name_like(text, taken))
        return sorted(mentions, key=lambda m: m.start)

    def lookup(self, name: str, kind: str | None = None) -> Mention | None:
        """Return what a name alone means, or `None`; `kind` narrows a name that several kinds share."""
        name = _HUB_ADDRESS.sub("", name.strip())
        found = self._named(normal(name))
        if kind:
            exact = [n for n in found if n.kind == kind == "license"]
            found = exact or [n for n in found if n.kind == kind or n.kind.startswith("ambiguous")] or found
        if found:
            return _mention(min(found, key=lambda n: (n.rank, n.shown != name)), name, 0, len(name))
        mentions = [m for m in self.find(name) if m.kind is not MentionKind.UNKNOWN and not m.misspelt]
        covering = [m for m in mentions if m.end - m.start >= 0.6 * len(name.strip())]
        return covering[0] if covering else None

    def _named(self, key: str) -> Sequence[Name]:
        """Return what a key names; a command that asks for one name alone does not read all of them."""
        if self._version == self._store.state.version:
            return self._by_key.get(key, ())
        return self._store.named(key)

    def nearest(self, name: str, limit: int = 5) -> tuple[str, ...]:
        """Return the names most like one that is not known, best first, each of another subject."""
        self._load()
        scorer = fuzz.WRatio if len(normal(name)) > 4 else fuzz.ratio
        found = process.extract(normal(name), self._fuzzy, scorer=scorer, limit=limit * 4, score_cutoff=60)
        shown: dict[str, str] = {}
        for key, _, _ in found:
            best = self._by_key[key][0]
            if not best.kind.startswith("ambiguous"):
                shown.setdefault(best.target, best.shown)
        return tuple(shown.values())[:limit]

    def suggest(self, typed: str, limit: int = 20) -> tuple[str, ...]:
        """Return names that begin as somebody types, then names that hold it, then names like it; each of another
        subject, and each one that `lookup` finds again."""
        self._load()
        key = normal(typed)
        if not key:
            return ()
        holding = [k for k in self._by_key if key in k]
        holding.sort(key=lambda k: (not k.startswith(key), self._by_key[k][0].rank, len(k), k))
        shown: dict[str, str] = {}
        for name in (self._by_key[k][0] for k in holding):
            if len(shown) == limit:
                break
            if not name.kind.startswith("ambiguous"):
                shown.setdefault(name.target, self._display(name))
        likely = () if shown else self.nearest(typed, limit)
        return (*shown.values(), *likely)

    def _display(self, name: Name) -> str:
        """Return what a target is called, where that name leads back to it."""
        if name.kind == "license":  # its short name says more to an engineer than its full one
            return name.shown
        try:
            called = self._store.name_of(name.target)
        except KeyError:
            return name.shown
        found = self.lookup(called)
        return called if found and found.target == name.target else name.shown

    def _hub_ids(self, text: str) -> list[Mention]:
        found = []
        for match in _HUB_ID.finditer(text):
            whole = match.group()
            exact = next((n for n in self._by_key.get(normal(whole), ()) if n.kind != "license"), None)
            if exact:
                found.append(_mention(exact, whole, match.start(), match.end()))
                continue
            org, name = whole.split("/", 1)
            if not any(c.isalpha() for c in name):
                continue  # a rate, a fraction
            known_org = org.casefold() in self._orgs or org.casefold() in _CONVERTERS
            if not known_org and not any(c.isdigit() or c in "-_" for c in name):
                continue  # `and/or`, `input/output`
            if variant := self._of_listed(whole):
                found.append(_mention(variant, whole, match.start(), match.end(), derived=True))
                continue
            inner = [m for m in self._in_words(name, tokens(name)) if m.kind in _SUBJECTS]
            if not inner or (inner[0].start > 0 and known_org and org.casefold() not in _CONVERTERS):
                inner = inner if not known_org else []
            own_but_unlisted = (
                known_org and org.casefold() not in _CONVERTERS and inner and inner[0].end < len(name) - 1
            )
            rest = tokens(name[inner[0].end :]) if inner else []
            if own_but_unlisted and all(is_variant_word(t.key) or t.key[0].isdigit() for t in rest):
                own_but_unlisted = False  # a size or a format that the registry does not list
            if own_but_unlisted:
                found.append(Mention(MentionKind.UNKNOWN, whole, match.start(), match.end()))
            elif inner and inner[0].kind is not MentionKind.UNKNOWN:
                covered = inner[0].end >= len(name) - 1
                own = known_org and covered
                found.append(Mention(inner[0].kind, whole, match.start(), match.end(), inner[0].target,
                                     inner[0].question, inner[0].options, derived=not own))  # fmt: skip
            elif known_org or len(name) > 4:
                found.append(Mention(MentionKind.UNKNOWN, whole, match.start(), match.end()))
        return found

    def _of_listed(self, hub_id: str) -> Name | None:
        """Return the listed repository whose name one of the same account goes on from: `bigscience/bloomz-7b1-mt`. A
        further number makes it another model."""
        for cut in [m.start() for m in re.finditer(r"[-_.]", hub_id)][::-1]:
            if not re.search(r"\d", hub_id[cut:]) and "/" in hub_id[:cut]:
                listed = [
                    n for n in self._by_key.get(normal(hub_id[:cut]), ()) if "/" in n.shown and n.kind != "license"
                ]
                if listed:
                    return listed[0]
        return None

    def _in_words(self, text: str, words: Sequence[Token]) -> list[Mention]:
        found: list[Mention] = []
        at = 0
        while at < len(words):
            step = 1
            for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
                part = words[at : at + length]
                key = " ".join(t.key for t in part)
                if key not in self._by_key or not _adjacent(text, part):
                    continue
                name = self._fitting(key, text, part)
                if name is None:
                    continue
                end = at + length
                if name.kind == "ambiguous" and (exact := self._version_ahead(text, words, end, key)):
                    name, end = exact
                if name.kind not in ("license", "ambiguous_license"):
                    end = _past_variants(text, words, end)
                if name.kind not in ("license", "ambiguous_license") and _goes_on_as_version(
                    text, words, at + length, key
                ):
                    stop = _past_variants(text, words, end + 1)
                    span = (words[at].start, words[stop - 1].end)
                    found.append(Mention(MentionKind.UNKNOWN, text[slice(*span)], *span))
                    step = stop - at
                    break
                span = (words[at].start, words[end - 1].end)
                if name.kind == "ambiguous":
                    name = self._first_of(name, text, *span) or name
                found.append(_mention(name, text[slice(*span)], *span))
                step = end - at
                break
            at += step
        return found

    def _version_ahead(self, text: str, words: Sequence[Token], end: int, key: str) -> tuple[Name, int] | None:
        """Return the name that a version a little further on makes of an ambiguous one: `LLaMA-13B (v1)`."""
        for at in range(end, min(end + 4, len(words))):
            gap = text[words[at - 1].end : words[at].start]
            if not re.fullmatch(r"[\s\-_.(]{0,2}v?", gap):
                return None
            versioned = self._by_key.get(f"{key} {words[at].key}")
            if versioned and at > end and versioned[0].kind not in ("ambiguous", "license"):
                return versioned[0], at + 1
            if not is_variant_word(words[at].key):
                return None
        return None

    def _first_of(self, name: Name, text: str, start: int, end: int) -> Name | None:
        """Return the first generation of an ambiguous name that is said to be it: `the very first Llama`."""
        before, after = text[max(0, start - 40) : start], text[end : end + 60]
        if not (_FIRST_BEFORE.search(before) or _FIRST_AFTER.match(after)):
            return None
        first = [o for o in json.loads(name.target)["options"] if re.search(r"[-_ ]v?1$", o)]
        return next(iter(self._by_key.get(normal(first[0]), ())), None) if len(first) == 1 else None

    def _fitting(self, key: str, text: str, part: Sequence[Token]) -> Name | None:
        """Return the best of the names that share a key, as far as its spelling and place bear it out."""
        start, end = part[0].start, part[-1].end
        named_license = bool(_LICENSE_WORD.match(text, end) or _LICENSED_BEFORE.search(text[:start]))
        candidates = self._by_key[key]
        if _LICENSE_WORD.match(text, end):
            candidates = sorted(candidates, key=lambda n: n.kind != "license")
        for name in candidates:
            if name.cased and not named_license and not _spelt(text[start:end], name.shown):
                continue
            if _is_plain_at_end(text[start:end], text[end:]):
                continue
            if name.rank >= 5 and (_GENERIC.match(key) or not (named_license or _deliberate(key, text[start:end]))):
                continue
            return name
        return None

    def _misspelt(self, text: str, words: Sequence[Token]) -> list[Mention]:
        best: tuple[float, Mention] | None = None
        for length in (3, 2, 1):
            for at in range(len(words) - length + 1):
                part = words[at : at + length]
                key = " ".join(t.key for t in part)
                if len(key) < 5 or any(t.key in _PLAIN_WORDS for t in part) or not _adjacent(text, part):
                    continue
                hit = process.extractOne(key, self._fuzzy, scorer=fuzz.ratio, score_cutoff=_MISSPELT)
                same_words = hit is not None and key.count(" ") == hit[0].count(" ")
                better = hit is not None and same_words and (best is None or hit[1] > best[0])
                if hit and better and _same_numbers(key, hit[0]) and not all(is_ordinary(t.key) for t in part):
                    start, end = part[0].start, part[-1].end
                    name = self._by_key[hit[0]][0]
                    mention = _mention(name, text[start:end], start, end)
                    best = hit[1], Mention(mention.kind, mention.shown, start, end, mention.target,
                                           mention.question, mention.options, misspelt=True)  # fmt: skip
        return [best[1]] if best else []

    def _name_like(self, text: str, taken: Sequence[tuple[int, int]]) -> list[Mention]:
        found = []
        for match in _NAME_LIKE.finditer(text):
            inside = any(lo <= match.start() < hi for lo, hi in taken)
            if not inside and not all(is_variant_word(t.key) or t.key in _PLAIN_WORDS for t in tokens(match.group())):
                found.append(Mention(MentionKind.UNKNOWN, match.group(), match.start(), match.end()))
        return found


AMBIGUOUS = frozenset({MentionKind.AMBIGUOUS, MentionKind.AMBIGUOUS_LICENSE})
"""Kinds of mention that are asked back."""
LICENSES = frozenset({MentionKind.LICENSE, MentionKind.AMBIGUOUS_LICENSE})
"""Kinds of mention that name a licence, one or several."""
_SUBJECTS = frozenset({MentionKind.MODEL, MentionKind.DATASET, MentionKind.SOFTWARE, MentionKind.AMBIGUOUS, MentionKind.UNKNOWN})  # fmt: skip


def _mention(name: Name, shown: str, start: int, end: int, *, derived: bool = False) -> Mention:
    if name.kind.startswith("ambiguous"):
        asked = json.loads(name.target)
        return Mention(MentionKind(name.kind), shown, start, end, "", asked["question"], tuple(asked["options"]))
    return Mention(MentionKind(name.kind), shown, start, end, name.target, family=name.family, derived=derived)


def _adjacent(text: str, part: Sequence[Token]) -> bool:
    """Whether only spaces and joining marks stand between the words of a name."""
    gaps = (text[a.end : b.start] for a, b in pairwise(part))
    return all(re.fullmatch(r"[\s\-_./:·()\[\]™®’']{0,3}", gap) and "\n\n" not in gap for gap in gaps)


def _past_variants(text: str, words: Sequence[Token], at: int) -> int:
    """Return the position after the size and format words that follow a model's name."""
    while at < len(words) and at > 0:
        gap = text[words[at - 1].end : words[at].start]
        if not re.fullmatch(r"[\s\-_.()]{0,2}", gap) or not is_variant_word(words[at].key) or words[at].key.isdigit():
            break
        if words[at].key in _LOOSE and gap.isspace():
            break
        at += 1
    return at


_LOOSE = frozenset(
    "it base text large small medium model models weights release family community k m s series latest".split()
)
"""Variant words that, set apart by a space, more likely belong to the sentence."""


def _goes_on_as_version(text: str, words: Sequence[Token], end: int, key: str) -> bool:
    """Whether a version number that the name does not have follows: `gemma` and then `-3.5`."""
    if end >= len(words) or key[-1].isdigit():
        return False
    gap = text[words[end - 1].end : words[end].start]
    return bool(re.fullmatch(r"[\s\-_]?v?", gap)) and bool(re.fullmatch(r"\d+\.\d+|\d", words[end].key))


_PORT = re.compile(r"\d\.\d\s+(?:at|in|it|us|de|es|no|be|is|ch|am|se)$")


def _is_plain_at_end(shown: str, after: str) -> bool:
    """Whether the last word of a licence's name is the sentence's and no country of a port: `CC BY-SA 3.0 at that`."""
    return bool(_PORT.search(shown)) and bool(re.match(r"\s+\w", after))


def _deliberate(key: str, shown: str) -> bool:
    """Whether a name of a little-known licence is meant as one: it has a version or is written as a key."""
    return len(key) > 6 and (any(c.isdigit() for c in key) or "-" in shown)


def _spelt(shown: str, name: str) -> bool:
    """Whether a name that counts only as written is written so: in capitals, unless its own spelling has some."""
    wanted = _letters(name)
    return _letters(shown) == (wanted if wanted != wanted.lower() else wanted.upper())


def _letters(shown: str) -> str:
    return "".join(c for c in shown if c.isalnum())


def _same_numbers(one: str, other: str) -> bool:
    """A misspelling keeps the version: `lama 3` is not `llama 2`."""
    return re.findall(r"\d+(?:\.\d+)?", one) == re.findall(r"\d+(?:\.\d+)?", other)


_PLAIN_WORDS = frozenset(
    """a about after all also an and any app are as at be been before bot but by can check clause commercial company
    could customer customers data do does drop else every fine for free from get give given hard have health her hide
    host how if in into is it its just know known law legal let like long make many may me model models more most must
    my need needs new no not now of off on one only or other our out over own own part pay people please product
    products public put question release research result right run sell send serve service services share she ship
    should show site small so some start still store support sure system take tell terms test text than that the their
    them then there these they thing this those time tool top train trained training tune tuned two under until up us
    use used user users using very want was way we web website week weights were what when where which while who will
    with without work working would year years you your yes english german french spanish european union startup
    company internal external research paper papers server servers cloud output outputs input question hospital
    patient patients lawyer lawyers licence license licences licenses version latest best better allowed forbidden
    game games media image images video videos audio phone device devices android medical finance hello thanks team
    marketing sales social network learning machine deep large language vision speech recognition""".split()
)
