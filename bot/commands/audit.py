"""The commands on the audit table."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.commands.common import AsJson, Since, console, fail, in_utc, opened

audit_app = typer.Typer(
    help="The audit table: every decision that was given.", no_args_is_help=True, rich_markup_mode=None
)


@audit_app.command("list")
def audit_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    verdict: Annotated[
        str | None, typer.Option(help="allowed, conditional, prohibited, needs_review or unknown.")
    ] = None,
    asker: Annotated[str | None, typer.Option(help="Who asked.")] = None,
    since: Since = None,
    text: Annotated[str | None, typer.Option(help="A word of the question.")] = None,
    as_json: AsJson = False,
) -> None:
    """List decisions, newest first."""
    with opened(quiet=True) as services:
        moment = in_utc(since)
        lines = services.audit.list(limit=limit, verdict=verdict, asker=asker, since=moment, text=text)
    if as_json:
        print(json.dumps([line.to_json() for line in lines], ensure_ascii=False))
    else:
        from bot.terminal import show_decisions  # noqa: PLC0415

        show_decisions(lines, console())


@audit_app.command("show")
def audit_show(decision_id: Annotated[str, typer.Argument(help="The id that an answer shows.")]) -> None:
    """Print a whole decision as it was given, and under `events` what happened to it later, as JSON."""
    with opened(quiet=True) as services:
        found = services.audit.show(decision_id)
        events = [note.to_json() for note in services.audit.notes(decision_id)]
    if found is None:
        raise typer.Exit(fail(f"There is no decision {decision_id!r}; `clausebot audit list` shows the ids.", 1))
    print(json.dumps(found | {"events": events}, ensure_ascii=False, indent=1))


@audit_app.command("verify")
def audit_verify(
    anchor: Annotated[
        list[str] | None, typer.Option(help="An anchor that a digest showed, in quotes (repeatable).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every row of the record, and that it still reaches every anchor that was given out."""
    from bot.audit.anchors import Head  # noqa: PLC0415

    with opened(quiet=True) as services:
        given = [Head.parse(text) for text in anchor or ()]
        found = services.audit.ledger.verify()
        cut = None if found.fault else services.anchors.broken(*given)
    fault = f"Row {found.fault.seq} ({found.fault.id}): {found.fault.what}." if found.fault else ""
    if cut:
        fault = (
            f"The record does not match the anchor of {cut.count} rows given out {cut.at}: rows were cut off or redone."
        )
    if as_json:
        print(json.dumps({"rows": found.count, "head": found.head, "fault": fault or None}, ensure_ascii=False))
    elif not fault:
        print(f"{found.count} rows, unbroken. Head: {found.head}")
    if fault:
        raise typer.Exit(fail(fault, 1))


@audit_app.command("anchor")
def audit_anchor() -> None:
    """Give out a signed anchor of the record as it is now; keep it where nobody who runs the bot can change it."""
    with opened(quiet=True) as services:
        print(services.anchors.give_out())
        print(f"public key: {services.signer.public_key}", file=sys.stderr)


@audit_app.command("export")
def audit_export(
    form: Annotated[str, typer.Option("--format", help="csv: the decisions; jsonl: every row of the chain.")] = "csv",
    out: Annotated[str | None, typer.Option(help="A file; default: stdout.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="csv: from this time on (UTC).")
    ] = None,
) -> None:
    """Hand the record over."""
    from pathlib import Path  # noqa: PLC0415

    from bot.audit.export import as_csv, as_json_lines  # noqa: PLC0415

    if form not in ("csv", "jsonl"):
        raise typer.Exit(fail(f"There is no format {form!r}; it is csv or jsonl.", 2))
    with opened(quiet=True) as services:
        moment = in_utc(since)
        lines = as_csv(services.audit.lines(since=moment)) if form == "csv" else as_json_lines(services.audit.rows())
        if out is None:
            sys.stdout.writelines(lines)
            return
        try:
            with Path(out).open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise typer.Exit(fail(f"{out} cannot be written: {error.strerror}.", 1)) from error


@audit_app.command("replay")
def audit_replay(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many decisions, newest first.")] = 100,
    since: Since = None,
    verdict: Annotated[str | None, typer.Option(help="Only those that got this verdict.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put old questions again to today's knowledge and list whose verdict, clauses or texts differ. Records nothing."""
    from bot.audit.replay import change  # noqa: PLC0415

    with opened() as services:
        services.ensure_knowledge()
        moment = in_utc(since)
        changes, erased, seen = [], 0, 0
        for line in services.audit.list(limit=limit, since=moment, verdict=verdict):
            question, old = services.audit.question(line.id), services.audit.answer(line.id)
            if question is None or old is None:
                erased += 1
                continue
            seen += 1
            if found := change(old, services.answerer.considered(question)):
                changes.append(found)
    if as_json:
        told = {"replayed": seen, "erased": erased, "changes": [c.to_json() for c in changes]}
        print(json.dumps(told, ensure_ascii=False))
        return
    from bot.terminal import show_changes  # noqa: PLC0415

    show_changes(changes, seen, erased, console())


@audit_app.command("erase")
def audit_erase(
    name: Annotated[str | None, typer.Argument(help="As `audit list` shows it: slack:TEAM:USER, or cli:NAME.")] = None,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Instead of a name: what anybody wrote before.")
    ] = None,
) -> None:
    """Erase a person's name and what they wrote; verdicts, clauses and the chain stay. It cannot be undone."""
    if (name is None) == (before is None):
        raise typer.Exit(fail("Give a name, or a date with --before.", 2))
    with opened(quiet=True) as services:
        if name is not None:
            count = services.erase(name)
            if not count:
                raise typer.Exit(fail(f"Nothing is recorded of {name!r}; `clausebot audit list` shows the names.", 1))
            print(f"Erased: the name and the texts of {count} rows. The rows stay under a pseudonym.")
        elif before is not None:
            print(f"Erased: {services.erase_before(before.replace(tzinfo=UTC))} texts.")
