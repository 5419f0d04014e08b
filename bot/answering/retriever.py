"""The seam for a retriever of one's own: any LangChain `BaseRetriever` can take the place of our search, and our
search can serve a LangChain chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from knowledge.models import Passage
from knowledge.search import ClauseSearch
from knowledge.store import KnowledgeStore


class RetrieverSearch:
    """Uses a LangChain retriever as the search: its documents carry `document` (key of the text) and `position`."""

    def __init__(self, retriever: BaseRetriever, store: KnowledgeStore) -> None:
        self._retriever = retriever
        self._store = store

    def search(self, text: str, documents: Sequence[str], *, limit: int) -> list[Passage]:
        """Return what the retriever finds within the documents, in its order; foreign passages are dropped."""
        found = []
        for rank, document in enumerate(self._retriever.invoke(text)):
            key, position = document.metadata.get("document"), document.metadata.get("position")
            if not isinstance(key, str) or key not in documents or not isinstance(position, int):
                continue
            clauses = self._store.document(key).clauses
            if 0 <= position < len(clauses):
                found.append(Passage(key, clauses[position], position, 1.0 / (1 + rank)))
        return found[:limit]


class ClauseRetriever(BaseRetriever):
    """Our search as a LangChain retriever over some documents."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    search: Any
    """A `ClauseSearch`."""
    store: Any
    """The `KnowledgeStore` that the search reads."""
    documents: tuple[str, ...]
    limit: int = 8

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002
        search: ClauseSearch = self.search
        return [self._document(p) for p in search.search(query, self.documents, limit=self.limit)]

    def _document(self, passage: Passage) -> Document:
        stored = self.store.document(passage.document_key)
        clause = passage.clause
        return Document(
            page_content=stored.text[clause.start : clause.body_end],
            metadata={
                "document": passage.document_key, "position": passage.position, "clause": clause.number,
                "start": clause.start, "end": clause.body_end, "text_sha256": stored.sha256, "score": passage.score,
            },
        )  # fmt: skip
