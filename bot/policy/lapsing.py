"""Which exceptions and bought licences end soon or have ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.policy.model import Policy, Relief


@dataclass(frozen=True, slots=True)
class Lapse:
    """An exception or a bought licence to be reminded of."""

    relief: Relief
    days_left: int
    """Days after today on which it still holds: 0 on its last day, below 0 where it has lapsed."""

    @property
    def has_lapsed(self) -> bool:
        """Whether it holds no more."""
        return self.days_left < 0

    @property
    def when(self) -> str:
        """When it lapses, in words."""
        if self.has_lapsed:
            return f"has lapsed on {self.relief.period.last}"
        days = "today" if self.days_left == 0 else f"in {self.days_left} day{'s' if self.days_left > 1 else ''}"
        return f"lapses {days}" + (f", on {self.relief.period.last}" if self.days_left else "")


def lapsing(policy: Policy, today: date) -> list[Lapse]:
    """Return what has begun and has lapsed, or does within its `remind_days`; what ended first comes first."""
    found = []
    for relief in (*policy.licences_bought, *policy.exceptions):
        first, last = relief.period.first, relief.period.last
        if last is None or (first is not None and first > today):
            continue
        days_left = (last - today).days
        if days_left <= relief.remind_days:
            found.append(Lapse(relief, days_left))
    return sorted(found, key=lambda lapse: (lapse.days_left, lapse.relief.id))
