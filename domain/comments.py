"""Comments: what people say about an incident, in its thread or elsewhere.

A reply in the thread is one comment, whatever Slack delivers again, late or out of order: it is
known by its channel and ts. Its edits and its deletion may arrive before it does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import text as text_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import db, incidents, outbox, policy, text
from domain.db import Base
from domain.errors import InvalidInput
from domain.incidents import Incident, Target
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.users import User


class Comment(Base):
    """One person's words; a deleted one stays as a tombstone without them."""

    __tablename__ = "comment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    content: Mapped[str]
    files: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    channel_id: Mapped[str | None]
    ts: Mapped[str | None]
    is_ours: Mapped[bool] = mapped_column(server_default="false")
    """Whether the message that shows it is the bot's, and not the person's own."""

    __table_args__ = (
        UniqueConstraint("workspace_id", "channel_id", "ts"),
        Index("ix_comment_incident", "incident_id", "created_at"),
        Index(
            "ix_comment_words", text_("to_tsvector('simple', content)"),
            postgresql_using="gin", postgresql_where=text_("deleted_at IS NULL"),
        ),
        Index(
            "ix_comment_letters", "content", postgresql_using="gin", postgresql_ops={"content": "gin_trgm_ops"},
            postgresql_where=text_("deleted_at IS NULL"),
        ),
    )  # fmt: skip


class CommentRevision(Base):
    """What a comment said before an edit."""

    __tablename__ = "comment_revision"

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comment.id"), primary_key=True)
    replaced_at: Mapped[datetime] = mapped_column(primary_key=True)
    content: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A human message in a thread, as Slack tells it now.

    Args:
        edited_at: of its last edit; Slack tells it in whole seconds, so it may be before the reply's own time.
        deleted_at: of its deletion, if that is what is told.
        files: name, type, size and link of each, as words.
    """

    channel_id: str
    thread_ts: str
    ts: str
    content: str
    files: tuple[dict[str, str], ...] = ()
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as it is shown."""

    author: str
    content: str
    files: list[dict[str, str]]
    created_at: datetime
    edited_at: datetime | None


async def hear(session: AsyncSession, incident_id: UUID, reply: Reply, *, by: Actor) -> None:
    """Keep a reply of the incident's thread in the state that Slack tells; harmless to repeat.

    The newest state wins, whatever the order of arrival: an edit or a deletion of a reply that
    has not been heard of keeps it in that state, and a deleted one stays deleted.

    Args:
        by: the reply's author; anybody who can see the channel may reply.
    """
    policy.require(by, Action.REPLY)
    content, files = (text.clean(reply.content), list(reply.files)) if reply.deleted_at is None else ("", [])
    values = {
        "id": uuid4(),
        "workspace_id": by.workspace_id,
        "incident_id": incident_id,
        "author_id": by.id,
        "content": content,
        "files": files,
        "created_at": moment(reply.ts),
        "edited_at": reply.edited_at,
        "deleted_at": reply.deleted_at,
        "channel_id": reply.channel_id,
        "ts": reply.ts,
    }
    added = insert(Comment).values(values).on_conflict_do_nothing(index_elements=["workspace_id", "channel_id", "ts"])
    if await session.scalar(added.returning(Comment.id)) is not None:
        return
    here = _here(by.workspace_id, reply.channel_id, reply.ts)
    if reply.deleted_at is not None:
        await _bury(session, *here, at=reply.deleted_at)
    elif reply.edited_at is not None:
        await _revise(session, *here, content=content, at=reply.edited_at)


async def forget(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> None:
    """A message was deleted in Slack, by whoever Slack let do it; nothing if it was no comment."""
    await _bury(session, *_here(workspace_id, channel_id, ts), at=db.now())


async def say(session: AsyncSession, target: Target, content: str, *, by: Actor) -> Incident:
    """Comment from elsewhere; it is posted in the thread once, in the person's name.

    Raises:
        NotFound, Forbidden: as everywhere.
        InvalidInput: it is empty or too long; field ``comment``.
    """
    incident = await incidents.get(session, target, by=by)
    policy.require(by, Action.COMMENT)
    content = text.body(content, field="comment")
    if not content:
        raise InvalidInput("Nothing was saved: the comment is empty. Write it after the id.", field="comment")
    made = uuid4()
    values = {
        "id": made,
        "workspace_id": by.workspace_id,
        "incident_id": incident.id,
        "author_id": by.id,
        "content": content,
    }
    said = insert(Comment).values(values).cte("said")
    row = outbox.row(Topic.COMMENT_MADE, workspace_id=by.workspace_id, incident_id=incident.id, comment_id=str(made))
    await session.execute(outbox.insertion(session, [row]).add_cte(said))
    return incident


async def to_post(session: AsyncSession, comment_id: UUID) -> Said | None:
    """A comment made elsewhere that is not in the thread yet; None if it is, or is gone."""
    found = await _said(session, Comment.id == comment_id, Comment.ts.is_(None), newest=1)
    return found[0] if found else None


async def posted(session: AsyncSession, comment_id: UUID, *, channel_id: str, ts: str) -> None:
    """The comment is in the thread now, as this message."""
    await session.execute(update(Comment).where(Comment.id == comment_id).values(channel_id=channel_id, ts=ts))


async def latest(session: AsyncSession, incident_id: UUID, *, most: int) -> list[Said]:
    """The last comments, oldest first."""
    return await _said(session, Comment.incident_id == incident_id, newest=most)


async def tally(session: AsyncSession, incident_id: UUID) -> tuple[int, datetime | None]:
    """How many comments there are, and when the last one was made."""
    alive = (Comment.incident_id == incident_id, Comment.deleted_at.is_(None))
    count, last = (await session.execute(select(func.count(), func.max(Comment.created_at)).where(*alive))).one()
    return count, last


def moment(ts: str) -> datetime:
    """When a Slack message was written; its ts stays a text wherever it is an id."""
    return datetime.fromtimestamp(float(ts), UTC)


def _here(workspace_id: str, channel_id: str, ts: str) -> tuple[ColumnElement[bool], ...]:
    return (Comment.workspace_id == workspace_id, Comment.channel_id == channel_id, Comment.ts == ts)


async def _bury(session: AsyncSession, *where: ColumnElement[bool], at: datetime) -> None:
    dead = update(Comment).where(*where, Comment.deleted_at.is_(None)).values(deleted_at=at, content="", files=[])
    gone = dead.returning(Comment.id).cte("gone")
    await session.execute(delete(CommentRevision).where(CommentRevision.comment_id.in_(select(gone.c.id))))


async def _revise(session: AsyncSession, *where: ColumnElement[bool], content: str, at: datetime) -> None:
    is_newer = and_(Comment.deleted_at.is_(None), or_(Comment.edited_at.is_(None), Comment.edited_at <= at))
    old = select(Comment.id, Comment.content).where(*where, is_newer)
    before = old.with_for_update().cte("before")
    revision = insert(CommentRevision).from_select(
        ["comment_id", "replaced_at", "content"],
        select(before.c.id, func.clock_timestamp(), before.c.content).where(before.c.content != content),
    )
    revised = update(Comment).where(Comment.id == before.c.id).values(content=content, edited_at=at)
    await session.execute(revised.add_cte(revision.cte("revision")))


async def _said(session: AsyncSession, *where: ColumnElement[bool], newest: int) -> list[Said]:
    shown = select(User.full_name, Comment.content, Comment.files, Comment.created_at, Comment.edited_at)
    alive = shown.join(User, User.id == Comment.author_id).where(*where, Comment.deleted_at.is_(None))
    rows = (await session.execute(alive.order_by(Comment.created_at.desc(), Comment.id).limit(newest))).all()
    return [Said(*row) for row in reversed(rows)]
