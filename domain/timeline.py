"""What happened to an incident, append-only, and its announcement: one call does both."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Identity, Index, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import outbox
from domain.db import Base
from domain.outbox import Topic
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


async def record(
    session: AsyncSession,
    incident_id: UUID,
    *changes: Change,
    by: Actor,
    note: str = "",
    topics: tuple[Topic, ...] = (Topic.INCIDENT_CHANGED, Topic.CHANGE_NOTED),
    before: dict[str, Any] | None = None,
) -> None:
    """Write what one request changed, and put its announcement in the outbox, in one statement.

    Args:
        changes: at least one; together they are one line in the thread.
        note: what the person said about it; kept with the last change.
        before: the columns that it changed as they were, so that it can be taken back.
    """
    batch = uuid4()
    entries = [
        {
            "workspace_id": by.workspace_id,
            "incident_id": incident_id,
            "batch": batch,
            "what": change.what,
            "old": change.old,
            "new": change.new,
            "note": note if change is changes[-1] else "",
            "by_user_id": by.id,
            "surface": by.surface,
            "before": before if change is changes[0] else None,
        }
        for change in changes
    ]
    announced = [
        outbox.row(topic, workspace_id=by.workspace_id, incident_id=incident_id, batch=str(batch)) for topic in topics
    ]
    written = insert(Entry).values(entries).cte("written")
    await session.execute(outbox.insertion(session, announced).add_cte(written))


async def of_batch(session: AsyncSession, batch: UUID) -> list[Happening]:
    """What one request changed, in order."""
    return await _happenings(session, Entry.batch == batch)


async def last(session: AsyncSession, incident_id: UUID, *what: What) -> Happening:
    """The newest of these happenings; one of them must have happened, as CREATED always has."""
    found = await _happenings(session, Entry.incident_id == incident_id, Entry.what.in_(what), newest=1)
    return found[-1]


async def _happenings(session: AsyncSession, *where: object, newest: int | None = None) -> list[Happening]:
    shown = (Entry.what, Entry.old, Entry.new, Entry.note, Entry.by_user_id, User.full_name, Entry.surface, Entry.at)
    query = select(*shown).join(User, User.id == Entry.by_user_id).where(*where)  # type: ignore[arg-type]
    rows = (await session.execute(query.order_by(Entry.id.desc()).limit(newest))).all()
    return [Happening(What(r[0]), r[1], r[2], r[3], r[4], r[5], Surface(r[6]), r[7]) for r in reversed(rows)]
