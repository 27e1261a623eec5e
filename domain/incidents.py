"""Incidents: what is stored, how one is opened, and who can see which."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Enum,
    ForeignKey,
    Index,
    RowMapping,
    ScalarSelect,
    UniqueConstraint,
)

from sqlalchemy import and_, exists, func, literal, or_, select, text, true, update  # isort: skip
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from domain import assignees, policy, timeline, workspaces
from domain import text as words
from domain.db import Base
from domain.errors import InvalidInput, NotFound, Repeated
from domain.membership import ChannelMember
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.states import Priority as Priority
from domain.states import Status as Status
from domain.threads import Thread
from domain.timeline import Change, What
from domain.users import User
from domain.workspaces import Category, Channel, Workspace

WORDS = "to_tsvector('simple', (title || ' ') || description)"
"""What full-text search looks at; an index holds it."""
_ORDER = ("workspace_id", "priority", "number")
_LETTERS = {"title": "gin_trgm_ops", "description": "gin_trgm_ops"}
_ALIVE = text("deleted_at IS NULL")


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
        Index("ix_incident_unresolved", *_ORDER, postgresql_where=text("status <> 'resolved' AND deleted_at IS NULL")),
        Index("ix_incident_listed", *_ORDER, postgresql_where=_ALIVE),
        Index("ix_incident_words", text(WORDS), postgresql_using="gin", postgresql_where=_ALIVE),
        Index(
            "ix_incident_letters", *_LETTERS, postgresql_using="gin", postgresql_ops=_LETTERS, postgresql_where=_ALIVE
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


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person says of a new incident.

    Args:
        channel_id: where the card goes; the bot must be able to post there.
        category: one in use; empty for the first of them.
        source: names the request that made it, so that the same one again makes nothing.
    """

    title: str
    channel_id: str
    description: str = ""
    priority: Priority = Priority.MEDIUM
    category: str = ""
    assignee: str | None = None
    source: str | None = None
    announces: tuple[tuple[Topic, dict[str, str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Which incident, and which version of it the person saw, if they clicked on a card or form."""

    id: UUID | ScalarSelect[UUID] | None = None
    number: int | None = None
    thread: tuple[str, str] | None = None
    version: int | None = None


async def create(session: AsyncSession, draft: Draft, *, by: Actor) -> Incident:
    """Open an incident and announce it.

    The number is the next, without gaps: its counter is locked until the commit. Its people are not loaded.

    Raises:
        Forbidden: ``by`` is not an active member.
        InvalidInput: the title, description, category or assignee cannot be used.
        Repeated: an incident with the same ``source`` exists.
    """
    policy.require(by, Action.CREATE)
    title = words.title(draft.title)
    description = words.body(draft.description, field="description")
    assignee = await assignees.assignable(session, draft.assignee, by=by)
    made = uuid4()
    created = [Change(What.CREATED, new=title)]
    topics: tuple[Topic, ...] = (Topic.INCIDENT_OPENED,)
    if assignee:
        created.append(Change(What.ASSIGNED, new=assignee.name))
        topics += (Topic.PERSON_ASSIGNED,) if assignee.id != by.id else ()
    await timeline.record(session, made, *created, by=by, topics=topics, also=draft.announces)
    row = {
        "id": made,
        "title": title,
        "description": description,
        "priority": draft.priority,
        "owner_id": by.id,
        "assignee_id": assignee.id if assignee else None,
        "channel_id": draft.channel_id,
        "source": draft.source,
    }
    given = await _inserted(session, row, category=draft.category, workspace_id=by.workspace_id)
    if given is None:
        await _refuse(session, draft, by=by)
    return Incident(**row, workspace_id=by.workspace_id, **given, status=Status.OPEN)


async def locked(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, locked until the commit.

    Raises:
        NotFound: there is none, or ``by`` may not see it; the sentence is the same. A deleted one is named.
    """
    incident = await locked_or_deleted(session, target, by=by)
    return incident if incident.deleted_at is None else await _gone(session, incident, by)


async def locked_or_deleted(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident, locked until the commit, also if it is deleted; raises NotFound like locked."""
    row = select(Incident).where(*_is(target, by)).with_for_update(of=Incident).cte("row")
    now = aliased(Incident, row)  # joined outside: beside the lock, people are as they were before it was waited for
    incident: Incident | None = await session.scalar(select(now).options(joinedload(now.assignee)))
    return incident or _not_found(target)


async def get(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """The incident with its owner and assignee, to be shown to ``by``; raises NotFound like locked."""
    wanted = select(Incident).where(*_is(target, by)).options(*WITH_PEOPLE)
    incident: Incident = await session.scalar(wanted) or _not_found(target)
    return incident if incident.deleted_at is None else await _gone(session, incident, by)


async def read(session: AsyncSession, incident_id: UUID | None) -> Incident | None:
    """The incident with its people, for a delivery, also if it is deleted."""
    wanted = select(Incident).where(Incident.id == incident_id).options(*WITH_PEOPLE)
    found: Incident | None = await session.scalar(wanted)
    return found


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which incidents this person may see.

    Members see those in public channels; everybody the own, those of the channel where they are just now, and of the
    private channels they are in; superusers all. A channel that the bot does not know counts as private.
    """
    if actor.is_superuser:
        return true()
    seen = [Incident.owner_id == actor.id, Incident.assignee_id == actor.id, Incident.channel_id == actor.channel_id]
    inside = (ChannelMember.workspace_id == actor.workspace_id, ChannelMember.slack_user_id == actor.slack_user_id)
    channels = select(ChannelMember.channel_id).where(*inside)
    if actor.is_member:
        public = (Channel.workspace_id == actor.workspace_id, ~Channel.is_private)
        return or_(*seen, Incident.channel_id.in_(channels.union_all(select(Channel.id).where(*public))))
    return or_(*seen, Incident.channel_id.in_(channels))


def in_workspace(actor: Actor) -> ColumnElement[bool]:
    """The incidents that exist in the actor's workspace."""
    return and_(Incident.workspace_id == actor.workspace_id, Incident.deleted_at.is_(None))


async def _inserted(
    session: AsyncSession, row: dict[str, Any], *, category: str, workspace_id: str
) -> RowMapping | None:
    """Number and insert it in one statement; None if the category is not in use or the source is taken."""
    counter = update(Workspace).where(Workspace.id == workspace_id).values(last_number=Workspace.last_number + 1)
    number = counter.returning(Workspace.last_number).cte("counter")
    values: dict[str, Any] = {
        **{name: literal(value, Incident.__table__.c[name].type) for name, value in row.items()},
        "workspace_id": literal(workspace_id),
        "number": select(number.c.last_number).scalar_subquery(),
        "category": Category.name,
    }
    in_use = select(*values.values()).where(Category.workspace_id == workspace_id, ~Category.is_retired)
    named = in_use.where(Category.name == category) if category else in_use.order_by(Category.position).limit(1)
    inserted = insert(Incident).from_select(list(values), named)
    once = inserted.on_conflict_do_nothing(index_elements=["workspace_id", "source"])
    return (await session.execute(once.returning(Incident.number, Incident.category))).mappings().one_or_none()


async def _refuse(session: AsyncSession, draft: Draft, *, by: Actor) -> NoReturn:
    same = (Incident.workspace_id == by.workspace_id, Incident.source == draft.source)
    if draft.source is not None and await session.scalar(select(exists().where(*same))):
        raise Repeated
    raise InvalidInput(f"Not saved: there is no category {draft.category!r} here. Choose another.", field="category")


def _is(target: Target, by: Actor) -> list[ColumnElement[bool]]:
    which: ColumnElement[bool]
    if target.thread:
        here = (Thread.workspace_id == by.workspace_id, Thread.channel_id == target.thread[0])
        thread = select(Thread.incident_id).where(*here, Thread.ts == target.thread[1])
        which = Incident.id == thread.scalar_subquery()
    elif target.number is not None:
        which = Incident.number == target.number
    else:
        which = Incident.id == target.id
    return [which, Incident.workspace_id == by.workspace_id, visible_to(by)]


async def _gone(session: AsyncSession, incident: Incident, by: Actor) -> NoReturn:
    happening = await timeline.last(session, incident.id, What.DELETED)
    who = "you" if happening.by_user_id == by.id else happening.by_name
    raise NotFound(
        f"Nothing was changed. {incident.ref} was deleted by {who} at {by.clock(happening.at)}. "
        "A superuser can restore it within 30 days."
    )


def _not_found(target: Target) -> NoReturn:
    name = f"INC-{target.number}" if target.number is not None else "incident like this"
    raise NotFound(f"There is no {name} that you can see. Look at /incident list for the open ones.")


WITH_PEOPLE = (joinedload(Incident.owner), joinedload(Incident.assignee))
