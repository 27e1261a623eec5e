"""Everything that a superuser takes away: asked for once at a time, read in parts, whole."""

import pytest
from sqlalchemy import false, select, true, update

from domain import comments, deletion, everything, lifecycle, outbox, users
from domain.audit import AuditEntry
from domain.db import Begin
from domain.errors import AlreadyDone, Forbidden
from domain.incidents import Target
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.users import User
from tests.conftest import SECRET
from tests.domain.conftest import Make, done


@pytest.fixture
async def boss(begin: Begin, team: str, ana: Actor) -> Actor:
    """Ana, a superuser."""
    async with begin() as session:
        await session.execute(update(User).where(User.id == ana.id).values(is_superuser=True))
        return await users.actor(session, team, ana.slack_user_id)


async def test_it_comes_in_parts_with_all_that_belongs_to_each(
    begin: Begin, team: str, ana: Actor, ben: Actor, opened: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "PART", 2)
    made = [await opened(f"Incident {n}") for n in range(4)]
    made.append(await opened("Secret", by=ana.at(channel_id=SECRET), channel_id=SECRET))
    await done(begin, lifecycle.take, made[1], by=ben)
    async with begin() as session:
        await comments.say(session, Target(id=made[1].id), "looking", by=ben)

    parts = [part async for part in everything.parts(begin, team)]

    assert [[row["number"] for row in part.incidents] for part in parts] == [[1, 2], [3, 4], [5]]
    assert [(row["number"], row["author"], row["content"]) for row in parts[0].comments] == [(2, "Ben", "looking")]
    assert [row["what"] for row in parts[0].timeline] == ["created", "created", "assigned", "started"]
    assert parts[2].incidents[0]["is_private"]
    async with begin() as session:
        assert await everything.count(session, team, true()) == 5
    assert [part async for part in everything.parts(begin, team, false())] == []


async def test_nothing_is_opened_yet(begin: Begin, team: str) -> None:
    assert [part async for part in everything.parts(begin, team)] == []


async def test_an_incident_with_much_belonging_to_it_comes_alone(
    begin: Begin, team: str, ben: Actor, opened: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "MOST_BELONGING", 3)
    made = [await opened(f"Incident {n}") for n in range(4)]
    async with begin() as session:
        for n in range(5):
            await comments.say(session, Target(id=made[1].id), f"word {n}", by=ben)

    parts = [part async for part in everything.parts(begin, team)]

    assert [[row["number"] for row in part.incidents] for part in parts] == [[1], [2], [3, 4]]
    assert [len(part.comments) for part in parts] == [0, 5, 0]


async def test_what_is_opened_or_deleted_meanwhile_is_not_in_it(
    begin: Begin, team: str, ana: Actor, opened: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "PART", 1)
    made = [await opened(f"Incident {n}") for n in range(3)]

    parts = everything.parts(begin, team)
    numbers = [(await anext(parts)).incidents[0]["number"]]
    await opened("Too late")
    await done(begin, deletion.delete, made[2], by=ana)
    numbers += [row["number"] async for part in parts for row in part.incidents]

    assert numbers == [1, 2]


async def test_what_is_taken_on_the_server_is_audited_as_nobodys(begin: Begin, team: str) -> None:
    async with begin() as session:
        await everything.on_server(session, "json", team)
        entries = select(AuditEntry.by_user_id, AuditEntry.surface, AuditEntry.details)
        (entry,) = await session.execute(entries.where(AuditEntry.workspace_id == team))
        assert tuple(entry) == (None, "command line", {"form": "json"})


async def test_one_at_a_time_is_on_its_way_and_each_is_audited(begin: Begin, team: str, boss: Actor) -> None:
    async with begin() as session:
        assert await everything.ask(session, "csv", by=boss) == 0
        with pytest.raises(AlreadyDone, match="still being written"):
            await everything.ask(session, "json", by=boss)
        deeds = await session.scalars(select(AuditEntry.details).where(AuditEntry.workspace_id == team))
        assert list(deeds) == [{"form": "csv"}]


async def test_only_superusers_may(begin: Begin, ben: Actor) -> None:
    async with begin() as session:
        with pytest.raises(Forbidden):
            await everything.ask(session, "csv", by=ben)


async def test_a_row_that_takes_long_is_held_by_whoever_has_it(begin: Begin, team: str, boss: Actor) -> None:
    async with begin() as session:
        await session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
        await everything.ask(session, "csv", by=boss)
    async with begin() as session:
        (mine,) = await outbox.lease(session, by="one", most=5)
        assert mine.topic is Topic.EVERYTHING_ASKED
        assert await outbox.hold(session, mine, outbox.LEASE)
        await session.execute(update(OutboxMessage).values(leased_by="two"))
        assert not await outbox.hold(session, mine, outbox.LEASE)
