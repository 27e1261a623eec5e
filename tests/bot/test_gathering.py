"""Replies that come at once are kept together, and each for itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.threads.gathering import Gathering
from domain import db
from domain.comments import Comment, Reply
from domain.db import Begin
from domain.policy import Actor
from domain.threads import Thread
from tests.conftest import GENERAL
from tests.domain.conftest import Make, opened  # noqa: F401

ROOT = "1700000000.000100"


def reply(number: int, *, ts: str = "", thread_ts: str = ROOT) -> Reply:
    written = ts or f"17000000{number:02}.000100"
    return Reply(channel_id=GENERAL, thread_ts=thread_ts, ts=written, content=f"No. {number}")


@contextmanager
def counted(*engines: AsyncEngine) -> Iterator[list[str]]:
    """Statements that keep replies, while the block lasts."""
    said: list[str] = []

    def hear(_c: object, _cursor: object, sql: str, *_: object) -> None:
        if "INSERT INTO comment" in sql:
            said.append(sql)

    for engine in engines:
        event.listen(engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        for engine in engines:
            event.remove(engine.sync_engine, "before_cursor_execute", hear)


@pytest.fixture
async def thread(begin: Begin, team: str, opened: Make) -> str:  # noqa: F811
    """The workspace of an incident with a thread."""
    incident = await opened()
    async with begin() as session:
        session.add(Thread(workspace_id=team, channel_id=GENERAL, ts=ROOT, incident_id=incident.id))
    return team


async def kept(begin: Begin, team: str) -> list[str]:
    async with begin() as session:
        found = select(Comment.content).where(Comment.workspace_id == team).order_by(Comment.ts)
        return list(await session.scalars(found))


async def test_those_that_come_meanwhile_are_kept_by_the_next_statement(
    begin: Begin, alone: AsyncEngine, thread: str, ana: Actor
) -> None:
    gathering = Gathering()
    with counted(alone) as said:
        told = [gathering.keep(alone.connect, thread, reply(n), by=ana.slack_user_id) for n in range(10, 40)]
        assert await asyncio.gather(*told) == [True] * 30
        assert await gathering.keep(alone.connect, thread, reply(40), by=ana.slack_user_id)

    assert len(said) <= 3
    assert await kept(begin, thread) == [f"No. {n}" for n in range(10, 41)]


async def test_each_is_told_about_its_own(begin: Begin, alone: AsyncEngine, thread: str, ana: Actor) -> None:
    gathering = Gathering()
    told = [
        gathering.keep(alone.connect, thread, reply(10), by=ana.slack_user_id),
        gathering.keep(alone.connect, thread, reply(11), by="U0STRANGER"),
        gathering.keep(alone.connect, thread, reply(12, thread_ts="1.0"), by=ana.slack_user_id),
        gathering.keep(alone.connect, thread, reply(10), by=ana.slack_user_id),
        gathering.keep(alone.connect, thread, reply(13), by=ana.slack_user_id),
    ]

    first, stranger, elsewhere, again, last = await asyncio.gather(*told)

    assert (stranger, elsewhere, last) == (False, False, True)
    assert {first, again} == {True, False}  # it is one comment, whichever of the two it was kept for
    assert await kept(begin, thread) == ["No. 10", "No. 13"]


async def test_one_that_cannot_be_stored_takes_no_other_with_it(
    begin: Begin, alone: AsyncEngine, thread: str, ana: Actor
) -> None:
    gathering = Gathering()
    odd = reply(12, ts="99999999999999.000100")  # no calendar goes so far
    told = [gathering.keep(alone.connect, thread, each, by=ana.slack_user_id) for each in (reply(10), odd, reply(11))]

    first, failed, last = await asyncio.gather(*told, return_exceptions=True)

    assert (first, last) == (True, True)
    assert isinstance(failed, ValueError | OverflowError)
    assert await kept(begin, thread) == ["No. 10", "No. 11"]
    with pytest.raises((ValueError, OverflowError)):
        await gathering.keep(alone.connect, thread, odd, by=ana.slack_user_id)


async def test_whoever_gives_up_waiting_leaves_the_others_theirs(
    begin: Begin, alone: AsyncEngine, thread: str, ana: Actor
) -> None:
    gathering = Gathering()
    told = [
        asyncio.create_task(gathering.keep(alone.connect, thread, reply(n), by=ana.slack_user_id)) for n in (10, 11)
    ]
    await asyncio.sleep(0)
    told[0].cancel()

    assert (await asyncio.gather(*told, return_exceptions=True))[1] is True
    assert "No. 11" in await kept(begin, thread)


async def test_after_the_database_was_away_replies_are_kept_again(
    begin: Begin, alone: AsyncEngine, thread: str, ana: Actor
) -> None:
    gathering = Gathering()

    async with db.alone(db.engine("postgresql+psycopg://nobody@127.0.0.1:1/none")) as away:
        with pytest.raises(DBAPIError):
            await gathering.keep(away.connect, thread, reply(10), by=ana.slack_user_id)
    assert await gathering.keep(alone.connect, thread, reply(10), by=ana.slack_user_id)

    assert await kept(begin, thread) == ["No. 10"]
