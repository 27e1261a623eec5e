"""Asking Slack about a channel that the bot was invited to."""

from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.channels.views import facts, welcome
from bot.errors import code_of
from bot.house import House
from bot.relay import INSTALLATION, Delivery
from domain import cards, installations, membership, workspaces
from domain.outbox import Outgoing, Topic

PAGE: Final = 200
MOST_PAGES: Final = 25

log = structlog.get_logger(__name__)


async def learn_channel(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Its name, whether it is private and who is in it then; cards that waited follow; one welcome, once."""
    answer = await slack.conversations_info(channel=message.payload["channel_id"])
    found = facts(answer["channel"])
    inside, is_all = await _inside(slack, found.id) if found.is_private else ([], False)
    keep = membership.replace if is_all and inside else membership.add
    async with house.begin() as session:
        await workspaces.learn_channels(session, house.workspace_id, [found])
        await installations.rearranged(session, house.workspace_id)
        await keep(session, house.workspace_id, found.id, inside)
        if found.is_open:
            await cards.repost(session, house.workspace_id, found.id)
        is_new = bool(message.payload.get("invited")) and not await workspaces.is_welcomed(
            session, house.workspace_id, found.id
        )
    if is_new and found.is_open:
        await sync.post_once(slack, message, channel=found.id, **welcome())
        async with house.begin() as session:
            await workspaces.welcomed(session, house.workspace_id, found.id)


async def _inside(slack: AsyncWebClient, channel_id: str) -> tuple[list[str], bool]:
    """Who is in the channel, and whether that is everybody; nobody on a server that does not tell.

    What may go well later is asked later: no hand of the relay sleeps.
    """
    inside: list[str] = []
    more: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        try:
            answer = await slack.conversations_members(channel=channel_id, limit=PAGE, **more)
        except SlackApiError as error:
            if sync.is_limited(error) or sync.is_transient(error) or code_of(error) in INSTALLATION:
                raise
            log.warning("not_learnt", what="members", error=code_of(error))
            return inside, False
        inside += answer["members"]
        more = {"cursor": (answer.get("response_metadata") or {}).get("next_cursor") or ""}
        if not more["cursor"]:
            return inside, True
    return inside, False


DELIVERIES: dict[Topic, Delivery] = {Topic.CHANNEL_MET: learn_channel}
