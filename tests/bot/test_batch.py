"""Rows of a batch: what is read from a line, and what a broken one gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.answerer import Answerer
from bot.batch import answer_line, failed_line, parse_row, read_lines
from bot.errors import QuestionError
from bot.model import Named, Use
from bot.services import Services
from knowledge.vocabulary import vocabulary


@pytest.fixture
def answerer(quick_services: Services) -> Answerer:
    """The real answerer."""
    return quick_services.answerer


def test_a_plain_row() -> None:
    """A row needs nothing but a question."""
    question = parse_row({"question": "may we?"}, 1)

    assert question.text == "may we?"
    assert question.context == ()
    assert question.subjects is None
    assert question.use is None


def test_a_whole_row() -> None:
    """Context, subjects and use are taken as given; what a use leaves out is open."""
    question = parse_row(
        {
            "id": 1,
            "question": "may we?",
            "context": [{"question": "first", "answer": "ignored"}, {"question": "second"}],
            "subjects": [{"kind": "dataset", "name": "LAION"}, {"name": "Llama 3"}],
            "use": {"actions": ["merge"], "facts": {"mau": None}},
        },
        1,
    )

    assert question.context == ("first", "second")
    assert question.subjects == (Named("LAION", "dataset"), Named("Llama 3", None))
    assert question.use == Use(("merge",), None, None, {"mau": None})


@pytest.mark.parametrize("action", sorted(vocabulary().actions))
def test_every_action_of_the_vocabulary_is_known(action: str) -> None:
    """A row may name any action that `use.md` lists."""
    found = parse_row({"question": "", "use": {"actions": [action]}}, 1).use

    assert found is not None
    assert found.actions == (action,)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (None, "question"),
        (5, "question"),
        ([], "question"),
        ("text", "question"),
        ({}, "question"),
        ({"question": None}, "question"),
        ({"question": 5}, "question"),
        ({"question": ["a"]}, "question"),
        ({"question": "a", "context": "b"}, "context"),
        ({"question": "a", "context": ["b"]}, "context"),
        ({"question": "a", "context": [{"question": 5}]}, "context"),
        ({"question": "a", "subjects": "Llama"}, "subjects"),
        ({"question": "a", "subjects": ["Llama"]}, "subjects"),
        ({"question": "a", "subjects": [{"kind": "model"}]}, "subjects"),
        ({"question": "a", "subjects": [{"kind": "planet", "name": "Mars"}]}, "subjects"),
        ({"question": "a", "subjects": [{"kind": ["model"], "name": "Mars"}]}, "subjects"),
        ({"question": "a", "use": []}, "use"),
        ({"question": "a", "use": {"actions": "merge"}}, "actions"),
        ({"question": "a", "use": {"actions": ["teleport"]}}, "teleport"),
        ({"question": "a", "use": {"actions": [["merge"]]}}, "actions"),
        ({"question": "a", "use": {"actions": [{}]}}, "actions"),
        ({"question": "a", "use": {"commercial": "yes"}}, "commercial"),
        ({"question": "a", "use": {"commercial": []}}, "commercial"),
        ({"question": "a", "use": {"domain": 5}}, "domain"),
        ({"question": "a", "use": {"facts": [1]}}, "facts"),
    ],
)
def test_a_row_of_the_wrong_shape_is_refused_by_line_and_field(row: Any, named: str) -> None:
    """The reason names the line and what is wrong in it."""
    with pytest.raises(QuestionError, match=rf"Line 12\b.*{named}"):
        parse_row(row, 12)


@pytest.mark.parametrize(
    "line",
    ["{", "nonsense", '{"question": "a",}', "[]", "null", "5", '"x"', '{"id": 1}', '{"id": {"a": 1}, "question": 5}',
     '{"question": ""}', "NaN", '{"id": "x", "question": null}', "[" * 5000, '{"question": "\\ud800"}'],
)  # fmt: skip
def test_a_broken_line_gets_an_answer_that_says_so(line: str, answerer: Answerer) -> None:
    """A line that cannot be read is answered `unknown` with the reason; nothing is raised."""
    answer, ok = answer_line(line, 3, answerer, asker="me")

    assert answer["verdict"] == "unknown"
    assert answer["summary"]
    assert answer["citations"] == []
    assert json.dumps(answer, ensure_ascii=False).encode()
    assert ok is False


def test_a_row_s_id_is_copied_as_it_is(answerer: Answerer) -> None:
    """Ids keep their type; a row without one gets none, and a broken row keeps its own."""
    for given_id in ("a", 7, 1.5, [1], {"x": 1}, 0, "", False):
        answer, _ = answer_line(json.dumps({"id": given_id, "question": "can we sell GPT-2?"}), 1, answerer, asker="me")

        assert answer["id"] == given_id
    broken, ok = answer_line('{"id": 0, "question": 5}', 1, answerer, asker="me")

    assert (broken["id"], ok) == (0, False)
    assert "id" not in answer_line('{"question": "can we sell GPT-2?"}', 1, answerer, asker="me")[0]


def test_who_asked_is_recorded(quick_services: Services) -> None:
    """A batch row is recorded like any other question, with its asker and channel."""
    answer, ok = answer_line('{"question": "can we sell GPT-2?"}', 1, quick_services.answerer, asker="cli:me")
    shown = quick_services.audit.show(answer["decision_id"])

    assert ok
    assert shown is not None
    assert (shown["asker"], shown["channel"]) == ("cli:me", "batch")


def test_a_row_on_which_the_program_failed_keeps_its_place() -> None:
    """A defect of ours costs one row, which keeps id and question and shows the reference."""
    answer = failed_line('{"id": 4, "question": "may we?"}', "abcd")

    assert answer["id"] == 4
    assert answer["question"] == "may we?"
    assert answer["verdict"] == "unknown"
    assert "abcd" in answer["summary"]


def test_lines_keep_their_numbers_over_blank_ones(tmp_path: Path) -> None:
    """Blank lines are passed over, a byte order mark and Windows line ends are no matter, and numbers stay true."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"b": 2}')

    assert [(n, line.strip()) for n, line in read_lines(str(file))] == [(1, '{"a": 1}'), (4, '{"b": 2}')]


def test_a_line_separator_within_a_text_does_not_end_the_row(tmp_path: Path) -> None:
    """Only a line feed ends a row; other separators of Unicode may stand in a question."""
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"question": "a\u2028b\x85c"}, ensure_ascii=False) + "\n", encoding="utf-8")

    assert len(read_lines(str(file))) == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("question", "context", "subjects", "use"), values)))
def test_any_row_is_read_or_refused(row: dict[str, Any]) -> None:
    """Whatever JSON a row holds, it becomes a question or a clear refusal."""
    try:
        read = parse_row(row, 1).text
    except QuestionError as error:
        read = str(error) if "Line 1" in str(error) else None

    assert isinstance(read, str)
