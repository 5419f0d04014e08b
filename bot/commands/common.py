"""What all commands share: open services, a console, one sentence for an error."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from bot.services import Services, open_services
from bot.settings import read_settings

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From this time on (UTC).")
]


def reference() -> str:
    """Log the running exception under a short reference and return that."""
    made = secrets.token_hex(4)
    structlog.get_logger().exception("unexpected_error", reference=made)
    return made


def fail(message: str, code: int) -> int:
    """Say on stderr what went wrong and return the exit code."""
    print(f"clausebot: {message}", file=sys.stderr)
    return code


@contextmanager
def opened(*, quiet: bool = False) -> Iterator[Services]:
    """Hand out the services as the settings have them, with a progress bar unless it shall be quiet."""
    with _progress(quiet=quiet) as progress, open_services(read_settings(), progress=progress) as services:
        yield services


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr that appears once something takes longer than two seconds."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from bot.progress import LateBar  # noqa: PLC0415

    with LateBar(after_s=2.0) as bar:
        yield bar.tell


def console() -> Console:
    """Return where people read what is printed."""
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, width=None if sys.stdout.isatty() else 100)


def user() -> str:
    """Return how the record names whoever runs the command."""
    return f"cli:{os.environ.get('USER') or os.environ.get('USERNAME') or 'unknown'}"


def in_utc(moment: datetime | None) -> datetime | None:
    """Return a moment of the command line as an aware one."""
    return moment.replace(tzinfo=UTC) if moment else None
