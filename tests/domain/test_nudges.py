"""Reminders: who is told first, who then, when it ends, and what starts it anew."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from domain import assignment, comments, lifecycle, nudge_rules, nudges, users
from domain.comments import Comment
from domain.db import Begin
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.incidents import Incident, Target
from domain.nudge_rules import Nudge, NudgeRule, Rule
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.states import Priority
from domain.timeline import Entry
from domain.users import SlackProfile, User
from tests.conftest import GENERAL
from tests.domain.conftest import Make, done

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""When incidents of these tests were opened."""


@pytest.fixture
async def boss(begin: Begin, team: str, ben: Actor) -> Actor:
    """Ben, a superuser."""
    async with begin() as session:
        await session.execute(update(User).where(User.id == ben.id).values(is_superuser=True))
        return await users.actor(session, team, ben.slack_user_id)


@pytest.fixture
async def ruled(begin: Begin, boss: Actor) -> None:
    """Half an hour to find somebody, an hour of silence."""
    for priority in (Priority.CRITICAL, Priority.MEDIUM):
        async with begin() as session:
            await nudge_rules.set_(session, Rule(priority, HOUR / 2, HOUR), by=boss)


async def at_noon(begin: Begin, incident: Incident) -> Incident:
    """All that happened to it so far happened at noon."""
    async with begin() as session:
        await session.execute(
            update(Incident).where(Incident.id == incident.id).values(created_at=NOON, updated_at=NOON)
        )
        await session.execute(update(Entry).where(Entry.incident_id == incident.id).values(at=NOON))
    return incident


async def ticked(begin: Begin, team: str, now: datetime) -> int:
    async with begin() as session:
        return await nudges.tick(session, team, now)


async def told(begin: Begin, team: str) -> list[tuple[str, str]]:
    """Who was to be reminded, in order: of what kind, and which person."""
    here = (OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.NUDGE_DUE)
    async with begin() as session:
        rows = await session.scalars(select(OutboxMessage.payload).where(*here).order_by(OutboxMessage.id))
        return [(row["told"], row["user"]) for row in rows]


async def due_times(begin: Begin, team: str) -> list[datetime]:
    """When the reminders are sent."""
    here = (OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.NUDGE_DUE)
    async with begin() as session:
        return list(await session.scalars(select(OutboxMessage.due_at).where(*here)))


async def the_day(begin: Begin, team: str, *, hours: float = 12) -> list[str]:
    """The clock strikes every minute from noon on; when and whom it had to remind."""
    seen: list[str] = []
    for minute in range(int(hours * 60)):
        now = NOON + timedelta(minutes=minute)
        if await ticked(begin, team, now):
            seen += [f"{now:%H:%M} {who}" for who, _ in (await told(begin, team))[len(seen) :]]
    return seen


async def zone(begin: Begin, team: str, person: Actor, name: str) -> None:
    here = (SlackProfile.workspace_id == team, SlackProfile.slack_user_id == person.slack_user_id)
    async with begin() as session:
        await session.execute(update(SlackProfile).where(*here).values(time_zone=name))


@pytest.mark.usefixtures("ruled")
async def test_whoever_holds_it_is_told_first_then_the_thread_then_superusers_and_then_it_ends(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)

    assert await the_day(begin, team, hours=6) == ["13:00 assignee", "14:00 thread", "15:00 superusers"]
    assert (await told(begin, team))[0] == ("assignee", ana.slack_user_id)


@pytest.mark.usefixtures("ruled")
async def test_what_nobody_holds_begins_in_the_thread(begin: Begin, team: str, opened: Make, boss: Actor) -> None:
    await at_noon(begin, await opened())

    assert await the_day(begin, team, hours=4) == ["12:30 thread", "13:00 superusers"]
    assert (await told(begin, team))[-1] == ("superusers", boss.slack_user_id)


@pytest.mark.usefixtures("ruled")
async def test_a_word_starts_the_quiet_anew(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)
    assert await ticked(begin, team, NOON + HOUR) == 1
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "Still looking", by=ana)
        await session.execute(
            update(Comment).where(Comment.incident_id == incident.id).values(created_at=NOON + timedelta(minutes=70))
        )

    assert await ticked(begin, team, NOON + timedelta(minutes=129)) == 0
    assert await ticked(begin, team, NOON + timedelta(minutes=130)) == 1
    assert [who for who, _ in await told(begin, team)] == ["assignee", "assignee"]


@pytest.mark.usefixtures("ruled")
async def test_nobody_is_told_of_what_is_resolved_or_has_no_rule(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    resolved = await opened("Lift is stuck")
    await done(begin, lifecycle.resolve, resolved, by=ana)
    for incident in (resolved, await opened("Slow", priority=Priority.LOW)):
        await at_noon(begin, incident)

    assert await ticked(begin, team, NOON + 9 * HOUR) == 0


@pytest.mark.usefixtures("ruled")
async def test_two_replicas_remind_once_in_the_same_millisecond(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)

    for rung in (1, 2):
        now = NOON + rung * HOUR
        assert sum(await asyncio.gather(*(ticked(begin, team, now) for _ in range(4)))) == 1


@pytest.mark.usefixtures("ruled")
async def test_reminders_of_one_incident_are_ten_minutes_apart(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await at_noon(begin, await opened())
    assert await ticked(begin, team, NOON + HOUR / 2) == 1
    async with begin() as session:
        await session.execute(
            update(Nudge).where(Nudge.incident_id == incident.id).values(answered_at=NOON + timedelta(minutes=1))
        )

    assert await ticked(begin, team, NOON + timedelta(minutes=39)) == 0
    assert await ticked(begin, team, NOON + timedelta(minutes=40)) == 1


@pytest.mark.usefixtures("ruled")
@pytest.mark.parametrize("priority, at", [("medium", "07:00"), ("critical", "22:30")])
async def test_at_night_it_waits_for_the_morning_where_the_person_lives_unless_it_is_critical(
    begin: Begin, team: str, ana: Actor, opened: Make, priority: str, at: str
) -> None:
    await zone(begin, team, ana, "Asia/Kathmandu")  # noon is 17:45 there
    incident = await opened(priority=Priority(priority))
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)

    await ticked(begin, team, NOON + timedelta(hours=4, minutes=45))

    (due_at,) = await due_times(begin, team)
    assert (due_at + timedelta(hours=5, minutes=45)).astimezone(UTC).strftime("%H:%M") == at


@pytest.mark.usefixtures("ruled")
async def test_after_midnight_the_morning_is_that_of_the_same_day(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)

    await ticked(begin, team, NOON + timedelta(hours=14))
    await ticked(begin, team, NOON + timedelta(hours=18))

    assert await due_times(begin, team) == [datetime(2026, 3, 11, 7, tzinfo=UTC)]


@pytest.mark.usefixtures("ruled")
async def test_still_on_it_is_as_good_as_a_word_and_only_its_holder_can_say_it(
    begin: Begin, team: str, ana: Actor, boss: Actor, opened: Make
) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)
    async with begin() as session:
        with pytest.raises(Forbidden, match="assigned to Ana"):
            await nudges.confirm(session, Target(id=incident.id), by=boss)
    assert await ticked(begin, team, NOON + HOUR) == 1
    async with begin() as session:
        found = await session.scalar(select(Nudge.since).where(Nudge.incident_id == incident.id))
        assert found is not None
        assert await nudges.due(session, incident.id, found) is not None

    async with begin() as session:
        await nudges.confirm(session, Target(id=incident.id), by=ana)

    async with begin() as session:
        assert await nudges.due(session, incident.id, found) is None
        assert await nudges.name_of(session, ana.id) == "Ana"
    assert await ticked(begin, team, NOON + 2 * HOUR) == 0


@pytest.mark.usefixtures("ruled")
async def test_a_snooze_holds_everybody_off(begin: Begin, team: str, boss: Actor, gus: Actor, opened: Make) -> None:
    incident = await at_noon(begin, await opened())
    for target, by, refusal in (
        (Target(id=incident.id), gus.at(channel_id=GENERAL), Forbidden),
        (Target(number=0), boss, NotFound),
    ):
        async with begin() as session:
            with pytest.raises(refusal):
                await nudges.snooze(session, target, HOUR, by=by)

    async with begin() as session:
        await nudges.snooze(session, Target(id=incident.id), timedelta(days=1), by=boss)

    async with begin() as session:
        held = await session.scalar(select(Nudge.held_until).where(Nudge.incident_id == incident.id))
    assert held is not None
    assert await ticked(begin, team, held - timedelta(minutes=1)) == 0
    assert await ticked(begin, team, held) == 1


@pytest.mark.usefixtures("ruled")
async def test_a_resolved_incident_is_not_answered_for(begin: Begin, ana: Actor, opened: Make) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await done(begin, lifecycle.resolve, incident, by=ana)
    async with begin() as session:
        with pytest.raises(Conflict, match="Not noted"):
            await nudges.confirm(session, Target(id=incident.id), by=ana)


@pytest.mark.usefixtures("ruled")
async def test_a_reminder_that_waited_makes_no_sense_once_it_was_given_back_resolved_or_switched_off(
    begin: Begin, team: str, ana: Actor, boss: Actor, opened: Make
) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)
    await ticked(begin, team, NOON + HOUR)
    async with begin() as session:
        assert await nudges.due(session, incident.id, NOON) is not None
        await nudge_rules.stop(session, list(Priority), by=boss)
        assert await nudges.due(session, incident.id, NOON) is None
        await nudge_rules.set_(session, Rule(Priority.MEDIUM, None, HOUR), by=boss)
        assert await nudges.due(session, incident.id, NOON) is not None
    async with begin() as session:
        await assignment.assign(session, Target(id=incident.id), None, by=ana)
    async with begin() as session:
        assert await nudges.due(session, incident.id, NOON) is None
    await done(begin, lifecycle.resolve, incident, by=ana)
    async with begin() as session:
        assert await nudges.due(session, incident.id, NOON) is None


@pytest.mark.usefixtures("ruled")
async def test_what_somebody_holds_who_left_is_nobodys(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)
    await at_noon(begin, incident)
    async with begin() as session:
        await session.execute(update(User).where(User.id == ana.id).values(is_active=False))

    assert await ticked(begin, team, NOON + HOUR / 2) == 1
    assert (await told(begin, team)) == [("thread", "")]


@pytest.mark.usefixtures("ruled")
async def test_without_superusers_the_last_rung_is_empty(begin: Begin, team: str, opened: Make) -> None:
    await at_noon(begin, await opened())
    await ticked(begin, team, NOON + HOUR / 2)
    async with begin() as session:
        await session.execute(update(User).where(User.workspace_id == team).values(is_superuser=False))

    assert await ticked(begin, team, NOON + HOUR) == 0
    assert await ticked(begin, team, NOON + 9 * HOUR) == 0


async def test_superusers_set_and_stop_it_per_priority(begin: Begin, boss: Actor) -> None:
    async with begin() as session:
        assert await nudge_rules.listed(session, by=boss) == []
        await nudge_rules.set_(session, Rule(Priority.LOW, HOUR, None), by=boss)
        await nudge_rules.set_(session, Rule(Priority.CRITICAL, HOUR, None), by=boss)
        rules = await nudge_rules.set_(session, Rule(Priority.LOW, None, HOUR), by=boss)
        assert rules == [Rule(Priority.CRITICAL, HOUR, None), Rule(Priority.LOW, None, HOUR)]
        assert await nudge_rules.stop(session, [Priority.LOW], by=boss) == rules[:1]


@pytest.mark.parametrize("after", [None, timedelta(minutes=9), timedelta(days=31)])
async def test_too_soon_too_late_and_never_are_refused(begin: Begin, boss: Actor, after: timedelta | None) -> None:
    async with begin() as session:
        with pytest.raises(InvalidInput, match="Nothing was changed"):
            await nudge_rules.set_(session, Rule(Priority.LOW, after, None), by=boss)


async def test_members_can_neither_see_nor_set_it(begin: Begin, ana: Actor) -> None:
    async with begin() as session:
        for refused in (
            nudge_rules.listed(session, by=ana),
            nudge_rules.set_(session, Rule(Priority.LOW, HOUR, None), by=ana),
            nudge_rules.stop(session, [Priority.LOW], by=ana),
        ):
            with pytest.raises(Forbidden):
                await refused
        assert await session.scalar(select(NudgeRule).where(NudgeRule.workspace_id == ana.workspace_id)) is None
