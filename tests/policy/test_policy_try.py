"""`clausebot policy try`: what another policy would have made of past decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli import app
from bot.model import Question, Verdict
from bot.policy.reading import parse_policy
from bot.policy.rulebook import Rulebook
from bot.services import Services, open_services
from bot.trial import Sides, Trial, trial
from tests.conftest import settings_for

TODAY = date(2026, 11, 22)
QUESTIONS = (
    "May we host Llama 3 as an API for customers?",
    "May we sell BERT fine-tunes?",
    "May we use Stable Diffusion 3.5 Large commercially in our product?",
)
RULES = """
rules:
  - {id: no-llama, when: {families: [llama], actions: [host_api]}, then: deny, reason: Not reviewed., owner: legal}
"""
RICH = "company: {name: Brook Oy, yearly_revenue_usd: 3_000_000}\n"


@pytest.fixture
def asked(own_home: Path) -> Iterator[Services]:
    """Services whose record holds three questions, answered without a policy."""
    with open_services(settings_for(own_home)) as services:
        with services.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER ledger_no_delete"))
            connection.execute(text("DELETE FROM ledger"))
        for question in QUESTIONS:
            services.answerer.answer(Question(question, "cli:ada"))
        yield services


def tried(services: Services, policy: str, present: str = "", since: datetime | None = None) -> Trial:
    """Try a policy against another one, or against none."""
    known = services.policy_names()
    new = Rulebook(parse_policy(policy, Path("new.yaml"), known), known)
    old = Rulebook(parse_policy(present, Path("old.yaml"), known), known) if present else None
    sides = Sides(
        new, services.answerer_under(lambda: new).considered,
        old, services.answerer_under((lambda: old) if old else None).considered,
    )  # fmt: skip
    return trial(services.audit, sides, since=since, today=TODAY)


def test_rules_change_what_they_speak_of(asked: Services) -> None:
    """One of three decisions would be barred; the record holds as many rows as before."""
    found = tried(asked, RULES)

    assert (found.tried, found.erased) == (3, 0)
    assert [(c.decided.answer.question, c.verdict, set(c.new_rules)) for c in found.changes] == [
        (QUESTIONS[0], Verdict.PROHIBITED, {"no-llama"})
    ]
    assert asked.audit.count() == 3


def test_facts_of_the_company_are_put_to_the_licences_again(asked: Services) -> None:
    """A revenue over the cap changes the licence's own verdict; a policy that knew it already changes nothing."""
    found, none = tried(asked, RICH), tried(asked, RICH, present=RICH)

    assert [(c.decided.answer.question, c.decided.shown, c.verdict) for c in found.changes] == [
        (QUESTIONS[2], Verdict.CONDITIONAL, Verdict.PROHIBITED)
    ]
    assert none.changes == ()


def test_erased_questions_are_counted_where_they_would_be_needed(asked: Services) -> None:
    """Rules are tried on the recorded answer; new facts want the question, which is gone."""
    asked.erase("cli:ada")

    assert tried(asked, RULES).erased == 0
    assert [c.verdict for c in tried(asked, RULES).changes] == [Verdict.PROHIBITED]
    assert tried(asked, RICH).erased == 3


def test_only_what_was_decided_since_is_tried(asked: Services) -> None:
    """A moment after the last decision leaves none."""
    assert tried(asked, RULES, since=datetime.now(UTC) + timedelta(minutes=1)).tried == 0


def test_the_command_prints_what_would_change(asked: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words and as JSON."""
    file = tmp_path / "policy.yaml"
    file.write_text(RULES, encoding="utf-8")
    monkeypatch.setenv("CLAUSEBOT_HOME", str(asked.settings.home))
    said = CliRunner().invoke(app, ["policy", "try", str(file), "--since", "2026-11-01"])
    told = json.loads(CliRunner().invoke(app, ["policy", "try", str(file), "--json"]).stdout)

    assert said.exit_code == 0, said.output
    assert "3 decisions tried: 1 would come out differently." in said.stdout
    assert "conditional → prohibited" in said.stdout
    assert "+ rule no-llama" in said.stdout
    assert told["tried"] == 3
    assert told["changes"][0]["new_rules"] == ["no-llama"]
