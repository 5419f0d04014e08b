"""Shows a digest as one HTML page that loads and runs nothing: for a screen, a phone, the dark, and paper."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.digest import charts
from bot.digest.model import Digest
from bot.digest.outline import outline
from bot.digest.text import VERDICT_WORDS, moment

CHARTED = 6
"""As many names the charts of the most asked show."""


def page(digest: Digest) -> str:
    """Return the page. Everything from outside is escaped; its policy lets a browser load and run nothing."""
    return (
        environment()
        .get_template("page.html")
        .render(
            digest=digest,
            outline=outline(digest),
            made_at=moment(digest.made_at, ZoneInfo(digest.zone)),
            words=VERDICT_WORDS,
            by_day=charts.verdicts_by_day(digest.days),
            by_week=charts.questions_by_week(digest.weeks),
            models=charts.most_asked("models", "Most asked models and data", digest.models.shown[:CHARTED]),
            licenses=charts.most_asked("licences", "Most asked licences", digest.licenses.shown[:CHARTED]),
        )
    )


@cache
def environment() -> Environment:
    """Return the templates' surroundings: what is inserted is escaped, what is missing is an error."""
    return Environment(
        loader=PackageLoader("bot.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
