"""The table of incidents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain import workspaces
from domain.db import Base
from domain.states import Priority, Status
from domain.users import User

WORDS = "to_tsvector('simple', (title || ' ') || description)"
"""What full-text search looks at; an index holds it."""
_ORDER = ("workspace_id", "priority", "number")
_LETTERS = {"title": "gin_trgm_ops", "description": "gin_trgm_ops"}
_COUNTED = ("channel_id", "owner_id", "assignee_id", "status", "updated_at")
"""What decides who sees an incident and where it stands; among many, rows are read only of those that are shown."""
_ALIVE = text("deleted_at IS NULL")
_UNRESOLVED = text("status <> 'resolved' AND deleted_at IS NULL")


class Incident(Base):
    """One incident, one card, one thread."""

    __tablename__ = "incident"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    number: Mapped[int]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    status: Mapped[Status] = mapped_column(
        Enum(Status, name="status", metadata=Base.metadata, values_callable=lambda s: [m.value for m in s]),
        server_default=Status.OPEN,
    )
    priority: Mapped[Priority] = mapped_column(
        Enum(Priority, name="priority", metadata=Base.metadata, values_callable=lambda s: [m.value for m in s])
    )
    category: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str] = mapped_column(server_default="")
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    channel_id: Mapped[str]
    card_ts: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    source: Mapped[str | None]
    deleted_at: Mapped[datetime | None]

    owner: Mapped[User] = relationship(foreign_keys=owner_id, lazy="raise")
    assignee: Mapped[User | None] = relationship(foreign_keys=assignee_id, lazy="raise")

    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        UniqueConstraint("workspace_id", "source"),
        workspaces.category_of_workspace(),
        CheckConstraint("char_length(title) BETWEEN 1 AND 255", name="title_length"),
        CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_has_time"),
        Index("ix_incident_unresolved", *_ORDER, postgresql_where=_UNRESOLVED, postgresql_include=_COUNTED),
        Index("ix_incident_listed", *_ORDER, postgresql_where=_ALIVE),
        Index("ix_incident_words", text(WORDS), postgresql_using="gin", postgresql_where=_ALIVE),
        Index(
            "ix_incident_letters", *_LETTERS, postgresql_using="gin", postgresql_ops=_LETTERS, postgresql_where=_ALIVE
        ),
        Index(
            "ix_incident_alike", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"}, postgresql_where=_UNRESOLVED,
        ),
        Index("ix_incident_assignee", "assignee_id", "number"),
        Index("ix_incident_opened", "workspace_id", "created_at"),
        Index("ix_incident_resolved", "workspace_id", "resolved_at"),
        Index("ix_incident_owner", "owner_id", "number"),
        Index(
            "ix_incident_without_card", "workspace_id", "channel_id",
            postgresql_where=text("card_ts IS NULL AND deleted_at IS NULL"),
        ),
    )  # fmt: skip

    @property
    def ref(self) -> str:
        """The name by which people know it."""
        return f"INC-{self.number}"
