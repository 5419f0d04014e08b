"""Names in questions: what is found, asked back, left alone, or offered as the nearest."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services import Services
from knowledge.catalog import Catalog, Mention, MentionKind
from knowledge.naming import is_variant_word, normal, tokens
from knowledge.registry import read_registry
from knowledge.store import Name


@pytest.fixture(scope="module")
def catalog(services: Services) -> Catalog:
    """All names of the whole knowledge base."""
    return services.catalog


def only(mentions: list[Mention]) -> Mention:
    assert len(mentions) == 1, mentions
    return mentions[0]


def found(catalog: Catalog, text: str) -> list[tuple[str, str]]:
    return [(m.kind.value, m.target) for m in catalog.find(text)]


# --- the normal form -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Llama-3.1_8B", "llama 3.1 8b"), ("llama3", "llama 3"), ("LLaMA 3", "llama 3"),
        ("Mixtral-8x7B", "mixtral 8x7b"),
        ("OpenRAIL++", "openrail++"), ("CC BY-NC 4.0", "cc by nc 4.0"), ("  ", ""), ("Qwen2.5-VL", "qwen 2.5 vl"),
        ("Straße", "strasse"), ("模型", "模型"),
        ("DeepSeek's API", "deepseek api"),
    ],
)  # fmt: skip
def test_spelling_does_not_matter(name: str, key: str) -> None:
    """Case, spaces, hyphens, underscores and a space before digits vanish in the normal form."""
    assert normal(name) == key


@given(st.text())
def test_tokens_stand_where_they_say(text: str) -> None:
    """Each word of a text is found at its place, in order, without overlap; the normal form is their sequence."""
    words = tokens(text)

    assert all(text[t.start : t.end].casefold() == t.key for t in words)
    assert all(a.end <= b.start for a, b in pairwise(words))
    assert normal(text) == " ".join(t.key for t in words)


@given(st.text(alphabet=st.sampled_from("aZ0179.xb-_ +/é")))
def test_normal_form_is_stable(name: str) -> None:
    """Normalising twice changes nothing."""
    assert normal(normal(name)) == normal(name)


def test_sizes_and_formats_are_variants() -> None:
    """Sizes, formats and tunings are no part of a family's name; other words are."""
    assert all(map(is_variant_word, ["8b", "70b", "8x7b", "instruct", "gguf", "q4", "4bit", "fp8", "a3b"]))
    assert not any(map(is_variant_word, ["coder", "vision", "guard", "health", "3.1"]))


# --- found -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("can we fine-tune Llama 3 for a health app?", "llama-3"),
        ("can we fine-tune LLAMA3?", "llama-3"),
        ("meta llama 3 in production", "llama-3"),
        ("Llama-3-8B-Instruct-GGUF for us", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("llama 3 70b chat", "meta-llama/Meta-Llama-3-70B"),
        ("meta-llama/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B"),
        ("https://huggingface.co/meta-llama/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B"),
        ("is mixtral-8x7b-instruct ok?", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("Dürfen wir Gemma 3 verkaufen?", "gemma-3"),
        ("¿podemos usar deepseek r1?", "deepseek-r1"),
        ("we ship yolov8", "ultralytics-yolo"),
        ("Phi in our app", "phi-4"),
        ("what about Command R?", "command-r"),
        ("train on laion 5b", "laion-5b"),
    ],
)
def test_models_and_datasets_are_found(catalog: Catalog, text: str, target: str) -> None:
    """Names, nicknames, members with sizes and formats, and hub ids are found in running text."""
    mention = only(catalog.find(text))

    assert mention.target == target
    assert not mention.misspelt


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("is Apache-2.0 fine?", "apache-2.0"), ("apache 2 is what we use", "apache-2.0"),
        ("code under the MIT license", "mit"), ("it is under mit licence", "mit"),
        ("the BSD-3-Clause one", "bsd-3-clause"), ("a CC-BY-NC-4.0 dataset", "cc-by-nc-4.0"),
        ("gpl v3 library", "gpl-3.0-only"), ("unter der MIT-Lizenz", "mit"), ("MIT code for us", "mit"),
    ],
)  # fmt: skip
def test_licences_are_found(catalog: Catalog, text: str, target: str) -> None:
    """Licences are found under their SPDX ids and the names that people use."""
    assert found(catalog, text) == [("license", target)]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("can we use lama 3?", "llama-3"), ("is mistal 7b free", "mistral-7b"), ("Mistrall 7B for us", "mistral-7b"),
        ("may we sell llma 3.1", "llama-3.1"),
    ],
)  # fmt: skip
def test_misspelling_is_found_with_its_version(catalog: Catalog, text: str, target: str) -> None:
    """A misspelt name is found, marked as misspelt, and keeps its version."""
    mention = only(catalog.find(text))

    assert (mention.target, mention.misspelt) == (target, True)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("TheBloke/Llama-2-7B-GGUF", "meta-llama/Llama-2-7b"),
        ("TheBloke/Mistral-7B-Instruct-v0.2-GPTQ", "mistralai/Mistral-7B-Instruct-v0.2"),
        ("unsloth/gemma-2-9b-it-bnb-4bit", "google/gemma-2-9b-it"),
    ],
)
def test_converter_publishes_the_original(catalog: Catalog, text: str, target: str) -> None:
    """An id of an account that converts models means the original model."""
    assert only(catalog.find(f"can we ship {text}?")).target == target


@pytest.mark.parametrize("text", ["someone/our-llama-3-8b-finetune", "nobody-inc/Llama-3-8B-Legal"])
def test_fine_tune_of_a_stranger_is_derived(catalog: Catalog, text: str) -> None:
    """A stranger's model named after a known one is derived from it, not the same."""
    mention = only(catalog.find(f"can we use {text}?"))

    assert mention.target.startswith("meta-llama/Meta-Llama-3")
    assert mention.derived


def test_several_subjects_come_in_order(catalog: Catalog) -> None:
    """Two models and a licence in one question are three mentions, each at its place."""
    text = "May we merge Llama 2 with Mixtral 8x7B and release it under Apache-2.0?"
    mentions = catalog.find(text)

    assert [m.target for m in mentions] == ["llama-2", "mixtral", "apache-2.0"]
    assert [text[m.start : m.end] for m in mentions] == ["Llama 2", "Mixtral 8x7B", "Apache-2.0"]


# --- asked back, unknown, left alone ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["yolo", "Mistral", "falcon", "Qwen", "stable diffusion", "gemma", "Grok"])
def test_ambiguous_name_is_asked_back(catalog: Catalog, name: str) -> None:
    """A name of several families with different terms is ambiguous, with a question and its options."""
    mention = only(catalog.find(f"can we sell {name}?"))

    assert mention.kind is MentionKind.AMBIGUOUS
    assert "?" in mention.question
    assert len(mention.options) >= 2


@pytest.mark.parametrize("name", ["CC BY-NC", "GPL", "OpenRAIL"])
def test_licence_without_its_version_is_asked_back(catalog: Catalog, name: str) -> None:
    """A licence's name that leaves the version open is ambiguous, with a question and its options."""
    mention = only(catalog.find(f"our data is under {name}, ok?"))

    assert mention.kind is MentionKind.AMBIGUOUS_LICENSE
    assert "?" in mention.question
    assert len(mention.options) >= 2


@pytest.mark.parametrize(
    "name", ["gemma-3.5", "llama 5", "Llama 3.9", "meta-llama/Llama-9-100B", "acme/secret-model", "zorblax-9b"]
)
def test_unknown_version_is_not_taken_for_another(catalog: Catalog, name: str) -> None:
    """A version or model that nobody has heard of is unknown, never the next best one."""
    mention = only(catalog.find(f"can we use {name} at work?"))

    assert (mention.kind, mention.shown) == (MentionKind.UNKNOWN, name)


@pytest.mark.parametrize(
    "text",
    [
        "what is the weather today?", "and/or input/output", "hello", "", "our law firm has 20 people",
        "Läuft das mit dem Modell?", "Mit freundlichen Grüßen", "wir arbeiten mit Kunden", "the command line",
        "a research dataset", "open data for everyone", "it is free, other than that", "99 % of 1,000 users",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_names(catalog: Catalog, text: str) -> None:
    """German `mit` and other ordinary words name no licence and no model."""
    assert found(catalog, text) == []


def test_german_preposition_beside_a_model(catalog: Catalog) -> None:
    """`mit` beside a model's name adds no licence to the question."""
    assert found(catalog, "Dürfen wir mit Llama 3 Geld verdienen?") == [("model", "llama-3")]


@pytest.mark.parametrize(
    ("text", "kinds"), [("phi", []), ("the Phi model", ["model"]), ("yi", []), ("we run Yi", ["model"])]
)
def test_short_name_needs_its_capitals(catalog: Catalog, text: str, kinds: list[str]) -> None:
    """A name that is listed as cased is found in just this spelling."""
    assert [m.kind.value for m in catalog.find(text)] == kinds


# --- look-up and nearest names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("Llama 3", "model", "llama-3"), ("llama-3", "model", "llama-3"), ("MIT", "license", "mit"),
        ("mit", "license", "mit"), ("cc-by-nc-4.0", "license", "cc-by-nc-4.0"), ("phi", "model", "phi-4"),
        ("squad", "dataset", "squad-dataset"),
        ("Llama 3 8B Instruct GGUF", "model", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("https://huggingface.co/meta-llama/Meta-Llama-3-8B", "model", "meta-llama/Meta-Llama-3-8B"),
    ],
)  # fmt: skip
def test_name_alone_is_looked_up(catalog: Catalog, name: str, kind: str, target: str) -> None:
    """A name by itself needs no capitals and no context."""
    mention = catalog.lookup(name)

    assert mention is not None
    assert (mention.kind.value, mention.target) == (kind, target)


def test_kind_decides_between_namesakes(catalog: Catalog) -> None:
    """Where a licence and a model share a name, the asked kind wins."""
    model, licence = catalog.lookup("llama-3", "model"), catalog.lookup("llama-3", "license")

    assert model is not None
    assert licence is not None
    assert (model.kind, licence.kind) == (MentionKind.MODEL, MentionKind.LICENSE)


@pytest.mark.parametrize("name", ["zorblax-9b", "", "   ", "gemma-3.5", "what is the weather", "x" * 5000])
def test_unknown_name_is_not_found(catalog: Catalog, name: str) -> None:
    """A name that is not known gives nothing."""
    assert catalog.lookup(name) is None


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("stabel difusion", "stable diffusion"), ("gema", "gemma"), ("flcon", "falcon"), ("deepsek", "deepseek"),
        ("apache lisence", "apache"),
    ],
)  # fmt: skip
def test_nearest_names_are_offered(catalog: Catalog, name: str, near: str) -> None:
    """An unknown name gets the most alike, at most five, each of another subject."""
    nearest = catalog.nearest(name)

    assert near in nearest[0].casefold()
    assert len(nearest) <= 5
    assert len(set(nearest)) == len(nearest)


@pytest.mark.parametrize("name", ["xyzzyq", "", "?!"])
def test_nothing_is_near_to_noise(catalog: Catalog, name: str) -> None:
    """Noise is near to nothing."""
    assert catalog.nearest(name) == ()


def test_every_id_finds_its_own_terms(services: Services) -> None:
    """Looked up by itself, every registry id and every reviewed licence's id leads to its own terms or asks back."""
    wrong = []
    for name in services.store.names():
        if name.rank not in {1, 2, 3} or name.shown != name.target:
            continue
        mention = services.catalog.lookup(name.shown, name.kind)
        if mention is None or (mention.options == () and not _same(services, mention, name)):
            wrong.append(f"{name.kind} {name.shown}: {mention and mention.target}")

    assert not wrong, ", ".join(wrong)


def _same(services: Services, mention: Mention, name: Name) -> bool:
    if mention.kind.value != name.kind:
        return False
    if mention.target == name.target or name.kind == "license":
        return mention.target == name.target
    one, other = services.store.subject(mention.target), services.store.subject(name.target)
    return (one.family, one.license, one.license_state) == (other.family, other.license, other.license_state)


def test_a_repository_is_found_without_its_owner(services: Services) -> None:
    """Who copies `Mixtral-8x7B-Instruct-v0.1` without `mistralai/` is not told that nobody knows it, and gets the same
    terms: only ordinary words (`code`, `apps`) and names of several things are left out."""
    store, catalog = services.store, services.catalog
    entries = [e for e in read_registry()[0] if "/" in e.id and not e.listed]
    found = {e.id: catalog.lookup(e.id.rpartition("/")[2], e.kind) for e in entries}
    lost = [e.id for e in entries if (m := found[e.id]) is None or not m.target]
    targets = {
        e.id: store.subject(m.target) for e in entries if (m := found[e.id]) and m.kind.value == e.kind and m.target
    }
    other = [e.id for e in entries if (t := targets.get(e.id)) and t.license != e.license and t.base != e.base]

    assert len(lost) <= len(entries) // 100
    assert other == []


def test_long_text_is_searched(catalog: Catalog) -> None:
    """A name at the end of twenty thousand characters is found."""
    text = "we build things for people, " * 715 + "can we use Llama 3?"

    assert found(catalog, text) == [("model", "llama-3")]
