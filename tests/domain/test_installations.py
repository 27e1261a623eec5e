"""Which workspaces installed the app, and whether they are served."""

from datetime import timedelta

from sqlalchemy import text, update

from domain import db, installations, outbox, workspaces
from domain.db import Begin
from domain.installations import Installation
from domain.outbox import Topic
from domain.workspaces import ChannelFacts
from tests.conftest import GENERAL, INCIDENTS


async def install(begin: Begin, team: str, *, ends_in: timedelta | None = None) -> None:
    async with begin() as session:
        await session.execute(update(Installation).values(busy_until=db.now() + timedelta(days=1)))  # other tests'
        await installations.installed(session, team, expires_at=db.now() + ends_in if ends_in else None)


async def version(begin: Begin, team: str) -> int | None:
    async with begin() as session:
        return (await installations.served(session, team)).get(team)


async def due(begin: Begin, team: str) -> list[bool]:
    """Whether each row of its outbox is due."""
    async with begin() as session:
        rows = "SELECT due_at <= now() FROM outbox WHERE workspace_id = :team ORDER BY id"
        return [bool(is_due) for (is_due,) in await session.execute(text(rows), {"team": team})]


async def wait(begin: Begin, team: str, lane: str = "a") -> None:
    async with begin() as session:
        await outbox.add(session, outbox.row(Topic.HOME_STALE, workspace_id=team, lane=lane, user="U0ANA"))


async def leave(begin: Begin, team: str, *, ago: timedelta = timedelta()) -> bool:
    async with begin() as session:
        return await installations.left(session, team, happened_at=db.now() - ago, because="app_uninstalled")


async def test_a_workspace_that_installs_is_served_and_each_time_by_another_version(begin: Begin, team: str) -> None:
    assert await version(begin, team) is None
    await install(begin, team)
    assert await version(begin, team) == 1
    await install(begin, team)

    assert await version(begin, team) == 2
    async with begin() as session:
        assert (await installations.served(session))[team] == 2
        assert (await installations.known(session))[team] == ""


async def test_one_that_leaves_is_not_served_and_what_waits_for_it_waits_on(begin: Begin, team: str) -> None:
    await install(begin, team)
    await wait(begin, team)
    assert await leave(begin, team)
    assert not await leave(begin, team)
    assert await version(begin, team) is None
    assert await due(begin, team) == [False]
    async with begin() as session:
        assert (await installations.known(session))[team] == "app_uninstalled"

    await install(begin, team)
    async with begin() as session:
        await installations.unpark(session, team)

    assert await version(begin, team) == 3
    assert await due(begin, team) == [True]


async def test_news_from_before_it_was_installed_again_change_nothing(begin: Begin, team: str) -> None:
    await install(begin, team)

    assert not await leave(begin, team, ago=timedelta(minutes=1))

    assert await version(begin, team) == 1


async def test_what_is_put_off_for_a_while_is_not_taken_for_what_waits_for_a_workspace(begin: Begin, team: str) -> None:
    await install(begin, team)
    await wait(begin, team)
    async with begin() as session:
        later = "UPDATE outbox SET due_at = now() + interval '5 minutes' WHERE workspace_id = :team"
        await session.execute(text(later), {"team": team})
        await installations.unpark(session, team)

    assert await due(begin, team) == [False]


async def test_a_token_that_is_refused_stops_the_version_that_it_belongs_to(begin: Begin, team: str) -> None:
    await install(begin, team)
    await install(begin, team)
    async with begin() as session:
        assert not await installations.refused(session, team, version=1, because="invalid_auth")
        assert await installations.refused(session, team, version=2, because="invalid_auth")
        assert not await installations.refused(session, team, version=2, because="invalid_auth")
    assert await version(begin, team) is None

    async with begin() as session:
        await installations.resumed(session, team)

    assert await version(begin, team) == 4


async def test_one_that_left_does_not_come_back_by_itself(begin: Begin, team: str) -> None:
    await install(begin, team)
    await leave(begin, team)

    async with begin() as session:
        await installations.resumed(session, team)
        assert await installations.lease_refused(session) is None

    assert await version(begin, team) is None


async def test_a_token_that_was_renewed_while_its_workspace_left_is_not_kept(begin: Begin, team: str) -> None:
    await install(begin, team, ends_in=timedelta(hours=1))
    await leave(begin, team)

    async with begin() as session:
        assert not await installations.renewed(session, team, expires_at=db.now())


async def test_a_token_that_ends_soon_is_leased_by_one(begin: Begin, team: str) -> None:
    await install(begin, team, ends_in=timedelta(hours=3))
    async with begin() as session:
        assert await installations.lease_ending(session) is None
    await install(begin, team, ends_in=timedelta(hours=1))

    async with begin() as session:
        assert await installations.lease_ending(session) == team
    async with begin() as session:
        assert await installations.lease_ending(session) is None
        await installations.renewed(session, team, expires_at=db.now() + timedelta(hours=12))

    assert await version(begin, team) == 3
    async with begin() as session:
        assert await installations.lease_ending(session) is None


async def test_a_lease_that_ran_out_is_taken_by_another_unless_it_is_put_off(begin: Begin, team: str) -> None:
    await install(begin, team, ends_in=timedelta(hours=1))
    async with begin() as session:
        assert await installations.lease_ending(session) == team
        await installations.put_off(session, team, timedelta(seconds=-1))
        assert await installations.lease_ending(session) == team
        await installations.put_off(session, team, timedelta(minutes=10))

    async with begin() as session:
        assert await installations.lease_ending(session) is None


async def test_a_refused_token_is_tried_again_after_a_while_by_one(begin: Begin, team: str) -> None:
    await install(begin, team)
    async with begin() as session:
        await installations.refused(session, team, version=1, because="invalid_auth")
        assert await installations.lease_refused(session) is None
        earlier = {"stopped_at": db.now() - installations.ASKED_AGAIN_AFTER}
        await session.execute(update(Installation).where(Installation.workspace_id == team).values(earlier))

    async with begin() as session:
        assert await installations.lease_refused(session) == team
        assert await installations.lease_refused(session) is None


async def test_other_processes_hear_that_the_channels_are_others(begin: Begin, team: str) -> None:
    async with begin() as session:
        await installations.rearranged(session, team)  # nobody installed it: there is one workspace, and one process
    await install(begin, team)
    async with begin() as session:
        await installations.rearranged(session, team)

    assert await version(begin, team) == 2


async def test_what_is_known_of_a_place(begin: Begin, team: str) -> None:
    async with begin() as session:
        found = await installations.place(session, team, "#incidents")
        assert (found.incident_channel, found.knows_channels) == (INCIDENTS, True)
        assert found.url == "https://harbour.slack.com/"
        assert (await installations.place(session, team, GENERAL)).incident_channel == GENERAL
        assert (await installations.place(session, team, "#nowhere")).incident_channel is None
        assert (await installations.place(session, team, None)).incident_channel is None

        await workspaces.ensure(session, f"{team}2", url="")
        await workspaces.learn_channels(
            session, f"{team}2", [ChannelFacts(GENERAL, "general", is_private=False, is_open=False)]
        )
        elsewhere = await installations.place(session, f"{team}2", GENERAL)
        assert (elsewhere.incident_channel, elsewhere.knows_channels) == (None, False)
        assert elsewhere.url == "https://slack.com/"
