"""What kinds of incidents there are: superusers add, rename and retire them; old incidents keep theirs."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import String as Text
from sqlalchemy import cast, exists, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from domain import audit, db, homes, outbox, policy, text
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

LONGEST: Final = 40
"""Characters of a name."""

_ID: Final = re.compile(r"inc(_.*|\d.*)")
_TAKEN: Final = {*Priority, *Status, "unassigned", "needs_person", "me", "none", "any"}
"""Words that mean something else in a line."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A category as it is listed; ``is_moving`` says that its incidents are still being given their new name.

    It does not say how many incidents it has: counting them would read every incident there is.
    """

    name: str
    is_retired: bool
    position: int
    is_moving: bool = False


async def listed(session: AsyncSession, workspace_id: str) -> list[Kind]:
    """All of them, those in use first, the default one before the others."""
    is_moving = exists().where(
        OutboxMessage.lane == _lane(workspace_id),
        OutboxMessage.gave_up_at.is_(None),
        OutboxMessage.payload["old"].astext == Category.name,
    )
    columns = (Category.name, Category.is_retired, Category.position, is_moving.label("is_moving"))
    known = select(*columns).where(Category.workspace_id == workspace_id)
    rows = await session.execute(known.order_by(Category.is_retired, Category.position, Category.name))
    return [Kind(row.name, row.is_retired, row.position, row.is_moving) for row in rows]


async def add(session: AsyncSession, name: str, *, by: Actor) -> str:
    """A new one, or one that was retired.

    Returns:
        Its name as it is stored.

    Raises:
        Forbidden: ``by`` is no superuser.
        InvalidInput: on ``category``: no name, one that means something else, or there are too many.
        AlreadyDone: it is in use.
        Conflict: incidents that had it are still being given the name that took its place.
    """
    known = await _locked(session, by)
    wanted = _named(name)
    if wanted in _in_use(known):
        raise AlreadyDone(f"Nothing to do: there is a category “{wanted}” already.")
    if len(_in_use(known)) >= MOST:
        raise InvalidInput(f"Not added: {MOST} categories are the most. Retire one first.", field="category")
    _require_settled(wanted, known)
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
    known = await _locked(session, by)
    found = _known(name, known)
    if known[found].is_retired:
        raise AlreadyDone(f"Nothing to do: “{found}” is retired already.")
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
        Conflict: the old name is retired, or incidents that had the new one are still being given another.
    """
    known = await _locked(session, by)
    found, wanted = _known(old, known), _named(new)
    if known[found].is_retired:
        raise Conflict(f"Not renamed: “{found}” is retired. Add it again first, or add “{wanted}”.")
    if wanted == found:
        raise AlreadyDone(f"Nothing to do: it is called “{wanted}”.")
    if wanted in _in_use(known):
        raise InvalidInput(f"Not renamed: there is a category “{wanted}” already.", field="category")
    _require_settled(wanted, known)
    here = (Category.workspace_id == by.workspace_id, Category.name == found)
    retired = update(Category).where(*here).values(is_retired=True).cte("retired")
    placed = _placed(wanted, known[found].position, by).cte("placed")
    lane = _lane(by.workspace_id)
    row = outbox.row(Topic.CATEGORY_RENAMED, workspace_id=by.workspace_id, lane=lane, old=found, new=wanted)
    await session.execute(outbox.insertion(session, [row]).add_cte(retired, placed))
    await audit.record(session, Deed.CATEGORY_RENAMED, by=by, details={"name": found, "new": wanted})
    return wanted


async def move(session: AsyncSession, workspace_id: str, old: str, new: str, *, after: int) -> int | None:
    """The next incidents by number get the new name, and the cards of the unresolved ones follow; at the end, Homes.

    Nobody changed them, so their version stays, and a form that is open still counts. Whoever is opening an incident
    just now holds the counter: it is waited for, so that none keeps the old name.

    Returns:
        Where to go on; None at the end.
    """
    counter = select(Workspace.last_number).where(Workspace.id == workspace_id)
    is_last = (await session.scalar(counter.with_for_update(read=True)) or 0) <= after + CHUNK
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
    followed = insert(OutboxMessage).from_select(columns, rows)
    await session.execute(followed.add_cte(homes.redraws(session, workspace_id)) if is_last else followed)
    return None if is_last else after + CHUNK


async def _locked(session: AsyncSession, by: Actor) -> dict[str, Kind]:
    policy.require(by, Action.ADMINISTER)
    await db.lock(session, f"categories:{by.workspace_id}")
    return {kind.name: kind for kind in await listed(session, by.workspace_id)}


def _lane(workspace_id: str) -> str:
    return f"category:{workspace_id}"


def _named(typed: str) -> str:
    name = text.bare(typed)
    if not _is_name(name):
        raise InvalidInput(
            f"Nothing was changed: a category is a word of letters, digits and _, 1 to {LONGEST} characters, "
            "that begins with a letter.",
            field="category",
        )
    if name in _TAKEN or text.LEVEL.fullmatch(name) or _ID.fullmatch(name):
        raise InvalidInput(
            f"Nothing was changed: “{name}” means something else in a line. Choose another word.", field="category"
        )
    return name


def _is_name(name: str) -> bool:
    """Of every script, and so with the marks that stand above, below and beside letters."""
    kinds = {unicodedata.category(character) for character in name if character != "_"}
    is_word = all(kind[0] in "LM" or kind == "Nd" for kind in kinds)
    return is_word and len(name) <= LONGEST and name[:1].isalpha()


def _in_use(known: dict[str, Kind]) -> list[str]:
    return [name for name, kind in known.items() if not kind.is_retired]


def _known(typed: str, known: dict[str, Kind]) -> str:
    name = text.bare(typed)
    if name not in known:
        raise NotFound(f"Nothing was changed: there is no category “{name[:LONGEST]}”. See /incident admin category.")
    return name


def _require_settled(name: str, known: dict[str, Kind]) -> None:
    """What is given this name again must not be carried along by the renaming that took it."""
    if name in known and known[name].is_moving:
        raise Conflict(f"Nothing was changed: incidents of “{name}” are still being renamed. Try again in a minute.")


def _placed(name: str, position: int, by: Actor) -> Any:
    """Part of a change: this name is in use, at this place."""
    made = postgresql.insert(Category).values(workspace_id=by.workspace_id, name=name, position=position)
    used = {"is_retired": False, "position": position}
    return made.on_conflict_do_update(index_elements=["workspace_id", "name"], set_=used).returning(func.now())
