"""The record on the command line: verified, anchored, handed over, put again, erased."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit.anchors import AnchorError, Head, Signer, is_signed
from bot.model import Named, Question, Use, Verdict
from bot.services import open_services
from bot.slack.conversation import Asked, Kind
from bot.slack.inbox import Inbox
from tests.conftest import clean_environment, settings_for


def audit(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `clausebot audit`."""
    command = [sys.executable, "-m", "bot.cli", "audit", *arguments]
    return subprocess.run(
        command, env=clean_environment(home), capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def home(own_home: Path) -> Path:
    """A data folder of its own with three decisions, the last one by a form."""
    damage(own_home, "DELETE FROM ledger")
    with open_services(settings_for(own_home)) as services:
        for who, question in (("slack:T1:U1", "=may we sell Llama 3?"), ("slack:T1:U2", "may we host BLOOM?")):
            services.answerer.answer(Question(question, who, "slack:T1:C1"))
        given = Question("", "cli:ada", subjects=(Named("MIT"),), use=Use(("fine_tune",), True, None, {"users": 5}))
        services.answerer.answer(given)
    return own_home


def damage(home: Path, statement: str) -> None:
    """Change the record behind the program's back."""
    with open_services(settings_for(home)) as services, services.engine.begin() as connection:
        for name in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS ledger_no_{name}"))
        connection.execute(text(statement))


def test_verify_tells_how_far_the_record_holds(home: Path) -> None:
    """Unbroken, cut off, changed: the second is seen only by an anchor, kept here or outside."""
    good = audit(home, "verify", "--json")
    anchor = audit(home, "anchor").stdout.splitlines()[0]
    damage(home, "DELETE FROM ledger WHERE seq = 3")
    cut = audit(home, "verify")
    damage(home, "DELETE FROM ledger_anchor")
    unseen, outside = audit(home, "verify"), audit(home, "verify", "--anchor", anchor)
    damage(home, "UPDATE ledger SET verdict = 'unknown' WHERE seq = 2")
    changed = audit(home, "verify")

    assert json.loads(good.stdout)["rows"] == 3
    assert (good.returncode, cut.returncode, unseen.returncode, outside.returncode) == (0, 1, 0, 1)
    assert "cut off" in cut.stderr
    assert "cut off" in outside.stderr
    assert changed.returncode == 1
    assert "Row 2 (" in changed.stderr
    assert "no anchor" in audit(home, "verify", "--anchor", "nonsense").stderr


def test_an_anchor_is_signed_by_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    """Another key, another count or no signature do not pass; the file cannot be read by others."""
    signer = Signer(tmp_path)
    head = signer.sign(Head(7, "a" * 64, "2026-11-21T10:00:00+00:00"))

    assert Head.parse(str(head)) == head
    assert is_signed(head, signer.public_key)
    assert is_signed(head, Signer(tmp_path).public_key)
    assert not is_signed(Head(8, head.hash, head.at, head.signature), signer.public_key)
    (tmp_path / "other").mkdir()
    assert not is_signed(head, Signer(tmp_path / "other").public_key)
    assert not is_signed(Head(7, head.hash, head.at), signer.public_key)
    assert (tmp_path / "audit-key.pem").stat().st_mode & 0o077 == 0
    (tmp_path / "audit-key.pem").write_text("no key")
    with pytest.raises(AnchorError, match="backup"):
        Signer(tmp_path).sign(head)


def test_the_record_is_handed_over(home: Path) -> None:
    """As a table in which no cell works as a formula, and row by row with all that is hashed."""
    table = list(csv.DictReader(StringIO(audit(home, "export").stdout)))
    rows = [json.loads(line) for line in audit(home, "export", "--format", "jsonl").stdout.splitlines()]
    audit(home, "export", "--out", str(home / "record.csv"))

    assert [row["question"] for row in table] == ["'=may we sell Llama 3?", "may we host BLOOM?", ""]
    assert {row["asker"] for row in table} == {"slack:T1:U1", "slack:T1:U2", "cli:ada"}
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[1]["before"] == rows[0]["hash"]
    assert json.loads(rows[0]["free_text"]["content"])["question"] == "=may we sell Llama 3?"
    assert (home / "record.csv").read_text(encoding="utf-8").startswith("id,created_at")
    assert audit(home, "export", "--format", "xml").returncode == 2


def test_old_questions_are_put_again(home: Path) -> None:
    """Nothing differs on the same knowledge, and nothing is recorded; an answer that would be another now shows."""
    same = json.loads(audit(home, "replay", "--json").stdout)
    with open_services(settings_for(home)) as services:
        before = services.audit.count()
        question = Question("may we sell Gemma 2?")
        milder = replace(services.answerer.considered(question), verdict=Verdict.ALLOWED, citations=(), conditions=())
        services.audit.record(question, milder)
    changed = json.loads(audit(home, "replay", "--json").stdout)["changes"]
    printed = audit(home, "replay").stdout

    assert same == {"replayed": 3, "erased": 0, "changes": []}
    assert before == 3
    assert [(c["was"], c["now"]) for c in changed] == [("allowed", "conditional")]
    assert changed[0]["new_clauses"]
    assert "allowed → conditional" in printed


def test_a_person_is_erased_from_the_record_and_from_what_slack_left(home: Path) -> None:
    """Name, question, inbox entry and reply; the others and the chain stay."""
    asked = Asked("Ev1", Kind.MENTION, "T1", "C1", "U1", "may we, asks U1?", "1.1", "1.1")
    with open_services(settings_for(home)) as services:
        inbox = Inbox(services.engine)
        inbox.accept({"Ev1": asked.to_json(), "review_closed:d": {"task": "outcome", "team": "T1", "by": "U1"}})
        inbox.finish("Ev1")
        inbox.finish("review_closed:d")
        inbox.will_reply(asked, "d", "C1")
    done, again = audit(home, "erase", "slack:T1:U1"), audit(home, "erase", "slack:T1:U1")
    with open_services(settings_for(home)) as services:
        lines = services.audit.list()
        left = [Inbox(services.engine).job_or_none(key) for key in ("Ev1", "review_closed:d")]

    assert left == [None, None]
    assert done.returncode == 0
    assert again.returncode == 1
    assert [line.question for line in lines] == ["", "may we host BLOOM?", "(erased)"]
    assert audit(home, "verify").returncode == 0
    assert json.loads(audit(home, "replay", "--json").stdout)["erased"] == 1
    assert audit(home, "erase").returncode == 2


def test_old_texts_are_erased_by_age(home: Path) -> None:
    """In the record and in the inbox; what is not finished stays."""
    asked = Asked("Ev2", Kind.MENTION, "T1", "C1", "U1", "may we?", "1.1", "1.1").to_json()
    with open_services(settings_for(home)) as services:
        inbox = Inbox(services.engine)
        inbox.accept({"Ev2": asked, "Ev3": asked})
        inbox.finish("Ev2")
    done, nothing = audit(home, "erase", "--before", "2099-01-01"), audit(home, "erase", "--before", "2099-01-01")
    with open_services(settings_for(home)) as services:
        inbox, lines = Inbox(services.engine), services.audit.list()

        assert inbox.job_or_none("Ev2") is None
        assert inbox.job_or_none("Ev3") is not None
    assert "4 texts" in done.stdout
    assert "0 texts" in nothing.stdout
    assert {line.question for line in lines} == {"(erased)"}
    assert audit(home, "verify").returncode == 0
