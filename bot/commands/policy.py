"""The commands on the company's policy."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import AsJson, Since, console, in_utc, opened

policy_app = typer.Typer(help="The company's own rules.", no_args_is_help=True, rich_markup_mode=None)

PolicyPath = Annotated[str, typer.Argument(help="A policy in YAML or TOML; bot/policy/README.md explains it.")]


@policy_app.command("check")
def policy_check(file: PolicyPath) -> None:
    """Check a company policy against the licences and models that are known, and say what lapses soon."""
    from bot.policy.lapsing import lapsing  # noqa: PLC0415
    from bot.policy.reading import read_policy  # noqa: PLC0415

    with opened() as services:
        services.ensure_knowledge(answering=False)
        policy = read_policy(Path(file), services.policy_names())
    print(f"{file}: {len(policy.rules)} rules, no fault.")
    for lapse in lapsing(policy, datetime.now(UTC).date()):
        print(f"{lapse.relief.id}: {lapse.when}")


@policy_app.command("try")
def policy_try(file: PolicyPath, since: Since = None, as_json: AsJson = False) -> None:
    """List the past decisions that would come out differently, were this policy in force today. Records nothing."""
    from bot.policy.reading import read_policy  # noqa: PLC0415
    from bot.policy.rulebook import Rulebook  # noqa: PLC0415
    from bot.trial import Sides, trial  # noqa: PLC0415

    with opened(quiet=as_json) as services:
        services.ensure_knowledge(answering=False)
        known = services.policy_names()
        tried = Rulebook(read_policy(Path(file), known), known)
        sides = Sides(
            tried, services.answerer_under(lambda: tried).considered,
            services.policy.current() if services.policy else None, services.answerer.considered,
        )  # fmt: skip
        found = trial(services.audit, sides, since=in_utc(since), today=datetime.now(UTC).date())
    if as_json:
        told = {"tried": found.tried, "erased": found.erased, "changes": [c.to_json() for c in found.changes]}
        print(json.dumps(told, ensure_ascii=False))
        return
    from bot.terminal import show_trial  # noqa: PLC0415

    show_trial(found, console())
