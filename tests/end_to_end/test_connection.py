"""The connection to Slack is watched, and what was said while there was none is found."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from bot import __main__ as program
from bot import app
from bot.app import Bot
from bot.connection import Connection, DeafError, Patience
from bot.health import checks
from domain import catch_up, db
from tests.end_to_end.conftest import Workspace, settings_of

PLACE = "#incidents"
HASTY = Patience(ping_s=0.1, check_s=0.05, deaf_after_s=1.0)


@asynccontextmanager
async def patient(workspace: Workspace, patience: Patience) -> AsyncIterator[Bot]:
    """The same bot with other limits."""
    await workspace.stop()
    async with app.running(settings_of(workspace.sandbox), workspace.engine, patience=patience) as bot:
        await workspace.delivered()
        yield bot


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - nothing rings a bell
            await asyncio.sleep(0.02)


def line(bot: Bot) -> Connection:
    assert bot.connection is not None
    return bot.connection


async def greeted(bot: Bot, times: int) -> bool:
    return bot.house.pulse.connects >= times and await line(bot).is_connected()


async def test_what_people_write_while_the_socket_is_down_is_found_after_it(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    async with patient(workspace, Patience(ping_s=0.1, check_s=0.05)) as bot:
        await workspace.control("disconnect", {"reason": "lost", "for_s": 1, "ghosts_for_s": 1})
        for words in ("one", "two", "three"):
            await workspace.control(
                "message", {"user": "ben", "channel": PLACE, "text": words, "thread_ts": card["ts"]}
            )
        await until(partial(greeted, bot, 2))

        async def all_there() -> bool:
            return len(await workspace.comments()) == 3

        await until(all_there)
        assert [words for _, words in await workspace.comments()] == ["one", "two", "three"]


async def test_what_people_edit_while_the_socket_is_down_for_long_is_found_after_it(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    said = {"user": "ben", "channel": PLACE}
    ts = (await workspace.control("message", {**said, "text": "one", "thread_ts": card["ts"]}))["ts"]
    async with patient(workspace, Patience(ping_s=0.1, check_s=0.05)) as bot:
        await workspace.lost("edit", **said, ts=ts, text="one, corrected")
        await workspace.control("disconnect", {"reason": "lost", "for_s": 1})
        await workspace.changed("UPDATE workspace SET reached_at = now() - interval '10 minutes'")
        await until(partial(greeted, bot, 2))

        async def is_found() -> bool:
            return [words for _, words in await workspace.comments()] == ["one, corrected"]

        await until(is_found)


async def test_after_each_greeting_the_threads_are_compared(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    before = await workspace.mark()

    await workspace.control("disconnect", {"reason": "refresh_requested"})

    async def compared() -> bool:
        return "conversations.history" in await workspace.calls(after=before)

    await until(compared)
    assert await greeted(workspace.bot, 2)


async def test_a_long_silence_makes_a_new_connection(workspace: Workspace) -> None:
    async with patient(workspace, Patience(check_s=0.05, renew_after_s=0.3)) as bot:
        await until(partial(greeted, bot, 3))


async def test_an_address_that_slack_takes_no_more_is_not_tried_for_ever(workspace: Workspace) -> None:
    async with patient(workspace, Patience(ping_s=0.1, check_s=0.05, ticket_s=0.5)) as bot:
        before = await workspace.mark()
        await workspace.control("disconnect", {"reason": "lost", "for_s": 0.5})

        async def has_asked() -> bool:
            return "apps.connections.open" in await workspace.calls(after=before)

        await until(has_asked)
        workspace.sandbox.sockets._tickets.clear()

        await until(partial(greeted, bot, 2))


async def test_a_click_that_is_handled_when_the_stop_comes_is_acked_and_committed(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    async with workspace.engine.connect() as holding:
        await holding.execute(text("SELECT 1 FROM incident FOR UPDATE"))
        said = {"user": "ben", "channel": PLACE, "message_ts": card["ts"], "action_id": "incident.take"}
        clicking = asyncio.create_task(workspace.control("action", said))
        async with asyncio.timeout(5):
            while not line(workspace.bot)._in_hand:  # noqa: ASYNC110 - nothing rings a bell
                await asyncio.sleep(0.01)
        stopping = asyncio.create_task(workspace.stop())
        await asyncio.sleep(0.2)
        await holding.rollback()

    assert (await clicking)["ack"]["status"] == "acked"
    await stopping
    assert await workspace.rows("SELECT status FROM incident") == [("in_progress",)]


async def test_a_click_that_hangs_does_not_keep_the_bot_from_stopping(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    async with patient(workspace, Patience(stop_s=0.1)) as bot, workspace.engine.connect() as holding:
        await holding.execute(text("SELECT 1 FROM incident FOR UPDATE"))
        said = {"user": "ben", "channel": PLACE, "message_ts": card["ts"], "action_id": "incident.take"}
        clicking = asyncio.create_task(workspace.control("action", said))
        async with asyncio.timeout(5):
            while not line(bot)._in_hand:  # noqa: ASYNC110 - nothing rings a bell
                await asyncio.sleep(0.01)
        await line(bot)._finish()
        assert line(bot)._in_hand
        await holding.rollback()
        await clicking


async def test_a_deaf_process_says_why(workspace: Workspace) -> None:
    async with patient(workspace, HASTY) as bot:
        await workspace.control("disconnect", {"reason": "lost", "for_s": 600})

        async with asyncio.timeout(30):
            with pytest.raises(DeafError, match=r"has not reached this process for \d+ s.*started again"):
                await line(bot).until_deaf()


async def test_a_connection_that_slack_never_greets_counts_as_none(workspace: Workspace) -> None:
    await workspace.stop()
    await workspace.control("ghosts", {"count": 10})

    with pytest.raises(DeafError, match="SLACK_APP_TOKEN"):
        async with app.running(settings_of(workspace.sandbox), workspace.engine, patience=HASTY):
            pass


async def test_the_process_ends_with_an_error(
    workspace: Workspace, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await workspace.stop()
    monkeypatch.setattr(app, "Patience", lambda: HASTY)
    serving = asyncio.create_task(program._serve(settings_of(workspace.sandbox), database_url))

    async def is_up() -> bool:
        return bool(workspace.sandbox.sockets.connections)

    await until(is_up)
    await workspace.control("disconnect", {"reason": "lost", "for_s": 600})

    async with asyncio.timeout(30):
        with pytest.raises(program.START_ERRORS, match="It ends"):
            await serving


async def test_connections_that_nobody_holds_are_named_by_the_doctor(workspace: Workspace) -> None:
    await workspace.control("ghosts", {"count": 3})
    async with patient(workspace, HASTY) as bot:
        [found] = checks.connection(bot.house, 1, db.now())

        assert found.how_it_is.startswith("Slack counts 4")
        assert "SLACK_APP_TOKEN" in found.fix
        await workspace.control("ghosts", {"count": 0})
        await workspace.control("disconnect", {"reason": "refresh_requested"})
        await until(partial(greeted, bot, 2))
        [well] = checks.connection(bot.house, 1, db.now())
        assert "times since the start of this process" in well.how_it_is
        assert well.fix == ""


async def test_what_cannot_be_asked_for_at_once_is_asked_for_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await workspace.opened("Disk full")
    broken = [TimeoutError("the database is away")]
    real = catch_up.ask

    async def ask(*given: Any, **more: Any) -> None:
        if broken:
            raise broken.pop()
        await real(*given, **more)

    await workspace.stop()
    await workspace.control("message", {"user": "ben", "channel": PLACE, "text": "one", "thread_ts": card["ts"]})
    monkeypatch.setattr(catch_up, "ask", ask)
    async with patient(workspace, Patience(check_s=0.05)):

        async def is_there() -> bool:
            return len(await workspace.comments()) == 1

        await until(is_there)
