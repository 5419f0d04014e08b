"""The least a Slack app can do, to measure against: a plain Bolt app on its own server that says one line back.

Run as `python -m tests.benchmarks.echo_app PORT SLACK_API_URL`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.loopback import BOT_TOKEN, SIGNING_SECRET


def echo_app(slack_api_url: str) -> AsyncApp:
    """Return an app that answers each mention in its thread."""
    logging.disable(logging.WARNING)
    app = AsyncApp(client=AsyncWebClient(token=BOT_TOKEN, base_url=slack_api_url), signing_secret=SIGNING_SECRET)

    @app.event("app_mention")
    async def echo(event: Mapping[str, Any], say: AsyncSay) -> None:
        await say(text=f"You said: {event['text']}", thread_ts=event["ts"])

    return app


if __name__ == "__main__":
    echo_app(sys.argv[2]).start(port=int(sys.argv[1]), host="127.0.0.1")
