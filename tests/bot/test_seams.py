"""LangChain parts of one's own: embeddings, a retriever, a chat model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListChatModel
from langchain_core.retrievers import BaseRetriever

from bot.answering.chat_writer import ChatModelWriter
from bot.answering.retriever import ClauseRetriever, RetrieverSearch
from bot.answering.wording import Decided, RulesWriter
from bot.model import Question, Statement, Verdict
from bot.services import Services, open_services
from knowledge.chroma import MemoryVectors
from knowledge.plugged import PluggedEmbeddings
from knowledge.search import HybridSearch

DOCUMENTS = ("llama-3-community-license", "llama-3-acceptable-use-policy")
CONDITION = "Show “Built with Stripes” within 30 days."
DECIDED = Decided(Verdict.CONDITIONAL, (), conditions=[Statement(CONDITION, (0,))])


class Fixed(BaseRetriever):
    """Finds the same three places for every question, one of them foreign and one past the end."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        places = [(DOCUMENTS[0], 3), ("elsewhere", 0), (DOCUMENTS[1], 10**6)]
        return [Document(page_content=query, metadata={"document": d, "position": p}) for d, p in places]


@pytest.fixture
def own_services(services: Services) -> Iterator[Services]:
    """Services of their own over the shared knowledge base."""
    with open_services(services.settings) as own:
        yield own


def test_a_retriever_takes_the_place_of_the_search(own_services: Services) -> None:
    """The answer stands on what the retriever found, foreign and impossible places left out."""
    search = RetrieverSearch(Fixed(), own_services.store)
    own_services.plugged_search = search
    answer = own_services.answerer.answer(Question("can we fine-tune Llama 3 for a health app?"))

    found = [(p.document_key, p.position) for p in search.search("x", DOCUMENTS, limit=8)]
    assert (answer.verdict, found) == (Verdict.CONDITIONAL, [(DOCUMENTS[0], 3)])


def test_our_search_serves_a_chain_as_retriever(services: Services) -> None:
    """Each document is a slice of the stored text, with its offsets."""
    retriever = ClauseRetriever(search=services.search, store=services.store, documents=DOCUMENTS, limit=5)
    found = retriever.invoke("may outputs improve other language models?")

    assert len(found) == 5
    for document in found:
        stored = services.store.document(document.metadata["document"])
        assert document.page_content == stored.text[document.metadata["start"] : document.metadata["end"]]


def test_embeddings_of_ones_own_are_searched(services: Services) -> None:
    """Any LangChain embeddings work; a long passage comes in overlapping windows, each of length 1."""
    plugged = PluggedEmbeddings(DeterministicFakeEmbedding(size=32), "fake")
    search = HybridSearch(services.store, None, plugged, MemoryVectors())
    vectors = plugged.passages(["short", "word " * 500])

    assert len(search.search("anything", DOCUMENTS, limit=4)) == 4
    assert [len(v) for v in vectors] == plugged.windows(["short", "word " * 500])
    assert np.allclose(np.linalg.norm(np.concatenate(vectors), axis=1), 1, atol=1e-5)


def test_a_chat_model_words_the_summary() -> None:
    """Its words follow the verdict's own, and its name is recorded."""
    model = FakeListChatModel(responses=["Put “Built with Stripes” up within 30 days."])
    summary = ChatModelWriter(model, "fake:model").summary(DECIDED)

    assert summary.text == "Yes, on conditions: Put “Built with Stripes” up within 30 days."
    assert summary.written_by == "fake:model"


@pytest.mark.parametrize(
    "reply",
    ["", "Show “Built with Spots”.", "Within 90 days.", "x" * 1000],
    ids=["empty", "another string", "another number", "endless"],
)
def test_what_no_finding_says_is_thrown_away(reply: str) -> None:
    """The rules word it instead."""
    summary = ChatModelWriter(FakeListChatModel(responses=[reply]), "fake:model").summary(DECIDED)

    assert summary == RulesWriter().summary(DECIDED)


class Broken(FakeListChatModel):
    """A provider that is down."""

    def _call(self, *arguments: Any, **options: Any) -> str:
        raise ConnectionError("down")


def test_a_failing_chat_model_does_not_fail_the_answer(own_services: Services) -> None:
    """The rules word it, and the audit row says so."""
    own_services.plugged_writer = ChatModelWriter(Broken(responses=[""]), "fake:model")
    answer = own_services.answerer.answer(Question("may we run Mistral 7B internally?"))

    shown = own_services.audit.show(answer.decision_id)
    assert answer.written_by == "rules"
    assert shown is not None
    assert shown["written_by"] == "rules"
    assert replace(answer).summary.startswith("Yes")
