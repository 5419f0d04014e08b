"""`/license channel`: what a channel wants of us, shown or set."""

from __future__ import annotations

from bot.slack.blocks import Message, plain
from bot.slack.inbox import Inbox, Mode

_MEANINGS = {
    Mode.OPEN: "I answer in threads, and follow-ups there need no mention",
    Mode.MENTION: "I answer in threads, and only who mentions me",
    Mode.PRIVATE: "I answer whoever mentions me in a direct message",
    Mode.OFF: "I answer nobody",
}


def channel_setting(inbox: Inbox, *, team: str, channel: str, user: str, wanted: str) -> tuple[Message, bool]:
    """Return what to say, and whether something was changed: then it is for the whole channel. Raises `StoreError`."""
    choices = "; ".join(f"{mode.value}: {meaning}" for mode, meaning in _MEANINGS.items())
    if channel.startswith("D"):
        return plain("This is a direct conversation: here I answer everything that you write."), False
    if not wanted:
        mode = inbox.mode(team, channel)
        return plain(f"In this channel: {mode.value}. Set it by `/license channel` and a word. {choices}."), False
    if wanted.casefold() not in {mode.value for mode in Mode}:
        return plain(f"There is no setting {wanted!r}. {choices}."), False
    mode = Mode(wanted.casefold())
    inbox.set_mode(team, channel, mode, user)
    return plain(f"From now on in this channel: {_MEANINGS[mode]}. (`/license channel {mode.value}`)"), True
