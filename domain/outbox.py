"""Messages on their way out: a change and the word of it are committed together, and the relay does the rest later.

A row says what happened and to what, and no more. Its words are found when its turn comes, so that they tell how
things are by then. Nobody overtakes within a lane, and what went out is deleted.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    Select,
    String,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain import db
from domain.db import Base, Written
from domain.topics import Topic as Topic

LEASE = timedelta(seconds=30)
"""How long a process may work on a row before another one takes it over."""
LONGEST_CALL = timedelta(seconds=12)
"""Longer than Slack may take to answer; what is sent must be answered before another process takes the row over."""


class OutboxMessage(Base):
    """One thing to be sent."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    topic: Mapped[str]
    lane: Mapped[str]
    key: Mapped[str | None] = mapped_column(unique=True)
    incident_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    gave_up_at: Mapped[datetime | None]
    last_error: Mapped[str | None]

    __table_args__ = (
        Index("ix_outbox_lane", "lane", "id", postgresql_where=text("gave_up_at IS NULL")),
        Index("ix_outbox_due", "due_at", postgresql_where=text("gave_up_at IS NULL")),
    )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A leased row, in the hands of one delivery."""

    id: int
    workspace_id: str
    topic: Topic
    lane: str
    incident_id: UUID | None
    payload: dict[str, Any]
    created_at: datetime
    attempts: int
    leased_by: str
    lease: int
    """Which lease of the row this is: the same process may have lost an earlier one."""
    held_until: float = field(default_factory=lambda: time.monotonic() + LEASE.total_seconds())
    """By this process's clock."""

    @property
    def is_ours(self) -> bool:
        """Whether the lease lasts long enough to say one thing more; a process that was paused may have lost it."""
        return time.monotonic() < self.held_until - LONGEST_CALL.total_seconds()


_COVERED = Written(
    "SELECT id FROM outbox WHERE workspace_id = %(workspace_id)s AND lane = %(lane)s AND topic = %(topic)s"
    " AND gave_up_at IS NULL"
)
_FINISH = Written(
    "DELETE FROM outbox WHERE (id = %(id)s OR id = ANY(%(also)s::bigint[]))"
    " AND EXISTS (SELECT FROM outbox held WHERE held.id = %(id)s AND held.leased_by = %(by)s"
    " AND held.attempts = %(lease)s) RETURNING id"
)
_LET_GO = "UPDATE outbox SET leased_until = NULL, leased_by = NULL, last_error = %(error)s,"
_MINE = "WHERE id = %(id)s AND leased_by = %(by)s AND attempts = %(lease)s"
_PUT_BACK = Written(f"{_LET_GO} due_at = now() + %(after)s {_MINE}")
_GIVE_UP = Written(f"{_LET_GO} gave_up_at = now(), key = NULL {_MINE}")


def row(
    topic: Topic, *, workspace_id: str, incident_id: UUID | None = None, lane: str = "", **payload: str
) -> dict[str, Any]:
    """The values of one row; its lane is the incident's unless another is named."""
    return {
        "workspace_id": workspace_id,
        "topic": topic,
        "lane": lane or str(incident_id),
        "incident_id": incident_id,
        "payload": payload,
    }


def insertion(session: AsyncSession, rows: list[dict[str, Any]]) -> Insert:
    """The statement that adds rows, for a caller who adds more to it; the relay wakes at the commit."""
    session.info["outbox"] = True
    return insert(OutboxMessage).values(rows)


async def add(session: AsyncSession, *rows: dict[str, Any]) -> None:
    """Put rows in the outbox."""
    await session.execute(insertion(session, list(rows)))


async def add_each(session: AsyncSession, found: Select[Any]) -> None:
    """Put in the outbox what is found, however much: workspace, topic, lane, incident and payload of each row."""
    session.info["outbox"] = True
    columns = ["workspace_id", "topic", "lane", "incident_id", "payload"]
    await session.execute(insert(OutboxMessage).from_select(columns, found))


async def add_once(session: AsyncSession, key: str, values: dict[str, Any]) -> bool:
    """Put a row in the outbox unless one with this key waits there already; whether it was put."""
    statement = insertion(session, [{**values, "key": key}]).on_conflict_do_nothing(index_elements=["key"])
    return (await session.scalar(statement.returning(OutboxMessage.id))) is not None


async def lease(on: AsyncSession | AsyncConnection, *, by: str, most: int) -> list[Outgoing]:
    """Take up to ``most`` due rows, each the first of its lane, that nobody works on; in one statement.

    Rows with a topic that is not known here were written by newer code; they wait for it, and their lanes with them.
    """
    held_until = time.monotonic() + LEASE.total_seconds()
    leased = [
        Outgoing(
            r.id, r.workspace_id, Topic(r.topic), r.lane, r.incident_id,
            r.payload, r.created_at, r.attempts, r.leased_by, r.attempts, held_until,
        )
        for r in await db.run(on, _leasing(), {"by": by, "most": most, "lease": LEASE})
    ]  # fmt: skip
    return sorted(leased, key=lambda message: message.id)


@cache
def _leasing() -> Written:
    earlier = aliased(OutboxMessage)
    is_behind = exists().where(
        earlier.workspace_id == OutboxMessage.workspace_id,
        earlier.lane == OutboxMessage.lane,
        earlier.id < OutboxMessage.id,
        earlier.gave_up_at.is_(None),
    )
    free = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.gave_up_at.is_(None),
            OutboxMessage.topic.in_([literal_column(f"'{topic}'") for topic in Topic]),
            OutboxMessage.due_at <= func.now(),
            func.coalesce(OutboxMessage.leased_until, func.now()) <= func.now(),
            ~is_behind,
        )
        .order_by(OutboxMessage.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("free")  # as a plain subquery it may be run once per row, and each run takes rows of its own
    )
    held = {
        "leased_until": func.now() + bindparam("lease", type_=Interval),
        "leased_by": bindparam("by", type_=String),
        "attempts": OutboxMessage.attempts + 1,
    }
    taken = update(OutboxMessage).where(OutboxMessage.id.in_(select(free.c.id))).values(held)
    return db.written(taken.returning(OutboxMessage.__table__))


async def covered(session: AsyncSession, message: Outgoing) -> list[int]:
    """Ids of the waiting rows that ask for what this one asks for, as this snapshot sees them.

    Read together with the state that is then rendered: one call to Slack does for all of them.
    """
    asked = {"workspace_id": message.workspace_id, "lane": message.lane, "topic": message.topic.value}
    found = await db.run(session, _COVERED, asked)
    return [row.id for row in found]


async def finish(on: AsyncSession | AsyncConnection, message: Outgoing, *, also: Sequence[int] = ()) -> bool:
    """Done: the row goes, and so do the rows that it covered, in one statement; False if the lease was lost."""
    return bool(await db.run(on, _FINISH, {**_mine(message), "also": list(also)}))


async def hold(session: AsyncSession, message: Outgoing, span: timedelta = LEASE) -> bool:
    """Keep a row that takes long for so much longer; False if another process has it by now."""
    mine = (
        OutboxMessage.id == message.id,
        OutboxMessage.leased_by == message.leased_by,
        OutboxMessage.attempts == message.lease,
    )
    held = update(OutboxMessage).where(*mine).values(leased_until=func.now() + span)
    return await session.scalar(held.returning(OutboxMessage.id)) is not None


async def put_back(on: AsyncSession | AsyncConnection, message: Outgoing, *, after: timedelta, error: str = "") -> None:
    """Not yet: due again ``after`` from now, and the rest of its lane waits with it."""
    await db.run(on, _PUT_BACK, {**_mine(message), "after": after, "error": error})


async def give_up(on: AsyncSession | AsyncConnection, message: Outgoing, *, error: str) -> None:
    """Never: the row stays for people to see, its lane goes on, and the same can be asked for again."""
    await db.run(on, _GIVE_UP, {**_mine(message), "error": error})


def _mine(message: Outgoing) -> dict[str, Any]:
    return {"id": message.id, "by": message.leased_by, "lease": message.lease}
