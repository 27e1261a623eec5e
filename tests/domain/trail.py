"""What is written down about an incident."""

from uuid import UUID

from sqlalchemy import select

from domain.db import Begin
from domain.incidents import Incident, Target
from domain.outbox import OutboxMessage
from domain.timeline import Entry
from domain.users import User


async def trail(begin: Begin, incident: Incident | UUID) -> list[tuple[str, str, str, str]]:
    """What, old, new and who, oldest first."""
    wanted = incident.id if isinstance(incident, Incident) else incident
    async with begin() as session:
        query = select(Entry.what, Entry.old, Entry.new, User.full_name).join(User, User.id == Entry.by_user_id)
        rows = await session.execute(query.where(Entry.incident_id == wanted).order_by(Entry.id))
        return [(row.what, row.old, row.new, row.full_name) for row in rows]


async def topics(begin: Begin, incident: Incident) -> set[str]:
    """What waits to be sent about it."""
    async with begin() as session:
        return set(await session.scalars(select(OutboxMessage.topic).where(OutboxMessage.incident_id == incident.id)))


def as_shown(incident: Incident) -> Target:
    """What a button on the card of this version carries."""
    return Target(id=incident.id, version=incident.version)
