"""What a digest says: how much is open, what needs a person, what happened since the last one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import db, listing
from domain.comments import Comment
from domain.incidents import WITH_PEOPLE, Incident
from domain.states import Priority, Status
from domain.timeline import Entry, What
from domain.users import SlackProfile

MOST_OPEN: Final = 10
MOST_NEEDY: Final = 5
SILENT: Final = timedelta(days=2)
"""After so long without a change or a comment an incident needs somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a digest is made of.

    Args:
        unresolved, critical, unassigned: how many are open; all of them, also those that are not listed.
        needy: unassigned, silent for too long, or held by somebody who left; most urgent and oldest first.
        others: the rest of what is open, in the same order.
        needy_count, others_count: how many there are of each in all.
        opened, resolved, reopened: since ``since``.
        median: from opened to resolved, of those resolved since then; None if there are none.
    """

    unresolved: int
    critical: int
    unassigned: int
    needy: Sequence[Incident]
    needy_count: int
    others: Sequence[Incident]
    others_count: int
    since: datetime
    opened: int
    resolved: int
    reopened: int
    median: timedelta | None

    @property
    def is_empty(self) -> bool:
        """Nothing is open, and nothing changed."""
        return not (self.unresolved or self.opened or self.resolved or self.reopened)


async def summary(session: AsyncSession, seen: ColumnElement[bool], *, workspace_id: str, since: datetime) -> Summary:
    """The digest of what may be seen, as it is now.

    Args:
        seen: which incidents the readers may see.
        since: when the last digest was posted.
    """
    here = and_(Incident.workspace_id == workspace_id, Incident.deleted_at.is_(None), seen)
    needs = _needs_somebody(workspace_id)
    is_open = Incident.status != Status.RESOLVED
    counts = select(
        func.count(),
        func.count().filter(Incident.priority == Priority.CRITICAL),
        func.count().filter(Incident.assignee_id.is_(None)),
        func.count().filter(needs),
    ).where(here, is_open)
    unresolved, critical, unassigned, needy_count = (await session.execute(counts)).one()
    opened, resolved, median, reopened = (await session.execute(_since(here, since))).one()
    return Summary(
        unresolved=unresolved,
        critical=critical,
        unassigned=unassigned,
        needy=await _first(session, MOST_NEEDY, here, is_open, needs),
        needy_count=needy_count,
        others=await _first(session, MOST_OPEN, here, is_open, ~needs),
        others_count=unresolved - needy_count,
        since=since,
        opened=opened,
        resolved=resolved,
        reopened=reopened,
        median=median,
    )


async def shown(session: AsyncSession, ids: Sequence[UUID], seen: ColumnElement[bool]) -> dict[UUID, Incident]:
    """The incidents of a digest as they are now, deleted ones too; what may not be seen any more is left out."""
    found = await session.scalars(select(Incident).where(Incident.id.in_(ids), seen).options(*WITH_PEOPLE))
    return {incident.id: incident for incident in found}


def _needs_somebody(workspace_id: str) -> ColumnElement[bool]:
    """As ``listing.is_held`` and ``talk.last_word`` say it, but quick for all that is open."""
    since = db.now() - SILENT
    is_held = Incident.assignee_id.in_(listing.workers(SlackProfile.workspace_id == workspace_id))
    said = (Comment.incident_id == Incident.id, Comment.created_at >= since, Comment.deleted_at.is_(None))
    is_silent = and_(Incident.updated_at < since, ~select(Comment.id).where(*said).exists())
    return or_(~func.coalesce(is_held, false()), is_silent)


async def _first(session: AsyncSession, most: int, *where: ColumnElement[bool]) -> list[Incident]:
    query = select(Incident).where(*where).options(*WITH_PEOPLE).order_by(Incident.priority, Incident.number)
    return list(await session.scalars(query.limit(most)))


def _since(here: ColumnElement[bool], since: datetime) -> Select[Any]:
    is_new, is_resolved = Incident.created_at > since, Incident.resolved_at > since
    took = Incident.resolved_at - Incident.created_at
    median = func.percentile_cont(0.5).within_group(took).filter(is_resolved)
    reopened = (
        select(func.count(Entry.incident_id.distinct()))
        .join(Incident, Incident.id == Entry.incident_id)
        .where(here, Entry.workspace_id == Incident.workspace_id, Entry.what == What.REOPENED, Entry.at > since)
        .scalar_subquery()
    )
    figures = (func.count().filter(is_new), func.count().filter(is_resolved), median, reopened)
    return select(*figures).where(here, or_(is_new, is_resolved))
