"""Anchors: the head of the chain as it was given out, signed. Who kept one can tell whether rows were cut off."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Engine, func, select

from bot.audit.ledger import Ledger
from bot.audit.models import Anchor
from knowledge.database import insert_once, translated
from knowledge.errors import ClausebotError

KEY_FILE = "audit-key.pem"
_ANCHORS = Anchor.__table__  # type: ignore[attr-defined]


class AnchorError(ClausebotError):
    """An anchor cannot be read, or the key cannot."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head of the chain as it was given out."""

    count: int
    hash: str
    at: str
    """UTC, ISO 8601."""
    signature: str = ""
    """Ed25519 over the three above, base64; empty where nobody signed."""

    def __str__(self) -> str:
        """Return it as it is given out and read back."""
        return " ".join(filter(None, (str(self.count), self.hash, self.at, self.signature)))

    @staticmethod
    def parse(text: str) -> Head:
        """Return what `str` gave; raises `AnchorError`."""
        parts = text.split()
        if not 2 <= len(parts) <= 4 or not parts[0].isdigit() or len(parts[1]) != 64:
            raise AnchorError(
                f"{text!r} is no anchor: it is the number of rows, the hash of the last, the time and the signature, "
                "with blanks between, as the digest shows it."
            )
        return Head(int(parts[0]), *parts[1:], *[""] * (4 - len(parts)))

    def signed_part(self) -> bytes:
        """Return what the signature is over."""
        return f"clausebot/anchor/1\n{self.count}\n{self.hash}\n{self.at}".encode()


class Signer:
    """The key of an installation, made when it is first needed; its file is for its owner alone."""

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE

    @property
    def public_key(self) -> str:
        """What others check signatures with, base64 of 32 bytes. Raises `AnchorError`."""
        raw = self._key().public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def sign(self, head: Head) -> Head:
        """Return a head with its signature. Raises `AnchorError`."""
        signature = base64.b64encode(self._key().sign(head.signed_part())).decode()
        return Head(head.count, head.hash, head.at, signature)

    def _key(self) -> Ed25519PrivateKey:
        try:
            if not self._path.exists():
                self._make()
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise AnchorError(f"The key {self._path} cannot be used: {error}. Restore it from a backup.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise AnchorError(f"The key {self._path} is no Ed25519 key. Restore it from a backup.")
        return key

    def _make(self) -> None:
        content = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
        except FileExistsError:  # another process was faster
            return


def is_signed(head: Head, public_key: str) -> bool:
    """Whether the signature of a head is by a public key (base64)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(head.signature, validate=True), head.signed_part())
    except (InvalidSignature, ValueError):
        return False
    return True


class Anchors:
    """The anchors that one database gave out."""

    def __init__(self, engine: Engine, ledger: Ledger, signer: Signer) -> None:
        self._engine = engine
        self._ledger = ledger
        self._signer = signer

    def give_out(self, reached: tuple[int, str] | None = None) -> Head:
        """Return the signed head of the chain (as it is now, or as a check `reached` it), and keep it."""
        count, last = reached or self._ledger.head()
        now = datetime.now(UTC)
        head = self._signer.sign(Head(count, last, now.isoformat(timespec="seconds")))
        insert_once(
            self._engine, Anchor, "keeping an anchor", count=count, hash=last, at=now, signature=head.signature
        )  # fmt: skip
        return head

    def last_count(self) -> int:
        """Return how many rows the last anchor that was kept stands for; 0 for none."""
        with translated("reading the anchors"), self._engine.connect() as connection:
            return connection.execute(select(func.max(_ANCHORS.c.count))).scalar() or 0

    def broken(self, *given: Head) -> Head | None:
        """Return the first anchor, of those kept and those given, that the chain does not reach or does not match."""
        query = select(_ANCHORS.c.count, _ANCHORS.c.hash, _ANCHORS.c.at).order_by(_ANCHORS.c.count)
        with translated("reading the anchors"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        kept = [Head(count, last, _in_utc(at).isoformat(timespec="seconds")) for count, last, at in rows]
        heads = sorted([*kept, *given], key=lambda head: head.count)
        return next((h for h in heads if h.count and self._ledger.hash_at(h.count) != h.hash), None)


def _in_utc(at: datetime) -> datetime:
    """Return a moment as the database gave it (SQLite's has no zone) in UTC."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
