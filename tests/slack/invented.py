"""Answers, cards and comparisons over licences and models that do not exist, for drawings and snapshots.

Every licence text here is made up; a real one must not stand in this repository.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from bot.audit.log import DecisionLine, DecisionNote, EventKind, OpenReview
from bot.card import Card, CardLine, compare
from bot.model import (
    Alternative,
    Answer,
    Citation,
    CompanyPolicy,
    Guidance,
    LicenseRef,
    Statement,
    Subject,
    Use,
    Verdict,
)  # fmt: skip
from bot.slack.blocks import (
    Message,
    answer_messages,
    as_view,
    card_messages,
    comparison_messages,
    error_message,
    help_message,
    name_choices,
    plain,
    superseded,
    without_buttons,
)  # fmt: skip
from bot.slack.digest_blocks import digest_messages
from bot.slack.forms import ask_form, compare_form, reason_form
from bot.slack.home import Home, home_view
from knowledge.models import DocumentKind, LicenseRecord, Profile
from tests.digest.invented import quiet, realistic

KNOWLEDGE = "5e80c3d1b7a2"
NIMBUS_URL = "https://nimbus.example/community-license-1.0"
POLICY_URL = "https://nimbus.example/use-policy"
STRATUS_URL = "https://stratus.example/open-weights-2.0"
CIRRUS_URL = "https://cirrus.example/research-license?version=2.1&lang=en"


def messages() -> dict[str, tuple[Message, ...]]:
    """Return all messages by name; an answer or a card may take several."""
    answers = {
        "allowed": ALLOWED,
        "conditional": CONDITIONAL,
        "prohibited": PROHIBITED,
        "needs_review": NEEDS_REVIEW,
        "unknown": UNKNOWN,
        "policy": UNDER_POLICY,
        "unrecorded": replace(UNKNOWN, decision_id=""),
        "long": LONG,
        "hostile": HOSTILE,
    }
    return {name: answer_messages(answer) for name, answer in answers.items()} | {
        "card": card_messages(NIMBUS),
        "card_clauses": card_messages(NIMBUS, clauses=True),
        "card_dataset": card_messages(HAIL),
        "comparison": comparison_messages(NIMBUS, STRATUS, DIFFERENCES),
        "comparison_equal": comparison_messages(NIMBUS, NIMBUS, []),
        "digest": digest_messages(realistic()),
        "digest_quiet": digest_messages(quiet()),
        "choices": (name_choices("Nimbus could mean several things. Which one?", ["Nimbus 7B", "Nimbus 7B Chat"]),),
        "error": (error_message("r-42ab"),),
        "help": (help_message(),),
        "lead": answer_messages(UNKNOWN, "You asked in <#C1>: may we?"),
        "shared": (without_buttons(card_messages(NIMBUS)[0]),),
        "superseded": (superseded(answer_messages(UNKNOWN)[0]),),
        "plain": (plain("Say which two: `/license compare Nimbus 7B with Stratus 12B`."),),
    }


def views() -> dict[str, dict[str, Any]]:
    """Return all forms by name."""
    return {
        "form_ask": ask_form(subject=None, use=None, private_metadata=""),
        "form_ask_filled": ask_form(subject="Nimbus 7B", use=USE, private_metadata='{"channel":"C1"}'),
        "form_ask_open": ask_form(
            text=CONDITIONAL.question,
            subject="Nimbus 7B",
            use=USE,
            still_open=CONDITIONAL.open_questions[0],
            private_metadata="{}",
        ),
        "decision": as_view("Decision", [without_buttons(m) for m in answer_messages(CONDITIONAL)]),
        "home": home_view(Home(RECENT, (), OUTCOMES, None)),
        "home_empty": home_view(Home((), (), {}, None)),
        "home_legal": home_view(Home((), (WAITING,), {}, (WAITING,))),
        "form_reason": reason_form(CONDITIONAL.decision_id),
        "form_compare": compare_form("Nimbus 7B"),
    }


def _decided(answer: Answer, hour: int) -> DecisionLine:
    return DecisionLine(
        answer.decision_id, datetime(2026, 11, 20, hour, 42, tzinfo=UTC), "slack:T1:U1", "slack:T1:C1",
        answer.verdict.value, answer.question, tuple(s.name for s in answer.subjects), len(answer.citations),
        answer.knowledge_version, 18.0,
    )  # fmt: skip


def _clause(license_id: str, clause: str, heading: str, quote: str, url: str) -> Citation:
    hashed = sha256(quote.encode()).hexdigest()
    return Citation(license_id, DocumentKind.LICENSE, clause, heading, quote, True, 0, len(quote), hashed, url)


def _policy(clause: str, heading: str, quote: str) -> Citation:
    cited = _clause("nimbus-1.0", clause, heading, quote, POLICY_URL)
    return replace(cited, document=DocumentKind.ACCEPTABLE_USE_POLICY)


def _without_text(cited: Citation) -> Citation:
    return replace(cited, quote=None, verified=False, start=None, end=None, text_sha256=None)


# -- what stands in the licences ---------------------------------------------------------------------------------------

GRANT = _clause(
    "nimbus-1.0", "1.1", "What you may do",
    "You may run, study, change and pass on the Nimbus weights, for money or not, while you keep to this licence. "
    "Nimbus Labs asks nothing for it.",
    NIMBUS_URL,
)  # fmt: skip
CREDIT = _clause(
    "nimbus-1.0", "2.1", "Credit",
    "Where people meet Nimbus, or something that was trained from it, they can read the words “Made with Nimbus” "
    "without having to look for them.",
    NIMBUS_URL,
)  # fmt: skip
NAME = _clause(
    "nimbus-1.0", "2.2", "Names",
    "A model that was trained from Nimbus and leaves your house has a name whose first word is Nimbus.",
    NIMBUS_URL,
)  # fmt: skip
COPY = _clause(
    "nimbus-1.0", "2.3", "Copies", "Put this licence beside every copy of the weights that you hand on.", NIMBUS_URL
)  # fmt: skip
SIZE = _clause(
    "nimbus-1.0", "3", "Size",
    "Did more than five million people use your services in the month before the release? Then nothing here is granted "
    "to you until Nimbus Labs has agreed in writing.",
    NIMBUS_URL,
)  # fmt: skip
AS_IS = _clause("nimbus-1.0", "5", "No promises", "You take Nimbus as you find it; nobody answers for it.", NIMBUS_URL)
HEALTH = _policy(
    "4", "Health", "Nobody is told what ails them, or what to take for it, unless a doctor has agreed first."
)
WEAPONS = _policy("1", "Weapons", "Nothing that is built to hurt people is built with Nimbus.")

STRATUS_GRANT = _clause(
    "stratus-2.0", "1", "", "Do with Stratus what you like, in a company or at home, and share what you make of it.",
    STRATUS_URL,
)  # fmt: skip
STRATUS_CREDIT = _clause(
    "stratus-2.0", "2(a)", "Credits file", "Keep the file CREDITS with whatever copies you give away.", STRATUS_URL
)  # fmt: skip
STRATUS_PATENTS = _clause(
    "stratus-2.0", "4", "Patents", "Sue somebody over a patent that Stratus uses, and your own licence is over.",
    STRATUS_URL,
)  # fmt: skip
STRATUS_PEACE = _clause("stratus-2.0", "3", "", "Stratus is not for war.", STRATUS_URL)
STRATUS_COPY = _clause("stratus-2.0", "2(b)", "", "Whoever gets a copy gets this text with it.", STRATUS_URL)
STRATUS_AS_IS = _clause("stratus-2.0", "5", "", "Stratus comes as it is.", STRATUS_URL)

CIRRUS_RESEARCH = _clause(
    "cirrus-2.1", "Section 2.a", "Research only",
    "Cirrus is for finding things out. Nobody may earn money with it, with what was tuned from it, or with pictures "
    "that it makes.",
    CIRRUS_URL,
)  # fmt: skip
CIRRUS_MONEY = _clause(
    "cirrus-2.1", "Section 1.f", "",
    "“Earning” is every advantage in trade: a subscription, an advertisement beside a picture, and a saved fee, too.",
    CIRRUS_URL,
)  # fmt: skip

# -- subjects ----------------------------------------------------------------------------------------------------------

_NIMBUS_REF = LicenseRef("nimbus-1.0", "Nimbus Community License 1.0", version="1.0", source_url=NIMBUS_URL)
_STRATUS_REF = LicenseRef("stratus-2.0", "Stratus Open Weights Licence 2.0", "LicenseRef-stratus", "2.0", STRATUS_URL)
_CIRRUS_REF = LicenseRef("cirrus-2.1", "Cirrus Research License 2.1", version="2.1", source_url=CIRRUS_URL)
_NIMBUS_7B = Subject("model", "nimbus-7b", "Nimbus 7B", (_NIMBUS_REF,))
_STRATUS_12B = Subject("model", "stratus-12b", "Stratus 12B", (_STRATUS_REF,))
_CIRRUS_IMAGE = Subject("model", "cirrus-image-2", "Cirrus Image 2", (_CIRRUS_REF,))

USE = Use(("fine_tune", "host_api"), True, "health", {"users": 25_000, "region": "DE"})

# -- answers -----------------------------------------------------------------------------------------------------------

ALLOWED = Answer(
    "Can we run Stratus 12B inside the company?",
    Verdict.ALLOWED,
    "Yes: Stratus 12B is under Stratus Open Weights Licence 2.0. You may use, change and share it, commercially too.",
    subjects=(_STRATUS_12B,),
    permissions=(Statement("You may use, change and share it, commercially too.", (0,)),),
    citations=(STRATUS_GRANT,),
    decision_id="3b90e1f2a4c57d68",
    knowledge_version=KNOWLEDGE,
)

CONDITIONAL = Answer(
    "can we fine-tune Nimbus 7B for a health app?",
    Verdict.CONDITIONAL,
    "Yes, on conditions: Nimbus 7B is under Nimbus Community License 1.0. What it turns on: show “Made with Nimbus” "
    "in the app; give a tuned model that you hand on a name that begins with “Nimbus”.",
    subjects=(_NIMBUS_7B,),
    use=USE,
    permissions=(Statement("You may use, fine-tune and share Nimbus 7B, commercially too, free of charge.", (0,)),),
    conditions=(
        Statement("Show “Made with Nimbus” where users of the app see it.", (1,)),
        Statement("Give a tuned model that you hand on a name that begins with “Nimbus”.", (2,)),
    ),
    prohibitions=(Statement("Do not let the app diagnose or prescribe without a doctor.", (3,)),),
    open_questions=("Does the app give medical advice, or does it only file and summarise?",),
    citations=(GRANT, CREDIT, NAME, HEALTH),
    confidence=0.8,
    decision_id="7c1f29b4ae03d658",
    knowledge_version=KNOWLEDGE,
)  # fmt: skip

PROHIBITED = Answer(
    "May we sell prints made with Cirrus Image 2?",
    Verdict.PROHIBITED,
    "No, not as asked: Cirrus Image 2 is under Cirrus Research License 2.1. You may not earn money with the model or "
    "with its pictures. What would change this: ask the Cirrus Institute for a licence of another kind.",
    subjects=(_CIRRUS_IMAGE,),
    prohibitions=(Statement("You may not earn money with the model or with its pictures.", (0,)),),
    notes=(Statement("An advertisement beside a picture counts as earning, too.", (1,)),),
    citations=(CIRRUS_RESEARCH, CIRRUS_MONEY),
    alternatives=(
        Alternative("stratus-image", "Stratus Image", "stratus-2.0", _STRATUS_REF.name, Verdict.ALLOWED),
        Alternative("nimbus-image", "Nimbus Image", "nimbus-1.0", _NIMBUS_REF.name, Verdict.CONDITIONAL),
    ),
    confidence=0.95,
    decision_id="a0d4f3c2b1e89675",
    knowledge_version=KNOWLEDGE,
)

NEEDS_REVIEW = Answer(
    "May we train a student on outputs of Nimbus 7B and release it under the Stratus licence?",
    Verdict.NEEDS_REVIEW,
    "A lawyer should look at this: the Nimbus Community License 1.0 does not say whether a model that was trained on "
    "outputs counts as one trained from Nimbus.",
    subjects=(_NIMBUS_7B, replace(_STRATUS_12B, inherited_from=("Stratus Base 12B",))),
    conditions=(Statement("Put the Nimbus licence beside every copy of the weights that you hand on.", (1,)),),
    unclear=(
        Statement("Whether a student of its outputs is “trained from Nimbus”, so that it has to be named so.", (0,)),
        Statement("Whether the Stratus licence leaves room for a duty to use a name.", (2,)),
        Statement("Whether a student may answer questions on health.", (3,)),
    ),
    open_questions=(
        "Where are the outputs made: on your own machines or by a service of Nimbus Labs?",
        "2 more duties may attach; `clausebot license nimbus-1.0` lists all.",
    ),
    citations=(NAME, COPY, STRATUS_GRANT, _without_text(HEALTH)),
    guidance=(Guidance("Students of outputs", "Ask the publisher in writing, and keep the reply.", "our own advice"),),
    confidence=0.5,
    decision_id="e5b7089d4f21c3a6",
    knowledge_version=KNOWLEDGE,
)

UNKNOWN = Answer(
    "can we use it commercially?",
    Verdict.UNKNOWN,
    "I cannot decide this yet: the question names no model, dataset or licence. Which one is it about?",
    open_questions=("Which model, dataset or licence is it about, and what will be done with it?",),
    decision_id="1d6a9c8e7b3f2045",
    knowledge_version=KNOWLEDGE,
)


def _long_clause(number: int) -> Citation:
    matters = ("records", "visits", "payments", "support", "notices", "partners", "outputs")
    matter = matters[number % len(matters)]
    times = 14 if number == 5 else 1 + number % 3
    said = f"On {matter}: whoever keeps Nimbus for more than {number} days writes down what was done with it, and why."
    more = f" A partner of the {number}th degree does the same, shows it when asked, and keeps it for {number} years. "
    return _clause("nimbus-1.0", f"{10 + number}.{number % 4 + 1}", matter.title(), said + more * 2 * times, NIMBUS_URL)


LONG = replace(
    NEEDS_REVIEW,
    question="What does the Nimbus Community License 1.0 demand of us, in all its parts?",
    subjects=(_NIMBUS_7B,),
    conditions=tuple(Statement(f"Keep records as clause {10 + n}.{n % 4 + 1} has it.", (n,)) for n in range(24)),
    unclear=(),
    citations=tuple(map(_long_clause, range(24))),
    decision_id="90c2e7f4a1b5d386",
)  # fmt: skip

HOSTILE = replace(
    CONDITIONAL,
    summary="<!channel> *Yes* & _no_: see <https://evil.example|the licence>, `code`, ~gone~ and :tada: @here.",
    subjects=(replace(_NIMBUS_7B, name="Storm *3* <b>beta</b> & _co_", inherited_from=("a<br>b", "#general")),),
    conditions=(Statement("> no quotation\n> at all, and ```no fence```", (0,)),),
    citations=(
        replace(GRANT, heading="<i>Heading</i>", quote="<script>alert(1)</script> &amp; *stars* and\n> a quote"),
        replace(CREDIT, quote="An-unbroken-word-" * 40, source_url="https://nimbus.example/?a=1&b=<2>|3"),
    ),
    prohibitions=(),
    decision_id="4f8b2d6e0a9c7135",
)

# -- cards -------------------------------------------------------------------------------------------------------------


def _record(
    ref: LicenseRef, short: str, publisher: str, *, policy: bool = False, curated: bool = True
) -> LicenseRecord:
    texts = [
        (DocumentKind.LICENSE, ref.id),
        *([(DocumentKind.ACCEPTABLE_USE_POLICY, f"{ref.id}-use")] if policy else []),
    ]
    profile = Profile(
        id=ref.id, name=ref.name, short=short, version=ref.version, publisher=publisher, spdx=ref.spdx,
        category="model_license", url=ref.source_url or "", aliases=(), family=None, supersedes=None,
        documents=tuple(texts), terms=(), reviewed_by="nobody", reviewed_on="2026-11-21",
    )  # fmt: skip
    urls = {ref.id: ref.source_url or "", f"{ref.id}-use": POLICY_URL}
    return LicenseRecord(profile, {}, curated, () if curated else (ref.id,), urls)


def _line(section: str, term: str, text: str, *citations: int) -> CardLine:
    return CardLine(section, term, text, citations, "invented", term, (term,))


NIMBUS = Card(
    "Nimbus 7B", "model", "nimbus-7b",
    (_record(_NIMBUS_REF, "the Nimbus licence", "Nimbus Labs", policy=True),),
    (
        _line("permissions", "grant", "You may use, fine-tune and share it, commercially too, free of charge.", 0),
        _line("conditions", "credit", "Show “Made with Nimbus” where users see it.", 1),
        _line("conditions", "name", "Give a tuned model that you hand on a name that begins with “Nimbus”.", 2),
        _line("conditions", "copy", "Put the licence beside every copy of the weights that you hand on.", 3),
        _line("conditions", "size", "With more than 5 million users a month, ask Nimbus Labs before you start.", 4),
        _line("prohibitions", "health", "Do not let it diagnose or prescribe without a doctor.", 5),
        _line("prohibitions", "weapons", "Do not build weapons with it.", 6),
        _line("limitations", "warranty", "No warranty, and nobody is liable.", 7),
    ),
    (GRANT, CREDIT, NAME, COPY, SIZE, HEALTH, WEAPONS, AS_IS),
    ("Version 1.0 is in force since May 2026; the copy that you took decides.",),
)  # fmt: skip

STRATUS = Card(
    "Stratus 12B", "model", "stratus-12b",
    (_record(_STRATUS_REF, "the Stratus licence", "Stratus Foundation"),),
    (
        _line("permissions", "grant", "You may use, change and share it, commercially too; a fee may be asked.", 0),
        _line("conditions", "credit", "Keep the file CREDITS with the copies that you give away.", 1),
        _line("conditions", "copy", "Put the licence beside every copy of the weights that you hand on.", 5),
        _line("prohibitions", "weapons", "Do not build weapons with it.", 4),
        _line("prohibitions", "patents", "Do not sue over patents that it uses: your licence would end.", 2),
        _line("limitations", "warranty", "No warranty, and nobody is liable.", 3),
    ),
    (STRATUS_GRANT, STRATUS_CREDIT, STRATUS_PATENTS, STRATUS_AS_IS, STRATUS_PEACE, STRATUS_COPY),
)  # fmt: skip

HAIL = Card(
    "Hail Captions", "dataset", "hail-captions",
    (_record(_CIRRUS_REF, "the Cirrus licence", "Cirrus Institute", curated=False),), (), (),
    ("The card says “open”, the file LICENSE names the Cirrus Research License 2.1: the file decides.",),
)  # fmt: skip

DIFFERENCES = compare(NIMBUS, STRATUS)

RECENT = (_decided(CONDITIONAL, 10), _decided(PROHIBITED, 9), _decided(ALLOWED, 8))
UNDER_POLICY = replace(
    CONDITIONAL,
    verdict=Verdict.PROHIBITED,
    decision_id="d0c5f00dbadcafe1",
    citations=(
        *CONDITIONAL.citations,
        Citation(
            "company-policy", DocumentKind.POLICY, "no-hosting", "rule", "Our hosting contract names the models.",
            True, 0, 37, "0" * 64, None,
        ),
    ),
    policy=CompanyPolicy(
        Verdict.PROHIBITED, Verdict.CONDITIONAL, Verdict.CONDITIONAL,
        statements=(
            Statement(
                "Company policy bars this: Our hosting contract names the models. (Rule no-hosting, legal.)",
                (len(CONDITIONAL.citations),), "company-policy", "no-hosting",
            ),
        ),
        rules=("no-hosting",), denied_by=("no-hosting",), name="policy.yaml",
    ),
)  # fmt: skip
OUTCOMES = {
    PROHIBITED.decision_id: DecisionNote(
        PROHIBITED.decision_id, EventKind.REVIEW_CLOSED, "slack:T1:U9", datetime(2026, 11, 20, 11, 5, tzinfo=UTC),
        {"approved": False, "verdict": "conditional", "expires": "2027-06-30", "text": "Nimbus Labs agreed to it."},
    )
}  # fmt: skip
WAITING = OpenReview(_decided(NEEDS_REVIEW, 9), "slack:T1:U1", datetime(2026, 11, 20, 9, 45, tzinfo=UTC))
