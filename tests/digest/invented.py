"""Weeks of questions about models and licences that do not exist, and what legal did about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bot.digest.model import Digest
from bot.digest.rows import (
    ChangeRow,
    DecisionRow,
    ExceptionRow,
    FeedbackRow,
    Integrity,
    Material,
    OverrideRow,
    Rating,
    ReviewRow,
    Thing,
    TouchedRow,
)  # fmt: skip
from bot.digest.summary import summarise
from bot.digest.week import Week
from bot.model import Verdict

WEEK = Week(2026, 47)
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
HEAD = sha256(b"invented").hexdigest()

NIMBUS = Thing("nimbus-1.0", "Nimbus Community License 1.0", "license")
STRATUS = Thing("stratus-2.0", "Stratus Open Weights Licence 2.0", "license")
CIRRUS = Thing("cirrus-2.1", "Cirrus Research License 2.1", "license")
SQUALL = Thing("squall-1.1", "Squall Code Terms 1.1", "license")
MODELS = {
    Thing("nimbus-7b", "Nimbus 7B"): NIMBUS,
    Thing("stratus-12b", "Stratus 12B"): STRATUS,
    Thing("cirrus-image-2", "Cirrus Image 2"): CIRRUS,
    Thing("squall-code-3b", "Squall Code 3B"): SQUALL,
    Thing("nimbus-70b", "Nimbus 70B"): NIMBUS,
    Thing("hail-captions", "Hail Captions", "dataset"): CIRRUS,
    Thing("drizzle-embed", "Drizzle Embed"): STRATUS,
}
ASKED = (
    "can we fine-tune {} for a health app?",
    "May we run {} inside the company, for support tickets of our own staff?",
    "May we sell prints made with {}?",
    "Is it fine to train a student on outputs of {} and publish the student under another licence?",
    "Do we have to show the name of {} in a mobile app that only calls it through our own service?",
    "{}: what about 6 million users a month?",
)
PEOPLE = {f"slack:T1:U{n}": name for n, name in enumerate((
    "Mira Lind", "Jonas Weber", "Aylin Kaya", "Tom Okafor", "Sofia Rossi", "Hana Sato", "Luc Martin", "Eva Novak",
    "Omar Haddad", "Ida Holm", "Paul Adler", "Nia Mensah", "Leo Costa", "Ruth Meyer", "Ben Fischer", "Zoe Laurent",
    "Kai Brandt", "Mei Chen",
))}  # fmt: skip
_PER_DAY = (31, 27, 34, 22, 18, 2, 1)
_WEIGHTS = {
    Verdict.ALLOWED: 30, Verdict.CONDITIONAL: 52, Verdict.PROHIBITED: 14, Verdict.NEEDS_REVIEW: 20, Verdict.UNKNOWN: 12,
}  # fmt: skip


def decisions(
    week: Week = WEEK, per_day: tuple[int, ...] = _PER_DAY, zone: ZoneInfo = ZONE, seed: int = 47
) -> Iterator[DecisionRow]:
    """Yield a week of questions, the same each time."""
    random, things = Random(seed), list(MODELS)  # noqa: S311 - invented
    askers = list(PEOPLE)
    for number_of_day, count in enumerate(per_day):
        first = datetime.combine(week.days[number_of_day], datetime.min.time(), zone) + timedelta(hours=8)
        for at in range(count):
            verdict = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
            subject = random.choices(things, (9, 7, 5, 4, 3, 2, 1))[0]
            is_known = verdict is not Verdict.UNKNOWN
            yield DecisionRow(
                id=f"{random.getrandbits(64):016x}",
                at=(first + timedelta(seconds=36_000 * at // count)).astimezone(UTC),
                asker=random.choice(askers),
                channel="slack:T1:C1",
                question=random.choice(ASKED).format(subject.name if is_known else "the new one"),
                verdict=verdict,
                confidence=random.choice((0.95, 0.9, 0.8, 0.75, 0.6, 0.4)) if is_known else 0.9,
                elapsed_ms=random.lognormvariate(2.9, 0.4),
                subjects=(subject,) if is_known else (),
                licenses=(MODELS[subject],) if is_known else (),
                unknown=() if is_known else (random.choice(("Föhn 8B", "föhn 8B", "Gale Instruct", "mistral-ish-v9")),),
                denied_by=("No image models in products",)
                if verdict is Verdict.PROHIBITED and subject.id == "cirrus-image-2" and at % 2
                else (),
            )


def _review(number: int, why: str, days: int, *, due: int | None) -> ReviewRow:
    subject = list(MODELS)[number % len(MODELS)]
    return ReviewRow(
        f"{number:04}5e80c3d1b7a2", ASKED[number % len(ASKED)].format(subject.name), f"slack:T1:U{number}",
        Verdict.NEEDS_REVIEW, NOW - timedelta(days=days), why, NOW + timedelta(days=due) if due is not None else None,
        f"https://firma.slack.example/archives/C9/p{number}",
    )  # fmt: skip


REVIEWS = (
    _review(3, "the asker wants legal to look: “the release is on Thursday”", 9, due=-4),
    _review(1, "no reviewed terms", 6, due=-1),
    _review(4, "thumb down", 2, due=3),
    _review(5, "low confidence", 1, due=4),
)
OVERRIDES = (
    OverrideRow("a0d4f3c2b1e89675", datetime(2026, 11, 19, 9, 12, tzinfo=UTC), "slack:T1:U13",
                "May we sell prints made with Cirrus Image 2?", Verdict.PROHIBITED, Verdict.CONDITIONAL,
                "The Cirrus Institute gave us a written permission for the calendar; it names the print run.",
                date(2027, 3, 31)),
    OverrideRow("e5b7089d4f21c3a6", datetime(2026, 11, 17, 14, 40, tzinfo=UTC), "slack:T1:U13",
                "May we train a student on outputs of Nimbus 7B?", Verdict.NEEDS_REVIEW, Verdict.ALLOWED,
                "Internal use only; nothing leaves the house."),
)  # fmt: skip


def _feedback(number: int, rating: Rating, *reasons: str, text: str = "", day: int = 18) -> FeedbackRow:
    subject = list(MODELS)[number % len(MODELS)]
    return FeedbackRow(
        f"{number:04}f29b4ae03d65", datetime(2026, 11, day, 10, number, tzinfo=UTC), f"slack:T1:U{number}", rating,
        ASKED[number % len(ASKED)].format(subject.name), Verdict.CONDITIONAL, reasons, text,
    )  # fmt: skip


FEEDBACK = (
    _feedback(1, Rating.DOWN),
    _feedback(1, Rating.DOWN, "Wrong clause", text="Clause 3 is about size, but we have 40 users.", day=19),
    _feedback(2, Rating.DOWN, "Verdict is wrong", "Too long", text="We asked for internal use, not for sale."),
    _feedback(6, Rating.DOWN),
    *(_feedback(number, Rating.UP) for number in range(7, 16)),
)
EXCEPTIONS = (
    ExceptionRow("Nimbus 70B, bought licence", "Up to 20 million users, products of the Health unit",
                 "slack:T1:U9", date(2026, 11, 27)),
    ExceptionRow("Cirrus prints 2026", "Calendar, print run of 2,000, no advertising", "slack:T1:U13",
                 date(2026, 12, 31)),
)  # fmt: skip


def touched(count: int) -> Iterator[TouchedRow]:
    """Yield past decisions, newest first."""
    for number in range(count):
        at = datetime(2026, 11, 12, 11, tzinfo=UTC) - timedelta(days=3 * number)
        question = ASKED[number % len(ASKED)].format("Nimbus 7B")
        yield TouchedRow(f"{number:04}1f29b4ae03d6", at, f"slack:T1:U{number}", question, Verdict.CONDITIONAL)


def _changes() -> tuple[ChangeRow, ...]:
    before, after = sha256(b"old").hexdigest(), sha256(b"new").hexdigest()
    at, url = datetime(2026, 11, 18, 3, 20, tzinfo=UTC), "https://nimbus.example/use-policy"
    return (
        ChangeRow(NIMBUS, "acceptable use policy", at, url, before, after, touched(14)),
        ChangeRow(SQUALL, "licence", at, "https://squall.example/terms", after, before),
    )


INTEGRITY = Integrity(NOW, 41_207, HEAD, signature="nR2v" * 21 + "w==", key="clausebot-2026")
EARLIER = {Week(2026, 46): 118, Week(2026, 45): 96, Week(2026, 44): 104, Week(2026, 43): 71, Week(2026, 42): 66,
           Week(2026, 41): 38, Week(2026, 40): 12}  # fmt: skip


def material() -> Material:
    """Return what a realistic week delivers."""
    return Material(
        decisions=decisions(),
        before=decisions(WEEK.previous, (25, 24, 22, 28, 17, 1, 1), seed=46),
        earlier=EARLIER,
        reviews=REVIEWS,
        overrides=OVERRIDES,
        feedback=FEEDBACK,
        exceptions=EXCEPTIONS,
        changes=_changes(),
        integrity=INTEGRITY,
        asked_before={"nimbus-7b", "stratus-12b", "cirrus-image-2", "hail-captions", "nimbus-70b"},
        name_of=lambda who: PEOPLE.get(who, who),
    )


def realistic() -> Digest:
    """Return the digest of that week."""
    return summarise(material(), WEEK, ZONE, NOW)


def quiet() -> Digest:
    """Return the digest of a week without questions: a review is open and the table was checked."""
    waiting = Material(decisions=(), reviews=REVIEWS[2:3], integrity=INTEGRITY, name_of=PEOPLE.__getitem__)
    return summarise(waiting, WEEK, ZONE, NOW)


def crowded() -> Digest:
    """Return a digest in which every list is longer than what is shown of it, in long words."""
    long = "Whoever asks this wants to know it for a product of which nothing is settled yet, and says so at length. "

    def numbered(n: int, what: str) -> dict[str, Any]:
        title = f"{what} {n}"
        return {"decision_id": sha256(title.encode()).hexdigest()[:16], "question": f"{title}: {long * 3}"}

    things = [Thing(f"storm-{n}", f"Storm {n} of a family with a rather long name, tuned") for n in range(40)]
    rows = [
        replace(row, question=f"{n}: {row.question} {long * 3}", subjects=(things[n % 40],), confidence=0.3,
                unknown=(f"unheard-of-{n % 40}/model-with-a-long-name-{n % 40}",))
        for n, row in enumerate(decisions(per_day=(200, 200, 200, 200, 200, 40, 30)))
    ]  # fmt: skip
    many = Material(
        decisions=rows,
        before=rows[:900],
        earlier=EARLIER,
        reviews=[replace(REVIEWS[n % 4], **numbered(n, "Review"), why=long * 3) for n in range(60)],
        overrides=[replace(OVERRIDES[0], **numbered(n, "Override"), reason=long * 4) for n in range(30)],
        feedback=[replace(FEEDBACK[2], **numbered(n, "Thumb"), text=long * 4) for n in range(50)],
        exceptions=[replace(EXCEPTIONS[0], name=f"Exception {n}", scope=long * 3) for n in range(20)],
        changes=[
            replace(change, document=f"policy no. {n}", sha256_after=f"{n:08}", touched=touched(50))
            for n, change in enumerate(_changes() * 7)
        ],
        integrity=replace(INTEGRITY, fault="Row 17,204 (decision 7c1f29b4ae03d658) was changed."),
        name_of=lambda who: PEOPLE.get(who, who),
    )  # fmt: skip
    return summarise(many, WEEK, ZONE, NOW)


SCRIPT = "<script>alert(1)</script>"
HOSTILE = f'"><img src=x onerror=alert(1)>{SCRIPT} {{{{ 7*7 }}}} {{% raw %}} &amp; \u202egnp.exe\u0000 ' + "W" * 600


def hostile() -> Digest:
    """Return a digest in which everything from outside is an attack."""
    bad = Thing(HOSTILE, HOSTILE)
    row = replace(next(decisions()), id=SCRIPT, asker=HOSTILE, question=HOSTILE, subjects=(bad,), confidence=0.1,
                  verdict=Verdict.PROHIBITED, licenses=(replace(bad, kind="license"),), unknown=(HOSTILE,),
                  denied_by=(HOSTILE,))  # fmt: skip
    url = 'javascript:alert(1)//"onmouseover="alert(1)'
    attack = Material(
        decisions=[row],
        reviews=[replace(REVIEWS[0], question=HOSTILE, why=HOSTILE, decision_id=SCRIPT, url=url)],
        overrides=[replace(OVERRIDES[0], question=HOSTILE, reason=HOSTILE, by=HOSTILE)],
        feedback=[replace(FEEDBACK[2], question=HOSTILE, text=HOSTILE, reasons=(HOSTILE,))],
        exceptions=[ExceptionRow(HOSTILE, HOSTILE, HOSTILE, date(2026, 11, 25))],
        changes=[
            ChangeRow(bad, HOSTILE, NOW, url, SCRIPT, SCRIPT, [TouchedRow(SCRIPT, NOW, HOSTILE, HOSTILE, row.verdict)])
        ],
        integrity=Integrity(NOW, 1, SCRIPT, HOSTILE, SCRIPT, SCRIPT),
    )
    return summarise(attack, WEEK, ZONE, NOW)
