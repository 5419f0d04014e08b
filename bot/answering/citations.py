"""Quotes: taken from the stored text by offsets, and checked against it before an answer leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.model import Answer, Citation, Verdict
from knowledge.models import LicenseRecord, Passage, Pin, Quote, Term
from knowledge.store import KnowledgeStore

_BOUND = (Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.PROHIBITED)


class CitationFault(Exception):  # noqa: N818  # caught where it arises; never seen by a person
    """A quote that does not stand in the stored text, or a claim without a citation."""


@dataclass(slots=True)
class Citations:
    """Collects the citations of one answer; the same passage is cited once."""

    store: KnowledgeStore
    found: list[Citation] = field(default_factory=list)

    def of_term(self, record: LicenseRecord, term: Term, *, every_pin: bool = True) -> tuple[int, ...]:
        """Return the positions of a term's citations, adding those that are new; its first pin is the main one."""
        resolved = record.quotes.get(term.id) or (None,) * len(term.pins)
        pins = list(zip(term.pins, resolved, strict=True))
        cited = (self._add(self._of_pin(record, p, q)) for p, q in (pins if every_pin else pins[:1]))
        return tuple(dict.fromkeys(cited))

    def of_passage(self, record: LicenseRecord, passage: Passage, longest: int = 600) -> int:
        """Return the position of a citation of a whole clause, shortened at a sentence where it is long."""
        document = self.store.document(passage.document_key)
        start, end = passage.clause.start, passage.clause.body_end
        while start < end and document.text[start].isspace():
            start += 1
        while end > start and document.text[end - 1].isspace():
            end -= 1
        if end - start > longest:
            stop = max(document.text.rfind(mark, start + longest // 3, start + longest) for mark in (". ", ";", ".\n"))
            if stop <= start:  # no sentence ends there: at a word
                stop = max(document.text.rfind(space, start, start + longest) for space in " \n") - 1
            end = stop + 1 if stop > start else start + longest
        return self._add(
            Citation(
                license=record.profile.id,
                document=document.kind,
                clause=passage.clause.number,
                heading=passage.clause.heading,
                quote=document.text[start:end],
                verified=False,
                start=start,
                end=end,
                text_sha256=document.sha256,
                source_url=document.source_url or record.profile.url or None,
            )
        )

    def _of_pin(self, record: LicenseRecord, pin: Pin, quote: Quote | None) -> Citation:
        if quote is None:
            return Citation(
                record.profile.id, pin.document, pin.clause, "", None, False, None, None, None,
                record.profile.url or None,
            )  # fmt: skip
        text = self.store.document(quote.document_key).text
        url = record.source_urls.get(quote.document_key) or record.profile.url or None
        return Citation(
            record.profile.id, pin.document, quote.number or pin.clause, quote.heading, text[quote.start : quote.end],
            False, quote.start, quote.end, quote.text_sha256, url,
        )  # fmt: skip

    def _add(self, citation: Citation) -> int:
        for position, held in enumerate(self.found):
            if _place(held) == _place(citation) or _holds(held, citation):
                return position
            if _holds(citation, held):
                self.found[position] = citation
                return position
        self.found.append(citation)
        return len(self.found) - 1


def _place(citation: Citation) -> tuple[object, ...]:
    return citation.license, citation.document, citation.clause, citation.start, citation.end, citation.text_sha256


def _holds(wider: Citation, narrower: Citation) -> bool:
    """Whether one quote of a text lies inside another: then the wider one serves both statements."""
    if wider.text_sha256 is None or wider.text_sha256 != narrower.text_sha256 or wider.license != narrower.license:
        return False
    spans = (wider.start, wider.end, narrower.start, narrower.end)
    return None not in spans and wider.start <= narrower.start and narrower.end <= wider.end  # type: ignore[operator]


def verified(citations: Sequence[Citation], texts: dict[str, str]) -> tuple[Citation, ...]:
    """Return the citations marked as verified, each quote compared with the stored text of its hash.

    `texts` maps a hash to the text as the database holds it. Raises `CitationFault` at the first quote that differs;
    a citation without a quote stays unverified.
    """
    checked = []
    for citation in citations:
        if citation.quote is None:
            checked.append(citation)
            continue
        text = texts.get(citation.text_sha256 or "")
        if text is None or not citation.quote or text[citation.start : citation.end] != citation.quote:
            raise CitationFault(f"{citation.license} {citation.clause}: the quote is not the stored text.")
        checked.append(
            Citation(
                citation.license,
                citation.document,
                citation.clause,
                citation.heading,
                citation.quote,
                True,
                citation.start,
                citation.end,
                citation.text_sha256,
                citation.source_url,
            )
        )
    return tuple(checked)


def sealed(answer: Answer) -> Answer:
    """Return the answer if every claim in it has a citation and every citation carries a claim.

    Raises `CitationFault` otherwise: there is no way around this on which a verdict leaves.
    """
    count, statements = len(answer.citations), answer.statements
    for statement in statements:
        if not statement.citations or not all(0 <= c < count for c in statement.citations):
            raise CitationFault(f"A statement has no citation: {statement.text!r}.")
    if answer.verdict in _BOUND and not statements:
        raise CitationFault(f"The verdict {answer.verdict} has no citation.")
    used = {c for s in statements for c in s.citations}
    if used != set(range(count)):
        raise CitationFault("A citation supports nothing in the answer.")
    return answer
