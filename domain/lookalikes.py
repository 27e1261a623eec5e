"""Unresolved incidents that look like one that is about to be opened."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, cast, false, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import text
from domain.errors import Conflict
from domain.incidents import Incident, Status, in_workspace, visible_to
from domain.policy import Actor

MOST = 3
OFFERED = 20
WORDS = 6
NUMBER = re.compile(r"(?:inc-?|#)?([0-9]{1,9})", re.IGNORECASE)
NEAR = 0.4
"""How much of their letters two titles must share; PostgreSQL's index finds what shares 0.3."""


class LooksAlike(Conflict):
    """Nothing was saved yet: there may be an incident about this, and the person was not told."""

    def __init__(self, found: Sequence[Incident]) -> None:
        names = " and ".join(incident.ref for incident in found)
        super().__init__(f"Not saved yet: this looks like {names}. Add to it, or create yours all the same.")
        self.found = list(found)


async def find(session: AsyncSession, title: str, *, by: Actor) -> list[Incident]:
    """Up to three unresolved incidents with a similar title that ``by`` may see, the most alike and newest first."""
    return (await beside(session, title, by=by))[1]


async def beside(
    session: AsyncSession, title: str, *facts: ColumnElement[Any], by: Actor, made_by: str | None = None
) -> tuple[list[Any], list[Incident]]:
    """Look-alikes like find, and other facts that the same request needs, in one statement.

    Args:
        made_by: leaves out the incident with this ``source``: the same request, once more.
    """
    known = [fact.label(f"fact_{place}") for place, fact in enumerate(facts)]
    asked = select(literal(1).label("one"), *known).subquery("asked")
    is_alike, order = resembling(title, by, made_by=made_by)
    query = select(asked, Incident).select_from(asked).outerjoin(Incident, is_alike).order_by(*order).limit(MOST)
    rows = (await session.execute(query)).all()
    found = [row[-1] for row in rows if row[-1] is not None]
    for incident in found:
        session.expunge(incident)  # only to be shown, also when the transaction is given up because of it
    return list(rows[0][1:-1]), found


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


def resembling(
    title: str, by: Actor, *, made_by: str | None = None
) -> tuple[ColumnElement[bool], list[ColumnElement[Any]]]:
    """Which incidents look like this one, and the order to name them in; an index of letters finds them."""
    wanted = " ".join(text.clean(title).split())[: text.TITLE_LIMIT]
    if not wanted:
        return false(), []
    likeness = func.similarity(Incident.title, wanted)
    is_near = and_(Incident.title.op("%", is_comparison=True)(wanted), likeness >= NEAR)
    conditions = [in_workspace(by), visible_to(by), Incident.status != Status.RESOLVED]
    if made_by is not None:
        conditions.append(Incident.source.is_distinct_from(made_by))
    nearest = func.round(cast(likeness, Numeric), 1)
    return and_(or_(is_near, Incident.title == wanted), *conditions), [nearest.desc(), Incident.number.desc()]
