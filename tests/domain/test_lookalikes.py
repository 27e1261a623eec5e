"""Which incidents look like one that is about to be opened, and which can be chosen."""

from dataclasses import replace

import pytest
from sqlalchemy import func, insert, literal, select, text

from domain import db, incidents, lifecycle, lookalikes, sight
from domain.db import Begin
from domain.incidents import Draft, Incident
from domain.policy import Actor
from tests.conftest import SECRET, WITHOUT_END
from tests.domain.conftest import Make, done


async def found(begin: Begin, title: str, by: Actor) -> list[str]:
    async with begin() as session:
        return [incident.ref for incident in await lookalikes.find(session, title, by=by)]


async def picked(begin: Begin, typed: str, by: Actor) -> list[str]:
    async with begin() as session:
        return [incident.title for incident in await lookalikes.pick(session, typed, by=by)]


@pytest.mark.parametrize(
    "title",
    ["Checkout returns 500s", "checkout returns 500", "Checkout returning 500 errors", "500s: chekout returns"],
)
async def test_a_similar_title_is_found(begin: Begin, opened: Make, ben: Actor, title: str) -> None:
    await opened("Checkout returns 500s")
    await opened("Printer on fire")

    assert await found(begin, title, ben) == ["INC-1"]


@pytest.mark.parametrize("title", ["", "  ", "Checkout is slow", "%", "x" * 300])
async def test_what_is_different_or_empty_looks_like_nothing(
    begin: Begin, opened: Make, ben: Actor, title: str
) -> None:
    await opened("Checkout returns 500s")

    assert await found(begin, title, ben) == []


async def test_the_same_title_is_found_even_without_letters(begin: Begin, opened: Make, ben: Actor) -> None:
    await opened("🔥🔥🔥")

    assert await found(begin, " 🔥🔥🔥 ", ben) == ["INC-1"]


async def test_at_most_three_the_most_alike_and_then_the_newest_first(begin: Begin, opened: Make, ben: Actor) -> None:
    for title in ("Disk full on db-1", "Disk full", "Disk full", "Disk full", "Disk full on db-2"):
        await opened(title)

    assert await found(begin, "Disk full", ben) == ["INC-4", "INC-3", "INC-2"]


async def test_what_is_resolved_deleted_or_hidden_is_not_named(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    resolved, hidden = await opened("Disk full"), await opened("Disk full", channel_id=SECRET)
    await done(begin, lifecycle.resolve, resolved, by=ben)
    deleted = await opened("Disk full")
    async with begin() as session:
        await session.execute(text("UPDATE incident SET deleted_at = now() WHERE id = :id"), {"id": deleted.id})

    assert await found(begin, "Disk full", ben) == []
    assert await found(begin, "Disk full", ana) == [hidden.ref]


async def test_the_incident_that_this_very_request_made_is_left_out(begin: Begin, opened: Make, ben: Actor) -> None:
    await opened("Disk full", source="view:V1")

    async with begin() as session:
        asked = lookalikes.asking(literal("a"), literal(None), how_far=sight.of(ben))
        assert (await lookalikes.beside(session, asked, "Disk full", by=ben, made_by="view:V1"))[1] == []
        facts, alike = await lookalikes.beside(session, asked, "Disk full", by=ben, made_by="V2")

    assert facts == ["a", None]
    assert [incident.ref for incident in alike] == ["INC-1"]


async def test_the_index_of_letters_answers_among_many(begin: Begin, team: str, opened: Make, ana: Actor) -> None:
    """What is slow is a scan of everything; the plan shows the index instead."""
    first = await opened("Checkout returns 500s")
    async with begin() as session:
        await session.execute(WITHOUT_END)
        rows = select(
            func.gen_random_uuid(), literal(team), (func.row_number().over() + 1), func.md5(text("n::text")),
            literal("medium", Incident.__table__.c.priority.type), literal("bug"), literal(first.owner_id),
            literal(first.channel_id),
        ).select_from(text("generate_series(1, 20000) AS n"))  # fmt: skip
        names = ["id", "workspace_id", "number", "title", "priority", "category", "owner_id", "channel_id"]
        await session.execute(insert(Incident).from_select(names, rows))
        await session.execute(text("ANALYZE incident"))
        asked = lookalikes.asking(how_far=sight.of(ana))
        given = {**sight.given(ana), "title": "Checkout returns 500s", "made_by": ""}
        explained = await db.run(session, replace(asked, sql=f"EXPLAIN {asked.sql}"), given)
        plan = "\n".join(line for (line,) in explained)
        await session.rollback()

    assert "ix_incident_alike" in plan, plan


async def test_what_is_offered_to_choose_from(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    await opened("Checkout is slow")
    await opened("Checkout 100% broken")
    resolved = await opened("Checkout was slow")
    await done(begin, lifecycle.resolve, resolved, by=ben)
    await opened("Lift is stuck", channel_id=SECRET)
    async with begin() as session:
        await incidents.create(session, Draft("Printer on fire", channel_id=SECRET), by=ben)

    assert await picked(begin, "", ana) == ["Lift is stuck", "Checkout 100% broken", "Checkout is slow"]
    assert await picked(begin, "", ben) == ["Printer on fire", "Checkout 100% broken", "Checkout is slow"]
    assert await picked(begin, "slow CHECK", ana) == ["Checkout is slow", "Checkout was slow"]
    assert await picked(begin, "0% b", ana) == ["Checkout 100% broken"]
    assert await picked(begin, "_", ana) == []
    assert await picked(begin, "INC-3", ana) == ["Checkout was slow"]
    assert await picked(begin, "#4", ben) == []
