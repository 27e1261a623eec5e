"""The table of alerts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base


class Alert(Base):
    """What is known of a fingerprint; ``incident_id`` is the incident of its newest episode.

    ``priority`` is what its severity meant when it was last reported.
    """

    __tablename__ = "alert"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), index=True)
    is_firing: Mapped[bool] = mapped_column(server_default="true")
    starts_at: Mapped[datetime | None]
    priority: Mapped[str | None]
    reports: Mapped[int] = mapped_column(server_default="1")
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
