"""Opening incidents, and who sees which."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from domain import assignees, changes, db, incidents, profiles, users, workspaces
from domain.db import Begin
from domain.errors import InvalidInput, NotFound, Repeated
from domain.incidents import Draft, Incident, Target
from domain.policy import Actor, Standing
from domain.timeline import Change, What
from domain.users import Profile
from tests.conftest import GENERAL, SECRET
from tests.domain.conftest import Make


async def test_incidents_are_numbered_one_by_one(opened: Make) -> None:
    made = await asyncio.gather(*(opened(f"Disk {n} full") for n in range(8)))

    assert sorted(incident.number for incident in made) == list(range(1, 9))
    assert all(incident.ref == f"INC-{incident.number}" for incident in made)


async def test_the_same_form_twice_makes_one_incident(begin: Begin, opened: Make, ana: Actor) -> None:
    await opened(source="view:V1")

    with pytest.raises(Repeated):
        await opened(source="view:V1")

    assert (await opened("Next")).number == 2


async def test_a_category_that_does_not_exist_is_refused_on_its_field(opened: Make) -> None:
    with pytest.raises(InvalidInput, match="no category 'weather'") as refused:
        await opened(category="weather")

    assert refused.value.field == "category"


async def test_a_new_incident_can_be_assigned_to_a_member_who_was_never_here(
    begin: Begin, team: str, opened: Make
) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U0NEW", name="Nora")])

    incident = await opened(assignee="U0NEW")

    assert incident.assignee is not None
    assert incident.assignee.full_name == "Nora"


async def test_one_can_open_an_incident_for_oneself(opened: Make, ana: Actor) -> None:
    assert (await opened(assignee=ana.slack_user_id)).assignee_id == ana.id


@pytest.mark.parametrize(
    "profile, reason",
    [
        (Profile(slack_user_id="U1", name="Gus", standing=Standing.GUEST), "Gus is a guest"),
        (Profile(slack_user_id="U1", name="Pat", standing=Standing.EXTERNAL), "Pat is from another organisation"),
        (Profile(slack_user_id="U1", name="Bot", standing=Standing.BOT), "Bot is an app"),
        (Profile(slack_user_id="U1", name="Dora", is_deactivated=True), "Dora is deactivated"),
        (Profile(slack_user_id="U2", name="Nobody"), "nobody here knows"),
    ],
)
async def test_others_cannot_be_assigned(begin: Begin, team: str, opened: Make, profile: Profile, reason: str) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [profile])

    with pytest.raises(InvalidInput, match=reason) as refused:
        await opened(assignee="U1")

    assert refused.value.field == "assignee"


async def test_an_account_that_was_closed_cannot_be_assigned(begin: Begin, opened: Make, ben: Actor) -> None:
    async with begin() as session:
        await session.execute(update(users.User).where(users.User.id == ben.id).values(is_active=False))

    with pytest.raises(InvalidInput, match="Ben is deactivated"):
        await opened(assignee=ben.slack_user_id)


async def test_nobody_is_nobody(begin: Begin, ana: Actor) -> None:
    async with begin() as session:
        assert await assignees.assignable(session, None, by=ana) is None


async def seen(begin: Begin, incident: Incident, by: Actor) -> bool:
    try:
        async with begin() as session:
            await incidents.get(session, Target(number=incident.number), by=by)
    except NotFound:
        return False
    return True


async def test_an_incident_of_a_private_channel_is_seen_by_those_it_concerns(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(channel_id=SECRET)

    assert await seen(begin, incident, ana)
    assert not await seen(begin, incident, ben)
    assert await seen(begin, incident, ben.at(channel_id=SECRET))
    assert await seen(begin, incident, replace(ben, is_superuser=True))


async def test_a_channel_that_the_bot_does_not_know_counts_as_private(begin: Begin, opened: Make, ben: Actor) -> None:
    assert not await seen(begin, await opened(channel_id="C0UNKNOWN"), ben)


async def test_a_guest_sees_the_incidents_of_the_channel_where_he_is(begin: Begin, opened: Make, gus: Actor) -> None:
    incident = await opened()

    assert await seen(begin, incident, gus.at(channel_id=GENERAL))
    assert not await seen(begin, incident, gus.at(channel_id=None))


async def test_another_workspace_sees_nothing(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    assert not await seen(begin, incident, replace(ana, workspace_id="T0OTHER", is_superuser=True))


async def test_what_was_deleted_is_gone_for_everybody(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        gone = await incidents.locked(session, Target(id=incident.id), by=ana)
        gone.deleted_at = db.now()
        await changes.record(session, gone, [Change(What.DELETED)], by=ana)

    async with begin() as session:
        with pytest.raises(NotFound, match=r"INC-1 was deleted by you at .* A superuser can restore it"):
            await incidents.locked(session, Target(id=incident.id), by=ana)
        with pytest.raises(NotFound, match="INC-1 was deleted"):
            await incidents.get(session, Target(number=1), by=ana)
        with pytest.raises(NotFound, match="no incident like this"):
            await incidents.get(session, Target(thread=("C1", "1.2")), by=ana)


async def test_what_is_refused_takes_no_number(begin: Begin, ana: Actor, opened: Make) -> None:
    with pytest.raises(InvalidInput):
        async with begin() as session:
            await incidents.create(session, Draft("", GENERAL), by=ana)

    assert (await opened()).number == 1


async def test_channels_are_known_as_slack_last_told(begin: Begin, team: str) -> None:
    async with begin() as session:
        assert await workspaces.category_names(session, team) == list(workspaces.CATEGORIES)
        await workspaces.learn_channels(session, team, [])
        await workspaces.rename_channel(session, team, GENERAL, "lobby")
        await workspaces.close_channel(session, team, GENERAL)
        assert await workspaces.open_channel(session, team, None, GENERAL) is None
        assert await workspaces.open_channel(session, team, GENERAL, SECRET) == SECRET
        assert await workspaces.is_public(session, team, GENERAL)
        assert not await workspaces.is_public(session, team, SECRET)
        name = await session.scalar(
            select(func.max(workspaces.Channel.name)).where(
                workspaces.Channel.workspace_id == team, workspaces.Channel.id == GENERAL
            )
        )
    assert name == "lobby"
