"""Keeps which digest went where, so that each week's goes to each place once, whatever process sends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Column, DateTime, Engine, func, select, update
from sqlmodel import Field, SQLModel, col

from bot.digest.week import Week, weeks_finished
from knowledge.database import insert_once, make_missing, translated

HOUR = timedelta(hours=8)
"""How long after its week's last midnight a digest is due: on Monday at eight it is there."""
LEASE = timedelta(minutes=15)
"""After as long, a process that began to send and has not finished is taken for dead; shorter than the durable work
goes on trying, so that a digest whose process died is sent by the next one."""
MOST_WEEKS = 12
"""As many missed weeks are caught up; older ones can be had with `clausebot digest --week`."""


class Destination(StrEnum):
    """Where a digest goes."""

    SLACK = "slack"
    MAIL = "mail"

    @property
    def so_far(self) -> str:
        """Under which name the digest of a week that still runs is sent: the whole one follows when it is over."""
        return f"{self.value}, so far"


class DigestDelivery(SQLModel, table=True):
    """One digest on its way to one place; the key is what keeps two processes from sending it twice."""

    __tablename__ = "digest_delivery"

    week: str = Field(primary_key=True, description="ISO week, 2026-W47")
    destination: str = Field(primary_key=True, description="a value of `Destination`, or its `so_far`")
    tries: int = 1
    begun_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    delivered_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


@dataclass(frozen=True, slots=True)
class Due:
    """A digest that a place has not got yet."""

    week: Week
    destination: Destination


class Deliveries:
    """The deliveries of one database. Its table is made where it is missing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with translated("making the table of digests"):
            make_missing(engine, ("digest_delivery",))

    def claim(self, week: Week, destination: str, now: datetime) -> bool:
        """Take it on to send a digest; false where it was sent, or another process is at it. Raises `StoreError`."""
        mine = {"week": str(week), "destination": str(destination), "begun_at": now.astimezone(UTC)}
        if insert_once(self._engine, DigestDelivery, "noting a digest", tries=1, **mine):
            return True
        begun = col(DigestDelivery.begun_at)
        taking_over = (
            update(DigestDelivery)
            .where(
                col(DigestDelivery.week) == str(week), col(DigestDelivery.destination) == str(destination),
                col(DigestDelivery.delivered_at).is_(None), begun < (now - LEASE).astimezone(UTC),
            )
            .values(begun_at=now.astimezone(UTC), tries=col(DigestDelivery.tries) + 1)
        )  # fmt: skip
        with translated("noting a digest"), self._engine.begin() as connection:
            return connection.execute(taking_over).rowcount == 1

    def is_delivered(self, week: Week, destination: str) -> bool:
        """Whether a place has its digest."""
        return self._found(destination).get(week) is not None

    def delivered(self, week: Week, destination: str, now: datetime) -> None:
        """Note that a place has its digest."""
        self._change(week, destination, delivered_at=now.astimezone(UTC))

    def let_go(self, week: Week, destination: str) -> None:
        """Note that sending failed, so that the next who comes may try."""
        self._change(week, destination, begun_at=datetime.fromtimestamp(0, UTC))

    def _change(self, week: Week, destination: str, **values: datetime) -> None:
        mine = (col(DigestDelivery.week) == str(week), col(DigestDelivery.destination) == str(destination))
        with translated("noting a digest"), self._engine.begin() as connection:
            connection.execute(update(DigestDelivery).where(*mine).values(**values))

    def last(self) -> str:
        """Return the newest week whose digest some place got; an empty text for none."""
        query = select(func.max(col(DigestDelivery.week))).where(
            col(DigestDelivery.delivered_at).is_not(None),
            col(DigestDelivery.destination).in_([d.value for d in Destination]),
        )
        with translated("reading the digests"), self._engine.connect() as connection:
            return connection.execute(query).scalar() or ""

    def due(self, destination: Destination, now: datetime, zone: ZoneInfo, begins: datetime | None) -> list[Due]:
        """Return the digests that a place should have by now and has not, oldest first.

        These are the weeks since the newest that it got, and those that were begun and failed. A place that never got
        one begins with the last week, if the record (which begins at `begins`) reaches into it.
        """
        found = self._found(destination)
        last = Week.last_finished(now - HOUR, zone)
        done = {week for week, at in found.items() if at is not None}
        if done:
            since = weeks_finished(max(done).bounds(zone)[1], now - HOUR, zone)
        else:
            since = iter([last] if begins is not None and begins < last.bounds(zone)[1] else [])
        wanted = sorted({*since, *(found.keys() - done)})
        return [Due(week, destination) for week in wanted[-MOST_WEEKS:]]

    def _found(self, destination: str) -> dict[Week, datetime | None]:
        """Return when a place got the digests that were ever begun for it; `None` for what it has not got."""
        columns = (col(DigestDelivery.week), col(DigestDelivery.delivered_at))
        query = select(*columns).where(col(DigestDelivery.destination) == str(destination))
        with translated("reading the digests"), self._engine.connect() as connection:
            return {Week.parse(row.week): row.delivered_at for row in connection.execute(query)}
