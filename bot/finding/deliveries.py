"""A list that somebody posted for a whole channel."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import and_

from bot import asking, identity, sync
from bot.errors import code_of
from bot.finding import pages, views
from bot.house import House
from bot.relay import CHANNEL_GONE, Delivery, Undeliverable
from domain import incidents, listing, users
from domain.errors import DomainError
from domain.outbox import Outgoing, Topic


async def post_list(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Only what everybody in the channel may see; where the bot cannot post, the person is told."""
    asked = message.payload
    person = (await identity.person(asked["user"], slack, house)).at(channel_id=asked["channel"])
    try:
        async with house.begin() as session:
            request = await asking.understood(session, asked["line"], person, thread_ts="")
            seen = and_(listing.visible_in(house.workspace_id, asked["channel"]), incidents.visible_to(person))
            found = await pages.look(session, request, person, seen=seen)
            names = await users.names(session, house.workspace_id, (*found.wanted.assignees, *found.wanted.owners))
    except DomainError as error:
        raise Undeliverable(f"the list cannot be made: {type(error).__name__}") from None
    if found.is_empty:
        await sync.tell(slack, message, asked["user"], **views.nothing_to_post(asked["channel"]))
        return
    try:
        await sync.post_once(slack, message, channel=asked["channel"], **pages.posted(found, person.name, names, house))
    except SlackApiError as error:
        if code_of(error) not in CHANNEL_GONE:
            raise
        await sync.tell(slack, message, asked["user"], **views.not_posted(asked["channel"]))


DELIVERIES: dict[Topic, Delivery] = {Topic.LIST_SHARED: post_list}
