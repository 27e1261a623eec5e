"""The steps of an incident's life, each an address of its own."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import problems
from bot.api.callers import Asking, Caller
from bot.api.incidents import CHANGED, Seen, shown, target_of
from bot.api.shapes import Assign, IncidentOut, Number, Reopen, Resolve
from domain import assignment, deletion, lifecycle, pages, undoing
from domain.incidents import Incident

router = APIRouter(prefix="/incidents", tags=["steps"], responses=problems.OF_EVERYTHING)
undoing_router = APIRouter(tags=["steps"], responses=problems.OF_EVERYTHING)

Doing: TypeAlias = Callable[[AsyncSession], Awaitable[Incident]]
UNDONE: Final = problems.documented(404, 409)


@router.post("/{number}/take", responses=CHANGED)
async def take_incident(number: Number, response: Response, caller: Caller, seen: Seen = None) -> IncidentOut:
    """Assign it to yourself and start it."""
    target = target_of(number, seen)
    return await _done(lambda session: lifecycle.take(session, target, by=caller.actor), response, caller)


@router.post("/{number}/assign", responses=CHANGED)
async def assign_incident(
    number: Number, to: Assign, response: Response, caller: Caller, seen: Seen = None
) -> IncidentOut:
    """Give it to a member, who is told."""
    by, target = caller.actor, target_of(number, seen)

    async def assigned(session: AsyncSession) -> Incident:
        person = await pages.slack_id(session, to.assignee, by=by)
        return await assignment.assign(session, target, person, by=by)

    return await _done(assigned, response, caller)


@router.post("/{number}/unassign", responses=CHANGED)
async def unassign_incident(number: Number, response: Response, caller: Caller, seen: Seen = None) -> IncidentOut:
    """Nobody works on it any more."""
    target = target_of(number, seen)
    return await _done(lambda session: assignment.assign(session, target, None, by=caller.actor), response, caller)


@router.post("/{number}/start", responses=CHANGED)
async def start_incident(number: Number, response: Response, caller: Caller, seen: Seen = None) -> IncidentOut:
    """From open to in progress."""
    target = target_of(number, seen)
    return await _done(lambda session: lifecycle.start(session, target, by=caller.actor), response, caller)


@router.post("/{number}/revert", responses=CHANGED)
async def revert_incident(number: Number, response: Response, caller: Caller, seen: Seen = None) -> IncidentOut:
    """From in progress back to open."""
    target = target_of(number, seen)
    return await _done(lambda session: lifecycle.revert(session, target, by=caller.actor), response, caller)


@router.post("/{number}/resolve", responses=CHANGED)
async def resolve_incident(
    number: Number, response: Response, caller: Caller, how: Resolve | None = None, seen: Seen = None
) -> IncidentOut:
    """Resolve it, through in progress if it is open."""
    target, how = target_of(number, seen), how or Resolve(at=None)
    return await _done(
        lambda session: lifecycle.resolve(session, target, note=how.note, at=how.at, by=caller.actor), response, caller
    )


@router.post("/{number}/reopen", responses=CHANGED)
async def reopen_incident(
    number: Number, response: Response, caller: Caller, why: Reopen | None = None, seen: Seen = None
) -> IncidentOut:
    """From resolved to in progress."""
    target, note = target_of(number, seen), why.note if why else ""
    return await _done(lambda session: lifecycle.reopen(session, target, note=note, by=caller.actor), response, caller)


@router.post("/{number}/restore", responses=CHANGED)
async def restore_incident(number: Number, response: Response, caller: Caller) -> IncidentOut:
    """Bring a deleted one back; for superusers."""
    target = target_of(number, None)
    return await _done(lambda session: deletion.restore(session, target, by=caller.actor), response, caller)


@undoing_router.post("/undo", responses=UNDONE)
async def undo_last_change(response: Response, caller: Caller) -> IncidentOut:
    """Take back your last change, within ten minutes."""
    return await _done(lambda session: undoing.undo(session, by=caller.actor), response, caller)


async def _done(doing: Doing, response: Response, caller: Asking) -> IncidentOut:
    async with caller.begin() as session:
        changed = await doing(session)
        return await shown(session, changed.id, response, caller)
