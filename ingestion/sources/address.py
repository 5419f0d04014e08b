"""One page or file on the web, as `clausebot ingest --source https://...` names it."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

from ingestion.errors import IngestionError
from ingestion.extract import extract
from ingestion.sources.interface import Failed, SourceText
from ingestion.sources.path import kind_of, slug, title_of
from ingestion.sources.web import Download, download

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The page that a person copies from the browser shows the file; these addresses serve the file itself.
_RAW = (
    (re.compile(r"^https://github\.com/([^/]+/[^/]+)/blob/"), r"https://raw.githubusercontent.com/\1/"),
    (re.compile(r"^(https://huggingface\.co/.+?)/blob/"), r"\1/resolve/"),
)


class AddressSource:
    """The one text at `url`."""

    name = "web"

    def __init__(self, url: str, fetch: Callable[[str], Download] = download) -> None:
        self._url = url.strip()
        self._fetch = fetch

    def collect(self) -> Iterator[SourceText | Failed]:
        """Yield the text, or why it could not be had."""
        parts = urllib.parse.urlsplit(self._url)
        file = urllib.parse.unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
        key = slug(re.sub(r"\.(?:txt|md|html?|pdf|docx)$", "", file, flags=re.IGNORECASE))
        try:
            found = self._fetch(_raw_address(self._url))
            text = extract(found.data, name=file, media_type=found.media_type)
        except IngestionError as error:
            yield Failed(key, str(error))
            return
        title = title_of(text, file)
        yield SourceText(
            key=key, title=title, kind=kind_of(title, file), text=text, source=self.name, source_url=self._url
        )


def _raw_address(url: str) -> str:
    for pattern, replacement in _RAW:
        url = pattern.sub(replacement, url)
    return url
