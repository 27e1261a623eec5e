"""Unresolved incidents that look like one that is about to be opened."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Numeric, String, and_, bindparam, cast, false, func, literal, or_, select
from sqlalchemy import text as text_of
from sqlalchemy.ext.asyncio import AsyncSession

from domain import db, incidents, sight, text
from domain.db import Written
from domain.errors import Conflict
from domain.incidents import Incident, Status, in_workspace, visible_to
from domain.policy import Actor
from domain.sight import Sight

MOST = 3
OFFERED = 20
WORDS = 6
NUMBER = re.compile(r"(?:inc-?|#)?([0-9]{1,9})", re.IGNORECASE)
_FACT = "fact_"


class LooksAlike(Conflict):
    """Nothing was saved yet: there may be an incident about this, and the person was not told."""

    def __init__(self, found: Sequence[Incident]) -> None:
        names = " and ".join(incident.ref for incident in found)
        super().__init__(f"Not saved yet: this looks like {names}. Add to it, or create yours all the same.")
        self.found = list(found)


async def find(session: AsyncSession, title: str, *, by: Actor) -> list[Incident]:
    """Up to three unresolved incidents with a similar title that ``by`` may see, the most alike and newest first."""
    return (await beside(session, _finding(sight.of(by)), title, by=by))[1]


async def beside(
    session: AsyncSession, asked: Written, title: str, *, by: Actor, made_by: str | None = None, **given: Any
) -> tuple[list[Any], list[Incident]]:
    """Look-alikes like find, and other facts that the same request needs, in one statement.

    Args:
        asked: the statement that ``asking`` made of the facts, for what ``by`` can see.
        made_by: leaves out the incident with this ``source``: the same request, once more.
        given: what the facts want to know.
    """
    wanted = " ".join(text.clean(title).split())[: text.TITLE_LIMIT]
    values = {**given, **sight.given(by), "title": wanted, "made_by": made_by or ""}
    rows = [row._asdict() for row in await db.run(session, asked, values)]
    facts = [rows[0][name] for name in rows[0] if name.startswith(_FACT)]
    return facts, [incidents.shown(row) for row in rows if row["id"] is not None]


def asking(*facts: ColumnElement[Any], how_far: Sight) -> Written:
    """The statement that finds look-alikes and these facts."""
    known = [fact.label(f"{_FACT}{place}") for place, fact in enumerate(facts)]
    asked = select(literal(1).label("one"), *known).subquery("asked")
    is_alike, order = _resembling(how_far)
    query = select(asked, Incident.__table__).select_from(asked.outerjoin(Incident.__table__, is_alike))
    return db.written(query.order_by(*order).limit(MOST))


@cache
def _finding(how_far: Sight) -> Written:
    return asking(how_far=how_far)


async def pick(session: AsyncSession, typed: str, *, by: Actor) -> list[Incident]:
    """Incidents to choose from: the number that was typed, or those with all the words in the title.

    Unresolved ones come first, of these the person's own; without any words, there are no others.
    """
    words = text.clean(typed).split()[:WORDS]
    named = NUMBER.fullmatch(" ".join(words))
    number = Incident.number == (int(named[1]) if named else 0)
    patterns = ["%" + re.sub(r"([%_\\])", r"\\\1", word) + "%" for word in words]
    is_open = Incident.status != Status.RESOLVED
    fits = (
        or_(number, and_(*(Incident.title.ilike(pattern, escape="\\") for pattern in patterns))) if words else is_open
    )
    is_own = func.coalesce(or_(Incident.assignee_id == by.id, Incident.owner_id == by.id), false())
    query = select(Incident).where(in_workspace(by), visible_to(by), fits)
    order = (number.desc(), is_open.desc(), is_own.desc(), Incident.updated_at.desc())
    return list(await session.scalars(query.order_by(*order).limit(OFFERED)))


def _resembling(how_far: Sight) -> tuple[ColumnElement[bool], list[ColumnElement[Any]]]:
    """Which incidents look like this one, and the order to name them in; an index of letters finds them."""
    wanted = bindparam("title", type_=String)
    likeness = func.likeness(Incident.title, wanted, type_=Float)
    is_near = and_(Incident.title.op("%", is_comparison=True)(wanted), likeness >= db.NEAR)
    conditions = [
        Incident.workspace_id == sight.BY.workspace_id,
        Incident.deleted_at.is_(None),
        sight.visible(how_far, sight.BY),
        text_of("incident.status <> 'resolved'"),  # as the index has it, so that it serves whatever the values are
        Incident.source.is_distinct_from(bindparam("made_by", type_=String)),
    ]
    nearest = func.round(cast(likeness, Numeric), 1)
    return and_(or_(is_near, Incident.title == wanted), *conditions), [nearest.desc(), Incident.number.desc()]
