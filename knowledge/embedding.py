"""Turns text into vectors with ONNX Runtime: 4 times as fast as sentence-transformers and no torch at run time.

`knowledge/export.py` makes the ONNX file once from the sentence-transformers model and vouches that both give the
same vectors. The class is a LangChain `Embeddings`, so another one can take its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from knowledge.models_folder import EmbeddingError

Vectors = NDArray[np.float32]

WINDOW_OVERLAP_TOKENS = 64
BATCH = 8
"""Passages a run: on a CPU a small batch, sorted by length, beats a large one (less padding)."""


class Embedder(Protocol):
    """What the search needs of an embedding model; `PluggedEmbeddings` gives this shape to any LangChain one."""

    name: str
    fingerprint: str
    """Vectors of different models never meet: it names the collection."""
    dimensions: int

    def query(self, text: str) -> Vectors:
        """Return the vector of one question, shape `(dimensions,)`."""
        ...

    def passages(self, texts: Sequence[str]) -> list[Vectors]:
        """Return the vectors of every passage, shape `(windows, dimensions)`."""
        ...

    def windows(self, texts: Sequence[str]) -> list[int]:
        """Return how many windows each passage has."""
        ...


class OnnxEmbeddings(Embeddings):
    """Embeds with an exported model folder (`model.onnx`, `tokenizer.json`, `model.json`); vectors have length 1."""

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        import onnxruntime  # noqa: PLC0415  # 0.2 s that commands without search do not pay
        from tokenizers import Tokenizer  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Spinning threads would starve numpy and the event loop between two questions.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False
        try:
            facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            self.name: str = facts["name"]
            self.fingerprint: str = facts["fingerprint"]
            self.dimensions: int = facts["dimensions"]
            self.max_tokens: int = facts["max_tokens"]
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            model = str(folder / "model.onnx")
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtimes' own exceptions share no base class
            raise EmbeddingError(
                f"The exported model in {folder} cannot be read; delete it and run `ingest`."
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._before, self._after = self._frame()
        self._inputs = [i.name for i in self._session.get_inputs()]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of one question."""
        return [float(x) for x in self.query(text)]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector a text, the mean over its windows where it is longer than the model reads."""
        vectors: list[list[float]] = []
        for windows in self.passages(texts):
            mean = windows.mean(axis=0)
            vectors.append((mean / np.linalg.norm(mean)).tolist())
        return vectors

    def query(self, text: str) -> Vectors:
        """Return the vector of one question, shape `(dimensions,)`; what lies past the model's limit is averaged in."""
        windows = self.passages([text])[0]
        if len(windows) == 1:
            return np.asarray(windows[0], dtype=np.float32)
        mean = windows.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def passages(self, texts: Sequence[str]) -> list[Vectors]:
        """Return the vectors of every passage, shape `(windows, dimensions)`, in the order given.

        A passage longer than the model's limit is embedded in overlapping windows, never cut.
        """
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        pieces: list[tuple[int, list[int]]] = []
        for position, encoding in enumerate(encoded):
            pieces.extend((position, encoding.ids[lo:hi]) for lo, hi in self._cuts(len(encoding.ids)))
        vectors = np.empty((len(pieces), self.dimensions), dtype=np.float32)
        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i][1]))
        for at in range(0, len(order), BATCH):
            rows = order[at : at + BATCH]
            vectors[rows] = self._run([pieces[i][1] for i in rows])
        grouped: list[list[Vectors]] = [[] for _ in texts]
        for (position, _), vector in zip(pieces, vectors, strict=True):
            grouped[position].append(vector)
        return [np.stack(group) for group in grouped]

    def windows(self, texts: Sequence[str]) -> list[int]:
        """Return how many windows each passage has."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(list(self._cuts(len(e.ids)))) for e in encoded]

    def _cuts(self, tokens: int) -> Iterable[tuple[int, int]]:
        room = self.max_tokens - len(self._before) - len(self._after)
        start = 0
        while True:
            yield start, min(start + room, tokens)
            if start + room >= tokens:
                return
            start += room - WINDOW_OVERLAP_TOKENS

    def _run(self, pieces: list[list[int]]) -> Any:
        framed = [[*self._before, *piece, *self._after] for piece in pieces]
        ids = np.zeros((len(framed), max(map(len, framed))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(framed):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self._session.run(["sentence_embedding"], {name: feed[name] for name in self._inputs})[0]

    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the tokens that the model wants before and after a text ([CLS] and [SEP] for BERT)."""
        whole = self._tokenizer.encode("a").ids
        bare = self._tokenizer.encode("a", add_special_tokens=False).ids
        at = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        return whole[:at], whole[at + len(bare) :]
