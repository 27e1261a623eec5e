"""Comments made elsewhere, posted in the thread after the commit."""

from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.comments import views
from bot.house import House
from bot.relay import Delivery, without_card
from domain import comments, incidents
from domain.outbox import Outgoing, Topic


async def post_comment(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Once, whatever happens on the way; the message is then known as this comment."""
    comment_id = UUID(message.payload["comment_id"])
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        said = await comments.to_post(session, comment_id)
    if said is None:
        return
    if incident is None or incident.card_ts is None:
        raise await without_card(message, house)
    place = {"channel": incident.channel_id, "thread_ts": incident.card_ts}
    ts = await sync.post_once(slack, message, **place, **views.comment(said))
    async with house.begin() as session:
        await comments.posted(session, comment_id, channel_id=incident.channel_id, ts=ts)


DELIVERIES: dict[Topic, Delivery] = {Topic.COMMENT_MADE: post_comment}
