"""Questions from forms and shortcuts, from the click to what is posted and recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.slack.conftest import Bot
from tests.slack.loopback import (
    Delivery,
    block_action,
    button,
    deliver_interaction,
    message_shortcut,
    shortcut,
    suggestion,
    view_submission,
)
from tests.slack.test_asking import answers, asks, decision_of
from tests.slack.test_forms import chosen, many, typed


async def interact(bot: Bot, payload: dict[str, Any]) -> Delivery:
    """Deliver a click, a shortcut or a submission."""
    return await deliver_interaction(f"{bot.url}/slack/events", payload)


async def opened_view(bot: Bot, payload: dict[str, Any], count: int = 1) -> dict[str, Any]:
    """Deliver something that opens a view, and return that view as Slack has it."""
    assert (await interact(bot, payload)).status == 200
    await bot.slack.wait_for("views.open", count)
    return next(reversed(bot.slack.views.values()))


async def asked_and_answered(bot: Bot, text: str) -> dict[str, Any]:
    """Ask in the channel and return the answer's first message."""
    event = asks(bot.slack, text)
    await bot.send(event)
    return (await answers(bot.slack, "C1", event["ts"]))[0]


async def test_the_global_shortcut_asks_with_details_and_answers_directly(bot: Bot) -> None:
    """What was chosen is what is recorded; the answer is for the asker, with the question above it."""
    view = await opened_view(bot, shortcut("ask"))
    filled = chosen("subject", "Gemma 3") | many("actions", "host_api") | chosen("commercial", "yes")
    delivery = await interact(
        bot, view_submission(view, filled | chosen("domain", "health") | typed("users", "25 000"))
    )
    assert (delivery.status, delivery.body) == (200, b"")
    (answer,) = await answers(bot.slack, "D1", None)
    row = bot.services.audit.show(decision_of(answer))

    assert row is not None
    assert row["channel"] == "slack:T1:direct"
    assert row["use"] == {"actions": ["host_api"], "commercial": True, "domain": "health", "facts": {"users": 25000}}
    assert [s["name"] for s in row["subjects"]] == ["Gemma 3"]
    assert "You asked: Gemma 3: may we" in str(answer["blocks"][0])


async def test_an_open_question_opens_the_form_with_what_is_known(bot: Bot) -> None:
    """The question, model and use are filled in; the new answer goes into the same thread and keeps the facts."""
    first = await asked_and_answered(bot, "we have 2 million MAU, can we fine-tune Llama 3 for a health app?")
    decision = decision_of(first)
    value = next(b["accessory"]["value"] for b in first["blocks"] if "accessory" in b)
    view = await opened_view(bot, block_action(button("ask_form", value), message=first))
    elements = {b["block_id"]: b["element"] for b in view["blocks"] if b["type"] == "input"}

    assert "Still open: " in view["blocks"][0]["text"]["text"]
    assert elements["question"]["initial_value"].startswith("we have 2 million")
    assert elements["subject"]["initial_option"]["value"] == "Llama 3"

    filled = typed("question", "what if it is only for our staff?") | chosen("subject", "Llama 3")
    await interact(bot, view_submission(view, filled | many("actions", "internal_use") | chosen("commercial", "no")))
    _, second = await answers(bot.slack, "C1", first["thread_ts"], 2)
    row = bot.services.audit.show(decision_of(second))
    known = bot.services.audit.answer(decision)
    assert row is not None
    assert known is not None
    assert row["use"]["actions"] == ["internal_use"]
    assert row["use"]["facts"]["mau"] == known.use.facts["mau"] == 2_000_000
    assert "Asked in a form: what if it is only for our staff?" in str(second["blocks"][0])


async def test_what_cannot_be_read_is_said_under_its_field(bot: Bot) -> None:
    """The form stays open, nothing is asked."""
    view = await opened_view(bot, shortcut("ask"))
    before = bot.services.audit.count()
    wrong = await interact(bot, view_submission(view, chosen("subject", "Gemma 3") | typed("region", "Narnia")))
    empty = await interact(bot, view_submission(view, {}))

    assert wrong.json["response_action"] == "errors"
    assert "Narnia" in wrong.json["errors"]["region"]
    assert "question" in empty.json["errors"]
    assert bot.services.audit.count() == before


async def test_a_card_opens_the_form_for_its_name(bot: Bot) -> None:
    """The click stands in a message that only one person sees, so the answer goes to that person."""
    click = block_action(button("ask_form", json.dumps({"subject": "Falcon 180B"})), ephemeral=True)
    view = await opened_view(bot, click)
    elements = {b["block_id"]: b["element"] for b in view["blocks"]}
    assert elements["subject"]["initial_option"]["value"] == "Falcon 180B"

    await interact(bot, view_submission(view, chosen("subject", "Falcon 180B") | many("actions", "host_api")))
    (answer,) = await answers(bot.slack, "D1", None)
    assert "Falcon" in str(answer["blocks"])


@pytest.mark.parametrize(("begun", "expected"), [("lla", "Llama 3"), ("mixtr", "Mixtral"), ("agpl", "AGPL-3.0")])
async def test_names_come_while_somebody_types(bot: Bot, begun: str, expected: str) -> None:
    """Each name that is offered is one that a question would find."""
    view = await opened_view(bot, shortcut("ask"))
    offered = (await interact(bot, suggestion("subject", begun, view))).json["options"]
    names = [o["value"] for o in offered]

    assert any(expected.casefold() in n.casefold() for n in names)
    assert all(bot.services.catalog.lookup(n) for n in names)


async def test_a_message_is_checked_from_its_menu(bot: Bot) -> None:
    """The answer stands in that message's thread and is recorded under who asked for it."""
    ts = bot.slack.say("C1", "could we sell a chat service on Command R+?", user="U2")
    message = {"ts": ts, "text": "could we sell a chat service on Command R+?", "user": "U2"}
    url = bot.slack.response_url("C1", "U1")
    await interact(bot, message_shortcut("check_message", message, response_url=url))
    (answer,) = await answers(bot.slack, "C1", ts)
    await bot.slack.wait_until(lambda: bool(bot.slack.responses), "the word that it is read")
    row = bot.services.audit.show(decision_of(answer))

    assert row is not None
    assert row["asker"] == "slack:T1:U1"
    assert row["verdict"] == "prohibited"


async def test_a_message_without_text_is_no_question(bot: Bot) -> None:
    """Who chose it reads why nothing happens."""
    ts = bot.slack.say("C1", "picture", user="U2")
    payload = message_shortcut("check_message", {"ts": ts, "text": ""}, response_url=bot.slack.response_url())
    await interact(bot, payload)
    await bot.slack.wait_until(lambda: bool(bot.slack.responses), "a word")

    assert "no text" in bot.slack.responses[0].body["text"]


async def test_a_form_that_slack_opens_too_late_says_so(bot: Bot) -> None:
    """The trigger of a click is good for three seconds."""
    bot.slack.fail("views.open", error="expired_trigger_id")
    url = bot.slack.response_url("C1", "U1")
    await interact(bot, block_action(button("ask_form", "{}"), response_url=url, ephemeral=True))
    await bot.slack.wait_until(lambda: bool(bot.slack.responses), "a word")

    assert "press again" in bot.slack.responses[0].body["text"]
