"""What stands beside a decision: false claims set right, guidance, and where to look instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.answering import advice
from bot.answering.judging import judge, verdict_of
from bot.answering.question import Reading
from bot.answering.resolve import Case, resolve_entry
from bot.answering.roles import Roles
from bot.answering.rules import Situation, decide
from bot.model import Alternative, Question, Use, Verdict
from bot.services import Services
from knowledge.catalog import Mention, MentionKind
from knowledge.guidance import Claim, Guide, Occasion, Task, Trigger, tasks
from knowledge.lexicon import compiled
from knowledge.models import LicenseRecord, RegistryEntry, TermKind
from knowledge.profiles import claim_word, correction
from knowledge.registry import read_registry
from tests.bot.invented import GRANT, PIN, case, judged, licence, term

BARS = licence("bars", GRANT, term(TermKind.PROHIBITION))
ASKS = licence("asks", GRANT, term(TermKind.CONDITION))
FREE = licence("free")


def entry(key: str, license_id: str | None, **fields: Any) -> RegistryEntry:
    """A registry entry, of a family of its own."""
    made: dict[str, Any] = {
        "name": key.title(), "kind": "model", "family": f"{key}s", "publisher": "", "license_state": "known",
        "declared": None, "modality": (), "aliases": (), "cased": (), "source": "", "date": "", "as_of": "",
        "gated": False, "closed": False, "withdrawn": None, "note": None, "base": (), "trained_on": (),
        "components": {}, "history": (), "is_family": False,
    }  # fmt: skip
    return RegistryEntry(id=key, license=license_id, **(made | fields))


class Shelf:
    """A store of invented entries and licences."""

    def __init__(self, *entries: RegistryEntry) -> None:
        self._entries = {e.id: e for e in entries}
        self._licenses = {r.profile.id: r for r in (BARS, ASKS, FREE, licence("raw", curated=False))}

    def subject(self, name: str) -> RegistryEntry:
        """Return an entry; raises `KeyError`."""
        return self._entries[name]

    def license(self, name: str) -> LicenseRecord:
        """Return a licence; raises `KeyError`."""
        return self._licenses[name]


# -- false claims ------------------------------------------------------------------------------------------------------


def claim(key: str, words: str, *licenses: str, **trigger: Any) -> Claim:
    """A false claim that a question states in these words; the clause of the licences shows what is so."""
    tests: dict[str, Any] = {name: frozenset(value) for name, value in trigger.items()}
    fires = Trigger((compiled(words),), **tests)
    return Claim(key, "A claim.", "The truth.", "a source", "2026-11-21", fires, licenses, PIN if licenses else None)


def now(text: str, **about: Any) -> Occasion:
    """What a question is about, as guidance looks at it."""
    names = ("actions", "asks", "categories", "licenses", "subjects")
    return Occasion(text, **{n: frozenset(about.get(n, ())) for n in names}, closed=about.get("closed", False))


@pytest.mark.parametrize(
    ("text", "licenses", "fires"),
    [
        ("Snow is black, so may we sell it?", {"winter"}, True),
        ("Is snow black?", {"winter"}, False),
        ("Snow is black, so may we sell it?", {"summer"}, False),
        ("Snow is black, so may we sell it?", (), False),
    ],
)
def test_a_claim_fires_where_it_is_stated_and_of_its_licence(
    text: str, licenses: set[str], fires: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words alone, or the licence alone, are no false claim."""
    held = claim("snow", "Snow is black", licenses=["winter"])
    monkeypatch.setattr(advice, "claims", lambda: (held,))

    assert advice.false_claims(now(text, licenses=licenses)) == [held] * fires


def test_a_reading_asks_about_the_claims_that_it_rests_on() -> None:
    """The claims come to what the question asks anyway; without any, the reading stays as it is."""
    reading = Reading(Roles(), asks=frozenset({"fees"}))

    assert advice.with_claims(reading, []) is reading
    assert advice.with_claims(reading, [claim("snow", "x")]).asks == {"fees", claim_word("snow")}


def test_a_correction_is_cited_where_its_licence_governs_and_guidance_elsewhere() -> None:
    """A claim that a governing licence shows with a clause is not repeated beside it."""
    cited, other, bare = claim("snow", "x", "winter"), claim("sun", "x", "summer"), claim("rain", "x")
    winter = licence("winter", GRANT, correction(cited), correction(bare))
    beside = advice.uncited([cited, other, bare], [case("thing", winter)])

    assert len(beside) == 2
    assert {g.title for g in beside} == {"Often said, but not so: A claim."}
    assert {g.source for g in beside} == {"a source (2026-11-21)"}
    assert len(advice.uncited([cited], [])) == 1


@pytest.mark.parametrize(
    ("text", "license_id", "cited"),
    [
        ("Since Gemma 2 is Apache-2.0, can we sell a product with it?", "gemma", True),
        ("Can we sell a product with Gemma 2?", "gemma", False),
        ("Is Gemma 2 under Apache-2.0 or under its own terms?", "gemma", False),
        ("Since Gemma 4 is Apache-2.0, can we sell a product with it?", "apache", False),
    ],
)
def test_an_answer_sets_a_false_claim_right_with_its_clause(
    text: str, license_id: str, cited: bool, services: Services
) -> None:
    """Where a question states a well-known false claim, the answer says so and shows the clause; else it does not."""
    answer = services.answerer.answer(Question(text))
    corrections = [s for s in answer.notes if s.term == claim_word("gemma-is-apache")]

    assert {c.license.split("-")[0] for c in answer.citations} == {license_id}
    assert bool(corrections) is cited
    assert ("is not so" in answer.summary) is cited
    assert all(answer.citations[c].verified for s in corrections for c in s.citations)


# -- guidance ----------------------------------------------------------------------------------------------------------


def test_guidance_is_short_and_what_the_words_call_for_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pieces at most that fit; one whose phrase stands in the question goes before those of its topic."""
    topic = Trigger(asks=frozenset({"fees"}))
    pieces = [Guide(f"g{n}", f"Topic {n}", "Text.", "s", "d", topic) for n in range(4)]
    words = Guide("words", "Words", "Text.", "s", "d", Trigger((compiled("snow"),)))
    other = Guide("other", "Other", "Text.", "s", "d", Trigger((compiled("rain"),)))
    monkeypatch.setattr(advice, "guides", lambda: (*pieces, other, words))

    assert [g.title for g in advice.guidance(now("snow?", asks={"fees"}))] == ["Words", "Topic 0", "Topic 1"]
    assert [g.title for g in advice.guidance(now("snow?"))] == ["Words"]
    assert advice.guidance(now("sun?")) == []


def test_an_occasion_holds_what_is_named_and_what_governs_it() -> None:
    """Licences with their families, entries with theirs and their bases', and whether weights are public."""
    shelf: Any = Shelf(entry("tune", "free"), entry("base", "bars", closed=True))
    held = case("tune", replace(FREE, profile=replace(FREE.profile, family="kin", category="rail")))
    held = replace(held, subject=replace(held.subject, inherited_from=("base", "lost")))
    found = advice.occasion("text", Reading(Roles(), Use(("merge",)), asks=frozenset({"fees"})), [held], shelf)

    assert found == now(
        "text", actions={"merge"}, asks={"fees"}, categories={"rail"}, licenses={"free", "kin"},
        subjects={"tune", "tunes", "base", "bases"}, closed=True,
    )  # fmt: skip


# -- alternatives ------------------------------------------------------------------------------------------------------


def instead(*suggested: RegistryEntry, of: LicenseRecord = BARS, **named: Any) -> list[Alternative]:
    """What is suggested instead of a model under a licence, out of entries in this order."""
    own = entry("own", of.profile.id, family="owns")
    shelf: Any = Shelf(own, *suggested)
    held = case("own", of)
    others = [case(name, FREE) for name in named.get("others", ())]
    judgements = [*judged(held, "inference"), *(j for o in others for j in judged(o, "inference"))]
    with pytest.MonkeyPatch.context() as patched:
        task = Task("work", frozenset({"owns"}), ("own", *(e.id for e in suggested)))
        patched.setattr(advice, "tasks", lambda: (task,))
        return advice.alternatives([held, *others], judgements, verdict_of([held, *others], judgements), shelf)


@pytest.mark.parametrize(
    ("of", "better"), [(BARS, ["free", "asks"]), (ASKS, ["free"]), (FREE, [])], ids=["bars", "asks", "free"]
)
def test_an_alternative_is_strictly_easier(of: LicenseRecord, better: list[str]) -> None:
    """Only what the same rules let pass more easily is suggested, the easiest first."""
    found = instead(entry("a", "bars"), entry("b", "asks"), entry("c", "free"), of=of)

    assert [a.license for a in found] == better


@pytest.mark.parametrize(
    "bad",
    [
        entry("same-family", "free", family="owns"),
        entry("lost", "nowhere"),
        entry("unreviewed", "raw"),
        entry("nameless", None),
        entry("tune", "free", base=("own",)),
        entry("doubtful", "free", license_state="other"),
        entry("named", "free"),
    ],
    ids=lambda e: e.id,
)
def test_what_is_no_way_out_is_not_suggested(bad: RegistryEntry) -> None:
    """Not its family, nothing built on something else, and nothing whose terms are not reviewed for sure."""
    assert instead(bad, others=["named"]) == []


def test_at_most_three_families_are_suggested() -> None:
    """One of each family, and three in all."""
    twins = [entry(f"twin{n}", "free", family="twins") for n in range(2)]
    found = instead(*twins, *(entry(f"e{n}", "free") for n in range(4)))

    assert [a.id for a in found] == ["twin0", "e0", "e1"]


def test_a_task_for_others_suggests_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alternatives serve the need that the model in question serves."""
    monkeypatch.setattr(advice, "tasks", lambda: (Task("other", frozenset({"others"}), ("good",)),))
    shelf: Any = Shelf(entry("own", "bars", family="owns"), entry("good", "free"))
    held = case("own", BARS)

    assert advice.alternatives([held], judged(held, "inference"), Verdict.PROHIBITED, shelf) == []


def test_real_alternatives_are_easier_by_the_same_rules(services: Services) -> None:
    """For every family that a task serves: each suggestion is another family's, and its licence lets the use pass."""
    store = services.store
    use = Use(("fine_tune", "redistribute_weights", "distribute_product"), commercial=True)
    reading = Reading(Roles(), use)
    families = {e.family: e for e in reversed(read_registry()[0]) if e.license and e.license_state == "known"}
    suggested = 0
    for family in sorted({f for t in tasks() for f in t.families} & set(families)):
        mention = Mention(MentionKind.MODEL, families[family].name, 0, 0, families[family].id)
        held: Case = resolve_entry(mention, store)
        judgements = judge([held], reading)
        verdict = verdict_of([held], judgements)
        for found in (a for a in advice.alternatives([held], judgements, verdict, store)):
            other = store.subject(found.id)
            situation = Situation(use, modalities=frozenset(other.modality))
            suggested += 1

            assert found.verdict.strictness < verdict.strictness
            assert decide(store.license(found.license).profile, situation).verdict is found.verdict
            assert (other.license, other.family == family) == (found.license, False)

    assert suggested > 20


def test_an_answer_that_forbids_says_where_to_look_instead(services: Services) -> None:
    """The names stand in the answer and in its summary, and the verdict stays."""
    answer = services.answerer.answer(Question("Can we sell a product on Command R+?"))

    assert answer.verdict is Verdict.PROHIBITED
    assert 1 <= len(answer.alternatives) <= 3
    assert all(a.name in answer.summary for a in answer.alternatives)
    assert not services.answerer.answer(Question("Can we run Mistral 7B internally?")).alternatives
