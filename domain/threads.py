"""Which thread in Slack belongs to which incident."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import db
from domain.db import Base, Written


class Thread(Base):
    """A thread that is, or was, an incident's: a card posted anew leaves the old one in place."""

    __tablename__ = "thread"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))

    __table_args__ = (Index("ix_thread_incident", "incident_id"),)


async def incident_of(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> UUID | None:
    """The incident that this thread is about, if any; says nothing about who may see it."""
    here = (Thread.workspace_id == workspace_id, Thread.channel_id == channel_id, Thread.ts == ts)
    found: UUID | None = await session.scalar(select(Thread.incident_id).where(*here))
    return found


_OF = Written("SELECT channel_id, ts FROM thread WHERE incident_id = %(incident_id)s ORDER BY ts DESC")


async def of(session: AsyncSession, incident_id: UUID | None) -> list[tuple[str, str]]:
    """Channel and ts of every thread that is, or was, the incident's."""
    return [(row.channel_id, row.ts) for row in await db.run(session, _OF, {"incident_id": incident_id})]
