"""What goes out about an incident after the commit: its card, its thread lines, word to its assignee."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import looking, sync
from bot.blocks import Message
from bot.errors import code_of
from bot.house import House
from bot.incidents import notices, views
from bot.relay import CHANNEL_GONE, Delivery, Early, Undeliverable
from bot.threads import posting
from domain import alerts, cards, incidents, outbox, talk, threads, timeline, users, workspaces
from domain.incidents import Incident
from domain.outbox import Outgoing, Topic

CARD_GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}


async def post_card(message: Outgoing, slack: AsyncWebClient, house: House) -> list[int]:
    """The first card of an incident; where its channel is closed to the bot, in the incident channel."""
    incident, card, also = await _read(message, house)
    if incident.card_ts is not None:
        return also
    if incident.deleted_at is None:
        await _place(message, slack, house, incident, card)
    elif ts := await _unheard(message, slack, incident):
        await _remember(message, house, incident, ts)  # so that the deletion reaches it
    return also


async def refresh_card(message: Outgoing, slack: AsyncWebClient, house: House) -> list[int]:
    """The card as the incident is now, in place; one that was deleted, or could not be posted, is posted anew."""
    incident, card, also = await _read(message, house)
    if incident.card_ts is None:
        if incident.deleted_at is not None:
            return also
        if await posting.is_card_coming(message, house):
            raise Early
        await _place(message, slack, house, incident, card)
        return also
    try:
        await slack.chat_update(channel=incident.channel_id, ts=incident.card_ts, **card)
    except SlackApiError as error:
        if code_of(error) in CARD_GONE:
            if incident.deleted_at is None:
                await _post(message, slack, house, incident, card)
        elif code_of(error) in CHANNEL_GONE:
            async with house.begin() as session:
                await cards.shut_out(session, incident)
        else:
            raise
    return also


async def tell_owner(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The owner is told that the channel takes no card, or nothing more of an incident that has one, and what to do."""
    had_card = message.payload.get("had_card") or None
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        person = await users.slack_id_of(session, incident.owner_id) if incident else None
    if incident is None or person is None:
        raise Undeliverable("there is nobody to tell")
    if incident.card_ts == had_card:
        await sync.tell(slack, message, person, **(notices.shut_out if had_card else notices.homeless)(incident))


async def _read(message: Outgoing, house: House) -> tuple[Incident, Message, list[int]]:
    """The incident and its card as they are now, and the waiting rows for which showing that does, in one snapshot."""
    async with house.begin() as session:
        also = await outbox.covered(session, message)
        incident = await incidents.read(session, message.incident_id)
        if incident is None:
            raise Undeliverable("the incident is gone")
        changed = await timeline.newest(session, incident.id)
        if incident.deleted_at is not None:
            return incident, views.tombstone(incident, changed[-1]), also
        tally = await talk.tally(session, incident.id)
        reported = await alerts.tally(session, incident.id)
        known = await threads.of(session, incident.id)
        earlier = [place for place in known if place != (incident.channel_id, incident.card_ts)]
        return incident, views.card(incident, tally, changed, house, reported=reported, earlier=earlier), also


async def _place(message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident, card: Message) -> None:
    try:
        await _post(message, slack, house, incident, card)
    except SlackApiError as error:
        if code_of(error) not in CHANNEL_GONE:
            raise
        await _move_or_tell(message, slack, house, incident, card)


async def _post(message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident, card: Message) -> None:
    ts = await sync.post_once(slack, message, channel=incident.channel_id, **card)
    await _remember(message, house, incident, ts)


async def _unheard(message: Outgoing, slack: AsyncWebClient, incident: Incident) -> str | None:
    """The card that an earlier attempt posted, if the channel can be read."""
    try:
        return await looking.posted(slack, message, incident.channel_id, None, str(message.id))
    except SlackApiError as error:
        if code_of(error) not in CHANNEL_GONE:
            raise
        return None


async def _remember(message: Outgoing, house: House, incident: Incident, ts: str) -> None:
    async with house.begin() as session:
        if not await outbox.hold(session, message):  # whoever has the row by now posts a card, too: theirs counts
            raise sync.LeaseLost
        await cards.remember(session, incident, ts=ts)


async def _move_or_tell(
    message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident, card: Message
) -> None:
    home = house.incident_channel
    async with house.begin() as session:
        is_public = await workspaces.is_public(session, incident.workspace_id, incident.channel_id)
    if home and is_public and home != incident.channel_id:
        async with house.begin() as session:
            await cards.move(session, incident, channel_id=home)
        await _post(message, slack, house, incident, card)
        return
    async with house.begin() as session:
        await cards.shut_out(session, incident)
    raise Undeliverable("no channel takes the card")


DELIVERIES: dict[Topic, Delivery] = {
    Topic.INCIDENT_OPENED: post_card,
    Topic.INCIDENT_CHANGED: refresh_card,
    Topic.CARD_HOMELESS: tell_owner,
}
