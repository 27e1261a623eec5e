"""Without a transaction around it, a change is one look and one write, and still nobody's change is lost."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import changes, db, incidents, lifecycle
from domain.db import Begin, Overtaken, Unsure, Written
from domain.errors import AlreadyDone, InvalidInput, Repeated
from domain.incidents import Draft, Status, Target
from domain.policy import Actor
from domain.timeline import Change, What
from tests.conftest import GENERAL, both
from tests.domain.conftest import Make, shown

STORED = (
    "SELECT count(*), (SELECT count(*) FROM outbox WHERE incident_id = :id) FROM timeline_entry WHERE incident_id = :id"
)


@pytest.fixture
def lightly(alone: AsyncEngine) -> Begin:
    return db.transactions(alone, is_light=True)


async def written(begin: Begin, incident_id: object) -> tuple[int, int]:
    """How many entries of history and announcements there are."""
    async with begin() as session:
        entries, announced = (await session.execute(text(STORED), {"id": incident_id})).one()
        return entries, announced


async def test_a_change_is_written_with_its_history_and_its_announcement(
    begin: Begin, lightly: Begin, opened: Make, ben: Actor
) -> None:
    incident = await opened()
    entries, announced = await written(begin, incident.id)

    async with lightly() as session:
        await lifecycle.take(session, Target(id=incident.id), by=ben)

    now = await shown(begin, incident, ben)
    assert (now.status, now.assignee_id, now.version) == (Status.IN_PROGRESS, ben.id, incident.version + 1)
    assert await written(begin, incident.id) == (entries + 2, announced + 2)


async def test_whoever_is_overtaken_between_look_and_write_changes_nothing_and_tells_nobody(
    begin: Begin, lightly: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()
    async with lightly() as slower:
        seen = await incidents.locked(slower, Target(id=incident.id), by=ana)
        async with lightly() as faster:
            await lifecycle.take(faster, Target(id=incident.id), by=ben)
        before = await written(begin, incident.id)

        seen.title = "Disk is full"
        with pytest.raises(Overtaken):
            await changes.record(slower, seen, [Change(What.RENAMED)], by=ana)

    assert (await shown(begin, incident, ana)).title == "Disk full"
    assert await written(begin, incident.id) == before


async def test_of_two_who_resolve_at_the_same_moment_one_did_it(
    begin: Begin, lightly: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()

    async def resolve(by: Actor) -> None:
        async with lightly() as session:
            await lifecycle.resolve(session, Target(id=incident.id), by=by)

    outcomes = await both(resolve(ana), resolve(ben))

    [refused] = [outcome for outcome in outcomes if outcome]
    assert isinstance(refused, AlreadyDone | Overtaken)
    assert (await shown(begin, incident, ana)).version == incident.version + 1


async def test_numbers_have_no_gaps_whatever_is_refused(begin: Begin, lightly: Begin, ana: Actor) -> None:
    async def create(**said: Any) -> int:
        async with lightly() as session:
            return (await incidents.create(session, Draft("Disk full", GENERAL, **said), by=ana)).number

    assert await create(source="view:1") == 1
    with pytest.raises(Repeated):
        await create(source="view:1")
    with pytest.raises(InvalidInput, match="no category 'plumbing'"):
        await create(category="plumbing")
    assert await create() == 2
    assert sorted(await asyncio.gather(*(create() for _ in range(6)))) == [3, 4, 5, 6, 7, 8]


async def test_a_connection_that_breaks_while_it_writes_leaves_nobody_sure(lightly: Begin) -> None:
    with pytest.raises(Unsure):
        async with lightly() as session:
            await db.write(session, Written("SELECT pg_terminate_backend(pg_backend_pid())"), {})


async def test_the_relay_is_woken_by_what_is_written_lightly(alone: AsyncEngine, opened: Make, ana: Actor) -> None:
    incident, woken = await opened(), asyncio.Event()
    lightly = db.transactions(alone, wake=woken.set, is_light=True)

    async with lightly() as session:
        await incidents.locked(session, Target(id=incident.id), by=ana)
    assert not woken.is_set()

    async with lightly() as session:
        await lifecycle.take(session, Target(id=incident.id), by=ana)
    assert woken.is_set()


async def test_what_the_database_refuses_otherwise_is_no_repetition(lightly: Begin, ana: Actor) -> None:
    nobody = replace(ana, id=uuid4())
    with pytest.raises(IntegrityError):
        async with lightly() as session:
            await incidents.create(session, Draft("Disk full", GENERAL, source="view:1"), by=nobody)
