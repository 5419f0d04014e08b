"""Facts of the company: added where a question leaves them out, affiliates summed where a limit counts them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.rules import Situation, Truth, evaluate
from bot.model import Use
from bot.policy.facts import added_facts, with_company_facts
from bot.policy.model import Policy
from knowledge.models import Predicate
from tests.policy.invented import policy

FALSE, FAR, OPEN, TRUE = Truth.FALSE, Truth.FAR, Truth.OPEN, Truth.TRUE
GROUP = policy({
    "company": {
        "name": "Invented AB",
        "as_of": "2026-09-30",
        "established_in": ["SE"],
        "customers_in": ["EU", "US"],
        "monthly_active_users": 600,
        "yearly_revenue_usd": 5_000_000,
        "yearly_revenue_eur": 4_500_000,
        "employees": 40,
        "affiliates": [
            {"name": "One", "established_in": ["US"], "monthly_active_users": 300,
             "yearly_revenue_usd": 4_000_000, "yearly_revenue_eur": 3_600_000},
            {"name": "Two", "users": 50},
            {"name": "Three"},
        ],
    }
})  # fmt: skip
OFFERED = ("host_api",)


def facts(*actions: str, on: Policy = GROUP, **stated: Any) -> dict[str, Any]:
    """The facts of a use with the company's."""
    return dict(with_company_facts(Use(actions, facts=stated), on).facts)


def over(name: str, limit: float, **stated: Any) -> Truth:
    """Whether a clause's limit is passed, with the company's facts."""
    use = with_company_facts(Use(OFFERED, facts=stated), GROUP)
    return evaluate(Predicate("over", (name,), limit), Situation(use))[0]


def test_everything_is_added_to_a_question_that_states_nothing() -> None:
    """The names are those that the rules read, and affiliates come under names of their own."""
    assert facts(*OFFERED) == {
        "mau": 600, "affiliate_mau": 350, "revenue_usd": 5_000_000, "affiliate_revenue_usd": 4_000_000,
        "revenue_eur": 4_500_000, "affiliate_revenue_eur": 3_600_000, "headcount": 40, "region": "SE",
        "markets": "EU,US",
    }  # fmt: skip


def test_what_was_added_is_said_and_cited() -> None:
    """Each fact is a sentence with its day, and its quotes are slices of the file."""
    added = {fact.name: fact for fact in added_facts(Use(OFFERED), GROUP)}

    assert added["mau"].text == "Monthly active users of Invented AB: 600, as of 2026-09-30."
    assert "affiliates (One, Two), which are added: 350" in added["affiliate_mau"].text
    assert added["region"].text == "Seat of Invented AB: SE."
    assert [c.clause for c in added["affiliate_mau"].citations] == ["One, monthly_active_users", "Two, users"]
    for fact in added.values():
        assert fact.citations
        for citation in fact.citations:
            assert GROUP.text[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("mau", 949, TRUE),  # 600 + 300 + 50
        ("mau", 950, FALSE),
        ("mau_at_release", 949, TRUE),
        ("users", 950, FALSE),
        ("revenue_usd", 8_999_999, TRUE),
        ("revenue_usd", 9_000_000, FALSE),
        ("revenue_eur", 8_000_000, TRUE),
    ],
)
def test_limits_count_affiliates(name: str, limit: float, expected: Truth) -> None:
    """A limit is compared with the company's and its affiliates' figures together."""
    assert over(name, limit) is expected


def test_the_numbers_of_a_question_win() -> None:
    """What a question states of the company is taken as it is, in its own measure."""
    found = facts(*OFFERED, users=7, revenue_usd=0, headcount=3)

    assert (found["users"], found["revenue_usd"], found["headcount"]) == (7, 0, 3)
    assert "mau" not in found
    assert "revenue_eur" not in found


def test_affiliates_are_added_to_the_numbers_of_a_question() -> None:
    """A question that speaks of the company alone does not hide its group."""
    assert over("mau", 356, users=7) is TRUE
    assert over("mau", 357, users=7) is FALSE
    assert facts(affiliate_mau=1, mau=2)["affiliate_mau"] == 1


def test_affiliates_are_added_only_in_the_currency_that_is_stated() -> None:
    """Sums in different currencies are no sum: affiliates' dollars alone would pass for the whole group's."""
    found = facts(revenue_eur=100)

    assert found["affiliate_revenue_eur"] == 3_600_000
    assert "affiliate_revenue_usd" not in found
    assert "revenue_usd" not in found
    assert not [name for name in facts(revenue_chf=100) if name.startswith("affiliate_revenue")]


def test_a_number_that_is_said_to_be_unknown_is_filled_in() -> None:
    """“Nobody knows our user number” is no number of its own."""
    in_users = policy({"company": {"name": "x", "users": 9}})

    assert facts(mau=None)["mau"] == 600
    assert facts(mau=None, on=in_users) == {"users": 9}
    assert facts(revenue_usd=None, on=in_users) == {"revenue_usd": None, "users": 9}


def test_the_seat_is_added_where_only_customers_are_named() -> None:
    """A place that stands for the customers alone is stated as both (`places.py`); a seat of its own wins."""
    assert facts(region="US", markets="US")["region"] == "SE"
    assert facts(region="US", markets="US")["markets"] == "US"
    assert facts(region="JP")["region"] == "JP"
    assert facts(region="JP", markets="US")["region"] == "JP"


@pytest.mark.parametrize(
    ("actions", "expected"),
    [(("host_api",), "EU,US"), (("distribute_product",), "EU,US"), (("internal_use",), None), (("inference",), None)],
)
def test_customers_matter_where_others_get_at_the_work(actions: tuple[str, ...], expected: str | None) -> None:
    """For an internal use it does not matter where customers are."""
    assert facts(*actions).get("markets") == expected


def test_without_a_company_nothing_is_added() -> None:
    """A policy of rules alone leaves a use as it is."""
    use = Use(OFFERED, facts={"mau": 1})
    silent = policy({"rules": []})

    assert with_company_facts(use, silent) is use
    assert added_facts(use, silent) == ()


NAMES = st.sampled_from([
    "mau", "mau_at_release", "muu", "users", "dau", "affiliate_mau", "revenue_usd", "revenue_eur", "revenue_chf",
    "monthly_revenue_usd", "affiliate_revenue_usd", "headcount",
])  # fmt: skip


@given(st.dictionaries(NAMES, st.integers(0, 10**9)), st.sampled_from(["mau", "mau_at_release", "revenue_usd"]))
def test_no_stated_fact_is_changed_and_no_limit_gets_wider(stated: dict[str, int], name: str) -> None:
    """Stated numbers stay, and whoever passes a limit by their own numbers passes it with the group's."""
    use = Use(OFFERED, facts=stated)
    full = with_company_facts(use, GROUP)
    limit = Predicate("over", (name,), 1_000.0)

    assert {key: full.facts[key] for key in stated} == stated
    if evaluate(limit, Situation(use))[0] is TRUE:
        assert evaluate(limit, Situation(full))[0] is TRUE
    assert with_company_facts(full, GROUP) == full
