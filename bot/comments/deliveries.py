"""Comments made elsewhere, posted in the thread after the commit, and what becomes of them."""

from uuid import UUID

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.comments import views
from bot.errors import code_of
from bot.house import House
from bot.relay import Delivery
from bot.threads import posting
from domain import comments, incidents, talk
from domain.outbox import Outgoing, Topic

GONE = {"message_not_found", "channel_not_found"}
NOT_OURS = {"cant_delete_message", "compliance_exports_prevent_deletion", "not_in_channel", "is_archived"}


async def post_comment(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Once, whatever happens on the way; the message is then known as this comment."""
    comment_id = UUID(message.payload["comment_id"])
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        said = await talk.to_post(session, comment_id)
    place = await posting.posted(message, slack, house)  # also what was deleted since, so that its message can go
    if place is None:
        if said is None:
            return
        place = await posting.post(message, slack, house, incident, **views.comment(said))
    async with house.begin() as session:
        await comments.posted(session, comment_id, **place._asdict())


async def update_comment(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The message in the thread says what the comment says now."""
    async with house.begin() as session:
        said = await talk.one(session, UUID(message.payload["comment_id"]))
    if said is None or said.channel_id is None or said.ts is None:
        return  # deleted since, or it is posted in its last version
    await sync.update(slack, said.channel_id, said.ts, **views.comment(said))


async def delete_comment(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The message goes from the thread; where Slack does not allow it, whoever deleted the comment is told."""
    asked = message.payload
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        author, channel, ts = await talk.tombstone(session, UUID(asked["comment_id"]))
    if incident is None or channel is None or ts is None:
        return
    try:
        await slack.chat_delete(channel=channel, ts=ts)
    except SlackApiError as error:
        if code_of(error) in NOT_OURS:
            await sync.tell(slack, message, asked["user"], **views.not_removed(author, incident.ref))
        elif code_of(error) not in GONE:
            raise


DELIVERIES: dict[Topic, Delivery] = {
    Topic.COMMENT_MADE: post_comment,
    Topic.COMMENT_EDITED: update_comment,
    Topic.COMMENT_DELETED: delete_comment,
}
