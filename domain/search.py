"""Full-text search over titles, descriptions and comments, with parts of words and typing errors as the fallback.

PostgreSQL's configuration is "simple": it knows no language, so every script is searched alike and no word is too
common to count. Each word also finds longer words that begin with it; words in quotes stand next to each other. All
words must be in the incident's own text, or all in one comment.

A rare word is cheap from an index and dear by going through the incidents; with a word that half of all comments
contain it is the other way round; and a word that was frequent only years ago makes going through them endless. So one
statement has three parts, of which PostgreSQL runs what is needed:

1. The index is asked for at most FEW comments. If that was all of them, they say which incidents match.
2. Else the NEAR newest incidents that the filters leave are looked at, until a page is full.
3. If it did not get full, all comments in the index say which incidents match: that they are so many and yet so seldom
   among the newest makes this rare, and it costs no more than reading each match once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    UnaryExpression,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.comments import Comment
from domain.errors import InvalidInput
from domain.incidents import WITH_PEOPLE, Incident, in_workspace, visible_to
from domain.listing import PAGE, Filter, conditions
from domain.policy import Actor

MOST_CHARACTERS = 300
MOST_WORDS = 12
FEW = 2_000
NEAR = 300
SHORTEST_PART = 3
"""Characters; the index over parts of words knows no shorter ones, so those are looked for in titles only."""
LONGEST_SWAPPED = 8
"""Characters; in a longer word two letters in each other's place leave enough of it alike."""

_SIMPLE: ColumnElement[Any] = literal_column("'simple'")
_SPACE: ColumnElement[str] = literal_column("' '")
_PLACE = (Incident.id, Incident.number)

Texts: TypeAlias = Callable[[Any], list[ColumnElement[bool]]]
"""What the own text of an incident, or of a selection of incidents, must be: any of these."""

Matching: TypeAlias = tuple[Texts, ColumnElement[bool]]
"""That, and what a comment must be."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An incident that was found; ``said`` is the comment that matched, if it was one."""

    incident: Incident
    said: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """Up to ten incidents, the newest first.

    Args:
        is_similar: nothing has exactly these words.
        is_cut: more was typed than is searched for.
        next, previous: the number behind or before which the next or previous page is.
    """

    hits: list[Hit]
    is_similar: bool = False
    is_cut: bool = False
    next: int | None = None
    previous: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Which page: behind or before an incident's number, of the exact or of the similar ones, and how long it is."""

    after: int | None = None
    before: int | None = None
    is_similar: bool = False
    most: int = PAGE


async def page(
    session: AsyncSession,
    words: tuple[str, ...],
    wanted: Filter,
    *,
    by: Actor,
    turn: Turn = Turn(),
    seen: ColumnElement[bool] | None = None,
) -> Found:
    """One page of what ``by`` may see and what has all these words; a word with spaces is a phrase.

    Raises:
        InvalidInput: nothing to search for, or filters that contradict each other.
    """
    terms, is_cut = bounded(words)
    if not terms:
        raise InvalidInput(
            "Say what to search for, as in /incident search card reader, or “/incident list” for all.", field="words"
        )
    terms = list(dict.fromkeys(terms))
    visible = visible_to(by) if seen is None else seen
    where = and_(in_workspace(by), visible, *conditions(wanted, by), _turned(turn))
    hits = [] if turn.is_similar else await _hits(session, _exact(terms), where, by, turn)
    is_similar = turn.is_similar or (not hits and turn.after is None and turn.before is None)
    if is_similar:
        hits = await _hits(session, _similar(terms), where, by, turn)
    shown = hits[-turn.most :] if turn.before is not None else hits[: turn.most]
    return _found(shown, turn, is_more=len(hits) > turn.most, is_similar=is_similar and bool(hits), is_cut=is_cut)


def bounded(words: tuple[str, ...]) -> tuple[list[str], bool]:
    """What is searched for, and whether something had to be left out."""
    terms, room = list[str](), MOST_CHARACTERS
    for word in words:
        if len(terms) == MOST_WORDS or room <= 0:
            return terms, True
        if term := word.strip()[:room]:
            terms.append(term)
            room -= len(word)
    return terms, room < 0


def _exact(terms: list[str]) -> Matching:
    """What an incident's own text must be, or a comment; said as the indexes say it."""
    query = _query(terms)
    said = func.to_tsvector(_SIMPLE, Comment.content).op("@@")(query)
    return lambda of: [func.to_tsvector(_SIMPLE, of.title + _SPACE + of.description).op("@@")(query)], said


def _similar(terms: list[str]) -> Matching:
    """The same for parts of words and typing errors; what no index knows is looked for in titles only."""
    if any(len(term) < SHORTEST_PART for term in terms):
        return lambda of: [_likeness(terms, of.title)], false()

    def own(of: Any) -> list[ColumnElement[bool]]:
        return [_likeness(terms, of.title), _typo(terms, of.title), _likeness(terms, of.description)]

    return own, _mixed_up(terms, Comment.content)


async def _hits(
    session: AsyncSession, matching: Matching, where: ColumnElement[bool], by: Actor, turn: Turn
) -> list[Hit]:
    """A page, and one more if there are more, the newest first; each with its newest comment that matches."""
    here = (Comment.incident_id == Incident.id, Comment.deleted_at.is_(None), matching[1])
    said = select(Comment.content).where(*here).order_by(Comment.created_at.desc()).limit(1)
    query = select(Incident, said.correlate(Incident).scalar_subquery())
    query = query.where(Incident.id.in_(_ids(matching, where, by, turn))).options(*WITH_PEOPLE)
    return [
        Hit(incident, content) for incident, content in await session.execute(query.order_by(Incident.number.desc()))
    ]


def _ids(matching: Matching, where: ColumnElement[bool], by: Actor, turn: Turn) -> Select[UUID]:
    """Which incidents these are, found in three parts."""
    own, said = matching
    talk = select(Comment.incident_id).where(
        Comment.workspace_id == by.workspace_id, Comment.deleted_at.is_(None), said
    )
    few = talk.limit(FEW + 1).cte("few").prefix_with("MATERIALIZED")
    is_few = _count(few) <= FEW
    walked = _walked(own, said, and_(where, ~is_few), turn).cte("walked").prefix_with("MATERIALIZED")
    is_full = _count(walked) > turn.most
    texts = [select(Incident.id).where(each, Incident.deleted_at.is_(None)) for each in own(Incident)]

    one = union(*texts, select(few.c.incident_id)).subquery()
    # One by one, as they are few: PostgreSQL would go through all incidents, as it takes any text to be in many.
    looked_at = select(*_PLACE).where(Incident.id == one.c.id, where).offset(0).lateral()
    every = Incident.id.in_(select(union(*texts, talk).subquery()))
    parts = (
        select(looked_at).select_from(one.join(looked_at, true())).where(is_few),
        select(walked).where(is_full),
        select(select(*_PLACE).where(where, ~is_few, ~is_full, every).subquery()),
    )
    found = union_all(*parts).subquery()
    order = found.c.number.asc() if turn.before is not None else found.c.number.desc()
    return select(found.c.id).order_by(order).limit(turn.most + 1)


def _walked(own: Texts, said: ColumnElement[bool], where: ColumnElement[bool], turn: Turn) -> Select[UUID, int]:
    """Those among the newest that match; the offset keeps PostgreSQL from reading all comments for a few incidents."""
    newest = select(Incident).where(where).order_by(_order(turn, Incident)).limit(NEAR)
    near = aliased(Incident, newest.subquery("near"))
    talked = select(literal(1)).where(Comment.incident_id == near.id, Comment.deleted_at.is_(None), said).offset(0)
    matching = select(near.id, near.number).where(or_(*own(near), talked.exists()))
    return matching.order_by(_order(turn, near)).limit(turn.most + 1)


def _count(rows: CTE) -> ScalarSelect[int]:
    return select(func.count()).select_from(rows).scalar_subquery()


def _order(turn: Turn, of: Any) -> UnaryExpression[int]:
    number: ColumnElement[int] = of.number
    return number.asc() if turn.before is not None else number.desc()


def _turned(turn: Turn) -> ColumnElement[bool]:
    if turn.before is not None:
        return Incident.number > turn.before
    return Incident.number < turn.after if turn.after is not None else literal_column("true")


def _query(terms: list[str]) -> ColumnElement[Any]:
    """The words as PostgreSQL's search syntax; what people type is quoted, so it cannot be syntax."""
    lexemes = [f"{_quoted(term)}{'' if re.search(chr(92) + 's', term) else ':*'}" for term in terms]
    return func.to_tsquery(_SIMPLE, " & ".join(lexemes))


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _likeness(terms: list[str], column: Any) -> ColumnElement[bool]:
    """All of the words, as parts of words."""
    return and_(*(column.icontains(term, autoescape=True) for term in terms))


def _mixed_up(terms: list[str], column: Any) -> ColumnElement[bool]:
    """The same, perhaps with two letters in each other's place."""
    return and_(*(or_(column.icontains(term, autoescape=True), *_swapped(term, column)) for term in terms))


def _typo(terms: list[str], column: Any) -> ColumnElement[bool]:
    """Words much like all of these, or these with two letters in each other's place."""
    return and_(*(or_(column.op("%>")(term), *_swapped(term, column)) for term in terms))


def _swapped(term: str, column: Any) -> list[ColumnElement[bool]]:
    if not SHORTEST_PART < len(term) <= LONGEST_SWAPPED:
        return []
    swapped = [term[:at] + term[at + 1] + term[at] + term[at + 2 :] for at in range(len(term) - 1)]
    return [column.icontains(word, autoescape=True) for word in dict.fromkeys(swapped)]


def _found(hits: list[Hit], turn: Turn, *, is_more: bool, is_similar: bool, is_cut: bool) -> Found:
    if not hits:
        return Found([], is_cut=is_cut)
    is_back = turn.before is not None
    has_next, has_previous = (True, is_more) if is_back else (is_more, turn.after is not None)
    return Found(
        hits,
        is_similar=is_similar,
        is_cut=is_cut,
        next=hits[-1].incident.number if has_next else None,
        previous=hits[0].incident.number if has_previous else None,
    )
