"""From a question to an answer on the real knowledge base: decided by rules, quoted word for word, recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text as sql
from sqlmodel import Session

from bot.answering.answerer import LONGEST_QUESTION, Answerer
from bot.answering.wording import Decided, Summary
from bot.errors import QuestionError
from bot.model import Answer, Named, Question, Use, Verdict
from bot.services import Services, open_services
from ingestion.pipeline import ingest
from ingestion.sources.interface import SourceText
from knowledge.database import StoreError
from knowledge.models import DocumentKind, RegistryEntry
from knowledge.registry import read_registry
from knowledge.store import KnowledgeStore, NoKnowledgeError
from tests.conftest import settings_for

Sound = Callable[[Answer, KnowledgeStore], None]
HEALTH = "can we fine-tune Llama 3 for a health app?"


REPLACED = (
    "INSERT OR REPLACE INTO ledger SELECT seq, id, kind, at, decision_id, 'somebody else', place, verdict, head, body, "
    "before, hash FROM ledger"
)


def ask(services: Services, text: str, **fields: object) -> Answer:
    """Ask one question."""
    return services.answerer.answer(Question(text, **fields))  # type: ignore[arg-type]


def decisions(services: Services) -> int:
    """How many rows the audit table has."""
    return services.audit.count()


def binding_clauses(answer: Answer) -> set[str]:
    """The clauses of what the asker must or may not do."""
    return {answer.citations[c].clause for s in (*answer.conditions, *answer.prohibitions) for c in s.citations}


# -- the main job ------------------------------------------------------------------------------------------------------


def test_llama_3_for_a_health_app(services: Services, assert_sound: Sound) -> None:
    """The project's own example: on conditions, with the badge, the name and the policy quoted from Meta's texts."""
    answer = ask(services, HEALTH)
    quotes = " ".join(c.quote or "" for c in answer.citations)
    conditions = " ".join(s.text for s in answer.conditions)

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.CONDITIONAL
    assert [s.id for s in answer.subjects] == ["llama-3"]
    assert [ref.id for ref in answer.subjects[0].licenses] == ["llama-3"]
    assert "Built with Meta Llama 3" in conditions
    assert "Built with Meta Llama 3" in quotes
    assert {c.document for c in answer.citations} >= {DocumentKind.LICENSE, DocumentKind.ACCEPTABLE_USE_POLICY}
    assert "1.b.i" in {c.clause for c in answer.citations}
    assert all(c.verified for c in answer.citations)
    assert answer.use.domain == "health"
    assert answer.open_questions
    assert answer.written_by == "rules"
    assert answer.knowledge_version == services.store.state.version
    assert answer.elapsed_ms > 0


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("run Mistral 7B internally", Verdict.ALLOWED),
        ("can we run GPT-2 on our own servers, staff only?", Verdict.ALLOWED),
        ("ship Mistral 7B in a product", Verdict.CONDITIONAL),
        ("Llama 3 app with 800M MAU, may we sell it?", Verdict.CONDITIONAL),
        ("Llama 3 outputs to train our own Mistral 7B", Verdict.PROHIBITED),
        ("use Llama 3 for military drones targeting", Verdict.PROHIBITED),
        ("sell a product on Command R+", Verdict.PROHIBITED),
        ("Dürfen wir Llama 3 in einer App verkaufen?", Verdict.CONDITIONAL),
        ("What is the capital of France?", Verdict.UNKNOWN),
        ("can we use it commercially?", Verdict.UNKNOWN),
    ],
)
def test_well_known_cases(text: str, verdict: Verdict, services: Services, assert_sound: Sound) -> None:
    """Plain cases of well-known licences get the verdict that their texts give."""
    answer = ask(services, text)

    assert_sound(answer, services.store)
    if "800M" in text:  # a licence has to be asked for: the text does not forbid, it withholds
        assert answer.verdict in {Verdict.CONDITIONAL, Verdict.PROHIBITED}
    else:
        assert answer.verdict is verdict


def test_a_threshold_that_is_exceeded_is_stricter_than_one_that_is_not(services: Services) -> None:
    """The number of users in a question moves the verdict at the licence's own limit."""
    below = ask(services, "we sell an app on Llama 3 with 5 million MAU")
    above = ask(services, "we sell an app on Llama 3 with 900 million MAU")

    assert below.verdict is Verdict.CONDITIONAL
    assert above.verdict.strictness >= below.verdict.strictness
    assert "2" in binding_clauses(above)
    assert "2" not in binding_clauses(below)


def test_the_strictest_part_of_a_combination_decides(services: Services, assert_sound: Sound) -> None:
    """Of two models, the stricter licence gives the verdict, and both are listed."""
    answer = ask(services, "Sell a product that combines Mistral 7B and Command R+.")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.PROHIBITED
    assert len(answer.subjects) == 2


def test_a_label_more_permissive_than_the_base_is_for_a_lawyer(services: Services, assert_sound: Sound) -> None:
    """A card that says MIT does not shed the base model's terms: the mismatch is named."""
    answer = ask(services, "The card says MIT but it is a fine-tune of Llama 3. Can we ship it in a product?")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.NEEDS_REVIEW
    assert "match the base terms" in answer.summary
    assert answer.conditions


def test_somebody_s_derivative_keeps_the_base_s_terms(services: Services, assert_sound: Sound) -> None:
    """An unknown account's variant of a known model is answered under the base's licence, for a lawyer to check."""
    answer = ask(services, "can we sell acme-labs/Meta-Llama-3-8B-Instruct-zorg?")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.NEEDS_REVIEW
    assert answer.subjects[0].inherited_from
    assert [ref.id for ref in answer.subjects[0].licenses] == ["llama-3"]


def test_a_follow_up_is_answered_in_its_thread(services: Services) -> None:
    """A message without a name is about the thread's model."""
    answer = ask(services, "and if only our own staff uses it, internally?", context=("can we sell Llama 3?",))

    assert [s.id for s in answer.subjects] == ["llama-3"]
    assert "internal_use" in answer.use.actions


def test_a_structured_question_is_taken_as_given(services: Services, assert_sound: Sound) -> None:
    """A form needs no text at all."""
    use = Use(("fine_tune", "distribute_product"), commercial=True, domain="health", facts={"mau": 5})
    answer = ask(services, "", subjects=(Named("Llama 3", "model"),), use=use)

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.CONDITIONAL
    assert answer.use == use


def test_the_same_question_gets_the_same_answer(services: Services) -> None:
    """Nothing but id and time differs between two answers to one question."""

    def content(answer: Answer) -> dict[str, object]:
        return {k: v for k, v in answer.to_json().items() if k not in {"decision_id", "elapsed_ms"}}

    assert content(ask(services, HEALTH)) == content(ask(services, HEALTH))


# -- honest where nothing is known -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Blorbo-7B", "acme-corp/zorgulon-4x9B", "gemma-9.5"])
def test_an_unknown_model_is_not_decided(name: str, services: Services, assert_sound: Sound) -> None:
    """A model that nobody knows gets no verdict, and its name is asked back."""
    answer = ask(services, f"can we sell a product on {name}?")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.UNKNOWN
    assert not answer.citations
    assert name in " ".join(answer.open_questions)


def test_an_ambiguous_name_is_asked_back(services: Services, assert_sound: Sound) -> None:
    """A family whose members differ in their terms is not decided but asked back, with the choices."""
    answer = ask(services, "can we use llama commercially?")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.UNKNOWN
    assert "Which Llama" in " ".join(answer.open_questions)


@pytest.mark.parametrize(
    "text", ["hello", "What's the weather?", "Write me a poem about spring.", "2+2", "😀", "SELECT * FROM decision;"]
)
def test_what_is_no_licensing_question_is_not_decided(text: str, services: Services, assert_sound: Sound) -> None:
    """Small talk gets no verdict, and the answer says what is missing."""
    answer = ask(services, text)

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.open_questions
    assert not answer.subjects


def unreviewed(services: Services) -> RegistryEntry:
    """A model of the registry whose licence text is here and whose terms nobody has reviewed."""
    for entry in read_registry()[0]:
        if entry.license and entry.kind == "model" and not entry.base:
            try:
                record = services.store.license(entry.license)
            except KeyError:
                continue
            if not record.curated and not record.missing:
                return entry
    pytest.skip("every licence of the registry is reviewed by now")


def test_a_licence_without_reviewed_terms_is_for_a_lawyer(services: Services, assert_sound: Sound) -> None:
    """Where nobody reviewed the terms, the nearest clauses are quoted and a lawyer decides."""
    entry = unreviewed(services)
    answer = ask(services, f"can we fine-tune {entry.id} and sell a product?")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.NEEDS_REVIEW
    assert answer.unclear
    assert answer.citations
    assert all(c.verified for c in answer.citations)
    assert not [*answer.permissions, *answer.conditions, *answer.prohibitions]


def test_a_model_without_a_licence_is_for_a_lawyer(services: Services, assert_sound: Sound) -> None:
    """Where the publisher gave no licence, nobody granted a right: a lawyer decides."""
    entry = next((e for e in read_registry()[0] if e.license_state == "missing"), None)
    if entry is None:
        pytest.skip("the registry lists no model without a licence")
    answer = ask(services, f"can we use {entry.id} in a product?")

    assert_sound(answer, services.store)
    assert answer.verdict is Verdict.NEEDS_REVIEW
    assert answer.open_questions


class _OneText:
    """A source of a single invented text."""

    name = "invented"

    def collect(self) -> Iterator[SourceText]:
        """Yield the text."""
        yield SourceText(
            key="zebra-terms", title="Zebra Terms", kind=DocumentKind.LICENSE, source="invented",
            text="1. Striped things may be looked at.\n\n2. Nobody may paint them in plain colours.\n",
        )  # fmt: skip


@pytest.fixture
def textless(tmp_path: Path, model_home: Path) -> Iterator[Services]:
    """Services over a machine that holds one invented text and none of the real ones."""
    home = tmp_path / "textless"
    home.mkdir()
    (home / "models").symlink_to(model_home / "models")
    with open_services(settings_for(home)) as opened:
        ingest(opened.engine, home, [_OneText()])
        yield opened


def test_a_licence_whose_text_is_not_here_is_answered_without_quotes(textless: Services, assert_sound: Sound) -> None:
    """The verdict stands on the reviewed terms; clauses are named, not quoted, and the answer says how to get them."""
    answer = ask(textless, HEALTH)

    assert_sound(answer, textless.store)
    assert answer.verdict is Verdict.CONDITIONAL
    assert answer.citations
    assert all(c.quote is None and not c.verified for c in answer.citations)
    assert "1.b.i" in {c.clause for c in answer.citations}
    assert "not on this machine" in answer.summary
    assert "CLAUSEBOT_MIRROR" in answer.summary


def test_a_text_of_one_s_own_is_quoted_for_a_lawyer(textless: Services, assert_sound: Sound) -> None:
    """A text that somebody ingested is known by its title, and its clauses are quoted."""
    answer = ask(textless, "What do the Zebra Terms licence say about colours?")

    assert_sound(answer, textless.store)
    assert answer.verdict is Verdict.NEEDS_REVIEW
    assert any("plain colours" in (c.quote or "") for c in answer.citations)


def test_without_a_knowledge_base_there_is_one_clear_error(tmp_path: Path) -> None:
    """A fresh data folder says what to run."""
    with open_services(settings_for(tmp_path / "fresh")) as opened, pytest.raises(NoKnowledgeError, match="ingest"):
        ask(opened, HEALTH)


# -- bad questions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\n\t\n"])
def test_an_empty_question_is_refused(text: str, services: Services) -> None:
    """Nothing asked, nothing answered, nothing recorded."""
    before = decisions(services)

    with pytest.raises(QuestionError, match="empty"):
        ask(services, text)
    assert decisions(services) == before


def test_a_document_is_no_question(services: Services) -> None:
    """One character over the limit is refused with both numbers; the limit itself is answered."""
    with pytest.raises(QuestionError, match="100,001"):
        ask(services, "x" * (LONGEST_QUESTION + 1))
    answer = ask(services, HEALTH.ljust(LONGEST_QUESTION, "\n"))

    assert answer.verdict is Verdict.CONDITIONAL


# -- the record --------------------------------------------------------------------------------------------------------


def test_the_audit_row_is_the_answer(own_services: Services) -> None:
    """What was recorded is what was returned, to the letter, with who asked where."""
    answer = ask(own_services, HEALTH, asker="U123", channel="C9", context=("hello",))
    with Session(own_services.engine) as session:
        found = session.connection().execute(sql("SELECT * FROM ledger WHERE id = :id"), {"id": answer.decision_id})
        row = found.mappings().one()
        asker = session.connection().execute(sql("SELECT name FROM person WHERE pseudonym = :p"), {"p": row["person"]})
        free = session.connection().execute(sql("SELECT content FROM free_text WHERE row_id = :id"), {"id": row["id"]})
        written = json.loads(free.scalar_one())
        name = asker.scalar_one()
    shown = own_services.audit.show(answer.decision_id)

    assert shown is not None
    assert {k: v for k, v in shown.items() if k not in {"created_at", "asker", "channel"}} == answer.to_json()
    assert (name, row["place"]) == ("U123", "C9")
    assert written == {"question": HEALTH, "context": ["hello"]}
    assert HEALTH not in row["body"] + row["head"]
    assert row["verdict"] == answer.verdict.value
    assert json.loads(row["head"])["knowledge_version"] == answer.knowledge_version
    assert json.loads(row["head"])["elapsed_ms"] == answer.elapsed_ms
    assert answer.decision_id in row["body"]
    assert answer.citations[0].text_sha256
    assert answer.citations[0].text_sha256 in row["body"]


def test_undecided_questions_are_recorded_too(own_services: Services) -> None:
    """An `unknown` leaves a row like any other answer."""
    answer = ask(own_services, "can we sell Blorbo-7B?")

    assert answer.decision_id
    assert own_services.audit.show(answer.decision_id) is not None


def test_no_record_no_answer(own_services: Services) -> None:
    """Where the row cannot be written, the answer is not given."""
    with own_services.engine.begin() as connection:
        connection.execute(
            sql("CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        )

    before = decisions(own_services)

    with pytest.raises(StoreError, match="disk is full"):
        ask(own_services, HEALTH)
    assert decisions(own_services) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET verdict = 'allowed'",
        "DELETE FROM ledger",
        REPLACED,
    ],
)
def test_a_decision_is_never_changed(statement: str, own_services: Services) -> None:
    """The database itself refuses to change, remove or replace a row."""
    answer = ask(own_services, HEALTH)
    before = own_services.audit.show(answer.decision_id)

    with pytest.raises(Exception, match="never changed"), own_services.engine.begin() as connection:
        connection.execute(sql(statement))
    assert own_services.audit.show(answer.decision_id) == before


# -- withheld ----------------------------------------------------------------------------------------------------------


def test_an_answer_on_a_tampered_text_is_withheld(own_services: Services) -> None:
    """A stored text that was changed behind our back gives no verdict but a case for a lawyer, and is recorded."""
    with own_services.engine.begin() as connection:
        changed = connection.execute(
            sql("UPDATE document SET text = replace(text, 'prominently', 'optionally') WHERE key LIKE 'llama-3-comm%'")
        ).rowcount
    answer = ask(own_services, HEALTH)

    assert changed == 1
    assert answer.verdict is Verdict.NEEDS_REVIEW
    assert "withheld" in answer.summary
    assert not [*answer.citations, *answer.conditions, *answer.permissions]
    assert own_services.audit.show(answer.decision_id) is not None


class _Boaster:
    """A writer that words every summary the same: it is given the decision and can change none of it."""

    def summary(self, decided: Decided) -> Summary:
        """Claim that all is well."""
        del decided
        return Summary("Everything is allowed!", "boaster:1")


def test_a_writer_changes_words_and_nothing_else(quick_services: Services) -> None:
    """Another writer's summary leaves verdict, statements and citations as the rules made them."""
    plain = quick_services.answerer.answer(Question("may we sell Command R+?"))
    answerer = Answerer(
        quick_services.store, quick_services.catalog, quick_services.plugged_search,  # type: ignore[arg-type]
        quick_services.audit, _Boaster(),
    )  # fmt: skip
    boasted = answerer.answer(Question("may we sell Command R+?"))

    assert boasted.summary.startswith("Everything is allowed!")
    assert boasted.written_by == "boaster:1"
    assert (boasted.verdict, boasted.prohibitions, boasted.citations) == (
        plain.verdict, plain.prohibitions, plain.citations,
    )  # fmt: skip
    assert plain.verdict is Verdict.PROHIBITED


# -- every family of the registry --------------------------------------------------------------------------------------

USES = (
    "Can we fine-tune {} and sell a product on it?",
    "May we run {} internally, staff only?",
    "We want to publish weights of our {} fine-tune under MIT.",
    "Outputs of {} as training data for our own model, 900M MAU, in Germany?",
    "Dürfen wir {} in einer medizinischen App für Patienten einsetzen?",
    "Is {} ok for face recognition by the police?",
    "Peut-on utiliser {} sans but commercial ?",
    "What does the licence of {} say about attribution, warranty and termination?",
)


def test_every_family_of_the_registry_gets_a_sound_answer(quick_services: Services, assert_sound: Sound) -> None:
    """For each model family, dataset and software, whatever is asked, every claim has its verbatim clause."""
    entries = [e for e in read_registry()[0] if e.is_family or "/" not in e.id]
    verdicts = set()
    for number, entry in enumerate(entries):
        answer = ask(quick_services, USES[number % len(USES)].format(entry.name))

        assert_sound(answer, quick_services.store)
        verdicts.add(answer.verdict)

    assert len(entries) >= 60
    assert verdicts == set(Verdict)


def test_every_reviewed_licence_gets_a_sound_answer_to_every_use(quick_services: Services, assert_sound: Sound) -> None:
    """Each reviewed licence, asked as a form with each kind of use, is answered from its terms."""
    store = quick_services.store
    reviewed = [i for i in store.license_ids() if store.license(i).curated]
    uses = (
        Use(("inference", "internal_use"), commercial=False),
        Use(("fine_tune", "distribute_product"), commercial=True, domain="health", facts={"mau": 5_000_000}),
        Use(("redistribute_weights", "relicense"), commercial=True, facts={"region": "DE"}),
        Use(("train_on_outputs",), domain="military", facts={"mau": None, "revenue_usd": 10**9}),
        Use(),
    )
    for key in reviewed:
        for use in uses:
            answer = ask(quick_services, "", subjects=(Named(key, "license"),), use=use)

            assert_sound(answer, store)
            assert [s.id for s in answer.subjects] == [key]

    assert len(reviewed) >= 20


@pytest.mark.parametrize("field", ["health", "legal advice", "personal finance"])
def test_the_field_of_use_brings_its_clause(services: Services, field: str) -> None:
    """Who builds for patients, clients or savers reads what the policy says of unlicensed professions, though nobody
    asked about it; who builds for nobody in particular does not."""
    told = services.answerer.answer(Question(f"can we fine-tune Llama 3 for a {field} app?"))
    other = services.answerer.answer(Question("can we fine-tune Llama 3 for a puzzle app?"))

    assert "unlicensed-practice" in {s.term for s in told.conditions}
    assert "unlicensed-practice" not in {s.term for s in other.conditions}


def test_a_question_with_a_key_is_decided_once(own_services: Services) -> None:
    """Asked again after a breakdown, a question gets the answer that it had, word for word, and no second row."""
    before = own_services.audit.count()
    first = own_services.answerer.answer(Question("May we sell Mixtral 8x7B?", key="Ev1"))
    again = own_services.answerer.answer(Question("May we sell Mixtral 8x7B now?", key="Ev1"))
    other = own_services.answerer.answer(Question("May we sell Mixtral 8x7B?", key="Ev2"))

    assert again == first == own_services.audit.answer(first.decision_id)
    assert other.decision_id != first.decision_id
    assert own_services.audit.count() == before + 2
