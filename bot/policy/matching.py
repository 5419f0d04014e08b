"""Whether a rule, or what lifts one, speaks of an answer's subjects and use: yes, no, or open. Pure.

Open is what depends on something that the question does not say, as in `bot/answering/rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum

from bot.model import Answer, Subject, Use
from bot.policy.known import Known
from bot.policy.model import Distribution, Relief, ReliefKind, Scope, When
from knowledge.vocabulary import vocabulary


class Fit(IntEnum):
    """Outcome of a test; the least of several parts decides."""

    NO = 0
    OPEN = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Fitting:
    """An outcome, and the questions whose answers would settle it where it is open."""

    fit: Fit
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A subject of an answer under one of its licences; without a licence where none is known."""

    subject: Subject
    licence: str | None


def parts_of(answer: Answer) -> tuple[Part, ...]:
    """Return every subject with each of its licences."""
    return tuple(
        Part(subject, licence)
        for subject in answer.subjects
        for licence in (*(ref.id for ref in subject.licenses),) or (None,)
    )


def concerns(when: When, part: Part, known: Known) -> bool:
    """Whether a rule speaks of a subject under a licence, whatever is done with it."""
    kind = known.licence(part.licence)
    ids = (part.subject.id, *part.subject.inherited_from)
    return (
        (not when.licences or part.licence in when.licences)
        and (not when.categories or (kind is not None and kind.category in when.categories))
        and (not when.families or (kind is not None and kind.family in when.families))
        and (not when.subjects or _is_named(when.subjects, _with_families(ids, known)))
        and (not when.publishers or any(k.publisher in when.publishers for k in map(known.subject, ids) if k))
    )


def looks_at_what(when: When) -> bool:
    """Whether a rule picks out subjects or licences, and not only what is done with them."""
    return bool(when.licences or when.categories or when.families or when.subjects or when.publishers)


def occasion(when: When, use: Use) -> Fitting:
    """Return whether a use is one of which a rule speaks."""
    found = []
    if when.actions:
        found.append(_acts(when.actions, use))
    if when.distribution:
        found.append(_distribution(when.distribution, use))
    if when.domains:
        found.append(Fitting(Fit.YES if use.domain in when.domains else Fit.NO))
    if when.commercial is not None:
        asked = Fitting(Fit.OPEN, ("Is the use commercial?",))
        found.append(asked if use.commercial is None else _certain(use.commercial is when.commercial))
    return _all(found)


def covers(relief: Relief, part: Part, known: Known) -> bool:
    """Whether a relief speaks of a subject under a licence. A licence that was bought for a model by its name alone
    covers the model's own terms, not those of what it was made from."""
    if relief.licences and part.licence not in relief.licences:
        return False
    if not relief.subjects:
        return True
    if relief.kind is ReliefKind.LICENCE_BOUGHT and not relief.licences and part.subject.inherited_from:
        return False
    return _is_named(relief.subjects, _with_families((part.subject.id,), known))


def within(scope: Scope, answer: Answer) -> Fitting:
    """Return whether all that is done in an answer lies within a scope."""
    use, found = answer.use, []
    if scope.actions:
        allowed = _spread(scope.actions)
        acts = _deeds(use)
        if not acts:
            found.append(Fitting(Fit.OPEN, ("What will be done with it?",)))
        else:
            found.append(_certain(all(act in allowed for act in acts)))
    if scope.domains:
        asked = Fitting(Fit.OPEN, (f"Is it for the field {' or '.join(scope.domains)}?",))
        found.append(asked if use.domain is None else _certain(use.domain in scope.domains))
    if scope.products:
        asked = Fitting(Fit.OPEN, (f"Is it for {' or '.join(scope.products)}?",))
        found.append(_certain(True) if _says_one_of(answer.question, scope.products) else asked)
    return _all(found)


def _certain(holds: bool) -> Fitting:
    return Fitting(Fit.YES if holds else Fit.NO)


def _all(found: Collection[Fitting]) -> Fitting:
    fit = min((f.fit for f in found), default=Fit.YES)
    questions = (q for f in found for q in f.questions) if fit is Fit.OPEN else ()
    return Fitting(fit, tuple(dict.fromkeys(questions)))


def _with_families(ids: Iterable[str], known: Known) -> list[str]:
    """Return ids of subjects and of the families that they belong to."""
    found = list(ids)
    return found + [kind.family for kind in map(known.subject, found) if kind]


def _is_named(names: Iterable[str], ids: Collection[str]) -> bool:
    """Whether one of the ids is named; `publisher/*` names all of a publisher's."""
    for name in names:
        folded = name.casefold()
        if any(i.casefold() == folded or (folded.endswith("/*") and i.casefold().startswith(folded[:-1])) for i in ids):
            return True
    return False


# -- what is done ------------------------------------------------------------------------------------------------------

_KEPT_INSIDE = frozenset({"internal_use", "evaluate", "publish_research"})
_AT_HOME = frozenset({"inference", "fine_tune", "quantize", "merge", "modify_code"})
_SHIPPED = frozenset({"distribute_product", "embed_on_device"})
_GIVEN_ON = frozenset({"redistribute_weights", "redistribute_data"})
_RUNS = frozenset({"internal_use", "host_api", "distribute_product", "embed_on_device"})
"""Actions that nobody can do without running the work."""
_LEFT_OPEN = frozenset({"made_available", "distributed", "hosted"})


def _deeds(use: Use) -> set[str]:
    """What is done; who looks something up does nothing with it yet."""
    return set(use.actions) - {"look_up"}


def _acts(wanted: Iterable[str], use: Use) -> Fitting:
    acts, groups = _deeds(use), vocabulary().groups
    found = [Fitting(Fit.NO)]
    for name in wanted:
        group = groups.get(name)
        if name in use.actions or (group and acts & group.sure):
            return Fitting(Fit.YES)
        if group and (acts & group.maybe or (name in _LEFT_OPEN and not _is_settled(use))):
            found.append(Fitting(Fit.OPEN, (group.question,)))
        elif not acts:
            found.append(Fitting(Fit.OPEN, ("What will be done with it?",)))
    fit = max(f.fit for f in found)
    return Fitting(fit, tuple(dict.fromkeys(q for f in found for q in f.questions)))


def _is_settled(use: Use) -> bool:
    """Whether the use says if anybody else gets at the work."""
    acts = _deeds(use)
    if use.commercial is False and acts and acts <= _AT_HOME:
        return True
    return bool(acts & (vocabulary().groups["made_available"].sure | _KEPT_INSIDE))


def _distribution(wanted: Collection[Distribution], use: Use) -> Fitting:
    acts, groups = _deeds(use), vocabulary().groups
    if not _is_settled(use):
        everywhere = set(wanted) == set(Distribution)
        return Fitting(Fit.YES) if everywhere else Fitting(Fit.OPEN, (groups["made_available"].question,))
    reached = {
        Distribution.INTERNAL: bool(acts & _KEPT_INSIDE) or not acts & groups["made_available"].sure,
        Distribution.HOSTED: bool(acts & groups["hosted"].sure),
        Distribution.PRODUCT: bool(acts & _SHIPPED),
        Distribution.WEIGHTS: bool(acts & _GIVEN_ON),
    }
    if any(reached[way] for way in wanted):
        return Fitting(Fit.YES)
    if Distribution.HOSTED in wanted and acts & groups["hosted"].maybe:
        return Fitting(Fit.OPEN, (groups["hosted"].question,))
    return Fitting(Fit.NO)


def _spread(names: Iterable[str]) -> set[str]:
    """Return the actions of a scope, groups taken apart; whoever may offer something may run it."""
    groups = vocabulary().groups
    found = {act for name in names for act in (groups[name].sure if name in groups else (name,))}
    return found | {"inference"} if found & _RUNS else found


def _says_one_of(text: str, names: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", folded) for name in names)
