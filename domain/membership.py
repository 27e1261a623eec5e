"""Who is in which private channel, so that its incidents stay among its members."""

from collections.abc import Iterable

from sqlalchemy import CTE, ForeignKey, delete, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base
from domain.workspaces import Channel


class ChannelMember(Base):
    """Somebody is in a private channel; of public ones nothing is kept."""

    __tablename__ = "channel_member"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(primary_key=True)


async def replace(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_ids: Iterable[str]) -> None:
    """These people, and nobody else, are in the channel now."""
    inside = sorted(set(slack_user_ids))
    here = (ChannelMember.workspace_id == workspace_id, ChannelMember.channel_id == channel_id)
    await session.execute(delete(ChannelMember).where(*here, ChannelMember.slack_user_id.not_in(inside)))
    rows = [{"workspace_id": workspace_id, "channel_id": channel_id, "slack_user_id": person} for person in inside]
    if rows:
        await session.execute(insert(ChannelMember).values(rows).on_conflict_do_nothing())


async def join(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_id: str) -> None:
    """The person is in the channel; nothing is kept of public ones."""
    await session.execute(select(literal(1)).add_cte(seen(workspace_id, channel_id, slack_user_id)))


async def leave(session: AsyncSession, workspace_id: str, channel_id: str, slack_user_id: str) -> None:
    """The person is not in the channel any more."""
    here = (ChannelMember.workspace_id == workspace_id, ChannelMember.channel_id == channel_id)
    await session.execute(delete(ChannelMember).where(*here, ChannelMember.slack_user_id == slack_user_id))


def seen(workspace_id: str, channel_id: str, slack_user_id: str) -> CTE:
    """Part of a statement: the person was just seen in the channel; nothing is kept of public ones."""
    here = (Channel.workspace_id == workspace_id, Channel.id == channel_id, Channel.is_private)
    person = select(Channel.workspace_id, Channel.id, literal(slack_user_id)).where(*here)
    kept = insert(ChannelMember).from_select(["workspace_id", "channel_id", "slack_user_id"], person)
    return kept.on_conflict_do_nothing().cte("seen")
