"""Where Slack tells 15 messages and takes one call a minute, what a row needs of its history is read to the end."""

import asyncio

from bot import app
from bot.sync import Pace
from sandbox import messages
from tests.end_to_end.conftest import Json, Workspace, settings_of
from tests.end_to_end.eyes import direct_messages
from tests.end_to_end.shortcutting import chosen, sent

PLACE = "#incidents"
POST, HISTORY, REPLIES = "chat.postMessage", "conversations.history", "conversations.replies"
UNANSWERED = {"method": POST, "kind": "timeout_after_success", "times": 1, "delay_ms": 20}


async def said(workspace: Workspace, *words: str, thread: str | None = None, channel: str = PLACE) -> None:
    """Words of Chloe's that are there at once, and of which the bot hears nothing."""
    box = workspace.sandbox.workspace
    place = box.channel_named(channel)
    for each in words:
        ts = box.stamps.next()
        word = {**messages.from_person(box, box.person("chloe"), each), "ts": ts}
        place.messages[ts] = {**word, "thread_ts": thread, "parent_user_id": "U0BEN00000"} if thread else word
    if thread:
        messages.recount(place, thread)


def numbers(count: int) -> list[str]:
    return [f"number {number}" for number in range(count)]


async def little(workspace: Workspace, *faults: Json) -> int:
    """From now on Slack tells little of its history; where the log is."""
    await workspace.control("history", {"few": True})
    await workspace.faults(*faults)
    return await workspace.mark()


async def until(workspace: Workspace, query: str) -> None:
    """Wait until the database has an answer to it."""
    async with asyncio.timeout(15):
        while not await workspace.rows(query):  # noqa: ASYNC110 - tables ring no bell
            await asyncio.sleep(0.01)


async def cards(workspace: Workspace) -> list[str]:
    told = await workspace.stage.messages(PLACE)
    return [each["ts"] for each in told if each.get("bot_id") and each.get("thread_ts") in (None, each["ts"])]


async def test_a_post_without_an_answer_is_found_behind_many_messages(hurried: Workspace) -> None:
    before = await little(hurried, UNANSWERED)

    await hurried.stage.command("ana", PLACE, 'quick "Disk full"')
    await hurried.shown(PLACE, "Disk full")
    await said(hurried, *numbers(40))
    await hurried.delivered()

    assert len(await cards(hurried)) == 1
    assert (await hurried.answered(HISTORY, after=before)) == [HISTORY] * 3


async def test_what_was_not_posted_is_posted_when_all_was_looked_through(hurried: Workspace) -> None:
    await said(hurried, *numbers(40))
    before = await little(hurried, {"method": POST, "kind": "http_500", "times": 1})

    await hurried.stage.command("ana", PLACE, 'quick "Disk full"')
    await hurried.delivered()

    assert len(await cards(hurried)) == 1
    assert await hurried.answered(HISTORY, POST, after=before) == [HISTORY] * 3 + [POST]


async def test_a_post_that_has_to_wait_after_that_is_not_looked_for_again(hurried: Workspace) -> None:
    await said(hurried, *numbers(20))
    refused = {"method": POST, "kind": "ratelimited", "times": 1, "retry_after": 1}
    before = await little(hurried, {"method": POST, "kind": "http_500", "times": 1}, refused)

    await hurried.stage.command("ana", PLACE, 'quick "Disk full"')
    await hurried.delivered()

    assert await hurried.answered(HISTORY, POST, after=before) == [HISTORY] * 2 + [POST]


async def test_a_second_post_without_an_answer_is_looked_for_from_the_beginning(hurried: Workspace) -> None:
    await said(hurried, *numbers(20))
    before = await little(hurried, {"method": POST, "kind": "http_500", "times": 1}, UNANSWERED)

    await hurried.stage.command("ana", PLACE, 'quick "Disk full"')
    await hurried.shown(PLACE, "Disk full")
    await until(hurried, "SELECT 1 FROM outbox WHERE last_error LIKE '%Error' AND leased_by IS NULL")
    await hurried.changed("UPDATE outbox SET due_at = now()")
    await hurried.delivered()

    assert len(await cards(hurried)) == 1
    assert await hurried.answered(HISTORY, after=before) == [HISTORY] * 3


async def test_a_line_is_found_in_a_long_thread(hurried: Workspace) -> None:
    card = await hurried.opened("Disk full")
    await said(hurried, *numbers(40), thread=card["ts"])
    before = await little(hurried, UNANSWERED)

    await hurried.stage.click("ben", PLACE, card, "incident.take")
    await hurried.delivered()

    told = await hurried.stage.messages(PLACE)
    assert len([each for each in told if each.get("bot_id") and each["ts"] != card["ts"]]) == 1
    assert await hurried.answered(REPLIES, after=before) == [REPLIES] * 3


async def test_whoever_has_the_row_next_goes_on_where_the_last_one_was(hurried: Workspace) -> None:
    await said(hurried, *numbers(100))
    before = await little(hurried, {"method": POST, "kind": "http_500", "times": 1})
    await hurried.stage.command("ana", PLACE, 'quick "Disk full"')
    await until(hurried, "SELECT 1 FROM outbox WHERE payload -> 'looked' <> '{}'")
    await hurried.stop()

    async with app.running(settings_of(hurried.sandbox), hurried.engine, pace=Pace(interval_s=0)):
        await hurried.delivered()

    assert len(await cards(hurried)) == 1
    assert len(await hurried.answered(HISTORY, after=before)) == 7


async def test_a_long_thread_is_brought_to_its_end(hurried: Workspace) -> None:
    root = str((await hurried.control("message", {"user": "ben", "channel": "#checkout", "text": "Slow"}))["ts"])
    await said(hurried, *numbers(40), thread=root, channel="#checkout")
    form = await chosen(hurried, "message_create", "#checkout", root)
    before = await little(hurried)

    await sent(hurried, form, title="Slow", whole=["yes"], channel="C0INCIDENT")
    await hurried.delivered()

    assert len(await hurried.comments()) == 41
    assert await hurried.answered(REPLIES, after=before) == [REPLIES] * 3
    assert not any("1,000" in told for told in await direct_messages(hurried, "ana"))
