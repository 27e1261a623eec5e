"""Incidents: what is stored, how one is opened, and who can see which."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    String,
    Uuid,
    bindparam,
    exists,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from domain import assignees, db, policy, sight, timeline
from domain import incident_rows as rows
from domain import text as words
from domain.db import Written
from domain.errors import InvalidInput, NotFound, Repeated
from domain.incident_table import WORDS as WORDS
from domain.incident_table import Incident as Incident
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.sight import Sight
from domain.sight import in_workspace as in_workspace
from domain.sight import visible_to as visible_to
from domain.states import Priority as Priority
from domain.states import Status as Status
from domain.threads import Thread
from domain.timeline import Change, What
from domain.workspaces import Category, Workspace


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person says of a new incident.

    Args:
        channel_id: where the card goes; the bot must be able to post there.
        category: one in use; empty for the first of them.
        source: names the request that made it, so that the same one again makes nothing.
    """

    title: str
    channel_id: str
    description: str = ""
    priority: Priority = Priority.MEDIUM
    category: str = ""
    assignee: str | None = None
    source: str | None = None
    announces: tuple[tuple[Topic, dict[str, str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Which incident, and which version of it the person saw, if they clicked on a card or form."""

    id: UUID | ScalarSelect[UUID] | None = None
    number: int | None = None
    thread: tuple[str, str] | None = None
    version: int | None = None

    @property
    def by(self) -> str:
        """By what it is named."""
        return "thread" if self.thread else "id" if self.number is None else "number"

    @property
    def given(self) -> dict[str, Any]:
        """What names it."""
        channel_id, ts = self.thread or (None, None)
        return {"id": self.id, "number": self.number, "thread_channel_id": channel_id, "thread_ts": ts}


async def create(session: AsyncSession, draft: Draft, *, by: Actor) -> Incident:
    """Open an incident and announce it, in one statement.

    The number is the next, without gaps: its counter is locked until the commit. Its people are not loaded.

    Raises:
        Forbidden: ``by`` is not an active member.
        InvalidInput: the title, description, category or assignee cannot be used.
        Repeated: an incident with the same ``source`` exists.
    """
    policy.require(by, Action.CREATE)
    title = words.title(draft.title)
    description = words.body(draft.description, field="description")
    assignee = await assignees.assignable(session, draft.assignee, by=by)
    created = [Change(What.CREATED, new=title)]
    topics: tuple[Topic, ...] = (Topic.INCIDENT_OPENED,)
    if assignee:
        created.append(Change(What.ASSIGNED, new=assignee.name))
        topics += (Topic.PERSON_ASSIGNED,) if assignee.id != by.id else ()
    row = {
        "id": uuid4(),
        "title": title,
        "description": description,
        "priority": draft.priority,
        "owner_id": by.id,
        "assignee_id": assignee.id if assignee else None,
        "channel_id": draft.channel_id,
        "source": draft.source,
    }
    values = row | {"incident_id": row["id"], "category": draft.category}
    statement = _creating(is_named=bool(draft.category))
    try:
        made = await timeline.record(session, statement, values, *created, by=by, topics=topics, also=draft.announces)
    except IntegrityError as error:
        if draft.source is None or _SOURCE not in str(error.orig):
            raise
        raise Repeated from error
    if not made:
        raise InvalidInput(
            f"Not saved: there is no category {draft.category!r} here. Choose another.", field="category"
        )
    return Incident(**row, workspace_id=by.workspace_id, **made[0]._asdict(), status=Status.OPEN)


async def locked(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, locked until the commit; what is changed of it is written by ``changes.record``.

    In a light session it is not locked: if somebody else changes it first, ``changes.record`` writes nothing.

    Raises:
        NotFound: there is none, or ``by`` may not see it; the sentence is the same. A deleted one is named.
    """
    incident = await locked_or_deleted(session, target, by=by)
    return incident if incident.deleted_at is None else await _gone(session, incident, by)


async def locked_or_deleted(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, locked until the commit, also if it is deleted; raises NotFound like locked."""
    is_named, is_light = not isinstance(target.id, ScalarSelect), db.is_light(session)
    statement = (
        _locking(target.by, sight.of(by), is_light=is_light)
        if is_named
        else db.written(_lock(_is(target), sight.of(by), is_light=is_light))
    )
    found = await db.run(session, statement, sight.given(by) | target.given)
    return rows.whole(found[0]) if found else _not_found(target)


async def get(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident with its owner and assignee, to be shown to ``by``; raises NotFound like locked."""
    seen = (Incident.workspace_id == by.workspace_id, sight.visible(sight.of(by), sight.BY))
    wanted = select(Incident).where(_is(target), *seen).options(*WITH_PEOPLE)
    incident: Incident = await session.scalar(wanted, sight.given(by) | target.given) or _not_found(target)
    return incident if incident.deleted_at is None else await _gone(session, incident, by)


async def read(session: AsyncSession, incident_id: UUID | None) -> Incident | None:
    """The incident with its people, for a delivery, also if it is deleted."""
    found = await db.run(session, _reading(), {"id": incident_id})
    return rows.whole(found[0]) if found else None


@cache
def _creating(*, is_named: bool) -> Written:
    """Number and insert it; neither if the category is not in use."""
    workspace_id, category = bindparam("workspace_id", type_=String), bindparam("category", type_=String)
    in_use = select(Category.name).where(Category.workspace_id == workspace_id, ~Category.is_retired)
    named = in_use.where(Category.name == category) if is_named else in_use.order_by(Category.position).limit(1)
    chosen = named.cte("chosen")
    here = (Workspace.id == workspace_id, exists(select(chosen.c.name)))
    counter = update(Workspace).where(*here).values(last_number=Workspace.last_number + 1)
    number = counter.returning(Workspace.last_number).cte("counter")
    values: dict[str, Any] = {
        **{name: bindparam(name, type_=Incident.__table__.c[name].type) for name in _DRAFTED},
        "workspace_id": workspace_id,
        "number": number.c.last_number,
        "category": chosen.c.name,
    }
    row = select(*values.values()).select_from(chosen.join(number, true()))
    inserted = insert(Incident).from_select(list(values), row).returning(Incident.number, Incident.category)
    return timeline.recording(inserted.cte("made"), "number", "category")


def shown(values: Mapping[str, Any]) -> Incident:
    """The incident of a row that a written statement found, without its people: to be shown, not to be changed."""
    return db.made(Incident, rows.typed(values))


def _is(target: Target) -> ColumnElement[bool]:
    return Incident.id == target.id if isinstance(target.id, ScalarSelect) else _NAMED[target.by]


@cache
def _locking(by: str, how_far: Sight, *, is_light: bool) -> Written:
    return db.written(_lock(_NAMED[by], how_far, is_light=is_light))


def _lock(which: ColumnElement[bool], how_far: Sight, *, is_light: bool) -> Select[Any]:
    seen = (Incident.workspace_id == sight.BY.workspace_id, sight.visible(how_far, sight.BY))
    found = select(Incident.__table__).where(which, *seen)
    row = (found if is_light else found.with_for_update(of=Incident)).cte("row")
    # People are joined outside: beside the lock, they are as they were before it was waited for.
    return rows.beside(row, row, rows.ASSIGNEE)


async def read_all(session: AsyncSession, statement: Written, values: Mapping[str, Any]) -> list[Incident]:
    """The incidents that a statement made of ``with_people`` finds, to be shown, not to be changed."""
    return [rows.whole(row) for row in await db.run(session, statement, values)]


def with_people() -> Select[Any]:
    """Incidents with their owners and assignees, for ``read_all``."""
    table = Incident.__table__
    return rows.beside(table, table, rows.OWNER, rows.ASSIGNEE)


@cache
def _reading() -> Written:
    return db.written(with_people().where(_NAMED["id"]))


async def _gone(session: AsyncSession, incident: Incident, by: Actor) -> NoReturn:
    happening = await timeline.last(session, incident.id, What.DELETED)
    who = "you" if happening.by_user_id == by.id else happening.by_name
    raise NotFound(
        f"Nothing was changed. {incident.ref} was deleted by {who} at {by.clock(happening.at)}. "
        "A superuser can restore it within 30 days."
    )


def _not_found(target: Target) -> NoReturn:
    name = f"INC-{target.number}" if target.number is not None else "incident like this"
    raise NotFound(f"There is no {name} that you can see. Look at /incident list for the open ones.")


_NAMED: dict[str, ColumnElement[bool]] = {
    "id": Incident.id == bindparam("id", type_=Uuid),
    "number": Incident.number == bindparam("number", type_=Integer),
    "thread": Incident.id
    == select(Thread.incident_id)
    .where(
        Thread.workspace_id == sight.BY.workspace_id,
        Thread.channel_id == bindparam("thread_channel_id", type_=String),
        Thread.ts == bindparam("thread_ts", type_=String),
    )
    .scalar_subquery(),
}
"""How a target is found; the parameters are those of ``Target.given``."""
_DRAFTED = ("id", "title", "description", "priority", "owner_id", "assignee_id", "channel_id", "source")
_SOURCE = "uq_incident_workspace_id_source"
WITH_PEOPLE = (joinedload(Incident.owner), joinedload(Incident.assignee))
