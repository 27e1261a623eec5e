"""People: the account that owns incidents and comments, and the Slack identity mapped to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy import text as text_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import db, homes, membership
from domain.db import ALIKE, Base, Written
from domain.policy import Actor, Admission, Standing


class User(Base):
    """An account. Deactivating it never touches its incidents or comments.

    ``is_nominated``: becomes a superuser with the proof that the address is theirs, which ``proved_at`` notes.
    ``asked_at``: a superuser was asked to admit them.
    ``login_version``: what a login was made for ends as soon as this is another number.
    """

    __tablename__ = "user"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    email: Mapped[str | None]
    hashed_password: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    is_superuser: Mapped[bool] = mapped_column(server_default="false")
    is_nominated: Mapped[bool] = mapped_column(server_default="false")
    full_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    hinted_at: Mapped[datetime | None]
    wants_messages: Mapped[bool] = mapped_column(server_default="true")
    admitted_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    login_version: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (Index("uq_user_workspace_id_email", "workspace_id", func.lower(text_("email")), unique=True),)


class SlackProfile(Base):
    """What Slack says of a person, and the account that is theirs, once they did something."""

    __tablename__ = "slack_profile"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str]
    email: Mapped[str | None]
    time_zone: Mapped[str]
    standing: Mapped[str]
    is_deactivated: Mapped[bool]

    __table_args__ = (UniqueConstraint("user_id", deferrable=True),)
    """Checked at the end of a statement, so that one statement can move an account from one person to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What Slack says of a person now."""

    slack_user_id: str
    name: str
    email: str | None = None
    time_zone: str = "UTC"
    standing: Standing = Standing.MEMBER
    is_deactivated: bool = False


async def find(
    on: AsyncSession | AsyncConnection,
    workspace_id: str,
    slack_user_id: str,
    *,
    seen_in: str | None = None,
    at_home: bool = False,
) -> tuple[Profile, Actor | None] | None:
    """The Slack profile and, after the first use, the actor; None for somebody never heard of.

    Args:
        seen_in: the channel where Slack says that the person is just now; if it is private, that is remembered.
        at_home: whether they clicked in their App Home, so that they look at it.
    """
    names = {"workspace_id": workspace_id, "slack_user_id": slack_user_id, "channel_id": seen_in}
    wanted = _written(is_seen=seen_in is not None, at_home=at_home)
    found = await db.run(on, wanted, names)
    if not found:
        return None
    [row] = found
    return _profile(row), None if row.user_id is None else known(workspace_id, row)


async def actor(session: AsyncSession, workspace_id: str, slack_user_id: str) -> Actor:
    """Who this Slack user is, of whom it is known that they have an account."""
    names = {"workspace_id": workspace_id, "slack_user_id": slack_user_id}
    [row] = await db.run(session, _written(), names)
    return known(workspace_id, row)


async def hint(session: AsyncSession, person: Actor) -> bool:
    """Note that the hint for a first use is given now; False if it was given before."""
    first = update(User).where(User.id == person.id, User.hinted_at.is_(None)).values(hinted_at=func.now())
    return await session.scalar(first.returning(User.id)) is not None


async def set_messages(session: AsyncSession, person: Actor, *, wanted: bool) -> None:
    """Whether the person is told of assignments by direct message."""
    await session.execute(update(User).where(User.id == person.id).values(wants_messages=wanted))


async def slack_id_of(session: AsyncSession, user_id: UUID) -> str | None:
    """The Slack user now mapped to an account."""
    found: str | None = await session.scalar(select(SlackProfile.slack_user_id).where(SlackProfile.user_id == user_id))
    return found


async def told_by_message(session: AsyncSession, user_id: UUID) -> str | None:
    """The Slack user of an active person who wants to be told of assignments."""
    wants = (User.id == user_id, User.is_active, User.wants_messages, ~SlackProfile.is_deactivated)
    mapped = select(SlackProfile.slack_user_id).join(User, User.id == SlackProfile.user_id)
    found: str | None = await session.scalar(mapped.where(*wants))
    return found


async def superusers(session: AsyncSession, workspace_id: str, *, most: int | None = 5) -> list[str]:
    """Slack ids of active superusers: a few for people who need help, or all."""
    admins = (
        select(SlackProfile.slack_user_id)
        .join(User, User.id == SlackProfile.user_id)
        .where(User.workspace_id == workspace_id, *administers())
    )
    return list(await session.scalars(admins.order_by(SlackProfile.slack_user_id).limit(most)))


async def names(session: AsyncSession, workspace_id: str, slack_user_ids: Iterable[str]) -> dict[str, str]:
    """What to call these Slack users, those that are known."""
    wanted = sorted(set(slack_user_ids))
    if not wanted:
        return {}
    known = select(SlackProfile.slack_user_id, SlackProfile.name).where(
        SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id.in_(wanted)
    )
    return {row.slack_user_id: row.name for row in await session.execute(known)}


async def nearest(session: AsyncSession, workspace_id: str, name: str) -> str | None:
    """The person in the workspace whose name is most like this one, if anybody's is."""
    likeness = func.word_similarity(name, SlackProfile.name)
    here = (SlackProfile.workspace_id == workspace_id, ~SlackProfile.is_deactivated, likeness > ALIKE)
    found: str | None = await session.scalar(
        select(SlackProfile.name).where(*here).order_by(likeness.desc(), SlackProfile.name).limit(1)
    )
    return found


async def lock_address(session: AsyncSession, workspace_id: str, address: str) -> None:
    """Until the commit nobody else gives this address to an account, or takes it from one."""
    await db.lock(session, f"address:{workspace_id}:{address.lower()}")


def administers(account: type[User] = User, profile: type[SlackProfile] = SlackProfile) -> list[ColumnElement[bool]]:
    """Parts of a statement that has an account and the profile mapped to it: whether a superuser's rights count now."""
    return [and_(account.is_superuser, account.is_active), ~profile.is_deactivated, profile.standing == Standing.MEMBER]


def waits() -> list[ColumnElement[bool]]:
    """Parts of a statement that has an account: whether it waits for a superuser's approval."""
    return [User.admitted_at.is_(None), User.asked_at.is_not(None), and_(User.is_active)]


_ACCOUNT = (
    User.is_active, User.is_superuser, User.full_name, User.hinted_at, User.wants_messages,
    User.admitted_at, User.asked_at, User.closed_at,
)  # fmt: skip


@cache
def _written(*, is_seen: bool = False, at_home: bool = False) -> Written:
    return db.written(person(is_seen=is_seen, at_home=at_home))


def person(*, is_seen: bool = False, at_home: bool = False) -> Select[Any]:
    """Somebody's profile and account, for a statement that is run with every request.

    Its parameters are ``workspace_id``, ``slack_user_id`` and, with ``is_seen``, ``channel_id``.
    """
    workspace_id, slack_user_id = bindparam("workspace_id", type_=String), bindparam("slack_user_id", type_=String)
    here = (SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id == slack_user_id)
    person = select(SlackProfile.__table__, *_ACCOUNT).outerjoin(User, User.id == SlackProfile.user_id).where(*here)
    if is_seen:
        person = person.add_cte(membership.seen(workspace_id, bindparam("channel_id", type_=String), slack_user_id))
    return person.add_cte(homes.seen(workspace_id, slack_user_id)) if at_home else person


def _profile(row: Row[Any]) -> Profile:
    return Profile(
        slack_user_id=row.slack_user_id,
        name=row.name,
        email=row.email,
        time_zone=row.time_zone,
        standing=Standing(row.standing),
        is_deactivated=row.is_deactivated,
    )


def known(workspace_id: str, row: Row[Any]) -> Actor:
    """Who this row of ``person`` is, if it has an account."""
    is_active = row.is_active and not row.is_deactivated
    return Actor(
        id=row.user_id,
        workspace_id=workspace_id,
        slack_user_id=row.slack_user_id,
        name=row.full_name,
        time_zone=row.time_zone,
        standing=Standing(row.standing),
        is_active=is_active,
        is_closed=row.closed_at is not None and not row.is_active,
        admission=admission(row),
        is_superuser=row.is_superuser and is_active and row.standing == Standing.MEMBER,
        is_hinted=row.hinted_at is not None,
        wants_messages=row.wants_messages,
    )


def admission(row: Row[Any]) -> Admission:
    """Whether the account of this row was let in."""
    if row.admitted_at is not None:
        return Admission.ADMITTED
    return Admission.NOT_ADMITTED if row.asked_at is None else Admission.WAITING
