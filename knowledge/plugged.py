"""The seam for embeddings of one's own: any LangChain `Embeddings` in place of the packaged model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge.embedding import Vectors

WINDOW_CHARACTERS = 900
OVERLAP_CHARACTERS = 200
"""A foreign model's token limit is not known; 900 characters of legal English are some 200 tokens."""


class PluggedEmbeddings:
    """Gives a LangChain `Embeddings` the shape that the search uses; vectors are brought to length 1."""

    def __init__(self, embeddings: Embeddings, name: str) -> None:
        self._embeddings = embeddings
        self.name = name
        self.fingerprint = hashlib.sha256(name.encode()).hexdigest()[:12]
        self.dimensions = len(embeddings.embed_query("probe"))

    def query(self, text: str) -> Vectors:
        """Return the vector of one question."""
        return _unit(np.asarray(self._embeddings.embed_query(text), dtype=np.float32))

    def passages(self, texts: Sequence[str]) -> list[Vectors]:
        """Return the vectors of every passage, shape `(windows, dimensions)`; long ones in overlapping windows."""
        pieces = [(position, piece) for position, text in enumerate(texts) for piece in _windows(text)]
        vectors = self._embeddings.embed_documents([piece for _, piece in pieces])
        grouped: list[list[Vectors]] = [[] for _ in texts]
        for (position, _), vector in zip(pieces, vectors, strict=True):
            grouped[position].append(_unit(np.asarray(vector, dtype=np.float32)))
        return [np.stack(group) for group in grouped]

    def windows(self, texts: Sequence[str]) -> list[int]:
        """Return how many windows each passage has."""
        return [len(list(_windows(text))) for text in texts]


def _windows(text: str) -> Iterator[str]:
    start = 0
    while True:
        yield text[start : start + WINDOW_CHARACTERS]
        if start + WINDOW_CHARACTERS >= len(text):
            return
        start += WINDOW_CHARACTERS - OVERLAP_CHARACTERS


def _unit(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, dtype=np.float32)
