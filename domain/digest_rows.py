"""Digests as they are stored: schedules, their slots, and the incidents of the newest one, which it follows."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, ForeignKey, SmallInteger, UniqueConstraint, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base
from domain.outbox import OutboxMessage, Topic


class DigestSchedule(Base):
    """A channel's digest; ``since`` is when its slots began to count, ``paused_why`` what went wrong, if anything."""

    __tablename__ = "digest_schedule"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    channel_id: Mapped[str]
    at: Mapped[time]
    time_zone: Mapped[str]
    days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    posts_empty: Mapped[bool] = mapped_column(server_default="false")
    is_paused: Mapped[bool] = mapped_column(server_default="false")
    paused_why: Mapped[str] = mapped_column(server_default="")
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    by_user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))

    __table_args__ = (UniqueConstraint("workspace_id", "channel_id"),)


class DigestRun(Base):
    """One slot of a schedule: nobody else takes it. ``ts`` is the message; ``shown`` is what stood in it."""

    __tablename__ = "digest_run"

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("digest_schedule.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(server_default="queued")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    ts: Mapped[str | None]
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class DigestRow(Base):
    """An incident in a schedule's newest digest."""

    __tablename__ = "digest_row"

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("digest_schedule.id", ondelete="CASCADE"), primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


def follow(workspace_id: ColumnElement[str], incident_id: ColumnElement[UUID]) -> CTE:
    """Part of a statement that changes an incident and wakes the relay: every digest that shows it is edited."""
    rows = select(
        workspace_id,
        literal(Topic.DIGEST_STALE.value),
        func.concat("digest:", DigestRow.schedule_id),
        func.jsonb_build_object("schedule", DigestRow.schedule_id),
    ).where(DigestRow.incident_id == incident_id)
    columns = ["workspace_id", "topic", "lane", "payload"]
    return insert(OutboxMessage).from_select(columns, rows).cte("digests")
