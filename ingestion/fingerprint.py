"""Tells whether the knowledge in force is what this program version would make. Light: every command asks it first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from knowledge.profiles import profile_files
from knowledge.registry import registry_files
from knowledge.store import KnowledgeState


def words_folder(home: Path, version: str) -> Path:
    """Return where the word index of a knowledge version lives."""
    return home / "words" / version


@cache
def data_fingerprint() -> str:
    """Hash of the reviewed data that this program version brings, and of how it compares names."""
    digest = hashlib.sha256((resources.files("knowledge") / "naming.py").read_bytes())
    data = resources.files("knowledge") / "data"
    claims = sorted((f for f in (data / "claims").iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    for file in [
        *profile_files(),
        *claims,
        *registry_files(),
        data / "vocabulary.yaml",
        data / "ambiguous-licenses.yaml",
    ]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@cache
def segmentation_fingerprint() -> str:
    """Hash of the code that divides texts: what it made is made anew where the code has changed."""
    folder = resources.files("ingestion")
    modules = [f for f in (folder / "segmentation").iterdir() if f.name.endswith(".py")]
    files = [
        *sorted(modules, key=lambda f: f.name),
        *(folder / f for f in ("names.py", "numerals.py", "pins.py", "pipeline.py")),
    ]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def manifest(hashes: Mapping[str, str]) -> str:
    """Return what a knowledge version is named after: its texts, by key and hash, and what is made of them."""
    lines = [f"{key} {sha}" for key, sha in sorted(hashes.items())]
    return hashlib.sha256("\n".join([data_fingerprint(), segmentation_fingerprint(), *lines]).encode()).hexdigest()


def is_current(state: KnowledgeState | None, home: Path) -> bool:
    """Whether the knowledge in force was made by this program version and its word index is there."""
    return (
        state is not None
        and state.data == data_fingerprint()
        and state.segmentation == segmentation_fingerprint()
        and words_folder(home, state.version).exists()
    )
