"""The vector store: what is put in comes out, one process owns it, and damage is told."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.chroma import ChromaVectors, MemoryVectors, VectorStore, VectorStoreBusyError, VectorStoreError
from knowledge.embedding import Vectors
from tests.conftest import clean_environment, run_python

DIMENSIONS = 8
OWNER = """
import sys
from pathlib import Path
from knowledge.chroma import ChromaVectors
vectors = ChromaVectors(Path(sys.argv[1]), model="test", dimensions=8)
print("owned", flush=True)
sys.stdin.readline()
"""


def rows(count: int, seed: int = 1) -> Vectors:
    """Return vectors of length 1."""
    made = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., ChromaVectors]]:
    """Open stores in one folder that are closed at the end."""
    stores: list[ChromaVectors] = []

    def open_store(folder: Path = tmp_path / "chroma", model: str = "test") -> ChromaVectors:
        stores.append(ChromaVectors(folder, model=model, dimensions=DIMENSIONS))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture(params=["chroma", "memory"])
def store(request: pytest.FixtureRequest, opened: Callable[..., ChromaVectors]) -> VectorStore:
    """Each real store: the one on disk and the one of a process that finds the folder taken."""
    return opened() if request.param == "chroma" else MemoryVectors()


def test_vectors_come_back_as_they_were_put(store: VectorStore) -> None:
    """Vectors of one and of several windows come back to the bit, whole, under their own key."""
    store.put({"a": rows(1), "b": rows(3, seed=2)})
    found = store.get({"a": 1, "b": 3, "never put": 1})

    assert set(found) == {"a", "b"}
    assert np.array_equal(found["a"], rows(1))
    assert np.array_equal(found["b"], rows(3, seed=2))
    assert store.count() == 4


def test_same_passage_again_is_replaced(store: VectorStore) -> None:
    """Putting a passage twice keeps one."""
    store.put({"a": rows(2)})
    store.put({"a": rows(2, seed=5)})

    assert np.array_equal(store.get({"a": 2})["a"], rows(2, seed=5))
    assert store.count() == 2


def test_nothing_asked_is_nothing(store: VectorStore) -> None:
    """Empty requests do nothing."""
    store.put({})

    assert store.get({}) == {}
    assert store.count() == 0


def test_passage_that_is_not_held_whole_is_not_given(opened: Callable[..., ChromaVectors]) -> None:
    """A passage of which a window is missing counts as not held."""
    store = opened()
    store.put({"a": rows(2)})

    assert store.get({"a": 3}) == {}


def test_more_than_one_batch(opened: Callable[..., ChromaVectors]) -> None:
    """Thousands of vectors in one call are all kept and found."""
    store = opened()
    many = {f"p{i}": rows(1, seed=i) for i in range(4100)}
    store.put(many)
    found = store.get(dict.fromkeys(many, 1))

    assert store.count() == 4100
    assert all(np.array_equal(found[key], many[key]) for key in many)


def test_vectors_survive_reopening(opened: Callable[..., ChromaVectors]) -> None:
    """After closing and opening again every vector is there; the owner's lock was let go."""
    store = opened()
    store.put({"a": rows(2)})
    store.close()
    again = opened()

    assert np.array_equal(again.get({"a": 2})["a"], rows(2))


def test_each_model_has_its_own_vectors(opened: Callable[..., ChromaVectors]) -> None:
    """Vectors of one model are never given as those of another."""
    store = opened()
    store.put({"a": rows(1)})
    store.close()
    other = opened(model="other")

    assert other.get({"a": 1}) == {}


def test_second_process_is_refused(tmp_path: Path, opened: Callable[..., ChromaVectors]) -> None:
    """While one process owns the folder another gets `VectorStoreBusyError`; when it has died, the folder is free."""
    folder = tmp_path / "chroma"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        env=clean_environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        with pytest.raises(VectorStoreBusyError, match="Another process owns"):
            opened(folder)
    finally:
        owner.kill()
        owner.communicate()

    assert opened(folder).count() == 0


@pytest.mark.parametrize("content", [b"", b"this is no database " * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_damaged_folder_is_one_clear_error(
    tmp_path: Path, opened: Callable[..., ChromaVectors], content: bytes
) -> None:
    """A damaged database is refused with what to do, or, where it is merely empty, made anew; the lock is let go."""
    folder = tmp_path / "chroma"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(content)
    if not content:
        assert opened(folder).count() == 0
        return
    for _ in range(2):
        with pytest.raises(VectorStoreError, match="delete that folder") as caught:
            opened(folder)

        assert not isinstance(caught.value, VectorStoreBusyError)


def test_server_that_does_not_answer_is_one_clear_error(tmp_path: Path) -> None:
    """A Chroma server that cannot be reached is named with the setting to check."""
    with pytest.raises(VectorStoreError, match="CLAUSEBOT_CHROMA_URL"):
        ChromaVectors(tmp_path, model="test", dimensions=DIMENSIONS, url="http://127.0.0.1:9")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real Chroma server on a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(tmp_path / "served")]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=clean_environment(tmp_path), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(150):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


SERVED = """
import sys
from pathlib import Path
import numpy as np
from knowledge.chroma import ChromaVectors
stores = [ChromaVectors(Path(sys.argv[1]), model="test", dimensions=8, url=sys.argv[2]) for _ in range(2)]
held = np.eye(8, dtype=np.float32)[:2]
stores[0].put({"a": held})
found = stores[1].get({"a": 2, "b": 1})
print(list(found), bool(np.allclose(found["a"], held)))
"""


def test_a_served_chroma_needs_no_owner(tmp_path: Path, server: str) -> None:
    """Two clients of one server see the same vectors: the server serialises them, so there is no lock."""
    # In a process of its own: chromadb's HTTP client leaves its sockets for the end of the process to close.
    printed = run_python(SERVED, str(tmp_path / "unused"), server, home=tmp_path)

    assert printed.strip() == "['a'] True"


def test_an_absent_server_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The message names the setting to look at."""
    with pytest.raises(VectorStoreError, match="CLAUSEBOT_CHROMA_URL"):
        ChromaVectors(tmp_path, model="test", dimensions=DIMENSIONS, url="http://127.0.0.1:9")
