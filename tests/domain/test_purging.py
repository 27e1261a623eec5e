"""What was deleted can be restored for 30 days; then nothing of it is left but the audit."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from domain import comments, db, deletion, incidents, outbox, purging
from domain.db import Begin
from domain.errors import NotFound
from domain.incidents import Incident, Target
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.threads import Thread
from tests.conftest import both
from tests.domain.conftest import Make, done

TABLES = {
    "incident": "id = :id", "comment": "incident_id = :id", "timeline_entry": "incident_id = :id",
    "thread": "incident_id = :id", "outbox": "incident_id = :id",
    "comment_revision": "comment_id IN (SELECT id FROM comment WHERE incident_id = :id)",
}  # fmt: skip


async def deleted(begin: Begin, incident: Incident, by: Actor, *, ago: timedelta) -> None:
    """Deleted so long ago."""
    await done(begin, deletion.delete, incident, by=by)
    async with begin() as session:
        given = {"id": incident.id, "at": db.now() - ago}
        await session.execute(text("UPDATE incident SET deleted_at = :at WHERE id = :id"), given)
        await session.execute(
            text("UPDATE timeline_entry SET at = :at WHERE incident_id = :id AND what = 'deleted'"), given
        )


async def discussed(begin: Begin, incident: Incident, by: Actor) -> None:
    """With a comment that was edited, and a thread."""
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "Which disk?", by=by)
        session.add(
            Thread(
                workspace_id=by.workspace_id, channel_id="C0GENERAL", ts=f"{incident.number}.1", incident_id=incident.id
            )
        )
    async with begin() as session:
        comment_id = await session.scalar(
            select(comments.Comment.id).where(comments.Comment.incident_id == incident.id)
        )
        await comments.edit(session, comment_id, "Which of the disks?", by=by)


async def left(begin: Begin, incident: Incident) -> set[str]:
    """The tables that still hold something of it."""
    async with begin() as session:
        return {
            table
            for table, where in TABLES.items()
            if await session.scalar(text(f"SELECT EXISTS (SELECT FROM {table} WHERE {where})"), {"id": incident.id})  # noqa: S608
        }


async def purged(begin: Begin, team: str, *, most: int = purging.AT_ONCE) -> int:
    async with begin() as session:
        return await purging.tick(session, team, db.now(), most=most)


async def test_after_30_days_everything_of_it_goes_and_its_number_is_not_given_again(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident, other = await opened(), await opened("Badge lost")
    for each in (incident, other):
        await discussed(begin, each, ana)
    await deleted(begin, incident, ana, ago=timedelta(days=30, minutes=1))
    assert await left(begin, incident) == set(TABLES)

    assert await purged(begin, team) == 1

    assert await left(begin, incident) == set()
    assert await left(begin, other) == set(TABLES)
    async with begin() as session:
        with pytest.raises(NotFound):
            await incidents.get(session, Target(number=incident.number), by=ana)
    assert (await opened("Disk full again")).number == 3


async def test_before_that_it_can_be_restored(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    incident = await opened()
    await discussed(begin, incident, ana)
    await deleted(begin, incident, ana, ago=timedelta(days=29, hours=23))

    assert await purged(begin, team) == 0

    assert await left(begin, incident) == set(TABLES)


async def test_what_was_deleted_long_ago_and_restored_stays(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    incident = await opened()
    await deleted(begin, incident, ana, ago=timedelta(days=90))
    async with begin() as session:
        await session.execute(text("UPDATE incident SET deleted_at = NULL WHERE id = :id"), {"id": incident.id})

    assert await purged(begin, team) == 0


async def test_many_go_a_few_at_a_time_and_two_processes_do_not_wait_for_each_other(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    for number in range(5):
        await deleted(begin, await opened(f"Disk {number} full"), ana, ago=timedelta(days=31))

    assert await both(purged(begin, team, most=2), purged(begin, team, most=2)) == [2, 2]
    assert [await purged(begin, team, most=2), await purged(begin, team, most=2)] == [1, 0]


async def test_another_workspace_is_none_of_its_business(begin: Begin, ana: Actor, opened: Make) -> None:
    incident = await opened()
    await deleted(begin, incident, ana, ago=timedelta(days=31))

    assert await purged(begin, "T0ELSEWHERE") == 0

    assert "incident" in await left(begin, incident)


async def test_what_was_given_up_30_days_ago_goes_too(begin: Begin, team: str, ana: Actor) -> None:
    async with begin() as session:
        for lane in ("long ago", "lately", "waiting"):
            await outbox.add(session, outbox.row(Topic.SYNC_ASKED, workspace_id=team, lane=lane))
        for lane, days in (("long ago", 31), ("lately", 29)):
            given_up = "UPDATE outbox SET gave_up_at = :at WHERE lane = :lane AND workspace_id = :team"
            await session.execute(text(given_up), {"at": db.now() - timedelta(days=days), "lane": lane, "team": team})

    await purged(begin, team)

    async with begin() as session:
        lanes = await session.scalars(select(OutboxMessage.lane).where(OutboxMessage.workspace_id == team))
        assert sorted(lanes) == ["lately", "waiting"]


async def test_what_is_due_is_found_by_an_index(begin: Begin, team: str) -> None:
    deleted = "SELECT incident_id FROM timeline_entry WHERE workspace_id = :team AND what = 'deleted' AND at < now()"
    due = f"SELECT id FROM incident WHERE deleted_at < now() AND id IN ({deleted}) LIMIT 50 FOR UPDATE SKIP LOCKED"  # noqa: S608
    async with begin() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        first, whole = [
            "\n".join(await session.scalars(text(f"EXPLAIN {query}"), {"team": team})) for query in (deleted, due)
        ]

    assert "ix_timeline_entry_what" in first
    assert "Seq Scan" not in whole
