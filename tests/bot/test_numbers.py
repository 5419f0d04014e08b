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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14 people", {"headcount": 14}),
        ("we're 8", {"headcount": 8}),
        ("On est 8", {"headcount": 8}),
        ("a 38-person biotech", {"headcount": 38}),
        ("two founders", {"headcount": 2}),
        ("la empresa (220 personas)", {"headcount": 220}),
        ("a team of 9", {"headcount": 9}),
        ("the 200 of us", {"headcount": 200}),
        ("8 ppl studio", {"headcount": 8}),
        ("1 800 salariés", {"headcount": 1800}),
        ("5,000 seats", {"users": 5000}),
        ("26,000 pupils signed up", {"users": 26_000}),
        ("4,000 store clerks use it", {"users": 4000}),
        ("220 colleagues use it", {"users": 220}),
        ("90 thousand installs", {"users": 90_000}),
        ("400 mil usuarios al mes", {"mau": 400_000}),
        ("70k monthly actives", {"mau": 70_000}),
        ("1.9 million people open the app in a month", {"mau": 1_900_000}),
        ("140 Tsd. Kinder im Monat", {"mau": 140_000}),
        ("users of all kinds, about 8,500 a month", {"mau": 8500}),
        ("When Llama 3.1 was published we were at 712 million monthly users", {"mau_at_release": 712 * M}),
        ("650M MAU on the release date", {"mau_at_release": 650 * M}),
    ],
)
def test_people_are_the_asker_s_or_users(text: str, expected: dict[str, int]) -> None:
    """Words around a number tell staff from users, and users from monthly users."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "AlphaFold 3 predictions",
        "8 GPUs, 300 tickets, 20k photos",
        "on 600 customer questions",
        "a person at a company",
        "we're 8 months in",
        "Alpaca 7B-Schüler",
        "C++17 users",
        "20B tokens",
        "a node takes 64 GB",
    ],
)
def test_other_counts_are_no_people(text: str) -> None:
    """Items, sizes and versions are not counts of people."""
    assert facts(text) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pre-revenue startup", {"revenue_usd": 0}),
        ("we have no income", {"revenue_usd": 0}),
        ("revenue zero so far", {"revenue_usd": 0}),
        ("$600k a yr", {"revenue_usd": 600_000}),
        ("we earn low seven figures", {"revenue_usd": 2 * M}),
        ("low seven figures (EUR) in sales", {"revenue_eur": 2 * M}),
        ("we make about 4 M", {"revenue_usd": 4 * M}),
        ("sales over the last twelve months are 3M USD", {"revenue_usd": 3 * M}),
        ("82 k€ de CA", {"revenue_eur": 82_000}),
        ("2 MEUR Umsatz", {"revenue_eur": 2 * M}),
        ("6,5 Mio. Umsatz (Euro)", {"revenue_eur": 6_500_000}),
        ("Unser Umsatz liegt bei ca. 5 Mio. Euro.", {"revenue_eur": 5 * M}),
        ("we make 20k€ a month", {"revenue_eur": 240_000}),
        ("$2-3M ARR", {"revenue_usd": 3 * M}),
        ("KRW 4.5 billion revenue", {"revenue_krw": 4500 * M}),
        ("PLN 64m revenue", {"revenue_pln": 64 * M}),
        ("turnover of CHF 3m", {"revenue_chf": 3 * M}),
        ("revenue of 5 crore rupees", {"revenue_inr": 50 * M}),
        ("12 million yuan revenue", {"revenue_cny": 12 * M}),
        ("R$ 3 million turnover", {"revenue_brl": 3 * M}),
        ("¥500 million revenue", {"revenue_jpy": 500 * M}),
        ("group sales 6.8 billion euros, we have 4 million", {"affiliate_revenue_eur": 6800 * M, "revenue_eur": 4 * M}),
        ("revenue $1.4M, parent has about $85M", {"revenue_usd": 1_400_000, "affiliate_revenue_usd": 85 * M}),
        ("wir 0,8 Mio € umsatz, aber mutter mit 4 Mrd €", {"revenue_eur": 800_000, "affiliate_revenue_eur": 4000 * M}),
        ("groupe : 1,1 Md$ de CA, nous : 6 M€", {"affiliate_revenue_usd": 1100 * M, "revenue_eur": 6 * M}),
        ("Konzernumsatz liegt bei 11 Mrd Euro", {"affiliate_revenue_eur": 11_000 * M}),
    ],
)  # fmt: skip
def test_revenue_of_the_asker_and_of_the_group(text: str, expected: dict[str, int]) -> None:
    """Yearly revenue is read in any currency; what a group or a parent earns is kept apart."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "raised 1.1M USD in funding last year",
        "our budget is $2m a year",
        "the invoice was 30,000 EUR this year",
        "is the $1M revenue cap real?",
        "the licence limit is $1M revenue",
        "customers pay 300 EUR a month",
        "up to 2,000 EUR a year",
        "79 € a case",
    ],
)
def test_other_money_is_no_revenue(text: str) -> None:
    """Funding, prices, budgets, invoices and a licence's limit are not what the asker earns."""
    assert not [name for name in facts(text) if "revenue" in name]


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("usuarios de 14 a 17 años", "14-17"),
        ("6- to 10-year-olds", "6-10"),
        ("patients aged 5 to 13", "5-13"),
        ("kids 4-7", "4-7"),
        ("élèves de 11 à 15 ans", "11-15"),
        ("Erstklässler (6 bis 8 Jahre)", "6-8"),
        ("ab 12 Jahren", "12"),
        ("niños de 8 años", "8"),
        ("chatting with 14-year-olds", "14"),
        ("eight year olds", "8"),
        ("the pupils are 11", "11"),
        ("13+", "13"),
        ("adults only, 18+", "18+"),
        ("players are 21+", "21+"),
        ("a ten-year-old model", None),
        ("C++17 and python 3+", None),
        ("for kids ab 16 GPUs", None),
        ("12+ countries", None),
    ],
)
def test_ages_in_four_languages(text: str, age: str | None) -> None:
    """The users' age is a range or a bound; a bound that lets minors in is its age."""
    assert facts(text).get("users_age") == age


_PIECES = "we're 8 $2 3M € k a month people users group revenue of under 6-10 year olds - , . zero figures"


@given(st.lists(st.sampled_from(_PIECES.split()), max_size=25))
def test_no_order_of_words_breaks_the_numbers(words: list[str]) -> None:
    """Amounts, cues and marks in any order give whole numbers, ages and places."""
    for name, value in facts(" ".join(words)).items():
        assert isinstance(value, str) if name in {"users_age", "region", "markets"} else isinstance(value, int)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("480M MAU in November 2024, today 455M", {"mau_at_release": 480 * M, "mau": 455 * M}),
        ("in May 2024 we had 600k MAU, we are at 3 million now", {"mau_at_release": 600_000, "mau": 3 * M}),
        ("released in December 2024, we have 5M MAU", {"mau": 5 * M}),
        ("MAU: 210M, parent's 540M", {"mau": 210 * M, "affiliate_mau": 540 * M}),
        ("sister app 100M MAU and the parent's messenger 650M, our app 20M", {"affiliate_mau": 750 * M, "mau": 20 * M}),
        ("we have 300M MAU, the group 900M", {"mau": 300 * M, "affiliate_mau": 600 * M}),
        ("the group had 820 million monthly active users", {"mau": 820 * M}),
        ("app 320M MAU + the wallet 250M MAU", {"mau": 570 * M}),
        ("2.5M visits a month", {"mau": 2_500_000}),
        ("4M visitas al mes", {"mau": 4 * M}),
        ("300k daily users", {"dau": 300_000}),
    ],
)  # fmt: skip
def test_users_of_a_month_of_affiliates_and_of_a_day(text: str, expected: dict[str, int]) -> None:
    """A dated month, the affiliates' users and daily users are told apart; a total counts the asker's own once."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("les ventes du groupe le mois dernier : 31 millions", {"affiliate_revenue_usd": 372 * M}),
        ("family holding 60M USD, daughter 2M USD", {"affiliate_revenue_usd": 60 * M, "revenue_usd": 2 * M}),
        ("together we invoiced 34M last year", {"revenue_usd": 34 * M}),
        ("our shop makes 26M a month", {"revenue_usd": 312 * M}),
        ("we turned over 27M USD", {"revenue_usd": 27 * M}),
        ("revenue $9M, with the parent together 31M$", {"revenue_usd": 9 * M, "affiliate_revenue_usd": 22 * M}),
        ("Command R7B, no income", {"revenue_usd": 0}),
        ("keine Einnahmen", {"revenue_usd": 0}),
        ("no revenue yet", {"revenue_usd": 0}),
        ("a home-made 30B a year ago", {}),
    ],
)
def test_sums_without_the_word_revenue(text: str, expected: dict[str, int]) -> None:
    """Who earns, invoices or stands at a sum has that revenue; a month's counts twelve times, a model's size never."""
    assert facts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "llama is free below a million users",
        "free until 700M users or 30 million ARR",
        "kostenlos bis 1 Mio. Nutzer",
        "gratuit jusqu'à 1 million d'utilisateurs",
        "the licence talks about 1 million DAU",
        "under 10M USD revenue it is free, right?",
    ],
)
def test_what_a_licence_allows_is_no_fact(text: str) -> None:
    """Up to where something is free says nothing of the asker."""
    assert facts(text) == {}
