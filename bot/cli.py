"""The command line: each command parses, calls one function and prints. The only place of exit codes.

0: done; 1: a check failed or the thing was not found; 2: wrong use or configuration.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from bot.errors import ConfigurationError, QuestionError
from bot.log import set_up_logging
from bot.services import Services, open_services
from bot.settings import read_settings
from knowledge.errors import ClausebotError

if TYPE_CHECKING:
    from rich.console import Console


app = typer.Typer(
    help="Answers AI licensing questions with a verdict and the deciding clauses, quoted word for word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
policy_app = typer.Typer(help="The company's own rules.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(policy_app, name="policy")
audit_app = typer.Typer(
    help="The audit table: every decision that was given.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(audit_app, name="audit")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]


def main() -> None:
    """Run the program; every error is one sentence on stderr."""
    set_up_logging(verbose=bool(os.environ.get("CLAUSEBOT_VERBOSE")))
    try:
        app()
    except (ConfigurationError, QuestionError) as error:
        sys.exit(_fail(str(error), 2))
    except ClausebotError as error:
        sys.exit(_fail(str(error), 1))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(_fail("Stopped; what was stored before is untouched.", 130))
    except Exception:  # noqa: BLE001  # the last resort: a person never sees a traceback
        sys.exit(_fail(f"Something went wrong that should not have (reference {_reference()}, see the log above).", 1))


def _reference() -> str:
    """Log the running exception under a short reference and return that."""
    reference = secrets.token_hex(4)
    structlog.get_logger().exception("unexpected_error", reference=reference)
    return reference


def _fail(message: str, code: int) -> int:
    print(f"clausebot: {message}", file=sys.stderr)
    return code


@contextmanager
def _services(*, quiet: bool = False) -> Iterator[Services]:
    with _progress(quiet=quiet) as progress, open_services(read_settings(), progress=progress) as services:
        yield services


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr that appears once something takes longer than two seconds."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from bot.progress import LateBar  # noqa: PLC0415

    with LateBar(after_s=2.0) as bar:
        yield bar.tell


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, width=None if sys.stdout.isatty() else 100)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question, as you would put it to a colleague.")] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="FILE", help="JSON Lines of questions; `-` reads stdin.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question; builds the knowledge base first if there is none."""
    from bot.model import Question  # noqa: PLC0415

    if (question is None) == (batch is None):
        raise QuestionError('Give one question in quotes, or --batch FILE: clausebot ask "can we fine-tune Llama 3?"')
    if batch is not None:
        _ask_batch(batch)
        return
    asked = Question(question or "", asker=_user())
    with _services(quiet=as_json) as services:
        from bot.answering.answerer import check  # noqa: PLC0415

        check(asked)
        services.ensure_knowledge()
        answer = services.answerer.answer(asked)
    if as_json:
        print(json.dumps(answer.to_json(), ensure_ascii=False))
    else:
        from bot.terminal import show_answer  # noqa: PLC0415

        show_answer(answer, _console())


def _ask_batch(name: str) -> None:
    """Answer every line in order; a bad line gets an answer that says so, and the exit status is 1."""
    from bot.batch import answer_line, failed_line, read_lines  # noqa: PLC0415

    failed = False
    with _services(quiet=True) as services:
        lines = read_lines(name)
        services.ensure_knowledge()
        for number, line in lines:
            try:
                answer, ok = answer_line(line, number, services.answerer, asker=_user())
            except ClausebotError:
                raise
            except Exception:  # noqa: BLE001  # one row that trips a defect of ours does not cost the others
                answer, ok = failed_line(line, _reference()), False
            failed |= not ok
            print(json.dumps(answer, ensure_ascii=False), flush=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def license(  # noqa: A001  # the command's name is the contract's
    name: Annotated[str, typer.Argument(help="A model, a dataset or a licence.")],
    compare: Annotated[str | None, typer.Option("--compare", metavar="OTHER", help="Show where OTHER differs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what governs a model, a dataset, or what a licence says."""
    from bot import card as cards  # noqa: PLC0415

    with _services(quiet=as_json) as services:
        services.ensure_knowledge(answering=False)
        one = _card_or_exit(name, services, as_json=as_json)
        other = _card_or_exit(compare, services, as_json=as_json) if compare else None
        if other is None:
            shown: Any = one.to_json(services.store)
        else:
            differences = cards.compare(one, other)
            shown = {
                "one": one.to_json(services.store),
                "other": other.to_json(services.store),
                "differences": [d.to_json(one, other) for d in differences],
            }
    if as_json:
        print(json.dumps(shown, ensure_ascii=False))
        return
    from bot.terminal import show_card, show_differences  # noqa: PLC0415

    if other is None:
        show_card(one, _console())
    else:
        show_differences(one, other, differences, _console())


def _card_or_exit(name: str, services: Services, *, as_json: bool) -> Any:
    from bot import card as cards  # noqa: PLC0415
    from knowledge.catalog import Mention  # noqa: PLC0415

    found = cards.find_card(name, services.catalog, services.store)
    if isinstance(found, cards.Card):
        return found
    if isinstance(found, Mention):
        nearest = [services.store.name_of(option) for option in found.options]
        message = f"{found.question} One of: {', '.join(nearest)}."
    elif meant := cards.TAGS_WITHOUT_TEXT.get(name.strip().casefold()):
        nearest, message = [], f"{name!r} {meant}"
    else:
        nearest = list(services.catalog.nearest(name))
        hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
        message = f"{name!r} is no model, dataset or licence that I know.{hint}"
    if as_json:
        empty: dict[str, list[Any]] = {
            key: [] for key in ("licenses", "permissions", "conditions", "prohibitions", "limitations", "citations")
        }
        kind = "ambiguous" if isinstance(found, Mention) else "unknown"
        print(json.dumps({"name": name, "kind": kind, "id": None, **empty, "nearest": nearest}, ensure_ascii=False))
    _fail(message, 1)
    raise typer.Exit(1)


@app.command(name="eval")
def evaluate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Gold questions as JSON Lines; `-` reads stdin.")],
    misses: Annotated[
        bool, typer.Option("--misses", help="Also list every question that was not met in full.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score answers to gold questions."""
    from bot import evaluation  # noqa: PLC0415
    from bot.batch import read_lines  # noqa: PLC0415

    with _services(quiet=as_json) as services:
        lines = list(read_lines(file))
        services.ensure_knowledge()
        golds = evaluation.read_gold(lines, lambda key: services.store.document(key).text)
        asked = (replace(gold.question, asker=_user(), channel="eval") for gold in golds)
        answers = [services.answerer.considered(question) for question in asked]
    results = [evaluation.measure(gold, answer) for gold, answer in zip(golds, answers, strict=True)]
    scores = evaluation.summarise(results)
    if as_json:
        print(json.dumps(scores.to_json() | {"results": [r.to_json() for r in results]}, ensure_ascii=False))
        return
    from bot.terminal import show_scores  # noqa: PLC0415

    show_scores(scores, results if misses else [], _console())


@app.command()
def ingest(
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="PATH_OR_URL", help="A file, a folder or an address.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Embed every clause now, not only those of AI licences.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build or update the knowledge base; unchanged texts are left alone."""
    from ingestion.sources import source_for  # noqa: PLC0415

    extra = [source_for(name) for name in source or ()]
    with _services(quiet=as_json) as services:
        report = services.ingest(extra, embed="all" if everything else "ai")
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        from bot.terminal import show_report  # noqa: PLC0415

        show_report(report, _console())
    if extra and not {s.name for s in extra} & set(report.delivered):
        raise typer.Exit(1)  # nothing of what was named could be taken in


@audit_app.command("list")
def audit_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    verdict: Annotated[
        str | None, typer.Option(help="allowed, conditional, prohibited, needs_review or unknown.")
    ] = None,
    asker: Annotated[str | None, typer.Option(help="Who asked.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From this time on (UTC).")
    ] = None,
    text: Annotated[str | None, typer.Option(help="A word of the question.")] = None,
    as_json: AsJson = False,
) -> None:
    """List decisions, newest first."""
    with _services(quiet=True) as services:
        moment = since.replace(tzinfo=UTC) if since else None
        lines = services.audit.list(limit=limit, verdict=verdict, asker=asker, since=moment, text=text)
    if as_json:
        print(json.dumps([line.to_json() for line in lines], ensure_ascii=False))
    else:
        from bot.terminal import show_decisions  # noqa: PLC0415

        show_decisions(lines, _console())


@audit_app.command("show")
def audit_show(decision_id: Annotated[str, typer.Argument(help="The id that an answer shows.")]) -> None:
    """Print a whole decision as it was given, and under `events` what happened to it later, as JSON."""
    with _services(quiet=True) as services:
        found = services.audit.show(decision_id)
        events = [note.to_json() for note in services.audit.notes(decision_id)]
    if found is None:
        raise typer.Exit(_fail(f"There is no decision {decision_id!r}; `clausebot audit list` shows the ids.", 1))
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

    with _services(quiet=True) as services:
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
        raise typer.Exit(_fail(fault, 1))


@audit_app.command("anchor")
def audit_anchor() -> None:
    """Give out a signed anchor of the record as it is now; keep it where nobody who runs the bot can change it."""
    with _services(quiet=True) as services:
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
        raise typer.Exit(_fail(f"There is no format {form!r}; it is csv or jsonl.", 2))
    with _services(quiet=True) as services:
        moment = since.replace(tzinfo=UTC) if since else None
        lines = as_csv(services.audit.lines(since=moment)) if form == "csv" else as_json_lines(services.audit.rows())
        if out is None:
            sys.stdout.writelines(lines)
            return
        try:
            with Path(out).open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise typer.Exit(_fail(f"{out} cannot be written: {error.strerror}.", 1)) from error


@audit_app.command("replay")
def audit_replay(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many decisions, newest first.")] = 100,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From this time on (UTC).")
    ] = None,
    verdict: Annotated[str | None, typer.Option(help="Only those that got this verdict.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put old questions again to today's knowledge and list whose verdict, clauses or texts differ. Records nothing."""
    from bot.audit.replay import change  # noqa: PLC0415

    with _services() as services:
        services.ensure_knowledge()
        moment = since.replace(tzinfo=UTC) if since else None
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

    show_changes(changes, seen, erased, _console())


@audit_app.command("erase")
def audit_erase(
    name: Annotated[str | None, typer.Argument(help="As `audit list` shows it: slack:TEAM:USER, or cli:NAME.")] = None,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Instead of a name: what anybody wrote before.")
    ] = None,
) -> None:
    """Erase a person's name and what they wrote; verdicts, clauses and the chain stay. It cannot be undone."""
    if (name is None) == (before is None):
        raise typer.Exit(_fail("Give a name, or a date with --before.", 2))
    with _services(quiet=True) as services:
        if name is not None:
            count = services.erase(name)
            if not count:
                raise typer.Exit(_fail(f"Nothing is recorded of {name!r}; `clausebot audit list` shows the names.", 1))
            print(f"Erased: the name and the texts of {count} rows. The rows stay under a pseudonym.")
        elif before is not None:
            print(f"Erased: {services.erase_before(before.replace(tzinfo=UTC))} texts.")


@policy_app.command("check")
def policy_check(
    file: Annotated[str, typer.Argument(help="A policy in YAML or TOML; bot/policy/README.md explains it.")],
) -> None:
    """Check a company policy against the licences and models that are known, and say what lapses soon."""
    from pathlib import Path  # noqa: PLC0415

    from bot.policy.known import known_names  # noqa: PLC0415
    from bot.policy.lapsing import lapsing  # noqa: PLC0415
    from bot.policy.reading import read_policy  # noqa: PLC0415
    from knowledge.profiles import read_profiles  # noqa: PLC0415
    from knowledge.registry import read_registry  # noqa: PLC0415

    entries, _ = read_registry()
    policy = read_policy(Path(file), known_names(read_profiles(), entries))
    print(f"{file}: {len(policy.rules)} rules, no fault.")
    for lapse in lapsing(policy, datetime.now(UTC).date()):
        when = "has lapsed" if lapse.has_lapsed else f"lapses in {lapse.days_left} days"
        print(f"{lapse.relief.id}: {when}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; behind a proxy the local one is enough.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8080,
    socket: Annotated[bool, typer.Option("--socket", help="Connect to Slack instead of listening (Socket Mode).")] = (
        False
    ),
) -> None:
    """Run the Slack app: `POST /slack/events`, `/healthz` and `/readyz`; or Socket Mode."""
    from bot.slack import server  # noqa: PLC0415

    with _services(quiet=True) as services:
        server.check(services.settings, socket=socket)
        server.hide_secrets()
        services.ensure_knowledge()
        asyncio.run(server.serve_socket(services) if socket else server.serve_http(services, host, port))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check configuration, database, knowledge base, vector store, model and Slack; say how to mend faults."""
    from bot.doctor import examine  # noqa: PLC0415

    checks = examine(read_settings())
    if as_json:
        print(json.dumps([c.to_json() for c in checks], ensure_ascii=False))
    else:
        for check in checks:
            mark = {"ok": "✓", "note": "·", "fault": "✗"}[check.state]
            print(f"{mark} {check.name}: {check.found}" + (f"\n    {check.how_to_mend}" if check.how_to_mend else ""))
    if any(c.state == "fault" for c in checks):
        raise typer.Exit(1)


def _user() -> str:
    return f"cli:{os.environ.get('USER') or os.environ.get('USERNAME') or 'unknown'}"


if __name__ == "__main__":
    main()
