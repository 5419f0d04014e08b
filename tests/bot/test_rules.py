"""The rules: outcomes of tests on a situation, and verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.rules import EU_COUNTRIES, Situation, Truth, decide, evaluate
from bot.model import Use, Verdict
from knowledge.models import DocumentKind, Pin, Predicate, Profile, Term, TermKind
from knowledge.vocabulary import vocabulary

FALSE, FAR, OPEN, TRUE = Truth.FALSE, Truth.FAR, Truth.OPEN, Truth.TRUE
truths = st.sampled_from(list(Truth))
PIN = Pin(DocumentKind.LICENSE, "1", "an invented line")


def leaf(truth: Truth) -> Predicate:
    """A test whose outcome is `truth` in `ANY_TOPIC`."""
    return Predicate("topic", (truth.name,))


ANY_TOPIC = Situation(Use(), topics={t.name: t for t in (FALSE, OPEN, TRUE)})  # FAR: not listed


@pytest.fixture(autouse=True)
def _invented_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    for truth in Truth:
        monkeypatch.setitem(vocabulary().topics, truth.name, f"Is it {truth.name}?")


def outcome(name: str, *values: str, **given_: Any) -> Truth:
    """The outcome of one test; `amount` and the fields of a situation or a use by name."""
    amount = given_.pop("amount", None)
    use = Use(**{k: given_.pop(k) for k in ("actions", "commercial", "domain", "facts") if k in given_})
    return evaluate(Predicate(name, values, amount), Situation(use, **given_))[0]


def term(kind: TermKind, when: Truth | None = TRUE, **fields: Any) -> Term:
    made: dict[str, Any] = {"id": f"{kind}-{when}", "text": "A sentence.", "pins": (PIN,)}
    return Term(kind=kind, when=None if when is None else leaf(when), **(made | fields))


GRANT = term(TermKind.PERMISSION, None, actions=("any",))


def profile(*terms: Term, key: str = "invented") -> Profile:
    return Profile(
        id=key, name="Invented licence", short="the invented licence", version=None, publisher="", spdx=None,
        category="permissive", url="", aliases=(), family=None, supersedes=None,
        documents=((DocumentKind.LICENSE, "invented"),), terms=terms, reviewed_by="", reviewed_on="",
    )  # fmt: skip


def verdict(*terms: Term, actions: tuple[str, ...] = ()) -> Verdict:
    situation = Situation(Use(actions), topics=ANY_TOPIC.topics)
    return decide(profile(*terms), situation).verdict


# -- many-valued logic -------------------------------------------------------------------------------------------------


@given(st.lists(truths, min_size=1, max_size=6))
def test_all_is_the_least_of_its_parts(parts: list[Truth]) -> None:
    """`all` has the outcome of its least certain part."""
    found, _ = evaluate(Predicate("all", parts=tuple(map(leaf, parts))), ANY_TOPIC)

    assert found is min(parts)


@given(st.lists(truths, min_size=1, max_size=6))
def test_any_is_the_greatest_of_its_parts(parts: list[Truth]) -> None:
    """`any` has the outcome of its most certain part."""
    found, _ = evaluate(Predicate("any", parts=tuple(map(leaf, parts))), ANY_TOPIC)

    assert found is max(parts)


@given(truths)
def test_not_denies_and_leaves_the_open_open(truth: Truth) -> None:
    """`not` turns true and false around, keeps what is open, and holds where nothing points to its part."""
    found, _ = evaluate(Predicate("not", parts=(leaf(truth),)), ANY_TOPIC)

    assert found is {TRUE: FALSE, FALSE: TRUE, OPEN: OPEN, FAR: TRUE}[truth]


@given(st.sampled_from([FALSE, OPEN, TRUE]))
def test_not_twice_is_as_if_not_said(truth: Truth) -> None:
    """A double negation gives the first outcome back, except for what is far, which is taken as not so."""
    twice = Predicate("not", parts=(Predicate("not", parts=(leaf(truth),)),))

    assert evaluate(twice, ANY_TOPIC)[0] is truth


@given(st.lists(truths, min_size=1, max_size=4))
def test_de_morgan_holds_for_what_was_stated(parts: list[Truth]) -> None:
    """Denying `any` is `all` of the denials."""
    leaves = tuple(map(leaf, parts))
    one = Predicate("not", parts=(Predicate("any", parts=leaves),))
    other = Predicate("all", parts=tuple(Predicate("not", parts=(p,)) for p in leaves))

    assert evaluate(one, ANY_TOPIC)[0] is evaluate(other, ANY_TOPIC)[0]


@given(st.lists(truths, min_size=1, max_size=5), st.sampled_from(["all", "any"]))
def test_an_open_test_says_what_to_ask_and_a_settled_leaf_asks_nothing(parts: list[Truth], name: str) -> None:
    """The questions of a compound test are those of its open parts, no others."""
    _, questions = evaluate(Predicate(name, parts=tuple(map(leaf, parts))), ANY_TOPIC)

    assert questions == ("Is it OPEN?",) * parts.count(OPEN)


# -- single tests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "actions", "expected"),
    [
        (("fine_tune",), ("fine_tune",), TRUE),
        (("fine_tune",), ("merge",), FALSE),
        (("fine_tune",), (), FALSE),
        (("fine_tune", "merge"), ("merge",), TRUE),
        (("distributed",), ("redistribute_weights",), TRUE),
        (("distributed",), ("distribute_product",), OPEN),  # a product may be a service or a download
        (("hosted",), ("host_api",), TRUE),
        (("hosted",), ("distribute_product",), OPEN),
        (("hosted",), ("embed_on_device",), FALSE),
        (("distributed",), ("host_api",), FALSE),
        (("made_available",), ("distribute_product",), TRUE),
        (("made_available",), ("internal_use",), FALSE),
        (("made_available",), ("evaluate",), FALSE),
        (("made_available",), ("publish_research",), FALSE),
        (("made_available",), ("fine_tune",), OPEN),  # whether others get at it is not said
        (("distributed",), (), OPEN),
        (("derived",), ("quantize",), TRUE),
        (("derived",), ("inference",), FALSE),
        (("improves_other_model",), ("distill",), TRUE),
        (("improves_other_model",), ("fine_tune",), FALSE),
        (("derived", "hosted"), ("host_api",), TRUE),
    ],
)
def test_actions_and_their_groups(values: tuple[str, ...], actions: tuple[str, ...], expected: Truth) -> None:
    """An action holds when it was asked; a group also when one of its sure members was, and may be open."""
    assert outcome("action", *values, actions=actions) is expected


def test_an_open_group_asks_its_own_question() -> None:
    """Where it is open whether copies reach others, the group's question is asked."""
    _, questions = evaluate(Predicate("action", ("distributed",)), Situation(Use(("distribute_product",))))

    assert questions == (vocabulary().groups["distributed"].question,)


@pytest.mark.parametrize(
    ("wanted", "stated", "expected"),
    [
        ("true", True, TRUE),
        ("true", False, FALSE),
        ("false", False, TRUE),
        ("false", True, FALSE),
        ("true", None, OPEN),
    ],
)
def test_commercial_is_open_where_nobody_said(wanted: str, stated: bool | None, expected: Truth) -> None:
    """The commercial test follows what was stated and is open otherwise."""
    assert outcome("commercial", wanted, commercial=stated) is expected


def test_a_topic_that_nothing_points_to_is_far() -> None:
    """An unmentioned topic neither applies nor is asked about."""
    assert evaluate(Predicate("topic", ("military",)), Situation(Use())) == (FAR, ())


@pytest.mark.parametrize("truth", [FALSE, OPEN, TRUE])
def test_a_topic_has_the_outcome_that_was_read(truth: Truth) -> None:
    """A listed topic has its own outcome, and the greatest of several counts."""
    assert outcome("topic", "military", topics={"military": truth}) is truth
    assert outcome("topic", "weapons", "military", topics={"military": truth, "weapons": FALSE}) is truth


def test_an_open_topic_asks_the_vocabulary_s_question() -> None:
    """An open topic asks with the vocabulary's words."""
    found = evaluate(Predicate("topic", ("military",)), Situation(Use(), topics={"military": OPEN}))

    assert found == (OPEN, (vocabulary().topics["military"],))


@pytest.mark.parametrize(("domain", "expected"), [("health", TRUE), ("legal", FALSE), (None, FALSE)])
def test_domain(domain: str | None, expected: Truth) -> None:
    """The domain test holds for a listed domain only."""
    assert outcome("domain", "health", "insurance", domain=domain) is expected


@pytest.mark.parametrize(
    ("wanted", "stated", "expected"),
    [
        ("EU", "EU", TRUE), ("EU", "DE", TRUE), ("EU", "de", TRUE), ("EU", "US", FALSE), ("EU", "GB", FALSE),
        ("EU", "UK", FALSE), ("GB", "UK", TRUE), ("EEA", "NO", TRUE), ("EU", "NO", FALSE), ("EEA", "FR", TRUE),
        ("EEA", "EU", TRUE), ("DE", "EU", FALSE), ("EU", "US,FR", TRUE), ("EU", "US, CA", FALSE), ("KR", "KR", TRUE),
        ("EU", "CH", FALSE), ("EU", None, OPEN), ("EU", "", OPEN),
    ],
)  # fmt: skip
def test_region(wanted: str, stated: str | None, expected: Truth) -> None:
    """A member state is in the EU and the EEA, Norway only in the EEA, Britain and Switzerland in neither."""
    assert outcome("region", wanted, facts={"region": stated}) is expected


def test_region_is_open_where_it_is_not_stated() -> None:
    """Without a region the place is asked for."""
    truth, questions = evaluate(Predicate("region", ("EU",)), Situation(Use()))

    assert truth is OPEN
    assert questions


@pytest.mark.parametrize("country", sorted(EU_COUNTRIES))
def test_every_member_state_counts_as_eu(country: str) -> None:
    """Each of the member states counts as the Union."""
    assert outcome("region", "EU", facts={"region": country}) is TRUE


def test_the_union_has_27_member_states() -> None:
    """The list is whole."""
    assert len(EU_COUNTRIES) == 27


@pytest.mark.parametrize(
    ("test", "stated", "expected"),
    [
        ("over", 700_000_001, TRUE), ("over", 700_000_000, FALSE), ("over", 699_999_999, FALSE), ("over", 0, FALSE),
        ("at_least", 700_000_001, TRUE), ("at_least", 700_000_000, TRUE), ("at_least", 699_999_999, FALSE),
        ("over", None, OPEN), ("at_least", None, OPEN), ("over", "many", OPEN), ("over", True, OPEN),
    ],
)  # fmt: skip
def test_thresholds(test: str, stated: object, expected: Truth) -> None:
    """`over` excludes the limit, `at_least` includes it, and a number that was stated as unknown is open."""
    assert outcome(test, "mau", amount=700_000_000.0, facts={"mau": stated}) is expected


def test_a_threshold_that_nobody_mentioned_is_far() -> None:
    """A number that was not mentioned does not make an answer conditional."""
    assert outcome("over", "mau", amount=700_000_000.0) is FAR


@pytest.mark.parametrize(
    ("wanted", "stated"),
    [("mau_at_release", "mau"), ("mau_at_release", "users"), ("mau", "users"), ("mau", "mau_at_release"),
     ("muu", "mau"), ("muu", "users"), ("users", "mau")],
)  # fmt: skip
def test_one_measure_of_users_stands_for_another(wanted: str, stated: str) -> None:
    """A number of users that was given for one measure speaks for a kindred one."""
    assert outcome("over", wanted, amount=1000.0, facts={stated: 1001}) is TRUE
    assert outcome("over", wanted, amount=1000.0, facts={stated: 999}) is FALSE


def test_the_exact_measure_goes_before_its_stand_in() -> None:
    """Where both are stated, the licence's own measure decides."""
    assert outcome("over", "mau", amount=1000.0, facts={"mau": 10, "users": 5000}) is FALSE


def test_revenue_does_not_stand_for_users() -> None:
    """Money and heads are not compared."""
    assert outcome("over", "mau", amount=1000.0, facts={"revenue_usd": 5000}) is FAR


@pytest.mark.parametrize(("euros", "expected"), [(5000, TRUE), (1100, OPEN), (800, OPEN), (300, FALSE)])
def test_another_currency_settles_only_what_is_far_from_the_limit(euros: int, expected: Truth) -> None:
    """Rates move: near the limit the amount in the licence's currency is asked for."""
    assert outcome("over", "revenue_usd", amount=1000.0, facts={"revenue_eur": euros}) is expected


def test_what_affiliates_earn_counts_along() -> None:
    """A group's revenue is the sum of what is stated for the asker and for the affiliates."""
    facts = {"revenue_usd": 600, "affiliate_revenue_usd": 500}
    assert outcome("over", "revenue_usd", amount=1000.0, facts=facts) is TRUE
    assert outcome("over", "revenue_usd", amount=1200.0, facts=facts) is FALSE


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"region": "DE"}, TRUE),
        ({"region": "US", "markets": "DE"}, FALSE),
        ({"region": "DE", "markets": "DE"}, OPEN),
        ({}, OPEN),
    ],
)
def test_seat_is_where_the_asker_is(facts: dict[str, str], expected: Truth) -> None:
    """Customers in the Union do not make a company one of the Union; a place of customers alone leaves it open."""
    assert evaluate(Predicate("seat", ("EU",)), Situation(Use(facts=facts)))[0] is expected
    assert facts == {} or evaluate(Predicate("region", ("EU",)), Situation(Use(facts=facts)))[0] is TRUE


@given(limit=st.integers(0, 10**10), stated=st.integers(0, 10**10))
def test_over_and_at_least_differ_only_at_the_limit(limit: int, stated: int) -> None:
    """The two thresholds agree everywhere but on the limit itself."""
    over = outcome("over", "mau", amount=float(limit), facts={"mau": stated})
    least = outcome("at_least", "mau", amount=float(limit), facts={"mau": stated})

    assert (over is TRUE) == (stated > limit)
    assert (least is TRUE) == (stated >= limit)


def test_modality() -> None:
    """A modality is compared where the model is known, and open where it is not."""
    assert outcome("modality", "multimodal", modalities=frozenset({"multimodal", "text"})) is TRUE
    assert outcome("modality", "multimodal", modalities=frozenset({"text"})) is FALSE
    assert outcome("modality", "multimodal") is OPEN


def test_target() -> None:
    """The licence of what outputs train is compared; without one the test fails."""
    assert outcome("target", "llama-3", targets=frozenset({"llama-3"})) is TRUE
    assert outcome("target", "llama-3", targets=frozenset({"mit"})) is FALSE
    assert outcome("target", "llama-3") is FALSE


def test_license_of_result() -> None:
    """A named licence is compared, `other` is any that is not the same again, and none stated is open."""
    assert outcome("license_of_result", "mit", result_license="mit") is TRUE
    assert outcome("license_of_result", "mit", result_license="apache-2.0") is FALSE
    assert outcome("license_of_result", "other", result_license="apache-2.0") is TRUE
    assert outcome("license_of_result", "other", result_license="own") is TRUE
    assert outcome("license_of_result", "other") is OPEN


def test_the_same_licence_again_is_no_other_one() -> None:
    """Putting a licence's own terms on the result does not count as other terms."""
    ban = term(TermKind.PROHIBITION, when=None)
    ban = Term(**{f: getattr(ban, f) for f in ban.__dataclass_fields__} | {
        "when": Predicate("license_of_result", ("other",))})  # fmt: skip
    held = profile(GRANT, ban)

    assert decide(held, Situation(Use(), result_license="invented")).verdict is Verdict.ALLOWED
    assert decide(held, Situation(Use(), result_license="another")).verdict is Verdict.PROHIBITED


def test_asks() -> None:
    """What a question asks about is matched by word."""
    assert outcome("asks", "attribution", asks=frozenset({"attribution"})) is TRUE
    assert outcome("asks", "attribution", asks=frozenset({"naming"})) is FALSE


# -- verdicts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ((), Verdict.NEEDS_REVIEW),
        ((GRANT,), Verdict.ALLOWED),
        ((GRANT, term(TermKind.PROHIBITION, TRUE)), Verdict.PROHIBITED),
        ((GRANT, term(TermKind.PROHIBITION, None)), Verdict.PROHIBITED),
        ((GRANT, term(TermKind.PROHIBITION, OPEN)), Verdict.CONDITIONAL),
        ((GRANT, term(TermKind.PROHIBITION, FAR)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.PROHIBITION, FALSE)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.CONDITION, TRUE)), Verdict.CONDITIONAL),
        ((GRANT, term(TermKind.CONDITION, None)), Verdict.CONDITIONAL),
        ((GRANT, term(TermKind.CONDITION, OPEN)), Verdict.CONDITIONAL),
        ((GRANT, term(TermKind.CONDITION, FAR)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.CONDITION, FALSE)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.UNCLEAR, TRUE)), Verdict.NEEDS_REVIEW),
        ((GRANT, term(TermKind.UNCLEAR, OPEN)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.UNCLEAR, TRUE), term(TermKind.CONDITION, TRUE)), Verdict.NEEDS_REVIEW),
        ((GRANT, term(TermKind.UNCLEAR, TRUE), term(TermKind.PROHIBITION, TRUE)), Verdict.PROHIBITED),
        ((GRANT, term(TermKind.CONDITION, TRUE), term(TermKind.PROHIBITION, TRUE)), Verdict.PROHIBITED),
        ((GRANT, term(TermKind.LIMITATION, TRUE)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.DEFINITION, TRUE)), Verdict.ALLOWED),
        ((GRANT, term(TermKind.TERMINATION, TRUE)), Verdict.ALLOWED),
    ],
)
def test_verdict_table(terms: tuple[Term, ...], expected: Verdict) -> None:
    """The verdict follows from kinds and outcomes of the terms, the strictest first."""
    assert verdict(*terms, actions=("inference",)) is expected


@pytest.mark.parametrize("kind", [TermKind.CONDITION, TermKind.PROHIBITION, TermKind.UNCLEAR])
@pytest.mark.parametrize("when", [TRUE, OPEN, None])
def test_low_terms_never_decide(kind: TermKind, when: Truth | None) -> None:
    """A term of low weight leaves the verdict as it is."""
    assert verdict(GRANT, term(kind, when, low=True), actions=("inference",)) is Verdict.ALLOWED


def test_an_action_that_no_permission_covers_needs_review() -> None:
    """Silence on an asked action is for a lawyer, and the action is named."""
    ruling = decide(profile(term(TermKind.PERMISSION, None, actions=("inference",))), Situation(Use(("merge",))))

    assert ruling.verdict is Verdict.NEEDS_REVIEW
    assert ruling.silent_on == ("merge",)


@pytest.mark.parametrize("action", ["look_up", "internal_use", "relicense", "combine", "collect_data"])
def test_a_question_about_the_work_needs_no_grant(action: str) -> None:
    """What no licence grants in so many words is not silence."""
    assert verdict(term(TermKind.PERMISSION, None, actions=("inference",)), actions=(action,)) is Verdict.ALLOWED


def test_a_permission_that_does_not_apply_covers_nothing() -> None:
    """A grant whose test fails leaves the action uncovered."""
    limited = term(TermKind.PERMISSION, FALSE, actions=("merge",))

    assert verdict(limited, actions=("merge",)) is Verdict.NEEDS_REVIEW


def test_a_finding_that_is_settled_asks_nothing() -> None:
    """Only open findings carry questions, the term's own one before the vocabulary's."""
    own = term(TermKind.CONDITION, OPEN, id="own", question="Do you hand it on?")
    plain = term(TermKind.CONDITION, OPEN, id="plain")
    settled = term(TermKind.CONDITION, TRUE, id="settled", question="Never asked?")
    ruling = decide(profile(GRANT, own, plain, settled), Situation(Use(), topics=ANY_TOPIC.topics))
    asked = {f.term.id: f.questions for f in ruling.findings}

    assert asked["own"] == ("Do you hand it on?",)
    assert asked["plain"] == ("Is it OPEN?",)
    assert asked["settled"] == ()


kinds = st.sampled_from([TermKind.CONDITION, TermKind.PROHIBITION, TermKind.UNCLEAR, TermKind.LIMITATION])


@given(st.lists(st.tuples(kinds, truths), max_size=5), kinds, truths)
def test_one_more_term_never_makes_a_verdict_milder(
    held: list[tuple[TermKind, Truth]], kind: TermKind, truth: Truth
) -> None:
    """Adding a duty or a ban to a licence leaves its verdict as strict or makes it stricter."""
    terms = [GRANT, *(term(k, t) for k, t in held)]

    assert verdict(*terms, term(kind, truth)).strictness >= verdict(*terms).strictness


@given(st.lists(st.tuples(kinds, truths), max_size=5).flatmap(st.permutations))
def test_the_order_of_terms_does_not_matter(held: list[tuple[TermKind, Truth]]) -> None:
    """A verdict depends on the terms, not on where they stand in a file."""
    terms = [GRANT, *(term(k, t) for k, t in held)]

    assert verdict(*terms) is verdict(*reversed(terms))
