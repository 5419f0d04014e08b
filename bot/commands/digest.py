"""The weekly digest on the command line: looked at, saved, sent."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import AsJson, fail, opened
from bot.services import Services

if TYPE_CHECKING:
    from bot.digest.week import Week


def digest(
    week: Annotated[str | None, typer.Option(help="ISO week, 2026-W47; default: the last that is over.")] = None,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write it as one HTML page.")] = None,
    post: Annotated[
        bool, typer.Option("--post", help="Send it where the settings say, once; with no --week all that are due.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show or send the digest of a week."""
    from bot.digest.mail import plain_text  # noqa: PLC0415
    from bot.digest.page import page  # noqa: PLC0415
    from bot.digest.tables import digest_json  # noqa: PLC0415
    from bot.digest.week import Week  # noqa: PLC0415

    if post and (as_json or html):
        raise typer.Exit(fail("--post sends the digest; look at it with --json or --html in a call of its own.", 2))
    chosen = Week.parse(week) if week else None
    with opened(quiet=True) as services:
        now = datetime.now(UTC)
        if post:
            _post(services, chosen, now)
            return
        made = services.gather(chosen or Week.last_finished(now, services.settings.zone), now).made().digest
    if html:
        try:
            Path(html).write_text(page(made), encoding="utf-8")
        except OSError as error:
            raise typer.Exit(fail(f"{html} cannot be written: {error.strerror}.", 1)) from error
    if as_json:
        sys.stdout.write(digest_json(made))
    elif not html:
        sys.stdout.write(plain_text(made))


def _post(services: Services, week: Week | None, now: datetime) -> None:
    """Send what is due, or one week's, to every place that has not got it."""
    from bot.slack.sending import send_due  # noqa: PLC0415

    told, failed = asyncio.run(send_due(services, week, now))
    for line in told:
        print(line)
    if failed:
        raise typer.Exit(fail(" ".join(failed), 1))
