"""Asking Slack about a channel that the bot was invited to."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.views import facts
from bot.house import House
from bot.relay import Delivery
from domain import cards, workspaces
from domain.outbox import Outgoing, Topic


async def learn_channel(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Its name and whether it is private; cards that waited for it follow."""
    answer = await slack.conversations_info(channel=message.payload["channel_id"])
    found = facts(answer["channel"])
    async with house.begin() as session:
        await workspaces.learn_channels(session, house.workspace_id, [found])
        if found.is_open:
            await cards.repost(session, house.workspace_id, found.id)


DELIVERIES: dict[Topic, Delivery] = {Topic.CHANNEL_MET: learn_channel}
