"""What stands beside the licence texts: guidance and false claims in our own words, and where to look instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ingestion.pins import PinError, resolve
from ingestion.segmentation import segment
from ingestion.sources.interface import SourceText
from knowledge.guidance import Claim, GuidanceError, Guide, Occasion, Trigger, claims, guides, tasks
from knowledge.models import Clause, Profile, RegistryEntry
from knowledge.profiles import CATEGORIES, profile_files, read_profiles
from knowledge.registry import read_registry
from knowledge.vocabulary import vocabulary

DATA = Path(profile_files()[0].parent.parent)  # type: ignore[attr-defined]  # the package is a folder
COPIED = 11
"""A run of that many words of a text in a row is a copy of it."""
PIECES: tuple[Guide | Claim, ...] = (*guides(), *claims())


@cache
def profiles() -> dict[str, Profile]:
    """Every profile by its id, read once for all claims."""
    return {p.id: p for p in read_profiles()}


@cache
def registered() -> dict[str, RegistryEntry]:
    """Every entry of the registry by its id, read once."""
    return {e.id: e for e in read_registry()[0]}


@cache
def known() -> SimpleNamespace:
    """Every name that a trigger may hold."""
    entries = registered().values()
    return SimpleNamespace(
        licenses={w for p in profiles().values() for w in (p.id, p.family) if w},
        categories=CATEGORIES,
        subjects={w for e in entries for w in (e.id, e.family)},
        actions=set(vocabulary().actions),
        asks=set(vocabulary().asks),
    )


# -- the files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "read"), [("guidance", guides), ("claims", claims)])
def test_each_file_is_one_piece_of_its_name(folder: str, read: Callable[[], tuple[Guide | Claim, ...]]) -> None:
    """Every file is read, under its own name, and no two share one."""
    files = sorted(f.stem for f in (DATA / folder).glob("*.yaml"))

    assert files
    assert sorted(p.id for p in read()) == files


@pytest.mark.parametrize("piece", PIECES, ids=lambda p: p.id)
def test_a_piece_says_where_it_is_from_and_when_it_speaks(piece: Guide | Claim) -> None:
    """Each has a source and a date, and its trigger names only what exists."""
    assert piece.source
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", piece.date)
    for name, words in vars(known()).items():
        assert getattr(piece.trigger, name) <= words


def test_a_claim_is_known_by_its_words() -> None:
    """A false claim is something said: each has phrases."""
    assert [c.id for c in claims() if not c.trigger.phrases] == []


def said(piece: Guide | Claim) -> Iterator[str]:
    """What a piece says in our own words."""
    yield from (piece.title, piece.text) if isinstance(piece, Guide) else (piece.claim, piece.truth)


def runs(text: str) -> Iterator[str]:
    """Every run of words of a length that counts as a copy."""
    words = re.findall(r"\w+", text.casefold())
    return (" ".join(words[at : at + COPIED]) for at in range(len(words) - COPIED + 1))


def test_everything_is_in_our_own_words(source_texts: Mapping[str, SourceText]) -> None:
    """No piece shares a run of more than ten words with any text on this machine."""
    ours = {run: piece.id for piece in PIECES for text in said(piece) for run in runs(text)}
    copied = {(ours[run], key) for key, text in source_texts.items() for run in runs(text.text) if run in ours}

    assert len(ours) > 1000
    assert copied == set()


# -- clauses -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clauses_of(source_texts: Mapping[str, SourceText]) -> Callable[[str], tuple[Clause, ...]]:
    """Divide a real text into its clauses, each text once."""
    return cache(lambda key: segment(source_texts[key].text))


@pytest.mark.parametrize("claim", [c for c in claims() if c.pin], ids=lambda c: c.id)
def test_a_claim_s_clause_stands_in_each_of_its_licences(
    claim: Claim, source_texts: Mapping[str, SourceText], clauses_of: Callable[[str], tuple[Clause, ...]]
) -> None:
    """The pin of a correction leads to a passage of every licence that it names, and holds few words of it."""
    faults = []

    assert claim.pin is not None
    assert all(len(part.split()) < COPIED for part in claim.pin.words.split("…"))
    for name in claim.licenses:
        key = dict(profiles()[name].documents)[claim.pin.document]
        if key not in source_texts:
            pytest.skip(f"the text {key!r} is not on this machine")
        try:
            resolve(claim.pin, source_texts[key].text, clauses_of(key))
        except PinError as error:
            faults.append(f"{name}: {error}")

    assert not faults, "\n".join(faults)


# -- where to look instead ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", tasks(), ids=lambda t: t.task)
def test_a_task_names_what_the_registry_knows(task: Any) -> None:
    """Every family and every suggestion exists; a suggestion stands once and has a licence that is known."""
    entries = registered()

    assert task.families <= {w for e in entries.values() for w in (e.id, e.family)}
    assert [s for s in task.suggest if s not in entries or not entries[s].license] == []
    assert len(set(task.suggest)) == len(task.suggest) >= 3


# -- triggers ----------------------------------------------------------------------------------------------------------


def occasion(text: str = "", *, closed: bool = False, **about: Any) -> Occasion:
    """What a question is about; whatever is not given is everything that there is."""
    names = ("actions", "asks", "categories", "licenses", "subjects")
    return Occasion(text, closed=closed, **{n: frozenset(about.get(n, getattr(known(), n))) for n in names})


NOTHING: dict[str, Any] = dict.fromkeys(("actions", "asks", "categories", "licenses", "subjects"), ())


@pytest.mark.parametrize(
    ("trigger", "about", "fires"),
    [
        (Trigger((re.compile("snow"), re.compile("rain"))), {"text": "it rains"}, True),
        (Trigger((re.compile("snow"),)), {"text": "it rains"}, False),
        (Trigger(asks=frozenset({"fees", "patents"})), {"asks": {"fees"}}, True),
        (Trigger(asks=frozenset({"fees"})), {"asks": {"patents"}}, False),
        (Trigger(asks=frozenset({"fees"}), licenses=frozenset({"mit"})), {"asks": {"fees"}}, False),
        (Trigger(categories=frozenset({"rail"})), {"categories": {"rail"}}, True),
        (Trigger(subjects=frozenset({"a"}), actions=frozenset({"merge"})), {"subjects": {"a"}}, False),
        (Trigger((re.compile("snow"),), licenses=frozenset({"mit"})), {"text": "snow"}, False),
        (Trigger(closed=True), {"closed": True}, True),
        (Trigger(closed=True), {"closed": False}, False),
        (Trigger(closed=False), {"closed": True}, False),
    ],
)
def test_all_tests_of_a_trigger_must_hold(trigger: Trigger, about: dict[str, Any], fires: bool) -> None:
    """Of each set and of the phrases one is enough; what is given has to hold, what is not does not matter."""
    assert trigger.fires(occasion(**(NOTHING | about))) is fires


NEUTRAL = (
    "Can we fine-tune Llama 3 for a health app?",
    "Is Llama 3 open source?",
    "Is Llama 3.1 under MIT, Apache-2.0 or its own licence?",
    "Does purely internal use of Llama 3 need the badge?",
    "Do we have to publish our fine-tune of Llama 3?",
    "Does Llama 3 cost anything?",
    "Does the 700 million limit count our app's users or those of the whole group?",
    "May outputs of Llama 3.1 train another model?",
    "May a company in Germany use Llama 3.2 Vision?",
    "If we fine-tune Llama 3, do its terms stay?",
    "Is Gemma 2 under Apache-2.0?",
    "Which licence does Gemma 3 have?",
    "Who owns the outputs of Gemma?",
    "May Gemma be used for research and for business?",
    "Does hosting Gemma behind an API count as distribution?",
    "Does CreativeML OpenRAIL-M allow commercial use?",
    "Can Stable Diffusion 1.5 be used commercially?",
    "Must we update to the latest version of Stable Diffusion?",
    "May SDXL be used for adult content?",
    "Is a RAIL licence open source?",
    "Can we put a RAIL model into a GPL-3.0 program?",
    "Does the AGPL cover internal use of a changed version?",
    "Must we open our code if we offer AGPL software as a service?",
    "Does the GPL cover the outputs of a GPL program?",
    "May we sell a program under the GPL?",
    "Does linking an LGPL library open our app?",
    "Do Apache-2.0 and GPL-3.0 fit together? And GPL-2.0?",
    "Which conditions has Apache-2.0?",
    "Does MIT grant patents?",
    "Does MIT ask for attribution?",
    "What does CC0 ask for?",
    "Does CC BY-NC data make a model non-commercial?",
    "May we train on CC BY-ND text?",
    "Does CC BY-SA data force share-alike on the weights?",
    "Is a non-profit's use non-commercial?",
    "Is internal use in a company commercial?",
    "Is a free app commercial?",
    "What if a repository has no licence at all?",
    "Is a quantised copy a derivative?",
    "Does the licence of the code also hold for the weights?",
    "Which licences have the Mistral models?",
    "Are all Qwen models under Apache-2.0?",
    "Which licence does Falcon-180B have?",
    "Is FLUX.1 dev under Apache-2.0 or a non-commercial licence?",
    "Is Whisper free for commercial use?",
    "Is GPT-2 under MIT?",
    "Does OpenAI own the outputs of GPT-4?",
    "May we train on outputs of GPT-4 that we own?",
    "Is BLOOM under OpenRAIL-M or the BigScience RAIL licence?",
    "May StarCoder be sold?",
    "May we distil DeepSeek-R1, and what holds for its Llama distillation?",
    "Are outputs of a model protected by copyright?",
    "Does fair use allow training?",
    "Does a disclaimer make medical advice lawful under Llama 3?",
    "Does a provider's licence cover us as customers of its API?",
    "Does the Hub check the licence tags?",
    "Which duties has a deployer under the AI Act?",
    "Is Phi-3 under MIT?",
    "Is a company's research covered by a research licence?",
    "Dürfen wir Llama 3 kommerziell nutzen?",
    "Peut-on vendre un produit avec Gemma ?",
    "¿Podemos usar Stable Diffusion con fines comerciales?",
)


@pytest.mark.parametrize("text", NEUTRAL)
@pytest.mark.parametrize("closed", [False, True])
def test_a_neutral_question_states_no_claim(text: str, closed: bool) -> None:
    """A question that leaves it open what is so rests on nothing false, whatever it is about."""
    assert [c.id for c in claims() if c.trigger.fires(occasion(text, closed=closed))] == []


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Since Gemma 2 is Apache-2.0, we can drop its terms, right?", "gemma-is-apache"),
        ("Stable Diffusion 1.5 is non-commercial, so we cannot sell it?", "openrail-forbids-commercial-use"),
        ("Llama 3 is open source, so anything goes?", "llama-is-open-source"),
        ("Llama 3 is under MIT, so we can sell it?", "llama-is-mit-or-apache"),
        ("We only use Llama 3 internally, so we must show the badge?", "llama-badge-internally"),
        ("The GPL forbids selling, so no sale?", "gpl-forbids-selling"),
        ("We host it as SaaS, so the AGPL does not apply, right?", "saas-escapes-agpl"),
        ("MIT needs no attribution, so we drop the notice.", "mit-needs-no-attribution"),
        ("There is no licence in the repo, so it is free to use.", "no-licence-means-free"),
        ("OpenAI owns the outputs, so we cannot sell them.", "openai-owns-outputs"),
        ("Our fine-tune is our own model, so the Llama licence no longer applies.", "fine-tune-frees-llama"),
        ("Whisper is non-commercial, so we cannot use it.", "whisper-is-non-commercial"),
    ],
)
def test_a_claim_that_is_stated_is_found(text: str, claim: str) -> None:
    """Who builds a question on something false is told."""
    assert claim in [c.id for c in claims() if c.trigger.fires(occasion(text))]


# -- the format --------------------------------------------------------------------------------------------------------

RAW: dict[str, Any] = {
    "id": "invented", "title": "Snow", "text": "Snow  is\n white.", "source": "a window", "date": "2026-11-21",
    "phrases": ["snow ~ white"],
}  # fmt: skip


@pytest.fixture
def read_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], tuple[Guide, ...]]:
    """Reads a folder that holds one invented piece of guidance."""
    file = tmp_path / "invented.yaml"
    monkeypatch.setattr("knowledge.guidance.data_files", {"guidance": [file]}.__getitem__)

    def read(raw: dict[str, Any]) -> tuple[Guide, ...]:
        file.write_text(yaml.safe_dump(raw), encoding="utf-8")
        return guides.__wrapped__()

    return read


def test_a_piece_is_read_whole(read_raw: Callable[[dict[str, Any]], tuple[Guide, ...]]) -> None:
    """Text comes in one line, and the phrase is found like those of the lexicon."""
    (found,) = read_raw(RAW | {"closed": True})

    assert (found.id, found.title, found.text, found.date) == ("invented", "Snow", "Snow is white.", "2026-11-21")
    assert found.trigger.fires(occasion("Is SNOW always white?", closed=True))
    assert not found.trigger.fires(occasion("Is snow cold? White?", closed=True))
    assert not found.trigger.fires(occasion("Is snow white?"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"colour": "white"}, "colour"),
        ({"title": None, "phrases": None}, "invented.yaml"),
        ({"asks": ["weather"]}, "weather"),
        ({"actions": ["ski"]}, "ski"),
        ({"phrases": ["("]}, "invented.yaml"),
        ({"phrases": ["<nowhere> x"]}, "nowhere"),
        ({"phrases": []}, "speak always"),
    ],
)
def test_a_fault_of_format_is_named(
    change: dict[str, Any], fault: str, read_raw: Callable[[dict[str, Any]], tuple[Guide, ...]]
) -> None:
    """A file that breaks the format is refused with its name and the fault."""
    with pytest.raises(GuidanceError, match=re.escape(fault)) as caught:
        read_raw(RAW | change)

    assert "guidance/invented.yaml" in str(caught.value)


@pytest.mark.parametrize("field", ["id", "title", "text", "source", "date"])
def test_a_missing_field_is_named(field: str, read_raw: Callable[[dict[str, Any]], tuple[Guide, ...]]) -> None:
    """A piece without a field that it needs is refused."""
    with pytest.raises(GuidanceError, match=field):
        read_raw({k: v for k, v in RAW.items() if k != field})
