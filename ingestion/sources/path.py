"""A file or folder on this machine, and the names that a text gets from where it was found."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.errors import IngestionError
from ingestion.extract import SUFFIXES, extract
from ingestion.sources.interface import Failed, SourceText
from knowledge.models import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 5_000_000
_POLICY = re.compile(r"acceptable[ _-]use|prohibited[ _-]use|us(?:e|age)[ _-]polic", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_MARKS = re.compile(r"<[^>]{1,200}>|^#{1,6}\s+|\s#+$|\*{1,3}|`|^_+|_+$")
_TITLE_LENGTH = 120


class PathSource:
    """Every readable file below a path, or the one file that it names.

    Hidden files and folders, and linked folders, are passed over.
    """

    name = "path"

    def __init__(self, path: Path) -> None:
        self._path = path

    def collect(self) -> Iterator[SourceText | Failed]:
        """Yield one text a file, sorted by path; `IngestionError` where there is nothing at the path."""
        path = self._path
        if not path.exists():
            raise IngestionError(f"There is no file or folder {path}; check the path.")
        if not path.is_dir():
            yield _read(path, slug(_stem(path)), path.name)
            return
        files, unread = _files(path)
        for folder in unread:
            yield Failed(slug(folder.name), f"The folder {folder} cannot be opened; allow this user to read it.")
        for file, key in zip(files, _keys(path, files), strict=True):
            yield _read(file, key, str(file.relative_to(path)))


def slug(name: str) -> str:
    """Return `name` in lower case with a hyphen for all that is neither letter, digit nor dot; never empty."""
    return re.sub(r"[^\w.]+|_+", "-", name.lower()).strip("-.") or "text"


def title_of(text: str, fallback: str) -> str:
    """Return the first heading: a marked one near the top, else a short first line that is not a sentence."""
    lines = [line.strip() for line in text[:4000].splitlines() if line.strip()][:10]
    lines = [line for line in lines if not line.lower().startswith("copyright")]
    marked = [line for line in lines if re.match(r"#{1,6}\s+\S", line)]
    marked += [line for line, below in pairwise(lines) if re.fullmatch(r"={3,}|-{3,}", below)]
    plain = [line for line in lines[:1] if not line.endswith((".", ",", ";", ":"))]
    for line in marked + plain:
        title = " ".join(_MARKS.sub("", _LINK.sub(r"\1", line)).split())
        if 0 < len(title) <= _TITLE_LENGTH:
            return title
    return fallback


def kind_of(*names: str) -> DocumentKind:
    """Guess from title or file name whether a text is a use policy; otherwise it counts as a licence."""
    return DocumentKind.ACCEPTABLE_USE_POLICY if any(map(_POLICY.search, names)) else DocumentKind.LICENSE


def _stem(file: Path) -> str:
    return file.stem if file.suffix.lower() in SUFFIXES else file.name


def _wanted(name: str) -> bool:
    # `LICENSE-2.0` and `LICENSE.v1` have no file type; what follows the dot belongs to the name.
    suffix = Path(name).suffix.lower()
    return not name.startswith(".") and (suffix in SUFFIXES or not suffix or suffix.strip(".v").isdigit())


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files to read, sorted, and the folders that could not be opened."""
    unread: list[Path] = []
    files: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=lambda error: unread.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(place, name) for name in names if _wanted(name)]
    return sorted(files), unread


def _keys(folder: Path, files: list[Path]) -> list[str]:
    """Return a distinct key for each file: its own name, else with the parent's, else the whole path."""
    choices = [
        [slug(_stem(file)), slug(f"{file.parent.name}-{_stem(file)}"), slug(str(file.relative_to(folder)))]
        for file in files
    ]
    counts = [Counter(names) for names in zip(*choices, strict=True)]
    keys: list[str] = []
    for names in choices:
        free = [name for name, count in zip(names, counts, strict=True) if count[name] == 1 and name not in keys]
        key, number = (free or names)[0], 1
        while key in keys:
            number += 1
            key = f"{names[-1]}-{number}"
        keys.append(key)
    return keys


def _read(file: Path, key: str, shown: str) -> SourceText | Failed:
    try:
        if not file.is_file():
            return Failed(key, f"{shown} is not a readable file (a broken link or a device); remove or replace it.")
        with file.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return Failed(key, f"{shown} is larger than {MAX_BYTES // 1_000_000} MB; cut it down to the licence text.")
        text = extract(data, name=file.name)
    except OSError as error:
        return Failed(key, f"{shown} cannot be read ({error.strerror}); allow this user to read it.")
    except IngestionError as error:
        return Failed(key, str(error))
    title = title_of(text, _stem(file))
    return SourceText(key=key, title=title, kind=kind_of(title, file.name), text=text, source=PathSource.name)
