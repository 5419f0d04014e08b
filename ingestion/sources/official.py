"""The publishers' own texts: from a mirror folder where there is one, else from the network."""

from __future__ import annotations

import csv
import hashlib
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.errors import IngestionError
from ingestion.extract import extract
from ingestion.sources.interface import Failed, SourceText
from ingestion.sources.web import HostError, fetch
from knowledge.models import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

TABLE = Path(__file__).parents[2] / "knowledge" / "data" / "sources.csv"
_MAX_BYTES = 5_000_000
_INDEX = "index.csv"


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a table of official texts; facts only, no text."""

    slug: str
    sha256: str
    """Of the file's bytes, in lower case."""
    title: str
    kind: DocumentKind
    version: str | None
    publisher: str | None
    source_url: str | None
    """The address that the publisher names."""
    file_url: str | None = None
    """Where the very bytes are served; None where the text was taken from a page or a PDF."""
    file: str = ""
    """Name of the file within a mirror."""


class MissingMirror:
    """Stands for a mirror folder that is not there: says so, and leaves the work to the official addresses."""

    name = "mirror"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[SourceText | Failed]:
        """Yield the one failure."""
        yield Failed(
            "mirror",
            f"CLAUSEBOT_MIRROR names {str(self._folder)!r}, which is not there; the official addresses were tried.",
        )


class OfficialSource:
    """The texts of `sources.csv`, and whatever else the mirror holds.

    `fetch` reads one address (`ingestion.sources.web.fetch`); with None the network is left alone.
    """

    name = "official"

    def __init__(
        self,
        table: Path = TABLE,
        mirror: Path | None = None,
        fetch: Callable[[str], bytes] | None = fetch,
    ) -> None:
        self._table = table
        self._mirror = mirror
        self._fetch = fetch

    def collect(self) -> Iterator[SourceText | Failed]:
        """Yield the rows of our table in its order, then the mirror's own texts; verified by SHA-256.

        Raises `IngestionError` where our table or the mirror's index cannot be read.
        """
        table = _table(self._table)
        mirrored = _index(self._mirror) if self._mirror else {}
        silent: dict[str, str] = {}
        for row in table.values():
            copy = mirrored.pop(row.slug, None)
            yield self._from_mirror(row, copy.file) if copy else self._from_web(row, silent)
        for row in mirrored.values():
            yield self._from_mirror(row, row.file)

    def _from_mirror(self, row: Listed, name: str) -> SourceText | Failed:
        folder = (self._mirror or Path()).resolve()
        file = (folder / name).resolve()
        if not file.is_relative_to(folder):
            return Failed(row.slug, f"The mirror names the file {name}, which lies outside it; mend its {_INDEX}.")
        try:
            with file.open("rb") as handle:
                data = handle.read(_MAX_BYTES + 1)
        except OSError as error:
            reason = f"The mirror's file {name} cannot be read ({error.strerror}); copy it there again."
            return Failed(row.slug, reason)
        wrong = _wrong(row, data)
        if wrong:
            return Failed(row.slug, f"The mirror's file {name} {wrong}; copy it there again from a source you trust.")
        return _source_text(row, data, name, "mirror")

    def _from_web(self, row: Listed, silent: dict[str, str]) -> SourceText | Failed:
        data = self._download(row, silent)
        if isinstance(data, str):
            return Failed(row.slug, data)
        wrong = _wrong(row, data)
        if wrong:
            return Failed(row.slug, f"{row.file_url} {wrong}; read what changed, then correct {TABLE.name}.")
        # Named like its text, not like the address: a mirror and the network must give the same characters.
        return _source_text(row, data, row.slug, "web")

    def _download(self, row: Listed, silent: dict[str, str]) -> bytes | str:
        """Return the bytes, or why there are none.

        `silent` holds the hosts that did not answer, with the reason: the next row does not wait for them again.
        """
        if row.file_url is None:
            return (
                "The publisher serves it as a page or a PDF, so it is only read from a mirror: set CLAUSEBOT_MIRROR, "
                "or save the text and run `clausebot ingest --source FILE`."
            )
        if self._fetch is None:
            return "It is not in the mirror and the network is not used; add it to the mirror."
        host = urllib.parse.urlsplit(row.file_url).hostname or ""
        if host in silent:
            return silent[host]
        try:
            return self._fetch(row.file_url)
        except HostError as error:
            silent[host] = str(error)
            return silent[host]
        except IngestionError as error:
            return str(error)


def _wrong(row: Listed, data: bytes) -> str:
    """Say what is wrong with the bytes, or nothing."""
    if len(data) > _MAX_BYTES:
        return f"is larger than {_MAX_BYTES // 1_000_000} MB"
    found = hashlib.sha256(data).hexdigest()
    return "" if found == row.sha256 else f"has SHA-256 {found[:12]}…, not the expected {row.sha256[:12] or 'none'}…"


def _source_text(row: Listed, data: bytes, name: str, source: str) -> SourceText | Failed:
    try:
        text = extract(data, name=Path(name).name)
    except IngestionError as error:
        return Failed(row.slug, str(error))
    return SourceText(
        key=row.slug,
        title=row.title,
        kind=row.kind,
        text=text,
        source=source,
        source_url=row.source_url,
        publisher=row.publisher,
        version=row.version,
    )


def _table(path: Path) -> dict[str, Listed]:
    needed = ("slug", "sha256", "title", "kind", "source_url", "access", "file_url")
    return {row["slug"]: _listed(row) for row in _rows(path, needed, "reinstall Clausebot")}


def _index(folder: Path) -> dict[str, Listed]:
    mend = "CLAUSEBOT_MIRROR must name a folder whose index.csv has at least these columns: slug, file, sha256"
    return {row["slug"]: _listed(row) for row in _rows(folder / _INDEX, ("slug", "file", "sha256"), mend)}


def _rows(path: Path, needed: Iterable[str], mend: str) -> list[dict[str, str]]:
    """Return the rows that have a slug, every missing value as an empty string."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, restkey="", restval="")
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            rows = [] if missing else [row for row in reader if row["slug"].strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a CSV file in UTF-8"
        raise IngestionError(f"{path.name} in the folder {path.parent} cannot be read ({reason}); {mend}.") from None
    if missing:
        raise IngestionError(f"{path.name} in the folder {path.parent} lacks {', '.join(missing)}; {mend}.")
    return rows


def _listed(row: Mapping[str, str]) -> Listed:
    kind = row.get("kind", "")
    return Listed(
        slug=row["slug"].strip(),
        sha256=row["sha256"].strip().lower(),
        title=row.get("title") or row["slug"],
        # Terms of a dataset are its licence; an unknown word from a foreign mirror counts as one too.
        kind=DocumentKind(kind) if kind in set(DocumentKind) else DocumentKind.LICENSE,
        version=row.get("version_date") or None,
        publisher=row.get("publisher") or None,
        source_url=row.get("source_url") or None,
        file_url=(row.get("file_url") or None) if row.get("access") == "direct" else None,
        file=row.get("file", ""),
    )
