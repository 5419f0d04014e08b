"""The names that a policy file may use, and what they stand for; taken from the knowledge base."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from knowledge.profiles import CATEGORIES
from knowledge.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class LicenceKind:
    """What rules look at in a licence beside its id."""

    category: str
    family: str | None = None


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """What rules look at in a model, dataset or software beside its id."""

    publisher: str
    family: str
    """Id of the family that it belongs to, or its own."""


@dataclass(frozen=True, slots=True)
class Known:
    """What names are compared with. Where licences or subjects are `None`, names of theirs are taken as they are."""

    licences: Mapping[str, LicenceKind] | None = None
    subjects: Mapping[str, SubjectKind] | None = None
    categories: Collection[str] = CATEGORIES
    actions: Collection[str] = field(default_factory=lambda: [*vocabulary().actions, *vocabulary().groups])
    domains: Collection[str] = field(default_factory=lambda: list(vocabulary().domains))

    @property
    def families(self) -> frozenset[str] | None:
        """Families of licences."""
        return None if self.licences is None else frozenset(k.family for k in self.licences.values() if k.family)

    @property
    def publishers(self) -> frozenset[str] | None:
        """Publishers of models, datasets and software."""
        return None if self.subjects is None else frozenset(k.publisher for k in self.subjects.values())

    def licence(self, name: str | None) -> LicenceKind | None:
        """Return what a licence is, if that is known."""
        return (self.licences or {}).get(name or "")

    def subject(self, name: str) -> SubjectKind | None:
        """Return what a subject is, if that is known."""
        return (self.subjects or {}).get(name)


def known_names(licences: Mapping[str, tuple[str, str | None]], subjects: Mapping[str, tuple[str, str]]) -> Known:
    """Return what `KnowledgeStore.license_kinds` and `subject_kinds` tell as names that a policy may use."""
    return Known(
        {key: LicenceKind(_category(category), family) for key, (category, family) in licences.items()},
        {key: SubjectKind(publisher, family) for key, (publisher, family) in subjects.items()},
    )


def _category(name: str) -> str:
    """Return a category as profiles write it; texts that nobody has reviewed have ScanCode's."""
    return name.lower().replace(" ", "_").replace("-", "_")
