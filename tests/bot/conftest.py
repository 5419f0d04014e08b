"""Shared by the tests of the bot: data folders of one's own, and a search by words alone."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import structlog

from bot.model import Answer
from bot.services import Services, open_services
from ingestion.fingerprint import words_folder
from knowledge.models import Passage
from knowledge.store import KnowledgeStore
from knowledge.words import WordIndex
from tests.conftest import settings_for


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> None:
    """Keep one log line an answer out of the reports of failures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


class WordSearch:
    """A real search over the real word index, without vectors: quick over hundreds of licences."""

    def __init__(self, words: WordIndex, store: KnowledgeStore) -> None:
        self._words = words
        self._store = store

    def search(self, text: str, documents: Sequence[str], *, limit: int) -> list[Passage]:
        """Return the clauses that hold the words."""
        found = self._words.search(text, documents, limit=limit)
        return [Passage(key, self._store.document(key).clauses[at], at, score) for key, at, score in found]


@pytest.fixture
def own_home(knowledge_home: Path, tmp_path: Path) -> Path:
    """A copy of the whole data folder that a test may change."""
    return Path(shutil.copytree(knowledge_home, tmp_path / "home", symlinks=True))


@pytest.fixture
def own_services(own_home: Path) -> Iterator[Services]:
    """Open services over a copy that a test may change."""
    with open_services(settings_for(own_home)) as opened:
        yield opened


@pytest.fixture(scope="session")
def quick_services(knowledge_home: Path) -> Iterator[Services]:
    """The services over the whole knowledge base, searching by words alone."""
    with open_services(settings_for(knowledge_home)) as opened:
        words = WordIndex(words_folder(knowledge_home, opened.store.state.version))
        opened.plugged_search = WordSearch(words, opened.store)
        yield opened


@pytest.fixture(scope="session")
def assert_sound() -> Callable[[Answer, KnowledgeStore], None]:
    """Checks what has to hold of every answer whatever."""

    def check(answer: Answer, store: KnowledgeStore) -> None:
        shown = answer.to_json()
        statements = [s for part in STATEMENTS for s in shown[part]]
        used = {c for s in statements for c in s["citations"]}

        assert shown["verdict"] in {"allowed", "conditional", "prohibited", "needs_review", "unknown"}
        assert shown["summary"].strip()
        assert used == set(range(len(shown["citations"])))
        assert all(s["citations"] and s["text"].strip() for s in statements)
        assert shown["verdict"] not in {"allowed", "conditional", "prohibited"} or statements
        assert shown["verdict"] != "prohibited" or shown["prohibitions"]
        assert shown["verdict"] != "conditional" or shown["conditions"]
        assert shown["verdict"] != "allowed" or not (shown["conditions"] or shown["prohibitions"] or shown["unclear"])
        assert 0 <= shown["confidence"] <= 1
        for citation in shown["citations"]:
            assert set(citation) == CITATION_KEYS
            if citation["quote"] is None:
                assert not citation["verified"]
                continue
            text = store.texts([citation["text_sha256"]])[citation["text_sha256"]]

            assert citation["verified"] is True
            assert citation["quote"] == text[citation["start"] : citation["end"]]
            assert 0 < len(citation["quote"]) <= 1500
        for subject in shown["subjects"]:
            assert set(subject) == {"kind", "id", "name", "licenses", "inherited_from", "as_of"}
            assert subject["kind"] in {"model", "dataset", "license", "software"}
            for ref in subject["licenses"]:
                assert set(ref) == {"id", "name", "spdx", "version", "source_url"}

    return check


STATEMENTS = ("permissions", "conditions", "prohibitions", "unclear", "notes")
CITATION_KEYS = {
    "license", "document", "clause", "heading", "quote", "verified", "start", "end", "text_sha256", "source_url",
}  # fmt: skip
