"""Exports a sentence-transformers model to ONNX, once, and vouches that the vectors are the same.

The only importer of torch and sentence-transformers (9 s and 500 MB): it runs when a model is first used, never on
the way to an answer.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.embedding import OnnxEmbeddings
from knowledge.models_folder import PACKAGED_MODEL, EmbeddingError, fingerprint, model_folder, model_path

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LARGEST_DIFFERENCE = 1e-5
"""Between the two vectors of a probe, in any coordinate (they have length 1)."""

_PROBES = (
    "Can we fine-tune the model for a health app?",
    "Redistribution. You may reproduce and distribute copies of the work in any medium.",
    "no",
    "700 million monthly active users " * 30,
    "Dürfen wir das Modell in der EU anbieten? 可以商用吗？",
)


def exported(home: Path, model: str) -> Path:
    """Return the folder of the exported model, exporting it first if need be; raises `EmbeddingError`."""
    folder = model_folder(home, model)
    if (folder / "model.json").exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        sentences = _load(model)
        _export(sentences, model, scratch)
        _vouch(sentences, model, scratch)
        if not (folder / "model.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _load(model: str) -> SentenceTransformer:
    if model == PACKAGED_MODEL:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(model_path(model), device="cpu")
    except (OSError, ValueError) as error:
        raise EmbeddingError(
            f"The embedding model {model!r} could not be loaded: {str(error).splitlines()[0]} "
            "Name a sentence-transformers model or its folder in CLAUSEBOT_EMBEDDING_MODEL."
        ) from error


def _export(sentences: SentenceTransformer, model: str, folder: Path) -> None:
    import torch  # noqa: PLC0415

    names = _input_names(sentences)

    class Whole(torch.nn.Module):
        """The model with pooling and normalisation, from token ids to the sentence's vector."""

        def __init__(self) -> None:
            super().__init__()
            self.sentences = sentences

        def forward(self, *tensors: Any) -> Any:
            vector = self.sentences(dict(zip(names, tensors, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(vector, p=2, dim=1)

    sample = sentences.tokenizer(["one probe", "another, longer probe"], padding=True, return_tensors="pt")
    axes = {name: {0: "batch", 1: "tokens"} for name in names}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of shapes that the dynamic axes cover
        torch.onnx.export(
            Whole().eval(),
            tuple(sample[name] for name in names),
            str(folder / "model.onnx"),
            input_names=names,
            output_names=["sentence_embedding"],
            dynamic_axes={**axes, "sentence_embedding": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    sentences.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    facts = {
        "name": model,
        "fingerprint": fingerprint(model),
        "dimensions": sentences.get_embedding_dimension(),
        "max_tokens": sentences.get_max_seq_length() or 512,
    }
    (folder / "model.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _input_names(sentences: SentenceTransformer) -> list[str]:
    sample = sentences.tokenizer(["probe"], return_tensors="pt")
    return [n for n in ("input_ids", "attention_mask", "token_type_ids") if n in sample]


def _vouch(sentences: SentenceTransformer, model: str, folder: Path) -> None:
    """Compare both models on probes; raises `EmbeddingError` where a vector differs."""
    mine = OnnxEmbeddings(folder)
    short = [p for p in _PROBES if mine.windows([p]) == [1]]
    theirs = sentences.encode(short, normalize_embeddings=True, show_progress_bar=False)
    difference = float(np.abs(np.stack([mine.query(p) for p in short]) - theirs).max())
    if difference > LARGEST_DIFFERENCE:
        raise EmbeddingError(
            f"The exported form of {model!r} gives other vectors than sentence-transformers (by {difference:.1e}); "
            "it is not used. Name another model in CLAUSEBOT_EMBEDDING_MODEL."
        )
    facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    facts["largest_difference"] = difference
    (folder / "model.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Export the model named second into the home named first; an error is one sentence on stderr."""
    home, model = arguments
    try:
        exported(Path(home), model)
    except (EmbeddingError, OSError) as error:
        print(f"clausebot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
