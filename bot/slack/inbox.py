"""Keeps what Slack was told we took, and what was answered: the memory of conversations in the one database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from bot.slack.conversation import Asked
from bot.slack.models import SlackInbox, SlackReply
from knowledge.database import translated


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that a question of a conversation got."""

    decision_id: str
    question_ts: str
    reply_ts: str | None
    superseded_by: str | None


class Inbox:
    """The inbox and the replies of one database. Its tables are made where they are missing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        tables = [SQLModel.metadata.tables[t] for t in ("slack_inbox", "slack_reply")]
        with translated("making Slack's tables"):
            SQLModel.metadata.create_all(engine, tables=tables)

    def accept(self, key: str, job: dict[str, Any]) -> bool:
        """Write down that something was taken; return false where it was taken before. Raises `StoreError`."""
        row = {"key": key, "job": job, "received_at": datetime.now(UTC)}
        try:
            with translated("writing Slack's inbox"), self._engine.begin() as connection:
                connection.execute(insert(SlackInbox).values(**row))
        except Exception as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    def finish(self, key: str) -> None:
        """Note that nothing is left to do for an entry."""
        query = update(SlackInbox).where(col(SlackInbox.key) == key).values(finished_at=datetime.now(UTC))
        with translated("writing Slack's inbox"), self._engine.begin() as connection:
            connection.execute(query)

    def unfinished(self) -> list[tuple[str, dict[str, Any]]]:
        """Return key and job of what was taken and not finished, oldest first."""
        query = (
            select(col(SlackInbox.key), col(SlackInbox.job))
            .where(col(SlackInbox.finished_at).is_(None))
            .order_by(col(SlackInbox.received_at))
        )
        with translated("reading Slack's inbox"), self._engine.connect() as connection:
            return [(key, job) for key, job in connection.execute(query)]

    # -- conversations -----------------------------------------------------------------------------------------------

    def in_thread(self, asked: Asked) -> list[Reply]:
        """Return the answers given in the thread of a question before it, oldest first."""
        return self._replies(
            col(SlackReply.team) == asked.team,
            col(SlackReply.channel) == asked.channel,
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

    def reply(self, key: str) -> Reply | None:
        """Return the answer to an inbox entry, if there is one by now."""
        return next(iter(self._replies(col(SlackReply.key) == key)), None)

    def will_reply(self, asked: Asked, decision_id: str) -> None:
        """Note, before it is posted, that a question gets an answer; a second time changes nothing."""
        if self.reply(asked.key):
            return
        row = {
            "key": asked.key, "team": asked.team, "channel": asked.channel, "thread_ts": asked.thread_ts,
            "question_ts": asked.ts, "asker": asked.user, "decision_id": decision_id, "created_at": datetime.now(UTC),
        }  # fmt: skip
        with translated("writing Slack's replies"), self._engine.begin() as connection:
            connection.execute(insert(SlackReply).values(**row))

    def replied(self, key: str, reply_ts: str) -> None:
        """Note where the answer stands."""
        self._change(col(SlackReply.key) == key, reply_ts=reply_ts)

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
