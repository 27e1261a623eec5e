"""People: the account that owns incidents and comments, and the Slack identity mapped to it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ForeignKey, Index, Row, Select, case, exists, func, literal, null, select, update
from sqlalchemy import text as text_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import homes, membership, text
from domain.db import ALIKE, Base
from domain.policy import Actor, Standing


class User(Base):
    """An account. Deactivating it never touches its incidents or comments."""

    __tablename__ = "user"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    email: Mapped[str | None]
    hashed_password: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    is_superuser: Mapped[bool] = mapped_column(server_default="false")
    full_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    hinted_at: Mapped[datetime | None]
    wants_messages: Mapped[bool] = mapped_column(server_default="true")

    __table_args__ = (Index("uq_user_workspace_id_email", "workspace_id", func.lower(text_("email")), unique=True),)


class SlackProfile(Base):
    """What Slack says of a person, and the account that is theirs, once they did something."""

    __tablename__ = "slack_profile"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"), unique=True)
    name: Mapped[str]
    email: Mapped[str | None]
    time_zone: Mapped[str]
    standing: Mapped[str]
    is_deactivated: Mapped[bool]


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
    session: AsyncSession, workspace_id: str, slack_user_id: str, *, seen_in: str | None = None, at_home: bool = False
) -> tuple[Profile, Actor | None] | None:
    """The Slack profile and, after the first use, the actor; None for somebody never heard of.

    Args:
        seen_in: the channel where Slack says that the person is just now; if it is private, that is remembered.
        at_home: whether they clicked in their App Home, so that they look at it.
    """
    person = _person(workspace_id, slack_user_id)
    if seen_in is not None:
        person = person.add_cte(membership.seen(workspace_id, seen_in, slack_user_id))
    if at_home:
        person = person.add_cte(homes.seen(workspace_id, slack_user_id))
    row = (await session.execute(person)).one_or_none()
    if row is None:
        return None
    return _profile(row), None if row.user_id is None else _actor(workspace_id, row)


async def learn(session: AsyncSession, workspace_id: str, profiles: Iterable[Profile]) -> None:
    """Remember what Slack says of these people now, in one statement; makes no accounts."""
    rows = [{"workspace_id": workspace_id, **asdict(_storable(p))} for p in profiles]
    if not rows:
        return
    statement = insert(SlackProfile).values(rows)
    said = {
        name: statement.excluded[name] for name in asdict(Profile(slack_user_id="", name="")) if name != "slack_user_id"
    }
    await session.execute(statement.on_conflict_do_update(index_elements=["workspace_id", "slack_user_id"], set_=said))


async def join(session: AsyncSession, workspace_id: str, profile: Profile) -> Actor:
    """The person's first use: make the account that goes with this known profile.

    Two first uses at the same moment make one account. An e-mail address that another account
    has is left out: it proves nothing here.
    """
    if profile.email:  # the next statement must see the account of whoever comes first with this address
        address = f"{workspace_id}:{profile.email.lower()}"
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 0))))
    mine = (SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id == profile.slack_user_id)
    made = uuid4()
    claimed = update(SlackProfile).where(*mine, SlackProfile.user_id.is_(None)).values(user_id=made)
    claim = claimed.returning(SlackProfile.name, SlackProfile.email).cte("claim")
    taken = exists().where(User.workspace_id == workspace_id, func.lower(User.email) == func.lower(claim.c.email))
    account = select(literal(made), literal(workspace_id), claim.c.name, case((taken, null()), else_=claim.c.email))
    inserted = insert(User).from_select(["id", "workspace_id", "full_name", "email"], account)
    name = await session.scalar(inserted.returning(User.full_name))
    if name is None:
        return _actor(workspace_id, (await session.execute(_person(workspace_id, profile.slack_user_id))).one())
    return Actor(
        id=made,
        workspace_id=workspace_id,
        slack_user_id=profile.slack_user_id,
        name=name,
        time_zone=profile.time_zone,
        standing=profile.standing,
        is_active=not profile.is_deactivated,
        is_hinted=False,
    )


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


async def superusers(session: AsyncSession, workspace_id: str) -> list[str]:
    """Slack ids of at most five active superusers, for people who need help."""
    admins = (
        select(SlackProfile.slack_user_id)
        .join(User, User.id == SlackProfile.user_id)
        .where(User.workspace_id == workspace_id, User.is_superuser, User.is_active, ~SlackProfile.is_deactivated)
    )
    return list(await session.scalars(admins.order_by(SlackProfile.slack_user_id).limit(5)))


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


def _person(workspace_id: str, slack_user_id: str) -> Select[Any]:
    account = (User.is_active, User.is_superuser, User.full_name, User.hinted_at, User.wants_messages)
    return (
        select(SlackProfile.__table__, *account)
        .outerjoin(User, User.id == SlackProfile.user_id)
        .where(SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id == slack_user_id)
    )


def _profile(row: Row[Any]) -> Profile:
    return Profile(
        slack_user_id=row.slack_user_id,
        name=row.name,
        email=row.email,
        time_zone=row.time_zone,
        standing=Standing(row.standing),
        is_deactivated=row.is_deactivated,
    )


def _actor(workspace_id: str, row: Row[Any]) -> Actor:
    is_active = row.is_active and not row.is_deactivated
    return Actor(
        id=row.user_id,
        workspace_id=workspace_id,
        slack_user_id=row.slack_user_id,
        name=row.full_name,
        time_zone=row.time_zone,
        standing=Standing(row.standing),
        is_active=is_active,
        is_superuser=row.is_superuser and is_active and row.standing == Standing.MEMBER,
        is_hinted=row.hinted_at is not None,
        wants_messages=row.wants_messages,
    )


def _storable(profile: Profile) -> Profile:
    return Profile(
        slack_user_id=profile.slack_user_id,
        name=text.clean(profile.name) or profile.slack_user_id,
        email=profile.email,
        time_zone=_known_zone(profile.time_zone),
        standing=profile.standing,
        is_deactivated=profile.is_deactivated,
    )


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
