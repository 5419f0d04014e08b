"""How fast Slack is served: acknowledgements, answers and questions a second, beside a plain Bolt app that echoes.

Black box, real HTTP, four processes: this one sends what Slack sends and keeps the time; the loopback Slack, without
rate limits, notes when a reply arrives (this module, run by itself); `clausebot serve`; and the echo, idle while the
bot is measured. They share the machine's cores; while the bot is measured, the others take less than a tenth of one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, TCPConnector

from tests.slack.loopback import BOT_TOKEN, SIGNING_SECRET, Channel, LoopbackSlack, deliver_event, mention

PEOPLE = 20
ROUNDS = 20
ALONE = 60
TOGETHER = 10
BURST = 200
BURSTS = 3
PAUSE_S = 0.3
"""Between questions that are not to meet: what the bot notes after posting is done by then."""
PATIENCE_S = 120
SLACK_WAITS_S = 3.0
ANSWER, PLAIN = "clausebot_answer", "plain"
"""Event type in the metadata of the bot's answers, and what stands for none: from the bot, that is an apology."""
MODELS = (
    "Llama 3", "Llama 2 13B", "Llama 3.1 405B", "Mixtral 8x7B", "Mistral 7B", "Gemma 2 9B", "Gemma 3", "Qwen2.5 7B",
    "Falcon 180B", "BLOOM", "SDXL", "StarCoder2", "Yi 34B", "Whisper", "FLUX.1 dev", "Command R+", "Grok-1",
    "DeepSeek-V3", "OLMo 2", "Stable Diffusion 3.5 Large",
)  # fmt: skip
USES = (
    "can we fine-tune {} for a health app?",
    "May a bank sell answers of {} to its customers?",
    "Is it fine to ship {} quantised inside an appliance that we sell?",
    "We host {} behind an API for an insurance company, what do we have to pass on?",
    "Can a university publish weights of a finetune of {} on the Hub?",
    "Do outputs of {} train our own 7B model, and how must it be called?",
    "Internal only: {} summarises tickets for our staff. Any duty?",
    "Is {} allowed for a bot that screens CVs and rejects applicants by itself?",
    "We have 900 million monthly active users. May we offer {} in our messenger?",
    "Must a phone app show that it runs {}?",
    "May we merge {} with weights of our own and keep the result closed?",
    "A customer wants {} on its own servers, under our contract. What goes with it?",
    "Can a school let pupils write with {}?",
    "Are we allowed to translate novels with {} and sell the books?",
    "Do we have to name {} in the documents of a closed-source desktop program?",
    "May a police force use {} to sort tips from the public?",
    "Can we distil {} into a smaller model under Apache-2.0?",
    "What happens to our right to use {} if we sue its publisher over a patent?",
    "Is a LoRA for {} that we only give to one partner a distribution?",
    "We give legal advice by chat with {}; is that barred?",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question took, in seconds from its sending."""

    acknowledged: float
    answered: float


@dataclass(frozen=True, slots=True)
class Burst:
    """Many questions in the same instant; `seconds` is from the first sending to the last answer's arrival."""

    asked: Sequence[Asked]
    seconds: float

    @property
    def rate(self) -> float:
        """Questions a second."""
        return len(self.asked) / self.seconds


def questions() -> Iterator[str]:
    """Return questions without end; the first 400 differ, and neighbours differ in model and use."""
    return cycle([use.format(MODELS[(i + j) % len(MODELS)]) for i in range(len(MODELS)) for j, use in enumerate(USES)])


# ---------------------------------------------------------------------------------------------------- the processes
class _TellingSlack(LoopbackSlack):
    """Prints thread, time and kind of every message that an app posts."""

    def keep(self, channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
        kind = message.get("metadata", {}).get("event_type", PLAIN)
        print(message.get("thread_ts"), self.calls[-1].at, kind, flush=True)
        return super().keep(channel, message)


async def _be_slack() -> None:
    """Be Slack until the process that started this one ends or closes our input."""
    async with _TellingSlack() as slack:
        for person in range(PEOPLE):
            slack.add_channel(f"C{person}", {f"U{person}"})
        print(slack.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


@dataclass(frozen=True, slots=True)
class Reply:
    """A message in a thread; `at` is monotonic seconds, the same in every process."""

    at: float
    kind: str


class Replies:
    """The first reply in each thread of the loopback Slack."""

    def __init__(self, url: str, process: Process) -> None:
        self.url = url
        self._process = process
        self._awaited: dict[str, asyncio.Future[Reply]] = {}

    def to(self, thread_ts: str) -> asyncio.Future[Reply]:
        """Return what will be the first reply in a thread."""
        return self._awaited.setdefault(thread_ts, asyncio.get_running_loop().create_future())

    async def listen(self) -> None:
        """Note replies until Slack ends."""
        assert self._process.stdout
        async for line in self._process.stdout:
            thread_ts, at, kind = line.decode().split()
            if not (awaited := self.to(thread_ts)).done():  # a long answer has further parts
                awaited.set_result(Reply(float(at), kind))


@asynccontextmanager
async def loopback() -> AsyncIterator[Replies]:
    """Run the loopback Slack."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.slack", stdin=PIPE, stdout=PIPE, env=_without_proxies()
    )
    assert process.stdin
    assert process.stdout
    replies = Replies((await process.stdout.readline()).decode().strip(), process)
    listening = asyncio.create_task(replies.listen())
    try:
        yield replies
    finally:
        process.stdin.close()
        await process.wait()
        await listening


@asynccontextmanager
async def started(port: int, *command: str, **environment: str) -> AsyncIterator[str]:
    """Run a Python program that serves on a port; give the address that takes events once it answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=_without_proxies() | environment, stdout=DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE_S), ClientSession() as session:
            while not await _answers(session, f"http://127.0.0.1:{port}/readyz"):
                assert process.returncode is None, f"{command} ended with {process.returncode}"
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}/slack/events"
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(session: ClientSession, url: str) -> bool:
    """Whether a server is ready; one that has no such route is, too."""
    with suppress(ClientError):
        async with session.get(url) as answer:
            return answer.status in {200, 404}
    return False


def _without_proxies() -> dict[str, str]:
    # Slack's client would send even loopback addresses through a proxy.
    return {k: v for k, v in os.environ.items() if not (k.lower().endswith("_proxy") or k.startswith("SLACK_"))}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# ------------------------------------------------------------------------------------------------------- the people
class People:
    """Those who ask one app; each in a channel of their own, each question in a thread of its own."""

    def __init__(self, url: str, replies: Replies, session: ClientSession, *, kind: str) -> None:
        self._url = url
        self._replies = replies
        self._session = session
        self._kind = kind
        """Of an answer; what is answered otherwise ends the measurement."""
        self._questions = questions()

    async def ask(self, person: int = 0) -> Asked:
        """Ask the next question and wait for its answer."""
        event = mention(next(self._questions), f"C{person % PEOPLE}", f"U{person % PEOPLE}")
        reply = self._replies.to(event["ts"])
        event_id = f"Ev{secrets.token_hex(6)}"  # a data folder remembers the ids of earlier runs
        sent = time.monotonic()
        done = await deliver_event(self._url, event, event_id=event_id, session=self._session, timeout=PATIENCE_S)
        assert done.status == 200, done
        answer = await asyncio.wait_for(reply, PATIENCE_S)
        assert answer.kind == self._kind, event["text"]
        return Asked(done.seconds, answer.at - sent)

    async def alone(self, count: int) -> list[Asked]:
        """Ask one question after the other, with pauses."""
        asked = []
        for _ in range(count):
            await asyncio.sleep(PAUSE_S)
            asked.append(await self.ask())
        return asked

    async def together(self, times: int) -> list[Asked]:
        """Let everybody ask in the same instant, and again after a pause once all are answered."""
        asked: list[Asked] = []
        for _ in range(times):
            asked += (await self.burst(PEOPLE)).asked
        return asked

    async def in_turn(self, rounds: int) -> Burst:
        """Let everybody ask the next question as soon as the one before is answered."""
        begun = time.monotonic()

        async def person(number: int) -> list[Asked]:
            return [await self.ask(number) for _ in range(rounds)]

        asked = [a for each in await asyncio.gather(*map(person, range(PEOPLE))) for a in each]
        return Burst(asked, time.monotonic() - begun)

    async def burst(self, count: int) -> Burst:
        """Send many questions in the same instant, after a pause, and wait for the last answer."""
        await asyncio.sleep(PAUSE_S)
        begun = time.monotonic()
        asked = await asyncio.gather(*map(self.ask, range(count)))
        return Burst(asked, time.monotonic() - begun)


# -------------------------------------------------------------------------------------------------------- the table
def slack(home: Path) -> None:
    """One question, twenty people and a burst: acknowledgements, answers, and questions a second beside the echo."""
    asyncio.run(_measure(home))


@asynccontextmanager
async def bot_and_echo(home: Path, *serve: str) -> AsyncIterator[tuple[People, People]]:
    """Give those who ask the bot and those who ask the echo; `serve` takes the place of `-m bot.cli serve`."""
    bot_port, echo_port = _free_port(), _free_port()
    async with AsyncExitStack() as stack:
        replies = await stack.enter_async_context(loopback())
        known = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SIGNING_SECRET, "SLACK_API_URL": replies.url}
        command = (*(serve or ("-m", "bot.cli", "serve")), "--port", str(bot_port))
        bot = await stack.enter_async_context(started(bot_port, *command, CLAUSEBOT_HOME=str(home), **known))
        echo = await stack.enter_async_context(
            started(echo_port, "-m", "tests.benchmarks.echo_app", str(echo_port), replies.url)
        )
        session = await stack.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        yield (
            People(bot, replies, session, kind=ANSWER),
            People(echo, replies, session, kind=PLAIN),
        )


async def _measure(home: Path) -> None:
    async with bot_and_echo(home) as (bot, echo):
        for people in (bot, echo):
            await people.in_turn(2)  # texts, vectors and connections of every model are there from then on
        _row("one question alone", await bot.alone(ALONE))
        _row("  the echo alone", await echo.alone(ALONE))
        _row(f"{PEOPLE} in the same instant", await bot.together(TOGETHER))
        steady = await bot.in_turn(ROUNDS)
        _row(f"{PEOPLE} people, one after the other", steady.asked)
        print(f"{'':35} target: acknowledged p99 under 200 ms, answered p95 under 1000 ms")
        print(f"  questions a second               {steady.rate:8.1f}")
        pairs = [(await echo.burst(BURST), await bot.burst(BURST)) for _ in range(BURSTS)]
    asked = [a for _, ours in pairs for a in ours.asked]
    late = sum(a.acknowledged > SLACK_WAITS_S for a in asked)
    _row(f"{BURST} in the same instant", asked)
    print(f"  acknowledged after Slack gave up {late:8}   of {len(asked)} (target: none)")
    print(f"  questions a second               {_spread([ours.rate for _, ours in pairs])}")
    print(f"  questions a second, the echo     {_spread([echo.rate for echo, _ in pairs])}")
    print(f"  ratio to the echo                {_spread([ours.rate / echo.rate for echo, ours in pairs], 3)}")


def _row(name: str, asked: Sequence[Asked]) -> None:
    for what, times in (
        ("acknowledged", [a.acknowledged for a in asked]),
        ("answered", [a.answered for a in asked]),
    ):
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        middle, p95, p99 = (1000 * cuts[at - 1] for at in (50, 95, 99))
        print(f"{name if what == 'acknowledged' else '':35} {what:12} {middle:7.1f} ms  p95 {p95:7.1f}  p99 {p99:7.1f}")


def _spread(values: Sequence[float], digits: int = 1) -> str:
    """Median and range of a few runs."""
    return f"{statistics.median(values):8.{digits}f}   ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    asyncio.run(_be_slack())
