"""Errors of getting and reading texts."""

from knowledge.errors import ClausebotError


class IngestionError(ClausebotError):
    """A source or a file could not be taken in."""
