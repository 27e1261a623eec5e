"""Behind PgBouncer in transaction mode everything works as it does without."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app
from bot.sync import Pace
from domain import db, living
from domain.pooled import Pooled
from tests.end_to_end.conftest import settings_of, working
from tests.end_to_end.eyes import answer, thread
from tests.end_to_end.test_digest import digests, set_up, ticked
from tests.operations import pgbouncer

pytestmark = pgbouncer.needed
ROOT = Path(__file__).parents[2]
SHOWN = "SELECT current_setting('statement_timeout') a, current_setting('timezone') b, current_setting('jit') c"
PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture(params=["refuses", "ignores"])
async def pooled(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[AsyncEngine]:
    """Through a pool that refuses what a new connection asks for, as it comes, or that leaves it out."""
    ignoring = ["ignore_startup_parameters = options"] if request.param == "ignores" else []
    async with pgbouncer.before(database_url, *ignoring) as url:
        engine = db.engine(url)
        yield engine
        await engine.dispose()


async def test_every_transaction_has_its_settings(pooled: AsyncEngine) -> None:
    begin = db.transactions(pooled)

    async with begin() as session, begin() as other:
        seen = [tuple(row) for each in (session, other) for row in await each.execute(text(SHOWN))]
    async with db.alone(pooled) as made, made.connect() as alone:
        seen += [tuple(row) for row in await db.run(alone, db.Written(SHOWN), {})]

    assert seen == [("2s", "UTC", "off")] * 3


async def test_a_statement_that_takes_too_long_is_given_up(pooled: AsyncEngine) -> None:
    async with db.alone(pooled) as made, made.connect() as alone:
        with pytest.raises(OperationalError, match="statement timeout"):
            await db.run(alone, db.Written("SELECT pg_sleep(30)"), {})
        [row] = await db.run(alone, db.Written("SELECT 1 AS one"), {})
    assert row.one == 1

    with pytest.raises(OperationalError, match="statement timeout"):
        async with db.transactions(pooled)() as session:
            await session.execute(text("SELECT pg_sleep(30)"))


async def test_nothing_of_a_transaction_stays_on_the_connection_that_the_next_one_gets(pooled: AsyncEngine) -> None:
    begin = db.transactions(pooled)
    for number in range(40):  # the driver prepares what it runs for the sixth time
        async with begin() as session:
            assert await session.scalar(text("SELECT CAST(:n AS int)"), {"n": number}) == number

    async with begin() as session:
        driver = (await (await session.connection()).get_raw_connection()).driver_connection
        assert isinstance(driver, Pooled)
        assert await session.scalar(text(PREPARED)) == 0


async def test_a_straight_connection_is_a_plain_one(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        shown = (await connection.execute(text(SHOWN))).one()

    assert not isinstance(driver, Pooled)
    assert tuple(shown) == ("2s", "UTC", "off")


async def test_a_whole_incident_with_a_digest_and_what_was_missed(database_url: str) -> None:
    async with (
        pgbouncer.before(database_url) as url,
        working(url, pace=Pace(interval_s=0)) as workspace,
    ):
        card = await workspace.opened("Disk full")
        await workspace.stage.click("ben", "#incidents", card, "incident.take")
        await workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
        await workspace.delivered()
        await workspace.lost("message", user="chloe", channel="#incidents", thread_ts=card["ts"], text="The large one?")
        await answer(workspace, "sync 1")
        await workspace.delivered()
        assert "INC-1" in await answer(workspace, "search disk full")
        assert "Done" in await answer(workspace, "resolve 1 freed space")
        await workspace.delivered()
        await set_up(workspace)
        await asyncio.gather(*[ticked(workspace) for _ in range(3)])

        assert len(await digests(workspace)) == 1
        assert [said for _, said in await workspace.comments()] == ["Which disk?", "The large one?"]
        assert "freed space" in str(await thread(workspace, card))
        assert "resolved" in (await workspace.stage.card("#incidents", "Disk full"))["text"]


async def test_two_processes_share_what_is_to_be_sent(database_url: str) -> None:
    async with (
        pgbouncer.before(database_url) as url,
        working(url, pace=Pace(interval_s=0)) as workspace,
    ):
        other = db.engine(url)
        try:
            async with app.running(settings_of(workspace.sandbox), other, pace=Pace(interval_s=0)) as second:
                async with second.house.begin() as session:
                    assert await living.count(session) == 2
                titles = [f"Disk {number} full" for number in range(8)]
                for title in titles:
                    await workspace.stage.command("ana", "#incidents", f'quick "{title}"')
                await workspace.delivered()
        finally:
            await other.dispose()

        posted = [m["text"] for m in await workspace.stage.messages("#incidents") if m.get("bot_id")]
        assert sorted(sum(title in words for words in posted) for title in titles) == [1] * len(titles)


async def test_while_the_pool_is_used_up_people_are_told_in_time(database_url: str) -> None:
    """The pool gives up before Slack does, as docs/operations.md says it should."""
    async with (
        pgbouncer.before(database_url, "query_wait_timeout = 1", size=4) as url,
        working(url, pace=Pace(interval_s=0)) as workspace,
        AsyncExitStack() as others,
    ):
        plain = make_url(url).set(drivername="postgresql").render_as_string()
        for _ in range(3):  # the fourth shows that the bot lives
            other = await psycopg.AsyncConnection.connect(plain, prepare_threshold=None)
            await others.enter_async_context(other)
            await other.execute("SELECT 1")

        body = {"user": "ana", "channel": "#incidents", "command": "/incident", "text": 'quick "Disk full"'}
        said = [str((await workspace.control("command", body))["ack"]["body"]) for _ in range(3)]
        await others.aclose()
        assert any("Not saved: the database does not answer." in words for words in said), said
        await workspace.opened("Badge lost")

        assert await workspace.rows("SELECT title FROM incident") == [("Badge lost",)]


def test_migrating_works_through_the_pool(server_url: str) -> None:
    """In a process, as it is done; the database is new."""

    async def migrated() -> tuple[int, str]:
        async with pgbouncer.before(server_url) as url:
            command = [sys.executable, "-m", "bot", "migrate"]
            done = await asyncio.to_thread(
                subprocess.run, command, env={"DATABASE_URL": url, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
                cwd="/", capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            return done.returncode, done.stdout + done.stderr

    assert asyncio.run(migrated()) == (0, "The database is up to date.\n")
