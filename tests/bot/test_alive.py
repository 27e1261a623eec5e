"""The sign by which processes know of each other that they live."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import alive as alive_
from bot.alive import Alive
from domain import db

SIGNS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 428 AND granted"


async def signs(engine: AsyncEngine) -> list[int]:
    """The connections that show one."""
    async with engine.connect() as connection:
        return list(await connection.scalars(text(SIGNS)))


async def test_a_process_is_marked_as_long_as_it_runs(database_url: str) -> None:
    engine = db.engine(database_url)
    alive = Alive(engine)
    assert alive.name.startswith("unmarked-")
    async with alive.shown():
        assert alive.name.startswith("process-")
        assert len(await signs(engine)) == 1

    assert alive.name.startswith("unmarked-")
    assert await signs(engine) == []
    await engine.dispose()


async def test_a_sign_that_was_lost_with_its_connection_is_shown_again(database_url: str) -> None:
    engine = db.engine(database_url)
    alive = Alive(engine)
    async with alive.shown(), asyncio.timeout(20):
        (before,) = await signs(engine)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": before})
        while await signs(engine) in ([], [before]):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)
        assert alive.name.startswith("process-")
    await engine.dispose()


async def test_a_sign_that_was_lost_is_shown_again_at_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = db.engine(database_url)
    alive = Alive(engine)
    async with alive.shown(), asyncio.timeout(10):
        monkeypatch.setattr(alive_, "CHECK_S", 60)
        (before,) = await signs(engine)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": before})

        while await signs(engine) in ([], [before]):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)
    await engine.dispose()


async def test_without_a_database_it_does_without(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive_, "FIRST_WITHIN_S", 0.2)
    engine = db.engine(f"postgresql+psycopg://nobody@127.0.0.1:{unused_tcp_port}/nothing")
    alive = Alive(engine)
    async with alive.shown():
        assert alive.name.startswith("unmarked-")
    await engine.dispose()


async def test_after_a_pause_a_sign_is_not_relied_on_before_it_was_looked_at(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = db.engine(database_url)
    alive = Alive(engine)
    async with alive.shown():
        monkeypatch.setattr(alive_, "RELIED_ON_S", 0)
        assert alive.name.startswith("unmarked-")
        monkeypatch.setattr(alive_, "RELIED_ON_S", 60)
        assert alive.name.startswith("process-")
    await engine.dispose()
