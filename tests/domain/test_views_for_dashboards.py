"""The views that people build their own dashboards on."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import ProgrammingError

from domain import comments, deletion, lifecycle, undoing
from domain.db import Begin
from domain.incidents import Incident, Target
from domain.policy import Actor
from tests.conftest import SECRET
from tests.domain.conftest import Make, done


async def rows(begin: Begin, team: str, view: str) -> dict[int, dict[str, Any]]:
    async with begin() as session:
        found = await session.execute(text(f"SELECT * FROM {view} WHERE workspace_id = :w"), {"w": team})  # noqa: S608
        return {row["number"]: dict(row) for row in found.mappings()}


async def test_open_incidents_are_there_with_names_and_the_last_word(
    begin: Begin, team: str, ana: Actor, ben: Actor, opened: Make
) -> None:
    held = await opened("Disk full", assignee=ben.slack_user_id)
    hidden = await opened("Former contractor", by=ana.at(channel_id=SECRET), channel_id=SECRET)
    for gone, step in ((await opened("Done"), lifecycle.resolve), (await opened("Mistake"), deletion.delete)):
        await done(begin, step, gone, by=ana)
    async with begin() as session:
        await session.execute(
            update(Incident).where(Incident.id == held.id).values(updated_at=held.created_at - timedelta(days=1))
        )
        await comments.say(session, Target(id=held.id), "looking", by=ben)

    found = await rows(begin, team, "v_open_incidents")

    assert set(found) == {held.number, hidden.number}
    assert (found[held.number]["owner"], found[held.number]["assignee"]) == ("Ana", "Ben")
    assert (found[held.number]["channel"], found[held.number]["is_private"]) == ("general", False)
    assert found[held.number]["last_word_at"] > held.created_at - timedelta(days=1)
    assert found[hidden.number]["is_private"]
    assert "email" not in found[held.number]


async def test_what_was_taken_back_is_neither_a_start_nor_a_reopening(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened("Disk full")
    await done(begin, lifecycle.start, incident, by=ana)
    async with begin() as session:
        await undoing.undo(session, by=ana)

    (found,) = (await rows(begin, team, "v_incident_times")).values()

    assert (found["started_at"], found["reopened"], found["status"]) == (None, 0, "open")


async def test_times_tell_the_first_start_the_resolution_and_how_often_it_came_back(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened("Disk full")
    for step in (lifecycle.take, lifecycle.revert, lifecycle.take, lifecycle.resolve, lifecycle.reopen):
        await done(begin, step, incident, by=ana)

    (found,) = (await rows(begin, team, "v_incident_times")).values()

    assert (found["reopened"], found["time_to_resolve"], found["status"]) == (1, None, "in_progress")
    assert timedelta(0) < found["time_to_start"] < timedelta(minutes=1)


async def test_a_role_for_dashboards_sees_these_two_views_and_nothing_else(begin: Begin, opened: Make) -> None:
    await opened("Disk full")

    async with begin() as session:
        await session.execute(text("CREATE ROLE test_dashboards"))
        await session.execute(text("GRANT SELECT ON v_open_incidents, v_incident_times TO test_dashboards"))
        await session.execute(text("SET LOCAL ROLE test_dashboards"))
        for view in ("v_open_incidents", "v_incident_times"):
            assert await session.scalar(text(f"SELECT count(*) FROM {view}"))  # noqa: S608
        with pytest.raises(ProgrammingError, match="permission denied for table incident"):
            await session.execute(text("SELECT title FROM incident"))
        await session.rollback()  # and the role with it
