"""The policy file: read from YAML and TOML alike, every fault told with its line and what to write instead."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.errors import ConfigurationError
from bot.policy.checks import schema
from bot.policy.known import known_names
from bot.policy.model import Period, Policy, Then
from bot.policy.reading import parse_policy, read_policy
from bot.policy.source import parse, paths
from knowledge.models import DocumentKind
from knowledge.profiles import read_profiles
from knowledge.registry import read_registry
from tests.policy.invented import KNOWN

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "policy.example.yaml"
README = ROOT / "bot" / "policy" / "README.md"

YAML = """\
company:
  name: Invented AB
  established_in: [NO]
  users: 1_000
rules:
  - id: first
    when: {categories: [non_commercial], commercial: true}
    then: deny
    reason: >
      It is folded
      over lines.
    owner: legal
    from: 2026-01-01
exceptions:
  - id: second
    covers: {rules: [first]}
    reason: "In quotes."
    reference: item 6
    owner: board
    until: 2026-12-31
"""
TOML = """\
[company]
name = "Invented AB"
established_in = ["NO"] # not false
users = 1_000

[[rules]]
id = "first"
then = "deny"
reason = '''
It is folded
over lines.'''
owner = "legal"
from = 2026-01-01
[rules.when]
categories = ["non_commercial"]
commercial = true

[[exceptions]]
id = "second"
covers = { rules = ["first"] }
reason = "In quotes."
reference = "item 6"
owner = "board"
until = 2026-12-31
"""


def complaints(text: str, name: str) -> list[str]:
    """What is wrong in a text, one fault a line."""
    with pytest.raises(ConfigurationError) as caught:
        parse_policy(text, Path(name), KNOWN)
    return str(caught.value).splitlines()


def without_places(policy: Policy) -> Any:
    """A policy's values, comparable between files."""
    company = policy.company
    assert company
    rules = [(r.id, r.when, r.then, r.reason, r.owner, r.period) for r in policy.rules]
    reliefs = [
        (r.kind, r.id, r.rules, r.licences, r.subjects, r.scope, r.reason, r.reference, r.owner, r.period)
        for r in (*policy.licences_bought, *policy.exceptions)
    ]
    return company.name, company.established_in, company.figures, rules, reliefs


def test_both_formats_say_the_same() -> None:
    """The same policy in YAML and in TOML has the same values."""
    from_yaml = parse_policy(YAML, Path("policy.yaml"), KNOWN)
    from_toml = parse_policy(TOML, Path("policy.toml"), KNOWN)

    assert without_places(from_yaml) == without_places(from_toml)
    assert from_yaml.company
    assert from_yaml.company.established_in == ("NO",)
    assert from_yaml.company.figures == {"users": 1000}
    assert [(r.then, r.reason) for r in from_yaml.rules] == [(Then.DENY, "It is folded over lines.")]
    assert from_yaml.exceptions[0].period.last is not None


@pytest.mark.parametrize(("text", "ending"), [(YAML, ".yaml"), (TOML, ".toml")])
def test_each_reason_is_cited_word_for_word(text: str, ending: str, tmp_path: Path) -> None:
    """A citation is a slice of the file, without the marks of its format, under the hash of the file's text."""
    path = tmp_path / f"policy{ending}"
    path.write_text(text, encoding="utf-8")
    policy = read_policy(path, KNOWN)
    cited = [policy.rules[0].citation, policy.exceptions[0].citation]

    assert [(c.clause, " ".join((c.quote or "").split())) for c in cited] == [
        ("first", "It is folded over lines."),
        ("second", "In quotes."),
    ]
    for citation in cited:
        assert citation.document is DocumentKind.POLICY
        assert citation.verified
        assert citation.quote == (citation.quote or "").strip()
        assert citation.quote == text[citation.start : citation.end]
        assert citation.text_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_reference_is_cited_where_a_bought_licence_gives_no_reason() -> None:
    """What is said of a contract stands in the file, too."""
    text = "licences_bought:\n- {id: c, covers: {licences: [open-1]}, reference: 'no. 17', owner: x}\n"

    assert parse_policy(text, Path("p.yml"), KNOWN).licences_bought[0].citation.quote == "no. 17"


def test_company_figures_are_cited_with_their_key() -> None:
    """A figure's citation shows what it is a figure of."""
    company = parse_policy(YAML, Path("policy.yaml"), KNOWN).company

    assert company
    assert company.citations["users"].quote == "users: 1_000"
    assert company.citations["region"].quote == "established_in: [NO]"


WORDS = (
    st.text("abcdefgh äé😀:#-,.!?[]{}&*|>%@", min_size=1, max_size=90).map(lambda t: " ".join(t.split())).filter(bool)
)


def as_toml(reasons: list[str]) -> str:
    """Rules with such reasons, in TOML."""
    tables = (
        f'# Regel ü\n[[rules]]\nid = "r{i}"\nthen = "note"\nreason = {json.dumps(reason, ensure_ascii=False)}\n'
        'owner = "x"\nwhen.commercial = true\n'
        for i, reason in enumerate(reasons)
    )
    return "\n".join(tables)


def as_yaml(reasons: list[str]) -> str:
    """Rules with such reasons, in YAML, long ones folded."""
    rules = [
        {"id": f"r{i}", "then": "note", "reason": reason, "owner": "x", "when": {"commercial": True}}
        for i, reason in enumerate(reasons)
    ]
    return yaml.safe_dump({"rules": rules}, allow_unicode=True, width=30)


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_whatever_a_reason_is_its_quote_is_in_the_file(reasons: list[str]) -> None:
    """Any reason is read as it was meant, and its quote is the file's own text, in both formats."""
    for text, name in ((as_yaml(reasons), "p.yaml"), (as_toml(reasons), "p.toml")):
        rules = parse_policy(text, Path(name), KNOWN).rules

        assert [r.reason for r in rules] == reasons
        for r in rules:
            assert text[r.citation.start : r.citation.end] == r.citation.quote
            assert r.citation.quote
        if name == "p.toml":
            assert [r.citation.quote for r in rules] == reasons


@pytest.mark.parametrize(
    "text", [TOML, 'a.b."c d" = [{x = 1}, [2]]\n[q.r]\n[[q.s]]\n[q.s.t]\nu = {v.w = 1}\n[[q.s]]\n']
)
def test_everything_in_toml_has_a_place(text: str) -> None:
    """No key and no item of a TOML file is without a line."""
    source = parse(text, ".toml")

    assert [p for p in paths(source.value) if p not in source.values] == []


# Faulty files, in YAML and TOML alike; `!` marks the line of which something is said.


def faulty(section: str, bad: str, fields: dict[str, str]) -> tuple[str, str]:
    """A file of one company, or one entry of a list; values are written the same way in both formats."""
    in_yaml, in_toml = [], []
    for key, value in fields.items():
        mark = " #!" if key == bad else ""
        outer, _, inner = key.partition(".")
        in_yaml.append(f"{outer}: {{{inner}: {value}}}{mark}" if inner else f"{key}: {value}{mark}")
        in_toml.append(f"{key} = {value}{mark}")
    if not bad:
        in_yaml[0] += " #!"
    head = "" if bad else " #!"
    if section == "company":
        return "\n  ".join(["company:", *in_yaml]), "\n".join([f"[company]{head}", *in_toml])
    return f"{section}:\n- " + "\n  ".join(in_yaml), "\n".join([f"[[{section}]]{head}", *in_toml])


def company(bad: str, **fields: str) -> tuple[str, str]:
    return faulty("company", bad, {"name": '"x"'} | fields)


def rule(bad: str, **fields: str) -> tuple[str, str]:
    """A rule; `when` is left at `commercial` unless the faulty line is about it."""
    whole = {"id": '"a"', "then": '"deny"', "reason": '"b"', "owner": '"c"'}
    occasion = {} if bad.startswith("when") else {"when.commercial": "true"}
    named = {key.replace("__", "."): value for key, value in fields.items()}
    return faulty("rules", bad, {key: v for key, v in (whole | occasion | named).items() if v})


def relief(section: str, bad: str, **fields: str) -> tuple[str, str]:
    whole = {"id": '"a"', "reference": '"b"', "owner": '"c"'}
    return faulty(section, bad, whole | {key.replace("__", "."): value for key, value in fields.items()})


def affiliate(bad: str, ours: dict[str, str], **fields: str) -> tuple[str, str]:
    of_company = company("-", **ours)
    theirs = faulty("company.affiliates", bad, {"name": '"y"'} | fields)
    indented = theirs[0].replace("company.affiliates:", "affiliates:").replace("\n", "\n  ")
    return f"{of_company[0]}\n  {indented}", f"{of_company[1]}\n{theirs[1]}"


FAULTS = {
    "unknown key": (rule("ower", ower="2"), "there is no 'ower'; write 'owner'"),
    "unknown section": (("rulez: [] #!", "rulez = [] #!"), "there is no 'rulez'; write 'rules'"),
    "missing key": (rule("", reason=""), "rule 'a': 'reason' is missing; add it (Why, in a sentence or two"),
    "wrong word": (
        rule("then", then='"forbid"'),
        "rule 'a', then: 'forbid' is none of its values; write one of approval, deny, note",
    ),
    "no list": (
        company("established_in", established_in='"DE"'),
        "company, established_in: this has to be a list, and 'DE' stands here; write [\"DE\"]",
    ),
    "no number": (
        company("users", users="'95 000'"),
        "company, users: this has to be a whole number, and '95 000' stands here; write 95000",
    ),
    "no text": (company("name", name="7"), "company, name: this has to be text, and 7 stands here; write"),
    "nothing": (("company:\n  name: #!", None), "company, name: this has to be text, and nothing stands here; write"),
    "no truth": (
        rule("when.commercial", when__commercial='"yes"'),
        "this has to be true or false, and 'yes' stands here; write true",
    ),
    "yes is no truth in YAML": (
        ("rules:\n- {id: a, when: {commercial: no}, then: deny, reason: b, owner: c} #!", None),
        "this has to be true or false, and 'no' stands here; write false",
    ),
    "endless number": (
        ("company:\n  name: x\n  yearly_revenue_usd: .inf #!", '[company]\nname = "x"\nyearly_revenue_usd = inf #!'),
        "company, yearly_revenue_usd: this has to be a number",
    ),
    "below zero": (company("users", users="-1"), "company, users: -1 is out of range; write 0 at least"),
    "too much": (company("users", users="1000000000000"), "is out of range; write 100000000000 at most"),
    "a place in words": (
        (
            "company:\n  name: x\n  established_in:\n  - DE\n  - Germany #!",
            '[company]\nname = "x"\nestablished_in = [\n  "DE",\n  "Germany", #!\n]',
        ),
        "company, established_in, item 2: 'Germany' is not written as it has to be; write for instance \"DE\"",
    ),
    "a place in small letters": (
        company("customers_in", customers_in='["de"]'),
        "'de' is not written as it has to be; write 'DE'",
    ),
    "an id in words": (rule("id", id='"No NC"'), "'No NC' is not written as it has to be; write 'no-nc'"),
    "no date": (
        company("as_of", as_of='"30.9.2026"'),
        "company, as_of: '30.9.2026' is no date; write year-month-day, for instance \"2026-12-31\"",
    ),
    "a day that never was": (company("as_of", as_of="2026-02-30"), ""),
    "a moment": (company("as_of", as_of="2026-02-20T10:00:00"), "is no date; write year-month-day"),
    "empty text": (company("name", name='"  "'), "company, name: this text is empty; write"),
    "long text": (company("name", name=f'"{"x" * 1201}"'), "this has 1201 characters; write 1200 at most"),
    "nothing listed": (
        company("established_in", established_in="[]"),
        "nothing stands here; write at least one value, or leave the key out",
    ),
    "no occasion": (
        rule("when", when="{}"),
        "rule 'a', when: nothing stands here; write one of licences, categories,",
    ),
    "listed twice": (
        company("established_in", established_in='["DE", "DE"]'),
        "a value stands twice in this list; write each once",
    ),
    "key twice": (("company:\n  name: x\n  name: y #!", '[company]\nname = "x"\nname = "y" #!'), ""),
    "id twice": (
        tuple(f"{a}\n{b}" for a, b in zip(rule("-"), (t.removeprefix("rules:\n") for t in rule("id")), strict=True)),
        "'a' is the id of the entry in line 2, too; give this one another",
    ),
    "ends before it begins": (
        rule("until", **{"from": "2026-05-02", "until": "2026-05-01"}),
        "rule 'a', until: it ends on 2026-05-01, before it begins on 2026-05-02; write a day from 2026-05-02 on",
    ),
    "reminded of nothing": (
        relief("licences_bought", "remind_days", covers__licences='["open-1"]', remind_days="5"),
        "bought licence 'a', remind_days: nothing lapses without an end",
    ),
    **{
        f"unknown {kind}": (
            rule(f"when.{key}", **{f"when__{key}": f'["{wrong}"]'}),
            f"rule 'a', when, {key}, item 1: there is no {named} '{wrong}'; write {right}",
        )
        for kind, named, key, wrong, right in (
            ("licence", "licence", "licences", "open1", "'open-1'"),
            ("publisher", "publisher", "publishers", "Lab", "'The Lab'"),
            ("family", "family of licences", "families", "noprofit", "'no-profit'"),
            ("category", "category", "categories", "non-commercial", "'non_commercial'"),
            ("action", "action", "actions", "finetune", "'fine_tune'"),
            ("domain", "domain", "domains", "medicine", "one of adult, advertising"),
        )
    },
    "unknown rule": (
        relief("exceptions", "covers.rules", reason='"d"', covers__rules='["other"]'),
        "exception 'a', covers, rule 1: there is no rule of this file 'other'; leave it out, there is none at all",
    ),
    "affiliate that cannot be added": (
        affiliate("yearly_revenue_eur", {}, yearly_revenue_eur="5"),
        "affiliate 'y', yearly_revenue_eur: it cannot be added to the company's; give the company's",
    ),
    "affiliate in another measure": (
        affiliate("", {"yearly_revenue_usd": "5", "yearly_revenue_eur": "5"}, yearly_revenue_usd="5"),
        "affiliate 'y': the company gives 'yearly_revenue_eur'; give it here, too",
    ),
    "affiliate's users alone": (
        affiliate("users", {}, users="5"),
        "it cannot be added to the company's; give the company's 'users', too",
    ),
    "affiliate without daily users": (
        affiliate("", {"daily_active_users": "5"}, users="5"),
        "the company gives 'daily_active_users'",
    ),
    "alias": (("company: &c\n  name: x\nrules: *c #!", None), "an alias (*) has no place here"),
    "tag": (("company:\n  name: !!binary aGk= #!", None), "a tag (!) has no place here"),
    "key that is no word": (("company:\n  [a]: x #!\n  name: y", None), "a key is a list or a mapping"),
    "broken": (("company:\n  name: x\n rules: [] #!", "[company]\nname = #!"), "this is not"),
    "broken at the end": (("company: {name: x\n#!", '[company]\nname = """x\n#!'), "this is not"),
    "no mapping": (("[1] #!", None), "this has to be keys with values"),
    "empty": (("# nothing #!", None), "the file is empty"),
}
CASES = [
    pytest.param(text, name, said, id=f"{fault} ({name[7:]})")
    for fault, (texts, said) in FAULTS.items()
    for text, name in zip(texts, ("policy.yaml", "policy.toml"), strict=True)
    if text
]


@pytest.mark.parametrize(("text", "name", "said"), CASES)
def test_a_fault_is_told_with_its_line(text: str, name: str, said: str) -> None:
    """The one fault of a file is told once, with the file, the line and what to write."""
    line = next(i for i, written in enumerate(text.splitlines(), 1) if "#!" in written)
    told = complaints(text, name)

    assert len(told) == 1
    assert told[0].startswith(f"{name}:{line}: ")
    assert said in told[0]


BROKEN = st.text(st.sampled_from("[]{}:=\"'#|>&*!-\n \t\x07\x00\ud7ff\ufffeéa0"), max_size=6)


@given(st.sampled_from([(YAML, "p.yaml"), (TOML, "p.toml")]), st.integers(0, 450), st.integers(0, 30), BROKEN)
def test_a_damaged_file_is_read_or_told(file: tuple[str, str], start: int, length: int, junk: str) -> None:
    """Whatever stands in a file, it is a policy or a list of faults, each in one line with its place."""
    text, name = file
    damaged = text[:start] + junk + text[start + length :]
    try:
        parse_policy(damaged, Path(name), KNOWN)
    except ConfigurationError as error:
        lines = damaged.count("\n") + 1
        for told in str(error).splitlines():
            place = re.match(rf"{re.escape(name)}:(\d+): .+\.$", told)
            assert place, told
            assert 1 <= int(place[1]) <= lines


def test_a_period_of_one_day_is_no_fault() -> None:
    """The last day is included, so that it may be the first."""
    text = rule("-", **{"from": "2026-05-02", "until": "2026-05-02"})[0]

    assert parse_policy(text, Path("p.yaml"), KNOWN).rules[0].period.holds(date(2026, 5, 2))


@pytest.mark.parametrize("ending", ["yaml", "toml"])
def test_all_faults_are_told_at_once(ending: str) -> None:
    """Faults of form hide none of meaning: joined files tell the faults of each, in the order of their lines."""
    position = 0 if ending == "yaml" else 1
    chosen = ("wrong word", "unknown category", "missing key", "ends before it begins")
    texts = [str(FAULTS[name][0][position]).replace('"a"', f'"a{i}"') for i, name in enumerate(chosen)]
    joined = "\n".join(t.removeprefix("rules:\n") if i and ending == "yaml" else t for i, t in enumerate(texts))
    told = complaints(joined, f"policy.{ending}")
    lines = [i for i, written in enumerate(joined.splitlines(), 1) if "#!" in written]

    assert [int(t.split(":")[1]) for t in told] == lines
    for i, (name, complaint) in enumerate(zip(chosen, told, strict=True)):
        assert FAULTS[name][1].removeprefix("rule 'a'") in complaint
        assert f"rule 'a{i}'" in complaint


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, in another format, or no text at all: one sentence each."""
    (tmp_path / "latin.yaml").write_bytes("company:\n  name: M\xfcller".encode("latin-1"))
    for name, said in (
        ("missing.yaml", "cannot be read: No such file"),
        ("policy.json", "ends in .toml, .yaml, .yml"),
        ("latin.yaml", "latin.yaml:2: this is no UTF-8 text"),
    ):
        with pytest.raises(ConfigurationError, match=re.escape(said)):
            read_policy(tmp_path / name)


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    """Files as Windows writes them are read, and their lines counted."""
    for name, text in (("p.yaml", YAML), ("p.toml", TOML)):
        path = tmp_path / name
        path.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
        quoted = read_policy(path, KNOWN).rules[0].citation.quote or ""
        path.write_bytes(("\ufeff" + text.replace("deny", "forbid").replace("\n", "\r\n")).encode())
        line = text[: text.index("deny")].count("\n") + 1

        assert quoted.split() == ["It", "is", "folded", "over", "lines."]
        with pytest.raises(ConfigurationError, match=f"{name}:{line}: "):
            read_policy(path, KNOWN)


def test_a_period_includes_both_ends() -> None:
    """A period holds on its first and its last day, and not a day before or after."""
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    day = timedelta(days=1)

    assert [Period(first, last).holds(d) for d in (first - day, first, last, last + day)] == [False, True, True, False]
    assert Period(last=last).holds(date.min)
    assert Period(first).holds(date.max)


def test_the_schema_is_one() -> None:
    """The schema is valid in its draft, and every key of it is explained in the README."""
    Draft202012Validator.check_schema(schema())
    described = README.read_text(encoding="utf-8")
    parts = [schema(), *schema()["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}

    assert sorted(k for k in keys if k not in described and not k.startswith("yearly_revenue_")) == []


def test_the_example_is_valid_and_in_the_readme() -> None:
    """The example stands in the README as it is kept, and is right against the real licences and words."""
    policy = read_policy(
        EXAMPLE,
        known_names(
            {p.id: (p.category, p.family) for p in read_profiles()},
            {e.id: (e.publisher, e.family) for e in read_registry()[0]},
        ),
    )
    shown = re.search(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    assert shown
    assert shown[1] == EXAMPLE.read_text(encoding="utf-8")
    assert policy.company
    assert policy.reviewed_by
    assert {r.then for r in policy.rules} == set(Then)
    assert policy.licences_bought
    assert policy.exceptions
