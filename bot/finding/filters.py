"""The words after ``list``, ``mine`` and ``search`` → a filter, and back into a line for a button."""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.lexer import FILTERS, PRIORITIES
from bot.mrkdwn import escape
from domain import db, membership, users, workspaces
from domain.errors import InvalidInput
from domain.incidents import Priority, Status
from domain.listing import Filter, Key
from domain.policy import Actor
from domain.search import Turn, bounded
from domain.text import bare

UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
OLDEST: Final = timedelta(weeks=2_000)
KEYS: Final = ("priority", "category", "status", "assignee", "owner", "older", "newer", "in", "needs")
WHAT_THERE_IS: Final = (
    "There are p1 to p4, a category, open, in_progress, resolved, unassigned, @person, owner:@person, older:2d, "
    "newer:2w, in:#channel and needs:person."
)
MOST_IN_LINE: Final = 1_900
"""Characters of a button's value, which Slack limits to 2,000."""

_AGE: Final = re.compile(r"(\d{1,4})(m|min|minutes?|h|hours?|d|days?|w|weeks?)")
_TURN: Final = re.compile(r"(after|before):(~?)(?:(critical|high|medium|low)-)?([0-9]{1,9})")
"""Ends the line of a *Next* or *Previous* button; ``~`` stands for similar words."""
_KEYED: Final = re.compile(r"([A-Za-z]{2,20}):\S+")
_LEVEL: Final = re.compile(r"p\d+", re.IGNORECASE)


async def read(session: AsyncSession, request: Request, actor: Actor) -> Filter:
    """What a line asks for, its text left out.

    Raises:
        InvalidInput: a filter does not exist, or two contradict each other; names it and what there is.
    """
    if request.names:
        raise InvalidInput(await _nobody(session, request.names[0], "@", actor), field="assignee")
    is_search = request.verb == "search"
    wanted = Filter(
        statuses=tuple(map(Status, request.statuses)),
        any_status=is_search,
        priorities=tuple(map(Priority, request.priorities)),
        categories=request.categories,
        assignees=request.people,
        involving_me=request.verb == "mine",
    )
    for key, value in dict.fromkeys(request.options):
        wanted = await _with(session, wanted, key, value, actor)
    if wanted.involving_me and wanted.assignees and actor.slack_user_id not in wanted.assignees:
        raise InvalidInput(
            "Nothing can match: “mine” is what you work on, and the assignee is somebody else. Try list.",
            field="assignee",
        )
    return wanted


def words_of(request: Request) -> tuple[str, ...]:
    """The text that no filter is, without the page that a button added."""
    return tuple(word for word in request.words if not _TURN.fullmatch(word))


def unknown(words: tuple[str, ...], categories: Collection[str]) -> str:
    """Why a word is no filter, as a sentence."""
    first = words[0]
    if keyed := _KEYED.fullmatch(first):
        return f"There is no filter “{keyed[1]}”.{_near(keyed[1], KEYS, ':')} {WHAT_THERE_IS}"
    if _LEVEL.fullmatch(first):
        return f"“{first}” is no priority. There are p1 to p4: {', '.join(PRIORITIES)}."
    guess = _near(first, [*PRIORITIES, *FILTERS, *categories]) if len(words) == 1 else ""
    return f"“{' '.join(words)[:100]}” is no filter.{guess} {WHAT_THERE_IS}"


def line(request: Request, actor: Actor) -> str:
    """The same request as a line that means the same whoever runs it, without its page.

    Raises:
        InvalidInput: it is too long for a button.
    """
    parts = [
        request.verb,
        *(_quoted(term) for term in bounded(words_of(request))[0]),
        *request.priorities,
        *(bare(category) for category in request.categories),
        *request.statuses,
        *(f"<@{person}>" for person in request.people),
        *(f"{key}:{_marked(key, value, actor)}" for key, value in dict.fromkeys(request.options)),
    ]
    whole = " ".join(parts)
    if len(whole) > MOST_IN_LINE:
        raise InvalidInput("These are too many filters for one line. Leave some out.", field="words")
    return whole


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
            return replace(wanted, assignees=(*wanted.assignees, await _person(session, key, value, actor)))
        case "owner":
            return replace(wanted, owners=(*wanted.owners, await _person(session, key, value, actor)))
        case "older" if wanted.opened_before is None:
            return replace(wanted, opened_before=db.now() - read_age(key, value))
        case "newer" if wanted.opened_after is None:
            return replace(wanted, opened_after=db.now() - read_age(key, value))
        case "in":
            channel_id = await _channel(session, value, actor)
            if wanted.channel_id not in (None, channel_id):
                raise InvalidInput("Nothing can match: a card is in one channel. Name one with in:.", field="in")
            return replace(wanted, channel_id=channel_id)
        case "needs" if value.lower() == "person":
            return replace(wanted, needs_person=True)
        case "needs":
            raise InvalidInput(f"“needs:{value}” means nothing. Write needs:person.", field=key)
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


async def _person(session: AsyncSession, key: str, value: str, actor: Actor) -> str:
    if _is_me(value):
        return actor.slack_user_id
    if re.fullmatch("[UW][A-Z0-9]+", value):
        return value
    raise InvalidInput(await _nobody(session, value, f"{key}:@", actor), field=key)


async def _nobody(session: AsyncSession, name: str, typed: str, actor: Actor) -> str:
    """What to say of a name that Slack did not turn into a person; guests do not learn who else is here."""
    if _is_me(name):
        return f"“@{name}” names nobody. Write assignee:me or owner:me."
    near = await users.nearest(session, actor.workspace_id, name.lstrip("@")) if actor.is_member else None
    guess = f" Did you mean {near}?" if near else ""
    return f"Nobody here is known as “{name}”.{guess} Type {typed} and choose from Slack's list."


def _is_me(name: str) -> bool:
    return name.lower().lstrip("@") == "me"


def _near(word: str, names: Iterable[str], end: str = "") -> str:
    found = get_close_matches(word.lower(), list(names), n=1)
    return f" Did you mean {found[0]}{end}?" if found else ""


def read_age(key: str, value: str) -> timedelta:
    """A span such as ``15m`` or ``2d``; raises InvalidInput on ``key``."""
    found = _AGE.fullmatch(value.lower())
    if not found:
        raise InvalidInput(f"“{key}:{value}” is no age. Write {key}:2d; m, h, d and w are the units.", field=key)
    return min(timedelta(**{UNITS[found[2]]: int(found[1])}), OLDEST)


async def _channel(session: AsyncSession, value: str, actor: Actor) -> str:
    found = await membership.channel_named(session, value.removeprefix("#"), by=actor)
    if found is None:
        name = "such channel" if re.fullmatch("[CDG][A-Z0-9]+", value) else f"channel “{value}”"
        raise InvalidInput(
            f"There is no {name} that you can see and where Incident Tracker is. Type in:# and choose.", field="in"
        )
    return found


def _quoted(term: str) -> str:
    """In quotation marks that it does not contain, so that it stays one word and is no filter."""
    begin, end = next((marks for marks in ('""', "“”", "«»") if not {*marks} & {*term}), ("", ""))
    return f"{begin}{escape(term)}{end}"


def _marked(key: str, value: str, actor: Actor) -> str:
    if key in ("assignee", "owner") and _is_me(value):
        return f"<@{actor.slack_user_id}>"
    if key in ("assignee", "owner") and re.fullmatch("[UW][A-Z0-9]+", value):
        return f"<@{value}>"
    return f"<#{value}>" if key == "in" and re.fullmatch("[CDG][A-Z0-9]+", value) else value[:80]
