"""Numbers about incidents, each defined once: how many, how old, and how long it takes.

Deleted incidents never count, and what was taken back by ``undo`` never happened. Weeks begin on Monday, in the
reader's time zone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Row,
    Select,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import db
from domain.incidents import Incident
from domain.states import Priority, Status
from domain.timeline import Entry, What

USUAL: Final = 30
LONGEST: Final = 366
"""Days of a period."""
FEWEST: Final = 5
"""Fewer than this are too few to tell how long something takes."""
BANDS: Final = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""Where one age ends and the next one begins."""

Rows: TypeAlias = Sequence[Row[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From ``since``, which counts, to ``until``, which does not; ``zone`` says when a week begins."""

    since: datetime
    until: datetime
    zone: str

    @property
    def mondays(self) -> list[date]:
        """The first days of the weeks that it touches."""
        first, last = (_monday(at.astimezone(ZoneInfo(self.zone)).date()) for at in (self.since, self.until))
        return [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]

    def has(self, at: Any) -> ColumnElement[bool]:
        """Part of a statement: whether this time is in it."""
        return and_(at >= self.since, at < self.until)


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in a week, as far as it is in the period."""

    monday: date
    opened: int
    resolved: int


@dataclass(frozen=True, slots=True)
class Took:
    """How long it took ``count`` incidents: half of them ``median`` or less, nine of ten ``most``; None if too few."""

    count: int = 0
    median: timedelta | None = None
    most: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The numbers of one priority or category.

    Args:
        opened, resolved: in the period; what was resolved and reopened is not resolved.
        ages: how many are not resolved now, by age: under a day, under a week, under 30 days, and older.
        to_start: from opened to first started, of those first started in the period.
        to_resolve: from opened to resolved, of those resolved in the period.
    """

    name: str
    opened: int
    resolved: int
    ages: tuple[int, ...]
    to_start: Took
    to_resolve: Took

    @property
    def unresolved(self) -> int:
        return sum(self.ages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What there is to tell of a period.

    Args:
        reopened: how many incidents were reopened, however often.
        priorities: all of them, the most urgent first.
        categories: those with any number, the most often opened first.
    """

    period: Period
    weeks: Sequence[Week]
    reopened: int
    priorities: Sequence[Group]
    categories: Sequence[Group]

    @property
    def opened(self) -> int:
        return sum(week.opened for week in self.weeks)

    @property
    def resolved(self) -> int:
        return sum(week.resolved for week in self.weeks)

    @property
    def unresolved(self) -> int:
        return sum(group.unresolved for group in self.priorities)

    @property
    def is_quiet(self) -> bool:
        """Nothing happened in the period."""
        return not (self.opened or self.resolved or self.reopened)


def last_days(days: int, *, zone: str, until: datetime | None = None) -> Period:
    """The last so many times 24 hours."""
    end = until or db.now()
    return Period(since=end - timedelta(days=days), until=end, zone=zone)


async def numbers(session: AsyncSession, seen: ColumnElement[bool], period: Period, *, workspace_id: str) -> Numbers:
    """The numbers of what may be seen, in four statements.

    Args:
        seen: which incidents the readers may see.
    """
    here = and_(Incident.workspace_id == workspace_id, Incident.deleted_at.is_(None), seen)
    flow = (await session.execute(_flow(here, period))).all()
    ages = (await session.execute(_ages(here, period.until))).all()
    took = (await session.execute(_took(here, period, workspace_id))).all()
    reopened = (await session.execute(_reopened(here, period, workspace_id))).scalar_one()
    weeks = {(row.kind, row.week): row.many for row in flow if row.week is not None}
    kinds = {row.category for row in (*flow, *ages, *took) if row.category is not None}
    categories = [_group("category", kind, flow, ages, took) for kind in kinds]
    return Numbers(
        period=period,
        weeks=[
            Week(monday, weeks.get(("opened", place), 0), weeks.get(("resolved", place), 0))
            for place, monday in enumerate(period.mondays, start=1)
        ],
        reopened=reopened,
        priorities=[_group("priority", priority, flow, ages, took) for priority in Priority],
        categories=sorted(categories, key=lambda group: (-group.opened, -group.unresolved, group.name)),
    )


def _flow(here: ColumnElement[bool], period: Period) -> Select[Any]:
    """How many were opened and resolved: by week, by priority, and by category."""
    zone = ZoneInfo(period.zone)
    starts = [datetime.combine(monday, time(), zone).astimezone(UTC) for monday in period.mondays]
    weeks = cast(starts, ARRAY(DateTime(timezone=True)))

    def moved(kind: str, at: Any) -> Select[Any]:
        week = func.width_bucket(at, weeks).label("week")
        columns = (literal(kind).label("kind"), week, Incident.priority, Incident.category)
        return select(*columns).where(here, period.has(at))

    both = union_all(moved("opened", Incident.created_at), moved("resolved", Incident.resolved_at)).subquery()
    sides = (both.c.week, both.c.priority, both.c.category)
    sets = func.grouping_sets(*(tuple_(both.c.kind, side) for side in sides))
    return select(both.c.kind, *sides, func.count().label("many")).group_by(sets)


def _ages(here: ColumnElement[bool], now: datetime) -> Select[Any]:
    """How many are not resolved, by priority, category and age; the oldest are in the first band."""
    bounds = cast([now - age for age in reversed(BANDS)], ARRAY(DateTime(timezone=True)))
    band = func.width_bucket(Incident.created_at, bounds).label("band")
    unresolved = (
        select(Incident.priority, Incident.category, band).where(here, Incident.status != Status.RESOLVED).subquery()
    )
    return select(*unresolved.c, func.count().label("many")).group_by(*unresolved.c)


def _took(here: ColumnElement[bool], period: Period, workspace_id: str) -> Select[Any]:
    """How long it took to start and to resolve, by priority and by category."""
    resolved = _spans("resolve", Incident.resolved_at).where(here, period.has(Incident.resolved_at))
    spans = union_all(_first_starts(here, period, workspace_id), resolved).subquery()
    sides = (spans.c.priority, spans.c.category)
    median, most = (func.percentile_cont(part).within_group(spans.c.took) for part in (0.5, 0.9))
    figures = (func.count().label("many"), median.label("median"), most.label("most"))
    sets = func.grouping_sets(*(tuple_(spans.c.kind, side) for side in sides))
    return select(spans.c.kind, *sides, *figures).group_by(sets)


def _first_starts(here: ColumnElement[bool], period: Period, workspace_id: str) -> Select[Any]:
    """Only what was opened before the period can have been started before it, so only that is looked up."""
    undone = _taken_back(workspace_id)
    in_period = _happened(Entry, What.STARTED, undone, workspace_id), period.has(Entry.at)
    first = select(Entry.incident_id, func.min(Entry.at).label("at")).where(*in_period).group_by(Entry.incident_id)
    started = first.subquery("started")
    earlier = aliased(Entry)
    is_known = exists().where(
        earlier.incident_id == Incident.id,
        _happened(earlier, What.STARTED, undone, workspace_id),
        earlier.at < period.since,
    )
    is_new = or_(Incident.created_at >= period.since, ~is_known)
    return _spans("start", started.c.at).join(started, started.c.incident_id == Incident.id).where(here, is_new)


def _spans(kind: str, at: Any) -> Select[Any]:
    took = (at - Incident.created_at).label("took")
    return select(literal(kind).label("kind"), Incident.priority, Incident.category, took)


def _reopened(here: ColumnElement[bool], period: Period, workspace_id: str) -> Select[Any]:
    happened = _happened(Entry, What.REOPENED, _taken_back(workspace_id), workspace_id)
    incidents = select(func.count(Entry.incident_id.distinct())).join(Incident, Incident.id == Entry.incident_id)
    return incidents.where(here, happened, period.has(Entry.at))


def _happened(entry: type[Entry], what: What, undone: CTE, workspace_id: str) -> ColumnElement[bool]:
    """Part of a statement: this entry says that it happened, and it was not taken back."""
    is_undone = exists().where(undone.c.batch == entry.batch)
    return and_(entry.workspace_id == workspace_id, entry.what == what, ~is_undone)


def _taken_back(workspace_id: str) -> CTE:
    """The requests that were taken back: what stands right before each ``undone`` in its incident's history."""
    undone, before = aliased(Entry), aliased(Entry)
    last = select(before.batch).where(before.incident_id == undone.incident_id, before.id < undone.id)
    batch = last.order_by(before.id.desc()).limit(1).scalar_subquery().label("batch")
    here = (undone.workspace_id == workspace_id, undone.what == What.UNDONE)
    return select(batch).where(*here).cte("taken_back")


def _group(side: str, name: str, flow: Rows, ages: Rows, took: Rows) -> Group:
    def own(rows: Rows) -> list[Row[Any]]:
        return [row for row in rows if getattr(row, side) == name]

    moved = {row.kind: row.many for row in own(flow)}
    spans = {row.kind: _span(row) for row in own(took)}
    bands = Counter[int]()
    for row in own(ages):
        bands[row.band] += row.many
    return Group(
        name=name,
        opened=moved.get("opened", 0),
        resolved=moved.get("resolved", 0),
        ages=tuple(bands[band] for band in reversed(range(len(BANDS) + 1))),
        to_start=spans.get("start", Took()),
        to_resolve=spans.get("resolve", Took()),
    )


def _span(row: Row[Any]) -> Took:
    return Took(row.many) if row.many < FEWEST else Took(row.many, row.median, row.most)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
