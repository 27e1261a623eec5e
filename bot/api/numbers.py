"""Numbers."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bot.api import problems
from bot.api.callers import Caller
from bot.api.shapes import Out, seconds
from domain import incidents, stats
from domain.stats import LONGEST, USUAL, Group, Took

router = APIRouter(responses=problems.OF_EVERYTHING)


class TookOut(Out):
    """How long something took; null where it were too few to tell."""

    count: int
    median_s: float | None
    most_s: float | None = Field(description="Nine of ten took no longer.")

    @classmethod
    def of(cls, took: Took) -> "TookOut":
        return cls(count=took.count, median_s=seconds(took.median), most_s=seconds(took.most))


class GroupOut(Out):
    """The numbers of one priority or category; ``ages`` counts what is open by age: a day, a week, 30 days, older."""

    name: str
    opened: int
    resolved: int
    ages: list[int]
    to_start: TookOut
    to_resolve: TookOut

    @classmethod
    def of(cls, group: Group) -> "GroupOut":
        return cls(
            name=group.name,
            opened=group.opened,
            resolved=group.resolved,
            ages=list(group.ages),
            to_start=TookOut.of(group.to_start),
            to_resolve=TookOut.of(group.to_resolve),
        )


class WeekOut(Out):
    """What happened in a week, as far as it is in the period."""

    monday: date
    opened: int
    resolved: int


class Stats(Out):
    """Of the incidents that you may see."""

    days: int
    opened: int
    resolved: int
    reopened: int
    unresolved: int
    weeks: list[WeekOut]
    priorities: list[GroupOut]
    categories: list[GroupOut]


@router.get("/stats", tags=["stats"])
async def get_stats(caller: Caller, days: Annotated[int, Query(ge=1, le=LONGEST)] = USUAL) -> Stats:
    """How many were opened and resolved lately, what is open, and how long it takes."""
    by = caller.actor
    period = stats.last_days(days, zone=by.time_zone)
    async with caller.begin() as session:
        found = await stats.numbers(session, incidents.visible_to(by), period, workspace_id=by.workspace_id)
    return Stats(
        days=days,
        opened=found.opened,
        resolved=found.resolved,
        reopened=found.reopened,
        unresolved=found.unresolved,
        weeks=[WeekOut(monday=week.monday, opened=week.opened, resolved=week.resolved) for week in found.weeks],
        priorities=[GroupOut.of(group) for group in found.priorities],
        categories=[GroupOut.of(group) for group in found.categories],
    )
