"""Changing what an incident says: title, description, priority, category, assignee.

A form shows the values of the moment when it opened. Somebody else may change them meanwhile: what
the person did not touch stays as it is now, and where both changed the same value nothing is saved.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import assignment, audit, changes, incidents, policy, text, users, workspaces
from domain.audit import Deed
from domain.errors import AlreadyDone, Conflict, InvalidInput
from domain.incidents import Incident, Priority, Target
from domain.policy import Action, Actor
from domain.timeline import Change, What
from domain.workspaces import Category

NOBODY = ""
"""The assignee of an incident that is to be nobody's."""

_SAID = {
    "title": (What.RENAMED, Action.EDIT),
    "description": (What.DESCRIBED, Action.EDIT),
    "priority": (What.PRIORITIZED, Action.PRIORITIZE),
    "category": (What.CATEGORIZED, Action.CATEGORIZE),
}
_DESCRIPTION_SHOWN = 200
"""Characters of a description that its history entry repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """New values; what is None stays.

    Args:
        assignee: a Slack id, or NOBODY.
    """

    title: str | None = None
    description: str | None = None
    priority: Priority | None = None
    category: str | None = None
    assignee: str | None = None


class Clash(Conflict):
    """Somebody changed the same values meanwhile.

    Args:
        ref: of the incident.
        fields: which values.
    """

    def __init__(self, ref: str, fields: Collection[str]) -> None:
        names = " and ".join(fields)
        super().__init__(f"Not saved: somebody changed {names} of {ref} while you had this form open.")
        self.fields = tuple(fields)


async def edit(
    session: AsyncSession, target: Target, wanted: Edit, *, seen: Mapping[str, str] | None = None, by: Actor
) -> Incident:
    """Change what differs, as one change.

    Args:
        seen: the fingerprints of the values that the person saw in the form, by field.

    Raises:
        NotFound: there is none, it is deleted, or ``by`` may not see it.
        Forbidden: ``by`` may not change one of the values that would change.
        InvalidInput: a value cannot be used; carries its field.
        Clash: somebody else changed one of these values since it was shown.
        AlreadyDone: nothing differs, and no form was shown.
    """
    incident = await incidents.locked(session, target, by=by)
    cleaned, now = _cleaned(wanted), values(incident)
    differing = {name: value for name, value in cleaned.items() if value != now[name]}
    if seen is not None:
        differing = {n: v for n, v in differing.items() if n not in seen or fingerprint(v) != seen[n]}
        clashing = [n for n in differing if n in seen and fingerprint(now[n]) != seen[n]]
        if clashing:
            raise Clash(incident.ref, clashing)
    if {"title", "description"} & differing.keys():  # before the same request may make it the superuser's own
        await audit.power(session, Deed.INCIDENT_EDITED, Action.EDIT, incident, incident_id=incident.id, by=by)
    steps = [step for n, v in differing.items() if (step := await _step(session, incident, n, v, by=by)) is not None]
    if steps:
        return await changes.record(session, incident, steps, by=by)
    if seen is None:
        raise AlreadyDone(f"Nothing to do: {incident.ref} is like that already. {_as_it_is(cleaned)}")
    return incident


async def to_edit(session: AsyncSession, target: Target, *, by: Actor) -> tuple[Incident, str | None]:
    """The incident with its people and its assignee's Slack id, for a form; raises what edit would."""
    incident = await incidents.get(session, target, by=by)
    policy.require(by, Action.PRIORITIZE)
    return incident, await users.slack_id_of(session, incident.assignee_id) if incident.assignee_id else None


def values(incident: Incident) -> dict[str, str]:
    """What stands there now, by field; the assignee as the account's id."""
    return {
        "title": incident.title,
        "description": incident.description,
        "priority": incident.priority.value,
        "category": incident.category,
        "assignee": str(incident.assignee_id or NOBODY),
    }


def fingerprint(value: str) -> str:
    """Enough of a value to tell whether it changed, short enough for a form to carry."""
    return hashlib.sha256(value.encode()).hexdigest()[:12]


def _cleaned(wanted: Edit) -> dict[str, str]:
    """The wanted values as they would be stored."""
    given = {f.name: getattr(wanted, f.name) for f in fields(wanted) if getattr(wanted, f.name) is not None}
    if "title" in given:
        given["title"] = text.title(given["title"])
    if "description" in given:
        given["description"] = text.body(given["description"], field="description")
    return {name: str(value) for name, value in given.items()}


async def _step(session: AsyncSession, incident: Incident, name: str, value: str, *, by: Actor) -> Change | None:
    if name == "assignee":
        return await assignment.change_of(session, incident, value or None, by=by)
    what, action = _SAID[name]
    policy.require(by, action, incident)
    if name == "category":
        await _require_category(session, value, by=by)
    old = str(getattr(incident, name))
    setattr(incident, name, Priority(value) if name == "priority" else value)
    if name == "description":
        return Change(what, old=old[:_DESCRIPTION_SHOWN], new=value[:_DESCRIPTION_SHOWN])
    return Change(what, old=old, new=value)


async def _require_category(session: AsyncSession, name: str, *, by: Actor) -> None:
    """It is in use, and is not renamed or retired before the commit."""
    known = (Category.workspace_id == by.workspace_id, Category.name == name, ~Category.is_retired)
    if await session.scalar(select(Category.name).where(*known).with_for_update(read=True)) is None:
        names = ", ".join(await workspaces.category_names(session, by.workspace_id))
        raise InvalidInput(f"Not saved: there is no category “{name}”. There are {names}.", field="category")


def _as_it_is(cleaned: Mapping[str, str]) -> str:
    return " ".join(f"The {name} is {value.replace('_', ' ')}." for name, value in cleaned.items() if len(value) < 80)
