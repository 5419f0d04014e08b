"""What somebody says of a licence, who owns the thing, and what is left open."""

from __future__ import annotations

import pytest

from bot.answering.resolve import any_version
from bot.answering.standing import is_belief, is_label, ready_made, takes_code_alone
from bot.services import Services
from knowledge.catalog import Mention, MentionKind


def licence(text: str, name: str = "MIT") -> Mention:
    """The licence named in a text."""
    start = text.index(name)
    return Mention(MentionKind.LICENSE, name, start, start + len(name), name.lower())


@pytest.mark.parametrize(
    ("text", "belief", "label"),
    [
        ("Our CTO says it is MIT.", True, False),
        ("Einer meint MIT, einer meint man muss zahlen.", True, False),
        ("Mi jefe dice que es MIT.", True, False),
        ("The model card says MIT.", False, True),
        ("Somebody told me that the card says MIT.", False, True),
        ("It is under MIT.", False, False),
        ("Our CTO is happy. It is under MIT.", False, False),
        ("Our CTO says Mistral 7B v0.3 is MIT.", True, False),
        ("The card is long\nMIT", False, False),
    ],
)
def test_a_belief_is_no_label(text: str, belief: bool, label: bool) -> None:
    """What a person says is a belief; what stands on a card is on record, whoever tells of it."""
    assert (is_belief(text, licence(text)), is_label(text, licence(text))) == (belief, label)


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("others may train on our images but nobody may display them", "c-uda-1.0"),
        ("others must share it under the same terms", "cdla-sharing-1.0"),
        ("all we want is credit", "cc-by-4.0"),
        ("no strings at all", "cc0-1.0"),
        ("which licence should we take?", None),
        ("no conditions, it should be public domain", "cc0-1.0"),
        ("share alike, and credit us", "cdla-sharing-1.0"),
    ],
)
def test_the_rarest_wish_chooses_the_ready_made_licence(text: str, fitting: str | None) -> None:
    """What an owner wants of others leads to the licence that serves it; without a wish there is none."""
    assert ready_made(text) == fitting


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("we only take the training code", True),
        ("the code, not the checkpoints", True),
        ("ohne die Gewichte, nur den Code", True),
        ("we take code and weights", False),
        ("only the code assistant", False),
    ],
)
def test_code_without_weights(text: str, alone: bool) -> None:
    """Only who takes the code without the weights takes code alone."""
    assert takes_code_alone(text) is alone


def test_a_version_left_open_is_every_version_newest_first(services: Services) -> None:
    """`CC BY` is each of its versions; a name that leaves open more than the version is none."""
    options = ("cc-by-3.0", "cc-by-4.0")
    cases = any_version(Mention(MentionKind.AMBIGUOUS_LICENSE, "CC BY", 0, 5, options=options), services.store)
    mixed = Mention(MentionKind.AMBIGUOUS_LICENSE, "CC", 0, 2, options=("cc-by-4.0", "cc-by-nc-4.0"))

    assert [r.profile.id for case in cases for r in case.licenses] == ["cc-by-4.0", "cc-by-3.0"]
    assert any_version(mixed, services.store) == []
