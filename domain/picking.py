"""The incidents that somebody most likely means, where one is to be chosen."""

from uuid import UUID

from sqlalchemy import CompoundSelect, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import listing
from domain.incidents import Incident, Status, in_workspace, visible_to
from domain.policy import Actor

LATE = 50
"""So many of the resolved ones are offered."""


async def likely(session: AsyncSession, *, by: Actor, statuses: tuple[Status, ...], most: int = 5) -> list[Incident]:
    """The incidents that ``by`` most likely means: of this channel, then the own, then the newest change."""
    nearness = case(
        (Incident.channel_id == by.channel_id, 0),
        (or_(Incident.assignee_id == by.id, Incident.owner_id == by.id), 1),
        else_=2,
    )
    query = select(Incident).where(in_workspace(by), visible_to(by), *listing.of_status(statuses))
    if Status.RESOLVED in statuses:
        query = query.where(Incident.id.in_(_unresolved_or_late(by)))
    return list(await session.scalars(query.order_by(nearness, Incident.updated_at.desc()).limit(most)))


def _unresolved_or_late(by: Actor) -> CompoundSelect[UUID]:
    """What somebody may mean; of the many that were ever resolved, the latest."""
    here = (Incident.workspace_id == by.workspace_id, Incident.deleted_at.is_(None))
    unresolved = select(Incident.id).where(*here, Incident.status != Status.RESOLVED)
    resolved = select(Incident.id).where(*here, visible_to(by), Incident.resolved_at.is_not(None))
    late = resolved.order_by(Incident.resolved_at.desc()).limit(LATE).subquery()
    return unresolved.union_all(select(late.c.id))
