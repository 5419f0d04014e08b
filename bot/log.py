"""Logging: one line a question, to stderr; plain on a terminal, JSON elsewhere. Quiet for commands."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_logging(*, verbose: bool) -> None:
    """Route structlog to stderr; without `verbose` only warnings and worse are shown."""
    level = logging.INFO if verbose else logging.WARNING
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if sys.stderr.isatty() else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
