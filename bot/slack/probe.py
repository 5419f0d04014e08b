"""Asks Slack whether a token is good and what it may do."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

NEEDED_SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "chat:write",
    "commands",
    "im:history",
    "im:write",
    "channels:history",
    "groups:history",
    "links:read",
    "links:write",
    "usergroups:read",
)
"""What `deploy/slack-manifest.yaml` asks for, with the reason of each."""


def probe(token: str, api_url: str) -> tuple[str, str, str]:
    """Return state, finding and how to mend it, as `doctor` shows them; never raises for what Slack answers."""
    client = WebClient(token=token, base_url=api_url.rstrip("/") + "/", timeout=10)
    try:
        answer = client.auth_test()
    except SlackApiError as error:
        reason = error.response.get("error", "unknown")
        return (
            "fault",
            f"Slack refuses the token: {reason}",
            "Copy the Bot User OAuth Token (xoxb-…) of the app into SLACK_BOT_TOKEN.",
        )
    except (SlackClientError, OSError, AttributeError) as error:  # the last: a JSON answer that is no object
        return "fault", f"Slack cannot be reached at {api_url}: {error}", "Check the network and SLACK_API_URL."
    headers = {name.casefold(): value for name, value in answer.headers.items()}
    granted = {s.strip() for s in headers.get("x-oauth-scopes", "").split(",")}
    missing = [s for s in NEEDED_SCOPES if s not in granted]
    found = f"team {answer.get('team')}, user {answer.get('user')}"
    if missing:
        return (
            "fault",
            f"{found}; missing scopes: {', '.join(missing)}",
            "Add them under OAuth & Permissions and install the app again.",
        )
    return "ok", found, ""
