"""What must reach Slack, written in the transaction that decided it and sent after its commit.

A row carries a topic and ids, never rendered text: what is sent is rendered at delivery from the
state then true. Rows of one lane are sent in order; a row leaves the table when it is done.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain.db import AS_WRITTEN, Base

LEASE = timedelta(seconds=30)
"""How long a process may work on a row before another one takes it over."""
LOCKS = 0x1AC
"""The first half of the locks by which processes show that they live."""
BACK_AFTER = timedelta(seconds=10)
"""After the database itself was started, every process has so long to show that it lives."""


_SIGNS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND classid = :kind AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""The signs of life that are shown in this database."""


class Topic(StrEnum):
    """What happened that somebody in Slack must see."""

    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CHANGED = "incident.changed"
    CHANGE_NOTED = "change.noted"
    COMMENT_MADE = "comment.made"
    COMMENT_EDITED = "comment.edited"
    COMMENT_DELETED = "comment.deleted"
    PERSON_ASSIGNED = "person.assigned"
    MENTION_RECEIVED = "mention.received"
    CHANNEL_MET = "channel.met"
    CARD_HOMELESS = "card.homeless"
    EXPORT_ASKED = "export.asked"
    LIST_SHARED = "list.shared"
    MESSAGE_BROUGHT = "message.brought"
    MESSAGE_LINKED = "message.linked"
    COMMENTS_BROUGHT = "comments.brought"
    QUOTE_CHANGED = "quote.changed"
    HOME_STALE = "home.stale"
    CODE_ASKED = "code.asked"
    ADDRESS_CHANGED = "address.changed"
    ACCOUNT_ASKED = "account.asked"
    PERSON_TOLD = "person.told"
    HEALTH_ASKED = "health.asked"
    DIGEST_DUE = "digest.due"
    DIGEST_STALE = "digest.stale"
    CATEGORY_RENAMED = "category.renamed"
    NUDGE_DUE = "nudge.due"
    NUDGE_ANSWERED = "nudge.answered"
    STATS_ASKED = "stats.asked"
    EVERYTHING_ASKED = "everything.asked"
    CATCH_UP_DUE = "catch_up.due"
    SYNC_ASKED = "sync.asked"


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
    leased_at: float = field(default_factory=time.monotonic)
    """By this process's clock."""

    @property
    def is_ours(self) -> bool:
        """Whether the lease lasts long enough to say one thing more; a process that was paused may have lost it."""
        return time.monotonic() - self.leased_at < LEASE.total_seconds() - 1


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


async def add_once(session: AsyncSession, key: str, values: dict[str, Any]) -> bool:
    """Put a row in the outbox unless one with this key waits there already; whether it was put."""
    statement = insertion(session, [{**values, "key": key}]).on_conflict_do_nothing(index_elements=["key"])
    return (await session.scalar(statement.returning(OutboxMessage.id))) is not None


async def lease(session: AsyncSession, *, by: str, most: int) -> list[Outgoing]:
    """Take up to ``most`` due rows, each the first of its lane, that nobody works on."""
    earlier = aliased(OutboxMessage)
    is_behind = exists().where(
        earlier.lane == OutboxMessage.lane, earlier.id < OutboxMessage.id, earlier.gave_up_at.is_(None)
    )
    free = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.gave_up_at.is_(None),
            OutboxMessage.due_at <= func.now(),
            func.coalesce(OutboxMessage.leased_until, func.now()) <= func.now(),
            ~is_behind,
        )
        .order_by(OutboxMessage.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("free")  # as a plain subquery it may be run once per row, and each run takes rows of its own
    )
    taken = (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(select(free.c.id)))
        .values(leased_until=func.now() + LEASE, leased_by=by, attempts=OutboxMessage.attempts + 1)
        .returning(OutboxMessage.__table__)
    )
    rows = (await session.execute(taken)).mappings()
    leased = [
        Outgoing(
            r["id"], r["workspace_id"], Topic(r["topic"]), r["lane"], r["incident_id"],
            r["payload"], r["created_at"], r["attempts"], r["leased_by"],
        )
        for r in rows
    ]  # fmt: skip
    return sorted(leased, key=lambda message: message.id)


def marked(number: int) -> str:
    """The name of a process that shows a sign of life."""
    return f"process-{number}"


async def mark(connection: AsyncConnection, number: int) -> None:
    """Show that this process lives, for as long as this transaction lasts."""
    await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    await connection.execute(text("SELECT pg_advisory_xact_lock(:kind, :number)"), {"kind": LOCKS, "number": number})


async def living(session: AsyncSession) -> int:
    """How many processes show that they live."""
    return int(await session.scalar(text(f"SELECT count(*) {_SIGNS}"), {"kind": LOCKS}) or 0)


async def take_from_the_dead(session: AsyncSession) -> int:
    """Free what processes hold that showed that they live and do not any more; how many rows."""
    is_dead = text(f"NOT EXISTS (SELECT {_SIGNS} AND 'process-' || objid = outbox.leased_by)").bindparams(kind=LOCKS)
    was_marked = OutboxMessage.leased_by.startswith("process-")
    has_settled = func.pg_postmaster_start_time() < func.now() - BACK_AFTER
    freed = update(OutboxMessage).where(was_marked, is_dead, has_settled).values(leased_until=None, leased_by=None)
    found = await session.execute(freed.returning(OutboxMessage.id), execution_options=AS_WRITTEN)
    return len(found.all())


async def covered(session: AsyncSession, message: Outgoing) -> list[int]:
    """Ids of the waiting rows that ask for what this one asks for, as this snapshot sees them.

    Read together with the state that is then rendered: one call to Slack does for all of them.
    """
    same = (OutboxMessage.lane == message.lane, OutboxMessage.topic == message.topic)
    return list(await session.scalars(select(OutboxMessage.id).where(*same, OutboxMessage.gave_up_at.is_(None))))


async def finish(session: AsyncSession, message: Outgoing, *, also: Sequence[int] = ()) -> None:
    """Done: the row goes, and so do the rows that it covered. Nothing if the lease was lost."""
    mine = (OutboxMessage.id == message.id) & (OutboxMessage.leased_by == message.leased_by)
    held = aliased(OutboxMessage)
    is_held = exists().where(held.id == message.id, held.leased_by == message.leased_by)
    await session.execute(delete(OutboxMessage).where(mine | (OutboxMessage.id.in_(also) & is_held)))


async def hold(session: AsyncSession, message: Outgoing, span: timedelta) -> bool:
    """Keep a row that takes long for so much longer; False if another process has it by now."""
    mine = (OutboxMessage.id == message.id, OutboxMessage.leased_by == message.leased_by)
    held = update(OutboxMessage).where(*mine).values(leased_until=func.now() + span)
    return await session.scalar(held.returning(OutboxMessage.id)) is not None


async def put_back(session: AsyncSession, message: Outgoing, *, after: timedelta, error: str = "") -> None:
    """Not yet: due again ``after`` from now, and the rest of its lane waits with it."""
    await _let_go(session, message, due_at=func.now() + after, last_error=error)


async def give_up(session: AsyncSession, message: Outgoing, *, error: str) -> None:
    """Never: the row stays for people to see, its lane goes on."""
    await _let_go(session, message, gave_up_at=func.now(), last_error=error)


async def _let_go(session: AsyncSession, message: Outgoing, **values: Any) -> None:
    mine = (OutboxMessage.id == message.id, OutboxMessage.leased_by == message.leased_by)
    await session.execute(update(OutboxMessage).where(*mine).values(leased_until=None, leased_by=None, **values))
