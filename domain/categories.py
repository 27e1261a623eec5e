"""What kinds of incidents there are: superusers add, rename and retire them; old incidents keep theirs."""

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import String as Text
from sqlalchemy import cast, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from domain import audit, db, outbox, policy, text
from domain.audit import Deed
from domain.errors import AlreadyDone, Conflict, InvalidInput, NotFound
from domain.incidents import Incident
from domain.outbox import OutboxMessage, Topic
from domain.policy import Action, Actor
from domain.states import Priority, Status
from domain.workspaces import Category, Workspace

MOST: Final = 90
"""In use; a menu in Slack takes a hundred, and one of them is "any"."""
CHUNK: Final = 1_000
"""Numbers of incidents that are looked at in one transaction when a category is renamed."""

_NAME: Final = re.compile(r"[^\W\d_]\w{0,39}")
_LEVEL: Final = re.compile(r"(p|prio|priority|sev)_?[1-4]")
_TAKEN: Final = {*Priority, *Status, "unassigned", "needs_person", "me", "none", "any"}
"""Words that mean something else in a line."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A category as it is listed."""

    name: str
    is_retired: bool
    position: int


async def listed(session: AsyncSession, workspace_id: str) -> list[Kind]:
    """All of them, those in use first, the default one before the others."""
    known = select(Category.name, Category.is_retired, Category.position).where(Category.workspace_id == workspace_id)
    rows = await session.execute(known.order_by(Category.is_retired, Category.position, Category.name))
    return [Kind(row.name, row.is_retired, row.position) for row in rows]


async def add(session: AsyncSession, name: str, *, by: Actor) -> str:
    """A new one, or one that was retired.

    Returns:
        Its name as it is stored.

    Raises:
        Forbidden: ``by`` is no superuser.
        InvalidInput: on ``category``: no name, one that means something else, or there are too many.
        AlreadyDone: it is in use.
    """
    wanted, known = _named(name), await _locked(session, by)
    if wanted in _in_use(known):
        raise AlreadyDone(f"Nothing to do: there is a category “{wanted}” already.")
    if len(_in_use(known)) >= MOST:
        raise InvalidInput(f"Not added: {MOST} categories are the most. Retire one first.", field="category")
    last = max((kind.position for kind in known.values()), default=-1)
    await session.execute(_placed(wanted, last + 1, by))
    deed = Deed.CATEGORY_BROUGHT_BACK if wanted in known else Deed.CATEGORY_ADDED
    await audit.record(session, deed, by=by, details={"name": wanted})
    return wanted


async def retire(session: AsyncSession, name: str, *, by: Actor) -> str:
    """No new incident gets it; those that have it keep and show it.

    Raises:
        Forbidden, NotFound, AlreadyDone: as their names say.
        Conflict: it is the last one in use.
    """
    found, known = text.bare(name), await _locked(session, by)
    _require_in_use(found, known)
    if len(_in_use(known)) == 1:
        raise Conflict(f"Not retired: “{found}” is the last category. Add another one first.")
    here = (Category.workspace_id == by.workspace_id, Category.name == found)
    await session.execute(update(Category).where(*here).values(is_retired=True))
    await audit.record(session, Deed.CATEGORY_RETIRED, by=by, details={"name": found})
    return found


async def rename(session: AsyncSession, old: str, new: str, *, by: Actor) -> str:
    """The new name takes the old one's place at once; incidents follow in the background.

    The old name is retired, not deleted: an ``undo`` may need it.

    Raises:
        Forbidden, NotFound, AlreadyDone: as their names say.
        InvalidInput: on ``category``: no name, or one in use.
    """
    found, wanted, known = text.bare(old), _named(new), await _locked(session, by)
    _require_in_use(found, known)
    if wanted == found:
        raise AlreadyDone(f"Nothing to do: it is called “{wanted}”.")
    if wanted in _in_use(known):
        raise InvalidInput(f"Not renamed: there is a category “{wanted}” already.", field="category")
    here = (Category.workspace_id == by.workspace_id, Category.name == found)
    retired = update(Category).where(*here).values(is_retired=True).cte("retired")
    placed = _placed(wanted, known[found].position, by).cte("placed")
    lane = f"category:{by.workspace_id}"
    row = outbox.row(Topic.CATEGORY_RENAMED, workspace_id=by.workspace_id, lane=lane, old=found, new=wanted)
    await session.execute(outbox.insertion(session, [row]).add_cte(retired, placed))
    await audit.record(session, Deed.CATEGORY_RENAMED, by=by, details={"name": found, "new": wanted})
    return wanted


async def move(session: AsyncSession, workspace_id: str, old: str, new: str, *, after: int) -> int | None:
    """The next incidents by number get the new name, and the cards of the unresolved ones follow.

    Nobody changed them, so their version stays, and a form that is open still counts.

    Returns:
        Where to go on; None at the end.
    """
    here = (Incident.workspace_id == workspace_id, Incident.number > after, Incident.number <= after + CHUNK)
    moved = (
        update(Incident)
        .where(*here, Incident.category == old)
        .values(category=new)
        .returning(Incident.id, Incident.status, Incident.deleted_at)
        .cte("moved")
    )
    rows = select(
        literal(workspace_id),
        literal(Topic.INCIDENT_CHANGED.value),
        cast(moved.c.id, Text),
        moved.c.id,
        cast(literal("{}"), postgresql.JSONB),
    ).where(moved.c.status != Status.RESOLVED, moved.c.deleted_at.is_(None))
    columns = ["workspace_id", "topic", "lane", "incident_id", "payload"]
    session.info["outbox"] = True
    await session.execute(insert(OutboxMessage).from_select(columns, rows))
    last = await session.scalar(select(Workspace.last_number).where(Workspace.id == workspace_id))
    return after + CHUNK if after + CHUNK < (last or 0) else None


async def _locked(session: AsyncSession, by: Actor) -> dict[str, Kind]:
    policy.require(by, Action.ADMINISTER)
    await db.lock(session, f"categories:{by.workspace_id}")
    return {kind.name: kind for kind in await listed(session, by.workspace_id)}


def _named(typed: str) -> str:
    name = text.bare(typed)
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "Nothing was changed: a category is a word of letters, digits and _, 1 to 40 characters, "
            "that begins with a letter.",
            field="category",
        )
    if name in _TAKEN or _LEVEL.fullmatch(name):
        raise InvalidInput(
            f"Nothing was changed: “{name}” means something else in a line. Choose another word.", field="category"
        )
    return name


def _in_use(known: dict[str, Kind]) -> list[str]:
    return [name for name, kind in known.items() if not kind.is_retired]


def _require_in_use(name: str, known: dict[str, Kind]) -> None:
    if name not in known:
        raise NotFound(f"Nothing was changed: there is no category “{name[:40]}”. See /incident admin category.")
    if known[name].is_retired:
        raise AlreadyDone(f"Nothing to do: “{name}” is retired already.")


def _placed(name: str, position: int, by: Actor) -> Any:
    """Part of a change: this name is in use, at this place."""
    made = postgresql.insert(Category).values(workspace_id=by.workspace_id, name=name, position=position)
    used = {"is_retired": False, "position": position}
    return made.on_conflict_do_update(index_elements=["workspace_id", "name"], set_=used).returning(func.now())
