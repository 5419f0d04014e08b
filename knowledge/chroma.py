"""Keeps vectors in Chroma, embedded. The only importer of chromadb.

One process owns the folder at a time: two writers lose vectors without an error. Chroma stores and does not search:
its index misses the best clause for one question in four, and an exact scan of a licence takes 0.02 ms.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from filelock import FileLock, Timeout

from knowledge.embedding import Vectors
from knowledge.errors import KnowledgeError

_BATCH = 2000
"""Records a call; Chroma takes 5,461 at most."""


class VectorStoreError(KnowledgeError):
    """The vector store cannot be opened; it can always be rebuilt from SQL."""


class VectorStoreBusyError(VectorStoreError):
    """Another process owns the vector store."""


class VectorStore(Protocol):
    """Holds the vectors of passages by the hash of the passage's text."""

    def get(self, windows: Mapping[str, int]) -> dict[str, Vectors]:
        """Return the vectors of those passages that are held whole; `windows` says how many each has."""
        ...

    def put(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep the vectors of passages; the same passage again is replaced."""
        ...

    def count(self) -> int:
        """Return how many vectors are held."""
        ...

    def mark(self, label: str) -> None:
        """Remember that everything which the label stands for is held; the number of vectors goes with it."""
        ...

    def is_marked(self, label: str) -> bool:
        """Whether the label was the last one marked and no vector was lost since."""
        ...

    def close(self) -> None:
        """Let another process have the store."""
        ...


class MemoryVectors:
    """Vectors for the life of the process: where another process owns the folder."""

    def __init__(self) -> None:
        self._held: dict[str, Vectors] = {}

    def get(self, windows: Mapping[str, int]) -> dict[str, Vectors]:
        """Return what is held of the asked passages."""
        return {h: self._held[h] for h in windows if h in self._held}

    def put(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors."""
        self._held.update(vectors)

    def count(self) -> int:
        """Return how many vectors are held."""
        return sum(len(v) for v in self._held.values())

    def mark(self, label: str) -> None:
        """Nothing outlives the process, so nothing is remembered."""

    def is_marked(self, label: str) -> bool:  # noqa: ARG002  # the protocol's signature
        """Return `False`: see `mark`."""
        return False

    def close(self) -> None:
        """Nothing to let go of."""


class ChromaVectors:
    """Vectors in a Chroma database, embedded or served, one collection a model."""

    def __init__(self, folder: Path, *, model: str, dimensions: int, url: str | None = None) -> None:
        self._lock = None if url else _owned(folder)
        import chromadb  # noqa: PLC0415  # 0.7 s
        from chromadb.config import Settings  # noqa: PLC0415

        try:
            settings = Settings(anonymized_telemetry=False, allow_reset=False)
            self._client: Any = _served(url, settings) if url else chromadb.PersistentClient(str(folder), settings)
            self._collection = self._client.get_or_create_collection(
                f"clauses-{model}", embedding_function=None, metadata={"dimensions": dimensions}
            )
        except Exception as error:  # Chroma raises bare exceptions of its Rust core for a damaged folder
            self._unlock()
            hint = "check CLAUSEBOT_CHROMA_URL" if url else "delete that folder, it is rebuilt from SQL"
            raise VectorStoreError(f"The vector store {url or folder} cannot be opened ({error}); {hint}.") from error

    def get(self, windows: Mapping[str, int]) -> dict[str, Vectors]:
        """Return the vectors of those passages of which every window is held."""
        ids = [f"{h}.{i}" for h, n in windows.items() for i in range(n)]
        rows: dict[str, Vectors] = {}
        for at in range(0, len(ids), _BATCH):
            found = self._collection.get(ids=ids[at : at + _BATCH], include=["embeddings"])
            embeddings = found["embeddings"]
            if embeddings is not None:
                rows.update(zip(found["ids"], np.asarray(embeddings, dtype=np.float32), strict=True))
        whole = {h: [rows.get(f"{h}.{i}") for i in range(n)] for h, n in windows.items()}
        return {
            h: np.stack([v for v in vs if v is not None]) for h, vs in whole.items() if all(v is not None for v in vs)
        }

    def put(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors; the same passage again is replaced."""
        records = [(f"{h}.{i}", row) for h, rows in vectors.items() for i, row in enumerate(rows)]
        for at in range(0, len(records), _BATCH):
            part = records[at : at + _BATCH]
            self._collection.upsert(ids=[r[0] for r in part], embeddings=np.stack([r[1] for r in part]))

    def count(self) -> int:
        """Return how many vectors are held."""
        return self._collection.count()

    def mark(self, label: str) -> None:
        """Write the label and the number of vectors into the collection's metadata."""
        self._collection.modify(metadata={"embedded": f"{label} {self.count()}"})

    def is_marked(self, label: str) -> bool:
        """Whether the metadata hold the label with the number of vectors that there are."""
        return (self._collection.metadata or {}).get("embedded") == f"{label} {self.count()}"

    def close(self) -> None:
        """Close the database and let another process have it."""
        self._client.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()


def _owned(folder: Path) -> FileLock:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "owner.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise VectorStoreBusyError(f"Another process owns the vector store in {folder}.") from error
    return lock


def _served(url: str, settings: Any) -> Any:
    import chromadb  # noqa: PLC0415

    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 8000)
    return chromadb.HttpClient(host=parts.hostname or "", port=port, ssl=parts.scheme == "https", settings=settings)
