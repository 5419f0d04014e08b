"""Sends digests, each week's to each place once: into the channel with its files, and by mail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.audit.weekly import Weekly
from bot.digest.deliveries import Deliveries, Destination, Due
from bot.digest.errors import DigestError, UnderWayError
from bot.digest.gathering import Gathered
from bot.digest.mail import Envelope, Security, SmtpSettings, digest_mail, send
from bot.digest.rows import ReviewRow
from bot.digest.week import Week
from bot.digest.weekly import WeeklyDigest
from bot.errors import ConfigurationError
from bot.services import Services
from bot.settings import Settings
from bot.slack.blocks import marked
from bot.slack.clients import Clients
from bot.slack.conversation import team_of_asker
from bot.slack.digest_blocks import digest_messages
from bot.slack.inbox import Inbox
from bot.slack.installs import opened_clients
from bot.slack.posting import Place, Posting, place_of
from bot.slack.refusals import plainly
from bot.slack.reviews import case_key
from knowledge.errors import ClausebotError

log = structlog.get_logger()

_SCHEMES = {"smtp": Security.NONE, "smtp+starttls": Security.STARTTLS, "smtps": Security.TLS}
_AT_ONCE = 4
"""Names or addresses that are asked for at the same time."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_LINKED = 20
"""Reviews that lead to their cases: more than a digest shows."""


class Sending:
    """Sends digests of one database."""

    def __init__(self, services: Services, clients: Clients, posting: Posting) -> None:
        self._services = services
        self._clients = clients
        self._posting = posting
        self._inbox = Inbox(services.engine)
        self._deliveries: Deliveries = services.deliveries

    def due(self, now: datetime, *, first: bool = False) -> list[Due]:
        """Return the digests that the settings want sent by now and that are not. Raises `StoreError`.

        With `first`, a place that never got one is to get the last week's, also where the record began later.
        """
        settings = self._services.settings
        begins = _EVER if first else Weekly(self._services.engine).begins()
        return [d for place in destinations(settings) for d in self._deliveries.due(place, now, settings.zone, begins)]

    async def send_job(self, _key: str, job: Mapping[str, Any]) -> None:
        """Send the digest that an entry of the inbox names.

        Raises `UnderWayError` while another process is at it: whether that one lives is known when its time is over.
        """
        week, destination = Week.parse(job["week"]), Destination(job["destination"])
        is_there = await self.send(week, destination, datetime.now(UTC)) or await asyncio.to_thread(
            self._deliveries.is_delivered, week, destination
        )
        if not is_there:
            raise UnderWayError(f"The digest of {week} ({destination.value}) is being sent by another process.")

    async def send(self, week: Week, destination: Destination, now: datetime, *, so_far: bool = False) -> bool:
        """Send a digest; false where it was sent, or another process is at it. Raises what goes wrong.

        What there is `so_far` of a week that runs is sent once, too, and takes nothing from the whole one.
        """
        place = destination.so_far if so_far else destination.value
        if not await asyncio.to_thread(self._deliveries.claim, week, place, now):
            return False
        try:
            made = await self._made(week, now)
            if destination is Destination.SLACK:
                await self._post(made)
            else:
                await self._mail(made)
        except BaseException:
            await asyncio.to_thread(self._deliveries.let_go, week, place)
            raise
        await asyncio.to_thread(self._deliveries.delivered, week, place, datetime.now(UTC))
        log.info("digest_sent", week=str(week), destination=destination.value)
        return True

    async def _made(self, week: Week, now: datetime) -> WeeklyDigest:
        found = await self._linked(await asyncio.to_thread(self._services.gather, week, now, whole=True))
        names = await self._names(found.people)
        return await asyncio.to_thread(found.made, names)

    async def _post(self, made: WeeklyDigest) -> None:
        team, place = place_of(self._services.settings.digest_channel)
        mark = f"digest:{made.digest.week}" + (":so-far" if made.digest.is_running else "")
        messages = [marked(message, mark, part) for part, message in enumerate(digest_messages(made.digest))]
        first = await self._posting.say_once(team, place, messages, mark)
        await self._posting.upload_once(team, Place(place.channel, first), made.files())

    async def _mail(self, made: WeeklyDigest) -> None:
        settings = self._services.settings
        envelope = Envelope(settings.mail_from or "", tuple(_listed(settings.digest_mail)))
        message = digest_mail(made.digest, envelope, made.files())
        refused = await asyncio.to_thread(send, message, smtp_settings(settings.smtp_url or ""))
        for address, why in refused.items():
            log.error("digest_not_mailed", to=address, why=why)

    async def _linked(self, found: Gathered) -> Gathered:
        """Return what a digest is made of, with the addresses of the cases that waited longest."""
        turn, legal = asyncio.Semaphore(_AT_ONCE), place_of(self._services.settings.legal_channel)

        async def linked(review: ReviewRow) -> ReviewRow:
            case = await asyncio.to_thread(self._inbox.job_or_none, case_key(review.decision_id)) or {}
            try:
                async with turn:
                    team = legal[0] or team_of_asker(review.asker)
                    return replace(review, url=await self._posting.permalink(team, legal[1].channel, case.get("ts")))
            except ConfigurationError:  # a mail is sent without Slack, too
                return review

        reviews = sorted(found.material.reviews, key=lambda review: review.opened_at)
        oldest = await asyncio.gather(*map(linked, reviews[:_LINKED]))
        return replace(found, material=replace(found.material, reviews=(*oldest, *reviews[_LINKED:])))

    async def _names(self, people: Iterable[str]) -> dict[str, str]:
        """Return what people of Slack are called there; who cannot be found keeps the name that the record has."""
        turn, found = asyncio.Semaphore(_AT_ONCE), {}

        async def ask(person: str, team: str, user: str) -> None:
            async with turn:
                try:
                    told = (await (await self._clients.calling(team)).users_info(user=user))["user"]
                except (SlackApiError, ConfigurationError, aiohttp.ClientError, OSError, TimeoutError) as error:
                    log.info("name_not_found", error=repr(error))
                    return
            found[person] = (
                told.get("profile", {}).get("real_name") or told.get("real_name") or told.get("name") or user
            )

        parts = ((person, person.split(":")) for person in sorted(people))
        asked = [ask(person, *rest) for person, (kind, *rest) in parts if kind == "slack" and len(rest) == 2]
        await asyncio.gather(*asked)
        return found


def destinations(settings: Settings) -> list[Destination]:
    """Return where the settings want digests."""
    wanted = {Destination.SLACK: settings.digest_channel, Destination.MAIL: settings.digest_mail}
    return [destination for destination, place in wanted.items() if place]


def check_sending(settings: Settings) -> None:
    """Raise `ConfigurationError` with what is missing to send a digest where the settings want it."""
    faults = []
    several = bool(settings.slack_client_id)
    channels = {
        "CLAUSEBOT_LEGAL_CHANNEL": settings.legal_channel,
        "CLAUSEBOT_DIGEST_CHANNEL": settings.digest_channel,
    }
    faults += [
        f"With several workspaces {variable} names the workspace, too: T0123/C0456."
        for variable, channel in channels.items()
        if several and channel and "/" not in channel
    ]
    if settings.digest_channel and not (several or settings.slack_bot_token):
        faults.append("To post the digest in Slack, set SLACK_BOT_TOKEN.")
    if settings.digest_mail:
        missing = {"CLAUSEBOT_SMTP_URL": settings.smtp_url, "CLAUSEBOT_MAIL_FROM": settings.mail_from}
        absent = [name for name, value in missing.items() if not value]
        faults += [f"To mail the digest, set {' and '.join(absent)}."] if absent else []
        if settings.smtp_url:
            smtp_settings(settings.smtp_url)
    if faults:
        raise ConfigurationError(" ".join(faults))


def smtp_settings(url: str) -> SmtpSettings:
    """Read `CLAUSEBOT_SMTP_URL`; raises `ConfigurationError`."""
    try:
        parts = urlsplit(url)
        security, port = _SCHEMES[parts.scheme], parts.port or 0
        host = parts.hostname or ""
    except (KeyError, ValueError):
        host = ""
    if not host:
        raise ConfigurationError(
            "CLAUSEBOT_SMTP_URL must be smtps://, smtp+starttls:// or smtp://, then user:password@host:port "
            "(a password with special characters is percent-encoded)."
        )
    return SmtpSettings(host, port, security, unquote(parts.username or ""), unquote(parts.password or ""))


async def send_due(services: Services, week: Week | None, now: datetime) -> tuple[list[str], list[str]]:
    """Send what is due, or one week's digest, wherever the settings want it; return what was done and what failed.

    Raises `ConfigurationError` where the settings want it nowhere or lack something, and `DigestError` for a week that
    has not begun.
    """
    settings = services.settings
    wanted = destinations(settings)
    if not wanted:
        raise ConfigurationError(
            "Nobody is to get the digest; set CLAUSEBOT_DIGEST_CHANNEL to a channel's id, or CLAUSEBOT_DIGEST_MAIL."
        )
    check_sending(settings)
    if week and week > Week.of(now, settings.zone):
        raise DigestError(f"{week} has not begun.")
    told, failed = [], []
    async with aiohttp.ClientSession() as session:
        clients, _ = opened_clients(services.engine, settings, session)
        sending = Sending(services, clients, Posting(clients))
        due = [Due(week, place) for place in wanted] if week else sending.due(now, first=True)
        for one in due:
            name = f"{one.week} ({one.destination.value})"
            try:
                so_far = one.week == Week.of(now, settings.zone)
                is_sent = await plainly(sending.send(one.week, one.destination, now, so_far=so_far))
            except (ClausebotError, aiohttp.ClientError, OSError) as error:
                failed.append(f"The digest of {name} was not sent: {error}")
            else:
                told.append(f"{name}: sent." if is_sent else f"{name}: was sent before, or is being sent.")
    return told or ["Nothing is due."], failed


def _listed(addresses: str | None) -> list[str]:
    return [part.strip() for part in (addresses or "").split(",") if part.strip()]
