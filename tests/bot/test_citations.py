"""Quotes and claims: nothing leaves that is not a slice of a stored text, or that stands on no clause."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.answering.citations import CitationFault, Citations, sealed, verified
from bot.model import Answer, Citation, Statement, Verdict
from bot.services import Services
from knowledge.models import DocumentKind, Passage

TEXT = "1. Invented grant. You may read this aloud.\n2. Invented duty. You must smile.\n"
BOUND = (Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.PROHIBITED)


def sha(text: str) -> str:
    """The hash under which a text is stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def cite(start: int = 3, end: int = 17, text: str = TEXT) -> Citation:
    """An unverified citation of a slice."""
    return Citation(
        "invented", DocumentKind.LICENSE, "1", "", text[start:end], False, start, end, sha(text), None,
    )  # fmt: skip


def answer(verdict: Verdict = Verdict.CONDITIONAL, **fields: object) -> Answer:
    """An answer with one condition on one citation."""
    given_ = {"conditions": (Statement("Smile.", (0,)),), "citations": (cite(),)} | fields
    return replace(Answer("Q?", verdict, "Yes."), **given_)  # type: ignore[arg-type]


# -- quotes ------------------------------------------------------------------------------------------------------------


def test_a_true_quote_is_marked_as_verified() -> None:
    """A quote that stands in the stored text comes back unchanged but for the mark."""
    assert verified([cite()], {sha(TEXT): TEXT}) == (replace(cite(), verified=True),)


@given(st.text(min_size=1, max_size=80), st.data())
def test_any_slice_of_any_text_is_verified_and_equal(text: str, data: st.DataObject) -> None:
    """For every text and slice the verified quote is that very slice."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    (found,) = verified([cite(start, end, text)], {sha(text): text})

    assert found.verified
    assert found.quote == text[start:end] == text[found.start : found.end]


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60), st.data())
def test_any_other_quote_is_refused(text: str, quote: str, data: st.DataObject) -> None:
    """A quote that differs from its slice by anything at all is refused."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assume(text[start:end] != quote)

    with pytest.raises(CitationFault):
        verified([replace(cite(start, end, text), quote=quote)], {sha(text): text})


@pytest.mark.parametrize(
    "change",
    [
        {"quote": "Invented grant!"},
        {"quote": "invented grant."},
        {"quote": " Invented grant"},
        {"quote": ""},
        {"start": 4},
        {"end": 18},
        {"start": 3 - len(TEXT), "end": 17 - len(TEXT), "quote": "Invented gran"},
        {"text_sha256": sha(TEXT + " ")},
        {"text_sha256": None},
        {"start": 5000, "end": 5014},
    ],
)
def test_a_changed_quote_offset_or_hash_is_refused(change: dict[str, object]) -> None:
    """Each part of a citation is checked: words, offsets, hash."""
    with pytest.raises(CitationFault):
        verified([replace(cite(), **change)], {sha(TEXT): TEXT})  # type: ignore[arg-type]


def test_a_quote_of_a_text_that_changed_is_refused() -> None:
    """A text that no longer holds the words at their place is noticed."""
    with pytest.raises(CitationFault):
        verified([cite()], {sha(TEXT): "X" + TEXT})


def test_a_text_that_is_not_stored_is_refused() -> None:
    """A quote without a stored text behind it does not pass."""
    with pytest.raises(CitationFault):
        verified([cite()], {})


def test_a_citation_without_a_quote_stays_unverified() -> None:
    """A clause that is only named passes, and is not called verified."""
    named = replace(cite(), quote=None, start=None, end=None, text_sha256=None)

    assert verified([named], {}) == (named,)
    assert not named.verified


def test_one_bad_quote_spoils_all() -> None:
    """A single fault among good quotes withholds the lot."""
    with pytest.raises(CitationFault):
        verified([cite(), replace(cite(), quote="nonsense")], {sha(TEXT): TEXT})


# -- claims ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_claim_with_its_citation_passes(verdict: Verdict) -> None:
    """An answer whose statements all have citations is returned as it is."""
    assert sealed(answer(verdict)) == answer(verdict)


@pytest.mark.parametrize("section", ["permissions", "conditions", "prohibitions", "unclear", "notes"])
@pytest.mark.parametrize("citations", [(), (1,), (-1,), (0, 1)])
def test_a_statement_without_a_real_citation_is_refused(section: str, citations: tuple[int, ...]) -> None:
    """No section of an answer may hold a statement that cites nothing or a place that does not exist."""
    held = answer(conditions=(Statement("Smile.", (0,)),))

    with pytest.raises(CitationFault):
        sealed(replace(held, **{section: (Statement("Smile.", (0,)), Statement("Frown.", citations))}))


@pytest.mark.parametrize("verdict", BOUND)
def test_a_verdict_that_binds_needs_a_statement(verdict: Verdict) -> None:
    """`allowed`, `conditional` and `prohibited` never leave without a cited statement."""
    with pytest.raises(CitationFault):
        sealed(answer(verdict, conditions=(), citations=()))


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - set(BOUND)))
def test_a_verdict_that_does_not_bind_needs_none(verdict: Verdict) -> None:
    """`needs_review` and `unknown` may stand without statements."""
    bare = answer(verdict, conditions=(), citations=())

    assert sealed(bare) == bare


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_citation_that_supports_nothing_is_refused(verdict: Verdict) -> None:
    """What no statement uses does not belong in an answer."""
    with pytest.raises(CitationFault):
        sealed(answer(verdict, citations=(cite(), cite(19, 30))))


# -- citations of real clauses -----------------------------------------------------------------------------------------


def test_the_same_place_is_cited_once(services: Services) -> None:
    """Two terms on one passage share its citation."""
    record = services.store.license("llama-3")
    gathered = Citations(services.store)
    first = [gathered.of_term(record, t) for t in record.profile.terms]
    again = [gathered.of_term(record, t) for t in record.profile.terms]

    assert first == again
    assert len(gathered.found) == len({(c.document, c.clause, c.start, c.end) for c in gathered.found})


def test_every_quote_of_every_reviewed_licence_is_a_slice_within_the_limit(services: Services) -> None:
    """Each reviewed term quotes its stored text word for word, at most 1,500 characters of it."""
    checked = 0
    for key in services.store.license_ids():
        record = services.store.license(key)
        if not record.curated:
            continue
        gathered = Citations(services.store)
        for term in record.profile.terms:
            assert gathered.of_term(record, term)
        held = services.store.texts({c.text_sha256 for c in gathered.found if c.text_sha256})
        for citation in verified(gathered.found, held):
            checked += citation.verified

            assert citation.quote is None or len(citation.quote) <= 1500, (key, citation.clause)

    assert checked > 500


def test_a_long_clause_is_shortened_at_a_sentence_and_stays_a_slice(services: Services) -> None:
    """A clause that is cited whole is trimmed and cut to its limit without changing a character."""
    record = services.store.license("llama-3")
    document = services.store.document(record.profile.documents[0][1])
    gathered = Citations(services.store)
    for position, clause in enumerate(document.clauses):
        if document.text[clause.start : clause.body_end].strip():
            gathered.of_passage(record, Passage(document.key, clause, position, 1.0), longest=200)
    found = verified(gathered.found, {document.sha256: document.text})

    assert len(found) > 10
    assert all(0 < len(c.quote or "") <= 200 for c in found)
    for citation in found:
        after = document.text[citation.end or 0 : (citation.end or 0) + 1]

        assert citation.quote == (citation.quote or "").strip()
        assert not ((citation.quote or "")[-1].isalnum() and after.isalnum()), "cut within a word"
