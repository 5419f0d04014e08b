"""Socket Mode over real WebSockets: the same answers, and a connection that comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.services import Services
from bot.slack.server import Running, running
from bot.slack.socket import connected
from tests.slack.loopback import APP_TOKEN, LoopbackSlack, event_payload, slash_command
from tests.slack.test_asking import answers, asks


@pytest.fixture
async def parts(slack_services: Services) -> AsyncIterator[Running]:
    """A running app, not connected yet."""
    async with running(slack_services) as opened:
        yield opened


@pytest.fixture
async def client(parts: Running, slack: LoopbackSlack) -> AsyncIterator[SocketModeClient]:
    """Its connection, which does not wait long before it asks for a new address."""
    async with connected(parts.app, APP_TOKEN, patience=0.5) as opened:
        await slack.wait_connected()
        yield opened


@pytest.mark.usefixtures("client")
async def test_a_mention_is_answered_once(slack: LoopbackSlack) -> None:
    """Acknowledged over the socket, answered in the thread; a second envelope of the event changes nothing."""
    event = asks(slack, "may we sell an app with Phi-4?")
    payload = event_payload(event, event_id="EvSocket")
    await slack.send_envelope("events_api", payload)
    await answers(slack, "C1", event["ts"])
    await slack.send_envelope("events_api", payload, retry_attempt=1)

    assert len(await answers(slack, "C1", event["ts"])) == 1


@pytest.mark.usefixtures("client")
async def test_a_command_is_answered_in_its_acknowledgement(slack: LoopbackSlack) -> None:
    """The card comes back with the envelope's acknowledgement."""
    ack = await slack.send_envelope("slash_commands", slash_command("/license", "Llama 3"))

    assert "Meta Llama 3 Community License" in str(ack["payload"])


@pytest.mark.usefixtures("client")
async def test_a_connection_that_slack_ends_comes_back(slack: LoopbackSlack) -> None:
    """Also where the first handshake is refused and its ticket is spent."""
    slack.refuse_next_handshake()
    await slack.disconnect("refresh_requested")
    await slack.wait_until(lambda: len(slack.called("apps.connections.open")) >= 2, "a new address", timeout=20)
    await slack.wait_connected(timeout=20)
    event = asks(slack, "may we sell an app with Phi-3?")
    await slack.send_envelope("events_api", event_payload(event, event_id="EvAfter"))

    assert await answers(slack, "C1", event["ts"])
