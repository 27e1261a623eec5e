"""From when on people are reminded of an incident, per priority; off until a superuser sets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Enum, ForeignKey, SmallInteger, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import audit, policy
from domain.audit import Deed
from domain.db import Base
from domain.errors import InvalidInput
from domain.policy import Action, Actor
from domain.states import Priority

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=30)


class NudgeRule(Base):
    """How long an incident of a priority may be nobody's, and held without a word; None: for ever."""

    __tablename__ = "nudge_rule"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    priority: Mapped[Priority] = mapped_column(
        Enum(Priority, name="priority", metadata=Base.metadata, values_callable=lambda s: [m.value for m in s]),
        primary_key=True,
    )
    unassigned_after: Mapped[timedelta | None]
    silent_after: Mapped[timedelta | None]


class Nudge(Base):
    """How far the reminders of an incident have got.

    Args:
        since: the quiet that they are about began then; a later word starts them anew.
        rung: how many of those who are reminded were reminded.
        at: when the last reminder is due, which is later than now in somebody's night.
        answered_at: somebody said that they are still on it.
        held_until: nobody is reminded before.
    """

    __tablename__ = "nudge"

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]
    rung: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is set for a priority; None is never."""

    priority: Priority
    unassigned_after: timedelta | None
    silent_after: timedelta | None


async def listed(session: AsyncSession, *, by: Actor) -> list[Rule]:
    """What is set, most urgent first; raises Forbidden."""
    policy.require(by, Action.ADMINISTER)
    rows = await session.scalars(
        select(NudgeRule).where(NudgeRule.workspace_id == by.workspace_id).order_by(NudgeRule.priority)
    )
    return [Rule(row.priority, row.unassigned_after, row.silent_after) for row in rows]


async def set_(session: AsyncSession, rule: Rule, *, by: Actor) -> list[Rule]:
    """Remind people of incidents of a priority; what is set in the end.

    Raises:
        Forbidden: ``by`` is no superuser.
        InvalidInput: on ``nudge``: sooner than after ten minutes, later than after thirty days, or nothing at all.
    """
    policy.require(by, Action.ADMINISTER)
    times = {"unassigned_after": rule.unassigned_after, "silent_after": rule.silent_after}
    given = {name: after for name, after in times.items() if after is not None}
    if not given:
        raise InvalidInput("Nothing was changed: say after how long, as in 15m or 2h.", field="nudge")
    if not all(SHORTEST <= after <= LONGEST for after in given.values()):
        raise InvalidInput(
            "Nothing was changed: people can be nudged after 10m at least and 30d at most.", field="nudge"
        )
    made = insert(NudgeRule).values(workspace_id=by.workspace_id, priority=rule.priority, **times)
    await session.execute(made.on_conflict_do_update(index_elements=["workspace_id", "priority"], set_=times))
    details = {name.removesuffix("_after"): str(int(after.total_seconds())) for name, after in given.items()}
    await audit.record(session, Deed.NUDGES_SET, by=by, details={"priority": rule.priority.value, **details})
    return await listed(session, by=by)


async def stop(session: AsyncSession, priorities: Sequence[Priority], *, by: Actor) -> list[Rule]:
    """No more reminders of incidents of these priorities; what is left. Raises Forbidden."""
    policy.require(by, Action.ADMINISTER)
    mine: tuple[Any, ...] = (NudgeRule.workspace_id == by.workspace_id, NudgeRule.priority.in_(priorities))
    gone = await session.scalars(delete(NudgeRule).where(*mine).returning(NudgeRule.priority))
    for priority in sorted(gone, key=list(Priority).index):
        await audit.record(session, Deed.NUDGES_STOPPED, by=by, details={"priority": priority.value})
    return await listed(session, by=by)
