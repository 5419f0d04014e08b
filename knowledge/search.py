"""Finds the clauses that speak to a question: by words (BM25) and by meaning (vectors), fused by rank.

The vector search is an exact scan of the documents asked for. A document's clauses are embedded when they are first
needed, in one batch with identical paragraphs once, and kept.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from knowledge.chroma import VectorStore
from knowledge.embedding import Embedder, Vectors
from knowledge.models import Clause, Passage, StoredDocument
from knowledge.store import KnowledgeStore
from knowledge.words import WordIndex

_RANK_CONSTANT = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): the usual 60."""
_SHORTEST = 20
"""Characters; a shorter clause is a bare heading and says nothing by itself."""
_KEPT_DOCUMENTS = 512
_CHUNK = 64
"""Passages between two reports of progress."""


class ClauseSearch(Protocol):
    """What the answerer needs of a search; a LangChain retriever fits through `bot.answering.retriever`."""

    def search(self, text: str, documents: Sequence[str], *, limit: int) -> list[Passage]:
        """Return the clauses of the documents that speak to the text, best first."""
        ...


@dataclass(frozen=True, slots=True)
class _Embedded:
    """A document's passages as one matrix; row `i` belongs to the clause at `positions[i]`."""

    sha256: str
    positions: tuple[int, ...]
    matrix: Vectors


def passage_text(document: StoredDocument, clause: Clause) -> str:
    """Return what is embedded of a clause: its own text with white space evened out."""
    return " ".join(document.text[clause.start : clause.body_end].split())


def passage_hash(text: str) -> str:
    """Return the key of a passage's vectors; the same paragraph in two licences is embedded once."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class HybridSearch:
    """Word and vector search over the knowledge in force."""

    def __init__(
        self, store: KnowledgeStore, words: WordIndex | None, embeddings: Embedder, vectors: VectorStore
    ) -> None:
        self._store = store
        self._words = words
        self._embeddings = embeddings
        self._vectors = vectors
        self._cache: OrderedDict[str, _Embedded] = OrderedDict()

    def search(self, text: str, documents: Sequence[str], *, limit: int = 8) -> list[Passage]:
        """Return at most `limit` clauses of the documents, best first; scores are fused ranks."""
        question = self._embeddings.query(text)
        fused: dict[tuple[str, int], float] = {}
        for ranking in (self._by_meaning(question, documents), self._by_words(text, documents)):
            for rank, place in enumerate(ranking):
                fused[place] = fused.get(place, 0.0) + 1.0 / (_RANK_CONSTANT + rank)
        best = sorted(fused, key=lambda place: (-fused[place], place))[:limit]
        return [Passage(key, self._store.document(key).clauses[pos], pos, fused[key, pos]) for key, pos in best]

    def embed(self, documents: Sequence[str], progress: Callable[[int, int], None] | None = None) -> int:
        """Embed what is not embedded yet of the documents; return the number of passages embedded now."""
        label = passage_hash("\n".join([self._store.state.version, *documents]))
        if self._vectors.is_marked(label):
            return 0
        texts = {passage_hash(t): t for key in documents for _, t in self._passages(self._store.document(key))}
        count = self._embed_missing(texts, progress)
        self._vectors.mark(label)
        return count

    def _by_meaning(self, question: Vectors, documents: Sequence[str]) -> list[tuple[str, int]]:
        scored: dict[tuple[str, int], float] = {}
        for key in documents:
            embedded = self._embedded(key)
            for position, score in zip(embedded.positions, embedded.matrix @ question, strict=True):
                scored[key, position] = max(float(score), scored.get((key, position), -1.0))
        return sorted(scored, key=lambda place: (-scored[place], place))[:50]

    def _by_words(self, text: str, documents: Sequence[str]) -> list[tuple[str, int]]:
        if self._words is None or not documents:
            return []
        return [(key, position) for key, position, _ in self._words.search(text, documents, limit=50)]

    def _passages(self, document: StoredDocument) -> list[tuple[int, str]]:
        texts = ((p, passage_text(document, c)) for p, c in enumerate(document.clauses))
        return [(p, t) for p, t in texts if len(t) >= _SHORTEST]

    def _embedded(self, key: str) -> _Embedded:
        document = self._store.document(key)
        held = self._cache.get(key)
        if held is not None and held.sha256 == document.sha256:
            self._cache.move_to_end(key)
            return held
        passages = self._passages(document)
        hashes = [passage_hash(t) for _, t in passages]
        texts = dict(zip(hashes, (t for _, t in passages), strict=True))
        self._embed_missing(texts, None)
        found = self._vectors.get(self._windows(texts))
        rows = [(p, found[h]) for (p, _), h in zip(passages, hashes, strict=True)]
        positions = tuple(p for p, vectors in rows for _ in vectors)
        empty = np.empty((0, self._embeddings.dimensions), dtype=np.float32)
        matrix = np.concatenate([v for _, v in rows]) if rows else empty
        self._cache[key] = _Embedded(document.sha256, positions, matrix)
        while len(self._cache) > _KEPT_DOCUMENTS:
            self._cache.popitem(last=False)
        return self._cache[key]

    def _windows(self, texts: dict[str, str]) -> dict[str, int]:
        return dict(zip(texts, self._embeddings.windows(list(texts.values())), strict=True))

    def _embed_missing(self, texts: dict[str, str], progress: Callable[[int, int], None] | None) -> int:
        windows = self._windows(texts)
        held = self._vectors.get(windows)
        missing = sorted((h for h in texts if h not in held), key=lambda h: len(texts[h]))
        for at in range(0, len(missing), _CHUNK):
            part = missing[at : at + _CHUNK]
            vectors = self._embeddings.passages([texts[h] for h in part])
            self._vectors.put(dict(zip(part, vectors, strict=True)))
            if progress:
                progress(min(at + _CHUNK, len(missing)), len(missing))
        return len(missing)
