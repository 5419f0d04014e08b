"""The searches: by words (BM25), by meaning (vectors), and both together on the real Llama 3 text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.services import Services
from ingestion.fingerprint import words_folder
from ingestion.pipeline import ingest
from ingestion.sources.path import PathSource
from knowledge.chroma import MemoryVectors
from knowledge.database import open_database
from knowledge.embedding import OnnxEmbeddings, Vectors
from knowledge.search import HybridSearch, passage_hash, passage_text
from knowledge.store import KnowledgeStore
from knowledge.words import WordIndex, WordIndexError, build_word_index

CLAUSES = [
    ("garden", 0, "Watering. The tenant waters the roses every evening."),
    ("garden", 1, "Fees. Nobody pays for walking in the garden."),
    ("boat", 0, "Watering. Boats are distributed by lot; distributing them twice is forbidden."),
    ("boat", 1, "Die Übergabe erfolgt mit Schlüssel. 船舶"),
]
LLAMA = ["llama-3-community-license", "llama-3-acceptable-use-policy"]
GARDEN = """GARDEN TERMS

1. Watering. The tenant waters the roses every evening before the sun goes down.

2. Fees. Nobody pays for walking in the garden on Sundays and on public holidays.

3. Notices. This paragraph stands in both texts and is embedded only once of course.
"""
BOAT = """BOAT TERMS

1. Rowing. The rower brings the boat back before the harbour master closes the gate.

2. Paint. Boats keep the colour that they had when they were handed over to the rower.

3. Notices. This paragraph stands in both texts and is embedded only once of course.
"""


# --- by words --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> WordIndex:
    """A small real index."""
    folder = tmp_path_factory.mktemp("index") / "one"
    build_word_index(folder, CLAUSES)
    return WordIndex(folder)


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("who waters roses?", ("garden", 0)), ("watered rose", ("garden", 0)), ("paying", ("garden", 1)),
        ("may we distribute it?", ("boat", 0)), ("ÜBERGABE", ("boat", 1)), ("WALKS", ("garden", 1)),
    ],
)  # fmt: skip
def test_stemmed_words_are_found(words: WordIndex, question: str, place: tuple[str, int]) -> None:
    """A word is found in its other forms, whatever its case, best clause first."""
    assert words.search(question)[0][:2] == place


def test_search_keeps_to_the_documents_asked_for(words: WordIndex) -> None:
    """With documents given, only their clauses come back; without, those of all."""
    everywhere = {key for key, _, _ in words.search("watering")}
    boats = {key for key, _, _ in words.search("watering", ["boat"])}

    assert everywhere == {"garden", "boat"}
    assert boats == {"boat"}
    assert words.search("watering", ["no such text"]) == []


def test_best_come_first_and_no_more_than_asked(words: WordIndex) -> None:
    """Scores fall and are positive, and `limit` holds."""
    scores = [score for _, _, score in words.search("watering roses garden boats", limit=3)]

    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3
    assert scores[-1] > 0


@pytest.mark.parametrize(
    "question",
    ["", "   ", "?!", "roses AND (", '"roses', "text:roses OR *", "roses^2~", "a\\", "NOT", "-roses", "[x TO y]", "🙂",
     "\x00", "document:garden", "roses " * 10_000, "+" * 1000],
)  # fmt: skip
def test_special_characters_do_not_raise(words: WordIndex, question: str) -> None:
    """What the query language would read as an operator is only a word, or nothing."""
    found = {place[:2] for place in words.search(question)}

    assert found <= {place[:2] for place in CLAUSES}
    assert ("garden", 0) in found if "roses" in question else ("garden", 0) not in found


def test_operators_have_no_power(words: WordIndex) -> None:
    """A question cannot negate or leave the text field: `NOT` and `document:` are read as words."""
    assert words.search("NOT roses")[0][:2] == ("garden", 0)
    assert words.search("document:boat roses")[0][:2] == ("garden", 0)


def test_missing_index_is_one_clear_error(tmp_path: Path) -> None:
    """Without an index, or with a broken one, the error says what to run."""
    broken = tmp_path / "broken"
    build_word_index(broken, CLAUSES)
    (broken / "meta.json").write_text("{", encoding="utf-8")

    for folder in (tmp_path / "nothing", broken):
        with pytest.raises(WordIndexError, match="run `clausebot ingest`"):
            WordIndex(folder)


def test_index_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    """An index whose clauses end in an error does not appear; one that stood there before is untouched."""

    def clauses() -> Iterator[tuple[str, int, str]]:
        yield CLAUSES[2]
        raise RuntimeError

    build_word_index(tmp_path / "one", CLAUSES[:2])
    for name in ("one", "two"):
        with pytest.raises(RuntimeError):
            build_word_index(tmp_path / name, clauses())

    assert [place[:2] for place in WordIndex(tmp_path / "one").search("roses boats")] == [("garden", 0)]
    assert not (tmp_path / "two").exists()


# --- by meaning and by words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "number", "document"),
    [
        ("How many monthly users may we have before we must ask for a special licence?", "2", LLAMA[0]),
        ("Which courts decide a dispute and which law governs?", "7", LLAMA[0]),
        ("Who owns the derivative works that we make?", "5", LLAMA[0]),
        ("Do we have to show a badge such as Built with?", "1.b.i", LLAMA[0]),
        ("Is it forbidden to engage in the unlicensed practice of a medical or health profession?", "", LLAMA[1]),
    ],
)
def test_right_clause_of_the_real_text_is_found(services: Services, question: str, number: str, document: str) -> None:
    """Over the real Llama 3 licence and policy the clause that answers is among the first three."""
    found = services.search.search(question, LLAMA, limit=3)
    text = services.store.document(document).text

    assert any(p.document_key == document and p.clause.number.startswith(number) for p in found)
    assert all(0 <= p.clause.start < p.clause.end for p in found)
    if not number:
        assert any("medical" in text[p.clause.start : p.clause.end] for p in found if p.document_key == document)


def test_scores_fall_and_limit_holds(services: Services) -> None:
    """Passages come best first, at most as many as asked for, no clause twice."""
    found = services.search.search("health and medicine", LLAMA, limit=5)

    assert len(found) == 5
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert len({(p.document_key, p.position) for p in found}) == 5


def test_search_in_nothing_finds_nothing(services: Services) -> None:
    """No documents, no passages; an unknown document is a `KeyError`."""
    assert services.search.search("health", [], limit=5) == []
    with pytest.raises(KeyError):
        services.search.search("health", ["no such text"], limit=5)


# --- what is embedded, and when --------------------------------------------------------------------------------


class CountingModel(OnnxEmbeddings):
    """The real model, which notes what it embeds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.embedded: list[str] = []

    def passages(self, texts: Sequence[str]) -> list[Vectors]:
        self.embedded += texts
        return super().passages(texts)


@dataclass
class Own:
    """A search over two invented texts that share a paragraph, and the parts that it works with."""

    home: Path
    texts: Path
    engine: Engine
    model: CountingModel
    vectors: MemoryVectors

    def search(self) -> HybridSearch:
        """Return a search as a new process would open it."""
        store = KnowledgeStore(self.engine)
        words = WordIndex(words_folder(self.home, store.state.version))
        return HybridSearch(store, words, self.model, self.vectors)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two texts, and a data folder into which they were ingested."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "texts").mkdir()
    (folder / "texts" / "garden.txt").write_text(GARDEN, encoding="utf-8")
    (folder / "texts" / "boat.txt").write_text(BOAT, encoding="utf-8")
    engine = open_database(f"sqlite:///{folder / 'clausebot.db'}")
    ingest(engine, folder, [PathSource(folder / "texts")])
    engine.dispose()
    return folder


@pytest.fixture
def own(template: Path, tmp_path: Path, model: Path) -> Iterator[Own]:
    """A copy of the template with nothing embedded."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    engine = open_database(f"sqlite:///{tmp_path / 'clausebot.db'}")
    yield Own(tmp_path, tmp_path / "texts", engine, CountingModel(model), MemoryVectors())
    engine.dispose()


def test_identical_paragraphs_are_embedded_once(own: Own) -> None:
    """A paragraph that two texts share is embedded once, and both find it."""
    search = own.search()
    count = search.embed(["garden", "boat"])
    found = search.search("notices paragraph in both texts", ["garden", "boat"], limit=2)

    assert len(set(own.model.embedded)) == len(own.model.embedded)
    assert count == own.vectors.count() == 5
    assert sum("stands in both texts" in t for t in own.model.embedded) == 1
    assert {p.document_key for p in found} == {"garden", "boat"}


def test_texts_are_embedded_when_first_needed(own: Own) -> None:
    """Opening embeds nothing; a question embeds the texts that it is about, once, and no other."""
    search = own.search()
    assert own.vectors.count() == 0
    first = search.search("who waters the roses?", ["garden"], limit=1)
    embedded = len(own.model.embedded)
    again = search.search("who waters the roses?", ["garden"], limit=1)

    assert first == again
    assert len(own.model.embedded) == embedded + 1
    assert not any("harbour" in t for t in own.model.embedded)
    assert search.embed(["garden"]) == 0


def test_kept_vectors_are_used_by_the_next_process(own: Own) -> None:
    """A search that finds the vectors kept embeds nothing but the question."""
    own.search().embed(["garden", "boat"])
    own.model.embedded.clear()
    found = own.search().search("who waters the roses?", ["garden", "boat"], limit=1)

    assert found[0].document_key == "garden"
    assert own.model.embedded == ["who waters the roses?"]


def test_progress_ends_with_all_done(own: Own) -> None:
    """Embedding ahead reports how much there is and that all of it is done."""
    told: list[tuple[int, int]] = []
    count = own.search().embed(["garden", "boat"], lambda done, total: told.append((done, total)))

    assert told[-1] == (count, count)


def test_changed_text_is_embedded_anew(own: Own) -> None:
    """After a text has changed only its changed paragraphs are embedded, and the new words are found."""
    search = own.search()
    search.embed(["garden", "boat"])
    own.model.embedded.clear()
    (own.texts / "garden.txt").write_text(GARDEN.replace("roses", "tulips"), encoding="utf-8")
    ingest(own.engine, own.home, [PathSource(own.texts)])
    fresh = own.search()
    found = fresh.search("who waters the tulips?", ["garden"], limit=1)
    text = KnowledgeStore(own.engine).document("garden").text

    assert "tulips" in text[found[0].clause.start : found[0].clause.end]
    assert [t.split(".")[0] for t in own.model.embedded if "?" not in t] == ["1"]


def test_open_search_follows_a_changed_text(own: Own) -> None:
    """A search that is open while a text changes finds the new words once its store has refreshed."""
    store = KnowledgeStore(own.engine)
    search = HybridSearch(store, None, own.model, own.vectors)
    search.search("who waters the roses?", ["garden"], limit=1)
    (own.texts / "garden.txt").write_text(GARDEN.replace("roses", "tulips"), encoding="utf-8")
    ingest(own.engine, own.home, [PathSource(own.texts)])
    store.refresh()
    found = search.search("who waters the tulips?", ["garden"], limit=1)

    assert "tulips" in store.document("garden").text[found[0].clause.start : found[0].clause.end]


def test_passages_are_even_and_keyed_by_their_text(services: Services) -> None:
    """White space is evened out before a passage is hashed; other words have another hash."""
    document = services.store.document(LLAMA[0])
    texts = [passage_text(document, clause) for clause in document.clauses]

    assert all(t == " ".join(t.split()) for t in texts)
    assert len({passage_hash(t) for t in texts}) == len(set(texts))
    assert passage_hash("a\ud800") != passage_hash("a")
