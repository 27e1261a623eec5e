"""Transactions: what is said when nobody knows whether one was committed. And statements that are written once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import db
from domain.db import Begin, Once, Unsure, Written

DIES = """
CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE TEMP TABLE kept (number int UNIQUE DEFERRABLE INITIALLY DEFERRED);
"""
AT_COMMIT = (
    "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON kept DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION pg_temp.die()"
)


async def keep(begin: Begin, *statements: str) -> None:
    async with begin() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_a_connection_that_breaks_at_the_commit_leaves_nobody_sure(begin: Begin) -> None:
    with pytest.raises(Unsure):
        await keep(begin, DIES, AT_COMMIT, "INSERT INTO kept VALUES (1)")


async def test_a_connection_that_breaks_before_the_commit_changed_nothing_for_sure(begin: Begin) -> None:
    with pytest.raises(DBAPIError) as broken:
        await keep(begin, "SELECT pg_terminate_backend(pg_backend_pid())")

    assert broken.value.connection_invalidated


async def test_a_commit_that_is_refused_changed_nothing_for_sure(begin: Begin) -> None:
    with pytest.raises(IntegrityError):
        await keep(begin, DIES, "INSERT INTO kept VALUES (1), (1)")


WHO = Written("SELECT pg_backend_pid() AS pid")
ENDS = Written("SELECT pg_terminate_backend(%(pid)s)")
SLEEPS = Written("SELECT pg_sleep(20)")


@pytest.fixture
def once(alone: AsyncEngine) -> Once:
    """How single statements are run."""
    return alone.connect


async def test_a_written_statement_gives_rows_with_names_and_keeps_its_own_values(once: Once) -> None:
    given = bindparam("given", type_=JSONB)
    statement = db.written(select(given.label("found"), literal(7).label("own"), literal("100% %s").label("text")))

    async with once() as alone:
        [row] = await db.run(alone, statement, {"given": {"a": [1, None, "x"]}})

    assert (row.found, row.own, row.text) == ({"a": [1, None, "x"]}, 7, "100% %s")


async def broken_off(opened: Begin | Once, statement: Written, **given: Any) -> None:
    """It is run, and then something else goes wrong."""
    async with opened() as on:
        await db.run(on, statement, given)
        raise ZeroDivisionError


async def test_what_is_run_in_a_transaction_goes_with_it_and_what_is_run_alone_stays(begin: Begin, once: Once) -> None:
    add = Written("INSERT INTO run_alone_or_not VALUES (%(number)s)")
    async with once() as alone:
        await db.run(alone, Written("CREATE TABLE run_alone_or_not (number int)"), {})
    try:
        ways: tuple[Begin | Once, ...] = (begin, once)
        for number, opened in enumerate(ways):
            with pytest.raises(ZeroDivisionError):
                await broken_off(opened, add, number=number)
        async with begin() as session:
            found = await db.run(session, Written("SELECT * FROM run_alone_or_not"), {})
        assert [row.number for row in found] == [1]
    finally:
        async with once() as alone:
            await db.run(alone, Written("DROP TABLE run_alone_or_not"), {})


async def test_a_written_statement_that_is_refused_says_so_like_any_other_without_what_people_wrote(
    begin: Begin, once: Once
) -> None:
    wrong = Written("SELECT 1 / %(number)s::int")
    for opened in (begin, once):
        with pytest.raises(DBAPIError) as refused:
            await ran(opened, wrong, number=0)
        assert not refused.value.connection_invalidated
        assert "DivisionByZero" in str(refused.value)
        assert "'number'" not in str(refused.value)


async def ran(opened: Begin | Once, statement: Written, **given: Any) -> int:
    """Run it; the connection's process before that."""
    async with opened() as on:
        [row] = await db.run(on, WHO, {})
        await db.run(on, statement, {"pid": row.pid, **given})
        return int(row.pid)


async def test_a_connection_that_broke_is_known_to_be_broken_and_the_next_one_works(begin: Begin, once: Once) -> None:
    for opened in (begin, once):
        with pytest.raises(DBAPIError) as broken:
            await ran(opened, ENDS)
        assert broken.value.connection_invalidated
        await ran(opened, WHO)


async def test_after_one_connection_broke_no_other_that_broke_with_it_is_tried(begin: Begin, once: Once) -> None:
    everybody = Written("SELECT pg_terminate_backend(pid) FROM unnest(%(others)s::int[] || pg_backend_pid()) AS pid")
    async with begin() as one, begin() as other, once() as alone:
        others = [(await db.run(on, WHO, {}))[0].pid for on in (one, other, alone)]

    with pytest.raises(DBAPIError):
        await ran(begin, everybody, others=others)

    for opened in (begin, once, begin):
        await ran(opened, WHO)


async def test_a_statement_whose_caller_goes_away_leaves_its_connection_to_nobody(begin: Begin, once: Once) -> None:
    for opened in (begin, once):
        caller = asyncio.create_task(ran(opened, SLEEPS))
        [pid] = await becomes(begin, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'", many=1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await becomes(begin, f"SELECT pid FROM pg_stat_activity WHERE pid = {pid}", many=0)  # noqa: S608


async def becomes(begin: Begin, query: str, *, many: int) -> list[int]:
    """What is found when it is so many, here."""
    async with asyncio.timeout(20):
        while True:
            async with begin() as session:
                found = list(await session.scalars(text(f"{query} AND datname = current_database()")))
            if len(found) == many:
                return found
            await asyncio.sleep(0.02)
