"""Whose App Home is drawn anew when something changes, and what was chosen in it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain import homes, lifecycle, outbox, users, workspaces
from domain.db import Begin
from domain.homes import Home, Part, Section, Shows, Whose
from domain.incidents import Priority, Target
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from tests.domain.conftest import Make, done


async def looks(begin: Begin, person: Actor, **chosen: Any) -> None:
    async with begin() as session:
        await homes.look(session, person.workspace_id, person.slack_user_id, **chosen)


async def home_of(begin: Begin, person: Actor) -> Home | None:
    async with begin() as session:
        return await homes.get(session, person.workspace_id, person.slack_user_id)


async def shown_to(begin: Begin, person: Actor) -> Shows:
    home = await home_of(begin, person)
    assert home is not None
    return homes.shown(home.shows)


async def drawings(begin: Begin, team: str) -> list[str]:
    """Whose Home waits to be drawn, once for each reason."""
    mine = (OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.HOME_STALE)
    async with begin() as session:
        rows = await session.scalars(select(OutboxMessage).where(*mine).order_by(OutboxMessage.id))
        return [row.payload["user"] for row in rows]


async def drawn(begin: Begin, team: str) -> None:
    """Whatever waited was sent."""
    async with begin() as session:
        await session.execute(OutboxMessage.__table__.delete().where(OutboxMessage.workspace_id == team))  # type: ignore[attr-defined]


async def looked_long_ago(begin: Begin, person: Actor) -> None:
    async with begin() as session:
        aged = update(Home).where(Home.slack_user_id == person.slack_user_id, Home.workspace_id == person.workspace_id)
        await session.execute(aged.values(looked_at=func.now() - homes.LOOKING - timedelta(seconds=1)))


async def test_opening_home_draws_it(begin: Begin, team: str, ana: Actor) -> None:
    await looks(begin, ana)

    assert await drawings(begin, team) == ["U0ANA"]
    assert (await shown_to(begin, ana)).part is Part.MINE


async def test_a_change_draws_the_homes_of_those_who_look_and_of_nobody_else(
    begin: Begin, team: str, opened: Make, ana: Actor, ben: Actor, gus: Actor
) -> None:
    await looks(begin, ana)
    await looks(begin, ben)
    await looks(begin, gus)
    await looked_long_ago(begin, gus)
    await drawn(begin, team)

    incident = await opened()
    assert await drawings(begin, team) == ["U0ANA", "U0BEN"]

    await drawn(begin, team)
    await done(begin, lifecycle.take, incident, by=ben)
    assert sorted(await drawings(begin, team)) == ["U0ANA", "U0BEN"]


async def test_with_nobody_looking_a_change_adds_nothing(begin: Begin, team: str, opened: Make, ana: Actor) -> None:
    await looks(begin, ana)
    async with begin() as session:
        await homes.look_away(session, team, "U0ANA")
    await drawn(begin, team)

    await opened()

    assert await drawings(begin, team) == []


async def test_people_of_another_workspace_are_not_told(begin: Begin, team: str, opened: Make) -> None:
    elsewhere = f"{team}2"
    async with begin() as session:
        await workspaces.ensure(session, elsewhere, url="https://elsewhere.slack.com/")
        await homes.look(session, elsewhere, "U0EVE")
    await drawn(begin, elsewhere)

    await opened()

    assert await drawings(begin, elsewhere) == []


async def test_one_drawing_does_for_all_that_wait_and_a_change_that_is_committed_later_is_not_lost(
    begin: Begin, team: str, opened: Make, ana: Actor
) -> None:
    await looks(begin, ana)
    await drawn(begin, team)
    incident = await opened()
    await opened("Lift is stuck")
    written, may_commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with begin() as session:
            await lifecycle.take(session, Target(id=incident.id), by=ana)
            written.set()
            await may_commit.wait()

    late = asyncio.create_task(slow())
    await written.wait()
    async with begin() as session:
        leased = await outbox.lease(session, by="one", most=10_000)
        first = next(m for m in leased if m.topic is Topic.HOME_STALE and m.workspace_id == team)
        covered = await outbox.covered(session, first)
    may_commit.set()
    await late
    async with begin() as session:
        await outbox.finish(session, first, also=covered)

    assert len(covered) == 2
    assert await drawings(begin, team) == ["U0ANA"]


async def test_a_click_in_home_counts_as_looking(begin: Begin, team: str, opened: Make, ana: Actor) -> None:
    await looks(begin, ana)
    await looked_long_ago(begin, ana)
    await drawn(begin, team)

    async with begin() as session:
        await users.find(session, team, "U0ANA", at_home=True)
    await opened()

    assert await drawings(begin, team) == ["U0ANA"]


async def test_who_never_opened_home_has_none_after_a_click_elsewhere(begin: Begin, team: str, ana: Actor) -> None:
    async with begin() as session:
        await users.find(session, team, "U0ANA", at_home=True)
        await homes.touch(session, team, "U0ANA")

    assert await home_of(begin, ana) is None
    assert await drawings(begin, team) == []


async def test_what_concerns_one_person_draws_only_their_home(begin: Begin, team: str, ana: Actor, ben: Actor) -> None:
    await looks(begin, ana)
    await looks(begin, ben)
    await drawn(begin, team)

    async with begin() as session:
        await homes.touch(session, team, "U0BEN")

    assert await drawings(begin, team) == ["U0BEN"]


async def test_what_was_chosen_is_kept_until_it_is_chosen_otherwise(begin: Begin, ana: Actor) -> None:
    await looks(begin, ana, shows={"part": "open", "priority": "high", "assignee": "nobody", "category": "outage"})
    await looks(begin, ana, shows={"turn": homes.turned("after", ("high", 7))})
    await looks(begin, ana)

    assert await shown_to(begin, ana) == Shows(
        part=Part.OPEN,
        priority=Priority.HIGH,
        category="outage",
        assignee=Whose.NOBODY,
        place={"after": ("high", 7)},
    )
    assert (await shown_to(begin, ana)).is_filtered

    await looks(begin, ana, shows={"priority": None, "assignee": None, "category": None, "turn": None})
    assert await shown_to(begin, ana) == Shows(part=Part.OPEN, place={})
    assert not (await shown_to(begin, ana)).is_filtered


def test_what_a_superuser_chose_is_read_back() -> None:
    stored = {"part": "admin", "section": "audit", "text": "nora", "waiting": "yes", "turn": "before:12"}

    assert homes.shown(stored) == Shows(
        part=Part.ADMIN, place={}, section=Section.AUDIT, text="nora", is_waiting=True, page={"before": "12"}
    )


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {
            "part": "attic",
            "section": "attic",
            "priority": "p0",
            "category": None,
            "assignee": "U0BEN",
            "turn": "after:high",
        },
        {"part": ["open"], "priority": {}, "category": 7, "assignee": 1, "turn": "after:high-12345678901"},
        {"turn": "before:urgent-1", "more": "x" * 9},
        {"turn": {"after": ["high", 1]}},
    ],
)
def test_what_means_nothing_counts_as_not_chosen(stored: dict[str, Any]) -> None:
    assert homes.shown(stored) == Shows(place={})


async def test_what_slack_has_is_remembered_until_slack_has_nothing(begin: Begin, team: str, ana: Actor) -> None:
    async def published() -> str | None:
        home = await home_of(begin, ana)
        return home.published if home else None

    await looks(begin, ana)
    async with begin() as session:
        await homes.note(session, team, "U0ANA", published="abc")

    await looks(begin, ana)
    assert await published() == "abc"

    await looks(begin, ana, is_blank=True)
    assert await published() == ""
