"""What people say of an answer, and the Home tab that shows it."""

from __future__ import annotations

from typing import Any

from tests.slack.conftest import Bot
from tests.slack.loopback import app_home_opened, block_action, button, feedback, view_submission
from tests.slack.test_asking import decision_of
from tests.slack.test_forms import many, typed
from tests.slack.test_forms_asked import asked_and_answered, interact, opened_view


def notes(bot: Bot, decision: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What stands with a decision: kind, actor, body."""
    return [(n.kind, n.actor, dict(n.body)) for n in bot.services.audit.notes(decision)]


async def home_of(bot: Bot, user: str, count: int = 1) -> str:
    """Open somebody's Home tab and return what it shows."""
    await bot.send(app_home_opened("home", user))
    await bot.slack.wait_for("views.publish", count)
    return str(bot.slack.homes[user])


async def test_a_thumb_up_is_noted_once(bot: Bot) -> None:
    """Delivered twice it is one thumb; whoever pressed it reads that it counts."""
    answer = await asked_and_answered(bot, "may we sell stickers drawn by SDXL?")
    decision = decision_of(answer)
    click = block_action(feedback("feedback", f"up:{decision}"), message=answer, response_url=bot.slack.response_url())
    await interact(bot, click)
    await interact(bot, click)
    await bot.slack.wait_until(lambda: len(bot.slack.responses) == 2, "thanks")

    assert notes(bot, decision) == [("feedback", "slack:T1:U1", {"rating": "up"})]


async def test_a_thumb_down_asks_what_is_wrong(bot: Bot) -> None:
    """The thumb stands at once, the reason with the decision when it is sent; a form without a reason stays open."""
    answer = await asked_and_answered(bot, "may we sell posters drawn by SDXL?")
    decision = decision_of(answer)
    view = await opened_view(bot, block_action(feedback("feedback", f"down:{decision}"), message=answer))
    nothing = await interact(bot, view_submission(view, {}))
    said = many("reasons", "clause", "verdict") | typed("text", "Attachment A is missing.")
    done = await interact(bot, view_submission(view, said))

    assert nothing.json["response_action"] == "errors"
    assert (done.status, done.body) == (200, b"")
    assert notes(bot, decision) == [
        ("feedback", "slack:T1:U1", {"rating": "down"}),
        ("review_opened", "slack:T1:U1", {"why": "feedback"}),
        ("feedback", "slack:T1:U1",
         {"rating": "down", "reasons": ["clause", "verdict"], "text": "Attachment A is missing."}),
    ]  # fmt: skip


async def test_legal_is_asked_once_and_sees_its_queue(bot: Bot) -> None:
    """The asker's Home tab shows what waits; legal's shows all that waits, and whose it is; a colleague's neither."""
    answer = await asked_and_answered(bot, "may we sell a game with music by MusicGen?")
    decision = decision_of(answer)
    for count in (1, 2):
        click = block_action(button("ask_legal", decision), message=answer, response_url=bot.slack.response_url())
        await interact(bot, click)
        await bot.slack.wait_until(lambda count=count: len(bot.slack.responses) == count, f"reply {count}")
    own, legal, colleague = [await home_of(bot, user, n) for n, user in enumerate(("U1", "U9", "U2"), 1)]

    assert notes(bot, decision) == [("review_opened", "slack:T1:U1", {"why": "asked"})]
    assert "is on legal's list now" in bot.slack.responses[0].body["text"]
    assert "there already" in bot.slack.responses[1].body["text"]
    assert "Your questions that wait for legal" in own
    assert "Waiting for legal" not in own
    assert "Waiting for legal" in legal
    assert "asked by <@U1>" in legal
    assert decision in own
    assert decision in legal
    assert decision not in colleague


async def test_home_shows_what_i_asked_and_opens_it(bot: Bot) -> None:
    """A decision comes back as it was given, without the buttons of a message."""
    answer = await asked_and_answered(bot, "may we sell a keyboard with OpenHermes 2.5 inside?")
    decision = decision_of(answer)
    shown = await home_of(bot, "U1")
    click = block_action(button("show_decision", decision), view=bot.slack.homes["U1"])
    view = await opened_view(bot, click)

    assert "may we sell a keyboard" in shown
    assert decision in str(view["blocks"])
    assert all(b["type"] in {"header", "section", "context"} for b in view["blocks"])


async def test_the_messages_tab_suggests_questions(bot: Bot) -> None:
    """Each is a question that gets a verdict."""
    await bot.send(app_home_opened("messages", "U1", "D1"))
    (call,) = await bot.slack.wait_for("assistant.threads.setSuggestedPrompts")

    assert 1 <= len(call.arguments["prompts"]) <= 4
