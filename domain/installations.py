"""Which workspaces installed the app, and whether they are served; their tokens, sealed, stand beside.

A row's version rises with everything that another process has to know: an installation, a new token, another
place for incidents, an end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ColumnExpressionArgument,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Update,
    and_,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import health
from domain.db import Base
from domain.outbox import OutboxMessage
from domain.workspaces import Channel, Workspace

RENEWED_BEFORE: Final = timedelta(hours=2)
"""A token that ends is renewed so long before, so that Slack may be away for a while."""
LEASE: Final = timedelta(minutes=1)
"""How long a process may take to renew a token, or to ask whether one works again."""
ASKED_AGAIN_AFTER: Final = timedelta(minutes=10)
"""A workspace whose token Slack refused is asked again so often."""
PARKED: Final = timedelta(days=3650)
"""From now until what a workspace that is not served waits for is due, unless it is served again."""
CLOCKS_APART: Final = timedelta(seconds=2)
"""Slack tells whole seconds, by a clock of its own."""


class Installation(Base):
    """A workspace that installed the app; it is served unless it stopped.

    Tokens that end do so at ``expires_at``. ``busy_until`` is until when a process has the row in hand.
    """

    __tablename__ = "installation"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    stopped_because: Mapped[str] = mapped_column(server_default="")
    has_tokens: Mapped[bool] = mapped_column(server_default="true")
    busy_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Place:
    """What the database knows of a workspace that is to be served.

    Args:
        url: of the workspace, ends with a slash.
        incident_channel: id of the channel for incidents that are opened where no card can be.
        knows_channels: whether the bot can post anywhere.
    """

    url: str
    incident_channel: str | None
    knows_channels: bool


def _shared() -> list[Column[Any]]:
    """What both of slack_sdk's tables have; its own columns, with room for what is sealed."""
    words = ("enterprise_id", "enterprise_name", "team_id", "team_name", "bot_token", "bot_id", "bot_user_id",
             "bot_scopes", "bot_refresh_token")  # fmt: skip
    return [
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("client_id", String, nullable=False),
        Column("app_id", String, nullable=False),
        *(Column(name, String) for name in words),
        Column("bot_token_expires_at", DateTime),
        Column("is_enterprise_install", Boolean, nullable=False),
        Column("installed_at", DateTime, nullable=False),
    ]


BOTS: Final = Table(
    "slack_bots",
    Base.metadata,
    *_shared(),
    Index("slack_bots_idx", "client_id", "enterprise_id", "team_id", "installed_at"),
)
INSTALLATIONS: Final = Table(
    "slack_installations",
    Base.metadata,
    *_shared(),
    Column("enterprise_url", String),
    Column("user_id", String, nullable=False),
    Column("user_token", String),
    Column("user_scopes", String),
    Column("user_refresh_token", String),
    Column("user_token_expires_at", DateTime),
    Column("incoming_webhook_url", String),
    Column("incoming_webhook_channel", String),
    Column("incoming_webhook_channel_id", String),
    Column("incoming_webhook_configuration_url", String),
    Column("token_type", String),
    Index("slack_installations_idx", "client_id", "enterprise_id", "team_id", "user_id", "installed_at"),
)
STATES: Final = Table(
    "slack_oauth_states",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("state", String, nullable=False, unique=True),
    Column("expire_at", DateTime, nullable=False),
)


async def installed(session: AsyncSession, workspace_id: str, *, expires_at: datetime | None) -> None:
    """Serve the workspace, from now on or again.

    Args:
        expires_at: when its token ends, if it does.
    """
    row = insert(Installation).values(workspace_id=workspace_id, expires_at=expires_at)
    anew = {
        "version": Installation.version + 1,
        "installed_at": func.now(),
        "expires_at": expires_at,
        "has_tokens": True,
        **_SERVED,
    }
    await session.execute(row.on_conflict_do_update(index_elements=["workspace_id"], set_=anew))


async def served(session: AsyncSession, *only: str) -> Mapping[str, int]:
    """The workspaces that are served, each with the version of its installation; of these alone, if any are named."""
    wanted = [Installation.stopped_at.is_(None), *([Installation.workspace_id.in_(only)] if only else [])]
    rows = await session.execute(select(Installation.workspace_id, Installation.version).where(*wanted))
    return {row.workspace_id: row.version for row in rows}


async def known(session: AsyncSession) -> Mapping[str, str]:
    """Every workspace that ever installed the app, each with why it is not served, if it is not."""
    rows = await session.execute(select(Installation.workspace_id, Installation.stopped_because))
    return {row.workspace_id: row.stopped_because for row in rows}


async def place(session: AsyncSession, workspace_id: str, incident_channel: str | None) -> Place:
    """What is known of the workspace.

    Args:
        incident_channel: id or ``#name``; a workspace without it has none.
    """
    url = await session.scalar(select(Workspace.url).where(Workspace.id == workspace_id))
    is_open = (Channel.workspace_id == workspace_id, Channel.is_open)
    knows_channels = await session.scalar(select(Channel.id).where(*is_open).limit(1)) is not None
    found = await health.channel(session, workspace_id, incident_channel) if incident_channel else None
    return Place(url or "https://slack.com/", found, knows_channels)


async def left(session: AsyncSession, workspace_id: str, *, happened_at: datetime, because: str) -> bool:
    """The workspace uninstalled the app; False if that was before it was installed again, or is known.

    Whoever calls this deletes the tokens in the same transaction.
    """
    since = (Installation.installed_at <= happened_at + CLOCKS_APART, Installation.has_tokens)
    return await _stop(session, workspace_id, *since, because=because, has_tokens=False)


async def refused(session: AsyncSession, workspace_id: str, *, version: int, because: str) -> bool:
    """Slack does not take the token of this version: serve the workspace no more until it does, or gets another."""
    is_it = (Installation.version == version, Installation.stopped_at.is_(None))
    return await _stop(session, workspace_id, *is_it, because=because)


async def resumed(session: AsyncSession, workspace_id: str) -> None:
    """Slack takes the token again."""
    again = {"version": Installation.version + 1, **_SERVED}
    await session.execute(_change(workspace_id, Installation.has_tokens).values(again))


async def renewed(session: AsyncSession, workspace_id: str, *, expires_at: datetime | None) -> bool:
    """The token is another one now; other processes learn of it by the version.

    Whoever calls this keeps the token in the same transaction, unless it is False: the workspace has left meanwhile.
    """
    anew = {"version": Installation.version + 1, "expires_at": expires_at, "busy_until": None}
    changed = _change(workspace_id, Installation.has_tokens).values(anew)
    return await session.scalar(changed.returning(Installation.workspace_id)) is not None


async def rearranged(session: AsyncSession, workspace_id: str) -> None:
    """Its channels are others than before: each process that serves it looks which one is for incidents."""
    await session.execute(_change(workspace_id).values(version=Installation.version + 1))


async def lease_ending(session: AsyncSession) -> str | None:
    """A workspace whose token ends soon, for this process alone to renew until the lease is over."""
    ends = and_(Installation.expires_at < func.now() + RENEWED_BEFORE, Installation.stopped_at.is_(None))
    return await _lease(session, ends, LEASE)


async def lease_refused(session: AsyncSession) -> str | None:
    """A workspace whose token Slack refused some time ago, for this process alone to ask again."""
    is_old = Installation.stopped_at < func.now() - ASKED_AGAIN_AFTER
    return await _lease(session, and_(is_old, Installation.has_tokens), ASKED_AGAIN_AFTER)


async def put_off(session: AsyncSession, workspace_id: str, span: timedelta) -> None:
    """Nobody tries it again so soon."""
    await session.execute(_change(workspace_id).values(busy_until=func.now() + span))


async def unpark(session: AsyncSession, workspace_id: str) -> None:
    """What waited for the workspace is due; asked for by each process that begins to serve it."""
    waits = (OutboxMessage.workspace_id == workspace_id, OutboxMessage.due_at > func.now() + PARKED / 2)
    session.info["outbox"] = True
    due = update(OutboxMessage).where(*waits).values(due_at=func.now())
    await session.execute(due, execution_options=_PLAIN)


_PLAIN: Final = {"synchronize_session": False}
_SERVED: Final = {"stopped_at": None, "stopped_because": "", "busy_until": None}


def _change(workspace_id: str, *which: ColumnExpressionArgument[bool]) -> Update:
    changed = update(Installation).where(Installation.workspace_id == workspace_id, *which)
    return changed.execution_options(**_PLAIN)


async def _stop(
    session: AsyncSession, workspace_id: str, *which: ColumnExpressionArgument[bool], because: str, **more: object
) -> bool:
    values = {"version": Installation.version + 1, "stopped_at": func.now(), "stopped_because": because, **more}
    changed = _change(workspace_id, *which).values(values).returning(Installation.workspace_id)
    if await session.scalar(changed) is None:
        return False
    is_free = (OutboxMessage.gave_up_at.is_(None), OutboxMessage.leased_by.is_(None))
    waits = (OutboxMessage.workspace_id == workspace_id, *is_free)
    parked = update(OutboxMessage).where(*waits).values(due_at=func.now() + PARKED)
    await session.execute(parked, execution_options=_PLAIN)
    return True


async def _lease(session: AsyncSession, which: ColumnElement[bool], span: timedelta) -> str | None:
    is_free = or_(Installation.busy_until.is_(None), Installation.busy_until < func.now())
    one = select(Installation.workspace_id).where(which, is_free).limit(1).with_for_update(skip_locked=True)
    taken = (
        update(Installation)
        .where(Installation.workspace_id == one.scalar_subquery())
        .values(busy_until=func.now() + span)
        .execution_options(**_PLAIN)
    )
    found: str | None = await session.scalar(taken.returning(Installation.workspace_id))
    return found
