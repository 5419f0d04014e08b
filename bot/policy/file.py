"""The policy in force: the file that CLAUSEBOT_POLICY names, read again when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from bot.errors import ConfigurationError
from bot.policy.known import Known
from bot.policy.reading import read_policy
from bot.policy.rulebook import Rulebook

log = structlog.get_logger()


class PolicyFile:
    """Holds what a policy file says. Where a later change breaks the file, what it said before stays in force."""

    def __init__(self, path: Path, known: Callable[[], Known]) -> None:
        self._path = path
        self._known = known
        self._stamp: tuple[int, int] | None = None
        self._rulebook: Rulebook | None = None

    def current(self) -> Rulebook:
        """Return the policy; raises `ConfigurationError` where the file never was one that can be read."""
        stamp = self._stamped()
        if self._rulebook is None or stamp != self._stamp:
            self._stamp, self._rulebook = stamp, self._read()
        return self._rulebook

    def _read(self) -> Rulebook:
        try:
            known = self._known()
            return Rulebook(read_policy(self._path, known), known)
        except ConfigurationError as error:
            if self._rulebook is None:
                raise ConfigurationError(f"CLAUSEBOT_POLICY names a file that cannot be used. {error}") from error
            log.error("policy_not_read", file=str(self._path), faults=str(error))  # noqa: TRY400 - it says all
            return self._rulebook

    def _stamped(self) -> tuple[int, int] | None:
        """Return what differs once the file was changed; none where it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
