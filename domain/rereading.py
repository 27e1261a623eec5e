"""Reading a thread again: replies that nobody told of, edits and deletions become what they would have become.

What is told is compared part by part, in the order of the thread, so that a reading can stop anywhere and go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKeyConstraint, Index, and_, func, join, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import comments, kept
from domain import text as words
from domain.comments import Comment, Reply
from domain.db import Base
from domain.policy import Action, Actor, allows
from domain.threads import Thread


class ThreadRead(Base):
    """What is known of a thread since it was last read as a whole or from its last known reply on.

    ``latest`` was its newest reply then; ``others`` is how many replies are kept nowhere: other apps', our own posts.
    While ``is_due`` it is being read: ``upto`` is the ts up to which it was; the counts are what was found.
    """

    __tablename__ = "thread_read"

    workspace_id: Mapped[str] = mapped_column(primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str] = mapped_column(primary_key=True)
    latest: Mapped[str | None]
    others: Mapped[int] = mapped_column(server_default="0")
    is_due: Mapped[bool] = mapped_column(server_default="false")
    is_whole: Mapped[bool] = mapped_column(server_default="false")
    upto: Mapped[str | None]
    replies: Mapped[int] = mapped_column(server_default="0")
    edits: Mapped[int] = mapped_column(server_default="0")
    deletions: Mapped[int] = mapped_column(server_default="0")
    read_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "channel_id", "ts"], ["thread.workspace_id", "thread.channel_id", "thread.ts"],
            name="fk_thread_read_thread", ondelete="CASCADE",
        ),
        Index("ix_thread_read_due", "workspace_id", "channel_id", postgresql_where=text("is_due")),
    )  # fmt: skip


_THREAD = and_(
    ThreadRead.workspace_id == Thread.workspace_id,
    ThreadRead.channel_id == Thread.channel_id,
    ThreadRead.ts == Thread.ts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A thread that is being read.

    Args:
        upto: it was read up to this ts; None from the beginning.
        expected: ts of the comments after that, as they are known before Slack is asked.
    """

    channel_id: str
    ts: str
    incident_id: UUID
    is_whole: bool
    upto: str | None
    expected: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What Slack told of a thread: everything from where the reading stands on, up to the last of ``tss``.

    Args:
        tss: of all replies, in order.
        replies: what people said, each with its author.
        reply_count, latest_reply: of the whole thread, as its root says.
        has_more: later replies follow.
    """

    tss: Sequence[str]
    replies: Sequence[tuple[Reply, Actor]]
    reply_count: int
    latest_reply: str | None
    has_more: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What nobody had told of, in so many threads."""

    replies: int = 0
    edits: int = 0
    deletions: int = 0
    threads: int = 1


async def plan(session: AsyncSession, workspace_id: str, places: Sequence[tuple[str, str]], *, is_whole: bool) -> None:
    """Have these threads read; what is being read as a whole goes on.

    Args:
        is_whole: from the beginning, and not only from the last known reply on.
    """
    if not places:
        return
    began: dict[str, Any] = {"is_due": True, "is_whole": is_whole, "replies": 0, "edits": 0, "deletions": 0}
    rows = [{"workspace_id": workspace_id, "channel_id": channel, "ts": ts, **began} for channel, ts in places]
    again = {**began, "upto": None if is_whole else ThreadRead.latest, "others": 0 if is_whole else ThreadRead.others}
    new = insert(ThreadRead).values(rows)
    goes_on = and_(ThreadRead.is_due, ThreadRead.is_whole)
    await session.execute(
        new.on_conflict_do_update(index_elements=["workspace_id", "channel_id", "ts"], set_=again, where=~goes_on)
    )


async def begin(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> Reading | None:
    """Where the reading of a thread stands; None if it is not to be read any more."""
    here = _here(workspace_id, channel_id, ts)
    wanted = select(ThreadRead.is_whole, ThreadRead.upto, Thread.incident_id).join(Thread, _THREAD)
    stand = (await session.execute(wanted.where(*here, ThreadRead.is_due))).one_or_none()
    if stand is None:
        return None
    said = (Comment.incident_id == stand.incident_id, Comment.channel_id == channel_id, Comment.thread_ts == ts)
    alive = select(Comment.ts).where(*said, Comment.deleted_at.is_(None), Comment.ts > (stand.upto or ts))
    expected = frozenset(found for found in await session.scalars(alive) if found)
    place: dict[str, Any] = {"channel_id": channel_id, "ts": ts, "incident_id": stand.incident_id}
    return Reading(**place, is_whole=stand.is_whole, upto=stand.upto, expected=expected)


async def keep(session: AsyncSession, workspace_id: str, reading: Reading, part: Part) -> bool:
    """Make the record what this part of the thread says; whether the thread is read.

    Nothing if somebody else read this part meanwhile.
    """
    here = _here(workspace_id, reading.channel_id, reading.ts)
    stands = (ThreadRead.is_due, ThreadRead.upto.is_not_distinct_from(reading.upto))
    locked = select(ThreadRead.others).where(*here, *stands).with_for_update()
    others = await session.scalar(locked)
    if others is None:
        return False
    known = await _known(session, workspace_id, reading, part)
    found = await _heard(session, reading, part, known)
    end = part.tss[-1] if part.tss else reading.upto or reading.ts
    gone = {ts for ts in reading.expected - set(part.tss) if not part.has_more or ts <= end}
    for ts in gone:
        await comments.forget(session, workspace_id, reading.channel_id, ts)
    counted = {
        "replies": ThreadRead.replies + found.replies,
        "edits": ThreadRead.edits + found.edits,
        "deletions": ThreadRead.deletions + len(gone),
    }
    await session.execute(update(ThreadRead).where(*here).values(**counted))
    others += await _unkept(session, workspace_id, reading, part)
    if part.has_more:
        await session.execute(update(ThreadRead).where(*here).values(upto=end, others=others))
        return False
    return await _settle(session, workspace_id, reading, part, others)


async def leave(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> None:
    """Slack does not tell this thread: it stays as it is known."""
    await session.execute(update(ThreadRead).where(*_here(workspace_id, channel_id, ts)).values(is_due=False))


async def leave_all(session: AsyncSession, workspace_id: str, channel_id: str) -> None:
    """Slack does not tell this channel; what is to be read there shows when it does again."""
    here = (ThreadRead.workspace_id == workspace_id, ThreadRead.channel_id == channel_id)
    await session.execute(update(ThreadRead).where(*here).values(is_due=False))


async def next_of(session: AsyncSession, incident_id: UUID | None) -> tuple[str, str] | None:
    """Channel and ts of a thread of the incident that is to be read, if any."""
    due = select(ThreadRead.channel_id, ThreadRead.ts).join(Thread, _THREAD)
    newest = due.where(Thread.incident_id == incident_id, ThreadRead.is_due).order_by(ThreadRead.ts.desc())
    row = (await session.execute(newest.limit(1))).one_or_none()
    return None if row is None else (row.channel_id, row.ts)


async def found(session: AsyncSession, workspace_id: str, *, since: datetime, incident_id: UUID | None = None) -> Found:
    """What was found in the threads of the incident, or of all incidents, that were read since then."""
    read = [ThreadRead.workspace_id == workspace_id, ThreadRead.read_at >= since]
    if incident_id is not None:
        read.append(Thread.incident_id == incident_id)
    sums = [func.coalesce(func.sum(n), 0) for n in (ThreadRead.replies, ThreadRead.edits, ThreadRead.deletions)]
    counted = select(*sums, func.count()).select_from(join(ThreadRead, Thread, _THREAD)).where(*read)
    replies, edits, deletions, threads = map(int, (await session.execute(counted)).one())
    return Found(replies, edits, deletions, threads)


async def _settle(session: AsyncSession, workspace_id: str, reading: Reading, part: Part, others: int) -> bool:
    """The end of the thread was reached; a reading that does not add up begins anew from the top."""
    here = _here(workspace_id, reading.channel_id, reading.ts)
    place = {reading.ts: reading.incident_id}
    known = (await kept.counts(session, workspace_id, reading.channel_id, place))[reading.ts]
    is_settled = reading.is_whole or part.reply_count == others + known
    ended = {"is_due": False, "latest": part.latest_reply, "others": part.reply_count - known, "read_at": func.now()}
    anew = {"is_whole": True, "upto": None, "others": 0}
    await session.execute(update(ThreadRead).where(*here).values(ended if is_settled else anew))
    return is_settled


async def _known(session: AsyncSession, workspace_id: str, reading: Reading, part: Part) -> Mapping[str, Any]:
    shown = (Comment.ts, Comment.incident_id, Comment.content, Comment.edited_at, Comment.deleted_at)
    here = (Comment.workspace_id == workspace_id, Comment.channel_id == reading.channel_id, Comment.ts.in_(part.tss))
    strays = (*here, Comment.incident_id == reading.incident_id, Comment.thread_ts.is_(None))
    await session.execute(update(Comment).where(*strays).values(thread_ts=reading.ts))
    return {str(row.ts): row for row in await session.execute(select(*shown).where(*here))}


async def _heard(session: AsyncSession, reading: Reading, part: Part, known: Mapping[str, Any]) -> Found:
    """What people wrote and edited; what may not be kept, and what is another incident's, is left out."""
    replies = edits = 0
    for reply, author in part.replies:
        if not allows(author, Action.REPLY):
            continue
        before = known.get(reply.ts)
        if before is None:
            await comments.hear(session, reading.incident_id, reply, by=author)
            replies += 1
        elif _is_edit(before, reading, reply):
            await comments.hear(session, reading.incident_id, reply, by=author)
            edits += 1
    return Found(replies, edits)


def _is_edit(before: Any, reading: Reading, reply: Reply) -> bool:
    if reply.edited_at is None or before.deleted_at is not None or before.incident_id != reading.incident_id:
        return False
    is_newer: bool = before.edited_at is None or before.edited_at <= reply.edited_at
    return is_newer and before.content != words.clean(reply.content)


async def _unkept(session: AsyncSession, workspace_id: str, reading: Reading, part: Part) -> int:
    """How many of these replies are neither comments of this thread nor lines."""
    alive = (Comment.thread_ts == reading.ts, Comment.deleted_at.is_(None), Comment.ts.in_(part.tss))
    here = (Comment.incident_id == reading.incident_id, Comment.channel_id == reading.channel_id)
    said = set(await session.scalars(select(Comment.ts).where(*here, *alive)))
    lines = await kept.lines(session, workspace_id, reading.channel_id, reading.ts)
    return len(set(part.tss) - said - lines)


def _here(workspace_id: str, channel_id: str, ts: str) -> tuple[ColumnElement[bool], ...]:
    return (ThreadRead.workspace_id == workspace_id, ThreadRead.channel_id == channel_id, ThreadRead.ts == ts)
