"""The table of webhooks."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base


class Event(StrEnum):
    """What a webhook can be told."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    DELETED = "deleted"
    COMMENTED = "commented"


class Webhook(Base):
    """A receiver. Its address and its secret are sealed: an address, too, can have something secret in it."""

    __tablename__ = "webhook"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    number: Mapped[int]
    host: Mapped[str]
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(String))
    tells_private: Mapped[bool] = mapped_column(server_default="false")
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    took_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failure: Mapped[str | None]
    off_at: Mapped[datetime | None]

    __table_args__ = (Index("uq_webhook_number", "workspace_id", "number", unique=True),)
