"""What goes out about an incident after the commit: its card, its thread lines, word to its assignee."""

from uuid import UUID

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.blocks import Message
from bot.errors import code_of
from bot.house import House
from bot.incidents import views
from bot.relay import Delivery, Undeliverable, without_card
from domain import cards, comments, incidents, outbox, timeline, users, workspaces
from domain.incidents import Incident
from domain.outbox import Outgoing, Topic

CHANNEL_GONE = {
    "channel_not_found", "is_archived", "is_inactive", "not_in_channel", "method_not_supported_for_channel_type",
    "restricted_action", "restricted_action_read_only_channel",
}  # fmt: skip
CARD_GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}


async def post_card(message: Outgoing, slack: AsyncWebClient, house: House) -> list[int]:
    """The first card of an incident; where its channel is closed to the bot, in the incident channel."""
    incident, tally, also = await _read(message, house)
    if incident.card_ts is not None:
        return also
    try:
        await _post(message, slack, house, incident, tally)
    except SlackApiError as error:
        if code_of(error) not in CHANNEL_GONE:
            raise
        await _move_or_tell(message, slack, house, incident, tally)
    return also


async def refresh_card(message: Outgoing, slack: AsyncWebClient, house: House) -> list[int]:
    """The card as the incident is now, in place; a card that was deleted is posted anew."""
    incident, tally, also = await _read(message, house)
    if incident.card_ts is None:
        raise await without_card(message, house)
    try:
        await slack.chat_update(channel=incident.channel_id, ts=incident.card_ts, **views.card(incident, tally, house))
    except SlackApiError as error:
        if code_of(error) not in CARD_GONE:
            raise
        await _post(message, slack, house, incident, tally)
    return also


async def post_line(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """One line in the thread for what one request changed."""
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        happenings = await timeline.of_batch(session, UUID(message.payload["batch"]))
    if incident is None or incident.card_ts is None:
        raise await without_card(message, house)
    line = views.line(happenings)
    await sync.post_once(slack, message, channel=incident.channel_id, thread_ts=incident.card_ts, **line)


async def tell_assignee(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """A direct message to the person to whom the incident was assigned."""
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        person = await users.slack_id_of(session, incident.assignee_id) if incident and incident.assignee_id else None
    if incident is None or person is None:
        raise Undeliverable("nobody is assigned any more")
    await _tell(message, slack, person, views.assigned(incident, house))


async def tell_owner(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The owner is told that no channel takes the card, and what to do."""
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        person = await users.slack_id_of(session, incident.owner_id) if incident else None
    if incident is None or person is None or incident.card_ts is not None:
        raise Undeliverable("there is nobody to tell")
    await _tell(message, slack, person, views.homeless(incident))


async def _read(message: Outgoing, house: House) -> tuple[Incident, views.Tally, list[int]]:
    """The incident as it is now, and the waiting rows for which showing that does, in one snapshot."""
    async with house.begin() as session:
        also = await outbox.covered(session, message)
        incident = await incidents.read(session, message.incident_id)
        if incident is None:
            raise Undeliverable("the incident is gone")
        return incident, await comments.tally(session, incident.id), also


async def _post(message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident, tally: views.Tally) -> None:
    card = views.card(incident, tally, house)
    ts = await sync.post_once(slack, message, channel=incident.channel_id, **card)
    async with house.begin() as session:
        await cards.remember(session, incident, ts=ts)


async def _move_or_tell(
    message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident, tally: views.Tally
) -> None:
    home = house.incident_channel
    async with house.begin() as session:
        is_public = await workspaces.is_public(session, incident.workspace_id, incident.channel_id)
    if home and is_public and home != incident.channel_id:
        async with house.begin() as session:
            await cards.move(session, incident, channel_id=home)
        await _post(message, slack, house, incident, tally)
        return
    row = outbox.row(Topic.CARD_HOMELESS, workspace_id=incident.workspace_id, incident_id=incident.id)
    async with house.begin() as session:
        await outbox.add_once(session, f"homeless:{incident.id}", row)
    raise Undeliverable("no channel takes the card")


async def _tell(message: Outgoing, slack: AsyncWebClient, slack_user_id: str, content: Message) -> None:
    opened = await slack.conversations_open(users=slack_user_id)
    await sync.post_once(slack, message, channel=opened["channel"]["id"], **content)


DELIVERIES: dict[Topic, Delivery] = {
    Topic.INCIDENT_OPENED: post_card,
    Topic.INCIDENT_CHANGED: refresh_card,
    Topic.CHANGE_NOTED: post_line,
    Topic.PERSON_ASSIGNED: tell_assignee,
    Topic.CARD_HOMELESS: tell_owner,
}
