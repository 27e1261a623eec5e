"""Asking Slack about a channel that the bot was invited to."""

from slack_sdk.web.async_client import AsyncWebClient

from bot import learning, sync
from bot.channels.views import facts, welcome
from bot.house import House
from bot.relay import Delivery
from domain import cards, installations, membership, workspaces
from domain.outbox import Outgoing, Topic


async def learn_channel(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Its name, whether it is private and who is in it then; cards that waited follow; one welcome, once."""
    answer = await slack.conversations_info(channel=message.payload["channel_id"])
    found = facts(answer["channel"])
    inside = await learning.members(slack, found.id) if found.is_private else []
    async with house.begin() as session:
        await workspaces.learn_channels(session, house.workspace_id, [found])
        await installations.rearranged(session, house.workspace_id)
        if inside:
            await membership.replace(session, house.workspace_id, found.id, inside)
        if found.is_open:
            await cards.repost(session, house.workspace_id, found.id)
        is_new = bool(message.payload.get("invited")) and not await workspaces.is_welcomed(
            session, house.workspace_id, found.id
        )
    if is_new and found.is_open:
        await sync.post_once(slack, message, channel=found.id, **welcome())
        async with house.begin() as session:
            await workspaces.welcomed(session, house.workspace_id, found.id)


DELIVERIES: dict[Topic, Delivery] = {Topic.CHANNEL_MET: learn_channel}
