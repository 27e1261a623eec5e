"""Finding incidents again."""

import pytest
from sqlalchemy import text

from domain import lifecycle, listing, picking
from domain.db import Begin
from domain.errors import InvalidInput
from domain.incidents import Priority, Status
from domain.listing import Counts, Filter, Page
from domain.policy import Actor
from tests.conftest import INCIDENTS, SECRET, member
from tests.domain.conftest import Make, done


async def found(begin: Begin, by: Actor, after: tuple[str, int] | None = None, **wanted: object) -> Page:
    async with begin() as session:
        return await listing.page(session, Filter(**wanted), by=by, after=after)  # type: ignore[arg-type]


def numbers(page: Page) -> list[int]:
    return [incident.number for incident in page.incidents]


async def test_a_list_goes_from_urgent_to_not_and_from_old_to_new(begin: Begin, opened: Make, ana: Actor) -> None:
    for priority in (Priority.LOW, Priority.CRITICAL, Priority.MEDIUM, Priority.CRITICAL):
        await opened(priority=priority)

    assert numbers(await found(begin, ana)) == [2, 4, 3, 1]


async def test_pages_stay_stable_while_others_are_opened_and_resolved(begin: Begin, opened: Make, ana: Actor) -> None:
    made = [await opened(f"Incident {n}") for n in range(1, 13)]

    first = await found(begin, ana)
    await done(begin, lifecycle.resolve, made[2], by=ana)
    await opened("New and urgent", priority=Priority.CRITICAL)
    second = await found(begin, ana, after=first.next)

    assert numbers(first) == list(range(1, 11))
    assert numbers(second) == [11, 12]
    assert second.next is None


async def test_filters_narrow_a_list(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    await opened(priority=Priority.HIGH)
    taken = await opened(category="outage")
    resolved = await opened()
    await done(begin, lifecycle.take, taken, by=ben)
    await done(begin, lifecycle.resolve, resolved, by=ana)

    assert numbers(await found(begin, ana, priorities=("high", "low"))) == [1]
    assert numbers(await found(begin, ana, categories=("outage",))) == [2]
    assert numbers(await found(begin, ana, statuses=("resolved",))) == [3]
    assert numbers(await found(begin, ana, statuses=("open", "in_progress", "resolved"))) == [1, 2, 3]
    assert numbers(await found(begin, ana, assignees=(ben.slack_user_id,))) == [2]
    assert numbers(await found(begin, ana, unassigned=True)) == [1]
    assert numbers(await found(begin, ana, involving_me=True)) == [1]
    assert numbers(await found(begin, ben, involving_me=True)) == [2]


async def test_the_launcher_counts_what_one_can_see(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    await opened(priority=Priority.CRITICAL)
    taken = await opened()
    await opened(channel_id="C0SECRET")
    await done(begin, lifecycle.take, taken, by=ben)

    async with begin() as session:
        assert await listing.counts(session, by=ben) == Counts(unresolved=2, critical=1, unassigned=1, mine=1)
        assert await listing.counts(session, by=ana) == Counts(unresolved=3, critical=1, unassigned=2, mine=2)


async def test_the_likely_ones_are_of_this_channel_first(begin: Begin, opened: Make, ben: Actor) -> None:
    await opened("Elsewhere")
    await opened("Here", channel_id=INCIDENTS)

    async with begin() as session:
        likely = await picking.likely(session, by=ben.at(channel_id=INCIDENTS), statuses=(Status.OPEN,))

    assert [incident.title for incident in likely] == ["Here", "Elsewhere"]


async def test_of_the_resolved_ones_the_latest_are_likely(
    begin: Begin, opened: Make, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picking, "LATE", 2)
    for title in ("Long ago", "Yesterday", "Today", "Still open"):
        incident = await opened(title, channel_id=INCIDENTS)
        if title != "Still open":
            await done(begin, lifecycle.resolve, incident, by=ana)

    async with begin() as session:
        likely = await picking.likely(session, by=ana, statuses=tuple(Status))
        resolved = await picking.likely(session, by=ana, statuses=(Status.RESOLVED,))

    assert [incident.title for incident in likely] == ["Still open", "Today", "Yesterday"]
    assert [incident.title for incident in resolved] == ["Today", "Yesterday"]


async def test_a_list_is_counted_as_far_as_it_is_worth_it(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened("Secret", channel_id=SECRET)
    await opened(priority=Priority.HIGH)
    await opened()

    async def counted(by: Actor, **wanted: object) -> int | None:
        async with begin() as session:
            return await listing.count(session, Filter(**wanted), by=by)  # type: ignore[arg-type]

    assert await counted(ana) == 3
    assert await counted(ben) == 2
    assert await counted(ben, priorities=(Priority.HIGH,)) == 1
    async with begin() as session:
        everybody = listing.visible_in(ana.workspace_id, INCIDENTS)
        assert await listing.count(session, Filter(), by=ana, seen=everybody) == 2
    monkeypatch.setattr(listing, "MOST_COUNTED", 1)
    assert await counted(ben) is None


async def test_what_needs_a_person_is_unassigned_or_held_by_somebody_who_left(
    begin: Begin, team: str, ana: Actor, ben: Actor, opened: Make
) -> None:
    free = await opened("Free")
    held = await opened("Held", assignee=ana.slack_user_id)
    lost = {
        name: await opened(name, assignee=(await member(begin, team, name)).slack_user_id)
        for name in ("Disabled", "Departed", "Guest", "Unmapped")
    }
    async with begin() as session:
        for name, change in {
            "Disabled": 'UPDATE "user" SET is_active = false WHERE full_name = :name',
            "Departed": "UPDATE slack_profile SET is_deactivated = true WHERE name = :name",
            "Guest": "UPDATE slack_profile SET standing = 'guest' WHERE name = :name",
            "Unmapped": "UPDATE slack_profile SET user_id = NULL WHERE name = :name",
        }.items():
            await session.execute(text(change), {"name": name})
        page = await listing.page(session, Filter(needs_person=True), by=ben)
        whatever = await listing.page(session, Filter(needs_person=True, any_status=True), by=ben)

    titles = {incident.title for incident in page.incidents}
    assert titles == {free.title, *lost} == {incident.title for incident in whatever.incidents}
    assert held.title not in titles


async def test_what_is_resolved_needs_nobody(begin: Begin, ben: Actor) -> None:
    with pytest.raises(InvalidInput, match="needs nobody"):
        async with begin() as session:
            await listing.page(session, Filter(needs_person=True, statuses=(Status.RESOLVED,)), by=ben)
