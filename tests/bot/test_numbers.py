"""Numbers and places in questions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.numbers import facts

M = 1_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("650M MAU", {"mau": 650 * M}),
        ("We have 650 million monthly active users.", {"mau": 650 * M}),
        ("700 million monthly users", {"mau": 700 * M}),
        ("700M+ MAU", {"mau": 700 * M}),
        ("1.2bn MAUs", {"mau": 1200 * M}),
        ("0.8 billion monthly active users", {"mau": 800 * M}),
        ("12k users", {"users": 12_000}),
        ("12 k users", {"users": 12_000}),
        ("1,400 users", {"users": 1400}),
        ("1,234,567 users", {"users": 1_234_567}),
        ("1.5M users", {"users": 1_500_000}),
        ("0 users", {"users": 0}),
        ("a million users", {"users": M}),
        ("half a million users", {"users": M // 2}),
        ("ten million customers", {"users": 10 * M}),
        ("2 lakh users", {"users": 200_000}),
        ("5 crore users", {"users": 50 * M}),
        ("1m subscribers", {"users": M}),
        ("50 players", {"users": 50}),
        ("20k monthly uniques", {"muu": 20_000}),
        ("3 million unique visitors", {"muu": 3 * M}),
        ("20 employees", {"headcount": 20}),
        ("a 12-person startup", {"headcount": 12}),
        ("40 staff and 900 users", {"headcount": 40, "users": 900}),
        ("650M MAU, 12 employees", {"mau": 650 * M, "headcount": 12}),
    ],
)
def test_people_in_english(text: str, expected: dict[str, int]) -> None:
    """Counts of people are read with their units."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wir haben 2 Mrd monatliche Nutzer", {"mau": 2000 * M}),
        ("wir haben 1,5 Mio. Nutzer", {"users": 1_500_000}),
        ("1.400 Mitarbeiter", {"headcount": 1400}),
        ("eine Million Kunden", {"users": M}),
        ("zwei Millionen Nutzer", {"users": 2 * M}),
        ("300 Tsd Nutzer", {"users": 300_000}),
        ("nous avons 3 millions d'utilisateurs mensuels", {"mau": 3 * M}),
        ("nous avons 3 millions d’utilisateurs actifs mensuels", {"mau": 3 * M}),
        ("environ 250 salariés", {"headcount": 250}),
        ("1 200 000 utilisateurs", {"users": 1_200_000}),
        ("tenemos 5 millones de usuarios mensuales", {"mau": 5 * M}),
        ("un millón de usuarios", {"users": M}),
        ("tenemos 80 empleados", {"headcount": 80}),
    ],
)
def test_people_in_german_french_and_spanish(text: str, expected: dict[str, int]) -> None:
    """Counts of people are read in the other three languages, with their thousands marks."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under a million users", {"users": M - 1}),
        ("less than 700M MAU", {"mau": 700 * M - 1}),
        ("fewer than 50 people in the company", {"headcount": 49}),
        ("more than 700 million MAU", {"mau": 700 * M + 1}),
        ("over 700M monthly active users", {"mau": 700 * M + 1}),
        ("we exceed 10k users", {"users": 10_001}),
        ("> 700M MAU", {"mau": 700 * M + 1}),
        ("no more than 500 users", {"users": 500}),
        ("not more than 500 users", {"users": 500}),
        ("weniger als 1 Mio Nutzer", {"users": M - 1}),
        ("unter 100 Mitarbeitern", {"headcount": 99}),
        ("über 700 Mio monatlich aktive Nutzer", {"mau": 700 * M + 1}),
        ("mehr als 5 Mio Nutzer", {"users": 5 * M + 1}),
        ("moins de 2 millions d'utilisateurs", {"users": 2 * M - 1}),
        ("plus de 700 millions d'utilisateurs actifs mensuels", {"mau": 700 * M + 1}),
        ("menos de 2 millones de usuarios", {"users": 2 * M - 1}),
        ("más de 700 millones de usuarios activos mensuales", {"mau": 700 * M + 1}),
    ],
)
def test_bounds(text: str, expected: dict[str, int]) -> None:
    """A bound lies on its side of the number, so that it decides a threshold at that very number."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$2m ARR", {"revenue_usd": 2 * M}),
        ("revenue of 900,000 USD", {"revenue_usd": 900_000}),
        ("our revenue is $900k", {"revenue_usd": 900_000}),
        ("$1,000,000 revenue", {"revenue_usd": M}),
        ("US$ 3m turnover", {"revenue_usd": 3 * M}),
        ("we make 10 million dollars a year", {"revenue_usd": 10 * M}),
        ("less than $1M in annual revenue", {"revenue_usd": M - 1}),
        ("over $20 million in yearly revenue", {"revenue_usd": 20 * M + 1}),
        ("€500k revenue a year", {"revenue_eur": 500_000}),
        ("Umsatz von 4 Mio €", {"revenue_eur": 4 * M}),
        ("Jahresumsatz 4 Mio. €", {"revenue_eur": 4 * M}),
        ("€ 1.000.000 Umsatz", {"revenue_eur": M}),
        ("chiffre d'affaires de 12 millions d'euros", {"revenue_eur": 12 * M}),
        ("facturación de 3 millones de euros", {"revenue_eur": 3 * M}),
        ("£3m turnover", {"revenue_gbp": 3 * M}),
        ("3 million GBP turnover", {"revenue_gbp": 3 * M}),
        ("GBP 3m turnover", {"revenue_gbp": 3 * M}),
    ],
)
def test_revenue_keeps_its_currency(text: str, expected: dict[str, int]) -> None:
    """Yearly revenue is read in its own currency."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$20/month subscription",
        "we raised $5m from investors",
        "a GPU for $30,000",
        "the price is 5 euros a year",
    ],
)
def test_a_price_is_no_revenue(text: str) -> None:
    """Money that is not a yearly turnover is no fact."""
    assert not [name for name in facts(text) if name.startswith("revenue")]


@pytest.mark.parametrize(
    "text",
    [
        "700M MAU limit",
        "the 100 million monthly active user cap",
        "does the 700M monthly active users clause hit us?",
        "is the 700M MAU threshold real?",
        "the licence is above 700M users",
        "the licence is only for over 700M users",
        "a limit of 700M MAU",
    ],
)
def test_a_number_quoted_from_a_clause_is_no_fact(text: str) -> None:
    """The licence's own limit is not taken for the asker's number."""
    assert not {"mau", "users"} & set(facts(text))


def test_the_asker_s_number_counts_beside_a_quoted_limit() -> None:
    """Of a limit and the asker's own number, the asker's is the fact."""
    assert facts("The licence has a 700M MAU limit; we have 12k users.") == {"users": 12_000}
    assert facts("The licence is only above 700M users, we have 12k users.") == {"users": 12_000}


@pytest.mark.parametrize(
    "text",
    [
        "Llama 3 8B",
        "can we use Llama-3.1-8B-Instruct for customers?",
        "OPT-175B in our product",
        "Falcon 180B",
        "Mixtral 8x7B for our players",
        "Qwen2.5 72B model users",
        "what do Llama 3 8B users have to show?",
        "a 4-bit GGUF for users",
        "fp16 weights for our customers",
        "gpt-4o customers",
    ],
)
def test_a_model_s_size_is_no_fact(text: str) -> None:
    """Parameters, bits and versions are not counts of people."""
    assert facts(text) == {}


def test_a_size_does_not_hide_the_count_beside_it() -> None:
    """A count next to a model's size is still read."""
    assert facts("Falcon 180B for 3,000 users") == {"users": 3000}


@pytest.mark.parametrize(
    "text", ["nobody knows the number of users", "we don't know our MAU", "unclear how many users we will have"]
)
def test_a_number_that_is_stated_as_unknown_is_none(text: str) -> None:
    """A number that the asker says nobody knows is a fact without a value."""
    assert facts(text) == {"mau": None}


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("GmbH in Hamburg", "DE"),
        ("a startup in Berlin", "DE"),
        ("we are in the EU", "EU"),
        ("a company in the UK", "GB"),
        ("in Paris, France", "FR"),
        ("12 users in Norway", "NO"),
        ("customers in DE and FR", "DE,FR"),
        ("we sit in Texas", "US"),
    ],
)
def test_places(text: str, region: str) -> None:
    """Places become country codes, in order of mention, each once."""
    assert facts(text)["region"] == region


@pytest.mark.parametrize("text", ["can we use it?", "tell us more", "it works in IT", "no or de facto", "we are able"])
def test_ordinary_words_are_no_places(text: str) -> None:
    """Words that look like country codes are left alone."""
    assert "region" not in facts(text)


@pytest.mark.parametrize(
    ("text", "age"), [("for 8-12 year olds", "8-12"), ("kids, 6 to 10 years old, 6 to 10-year-olds", "6-10")]
)
def test_ages(text: str, age: str) -> None:
    """An age range is kept as stated and is no count."""
    assert facts(text)["users_age"] == age


@pytest.mark.parametrize("text", ["", "Can we fine-tune it?", "Sept 3, 2024", "version 3.1", "section 1.b.v", "24/7"])
def test_no_numbers_no_facts(text: str) -> None:
    """A text without stated numbers or places has no facts."""
    assert facts(text) == {}


@given(st.integers(1, 999_999_999))
def test_any_grouped_number_is_read_exactly(count: int) -> None:
    """Plain digits and thousands marks of English and German give the same number."""
    for shown in (str(count), f"{count:,}", f"{count:,}".replace(",", ".")):
        assert facts(f"We have {shown} users")["users"] == count


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands in a question, the facts are plain values under known keys."""
    allowed: dict[str, Any] = facts(text)

    assert all(v is None or isinstance(v, int | str) for v in allowed.values())
    assert all(v is None or isinstance(v, str) or v >= -1 for v in allowed.values())
