"""Answers a question: the one story, in eight numbered steps."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from bot.answering import advice, resolve
from bot.answering.citations import CitationFault, Citations, sealed, verified
from bot.answering.combination import conflicts, direction
from bot.answering.drafting import Draft, show_for_review, state
from bot.answering.judging import Judgement, judge, verdict_of
from bot.answering.question import Reading, understand
from bot.answering.resolve import Case, Unresolved
from bot.answering.sentences import starts, stop
from bot.answering.standing import ready_made
from bot.answering.wording import Decided, RulesWriter, Writer, undecided
from bot.audit.log import AuditLog
from bot.audit.precedents import with_precedent
from bot.errors import QuestionError
from bot.model import Answer, Question, Statement, Use, Verdict
from bot.policy.rulebook import Rulebook
from knowledge.catalog import AMBIGUOUS, Catalog, Mention, MentionKind
from knowledge.models import PERMISSIVE, LicenseRecord, Passage
from knowledge.search import ClauseSearch
from knowledge.store import KnowledgeStore

LONGEST_QUESTION = 100_000
"""Characters; more is a document, not a question."""
_HEAVY = 5
"""Conditions from which on an answer also says what would come with fewer."""
_PASSAGES = 60
"""Clauses ranked by their nearness to the question; what a term's rank is worth fades quickly."""

log = structlog.get_logger()


class Answerer:
    """Answers questions from one knowledge base and records each answer before it is returned."""

    def __init__(
        self,
        store: KnowledgeStore,
        catalog: Catalog,
        search: ClauseSearch,
        audit: AuditLog,
        writer: Writer | None = None,
        rulebook: Callable[[], Rulebook] | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._search = search
        self._audit = audit
        self._writer = writer or RulesWriter()
        self._rulebook = rulebook
        """Gives the company's policy as it is now, where there is one."""

    def answer(self, question: Question) -> Answer:
        """Return the recorded answer; raises `QuestionError` for a text that is no question, `KnowledgeError` where
        the knowledge base or the database fails."""
        answer = with_precedent(self.considered(question), self._audit)
        # 7. write the audit row before anybody sees the answer
        answer = self._audit.record(question, answer)
        # 8. hand it over
        log.info(
            "question_answered", decision_id=answer.decision_id, verdict=answer.verdict.value,
            licenses=sorted({c.license for c in answer.citations}), citations=len(answer.citations),
            ms=answer.elapsed_ms,
        )  # fmt: skip
        return answer

    def considered(self, question: Question) -> Answer:
        """Return what would be answered, without recording it: for replays and scores, never for an asker.

        Raises as `answer` does.
        """
        started = time.perf_counter()
        check(question)
        # 1. read what is named and what is asked
        reading = understand(question, self._catalog)
        rulebook, stated = (self._rulebook() if self._rulebook else None), reading.use
        if rulebook:
            reading = replace(reading, use=rulebook.with_facts(stated))
        # 2. find what governs it
        cases, unresolved = self._resolve(reading, question.text)
        now = advice.occasion(question.text, reading, cases, self._store)
        rests_on = advice.false_claims(now)
        reading = advice.with_claims(reading, rests_on)
        licensing = reading.is_licensing or question.use is not None
        unresolved += self._false_premises(reading, cases, question.text)
        if not licensing or not cases or (unresolved and not self._enough(cases, unresolved)):
            draft = self._undecided(question, reading, cases, unresolved)
        else:
            # 3. find the clauses that speak to the question
            passages = self._clauses(question, cases)
            # 4. and 5. decide, and word it
            draft = self._decided(question, reading, cases, passages)
        beside = [*advice.uncited(rests_on, cases), *advice.guidance(now)] if licensing else []
        names = tuple(u.mention.shown for u in unresolved if u.mention.kind is MentionKind.UNKNOWN)
        draft = replace(draft, guidance=tuple(beside), use=stated, unknown_names=tuple(dict.fromkeys(names)))
        if rulebook and licensing and cases:
            draft = self._under_policy(draft, rulebook, cases, replace(reading, use=stated))
        # 6. check every quote against the stored text
        answer = self._verified(draft, rulebook)
        return replace(
            answer,
            knowledge_version=self._store.state.version,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 2),
        )

    # -- 2: what governs ---------------------------------------------------------------------------------------------

    def _resolve(self, reading: Reading, text: str) -> tuple[list[Case], list[Unresolved]]:
        cases: list[Case] = []
        unresolved: list[Unresolved] = []
        for mention in (*reading.subjects, *reading.students):
            if base := self._base_of(mention, reading, text):
                cases.append(resolve.derivative(mention, self._case(base)))
            elif stated := self._declared_for(mention, reading, text):
                cases.append(resolve.declared(mention, self._store.license(stated.target), self._store))
            elif mention.kind is MentionKind.UNKNOWN:
                unresolved.append(resolve.unknown(mention, self._catalog.nearest(mention.shown)))
            elif same := self._whichever_version(mention, reading):
                cases.append(same)
            elif mention.kind in AMBIGUOUS:
                names = tuple(self._store.name_of(o) for o in mention.options)
                unresolved.append(resolve.ambiguous(mention, names))
            else:
                case = resolve.as_dated(self._case(mention), text, self._store)
                case = resolve.as_stated(case, mention, reading.roles.stated, text, self._store)
                if reading.roles.code_alone:
                    case = resolve.code_alone(case, self._store)
                governing = {r.profile.id for c in cases for r in c.licenses}
                if case.entry is None and mention.target in governing:
                    continue  # named beside the thing that is under it
                cases.append(replace(case, behind=mention in reading.roles.behind))
        if reading.roles.licensor and not cases and not unresolved and (fitting := ready_made(text)):
            cases.append(resolve.suggested(fitting, self._store))
        cases += self._of_the_copy(reading, cases, text)
        if reading.roles.unlicensed:
            cases.append(resolve.unlicensed(reading.roles.unlicensed, text[:80]))
        return cases, unresolved

    def _whichever_version(self, mention: Mention, reading: Reading) -> Case | None:
        """Return the newest version of a licence named without one, where all versions come to the same verdict."""
        if mention.kind is not MentionKind.AMBIGUOUS_LICENSE or set(reading.use.actions) <= {"look_up"}:
            return None
        versions = resolve.any_version(mention, self._store)
        if len({verdict_of([case], judge([case], reading)) for case in versions}) != 1:
            return None
        newest = versions[0]
        remark = (
            f"You did not say which version: this answers for {newest.subject.name}. For this use the verdict is the "
            "same under every version; look up which one it is before you quote it."
        )
        return replace(newest, remarks=(*newest.remarks, remark))

    def _base_of(self, mention: Mention, reading: Reading, text: str) -> Mention | None:
        """Return the known model on which the text says that an unknown one is built."""
        if mention.kind is not MentionKind.UNKNOWN or "/" not in mention.shown:
            return None
        known = (m for m in reading.subjects if m.kind is MentionKind.MODEL)
        return next((m for m in known if _BUILT_ON.search(text[max(0, m.start - 50) : m.start])), None)

    def _declared_for(self, mention: Mention, reading: Reading, text: str) -> Mention | None:
        """Return the licence under which the text says that an unknown repository is, where it names no other model."""
        if mention.kind is not MentionKind.UNKNOWN or "/" not in mention.shown or len(reading.subjects) > 1:
            return None
        near = [m for m in reading.roles.stated if 0 < m.start - mention.end < _NEAR_ITS_NAME]
        if len(near) != 1 or _HEARSAY.search(text[mention.end : near[0].start]):
            return None
        return near[0] if _IS_UNDER.search(text[mention.end : near[0].start]) else None

    def _case(self, mention: Mention) -> Case:
        if mention.kind is MentionKind.LICENSE:
            return resolve.resolve_license(mention, self._store)
        return resolve.with_own_name(resolve.resolve_entry(mention, self._store), mention)

    def _of_the_copy(self, reading: Reading, cases: Sequence[Case], text: str) -> list[Case]:
        """Return the stricter licences that lie beside the asker's own copy: the copy that was taken decides."""
        governing = [r.profile for c in cases for r in c.licenses]
        if not governing or any(p.category not in PERMISSIVE for p in governing):
            return []
        found = []
        for mention in reading.roles.stated:
            around = text[max(0, mention.start - 70) : mention.end + 30]
            profile = self._store.license(mention.target).profile
            stricter = profile.category not in PERMISSIVE and mention not in reading.subjects
            if stricter and _IN_THE_COPY.search(around) and not _HEARSAY.search(around):
                found.append(resolve.resolve_license(mention, self._store))
        return found

    def _false_premises(self, reading: Reading, cases: Sequence[Case], text: str) -> list[Unresolved]:
        """Return what to ask where a question rests on weights that nobody has published."""
        closed = [c for c in cases if c.closed]
        ascribed = [*reading.roles.stated, *filter(None, [reading.roles.result_license])]
        licenses = [self._store.license(m.target).profile for m in ascribed]
        released = [p.name for p in licenses if p.category != "service"] + [m.shown for m in reading.roles.unclear]
        if not closed or not released:
            return []
        held = {r.profile.id for c in cases for r in c.licenses}
        if any(p.id in held for p in licenses):
            return []
        mention = next(m for m in (*reading.subjects, *reading.students) if m.target == closed[0].entry)
        if not _as_weights(text, mention, ascribed + list(reading.roles.unclear)):
            return []
        return [resolve.not_published(mention, closed[0], released[0])]

    def _enough(self, cases: Sequence[Case], unresolved: Sequence[Unresolved]) -> bool:
        """Whether the known subjects carry the question although another name is not known."""
        passing = (u for u in unresolved if u.mention.kind is not MentionKind.UNKNOWN or "/" in u.mention.shown)
        return bool(cases) and not any(passing)

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
        return self._search.search(question.text[:2000], list(dict.fromkeys(documents)), limit=_PASSAGES)

    # -- 4 and 5: decision and wording ---------------------------------------------------------------------------------

    def _decided(
        self, question: Question, reading: Reading, cases: Sequence[Case], passages: Sequence[Passage]
    ) -> Answer:
        draft = Draft(Citations(self._store))
        judgements = judge(cases, reading)
        verdict = self._against_declared(reading, cases, draft, verdict_of(cases, judgements))
        verdict = self._together(judgements, draft, verdict)
        for case in cases:
            draft.remarks.extend(case.remarks)
            draft.open_questions.extend(case.faults)
        for judgement in judgements:
            if judgement.ruling is None:
                show_for_review(draft, judgement, passages)
            if judgement.record.missing:
                draft.remarks.append(_how_to_get(judgement.record))
        state(draft, judgements, verdict, passages)
        heavy = verdict is Verdict.PROHIBITED or len(draft.conditions) >= _HEAVY
        instead = advice.alternatives(cases, judgements, verdict, self._store) if heavy else []
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
                draft.corrections,
                [f"{a.name} ({a.license_name})" for a in instead] if verdict is Verdict.PROHIBITED else [],
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
            alternatives=tuple(instead),
            confidence=_confidence(cases, draft, reading),
            written_by=summary.written_by,
        )

    def _under_policy(self, draft: Answer, rulebook: Rulebook, cases: Sequence[Case], reading: Reading) -> Answer:
        """Put the company's policy beside what the licences say."""

        def told(use: Use) -> object:
            rulings = (j.ruling for j in judge(cases, replace(reading, use=use)))
            return [[(f.term.id, f.truth) for f in ruling.findings] for ruling in rulings if ruling]

        facts = rulebook.facts_that_matter(reading.use, told)
        return rulebook.applied(draft, facts, datetime.now(UTC).date())

    def _together(self, judgements: Sequence[Judgement], draft: Draft, verdict: Verdict) -> Verdict:
        """Name what keeps the licences of a joint work apart; the strictest part decides here, too."""
        for conflict in conflicts(judgements):
            cited = [c for r, t in conflict.terms for c in draft.citations.of_term(r, t, every_pin=False)]
            statement = Statement(conflict.text, tuple(dict.fromkeys(cited)))
            if not cited:
                draft.remarks.append(conflict.text)
            elif conflict.verdict is Verdict.PROHIBITED:
                draft.prohibitions.append(statement)
            else:
                draft.unclear.append(statement)
            draft.fixes.append(conflict.fix)
            verdict = max(verdict, conflict.verdict, key=lambda v: v.strictness)
        if way := direction(judgements):
            draft.remarks.append(way)
        return verdict

    def _against_declared(self, reading: Reading, cases: Sequence[Case], draft: Draft, verdict: Verdict) -> Verdict:
        """Name a licence that the question ascribes and that is not the governing one. A label that is more permissive
        than the terms that govern is for a lawyer; those stay whatever a card says."""
        governing = [r for c in cases for r in c.licenses]
        families = {r.profile.family or r.profile.id for r in governing}
        for mention in reading.roles.stated:
            label = self._store.license(mention.target).profile
            if not governing or label.id in {r.profile.id for r in governing} or label.family in families:
                continue
            if label.category not in PERMISSIVE or all(r.profile.category in PERMISSIVE for r in governing):
                continue
            names = ", ".join(dict.fromkeys(r.profile.short for r in governing if r.profile.category not in PERMISSIVE))
            if mention in reading.roles.labels:
                draft.remarks.append(
                    f"The label {label.name} does not match the base terms: {names} stays whatever a card says."
                )
                if verdict is not Verdict.PROHIBITED:
                    verdict = Verdict.NEEDS_REVIEW
                    draft.open_questions.append(f"Did the author have a permission to publish under {label.name}?")
            elif mention not in reading.subjects:
                draft.remarks.append(f"{label.name} is not what governs here; {names} is.")
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

    def _verified(self, answer: Answer, rulebook: Rulebook | None) -> Answer:
        own = {rulebook.policy.sha256: rulebook.policy.text} if rulebook else {}
        try:
            hashes = {c.text_sha256 for c in answer.citations if c.text_sha256} - own.keys()
            checked = verified(answer.citations, self._store.texts(hashes) | own)
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


_IN_THE_COPY = re.compile(
    r"\b(?:contains?|comes? with|came with|under|file|folder|zip|weights under|dated|accepted|signed|agreement|"
    r"version|pulled|"
    r"liegt|enthält|contient|contiene)\b",
    re.IGNORECASE,
)
_HEARSAY = re.compile(
    r"\b(?:said|says|claims?|heard|thinks?|believes?|read (?:that|somewhere)|told|allegedly|apparently|is it|"
    r"isn't it|really|"
    r"angeblich|paraît|dicen)\b",
    re.IGNORECASE,
)
_NEAR_ITS_NAME = 90
"""Characters behind a name in which a licence is taken for its own."""
_IS_UNDER = re.compile(
    r"(?:\bunder|\blicen[cs]ed?(?: under| as)?|\btagged|\blabell?ed|\bmarked|\blicen[cs]e\b(?: is)?|"
    r"\bunter|\bsous|\bbajo|[(:=])"
    r"\W{0,3}(?:the |plain |der |die )?\W?$",
    re.IGNORECASE,
)
_BUILT_ON = re.compile(
    r"(?:\bbase[ _-]?model\b[^.!?\n]{0,40}|\bbase\b[\s:=“\"'`]*|"
    r"(?:fine-?tun\w*|finetun\w*|derivative|quant\w*|merge|adapter|lora|distill?\w*|based|built|"
    r"base(?:_model)?(?: model)?|version|variant|"
    r"made|trained|copy)\s*(?:of|on|from|is|:|=|off|on top of)\s*(?:the |plain |meta's )?)$",
    re.IGNORECASE,
)


_WEIGHTS = re.compile(
    r"\b(?:weights|checkpoints?|gguf|safetensors|parameters|model files?|self-?host\w*|download\w*|open[- ]source[ds]?|"
    r"leaked|torrent|gewichte\w*|poids|pesos|hugging ?face)\b",
    re.IGNORECASE,
)
_ASCRIBED = re.compile(
    r"\W{0,3}(?:(?:weights|model|itself|now|also|actually|which|that)\s+)*(?:is|are|was|were|came|comes|ist|est|"
    r"es|released|"
    r"licensed|under|unter|sous|bajo|steht|\W)[^.!?;]{0,30}",
    re.IGNORECASE,
)


def _as_weights(text: str, mention: Mention, licenses: Sequence[Mention]) -> bool:
    """Whether a question takes a service for weights: it names them beside it, or a licence right after it."""
    start, _ = starts(text, mention.start)
    ascribed = (m for m in licenses if 0 <= m.start - mention.end < _NEAR_ITS_NAME)
    return bool(_WEIGHTS.search(text, start, stop(text, mention.end))) or any(
        _ASCRIBED.fullmatch(text[mention.end : m.start]) for m in ascribed
    )


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


def _how_to_get(record: LicenseRecord) -> str:
    keys = ", ".join(record.missing)
    return (
        f"Part of the text of {record.profile.name} is not on this machine ({keys}), so its clauses are named but not "
        f"quoted; run `clausebot ingest` with network, or set CLAUSEBOT_MIRROR to a folder that holds it."
    )


def _confidence(cases: Sequence[Case], draft: Draft, reading: Reading) -> float:
    """A plain measure of how much stood on reviewed terms and stated facts, from 0 to 1; not a probability."""
    value = 0.95
    value -= 0.3 * any(not r.curated for c in cases for r in c.licenses)
    value -= 0.2 * any(c.faults for c in cases)
    value -= 0.1 * any(m.misspelt for m in reading.subjects)
    value -= 0.15 * (not reading.use.actions)
    value -= 0.05 * min(len(set(draft.open_questions)), 4)
    return round(max(0.1, value), 2)
