"""What an error of Slack means for what we do next: try again, answer elsewhere, or give up. Pure."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.digest.errors import UnderWayError
from knowledge.database import StoreError
from knowledge.errors import ClausebotError

T = TypeVar("T")

_PASSING = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "rollup_error"}
)
_OF_THE_PLACE = frozenset(
    {
        "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "thread_locked", "thread_not_found",
        "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "message_not_found",
        "restricted_action_non_threadable_channel", "restricted_action_thread_locked", "cannot_reply_to_message",
        "channel_is_archived", "no_permission", "access_denied", "method_not_supported_for_channel_type",
        "external_channel_migrating", "team_not_found", "team_access_not_granted", "as_user_not_supported",
    }
)  # fmt: skip
"""Errors of `chat.postMessage` that another place does not have (docs.slack.dev, 2026-11)."""


class RefusedError(ClausebotError):
    """Slack refused something; unlike the SDK's error it holds no open response, so that it can be written down."""

    def __init__(self, method: str, said: str, *, passing: bool) -> None:
        super().__init__(method, said)
        self.passing = passing

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(RefusedError, *self.args, passing=self.passing), ()

    def __str__(self) -> str:
        return f"Slack refused: {self.args[1] or 'no reason given'} ({self.args[0]})."


async def plainly(work: Coroutine[Any, Any, T]) -> T:
    """Return what work returns; raises `RefusedError` in place of the SDK's error."""
    try:
        return await work
    except SlackApiError as error:
        url = getattr(error.response, "api_url", "")
        raise RefusedError(url.rpartition("/")[2], reason(error), passing=is_passing(error)) from None


def reason(error: BaseException) -> str:
    """Return what Slack calls an error; an empty text where it said nothing."""
    said = error.response.get("error") if isinstance(error, SlackApiError) and error.response else ""
    return said if isinstance(said, str) else ""


def is_passing(error: BaseException) -> bool:
    """Whether the same request may work in a while."""
    if isinstance(error, SlackApiError):
        said = reason(error)
        return not said or said in _PASSING or getattr(error.response, "status_code", 200) >= 500
    if isinstance(error, RefusedError):
        return error.passing
    return isinstance(error, aiohttp.ClientError | OSError | TimeoutError | StoreError | UnderWayError)


def is_of_the_place(error: BaseException) -> bool:
    """Whether Slack refuses to have something said in this place by us."""
    return reason(error) in _OF_THE_PLACE
