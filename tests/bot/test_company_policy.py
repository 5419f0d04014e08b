"""The company's policy in answers: its facts in thresholds, its rules beside the licences, over the real texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audit.log import EventKind
from bot.audit.precedents import key_of
from bot.errors import ConfigurationError
from bot.model import Answer, Question, Verdict
from bot.policy.file import PolicyFile
from bot.policy.reading import parse_policy
from bot.policy.rulebook import Rulebook
from bot.services import Services

SMALL = """
company: {name: Brook Oy, as_of: 2026-09-30, established_in: [FI], yearly_revenue_usd: 400_000}
"""
LARGE = """
company:
  name: Brook Oy
  yearly_revenue_usd: 700_000
  affiliates: [{name: Stream AB, yearly_revenue_usd: 600_000}]
"""
RULES = """
rules:
  - id: no-llama-hosting
    when: {families: [llama], actions: [host_api]}
    then: deny
    reason: Our hosting contract names the models that may run there.
    owner: legal
  - id: tell-the-board
    when: {licences: [apache-2.0]}
    then: note
    reason: The board keeps a list.
    owner: board
"""


@pytest.fixture
def under(quick_services: Services) -> Callable[[str, str], Answer]:
    """Answers a question under a policy, recording nothing."""
    known = quick_services.policy_names()

    def answered(policy: str, question: str) -> Answer:
        rulebook = Rulebook(parse_policy(policy, Path("company.yaml"), known), known)
        return quick_services.answerer_under(lambda: rulebook).considered(Question(question))

    return answered


Under = Callable[[str, str], Answer]
SD = "May we use Stable Diffusion 3.5 Large commercially in our product?"


def test_facts_of_the_company_decide_thresholds_and_are_said(under: Under, quick_services: Services) -> None:
    """A revenue cap is compared with the file's figures, affiliates added; what was counted is cited."""
    alone = quick_services.answerer_under(None).considered(Question(SD))
    small, large = under(SMALL, SD), under(LARGE, SD)

    assert (alone.verdict, small.verdict, large.verdict) == (
        Verdict.CONDITIONAL, Verdict.CONDITIONAL, Verdict.PROHIBITED,
    )  # fmt: skip
    assert small.policy is not None
    assert large.policy is not None
    assert [fact.term for fact in small.policy.facts] == ["revenue_usd"]
    assert "400,000" in small.policy.facts[0].text
    assert {fact.term for fact in large.policy.facts} == {"revenue_usd", "affiliate_revenue_usd"}
    assert large.use.facts == alone.use.facts, "what the question says stays what it says"


def test_what_the_question_says_wins_over_the_file(under: Under) -> None:
    """A stated revenue is not replaced, and nothing of the file is counted in its place."""
    answer = under(SMALL, f"{SD} Our annual revenue is 30 million dollars.")

    assert answer.verdict is Verdict.PROHIBITED
    assert answer.policy is not None
    assert "revenue_usd" not in {fact.term for fact in answer.policy.facts}


def test_licence_and_policy_stand_apart_and_the_stricter_holds(under: Under) -> None:
    """A rule that bars changes the verdict and the first sentence, not what the licence says."""
    answer = under(RULES, "May we host Llama 3 as an API for customers?")

    assert (answer.verdict, answer.license_verdict) == (Verdict.PROHIBITED, Verdict.CONDITIONAL)
    assert answer.policy is not None
    assert (answer.policy.verdict, answer.policy.denied_by) == (Verdict.PROHIBITED, ("no-llama-hosting",))
    assert answer.summary.startswith("Company policy bars this (rule no-llama-hosting)")
    assert answer.conditions
    assert not answer.prohibitions, "the licence prohibits nothing here"


def test_every_quote_of_the_policy_is_a_slice_of_the_file(under: Under) -> None:
    """Cited as any other text: by hash and offsets, checked before it leaves."""
    answer = under(SMALL + RULES, "May we host Stable Diffusion 3.5 Large for customers, and Llama 3 as well?")
    cited = [c for c in answer.citations if c.license == "company-policy"]

    assert len(cited) >= 2
    for citation in cited:
        assert citation.verified
        assert citation.text_sha256 == hashlib.sha256((SMALL + RULES).encode()).hexdigest()
        assert (SMALL + RULES)[citation.start : citation.end] == citation.quote
    assert {c for s in answer.statements for c in s.citations} == set(range(len(answer.citations)))


def test_a_note_changes_no_verdict_and_a_silent_policy_is_shown_as_such(under: Under) -> None:
    """The note is told beside the answer; where no rule speaks, the policy's part is there and empty."""
    told, silent = under(RULES, "May we sell BERT fine-tunes?"), under(RULES, "May we sell Command R+?")

    assert told.policy is not None
    assert silent.policy is not None
    assert told.verdict is told.license_verdict
    assert [s.term for s in told.policy.statements] == ["tell-the-board"]
    assert (silent.policy.statements, silent.policy.verdict) == ((), Verdict.ALLOWED)


def test_what_the_policy_bars_is_not_suggested_instead(under: Under) -> None:
    """An alternative that a rule denies for the same use is left out."""
    question = "Can we use FLUX.1 [dev] in our paid app?"
    free, barred = under(SMALL, question), under(BARS_BLACK_FOREST, question)

    assert "FLUX.1 [schnell]" in {other.name for other in free.alternatives}
    assert "FLUX.1 [schnell]" not in {other.name for other in barred.alternatives}
    assert barred.alternatives


BARS_BLACK_FOREST = """
rules:
  - {id: no-flux, when: {publishers: [Black Forest Labs]}, then: deny, reason: Not reviewed yet., owner: legal}
"""


def test_a_precedent_holds_until_the_policy_says_something_new(own_services: Services) -> None:
    """What legal decided stands under the rules that it was decided under, and not against a later one."""
    known = own_services.policy_names()
    question = Question("May we host Llama 3 as an API for customers?", "cli:ada")

    def answered(policy: str) -> Answer:
        rulebook = Rulebook(parse_policy(policy, Path("company.yaml"), known), known)
        return own_services.answerer_under(lambda: rulebook).answer(question)

    first = answered(RULES)
    outcome = {"approved": False, "verdict": "conditional", "expires": "", "text": "This contract allows it."}
    own_services.audit.note(
        first.decision_id, EventKind.REVIEW_CLOSED, "cli:eve", outcome, key="closed", about=key_of(first)
    )
    same, edited, stricter = answered(RULES), answered(f"# reviewed again\n{RULES}"), answered(RULES + MORE)

    assert first.verdict is Verdict.PROHIBITED
    assert same.precedent is not None
    assert (same.verdict, same.precedent.reason) == (Verdict.CONDITIONAL, "This contract allows it.")
    assert same.precedent.license_verdict is Verdict.CONDITIONAL
    assert edited.precedent is not None, "an edit elsewhere in the file changes no rule"
    assert (stricter.precedent, stricter.verdict) == (None, Verdict.PROHIBITED)


MORE = """  - id: no-llama-at-all
    when: {families: [llama]}
    then: deny
    reason: The board decided so in November.
    owner: board
"""


def test_a_question_that_is_none_gets_no_policy(under: Under) -> None:
    """Where nothing is named, the policy has nothing to say."""
    assert under(RULES, "What is the weather like?").policy is None


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_what_was(
    tmp_path: Path, quick_services: Services
) -> None:
    """An edit takes effect without a restart; a slip in it does not take the policy out of force."""
    path = tmp_path / "policy.yaml"
    held = PolicyFile(path, quick_services.policy_names)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        held.current()
    path.write_text(SMALL, encoding="utf-8")
    first = held.current()
    assert held.current() is first
    path.write_text(SMALL + RULES, encoding="utf-8")
    second = held.current()
    path.write_text("rules: 7", encoding="utf-8")
    third = held.current()

    assert (len(first.policy.rules), len(second.policy.rules)) == (0, 2)
    assert third is second
