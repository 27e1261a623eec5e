"""Deleting an incident, which keeps it for 30 days, and restoring it."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain import audit, changes, db, incidents, policy
from domain.audit import Deed
from domain.errors import AlreadyDone
from domain.incidents import Incident, Target
from domain.policy import Action, Actor
from domain.timeline import Change, What

KEPT = timedelta(days=30)


async def delete(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """Take it out of every list; its card becomes one line, its thread stays.

    Raises:
        NotFound, Forbidden, Conflict: as in every change; only its owner and superusers may.
    """
    incident = await incidents.locked(session, target, by=by)
    policy.require(by, Action.DELETE, incident)
    await changes.require_version(session, incident, target, "Not deleted", by=by)
    incident.deleted_at = db.now()
    await audit.power(session, Deed.INCIDENT_DELETED, Action.DELETE, incident, incident_id=incident.id, by=by)
    return await changes.record(session, incident, [Change(What.DELETED)], by=by)


async def to_delete(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, if ``by`` could delete it now; raises like delete and changes nothing."""
    incident = await incidents.get(session, target, by=by)
    policy.require(by, Action.DELETE, incident)
    await changes.require_version(session, incident, target, "Not deleted", by=by)
    return incident


async def restore(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """Bring a deleted incident back as it was; only superusers may.

    Raises:
        AlreadyDone: it is not deleted.
    """
    policy.require(by, Action.RESTORE)
    incident = await incidents.locked_or_deleted(session, target, by=by)
    if incident.deleted_at is None:
        raise AlreadyDone(f"Nothing to do: {incident.ref} is not deleted. It is {incident.status.label}.")
    incident.deleted_at = None
    await audit.power(session, Deed.INCIDENT_RESTORED, Action.RESTORE, incident, incident_id=incident.id, by=by)
    return await changes.record(session, incident, [Change(What.RESTORED)], by=by)
