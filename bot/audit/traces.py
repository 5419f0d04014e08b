"""Erases what Slack left of a person beside the record: entries of the inbox, who asked for a reply, who set a channel.

Works on the tables by name: the record does not know Slack, and the tables are there only where Slack was served.
"""

from __future__ import annotations

from sqlalchemy import Engine, inspect, text

from knowledge.database import translated

_ERASED = "(erased)"


def erase_traces(engine: Engine, name: str) -> int:
    """Erase them for a person named as in the record (`slack:TEAM:USER`); return how many rows there were."""
    kind, _, rest = name.partition(":")
    team, _, user = rest.partition(":")
    if kind != "slack" or not user:
        return 0
    who = {"team": team, "user": user, "erased": _ERASED}
    owner = "job ->> 'team' = :team AND job ->> 'user' = :user"
    statements = {
        "slack_inbox": f"DELETE FROM slack_inbox WHERE finished_at IS NOT NULL AND {owner}",  # noqa: S608 - our own words
        "slack_reply": "UPDATE slack_reply SET asker = :erased WHERE team = :team AND asker = :user",
        "slack_channel": "UPDATE slack_channel SET set_by = :erased WHERE team = :team AND set_by = :user",
    }
    with translated("erasing what Slack left"), engine.begin() as connection:
        there = set(inspect(connection).get_table_names())
        return sum(connection.execute(text(s), who).rowcount for table, s in statements.items() if table in there)
