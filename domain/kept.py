"""Which of Slack's messages are kept here, and in which thread they stand."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.comments import Comment
from domain.threads import Thread
from domain.timeline import Entry


async def counts(
    session: AsyncSession, workspace_id: str, channel_id: str, threads: Mapping[str, UUID]
) -> dict[str, int]:
    """How many of each thread's replies are kept: comments that were not deleted, and lines of ours.

    Args:
        threads: the incident of each, by ts.
    """
    found = dict.fromkeys(threads, 0)
    incidents = set(threads.values())
    alive = (Comment.incident_id.in_(incidents), Comment.thread_ts.is_not(None), Comment.deleted_at.is_(None))
    here = (Comment.workspace_id == workspace_id, Comment.channel_id == channel_id)
    said = select(Comment.thread_ts, func.count()).where(*here, *alive).group_by(Comment.thread_ts)
    lined = select(Thread.ts, func.count(Entry.line_ts.distinct())).join(Entry, _stands_in(Thread))
    places = (Thread.workspace_id == workspace_id, Thread.channel_id == channel_id, Thread.incident_id.in_(incidents))
    for counted in (said, lined.where(*places).group_by(Thread.ts)):
        for ts, count in await session.execute(counted):
            if ts in found:
                found[ts] += count
    return found


async def among(
    session: AsyncSession,
    workspace_id: str,
    channel_id: str,
    tss: Collection[str],
    *,
    of: Collection[UUID] | None = None,
) -> set[str]:
    """Those of these messages that are cards, comments, deleted ones too, or lines of ours.

    Args:
        of: incidents whose lines they may be; else those of any.
    """
    said = select(Comment.ts).where(Comment.workspace_id == workspace_id, Comment.channel_id == channel_id)
    roots = select(Thread.ts).where(Thread.workspace_id == workspace_id, Thread.channel_id == channel_id)
    lined = select(Entry.line_ts).where(Entry.workspace_id == workspace_id, Entry.line_ts.in_(tss))
    if of is not None:
        lined = lined.where(Entry.incident_id.in_(of))
    known = said.where(Comment.ts.in_(tss)).union(roots.where(Thread.ts.in_(tss)), lined)
    return {ts for ts in await session.scalars(known) if ts}


async def adopt(session: AsyncSession, workspace_id: str, channel_id: str, ts: str, *, like: str) -> None:
    """A second post of a card that people replied to is a thread of the same incident."""
    first = (Thread.workspace_id == workspace_id, Thread.channel_id == channel_id, Thread.ts == like)
    same = select(Thread.workspace_id, Thread.channel_id, literal(ts), Thread.incident_id).where(*first)
    columns = ["workspace_id", "channel_id", "ts", "incident_id"]
    await session.execute(insert(Thread).from_select(columns, same).on_conflict_do_nothing())


async def lines(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> set[str]:
    """Our lines in a thread."""
    here = (Thread.workspace_id == workspace_id, Thread.channel_id == channel_id, Thread.ts == ts)
    found = await session.scalars(select(Entry.line_ts).join(Thread, _stands_in(Thread)).where(*here))
    return {line for line in found if line}


def _stands_in(thread: type[Thread]) -> ColumnElement[bool]:
    """A line stands in the newest thread of its incident that was there before it."""
    later = aliased(Thread)
    is_later = (later.incident_id == thread.incident_id, later.ts > thread.ts, later.ts < Entry.line_ts)
    return and_(Entry.incident_id == thread.incident_id, Entry.line_ts > thread.ts, ~exists().where(*is_later))
