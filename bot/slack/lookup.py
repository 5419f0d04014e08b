"""`/license`: what governs a name, where two differ, or how to ask; as messages. Reads the store, posts nothing."""

from __future__ import annotations

import re

from bot.card import TAGS_WITHOUT_TEXT, Card, compare, find_card
from bot.services import Services
from bot.slack.blocks import (
    Message,
    card_messages,
    comparison_messages,
    help_message,
    name_choices,
    plain,
    without_buttons,
)
from knowledge.catalog import Mention, MentionKind

_COMPARE = re.compile(r"compare\s+(.+)", re.IGNORECASE | re.DOTALL)
_BETWEEN = re.compile(r"\s+(?:with|and|vs\.?|versus|to)\s+|\s*[,;]\s*", re.IGNORECASE)


def look_up(text: str, services: Services) -> tuple[Message, ...]:
    """Return the answer to what stands behind `/license`."""
    wanted = text.strip()
    if wanted.casefold() in {"", "help"}:
        return (help_message(),)
    if found := _COMPARE.fullmatch(wanted):
        return _comparison(found[1].strip(), services)
    card = card_or_choices(wanted, services)
    return card_messages(card) if isinstance(card, Card) else (card,)


def _comparison(names: str, services: Services) -> tuple[Message, ...]:
    """Return the differences of two names: told apart by `with`, `and`, `vs` or a comma, else by the one blank between
    words at which both sides are names."""
    parts = _BETWEEN.split(names, maxsplit=1)
    pair = (parts[0], parts[1]) if len(parts) > 1 else _split(names, services)
    if pair is None:
        return (plain("Say which two: `/license compare Llama 3 with Llama 3.1`."),)
    return compared(pair[0], services, pair[1])


def compared(name: str, services: Services, other_name: str) -> tuple[Message, ...]:
    """Return where two names differ, or what to choose from where one is not known."""
    one, other = card_or_choices(name, services), card_or_choices(other_name, services)
    if isinstance(one, Card) and isinstance(other, Card):
        return comparison_messages(one, other, compare(one, other))
    return tuple(m for m in (one, other) if isinstance(m, Message))


def _split(names: str, services: Services) -> tuple[str, str] | None:
    words = names.split()
    pairs = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    known = [p for p in pairs if all(services.catalog.lookup(name) for name in p)]
    return known[0] if known else next(iter(pairs), None) if len(pairs) == 1 else None


def card_or_choices(name: str, services: Services) -> Card | Message:
    """Return the card of a name, or what to choose from where it is not known or means several things."""
    found = find_card(name, services.catalog, services.store)
    if isinstance(found, Card):
        return found
    if isinstance(found, Mention):
        return name_choices(found.question, [services.store.name_of(option) for option in found.options])
    if meant := TAGS_WITHOUT_TEXT.get(name.casefold()):
        return plain(f"{name!r} {meant}")
    nearest = services.catalog.nearest(name)
    hint = " Did you mean one of these?" if nearest else " `/license help` says how to ask."
    return name_choices(f"{name!r} is no model, dataset or licence that I know.{hint}", nearest)


def clauses_of(card_id: str, services: Services) -> tuple[Message, ...]:
    """Return a card with the clauses behind it quoted."""
    card = card_or_choices(card_id, services)
    return card_messages(card, clauses=True) if isinstance(card, Card) else (card,)


def shared(card_id: str, services: Services) -> tuple[Message, ...]:
    """Return a card as a channel gets it: without the buttons of the one who looked it up."""
    card = card_or_choices(card_id, services)
    messages = card_messages(card) if isinstance(card, Card) else (card,)
    return tuple(without_buttons(message) for message in messages)


_HUB = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<data>datasets/)?(?P<name>[\w.-]+(?:/[\w.-]+)?)", re.ASCII
)


def unfurled(address: str, services: Services) -> Message | None:
    """Return the card for an address of a model or a dataset on the Hub; none where that is not known."""
    found = _HUB.match(address)
    if found is None:
        return None
    mention = services.catalog.lookup(found["name"], "dataset" if found["data"] else "model")
    if (
        mention is None
        or not mention.target
        or mention.derived
        or mention.kind not in (MentionKind.MODEL, MentionKind.DATASET)
    ):
        return None
    card = find_card(found["name"], services.catalog, services.store)
    return without_buttons(card_messages(card)[0]) if isinstance(card, Card) else None
