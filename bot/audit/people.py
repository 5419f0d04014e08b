"""Who stands behind a pseudonym, and what people wrote: the part of the record that can be erased."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Engine, bindparam, delete, select

from bot.audit.models import FreeText, LedgerRow, Person
from knowledge.database import insert_once, translated

_PEOPLE = Person.__table__  # type: ignore[attr-defined]
_TEXTS = FreeText.__table__  # type: ignore[attr-defined]
_LEDGER = LedgerRow.__table__  # type: ignore[attr-defined]
_ERASED_AT_ONCE = 2000
_READING = "reading who asked"
_PSEUDONYM = select(_PEOPLE.c.pseudonym).where(_PEOPLE.c.name == bindparam("who"))


class People:
    """The names of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pseudonym(self, name: str) -> str:
        """Return the pseudonym of a person, a new one for somebody who is new."""
        known = self.known(name)
        if known is None:
            insert_once(self._engine, Person, "noting who asks", pseudonym=f"p-{secrets.token_hex(6)}", name=name)
            known = self.known(name)
        return known or ""

    def known(self, name: str) -> str | None:
        """Return the pseudonym of a person, or `None` where there is none.

        It is read anew each time: another process may have erased it, and what somebody asks under a pseudonym that
        is kept longer than its row would be found by no later erasure.
        """
        with translated(_READING), self._engine.connect() as connection:
            return connection.execute(_PSEUDONYM, {"who": name}).scalar()

    def names(self, pseudonyms: Collection[str]) -> dict[str, str]:
        """Return the names behind pseudonyms; who was erased is left out."""
        query = select(_PEOPLE.c.pseudonym, _PEOPLE.c.name).where(_PEOPLE.c.pseudonym.in_(pseudonyms))
        with translated(_READING), self._engine.connect() as connection:
            return {row.pseudonym: row.name for row in connection.execute(query)}

    def erase(self, name: str) -> int:
        """Erase a person's name and what they wrote; return how many rows of the record they stood behind.

        The rows stay, with pseudonym and hashes, and the chain still verifies.
        """
        pseudonym = self.known(name)
        if pseudonym is None:
            return 0
        own = select(_LEDGER.c.id).where(_LEDGER.c.person == pseudonym)
        with translated("erasing a name"), self._engine.begin() as connection:
            count = len(connection.execute(own).all())
            connection.execute(delete(_TEXTS).where(_TEXTS.c.row_id.in_(own)))
            connection.execute(delete(_PEOPLE).where(_PEOPLE.c.pseudonym == pseudonym))
        return count

    def erase_before(self, moment: str) -> int:
        """Erase what was written before a moment (UTC, ISO 8601), whoever wrote it; return how many texts."""
        old = select(_TEXTS.c.row_id).join(_LEDGER, _LEDGER.c.id == _TEXTS.c.row_id).where(_LEDGER.c.at < moment)
        count = 0
        with translated("erasing old texts"):
            while True:  # a part at a time: whoever asks meanwhile does not wait for all of it
                with self._engine.connect() as connection:
                    rows = connection.execute(old.limit(_ERASED_AT_ONCE)).scalars().all()
                if not rows:
                    return count
                with self._engine.begin() as connection:
                    count += connection.execute(delete(_TEXTS).where(_TEXTS.c.row_id.in_(rows))).rowcount
