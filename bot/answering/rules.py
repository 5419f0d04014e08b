"""Decides: the terms of one licence against one situation give findings, findings give a verdict. Pure.

A test on a situation has four outcomes. `OPEN` is a fact that matters and was not stated; `FAR` one that nothing in
the question points to. A fact left open never sends an answer to a lawyer, it makes it conditional (`answers.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from bot.model import Use, Verdict
from knowledge.models import Predicate, Profile, Term, TermKind
from knowledge.vocabulary import vocabulary


class Truth(IntEnum):
    """Outcome of a test, ordered so that `all` is the least and `any` the greatest of its parts."""

    FALSE = 0
    FAR = 1
    OPEN = 2
    TRUE = 3


@dataclass(frozen=True, slots=True)
class Situation:
    """A use, with everything else that terms can turn on."""

    use: Use
    topics: Mapping[str, Truth] = field(default_factory=dict)
    """What the described use does; a topic that is not listed is far."""
    asks: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    """Licences of the models that outputs train or that it is merged with."""
    result_license: str | None = None
    """Licence that the asker wants to put on the result; `other`: some other terms."""
    same_terms: bool = False
    """Whether `result_license` is the licence that is being applied; `decide` sets it."""
    modalities: frozenset[str] = frozenset()
    """Of the model in question; empty where unknown."""
    reach_of_student: frozenset[str] = frozenset()
    """Actions by which not the subject itself but the model that its outputs trained gets to others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One term's outcome in a situation, and the questions whose answers would settle it."""

    term: Term
    truth: Truth
    questions: tuple[str, ...] = ()
    asked_only: bool = False
    """It speaks only because the question asks about it: then it explains and does not decide."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one licence says of a situation."""

    profile: Profile
    verdict: Verdict
    findings: tuple[Finding, ...]
    silent_on: tuple[str, ...]
    """Asked actions that no permission of the licence covers."""

    def of(self, kind: TermKind, *truths: Truth) -> tuple[Finding, ...]:
        """Return the findings of a kind with one of the outcomes, those that only explain left out."""
        return tuple(f for f in self.findings if f.term.kind is kind and f.truth in truths and not f.asked_only)


# Questions about the work, not acts that a licence has to grant: terms speak of them by conditions instead.
_NEEDS_NO_GRANT = frozenset({"look_up", "internal_use", "relicense", "combine", "collect_data"})


def decide(profile: Profile, situation: Situation) -> Ruling:
    """Apply every term of a licence to a situation."""
    if situation.result_license == profile.id:  # the same terms again are no other terms
        situation = replace(situation, same_terms=True)
    findings = tuple(_find(term, situation) for term in profile.terms)
    if situation.reach_of_student and not any(_is_student_derived(f) for f in findings):
        # What goes out is the student: only terms that speak of students follow it.
        teacher = _as_teacher(situation)
        findings = tuple(f if _speaks_of_students(f.term) else _find(f.term, teacher) for f in findings)
    silent = _uncovered(findings, situation.use.actions)
    return Ruling(profile, _verdict(findings, silent), findings, silent)


def _as_teacher(situation: Situation) -> Situation:
    """Return what is done with the subject itself where a student goes out: it stays inside, and what the student's
    field makes likely is no use of the subject."""
    own = [a for a in situation.use.actions if a not in situation.reach_of_student]
    topics = {name: truth for name, truth in situation.topics.items() if truth is not Truth.OPEN}
    actions = tuple(dict.fromkeys([*(own or ["inference"]), "internal_use"]))
    return replace(situation, use=replace(situation.use, actions=actions), topics=topics)


_LEARNING = frozenset({"improves_other_model", "train_on_outputs", "distill"})


def _speaks_of_students(term: Term) -> bool:
    return bool(_LEARNING & term.turns_on("action"))


def _is_student_derived(finding: Finding) -> bool:
    """Whether a licence counts a model that learned from outputs among its derivatives."""
    term = finding.term
    is_such = term.kind is TermKind.CONDITION and {"derivative", "training_on_outputs"} <= set(term.about)
    return is_such and finding.truth is Truth.TRUE and _speaks_of_students(term)


def _find(term: Term, situation: Situation) -> Finding:
    if term.when is None:
        return Finding(term, Truth.TRUE)
    truth, questions = evaluate(term.when, situation)
    if truth is not Truth.OPEN:
        questions = ()
    elif term.question:
        questions = (term.question,)
    asked_only = False
    if situation.asks and truth >= Truth.OPEN:
        asked_only = evaluate(term.when, replace(situation, asks=frozenset()))[0] < Truth.OPEN
    return Finding(term, truth, tuple(dict.fromkeys(questions)), asked_only)


def _uncovered(findings: tuple[Finding, ...], actions: tuple[str, ...]) -> tuple[str, ...]:
    granted = {
        action
        for f in findings
        if f.term.kind is TermKind.PERMISSION and f.truth is not Truth.FALSE
        for action in f.term.actions
    }
    if "any" in granted:
        return ()
    return tuple(a for a in actions if a not in granted and a not in _NEEDS_NO_GRANT)


def _verdict(findings: tuple[Finding, ...], silent: tuple[str, ...]) -> Verdict:
    deciding = [f for f in findings if not f.term.low and not f.asked_only]

    def some(kind: TermKind, *truths: Truth) -> bool:
        return any(f.term.kind is kind and f.truth in truths for f in deciding)

    if some(TermKind.PROHIBITION, Truth.TRUE):
        return Verdict.PROHIBITED
    if silent or some(TermKind.UNCLEAR, Truth.TRUE) or not findings:
        return Verdict.NEEDS_REVIEW
    if some(TermKind.CONDITION, Truth.TRUE, Truth.OPEN) or some(TermKind.PROHIBITION, Truth.OPEN):
        return Verdict.CONDITIONAL
    return Verdict.ALLOWED


Outcome = tuple[Truth, tuple[str, ...]]


def evaluate(predicate: Predicate, situation: Situation) -> Outcome:
    """Return the outcome of a test and the questions that are open in it."""
    return TESTS[predicate.name](predicate, situation)


def _all(predicate: Predicate, situation: Situation) -> Outcome:
    outcomes = [evaluate(p, situation) for p in predicate.parts]
    truth = min(t for t, _ in outcomes)
    return truth, tuple(q for t, qs in outcomes if t is Truth.OPEN for q in qs)


def _any(predicate: Predicate, situation: Situation) -> Outcome:
    outcomes = [evaluate(p, situation) for p in predicate.parts]
    truth = max(t for t, _ in outcomes)
    return truth, tuple(q for t, qs in outcomes if t is Truth.OPEN for q in qs)


def _not(predicate: Predicate, situation: Situation) -> Outcome:
    truth, questions = evaluate(predicate.parts[0], situation)
    # What nothing points to is taken as not so: denied, it holds.
    flipped = {Truth.FALSE: Truth.TRUE, Truth.FAR: Truth.TRUE, Truth.OPEN: Truth.OPEN, Truth.TRUE: Truth.FALSE}
    return flipped[truth], questions


def _action(predicate: Predicate, situation: Situation) -> Outcome:
    groups = vocabulary().groups
    actions = set(situation.use.actions)
    truth, questions = Truth.FALSE, []
    for value in predicate.values:
        group = groups.get(value)
        if group is None:
            outcome = Truth.TRUE if value in actions else Truth.FALSE
        elif actions & group.sure:
            outcome = Truth.TRUE
        elif actions & group.maybe or (value in _LEFT_OPEN and not _settled(actions, situation)):
            outcome = Truth.OPEN
            questions.append(group.question)
        else:
            outcome = Truth.FALSE
        truth = max(truth, outcome)
    return truth, tuple(questions)


# Whether others get at the work is what questions leave out most; the other groups are either asked or not.
_LEFT_OPEN = frozenset({"made_available", "distributed", "hosted"})


def _settled(actions: set[str], situation: Situation) -> bool:
    """Whether the use says if anybody else gets at the work; who runs it for no gain and tells of nobody keeps it, and
    so does who gives on nothing but what it makes."""
    if situation.topics.get("outputs_only") is Truth.TRUE:
        return True
    if situation.use.commercial is False and actions <= {"inference", "fine_tune", "quantize", "merge", "modify_code"}:
        return True
    reaching = vocabulary().groups["made_available"].sure
    return bool(actions & reaching) or bool(actions & {"internal_use", "evaluate", "publish_research"})


def _commercial(predicate: Predicate, situation: Situation) -> Outcome:
    stated = situation.use.commercial
    if stated is None:
        return Truth.OPEN, ("Is the use commercial?",)
    return (Truth.TRUE if str(stated).lower() == predicate.values[0] else Truth.FALSE), ()


def _topic(predicate: Predicate, situation: Situation) -> Outcome:
    truth, questions = Truth.FALSE, []
    for value in predicate.values:
        outcome = situation.topics.get(value, Truth.FAR)
        if outcome is Truth.OPEN:
            questions.append(vocabulary().topics[value])
        truth = max(truth, outcome)
    return truth, tuple(questions)


def _domain(predicate: Predicate, situation: Situation) -> Outcome:
    return (Truth.TRUE if situation.use.domain in predicate.values else Truth.FALSE), ()


def _region(predicate: Predicate, situation: Situation) -> Outcome:
    """Whether the asker or those who use it are in one of the places."""
    facts = situation.use.facts
    stated = [str(facts[name]) for name in ("region", "markets") if facts.get(name)]
    if not stated:
        return Truth.OPEN, ("Where are you established, and where is it used?",)
    return (Truth.TRUE if _regions(",".join(stated)) & set(predicate.values) else Truth.FALSE), ()


def _seat(predicate: Predicate, situation: Situation) -> Outcome:
    """Whether the asker is established (or lives) in one of the places, wherever the customers are."""
    facts = situation.use.facts
    stated = facts.get("region")
    if not stated or stated == facts.get("markets"):
        return Truth.OPEN, ("Where is your principal place of business?",)
    return (Truth.TRUE if _regions(str(stated)) & set(predicate.values) else Truth.FALSE), ()


def _regions(stated: str) -> set[str]:
    return {r for part in stated.split(",") for r in _widened(part.strip().upper())}


def _widened(region: str) -> set[str]:
    """A country of the Union is in the EU and the EEA."""
    found = {"GB" if region == "UK" else region}
    if region in EU_COUNTRIES or region == "EU":
        found |= {"EU", "EEA"}
    if region in {"NO", "IS", "LI"}:
        found.add("EEA")
    return found


EU_COUNTRIES = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()  # noqa: SIM905
)
"""ISO 3166 codes of the member states of the European Union, as of 2026."""


def _over(predicate: Predicate, situation: Situation) -> Outcome:
    name, limit = predicate.values[0], predicate.amount or 0.0
    facts = situation.use.facts
    names = _STANDS_FOR.get(name, (name,))
    known = next((f for f in names if f in facts), None)
    theirs = next((f for f in names if f"affiliate_{f}" in facts), None)
    if known is None and theirs is None:
        return _over_abroad(name, limit, facts)
    stated = _number(facts[known]) if known else 0.0
    if stated is None:
        return Truth.OPEN, ()
    # Texts that limit by users or revenue count the affiliates' along.
    stated += _number(facts.get(f"affiliate_{theirs}")) or 0
    above = stated >= limit if predicate.name == "at_least" else stated > limit
    return (Truth.TRUE if above else Truth.FALSE), ()


def _over_abroad(name: str, limit: float, facts: Mapping[str, Any]) -> Outcome:
    """Compare revenue in another currency: rates move, so only a wide distance from the limit settles it."""
    stem, _, currency = name.rpartition("_")
    rough = {"usd", "eur", "gbp", "chf"} - {currency}
    amount = next((_number(facts[key]) for c in sorted(rough) if (key := f"{stem}_{c}") in facts), None)
    if amount is None:
        return Truth.FAR, ()
    if limit * 0.6 <= amount <= limit * 1.6:
        return Truth.OPEN, (f"How much is your revenue in {currency.upper()}?",)
    return (Truth.TRUE if amount > limit else Truth.FALSE), ()


def _number(stated: Any) -> float | None:
    return stated if isinstance(stated, int | float) and not isinstance(stated, bool) else None


# A number that was stated for one measure speaks for a narrower one where nothing else is known.
_STANDS_FOR = {
    "mau_at_release": ("mau_at_release", "mau", "users", "dau"),
    "mau": ("mau", "users", "mau_at_release", "dau"),
    "muu": ("muu", "mau", "users"),
    "users": ("users", "mau"),
}


def _modality(predicate: Predicate, situation: Situation) -> Outcome:
    if not situation.modalities:
        return Truth.OPEN, (f"Is the model one for {' or '.join(predicate.values)}?",)
    return (Truth.TRUE if situation.modalities & set(predicate.values) else Truth.FALSE), ()


def _target(predicate: Predicate, situation: Situation) -> Outcome:
    return (Truth.TRUE if situation.targets & set(predicate.values) else Truth.FALSE), ()


def _license_of_result(predicate: Predicate, situation: Situation) -> Outcome:
    wanted = situation.result_license
    if wanted is None:
        return Truth.OPEN, ("Under which terms will the result be given on?",)
    other = "other" in predicate.values and not situation.same_terms
    return (Truth.TRUE if wanted in predicate.values or other else Truth.FALSE), ()


def _asks(predicate: Predicate, situation: Situation) -> Outcome:
    return (Truth.TRUE if situation.asks & set(predicate.values) else Truth.FALSE), ()


TESTS: dict[str, Callable[[Predicate, Situation], Outcome]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "action": _action,
    "commercial": _commercial,
    "topic": _topic,
    "domain": _domain,
    "region": _region,
    "seat": _seat,
    "over": _over,
    "at_least": _over,
    "modality": _modality,
    "target": _target,
    "license_of_result": _license_of_result,
    "asks": _asks,
}
