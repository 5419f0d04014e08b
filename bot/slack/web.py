"""The HTTP side: one route for all that Slack sends, verified before a byte of it is read, and the health routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.slack import metrics
from bot.slack.payload import breaks_routing, fault

LARGEST_REQUEST = 1 << 20
"""Bytes; Slack sends far less."""

Readiness = Callable[[], str]
"""Returns what is not ready, as a sentence; an empty text where all is."""


def build_web(app: AsyncApp, signing_secret: str, readiness: Readiness) -> web.Application:
    """Return the web application; `/slack/events` takes events, commands, interactivity and options."""
    verifier = SignatureVerifier(signing_secret)

    async def events(request: web.Request) -> web.Response:
        with metrics.ACKNOWLEDGED.time():
            answer = await dispatched(request)
        metrics.REQUESTS.labels(answer.status).inc()
        return answer

    async def dispatched(request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(verifier, body, request.headers):
            return web.Response(status=401, text="The signature is wrong or too old.")
        try:
            parsed = parse(body, request.content_type)
        except (ValueError, RecursionError):
            return refused()
        headers: dict[str, str | Sequence[str]] = dict(request.headers)
        try:
            answer = await app.async_dispatch(AsyncBoltRequest(body=parsed, headers=headers, mode="socket_mode"))
        except Exception as error:
            if not breaks_routing(error):
                raise
            return refused()
        return web.Response(
            status=200 if answer.status == 404 else answer.status,
            text=answer.body if isinstance(answer.body, str) else json.dumps(answer.body),
            content_type=answer.first_headers().get("content-type", "text/plain").split(";")[0],
        )

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        missing = readiness()
        return web.Response(status=503 if missing else 200, text=f"{missing or 'ready'}\n")

    async def shown_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4"})

    served = web.Application(client_max_size=LARGEST_REQUEST)
    pages = {"/healthz": healthz, "/readyz": readyz, "/metrics": shown_metrics}
    served.add_routes([web.post("/slack/events", events), *(web.get(path, page) for path, page in pages.items())])
    return served


def refused() -> web.Response:
    """Return the answer to what Slack would not send."""
    return web.Response(status=400, text="This is not what Slack sends.")


def is_signed(verifier: SignatureVerifier, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack signed a body within the last five minutes."""
    timestamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return verifier.is_valid(text, timestamp, signature)


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the object that a request holds: JSON, a form's `payload`, or the form itself; raises `ValueError`."""
    text = body.decode()
    if content_type == "application/x-www-form-urlencoded":
        form = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=100).items()}
        parsed = json.loads(form["payload"]) if "payload" in form else form
    else:
        parsed = json.loads(text)
    if not isinstance(parsed, dict):
        raise ValueError("an object is wanted")  # noqa: TRY004  # the caller tells bad input from its own faults
    if wrong := fault(parsed):
        raise ValueError(f"{wrong} is not what Slack sends")
    return parsed
