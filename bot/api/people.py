"""People: oneself, and for superusers everybody."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field, StrictBool
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import problems
from bot.api.callers import Caller, counted_by
from bot.api.shapes import In, Out, Word, storable
from domain import accounts, credentials, hashing, people, superusers
from domain.credentials import LONGEST, SHORTEST
from domain.errors import Conflict, Forbidden
from domain.persons import Person
from domain.policy import Action, Actor, Admission, Standing, require
from domain.rates import Limit

TRIES = Limit(most=10, seconds=600)

router = APIRouter(prefix="/users", tags=["users"], responses=problems.OF_EVERYTHING)

Password: TypeAlias = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class Me(Out):
    """Oneself."""

    id: UUID
    full_name: str
    email: str | None
    slack_user_id: str
    workspace_id: str
    is_superuser: bool
    standing: Standing
    admission: Admission
    time_zone: str


class Renamed(In):
    """What one is called here; the address is changed in Slack, with a code."""

    full_name: Annotated[str, Field(min_length=1, max_length=accounts.LONGEST_NAME), AfterValidator(storable)]


class Passwords(In):
    """The password that is, if there is one, and the one that is to be."""

    current_password: Annotated[str | None, Field(max_length=1_000)] = None
    new_password: Password


class User(Out):
    """An account, as superusers see it."""

    id: UUID
    full_name: str
    email: str | None
    slack_user_id: str | None
    standing: Standing
    admission: Admission
    is_active: bool
    is_superuser: bool
    created_at: datetime

    @classmethod
    def of(cls, person: Person) -> "User":
        names = set(cls.model_fields) - {"full_name"}
        return cls(full_name=person.name, **{name: getattr(person, name) for name in names})


class UserPage(Out):
    """Some people by name, ten at a time."""

    items: list[User]
    next: UUID | None


class Rights(In):
    """Whether somebody is a superuser."""

    is_superuser: StrictBool


@router.get("/me")
async def get_me(caller: Caller) -> Me:
    """Who you are here."""
    async with caller.begin() as session:
        return await me_of(session, caller.actor)


@router.patch("/me")
async def change_me(new: Renamed, caller: Caller) -> Me:
    """Be called otherwise."""
    async with caller.begin() as session:
        await accounts.rename(session, new.full_name, by=caller.actor)
        return await me_of(session, caller.actor)


@router.delete("/me", status_code=204, responses=problems.documented(409))
async def close_my_account(caller: Caller) -> None:
    """Close your account: what you wrote stays, all your tokens end, and only a superuser can open it again."""
    async with caller.begin() as session:
        await accounts.close(session, by=caller.actor)


@router.patch("/me/password", status_code=204)
async def change_my_password(new: Passwords, caller: Caller) -> None:
    """Another password; all logins end, this one too. Tokens that `/incident token` made stay."""
    require(caller.actor, Action.KEEP_ACCOUNT)
    await counted_by(caller, "password", TRIES)
    async with caller.begin() as session:
        stored = await credentials.password_of(session, by=caller.actor)
    if stored is None:
        raise Conflict(
            "Not saved: there is no password yet. Have a token mailed: POST /api/v1/password-recovery/{email}."
        )
    if await hashing.matching(new.current_password or "", [stored]) is None:
        raise Forbidden("Not saved: this is not your password.")
    hashed = await hashing.hashed(new.new_password)
    async with caller.begin() as session:
        await credentials.change_password(session, hashed, old=stored, by=caller.actor)


@router.get("")
async def list_users(
    caller: Caller, text: Annotated[Word | None, Query()] = None, waiting: bool = False, after: UUID | None = None
) -> UserPage:
    """By name; for superusers."""
    async with caller.begin() as session:
        page = await people.search(session, text or "", by=caller.actor, are_waiting=waiting, after=after)
    return UserPage(items=[User.of(person) for person in page.people], next=page.next)


@router.get("/{user_id:uuid}", responses=problems.documented(404))
async def get_user(user_id: UUID, caller: Caller) -> User:
    """One account; for superusers."""
    async with caller.begin() as session:
        return User.of(await people.get(session, user_id, by=caller.actor))


@router.post("/{user_id:uuid}/approve", responses=problems.documented(404, 409))
async def approve_user(user_id: UUID, caller: Caller) -> User:
    """Let somebody in who waits."""
    return await _changed(people.approve, user_id, caller)


@router.post("/{user_id:uuid}/disable", responses=problems.documented(404, 409))
async def disable_user(user_id: UUID, caller: Caller) -> User:
    """Shut somebody out; all their logins and tokens end."""
    return await _changed(people.disable, user_id, caller)


@router.post("/{user_id:uuid}/enable", responses=problems.documented(404, 409))
async def enable_user(user_id: UUID, caller: Caller) -> User:
    """Let somebody in again who was shut out or closed their account."""
    return await _changed(people.enable, user_id, caller)


@router.put("/{user_id:uuid}/rights", responses=problems.documented(404, 409))
async def change_rights(user_id: UUID, rights: Rights, caller: Caller) -> User:
    """Make somebody a superuser, or unmake one; never the last."""
    return await _changed(superusers.add if rights.is_superuser else superusers.remove, user_id, caller)


@router.delete("/{user_id:uuid}", status_code=204, responses=problems.documented(404, 409))
async def delete_user(user_id: UUID, caller: Caller) -> None:
    """Forget who somebody is; what they wrote stays, by a deleted person."""
    async with caller.begin() as session:
        await people.delete(session, user_id, by=caller.actor)


async def me_of(session: AsyncSession, actor: Actor) -> Me:
    """Oneself, as things are now."""
    account = await accounts.mine(session, by=actor)
    return Me(
        id=actor.id,
        full_name=account.name,
        email=account.email,
        slack_user_id=actor.slack_user_id,
        workspace_id=actor.workspace_id,
        is_superuser=actor.is_superuser,
        standing=actor.standing,
        admission=actor.admission,
        time_zone=actor.time_zone,
    )


async def _changed(change: Any, user_id: UUID, caller: Caller) -> User:
    async with caller.begin() as session:
        await change(session, user_id, by=caller.actor)
        return User.of(await people.get(session, user_id, by=caller.actor))
