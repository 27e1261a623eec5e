"""The incidents that somebody most likely means, where one is to be chosen."""

from sqlalchemy import Subquery, case, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from domain import listing
from domain.incidents import Incident, Status, in_workspace, visible_to
from domain.policy import Actor

LATE = 50
"""So many of the resolved ones are offered."""


async def likely(session: AsyncSession, *, by: Actor, statuses: tuple[Status, ...], most: int = 5) -> list[Incident]:
    """The incidents that ``by`` most likely means: of this channel, then the own, then the newest change."""
    near = _candidates(by, most, statuses)
    query = select(Incident).join(near, near.c.id == Incident.id).order_by(near.c.nearness, near.c.updated_at.desc())
    return list(await session.scalars(query.limit(most)))


def _candidates(by: Actor, most: int, statuses: tuple[Status, ...]) -> Subquery:
    """Enough to choose from: the likeliest unresolved ones, and of the many that were ever resolved, the latest."""
    is_own = or_(Incident.assignee_id == by.id, Incident.owner_id == by.id)
    nearness = case((Incident.channel_id == by.channel_id, 0), (is_own, 1), else_=2).label("nearness")
    seen = select(Incident.id, nearness, Incident.updated_at).where(in_workspace(by), visible_to(by))
    unresolved = seen.where(Incident.status != Status.RESOLVED, *listing.of_status(statuses))
    likeliest = unresolved.order_by(nearness, Incident.updated_at.desc()).limit(most)
    late = seen.where(Incident.resolved_at.is_not(None)).order_by(Incident.resolved_at.desc()).limit(LATE)
    return union_all(likeliest, late).subquery() if Status.RESOLVED in statuses else likeliest.subquery()
