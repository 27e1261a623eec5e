"""Reminders of incidents that nobody works on, or that are held without a word: who is told, when, and when it ends.

Whoever holds the incident is told first, then its thread, then the superusers, each after the same time again; after
that there is quiet until somebody changes the incident, comments on it or answers.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import assignment, changes, db, incidents, listing, outbox, policy, talk, users
from domain.errors import Forbidden
from domain.incidents import Incident, Target
from domain.nudge_rules import Nudge, NudgeRule
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.states import Priority, Status
from domain.timeline import Entry, What
from domain.users import SlackProfile, User

APART: Final = timedelta(minutes=10)
"""At most one reminder of an incident within this time."""
NIGHT: Final = time(22)
MORNING: Final = time(7)
"""Between these nobody is written to, in their own time zone, unless it is critical."""
MOST_AT_ONCE: Final = 200
"""Reminders in one look of the clock; the rest a minute later."""
SNOOZES: Final = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "1d": timedelta(days=1)}


class Told(StrEnum):
    """Who is reminded."""

    ASSIGNEE = "assignee"
    THREAD = "thread"
    SUPERUSERS = "superusers"


HELD: Final = (Told.ASSIGNEE, Told.THREAD, Told.SUPERUSERS)
UNHELD: Final = (Told.THREAD, Told.SUPERUSERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A reminder as it is now: of what, why, and since when it is quiet."""

    incident: Incident
    is_held: bool
    since: datetime


async def tick(session: AsyncSession, workspace_id: str, now: datetime) -> int:
    """Put every reminder in the outbox that is due; called every minute by every replica.

    Returns:
        How many incidents people are reminded of.
    """
    told = 0
    for row in await session.execute(_due(workspace_id, now)):
        who = (HELD if row.is_held else UNHELD)[row.rung]
        people = await _people(session, row, workspace_id, who)
        awake = {person: _awake(zone, row.priority, now) for person, zone in people}
        at = min(awake.values(), default=now)
        if not await _step(session, row, at):
            continue
        rows = [_row(workspace_id, row, who, person, due) for person, due in awake.items()]
        if who is Told.THREAD:
            rows = [_row(workspace_id, row, who, "", now)]
        if rows:
            await outbox.add(session, *rows)
            told += 1
    return told


async def due(session: AsyncSession, incident_id: UUID, since: datetime) -> Due | None:
    """The reminder, for a delivery, if it still makes sense: the rule holds, it is unresolved, nobody said a word."""
    incident = await incidents.read(session, incident_id)
    if incident is None or incident.deleted_at is not None or incident.status is Status.RESOLVED:
        return None
    rule = and_(NudgeRule.workspace_id == Incident.workspace_id, NudgeRule.priority == Incident.priority)
    quiet = (
        select(listing.is_held(), _since())
        .select_from(Incident)
        .join(NudgeRule, rule)
        .outerjoin(Nudge, Nudge.incident_id == Incident.id)
        .where(Incident.id == incident_id)
    )
    found = (await session.execute(quiet)).one_or_none()
    return Due(incident=incident, is_held=found[0], since=since) if found and found[1] == since else None


async def confirm(session: AsyncSession, target: Target, *, by: Actor) -> Incident:
    """*Still on it*: as good as a word.

    Raises:
        NotFound, Forbidden: somebody else holds it, or nobody.
        Conflict: it is resolved.
    """
    incident = await _unresolved(session, target, by)
    if incident.assignee_id != by.id:
        holder = assignment.name_of(incident) or "nobody"
        raise Forbidden(f"Not noted: {incident.ref} is assigned to {holder}. Take it if you work on it.")
    await _answered(session, incident, answered_at=db.now(), held_until=None)
    return incident


async def snooze(session: AsyncSession, target: Target, span: timedelta, *, by: Actor) -> Incident:
    """No reminder of it for so long, then from the first one on; any member may. Raises like confirm."""
    incident = await _unresolved(session, target, by)
    await _answered(session, incident, answered_at=db.now(), held_until=db.now() + span)
    return incident


async def name_of(session: AsyncSession, user_id: UUID) -> str:
    """The name of whoever answered."""
    return (await session.scalar(select(User.full_name).where(User.id == user_id))) or "Somebody"


async def _unresolved(session: AsyncSession, target: Target, by: Actor) -> Incident:
    incident = await incidents.get(session, replace(target, version=None), by=by)
    policy.require(by, Action.TAKE)
    if incident.status is Status.RESOLVED:
        await changes.conflict(session, incident, "Not noted", by=by)
    return incident


async def _answered(session: AsyncSession, incident: Incident, **values: Any) -> None:
    made = insert(Nudge).values(incident_id=incident.id, since=db.now(), rung=0, **values)
    await session.execute(made.on_conflict_do_update(index_elements=["incident_id"], set_=values))


def _due(workspace_id: str, now: datetime) -> Select[Any]:
    """Unresolved incidents that are quiet for too long and whose next reminder may come now."""
    waits = case((listing.is_held(), NudgeRule.silent_after), else_=NudgeRule.unassigned_after)
    quiet = (
        select(
            Incident.id, Incident.priority, Incident.channel_id, Incident.assignee_id,
            listing.is_held().label("is_held"), _since().label("since"), waits.label("waits"),
            Nudge.since.label("told_since"), Nudge.rung.label("told"), Nudge.at, Nudge.held_until,
        )
        .join(NudgeRule, and_(NudgeRule.workspace_id == workspace_id, NudgeRule.priority == Incident.priority))
        .outerjoin(Nudge, Nudge.incident_id == Incident.id)
        .where(
            Incident.workspace_id == workspace_id,
            Incident.status != Status.RESOLVED,
            Incident.deleted_at.is_(None),
            Incident.created_at <= now - func.least(NudgeRule.silent_after, NudgeRule.unassigned_after),
        )
        .cte("quiet")
    )  # fmt: skip
    seen = quiet.c
    rung = case((seen.told_since == seen.since, seen.told), else_=0)
    ends = case((seen.is_held, len(HELD)), else_=len(UNHELD))
    after_last = seen.at <= now - case((rung > 0, func.greatest(seen.waits, APART)), else_=APART)
    return (
        select(quiet, rung.label("rung"))
        .where(
            seen.since <= now - seen.waits,
            rung < ends,
            or_(seen.at.is_(None), after_last),
            or_(seen.held_until.is_(None), seen.held_until <= now),
        )
        .order_by(seen.priority, seen.since)
        .limit(MOST_AT_ONCE)
    )


def _since() -> ColumnElement[datetime]:
    """Part of a statement that has incidents and their nudges: when the quiet began."""
    freed = select(func.max(Entry.at)).where(
        Entry.incident_id == Incident.id, Entry.what.in_((What.CREATED, What.ASSIGNED, What.REOPENED, What.RESTORED))
    )
    began = case(
        (listing.is_held(), talk.last_word()), else_=func.coalesce(freed.scalar_subquery(), Incident.created_at)
    )
    return func.greatest(began, Nudge.answered_at)


async def _step(session: AsyncSession, row: Row[Any], at: datetime) -> bool:
    """Take this reminder; False if another replica took it."""
    values = {"since": row.since, "rung": row.rung + 1, "at": at, "held_until": None}
    made = insert(Nudge).values(incident_id=row.id, **values)
    taken = made.on_conflict_do_update(
        index_elements=["incident_id"], set_=values, where=Nudge.at.is_not_distinct_from(row.at)
    )
    return await session.scalar(taken.returning(Nudge.incident_id)) is not None


async def _people(session: AsyncSession, row: Row[Any], workspace_id: str, who: Told) -> list[tuple[str, str]]:
    """Slack ids and time zones of those to write to."""
    if who is Told.THREAD:
        return []
    if who is Told.ASSIGNEE:
        ids = [await users.slack_id_of(session, row.assignee_id) or ""]
    else:
        ids = await users.superusers(session, workspace_id, most=None)
    found = await session.execute(
        select(SlackProfile.slack_user_id, SlackProfile.time_zone).where(
            SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id.in_(ids)
        )
    )
    return [(person, zone) for person, zone in found]


def _awake(zone: str, priority: Priority, now: datetime) -> datetime:
    """When this person may be written to: now, or in the morning if it is night where they are."""
    local = now.astimezone(ZoneInfo(zone))
    if priority is Priority.CRITICAL or MORNING <= local.time() < NIGHT:
        return now
    day = local.date() + timedelta(days=1 if local.time() >= NIGHT else 0)
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(now.tzinfo)


def _row(workspace_id: str, row: Row[Any], who: Told, person: str, at: datetime) -> dict[str, Any]:
    """In a lane of its own where it waits for the morning, so that nothing waits with it."""
    lane = f"nudge:{row.id}:{person}" if person else ""
    values = outbox.row(
        Topic.NUDGE_DUE, workspace_id=workspace_id, incident_id=row.id, lane=lane,
        told=who, since=row.since.isoformat(), user=person,
    )  # fmt: skip
    return {**values, "due_at": at}
