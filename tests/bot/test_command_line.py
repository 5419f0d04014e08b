"""The command line as its users meet it: real processes, their output, errors and exit statuses."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.services import open_services
from knowledge.embedding import OnnxEmbeddings, Vectors
from knowledge.search import HybridSearch
from tests.bot.conftest import CITATION_KEYS
from tests.conftest import clean_environment, settings_for

HEALTH = "can we fine-tune Llama 3 for a health app?"
ANSWER_KEYS = {
    "question", "verdict", "summary", "subjects", "use", "permissions", "conditions", "prohibitions",
    "open_questions", "citations", "guidance", "alternatives", "confidence", "written_by", "decision_id",
    "knowledge_version", "elapsed_ms",
}  # fmt: skip
CARD_KEYS = {
    "name", "kind", "id", "licenses", "permissions", "conditions", "prohibitions", "limitations", "citations",
    "nearest",
}  # fmt: skip


@dataclass(frozen=True)
class Done:
    """A finished process."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout; fails where there is anything else."""
        return json.loads(self.out)


class Program:
    """`clausebot` on one data folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Done:
        """Run one command to its end."""
        return self.run([sys.executable, "-m", "bot.cli", *arguments], stdin=stdin, **variables)

    def run(self, command: list[str], *, stdin: str = "", **variables: str) -> Done:
        """Run any program in the same environment."""
        done = subprocess.run(
            command, input=stdin, env=clean_environment(self.home) | variables, capture_output=True, text=True,
            check=False, timeout=300, encoding="utf-8",
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def clausebot(knowledge_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program on a copy of the whole knowledge base, shared by the tests that only ask."""
    home = tmp_path_factory.mktemp("desk") / "home"
    return Program(Path(shutil.copytree(knowledge_home, home, symlinks=True)))


@pytest.fixture
def fresh(tmp_path: Path) -> Program:
    """The program on a data folder that does not exist yet."""
    return Program(tmp_path / "fresh")


def assert_one_sentence(done: Done, code: int) -> None:
    """An error is one line for a person on stderr, nothing on stdout, and the right exit status."""
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1, done.err
    assert len(done.err.strip()) > 20
    assert done.err.strip()[-1] in '.?")'
    assert done.out == ""
    assert done.code == code


# -- ask ---------------------------------------------------------------------------------------------------------------


def test_ask_json_prints_one_object_and_nothing_else(clausebot: Program) -> None:
    """`ask --json` gives the contract's answer on stdout, and stderr stays empty."""
    done = clausebot("ask", "--json", HEALTH)
    answer = done.json

    assert done.code == 0
    assert done.err == ""
    assert set(answer) >= ANSWER_KEYS
    assert "id" not in answer
    assert answer["verdict"] == "conditional"
    assert set(answer["use"]) == {"actions", "commercial", "domain", "facts"}
    assert answer["citations"]
    assert all(set(c) == CITATION_KEYS for c in answer["citations"])
    assert all(set(s) >= {"text", "citations"} for part in ("permissions", "conditions") for s in answer[part])
    assert clausebot("audit", "show", answer["decision_id"]).json["question"] == HEALTH


def test_ask_plain_shows_the_verdict_first_and_the_clauses(clausebot: Program) -> None:
    """The plain answer opens with the verdict, then conditions, quotes with clause numbers and links."""
    done = clausebot("ask", HEALTH)
    first = done.out.strip().splitlines()[0]

    assert done.code == 0
    assert done.err == ""
    assert "CONDITIONS" in first
    assert "Built with Meta Llama 3" in done.out
    assert "1.b.i" in done.out
    assert "☐" in done.out
    assert "https://" in done.out
    assert "Not legal advice" in done.out
    assert "\x1b[" not in done.out


def test_a_batch_answers_every_row_in_order(clausebot: Program, tmp_path: Path) -> None:
    """Good, broken and structured rows each get one line, in order and with their ids; a bad one sets exit status 1."""
    use = {"actions": ["inference", "internal_use"], "commercial": False, "domain": None, "facts": {}}
    rows: list[Any] = [
        {"id": "a", "question": HEALTH},
        "this is no JSON",
        {"id": 7, "question": "and for internal use only?", "context": [{"question": "can we sell Llama 3?"}]},
        {"id": "form", "question": "", "subjects": [{"kind": "model", "name": "Mistral 7B"}], "use": use},
        {"id": "no-question"},
        {"id": "empty", "question": "  "},
        {"id": "long", "question": "x" * 100_001},
        {"id": "odd", "question": "q", "use": {"actions": ["teleport"]}},
        [1, 2],
        {"question": "can we sell Blorbo-7B?"},
        {"id": "ü", "question": "Dürfen wir Llama 3 verkaufen? 🦙 \u2028 \u0000"},
        '{"id": "half", "question": "can we sell GPT-2? \\ud800"}',
        "[" * 5000,
        {"id": "last", "question": "can we sell GPT-2?"},
    ]
    file = tmp_path / "rows.jsonl"
    lines = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in rows]
    file.write_text("\ufeff" + "\r\n\n".join(lines), encoding="utf-8")
    done = clausebot("ask", "--batch", str(file))
    answers = [json.loads(line) for line in done.out.strip().split("\n")]

    assert done.code == 1
    assert "Traceback" not in done.err
    assert len(answers) == len(rows)
    assert [a.get("id") for a in answers] == [
        "a", None, 7, "form", "no-question", "empty", "long", "odd", None, None, "ü", "half", None, "last",
    ]  # fmt: skip
    assert [a["verdict"] for a in answers] == [
        "conditional", "unknown", answers[2]["verdict"], "allowed", "unknown", "unknown", "unknown", "unknown",
        "unknown", "unknown", "conditional", "unknown", "unknown", "conditional",
    ]  # fmt: skip
    assert all(set(a) >= ANSWER_KEYS for a in answers)
    assert answers[2]["subjects"][0]["id"] == "llama-3"
    assert answers[3]["use"] == use
    assert "Line 3" in answers[1]["summary"]
    assert "teleport" in answers[7]["summary"]


def test_a_batch_from_stdin(clausebot: Program) -> None:
    """`--batch -` reads stdin; all rows good, the exit status is 0."""
    rows = [{"id": n, "question": f"can we sell {name}?"} for n, name in enumerate(("Mistral 7B", "Llama 3", "GPT-2"))]
    done = clausebot("ask", "--batch", "-", stdin="\n".join(map(json.dumps, rows)))

    assert done.code == 0
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == [0, 1, 2]


def test_an_empty_batch_is_no_fault(clausebot: Program) -> None:
    """No rows, no answers."""
    done = clausebot("ask", "--batch", "-", stdin="\n \n")

    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_closed_stdin_is_one_sentence(clausebot: Program) -> None:
    """A batch from a stdin that was closed says so."""
    done = clausebot.run(["/bin/sh", "-c", f"exec {sys.executable} -m bot.cli ask --batch - <&-"])

    assert "Traceback" not in done.err
    assert "went wrong that should not have" not in done.err
    assert len(done.err.strip().splitlines()) <= 1
    assert done.code in {0, 2}


def test_a_reader_that_leaves_is_no_traceback(clausebot: Program) -> None:
    """A closed pipe on stdout ends the program quietly."""
    done = clausebot.run(["/bin/sh", "-c", f"{sys.executable} -m bot.cli license 'Llama 3' --json | true"])

    assert done.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", ""),
        ("ask", " \n "),
        ("ask", "--json", ""),
        ("ask", "x" * 100_001),
        ("ask",),
        ("ask", "a question", "--batch", "-"),
        ("ask", "--batch", "/nonexistent/rows.jsonl"),
        ("ask", "--batch", "/"),
    ],
    ids=lambda a: " ".join(a)[:30],
)
def test_what_is_no_question_is_one_sentence(arguments: tuple[str, ...], fresh: Program) -> None:
    """Nothing, too much, or a file that is not there is refused before anything is built."""
    assert_one_sentence(fresh(*arguments), 2)


def test_a_question_in_another_encoding_is_one_sentence(clausebot: Program) -> None:
    """Bytes that are no UTF-8 on the command line are refused."""
    done = clausebot.run(["/bin/sh", "-c", f"{sys.executable} -m bot.cli ask \"$(printf 'can we sell GPT-2? \\374')\""])

    assert_one_sentence(done, 2)


def test_a_batch_file_that_is_not_text_is_one_sentence(fresh: Program, tmp_path: Path) -> None:
    """A batch file in another encoding is refused."""
    file = tmp_path / "latin.jsonl"
    file.write_bytes('{"question": "dürfen wir?"}'.encode("latin-1"))

    assert_one_sentence(fresh("ask", "--batch", str(file)), 2)


@pytest.mark.parametrize(
    "arguments", [("frobnicate",), ("ask", "--frob", "q"), ("audit", "list", "--limit", "0"), ("license",)]
)
def test_wrong_use_has_exit_status_2(arguments: tuple[str, ...], fresh: Program) -> None:
    """Unknown commands, options and values are wrong use."""
    done = fresh(*arguments)

    assert done.code == 2
    assert done.out == ""
    assert done.err.strip()
    assert "Traceback" not in done.err


# -- configuration -----------------------------------------------------------------------------------------------------


def test_settings_that_cannot_be_used_are_one_sentence(fresh: Program, tmp_path: Path) -> None:
    """A settings file that is not there, and an unknown setting in one that is, have exit status 2."""
    unknown = tmp_path / "unknown.toml"
    unknown.write_text('CLAUSEBOT_HOUSE = "x"', encoding="utf-8")
    for file in (tmp_path / "nowhere.toml", unknown):
        assert_one_sentence(fresh("license", "MIT", CLAUSEBOT_CONFIG=str(file)), 2)


@pytest.mark.parametrize("address", ["nonsense", "nosuchdb://x/y", "sqlite:////proc/nowhere/x.db"])
def test_a_database_that_cannot_be_opened_is_one_sentence(address: str, fresh: Program) -> None:
    """A wrong database address is named."""
    done = fresh("audit", "list", CLAUSEBOT_DATABASE_URL=address)

    assert_one_sentence(done, done.code)
    assert done.code in {1, 2}


def test_a_password_is_not_shown(fresh: Program) -> None:
    """The database's password does not appear in an error."""
    done = fresh("audit", "list", CLAUSEBOT_DATABASE_URL="nosuchdb://me:s3cret@host/x")

    assert "s3cret" not in done.err
    assert done.code in {1, 2}


def test_a_database_of_a_newer_program_is_one_sentence(clausebot: Program, fresh: Program) -> None:
    """A schema that this program does not know is left alone."""
    fresh.home.mkdir()
    assert fresh("audit", "list").code == 0
    with sqlite3.connect(fresh.home / "clausebot.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    done = fresh("ask", HEALTH)

    assert_one_sentence(done, 1)
    assert "9999" in done.err


def test_a_file_that_is_no_database_is_one_sentence(fresh: Program) -> None:
    """A data folder with a damaged database file is named, and the file is left as it is."""
    fresh.home.mkdir()
    file = fresh.home / "clausebot.db"
    file.write_bytes(b"this is not a database, it is a shopping list" * 100)

    assert_one_sentence(fresh("ask", HEALTH), 1)
    assert file.read_bytes().startswith(b"this is not a database")


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """A home below a file cannot be made; the sentence names the variable."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = Program(tmp_path / "file" / "home")("ask", HEALTH)

    assert_one_sentence(done, 2)
    assert "CLAUSEBOT_HOME" in done.err


def test_a_home_of_tilde_is_the_user_s(tmp_path: Path) -> None:
    """A tilde in the data folder stands for the user's own folder."""
    done = Program(tmp_path)("audit", "list", CLAUSEBOT_HOME="~/bot", HOME=str(tmp_path))

    assert done.code == 0
    assert (tmp_path / "bot" / "clausebot.db").is_file()


# -- license -----------------------------------------------------------------------------------------------------------


def test_license_json_has_the_contract_s_keys(clausebot: Program) -> None:
    """`license NAME --json` lists what governs a model, each term with its verified clause."""
    done = clausebot("license", "meta-llama/Meta-Llama-3-8B", "--json")
    card = done.json

    assert done.code == 0
    assert set(card) >= CARD_KEYS
    assert card["kind"] == "model"
    assert card["id"] == "meta-llama/Meta-Llama-3-8B"
    assert [set(li) for li in card["licenses"]] == [
        {"id", "name", "spdx", "aliases", "source_url", "documents", "profile"} | {"version"}
    ]
    assert card["licenses"][0]["profile"] == "curated"
    assert {d["document"] for d in card["licenses"][0]["documents"]} >= {"license", "acceptable_use_policy"}
    for section in ("permissions", "conditions", "prohibitions", "limitations"):
        assert card[section]
        assert all(set(line) >= {"action", "text", "citations"} and line["citations"] for line in card[section])
    assert all(c["verified"] and c["quote"] for c in card["citations"])
    assert card["nearest"] == []


def test_license_plain_shows_terms_and_clauses(clausebot: Program) -> None:
    """The plain card shows what a licence allows, demands and forbids, with its clauses."""
    done = clausebot("license", "Apache 2.0")

    assert done.code == 0
    assert "Apache-2.0" in done.out
    assert "It demands" in done.out
    assert "4(a)" in done.out


def test_an_unknown_name_gets_its_nearest_ones(clausebot: Program) -> None:
    """A name that is not known exits with 1, says so in one sentence, and offers others."""
    plain = clausebot("license", "Lama 3 Comunity Licens")
    shown = clausebot("license", "Lama 3 Comunity Licens", "--json")

    assert_one_sentence(plain, 1)
    assert "Llama 3" in plain.err
    assert shown.code == 1
    assert set(shown.json) >= CARD_KEYS
    assert any("Llama 3" in name for name in shown.json["nearest"])
    assert shown.json["id"] is None
    assert shown.json["licenses"] == []


def test_license_compare_shows_where_two_differ(clausebot: Program) -> None:
    """`--compare` lists terms that only one licence has, each side with its clauses; with itself, nothing differs."""
    done = clausebot("license", "Llama 2", "--compare", "Llama 3.1", "--json")
    same = clausebot("license", "MIT", "--compare", "mit license", "--json")

    assert done.code == same.code == 0
    assert done.json["differences"]
    assert all(d["one"] or d["other"] for d in done.json["differences"])
    assert same.json["differences"] == []


def test_license_does_not_load_the_heavy_parts(clausebot: Program) -> None:
    """`license NAME` runs without torch, sentence-transformers, Chroma or ONNX Runtime."""
    code = (
        "import sys\n"
        "from bot.cli import app\n"
        "app(['license', 'Llama 3'], standalone_mode=False)\n"
        "heavy = {'torch', 'chromadb', 'sentence_transformers', 'transformers', 'onnxruntime', 'langchain'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    done = clausebot.run([sys.executable, "-c", code])

    assert done.code == 0
    assert done.out.strip().endswith("LOADED []")


# -- eval --------------------------------------------------------------------------------------------------------------


def gold_file(folder: Path, *rows: dict[str, Any]) -> str:
    """A file of gold questions."""
    (folder / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(folder / "gold.jsonl")


def test_eval_scores_the_answers_to_gold_questions(clausebot: Program, tmp_path: Path) -> None:
    """Figures and misses are shown, as JSON each question's own, too; nobody asked, so that nothing is recorded."""
    file = gold_file(
        tmp_path,
        {"id": "met-1", "question": HEALTH, "verdicts": ["conditional"], "must_mention": ["built with"]},
        {"id": "missed-1", "question": "can we sell Blorbo-7B?", "verdicts": ["prohibited"]},
    )
    before = clausebot("audit", "list", "--json").json
    shown = clausebot("eval", file, "--json")
    plain = clausebot("eval", file, "--misses")
    scores = shown.json

    assert shown.code == plain.code == 0
    assert shown.err == plain.err == ""
    assert scores["verdict"] == {"count": 1, "total": 2, "value": 0.5}
    assert [(r["id"], r["verdict"]) for r in scores["results"]] == [("met-1", "conditional"), ("missed-1", "unknown")]
    assert "1/2" in plain.out
    assert "missed-1" in plain.out
    assert "met-1" not in plain.out
    assert clausebot("audit", "list", "--json").json == before


def test_a_fault_of_a_gold_file_is_one_sentence(clausebot: Program, fresh: Program, tmp_path: Path) -> None:
    """A row that is no gold question and an empty file are refused; one that is not there, before anything is built."""
    assert_one_sentence(clausebot("eval", gold_file(tmp_path, {"id": "a", "question": "q"})), 2)
    assert_one_sentence(clausebot("eval", gold_file(tmp_path)), 2)
    assert_one_sentence(fresh("eval", str(tmp_path / "nowhere.jsonl")), 2)
    assert not (fresh.home / "words").exists()


# -- audit -------------------------------------------------------------------------------------------------------------


def test_audit_list_filters_and_audit_show(own_home: Path, own_decisions: dict[str, str]) -> None:
    """Decisions are listed newest first, filtered by each option, and shown whole."""
    program = Program(own_home)
    listed = program("audit", "list", "--json", "--limit", "3").json
    known = program("audit", "list", "--json", "--verdict", "unknown", "--asker", "U2").json
    text = program("audit", "list", "--json", "--text", "100% ZEBRA_").json
    late = program("audit", "list", "--json", "--since", "2999-01-01").json
    plain = program("audit", "list", "--limit", "3")
    one = program("audit", "show", own_decisions["zebra"])

    assert [line["id"] for line in listed] == list(reversed(own_decisions.values()))
    assert set(listed[0]) >= {"id", "created_at", "asker", "verdict", "question", "subjects", "knowledge_version"}
    assert [line["id"] for line in known] == [own_decisions["unknown"]]
    assert [line["id"] for line in text] == [own_decisions["zebra"]]
    assert late == []
    assert own_decisions["zebra"] in plain.out
    assert one.json["decision_id"] == own_decisions["zebra"]
    assert one.json["asker"] == "U1"


@pytest.fixture
def own_decisions(own_home: Path) -> dict[str, str]:
    """Ids of three decisions, by what is special about each, oldest first."""
    from bot.model import Question  # noqa: PLC0415

    asked = {
        "zebra": Question("Can we paint 100% zebra_stripes?", asker="U1"),
        "unknown": Question("can we sell Blorbo-7B?", asker="U2"),
        "other": Question("100 percent zebra stripes?", asker="U3"),
    }
    with open_services(settings_for(own_home)) as services:
        return {name: services.answerer.answer(question).decision_id for name, question in asked.items()}


def test_a_decision_that_is_not_there_is_one_sentence(clausebot: Program) -> None:
    """`audit show` of an unknown id exits with 1."""
    assert_one_sentence(clausebot("audit", "show", "0123456789abcdef"), 1)


# -- ingest ------------------------------------------------------------------------------------------------------------


class FlatEmbeddings(OnnxEmbeddings):
    """The real model, whose passages all get the same vector: a stand-in for hours of embedding done before."""

    def passages(self, texts: Sequence[str]) -> list[Vectors]:
        """Return as many vectors as the real ones would be."""
        flat = np.full((1, self.dimensions), self.dimensions**-0.5, dtype=np.float32)
        return [np.repeat(flat, count, axis=0) for count in self.windows(texts)]


@pytest.fixture
def embedded(own_home: Path, model: Path) -> Program:
    """The program on a data folder in which the licences for AI are embedded already."""
    with open_services(settings_for(own_home)) as services:
        embeddings = FlatEmbeddings(model)
        vectors = services.vectors(embeddings)
        HybridSearch(services.store, None, embeddings, vectors).embed(services.documents_to_embed(everything=False))
    return Program(own_home)


def test_ingest_takes_files_and_folders_and_says_what_failed(embedded: Program, mirror: Path, tmp_path: Path) -> None:
    """Files and folders are taken in; a broken PDF, an empty file and a wrong address are reported with a reason."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "zebra.txt").write_text("Zebra Terms\n\n1. Look at stripes.\n\n2. No plain paint.\n", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "empty.md").write_text("", encoding="utf-8")
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    single = tmp_path / "giraffe.html"
    single.write_text("<h1>Giraffe Terms</h1><p>1. Necks stay long.</p>", encoding="utf-8")
    sources = ["--source", str(folder), "--source", str(single)]
    done = embedded("ingest", "--json", *sources, CLAUSEBOT_MIRROR=str(mirror))
    report = done.json
    failed = {f["key"]: f["reason"] for f in report["failed"]}
    broken = embedded("ingest", "--source", str(folder / "broken.pdf"), CLAUSEBOT_MIRROR=str(mirror))

    assert done.code == 0
    assert set(report) >= {"version", "added", "changed", "unchanged", "failed", "embedded"}
    assert set(report["added"]) == {"zebra", "giraffe"}
    assert set(failed) == {"broken", "empty", "gone"}
    assert all(reason.endswith(".") for reason in failed.values())
    assert report["unchanged"] > 2000
    assert "Traceback" not in done.err + broken.err
    assert "broken" in broken.out
    assert broken.code == 1


def test_ingest_of_a_path_that_is_not_there_changes_nothing(clausebot: Program, mirror: Path) -> None:
    """A source that does not exist is one sentence, and the knowledge stays."""
    done = clausebot("ingest", "--json", "--source", "/nonexistent/licence.txt", CLAUSEBOT_MIRROR=str(mirror))

    assert_one_sentence(done, 1)
    assert "/nonexistent/licence.txt" in done.err


def test_a_mirror_without_its_index_is_one_sentence(clausebot: Program, tmp_path: Path) -> None:
    """A mirror folder that is none is named before anything changes."""
    done = clausebot("ingest", "--json", CLAUSEBOT_MIRROR=str(tmp_path))

    assert_one_sentence(done, 1)
    assert "index.csv" in done.err


# -- doctor and help ---------------------------------------------------------------------------------------------------


def test_doctor_is_content_with_a_sound_installation(clausebot: Program) -> None:
    """Every part is looked at, and nothing is a fault."""
    done = clausebot("doctor", "--json")
    checks = {c["name"]: c for c in done.json}

    assert done.code == 0
    assert {"configuration", "database", "knowledge base", "embedding model", "vector store", "Slack"} <= set(checks)
    assert not [c for c in checks.values() if c["state"] == "fault"]
    assert "Llama" not in checks["knowledge base"]["how_to_mend"]


def test_doctor_exits_with_1_and_says_how_to_mend(fresh: Program, tmp_path: Path) -> None:
    """A fault is marked, comes with its remedy and sets the exit status; the other parts are still looked at."""
    fresh.home.mkdir()
    (fresh.home / "clausebot.db").write_bytes(b"no database" * 200)
    done = fresh("doctor", "--json", CLAUSEBOT_MIRROR=str(tmp_path))
    faults = {c["name"]: c for c in done.json if c["state"] == "fault"}

    assert done.code == 1
    assert set(faults) == {"database", "mirror"}
    assert all(len(c["how_to_mend"]) > 20 for c in faults.values())
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "command", [(), ("ask",), ("license",), ("eval",), ("ingest",), ("audit",), ("audit", "list"), ("doctor",)]
)
def test_help_explains_every_command(command: tuple[str, ...], help_of: Callable[..., str]) -> None:
    """`--help` says what a command does and what each option means."""
    shown = help_of(*command)
    options = [line for line in shown.splitlines() if re.match(r"\s*--\w", line)]

    assert "Usage:" in shown
    assert len(shown.splitlines()) > 4
    assert options
    assert all(len(line.split(None, 1)) > 1 for line in options)


@pytest.fixture(scope="module")
def help_of() -> Callable[..., str]:
    """Help texts by command, in this process: they open nothing."""
    from typer.testing import CliRunner  # noqa: PLC0415

    from bot.cli import app  # noqa: PLC0415

    return lambda *command: CliRunner().invoke(app, [*command, "--help"]).output
