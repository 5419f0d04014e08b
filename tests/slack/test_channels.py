"""What channels want, links that unfurl, comparing in a form, and answers where we may not write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.slack.conftest import Bot
from tests.slack.loopback import (
    BOT_USER,
    block_action,
    button,
    direct_message,
    edited,
    link_shared,
    view_submission,
)
from tests.slack.test_asking import answers, asks, decision_of, settled
from tests.slack.test_feedback import notes
from tests.slack.test_forms import typed
from tests.slack.test_forms_asked import interact, opened_view
from tests.slack.test_looking_up import license_command


async def set_mode(bot: Bot, mode: str) -> dict[str, Any]:
    """Type `/license channel` and a word in the channel; return what it answers."""
    return dict((await license_command(bot, f"channel {mode}")).json)


@pytest.fixture(autouse=True)
async def open_again(bot: Bot) -> Any:
    """Leave the channel as it was."""
    yield
    await set_mode(bot, "open")


async def test_a_setting_is_shown_set_and_told_to_the_channel(bot: Bot) -> None:
    """Only a change is for all eyes; a word that is none is answered with those that are."""
    shown, wrong, changed = await set_mode(bot, ""), await set_mode(bot, "loud"), await set_mode(bot, "MENTION")

    assert shown["response_type"] == wrong["response_type"] == "ephemeral"
    assert "In this channel: open" in shown["text"]
    assert "no setting" in wrong["text"]
    assert changed["response_type"] == "in_channel"
    assert "mention" in (await set_mode(bot, ""))["text"]


async def test_mention_only_leaves_follow_ups_alone(bot: Bot) -> None:
    """The same words with a mention are answered."""
    first = asks(bot.slack, "may we sell a lamp with Phi-3 inside?")
    await bot.send(first)
    await answers(bot.slack, "C1", first["ts"])
    await set_mode(bot, "mention")
    text = "and if we give it away?"
    ts = bot.slack.say("C1", text, thread_ts=first["ts"])
    later = {"type": "message", "channel_type": "channel", "channel": "C1", "user": "U1", "text": text, "ts": ts,
             "thread_ts": first["ts"]}  # fmt: skip
    await bot.send(later)
    called = asks(bot.slack, text, thread_ts=first["ts"])
    await bot.send(called)
    await answers(bot.slack, "C1", first["ts"], 2)
    await settled(bot)

    assert len(await answers(bot.slack, "C1", first["ts"])) == 2


async def test_a_private_answer_can_be_shared_once(bot: Bot) -> None:
    """In the thread of its question, by name; the record knows. Where we may not write, the sharer is told."""
    await set_mode(bot, "private")
    event = asks(bot.slack, "may we sell a shelf with Llama 3.1 inside?")
    await bot.send(event)
    (answer,) = await answers(bot.slack, "D1", None)
    value = next(
        e["value"] for b in answer["blocks"] for e in b.get("elements", ()) if e.get("action_id") == "share_answer"
    )
    click = block_action(button("share_answer", value), message=answer, response_url=bot.slack.response_url("D1"))
    await interact(bot, click)
    await bot.slack.wait_until(lambda: bool(bot.slack.messages("C1", event["ts"])), "the shared answer")
    await settled(bot)
    await interact(bot, click)
    await bot.slack.wait_until(lambda: "shared already" in str(bot.slack.responses), "the refusal")
    first, *_ = bot.slack.messages("C1", event["ts"])

    assert "Shared by <@U1>, who asked: may we sell a shelf" in str(first["blocks"][0])
    assert "share_answer" not in str(bot.slack.messages("C1", event["ts"]))
    assert ("shared", "slack:T1:U1", {"channel": "C1"}) in notes(bot, decision_of(answer))


async def test_private_answers_go_to_the_asker_and_go_on_there(bot: Bot) -> None:
    """The channel sees nothing; a follow-up in the direct conversation knows what it was about; an edit corrects it."""
    await set_mode(bot, "private")
    event = asks(bot.slack, "may we sell a desk with Llama 3.1 inside?")
    await bot.send(event)
    (answer,) = await answers(bot.slack, "D1", None)
    lead = str(answer["blocks"][0])
    text = "and if we give it away?"
    follow = direct_message(text, "D1", ts=bot.slack.say("D1", text, thread_ts=answer["ts"]), thread_ts=answer["ts"])
    await bot.send(follow)
    second = (await answers(bot.slack, "D1", answer["ts"]))[-1]
    changed = f"<@{BOT_USER}> may we sell a desk with Gemma 2 inside?"
    await bot.send(edited(event["text"], changed, event["ts"], channel="C1"))
    await bot.slack.wait_for("chat.update")
    row = bot.services.audit.show(decision_of(second))

    assert bot.slack.messages("C1") == []
    assert "You asked in <#C1>" in lead
    assert row is not None
    assert "llama" in str(row["subjects"]).lower()
    assert bot.slack.called("chat.update")[0].arguments["channel"] == "D1"


async def test_where_we_are_switched_off_the_caller_alone_is_told(bot: Bot) -> None:
    """Nobody meets silence, and the channel is left in peace."""
    await set_mode(bot, "off")
    before = bot.services.audit.count()
    await bot.send(asks(bot.slack, "may we sell a chair with Llama 3.1 inside?"))
    (told,) = await bot.slack.wait_for("chat.postEphemeral")

    assert told.arguments["user"] == "U1"
    assert "switched off" in told.arguments["text"]
    assert bot.services.audit.count() == before


@pytest.mark.parametrize("error", ["channel_not_found", "not_in_channel", "is_archived"])
async def test_where_we_may_not_write_the_asker_gets_the_answer(bot: Bot, error: str) -> None:
    """Slack refuses the channel; the answer comes directly, says why, and is recorded once."""
    event = asks(bot.slack, f"may we sell a shelf with Qwen2 7B inside? {error}")
    bot.slack.fail("chat.postMessage", error=error, times=1)
    await bot.send(event)
    (answer,) = await answers(bot.slack, "D1", None)
    await settled(bot)

    assert "I may not write in <#C1>" in str(answer["blocks"][0])
    assert bot.slack.messages("C1") == []


async def test_what_is_refused_directly_is_not_tried_there_again(bot: Bot) -> None:
    """Where answers are private there is no other place: the answer is refused once, and so is the apology."""
    await set_mode(bot, "private")
    bot.slack.fail("chat.postMessage", error="restricted_action", times=2)
    await bot.send(asks(bot.slack, "may we sell a bench with Qwen2 7B inside?"))
    await settled(bot)

    assert len(bot.slack.called("chat.postMessage")) == 2
    assert bot.slack.messages("D1") == []


async def test_a_pasted_address_shows_its_card(bot: Bot) -> None:
    """A model, a dataset, with or without a path behind it; what is not known stays a bare link."""
    known = [
        "https://huggingface.co/meta-llama/Meta-Llama-3-8B",
        "https://huggingface.co/mistralai/Mixtral-8x7B-v0.1/tree/main?x=1",
        "https://huggingface.co/datasets/databricks/databricks-dolly-15k",
    ]
    unknown = ["https://huggingface.co/docs/hub/index", "https://huggingface.co/nobody/nothing-9b"]
    ts = bot.slack.say("C1", " ".join(known + unknown))
    await bot.send(link_shared(known + unknown, message_ts=ts))
    (call,) = await bot.slack.wait_for("chat.unfurl")

    assert set(call.arguments["unfurls"]) == set(known)
    shown = [str(u["blocks"]) for u in call.arguments["unfurls"].values()]
    assert "Meta Llama 3 Community License" in shown[0]
    assert "Apache" in shown[1]
    assert "ShareAlike" in shown[2] or "BY-SA" in shown[2]


async def test_two_cards_are_compared_in_a_form(bot: Bot) -> None:
    """The form becomes the comparison; a name that nobody knows comes back as a sentence."""
    view = await opened_view(bot, block_action(button("card_compare", "llama-3"), ephemeral=True))
    filled = {"other": {"subject": {"type": "external_select", "selected_option": {"value": "Gemma 2"}}}}
    shown = (await interact(bot, view_submission(view, filled))).json
    nothing = (await interact(bot, view_submission(view, typed("other", "x")))).json

    assert shown["response_action"] == "update"
    assert "where they differ" in str(shown["view"]["blocks"])
    assert nothing["response_action"] == "errors"
