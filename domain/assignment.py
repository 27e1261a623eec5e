"""Who works on an incident."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain import assignees, changes, incidents, policy
from domain.errors import AlreadyDone
from domain.incidents import Incident, Status, Target
from domain.policy import Action, Actor
from domain.timeline import Change, What


async def assign(session: AsyncSession, target: Target, slack_user_id: str | None, *, by: Actor) -> Incident:
    """Give it to a member, who is told; no id takes it from whoever has it. The status stays.

    Raises:
        NotFound, Forbidden, Conflict: as in every change; a resolved incident is reopened first.
        InvalidInput: on the field ``assignee``: a guest, an app, somebody deactivated, external or unknown.
        AlreadyDone: it is theirs already, or nobody's.
    """
    incident = await incidents.locked(session, target, by=by)
    policy.require(by, Action.ASSIGN)
    await changes.require_version(session, incident, target, "Not assigned", by=by)
    change = await change_of(session, incident, slack_user_id, by=by)
    if change is None:
        if incident.assignee_id is None:
            raise AlreadyDone(f"Nothing to do: {incident.ref} is assigned to nobody. It is {incident.status.label}.")
        await changes.already(session, incident, What.ASSIGNED, by=by)
    return await changes.record(session, incident, [change], by=by)


async def to_assign(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident with its people, if ``by`` could assign it now; raises like assign and changes nothing."""
    incident = await incidents.get(session, target, by=by)
    policy.require(by, Action.ASSIGN)
    if incident.status is Status.RESOLVED:
        await changes.conflict(session, incident, "Not assigned", by=by)
    await changes.require_version(session, incident, target, "Not assigned", by=by)
    return incident


async def change_of(
    session: AsyncSession, incident: Incident, slack_user_id: str | None, *, by: Actor
) -> Change | None:
    """Set a locked incident's assignee; None if that is who has it. The caller records it."""
    person = await assignees.assignable(session, slack_user_id, by=by)
    if (person.id if person else None) == incident.assignee_id:
        return None
    if incident.status is Status.RESOLVED:
        await changes.conflict(session, incident, "Not assigned", by=by)
    before = name_of(incident)
    incident.assignee_id = person.id if person else None
    return Change(What.ASSIGNED, old=before, new=person.name if person else "")


def name_of(incident: Incident) -> str:
    """The name of a locked incident's assignee, "" for nobody."""
    return incident.assignee.full_name if incident.assignee else ""
