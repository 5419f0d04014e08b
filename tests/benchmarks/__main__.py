"""Prints the figures of the README as a table. Give names of measurements to run only those.

`legal` runs only where it is named: it makes a record of `--rows` decisions. `peer` needs `pip install -e ".[bench]"`.
`CLAUSEBOT_MIRROR` names the folder of official texts, as for ingestion.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.log import set_up_logging
from tests.benchmarks.legal import legal
from tests.benchmarks.slack import slack

QUESTIONS = (
    "can we fine-tune Llama 3 for a health app?",
    "Is it fine to ship Mixtral 8x7B quantised to 4 bit inside an appliance that we sell?",
    "We host BLOOM behind an API for an insurance company, what do we have to pass on?",
    "Can a university publish weights of an SDXL finetune on the Hub?",
    "Do outputs of Llama 3.1 405B train our own 7B model, and how must it be called?",
    "Internal only: Gemma 2 9B summarises tickets for our staff. Any duty?",
    "Is StarCoder2 allowed for a bot that screens CVs and rejects applicants by itself?",
    "We have 900 million monthly active users. May we offer Llama 3.2 in our messenger?",
)
ROUNDS = 12
CLAUSEBOT = str(Path(sys.executable).with_name("clausebot"))


@contextmanager
def fresh_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clausebot-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CLAUSEBOT_HOME": str(home)}


def run(home: Path, *arguments: str) -> tuple[float, float]:
    """Return wall seconds and peak MB of one whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.perf_counter()
    subprocess.run([CLAUSEBOT, *arguments], env=environment(home), check=True, capture_output=True)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return seconds, max(before, after) / 1024


def median_ms(action: Callable[[str], object]) -> tuple[float, float]:
    """Return median and 95th percentile of an action over all questions, in milliseconds, after one warm-up each."""
    for question in QUESTIONS:
        action(question)
    times = []
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            started = time.perf_counter()
            action(question)
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def first_answer(home: Path) -> None:
    """From the end of the installation to the first answer, nothing there before."""
    with fresh_home() as folder:
        seconds, peak = run(folder, "ask", QUESTIONS[0])
        again, _ = run(folder, "ask", QUESTIONS[0])
    print(f"first answer on a fresh machine      {seconds:8.1f} s   peak {peak:.0f} MB (target: under 60 s)")
    print(f"next answer, whole process           {again:8.1f} s")


def memory(home: Path) -> None:
    """Peak memory of a process that answers; its own process, so that no other run counts."""
    code = (
        "import resource, sys\nfrom bot.log import set_up_logging\nset_up_logging(verbose=False)\n"
        "from bot.model import Question\nfrom bot.services import open_services\n"
        "from bot.settings import read_settings\nfrom tests.benchmarks.__main__ import QUESTIONS\n"
        "with open_services(read_settings()) as s:\n"
        "    [s.answerer.answer(Question(q)) for q in QUESTIONS * 3]\n"
        "    heavy = [m for m in ('torch', 'sentence_transformers', 'transformers') if m in sys.modules]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, heavy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(home), check=True, capture_output=True, text=True
    )
    print(f"peak memory of a process that answers {done.stdout.strip()} MB, heavy imports (target: 700 MB, none)")


def card(home: Path) -> None:
    """`license NAME` as a whole process."""
    times = sorted(run(home, "license", "Llama 3.1")[0] for _ in range(7))
    print(f"license NAME, whole process          {statistics.median(times):8.2f} s   (target: at most 1.0 s)")


def answers(home: Path) -> None:
    """A whole warm answer against the embedding of its question and, if installed, a LangChain chain."""
    from bot.model import Question
    from bot.services import open_services
    from bot.settings import read_settings

    os.environ["CLAUSEBOT_HOME"] = str(home)
    with open_services(read_settings()) as services:
        embeddings = services.search._embeddings
        floor, floor_95 = median_ms(embeddings.query)
        whole, whole_95 = median_ms(lambda q: services.answerer.answer(Question(q)))
        floor_again, _ = median_ms(embeddings.query)
        floor = (floor + floor_again) / 2
        print(f"one embedding of the question        {floor:8.2f} ms  p95 {floor_95:.2f}")
        print(f"a whole warm answer, audited         {whole:8.2f} ms  p95 {whole_95:.2f}")
        print(f"  ratio to the embedding             {whole / floor:8.2f}     (target: at most 4)")
        _peer(home, services, whole)


def _peer(home: Path, services: object, whole: float) -> None:
    try:
        from langchain_chroma import Chroma
        from langchain_huggingface import HuggingFaceEmbeddings
    except ImportError:
        print('  LangChain + Chroma chain           not installed: pip install -e ".[bench]"')
        return
    import chromadb

    from knowledge.models_folder import PACKAGED_MODEL, model_path
    from knowledge.search import passage_hash

    keys = services.documents_to_embed(everything=False)  # type: ignore[attr-defined]
    store, search = services.store, services.search  # type: ignore[attr-defined]
    texts = {passage_hash(t): t for key in keys for _, t in search._passages(store.document(key))}
    windows = dict.fromkeys(texts, 1)
    vectors = search._vectors.get(windows)
    with fresh_home() as folder:
        settings = chromadb.config.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(str(folder), settings=settings)
        peer = Chroma(
            client=client,
            collection_name="peer",
            embedding_function=HuggingFaceEmbeddings(model_name=model_path(PACKAGED_MODEL)),
        )
        ids = list(vectors)
        for at in range(0, len(ids), 2000):
            part = ids[at : at + 2000]
            peer._collection.add(ids=part, embeddings=[vectors[i][0] for i in part], documents=[texts[i] for i in part])
        median, p95 = median_ms(lambda q: peer.similarity_search(q, k=8))
        print(f"LangChain + Chroma, 8 of {len(ids):6} clauses {median:6.2f} ms  p95 {p95:.2f}")
        print(f"  ratio of our whole answer to it    {whole / median:8.2f}     (target: below 1)")


def ingestion(home: Path) -> None:
    """`ingest` of the default set against the bare embedding of the same clauses; then again, nothing changed."""
    from bot.services import open_services
    from bot.settings import read_settings
    from knowledge.search import passage_hash

    with fresh_home() as folder:
        shutil.copytree(home / "models", folder / "models")
        seconds, _ = run(folder, "ingest")
        again, _ = run(folder, "ingest")
        os.environ["CLAUSEBOT_HOME"] = str(folder)
        with open_services(read_settings()) as services:
            keys = services.documents_to_embed(everything=False)
            passages = services.search._passages
            texts = {passage_hash(t): t for key in keys for _, t in passages(services.store.document(key))}
            ordered = sorted(texts.values(), key=len)
            started = time.perf_counter()
            for at in range(0, len(ordered), 64):
                services.search._embeddings.passages(ordered[at : at + 64])
            bare = time.perf_counter() - started
    print(f"ingest, {len(keys)} texts, {len(ordered)} passages  {seconds:8.1f} s")
    print(f"bare embedding of the same           {bare:8.1f} s")
    print(f"  ratio                              {seconds / bare:8.2f}     (target: at most 2)")
    print(f"ingest again, nothing changed        {again:8.2f} s   (target: under 5 s)")


MEASUREMENTS = {
    "first": first_answer,
    "card": card,
    "memory": memory,
    "answers": answers,
    "ingest": ingestion,
    "slack": slack,
}


def main() -> None:
    set_up_logging(verbose=False)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*MEASUREMENTS, "legal"]))
    parser.add_argument("--rows", type=int, default=1_000_000, help="decisions in the record of `legal`")
    given = parser.parse_args()
    measurements = MEASUREMENTS | {"legal": lambda home: legal(home, given.rows)}
    wanted = given.names or list(MEASUREMENTS)
    if strange := [name for name in wanted if name not in measurements]:
        parser.error(f"there is no measurement {strange[0]!r}")
    with fresh_home() as home:
        run(home, "ingest")
        for name in wanted:
            measurements[name](home)


if __name__ == "__main__":
    main()
