"""A channel's digest: set by superusers, and each slot used once, whoever notices it and when."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update

from domain import schedules, users
from domain.audit import AuditEntry
from domain.db import Begin
from domain.digest_rows import DigestRun, DigestSchedule
from domain.errors import AlreadyDone, Forbidden, NotFound
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.schedules import Schedule
from domain.slots import Times
from domain.users import User
from tests.conftest import GENERAL, INCIDENTS

BERLIN = Times(time(9), "Europe/Berlin", frozenset(range(5)))


@pytest.fixture
async def boss(begin: Begin, team: str, ana: Actor) -> Actor:
    """Ana, a superuser."""
    async with begin() as session:
        await session.execute(update(User).where(User.id == ana.id).values(is_superuser=True))
        return await users.actor(session, team, ana.slack_user_id)


async def given(begin: Begin, boss: Actor, times: Times = BERLIN, since: str = "2026-01-01T00:00+00:00") -> Schedule:
    """A digest in #general that has been there for long."""
    async with begin() as session:
        schedule = await schedules.set_(session, GENERAL, times, posts_empty=False, by=boss)
        long_ago = update(DigestSchedule).where(DigestSchedule.id == schedule.id)
        await session.execute(long_ago.values(since=datetime.fromisoformat(since)))
    return schedule


async def ticked(begin: Begin, team: str, now: datetime) -> int:
    async with begin() as session:
        return await schedules.tick(session, team, now)


async def due(begin: Begin, team: str) -> list[dict[str, str]]:
    """What was put in the outbox, in order."""
    here = (OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.DIGEST_DUE)
    async with begin() as session:
        return list(await session.scalars(select(OutboxMessage.payload).where(*here).order_by(OutboxMessage.id)))


def minutes(begin: str, end: str, step: int = 1) -> Iterator[datetime]:
    now = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    while now < datetime.fromisoformat(end).replace(tzinfo=UTC):
        yield now
        now += timedelta(minutes=step)


async def test_two_clocks_over_daylight_saving_make_exactly_the_expected_list(
    begin: Begin, team: str, boss: Actor
) -> None:
    await given(begin, boss)

    for now in minutes("2026-03-26T00:00", "2026-04-01T00:00", step=30):
        await asyncio.gather(ticked(begin, team, now), ticked(begin, team, now))

    slots = [
        datetime.fromisoformat(row["slot"]).astimezone(ZoneInfo("Europe/Berlin")) for row in await due(begin, team)
    ]
    assert [slot.strftime("%a %d.%m. %H:%M") for slot in slots] == [
        "Thu 26.03. 09:00", "Fri 27.03. 09:00", "Mon 30.03. 09:00", "Tue 31.03. 09:00",
    ]  # fmt: skip
    assert not any(row["late"] for row in await due(begin, team))


async def test_a_tick_in_the_same_millisecond_uses_a_slot_once(begin: Begin, team: str, boss: Actor) -> None:
    await given(begin, boss)
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    counts = await asyncio.gather(*(ticked(begin, team, now) for _ in range(6)))

    assert sum(counts) == 1


@pytest.mark.parametrize(
    "clock, rows",
    [("08:00:30", [""]), ("08:04", [""]), ("08:06", ["yes"]), ("12:00", ["yes"]), ("12:00:01", []), ("07:59", [])],
)
async def test_a_late_digest_says_so_and_after_four_hours_it_is_left_out(
    begin: Begin, team: str, boss: Actor, clock: str, rows: list[str]
) -> None:
    await given(begin, boss, since="2026-03-01T00:00+00:00")

    await ticked(begin, team, datetime.fromisoformat(f"2026-03-02T{clock}+00:00"))

    assert [row["late"] for row in await due(begin, team)] == rows


async def test_a_process_that_slept_over_three_slots_posts_only_what_is_still_of_use(
    begin: Begin, team: str, boss: Actor
) -> None:
    await given(begin, boss)
    await ticked(begin, team, datetime(2026, 3, 2, 8, 0, tzinfo=UTC))

    for now in minutes("2026-03-05T09:30", "2026-03-05T15:00", step=10):
        await ticked(begin, team, now)

    assert [row["slot"][:10] for row in await due(begin, team)] == ["2026-03-02", "2026-03-05"]


async def test_slots_count_from_the_moment_a_digest_is_set_or_resumed(begin: Begin, team: str, boss: Actor) -> None:
    await given(begin, boss, since="2026-03-02T08:30+00:00")

    assert await ticked(begin, team, datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) == 0
    async with begin() as session:
        await schedules.pause(session, GENERAL, by=boss)
        with pytest.raises(AlreadyDone):
            await schedules.pause(session, GENERAL, by=boss)
    assert await ticked(begin, team, datetime(2026, 3, 3, 8, 0, tzinfo=UTC)) == 0
    async with begin() as session:
        resumed = await schedules.resume(session, GENERAL, by=boss)
        with pytest.raises(AlreadyDone):
            await schedules.resume(session, GENERAL, by=boss)
    assert resumed.times == BERLIN


async def test_a_channel_has_one_digest_and_setting_it_again_changes_it(begin: Begin, team: str, boss: Actor) -> None:
    first = await given(begin, boss)
    async with begin() as session:
        second = await schedules.set_(
            session, GENERAL, Times(time(17), "Asia/Tokyo", frozenset({4})), posts_empty=True, by=boss
        )
        await schedules.set_(session, INCIDENTS, BERLIN, posts_empty=False, by=boss)
        listed = await schedules.listed(session, by=boss)
        deeds = await session.scalars(select(AuditEntry.deed).where(AuditEntry.workspace_id == team))
        assert list(deeds) == ["digest set"] * 3

    assert first.id == second.id
    assert [(each.channel_name, str(each.times), each.posts_empty) for each in listed] == [
        ("general", "17:00 Asia/Tokyo fri", True),
        ("incidents", "09:00 Europe/Berlin mon-fri", False),
    ]
    assert schedules.next_slot(second) is not None


async def test_a_removed_digest_is_gone_with_its_runs(begin: Begin, team: str, boss: Actor) -> None:
    schedule = await given(begin, boss)
    await ticked(begin, team, datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    async with begin() as session:
        await schedules.remove(session, GENERAL, by=boss)
        with pytest.raises(NotFound, match="has no digest"):
            await schedules.of_channel(session, GENERAL, by=boss)

    async with begin() as session:
        assert await schedules.get(session, schedule.id) is None
        assert await schedules.newest(session, schedule.id) is None
        runs = await session.scalars(select(DigestRun.slot).where(DigestRun.schedule_id == schedule.id))
        assert list(runs) == []


async def test_only_superusers_see_and_set_digests(begin: Begin, boss: Actor, ben: Actor) -> None:
    await given(begin, boss)
    async with begin() as session:
        with pytest.raises(Forbidden):
            await schedules.set_(session, GENERAL, BERLIN, posts_empty=False, by=ben)
        for act in (schedules.pause, schedules.resume, schedules.remove, schedules.post_now, schedules.of_channel):
            with pytest.raises(Forbidden):
                await act(session, GENERAL, by=ben)
        with pytest.raises(Forbidden):
            await schedules.listed(session, by=ben)


async def test_what_became_of_a_slot_is_kept(begin: Begin, team: str, boss: Actor) -> None:
    schedule = await given(begin, boss)
    first, second = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 3, 8, tzinfo=UTC)
    async with begin() as session:
        assert await schedules.begun(session, schedule, first) == first - timedelta(days=1)
        await schedules.tick(session, team, first)
        await schedules.prepare(session, schedule, first, shown={"unresolved": 1}, ids=[boss.id, boss.id])
        await schedules.note_posted(session, schedule, first, ts="1.2")
        await schedules.tick(session, team, second)
        await schedules.prepare(session, schedule, second, shown={}, ids=[])
        await schedules.note_empty(session, schedule, second)
    async with begin() as session:
        posted = await schedules.newest(session, schedule.id)
        rows = await session.execute(text("SELECT 1 FROM digest_row WHERE schedule_id = :id"), {"id": schedule.id})
        assert posted is not None
        assert (posted.ts, posted.slot, dict(posted.shown), list(rows)) == ("1.2", first, {"unresolved": 1}, [])
        assert await schedules.begun(session, schedule, second) > first


async def test_a_channel_that_cannot_be_posted_to_pauses_its_digest(begin: Begin, team: str, boss: Actor) -> None:
    schedule = await given(begin, boss)
    async with begin() as session:
        await schedules.fail(session, schedule, "is_archived")
        paused = await schedules.of_channel(session, GENERAL, by=boss)

    assert (paused.is_paused, paused.paused_why, schedules.next_slot(paused)) == (True, "is_archived", None)
    assert await ticked(begin, team, datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) == 0


async def test_a_digest_at_once_is_a_slot_of_its_own(begin: Begin, team: str, boss: Actor) -> None:
    await given(begin, boss)
    async with begin() as session:
        await schedules.post_now(session, GENERAL, by=boss)

    (row,) = await due(begin, team)
    assert (row["asked"], row["late"]) == ("yes", "")
