"""The exam: own gold questions against the whole program, with floors a little below what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.batch import read_lines
from bot.evaluation import Scores, measure, read_gold, summarise
from bot.services import Services

HERE = Path(__file__).parent


def examined(services: Services, name: str) -> Scores:
    """Answer the questions of a file and add up how the answers fared."""
    golds = read_gold(read_lines(str(HERE / name)), lambda key: services.store.document(key).text)
    return summarise([measure(gold, services.answerer.answer(gold.question)) for gold in golds])


@pytest.mark.parametrize(
    ("name", "verdict", "dangerous", "recall", "precision"),
    [("tuning.jsonl", 0.95, 4, 0.85, 0.80), ("held.jsonl", 0.75, 5, 0.74, 0.68)],
)
def test_the_exam_is_passed(
    services: Services, name: str, verdict: float, dangerous: int, recall: float, precision: float
) -> None:
    """Verdicts, clauses and their precision stay where they were; every quote is verbatim."""
    scores = examined(services, name)

    assert scores.verdict.count / scores.verdict.total >= verdict
    assert scores.dangerous <= dangerous
    assert scores.recall.count / scores.recall.total >= recall
    assert scores.precision.count / scores.precision.total >= precision
    assert scores.verbatim.count == scores.verbatim.total
