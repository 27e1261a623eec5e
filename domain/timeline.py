"""What happened to an incident, append-only, and its announcement: one call does both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import takewhile
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    String,
    TableValuedAlias,
    Text,
    TextClause,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from domain import db, digest_rows, homes
from domain.db import Base
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor, Surface
from domain.users import User


class What(StrEnum):
    """What can happen to an incident."""

    CREATED = "created"
    ASSIGNED = "assigned"
    STARTED = "started"
    REVERTED = "reverted"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    RENAMED = "renamed"
    DESCRIBED = "described"
    PRIORITIZED = "prioritized"
    CATEGORIZED = "categorized"
    DELETED = "deleted"
    RESTORED = "restored"
    UNDONE = "undone"


LINED = frozenset(What) - {What.CREATED, What.RENAMED, What.DESCRIBED, What.CATEGORIZED, What.DELETED}
"""What has a line in the thread; the card and the history tell the rest."""
BURST = timedelta(minutes=1)
"""Changes by one person within this time, with nobody else's between them, are one line."""
MOST_IN_BURST = 50


class Entry(Base):
    """One change: who, when, from which surface, from what to what.

    ``before`` holds the columns as they were, on the first entry of a request; ``line_ts`` is the line in the thread.
    """

    __tablename__ = "timeline_entry"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id", deferrable=True, initially="DEFERRED"))
    batch: Mapped[UUID]
    what: Mapped[str]
    old: Mapped[str]
    new: Mapped[str]
    note: Mapped[str]
    by_user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    surface: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    line_ts: Mapped[str | None]

    __table_args__ = (
        Index("ix_timeline_entry_incident", "incident_id", "id"),
        Index("ix_timeline_entry_batch", "batch"),
        Index("ix_timeline_entry_person", "by_user_id", "id"),
        Index("ix_timeline_entry_what", "workspace_id", "what", "at"),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a request; old and new value as words."""

    what: What
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """A timeline entry as it is shown."""

    what: What
    old: str
    new: str
    note: str
    by_user_id: UUID
    by_name: str
    surface: Surface
    at: datetime
    batch: UUID
    line_ts: str | None
    before: dict[str, Any] | None


async def record(
    session: AsyncSession,
    incident_id: UUID,
    *changes: Change,
    by: Actor,
    note: str = "",
    topics: tuple[Topic, ...] = (Topic.INCIDENT_CHANGED, Topic.CHANGE_NOTED),
    before: dict[str, Any] | None = None,
    also: Sequence[tuple[Topic, dict[str, str]]] = (),
) -> None:
    """Write what one request changed, and put its announcement in the outbox, in one statement.

    The session remembers the changes, for the answer to the person: ``recorded``.

    Args:
        changes: at least one; together they are one line in the thread.
        note: what the person said about it; kept with the last change.
        before: the columns that it changed as they were, so that it can be taken back.
        also: other topics to announce, with what they carry.
    """
    batch = uuid4()
    entries = [
        {
            "what": change.what,
            "old": change.old,
            "new": change.new,
            "note": note if change is changes[-1] else "",
            "before": before if change is changes[0] else None,
        }
        for change in changes
    ]
    told = [*((topic, {"batch": str(batch)}) for topic in topics), *also]
    given = {
        "workspace_id": by.workspace_id,
        "incident_id": incident_id,
        "batch": batch,
        "by_user_id": by.id,
        "surface": by.surface.value,
        "entries": entries,
        "told": [{"topic": topic, "payload": carried} for topic, carried in told],
    }
    session.info["changes"] = changes
    session.info["outbox"] = True
    await db.run(session, _recording(), given)


@cache
def _recording() -> TextClause:
    """Entries, announcements, Homes and digests; written once, because it is run with every change."""
    workspace_id, incident_id = bindparam("workspace_id", type_=String), bindparam("incident_id", type_=Uuid)
    entry = _rows("entries", what=Text, old=Text, new=Text, note=Text, before=JSONB)
    told = _rows("told", topic=Text, payload=JSONB)
    kept = {
        "workspace_id": workspace_id,
        "incident_id": incident_id,
        "batch": bindparam("batch", type_=Uuid),
        "by_user_id": bindparam("by_user_id", type_=Uuid),
        "surface": bindparam("surface", type_=String),
        **{column.name: column for column in entry.c},
    }
    written = insert(Entry).from_select(list(kept), select(*kept.values()).select_from(entry)).cte("written")
    row = {
        "workspace_id": workspace_id,
        "incident_id": incident_id,
        "lane": cast(incident_id, Text),
        **{column.name: column for column in told.c},
    }
    announced = insert(OutboxMessage).from_select(list(row), select(*row.values()).select_from(told))
    digests = digest_rows.follow(workspace_id, incident_id)
    return db.written(announced.add_cte(written, homes.drawing(workspace_id), digests))


def _rows(name: str, **columns: type[TypeEngine[Any]]) -> TableValuedAlias:
    """A list of objects that a statement is given as one parameter, as rows."""
    given = func.jsonb_to_recordset(bindparam(name, type_=JSONB))
    return given.table_valued(*(column(key, kind) for key, kind in columns.items())).render_derived(with_types=True)


def recorded(session: AsyncSession) -> tuple[Change, ...]:
    """What this transaction wrote last."""
    found: tuple[Change, ...] = session.info.get("changes", ())
    return found


async def of_batch(session: AsyncSession, batch: UUID) -> list[Happening]:
    """What one request changed, in order."""
    return await _happenings(session, Entry.batch == batch)


async def burst(session: AsyncSession, incident_id: UUID, batch: UUID, *, after: datetime | None) -> list[Happening]:
    """What belongs into one thread line with this request, oldest first; one of them may know the line's message.

    Args:
        after: when somebody last said something; what happened before that keeps a line of its own.
    """
    until = select(func.max(Entry.id)).where(Entry.batch == batch).scalar_subquery()
    recent = await _happenings(session, Entry.incident_id == incident_id, Entry.id <= until, newest=MOST_IN_BURST)
    opening = {h.batch for h in recent if h.what is What.CREATED}
    now = recent[-1]
    since = max(now.at - BURST, after or now.at - BURST)

    def belongs(happening: Happening) -> bool:
        return happening.batch == batch or (happening.by_user_id == now.by_user_id and happening.at > since)

    own = reversed(list(takewhile(belongs, reversed(recent))))
    return [h for h in own if h.what in LINED and h.batch not in opening]


async def lined(session: AsyncSession, batch: UUID, *, ts: str) -> None:
    """What this request changed stands in the thread, in this message."""
    await session.execute(update(Entry).where(Entry.batch == batch).values(line_ts=ts))


async def newest(session: AsyncSession, incident_id: UUID) -> list[Happening]:
    """What the last request changed, in order."""
    last_one = select(Entry.batch).where(Entry.incident_id == incident_id).order_by(Entry.id.desc()).limit(1)
    return await _happenings(session, Entry.incident_id == incident_id, Entry.batch == last_one.scalar_subquery())


async def page(session: AsyncSession, incident_id: UUID, *, most: int | None = None) -> tuple[list[Happening], int]:
    """The incident's last happenings, oldest first, and how many earlier ones are left out; all without ``most``."""
    found = await _happenings(session, Entry.incident_id == incident_id, newest=most)
    if most is None or len(found) < most:
        return found, 0
    count = await session.scalar(select(func.count()).where(Entry.incident_id == incident_id))
    return found, (count or 0) - len(found)


async def last(session: AsyncSession, incident_id: UUID, *what: What) -> Happening:
    """The newest of these happenings; one of them must have happened, as CREATED always has."""
    found = await _happenings(session, Entry.incident_id == incident_id, Entry.what.in_(what), newest=1)
    return found[-1]


async def _happenings(session: AsyncSession, *where: ColumnElement[bool], newest: int | None = None) -> list[Happening]:
    shown = (
        Entry.what, Entry.old, Entry.new, Entry.note, Entry.by_user_id, User.full_name, Entry.surface, Entry.at,
        Entry.batch, Entry.line_ts, Entry.before,
    )  # fmt: skip
    query = select(*shown).join(User, User.id == Entry.by_user_id).where(*where)
    rows = (await session.execute(query.order_by(Entry.id.desc()).limit(newest))).all()
    return [
        Happening(
            What(r.what),
            r.old,
            r.new,
            r.note,
            r.by_user_id,
            r.full_name,
            Surface(r.surface),
            r.at,
            r.batch,
            r.line_ts,
            r.before,
        )
        for r in reversed(rows)
    ]
