"""The views that people build their own dashboards on."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text, update

from domain import comments, deletion, lifecycle
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


async def test_times_tell_the_first_start_the_resolution_and_how_often_it_came_back(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened("Disk full")
    for step in (lifecycle.take, lifecycle.revert, lifecycle.take, lifecycle.resolve, lifecycle.reopen):
        await done(begin, step, incident, by=ana)

    (found,) = (await rows(begin, team, "v_incident_times")).values()

    assert (found["reopened"], found["time_to_resolve"], found["status"]) == (1, None, "in_progress")
    assert timedelta(0) < found["time_to_start"] < timedelta(minutes=1)
