"""The steps of an incident's life; README draws them.

Each step finds and locks the incident, asks the policy, checks the state and the version that the
person saw, changes the row and records it. All raise NotFound, Forbidden and Conflict as
``resolve`` says.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain import assignment, changes, db, incidents, policy, text
from domain.errors import InvalidInput
from domain.incidents import Incident, Status, Target
from domain.policy import Action, Actor
from domain.timeline import Change, What

CLOCK_SKEW = timedelta(minutes=2)
"""A person's clock may be ahead of ours by this much."""


async def take(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """Assign it to oneself and start it; takes an incident over from its assignee, too."""
    incident = await incidents.locked(session, target, by=by)
    policy.require(by, Action.TAKE)
    if incident.status is Status.IN_PROGRESS and incident.assignee_id == by.id:
        await changes.already(session, incident, What.ASSIGNED, by=by)
    if incident.status is Status.RESOLVED:
        await changes.conflict(session, incident, "Not taken", by=by)
    await changes.require_version(session, incident, target, "Not taken", by=by)
    steps = []
    if incident.assignee_id != by.id:
        steps.append(Change(What.ASSIGNED, old=assignment.name_of(incident), new=by.name))
        incident.assignee_id = by.id
    if incident.status is Status.OPEN:
        steps.append(_move(incident, What.STARTED, Status.IN_PROGRESS))
    return await changes.record(session, incident, steps, by=by)


async def start(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """From open to in progress, whoever it is assigned to."""
    incident = await incidents.locked(session, target, by=by)
    policy.require(by, Action.START)
    if incident.status is Status.IN_PROGRESS:
        await changes.already(session, incident, What.STARTED, What.REOPENED, by=by)
    if incident.status is Status.RESOLVED:
        await changes.conflict(session, incident, "Not started", by=by)
    await changes.require_version(session, incident, target, "Not started", by=by)
    return await changes.record(session, incident, [_move(incident, What.STARTED, Status.IN_PROGRESS)], by=by)


async def revert(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """From in progress back to open; the assignee stays."""
    incident = await incidents.locked(session, target, by=by)
    policy.require(by, Action.REVERT)
    if incident.status is Status.OPEN:
        await changes.already(session, incident, What.REVERTED, What.CREATED, by=by)
    if incident.status is Status.RESOLVED:
        await changes.conflict(session, incident, "Not put back", by=by)
    await changes.require_version(session, incident, target, "Not put back", by=by)
    return await changes.record(session, incident, [_move(incident, What.REVERTED, Status.OPEN)], by=by)


async def resolve(
    session: AsyncSession, target: Target, *, note: str = "", at: datetime | None = None, by: Actor
) -> Incident:
    """End an incident; the history of one that nobody had started shows its start, too.

    Args:
        target: a version in it means that the person decided by what they saw then.
        note: how it was solved, as ``text.body`` allows it.
        at: if it was solved some time ago, but after it was opened.

    Raises:
        NotFound, Forbidden: as everywhere.
        InvalidInput: on ``note`` or ``at``.
        AlreadyDone: somebody was first, whom it names.
        Conflict: what the person saw is out of date; it names what is new.
    """
    incident = await incidents.locked(session, target, by=by)
    await _check_resolve(session, incident, target, by=by)
    fixed_at = _fixed_at(incident, at, by=by)
    note = text.body(note, field="note")
    steps = []
    if incident.status is Status.OPEN:
        steps.append(_move(incident, What.STARTED, Status.IN_PROGRESS))
    steps.append(_move(incident, What.RESOLVED, Status.RESOLVED))
    incident.resolved_at, incident.resolution = fixed_at, note
    return await changes.record(session, incident, steps, by=by, note=note)


async def reopen(session: AsyncSession, target: Target, *, note: str = "", by: Actor) -> Incident:
    """From resolved to in progress; the time and the note of the resolution leave the card."""
    incident = await incidents.locked(session, target, by=by)
    await _check_reopen(session, incident, target, by=by)
    change = _move(incident, What.REOPENED, Status.IN_PROGRESS)
    incident.resolved_at, incident.resolution = None, ""
    return await changes.record(session, incident, [change], by=by, note=text.body(note, field="note"))


async def to_resolve(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, if ``by`` could resolve it now; raises like resolve and changes nothing."""
    incident = await incidents.get(session, target, by=by)
    await _check_resolve(session, incident, target, by=by)
    return incident


async def to_reopen(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, if ``by`` could reopen it now; raises like reopen and changes nothing."""
    incident = await incidents.get(session, target, by=by)
    await _check_reopen(session, incident, target, by=by)
    return incident


async def _check_resolve(session: AsyncSession, incident: Incident, target: Target, *, by: Actor) -> None:
    policy.require(by, Action.RESOLVE)
    if incident.status is Status.RESOLVED:
        await changes.already(session, incident, What.RESOLVED, by=by)
    await changes.require_version(session, incident, target, "Not resolved", by=by)


async def _check_reopen(session: AsyncSession, incident: Incident, target: Target, *, by: Actor) -> None:
    policy.require(by, Action.REOPEN)
    if incident.status is not Status.RESOLVED:
        await changes.already(session, incident, What.REOPENED, What.STARTED, What.REVERTED, What.CREATED, by=by)
    await changes.require_version(session, incident, target, "Not reopened", by=by)


def _move(incident: Incident, what: What, to: Status) -> Change:
    change = Change(what, old=incident.status.label, new=to.label)
    incident.status = to
    return change


def _fixed_at(incident: Incident, at: datetime | None, *, by: Actor) -> datetime:
    now = db.now()
    if at is None:
        return now
    if at > now + CLOCK_SKEW:
        raise InvalidInput("Not resolved: this time is in the future. Choose now or earlier.", field="fixed_at")
    if at < incident.created_at.replace(second=0, microsecond=0):
        opened = by.clock(incident.created_at)
        raise InvalidInput(
            f"Not resolved: {incident.ref} was opened at {opened}. Choose a later time.", field="fixed_at"
        )
    return min(max(at, incident.created_at), now)
