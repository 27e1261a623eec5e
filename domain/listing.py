"""Finding incidents again: lists with filters, a page at a time, and the most likely ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain import db, incidents, sight
from domain.db import Written
from domain.errors import InvalidInput
from domain.incidents import Incident, Priority, Status, in_workspace, visible_to
from domain.policy import Actor, Standing
from domain.sight import Eyes, Sight
from domain.users import SlackProfile, User
from domain.workspaces import Channel

PAGE = 10
MOST_COUNTED = 1_000
UNRESOLVED = (Status.OPEN, Status.IN_PROGRESS)

Key = tuple[str, int]
"""Priority and number of an incident: its place in every list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which incidents; what is left empty does not narrow. No status means all that are not resolved.

    Args:
        any_status: resolved ones too, unless a status is named.
        needs_person: those that nobody works on who can: unassigned, or held by somebody who left.
        involving_me: those assigned to the asking person, and their own that nobody works on.
        assignees, owners: Slack ids.
        opened_before, opened_after: when they were opened; aware.
        channel_id: where their card is.
    """

    statuses: tuple[Status, ...] = ()
    any_status: bool = False
    priorities: tuple[Priority, ...] = ()
    categories: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    unassigned: bool = False
    needs_person: bool = False
    involving_me: bool = False
    opened_before: datetime | None = None
    opened_after: datetime | None = None
    channel_id: str | None = None

    @property
    def is_timeless(self) -> bool:
        """Whether the same may well be asked again; a moment never comes back."""
        return self.opened_before is None and self.opened_after is None


@dataclass(frozen=True, slots=True)
class Asked:
    """What one statement finds, whoever asks; a page begins ``after`` a place, ends ``before`` it, or is the first."""

    wanted: Filter
    how_far: Sight
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some incidents, most urgent and oldest first; ``next`` and ``previous`` continue it, None ends it."""

    incidents: list[Incident]
    next: Key | None = None
    previous: Key | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many unresolved incidents the person can see."""

    unresolved: int
    critical: int
    unassigned: int
    mine: int


async def page(
    session: AsyncSession,
    wanted: Filter,
    *,
    by: Actor,
    after: Key | None = None,
    before: Key | None = None,
    seen: ColumnElement[bool] | None = None,
    most: int = PAGE,
) -> Page:
    """One page of the incidents that ``by`` may see; stable while others are opened or resolved.

    Args:
        after, before: the incident that the page begins behind, or ends before.
        seen: whose eyes count, if not those of ``by``.
        most: how long a page is.

    Raises:
        InvalidInput: the filters contradict each other; says which.
    """
    place = before or after
    asked = Asked(wanted, sight.of(by), "before" if before else "after" if after else "")
    statement = _usual_page(asked) if seen is None and wanted.is_timeless else _page(asked, seen)
    turn = {"priority": Priority(place[0]), "number": place[1]} if place else {}
    found = await incidents.read_all(session, statement, sight.given(by) | turn | {"most": most + 1})
    shown = found[:most][::-1] if before else found[:most]
    return turned(shown, is_more=len(found) > most, is_back=before is not None, is_first=after is None)


async def count(
    session: AsyncSession, wanted: Filter, *, by: Actor, seen: ColumnElement[bool] | None = None
) -> int | None:
    """How many a list has in all; None if there are more than are worth counting."""
    asked = Asked(wanted, sight.of(by))
    statement = _usual_count(asked) if seen is None and wanted.is_timeless else _count(asked, seen)
    [row] = await db.run(session, statement, sight.given(by))
    return row.found if row.found <= MOST_COUNTED else None


def turned(shown: list[Incident], *, is_more: bool, is_back: bool, is_first: bool) -> Page:
    """The page with what comes before and after it."""
    if not shown:
        return Page([])
    first, last = shown[0], shown[-1]
    has_next, has_previous = (True, is_more) if is_back else (is_more, not is_first)
    return Page(
        shown,
        next=(last.priority.value, last.number) if has_next else None,
        previous=(first.priority.value, first.number) if has_previous else None,
    )


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


def visible_in(workspace_id: str, channel_id: str) -> ColumnElement[bool]:
    """Which incidents everybody in this channel may see: its own, and those in public channels.

    In a channel that is shared with another organisation, only its own.
    """
    here = aliased(Channel)
    is_shared = select(here.id).where(here.workspace_id == workspace_id, here.id == channel_id, here.is_shared).exists()
    public = select(Channel.id).where(Channel.workspace_id == workspace_id, ~Channel.is_private, ~is_shared)
    return or_(Incident.channel_id == channel_id, Incident.channel_id.in_(public))


def _page(asked: Asked, seen: ColumnElement[bool] | None = None) -> Written:
    place = tuple_(Incident.priority, Incident.number)
    turn = tuple_(bindparam("priority", type_=_TABLE.c.priority.type), bindparam("number", type_=Integer))
    query = incidents.with_people().where(*_matching(asked, seen)).limit(bindparam("most", type_=Integer))
    if asked.turn == "before":
        return db.written(query.where(place < turn).order_by(Incident.priority.desc(), Incident.number.desc()))
    query = query.where(place > turn) if asked.turn else query
    return db.written(query.order_by(Incident.priority, Incident.number))


def _count(asked: Asked, seen: ColumnElement[bool] | None = None) -> Written:
    matching = select(Incident.id).where(*_matching(asked, seen)).limit(MOST_COUNTED + 1)
    return db.written(select(func.count().label("found")).select_from(matching.subquery()))


_usual_page, _usual_count = lru_cache(maxsize=256)(_page), lru_cache(maxsize=256)(_count)
"""Putting a statement together takes longer than running it, and most lists are asked for again."""


def _matching(asked: Asked, seen: ColumnElement[bool] | None) -> list[ColumnElement[bool]]:
    visible = sight.visible(asked.how_far, sight.BY) if seen is None else seen
    return [sight.in_workspace(sight.BY), visible, *conditions(asked.wanted, sight.BY)]


def conditions(wanted: Filter, by: Actor | Eyes) -> list[ColumnElement[bool]]:
    """What the incidents must be; raises InvalidInput where nothing can be all of it."""
    _require_sense(wanted)
    is_any = wanted.any_status and not wanted.needs_person
    found = of_status(wanted.statuses or (tuple(Status) if is_any else UNRESOLVED))
    if wanted.priorities:
        found.append(_one_of(Incident.priority, wanted.priorities))
    if wanted.categories:
        found.append(_one_of(Incident.category, wanted.categories))
    if wanted.assignees:
        found.append(Incident.assignee_id.in_(_accounts(wanted.assignees, by)))
    if wanted.owners:
        found.append(Incident.owner_id.in_(_accounts(wanted.owners, by)))
    if wanted.unassigned:
        found.append(Incident.assignee_id.is_(None))
    if wanted.needs_person:
        found.append(~is_held())
    if wanted.involving_me:
        is_orphan = (Incident.owner_id == by.id) & Incident.assignee_id.is_(None)
        found.append(or_(Incident.assignee_id == by.id, is_orphan))
    if wanted.opened_before:
        found.append(Incident.created_at < wanted.opened_before)
    if wanted.opened_after:
        found.append(Incident.created_at > wanted.opened_after)
    if wanted.channel_id:
        found.append(Incident.channel_id == wanted.channel_id)
    return found


def _require_sense(wanted: Filter) -> None:
    if wanted.unassigned and wanted.assignees:
        raise InvalidInput(
            "Nothing can match: “unassigned” and an assignee contradict each other. Leave one of them out.",
            field="assignee",
        )
    if wanted.needs_person and Status.RESOLVED in wanted.statuses:
        raise InvalidInput("Nothing can match: what is resolved needs nobody. Leave one of them out.", field="needs")
    before, after = wanted.opened_before, wanted.opened_after
    if before and after and before <= after:
        raise InvalidInput(
            "Nothing can match: “older” and “newer” leave no time between them. The older age must be the smaller one, "
            "as in older:2d newer:2w.",
            field="older",
        )


def is_held() -> ColumnElement[bool]:
    """Part of a statement that has incidents: somebody who can work on it has it."""
    return workers(SlackProfile.user_id == Incident.assignee_id).exists()


def workers(*where: ColumnElement[bool]) -> Select[UUID | None]:
    """Accounts of those who can work on incidents."""
    mapped = select(SlackProfile.user_id).join(User, User.id == SlackProfile.user_id)
    able = (User.is_active, ~SlackProfile.is_deactivated, SlackProfile.standing == Standing.MEMBER)
    return mapped.where(*able, *where)


def of_status(statuses: Sequence[Status]) -> list[ColumnElement[bool]]:
    """Said so that the index over unresolved incidents serves where it can."""
    chosen = set(statuses)
    if chosen == set(Status):
        return []
    unresolved = [] if Status.RESOLVED in chosen else [Incident.status != Status.RESOLVED]
    return unresolved if chosen == set(UNRESOLVED) else [*unresolved, _one_of(Incident.status, sorted(chosen))]


def _accounts(slack_user_ids: Sequence[str], by: Actor | Eyes) -> Select[UUID | None]:
    mapped = (SlackProfile.workspace_id == by.workspace_id, _one_of(SlackProfile.slack_user_id, slack_user_ids))
    return select(SlackProfile.user_id).where(*mapped)


def _one_of(column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """As ``IN``, of which SQLAlchemy would make the values anew each time."""
    return or_(*(column == value for value in values))


_TABLE = Incident.__table__
