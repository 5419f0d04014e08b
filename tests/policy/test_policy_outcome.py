"""What a policy makes of an answer: rules, exceptions, bought licences; the stricter of licence and policy holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Answer, Subject, Use, Verdict
from bot.policy.changes import Decided, changes
from bot.policy.lapsing import lapsing
from bot.policy.model import Policy
from bot.policy.outcome import PolicyOutcome, outcome
from knowledge.vocabulary import vocabulary
from tests.policy.invented import KINDS, KNOWN, answer, bought, exception, policy, rule, says, subject

ALLOWED, CONDITIONAL, PROHIBITED = Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.PROHIBITED
REVIEW, UNKNOWN = Verdict.NEEDS_REVIEW, Verdict.UNKNOWN
TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)
OPEN = subject("lab/open", "open-1")
NO_PROFIT = subject("lab/no-profit", "no-profit-1")
HOSTED = Use(("host_api",), commercial=True)


def judged(given_: Answer, *rules: Any, **sections: Any) -> PolicyOutcome | None:
    """The outcome of a policy of some rules, today."""
    return outcome(policy({"rules": list(rules), **sections}), given_, KNOWN, TODAY)


def verdict(given_: Answer, *rules: Any, **sections: Any) -> Verdict:
    """The verdict that holds."""
    made = judged(given_, *rules, **sections)
    return made.verdict if made else given_.verdict


def made(given_: Answer, *rules: Any, **sections: Any) -> PolicyOutcome:
    """The outcome, where there is one."""
    found = judged(given_, *rules, **sections)
    assert found
    return found


# -- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "before", "after"),
    [
        ("deny", ALLOWED, PROHIBITED),
        ("deny", REVIEW, PROHIBITED),
        ("approval", CONDITIONAL, REVIEW),
        ("approval", PROHIBITED, PROHIBITED),
        ("note", ALLOWED, ALLOWED),
        ("note", PROHIBITED, PROHIBITED),
        ("deny", UNKNOWN, PROHIBITED),
    ],
)
def test_the_stricter_of_licence_and_policy_holds(then: str, before: Verdict, after: Verdict) -> None:
    """Both verdicts stay apart, and the stricter one is what holds."""
    found = made(answer(before, OPEN, use=HOSTED), rule(then=then, commercial=True))

    assert (found.licence_verdict, found.verdict) == (before, after)
    assert found.rules == {"a-rule"}


def test_a_hit_says_rule_reason_and_owner_and_cites_the_file() -> None:
    """The citation is the reason's slice of the policy file under the rule's id."""
    sections = policy({"rules": [rule(commercial=True)]})
    found = outcome(sections, answer(ALLOWED, OPEN, use=HOSTED), KNOWN, TODAY)

    assert found
    hit = found.hits[0]
    assert hit.text == "Company policy bars this: Reason of a-rule. (Rule a-rule, legal.)"
    assert (hit.citation.clause, hit.citation.quote) == ("a-rule", "Reason of a-rule.")
    assert sections.text[hit.citation.start : hit.citation.end] == hit.citation.quote
    assert hit.citation.text_sha256 == sections.sha256
    assert found.to_json()["rules"][0]["citation"]["document"] == "policy"


@pytest.mark.parametrize(
    ("when", "hits"),
    [
        ({"licences": ["no-profit-1"]}, True),
        ({"licences": ["no-profit-2"]}, False),
        ({"categories": ["non_commercial", "research"]}, True),
        ({"categories": ["permissive"]}, False),
        ({"families": ["no-profit"]}, True),
        ({"families": ["open"]}, False),
        ({"subjects": ["Lab/No-Profit"]}, True),
        ({"subjects": ["lab/*"]}, True),
        ({"subjects": ["other/*", "lab"]}, False),
        ({"publishers": ["The Lab"]}, True),
        ({"subjects": ["open-models"]}, False),
        ({"categories": ["non_commercial"], "subjects": ["other/*"]}, False),
        ({"actions": ["host_api", "merge"]}, True),
        ({"actions": ["made_available"]}, True),
        ({"actions": ["derived"]}, False),
        ({"domains": ["health"]}, False),
        ({"distribution": ["hosted"]}, True),
        ({"distribution": ["internal", "product", "weights"]}, False),
        ({"commercial": False}, False),
    ],
)
def test_all_keys_of_an_occasion_hold_by_any_value(when: dict[str, Any], hits: bool) -> None:
    """A rule hits where each of its keys holds for the subject, its licence and the use."""
    assert bool(judged(answer(ALLOWED, NO_PROFIT, use=HOSTED), rule(**when))) is hits


def test_licence_and_subject_of_a_rule_are_one_thing() -> None:
    """One subject's licence and another subject's name do not make a hit together."""
    both = answer(ALLOWED, NO_PROFIT, OPEN, use=HOSTED)

    assert judged(both, rule(subjects=["lab/open"], categories=["non_commercial"])) is None
    assert made(both, rule(categories=["non_commercial"])).hits[0].parts[0].subject is NO_PROFIT


def test_a_rule_about_a_model_follows_what_is_built_on_it() -> None:
    """A fine-tune of a barred model is barred."""
    tuned = subject("me/tuned", "open-1", base=("lab/open",))

    for when in ({"subjects": ["lab/*"]}, {"subjects": ["open-models"]}, {"publishers": ["The Lab"]}):
        assert verdict(answer(ALLOWED, tuned, use=HOSTED), rule(**when)) is PROHIBITED


@pytest.mark.parametrize(
    ("actions", "commercial", "distribution", "expected"),
    [
        (("host_api",), True, "hosted", PROHIBITED),
        (("distribute_product",), True, "product", PROHIBITED),
        (("distribute_product",), True, "hosted", CONDITIONAL),  # a product may be one over a network
        (("embed_on_device",), True, "product", PROHIBITED),
        (("embed_on_device",), True, "hosted", ALLOWED),
        (("redistribute_data",), True, "weights", PROHIBITED),
        (("internal_use", "inference"), True, "internal", PROHIBITED),
        (("internal_use", "inference"), True, "product", ALLOWED),
        (("inference",), True, "internal", CONDITIONAL),
        (("fine_tune",), None, "product", CONDITIONAL),
        (("fine_tune",), False, "internal", PROHIBITED),  # who tunes for no gain and tells of nobody keeps it
        (("fine_tune",), False, "product", ALLOWED),
        ((), True, "product", CONDITIONAL),
    ],
)
def test_distribution(actions: tuple[str, ...], commercial: bool | None, distribution: str, expected: Verdict) -> None:
    """How it gets to people is read from what is done, and is open where nothing says it."""
    asked = answer(ALLOWED, OPEN, use=Use(actions, commercial))

    assert verdict(asked, rule(distribution=[distribution])) is expected


def test_a_rule_for_every_distribution_needs_none_to_be_said() -> None:
    """What holds either way is not open."""
    asked = answer(ALLOWED, OPEN, use=Use(("inference",)))

    assert verdict(asked, rule(distribution=["internal", "hosted", "product", "weights"])) is PROHIBITED


def test_what_is_left_open_makes_it_conditional_and_is_asked() -> None:
    """A rule that may apply neither bars nor passes in silence."""
    asked = answer(ALLOWED, OPEN, use=Use(("fine_tune",)))
    found = made(asked, rule(commercial=True), rule("other", "approval", distribution=["product"]))

    assert found.verdict is CONDITIONAL
    assert found.questions == ("Is the use commercial?", vocabulary().groups["made_available"].question)
    assert "may bar this" in found.hits[0].text
    assert verdict(asked, rule(then="note", commercial=True)) is ALLOWED
    assert verdict(answer(REVIEW, OPEN, use=Use()), rule(actions=["fine_tune"])) is REVIEW


def test_a_part_that_fails_settles_what_is_open() -> None:
    """Where another key does not hold, the open one does not matter."""
    assert judged(answer(ALLOWED, OPEN, use=Use(("fine_tune",))), rule(commercial=True, domains=["health"])) is None


def test_who_only_looks_it_up_is_told_and_not_barred() -> None:
    """What a licence says may be asked of a barred model, too."""
    found = made(answer(ALLOWED, NO_PROFIT, use=Use(("look_up",))), rule(categories=["non_commercial"]))

    assert (found.verdict, found.policy_verdict, found.questions) == (ALLOWED, ALLOWED, ())
    assert found.hits[0].text.startswith("If it is used: company policy bars this")


def test_where_no_subject_was_recognised_no_rule_speaks() -> None:
    """No decision is made, by the policy either."""
    assert judged(answer(UNKNOWN, use=Use(domain="military")), rule(domains=["military"])) is None


def test_a_subject_without_a_licence_is_under_the_rules_about_uses() -> None:
    """Rules about licences have nothing to say of it."""
    bare = answer(REVIEW, subject("lab/bare"), use=HOSTED)

    assert verdict(bare, rule(commercial=True)) is PROHIBITED
    assert verdict(bare, rule(categories=["permissive"])) is REVIEW


@pytest.mark.parametrize(("offset", "hits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_rule_holds_from_its_first_to_its_last_day(offset: int, hits: bool) -> None:
    """Both days are included."""
    dated = rule(commercial=True) | {"from": str(TODAY - DAY), "until": str(TODAY + DAY)}
    given_ = policy({"rules": [dated]})

    assert bool(outcome(given_, answer(ALLOWED, OPEN, use=HOSTED), KNOWN, TODAY + offset * DAY)) is hits


# -- exceptions ------------------------------------------------------------------------------------------------------

BARRED = rule(categories=["non_commercial"])


@pytest.mark.parametrize(
    ("entry", "use", "question", "lifted"),
    [
        (exception(rules=["a-rule"]), HOSTED, "", True),
        (exception(licences=["no-profit-1"]), HOSTED, "", True),
        (exception(licences=["no-profit-2"]), HOSTED, "", False),
        (exception(rules=["a-rule"], licences=["no-profit-2"]), HOSTED, "", False),
        (exception(subjects=["lab/no-profit"]), HOSTED, "", True),
        (exception(subjects=["lab/other"]), HOSTED, "", False),
        (exception(subjects=["open-models"]), HOSTED, "", False),
        (exception(rules=["a-rule"], scope={"actions": ["host_api"]}), HOSTED, "", True),
        (exception(rules=["a-rule"], scope={"actions": ["made_available"]}), HOSTED, "", True),
        (exception(rules=["a-rule"], scope={"actions": ["evaluate"]}), HOSTED, "", False),
        (exception(rules=["a-rule"], scope={"actions": ["host_api"]}), Use(("host_api", "inference")), "", True),
        (exception(rules=["a-rule"], scope={"actions": ["host_api"]}), Use(("host_api", "merge")), "", False),
        (exception(rules=["a-rule"], scope={"actions": ["evaluate"]}), Use(("inference",)), "", False),
        (exception(rules=["a-rule"], scope={"actions": ["evaluate"]}), Use(()), "", None),
        (exception(rules=["a-rule"], scope={"domains": ["health"]}), Use(domain="health"), "", True),
        (exception(rules=["a-rule"], scope={"domains": ["health"]}), Use(domain="games"), "", False),
        (exception(rules=["a-rule"], scope={"domains": ["health"]}), HOSTED, "", None),
        (exception(rules=["a-rule"], scope={"products": ["Blue Box"]}), HOSTED, "for the blue box?", True),
        (exception(rules=["a-rule"], scope={"products": ["Blue Box"]}), HOSTED, "for blue boxes?", None),
    ],
)
def test_an_exception_lifts_within_its_scope(
    entry: dict[str, Any], use: Use, question: str, lifted: bool | None
) -> None:
    """For sure, not at all, or not yet (`None`): only the first changes the verdict."""
    asked = answer(ALLOWED, NO_PROFIT, use=use, question=question)
    hit = made(asked, BARRED, exceptions=[entry]).hits[0]

    assert [r.id for r in hit.lifted_by] == (["an-exception"] if lifted else [])
    assert [r.id for r in hit.could_lift] == (["an-exception"] if lifted is None else [])
    assert bool(hit.settling) is (lifted is None)
    assert verdict(asked, BARRED, exceptions=[entry]) is (ALLOWED if lifted else PROHIBITED)
    assert ("an-exception (item 6; board)" in hit.text) is (lifted is not False)


def test_a_family_stands_for_its_members() -> None:
    """Whoever names a family means each of its models, in rules and in exceptions."""
    asked = answer(ALLOWED, OPEN, use=HOSTED)
    barred = rule(subjects=["open-models"])

    assert verdict(asked, barred) is PROHIBITED
    assert verdict(asked, barred, exceptions=[exception(subjects=["open-models"])]) is ALLOWED


def test_an_exception_has_to_reach_everything_that_a_rule_concerns() -> None:
    """Of two models under barred licences one is excepted: the rule stands, until both are."""
    other = subject("lab/second", "no-profit-2")
    asked = answer(ALLOWED, NO_PROFIT, other, use=HOSTED)
    one, two = exception(licences=["no-profit-1"]), exception("second", subjects=["lab/second"])

    assert verdict(asked, BARRED, exceptions=[one]) is PROHIBITED
    assert verdict(asked, BARRED, exceptions=[one, two]) is ALLOWED
    assert made(asked, BARRED, exceptions=[one | {"scope": {"domains": ["health"]}}]).hits[0].could_lift == ()
    assert made(asked, BARRED, exceptions=[one | {"scope": {"domains": ["health"]}}, two]).questions != ()


def test_an_exception_for_a_licence_lifts_no_rule_about_a_field() -> None:
    """Whoever approved a licence has not approved every use of it; a rule that is named is lifted."""
    asked = answer(ALLOWED, NO_PROFIT, use=Use(("host_api",), domain="weapons"))
    by_field = rule(domains=["weapons"])

    assert verdict(asked, by_field, exceptions=[exception(licences=["no-profit-1"])]) is PROHIBITED
    assert verdict(asked, by_field, exceptions=[exception(rules=["a-rule"], licences=["no-profit-1"])]) is ALLOWED


def test_an_exception_lifts_no_licence() -> None:
    """The company cannot except itself from what a licensor forbids."""
    asked = answer(PROHIBITED, NO_PROFIT, use=HOSTED, prohibitions=(says("no-profit-1"),))

    assert verdict(asked, BARRED, exceptions=[exception(rules=["a-rule"])]) is PROHIBITED


@pytest.mark.parametrize(("offset", "lifted"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_an_exception_holds_from_its_first_to_its_last_day(offset: int, lifted: bool) -> None:
    """Both days are included."""
    dated = exception(rules=["a-rule"]) | {"from": str(TODAY - DAY), "until": str(TODAY + DAY)}
    given_ = policy({"rules": [BARRED], "exceptions": [dated]})
    found = outcome(given_, answer(ALLOWED, NO_PROFIT, use=HOSTED), KNOWN, TODAY + offset * DAY)

    assert found
    assert bool(found.hits[0].lifted_by) is lifted
    assert (found.rules == frozenset()) is lifted


# -- licences that were bought ---------------------------------------------------------------------------------------

BAN, DUTY, SHARE = says("no-profit-1"), says("no-profit-1"), says("share-1")
FORBIDDEN = answer(PROHIBITED, NO_PROFIT, use=HOSTED, prohibitions=(BAN,), conditions=(DUTY,))


def test_a_bought_licence_lifts_the_public_one_and_is_said() -> None:
    """Prohibited becomes conditional, by the contract's own terms, with its reference."""
    found = made(FORBIDDEN, licences_bought=[bought(licences=["no-profit-1"])])

    assert (found.licence_verdict, found.relieved_verdict, found.verdict) == (PROHIBITED, CONDITIONAL, CONDITIONAL)
    assert found.lifts[0].statements == (BAN, DUTY)
    assert found.lifts[0].text.startswith("In place of no-profit-1 holds licence bought a-contract (contract 17;")
    assert found.lifts[0].citation.quote == "contract 17"
    assert found.to_json()["licences_bought"][0]["lifts"][0]["license"] == "no-profit-1"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (bought(licences=["no-profit-2"]), PROHIBITED),
        (bought(subjects=["lab/no-profit"]), CONDITIONAL),
        (bought(subjects=["lab/other"]), PROHIBITED),
        (bought(licences=["no-profit-1"], subjects=["lab/other"]), PROHIBITED),
        (bought(licences=["no-profit-1"], scope={"actions": ["hosted"]}), CONDITIONAL),
        (bought(licences=["no-profit-1"], scope={"actions": ["merge"]}), PROHIBITED),
        (bought(licences=["no-profit-1"], scope={"products": ["Blue Box"]}), PROHIBITED),
        (bought(licences=["no-profit-1"], scope={"domains": ["games"]}), PROHIBITED),
        (bought(licences=["no-profit-1"]) | {"until": str(TODAY)}, CONDITIONAL),
        (bought(licences=["no-profit-1"]) | {"until": str(TODAY - DAY)}, PROHIBITED),
        (bought(licences=["no-profit-1"]) | {"from": str(TODAY + DAY)}, PROHIBITED),
    ],
)
def test_a_bought_licence_lifts_within_its_scope(entry: dict[str, Any], expected: Verdict) -> None:
    """Outside its scope, or where the question does not tell, the public licence stands."""
    assert verdict(FORBIDDEN, licences_bought=[entry]) is expected


def test_what_a_bought_licence_may_cover_is_asked() -> None:
    """A product that the question does not name is asked for."""
    entry = bought(licences=["no-profit-1"], scope={"products": ["Blue Box"]})
    found = made(FORBIDDEN, licences_bought=[entry])

    assert found.questions == ("Is it for Blue Box?",)
    assert found.lifts[0].statements == ()
    assert found.lifts[0].text.startswith("It may stand in place of no-profit-1")


def test_a_bought_licence_lifts_no_rule() -> None:
    """A rule about the category of the public licence needs an exception of its own."""
    contract = [bought(licences=["no-profit-1"])]

    assert verdict(FORBIDDEN, BARRED, licences_bought=contract) is PROHIBITED
    assert verdict(FORBIDDEN, BARRED, licences_bought=contract, exceptions=[exception(rules=["a-rule"])]) is CONDITIONAL


@pytest.mark.parametrize(
    ("subjects", "fields", "expected"),
    [
        ((NO_PROFIT, subject("s", "share-1")), {"prohibitions": (BAN, SHARE)}, PROHIBITED),
        ((NO_PROFIT, subject("s", "share-1")), {"prohibitions": (BAN,), "unclear": (SHARE,)}, REVIEW),
        ((NO_PROFIT, subject("s", "share-1")), {"prohibitions": (BAN,), "conditions": (SHARE,)}, CONDITIONAL),
        ((NO_PROFIT, subject("s", "share-1")), {"prohibitions": (BAN,)}, REVIEW),
        ((NO_PROFIT, subject("s")), {"prohibitions": (BAN,)}, REVIEW),
        ((NO_PROFIT,), {"prohibitions": (BAN, says(""))}, PROHIBITED),
        ((NO_PROFIT,), {"prohibitions": ()}, PROHIBITED),
        ((NO_PROFIT,), {"prohibitions": (BAN,), "unclear": (BAN,)}, CONDITIONAL),
        ((subject("t", "no-profit-1", base=("lab/no-profit",)),), {"prohibitions": (BAN,)}, REVIEW),
    ],
)
def test_what_is_left_beside_a_bought_licence(
    subjects: tuple[Subject, ...], fields: dict[str, Any], expected: Verdict
) -> None:
    """The other licences stay as strict as they were, and what the answer does not show is for a lawyer."""
    asked = answer(PROHIBITED, *subjects, use=HOSTED, **fields)

    assert verdict(asked, licences_bought=[bought(licences=["no-profit-1"])]) is expected


def test_joined_works_are_for_a_lawyer() -> None:
    """What keeps two licences apart need not stand among the statements."""
    joined = Use(("merge", "redistribute_weights"), commercial=True)
    asked = answer(PROHIBITED, NO_PROFIT, OPEN, use=joined, prohibitions=(BAN,), permissions=(says("open-1"),))

    assert verdict(asked, licences_bought=[bought(licences=["no-profit-1"])]) is REVIEW


def test_a_model_that_is_built_on_another_has_to_be_named() -> None:
    """A licence bought for a model by name covers it; one bought by name alone not what it was made from."""
    tuned = subject("me/tuned", "no-profit-1", base=("lab/no-profit",))
    asked = answer(PROHIBITED, tuned, use=HOSTED, prohibitions=(BAN,))
    named = bought(licences=["no-profit-1"], subjects=["me/tuned"])

    assert verdict(asked, licences_bought=[named]) is CONDITIONAL
    assert judged(asked, licences_bought=[bought(subjects=["me/tuned"])]) is None


def test_a_bought_licence_helps_a_lawyer_and_decides_nothing_there() -> None:
    """What was for review stays so, and the contract is told."""
    found = made(answer(REVIEW, NO_PROFIT, use=HOSTED), licences_bought=[bought(licences=["no-profit-1"])])

    assert found.verdict is REVIEW
    assert found.lifts[0].text.startswith("It may help whoever decides")


@pytest.mark.parametrize("before", [ALLOWED, UNKNOWN])
def test_where_nothing_is_to_be_lifted_a_contract_is_not_told(before: Verdict) -> None:
    """An answer that needs no contract is left alone."""
    assert judged(answer(before, NO_PROFIT, use=HOSTED), licences_bought=[bought(licences=["no-profit-1"])]) is None


# -- laws ------------------------------------------------------------------------------------------------------------

ACTIONS = st.lists(
    st.sampled_from(["inference", "look_up", "host_api", "internal_use", "distribute_product", "fine_tune", "merge"]),
    max_size=3,
    unique=True,
)
USES = st.builds(
    Use, ACTIONS.map(tuple), st.sampled_from([None, True, False]), st.sampled_from([None, "health", "games"])
)
LICENCES = st.lists(st.sampled_from(sorted(KINDS)), max_size=2, unique=True)
SUBJECTS = st.lists(
    st.tuples(st.sampled_from(["lab/one", "lab/two", "other/three"]), LICENCES, st.booleans()).map(
        lambda t: subject(t[0], *t[1], base=("lab/base",) if t[2] else ())
    ),
    max_size=2,
)
STATEMENTS = st.lists(st.sampled_from([*KINDS, ""]).map(says), max_size=2).map(tuple)
ANSWERS = st.builds(
    lambda v, s, u, p, c, n: answer(v, *s, use=u, prohibitions=p, conditions=c, unclear=n, question="For Blue Box?"),
    st.sampled_from(list(Verdict)), SUBJECTS, USES, STATEMENTS, STATEMENTS, STATEMENTS,
)  # fmt: skip


def some(*names: str) -> st.SearchStrategy[list[str]]:
    """A list of one or two of the names."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)


WHATS = {"licences": some(*KINDS), "subjects": some("lab/*", "lab/one", "lab/base")}
WHENS = st.fixed_dictionaries(
    {},
    optional=WHATS | {
        "publishers": some("The Lab"),
        "categories": some("permissive", "non_commercial"), "families": some("open", "no-profit"),
        "actions": some("host_api", "derived", "inference"), "domains": some("health"),
        "distribution": some("internal", "hosted", "product", "weights"), "commercial": st.booleans(),
    },
).filter(bool)  # fmt: skip
RULES = st.lists(st.tuples(st.sampled_from(["deny", "approval", "note"]), WHENS), max_size=3).map(
    lambda found: [rule(f"r{i}", then, **when) for i, (then, when) in enumerate(found)]
)
SCOPES = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {}, optional={"actions": some("host_api", "derived"), "domains": some("health"), "products": some("Blue Box")}
    ).filter(bool),
)
COVERS = st.fixed_dictionaries({}, optional=WHATS).filter(bool)


def reliefs(make: Any) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some exceptions or bought licences."""
    return st.lists(st.tuples(COVERS, SCOPES), max_size=2).map(
        lambda found: [make(f"{make.__name__}-{i}", scope=scope, **covers) for i, (covers, scope) in enumerate(found)]
    )


@given(ANSWERS)
def test_no_policy_is_no_change(given_: Answer) -> None:
    """A file that says nothing about rules makes nothing of any answer."""
    assert judged(given_) is None
    assert judged(given_, company={"name": "x"}) is None


@given(ANSWERS, RULES, reliefs(exception))
def test_rules_make_nothing_milder(given_: Answer, rules: list[Any], exceptions: list[Any]) -> None:
    """Without a bought licence the verdict is as strict as the licences' own, or stricter by a rule that is told."""
    found = judged(given_, *rules, exceptions=exceptions)
    if found is None:
        return

    assert found.relieved_verdict is found.licence_verdict is given_.verdict
    assert found.verdict.strictness == max(given_.verdict.strictness, found.policy_verdict.strictness)
    if found.verdict is not given_.verdict:
        assert found.verdict in {hit.verdict for hit in found.hits if not hit.lifted_by}


@given(ANSWERS, RULES, reliefs(exception))
def test_a_rule_is_milder_only_by_a_named_exception(given_: Answer, rules: list[Any], exceptions: list[Any]) -> None:
    """Exceptions change nothing but rules that they lift, by name."""
    plain, eased = judged(given_, *rules), judged(given_, *rules, exceptions=exceptions)
    assert (plain is None) == (eased is None)
    if plain is None or eased is None:
        return

    assert [h.rule.id for h in plain.hits] == [h.rule.id for h in eased.hits]
    lifted = [h for h in eased.hits if h.lifted_by]
    assert plain.rules - eased.rules == {h.rule.id for h in lifted}
    assert eased.verdict.strictness <= plain.verdict.strictness
    if eased.verdict is not plain.verdict:
        assert lifted
    for hit in lifted:
        assert all(r.id in hit.text and r.reference in hit.text for r in hit.lifted_by)


@given(ANSWERS, RULES, reliefs(bought))
def test_a_licence_is_milder_only_by_a_named_contract(given_: Answer, rules: list[Any], contracts: list[Any]) -> None:
    """A milder verdict has its contract told, is never `allowed`, and leaves no rule out."""
    found = judged(given_, *rules, licences_bought=contracts)
    plain = judged(given_, *rules)
    if found is None:
        return

    assert found.rules == (plain.rules if plain else frozenset())
    if found.relieved_verdict is not given_.verdict:
        assert given_.verdict is PROHIBITED
        assert found.relieved_verdict in {CONDITIONAL, REVIEW}
        assert any(lift.statements and lift.relief.id in lift.text for lift in found.lifts)
        assert {lift.relief.kind.value for lift in found.lifts} == {"licence bought"}


@given(ANSWERS, RULES, RULES)
def test_another_rule_makes_nothing_milder(given_: Answer, rules: list[Any], more: list[Any]) -> None:
    """Adding a rule never loosens."""
    added = [r | {"id": f"more-{r['id']}"} for r in more]

    assert verdict(given_, *rules, *added).strictness >= verdict(given_, *rules).strictness


# -- reminders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "days_left"), [(-11, None), (-10, 10), (-1, 1), (0, 0), (1, -1), (400, -400)])
def test_reminders_begin_in_time_and_go_on(offset: int, days_left: int | None) -> None:
    """From `remind_days` before the last day on, and after it as lapsed."""
    entry = exception(licences=["open-1"]) | {"until": str(TODAY), "remind_days": 10}
    found = lapsing(policy({"exceptions": [entry]}), TODAY + offset * DAY)

    assert [lapse.days_left for lapse in found] == ([] if days_left is None else [days_left])
    assert [lapse.has_lapsed for lapse in found] == ([] if days_left is None else [days_left < 0])


def test_reminders_are_of_both_kinds_what_ended_first_comes_first() -> None:
    """Entries without an end, or that have not begun, are no matter; thirty days are the default."""
    given_ = policy({
        "licences_bought": [
            bought("soon", licences=["open-1"]) | {"until": str(TODAY + 30 * DAY)},
            bought("later", licences=["open-1"]) | {"until": str(TODAY + 31 * DAY)},
            bought("endless", licences=["open-1"]),
        ],
        "exceptions": [
            exception("lapsed", licences=["open-1"]) | {"until": str(TODAY - DAY)},
            exception("not-begun", licences=["open-1"]) | {"from": str(TODAY + DAY), "until": str(TODAY + 2 * DAY)},
        ],
    })  # fmt: skip

    assert [lapse.relief.id for lapse in lapsing(given_, TODAY)] == ["lapsed", "soon"]


# -- past decisions under a new policy ---------------------------------------------------------------------------------


def tried(given_: Policy, *decisions: Decided, on: date | None = None) -> list[tuple[Verdict, set[str], set[str]]]:
    """Verdict, new rules and gone rules of each change."""
    return [(c.verdict, set(c.new_rules), set(c.gone_rules)) for c in changes(given_, decisions, KNOWN, on=on)]


def test_only_decisions_that_would_change_are_listed() -> None:
    """A decision is listed for another verdict or for other rules."""
    given_ = policy({"rules": [BARRED, rule("told", "note", licences=["open-1"])]})
    barred, told = answer(ALLOWED, NO_PROFIT, use=HOSTED), answer(ALLOWED, OPEN, use=HOSTED)
    other = answer(ALLOWED, subject("s", "share-1"), use=HOSTED)

    assert tried(given_, Decided(barred, TODAY), Decided(told, TODAY), Decided(other, TODAY)) == [
        (PROHIBITED, {"a-rule"}, set()),
        (ALLOWED, {"told"}, set()),
    ]
    assert tried(given_, Decided(barred, TODAY, PROHIBITED, frozenset({"a-rule"}))) == []


def test_a_rule_that_is_gone_is_a_change() -> None:
    """Back to what the licences say, with the rule that went."""
    past = Decided(answer(ALLOWED, OPEN, use=HOSTED), TODAY, PROHIBITED, frozenset({"old"}))

    assert tried(policy({"rules": [BARRED]}), past) == [(ALLOWED, set(), {"old"})]


def test_past_decisions_are_judged_by_their_own_day_or_another() -> None:
    """A rule that begins tomorrow changes nothing of today's, unless one tries tomorrow."""
    given_ = policy({"rules": [BARRED | {"from": str(TODAY + DAY)}]})
    past = Decided(answer(ALLOWED, NO_PROFIT, use=HOSTED), TODAY)

    assert tried(given_, past) == []
    assert tried(given_, past, on=TODAY + DAY) == [(PROHIBITED, {"a-rule"}, set())]


@given(st.lists(ANSWERS, max_size=4), RULES)
def test_the_same_policy_again_changes_nothing(given_: list[Answer], rules: list[Any]) -> None:
    """Decisions made under a policy come out the same under it."""
    held = policy({"rules": rules})
    made_ = [(a, outcome(held, a, KNOWN, TODAY)) for a in given_]
    decided = [Decided(a, TODAY, o.verdict, o.rules) if o else Decided(a, TODAY) for a, o in made_]

    assert changes(held, decided, KNOWN) == []
