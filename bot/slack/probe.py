"""Asks Slack whether a token is good and what it may do."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

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
    "files:write",
    "users:read",
)
"""What `deploy/slack-manifest.yaml` asks for, with the reason of each."""


Finding = tuple[str, str, str]
"""State, finding and how to mend it, as `doctor` shows them."""


def probe(token: str, api_url: str) -> Finding:
    """Return whether a bot token is good and has its scopes; never raises for what Slack answers."""
    mend = "Copy the Bot User OAuth Token (xoxb-…) of the app into SLACK_BOT_TOKEN."
    answer = _asked("auth.test", token, api_url, mend)
    if isinstance(answer, tuple):
        return answer
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


def probe_app_token(token: str, api_url: str) -> Finding:
    """Return whether an app-level token opens connections of Socket Mode; the address that Slack gives is not used."""
    mend = (
        "Make an App-Level Token with the scope connections:write (Basic Information) and put it into SLACK_APP_TOKEN."
    )
    answer = _asked("apps.connections.open", token, api_url, mend)
    return answer if isinstance(answer, tuple) else ("ok", "Socket Mode can connect", "")


def probe_group(group: str, token: str, api_url: str) -> Finding:
    """Return whether the members of legal's user group can be read."""
    mend = "Put the id of a user group (S…) into CLAUSEBOT_LEGAL_GROUP; it stands at the end of the group's address."
    answer = _asked("usergroups.users.list", token, api_url, mend, usergroup=group)
    return answer if isinstance(answer, tuple) else ("ok", f"{len(answer.get('users', []))} people in {group}", "")


def _asked(method: str, token: str, api_url: str, mend: str, **arguments: str) -> SlackResponse | Finding:
    """Return what Slack answers, or the finding that it does not."""
    client = WebClient(token=token, base_url=api_url.rstrip("/") + "/", timeout=10)
    try:
        return client.api_call(method, params=arguments)
    except SlackApiError as error:
        return "fault", f"Slack refuses: {error.response.get('error', 'unknown')} ({method})", mend
    except (SlackClientError, OSError, AttributeError) as error:  # the last: a JSON answer that is no object
        return "fault", f"Slack cannot be reached at {api_url}: {error}", "Check the network and SLACK_API_URL."
