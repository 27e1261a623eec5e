"""Superusers say what kinds of incidents there are; those of old stay what they were, or follow a new name."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bot import lexer
from domain import audit, categories, deletion, editing, homes, incidents, lifecycle, users, workspaces
from domain.audit import Deed
from domain.categories import Kind
from domain.db import Begin
from domain.editing import Edit
from domain.errors import AlreadyDone, Conflict, Forbidden, InvalidInput, NotFound
from domain.incidents import Draft, Target
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.users import User
from tests.conftest import GENERAL, member
from tests.domain.conftest import Make, done, shown

Act = Callable[..., Awaitable[Any]]


@pytest.fixture
async def boss(begin: Begin, team: str) -> Actor:
    """A superuser."""
    made = await member(begin, team, "Boss")
    async with begin() as session:
        await session.execute(update(User).where(User.id == made.id).values(is_superuser=True))
        return (await users.actor(session, team, made.slack_user_id)).at(channel_id=GENERAL)


async def acted(begin: Begin, act: Act, *args: Any, by: Actor) -> Any:
    async with begin() as session:
        return await act(session, *args, by=by)


async def in_use(begin: Begin, team: str) -> list[str]:
    async with begin() as session:
        return await workspaces.category_names(session, team)


async def moved(begin: Begin, team: str, old: str, new: str) -> int:
    """All incidents follow, and what waited for that is done; in how many transactions."""
    after: int | None = 0
    chunks = 0
    while after is not None:
        async with begin() as session:
            after = await categories.move(session, team, old, new, after=after)
        chunks += 1
    async with begin() as session:
        renamed = (OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.CATEGORY_RENAMED)
        await session.execute(delete(OutboxMessage).where(*renamed))
    return chunks


def _waiting(team: str, topic: Topic) -> Any:
    return select(OutboxMessage).where(OutboxMessage.workspace_id == team, OutboxMessage.topic == topic)


async def cards(begin: Begin, team: str) -> list[Any]:
    """Whose cards are to be drawn anew."""
    async with begin() as session:
        return [row.incident_id for row in await session.scalars(_waiting(team, Topic.INCIDENT_CHANGED))]


async def deeds(begin: Begin, by: Actor) -> list[tuple[Deed, Any]]:
    async with begin() as session:
        return [(event.deed, event.details) for event in (await audit.page(session, by=by)).events]


@pytest.mark.parametrize(
    "typed, stored",
    [
        ("hardware", "hardware"),
        ("  Card Reader ", "card_reader"),
        ("Card-reader", "card_reader"),
        ("Network - LAN", "network_lan"),
        ("route 66", "route_66"),
        ("Störung", "störung"),
        ("Sto\N{COMBINING DIAERESIS}rung", "störung"),
        ("आउटेज", "आउटेज"),
        ("საგადახდო", "საგადახდო"),
        ("決済", "決済"),
        ("x" * 40, "x" * 40),
        ("p5", "p5"),
        ("income", "income"),
    ],
)
async def test_a_name_is_kept_as_it_is_typed_in_a_line(
    begin: Begin, team: str, boss: Actor, typed: str, stored: str
) -> None:
    assert await acted(begin, categories.add, typed, by=boss) == stored

    assert (await in_use(begin, team))[-1] == stored
    assert await deeds(begin, boss) == [(Deed.CATEGORY_ADDED, {"name": stored})]
    found = lexer.read(lexer.split(f"cat:{stored}")[0], lexer.lexicon([stored], filters=True))
    assert found == [("categories", stored)]


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "_", "-", "x" * 41, "123", "1st", "_x", "a,b", "a/b", "🔥", "<@U0BEN>", "cat:bug", "a\x00b"),
        "\N{ZERO WIDTH SPACE}",
        *(*lexer.PRIORITIES, *lexer.FILTERS, "p1", "P-4", "prio 2", "sev3", "In progress", "needs person"),
        *("inc42", "INC-7", "inc_x", "any", "none", "me"),
    ],
)  # fmt: skip
async def test_a_name_that_means_something_else_is_refused(begin: Begin, team: str, boss: Actor, typed: str) -> None:
    before = await in_use(begin, team)

    for act in (categories.add, lambda *args, by: categories.rename(args[0], "bug", *args[1:], by=by)):
        with pytest.raises(InvalidInput, match="Nothing was changed") as refused:
            await acted(begin, act, typed, by=boss)
        assert refused.value.field == "category"

    assert await in_use(begin, team) == before


async def test_only_superusers_change_categories(begin: Begin, team: str, ana: Actor) -> None:
    before = await in_use(begin, team)

    for act, *names in ((categories.add, "!"), (categories.retire, "bug"), (categories.rename, "bug", "fault")):
        with pytest.raises(Forbidden, match="Only superusers can administer"):
            await acted(begin, act, *names, by=ana)

    assert await in_use(begin, team) == before


async def test_a_name_in_use_is_neither_added_nor_given_again(begin: Begin, boss: Actor) -> None:
    with pytest.raises(AlreadyDone, match="there is a category “bug” already"):
        await acted(begin, categories.add, "Bug", by=boss)
    with pytest.raises(InvalidInput, match="there is a category “bug” already"):
        await acted(begin, categories.rename, "outage", "bug", by=boss)
    with pytest.raises(AlreadyDone, match="it is called “bug”"):
        await acted(begin, categories.rename, "bug", "BUG", by=boss)


async def test_two_who_add_the_same_at_the_same_moment_add_it_once(begin: Begin, team: str, boss: Actor) -> None:
    ends = await asyncio.gather(
        *(acted(begin, categories.add, "hardware", by=boss) for _ in range(2)), return_exceptions=True
    )

    assert [type(end) for end in ends if end != "hardware"] == [AlreadyDone]
    assert (await in_use(begin, team)).count("hardware") == 1


async def test_there_are_never_more_than_a_menu_holds(begin: Begin, team: str, boss: Actor) -> None:
    async with begin() as session:
        session.add_all(
            workspaces.Category(workspace_id=team, name=f"kind_{n}", position=100 + n)
            for n in range(categories.MOST - len(workspaces.CATEGORIES))
        )

    with pytest.raises(InvalidInput, match=r"90 categories are the most. Retire one first"):
        await acted(begin, categories.add, "hardware", by=boss)

    await acted(begin, categories.retire, "bug", by=boss)
    await acted(begin, categories.add, "hardware", by=boss)
    assert len(await in_use(begin, team)) == categories.MOST


async def test_a_retired_category_stays_with_its_incidents_and_no_other_gets_it(
    begin: Begin, team: str, opened: Make, boss: Actor, ana: Actor
) -> None:
    old, other = await opened(category="security"), await opened(category="outage")

    assert await acted(begin, categories.retire, "Security", by=boss) == "security"

    assert (await shown(begin, old, ana)).category == "security"
    with pytest.raises(InvalidInput, match="there is no category 'security'"):
        await opened(category="security")
    with pytest.raises(InvalidInput, match="there is no category “security”"):
        await acted(begin, editing.edit, Target(id=other.id), Edit(category="security"), by=ana)
    assert await deeds(begin, boss) == [(Deed.CATEGORY_RETIRED, {"name": "security"})]


async def test_what_is_not_there_or_retired_is_not_retired_again(begin: Begin, boss: Actor) -> None:
    await acted(begin, categories.retire, "security", by=boss)

    with pytest.raises(AlreadyDone, match="retired already"):
        await acted(begin, categories.retire, "security", by=boss)
    for act, *names in ((categories.retire, "weather"), (categories.rename, "weather", "climate")):
        with pytest.raises(NotFound, match=r"no category “weather”\. See /incident admin category"):
            await acted(begin, act, *names, by=boss)
    with pytest.raises(Conflict, match=r"“security” is retired\. Add it again first"):
        await acted(begin, categories.rename, "security", "safety", by=boss)


async def test_the_last_category_stays(begin: Begin, team: str, boss: Actor) -> None:
    for name in workspaces.CATEGORIES[1:]:
        await acted(begin, categories.retire, name, by=boss)

    with pytest.raises(Conflict, match=r"“bug” is the last category\. Add another one first"):
        await acted(begin, categories.retire, "bug", by=boss)

    assert await in_use(begin, team) == ["bug"]


async def test_a_retired_category_comes_back_behind_the_others(begin: Begin, team: str, boss: Actor) -> None:
    await acted(begin, categories.retire, "bug", by=boss)

    assert await acted(begin, categories.add, "Bug", by=boss) == "bug"

    assert await in_use(begin, team) == [*workspaces.CATEGORIES[1:], "bug"]
    assert (await deeds(begin, boss))[0] == (Deed.CATEGORY_BROUGHT_BACK, {"name": "bug"})


async def test_all_are_listed_those_that_were_retired_at_the_end(begin: Begin, team: str, boss: Actor) -> None:
    await acted(begin, categories.retire, "bug", by=boss)

    async with begin() as session:
        found = await categories.listed(session, team)

    assert [kind.name for kind in found] == [*workspaces.CATEGORIES[1:], "bug"]
    assert found[-1] == Kind("bug", is_retired=True, position=0)


async def test_without_a_category_an_incident_gets_the_first_one_in_use(
    begin: Begin, opened: Make, boss: Actor
) -> None:
    assert (await opened()).category == "bug"

    await acted(begin, categories.rename, "bug", "fault", by=boss)
    assert (await opened()).category == "fault"

    await acted(begin, categories.retire, "fault", by=boss)
    assert (await opened()).category == "outage"


async def test_a_new_name_takes_the_old_ones_place_at_once_and_incidents_follow(
    begin: Begin, team: str, opened: Make, boss: Actor, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(categories, "CHUNK", 2)
    mine = [await opened(category="outage") for _ in range(3)]
    other = await opened(category="bug")
    resolved, deleted = await opened(category="outage"), await opened(category="outage")
    await done(begin, lifecycle.resolve, resolved, by=ana)
    await done(begin, deletion.delete, deleted, by=ana)
    async with begin() as session:
        await session.execute(delete(OutboxMessage).where(OutboxMessage.workspace_id == team))

    assert await acted(begin, categories.rename, "outage", "Down time", by=boss) == "down_time"

    assert (await in_use(begin, team))[:3] == ["bug", "down_time", "security"]
    async with begin() as session:
        [row] = (await session.scalars(_waiting(team, Topic.CATEGORY_RENAMED))).all()
        assert row.payload == {"old": "outage", "new": "down_time"}
    assert await moved(begin, team, "outage", "down_time") == 3
    assert [(await shown(begin, each, ana)).category for each in (*mine, other, resolved)] == [
        *["down_time"] * 3, "bug", "down_time",
    ]  # fmt: skip
    assert sorted(await cards(begin, team)) == sorted(each.id for each in mine)
    assert await deeds(begin, boss) == [(Deed.CATEGORY_RENAMED, {"name": "outage", "new": "down_time"})]


async def test_following_a_new_name_is_no_change_of_the_incident(
    begin: Begin, team: str, opened: Make, boss: Actor, ana: Actor
) -> None:
    incident = await opened(category="outage")
    seen = {name: editing.fingerprint(value) for name, value in editing.values(incident).items()}
    await acted(begin, categories.rename, "outage", "downtime", by=boss)
    await moved(begin, team, "outage", "downtime")

    now = await shown(begin, incident, ana)
    assert (now.version, now.updated_at) == (incident.version, incident.updated_at)
    async with begin() as session:
        wanted = Edit(title="Other", category="outage")
        await editing.edit(session, Target(id=incident.id), wanted, seen=seen, by=ana)
    assert (await shown(begin, incident, ana)).category == "downtime"


async def test_somebody_who_chooses_another_category_meanwhile_keeps_it(
    begin: Begin, team: str, opened: Make, boss: Actor, ana: Actor
) -> None:
    incident = await opened(category="outage")
    await acted(begin, categories.rename, "outage", "downtime", by=boss)

    async with begin() as session:
        await editing.edit(session, Target(id=incident.id), Edit(category="security"), by=ana)
        moving = asyncio.create_task(moved(begin, team, "outage", "downtime"))
        await _blocked(begin)
    await moving

    assert (await shown(begin, incident, ana)).category == "security"


async def test_an_incident_that_is_just_being_opened_follows_too(
    begin: Begin, team: str, boss: Actor, ana: Actor
) -> None:
    async with begin() as session:
        made = await incidents.create(session, Draft("Down", GENERAL, category="outage"), by=ana)
        await acted(begin, categories.rename, "outage", "downtime", by=boss)
        moving = asyncio.create_task(moved(begin, team, "outage", "downtime"))
        await _blocked(begin)
    await moving

    assert (await shown(begin, made, ana)).category == "downtime"


async def test_a_name_whose_incidents_are_still_moving_is_not_given_again(begin: Begin, team: str, boss: Actor) -> None:
    await acted(begin, categories.rename, "outage", "downtime", by=boss)

    with pytest.raises(Conflict, match="incidents of “outage” are still being renamed"):
        await acted(begin, categories.add, "outage", by=boss)
    with pytest.raises(Conflict, match="incidents of “outage” are still being renamed"):
        await acted(begin, categories.rename, "bug", "outage", by=boss)

    await moved(begin, team, "outage", "downtime")
    await acted(begin, categories.rename, "downtime", "outage", by=boss)
    assert await in_use(begin, team) == list(workspaces.CATEGORIES)


async def test_homes_that_are_looked_at_follow_once_all_incidents_have(
    begin: Begin, team: str, opened: Make, boss: Actor, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(categories, "CHUNK", 1)
    for _ in range(3):
        await opened(category="outage")
    await acted(begin, categories.rename, "outage", "downtime", by=boss)
    async with begin() as session:
        await homes.look(session, team, ana.slack_user_id)
        await session.execute(delete(OutboxMessage).where(OutboxMessage.topic == Topic.HOME_STALE))

    await moved(begin, team, "outage", "downtime")

    async with begin() as session:
        assert [row.payload for row in await session.scalars(_waiting(team, Topic.HOME_STALE))] == [
            {"user": ana.slack_user_id}
        ]


async def test_nothing_moves_in_a_workspace_without_incidents(begin: Begin, team: str) -> None:
    async with begin() as session:
        assert await categories.move(session, team, "outage", "downtime", after=0) is None
        assert await categories.move(session, "T0NOWHERE", "outage", "downtime", after=0) is None


async def _blocked(begin: Begin) -> None:
    """Somebody waits for a lock."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while True:
        async with begin() as session:
            connection = await session.connection()
            if (await connection.exec_driver_sql(waits)).scalar_one():
                return
        await asyncio.sleep(0.01)
