"""Who works on an incident."""

import asyncio

import pytest
from sqlalchemy import text

from domain import assignment, lifecycle, profiles
from domain.db import Begin
from domain.errors import AlreadyDone, Conflict, Forbidden, InvalidInput, NotFound
from domain.incidents import Status, Target
from domain.policy import Actor, Standing
from domain.users import Profile
from tests.conftest import SECRET, member
from tests.domain.conftest import Make, done, shown
from tests.domain.trail import as_shown, topics, trail


async def test_giving_it_to_somebody_names_both_and_keeps_the_status(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(assignee=ben.slack_user_id)
    chloe = await member(begin, ana.workspace_id, "Chloe")

    async with begin() as session:
        await assignment.assign(session, as_shown(incident), chloe.slack_user_id, by=ana)

    now = await shown(begin, incident, ana)
    assert (now.status, now.assignee_id, now.version) == (Status.OPEN, chloe.id, incident.version + 1)
    assert (await trail(begin, incident))[-1] == ("assigned", "Ben", "Chloe", "Ana")
    assert await topics(begin, incident) >= {"incident.changed", "change.noted", "person.assigned"}


async def test_of_two_who_assign_at_the_same_moment_the_second_replaces_the_first(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()

    async def takes() -> None:
        async with begin() as session:
            await lifecycle.take(session, Target(id=incident.id), by=ana)

    waits = text("SELECT 1 FROM pg_locks WHERE NOT granted")
    async with begin() as session:
        await assignment.assign(session, Target(id=incident.id), ben.slack_user_id, by=ben)
        meanwhile = asyncio.create_task(takes())
        async with asyncio.timeout(20), begin() as other:
            while not await other.scalar(waits):  # noqa: ASYNC110 - locks ring no bell
                await asyncio.sleep(0.01)
    await meanwhile

    assert (await trail(begin, incident))[-2:] == [
        ("assigned", "Ben", "Ana", "Ana"),
        ("started", "open", "in progress", "Ana"),
    ]


async def test_taking_it_from_somebody_leaves_it_to_nobody_and_tells_nobody(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(assignee=ben.slack_user_id)
    async with begin() as session:
        await assignment.assign(session, Target(id=incident.id), None, by=ana)

    assert (await shown(begin, incident, ana)).assignee_id is None
    assert (await trail(begin, incident))[-1] == ("assigned", "Ben", "", "Ana")


async def test_assigning_to_the_same_person_again_says_who_did_it(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened(assignee=ben.slack_user_id)

    async with begin() as session:
        with pytest.raises(AlreadyDone, match="INC-1 was assigned to Ben by Ana"):
            await assignment.assign(session, Target(id=incident.id), ben.slack_user_id, by=ben)


async def test_unassigning_what_is_nobodys_changes_nothing(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    async with begin() as session:
        with pytest.raises(AlreadyDone, match="INC-1 is assigned to nobody"):
            await assignment.assign(session, Target(id=incident.id), None, by=ana)


@pytest.mark.parametrize(
    "standing, words",
    [(Standing.GUEST, "is a guest"), (Standing.EXTERNAL, "is from another organisation"), (Standing.BOT, "is an app")],
)
async def test_only_members_can_be_assigned(
    begin: Begin, opened: Make, ana: Actor, standing: Standing, words: str
) -> None:
    incident = await opened()
    async with begin() as session:
        await profiles.learn(session, ana.workspace_id, [Profile(slack_user_id="U0X", name="Xenia", standing=standing)])

    async with begin() as session:
        with pytest.raises(InvalidInput, match=f"Xenia {words}") as refused:
            await assignment.assign(session, Target(id=incident.id), "U0X", by=ana)
    assert refused.value.field == "assignee"


async def test_a_deactivated_person_cannot_be_assigned(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        dora = Profile(slack_user_id="U0DORA", name="Dora", is_deactivated=True)
        await profiles.learn(session, ana.workspace_id, [dora])

    async with begin() as session:
        with pytest.raises(InvalidInput, match="Dora is deactivated"):
            await assignment.assign(session, Target(id=incident.id), "U0DORA", by=ana)


async def test_a_resolved_incident_is_reopened_before_it_is_given_away(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()
    await done(begin, lifecycle.resolve, incident, by=ana)

    async with begin() as session:
        with pytest.raises(Conflict, match="Reopen it first"):
            await assignment.assign(session, Target(id=incident.id), ben.slack_user_id, by=ana)
        with pytest.raises(Conflict, match="Reopen it first"):
            await assignment.to_assign(session, Target(id=incident.id), by=ana)


async def test_a_stale_button_assigns_nothing(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()
    await done(begin, lifecycle.start, incident, by=ben)

    async with begin() as session:
        with pytest.raises(Conflict, match="Not assigned: INC-1 was started by Ben"):
            await assignment.assign(session, as_shown(incident), ben.slack_user_id, by=ana)
        with pytest.raises(Conflict, match="Not assigned: INC-1 was started by Ben"):
            await assignment.to_assign(session, as_shown(incident), by=ana)


async def test_guests_cannot_assign_and_outsiders_see_nothing(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, gus: Actor
) -> None:
    incident = await opened()
    secret = await opened("Badge lost", channel_id=SECRET)

    async with begin() as session:
        with pytest.raises(Forbidden):
            await assignment.assign(session, Target(id=incident.id), ben.slack_user_id, by=gus)
        with pytest.raises(NotFound):
            await assignment.assign(session, Target(id=secret.id), ben.slack_user_id, by=ben)
