"""Invented licences and subjects for tests of the judgement part."""

from __future__ import annotations

from typing import Any

from bot.answering.judging import Judgement
from bot.answering.resolve import Case, license_ref
from bot.answering.rules import Situation, decide
from bot.model import Subject, Use
from knowledge.models import DocumentKind, LicenseRecord, Pin, Profile, Term, TermKind

PIN = Pin(DocumentKind.LICENSE, "1", "an invented line")


def term(kind: TermKind, key: str = "", **fields: Any) -> Term:
    """A term; its id is its kind where none is given."""
    made = {"id": key or kind.value, "text": f"Sentence of {key or kind.value}.", "pins": (PIN,)}
    return Term(kind=kind, **(made | fields))


GRANT = term(TermKind.PERMISSION, "grant", actions=("any",))


def licence(key: str, *terms: Term, curated: bool = True, **fields: Any) -> LicenseRecord:
    """A licence whose text is nowhere; without terms it grants everything."""
    made: dict[str, Any] = {
        "name": f"Licence {key}", "short": f"the {key} licence", "version": None, "publisher": "", "spdx": None,
        "category": "permissive", "url": "", "aliases": (), "family": key, "supersedes": None,
        "documents": ((DocumentKind.LICENSE, key),), "reviewed_by": "", "reviewed_on": "",
    }  # fmt: skip
    return LicenseRecord(Profile(id=key, terms=terms or (GRANT,), **(made | fields)), {}, curated)


def case(key: str, *records: LicenseRecord, kind: str = "model", **fields: Any) -> Case:
    """A subject under licences."""
    return Case(Subject(kind, key, key.title(), tuple(map(license_ref, records))), records, **({"entry": key} | fields))


def judged(held: Case, *actions: str, **situation: Any) -> list[Judgement]:
    """What each licence of a subject says of a use."""
    given = Situation(Use(actions, situation.pop("commercial", None)), **situation)
    return [Judgement(held, r, given, decide(r.profile, given) if r.curated else None) for r in held.licenses]
