"""Invented licences, answers and policies for the tests of the policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.model import Answer, LicenseRef, Statement, Subject, Use, Verdict
from bot.policy.known import Known, LicenceKind, SubjectKind
from bot.policy.model import Policy
from bot.policy.reading import parse_policy

KINDS = {
    "open-1": LicenceKind("permissive", "open"),
    "no-profit-1": LicenceKind("non_commercial", "no-profit"),
    "no-profit-2": LicenceKind("non_commercial", "no-profit"),
    "share-1": LicenceKind("copyleft", None),
}
SUBJECTS = {
    "lab/open": SubjectKind("The Lab", "open-models"),
    "open-models": SubjectKind("The Lab", "open-models"),
    "lab/no-profit": SubjectKind("The Lab", "lab/no-profit"),
}
KNOWN = Known(KINDS, SUBJECTS)


def policy(raw: dict[str, Any]) -> Policy:
    """The policy that a file with these values gives."""
    return parse_policy(yaml.safe_dump(raw, sort_keys=False), Path("policy.yaml"), KNOWN)


def rule(key: str = "a-rule", then: str = "deny", **when: Any) -> dict[str, Any]:
    """A rule; `commercial=True` and the like are its occasion."""
    return {"id": key, "when": when, "then": then, "reason": f"Reason of {key}.", "owner": "legal"}


def exception(key: str = "an-exception", *, scope: dict[str, Any] | None = None, **covers: Any) -> dict[str, Any]:
    """An exception without an end."""
    made = {"id": key, "covers": covers, "reason": f"Reason of {key}.", "reference": "item 6", "owner": "board"}
    return made | ({"scope": scope} if scope else {})


def bought(key: str = "a-contract", *, scope: dict[str, Any] | None = None, **covers: Any) -> dict[str, Any]:
    """A licence that was bought, without an end."""
    made = {"id": key, "covers": covers, "reference": "contract 17", "owner": "procurement"}
    return made | ({"scope": scope} if scope else {})


def subject(key: str, *licences: str, base: tuple[str, ...] = ()) -> Subject:
    """A model under licences."""
    return Subject("model", key, key, tuple(LicenseRef(name, name) for name in licences), base)


def says(licence: str) -> Statement:
    """A statement that a licence carries."""
    return Statement(f"A sentence of {licence}.", (0,), licence, "a-term")


def answer(verdict: Verdict, *subjects: Subject, use: Use | None = None, **fields: Any) -> Answer:
    """An answer of the licences alone."""
    return Answer(
        fields.pop("question", "May we?"), verdict, "A summary.", subjects, use or Use(("inference",)), **fields
    )
