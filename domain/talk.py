"""What was said about an incident, as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import comments, db
from domain.comments import Comment, CommentRevision
from domain.db import Written
from domain.incidents import Incident
from domain.policy import Actor, Standing
from domain.users import SlackProfile, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a comment said until it was edited."""

    content: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A comment as it is shown, with its author as a person of this workspace or of another."""

    id: UUID
    author_id: UUID
    author: str
    standing: Standing
    content: str
    files: list[dict[str, str]]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    channel_id: str | None
    ts: str | None
    is_ours: bool
    earlier: tuple[Earlier, ...] = ()

    @property
    def owner_id(self) -> UUID:
        """Whose it is, for the policy."""
        return self.author_id

    @property
    def assignee_id(self) -> None:
        """Nobody works on a comment."""

    @property
    def mark(self) -> str:
        """What is said of an author who is no member."""
        return {Standing.EXTERNAL: " (external)", Standing.GUEST: " (guest)"}.get(self.standing, "")


async def get(session: AsyncSession, comment_id: UUID | None, *, by: Actor) -> Said:
    """One comment to be shown to ``by``; raises NotFound like edit."""
    found = await _said(session, Comment.id == comment_id, comments.visible_to(by), newest=1)
    if not found:
        raise comments.not_found()
    return found[0]


async def to_post(session: AsyncSession, comment_id: UUID) -> Said | None:
    """A comment made elsewhere that is not in the thread yet; None if it is, or is gone."""
    found = await _said(session, Comment.id == comment_id, Comment.ts.is_(None), newest=1)
    return found[0] if found else None


async def one(session: AsyncSession, comment_id: UUID) -> Said | None:
    """A comment for a delivery; None once it is deleted."""
    found = await _said(session, Comment.id == comment_id, newest=1)
    return found[0] if found else None


async def tombstone(session: AsyncSession, comment_id: UUID) -> tuple[str, str | None, str | None]:
    """Whose a deleted comment was, and the message that shows it: name, channel, ts."""
    wanted = select(User.full_name, Comment.channel_id, Comment.ts).join(User, User.id == Comment.author_id)
    name, channel_id, ts = (await session.execute(wanted.where(Comment.id == comment_id))).one()
    return name, channel_id, ts


async def some(session: AsyncSession, comment_ids: Sequence[UUID]) -> list[Said]:
    """These comments, oldest first, without those that were deleted."""
    return await _said(session, Comment.id.in_(comment_ids), newest=None)


async def latest(session: AsyncSession, incident_id: UUID, *, most: int) -> list[Said]:
    """The last comments, oldest first."""
    return await _said(session, Comment.incident_id == incident_id, newest=most)


async def page(session: AsyncSession, incident_id: UUID, *, start: int, most: int) -> tuple[list[Said], int]:
    """Up to ``most`` comments from the ``start``-th on, oldest first, and how many there are."""
    count, _ = await tally(session, incident_id)
    said = await _said(session, Comment.incident_id == incident_id, newest=max(count - start, 0))
    return said[:most], count


async def whole(session: AsyncSession, incident_id: UUID) -> list[Said]:
    """Every comment, oldest first, with its earlier versions; of a deleted one only that it was."""
    said = await _said(session, Comment.incident_id == incident_id, newest=None, deleted=True)
    of_incident = select(CommentRevision).join(Comment, Comment.id == CommentRevision.comment_id)
    ordered = of_incident.where(Comment.incident_id == incident_id).order_by(CommentRevision.replaced_at)
    earlier: dict[UUID, list[Earlier]] = {}
    for revision in await session.scalars(ordered):
        was = Earlier(content=revision.content, replaced_at=revision.replaced_at)
        earlier.setdefault(revision.comment_id, []).append(was)
    return [replace(comment, earlier=tuple(earlier.get(comment.id, ()))) for comment in said]


_TALLY = Written(
    "SELECT count(*) AS count, max(created_at) AS last FROM comment"
    " WHERE incident_id = %(incident_id)s AND deleted_at IS NULL"
)


async def tally(session: AsyncSession, incident_id: UUID) -> tuple[int, datetime | None]:
    """How many comments there are, and when the last one was made."""
    [row] = await db.run(session, _TALLY, {"incident_id": incident_id})
    return row.count, row.last


async def _said(
    session: AsyncSession, *where: ColumnElement[bool], newest: int | None, deleted: bool = False
) -> list[Said]:
    shown = select(Comment, User.full_name, SlackProfile.standing).join(User, User.id == Comment.author_id)
    found = shown.outerjoin(SlackProfile, SlackProfile.user_id == User.id).where(*where)
    if not deleted:
        found = found.where(Comment.deleted_at.is_(None))
    rows = (await session.execute(found.order_by(Comment.created_at.desc(), Comment.id).limit(newest))).all()
    return [
        Said(
            id=comment.id,
            author_id=comment.author_id,
            author=name,
            standing=Standing(standing or Standing.MEMBER),
            content=comment.content,
            files=comment.files,
            created_at=comment.created_at,
            edited_at=comment.edited_at,
            deleted_at=comment.deleted_at,
            channel_id=comment.channel_id,
            ts=comment.ts,
            is_ours=comment.is_ours,
        )
        for comment, name, standing in reversed(rows)
    ]


def last_word() -> ColumnElement[datetime]:
    """Part of a statement that has incidents: when each was last changed or commented on."""
    said = select(func.max(Comment.created_at)).where(Comment.incident_id == Incident.id, Comment.deleted_at.is_(None))
    return func.greatest(Incident.updated_at, said.scalar_subquery())
