"""Replies that are there before the card they belong to is noted: kept until its thread is known."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, and_, delete, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import comments, db, policy, text, threads
from domain.db import Base
from domain.incidents import Incident
from domain.policy import Actor

KEPT = timedelta(days=1)
"""A reply under a message that never becomes a card is forgotten after this."""


class EarlyReply(Base):
    """A reply under a card that Slack shows already, but whose post is not yet noted here."""

    __tablename__ = "early_reply"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str] = mapped_column(primary_key=True)
    thread_ts: Mapped[str]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    content: Mapped[str]
    files: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    heard_at: Mapped[datetime] = mapped_column(server_default=func.now())


async def keep(session: AsyncSession, reply: comments.Reply, *, by: Actor) -> None:
    """Keep a reply to one of our messages, if it may be a card whose post is not yet noted.

    A card that was noted a moment ago has it as a comment at once.
    """
    policy.require(by, policy.Action.REPLY)
    await meet(session, by.workspace_id, reply.channel_id)
    noted = await threads.incident_of(session, by.workspace_id, reply.channel_id, reply.thread_ts)
    if noted is not None:
        await comments.hear(session, noted, reply, by=by)
        return
    is_awaited = exists().where(
        Incident.workspace_id == by.workspace_id,
        Incident.channel_id == reply.channel_id,
        Incident.card_ts.is_(None),
        Incident.deleted_at.is_(None),
    )
    values: dict[str, Any] = {
        "workspace_id": literal(by.workspace_id),
        "channel_id": literal(reply.channel_id),
        "ts": literal(reply.ts),
        "thread_ts": literal(reply.thread_ts),
        "author_id": literal(by.id),
        "content": literal(text.clean(reply.content)),
        "files": literal(list(reply.files), JSONB),
        "created_at": literal(db.moment(reply.ts)),
        "edited_at": literal(reply.edited_at, DateTime(timezone=True)),
    }
    early = insert(EarlyReply).from_select(list(values), select(*values.values()).where(is_awaited))
    newer = {"content": early.excluded.content, "edited_at": early.excluded.edited_at}
    await session.execute(
        early.on_conflict_do_update(
            index_elements=["workspace_id", "channel_id", "ts"],
            set_=newer,
            where=or_(EarlyReply.edited_at.is_(None), EarlyReply.edited_at <= early.excluded.edited_at),
        )
    )


async def meet(session: AsyncSession, workspace_id: str, channel_id: str) -> None:
    """Until the commit, no early reply is kept in the channel and no card is noted there by anybody else."""
    await db.lock(session, f"early:{workspace_id}:{channel_id}")


async def adopt(session: AsyncSession, incident: Incident, *, thread_ts: str) -> None:
    """The card's thread is known now: its early replies become comments, others a day old are dropped."""
    is_here = and_(
        EarlyReply.workspace_id == incident.workspace_id,
        EarlyReply.channel_id == incident.channel_id,
        EarlyReply.thread_ts == thread_ts,
    )
    is_stale = EarlyReply.heard_at < db.now() - KEPT
    taken = delete(EarlyReply).where(or_(is_here, is_stale)).returning(EarlyReply.__table__).cte("taken")
    kept = ("workspace_id", "author_id", "content", "files", "created_at", "edited_at", "channel_id", "ts", "thread_ts")
    is_ours = and_(
        taken.c.workspace_id == incident.workspace_id,
        taken.c.channel_id == incident.channel_id,
        taken.c.thread_ts == thread_ts,
    )
    replies = select(func.gen_random_uuid(), literal(incident.id), *(taken.c[name] for name in kept))
    adopted = insert(comments.Comment).from_select(["id", "incident_id", *kept], replies.where(is_ours))
    await session.execute(adopted.on_conflict_do_nothing())


async def forget(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> None:
    """The reply was deleted in Slack; nothing if none is kept."""
    here = (EarlyReply.workspace_id == workspace_id, EarlyReply.channel_id == channel_id, EarlyReply.ts == ts)
    await session.execute(delete(EarlyReply).where(*here))
