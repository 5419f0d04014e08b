"""Answers a question: the one story, in eight numbered steps."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.answering import resolve
from bot.answering.citations import CitationFault, Citations, sealed, verified
from bot.answering.question import Reading, understand
from bot.answering.resolve import Case, Unresolved
from bot.answering.rules import Finding, Ruling, Situation, Truth, decide
from bot.answering.wording import Decided, RulesWriter, Writer, opening, undecided
from bot.audit.log import AuditLog
from bot.errors import QuestionError
from bot.model import Answer, Question, Statement, Use, Verdict
from knowledge.catalog import AMBIGUOUS, Catalog, Mention, MentionKind
from knowledge.models import LicenseRecord, Passage, TermKind
from knowledge.search import ClauseSearch
from knowledge.store import KnowledgeStore
from knowledge.vocabulary import vocabulary

LONGEST_QUESTION = 100_000
"""Characters; more is a document, not a question."""
_MOST_CONDITIONS = 10
_FEWEST_POSSIBLE = 4
"""A condition that surely applies is never left out; of those that may, the nearest to the question are shown."""
_MOST_NOTES = 3
_MOST_GRANTS = 3
_SHOWN_FOR_REVIEW = 3
"""Clauses shown to a lawyer where no reviewed terms exist."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Draft:
    """Statements as they are gathered, with the citations that they share."""

    citations: Citations
    permissions: list[Statement] = field(default_factory=list)
    conditions: list[Statement] = field(default_factory=list)
    prohibitions: list[Statement] = field(default_factory=list)
    unclear: list[Statement] = field(default_factory=list)
    notes: list[Statement] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    told: set[tuple[str, str]] = field(default_factory=set)
    """Licence and term of every statement: two subjects under one licence do not say it twice."""


class Answerer:
    """Answers questions from one knowledge base and records each answer before it is returned."""

    def __init__(
        self,
        store: KnowledgeStore,
        catalog: Catalog,
        search: ClauseSearch,
        audit: AuditLog,
        writer: Writer | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._search = search
        self._audit = audit
        self._writer = writer or RulesWriter()

    def answer(self, question: Question) -> Answer:
        """Return the recorded answer; raises `QuestionError` for a text that is no question, `KnowledgeError` where
        the knowledge base or the database fails."""
        started = time.perf_counter()
        check(question)
        # 1. read what is named and what is asked
        reading = understand(question, self._catalog)
        # 2. find what governs it
        cases, unresolved = self._resolve(reading)
        licensing = reading.is_licensing or question.use is not None
        if not licensing or not cases or (unresolved and not self._enough(cases, unresolved)):
            draft = self._undecided(question, reading, cases, unresolved)
        else:
            # 3. find the clauses that speak to the question
            passages = self._clauses(question, cases)
            # 4. and 5. decide, and word it
            draft = self._decided(question, reading, cases, passages)
        # 6. check every quote against the stored text
        answer = self._verified(draft)
        # 7. write the audit row before anybody sees the answer
        answer = replace(
            answer,
            knowledge_version=self._store.state.version,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 2),
        )
        answer = self._audit.record(question, answer)
        # 8. hand it over
        log.info(
            "question_answered", decision_id=answer.decision_id, verdict=answer.verdict.value,
            licenses=sorted({c.license for c in answer.citations}), citations=len(answer.citations),
            ms=answer.elapsed_ms,
        )  # fmt: skip
        return answer

    # -- 2: what governs ---------------------------------------------------------------------------------------------

    def _resolve(self, reading: Reading) -> tuple[list[Case], list[Unresolved]]:
        cases: list[Case] = []
        unresolved: list[Unresolved] = []
        for mention in (*reading.subjects, *reading.students):
            if mention.kind is MentionKind.UNKNOWN:
                unresolved.append(resolve.unknown(mention, self._catalog.nearest(mention.shown)))
            elif mention.kind in AMBIGUOUS:
                names = tuple(self._store.name_of(o) for o in mention.options)
                unresolved.append(resolve.ambiguous(mention, names))
            else:
                cases.append(self._case(mention))
        return cases, unresolved

    def _case(self, mention: Mention) -> Case:
        if mention.kind is MentionKind.LICENSE:
            return resolve.resolve_license(mention, self._store)
        return resolve.with_own_name(resolve.resolve_entry(mention, self._store), mention)

    def _enough(self, cases: Sequence[Case], unresolved: Sequence[Unresolved]) -> bool:
        """Whether the known subjects carry the question although another name is not known."""
        return all(u.mention.kind is MentionKind.UNKNOWN and "/" not in u.mention.shown for u in unresolved) and bool(
            cases
        )

    # -- 3: clauses --------------------------------------------------------------------------------------------------

    def _clauses(self, question: Question, cases: Sequence[Case]) -> list[Passage]:
        documents = [
            key
            for case in cases
            for record in case.licenses
            for _, key in record.profile.documents
            if key not in record.missing
        ]
        if not documents:
            return []
        return self._search.search(question.text[:2000], list(dict.fromkeys(documents)), limit=12)

    # -- 4 and 5: decision and wording ---------------------------------------------------------------------------------

    def _decided(
        self, question: Question, reading: Reading, cases: Sequence[Case], passages: Sequence[Passage]
    ) -> Answer:
        draft = _Draft(Citations(self._store))
        verdicts: list[Verdict] = []
        students = {m.target for m in reading.students}
        for case, mention in zip(cases, (m for m in (*reading.subjects, *reading.students) if m.target), strict=True):
            is_student = mention.target in students
            verdicts.append(self._judge(case, reading, cases, draft, passages, is_student=is_student))
        verdict = max(verdicts, key=lambda v: v.strictness)
        verdict = self._against_declared(reading, cases, draft, verdict)
        summary = self._writer.summary(
            Decided(
                verdict,
                cases,
                draft.permissions,
                draft.conditions,
                draft.prohibitions,
                draft.unclear,
                draft.notes,
                draft.fixes,
            )
        )
        return Answer(
            question=question.text,
            verdict=verdict,
            summary=" ".join([summary.text, *dict.fromkeys(draft.remarks)]),
            subjects=tuple(c.subject for c in cases),
            use=reading.use,
            permissions=tuple(draft.permissions),
            conditions=tuple(draft.conditions),
            prohibitions=tuple(draft.prohibitions),
            unclear=tuple(draft.unclear),
            notes=tuple(draft.notes),
            open_questions=tuple(dict.fromkeys(draft.open_questions)),
            citations=tuple(draft.citations.found),
            confidence=_confidence(cases, draft, reading),
            written_by=summary.written_by,
        )

    def _judge(
        self, case: Case, reading: Reading, cases: Sequence[Case], draft: _Draft, passages: Sequence[Passage],
        *, is_student: bool,
    ) -> Verdict:  # fmt: skip
        draft.remarks.extend(case.remarks)
        draft.open_questions.extend(case.faults)
        if not case.licenses:
            return Verdict.NEEDS_REVIEW
        situation = self._situation(case, reading, cases, is_student=is_student)
        verdicts = []
        for record in case.licenses:
            if not record.curated:
                verdicts.append(self._unreviewed(record, draft, passages))
                continue
            ruling = decide(record.profile, situation)
            self._state(record, ruling, situation, draft, passages)
            verdicts.append(ruling.verdict)
            if record.missing:
                draft.remarks.append(_how_to_get(record))
        worst = max(verdicts, key=lambda v: v.strictness)
        unsure = bool(case.faults) and worst is not Verdict.PROHIBITED
        return Verdict.NEEDS_REVIEW if unsure else worst

    def _situation(self, case: Case, reading: Reading, cases: Sequence[Case], *, is_student: bool) -> Situation:
        use = reading.use
        targets: set[str] = set()
        if is_student:
            # What is trained is only trained: the duties of the teacher's outputs are the teacher's matter.
            trained = [a for a in use.actions if a not in {"train_on_outputs", "distill"}]
            use = Use(tuple(dict.fromkeys(["fine_tune", *trained])), use.commercial, use.domain, use.facts)
        else:
            students = {m.target for m in reading.students}
            for other in cases:
                if other.subject.id in students:
                    targets |= {r.profile.id for r in other.licenses}
        result = reading.result_license.target if reading.result_license else ("own" if reading.own_terms else None)
        return Situation(
            use=use,
            topics=reading.topics,
            asks=reading.asks,
            targets=frozenset(targets),
            result_license=result,
            modalities=case.modalities,
        )

    def _unreviewed(self, record: LicenseRecord, draft: _Draft, passages: Sequence[Passage]) -> Verdict:
        """Show a lawyer the clauses nearest to the question of a licence whose terms nobody has reviewed."""
        keys = {key for _, key in record.profile.documents}
        near = [p for p in passages if p.document_key in keys][:_SHOWN_FOR_REVIEW]
        cited = tuple(dict.fromkeys(draft.citations.of_passage(record, p) for p in near))
        if cited:
            text = (
                f"The terms of {record.profile.name} are not reviewed yet; these clauses come nearest to the question."
            )
            draft.unclear.append(Statement(text, cited, record.profile.id))
        draft.open_questions.append(f"What do the terms of {record.profile.name} say on this use?")
        return Verdict.NEEDS_REVIEW

    def _state(
        self, record: LicenseRecord, ruling: Ruling, situation: Situation, draft: _Draft, passages: Sequence[Passage]
    ) -> None:
        """Turn findings into statements, the deciding ones first."""

        def statement(finding: Finding, prefix: str = "") -> Statement:
            text = prefix + finding.term.text
            return Statement(text, draft.citations.of_term(record, finding.term), record.profile.id, finding.term.id)

        near = _nearness(record, passages)
        asked = situation.asks

        def order(findings: Iterable[Finding]) -> list[Finding]:
            return sorted(findings, key=lambda f: (-f.truth, not asked & set(f.term.about), near.get(f.term.id, 99)))

        told = {t for i, t in draft.told if i == record.profile.id}
        for finding in order(f for f in ruling.of(TermKind.PROHIBITION, Truth.TRUE) if f.term.id not in told):
            draft.prohibitions.append(statement(finding))
            told.add(finding.term.id)
            if finding.term.fix:
                draft.fixes.append(finding.term.fix)
        for finding in order(f for f in ruling.of(TermKind.UNCLEAR, Truth.TRUE) if f.term.id not in told):
            draft.unclear.append(statement(finding))
            draft.open_questions.extend([finding.term.question] if finding.term.question else [])
            told.add(finding.term.id)
        binding = [
            *ruling.of(TermKind.CONDITION, Truth.TRUE, Truth.OPEN), *ruling.of(TermKind.PROHIBITION, Truth.OPEN)
        ]  # fmt: skip
        wanted = [f for f in binding if f.term.id not in told and (not f.term.low or asked & set(f.term.about))]
        if ruling.verdict is Verdict.PROHIBITED:  # what would be owed for a use that is barred is no help
            wanted = [f for f in wanted if asked & set(f.term.about)]
        ordered = order(wanted)
        certain = [f for f in ordered if f.truth is Truth.TRUE]
        possible = [f for f in ordered if f.truth is not Truth.TRUE]
        room = max(_FEWEST_POSSIBLE, _MOST_CONDITIONS - len(certain))
        if len(possible) > room:
            draft.open_questions.append(
                f"{len(possible) - room} more conditions may apply; `clausebot license {record.profile.id}` lists all."
            )
        for finding in [*certain, *possible[:room]]:
            draft.conditions.append(statement(finding, _opening(finding)))
            draft.open_questions.extend(finding.questions)
            told.add(finding.term.id)
        for finding in self._grants(ruling, situation):
            if finding.term.id not in told:
                draft.permissions.append(statement(finding))
                draft.open_questions.extend(finding.questions)
                told.add(finding.term.id)
        for action in ruling.silent_on if ruling.verdict is not Verdict.PROHIBITED else ():
            draft.open_questions.append(
                f"Does {record.profile.name} grant this: {vocabulary().actions[action]}? No reviewed term does."
            )
        explaining = sorted(self._asked_about(ruling, asked, told), key=lambda f: (near.get(f.term.id, 99), -f.truth))
        for finding in explaining[:_MOST_NOTES]:
            prefix = "" if finding.truth is Truth.TRUE else "Does not apply as described: "
            draft.notes.append(statement(finding, prefix))
            told.add(finding.term.id)
        for finding in self._supporting(ruling, told):
            draft.notes.append(statement(finding))
            told.add(finding.term.id)
        draft.told |= {(record.profile.id, t) for t in told}

    def _grants(self, ruling: Ruling, situation: Situation) -> list[Finding]:
        """The permissions that cover the asked actions, the first of each; and those that answer what was asked."""
        actions = set(situation.use.actions)
        found = []
        for finding in (f for f in ruling.findings if f.term.kind is TermKind.PERMISSION and f.truth >= Truth.OPEN):
            covers = set(finding.term.actions)
            granted = covers and ("any" in covers or not actions or covers & actions)
            if granted or (not covers and situation.asks & set(finding.term.about)):
                found.append(finding)
        return found[:_MOST_GRANTS]

    def _asked_about(self, ruling: Ruling, asked: frozenset[str], told: set[str]) -> list[Finding]:
        """Terms that answer what the question asks about although they decide nothing here."""
        explaining = (TermKind.LIMITATION, TermKind.DEFINITION, TermKind.TERMINATION, TermKind.CONDITION)
        return [
            f
            for f in ruling.findings
            if f.term.id not in told
            and asked & set(f.term.about)
            and (f.asked_only or (f.term.kind in explaining and f.truth is not Truth.OPEN))
        ]

    def _supporting(self, ruling: Ruling, told: set[str]) -> list[Finding]:
        deciding = {f.term.id for f in ruling.findings if f.term.kind is not TermKind.PERMISSION and f.term.id in told}
        return [f for f in ruling.findings if f.term.id not in told and deciding & set(f.term.supports)][:2]

    def _against_declared(self, reading: Reading, cases: Sequence[Case], draft: _Draft, verdict: Verdict) -> Verdict:
        """Name a label that is more permissive than the terms that govern: those stay, and a lawyer decides."""
        for mention in reading.declared:
            label = self._store.license(mention.target)
            governing = [r for c in cases for r in c.licenses]
            if any(r.profile.id == label.profile.id for r in governing) or not governing:
                continue
            if label.profile.category in _PERMISSIVE and any(r.profile.category not in _PERMISSIVE for r in governing):
                names = ", ".join(dict.fromkeys(r.profile.short for r in governing))
                draft.remarks.append(
                    f"The label {label.profile.name} does not match the base terms: {names} stays whatever a card says."
                )
                if verdict is not Verdict.PROHIBITED:
                    verdict = Verdict.NEEDS_REVIEW
                    draft.open_questions.append(
                        f"Did the author have a permission to publish under {label.profile.name}?"
                    )
        return verdict

    def _undecided(
        self, question: Question, reading: Reading, cases: Sequence[Case], unresolved: Sequence[Unresolved]
    ) -> Answer:
        licensing = reading.is_licensing or question.use is not None
        return Answer(
            question=question.text,
            verdict=Verdict.UNKNOWN,
            summary=undecided(unresolved if licensing else (), licensing=licensing),
            subjects=tuple(c.subject for c in cases),
            use=reading.use,
            open_questions=tuple(dict.fromkeys(u.question for u in unresolved))
            or ("Which model, dataset or licence is it about, and what will be done with it?",),
            confidence=0.9 if not reading.subjects else 0.6,
            written_by=RulesWriter.name,
        )

    # -- 6: verification ---------------------------------------------------------------------------------------------

    def _verified(self, answer: Answer) -> Answer:
        try:
            hashes = {c.text_sha256 for c in answer.citations if c.text_sha256}
            checked = verified(answer.citations, self._store.texts(hashes))
            return sealed(replace(answer, citations=checked))
        except CitationFault as fault:
            log.exception("citation_fault", fault=str(fault), verdict=answer.verdict.value)
            return Answer(
                question=answer.question,
                verdict=Verdict.NEEDS_REVIEW,
                summary="A lawyer should decide: an answer was found, but its quotes do not match the stored texts, "
                "so it is withheld.",
                subjects=answer.subjects,
                use=answer.use,
                open_questions=("Why do the quotes not match? Run `clausebot doctor`.",),
                written_by=answer.written_by,
            )


_PERMISSIVE = frozenset({"permissive", "public_domain", "data_permissive"})


def check(question: Question) -> None:
    """Raise `QuestionError` for a text that is no question: empty, or as long as a document."""
    text = question.text
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(
            f"The question has {len(text):,} characters; {LONGEST_QUESTION:,} are the most. Ask about the point itself."
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise QuestionError("The question holds broken characters; type or save it as UTF-8 text.") from None
    if not text.strip() and question.subjects is None:
        raise QuestionError("The question is empty. Ask, for instance: can we fine-tune Llama 3 for a health app?")


def _opening(finding: Finding) -> str:
    if finding.truth is Truth.TRUE:
        return ""
    return opening(finding.questions, limit=finding.term.kind is TermKind.PROHIBITION)


def _nearness(record: LicenseRecord, passages: Sequence[Passage]) -> dict[str, int]:
    """Rank of each term by the best passage that its quotes touch; terms that no passage touches are left out."""
    ranks: dict[str, int] = {}
    for term_id, quotes in record.quotes.items():
        for quote in filter(None, quotes):
            for rank, passage in enumerate(passages):
                same = passage.document_key == quote.document_key
                if same and passage.clause.start < quote.end and quote.start < passage.clause.body_end:
                    ranks[term_id] = min(rank, ranks.get(term_id, 99))
    return ranks


def _how_to_get(record: LicenseRecord) -> str:
    keys = ", ".join(record.missing)
    return (
        f"Part of the text of {record.profile.name} is not on this machine ({keys}), so its clauses are named but not "
        f"quoted; run `clausebot ingest` with network, or set CLAUSEBOT_MIRROR to a folder that holds it."
    )


def _confidence(cases: Sequence[Case], draft: _Draft, reading: Reading) -> float:
    """A plain measure of how much stood on reviewed terms and stated facts, from 0 to 1; not a probability."""
    value = 0.95
    value -= 0.3 * any(not r.curated for c in cases for r in c.licenses)
    value -= 0.2 * any(c.faults for c in cases)
    value -= 0.1 * any(m.misspelt for m in reading.subjects)
    value -= 0.15 * (not reading.use.actions)
    value -= 0.05 * min(len(set(draft.open_questions)), 4)
    return round(max(0.1, value), 2)
