"""Who is in which private channel, so that its incidents stay among its members."""

from collections.abc import Iterable

from sqlalchemy import CTE, ColumnElement, ForeignKey, delete, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import outbox
from domain.db import Base
from domain.outbox import Topic
from domain.policy import Actor
from domain.workspaces import Channel


class ChannelMember(Base):
    """Somebody is in a private channel; of public ones nothing is kept."""

    __tablename__ = "channel_member"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(primary_key=True)


async def meet(session: AsyncSession, workspace_id: str, channel_id: str, *, invited: bool = False) -> None:
    """Something about the channel is new: Slack is asked what it is now, and who is in it."""
    said = "yes" if invited else ""
    row = outbox.row(Topic.CHANNEL_MET, workspace_id=workspace_id, lane=channel_id, channel_id=channel_id, invited=said)
    await outbox.add(session, row)


async def replace(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_ids: Iterable[str]) -> None:
    """These people, and nobody else, are in the channel now."""
    inside = sorted(set(slack_user_ids))
    here = (ChannelMember.workspace_id == workspace_id, ChannelMember.channel_id == channel_id)
    await session.execute(delete(ChannelMember).where(*here, ChannelMember.slack_user_id.not_in(inside)))
    await add(session, workspace_id, channel_id, inside)


async def add(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_ids: Iterable[str]) -> None:
    """These people are in the channel now; of others nothing is said."""
    rows = [
        {"workspace_id": workspace_id, "channel_id": channel_id, "slack_user_id": person}
        for person in sorted(set(slack_user_ids))
    ]
    if rows:
        await session.execute(insert(ChannelMember).values(rows).on_conflict_do_nothing())


async def join(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_id: str) -> None:
    """The person is in the channel; nothing is kept of public ones."""
    there = seen(literal(workspace_id), literal(channel_id), literal(slack_user_id))
    await session.execute(select(literal(1)).add_cte(there))


async def leave(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_id: str) -> None:
    """The person is not in the channel any more."""
    here = (ChannelMember.workspace_id == workspace_id, ChannelMember.channel_id == channel_id)
    await session.execute(delete(ChannelMember).where(*here, ChannelMember.slack_user_id == slack_user_id))


async def channel_named(session: AsyncSession, name_or_id: str, *, by: Actor) -> str | None:
    """The channel with this id or name, if the bot knows it and the person may know of it."""
    inside = (ChannelMember.workspace_id == by.workspace_id, ChannelMember.slack_user_id == by.slack_user_id)
    is_known = or_(~Channel.is_private, Channel.id.in_(select(ChannelMember.channel_id).where(*inside)))
    named = or_(Channel.id == name_or_id, Channel.name == name_or_id.lower())
    wanted = select(Channel.id).where(Channel.workspace_id == by.workspace_id, named, is_known).limit(1)
    found: str | None = await session.scalar(wanted)
    return found


def seen(workspace_id: ColumnElement[str], channel_id: ColumnElement[str], slack_user_id: ColumnElement[str]) -> CTE:
    """Part of a statement: the person was just seen in the channel; nothing is kept of public ones."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id, Channel.is_private)
    person = select(Channel.workspace_id, Channel.id, slack_user_id).where(*here)
    kept = insert(ChannelMember).from_select(["workspace_id", "channel_id", "slack_user_id"], person)
    return kept.on_conflict_do_nothing().cte("seen")
