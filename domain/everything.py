"""Everything that a superuser may see, to take away: read in parts, by number, as of when each part is read."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import audit, outbox, policy
from domain.audit import Deed
from domain.comments import Comment
from domain.db import Begin
from domain.errors import AlreadyDone
from domain.incidents import Incident
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.timeline import Entry
from domain.users import User
from domain.workspaces import Channel

PART: Final = 500
"""Incidents that are read at once."""

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Some incidents with all that belongs to them; each row by the names of its columns."""

    incidents: list[Row]
    comments: list[Row]
    timeline: list[Row]


async def ask(session: AsyncSession, form: str, *, by: Actor) -> int:
    """Have everything written, and sent to this superuser; about how many incidents that are.

    Args:
        form: ``csv`` or ``json``.

    Raises:
        Forbidden: ``by`` is no superuser.
        AlreadyDone: what they asked for before is still on its way.
    """
    policy.require(by, Action.ADMINISTER)
    user = by.slack_user_id
    row = outbox.row(
        Topic.EVERYTHING_ASKED, workspace_id=by.workspace_id, lane=f"everything:{user}", user=user, form=form
    )
    if not await outbox.add_once(session, f"everything:{by.workspace_id}:{user}", row):
        raise AlreadyDone(
            "Nothing to do: what you asked for before is still being written. It comes by direct message."
        )
    await audit.record(session, Deed.EXPORTED, by=by, details={"form": form})
    return await count(session, by.workspace_id)


async def count(session: AsyncSession, workspace_id: str) -> int:
    """How many incidents there are to take away."""
    return await session.scalar(select(func.count()).where(*_here(workspace_id))) or 0


async def parts(begin: Begin, workspace_id: str) -> AsyncIterator[Part]:
    """All of it, each part in a transaction of its own; what is opened meanwhile is in it, what is deleted is not.

    Who may have it was asked before.
    """
    after = 0
    while True:
        async with begin() as session:
            incidents = await _rows(session, _incidents(workspace_id, after))
            ids = [row["id"] for row in incidents]
            comments = await _rows(session, _comments(ids)) if ids else []
            timeline = await _rows(session, _timeline(ids)) if ids else []
        if not incidents:
            return
        yield Part(incidents, comments, timeline)
        after = incidents[-1]["number"]


async def _rows(session: AsyncSession, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in (await session.execute(query)).mappings()]


def _here(workspace_id: str) -> tuple[Any, ...]:
    return Incident.workspace_id == workspace_id, Incident.deleted_at.is_(None)


def _incidents(workspace_id: str, after: int) -> Select[Any]:
    owner, assignee = aliased(User), aliased(User)
    channel = (Channel.workspace_id == Incident.workspace_id) & (Channel.id == Incident.channel_id)
    columns: tuple[Any, ...] = (
        Incident.id, Incident.number, Incident.title, Incident.description,
        cast(Incident.status, Text), cast(Incident.priority, Text), Incident.category,
        owner.full_name.label("owner"), assignee.full_name.label("assignee"),
        Incident.channel_id, Channel.name.label("channel"), Channel.is_private,
        Incident.created_at, Incident.updated_at, Incident.resolved_at, Incident.resolution,
    )  # fmt: skip
    return (
        select(*columns)
        .join(owner, owner.id == Incident.owner_id)
        .outerjoin(assignee, assignee.id == Incident.assignee_id)
        .outerjoin(Channel, channel)
        .where(*_here(workspace_id), Incident.number > after)
        .order_by(Incident.number)
        .limit(PART)
    )


def _comments(ids: list[Any]) -> Select[Any]:
    columns: tuple[Any, ...] = (
        Comment.incident_id, Incident.number, User.full_name.label("author"), Comment.content, Comment.files,
        Comment.created_at, Comment.edited_at, Comment.deleted_at,
    )  # fmt: skip
    return (
        select(*columns)
        .join(Incident, Incident.id == Comment.incident_id)
        .join(User, User.id == Comment.author_id)
        .where(Comment.incident_id.in_(ids))
        .order_by(Incident.number, Comment.created_at, Comment.id)
    )


def _timeline(ids: list[Any]) -> Select[Any]:
    columns: tuple[Any, ...] = (
        Entry.incident_id, Incident.number, Entry.what, Entry.old, Entry.new, Entry.note,
        User.full_name.label("by"), Entry.surface, Entry.at,
    )  # fmt: skip
    return (
        select(*columns)
        .join(Incident, Incident.id == Entry.incident_id)
        .join(User, User.id == Entry.by_user_id)
        .where(Entry.incident_id.in_(ids))
        .order_by(Incident.number, Entry.id)
    )
