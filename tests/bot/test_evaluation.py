"""`clausebot eval`: the same figures as the project's scoring script, and faults of a gold file that are named."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import QuestionError
from bot.evaluation import LONGEST_QUOTE, Gold, Ratio, Result, as_words, check_of, measure, read_gold, summarise
from bot.model import Answer, Citation, Statement, Verdict
from knowledge.models import DocumentKind

SCRIPT = Path(__file__).parents[3] / "shared" / "tools" / "score.py"
ROW: dict[str, Any] = {"id": "zebra-001", "question": "May we paint it?", "verdicts": ["conditional"]}
PASSAGE = "stripes must stay black and white wherever a zebra is shown to others outside"
verdicts = st.sampled_from(list(Verdict))


def gold(**change: Any) -> Gold:
    """One gold question."""
    return read_gold([(1, json.dumps(ROW | change))])[0]


def answer(
    *quotes: str | None,
    verdict: Verdict = Verdict.CONDITIONAL,
    document: DocumentKind = DocumentKind.LICENSE,
    **said: Any,
) -> Answer:
    """An answer with these quotes."""
    cited = (Citation("l", document, "1", "", q, q is not None, 0, 1, "h", None) for q in quotes)
    return Answer("?", verdict, said.pop("summary", ""), citations=tuple(cited), **said)


# -- verdicts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "given_", "right", "dangerous", "lax"),
    [
        (["prohibited"], "allowed", False, True, False),
        (["prohibited"], "conditional", False, True, False),
        (["needs_review"], "conditional", False, True, False),
        (["unknown"], "allowed", False, True, False),
        (["needs_review", "prohibited"], "allowed", False, True, False),
        (["conditional", "prohibited"], "allowed", False, False, True),
        (["conditional"], "allowed", False, False, True),
        (["needs_review", "conditional"], "conditional", True, False, False),
        (["allowed"], "allowed", True, False, False),
        (["allowed"], "prohibited", False, False, False),
        (["prohibited"], "needs_review", False, False, False),
        (["allowed"], "conditional", False, False, False),
    ],
)
def test_dangerous_permits_what_is_barred_and_lax_drops_duties(
    accepted: list[str], given_: str, right: bool, dangerous: bool, lax: bool
) -> None:
    """Dangerous: permitted though every accepted verdict bars it; lax: allowed though duties are owed."""
    result = measure(gold(verdicts=accepted), answer(verdict=Verdict(given_)))

    assert (result.right, result.dangerous, result.lax) == (right, dangerous, lax)


@given(st.lists(verdicts, min_size=1, max_size=3), verdicts)
def test_an_answer_has_one_fault_of_verdict_at_most(accepted: list[Verdict], said: Verdict) -> None:
    """Right, dangerous and lax exclude each other."""
    result = measure(gold(verdicts=accepted), answer(verdict=said))

    assert result.right + result.dangerous + result.lax <= 1
    assert result.right is (said in accepted)


# -- citations and words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote", "holds"),
    [
        (PASSAGE, True),
        (f"Before it, {PASSAGE.upper()}; and after.", True),
        ("Oh, stripes must stay “black” and white\n wherever", False),
        ("Oh, stripes must stay “black” and white\n wherever a", True),
        ("must stay black and white", True),
        ("must stay black and", False),
        ("entirely other words that have nothing to do with it at all", False),
        (PASSAGE + " x" * LONGEST_QUOTE, False),
        ("", False),
        (None, False),
    ],
)
def test_a_passage_is_found_by_its_words(quote: str | None, holds: bool) -> None:
    """A quote counts where it holds most of a passage in one run, or lies inside it; not where it quotes everything."""
    result = measure(gold(must_cite=[{"snippet": PASSAGE}]), answer(quote))

    assert (result.found, result.precise) == (int(holds), int(holds))
    assert result.quotes == (1 if quote else 0)


@pytest.mark.parametrize("alt", ["other words that say the very same", ["x y z", "other words that say the very same"]])
def test_an_alternative_satisfies_the_same_need(alt: Any) -> None:
    """Another passage that says the same is as good, given as a text, a passage or a list of either."""
    for given_ in (alt, [{"snippet": alt}] if isinstance(alt, str) else [{"snippet": a} for a in alt]):
        wanted = gold(must_cite=[{"snippet": PASSAGE, "alt": given_}])

        assert measure(wanted, answer("these are other words that say the very same")).found == 1


def test_passages_that_may_be_cited_count_for_precision_alone() -> None:
    """Relevant support costs nothing and earns no recall; our own advice is no quote at all."""
    wanted = gold(may_cite=[{"snippet": PASSAGE}])
    result = measure(wanted, answer(PASSAGE, "no such words in any of the passages"))

    assert (result.found, result.precise, result.quotes) == (0, 1, 2)
    assert measure(wanted, answer(PASSAGE, document=DocumentKind.GUIDANCE)).quotes == 0


def test_mentions_are_looked_for_in_all_that_is_said_and_mistakes_in_the_summary() -> None:
    """What must be said may stand in a duty; what must not be said is looked for in the summary."""
    wanted = gold(must_mention=["built with", "700 ?million"], must_not=["is free"])
    result = measure(
        wanted, answer(summary="Yes:  it is *free*.", conditions=(Statement("Show “Built with Zebra”.", ()),))
    )

    assert (result.mentioned, result.false_statement) == (1, True)
    assert not measure(wanted, answer(conditions=(Statement("It is free.", ()),))).false_statement


def test_complete_is_right_in_every_respect() -> None:
    """Verdict, clauses and mentions have to be there, and no mistake."""
    wanted = gold(must_cite=[{"snippet": PASSAGE}], must_mention=["stripe"], must_not=["spots"])

    assert measure(wanted, answer(PASSAGE, summary="Stripes.")).complete
    assert not measure(wanted, answer(summary="Stripes.")).complete
    assert not measure(wanted, answer(PASSAGE)).complete
    assert not measure(wanted, answer(PASSAGE, summary="Stripes, no spots.")).complete
    assert not measure(wanted, answer(PASSAGE, summary="Stripes.", verdict=Verdict.ALLOWED)).complete


# -- sums --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "family"),
    [("llama-001", "llama"), ("own-a-014", "own-a"), ("llama-3-1-002", "llama-3-1"), ("solo", "solo")],
)
def test_a_family_is_what_stands_before_the_number(key: str, family: str) -> None:
    """The id's last part numbers the question within its family."""
    assert gold(id=key).family == family


def test_figures_are_told_by_family_and_by_verdict() -> None:
    """Each question counts in its family and under the best of its verdicts; what has to be left open is counted."""
    rows = [("a-1", ["allowed"]), ("a-2", ["unknown"]), ("b-1", ["prohibited", "allowed"])]
    scores = summarise([measure(gold(id=i, verdicts=v), answer(verdict=Verdict.ALLOWED)) for i, v in rows])

    assert scores.by_family == {"a": Ratio(1, 2), "b": Ratio(1, 1)}
    assert scores.by_verdict == {"allowed": Ratio(1, 1), "prohibited": Ratio(1, 1), "unknown": Ratio(0, 1)}
    assert (scores.verdict, scores.abstain, scores.dangerous) == (Ratio(2, 3), Ratio(0, 1), 1)


def test_a_ratio_of_nothing_is_no_number() -> None:
    """Without a total there is no value."""
    assert str(Ratio(0, 0)) == "-"
    assert Ratio(0, 0).to_json()["value"] is None
    assert Ratio(1, 3).to_json() == {"count": 1, "total": 3, "value": 0.3333}


# -- the scoring script ------------------------------------------------------------------------------------------------

WORDS = "stripe spot horse zebra grass plain river lion sleeps runs eats black white never always 700 million".split()  # noqa: SIM905


def rows(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """As many gold questions and answers of every make, the same ones each time."""
    dice = random.Random(7)  # noqa: S311  # no secret

    def phrase(least: int, most: int) -> str:
        return " ".join(dice.choices(WORDS, k=dice.randint(least, most)))

    def passage() -> dict[str, Any]:
        alt: list[Any] = [
            {},
            {"alt": phrase(6, 9)},
            {"alt": {"snippet": phrase(6, 9)}},
            {"alt": [phrase(6, 9), {"snippet": phrase(6, 9)}]},
        ]
        chosen: dict[str, Any] = dice.choice(alt)
        return {"snippet": phrase(3, 25), "clause": "1"} | chosen

    def quote(known: list[dict[str, Any]]) -> str | None:
        words = dice.choice(known)["snippet"].split() if known else [phrase(1, 5)]
        cut = words[dice.randint(0, 3) : len(words) - dice.randint(0, 8)]
        shown = f"“{phrase(0, 4)}—{' '.join(cut).title()}” *{phrase(0, 4)}*"
        return dice.choice([shown, shown, shown, " ".join(words), "zzz unheard of", None, "", phrase(300, 400)])

    golds, answers = [], []
    for number in range(count):
        must, may = ([passage() for _ in range(dice.randint(0, 3))] for _ in range(2))
        golds.append({
            "id": f"{dice.choice('abc')}-{number}", "question": phrase(3, 8), "must_cite": must, "may_cite": may,
            "verdicts": dice.sample([v.value for v in Verdict], dice.randint(1, 2)),
            "must_mention": dice.choices([r"700 ?million", r"\blion", "no such"], k=dice.randint(0, 2)),
            "must_not": dice.choices(["always free", "river lion"], k=dice.randint(0, 1)),
        })  # fmt: skip
        answers.append({
            "id": golds[-1]["id"], "verdict": dice.choice(list(Verdict)).value, "summary": phrase(0, 30),
            "quotes": [(quote([*must, *may]), dice.choice([*DocumentKind]).value) for _ in range(dice.randint(0, 4))],
            "conditions": [phrase(3, 9) for _ in range(dice.randint(0, 2))],
        })  # fmt: skip
    return golds, answers


def built(row: dict[str, Any]) -> Answer:
    """The answer of a row; a quote of no known word is not verified."""
    cited = (
        Citation("l", DocumentKind(kind), "1", "", quote, bool(quote) and "zzz" not in (quote or ""), 0, 1, "h", None)
        for quote, kind in row["quotes"]
    )
    conditions = tuple(Statement(text, ()) for text in row["conditions"])
    return Answer("?", Verdict(row["verdict"]), row["summary"], conditions=conditions, citations=tuple(cited))


@pytest.mark.skipif(not SCRIPT.is_file(), reason=f"no scoring script at {SCRIPT}")
def test_the_figures_are_those_of_the_scoring_script(tmp_path: Path) -> None:
    """On the same gold questions and answers every figure is that of the project's script."""
    golds, raw = rows(300)
    answers = [built(row) for row in raw]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, golds)), encoding="utf-8")
    lines = [json.dumps({"id": row["id"]} | a.to_json()) for row, a in zip(raw, answers, strict=True)]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "texts").mkdir()
    held = "\n".join(c.quote for a in answers for c in a.citations if c.quote and c.verified)
    (tmp_path / "texts" / "all.txt").write_text(held, encoding="utf-8")
    command = [sys.executable, str(SCRIPT), *(str(tmp_path / n) for n in ("gold.jsonl", "answers.jsonl", "texts"))]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    told = {m[1]: (int(m[2]), int(m[3] or 0)) for m in re.finditer(r"(\w+)'?[:=]? ?'?(\d+)(?:/(\d+))?", shown)}

    read = read_gold(enumerate(map(json.dumps, golds), start=1))
    scores = summarise([measure(g, a) for g, a in zip(read, answers, strict=True)])
    ratios = {n: getattr(scores, n) for n in ("verdict", "abstain", "recall", "precision", "verbatim", "mention")}
    counts = {n: getattr(scores, n) for n in ("dangerous", "lax", "false_statements")}

    assert {n: told[n] for n in ratios} == {n: (r.count, r.total) for n, r in ratios.items()}
    assert {n: told[n][0] for n in counts} == counts
    assert {n: told[n] for n in scores.by_verdict} == {n: (r.count, r.total) for n, r in scores.by_verdict.items()}
    assert all(counts.values())
    assert all(0 < r.count < r.total for r in ratios.values())


# -- the gold file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["id", "question", "verdicts"])
def test_a_missing_field_is_named_with_its_line(field: str) -> None:
    """A gold question without what it needs is refused by line and field."""
    bad = json.dumps({k: v for k, v in ROW.items() if k != field})

    with pytest.raises(QuestionError, match=f"Line 4 .*{field}"):
        read_gold([(2, json.dumps(ROW)), (4, bad)])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdicts", []),
        ("verdicts", ["yes"]),
        ("question", 5),
        ("context", ["x"]),
        ("must_cite", ["x"]),
        ("must_cite", [{}]),
        ("must_mention", ["("]),
        ("must_mention", "x"),
    ],
)
def test_a_fault_of_a_field_is_named_with_its_line(field: str, value: Any) -> None:
    """A value of the wrong kind, an unknown verdict and a broken expression are refused by line and field."""
    with pytest.raises(QuestionError, match="Line 4 ") as caught:
        read_gold([(4, json.dumps(ROW | {field: value}))])

    assert field in str(caught.value) or (value == [{}] and "snippet" in str(caught.value))


@pytest.mark.parametrize("line", ["", "null", "[]", "5", '{"id": 1', "[" * 100_000], ids=lambda line: line[:9])
def test_a_line_that_is_no_object_is_named(line: str) -> None:
    """Broken JSON, and JSON of another kind, is refused by line."""
    with pytest.raises(QuestionError, match="Line 9 is no gold question"):
        read_gold([(9, line)])


def test_a_passage_may_be_given_by_its_place() -> None:
    """The words are read from the stored text; another text there, and none at all, are refused by line."""
    at = {"text_key": "stripes", "at": [3, 3 + len(PASSAGE)], "check": check_of(as_words(PASSAGE))}
    line = [(4, json.dumps(ROW | {"must_cite": [at]}))]
    (found,) = read_gold(line, {"stripes": f"1. {PASSAGE} And so on."}.__getitem__)

    assert found.must_cite == gold(must_cite=[{"snippet": PASSAGE}]).must_cite
    with pytest.raises(QuestionError, match=r"Line 4 .*has changed"):
        read_gold(line, {"stripes": f"2.1 {PASSAGE}"}.__getitem__)
    with pytest.raises(QuestionError, match=r"Line 4 .*must_cite"):
        read_gold(line)


def test_an_empty_file_is_refused() -> None:
    """Without a question there is nothing to measure."""
    with pytest.raises(QuestionError, match="no gold question"):
        read_gold([])


def test_a_gold_question_is_read_whole() -> None:
    """Context, verdicts and passages arrive as they stand."""
    found = gold(context=[{"question": "before"}], verdicts=["unknown", "allowed"], must_cite=[{"snippet": "A b."}])

    assert found.question.context == ("before",)
    assert found.verdicts == (Verdict.UNKNOWN, Verdict.ALLOWED)
    assert [p.words for p in found.must_cite] == [("a b",)]


def test_a_result_says_how_it_fared() -> None:
    """The JSON of one result holds its verdicts and figures."""
    result: Result = measure(gold(must_cite=[{"snippet": PASSAGE}]), answer(PASSAGE, verdict=Verdict.ALLOWED))

    assert result.to_json() == {
        "id": "zebra-001", "verdict": "allowed", "accepted": ["conditional"], "dangerous": False, "lax": True,
        "must_cite": Ratio(1, 1).to_json(), "precise": Ratio(1, 1).to_json(), "mentions": Ratio(0, 0).to_json(),
        "false_statement": False,
    }  # fmt: skip
