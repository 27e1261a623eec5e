"""A page of a list or of a search, as a message with its buttons."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from bot import blocks
from bot.blocks import Block, Message
from bot.commands import Request
from bot.finding import filters, views
from bot.help.views import RUN
from bot.house import House
from domain import listing, search
from domain.listing import Filter, Page
from domain.policy import Actor
from domain.search import Found

NAMES = {"list": "Incidents", "mine": "Yours", "search": "Search"}


@dataclass(frozen=True, slots=True)
class Look:
    """What a line asks for, and one page of it; ``line`` runs it again, ``total`` is said where there are more."""

    verb: str
    line: str
    words: tuple[str, ...]
    wanted: Filter
    found: Page | Found
    total: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.found.hits if isinstance(self.found, Found) else self.found.incidents)


async def look(
    session: AsyncSession, request: Request, actor: Actor, *, seen: ColumnElement[bool] | None = None
) -> Look:
    """Find the page.

    Args:
        seen: which incidents may be shown, if not all that the actor may see.

    Raises:
        InvalidInput: a filter does not exist or contradicts another; says which.
    """
    wanted = await filters.read(session, request, actor)
    line, words = filters.line(request, actor), filters.words_of(request)
    if request.verb == "search":
        hits = await search.page(session, words, wanted, by=actor, turn=filters.turn_of(request), seen=seen)
        return Look(request.verb, line, tuple(search.bounded(words)[0]), wanted, hits)
    place = filters.place_of(request)
    after, before = place.get("after"), place.get("before")
    page = await listing.page(session, wanted, by=actor, after=after, before=before, seen=seen)
    if page.next is None and page.previous is None:
        return Look(request.verb, line, (), wanted, page)
    total = await listing.count(session, wanted, by=actor, seen=seen)
    said = f"more than {listing.MOST_COUNTED:,}" if total is None else f"{total:,} in all"
    return Look(request.verb, line, (), wanted, page, said)


def answer(found: Look, actor: Actor, house: House) -> Message:
    """The page for whoever asked."""
    if found.is_empty:
        return _message(found, NAMES[found.verb], _ways_out(found), house, {})
    post = [blocks.button("Post here", views.POST, value=found.line)] if actor.channel_id else []
    return _message(found, NAMES[found.verb], [*_turns(found), *post], house, {})


def posted(found: Look, by: str, names: Mapping[str, str], house: House) -> Message:
    """The page for a whole channel; *mine* has no further pages, because they would be those of whoever asks."""
    is_mine = found.verb == "mine"
    title, turns = (f"Incidents of {by}", []) if is_mine else (NAMES[found.verb], _turns(found))
    people = {*found.wanted.assignees, *found.wanted.owners}
    told = {person: names.get(person, "somebody") for person in people}
    return views.posted(_message(found, title, turns, house, told), by)


def _message(found: Look, name: str, buttons: list[Block], house: House, names: Mapping[str, str]) -> Message:
    title = views.described(name, found.wanted, found.words, names, found.total)
    if isinstance(found.found, Found):
        return views.found(found.found, found.words, title, buttons, house)
    return views.listing(found.found, title, buttons, house)


def _turns(found: Look) -> list[Block]:
    is_similar = isinstance(found.found, Found) and found.found.is_similar
    buttons = []
    if found.found.previous is not None:
        value = filters.turned(found.line, "before", found.found.previous, is_similar=is_similar)
        buttons.append(blocks.button("Previous", f"{RUN}:previous", value=value))
    if found.found.next is not None:
        value = filters.turned(found.line, "after", found.found.next, is_similar=is_similar)
        buttons.append(blocks.button("Next", f"{RUN}:next", value=value))
    return buttons


def _ways_out(found: Look) -> list[Block]:
    again = [blocks.button("First page", f"{RUN}:first", value=found.line)] if found.line != found.verb else []
    return [*again, blocks.button("All unresolved", f"{RUN}:all", value="list")]
