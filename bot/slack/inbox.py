"""Keeps what Slack was told we took, and what was answered: the memory of conversations in the one database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from bot.slack.conversation import Asked
from bot.slack.models import SlackChannel, SlackInbox, SlackReply, SlackSeen
from knowledge.database import insert_once, make_missing, translated


class Mode(StrEnum):
    """What people want of us in a channel."""

    OPEN = "open"
    """Answers in threads; in a thread that we are in, a follow-up needs no mention."""
    MENTION = "mention"
    """Answers in threads, and only who mentions us."""
    PRIVATE = "private"
    """Answers go to the asker's direct messages."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that a question of a conversation got."""

    decision_id: str
    asker: str
    """Slack user id."""
    question_ts: str
    reply_channel: str
    thread_ts: str
    """Of the thread that the answer stands in."""
    reply_ts: str | None
    superseded_by: str | None


class Inbox:
    """The inbox, the replies and the channels of one database. Its tables are made where they are missing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with translated("making Slack's tables"):
            make_missing(engine, ("slack_inbox", "slack_reply", "slack_channel", "slack_seen"))

    def accept(self, jobs: Mapping[str, dict[str, Any]]) -> set[str]:
        """Write down in one commit what was taken, by key; return the keys that were not taken before.

        Raises `StoreError`.
        """
        received = datetime.now(UTC)
        rows = [{"key": key, "job": job, "received_at": received} for key, job in jobs.items()]
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        new = dialect.insert(SlackInbox).values(rows).on_conflict_do_nothing().returning(col(SlackInbox.key))
        with translated("writing Slack's inbox"), self._engine.begin() as connection:
            return set(connection.execute(new).scalars())

    def finish(self, key: str) -> None:
        """Note that nothing is left to do for an entry."""
        query = update(SlackInbox).where(col(SlackInbox.key) == key).values(finished_at=datetime.now(UTC))
        with translated("writing Slack's inbox"), self._engine.begin() as connection:
            connection.execute(query)

    def job(self, key: str) -> dict[str, Any]:
        """Return what was taken under a key; raises `LookupError`."""
        query = select(col(SlackInbox.job)).where(col(SlackInbox.key) == key)
        with translated("reading Slack's inbox"), self._engine.connect() as connection:
            job = connection.execute(query).scalar()
        if job is None:
            raise LookupError(f"There is no entry {key!r} in the inbox.")
        return dict(job)

    def remember(self, key: str, **more: Any) -> None:
        """Add to what was taken under a key what came of it; raises `LookupError`."""
        query = update(SlackInbox).where(col(SlackInbox.key) == key).values(job=self.job(key) | more)
        with translated("writing Slack's inbox"), self._engine.begin() as connection:
            connection.execute(query)

    def job_or_none(self, key: str) -> dict[str, Any] | None:
        """Return what was taken under a key, or `None`."""
        try:
            return self.job(key)
        except LookupError:
            return None

    def unfinished(self) -> list[str]:
        """Return the keys of what was taken and not finished, oldest first."""
        left = col(SlackInbox.finished_at).is_(None)
        query = select(col(SlackInbox.key)).where(left).order_by(col(SlackInbox.received_at))
        with translated("reading Slack's inbox"), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    # -- conversations -----------------------------------------------------------------------------------------------

    def in_thread(self, asked: Asked) -> list[Reply]:
        """Return the answers given in the thread of a question before it, oldest first."""
        return self._replies(
            col(SlackReply.team) == asked.team,
            col(SlackReply.reply_channel) == asked.channel,
            col(SlackReply.thread_ts) == asked.thread_ts,
            col(SlackReply.key) != asked.key,
        )

    def to_question(self, asked: Asked) -> list[Reply]:
        """Return the answers that the message of a question got before, oldest first."""
        return self._replies(
            col(SlackReply.team) == asked.team,
            col(SlackReply.channel) == asked.channel,
            col(SlackReply.question_ts) == asked.ts,
            col(SlackReply.key) != asked.key,
        )

    def reply_to(self, decision_id: str) -> Reply | None:
        """Return where a decision was posted, or `None` where it was not."""
        return next(iter(self._replies(col(SlackReply.decision_id) == decision_id)), None)

    def will_reply(self, asked: Asked, decision_id: str, reply_channel: str) -> bool:
        """Note, before it is posted, that a question gets an answer; return false where that is noted already."""
        return insert_once(
            self._engine, SlackReply, "writing Slack's replies", key=asked.key, team=asked.team, channel=asked.channel,
            question_ts=asked.ts, reply_channel=reply_channel, thread_ts="" if asked.private else asked.thread_ts,
            asker=asked.user, decision_id=decision_id, created_at=datetime.now(UTC),
        )  # fmt: skip

    def replied(self, key: str, channel: str, thread_ts: str, reply_ts: str) -> None:
        """Note where the answer stands."""
        self._change(col(SlackReply.key) == key, reply_channel=channel, thread_ts=thread_ts, reply_ts=reply_ts)

    def supersede(self, reply: Reply, decision_id: str) -> None:
        """Note that a corrected question got another decision."""
        self._change(col(SlackReply.decision_id) == reply.decision_id, superseded_by=decision_id)

    def _change(self, condition: Any, **values: Any) -> None:
        with translated("writing Slack's replies"), self._engine.begin() as connection:
            connection.execute(update(SlackReply).where(condition).values(**values))

    def _replies(self, *conditions: Any) -> list[Reply]:
        columns: Sequence[Any] = [getattr(SlackReply, f) for f in Reply.__dataclass_fields__]
        query = select(*columns).where(*conditions).order_by(col(SlackReply.id))
        with translated("reading Slack's replies"), self._engine.connect() as connection:
            return [Reply(*row) for row in connection.execute(query)]

    # -- channels ----------------------------------------------------------------------------------------------------

    def mode(self, team: str, channel: str) -> Mode:
        """Return what people want of us in a channel."""
        query = select(col(SlackChannel.mode)).where(*_is_channel(team, channel))
        with translated("reading the channels"), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return Mode(found) if found else Mode.OPEN

    def set_mode(self, team: str, channel: str, mode: Mode, user: str) -> None:
        """Note what people want of us in a channel."""
        row = {"team": team, "channel": channel, "mode": mode.value, "set_by": user, "set_at": datetime.now(UTC)}
        with translated("writing the channels"), self._engine.begin() as connection:
            connection.execute(delete(SlackChannel).where(*_is_channel(team, channel)))
            connection.execute(insert(SlackChannel).values(**row))

    # -- what Slack sends --------------------------------------------------------------------------------------------

    def note_seen(self, kind: str) -> None:
        """Note that Slack sent something of a kind just now."""
        now = datetime.now(UTC)
        if not insert_once(self._engine, SlackSeen, "noting what Slack sends", kind=kind, at=now):
            with translated("noting what Slack sends"), self._engine.begin() as connection:
                connection.execute(update(SlackSeen).where(col(SlackSeen.kind) == kind).values(at=now))

    def seen(self) -> dict[str, datetime]:
        """Return when Slack last sent something of each kind, to within an hour."""
        with translated("reading what Slack sends"), self._engine.connect() as connection:
            rows = connection.execute(select(col(SlackSeen.kind), col(SlackSeen.at)))
            return {row.kind: row.at for row in rows}


def _is_channel(team: str, channel: str) -> tuple[Any, Any]:
    return col(SlackChannel.team) == team, col(SlackChannel.channel) == channel
