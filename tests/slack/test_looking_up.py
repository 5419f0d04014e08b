"""`/license` and its buttons: private cards, choices instead of dead ends, and sharing on purpose."""

from __future__ import annotations

from typing import Any

from tests.slack.conftest import Bot
from tests.slack.loopback import Delivery, block_action, button, deliver_command, deliver_interaction


async def license_command(bot: Bot, text: str) -> Delivery:
    """Type `/license` and something behind it."""
    return await deliver_command(
        f"{bot.url}/slack/events", "/license", text, response_url=bot.slack.response_url("C1", "U1")
    )


async def click(bot: Bot, action_id: str, value: str) -> Delivery:
    """Click a button of an ephemeral message."""
    payload = block_action(button(action_id, value)) | {"response_url": bot.slack.response_url("C1", "U1")}
    return await deliver_interaction(f"{bot.url}/slack/events", payload)


def buttons(shown: dict[str, Any]) -> dict[str, str]:
    """The buttons of a message: label and value."""
    elements = [e for b in shown["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return {e["text"]["text"]: e["value"] for e in elements}


async def test_a_name_gets_its_card_in_private(bot: Bot) -> None:
    """The card is the acknowledgement itself: at once, and for the asker alone."""
    shown = (await license_command(bot, "Llama 3")).json

    assert shown["response_type"] == "ephemeral"
    assert "Meta Llama 3 Community License" in str(shown["blocks"])
    assert buttons(shown)["Show clauses"] == buttons(shown)["Share in channel"]


async def test_words_that_trip_a_parser_are_a_name_like_any_other(bot: Bot) -> None:
    """`payload` in the text is no payload."""
    delivery = await license_command(bot, "what is a payload?")

    assert delivery.status == 200
    assert "no model, dataset or licence" in delivery.json["text"]


async def test_nothing_or_help_gets_help(bot: Bot) -> None:
    """Who types no name reads how to ask."""
    assert (await license_command(bot, "")).json == (await license_command(bot, "help")).json


async def test_unclear_and_unknown_names_come_back_as_buttons(bot: Bot) -> None:
    """A click on one of them shows its card in place of the choice."""
    unclear = buttons((await license_command(bot, "YOLO")).json)
    unknown = buttons((await license_command(bot, "Lama 3.1 8B Instrukt X")).json)
    await click(bot, "pick_name_0", next(iter(unclear.values())))
    await bot.slack.wait_until(lambda: bool(bot.slack.responses), "a response")

    assert len(unclear) > 1
    assert unknown
    assert bot.slack.responses[0].body["replace_original"] is True
    assert "blocks" in bot.slack.responses[0].body


async def test_clauses_are_shown_to_the_asker_and_cards_shared_with_all(bot: Bot) -> None:
    """The clauses stay private; what is shared goes to the channel, without the asker's buttons."""
    await click(bot, "card_clauses", "llama-3")
    await bot.slack.wait_until(lambda: "Built with Meta Llama 3" in str(bot.slack.responses), "the clauses")
    await click(bot, "share", "llama-3")

    def public() -> list[dict[str, Any]]:
        return [r.body for r in bot.slack.responses if r.body["response_type"] == "in_channel"]

    await bot.slack.wait_until(lambda: bool(public()), "the shared card")
    assert not any("Clauses" in str(body) for body in public())
    assert all(b["type"] != "actions" for body in public() for b in body["blocks"])


async def test_two_names_are_compared(bot: Bot) -> None:
    """With a word between them or with a blank alone."""
    worded = (await license_command(bot, "compare Llama 3 with Llama 3.1")).json
    bare = (await license_command(bot, "compare mit apache-2.0")).json
    one = (await license_command(bot, "compare mit")).json

    assert "Llama 3.1" in worded["text"]
    assert "differ" in bare["text"]
    assert "which two" in one["text"]


async def test_a_button_that_nobody_takes_says_so(bot: Bot) -> None:
    """Nobody clicks into silence."""
    await click(bot, "something_else", "x")
    await bot.slack.wait_until(lambda: bool(bot.slack.responses), "a response")

    assert "no longer know this button" in bot.slack.responses[0].body["text"]
