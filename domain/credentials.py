"""Passwords, which only the API takes: logging in, and setting one with a token that was mailed.

Whoever has an account here is somebody in Slack. So an account that no Slack user has cannot be used, and only members
of the workspace can sign up. Asking for a mail does the same for every address, known or not.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, Select, Update, Uuid, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import addresses, audit, codes, db, outbox, policy, signup, users
from domain.audit import Deed
from domain.codes import Code
from domain.db import Written
from domain.errors import Conflict, Forbidden, InvalidInput
from domain.outbox import Topic
from domain.policy import Action, Actor, Surface
from domain.rates import Connection
from domain.signup import SignUp
from domain.users import SlackProfile, User
from domain.workspaces import Workspace

SHORTEST: Final = 8
LONGEST: Final = 128
VALID: Final = timedelta(minutes=30)
"""How long a mailed token is good."""


class Purpose(StrEnum):
    """What a mailed token is for."""

    RESET = "reset password"
    SIGN_UP = "sign up"


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose login it is; ``version`` is no longer the account's once all its logins were ended."""

    account_id: UUID
    workspace_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Who came with a login or a token, and under which name they are counted."""

    actor: Actor
    key: str


@dataclass(frozen=True, slots=True)
class Login:
    """An account that has an address, and its password's hash."""

    claims: Claims
    hashed: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """To whom a token is to be sent, and what for."""

    purpose: Purpose
    address: str
    is_wanted: bool
    workspace_url: str


async def logins(on: Connection, address: str, workspace_ids: Sequence[str]) -> list[Login]:
    """The accounts with this address in these workspaces: at most one in each."""
    here = (User.workspace_id.in_(workspace_ids), func.lower(User.email) == address.strip().lower())
    columns = (User.id, User.workspace_id, User.login_version, User.hashed_password)
    wanted = select(*columns).where(*here, User.deleted_at.is_(None)).order_by(User.workspace_id)
    return [
        Login(Claims(row.id, row.workspace_id, row.login_version), row.hashed_password)
        for row in await on.execute(wanted)
    ]


async def enter(session: AsyncSession, account_id: UUID) -> None:
    """Let somebody in whose password was right.

    Raises:
        Forbidden: nobody in Slack has the account, or its holder may do nothing here; says why.
    """
    row = (await session.execute(person().where(User.id == account_id))).one_or_none()
    if row is None or row.slack_user_id is None:
        raise Forbidden(
            "Not logged in: no Slack user has this account. Take it over in Slack first, with /incident link."
        )
    who = users.known(row.workspace_id, row)
    if not who.is_member:
        raise Forbidden(f"Not logged in. {policy.rule(Action.CREATE)} {policy.reason(who)}")


async def rehash(session: AsyncSession, account_id: UUID, *, old: str, new: str) -> None:
    """Keep the same password as a hash of today's parameters; logins go on."""
    mine = (User.id == account_id, User.hashed_password == old)
    await session.execute(update(User).where(*mine).values(hashed_password=new))


async def holder(on: Connection, claims: Claims) -> Holder | None:
    """Who has this login; None if it was ended, or the account is closed, deactivated or gone."""
    found = await db.run(on, _by_id(), {"id": claims.account_id})
    if not found or found[0].login_version != claims.version or found[0].workspace_id != claims.workspace_id:
        return None
    who = actor(found[0])
    return None if who is None else Holder(who, f"login:{who.id}")


def person() -> Select[Any]:
    """Accounts with the Slack user who has each, if somebody has."""
    account: tuple[Any, ...] = (
        User.id.label("user_id"), User.workspace_id, User.is_active, User.is_superuser, User.full_name, User.hinted_at,
        User.wants_messages, User.admitted_at, User.asked_at, User.closed_at, User.login_version,
    )  # fmt: skip
    slack: tuple[Any, ...] = (
        SlackProfile.slack_user_id,
        SlackProfile.time_zone,
        SlackProfile.standing,
        SlackProfile.is_deactivated,
    )
    mapped = select(*account, *slack).outerjoin(SlackProfile, SlackProfile.user_id == User.id)
    return mapped.where(User.deleted_at.is_(None))


def actor(row: Row[Any]) -> Actor | None:
    """Who this row of ``person`` is; None if they may not come in."""
    if row.slack_user_id is None:
        return None
    who = users.known(row.workspace_id, row)
    return who if who.is_active else None


async def ask(session: AsyncSession, purpose: Purpose, address: str, workspace_ids: Sequence[str]) -> None:
    """Have a token sent to an address, if that makes sense; the same is done if not.

    Raises:
        InvalidInput: on ``email``: no address.
    """
    wanted = addresses.clean(address)
    made = [(uuid4(), workspace_id) for workspace_id in workspace_ids]
    asked = insert(Code).values(
        [{"id": id, "workspace_id": place, "purpose": purpose, "address": wanted} for id, place in made]
    )
    rows = [outbox.row(Topic.PASSWORD_ASKED, workspace_id=place, lane=f"code:{id}", code=str(id)) for id, place in made]
    old = delete(Code).where(Code.created_at < func.now() - codes.KEPT)
    await session.execute(outbox.insertion(session, rows).add_cte(asked.cte("asked"), old.cte("old")))


async def open_to_sign_up(session: AsyncSession, workspace_ids: Sequence[str]) -> list[str]:
    """Those of these workspaces whose rule gives somebody new an account."""
    here = (Workspace.id.in_(workspace_ids), Workspace.sign_up != SignUp.CLOSED)
    return list(await session.scalars(select(Workspace.id).where(*here).order_by(Workspace.id)))


async def letter(session: AsyncSession, code_id: UUID) -> Letter | None:
    """What is to be sent for a request; None if its token was used meanwhile."""
    asked = select(Code.purpose, Code.address, Code.workspace_id, Workspace.url)
    asked = asked.join(Workspace, Workspace.id == Code.workspace_id)
    row = (await session.execute(asked.where(Code.id == code_id, Code.used_at.is_(None)))).one_or_none()
    if row is None:
        return None
    purpose = Purpose(row.purpose)
    account = await _account(session, row.workspace_id, row.address)
    is_wanted = account.is_active if account else False
    if account is None and purpose is Purpose.SIGN_UP:
        is_wanted = await signup.newcomer(session, row.workspace_id, row.address) is not None
    return Letter(purpose, row.address, is_wanted, row.url)


def made() -> str:
    """A new token; nobody can guess it, so that a plain hash of it may be kept."""
    return secrets.token_urlsafe(24)


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


async def keep(session: AsyncSession, code_id: UUID, token: str) -> None:
    """The token that is sent now; one that was sent before is not good any more."""
    sent = update(Code).where(Code.id == code_id, Code.used_at.is_(None))
    await session.execute(sent.values(hashed=hashed(token), valid_until=func.now() + VALID))


async def set_password(session: AsyncSession, token: str, hashed_password: str) -> None:
    """Use a mailed token up, and all others for the address: it has this password from now on, and no login any more.

    Somebody who signs up gets the account now, or waits for a superuser, as the rule has it.

    Raises:
        InvalidInput: on ``token``: it is not good, or not any more.
        Forbidden: the account is deactivated, or the rule lets nobody new in.
    """
    good = (Code.hashed == hashed(token), Code.valid_until > func.now(), *_MAILED)
    mine = select(Code.workspace_id, Code.address).where(*good).with_for_update().cte("mine")
    used = _used_up(Code.workspace_id == mine.c.workspace_id, Code.address == mine.c.address)
    row = (await session.execute(used.returning(Code.workspace_id, Code.address))).first()
    if row is None:
        raise InvalidInput(
            "Not saved: this token is not good, or not any more. Ask for another mail; the newest one counts.",
            field="token",
        )
    await users.lock_address(session, row.workspace_id, row.address)
    account = await _account(session, row.workspace_id, row.address)
    if account is None:
        await signup.join_by_mail(session, row.workspace_id, row.address)
        account = await _account(session, row.workspace_id, row.address)
    if account is None or not account.is_active:
        raise Forbidden("Not saved: this account is deactivated, or gone. Ask a superuser.")
    await session.execute(update(User).where(User.id == account.id).values(password(hashed_password)))
    by = await _known(session, account.id)
    if by is not None:
        await audit.record(session, Deed.PASSWORD_SET, by=by.at(channel_id=None, surface=Surface.API), about=account.id)


async def change_password(session: AsyncSession, hashed_password: str, *, old: str | None, by: Actor) -> None:
    """Another password for whom knew the one that has the hash ``old``; all logins and mailed tokens are ended.

    Raises:
        Conflict: the account has another password by now.
    """
    policy.require(by, Action.KEEP_ACCOUNT)
    mine = (User.id == by.id, User.hashed_password.is_not_distinct_from(old))
    changed = update(User).where(*mine).values(password(hashed_password)).returning(func.lower(User.email))
    row = (await session.execute(changed)).one_or_none()
    if row is None:
        raise Conflict("Not saved: the password was changed just now. Log in with the one that it is now.")
    await session.execute(_used_up(Code.workspace_id == by.workspace_id, Code.address == row[0]))
    await audit.record(session, Deed.PASSWORD_SET, by=by, about=by.id)


async def password_of(session: AsyncSession, *, by: Actor) -> str | None:
    """The hash of one's own password, if there is one."""
    found: str | None = await session.scalar(select(User.hashed_password).where(User.id == by.id))
    return found


def password(hashed_password: str | None) -> dict[str, Any]:
    """What changes of an account with its password, or without one any more."""
    return {"hashed_password": hashed_password, "login_version": User.login_version + 1}


_MAILED: Final = (Code.used_at.is_(None), Code.purpose.in_(list(Purpose)))


def _used_up(*which: ColumnElement[bool]) -> Update:
    """These mailed tokens, and those that are still to be mailed, are no use any more."""
    return update(Code).where(*which, *_MAILED).values(used_at=func.now(), hashed=None)


async def _account(session: AsyncSession, workspace_id: str, address: str) -> Row[Any] | None:
    here = (User.workspace_id == workspace_id, func.lower(User.email) == address, User.deleted_at.is_(None))
    columns: tuple[Any, ...] = (User.id, User.is_active)
    return (await session.execute(select(*columns).where(*here))).one_or_none()


async def _known(session: AsyncSession, account_id: UUID) -> Actor | None:
    row = (await session.execute(person().where(User.id == account_id))).one()
    return None if row.slack_user_id is None else users.known(row.workspace_id, row)


@cache
def _by_id() -> Written:
    return db.written(person().where(User.id == bindparam("id", type_=Uuid)))
