"""From a registry entry to what governs it."""

from __future__ import annotations

from bot.answering.resolve import resolve_entry
from bot.services import Services
from knowledge.catalog import Mention, MentionKind
from knowledge.registry import read_registry


def test_every_licence_of_the_registry_is_found(services: Services) -> None:
    """An entry that names a licence is governed by one: no spelling of a key leads nowhere."""
    entries, _ = read_registry()
    lost = {
        entry.license
        for entry in entries
        if entry.license
        and not resolve_entry(Mention(MentionKind.MODEL, entry.name, 0, 0, entry.id), services.store).licenses
    }

    assert lost == set()


def test_a_base_model_s_terms_come_along(services: Services) -> None:
    """A distilled model keeps its base's licence beside its own, and names the base."""
    case = resolve_entry(
        Mention(MentionKind.MODEL, "x", 0, 0, "deepseek-ai/DeepSeek-R1-Distill-Llama-8B"), services.store
    )

    assert [r.profile.id for r in case.licenses] == ["mit", "llama-3.1"]
    assert case.subject.inherited_from != ()
