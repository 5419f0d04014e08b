"""The errors of the digest; each message is a sentence for the person who must act."""

from knowledge.errors import ClausebotError


class DigestError(ClausebotError):
    """A week cannot be read, or rows do not belong to it."""


class UnderWayError(DigestError):
    """A digest is being sent by another process, or by one that died over it."""


class MailError(DigestError):
    """A mail cannot be written or was not taken by the mail server."""
