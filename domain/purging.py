"""What was deleted goes for good after its time, a few at a time, with everything that belongs to it.

The number is never given again. What stays is the audit, which holds no words of the incident.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.comments import Comment, CommentRevision
from domain.deletion import KEPT
from domain.digest_rows import DigestRow
from domain.incidents import Incident
from domain.outbox import OutboxMessage
from domain.threads import Thread
from domain.timeline import Entry, What

AT_ONCE: Final = 50
"""Incidents in one transaction, with all their comments."""
WITHIN: Final = "30s"
"""Nobody waits for it, so a statement may take longer than where Slack does."""


async def tick(session: AsyncSession, workspace_id: str, now: datetime, *, most: int = AT_ONCE) -> int:
    """Purge up to ``most`` incidents that were deleted long enough ago, and what was given up as long ago.

    Returns:
        How many incidents; as many as ``most`` if there may be more.
    """
    await session.execute(text(f"SET LOCAL statement_timeout = '{WITHIN}'"))
    old = (OutboxMessage.workspace_id == workspace_id, OutboxMessage.gave_up_at < now - KEPT)
    await session.execute(delete(OutboxMessage).where(*old))
    found = await _due(session, workspace_id, now, most)
    if found:
        await _purge(session, found)
    return len(found)


async def _due(session: AsyncSession, workspace_id: str, now: datetime, most: int) -> Sequence[UUID]:
    """By the history, which has an index for it; whatever another process has in hand is left to it."""
    deleted = (Entry.workspace_id == workspace_id, Entry.what == What.DELETED, Entry.at < now - KEPT)
    wanted = (
        select(Incident.id)
        .where(Incident.id.in_(select(Entry.incident_id).where(*deleted)), Incident.deleted_at < now - KEPT)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(wanted)).all()


async def _purge(session: AsyncSession, ids: Sequence[UUID]) -> None:
    theirs = select(Comment.id).where(Comment.incident_id.in_(ids))
    for statement in (
        delete(OutboxMessage).where(OutboxMessage.incident_id.in_(ids)),
        delete(CommentRevision).where(CommentRevision.comment_id.in_(theirs)),
        delete(Comment).where(Comment.incident_id.in_(ids)),
        delete(DigestRow).where(DigestRow.incident_id.in_(ids)),
        delete(Thread).where(Thread.incident_id.in_(ids)),
        delete(Entry).where(Entry.incident_id.in_(ids)),
        delete(Incident).where(Incident.id.in_(ids)),
    ):
        await session.execute(statement, execution_options={"synchronize_session": False})
