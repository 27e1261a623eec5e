"""The numbers of a period, against a count by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import deletion, incidents, lifecycle, listing, stats, undoing
from domain.db import Begin
from domain.incidents import Incident
from domain.policy import Actor
from domain.states import Priority
from domain.stats import Group, Numbers, Period, Took, Week
from tests.conftest import GENERAL, INCIDENTS, SECRET
from tests.domain.conftest import Make, done

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def last(days: int, *, zone: str = "UTC", until: datetime = NOW) -> Period:
    return stats.last_days(days, zone=zone, until=until)


async def numbers(begin: Begin, team: str, period: Period | None = None, *, by: Actor | None = None) -> Numbers:
    async with begin() as session:
        seen = incidents.visible_to(by) if by else listing.visible_in(team, GENERAL)
        return await stats.numbers(session, seen, period or last(30), workspace_id=team)


async def changed(begin: Begin, change: str, **values: object) -> None:
    async with begin() as session:
        await session.execute(text(change), values)


async def told(
    begin: Begin,
    incident: Incident,
    by: Actor,
    *,
    opened_at: datetime,
    start: timedelta | None = None,
    resolve: timedelta | None = None,
) -> Incident:
    """As if it had been opened then, and started and resolved so long after."""
    if start is not None:
        await done(begin, lifecycle.start, incident, by=by)
    if resolve is not None:
        await done(begin, lifecycle.resolve, incident, by=by)
    times = {"id": incident.id, "at": opened_at, "start": opened_at + (start or HOUR * 0)}
    await changed(begin, "UPDATE incident SET created_at = :at WHERE id = :id", **times)
    await changed(begin, "UPDATE timeline_entry SET at = :start WHERE incident_id = :id", **times)
    if resolve is not None:
        resolved = {"id": incident.id, "at": opened_at + resolve}
        await changed(begin, "UPDATE incident SET resolved_at = :at WHERE id = :id", **resolved)
    return incident


def of(found: Sequence[Group], name: str) -> Group:
    return next(group for group in found if group.name == name)


async def test_nothing_at_all_is_quiet(begin: Begin, team: str) -> None:
    found = await numbers(begin, team)

    assert found.is_quiet
    assert (found.opened, found.resolved, found.reopened, found.unresolved) == (0, 0, 0, 0)
    assert [group.name for group in found.priorities] == ["critical", "high", "medium", "low"]
    assert found.categories == []
    assert [week.monday for week in found.weeks] == [date(2026, 10, 26) + n * 7 * DAY for n in range(5)]


async def test_the_usual_period_ends_now(begin: Begin, team: str, opened: Make) -> None:
    await opened("Just now")

    found = await numbers(begin, team, stats.last_days(1, zone="UTC"))

    assert (found.opened, found.unresolved, found.is_quiet) == (1, 1, False)


async def test_what_was_opened_and_resolved_counts_in_its_week(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    for days_ago, took in [(1, 2 * HOUR), (2, None), (3, 2 * DAY), (9, 8 * DAY), (40, 25 * DAY), (50, 2 * DAY)]:
        await told(begin, await opened(), ana, opened_at=NOW - days_ago * DAY, resolve=took)

    found = await numbers(begin, team, last(14))

    # Tue 24, Mon 23, Sun 22, Mon 16; resolved Tue 24, Tue 24, Tue 24, and Tue 10 is before Wed 11
    assert found.weeks == [
        Week(date(2026, 11, 9), 0, 0),
        Week(date(2026, 11, 16), 2, 0),
        Week(date(2026, 11, 23), 2, 3),
    ]
    assert (found.opened, found.resolved) == (4, 3)


@pytest.mark.parametrize(
    "zone, weeks",
    [
        ("UTC", [(date(2026, 11, 16), 1), (date(2026, 11, 23), 0)]),
        ("Europe/Berlin", [(date(2026, 11, 16), 0), (date(2026, 11, 23), 1)]),
        ("Pacific/Honolulu", [(date(2026, 11, 16), 1), (date(2026, 11, 23), 0)]),
    ],
)
async def test_sunday_night_is_monday_further_east(
    begin: Begin, team: str, ana: Actor, opened: Make, zone: str, weeks: list[tuple[date, int]]
) -> None:
    await told(begin, await opened(), ana, opened_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))

    found = await numbers(begin, team, last(7, zone=zone))

    assert [(week.monday, week.opened) for week in found.weeks] == weeks


async def test_the_week_of_new_year_is_one_week_also_when_it_is_the_53rd(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    for day in (datetime(2026, 12, 28), datetime(2026, 12, 31, 23), datetime(2027, 1, 1), datetime(2027, 1, 3, 23)):
        await told(begin, await opened(), ana, opened_at=day.replace(tzinfo=UTC))
    await told(begin, await opened(), ana, opened_at=datetime(2027, 1, 4, tzinfo=UTC))

    found = await numbers(begin, team, last(14, until=datetime(2027, 1, 6, tzinfo=UTC)))

    assert date(2026, 12, 28).isocalendar()[:2] == (2026, 53)
    assert [(week.monday, week.opened) for week in found.weeks] == [
        (date(2026, 12, 21), 0),
        (date(2026, 12, 28), 4),
        (date(2027, 1, 4), 1),
    ]


async def test_a_week_begins_at_midnight_also_when_the_clocks_change(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    """In Berlin, Monday the 26th of October began an hour later than the Monday before, seen from Greenwich."""
    for at in ("2026-10-18 21:59", "2026-10-18 22:00", "2026-10-25 22:59", "2026-10-25 23:00"):
        await told(begin, await opened(), ana, opened_at=datetime.fromisoformat(at).replace(tzinfo=UTC))

    found = await numbers(begin, team, last(20, zone="Europe/Berlin", until=datetime(2026, 10, 30, tzinfo=UTC)))

    assert [week.opened for week in found.weeks] == [0, 1, 2, 1]


async def test_a_year_of_weeks_agrees_with_a_count_by_hand(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    until = datetime(2027, 2, 3, 17, tzinfo=UTC)
    moments = [until - timedelta(hours=7 + 171 * n) for n in range(60)]
    first = await opened()
    for at in moments:
        await changed(
            begin,
            "INSERT INTO incident"
            " (id, workspace_id, number, title, priority, category, owner_id, channel_id, created_at)"
            " SELECT gen_random_uuid(), workspace_id, (SELECT max(number) + 1 FROM incident), title, priority,"
            " category, owner_id, channel_id, :at FROM incident WHERE id = :id",
            at=at,
            id=first.id,
        )
    await changed(begin, "UPDATE incident SET deleted_at = now() WHERE id = :id", id=first.id)

    found = await numbers(begin, team, last(366, zone="Asia/Kolkata", until=until))

    by_hand: dict[tuple[int, int], int] = {}
    for at in moments:
        if at >= until - 366 * DAY:
            week = (at + timedelta(hours=5, minutes=30)).isocalendar()[:2]
            by_hand[week] = by_hand.get(week, 0) + 1
    assert {week.monday.isocalendar()[:2]: week.opened for week in found.weeks if week.opened} == by_hand
    assert len(found.weeks) == 53


async def test_what_is_open_is_counted_by_priority_and_age(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    ages = [HOUR, 23 * HOUR, 25 * HOUR, 6 * DAY, 8 * DAY, 29 * DAY, 31 * DAY, 400 * DAY]
    for age in ages:
        await told(begin, await opened(priority=Priority.CRITICAL), ana, opened_at=NOW - age)
    await told(begin, await opened(), ana, opened_at=NOW - 8 * DAY, start=HOUR)
    await told(begin, await opened(), ana, opened_at=NOW - 8 * DAY, resolve=HOUR)

    found = await numbers(begin, team, last(7))

    assert of(found.priorities, "critical").ages == (2, 2, 2, 2)
    assert of(found.priorities, "medium").ages == (0, 0, 1, 0)
    assert (of(found.priorities, "critical").unresolved, found.unresolved) == (8, 9)


async def test_how_long_it_takes_is_told_by_priority(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    for hours in (1, 2, 3, 4, 10):
        made = await opened(priority=Priority.HIGH)
        await told(begin, made, ana, opened_at=NOW - 2 * DAY, start=hours * HOUR / 2, resolve=hours * HOUR)

    found = of((await numbers(begin, team)).priorities, "high")

    assert found.to_resolve == Took(5, 3 * HOUR, timedelta(hours=7.6))
    assert found.to_start == Took(5, 1.5 * HOUR, timedelta(hours=3.8))


async def test_four_are_too_few_to_tell(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    for _ in range(4):
        await told(begin, await opened(), ana, opened_at=NOW - DAY, resolve=HOUR)

    found = of((await numbers(begin, team)).priorities, "medium")

    assert (found.to_resolve, found.to_start) == (Took(4), Took(4))


async def test_only_the_first_start_counts_and_only_in_its_period(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    old = await opened("Started long ago, and again")
    await told(begin, old, ana, opened_at=NOW - 60 * DAY, start=HOUR)
    await done(begin, lifecycle.revert, old, by=ana)
    await done(begin, lifecycle.start, old, by=ana)
    late = await opened("Opened long ago, started now")
    await told(begin, late, ana, opened_at=NOW - 60 * DAY, start=50 * DAY)
    twice = await opened("Started twice")
    await told(begin, twice, ana, opened_at=NOW - 2 * DAY, start=HOUR)
    await done(begin, lifecycle.revert, twice, by=ana)
    await done(begin, lifecycle.start, twice, by=ana)
    await changed(
        begin,
        "UPDATE timeline_entry SET at = :at WHERE incident_id = ANY(:ids) AND id IN"
        " (SELECT max(id) FROM timeline_entry GROUP BY incident_id)",
        at=NOW - DAY,
        ids=[old.id, twice.id],
    )

    assert of((await numbers(begin, team)).priorities, "medium").to_start.count == 2
    assert of((await numbers(begin, team, last(90))).priorities, "medium").to_start.count == 3


async def test_what_was_taken_back_never_happened(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    started, resolved, reopened = await opened("Started"), await opened("Resolved"), await opened("Reopened")
    await done(begin, lifecycle.resolve, reopened, by=ana)
    for step, incident in (
        (lifecycle.start, started),
        (lifecycle.resolve, resolved),
        (lifecycle.reopen, reopened),
    ):
        await done(begin, step, incident, by=ana)
        async with begin() as session:
            await undoing.undo(session, by=ana)
    period = stats.last_days(1, zone="UTC")

    found = await numbers(begin, team, period)

    assert (found.resolved, found.reopened) == (1, 0)
    assert of(found.priorities, "medium").to_start.count == 1

    await done(begin, lifecycle.start, started, by=ana)
    again = await numbers(begin, team, stats.last_days(1, zone="UTC"))
    assert of(again.priorities, "medium").to_start.count == 2


async def test_an_incident_that_was_reopened_twice_is_one_and_is_not_resolved(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    incident = await opened()
    for _ in range(2):
        await done(begin, lifecycle.resolve, incident, by=ana)
        await done(begin, lifecycle.reopen, incident, by=ana)

    found = await numbers(begin, team, stats.last_days(1, zone="UTC"))

    assert (found.opened, found.resolved, found.reopened, found.unresolved) == (1, 0, 1, 1)


async def test_categories_come_with_the_most_often_opened_first(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    for category, count in (("bug", 2), ("outage", 6), ("security", 2)):
        for n in range(count):
            took = HOUR if category == "outage" else None
            await told(begin, await opened(category=category), ana, opened_at=NOW - n * DAY - 2 * HOUR, resolve=took)
    await told(begin, await opened(category="question"), ana, opened_at=NOW - 90 * DAY)

    found = (await numbers(begin, team)).categories

    assert [(each.name, each.opened, each.resolved, each.unresolved) for each in found] == [
        ("outage", 6, 6, 0),
        ("bug", 2, 0, 2),
        ("security", 2, 0, 2),
        ("question", 0, 0, 1),
    ]
    assert found[0].to_resolve == Took(6, HOUR, HOUR)


async def test_deleted_incidents_never_count(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    for step in (lifecycle.start, lifecycle.resolve, None):
        incident = await opened()
        if step:
            await done(begin, step, incident, by=ana)
        if step is lifecycle.resolve:
            await done(begin, lifecycle.reopen, incident, by=ana)
        await done(begin, deletion.delete, incident, by=ana)

    found = await numbers(begin, team, stats.last_days(1, zone="UTC"))

    assert found.is_quiet
    assert (found.unresolved, found.categories) == (0, [])


async def test_nobody_counts_what_they_may_not_see(
    begin: Begin, team: str, ana: Actor, ben: Actor, gus: Actor, opened: Make
) -> None:
    await opened("Public")
    await opened("Elsewhere", channel_id=INCIDENTS)
    secret = await opened("Secret", channel_id=SECRET, category="security")
    await done(begin, lifecycle.resolve, secret, by=ana)
    await done(begin, lifecycle.reopen, secret, by=ana)

    def seen(found: Numbers) -> tuple[int, int, int, int]:
        return found.opened, found.reopened, found.unresolved, sum(g.to_start.count for g in found.priorities)

    period = stats.last_days(1, zone="UTC")
    assert seen(await numbers(begin, team, period, by=ana)) == (3, 1, 3, 1)
    assert seen(await numbers(begin, team, period, by=ben)) == (2, 0, 2, 0)
    assert seen(await numbers(begin, team, period, by=gus)) == (1, 0, 1, 0)
    assert [group.name for group in (await numbers(begin, team, period, by=ben)).categories] == ["bug"]
    assert seen(await numbers(begin, team, period)) == (2, 0, 2, 0)


async def test_all_numbers_take_four_statements(engine: AsyncEngine, begin: Begin, team: str, opened: Make) -> None:
    await opened()
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await numbers(begin, team, stats.last_days(366, zone="UTC"))
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)

    assert len(asked) == 4
