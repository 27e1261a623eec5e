"""The table of what happened to incidents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base


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
