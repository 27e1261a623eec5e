"""What every change of an incident has in common: its record, and the words when it cannot be."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Uuid, bindparam, inspect, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from domain import db, timeline
from domain.db import Overtaken, Written
from domain.errors import AlreadyDone, Conflict, Stale
from domain.incidents import Incident, Status, Target
from domain.outbox import Topic
from domain.policy import Actor
from domain.timeline import Change, Happening, What

UNDOABLE = (
    "title", "description", "status", "priority", "category", "resolved_at", "resolution", "assignee_id", "deleted_at",
)  # fmt: skip
"""The columns that ``undo`` puts back."""

_MEANT = {
    What.CREATED: "opened",
    What.ASSIGNED: "assigned",
    What.STARTED: "started",
    What.REVERTED: "put back to open",
    What.RESOLVED: "resolved",
    What.REOPENED: "reopened",
    What.RENAMED: "renamed",
    What.DESCRIBED: "described anew",
    What.PRIORITIZED: "given another priority",
    What.CATEGORIZED: "given another category",
    What.DELETED: "deleted",
    What.RESTORED: "restored",
    What.UNDONE: "put back as it was",
}


async def record(
    session: AsyncSession, incident: Incident, changes: Sequence[Change], *, by: Actor, note: str = ""
) -> Incident:
    """Save the changed columns of an incident that was ``locked``, with history and announcement.

    Args:
        changes: what they mean, at least one; together they are one line in the thread.

    Raises:
        Overtaken: it was not locked, and is not any more as it was read.
    """
    before = _before(incident)
    incident.version += 1
    incident.updated_at = db.now()
    now: dict[str, Any] = {name: getattr(incident, name) for name in (*before, "version", "updated_at")}
    topics = [Topic.INCIDENT_CHANGED]
    if any(change.what in timeline.LINED for change in changes):
        topics.append(Topic.CHANGE_NOTED)
    if "assignee_id" in before and incident.assignee_id not in (None, by.id) and changes[0].what is not What.UNDONE:
        topics.append(Topic.PERSON_ASSIGNED)
    values = {"incident_id": incident.id, **{f"now_{name}": value for name, value in now.items()}}
    written = await timeline.record(
        session, _changing(frozenset(now)), values, *changes, by=by, note=note, topics=tuple(topics), before=before
    )
    if not written:
        raise Overtaken
    for name, value in now.items():
        set_committed_value(incident, name, value)  # it is written
    return incident


@cache
def _changing(names: frozenset[str]) -> Written:
    """Nothing is changed of an incident that is not as it was read."""
    columns = Incident.__table__.c
    now = {name: bindparam(f"now_{name}", type_=columns[name].type) for name in sorted(names)}
    as_read = (Incident.id == bindparam("incident_id", type_=Uuid), Incident.version == now["version"] - 1)
    change = update(Incident).where(*as_read).values(now).returning(Incident.id)
    return timeline.recording(change.cte("changed"), "id")


async def require_version(
    session: AsyncSession, incident: Incident, target: Target, refusal: str, *, by: Actor
) -> None:
    """Raise Stale if the incident changed since the version that the person saw."""
    if target.version is not None and target.version != incident.version:
        words = await _refusal(session, incident, refusal, by=by)
        raise Stale(f"{words} Look at the card before you go on.", version=incident.version)


async def already(session: AsyncSession, incident: Incident, *what: What, by: Actor) -> NoReturn:
    """Say who did it before, and when."""
    happening = await timeline.last(session, incident.id, *what)
    raise AlreadyDone(f"Nothing to do: {told(incident, happening, by=by)} It is {incident.status.label}.")


async def conflict(session: AsyncSession, incident: Incident, refusal: str, *, by: Actor) -> NoReturn:
    """Say what happened last, by whom, and what to do next."""
    hint = "Reopen it first." if incident.status is Status.RESOLVED else "Look at the card before you go on."
    raise Conflict(f"{await _refusal(session, incident, refusal, by=by)} {hint}")


def told(incident: Incident, happening: Happening, *, by: Actor) -> str:
    """What happened, as a sentence for this person."""
    who = "you" if happening.by_user_id == by.id else happening.by_name
    verb = _MEANT[happening.what]
    if happening.what is What.ASSIGNED:
        verb = f"assigned to {happening.new}" if happening.new else f"taken from {happening.old}"
    return f"{incident.ref} was {verb} by {who} at {by.clock(happening.at)}."


async def _refusal(session: AsyncSession, incident: Incident, refusal: str, *, by: Actor) -> str:
    happening = await timeline.last(session, incident.id, *What)
    return f"{refusal}: {told(incident, happening, by=by)} It is {incident.status.label} now."


def _before(incident: Incident) -> dict[str, Any]:
    """The columns that are about to change, as they were, as JSON."""
    state = inspect(incident)
    return {
        name: _plain(change.deleted[0])
        for name in UNDOABLE
        if (change := state.attrs[name].history).added and change.deleted and change.deleted[0] != change.added[0]
    }


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
