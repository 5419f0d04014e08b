"""The command line: each command parses, calls one function and prints. The only place of exit codes.

0: done; 1: a check failed or the thing was not found; 2: wrong use or configuration.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from bot.commands.audit import audit_app
from bot.commands.common import AsJson, console, fail, opened, reference, user
from bot.commands.digest import digest
from bot.commands.policy import policy_app
from bot.errors import ConfigurationError, QuestionError
from bot.log import set_up_logging
from bot.services import Services
from bot.settings import read_settings
from knowledge.errors import ClausebotError

app = typer.Typer(
    help="Answers AI licensing questions with a verdict and the deciding clauses, quoted word for word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(policy_app, name="policy")
app.add_typer(audit_app, name="audit")
app.command()(digest)


def main() -> None:
    """Run the program; every error is one sentence on stderr."""
    set_up_logging(verbose=bool(os.environ.get("CLAUSEBOT_VERBOSE")))
    try:
        app()
    except (ConfigurationError, QuestionError) as error:
        sys.exit(fail(str(error), 2))
    except ClausebotError as error:
        sys.exit(fail(str(error), 1))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(fail("Stopped; what was stored before is untouched.", 130))
    except Exception:  # noqa: BLE001  # the last resort: a person never sees a traceback
        sys.exit(fail(f"Something went wrong that should not have (reference {reference()}, see the log above).", 1))


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
    asked = Question(question or "", asker=user())
    with opened(quiet=as_json) as services:
        from bot.answering.answerer import check  # noqa: PLC0415

        check(asked)
        services.ensure_knowledge()
        answer = services.answerer.answer(asked)
    if as_json:
        print(json.dumps(answer.to_json(), ensure_ascii=False))
    else:
        from bot.terminal import show_answer  # noqa: PLC0415

        show_answer(answer, console())


def _ask_batch(name: str) -> None:
    """Answer every line in order; a bad line gets an answer that says so, and the exit status is 1."""
    from bot.batch import answer_line, failed_line, read_lines  # noqa: PLC0415

    failed = False
    with opened(quiet=True) as services:
        lines = read_lines(name)
        services.ensure_knowledge()
        for number, line in lines:
            try:
                answer, ok = answer_line(line, number, services.answerer, asker=user())
            except ClausebotError:
                raise
            except Exception:  # noqa: BLE001  # one row that trips a defect of ours does not cost the others
                answer, ok = failed_line(line, reference()), False
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

    with opened(quiet=as_json) as services:
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
        show_card(one, console())
    else:
        show_differences(one, other, differences, console())


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
    fail(message, 1)
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

    with opened(quiet=as_json) as services:
        lines = list(read_lines(file))
        services.ensure_knowledge()
        golds = evaluation.read_gold(lines, lambda key: services.store.document(key).text)
        asked = (replace(gold.question, asker=user(), channel="eval") for gold in golds)
        answerer = services.answerer_under(None)  # gold answers are the licences' own
        answers = [answerer.considered(question) for question in asked]
    results = [evaluation.measure(gold, answer) for gold, answer in zip(golds, answers, strict=True)]
    scores = evaluation.summarise(results)
    if as_json:
        print(json.dumps(scores.to_json() | {"results": [r.to_json() for r in results]}, ensure_ascii=False))
        return
    from bot.terminal import show_scores  # noqa: PLC0415

    show_scores(scores, results if misses else [], console())


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
    with opened(quiet=as_json) as services:
        report = services.ingest(extra, embed="all" if everything else "ai")
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        from bot.terminal import show_report  # noqa: PLC0415

        show_report(report, console())
    if extra and not {s.name for s in extra} & set(report.delivered):
        raise typer.Exit(1)  # nothing of what was named could be taken in


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

    with opened(quiet=True) as services:
        server.check(services.settings, socket=socket)
        server.hide_secrets()
        services.ensure_knowledge()
        if services.policy:
            services.policy.current()  # a fault in it is told now, not to whoever asks first
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


if __name__ == "__main__":
    main()
