"""Superusers decide at the same moment: about somebody who waits, and about each other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain import people, superusers, users
from domain.audit import AuditEntry, Deed
from domain.db import Begin
from domain.errors import AlreadyDone, Conflict, DomainError, Forbidden
from domain.policy import Actor
from domain.users import User
from tests.conftest import member

Act = Callable[..., Awaitable[Any]]


async def with_rights(begin: Begin, team: str, name: str) -> Actor:
    made = await member(begin, team, name)
    async with begin() as session:
        await session.execute(update(User).where(User.id == made.id).values(is_superuser=True))
        return await users.actor(session, team, made.slack_user_id)


@pytest.fixture
async def boss(begin: Begin, team: str) -> Actor:
    """A superuser."""
    return await with_rights(begin, team, "Boss")


@pytest.fixture
async def nora(begin: Begin, team: str) -> Actor:
    """Somebody who waits for approval."""
    made = await member(begin, team, "Nora")
    async with begin() as session:
        await session.execute(update(User).where(User.id == made.id).values(admitted_at=None, asked_at=func.now()))
        return await users.actor(session, team, made.slack_user_id)


async def tried(begin: Begin, act: Act, about: Actor, *, by: Actor) -> DomainError | None:
    """One superuser's transaction; why it failed, if it did."""
    try:
        async with begin() as session:
            await act(session, about.id, by=by)
    except DomainError as error:
        return error
    return None


async def deeds(begin: Begin, team: str) -> list[str]:
    async with begin() as session:
        found = select(AuditEntry.deed).where(AuditEntry.workspace_id == team).order_by(AuditEntry.id)
        return list(await session.scalars(found))


async def test_somebody_who_waits_is_refused_once(begin: Begin, team: str, boss: Actor, nora: Actor) -> None:
    assert await tried(begin, people.refuse, nora, by=boss) is None

    again = await tried(begin, people.refuse, nora, by=boss)
    late = await tried(begin, people.approve, nora, by=boss)

    assert [type(error) for error in (again, late)] == [AlreadyDone, AlreadyDone]
    assert "Nora is deactivated already" in str(again)
    assert await deeds(begin, team) == [Deed.DISABLED]


async def test_whoever_was_let_in_is_not_refused_by_an_old_button(begin: Begin, boss: Actor, nora: Actor) -> None:
    await tried(begin, people.approve, nora, by=boss)

    assert str(await tried(begin, people.refuse, nora, by=boss)) == "Nothing to do: Nora was let in already."


@pytest.mark.parametrize("second", [people.approve, people.refuse])
async def test_of_two_decisions_at_one_moment_the_first_counts(
    begin: Begin, team: str, boss: Actor, nora: Actor, second: Act
) -> None:
    both = asyncio.gather(tried(begin, people.approve, nora, by=boss), tried(begin, second, nora, by=boss))
    errors = [error for error in await both if error]

    assert [type(error) for error in errors] == [AlreadyDone]
    assert len(await deeds(begin, team)) == 1


async def test_a_decision_that_was_overtaken_says_so(begin: Begin, boss: Actor, nora: Actor) -> None:
    async with begin() as session:
        seen = await people.get(session, nora.id, by=boss)
        async with begin() as other:
            await people.approve(other, nora.id, by=boss)
        values: dict[str, Any] = {"is_active": False}
        with pytest.raises(AlreadyDone, match="somebody else decided about Nora just now"):
            await people.changed(session, seen, Deed.DISABLED, values, by=boss, still=User.admitted_at.is_(None))


async def test_two_superusers_who_remove_each_other_at_one_moment_leave_one(
    begin: Begin, team: str, boss: Actor
) -> None:
    other = await with_rights(begin, team, "Other")

    for act in (superusers.remove, people.disable, people.delete):
        async with begin() as session:
            back = {"is_superuser": True, "is_active": True, "deleted_at": None}
            await session.execute(update(User).where(User.id.in_([boss.id, other.id])).values(**back))
        both = asyncio.gather(tried(begin, act, other, by=boss), tried(begin, act, boss, by=other))
        errors = [error for error in await both if error]

        assert [type(error) in (Conflict, Forbidden) for error in errors] == [True]  # which, is a matter of who waited
        async with begin() as session:
            here = (User.workspace_id == team, User.is_superuser)
            assert await session.scalar(select(func.count()).select_from(User).where(*here)) == 1
        if act is people.delete:
            break


async def test_nobody_else_refuses(begin: Begin, team: str, nora: Actor) -> None:
    ben = await member(begin, team, "Benedict")

    assert isinstance(await tried(begin, people.refuse, nora, by=ben), Forbidden)
    assert await deeds(begin, team) == []
