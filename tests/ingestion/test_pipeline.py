"""Ingestion: incremental, versioned, one at a time, and whatever interrupts it leaves the old knowledge answering."""

from __future__ import annotations

import csv
import hashlib
import json
import pickle
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import col

from ingestion import fingerprint, pipeline
from ingestion.errors import IngestionError
from ingestion.fingerprint import is_current, words_folder
from ingestion.pipeline import IngestReport, ingest, text_sha256
from ingestion.sources.interface import Failed, Source, SourceText
from ingestion.sources.official import OfficialSource
from ingestion.sources.path import PathSource
from knowledge.database import open_database
from knowledge.models import DocumentKind, Profile
from knowledge.profiles import parse_profile, read_profiles
from knowledge.registry import read_registry
from knowledge.store import KnowledgeStore
from knowledge.tables import ClauseRow, DocumentRow, NameRow
from knowledge.words import WordIndex
from tests.conftest import build, clean_environment

GARDEN = "GARDEN TERMS\n\n1. Watering. The tenant waters the roses.\n\n2. Fees. Nobody pays.\n"
BOAT = "BOAT TERMS\n\n1. Oars. The rower brings the oars back.\n"


@dataclass
class Place:
    """A data folder with an open database, and a folder of texts to ingest from."""

    home: Path
    engine: Engine
    texts: Path
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        (self.texts / f"{name}.txt").write_text(text, encoding="utf-8")

    def ingest(self, *more: Source) -> IngestReport:
        def tell(step: str, done: int, total: int) -> None:
            self.told.append((step, done, total))

        return ingest(self.engine, self.home, [PathSource(self.texts), *more], progress=tell)

    @property
    def store(self) -> KnowledgeStore:
        """What a process that opens the knowledge base now reads."""
        return KnowledgeStore(self.engine)

    def found(self, word: str) -> set[str]:
        """Return the texts in which the word index in force finds a word."""
        index = WordIndex(words_folder(self.home, self.store.state.version))
        return {key for key, _, _ in index.search(word)}

    def everything(self) -> dict[str, Any]:
        """Return all that answers are made of, to compare before and after."""
        store = self.store
        return {
            "state": store.current_state(),
            "texts": {key: store.document(key) for key, _ in store.current_documents()},
            "names": store.names(),
            "licenses": [store.license(i) for i in store.license_ids() if i in {"garden", "boat"}],
            "roses": self.found("roses"),
        }


def parse_once(patch: pytest.MonkeyPatch) -> None:
    """Let the real profiles and registry be parsed once for all tests."""
    patch.setattr(pipeline, "read_profiles", lambda: iter(_profiles()))
    patch.setattr(pipeline, "read_registry", _registry)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which one invented text was ingested, beside the texts that it came from."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "texts").mkdir()
    (folder / "texts" / "garden.txt").write_text(GARDEN, encoding="utf-8")
    engine = open_database(f"sqlite:///{folder / 'home' / 'clausebot.db'}")
    with pytest.MonkeyPatch.context() as patch:
        parse_once(patch)
        ingest(engine, folder / "home", [PathSource(folder / "texts")])
    engine.dispose()
    (folder / "home" / "parsed.pickle").write_bytes(pickle.dumps((_profiles(), _registry())))
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place with one text that is ingested already."""
    parse_once(monkeypatch)
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    home = tmp_path / "home"
    made = Place(home, open_database(f"sqlite:///{home / 'clausebot.db'}"), tmp_path / "texts")
    yield made
    made.engine.dispose()


@cache
def _profiles() -> tuple[Profile, ...]:
    return tuple(read_profiles())


_registry = cache(read_registry)


class Texts:
    """A source that yields what it is given, and raises what it is given."""

    name = "path"

    def __init__(self, *found: SourceText | Failed | BaseException) -> None:
        self._found = found

    def collect(self) -> Iterator[SourceText | Failed]:
        for one in self._found:
            if isinstance(one, BaseException):
                raise one
            yield one


def text_of(key: str, text: str) -> SourceText:
    return SourceText(key=key, title=key.title(), kind=DocumentKind.LICENSE, text=text, source="path")


# --- the whole knowledge base ----------------------------------------------------------------------------------


def test_whole_build_fails_nowhere(built: tuple[Path, IngestReport]) -> None:
    """Every text of ScanCode and the mirror is taken, and every pin on a text that is here stands."""
    _, report = built

    assert report.failed == ()
    assert len(report.added) > 2700
    assert (report.changed, report.unchanged) == ((), 0)


def test_second_run_over_everything_changes_nothing(own_home: Path, mirror: Path) -> None:
    """With nothing changed a second ingestion keeps the version and every row, and divides and writes nothing."""
    database = own_home / "clausebot.db"
    engine = open_database(f"sqlite:///{database}")
    before = KnowledgeStore(engine).current_state()
    engine.dispose()
    report = build(own_home, mirror)
    engine = open_database(f"sqlite:///{database}")
    after = KnowledgeStore(engine).current_state()
    engine.dispose()

    assert before is not None
    assert (report.added, report.changed, report.failed) == ((), (), ())
    assert report.unchanged == before.documents
    assert after == before
    assert report.version == before.version


# --- incremental and versioned ---------------------------------------------------------------------------------


def test_second_run_does_only_read(place: Place) -> None:
    """With nothing changed only the texts are read: no step of building is told."""
    before = place.everything()
    report = place.ingest()

    assert (report.added, report.changed, report.unchanged, report.failed) == ((), (), 1, ())
    assert {step for step, _, _ in place.told} == {"Reading texts"}
    assert place.everything() == before


def test_added_text_is_found(place: Place) -> None:
    """A new text is added, divided, named and indexed; the old one is not divided again."""
    place.write("boat", BOAT)
    report = place.ingest()

    assert (report.added, report.changed, report.unchanged) == (("boat",), (), 1)
    assert ("Dividing texts into clauses", 0, 1) in place.told
    assert place.store.document("boat").text == BOAT
    assert place.found("oars") == {"boat"}
    assert [n.target for n in place.store.named("boat")] == ["boat"]


def test_changed_text_supersedes_and_keeps_the_old_version(place: Place) -> None:
    """A changed text is answered from at once; the old version stays, marked with the time, for old quotes."""
    changed = GARDEN.replace("roses", "tulips")
    place.write("garden", changed)
    report = place.ingest()
    with place.engine.connect() as connection:
        rows = connection.execute(
            select(DocumentRow.sha256, DocumentRow.superseded_at)  # type: ignore[call-overload]
            .where(col(DocumentRow.key) == "garden")
            .order_by(col(DocumentRow.id))
        ).all()

    assert (report.added, report.changed, report.unchanged) == ((), ("garden",), 0)
    assert place.store.document("garden").text == changed
    assert [(sha, when is None) for sha, when in rows] == [(text_sha256(GARDEN), False), (text_sha256(changed), True)]
    assert place.store.texts([text_sha256(GARDEN)]) == {text_sha256(GARDEN): GARDEN}
    assert (place.found("roses"), place.found("tulips")) == (set(), {"garden"})


def test_text_can_go_back_to_an_earlier_version(place: Place) -> None:
    """A text that becomes what it was before is in force again, with its clauses, and is not stored twice."""
    before = place.store.document("garden")
    place.write("garden", GARDEN.replace("roses", "tulips"))
    place.ingest()
    place.write("garden", GARDEN)
    place.ingest()
    with place.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(DocumentRow)).scalar()

    assert place.store.document("garden") == before
    assert count == 2


def test_text_that_is_gone_from_its_source_stays(place: Place) -> None:
    """A text that no source delivers any longer is kept and found."""
    place.write("boat", BOAT)
    place.ingest()
    (place.texts / "garden.txt").unlink()
    report = place.ingest()

    assert (report.added, report.changed, report.unchanged) == ((), (), 1)
    assert place.store.document("garden").text == GARDEN
    assert place.found("roses") == {"garden"}


def test_title_alone_does_not_make_a_new_version(place: Place) -> None:
    """Versions go by the text: the same text under another title is unchanged."""
    report = place.ingest(Texts(replace(text_of("garden", GARDEN), title="Something else")))

    assert (report.changed, report.unchanged) == ((), 1)


def test_new_segmentation_divides_everything_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the code that divides texts has changed, all clauses are made anew, none twice."""
    before, clauses = place.store.current_state(), place.store.document("garden").clauses
    monkeypatch.setattr(fingerprint, "segmentation_fingerprint", lambda: "another")
    place.ingest()
    with place.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(ClauseRow)).scalar()
    after = place.store.current_state()

    assert before is not None
    assert after is not None
    assert (after.segmentation, after.version == before.version) == ("another", False)
    assert place.store.document("garden").clauses == clauses
    assert count == len(clauses) == after.clauses


def test_open_reader_follows_after_refresh(place: Place) -> None:
    """A process that read before a switch goes on with what it read, and follows when it refreshes."""
    reader = place.store
    before = (reader.state, reader.document("garden"), reader.names())
    place.write("garden", GARDEN.replace("roses", "tulips"))
    place.ingest()

    assert (reader.state, reader.document("garden"), reader.names()) == before
    reader.refresh()
    assert "tulips" in reader.document("garden").text
    assert reader.state != before[0]


def test_word_index_that_was_lost_is_made_anew(place: Place) -> None:
    """Without its word index the knowledge is not current, and the next ingestion makes the index again."""
    assert is_current(place.store.current_state(), place.home)
    shutil.rmtree(place.home / "words")
    assert not is_current(place.store.current_state(), place.home)
    place.ingest()

    assert is_current(place.store.current_state(), place.home)
    assert place.found("roses") == {"garden"}


def test_old_word_indexes_are_dropped(place: Place) -> None:
    """Only the index in force and the one before it are kept."""
    versions = []
    for flower in ("tulips", "daisies", "lilies"):
        place.write("garden", GARDEN.replace("roses", flower))
        versions.append(place.ingest().version)

    assert {f.name for f in (place.home / "words").iterdir()} == set(versions[-2:])


def test_nothing_at_all_is_no_error(tmp_path: Path) -> None:
    """Without any source the profiles and the registry alone are known, and their names found."""
    engine = open_database(f"sqlite:///{tmp_path / 'clausebot.db'}")
    report = ingest(engine, tmp_path, [])
    store = KnowledgeStore(engine)
    engine.dispose()

    assert (report.added, report.failed) == ((), ())
    assert store.state.documents == 0
    assert store.license("llama-3").missing == ("llama-3-community-license", "llama-3-acceptable-use-policy")
    assert all(q is None for quotes in store.license("llama-3").quotes.values() for q in quotes)


def test_report_names_failures(place: Place) -> None:
    """A text that failed is reported with its reason; the others are taken."""
    report = place.ingest(Texts(Failed("boat", "The oars are broken."), text_of("shed", BOAT)))

    assert report.to_json()["failed"] == [{"key": "boat", "reason": "The oars are broken."}]
    assert report.added == ("shed",)
    assert json.loads(json.dumps(report.to_json()))["version"] == place.store.state.version


@pytest.mark.parametrize("text", ["", " \n", "x", "\x00", "1. A\n" * 3000, "🙂" * 10])
def test_odd_text_is_kept_as_it_is(place: Place, text: str) -> None:
    """An empty, tiny, strange or repetitive text is stored to the character, or refused by name; nothing breaks."""
    report = place.ingest(Texts(text_of("odd", text)))

    if report.added:
        assert place.store.document("odd").text == text
        assert place.store.texts([text_sha256(text)]) == {text_sha256(text): text}
    else:
        assert [f.key for f in report.failed] == ["odd"]
    assert place.store.document("garden").text == GARDEN


# --- interrupted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [IngestionError("The source broke."), RuntimeError("a slip"), KeyboardInterrupt()])
def test_source_that_raises_leaves_the_old_knowledge(place: Place, error: BaseException) -> None:
    """Whatever a source raises in the middle, what was in force answers as before, and the next run works."""
    before = place.everything()
    with pytest.raises(type(error)):
        place.ingest(Texts(text_of("boat", BOAT), error))

    assert place.everything() == before
    assert place.ingest(Texts(text_of("boat", BOAT))).added == ("boat",)


@pytest.mark.parametrize("step", ["Dividing texts into clauses", "Indexing words", "Writing"])
def test_stop_in_any_step_leaves_the_old_knowledge(place: Place, step: str) -> None:
    """Stopped by the user in any step, what was in force answers as before, and the next run works."""
    before = place.everything()
    place.write("boat", BOAT)

    def stop(name: str, done: int, total: int) -> None:
        if name == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(place.engine, place.home, [PathSource(place.texts)], progress=stop)

    assert place.everything() == before
    assert place.ingest().added == ("boat",)
    assert not [f for f in (place.home / "words").iterdir() if f.name.startswith(".")]


CHILD = """
import pickle, sys
from pathlib import Path
from sqlalchemy import event
from ingestion import pipeline
from ingestion.sources.path import PathSource
from knowledge.database import open_database
from knowledge.errors import ClausebotError
home, texts, stop_at = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
profiles, registry = pickle.loads((home / "parsed.pickle").read_bytes())
pipeline.read_profiles, pipeline.read_registry = lambda: iter(profiles), lambda: registry
engine = open_database(f"sqlite:///{home / 'clausebot.db'}")

def waits():
    print("here", flush=True)
    sys.stdin.readline()

@event.listens_for(engine, "after_cursor_execute")
def after(_connection, _cursor, statement, *_):
    if stop_at and statement.startswith(stop_at):
        waits()

def tell(step, _done, _total):
    if step == stop_at:
        waits()

try:
    print("done", pipeline.ingest(engine, home, [PathSource(texts)], progress=tell).version)
except ClausebotError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def child(place: Place) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start an ingestion in a process of its own that waits at a step or after an SQL statement."""
    started: list[subprocess.Popen[str]] = []

    def start(stop_at: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(place.home), str(place.texts), stop_at],
            env=clean_environment(place.home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "stop_at", ["Indexing words", "INSERT INTO document", "DELETE FROM name", "INSERT INTO knowledge"]
)
def test_killed_process_leaves_the_old_knowledge(
    place: Place, child: Callable[[str], subprocess.Popen[str]], stop_at: str
) -> None:
    """A process that is killed (-9) while it indexes or writes leaves what was in force; the next run works."""
    before = place.everything()
    place.write("boat", BOAT)
    process = child(stop_at)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert process.returncode == -signal.SIGKILL
    assert place.everything() == before
    assert place.ingest().added == ("boat",)
    assert place.store.document("boat").text == BOAT


def test_killed_process_leaves_no_litter(place: Place, child: Callable[[str], subprocess.Popen[str]]) -> None:
    """The scratch folder of a killed ingestion is gone after the next one."""
    place.write("boat", BOAT)
    process = child("Indexing words")
    process.kill()
    process.communicate()
    place.ingest()

    assert not [f for f in (place.home / "words").iterdir() if f.name.startswith(".")]


def test_second_ingestion_at_once_is_refused(place: Place, child: Callable[[str], subprocess.Popen[str]]) -> None:
    """While one ingestion runs, in another process, a second is refused in one sentence; the first ends well."""
    place.write("boat", BOAT)
    first = child("Writing")
    with pytest.raises(IngestionError, match=r"^Another ingestion is running; wait for it to end\.$"):
        place.ingest()
    printed, _ = first.communicate("go on\n")

    assert printed.splitlines()[-1].startswith("done ")
    assert place.store.document("boat").text == BOAT


@pytest.mark.parametrize("limit", [100, 20_000, 400_000])
def test_full_disk_is_one_clear_error(place: Place, limit: int) -> None:
    """Where no file can grow past a limit, as on a full disk, there is one clear sentence and the old knowledge."""
    for number in range(10):
        place.write(f"boat{number}", "BOAT TERMS\n\n" + "".join(f"{n}. Oar {n * number}.\n\n" for n in range(300)))
    before = place.everything()

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(place.home), str(place.texts), ""],
        env=clean_environment(place.home),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=full_disk,  # no threads in the child before it sets the limit
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("StoreError ", "WordIndexError ", "KnowledgeError ", "IngestionError "))
    assert len(done.stdout.splitlines()) == 1
    assert any(word in done.stdout for word in ("full", "too large", "space"))
    assert place.everything() == before
    assert len(place.ingest().added) == 10


# --- what is not taken -----------------------------------------------------------------------------------------


def write_mirror(folder: Path, texts: dict[str, str], wrong: Sequence[str] = ()) -> tuple[Path, Path]:
    """Write a mirror of invented texts and a table that expects them; return both."""
    folder.mkdir(exist_ok=True)
    rows = []
    for slug, text in texts.items():
        (folder / f"{slug}.txt").write_text(text + (" tampered" if slug in wrong else ""), encoding="utf-8")
        rows.append({
            "slug": slug, "file": f"{slug}.txt", "title": slug.title(), "version_date": "2026-01-01", "kind": "license",
            "publisher": "Nobody", "source_url": "https://example.org", "access": "direct", "file_url": "",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        })  # fmt: skip
    for path in (folder / "index.csv", folder.parent / "table.csv"):
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder, folder.parent / "table.csv"


def test_mirror_text_with_a_wrong_hash_is_not_taken(place: Place) -> None:
    """A mirror's text whose bytes are not the expected ones is reported and not taken; the others are."""
    folder, table = write_mirror(
        place.home / "mirror", {"boat": BOAT, "shed": "SHED TERMS\n\n1. Tools.\n"}, wrong=["shed"]
    )
    report = place.ingest(OfficialSource(table=table, mirror=folder, fetch=None))

    assert report.added == ("boat",)
    assert [f.key for f in report.failed] == ["shed"]
    assert "SHA-256" in report.failed[0].reason
    with pytest.raises(KeyError):
        place.store.document("shed")


def test_mirror_text_that_turns_bad_leaves_the_good_one(place: Place) -> None:
    """A text that was taken and is tampered with in the mirror later stays as it was."""
    folder, table = write_mirror(place.home / "mirror", {"boat": BOAT})
    place.ingest(OfficialSource(table=table, mirror=folder, fetch=None))
    write_mirror(place.home / "mirror", {"boat": BOAT}, wrong=["boat"])
    report = place.ingest(OfficialSource(table=table, mirror=folder, fetch=None))

    assert [f.key for f in report.failed] == ["boat"]
    assert place.store.document("boat").text == BOAT


def profile_of(words: str) -> Profile:
    return parse_profile(
        {
            "id": "garden-licence", "name": "Garden Licence", "short": "the garden licence", "publisher": "Nobody",
            "category": "permissive", "url": "https://example.org", "documents": {"license": "garden"},
            "reviewed": {"by": "a test", "date": "2026-11-21"},
            "terms": [
                {"id": "fees", "kind": "permission", "actions": ["any"], "text": "It is free.",
                 "pin": {"clause": "2", "words": "Nobody pays"}},
                {"id": "roses", "kind": "condition", "text": "Care for the flowers.",
                 "pin": {"clause": "1", "words": words}},
            ],
        },
        "garden-licence.yaml",
    )  # fmt: skip


def use_profile(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Let the pipeline find one more reviewed profile, with a pin of these words."""
    profiles = [*_profiles(), profile_of(words)]
    monkeypatch.setattr(pipeline, "read_profiles", lambda: iter(profiles))
    monkeypatch.setattr(fingerprint, "data_fingerprint", lambda: f"with {words}")


def test_pins_are_stored_as_slices(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pin that stands in the text is stored with the place of its quote and the text's hash."""
    use_profile(monkeypatch, "waters the roses")
    report = place.ingest()
    (quote,) = place.store.license("garden-licence").quotes["roses"]

    assert report.failed == ()
    assert quote is not None
    assert GARDEN[quote.start : quote.end] == "1. Watering. The tenant waters the roses."
    assert (quote.number, quote.text_sha256, quote.document_key) == ("1", text_sha256(GARDEN), "garden")


def test_pin_that_does_not_stand_is_reported_and_has_no_quote(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pin that the text does not bear out is reported by licence and words; its term stays, without a quote."""
    use_profile(monkeypatch, "paints the roses")
    report = place.ingest()
    record = place.store.license("garden-licence")

    assert [f.key for f in report.failed] == ["garden-licence"]
    assert "paints the roses" in report.failed[0].reason
    assert record.quotes["roses"] == (None,)
    assert record.quotes["fees"][0] is not None
    assert [t.id for t in record.profile.terms] == ["fees", "roses"]


def test_text_that_changes_under_a_pin_is_reported(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reviewed term whose words vanish from a new version of the text is reported and loses its quote."""
    use_profile(monkeypatch, "waters the roses")
    place.ingest()
    place.write("garden", GARDEN.replace("waters the roses", "paints the fence"))
    report = place.ingest()

    assert report.changed == ("garden",)
    assert [f.key for f in report.failed] == ["garden-licence"]
    assert place.store.license("garden-licence").quotes["roses"] == (None,)


# --- names -----------------------------------------------------------------------------------------------------


def test_licence_and_model_may_share_a_name(place: Place) -> None:
    """Where a licence and a model have the same name, both are found under it."""
    kinds = {n.kind for n in place.store.named("llama 3") if n.target == "llama-3"}

    assert kinds == {"model", "license"}


def test_names_do_not_pile_up(place: Place) -> None:
    """Every ingestion writes all names anew; none is left over."""
    with place.engine.connect() as connection:
        before = connection.execute(select(func.count()).select_from(NameRow)).scalar()
    place.write("garden", GARDEN + "\n3. More.\n")
    place.ingest()
    with place.engine.connect() as connection:
        after = connection.execute(select(func.count()).select_from(NameRow)).scalar()

    assert after == before
