"""Transactions: what is said when nobody knows whether one was committed."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.db import Begin, Unsure

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
