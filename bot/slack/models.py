"""The tables of what Slack delivered, what was posted for it, and what channels want."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class SlackInbox(SQLModel, table=True):
    """One thing that Slack was told we took: written before the acknowledgement, finished when it is answered."""

    __tablename__ = "slack_inbox"

    key: str = Field(primary_key=True, description="event_id, or what else is the same over all deliveries")
    job: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False), description="the question and where it was asked"
    )
    received_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), index=True))


class SlackReply(SQLModel, table=True):
    """One answer in a conversation: which message asked, which decision it got, which message answers it."""

    __tablename__ = "slack_reply"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_slack_reply_thread", "team", "reply_channel", "thread_ts"),
        Index("ix_slack_reply_question", "team", "channel", "question_ts"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(description="of the inbox row")
    team: str
    channel: str = Field(description="where it was asked")
    question_ts: str = Field(description="the message that asked")
    reply_channel: str = Field(description="where it is answered: the same, or the direct conversation with the asker")
    thread_ts: str = Field(description="the first message of the answer's thread; empty until an answer begins one")
    asker: str
    decision_id: str
    reply_ts: str | None = Field(default=None, description="our message; none while it is being posted")
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    superseded_by: str | None = Field(default=None, description="decision that a corrected question got")


class SlackSeen(SQLModel, table=True):
    """When Slack last sent something of a kind: `doctor` tells what is not switched on."""

    __tablename__ = "slack_seen"

    kind: str = Field(primary_key=True, description="an event's type, a command, `interactivity` or `options`")
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class SlackChannel(SQLModel, table=True):
    """What people want of us in a channel."""

    __tablename__ = "slack_channel"

    team: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    mode: str = Field(description="a value of `Mode`")
    set_by: str
    set_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
