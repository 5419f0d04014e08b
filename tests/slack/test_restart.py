"""A process that is killed in the middle: what was accepted is answered once by the next one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from tests.conftest import clean_environment
from tests.slack.loopback import BOT_TOKEN, SIGNING_SECRET, LoopbackSlack, deliver_event
from tests.slack.test_asking import answers, asks, decision_of


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@asynccontextmanager
async def serving(
    home: Path, slack: LoopbackSlack, port: int, *, program: Sequence[str] = ("-m", "bot.cli"), **more: str
) -> AsyncIterator[Process]:
    """Run `clausebot serve` as its own process until it is ready; end it on the way out."""
    # Slack's client would send even loopback addresses through the proxy that the tests put before the network.
    clean = {k: v for k, v in clean_environment(home).items() if not k.lower().endswith("_proxy")}
    environment = clean | {
        "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SIGNING_SECRET, "SLACK_API_URL": slack.url, **more,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, "serve", "--port", str(port), env=environment
    )
    try:
        async with asyncio.timeout(60):
            await until_ready(port, process)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def until_ready(port: int, process: Process) -> None:
    """Wait until a process says that it can answer."""
    async with ClientSession() as session:
        while process.returncode is None:
            with suppress(ClientError):
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise AssertionError(f"the process ended with {process.returncode}")


async def at_once(_slack: LoopbackSlack) -> None:
    """Right after the acknowledgement."""


async def while_posting(slack: LoopbackSlack) -> None:
    """While Slack keeps the reply waiting."""
    await slack.wait_for("chat.postMessage")


@pytest.mark.parametrize(
    ("moment", "fault"),
    [(at_once, {}), (while_posting, {"hang": 30}), (while_posting, {"drop": True})],
    ids=["accepted", "posting", "posted"],
)
async def test_a_killed_process_leaves_no_question_behind(
    slack_home: Path, slack: LoopbackSlack, moment: Callable[[LoopbackSlack], Awaitable[None]], fault: dict[str, object]
) -> None:
    """Killed after the acknowledgement, while posting, or after posting: one answer in the thread, one decision."""
    event = asks(slack, f"may we sell a product with Yi 34B? {fault}")
    port = free_port()
    url = f"http://127.0.0.1:{port}/slack/events"
    async with serving(slack_home, slack, port) as process:
        if fault:
            slack.fail("chat.postMessage", **fault)
        assert (await deliver_event(url, event, event_id=f"EvKill{fault}")).status == 200
        await moment(slack)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    slack.heal()
    async with serving(slack_home, slack, port):
        (answer,) = await answers(slack, "C1", event["ts"])
        again = await deliver_event(url, event, event_id=f"EvKill{fault}", retry_num=2, retry_reason="http_timeout")
        await asyncio.sleep(1)

    assert again.status == 200
    assert len(await answers(slack, "C1", event["ts"])) == 1
    assert decision_of(answer)


async def test_a_program_with_other_steps_takes_up_what_was_left(slack_home: Path, slack: LoopbackSlack) -> None:
    """An update between the crash and the next start: the question is still answered, once."""
    older = "import sys, bot.slack.durable as d; d._SHAPE = '0'; from bot.cli import main; sys.argv[0] = 'x'; main()"
    event = asks(slack, "may we sell a product with Yi 6B?")
    port = free_port()
    async with serving(slack_home, slack, port, program=("-c", older)) as process:
        slack.fail("chat.postMessage", hang=30)
        await deliver_event(f"http://127.0.0.1:{port}/slack/events", event, event_id="EvOlder")
        await while_posting(slack)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    slack.heal()
    async with serving(slack_home, slack, port):
        assert len(await answers(slack, "C1", event["ts"])) == 1
        await asyncio.sleep(0.5)

    assert len(await answers(slack, "C1", event["ts"])) == 1


async def test_a_process_that_is_told_to_stop_ends_well(slack_home: Path, slack: LoopbackSlack) -> None:
    """SIGTERM ends it with status 0, without a word on what went wrong."""
    async with serving(slack_home, slack, free_port()) as process:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
