"""`clausebot eval`: answers measured against gold questions. Pure.

The arithmetic is that of the project's scoring script: a must-cite passage counts as found where a quote holds 60 % of
its words in one run; a quote counts as precise where it does so for any listed passage; an answer is *dangerous* where
the gold forbids the use or sends it to a lawyer and the answer permits it, *lax* where it says `allowed` too freely.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot.errors import QuestionError
from bot.model import Answer, Question, Verdict
from knowledge.models import DocumentKind

LONGEST_QUOTE = 1500
"""Characters; a longer quote points at nothing: it earns no recall and costs precision."""
_SHARE = 0.6
_SHORTEST_RUN = 5
_PERMITS = (Verdict.ALLOWED, Verdict.CONDITIONAL)
_STRICT = (Verdict.NEEDS_REVIEW, Verdict.UNKNOWN, Verdict.PROHIBITED)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a licence, given by its words; `others` satisfy the same need."""

    words: tuple[str, ...]
    """The passage and its alternatives, each as its words joined by blanks."""

    def in_any(self, quotes: Iterable[str]) -> bool:
        """Whether one of the quotes (as words) holds the passage."""
        return any(covers(quote, words) for quote in quotes for words in self.words)


@dataclass(frozen=True, slots=True)
class Gold:
    """One gold question: what is asked, and what a good answer holds (`gold.md`)."""

    id: str
    question: Question
    verdicts: tuple[Verdict, ...]
    must_cite: tuple[Passage, ...]
    may_cite: tuple[Passage, ...]
    must_mention: tuple[re.Pattern[str], ...]
    must_not: tuple[re.Pattern[str], ...]

    @property
    def family(self) -> str:
        """The prefix of the id: `llama` of `llama-001`, `own-a` of `own-a-001`."""
        return self.id.rpartition("-")[0] or self.id


@dataclass(frozen=True, slots=True)
class Result:
    """How one answer fared."""

    gold: Gold
    verdict: Verdict
    found: int
    """Must-cite passages that a quote holds."""
    precise: int
    quotes: int
    verbatim: int
    mentioned: int
    false_statement: bool

    @property
    def right(self) -> bool:
        """Whether the verdict is an accepted one."""
        return self.verdict in self.gold.verdicts

    @property
    def dangerous(self) -> bool:
        """Whether the answer permits what no accepted verdict permits."""
        return not self.right and self.verdict in _PERMITS and all(v in _STRICT for v in self.gold.verdicts)

    @property
    def complete(self) -> bool:
        """Whether verdict, clauses and mentions are all there."""
        gold = self.gold
        full = self.found == len(gold.must_cite) and self.mentioned == len(gold.must_mention)
        return self.right and full and not self.false_statement

    def to_json(self) -> dict[str, Any]:
        """Return the figures of one answer."""
        return {
            "id": self.gold.id,
            "verdict": self.verdict.value,
            "accepted": [v.value for v in self.gold.verdicts],
            "must_cite": Ratio(self.found, len(self.gold.must_cite)).to_json(),
            "precise": Ratio(self.precise, self.quotes).to_json(),
            "mentions": Ratio(self.mentioned, len(self.gold.must_mention)).to_json(),
            "dangerous": self.dangerous,
            "lax": self.lax,
            "false_statement": self.false_statement,
        }

    @property
    def lax(self) -> bool:
        """Whether the answer is `allowed` where conditions are owed."""
        return not self.right and not self.dangerous and self.verdict is Verdict.ALLOWED


@dataclass(frozen=True, slots=True)
class Ratio:
    """A count out of a total."""

    count: int = 0
    total: int = 0

    def __str__(self) -> str:
        return f"{self.count}/{self.total} = {self.count / self.total:.3f}" if self.total else "-"

    def to_json(self) -> dict[str, Any]:
        """Return count, total and value (`null` of nothing)."""
        value = round(self.count / self.total, 4) if self.total else None
        return {"count": self.count, "total": self.total, "value": value}


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a set of results."""

    questions: int
    verdict: Ratio
    dangerous: int
    lax: int
    abstain: Ratio
    """Right among the questions that have to be left undecided."""
    recall: Ratio
    precision: Ratio
    verbatim: Ratio
    mention: Ratio
    false_statements: int
    by_verdict: Mapping[str, Ratio] = field(default_factory=dict)
    by_family: Mapping[str, Ratio] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return all figures."""
        ratios = ("verdict", "abstain", "recall", "precision", "verbatim", "mention")
        return {
            "questions": self.questions,
            **{name: getattr(self, name).to_json() for name in ratios},
            "dangerous": self.dangerous,
            "lax": self.lax,
            "false_statements": self.false_statements,
            "by_verdict": {k: r.to_json() for k, r in self.by_verdict.items()},
            "by_family": {k: r.to_json() for k, r in self.by_family.items()},
        }


TextOf = Callable[[str], str]
"""Returns the stored text of a document by its key; raises `KeyError`."""


def _no_text(key: str) -> str:
    raise KeyError(key)


def read_gold(lines: Iterable[tuple[int, str]], text_of: TextOf = _no_text) -> list[Gold]:
    """Return the gold questions of numbered JSON lines; raises `QuestionError` that names the line and the fault.

    A passage is a `snippet`, or it stands `at` two offsets of the text `text_key`, with a `check` of its words: then
    the file holds no word of a licence.
    """
    found = []
    for number, line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise QuestionError(f"Line {number} is no gold question: it is not valid JSON ({error}).") from error
        if not isinstance(row, Mapping):
            raise QuestionError(f"Line {number} is no gold question: it is no object.")
        found.append(_gold(row, f"Line {number} is no gold question", text_of))
    if not found:
        raise QuestionError("The file holds no gold question.")
    return found


def _gold(row: Mapping[str, Any], where: str, text_of: TextOf) -> Gold:
    def read(name: str, convert: Callable[[Any], Any], *, default: Any = None) -> Any:
        if name not in row and default is None:
            raise QuestionError(f"{where}: it has no `{name}`.")
        try:
            return convert(row.get(name) or default)
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
            raise QuestionError(f"{where}: `{name}` is not as the format has it ({error}).") from error

    passages = partial(_passages, text_of=text_of)
    return Gold(
        id=read("id", str),
        question=Question(
            read("question", _text),
            context=read("context", lambda c: tuple(_text(q["question"]) for q in c), default=()),
        ),
        verdicts=read("verdicts", _verdicts),
        must_cite=read("must_cite", passages, default=()),
        may_cite=read("may_cite", passages, default=()),
        must_mention=read("must_mention", _patterns, default=()),
        must_not=read("must_not", _patterns, default=()),
    )


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError("a text is wanted")
    return raw


def _verdicts(raw: Any) -> tuple[Verdict, ...]:
    found = tuple(Verdict(v) for v in _list(raw))
    if not found:
        raise ValueError("it is empty")
    return found


def _patterns(raw: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_text(r)) for r in _list(raw))


def _passages(raw: Any, text_of: TextOf) -> tuple[Passage, ...]:
    return tuple(_passage(p, text_of) for p in _list(raw))


def _list(raw: Any) -> Sequence[Any]:
    if not isinstance(raw, list | tuple):
        raise TypeError("a list is wanted")
    return raw


def _passage(raw: Mapping[str, Any], text_of: TextOf) -> Passage:
    others = raw.get("alt") or []
    others = [others] if isinstance(others, str | Mapping) else others
    texts = [raw, *(o if isinstance(o, Mapping) else {"snippet": o} for o in others)]
    return Passage(tuple(_words_of(t, text_of) for t in texts))


def _words_of(raw: Mapping[str, Any], text_of: TextOf) -> str:
    if "at" not in raw:
        return as_words(raw["snippet"])
    start, end = raw["at"]
    words = as_words(text_of(raw["text_key"])[start:end])
    if check_of(words) != raw["check"]:
        raise ValueError(f"the text {raw['text_key']} has changed at {start}")
    return words


def check_of(words: str) -> str:
    """Return what tells whether the words at a place are still the same."""
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def measure(gold: Gold, answer: Answer) -> Result:
    """Compare one answer with its gold question."""
    texts = [c for c in answer.citations if c.document not in (DocumentKind.GUIDANCE, DocumentKind.POLICY) and c.quote]
    quotes = [as_words(c.quote or "") if len(c.quote or "") <= LONGEST_QUOTE else "" for c in texts]
    listed = (*gold.must_cite, *gold.may_cite)
    said = _normal(json.dumps(_said(answer), ensure_ascii=False))
    summary = _normal(answer.summary)
    return Result(
        gold=gold,
        verdict=answer.verdict,
        found=sum(p.in_any(quotes) for p in gold.must_cite),
        precise=sum(any(p.in_any([q]) for p in listed) for q in quotes),
        quotes=len(quotes),
        verbatim=sum(c.verified for c in texts),
        mentioned=sum(bool(r.search(said)) for r in gold.must_mention),
        false_statement=any(r.search(summary) for r in gold.must_not),
    )


def _said(answer: Answer) -> list[Any]:
    shown = answer.to_json()
    parts = ("summary", "conditions", "prohibitions", "permissions", "open_questions", "guidance", "subjects")
    return [shown[part] for part in parts]


def summarise(results: Sequence[Result]) -> Scores:
    """Add up results."""
    left_open = [r for r in results if Verdict.UNKNOWN in r.gold.verdicts]

    def right(some: Sequence[Result]) -> Ratio:
        return Ratio(sum(r.right for r in some), len(some))

    verdicts = {v.value: [r for r in results if r.gold.verdicts[0] is v] for v in Verdict}
    families = sorted({r.gold.family for r in results})
    return Scores(
        questions=len(results),
        verdict=right(results),
        dangerous=sum(r.dangerous for r in results),
        lax=sum(r.lax for r in results),
        abstain=right(left_open),
        recall=Ratio(sum(r.found for r in results), sum(len(r.gold.must_cite) for r in results)),
        precision=Ratio(sum(r.precise for r in results), sum(r.quotes for r in results)),
        verbatim=Ratio(sum(r.verbatim for r in results), sum(r.quotes for r in results)),
        mention=Ratio(sum(r.mentioned for r in results), sum(len(r.gold.must_mention) for r in results)),
        false_statements=sum(r.false_statement for r in results),
        by_verdict={name: right(some) for name, some in verdicts.items() if some},
        by_family={name: right([r for r in results if r.gold.family == name]) for name in families},
    )


_SAME = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "\u00a0": " "})


def _normal(text: str) -> str:
    plain = re.sub(r"[*_#`>|]+", " ", text.translate(_SAME))
    return re.sub(r"\s+", " ", plain).strip().lower()


def as_words(text: str) -> str:
    """Return the words of a text in lower case, joined by blanks."""
    return " ".join(re.findall(r"[a-z0-9]+", _normal(text)))


def covers(quote: str, passage: str) -> bool:
    """Whether a quote holds 60 % of a passage's words in one run, or lies inside it (both as words and blanks)."""
    if not quote or not passage:
        return False
    if passage in quote or (quote in passage and quote.count(" ") + 1 >= _SHORTEST_RUN):
        return True
    words = passage.split()
    run = max(_SHORTEST_RUN, int(_SHARE * len(words)))
    return any(" ".join(words[i : i + run]) in quote for i in range(len(words) - run + 1))
