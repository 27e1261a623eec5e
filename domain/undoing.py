"""Taking back one's own last change."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import changes, db, incidents, policy, timeline
from domain.errors import Conflict, NotFound
from domain.incidents import Incident, Priority, Status, Target
from domain.policy import Action, Actor
from domain.timeline import Change, Entry, Happening, What

WITHIN = timedelta(minutes=10)

_COLUMNS: dict[str, Callable[[str], Any]] = {
    "status": Status,
    "priority": Priority,
    "assignee_id": UUID,
    "resolved_at": datetime.fromisoformat,
    "deleted_at": datetime.fromisoformat,
}
"""How a column is read back from the history; the others are text."""


async def undo(session: AsyncSession, *, by: Actor) -> Incident:
    """Put the incident that ``by`` changed last back as it was before.

    Raises:
        NotFound: the person changed nothing within ten minutes that can be taken back.
        Conflict: somebody changed the incident since, or it was opened or put back by that change.
    """
    policy.require(by, Action.UNDO)
    mine = (Entry.by_user_id == by.id, Entry.workspace_id == by.workspace_id, Entry.at > db.now() - WITHIN)
    newest = select(Entry.incident_id).where(*mine).order_by(Entry.id.desc()).limit(1)
    try:
        incident = await incidents.locked_or_deleted(session, Target(id=newest.scalar_subquery()), by=by)
    except NotFound:
        raise NotFound(
            "Nothing was changed. You changed nothing in the last ten minutes that could be taken back."
        ) from None
    happened = await _last_of(session, incident, by=by)
    for name, value in (happened[0].before or {}).items():
        setattr(incident, name, _read(name, value))
    back = Change(What.UNDONE, new=", ".join(h.what.value for h in happened))
    return await changes.record(session, incident, [back], by=by)


async def _last_of(session: AsyncSession, incident: Incident, *, by: Actor) -> list[Happening]:
    """What the incident's last change did, if the person made it and it can be taken back."""
    happened = await timeline.newest(session, incident.id)
    if happened[0].by_user_id != by.id:
        await changes.conflict(session, incident, "Not taken back", by=by)
    if happened[0].what is What.CREATED:
        raise Conflict(f"Not taken back: you opened {incident.ref}. Use /incident delete {incident.number} instead.")
    if happened[0].what is What.UNDONE:
        raise Conflict(f"Not taken back: you took your last change of {incident.ref} back already.")
    return happened


def _read(name: str, value: Any) -> Any:
    return None if value is None else _COLUMNS.get(name, str)(value)
