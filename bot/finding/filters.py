"""The words after ``list``, ``mine`` and ``search`` → a filter, and back into a line for a button."""

import re
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.lexer import PRIORITIES
from domain import db, membership, workspaces
from domain.errors import InvalidInput
from domain.incidents import Priority, Status
from domain.listing import Filter, Key
from domain.policy import Actor
from domain.search import Turn, bounded

UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
OLDEST: Final = timedelta(weeks=2_000)
KEYS: Final = ("priority", "category", "status", "assignee", "owner", "older", "newer", "in")
WHAT_THERE_IS: Final = (
    "There are p1 to p4, a category, open, in_progress, resolved, unassigned, @person, owner:@person, older:2d, "
    "newer:2w and in:#channel."
)
MOST_IN_LINE: Final = 1_900
"""Characters of a button's value, which Slack limits to 2,000."""

_AGE: Final = re.compile(r"(\d{1,4})([mhdw])[a-z]*")
_TURN: Final = re.compile(r"(after|before):(~?)(?:(critical|high|medium|low)-)?([0-9]{1,9})")
"""Ends the line of a *Next* or *Previous* button; ``~`` stands for similar words."""
_KEYED: Final = re.compile(r"([A-Za-z]{2,20}):\S+")
_LEVEL: Final = re.compile(r"p\d+", re.IGNORECASE)


async def read(session: AsyncSession, request: Request, actor: Actor) -> Filter:
    """What a line asks for, its text left out.

    Raises:
        InvalidInput: a filter does not exist, or two contradict each other; names it and what there is.
    """
    _require_known_names(request)
    is_search = request.verb == "search"
    wanted = Filter(
        statuses=tuple(map(Status, request.statuses)),
        any_status=is_search,
        priorities=tuple(map(Priority, request.priorities)),
        categories=request.categories,
        assignees=request.people[:10],
        involving_me=request.verb == "mine",
    )
    for key, value in request.options:
        wanted = await _with(session, wanted, key, value, actor)
    return wanted


def words_of(request: Request) -> tuple[str, ...]:
    """The text that no filter is, without the page that a button added."""
    return tuple(word for word in request.words if not _TURN.fullmatch(word))


def unknown(words: tuple[str, ...]) -> str:
    """Why a word is no filter, as a sentence."""
    first = words[0]
    if keyed := _KEYED.fullmatch(first):
        near = get_close_matches(keyed[1].lower(), KEYS, n=1)
        guess = f" Did you mean {near[0]}:?" if near else ""
        return f"There is no filter “{keyed[1]}”.{guess} {WHAT_THERE_IS}"
    if _LEVEL.fullmatch(first):
        return f"“{first}” is no priority. There are p1 to p4: {', '.join(PRIORITIES)}."
    return f"“{' '.join(words)[:100]}” is no filter. {WHAT_THERE_IS}"


def line(request: Request) -> str:
    """The same request as a line that can be run again, without its page; short enough for a button."""
    terms = bounded(words_of(request))[0]
    parts = [
        request.verb,
        *(f'"{term}"' if '"' not in term else term for term in terms),
        *request.priorities,
        *request.categories,
        *request.statuses,
        *(f"<@{person}>" for person in request.people[:10]),
        *(f"{key}:{_marked(key, value)}" for key, value in request.options),
    ]
    return " ".join(parts)[:MOST_IN_LINE]


def turned(base: str, direction: str, place: Key | int, *, is_similar: bool = False) -> str:
    """A line for the page after or before this place."""
    at = f"{place[0]}-{place[1]}" if isinstance(place, tuple) else str(place)
    return f"{base} {direction}:{'~' if is_similar else ''}{at}"


def place_of(request: Request) -> dict[str, Key]:
    """Where the page of a list begins or ends, if a button asked for it."""
    found = _page(request)
    return {found[1]: (found[3], int(found[4]))} if found and found[3] else {}


def turn_of(request: Request) -> Turn:
    """Which page of a search a button asked for."""
    found = _page(request)
    if not found or found[3]:
        return Turn()
    number, is_after = int(found[4]), found[1] == "after"
    return Turn(after=number if is_after else None, before=None if is_after else number, is_similar=bool(found[2]))


def _page(request: Request) -> "re.Match[str] | None":
    last = request.words[-1] if request.words else ""
    return _TURN.fullmatch(last)


async def _with(session: AsyncSession, wanted: Filter, key: str, value: str, actor: Actor) -> Filter:
    match key:
        case "assignee" if value == "none":
            return replace(wanted, unassigned=True)
        case "assignee":
            return replace(wanted, assignees=(*wanted.assignees, _person(key, value, actor)))
        case "owner":
            return replace(wanted, owners=(*wanted.owners, _person(key, value, actor)))
        case "older" if wanted.opened_before is None:
            return replace(wanted, opened_before=db.now() - _age(key, value))
        case "newer" if wanted.opened_after is None:
            return replace(wanted, opened_after=db.now() - _age(key, value))
        case "in":
            channel_id = await _channel(session, value, actor)
            if wanted.channel_id not in (None, channel_id):
                raise InvalidInput("Nothing can match: a card is in one channel. Name one with in:.", field="in")
            return replace(wanted, channel_id=channel_id)
        case "older" | "newer":
            raise InvalidInput(f"“{key}:” was given twice. Give it once, as in {key}:2d.", field=key)
        case "priority":
            raise InvalidInput(f"“{value}” is no priority. There are {', '.join(PRIORITIES)}.", field=key)
        case "status":
            raise InvalidInput(f"“{value}” is no status. There are open, in_progress and resolved.", field=key)
        case "category":
            names = ", ".join(await workspaces.category_names(session, actor.workspace_id))
            raise InvalidInput(f"There is no category “{value}”. There are {names}.", field=key)
    raise InvalidInput(f"There is no filter “{key}” here. {WHAT_THERE_IS}", field=key)


def _person(key: str, value: str, actor: Actor) -> str:
    if value.lower() in {"me", "@me"}:
        return actor.slack_user_id
    if re.fullmatch("[UW][A-Z0-9]+", value):
        return value
    raise InvalidInput(f"Nobody here is known as “{value}”. Type {key}:@ and choose from Slack's list.", field=key)


def _age(key: str, value: str) -> timedelta:
    found = _AGE.fullmatch(value.lower())
    if not found:
        raise InvalidInput(f"“{key}:{value}” is no age. Write {key}:2d; m, h, d and w are the units.", field=key)
    return min(timedelta(**{UNITS[found[2]]: int(found[1])}), OLDEST)


async def _channel(session: AsyncSession, value: str, actor: Actor) -> str:
    found = await membership.channel_named(session, value.removeprefix("#"), by=actor)
    if found is None:
        raise InvalidInput(
            f"There is no channel “{value}” that you can see and where Incident Tracker is. Type in:# and choose.",
            field="in",
        )
    return found


def _require_known_names(request: Request) -> None:
    if request.names:
        raise InvalidInput(
            f"Nobody here is known as “{request.names[0]}”. Type @ and choose from Slack's list.", field="assignee"
        )


def _marked(key: str, value: str) -> str:
    if key in ("assignee", "owner") and re.fullmatch("[UW][A-Z0-9]+", value):
        return f"<@{value}>"
    return f"<#{value}>" if key == "in" and re.fullmatch("[CDG][A-Z0-9]+", value) else value[:80]
