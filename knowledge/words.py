"""The word index: BM25 over every clause, in a folder of its own for each knowledge version (tantivy)."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tantivy

from knowledge.errors import KnowledgeError

_WORD = re.compile(r"[^\W_]+")


class WordIndexError(KnowledgeError):
    """The word index of the knowledge in force is missing or broken."""


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("document", stored=True, tokenizer_name="raw")
    builder.add_unsigned_field("position", stored=True)
    builder.add_text_field("text", stored=False, tokenizer_name="en_stem")
    return builder.build()


def build_word_index(folder: Path, clauses: Iterable[tuple[str, int, str]]) -> None:
    """Index `(document key, position, text)` of every clause into `folder`, which appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_behind in folder.parent.glob(".words-*"):  # by an ingestion that was killed; only one runs at a time
        shutil.rmtree(left_behind, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".words-", dir=folder.parent))
    try:
        index = tantivy.Index(_schema(), path=str(scratch))
        writer = index.writer(heap_size=128_000_000, num_threads=2)
        for document, position, text in clauses:
            writer.add_document(tantivy.Document(document=document, position=position, text=text))
        writer.commit()
        writer.wait_merging_threads()
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except (OSError, ValueError) as error:
        full = "too large" in str(error) or "No space" in str(error)
        hint = "The disk is full; free some space." if full else "Check that the folder can be written."
        raise WordIndexError(
            f"The word index could not be written to {folder.parent}. {hint} The previous knowledge base still answers."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class WordIndex:
    """Finds clauses by their words."""

    def __init__(self, folder: Path) -> None:
        try:
            self._index = tantivy.Index(_schema(), path=str(folder))
            self._searcher = self._index.searcher()
        except ValueError as error:
            raise WordIndexError(f"The word index in {folder} cannot be read; run `clausebot ingest`.") from error

    def search(self, text: str, documents: Sequence[str] = (), *, limit: int = 10) -> list[tuple[str, int, float]]:
        """Return `(document key, position, BM25 score)`, best first; within `documents`, if any are given."""
        words = _WORD.findall(text.casefold())[:400]
        if not words:
            return []
        query = self._index.parse_query(" ".join(words), ["text"])
        if documents:
            members = tantivy.Query.term_set_query(_schema(), "document", list(documents))
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, members)])
        found = []
        for score, address in self._searcher.search(query, limit).hits:
            stored = self._searcher.doc(address)
            found.append((stored["document"][0], stored["position"][0], float(score)))
        return found
