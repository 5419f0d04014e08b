"""Which part each name plays in a question, told by the words around it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.roles import Roles, distinct, roles
from knowledge.catalog import Mention, MentionKind

NAMES = {
    "Llama 3": (MentionKind.MODEL, "llama-3", ("llama-3",)),
    "Llama 3 8B": (MentionKind.MODEL, "meta/llama-3-8b", ("llama-3",)),
    "Mistral 7B": (MentionKind.MODEL, "mistral-7b", ("mistral-7b",)),
    "Qwen2.5": (MentionKind.MODEL, "qwen-2.5", ("qwen-2.5",)),
    "ResNet-50": (MentionKind.MODEL, "resnet", ("resnet",)),
    "ImageNet": (MentionKind.DATASET, "imagenet", ("imagenet",)),
    "OpenAssistant": (MentionKind.DATASET, "oasst", ("oasst",)),
    "vLLM": (MentionKind.SOFTWARE, "vllm", ("vllm",)),
    "Apache-2.0": (MentionKind.LICENSE, "apache-2.0", ()),
    "MIT": (MentionKind.LICENSE, "mit", ()),
    "GPL-3.0": (MentionKind.LICENSE, "gpl-3.0-only", ()),
    "python": (MentionKind.LICENSE, "python", ()),
    "llama": (MentionKind.AMBIGUOUS, "", ("llama-2", "llama-3")),
    "the CC licence": (MentionKind.AMBIGUOUS_LICENSE, "", ()),
    "Blorbo 9": (MentionKind.UNKNOWN, "", ()),
}
_NAME = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(map(re.escape, NAMES), key=len, reverse=True))})(?!\w)")


def mentions(text: str) -> list[Mention]:
    """The names of a text as a catalogue would find them."""
    found = []
    for match in _NAME.finditer(text):
        kind, target, more = NAMES[match.group()]
        options, family = (more, "") if kind is MentionKind.AMBIGUOUS else ((), "".join(more))
        found.append(Mention(kind, match.group(), *match.span(), target, options=options, family=family))
    return found


def read(text: str, *actions: str) -> Roles:
    """The roles of the names in a text whose use has the actions."""
    return roles(text, mentions(text), actions)


def shown(names: tuple[Mention, ...]) -> list[str]:
    """The names as they were written."""
    return [m.shown for m in names]


# -- subjects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("Can we ship Llama 3 with vLLM?", ["Llama 3", "vLLM"]),
        ("Llama 3, and again Llama 3", ["Llama 3"]),
        ("Llama 3 in general and Llama 3 8B in particular", ["Llama 3 8B"]),
        ("our llama is Llama 3 8B", ["Llama 3 8B"]),
        ("Mistral 7B beside some llama", ["Mistral 7B", "llama"]),
        ("Blorbo 9 and Blorbo 9 and Mistral 7B", ["Blorbo 9", "Mistral 7B"]),
        ("What does Apache-2.0 say of patents?", ["Apache-2.0"]),
        ("Which duties has the CC licence?", ["the CC licence"]),
        ("the CC licence or rather MIT?", ["MIT"]),
        ("hello", []),
    ],
)
def test_each_thing_is_a_subject_once(text: str, subjects: list[str]) -> None:
    """A family goes where a member is named, an unclear name where another settles it, a licence alone is a subject."""
    assert shown(read(text).subjects) == subjects


def test_a_licence_beside_a_thing_is_stated_and_no_subject() -> None:
    """What the question says something is under is kept apart from what it is about."""
    found = read("Mistral 7B is under Apache-2.0, may we sell it?")

    assert shown(found.subjects) == ["Mistral 7B"]
    assert shown(found.stated) == ["Apache-2.0"]


def test_a_stated_licence_speaks_for_an_unclear_name() -> None:
    """Where nobody knows which model is meant, the licence that the question states is what is asked about."""
    assert shown(read("our llama is under MIT, may we sell it?").subjects) == ["MIT"]


def test_two_stated_licences_leave_an_unclear_name_unclear() -> None:
    """`One says MIT, one says Apache`: which model it is has to be asked."""
    assert shown(read("which llama is open; one says MIT, one says Apache-2.0. May we use it?").subjects) == ["llama"]


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("We tune Mistral 7B and put the result on the Hub as `Blorbo 9`.", ["Mistral 7B"]),
        ("We tune Mistral 7B and call it Blorbo 9.", ["Mistral 7B"]),
        ("ResNet-50 Blorbo 9 weights", ["ResNet-50"]),
        ("We merge Mistral 7B with Blorbo 9.", ["Mistral 7B", "Blorbo 9"]),
        ("We publish Blorbo 9.", ["Blorbo 9"]),
    ],
)
def test_what_the_asker_calls_the_result_is_no_subject(text: str, subjects: list[str]) -> None:
    """A name that nothing is known of is the result's where it is given to it, and a variant's behind a known name."""
    assert shown(read(text).subjects) == subjects


@given(st.lists(st.sampled_from(list(NAMES)), max_size=6), st.sets(st.sampled_from(["merge", "distill", "relicense"])))
def test_no_name_is_lost_or_played_twice(names: list[str], actions: set[str]) -> None:
    """Whatever is named, in whatever order: a thing is subject or student, never both, and none is made up."""
    text = ", ".join(names)
    found = read(text, *actions)
    held = {m.start for m in mentions(text)}

    assert not set(found.subjects) & set(found.students)
    assert {m.start for m in (*found.subjects, *found.students, *found.stated)} <= held
    assert bool(found.subjects) == bool(distinct(mentions(text)))
    assert set(found.labels) <= set(found.stated)
    assert set(found.behind) <= set(found.subjects)


# -- students and asides -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "subjects", "students"),
    [
        ("outputs of Llama 3 to train our own Mistral 7B", ["Llama 3"], ["Mistral 7B"]),
        ("we fine-tune Mistral 7B on answers of Llama 3", ["Llama 3"], ["Mistral 7B"]),
        ("Llama 3 as teacher, distilled into a small Qwen2.5", ["Llama 3"], ["Qwen2.5"]),
        ("distil Llama 3 into Qwen2.5", ["Llama 3"], ["Qwen2.5"]),
        ("answers of Llama 3 to improve Llama 3 8B", ["Llama 3 8B"], []),
        ("we train Llama 3", ["Llama 3"], []),
    ],
)
def test_what_outputs_train_is_a_student(text: str, subjects: list[str], students: list[str]) -> None:
    """A model that another one's outputs train is its student; without a teacher there is none."""
    found = read(text, "distill")

    assert shown(found.subjects) == subjects
    assert shown(found.students) == students


def test_without_training_on_outputs_there_is_no_student() -> None:
    """Two models that are tuned side by side are both subjects."""
    assert shown(read("we train Mistral 7B and Llama 3", "fine_tune").subjects) == ["Mistral 7B", "Llama 3"]


@pytest.mark.parametrize(
    "text",
    [
        "Unlike Llama 3, may Mistral 7B be sold?",
        "We use Mistral 7B instead of Llama 3.",
        "We moved away from Llama 3 to Mistral 7B.",
        "Mistral 7B, previously Llama 3",
        "Is Mistral 7B freer, compared with Llama 3?",
        "Wir nehmen Mistral 7B statt Llama 3.",
        "Mistral 7B au lieu de Llama 3 ?",
        "Llama 3 was refused by legal, so Mistral 7B?",
        "Until now it was Llama 3, so Mistral 7B?",
        "Llama 3 is too strict, so it goes; what of Mistral 7B?",
        "We looked at Llama 3; the final candidate is Mistral 7B.",
        "a rival to Llama 3 with Mistral 7B",
        "a Llama 3 competitor with Mistral 7B",
        "The note in the wiki is about Llama 3; we sell Mistral 7B.",
        "Bisher lief Llama 3, jetzt Mistral 7B?",
        "instead of Llama 3 or Qwen2.5 we sell Mistral 7B",
    ],
)
def test_what_is_only_compared_with_is_no_subject(text: str) -> None:
    """A name that was given up or stands for comparison is an aside."""
    assert shown(read(text).subjects) == ["Mistral 7B"]


@pytest.mark.parametrize("text", ["Llama 3 vs Mistral 7B: which may we sell?", "Llama 3 or Mistral 7B for this?"])
def test_what_is_weighed_against_each_other_is_all_asked_about(text: str) -> None:
    """Candidates between which the asker has still to choose are subjects."""
    assert shown(read(text).subjects) == ["Llama 3", "Mistral 7B"]


def test_a_bare_name_after_its_version_is_that_version() -> None:
    """A short name that begins a longer one named before is no second subject."""
    full = Mention(MentionKind.MODEL, "SAM 3", 0, 5, "sam-3", family="sam-3")
    bare = Mention(MentionKind.MODEL, "SAM", 20, 23, "sam-1", family="sam-1")

    assert distinct([full, bare]) == [full]
    assert distinct([replace(bare, start=0, end=3), replace(full, start=9, end=14)]) != [full]


@pytest.mark.parametrize("text", ["May we run something instead of Llama 3?", "Llama 3 was rejected, why?"])
def test_the_only_name_is_never_an_aside(text: str) -> None:
    """Where nothing else is named, the name is what the question is about."""
    assert shown(read(text).subjects) == ["Llama 3"]


# -- licences ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("publish our tune of Llama 3 under Apache-2.0", "apache-2.0"),
        ("can we slap MIT on a tune of Llama 3?", "mit"),
        ("relicense Llama 3 as GPL-3.0", "gpl-3.0-only"),
        ("Dürfen wir Llama 3 unter MIT veröffentlichen?", "mit"),
        ("Peut-on publier Llama 3 sous MIT ?", "mit"),
    ],
)
def test_the_licence_for_the_result_is_no_stated_one(text: str, result: str) -> None:
    """The licence that the asker wants to put on the work says nothing of what it is under."""
    found = read(text, "relicense")

    assert found.result_license is not None
    assert found.result_license.target == result
    assert not found.own_terms
    assert result not in [m.target for m in found.stated]


def test_relicensing_without_a_licence_is_under_own_terms() -> None:
    """Who wants other terms and names none brings terms of their own; without the wish there are none."""
    text = "Llama 3 is under MIT; may we sell it under our EULA?"

    assert read(text, "relicense").own_terms
    assert read(text, "relicense").result_license is None
    assert not read(text).own_terms


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The card says MIT, it is a tune of Llama 3", True),
        ("tagged MIT on the hub, a tune of Llama 3", True),
        ("a tune of Llama 3, MIT tag", True),
        ("its README claims MIT, a tune of Llama 3", True),
        ("Llama 3 is under MIT", False),
        ("the repository's code is MIT, the weights are Llama 3", False),
        ("source code header MIT, weights Llama 3", False),
        ("The card is here. MIT governs our own Llama 3", False),
        ("their lead says Llama 3 is MIT", False),
        ("my colleague heard that Llama 3 is MIT", False),
        ("my colleague says the card says MIT for Llama 3", True),
        ("the LICENSE file in the repo says MIT, weights Llama 3", True),
    ],
)
def test_a_label_is_what_a_card_says(text: str, label: bool) -> None:
    """What stands on a card or a tag is a label; what the code is under, or the asker knows, is none."""
    found = read(text)

    assert shown(found.stated) == ["MIT"]
    assert shown(found.labels) == ["MIT"] * label


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("merge Llama 3 with code under GPL-3.0", ["Llama 3", "GPL-3.0"]),
        ("merge Llama 3 with Mistral 7B (Apache-2.0)", ["Llama 3", "Mistral 7B"]),
        ("merge Llama 3 and a python script", ["Llama 3"]),
        ("merge Llama 3 and work under the python licence", ["Llama 3"]),
    ],
)
def test_a_merge_takes_in_the_licences_that_it_names(text: str, subjects: list[str]) -> None:
    """A licence is a part of the work of its own, unless it tells in brackets what a named part is under."""
    if "python licence" in text:
        subjects = [*subjects, "python"]

    assert shown(read(text, "merge").subjects) == subjects


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("run Llama 3 beside code under GPL-3.0", ["Llama 3"]),
        ("the weights are under GPL-3.0. And Llama 3?", ["Llama 3"]),
        ("We use a data set under GPL-3.0. It trains Llama 3.", ["Llama 3", "GPL-3.0"]),
    ],
)
def test_without_a_merge_a_licence_joins_only_as_that_of_a_nameless_part(text: str, subjects: list[str]) -> None:
    """What is used has its licence asked about, too, where it has no name of its own."""
    assert shown(read(text).subjects) == subjects


def test_a_licence_without_its_version_is_kept_as_unclear() -> None:
    """Beside a thing such a name is no subject and nothing that the thing is stated to be under."""
    found = read("Llama 3 and data under the CC licence")

    assert shown(found.subjects) == ["Llama 3"]
    assert shown(found.unclear) == ["the CC licence"]
    assert not found.stated


@pytest.mark.parametrize(
    ("text", "result", "own"),
    [
        ("we publish a translation of OpenAssistant on the hub as MIT", "mit", False),
        ("a LoRA of Llama 3 goes on Zenodo under MIT", "mit", False),
        ("our Llama 3 tune is on the hub under our own terms", None, True),
        ("Llama 3 is released under MIT", None, False),
        ("they publish Llama 3 under MIT", None, False),
    ],
)
def test_a_licence_that_the_result_goes_out_under_needs_no_verb_for_it(
    text: str, result: str | None, own: bool
) -> None:
    """Who says what goes out under which licence wants it on the result, whatever else the question asks."""
    found = read(text)

    assert (found.result_license.target if found.result_license else None) == result
    assert found.own_terms == own


def test_a_licence_right_after_a_data_noun_is_that_of_the_data() -> None:
    """`trained on a corpus under GPL-3.0, published under MIT` has one licence for each."""
    found = read("publish a model trained on a corpus under GPL-3.0, under MIT", "relicense")

    assert found.result_license is None or found.result_license.target == "mit"
    assert "gpl-3.0-only" in [m.target for m in found.subjects]


@pytest.mark.parametrize(
    ("text", "licensor", "subjects"),
    [
        ("We own the photos, can we release them under MIT?", True, ["MIT"]),
        ("Nous possédons les photos et voulons les publier sous MIT", True, ["MIT"]),
        ("We own the photos and looked at GPL-3.0; would MIT do to share them?", True, ["MIT"]),
        ("We tune on our own photos and publish Llama 3 under MIT", False, ["Llama 3"]),
        ("We run a tool under MIT on our own photos", False, ["MIT"]),
    ],
)
def test_who_owns_the_thing_is_the_licensor(text: str, licensor: bool, subjects: list[str]) -> None:
    """An owner who asks for a licence to give things away under is not bound by it; only the chosen one counts."""
    found = read(text)

    assert found.licensor == licensor
    assert shown(found.subjects) == subjects


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("we only take the training code of Llama 3", True),
        ("the code of Llama 3, not the checkpoints", True),
        ("nur der Code von Llama 3, ohne Gewichte", True),
        ("Llama 3 writes code for our staff only", False),
        ("the weights and the code of Llama 3", False),
    ],
)
def test_code_alone_is_told_from_weights(text: str, alone: bool) -> None:
    """Who takes a model's code and not its weights has the code's licence to keep."""
    assert read(text).code_alone == alone


# -- data behind a model, things without a licence ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "behind"),
    [
        ("ResNet-50 is pre-trained on ImageNet, may we sell it?", True),
        ("ResNet-50, whose training data is ImageNet", True),
        ("ResNet-50 was trained only on ImageNet", True),
        ("the ImageNet-pretrained ResNet-50", True),
        ("ResNet-50 on ImageNet, we did not train it", True),
        ("We train ResNet-50 on ImageNet ourselves", False),
        ("ImageNet trains ResNet-50", False),
        ("ResNet-50 and ImageNet", False),
    ],
)
def test_data_that_others_trained_on_is_behind_the_model(text: str, behind: bool) -> None:
    """A data set that a named model learned from at others' hands is told from one that the asker uses."""
    found = read(text)

    assert set(shown(found.subjects)) == {"ResNet-50", "ImageNet"}
    assert shown(found.behind) == ["ImageNet"] * behind


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("A LoRA on Llama 3 that has no licence", "LoRA"),
        ("A LoRA without a license, made from Llama 3", "LoRA"),
        ("we found a checkpoint. It comes without any license.", "checkpoint"),
        ("an unlicensed dataset from a forum", "dataset"),
        ("the repo lacks a license", "repo"),
        ("Ein Datensatz ohne Lizenz", "Datensatz"),
        ("un modèle sans licence", "modèle"),
        ("May we use what has no licence?", "it"),
        ("Llama 3 has no licence at all, right?", None),
        ("We need no license key for Llama 3", None),
        ("Is Llama 3 used without licence fee?", None),
        ("Llama 3 under MIT", None),
    ],
)
def test_what_has_no_licence_is_told_in_its_words(text: str, thing: str | None) -> None:
    """A thing that is said to come without a licence is named; a mistake about a known model or a key is none."""
    assert read(text).unlicensed == thing
