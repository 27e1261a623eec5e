"""A Slack workspace, its channels as far as the bot is in them, and its categories."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, String, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import db
from domain.db import Base, Written

CATEGORIES = ("bug", "outage", "security", "question", "documentation", "feature_request")
"""What a new workspace starts with; the first is the default of a new incident."""


class Workspace(Base):
    """One Slack team; ``last_number`` counts its incidents, ``sign_up`` says who gets an account.

    ``reached_at`` is when Slack last reached the bot for certain, to a minute.
    """

    __tablename__ = "workspace"

    id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(server_default="")
    last_number: Mapped[int] = mapped_column(server_default="0")
    sign_up: Mapped[str] = mapped_column(server_default="open")
    sign_up_domains: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    reached_at: Mapped[datetime | None]


class Channel(Base):
    """A channel that the bot was in; ``is_open`` says that it can still post there."""

    __tablename__ = "channel"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    is_private: Mapped[bool]
    is_open: Mapped[bool]
    is_shared: Mapped[bool] = mapped_column(server_default="false")
    welcomed_at: Mapped[datetime | None]


class Category(Base):
    """What kind of incident; in the order in which they were added."""

    __tablename__ = "category"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    is_retired: Mapped[bool] = mapped_column(server_default="false")


def category_of_workspace(table_column: str = "category") -> ForeignKeyConstraint:
    """A category is one of its own workspace's."""
    return ForeignKeyConstraint(["workspace_id", table_column], ["category.workspace_id", "category.name"])


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What Slack says of a channel."""

    id: str
    name: str
    is_private: bool
    is_open: bool = True
    is_shared: bool = False
    """With another organisation, or about to be."""


async def ensure(session: AsyncSession, workspace_id: str, *, url: str) -> None:
    """Know this workspace, with the shipped categories; harmless to repeat."""
    team = insert(Workspace).values(id=workspace_id, url=url)
    await session.execute(team.on_conflict_do_update(index_elements=["id"], set_={"url": url}))
    shipped = [{"workspace_id": workspace_id, "name": n, "position": i} for i, n in enumerate(CATEGORIES)]
    await session.execute(insert(Category).values(shipped).on_conflict_do_nothing())


async def ids(session: AsyncSession) -> list[str]:
    """The workspaces that this database serves."""
    return list(await session.scalars(select(Workspace.id).order_by(Workspace.id)))


async def learn_channels(session: AsyncSession, workspace_id: str, facts: list[ChannelFacts]) -> None:
    """Remember what Slack says of these channels now, in one statement."""
    if not facts:
        return
    rows = [{"workspace_id": workspace_id, **_columns(f)} for f in facts]
    statement = insert(Channel).values(rows)
    columns = {name: statement.excluded[name] for name in ("name", "is_private", "is_open", "is_shared")}
    await session.execute(statement.on_conflict_do_update(index_elements=["workspace_id", "id"], set_=columns))


async def close_channel(session: AsyncSession, workspace_id: str, channel_id: str) -> None:
    """The bot was removed from the channel, or it was archived: its incidents stay."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id)
    await session.execute(update(Channel).where(*here).values(is_open=False))


async def hide_channel(session: AsyncSession, workspace_id: str, channel_id: str) -> None:
    """The channel is private from now on; who is in it is asked next."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id)
    await session.execute(update(Channel).where(*here).values(is_private=True))


async def rename_channel(session: AsyncSession, workspace_id: str, channel_id: str, name: str) -> None:
    """The channel has another name now."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id)
    await session.execute(update(Channel).where(*here).values(name=name))


async def is_welcomed(session: AsyncSession, workspace_id: str, channel_id: str) -> bool:
    """Whether the bot introduced itself in this channel."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id, Channel.welcomed_at.is_not(None))
    return await session.scalar(select(Channel.id).where(*here)) is not None


async def welcomed(session: AsyncSession, workspace_id: str, channel_id: str) -> None:
    """The bot introduced itself in this channel."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id)
    await session.execute(update(Channel).where(*here).values(welcomed_at=func.now()))


async def category_names(session: AsyncSession, workspace_id: str) -> list[str]:
    """The categories in use, the default one first."""
    return [row.name for row in await db.run(session, _categories(), {"workspace_id": workspace_id})]


@cache
def _categories() -> Written:
    used = select(Category.name).where(Category.workspace_id == _WORKSPACE, ~Category.is_retired)
    return db.written(used.order_by(Category.position))


async def open_channel(session: AsyncSession, workspace_id: str, *candidates: str | None) -> str | None:
    """The first of these channels in which the bot can post, if any."""
    wanted = [channel for channel in candidates if channel]
    [row] = await db.run(session, _open_channel(), {"workspace_id": workspace_id, "channels": wanted})
    found: str | None = row.found
    return found


@cache
def _open_channel() -> Written:
    return db.written(select(FIRST_OPEN.label("found")))


_WORKSPACE = bindparam("workspace_id", type_=String)
_CHANNELS = bindparam("channels", type_=ARRAY(String))
FIRST_OPEN: ColumnElement[str | None] = (
    select(Channel.id)
    .where(Channel.workspace_id == _WORKSPACE, Channel.id == func.any(_CHANNELS), Channel.is_open)
    .order_by(func.array_position(_CHANNELS, Channel.id))
    .limit(1)
    .scalar_subquery()
)
"""The first of ``channels`` in which the bot can post, as a part of a statement that is written once."""


async def sharing(session: AsyncSession, workspace_ids: Collection[str], channel_id: str) -> list[str]:
    """Which of these workspaces know this channel as one that is shared."""
    here = (Channel.workspace_id.in_(workspace_ids), Channel.id == channel_id, Channel.is_shared)
    return list(await session.scalars(select(Channel.workspace_id).where(*here).order_by(Channel.workspace_id)))


async def is_shared(session: AsyncSession, workspace_id: str, channel_id: str) -> bool:
    """Whether people of another organisation read the channel, or are about to."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id, Channel.is_shared)
    return await session.scalar(select(Channel.id).where(*here)) is not None


async def is_public(session: AsyncSession, workspace_id: str, channel_id: str) -> bool:
    """Whether everybody in the workspace may read the channel; one that is not known counts as private."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id, ~Channel.is_private)
    return await session.scalar(select(Channel.id).where(*here)) is not None


def _columns(facts: ChannelFacts) -> dict[str, str | bool]:
    return {"id": facts.id, "name": facts.name, "is_private": facts.is_private, "is_open": facts.is_open,
            "is_shared": facts.is_shared}  # fmt: skip
