"""Everything that a superuser may see, to take away: read in parts, by number, each as of when it is read."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, Text, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import audit, outbox, policy
from domain.audit import Deed
from domain.comments import Comment
from domain.db import Begin
from domain.errors import AlreadyDone
from domain.incidents import Incident, visible_to
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.timeline import Entry
from domain.users import User
from domain.workspaces import Channel

PART: Final = 500
"""Incidents that are read at once, at most."""
MOST_BELONGING: Final = 2_000
"""Comments and changes that are read at once, at most, unless a single incident has more."""

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
    key = f"everything:{by.workspace_id}:{user}"
    row = outbox.row(
        Topic.EVERYTHING_ASKED, workspace_id=by.workspace_id, lane=f"everything:{user}", user=user, form=form
    )
    if not await outbox.add_once(session, key, row):
        raise AlreadyDone(
            "Nothing to do: what you asked for before is still being written. It comes by direct message."
        )
    await audit.record(session, Deed.EXPORTED, by=by, details={"form": form})
    return await count(session, by.workspace_id, visible_to(by))


async def on_server(session: AsyncSession, form: str, workspace_id: str) -> None:
    """Somebody who runs the server takes everything away, which superusers can read in the audit."""
    await audit.record(session, Deed.EXPORTED, by=None, workspace_id=workspace_id, details={"form": form})


async def count(session: AsyncSession, workspace_id: str, seen: ColumnElement[bool]) -> int:
    """How many incidents there are to take away."""
    return await session.scalar(select(func.count()).where(*_here(workspace_id), seen)) or 0


async def parts(
    begin: Begin,
    workspace_id: str,
    seen: ColumnElement[bool] = true(),  # noqa: B008 - an expression, never changed
) -> AsyncIterator[Part]:
    """All of it, each part in a transaction of its own; without what is opened or deleted meanwhile.

    Args:
        seen: whose eyes count; all of it for whoever runs the server. Who may have it was asked before.
    """
    async with begin() as session:
        newest = await session.scalar(select(func.max(Incident.number)).where(Incident.workspace_id == workspace_id))
    after, upto = 0, newest or 0
    while after < upto:
        async with begin() as session:
            part = await _part(session, _incidents(workspace_id).where(seen, Incident.number.between(after + 1, upto)))
        if not part.incidents:
            return
        yield part
        after = part.incidents[-1]["number"]


async def _part(session: AsyncSession, query: Select[Any]) -> Part:
    """The first of these incidents, as many as belong in one part."""
    found, belonging = await _rows(session, query.order_by(Incident.number).limit(PART)), 0
    incidents: list[Row] = []
    for row in found:
        belonging += row["belonging"]
        if incidents and belonging > MOST_BELONGING:
            break
        incidents.append(row)
    ids = [row["id"] for row in incidents]
    comments = await _rows(session, _comments(ids)) if ids else []
    timeline = await _rows(session, _timeline(ids)) if ids else []
    return Part(incidents, comments, timeline)


async def _rows(session: AsyncSession, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in (await session.execute(query)).mappings()]


def _here(workspace_id: str) -> tuple[Any, ...]:
    return Incident.workspace_id == workspace_id, Incident.deleted_at.is_(None)


def _incidents(workspace_id: str) -> Select[Any]:
    owner, assignee = aliased(User), aliased(User)
    comments = select(func.count()).where(Comment.incident_id == Incident.id).scalar_subquery()
    changes = select(func.count()).where(Entry.incident_id == Incident.id).scalar_subquery()
    channel = (Channel.workspace_id == Incident.workspace_id) & (Channel.id == Incident.channel_id)
    columns: tuple[Any, ...] = (
        Incident.id, Incident.number, Incident.title, Incident.description,
        cast(Incident.status, Text), cast(Incident.priority, Text), Incident.category,
        owner.full_name.label("owner"), assignee.full_name.label("assignee"),
        Incident.channel_id, Channel.name.label("channel"), func.coalesce(Channel.is_private, True).label("is_private"),
        Incident.created_at, Incident.updated_at, Incident.resolved_at, Incident.resolution,
        (comments + changes).label("belonging"),
    )  # fmt: skip
    return (
        select(*columns)
        .join(owner, owner.id == Incident.owner_id)
        .outerjoin(assignee, assignee.id == Incident.assignee_id)
        .outerjoin(Channel, channel)
        .where(*_here(workspace_id))
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
