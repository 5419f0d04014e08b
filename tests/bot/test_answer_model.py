"""Answers as JSON: the contract's names and shapes, to the letter."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

from bot.model import Alternative, Answer, Citation, Guidance, LicenseRef, Statement, Subject, Use, Verdict
from knowledge.models import DocumentKind

ANSWER = Answer(
    question="May we?",
    verdict=Verdict.CONDITIONAL,
    summary="Yes.",
    subjects=(
        Subject("model", "a/b", "B", (LicenseRef("x", "X", "X-1.0", "1.0", "https://x"),), ("a/c",), "2026-11-21"),
    ),
    use=Use(("fine_tune",), None, "health", {"mau": 5}),
    conditions=(Statement("Smile.", (0,), "x", "smile"),),
    citations=(
        Citation("x", DocumentKind.ACCEPTABLE_USE_POLICY, "1.b.i", "Head", "quote", True, 3, 8, "abc", "https://x"),
    ),
    guidance=(Guidance("Title", "Text", "Source"),),
    alternatives=(Alternative("a/b", "B", "mit", "MIT License", Verdict.ALLOWED),),
    confidence=0.5,
    decision_id="d",
    knowledge_version="k",
    elapsed_ms=1.5,
)


def test_the_answer_s_json_is_the_contract_s() -> None:
    """Every key of the contract is there with its value, in plain JSON types."""
    shown = json.loads(json.dumps(ANSWER.to_json()))

    assert shown == {
        "question": "May we?",
        "verdict": "conditional",
        "summary": "Yes.",
        "subjects": [
            {
                "kind": "model", "id": "a/b", "name": "B", "inherited_from": ["a/c"], "as_of": "2026-11-21",
                "licenses": [{"id": "x", "name": "X", "spdx": "X-1.0", "version": "1.0", "source_url": "https://x"}],
            }
        ],
        "use": {"actions": ["fine_tune"], "commercial": None, "domain": "health", "facts": {"mau": 5}},
        "permissions": [],
        "conditions": [{"text": "Smile.", "citations": [0], "license": "x", "term": "smile"}],
        "prohibitions": [],
        "unclear": [],
        "notes": [],
        "open_questions": [],
        "citations": [
            {
                "license": "x", "document": "acceptable_use_policy", "clause": "1.b.i", "heading": "Head",
                "quote": "quote", "verified": True, "start": 3, "end": 8, "text_sha256": "abc",
                "source_url": "https://x",
            }
        ],
        "guidance": [{"title": "Title", "text": "Text", "source": "Source"}],
        "alternatives": [
            {"id": "a/b", "name": "B", "license": "mit", "license_name": "MIT License", "verdict": "allowed"}
        ],
        "confidence": 0.5,
        "written_by": "rules",
        "decision_id": "d",
        "knowledge_version": "k",
        "elapsed_ms": 1.5,
    }  # fmt: skip


def test_verdicts_are_the_contract_s_words() -> None:
    """There are exactly the five verdicts."""
    assert {str(v) for v in Verdict} == {"allowed", "conditional", "prohibited", "needs_review", "unknown"}


def test_document_kinds_are_the_contract_s_words() -> None:
    """There are exactly the five kinds of documents."""
    assert {str(k) for k in DocumentKind} == {"license", "acceptable_use_policy", "notice", "guidance", "policy"}


def test_strictness_orders_the_verdicts() -> None:
    """A prohibition is the strictest, then a case for a lawyer; an allowance is the mildest."""
    ordered = sorted(Verdict, key=lambda v: v.strictness)

    assert ordered[0] is Verdict.ALLOWED
    assert ordered[1] is Verdict.CONDITIONAL
    assert ordered[-2:] == [Verdict.NEEDS_REVIEW, Verdict.PROHIBITED]
    assert len({v.strictness for v in Verdict}) == 5


def test_an_answer_cannot_be_changed() -> None:
    """Once made, an answer stays as it is."""
    with pytest.raises(FrozenInstanceError):
        ANSWER.verdict = Verdict.ALLOWED  # type: ignore[misc]
