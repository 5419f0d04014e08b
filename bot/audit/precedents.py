"""Precedents: what legal decided counts for the same question later, until it lapses or a text changes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime

from bot.audit.ledger import canonical
from bot.audit.log import AuditLog
from bot.model import Answer, Citation, Precedent, Verdict
from knowledge.models import DocumentKind


def key_of(answer: Answer) -> str:
    """Return what is the same for the same question: its subjects and its use; empty where nothing is named."""
    if not answer.subjects:
        return ""
    question = {"subjects": sorted(subject.id for subject in answer.subjects), "use": answer.use.to_json()}
    return f"precedent:{hashlib.sha256(canonical(question).encode()).hexdigest()[:32]}"


def with_precedent(answer: Answer, audit: AuditLog, today: date | None = None) -> Answer:
    """Return an answer with what legal decided of the same question, where that still holds."""
    key = key_of(answer)
    found = audit.decided(key) if key else None
    if found is None:
        return answer
    reviewed, note = found
    expires = str(note.body.get("expires", ""))
    day = today or datetime.now(UTC).date()
    if (expires and date.fromisoformat(expires) < day) or _changed(reviewed.citations, answer.citations):
        return answer
    verdict, on = Verdict(note.body["verdict"]), note.created_at.date().isoformat()
    decided = Precedent(
        note.decision_id, verdict, str(note.body.get("text", "")), note.actor, on, expires, answer.license_verdict
    )  # fmt: skip
    lead = f"Legal decided this on {on} (decision {note.decision_id})"
    lead += f": {decided.reason.rstrip('.')}." if decided.reason else "."
    return replace(answer, verdict=verdict, precedent=decided, summary=f"{lead} {answer.summary}")


def _changed(then: tuple[Citation, ...], now: tuple[Citation, ...]) -> bool:
    """Whether a text that both answers rest on is another one by now, or the company's policy says something new."""
    rules = {(c.clause, c.quote) for c in now if c.document is DocumentKind.POLICY}
    if rules - {(c.clause, c.quote) for c in then}:
        return True
    before, after = _texts(then), _texts(now)
    return any(before[text] != after[text] for text in before.keys() & after.keys())


def _texts(citations: tuple[Citation, ...]) -> dict[tuple[str, DocumentKind], str | None]:
    """Return the hash of each licence text; a policy file is another one with every edit, whatever it is about."""
    return {(c.license, c.document): c.text_sha256 for c in citations if c.document is not DocumentKind.POLICY}
