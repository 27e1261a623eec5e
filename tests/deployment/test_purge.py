"""deploy/database/purge.sql takes what was resolved long ago away, whole, and nothing else."""

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import comments, db, deletion, lifecycle, models
from domain.comments import Comment
from domain.db import Base, Begin
from domain.incidents import Incident, Target
from domain.policy import Actor
from tests.deployment.files import ROOT
from tests.domain.conftest import Make, opened

__all__ = ["opened"]
PURGE = (ROOT / "deploy" / "database" / "purge.sql").read_text("utf8")
KEPT_FOR_GOOD = {"audit_entry"}
TABLES = {table.name for table in Base.metadata.sorted_tables if "incident_id" in table.columns} - KEPT_FOR_GOOD
LONG_AGO = timedelta(days=800)


async def purge(engine: AsyncEngine, *, resolved_after: str | None) -> None:
    """As psql does it, with the setting as PGOPTIONS gives it."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    given = {"options": f"-c purge.resolved_after={resolved_after}"} if resolved_after else {}
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, **given) as connection:  # type: ignore[arg-type]
        await connection.execute(PURGE.encode())


async def rows(engine: AsyncEngine, incident: Incident) -> dict[str, Any]:
    """How many rows of each table are about it."""
    wanted = dict.fromkeys(TABLES, "incident_id") | {"incident": "id"}
    async with engine.connect() as connection:
        counted = {
            name: await connection.scalar(
                text(f"SELECT count(*) FROM {name} WHERE {column} = :id"),  # noqa: S608
                {"id": incident.id},
            )
            for name, column in wanted.items()
        }
    return {name: count for name, count in counted.items() if count}


async def resolved(begin: Begin, incident: Incident, by: Actor, *, ago: timedelta) -> None:
    """With an edited comment, so that there is a row of each kind that people make."""
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "vendor called", by=by)
        comment_id = await session.scalar(select(Comment.id).where(Comment.incident_id == incident.id))
    async with begin() as session:
        await comments.edit(session, comment_id, "vendor called back", by=by)
    async with begin() as session:
        await lifecycle.resolve(session, Target(id=incident.id), by=by)
    async with begin() as session:
        given = {"id": incident.id, "at": db.now() - ago}
        await session.execute(text("UPDATE incident SET resolved_at = :at WHERE id = :id"), given)


def test_every_table_that_knows_incidents_is_thought_of() -> None:
    """A new one gets a line in deploy/database/purge.sql, before the tables that it points to."""
    assert models
    assert TABLES - set(re.findall(r"DELETE FROM (\w+)", PURGE)) == set()


async def test_what_was_resolved_long_ago_goes_whole_and_nothing_else(
    engine: AsyncEngine, begin: Begin, opened: Make, ana: Actor
) -> None:
    old, recent, unresolved = await opened("Old"), await opened("Recent"), await opened("Unresolved")
    await resolved(begin, old, ana, ago=LONG_AGO)
    await resolved(begin, recent, ana, ago=timedelta(days=700))
    before = [await rows(engine, each) for each in (recent, unresolved)]
    assert {"incident", "comment", "timeline_entry", "outbox"} <= set(await rows(engine, old))

    await purge(engine, resolved_after="2years")

    assert await rows(engine, old) == {}
    assert [await rows(engine, each) for each in (recent, unresolved)] == before


async def test_what_was_deleted_can_still_be_restored(
    engine: AsyncEngine, begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()
    await resolved(begin, incident, ana, ago=LONG_AGO)
    async with begin() as session:
        await deletion.delete(session, Target(id=incident.id), by=ana)

    await purge(engine, resolved_after="2years")

    assert "incident" in await rows(engine, incident)


async def test_without_its_setting_it_takes_nothing(
    engine: AsyncEngine, begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()
    await resolved(begin, incident, ana, ago=LONG_AGO)

    with pytest.raises(psycopg.errors.UndefinedObject, match=r"purge\.resolved_after"):
        await purge(engine, resolved_after=None)

    assert "incident" in await rows(engine, incident)
