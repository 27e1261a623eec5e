"""Deleting, restoring, and taking one's own last change back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from domain import assignment, db, deletion, editing, lifecycle, undoing
from domain.db import Begin
from domain.editing import Edit
from domain.errors import AlreadyDone, Conflict, Forbidden, NotFound
from domain.incidents import Incident, Priority, Status, Target
from domain.policy import Actor
from domain.timeline import Entry
from tests.conftest import SECRET
from tests.domain.conftest import Make, done, shown
from tests.domain.trail import as_shown, topics, trail


async def undo(begin: Begin, by: Actor) -> Incident:
    async with begin() as session:
        return await undoing.undo(session, by=by)


async def test_deleting_asks_nobody_else_and_restoring_brings_it_back_as_it_was(
    begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()
    root = replace(ana, is_superuser=True)
    async with begin() as session:
        assert (await deletion.to_delete(session, as_shown(incident), by=ana)).number == 1
        await deletion.delete(session, as_shown(incident), by=ana)

    async with begin() as session:
        with pytest.raises(NotFound, match="INC-1 was deleted by you"):
            await deletion.delete(session, Target(id=incident.id), by=ana)
    await done(begin, deletion.restore, incident, by=root)

    assert (await shown(begin, incident, ana)).status is Status.OPEN
    assert [what for what, *_ in await trail(begin, incident)] == ["created", "deleted", "restored"]


async def test_restoring_what_is_there_changes_nothing(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    with pytest.raises(AlreadyDone, match="INC-1 is not deleted"):
        await done(begin, deletion.restore, incident, by=replace(ana, is_superuser=True))


async def test_only_the_owner_deletes_and_only_superusers_restore(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(assignee=ben.slack_user_id)

    with pytest.raises(Forbidden, match="Only its owner and superusers"):
        await done(begin, deletion.delete, incident, by=ben)
    async with begin() as session:
        with pytest.raises(Forbidden):
            await deletion.to_delete(session, Target(id=incident.id), by=ben)
    with pytest.raises(Forbidden, match="Only superusers"):
        await done(begin, deletion.restore, incident, by=ana)


async def test_a_stale_form_deletes_nothing(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ben)

    async with begin() as session:
        with pytest.raises(Conflict, match="Not deleted"):
            await deletion.delete(session, as_shown(incident), by=ana)


async def test_undo_puts_everything_back_that_the_change_replaced(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(assignee=ben.slack_user_id)
    await done(begin, lifecycle.resolve, incident, note="rolled back", by=ana)

    await undo(begin, ana)

    now = await shown(begin, incident, ana)
    assert (now.status, now.resolved_at, now.resolution, now.assignee_id) == (Status.OPEN, None, "", ben.id)
    assert (await trail(begin, incident))[-1] == ("undone", "", "started, resolved", "Ana")


async def test_undo_of_reopening_knows_the_resolution_again(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    resolved = await done(begin, lifecycle.resolve, incident, note="rolled back", by=ana)
    await done(begin, lifecycle.reopen, incident, by=ana)

    await undo(begin, ana)

    now = await shown(begin, incident, ana)
    assert (now.status, now.resolved_at, now.resolution) == (Status.RESOLVED, resolved.resolved_at, "rolled back")


async def test_undo_of_an_edit_and_of_an_assignment(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        wanted = Edit(title="Other", description="more", priority=Priority.LOW, category="outage")
        await editing.edit(session, Target(id=incident.id), wanted, by=ana)
    await undo(begin, ana)
    async with begin() as session:
        await assignment.assign(session, Target(id=incident.id), ben.slack_user_id, by=ana)
    assert "person.assigned" in await topics(begin, incident)
    await undo(begin, ana)

    now = await shown(begin, incident, ana)
    assert (now.title, now.description, now.priority, now.category, now.assignee_id) == (
        "Disk full", "", Priority.MEDIUM, "bug", None,
    )  # fmt: skip


async def test_undo_of_a_deletion_brings_the_incident_back(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    await done(begin, deletion.delete, incident, by=ana)

    await undo(begin, ana)

    assert (await shown(begin, incident, ana)).deleted_at is None


async def test_undo_never_takes_back_what_somebody_else_built_upon(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()
    await done(begin, lifecycle.start, incident, by=ana)
    await done(begin, lifecycle.resolve, incident, by=ben)

    with pytest.raises(Conflict, match="Not taken back: INC-1 was resolved by Ben"):
        await undo(begin, ana)


async def test_undo_of_opening_points_to_delete(begin: Begin, opened: Make, ana: Actor) -> None:
    await opened()

    with pytest.raises(Conflict, match=r"you opened INC-1\. Use /incident delete 1 instead"):
        await undo(begin, ana)


async def test_undo_twice_does_not_go_back_and_forth(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    await done(begin, lifecycle.start, incident, by=ana)
    await undo(begin, ana)

    with pytest.raises(Conflict, match="you took your last change of INC-1 back already"):
        await undo(begin, ana)


async def test_undo_knows_only_the_last_ten_minutes(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()
    await done(begin, lifecycle.start, incident, by=ben)
    async with begin() as session:
        await session.execute(
            update(Entry).where(Entry.by_user_id == ben.id).values(at=db.now() - timedelta(minutes=11))
        )

    with pytest.raises(NotFound, match="You changed nothing in the last ten minutes"):
        await undo(begin, ben)


async def test_undo_needs_an_active_account_and_sight_of_the_incident(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    secret = await opened("Badge lost", channel_id=SECRET)
    await done(begin, lifecycle.start, secret, by=ben.at(channel_id=SECRET))

    with pytest.raises(NotFound):
        await undo(begin, ben)
    with pytest.raises(Forbidden):
        await undo(begin, replace(ana, is_active=False))
