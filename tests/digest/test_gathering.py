"""What a digest is made of, read from a real record, real texts and a policy file, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.audit.anchors import is_signed
from bot.audit.ledger import Entry
from bot.audit.log import EventKind, stamp
from bot.digest.gathering import Gathered
from bot.digest.rows import Rating
from bot.digest.week import Week
from bot.model import Citation, CompanyPolicy, Verdict
from bot.services import Services, open_services
from bot.settings import Settings
from ingestion import pipeline
from ingestion.sources.path import PathSource
from knowledge.models import DocumentKind
from tests.audit.test_ledger import damage
from tests.digest.recorded import decide, model

ZONE = ZoneInfo("Europe/Berlin")
WEEK = Week(2026, 46)
NOW = datetime(2026, 11, 16, 7, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NIMBUS, STRATUS = model("Nimbus 7B", "nimbus"), model("Stratus 12B", "stratus", "nimbus")


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    """Settings of a company in Berlin."""
    return Settings(home=tmp_path / "home", database_url=url, zone=ZONE, review_days=5)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """A new installation, opened."""
    with open_services(settings) as opened:
        yield opened


def gather(services: Services, week: Week = WEEK, **more: bool) -> Gathered:
    """What the digest of a week is made of, on the Monday after it."""
    return services.gather(week, week.bounds(ZONE)[1] + timedelta(hours=8), **more)


def this_week() -> Week:
    """The week in which the record writes down what happens now."""
    return Week.of(datetime.now(UTC), ZONE)


# -- which week --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("week", "hours"),
    [(Week(2026, 46), 168), (Week(2026, 13), 167), (Week(2026, 43), 169), (Week(2026, 53), 168), (Week(2027, 1), 168)],
    ids=["plain", "clocks-forward", "clocks-back", "over-new-year", "first-of-a-year"],
)
def test_a_week_holds_what_was_decided_in_it(services: Services, week: Week, hours: int) -> None:
    """From the first microsecond of Monday to the last one of Sunday, in the company's zone."""
    start, end = week.bounds(ZONE)
    for at in (start - TICK, start, end - TICK, end):
        decide(services.audit, at, question=at.isoformat())
    found = gather(services, week)
    digest = found.made().digest

    assert end - start == timedelta(hours=hours)
    assert [row.question for row in found.material.decisions] == [start.isoformat(), (end - TICK).isoformat()]
    assert [row.at for row in found.material.decisions] == [start, end - TICK]
    assert (digest.numbers.questions, digest.before.questions) == (2, 1)
    assert [sum(day.verdicts.values()) for day in digest.days] == [1, 0, 0, 0, 0, 0, 1]


def test_the_trend_counts_eight_weeks(services: Services) -> None:
    """Each with its own number; the ninth before is not looked at, nor is what came after."""
    week = WEEK.next
    for number in range(10):
        for _ in range(number):
            decide(services.audit, week.bounds(ZONE)[0] + timedelta(hours=80))
        week = week.previous
    digest = gather(services).made().digest

    assert [one.questions for one in digest.weeks] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert digest.weeks[0].week == Week(2026, 39)


def test_the_week_before_is_counted_alike(services: Services) -> None:
    """Askers, verdicts and the middle answer time."""
    start, _ = WEEK.previous.bounds(ZONE)
    for number, verdict in enumerate((Verdict.ALLOWED, Verdict.ALLOWED, Verdict.UNKNOWN)):
        decide(services.audit, start, asker=f"slack:T1:U{number // 2}", verdict=verdict, elapsed_ms=10.0 * number)
    before = gather(services).made().digest.before

    assert (before.questions, before.askers, before.median_ms) == (3, 2, 10.0)
    assert (before.verdicts[Verdict.ALLOWED], before.verdicts[Verdict.UNKNOWN]) == (2, 1)


# -- decisions ---------------------------------------------------------------------------------------------------------


def test_a_decision_is_read_back(services: Services) -> None:
    """With what it was about, what governs it, what nobody knew, and which rules of the company bar it."""
    barred = CompanyPolicy(Verdict.PROHIBITED, Verdict.ALLOWED, Verdict.ALLOWED, denied_by=("no-storms",))
    key = decide(
        services.audit, NOW - timedelta(days=3), verdict=Verdict.PROHIBITED, subjects=(STRATUS,), policy=barred,
        unknown_names=("Föhn 8B", "Gale"), confidence=0.4, elapsed_ms=12.5,
    )  # fmt: skip
    found = gather(services)
    (row,) = found.material.decisions
    digest = found.made().digest

    assert (row.id, row.asker, row.channel, row.verdict) == (key, "slack:T1:U1", "slack:T1:C1", Verdict.PROHIBITED)
    assert (row.confidence, row.elapsed_ms) == (0.4, 12.5)
    assert [(thing.id, thing.name, thing.kind) for thing in row.subjects] == [("stratus-12b", "Stratus 12B", "model")]
    assert [(thing.id, thing.kind) for thing in row.licenses] == [("nimbus", "license"), ("stratus", "license")]
    assert (row.unknown, row.denied_by) == (("Föhn 8B", "Gale"), ("no-storms",))
    assert [gap.name for gap in digest.gaps.shown] == ["Föhn 8B", "Gale"]
    assert (digest.denied, digest.refused.shown[0].denied_by) == (1, ("no-storms",))


def test_names_stand_for_pseudonyms(services: Services) -> None:
    """Who was erased stays a pseudonym, the same one each time, and what they asked is said to be erased."""
    for asker in ("slack:T1:U1", "slack:T1:U2", "slack:T1:U2"):
        decide(services.audit, NOW - timedelta(days=3), asker=asker, question=f"{asker} asks")
    services.erase("slack:T1:U2")
    found = gather(services)
    first, second, third = found.material.decisions

    assert (first.asker, first.question) == ("slack:T1:U1", "slack:T1:U1 asks")
    assert second.asker == third.asker
    assert second.asker.startswith("p-")
    assert second.question == third.question == "(erased)"
    assert found.people == {"slack:T1:U1", second.asker}
    assert found.made({"slack:T1:U1": "Mira Lind"}).name_of("slack:T1:U1") == "Mira Lind"
    assert found.material.integrity is not None
    assert found.material.integrity.holds


def test_what_is_asked_for_the_first_time(services: Services) -> None:
    """Nothing of weeks before; a subject of an older week is known, one of a later week is not yet."""
    decide(services.audit, WEEK.bounds(ZONE)[0] - TICK, subjects=(NIMBUS,))
    decide(services.audit, NOW - timedelta(days=3), subjects=(NIMBUS, STRATUS))
    decide(services.audit, NOW, subjects=(STRATUS,))
    new = gather(services).made().digest.new_subjects
    later = gather(services, WEEK.next).made().digest.new_subjects

    assert [count.id for count in new.shown] == ["stratus-12b"]
    assert later.total == 0


# -- what happened to them ---------------------------------------------------------------------------------------------


def test_feedback_is_read_back(services: Services) -> None:
    """Thumb, reasons and text, with question and verdict of the answer that it is about, from whichever week."""
    audit = services.audit
    key = decide(audit, NOW - timedelta(days=30), question="May we?", verdict=Verdict.CONDITIONAL)
    said = {"rating": "down", "reasons": ["Wrong clause"], "text": "It is clause 3."}
    audit.note(key, EventKind.FEEDBACK, "slack:T1:U2", {"rating": "up"}, key="f1")
    audit.note(key, EventKind.FEEDBACK, "slack:T1:U3", said, key="f2")
    found = gather(services, this_week())
    up, down = found.material.feedback

    assert (up.rating, up.actor, up.reasons, up.text) == (Rating.UP, "slack:T1:U2", (), "")
    assert (down.rating, down.actor, down.reasons) == (Rating.DOWN, "slack:T1:U3", ("Wrong clause",))
    assert (down.text, down.decision_id, down.question) == ("It is clause 3.", key, "May we?")
    assert down.verdict is Verdict.CONDITIONAL
    assert found.people == {"slack:T1:U2", "slack:T1:U3"}
    assert gather(services, this_week().previous).material.feedback == ()
    services.erase("slack:T1:U3")
    erased = list(gather(services, this_week()).material.feedback)[1]
    assert (erased.actor[:2], erased.text, erased.reasons) == ("p-", "(erased)", ("Wrong clause",))


def test_an_event_belongs_to_the_week_that_it_happened_in(services: Services) -> None:
    """To the microsecond."""
    audit, (start, end) = services.audit, WEEK.bounds(ZONE)
    key, person = decide(audit, start - timedelta(days=90)), audit.people.pseudonym("slack:T1:U2")
    moments = (start - TICK, start, end - TICK, end)
    body = {"rating": "up"}
    audit.ledger.extend(
        [Entry(f"f{n}", "feedback", stamp(at), key, person, "", "", {}, body) for n, at in enumerate(moments)]
    )

    assert [row.at for row in gather(services).material.feedback] == [start, end - TICK]


def test_what_legal_changed_is_read_back(services: Services) -> None:
    """With reason and last day; an answer that legal approved is no change."""
    audit = services.audit
    changed = decide(audit, NOW, question="May we print?", verdict=Verdict.PROHIBITED)
    approved = decide(audit, NOW)
    said = {"approved": False, "verdict": "conditional", "expires": "2027-03-31", "text": "They wrote to us."}
    audit.note(changed, EventKind.REVIEW_CLOSED, "slack:T1:U9", said, key="r1")
    audit.note(approved, EventKind.REVIEW_CLOSED, "slack:T1:U9", {"approved": True, "verdict": "allowed"}, key="r2")
    (row,) = gather(services, this_week()).material.overrides

    assert (row.decision_id, row.by, row.question) == (changed, "slack:T1:U9", "May we print?")
    assert (row.before, row.after) == (Verdict.PROHIBITED, Verdict.CONDITIONAL)
    assert (row.reason, row.expires) == ("They wrote to us.", date(2027, 3, 31))
    assert gather(services, this_week().previous).material.overrides == ()


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("asked", "asked for"),
        ("needs_review", "the texts leave it to a lawyer"),
        ("feedback", "thumb down"),
        ("low_confidence", "low confidence"),
    ],
)
def test_open_reviews_wait_whatever_the_week(services: Services, why: str, words: str) -> None:
    """With why and until when; what legal decided waits no more."""
    audit = services.audit
    open_, closed = (decide(audit, NOW, question=question) for question in ("Waits?", "Decided?"))
    for key in (open_, closed):
        audit.note(key, EventKind.REVIEW_OPENED, "slack:T1:U2", {"why": why}, key=f"o{key}")
    audit.note(closed, EventKind.REVIEW_CLOSED, "slack:T1:U9", {"approved": True, "verdict": "allowed"}, key="c")
    (row,) = gather(services).material.reviews

    assert (row.decision_id, row.question, row.asker, row.why) == (open_, "Waits?", "slack:T1:U1", words)
    assert row.due_at == row.opened_at + timedelta(days=5)


# -- texts and permissions ---------------------------------------------------------------------------------------------

TERMS = "GARDEN TERMS\n\n1. Watering. The tenant waters the roses.\n\n2. Fees. Nobody pays.\n"


@pytest.fixture
def taken_in(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Takes a version of an invented text in, as `clausebot ingest --source` does; returns its hash."""
    monkeypatch.setattr(Services, "sources", lambda _self: [])  # what is real says nothing here, and takes its time
    monkeypatch.setattr(pipeline, "read_profiles", lambda: iter(()))
    monkeypatch.setattr(pipeline, "read_registry", lambda: ((), frozenset()))
    file = tmp_path / "terms.txt"

    def ingested(content: str) -> str:
        file.write_text(content, encoding="utf-8")
        services.ingest([PathSource(file)])
        return services.store.document("terms").sha256

    return ingested


def citing(sha256: str, kind: DocumentKind = DocumentKind.LICENSE) -> Citation:
    """A citation of a text."""
    return Citation("garden", kind, "2", "Fees", "Nobody pays.", True, 70, 82, sha256, None)


def test_changed_texts_name_the_decisions_on_the_old_version(
    services: Services, taken_in: Callable[[str], str]
) -> None:
    """Newest first, each once however often it cites the text, and how many; a text taken in first is no change."""
    audit, old = services.audit, taken_in(TERMS)
    assert gather(services, this_week()).material.changes == ()
    asked = [decide(audit, NOW - timedelta(days=60 - n), citations=(citing(old), citing(old))) for n in range(5)]
    decide(audit, NOW, citations=(citing("0" * 64), citing(old, DocumentKind.POLICY)))
    new = taken_in(TERMS.replace("Nobody pays", "Everybody pays"))
    decide(audit, NOW, citations=(citing(new),))
    (change,) = gather(services, this_week()).material.changes

    assert (change.license.id, change.document) == ("terms", "licence")
    assert (change.sha256_before, change.sha256_after) == (old, new)
    assert [row.decision_id for row in change.touched] == asked[:1:-1]
    assert change.touched_in_all == 5
    assert gather(services, this_week().previous).material.changes == ()
    assert gather(services, this_week()).made().digest.touched == 5


POLICY = """
rules:
  - id: no-health
    when: {domains: [health]}
    then: deny
    reason: Not before the device process.
    owner: legal
exceptions:
"""
EXCEPTION = """
  - id: study-{until}
    covers: {{rules: [no-health]}}
    scope: {{products: [Sketch]}}
    reason: The study is free.
    reference: minutes, item 6
    owner: Ebba Lind
    until: {until}
"""


def test_what_lapses_is_read_from_the_policy(settings: Settings, tmp_path: Path) -> None:
    """What ends within a month of today, or has ended; today is the company's."""
    file = tmp_path / "policy.yaml"
    lasts = ("2026-11-10", "2026-11-17", "2026-12-17", "2026-12-18")
    file.write_text(POLICY + "".join(EXCEPTION.format(until=last) for last in lasts), encoding="utf-8")
    with open_services(replace(settings, policy=file)) as services:
        late = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)  # Tuesday in Berlin
        found = services.gather(WEEK, late)
        rows = list(found.material.exceptions)

    assert [str(row.expires) for row in rows] == ["2026-11-10", "2026-11-17", "2026-12-17"]
    assert (rows[0].name, rows[0].scope) == ("exception study-2026-11-10", "no-health, Sketch")
    assert rows[0].owner == "Ebba Lind"
    assert [lapse.days_left for lapse in found.made().digest.lapsing.shown] == [-7, 0, 30]


# -- the record itself -------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(services: Services) -> Services:
    """An installation with six decisions of the week."""
    for number in range(6):
        decide(services.audit, NOW - timedelta(days=6 - number), subjects=(NIMBUS,))
    return services


def test_the_record_is_checked_whole_and_signed(filled: Services) -> None:
    """What is sent carries an anchor; looking behind it needs only the rows since."""
    sent = gather(filled, whole=True).material.integrity
    decide(filled.audit, NOW)
    looked = gather(filled).material.integrity
    again = gather(filled, whole=True).material.integrity

    assert sent is not None
    assert looked is not None
    assert again is not None
    assert (sent.rows, sent.checked_from, sent.holds, sent.key) == (6, 1, True, filled.signer.public_key)
    assert (looked.rows, looked.checked_from, looked.holds, looked.signature) == (7, 7, True, "")
    assert (again.rows, again.checked_from, again.head) == (7, 1, filled.audit.ledger.head()[1])
    assert filled.anchors.last_count() == 7
    head = filled.anchors.give_out()
    assert is_signed(head, sent.key)


def test_a_damaged_row_is_named(filled: Services) -> None:
    """And nothing is signed; behind an anchor it is found when the whole record is looked at."""
    gather(filled, whole=True)
    decide(filled.audit, NOW)
    damage(filled.engine, "UPDATE ledger SET verdict = 'prohibited' WHERE seq = 3")
    behind, whole = gather(filled).material.integrity, gather(filled, whole=True).material.integrity

    assert behind is not None
    assert whole is not None
    assert behind.holds
    assert whole.fault.startswith("Row 3 (")
    assert "it was changed" in whole.fault
    assert (whole.rows, whole.signature) == (2, "")
    assert filled.anchors.last_count() == 6


def test_a_damaged_row_since_the_anchor_is_named_when_looking(filled: Services) -> None:
    """Without a look at the rest."""
    gather(filled, whole=True)
    decide(filled.audit, NOW)
    damage(filled.engine, "UPDATE ledger SET verdict = 'prohibited' WHERE seq = 7")
    found = gather(filled).material.integrity

    assert found is not None
    assert (found.checked_from, found.fault[:7]) == (7, "Row 7 (")


@pytest.mark.parametrize("whole", [True, False])
def test_a_tail_that_was_cut_off_is_named(filled: Services, whole: bool) -> None:
    """What is left verifies by itself; the anchor tells, also when rows were written anew behind the cut."""
    gather(filled, whole=True)
    damage(filled.engine, "DELETE FROM ledger WHERE seq > 4")
    cut = gather(filled, whole=whole).material.integrity
    for _ in range(3):
        decide(filled.audit, NOW)
    redone = gather(filled, whole=whole).material.integrity

    for found, rows in ((cut, 4), (redone, 7)):
        assert found is not None
        assert (found.rows, found.checked_from, found.signature) == (rows, 1, "")
        assert "anchor of 6 rows" in found.fault


def test_a_record_from_before_there_were_marks_gives_the_same_digest(
    services: Services, taken_in: Callable[[str], str]
) -> None:
    """Who asked before and what rests on a changed text is found again."""
    old = taken_in(TERMS)
    moment = datetime.now(UTC) - timedelta(days=7)
    decide(services.audit, moment, subjects=(NIMBUS,), citations=(citing(old),))
    decide(services.audit, datetime.now(UTC), subjects=(NIMBUS, STRATUS), citations=(citing(old),))
    taken_in(TERMS + "\n3. More.\n")
    before = gather(services, this_week()).made().digest
    with services.engine.begin() as connection:
        connection.execute(text("DROP TABLE ledger_mark"))
    with open_services(services.settings) as reopened:
        after = gather(reopened, this_week()).made().digest

    assert [count.id for count in before.new_subjects.shown] == ["stratus-12b"]
    assert before.touched == 2
    assert after == before
