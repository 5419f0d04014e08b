"""Adds what is known of the company to a use that does not say it. Pure.

What a question states of the company wins over the file. Figures of affiliates are a fact of their own: they come along
where the question states none of them, since the limits of licences count the whole group, and in the measure in which
the question speaks of the company, since only that can be added up (`bot/answering/rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.model import Citation, Use
from bot.policy.model import Affiliate, Company, Policy
from knowledge.vocabulary import vocabulary

PEOPLE = ("mau", "mau_at_release", "muu", "users", "dau")
_OF_AFFILIATES = "affiliate_"
_MEASURED_BY = {"mau": ("mau", "users", "dau"), "users": ("users", "mau", "dau"), "dau": ("dau",)}
"""What stands for a count of people where an affiliate does not give that count itself."""
_CALLED = {
    "mau": "Monthly active users",
    "users": "Users",
    "dau": "Daily active users",
    "headcount": "Employees",
    "region": "Seat",
    "markets": "Places of the customers",
    "monthly_revenue_usd": "Monthly revenue in USD",
}


@dataclass(frozen=True, slots=True)
class AddedFact:
    """A fact of the company that a question left out."""

    name: str
    """As `Use.facts` has it."""
    value: Any
    text: str
    """The fact as a sentence."""
    citations: tuple[Citation, ...]
    """Where it stands in the policy file."""


def with_company_facts(use: Use, policy: Policy) -> Use:
    """Return the use with the company's facts where it states none of that kind; `added_facts` says which."""
    added = {fact.name: fact.value for fact in added_facts(use, policy)}
    known = {name: value for name, value in use.facts.items() if value is not None or not _answered(name, added)}
    return replace(use, facts={**known, **added}) if added else use


def added_facts(use: Use, policy: Policy) -> tuple[AddedFact, ...]:
    """Return the facts that `with_company_facts` adds."""
    if policy.company is None:
        return ()
    return tuple(_added(use, policy.company))


def _added(use: Use, company: Company) -> Iterator[AddedFact]:
    stated = {name for name, value in use.facts.items() if value is not None}
    for kind in (_people, _revenue, lambda name: name == "headcount"):
        own = {name for name in stated if kind(name)}
        ours = [name for name in company.figures if kind(name)]
        if not own:
            yield from (_figure(company, name) for name in ours)
        if not any(kind(name.removeprefix(_OF_AFFILIATES)) for name in stated - own):
            countable = own if own and kind is _revenue else set(ours)
            yield from _of_affiliates(company, [name for name in ours if name in countable])
    if company.established_in and _seat_is_open(use.facts):
        yield _place(company, "region", company.established_in)
    if company.customers_in and "markets" not in stated and _reaches_others(use):
        yield _place(company, "markets", company.customers_in)


def _answered(name: str, added: Mapping[str, Any]) -> bool:
    """Whether a number that the question gives as unknown is known to the company, be it in another measure."""
    return _people(name) and any(map(_people, added))


def _people(name: str) -> bool:
    return name in PEOPLE


def _revenue(name: str) -> bool:
    return name.startswith(("revenue_", "monthly_revenue_"))


def _seat_is_open(facts: Mapping[str, Any]) -> bool:
    """Whether the question does not say where the company sits: a place of customers alone is stated as both."""
    stated = facts.get("region")
    return not stated or stated == facts.get("markets")


def _reaches_others(use: Use) -> bool:
    """Whether anybody but the company gets at the work; else it does not matter where the customers are."""
    return bool(vocabulary().groups["made_available"].sure & set(use.actions))


def _figure(company: Company, name: str) -> AddedFact:
    value = company.figures[name]
    text = f"{_called(name)} of {company.name}: {value:,}{_as_of(company)}."
    return AddedFact(name, value, text, (company.citations[name],))


def _of_affiliates(company: Company, names: list[str]) -> Iterator[AddedFact]:
    for name in names:
        shares = [(a, m) for a in company.affiliates if (m := _measure(a, name))]
        if shares:
            value = sum(a.figures[m] for a, m in shares)
            who = ", ".join(a.name for a, _ in shares)
            text = f"{_called(name)} of its affiliates ({who}), which are added: {value:,}{_as_of(company)}."
            yield AddedFact(f"{_OF_AFFILIATES}{name}", value, text, tuple(a.citations[m] for a, m in shares))


def _measure(affiliate: Affiliate, name: str) -> str | None:
    return next((m for m in _MEASURED_BY.get(name, (name,)) if m in affiliate.figures), None)


def _place(company: Company, name: str, places: tuple[str, ...]) -> AddedFact:
    text = f"{_called(name)} of {company.name}: {', '.join(places)}."
    return AddedFact(name, ",".join(places), text, (company.citations[name],))


def _called(name: str) -> str:
    return _CALLED.get(name) or f"Yearly revenue in {name.removeprefix('revenue_').upper()}"


def _as_of(company: Company) -> str:
    return f", as of {company.as_of}" if company.as_of else ""
