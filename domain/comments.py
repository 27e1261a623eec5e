"""Comments: what people say about an incident, in its thread or elsewhere.

A reply in the thread is one comment, whatever Slack delivers again, late or out of order: it is
known by its channel and ts. Its edits and its deletion may arrive before it does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, and_, delete, func, or_, select, update
from sqlalchemy import text as text_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import audit, db, incidents, outbox, policy, repeats, text
from domain.audit import Deed
from domain.db import Base
from domain.errors import Conflict, InvalidInput, NotFound
from domain.incidents import Incident, Target
from domain.outbox import Topic
from domain.policy import Action, Actor


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
    thread_ts: Mapped[str | None]
    """Of the incident's thread where it stands; None for what was brought from elsewhere."""
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

    @property
    def owner_id(self) -> UUID:
        """Whose it is, for the policy."""
        return self.author_id

    @property
    def assignee_id(self) -> None:
        """Nobody works on a comment."""


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
        "created_at": db.moment(reply.ts),
        "edited_at": reply.edited_at,
        "deleted_at": reply.deleted_at,
        "channel_id": reply.channel_id,
        "ts": reply.ts,
        "thread_ts": reply.thread_ts,
    }
    added = insert(Comment).values(values).on_conflict_do_nothing(index_elements=["workspace_id", "channel_id", "ts"])
    if await session.scalar(added.returning(Comment.id)) is not None:
        return
    here = _here(by.workspace_id, reply.channel_id, reply.ts)
    if reply.deleted_at is not None:
        await _bury(session, *here, at=reply.deleted_at)
    elif reply.edited_at is not None:
        await _revise(session, *here, content=content, at=reply.edited_at)


async def amend(session: AsyncSession, workspace_id: str, reply: Reply) -> None:
    """A message outside of incidents' threads was edited in Slack; nothing if it was never brought as a comment."""
    here, at = _here(workspace_id, reply.channel_id, reply.ts), reply.edited_at or db.now()
    await _revise(session, *here, content=text.clean(reply.content), at=at)


async def forget(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> None:
    """A message was deleted in Slack, by whoever Slack let do it; nothing if it was no comment."""
    await _bury(session, *_here(workspace_id, channel_id, ts), at=db.now())


async def say(
    session: AsyncSession, target: Target, content: str, *, by: Actor, source: str = "", id: UUID | None = None
) -> Incident:
    """Comment from elsewhere; it is posted in the thread once, in the person's name.

    Args:
        id: what it is to have, for who has to name it afterwards.
        source: names the request that made it, so that the same one again says nothing twice.

    Raises:
        NotFound, Forbidden: as everywhere.
        InvalidInput: it is empty or too long; field ``comment``.
        Repeated: the same ``source`` said it already.
    """
    incident = await incidents.get(session, target, by=by)
    policy.require(by, Action.COMMENT)
    content = text.body(content, field="comment")
    if not content:
        raise InvalidInput("Nothing was saved: the comment is empty. Write it after the id.", field="comment")
    await repeats.require_first(session, by.workspace_id, source)
    made = id or uuid4()
    values = {
        "id": made,
        "workspace_id": by.workspace_id,
        "incident_id": incident.id,
        "author_id": by.id,
        "content": content,
        "is_ours": True,
    }
    said = insert(Comment).values(values).cte("said")
    row = outbox.row(Topic.COMMENT_MADE, workspace_id=by.workspace_id, incident_id=incident.id, comment_id=str(made))
    await session.execute(outbox.insertion(session, [row]).add_cte(said))
    return incident


async def edit(session: AsyncSession, comment_id: UUID | None, content: str, *, by: Actor) -> None:
    """Change a comment that was made elsewhere; what it said is kept, and its message follows.

    Raises:
        NotFound: there is none, it is deleted, or ``by`` may not see its incident.
        Forbidden: ``by`` is neither its author nor a superuser.
        Conflict: it is a person's own message, which Slack lets only them edit.
        InvalidInput: it is empty or too long; field ``comment``.
    """
    comment = await to_edit(session, comment_id, by=by)
    content = text.body(content, field="comment")
    if not content:
        raise InvalidInput("Not saved: the comment is empty. Delete it instead, or write something.", field="comment")
    about = comment.incident_id
    await audit.power(session, Deed.COMMENT_EDITED, Action.EDIT_COMMENT, comment, incident_id=about, by=by)
    last = func.greatest(Comment.edited_at, func.now())  # it is locked: this edit is the newest, whatever clocks say
    await _revise(session, Comment.id == comment.id, content=content, at=last)
    await outbox.add(session, _announcement(Topic.COMMENT_EDITED, comment))


async def to_edit(session: AsyncSession, comment_id: UUID | None, *, by: Actor) -> Comment:
    """The comment, locked, if ``by`` could edit it now; raises like edit."""
    comment = await _own(session, comment_id, Action.EDIT_COMMENT, by=by)
    if not comment.is_ours:
        raise Conflict(
            "Nothing was changed: this comment is a message in the thread. Slack lets only its author edit it there; "
            "the record follows."
        )
    return comment


async def remove(session: AsyncSession, comment_id: UUID | None, *, by: Actor) -> None:
    """Delete a comment and all it ever said; its message in the thread follows where Slack allows it.

    Raises:
        NotFound, Forbidden: like edit.
    """
    comment = await _own(session, comment_id, Action.DELETE_COMMENT, by=by)
    about = comment.incident_id
    await audit.power(session, Deed.COMMENT_DELETED, Action.DELETE_COMMENT, comment, incident_id=about, by=by)
    await _bury(session, Comment.id == comment.id, at=db.now())
    await outbox.add(session, _announcement(Topic.COMMENT_DELETED, comment, user=by.slack_user_id))


async def posted(session: AsyncSession, comment_id: UUID, *, channel_id: str, thread_ts: str, ts: str) -> None:
    """The comment is in the thread now, as this message, also if it was deleted meanwhile; the first one counts."""
    here = {"channel_id": channel_id, "thread_ts": thread_ts, "ts": ts}
    await session.execute(update(Comment).where(Comment.id == comment_id, Comment.ts.is_(None)).values(here))


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which comments this person may see: those of incidents that they may see."""
    seen = select(Incident.id).where(incidents.in_workspace(actor), incidents.visible_to(actor))
    return Comment.incident_id.in_(seen)


def not_found() -> NotFound:
    """What to raise where a comment is gone, or hidden from the person."""
    return NotFound("Nothing was changed: there is no such comment, or it was deleted. Look at /incident show.")


async def _own(session: AsyncSession, comment_id: UUID | None, action: Action, *, by: Actor) -> Comment:
    """The comment, locked, if the policy lets ``by`` do this to it."""
    wanted = select(Comment).where(Comment.id == comment_id, Comment.deleted_at.is_(None), visible_to(by))
    comment: Comment | None = await session.scalar(wanted.with_for_update())
    if comment is None:
        raise not_found()
    policy.require(by, action, comment)
    return comment


def _announcement(topic: Topic, comment: Comment, **payload: str) -> dict[str, Any]:
    ids = {"workspace_id": comment.workspace_id, "incident_id": comment.incident_id}
    return outbox.row(topic, **ids, comment_id=str(comment.id), **payload)  # type: ignore[arg-type]


def _here(workspace_id: str, channel_id: str, ts: str) -> tuple[ColumnElement[bool], ...]:
    return (Comment.workspace_id == workspace_id, Comment.channel_id == channel_id, Comment.ts == ts)


async def _bury(session: AsyncSession, *where: ColumnElement[bool], at: datetime) -> None:
    dead = update(Comment).where(*where, Comment.deleted_at.is_(None)).values(deleted_at=at, content="", files=[])
    gone = dead.returning(Comment.id).cte("gone")
    await session.execute(delete(CommentRevision).where(CommentRevision.comment_id.in_(select(gone.c.id))))


async def _revise(
    session: AsyncSession, *where: ColumnElement[bool], content: str, at: datetime | ColumnElement[datetime]
) -> None:
    is_newer = and_(Comment.deleted_at.is_(None), or_(Comment.edited_at.is_(None), Comment.edited_at <= at))
    old = select(Comment.id, Comment.content).where(*where, is_newer)
    before = old.with_for_update().cte("before")
    revision = insert(CommentRevision).from_select(
        ["comment_id", "replaced_at", "content"],
        select(before.c.id, func.clock_timestamp(), before.c.content).where(before.c.content != content),
    )
    revised = update(Comment).where(Comment.id == before.c.id).values(content=content, edited_at=at)
    await session.execute(revised.add_cte(revision.cte("revision")))
