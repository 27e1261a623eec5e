"""A page of a list or of a search, as a message with its buttons."""

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from bot import blocks
from bot.blocks import Block, Message
from bot.commands import Request
from bot.finding import filters, views
from bot.help.views import RUN
from bot.house import House
from domain import listing, search
from domain.listing import Key
from domain.policy import Actor

NAMES = {"list": "Incidents", "mine": "Yours", "search": "Search"}


async def page(
    session: AsyncSession, request: Request, actor: Actor, house: House, *, seen: ColumnElement[bool] | None = None
) -> Message:
    """What a line asks for.

    Args:
        seen: which incidents may be shown, if not those that the actor may see; then nobody else can be asked to
            post it again.
    """
    wanted = await filters.read(session, request, actor)
    line = filters.line(request)
    if request.verb == "search":
        words = filters.words_of(request)
        result = await search.page(session, words, wanted, by=actor, turn=filters.turn_of(request), seen=seen)
        title = views.described(NAMES["search"], wanted, search.bounded(words)[0])
        buttons = _buttons(line, result.previous, result.next, actor, seen, is_similar=result.is_similar)
        return views.found(result, title, buttons, house)
    found = await listing.page(session, wanted, by=actor, seen=seen, **filters.place_of(request))
    title = views.described(NAMES[request.verb], wanted, ())
    return views.listing(found, title, _buttons(line, found.previous, found.next, actor, seen), house)


def _buttons(
    line: str,
    previous: Key | int | None,
    following: Key | int | None,
    actor: Actor,
    seen: ColumnElement[bool] | None,
    *,
    is_similar: bool = False,
) -> list[Block]:
    buttons = []
    if previous is not None:
        value = filters.turned(line, "before", previous, is_similar=is_similar)
        buttons.append(blocks.button("Previous", f"{RUN}:previous", value=value))
    if following is not None:
        value = filters.turned(line, "after", following, is_similar=is_similar)
        buttons.append(blocks.button("Next", f"{RUN}:next", value=value))
    if seen is None and actor.channel_id:
        buttons.append(blocks.button("Post here", views.POST, value=line))
    return buttons
