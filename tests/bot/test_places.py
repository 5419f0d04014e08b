"""Where the asker sits, and where those are who use it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering import places as module
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


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("we're based in Cork", "IE"),
        ("a Cork-based edtech", "IE"),
        ("University of Ljubljana, nobody earns anything", "SI"),
        ("We (two mountain guides, Linz) have a disclaimer", "AT"),
        ("wir sind ein Start-up aus Regensburg", "DE"),
        ("société basée à Niort", "FR"),
        ("somos una tienda de Salamanca", "ES"),
        ("somos una aseguradora de Medellin", "CO"),
        ("somos una aseguradora de Medellín", "CO"),
        ("hello from Kathmandu", "NP"),
        ("we sit in gdynia", "PL"),
        ("our office in Nice", "FR"),
        ("landlord portal in Ohio", "US"),
        ("we are in Bavaria", "DE"),
        ("we are an Austrian company", "AT"),
        ("our regulator is Austrian", "AT"),
        ("hunyuan video depuis lausanne", "CH"),
        ("a lab of the CNRS", "FR"),
        ("I'm a hobbyist in Brno", "CZ"),
        ("we're a firm from South Korea", "KR"),
    ],
)
def test_a_seat_is_found_world_wide(text: str, region: str) -> None:
    """Cities, states and adjectives of four languages name the country of the asker."""
    assert places(text) == {"region": region}


@pytest.mark.parametrize(
    "text",
    [
        "Reading the licence is nice",
        "Nice! We split it in most cases",
        "Split the weights, Bath later",
        "Orange and Mobile are our customers",
        "is Most of it Cork?",
        "we run Florence-2 and Falcon-180B",
        "im Zug nach der Arbeit",
        "under German law",
        "does the EU AI Act apply",
        "82 k€ de CA par an",
        "in IT and HR",
        "the model from Meta, the code from Google",
        "ROM and RAM",
    ],
)
def test_names_that_are_words_need_a_cue(text: str) -> None:
    """Names that are words, too, count only where the text says that a place stands there."""
    assert places(text) == {}


@pytest.mark.parametrize(
    ("text", "region", "markets"),
    [
        ("We're from Tallinn, our customers are in India and Argentina.", "EE", "IN,AR"),
        ("we are in Vienna and sell it in Switzerland", "AT", "CH"),
        ("We're a Berlin-based firm with users in Poland, Romania and Morocco", "DE", "PL,RO,MA"),
        ("wir sitzen in Hamburg; 85.000 Geräte sind draußen, vor allem in der Schweiz", "DE", "CH"),
        ("We are from Novi Sad. A Brazilian bank reviews it.", "RS", "BR"),
        ("for customers in the Benelux", "BE,NL,LU", "BE,NL,LU"),
        ("clients in HU, RO and BG", "HU,RO,BG", "HU,RO,BG"),
    ],
)
def test_seat_and_markets_of_any_country(text: str, region: str, markets: str) -> None:
    """A place of customers, of a sale or of a delivery is a market, the asker's own a seat."""
    assert places(text) == {"region": region, "markets": markets}


def test_a_territory_that_a_licence_leaves_out_is_no_seat() -> None:
    """What a licence says of the Union is not where the asker is."""
    text = "We're in Rotterdam. The model isn't licensed to companies based in the EU at all."
    assert places(text) == {"region": "NL"}


def test_the_index_is_built_once() -> None:
    """Loading takes a moment, once; reading none."""
    places("we're based in Cork")
    loaded = module._gazetteer()
    start = time.perf_counter()
    for _ in range(100):
        places("we're based in Cork and our customers are in India, " * 3)

    assert module._gazetteer() is loaded
    assert (time.perf_counter() - start) / 100 < 0.02


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader_of_places(text: str) -> None:
    """Whatever stands in a question, the places are comma lists of codes."""
    assert all(re.fullmatch(r"[A-Z]{2,3}(,[A-Z]{2,3})*", listed) for listed in places(text).values())


_PIECES = "we're in from based Cork Reading EU UK , . ( ) - ' customers Swiss bank São d'"


@given(st.lists(st.sampled_from(_PIECES.split()), max_size=30))
def test_no_order_of_words_lists_a_code_twice(words: list[str]) -> None:
    """Names, cues and marks in any order give each code once."""
    for listed in places(" ".join(words)).values():
        codes = listed.split(",")
        assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("US firm, no branch in the EU, no customers in Europe", {"region": "US"}),
        ("a Texan agency in Austin, no EU entity", {"region": "US"}),
        ("We don't sell in the EU or the UK; we're in Vancouver", {"region": "CA"}),
        ("Wir sitzen in Zürich, keine Kunden in der EU", {"region": "CH"}),
        ("somos de Bogotá, sin clientes en Europa", {"region": "CO"}),
        ("we're outside the EU", {}),
        ("we're not only in France", {"region": "FR"}),
        ("a team in Toronto; heard it is banned in EU, UK and South Korea", {"region": "CA"}),
        ("is it banned in the UK?", {"region": "GB"}),
        ("we're a GmbH", {"region": "DE"}),
        ("Somos una S.L.", {"region": "ES"}),
        ("our customer is Foo GmbH", {}),
        ("a GmbH in Vienna", {"region": "AT"}),
        ("our Polish sp. z o.o. runs it", {"region": "PL"}),
        ("I live in Lisbon", {"region": "PT"}),
        ("Our parent is in Seoul, we sit in Austin", {"region": "US"}),
        ("our art partner in Singapore makes them, we sit in Bonn", {"region": "DE"}),
        ("in Toronto, to loop it at a fair in Milan and again in Seoul", {"region": "CA", "markets": "IT,KR"}),
    ],
)  # fmt: skip
def test_places_of_nobody_and_of_others(text: str, expected: dict[str, str]) -> None:
    """Denied places, a ban that is told of, parents and partners are not where the asker is; a company's form is."""
    assert places(text) == expected
