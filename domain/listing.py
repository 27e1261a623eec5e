"""Finding incidents again: lists with filters, a page at a time, and the most likely ones."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, case, cast, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.incidents import WITH_PEOPLE, Incident, Priority, Status, in_workspace, visible_to
from domain.policy import Actor
from domain.users import SlackProfile

PAGE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which incidents; what is left empty does not narrow. No status means all that are not resolved.

    Args:
        involving_me: those assigned to the asking person, and their own that nobody works on.
        assignees: Slack ids.
    """

    statuses: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    unassigned: bool = False
    involving_me: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Up to ten incidents, most urgent and oldest first; ``after`` continues it, None ends it."""

    incidents: list[Incident]
    after: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many unresolved incidents the person can see."""

    unresolved: int
    critical: int
    unassigned: int
    mine: int


async def page(session: AsyncSession, wanted: Filter, *, by: Actor, after: tuple[str, int] | None = None) -> Page:
    """One page of the incidents that ``by`` may see; stable while others are opened or resolved."""
    query = select(Incident).where(in_workspace(by), visible_to(by), *_conditions(wanted, by))
    if after:
        priority, number = after
        query = query.where(tuple_(Incident.priority, Incident.number) > tuple_(Priority(priority), number))
    query = query.order_by(Incident.priority, Incident.number).limit(PAGE + 1).options(*WITH_PEOPLE)
    found = list(await session.scalars(query))
    last = found[PAGE - 1] if len(found) > PAGE else None
    return Page(found[:PAGE], (last.priority.value, last.number) if last else None)


async def counts(session: AsyncSession, *, by: Actor) -> Counts:
    """The figures of the launcher, in one pass over the unresolved incidents."""
    mine = or_(Incident.assignee_id == by.id, (Incident.owner_id == by.id) & Incident.assignee_id.is_(None))
    figures = select(
        func.count(),
        func.count().filter(Incident.priority == Priority.CRITICAL),
        func.count().filter(Incident.assignee_id.is_(None)),
        func.count().filter(mine),
    ).where(in_workspace(by), visible_to(by), Incident.status != Status.RESOLVED)
    return Counts(*(await session.execute(figures)).one())


async def likely(session: AsyncSession, *, by: Actor, statuses: tuple[Status, ...], most: int = 5) -> list[Incident]:
    """The incidents that ``by`` most likely means: of this channel, then the own, then the newest change."""
    nearness = case(
        (Incident.channel_id == by.channel_id, 0),
        (or_(Incident.assignee_id == by.id, Incident.owner_id == by.id), 1),
        else_=2,
    )
    query = select(Incident).where(in_workspace(by), visible_to(by), Incident.status.in_(statuses))
    return list(await session.scalars(query.order_by(nearness, Incident.updated_at.desc()).limit(most)))


def _conditions(wanted: Filter, by: Actor) -> list[ColumnElement[bool]]:
    statuses = wanted.statuses or (Status.OPEN, Status.IN_PROGRESS)
    conditions: list[ColumnElement[bool]] = [cast(Incident.status, String).in_(statuses)]
    if not wanted.statuses:
        conditions = [Incident.status != Status.RESOLVED]
    if wanted.priorities:
        conditions.append(Incident.priority.in_([Priority(p) for p in wanted.priorities]))
    if wanted.categories:
        conditions.append(Incident.category.in_(wanted.categories))
    if wanted.assignees:
        mapped = (SlackProfile.workspace_id == by.workspace_id, SlackProfile.slack_user_id.in_(wanted.assignees))
        conditions.append(Incident.assignee_id.in_(select(SlackProfile.user_id).where(*mapped)))
    if wanted.unassigned:
        conditions.append(Incident.assignee_id.is_(None))
    if wanted.involving_me:
        is_orphan = (Incident.owner_id == by.id) & Incident.assignee_id.is_(None)
        conditions.append(or_(Incident.assignee_id == by.id, is_orphan))
    return conditions
