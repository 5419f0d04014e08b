"""Erases what Slack left of a person beside the record: entries of the inbox, who asked for a reply, who set a channel.

Works on the tables by name: the record does not know Slack, and the tables are there only where Slack was served.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Engine, bindparam, inspect, text

from knowledge.database import translated

_ERASED = "(erased)"


def erase_traces(engine: Engine, name: str) -> int:
    """Erase them for a person named as in the record (`slack:TEAM:USER`); return how many rows there were."""
    kind, _, rest = name.partition(":")
    team, _, user = rest.partition(":")
    if kind != "slack" or not user:
        return 0
    who = {"team": team, "user": user, "name": name, "erased": _ERASED}
    owner = "(job ->> 'team' = :team AND :user IN (job ->> 'user', job ->> 'by') OR job ->> 'asker' = :name)"
    statements = {
        "slack_inbox": f"DELETE FROM slack_inbox WHERE finished_at IS NOT NULL AND {owner}",  # noqa: S608 - our own words
        "slack_reply": "UPDATE slack_reply SET asker = :erased WHERE team = :team AND asker = :user",
        "slack_channel": "UPDATE slack_channel SET set_by = :erased WHERE team = :team AND set_by = :user",
    }
    with translated("erasing what Slack left"), engine.begin() as connection:
        there = set(inspect(connection).get_table_names())
        return sum(connection.execute(text(s), who).rowcount for table, s in statements.items() if table in there)


def erase_entries_before(engine: Engine, moment: datetime) -> int:
    """Erase what Slack's inbox still holds of questions that were finished before a moment; return how many."""
    with translated("erasing what Slack left"), engine.begin() as connection:
        if not inspect(connection).has_table("slack_inbox"):
            return 0
        old = text("DELETE FROM slack_inbox WHERE finished_at < :moment").bindparams(
            bindparam("moment", moment, type_=DateTime(timezone=True))
        )
        return connection.execute(old).rowcount
