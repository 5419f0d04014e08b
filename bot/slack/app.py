"""The Slack app: Bolt routes what Slack sends to the listeners of its topic. Nothing is decided here."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.slack.listeners.asking import Asking
from bot.slack.listeners.feedback import Feedback
from bot.slack.listeners.home import OwnTabs
from bot.slack.listeners.looking_up import LookingUp
from bot.slack.listeners.others import Others
from bot.slack.listeners.reviewing import Reviewing
from bot.slack.parts import Parts
from bot.slack.seen import Seen


def register(app: AsyncApp, parts: Parts) -> None:
    """Tell Bolt which listener takes what; the first that fits does, so the last take the rest."""
    Seen(parts).register(app)
    topics = Asking(parts), LookingUp(parts), Feedback(parts), Reviewing(parts), OwnTabs(parts), Others(parts)
    for topic in topics:
        topic.register(app)
