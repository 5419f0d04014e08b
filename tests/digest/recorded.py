"""Decisions in a real record, made at the moments that a test chooses."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.audit.log import AuditLog
from bot.digest.week import Week
from bot.model import Answer, LicenseRef, Question, Subject, Verdict


def model(name: str, *licenses: str) -> Subject:
    """A model under licences that nobody else knows."""
    return Subject("model", name.casefold().replace(" ", "-"), name, tuple(LicenseRef(key, key) for key in licenses))


def decide(
    audit: AuditLog,
    at: datetime,
    *,
    asker: str = "slack:T1:U1",
    question: str = "May we sell what Nimbus 7B wrote?",
    verdict: Verdict = Verdict.ALLOWED,
    **more: Any,
) -> str:
    """Write a decision down as made at a moment; return its id."""
    facts = {"confidence": 0.9, "knowledge_version": "k1", "elapsed_ms": 20.0} | more
    answer = Answer(question, verdict, "A summary.", decision_id=secrets.token_hex(8), **facts)
    assert audit.ledger.extend([audit.entry(Question(question, asker, "slack:T1:C1"), answer, at)])
    return answer.decision_id


def decide_in(audit: AuditLog, week: Week, zone: ZoneInfo) -> None:
    """Write down three decisions of a week, on three days and for three people; one use is refused."""
    start, _ = week.bounds(zone)
    for number, verdict in enumerate((Verdict.ALLOWED, Verdict.PROHIBITED, Verdict.CONDITIONAL)):
        at, subjects = start + timedelta(days=number, hours=9), (model("Nimbus 7B", "nimbus"),)
        decide(audit, at, asker=f"slack:T1:U{number}", verdict=verdict, subjects=subjects)
