"""What happened to an incident, append-only, and its announcement: one call does both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import takewhile
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    String,
    TableValuedAlias,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from domain import db, digest_rows, homes
from domain.db import Written
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor, Surface
from domain.timeline_table import Entry as Entry
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


class Of(StrEnum):
    """Which happenings: of one request, those until it, of the last one, of an incident, and its of some kinds."""

    BATCH = "batch"
    UNTIL = "until"
    NEWEST = "newest"
    INCIDENT = "incident"
    KIND = "kind"


_LINED = Written("UPDATE timeline_entry SET line_ts = %(ts)s WHERE batch = %(batch)s")


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
    statement: Written,
    values: Mapping[str, Any],
    *changes: Change,
    by: Actor,
    note: str = "",
    topics: tuple[Topic, ...],
    before: dict[str, Any] | None = None,
    also: Sequence[tuple[Topic, dict[str, str]]] = (),
) -> list[Any]:
    """Write what one request changed, with its history and its announcement in the outbox, in one statement.

    The session remembers the changes, for the answer to the person: ``recorded``.

    Args:
        statement: what ``recording`` made of the change; its rows are returned.
        values: what it is given, ``incident_id`` among it.
        changes: at least one; together they are one line in the thread.
        note: what the person said about it; kept with the last change.
        before: the columns that it changed as they were, so that it can be taken back.
        also: other topics to announce, with what they carry.
    """
    batch = uuid4()
    entries: list[dict[str, Any]] = [
        {"what": each.what, "old": each.old, "new": each.new, "note": "", "before": None} for each in changes
    ]
    entries[0]["before"], entries[-1]["note"] = before, note
    told = [*((topic, {"batch": str(batch)}) for topic in topics), *also]
    given = {
        "workspace_id": by.workspace_id,
        "batch": batch,
        "by_user_id": by.id,
        "surface": by.surface.value,
        "entries": entries,
        "told": [{"topic": topic, "payload": carried} for topic, carried in told],
    }
    session.info.update(changes=changes, outbox=True)
    return await db.write(session, statement, {**values, **given})


def recording(change: CTE, *columns: str) -> Written:
    """The statement of a change, with history, announcements, Homes and digests; nothing of it where nothing changed.

    Args:
        change: inserts or updates the incident, and returns it.
        columns: of what it returns, to be told.
    """
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
    entries = select(*kept.values()).select_from(entry.join(change, true()))
    written = insert(Entry).from_select(list(kept), entries).cte("written")
    row = {
        "workspace_id": workspace_id,
        "incident_id": incident_id,
        "lane": cast(incident_id, Text),
        **{column.name: column for column in told.c},
    }
    announcements = select(*row.values()).select_from(told.join(change, true()))
    announced = insert(OutboxMessage).from_select(list(row), announcements).cte("announced")
    parts = (written, announced, homes.drawing(workspace_id), digest_rows.follow(workspace_id, incident_id))
    return db.written(select(*(change.c[name] for name in columns)).add_cte(*parts))


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
    return await _happenings(session, Of.BATCH, batch=batch)


async def burst(session: AsyncSession, incident_id: UUID, batch: UUID, *, after: datetime | None) -> list[Happening]:
    """What belongs into one thread line with this request, oldest first; one of them may know the line's message.

    Args:
        after: when somebody last said something; what happened before that keeps a line of its own.
    """
    recent = await _happenings(session, Of.UNTIL, incident_id=incident_id, batch=batch, most=MOST_IN_BURST)
    opening = {h.batch for h in recent if h.what is What.CREATED}
    now = recent[-1]
    since = max(now.at - BURST, after or now.at - BURST)

    def belongs(happening: Happening) -> bool:
        return happening.batch == batch or (happening.by_user_id == now.by_user_id and happening.at > since)

    own = reversed(list(takewhile(belongs, reversed(recent))))
    return [h for h in own if h.what in LINED and h.batch not in opening]


async def lined(session: AsyncSession, batch: UUID, *, ts: str) -> None:
    """What this request changed stands in the thread, in this message."""
    await db.run(session, _LINED, {"batch": batch, "ts": ts})


async def newest(session: AsyncSession, incident_id: UUID) -> list[Happening]:
    """What the last request changed, in order."""
    return await _happenings(session, Of.NEWEST, incident_id=incident_id)


async def page(session: AsyncSession, incident_id: UUID, *, most: int | None = None) -> tuple[list[Happening], int]:
    """The incident's last happenings, oldest first, and how many earlier ones are left out; all without ``most``."""
    found = await _happenings(session, Of.INCIDENT, incident_id=incident_id, most=most)
    if most is None or len(found) < most:
        return found, 0
    count = await session.scalar(select(func.count()).where(Entry.incident_id == incident_id))
    return found, (count or 0) - len(found)


async def last(session: AsyncSession, incident_id: UUID, *what: What) -> Happening:
    """The newest of these happenings; one of them must have happened, as CREATED always has."""
    found = await _happenings(session, Of.KIND, incident_id=incident_id, what=[each.value for each in what], most=1)
    return found[-1]


async def _happenings(session: AsyncSession, of: Of, *, most: int | None = None, **given: Any) -> list[Happening]:
    rows = await db.run(session, _happened(of), {"most": most, **given})
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


@cache
def _happened(of: Of) -> Written:
    """The newest first."""
    shown = (
        Entry.what, Entry.old, Entry.new, Entry.note, Entry.by_user_id, User.full_name, Entry.surface, Entry.at,
        Entry.batch, Entry.line_ts, Entry.before,
    )  # fmt: skip
    incident_id, batch = bindparam("incident_id", type_=Uuid), bindparam("batch", type_=Uuid)
    here = Entry.incident_id == incident_id
    last_one = select(Entry.batch).where(here).order_by(Entry.id.desc()).limit(1).scalar_subquery()
    until = select(func.max(Entry.id)).where(Entry.batch == batch).scalar_subquery()
    where: dict[Of, tuple[ColumnElement[bool], ...]] = {
        Of.BATCH: (Entry.batch == batch,),
        Of.UNTIL: (here, Entry.id <= until),
        Of.NEWEST: (here, Entry.batch == last_one),
        Of.INCIDENT: (here,),
        Of.KIND: (here, Entry.what == func.any(bindparam("what", type_=ARRAY(String)))),
    }
    query = select(*shown).join(User, User.id == Entry.by_user_id).where(*where[of]).order_by(Entry.id.desc())
    return db.written(query.limit(bindparam("most", type_=Integer)))
