"""Finding incidents again: the verbs ``list``, ``mine`` and ``search``, their pages, and *Post here*."""

from dataclasses import replace
from hashlib import sha256

from slack_bolt.async_app import AsyncAck
from sqlalchemy.ext.asyncio import AsyncSession

from bot import blocks
from bot.commands import Request
from bot.finding import filters, pages, views
from bot.help.views import RUN
from bot.house import Answer, House, Payload, Routes
from domain import outbox, repeats, workspaces
from domain.errors import InvalidInput
from domain.outbox import Topic
from domain.policy import Actor


async def list_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``list``: unresolved incidents, or those with the named status."""
    words = filters.words_of(request)
    if words:
        categories = await workspaces.category_names(session, actor.workspace_id)
        searching = filters.line(replace(request, verb="search"), actor)
        run = blocks.button("Search for it instead", RUN, value=searching)
        return views.no_filter(filters.unknown(words, categories), run)
    return pages.answer(await pages.look(session, request, actor), actor, house)


async def mine_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``mine``: what I work on, and my own that nobody works on."""
    return await list_asked(session, request, actor, house)


async def search_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``search``: words in titles, descriptions and comments."""
    return pages.answer(await pages.look(session, request, actor), actor, house)


async def post_clicked(ack: AsyncAck, action: Payload, actor: Actor, house: House, once: str) -> None:
    """*Post here*: the list, for everybody in the channel; pressed twice at once, it is posted once."""
    channel_id = actor.channel_id or ""
    row = outbox.row(
        Topic.LIST_SHARED,
        workspace_id=actor.workspace_id,
        lane=channel_id,
        line=action["value"],
        channel=channel_id,
        user=actor.slack_user_id,
    )
    async with house.begin() as session:
        is_open = await workspaces.open_channel(session, actor.workspace_id, channel_id) is not None
        if house.knows_channels and not is_open and not channel_id.startswith("D"):
            raise InvalidInput(
                "Not posted: Incident Tracker is not in this channel. Invite it with /invite, then try again.",
                field="channel",
            )
        key = sha256(f"{channel_id} {actor.slack_user_id} {action['value']}".encode()).hexdigest()
        await outbox.add_once(session, f"list:{key}", row)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack()


ROUTES = Routes(
    reads={"list": list_asked, "mine": mine_asked, "search": search_asked},
    actions={views.POST: post_clicked},
)
