"""Where texts come from: each source yields texts, or says which one failed and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from knowledge.models import DocumentKind


@dataclass(frozen=True, slots=True)
class SourceText:
    """One text as it will be stored: decoded, without front matter or byte order mark, line ends as `\\n`."""

    key: str
    """Stable name of the text: a ScanCode key, a mirror slug, or a name derived from a file."""
    title: str
    kind: DocumentKind
    text: str
    source: str
    """Which source delivered it: `scancode`, `mirror`, `web`, `path`."""
    source_url: str | None = None
    """The official address, where there is one."""
    publisher: str | None = None
    version: str | None = None
    """Version or date as the publisher names it."""
    spdx: str | None = None
    aliases: tuple[str, ...] = field(default=())
    category: str | None = None
    """ScanCode's category (`Permissive`, `Copyleft`, `Proprietary Free`, ...)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A text that could not be had; `reason` is one sentence for a person."""

    key: str
    reason: str
    source: str = ""
    """Name of the source, filled in by the pipeline."""


class Source(Protocol):
    """Something that yields licence texts."""

    name: str

    def collect(self) -> Iterator[SourceText | Failed]:
        """Yield every text once, in a stable order; never raise for one bad text."""
        ...
