"""How a workspace fares, as the database tells it: what waits, what was given up, what nobody can see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import users
from domain.incidents import Incident, Status
from domain.outbox import OutboxMessage, Topic
from domain.users import SlackProfile, User
from domain.webhook_table import Webhook
from domain.workspaces import Channel, Workspace

MOST_KINDS: Final = 5


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What will never be sent, by kind."""

    topic: str
    error: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Ailing:
    """A webhook whose receiver takes nothing, and since when; or which was switched off for that."""

    number: int
    host: str
    failure: str
    since: datetime
    is_off: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows.

    Args:
        waiting: rows in the outbox that are still to be sent; ``oldest`` says since when.
        given_up: the newest kinds of what will never be sent; ``lost`` counts all of it.
        stranded: unresolved incidents whose card no channel shows, because the bot is not in it any more.
        applicants: people who wait for a superuser's approval.
    """

    waiting: int
    oldest: datetime | None
    given_up: Sequence[GivenUp]
    superusers: int
    stranded: int
    applicants: int
    sign_up: str
    ailing: Sequence[Ailing] = ()
    lost: int = 0


async def facts(session: AsyncSession, workspace_id: str) -> Facts:
    """How it is now, in three statements."""
    # Whoever asks is being served, and webhooks, whose receivers may be away for long, are listed on their own.
    is_other = OutboxMessage.topic.not_in([Topic.HEALTH_ASKED, Topic.HOME_STALE, Topic.WEBHOOK_DUE])
    waits = (OutboxMessage.workspace_id == workspace_id, OutboxMessage.gave_up_at.is_(None), is_other)
    is_lost = (OutboxMessage.workspace_id == workspace_id, OutboxMessage.gave_up_at.is_not(None))
    can_post = exists().where(
        Channel.workspace_id == Incident.workspace_id, Channel.id == Incident.channel_id, Channel.is_open
    )
    unresolved = (
        Incident.workspace_id == workspace_id, Incident.status != Status.RESOLVED, Incident.deleted_at.is_(None)
    )  # fmt: skip
    mapped = select(func.count()).select_from(SlackProfile).join(User, User.id == SlackProfile.user_id)
    applicants = (User.workspace_id == workspace_id, *users.waits())
    superusers = mapped.where(User.workspace_id == workspace_id, *users.administers())
    counted = select(
        select(func.count()).where(*waits).scalar_subquery().label("waiting"),
        select(func.min(OutboxMessage.created_at)).where(*waits).scalar_subquery().label("oldest"),
        select(func.count()).where(*is_lost).scalar_subquery().label("lost"),
        superusers.scalar_subquery().label("superusers"),
        select(func.count()).where(*unresolved, ~can_post).scalar_subquery().label("stranded"),
        select(func.count()).where(*applicants).scalar_subquery().label("applicants"),
        Workspace.sign_up,
    )
    row = (await session.execute(counted.where(Workspace.id == workspace_id))).one()
    given_up, ailing = await _given_up(session, workspace_id), await _ailing(session, workspace_id)
    return Facts(**row._asdict(), given_up=given_up, ailing=ailing)


async def channel(session: AsyncSession, workspace_id: str, name_or_id: str) -> str | None:
    """The channel with this id or ``#name`` in which the bot can post, if there is one."""
    here = (Channel.workspace_id == workspace_id, Channel.is_open)
    is_meant = or_(Channel.id == name_or_id, Channel.name == name_or_id.removeprefix("#"))
    found: str | None = await session.scalar(select(Channel.id).where(*here, is_meant).limit(1))
    return found


async def _given_up(session: AsyncSession, workspace_id: str) -> list[GivenUp]:
    what = (OutboxMessage.topic, OutboxMessage.last_error)
    count = func.count().label("many")
    last_at = func.max(OutboxMessage.gave_up_at).label("last_at")
    kinds = (
        select(*what, count, last_at)
        .where(OutboxMessage.workspace_id == workspace_id, OutboxMessage.gave_up_at.is_not(None))
        .group_by(*what)
        .order_by(last_at.desc())
        .limit(MOST_KINDS)
    )
    return [GivenUp(r.topic, r.last_error or "unknown", r.many, r.last_at) for r in await session.execute(kinds)]


async def _ailing(session: AsyncSession, workspace_id: str) -> tuple[Ailing, ...]:
    since = func.coalesce(Webhook.off_at, Webhook.failing_since).label("since")
    is_off = Webhook.off_at.is_not(None).label("is_off")
    wanted = select(Webhook.number, Webhook.host, Webhook.failure, since, is_off)
    found = wanted.where(Webhook.workspace_id == workspace_id, since.is_not(None)).order_by(Webhook.number)
    rows = await session.execute(found)
    return tuple(Ailing(r.number, r.host, r.failure or "", r.since, r.is_off) for r in rows)
