"""The closed vocabulary of uses, topics and questions (`data/vocabulary.yaml`), read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class ActionGroup:
    """A named set of actions: `sure` ones belong, `maybe` ones may; `question` asks when it is open."""

    sure: frozenset[str]
    maybe: frozenset[str]
    question: str
    if_so: str
    """Opens a condition where it is left open whether the set applies: `If copies reach others`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word that a profile or a use may hold."""

    actions: dict[str, str]
    groups: dict[str, ActionGroup]
    topics: dict[str, str]
    """Topic to the question that asks for it."""
    domains: dict[str, tuple[str, ...]]
    """Domain to the topics that it makes likely."""
    asks: dict[str, str]


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of this program version."""
    raw = read_yaml(resources.files("knowledge") / "data" / "vocabulary.yaml")
    return Vocabulary(
        actions=raw["actions"],
        groups={
            name: ActionGroup(frozenset(g["sure"]), frozenset(g["maybe"]), g["question"], g["if"])
            for name, g in raw["action_groups"].items()
        },
        topics={name: topic["question"] for name, topic in raw["topics"].items()},
        domains={name: tuple(topics) for name, topics in raw["domains"].items()},
        asks=raw["asks"],
    )


def data_files(folder: str, ending: str = ".yaml") -> list[Traversable]:
    """Return the files of a folder of `data/` whose names end so, sorted by name."""
    found = (resources.files("knowledge") / "data" / folder).iterdir()
    return sorted((f for f in found if f.name.endswith(ending)), key=lambda f: f.name)


def read_yaml(path: Any) -> Any:
    """Parse one YAML file of the data folder (a `Path` or a packaged resource)."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a safe loader, in C where built
