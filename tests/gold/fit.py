"""Fits what makes a clause worth citing: `python -m tests.gold.fit GOLD… [--write]`.

Every term that speaks in an answer to a gold question is a case; it counts as right where its quote covers a passage
that the question lists. Cross-validated figures by question are printed; `--write` replaces the weights.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from bot.answering import drafting
from bot.answering.relevance import Candidate
from bot.batch import read_lines
from bot.evaluation import as_words, read_gold
from bot.model import Verdict
from bot.services import Services, open_services
from bot.settings import read_settings

TARGET = Path("knowledge/data/relevance.csv")
STRENGTH = 0.1
"""Inverse of the L2 penalty."""
SELDOM = 12
"""A feature of fewer cases gets no weight."""
FOLDS = 10


@dataclass
class Cases:
    """Features and labels of every term that spoke."""

    features: list[Mapping[str, float]] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    needed: list[bool] = field(default_factory=list)
    question: list[str] = field(default_factory=list)


def gather(services: Services, files: Sequence[str]) -> Cases:
    """Answer the questions and note which terms spoke."""
    cases = Cases()
    spoke: list[Candidate] = []
    choose = drafting.candidates

    def noting(*args: Any) -> list[Candidate]:
        found = choose(*args)
        spoke.extend(found)
        return found

    drafting.candidates = noting

    def text_of(key: str) -> str:
        return services.store.document(key).text

    for gold in (g for f in files for g in read_gold(read_lines(f), text_of)):
        spoke.clear()
        answer = services.answerer.answer(gold.question)
        if answer.verdict is Verdict.UNKNOWN or Verdict.UNKNOWN in gold.verdicts:
            continue
        listed = (*gold.must_cite, *gold.may_cite)
        for candidate in spoke:
            quotes = [
                as_words(services.store.document(q.document_key).text[q.start : q.end])
                for q in filter(None, candidate.judgement.record.quotes.get(candidate.term.id) or ())
            ]
            if quotes:
                cases.features.append(candidate.features)
                cases.right.append(any(p.in_any(quotes) for p in listed))
                cases.needed.append(any(p.in_any(quotes) for p in gold.must_cite))
                cases.question.append(gold.id)
    return cases


def fit(cases: Cases) -> dict[str, float]:
    """Return the weights, with their cross-validated figures printed."""
    counts = Counter(name for f in cases.features for name, value in f.items() if value)
    names = sorted(name for name, count in counts.items() if count >= SELDOM)
    x = np.array([[f.get(name, 0.0) for name in names] for f in cases.features])
    y = np.array(cases.right)
    weight = 1.0 + np.array(cases.needed)
    model = LogisticRegression(C=STRENGTH, max_iter=5000, fit_intercept=False)
    scores = np.zeros(len(y))
    for train, test in GroupKFold(FOLDS).split(x, y, cases.question):
        model.fit(x[train], y[train], sample_weight=weight[train])
        scores[test] = model.decision_function(x[test])
    auc, needed = roc_auc_score(y, scores), roc_auc_score(cases.needed, scores)
    print(f"{len(y)} terms spoke, {len(names)} features; AUC {auc:.3f}, of what must be cited {needed:.3f}")
    model.fit(x, y, sample_weight=weight)
    found = {name: round(float(c), 2) for name, c in zip(names, model.coef_[0], strict=True)}
    return {name: c for name, c in found.items() if abs(c) >= 0.05}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with open_services(read_settings()) as services:
        services.ensure_knowledge()
        found = fit(gather(services, given.files))
    if given.write:
        with TARGET.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(["feature", "weight"])
            writer.writerows(found.items())
        print(f"{len(found)} weights written to {TARGET}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
