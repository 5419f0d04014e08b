"""Where the asker sits, and where those are who use it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.places import places


@pytest.mark.parametrize(
    ("text", "region", "markets"),
    [
        ("We are a company in Germany.", "DE", None),
        ("Wir sind eine Firma in München.", "DE", None),
        ("Nous sommes une société à Lyon.", "FR", None),
        ("Somos una empresa de Madrid.", "ES", None),
        ("a start-up from San Francisco", "US", None),
        ("We sell it to customers in France.", "FR", "FR"),
        ("Wir verkaufen es an Kunden in Österreich.", "AT", "AT"),
        ("On veut le lancer en Espagne.", "ES", "ES"),
        ("Queremos venderlo a usuarios en México.", "MX", "MX"),
        ("for German customers; we sit in Boston and sell in Germany", "US", "DE"),
        ("We are in Texas and ship to the EU.", "US", "EU"),
        ("We are in Berlin, the servers are hosted in the US.", "DE", "US"),
        ("Unsere Firma sitzt in Wien, unsere Nutzer kommen aus Italien.", "AT", "IT"),
        ("Une société de Paris qui vend en Suisse", "FR", "CH"),
        ("Somos de Barcelona y vendemos en Portugal.", "ES", "PT"),
        ("a company in Seoul with customers in Japan", "KR", "JP"),
        ("an EU launch from our London office", "GB", "EU"),
        ("expanding to Spain, Poland and Sweden", "ES,PL,SE", "ES,PL,SE"),
    ],
)
def test_the_seat_is_told_from_the_markets(text: str, region: str, markets: str | None) -> None:
    """Whoever sells to a country is not therefore established there; without a seat the markets stand for it."""
    assert places(text) == {"region": region} | ({"markets": markets} if markets else {})


@pytest.mark.parametrize(
    "text",
    [
        "can you tell us what we owe",
        "we use it for us",
        "de la eu",
        "the Chinatown dataset, spanning the poles",
        "US$ 5m",
        "",
    ],
)
def test_what_only_looks_like_a_place_is_none(text: str) -> None:
    """Pronouns, currencies and parts of longer words name no country."""
    assert places(text) == {}


@pytest.mark.parametrize(
    ("text", "code"), [("the US", "US"), ("in the UK", "GB"), ("in CA", "CA"), ("in U.S. hands", "US")]
)
def test_short_codes_count_as_they_are_written(text: str, code: str) -> None:
    """A code in capitals is a country, in small letters it is a word."""
    assert places(text) == {"region": code}
    assert places(text.lower()) == {}


def test_a_place_that_is_named_twice_counts_once() -> None:
    """Each country is listed once, in order of mention."""
    assert places("We are in Paris, I mean Lyon, France.") == {"region": "FR"}


def test_a_market_ends_with_its_sentence() -> None:
    """The customers of one sentence do not make the seat of the next one a market."""
    assert places("We have customers. In Germany we have our office.") == {"region": "DE"}


@given(
    st.lists(
        st.sampled_from(["Germany", "Paris", "Texas", "customers in", "we sit in", ".", "and", "ship to"]), max_size=9
    )
)
def test_no_place_is_made_up(words: list[str]) -> None:
    """However a text is put together, no country is made up, and a text that names one says where somebody is."""
    codes = {code for name, code in (("Germany", "DE"), ("Paris", "FR"), ("Texas", "US")) if name in words}
    found = places(" ".join(words))
    listed = {code for value in found.values() for code in value.split(",")}

    assert listed <= codes
    assert ("region" in found) == bool(codes)
