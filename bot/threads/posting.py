"""Posting in the thread of an incident, once, although its card may be deleted or posted anew at any moment."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import looking, sync
from bot.errors import code_of
from bot.house import House
from bot.relay import CHANNEL_GONE, Early, Undeliverable
from domain import cards, incidents, outbox, threads
from domain.incidents import Incident
from domain.outbox import Outgoing, Topic

GONE: Final = CHANNEL_GONE | {"thread_not_found", "message_not_found"}
NO_CARD: Final = {"thread_not_found", "message_not_found", "cannot_reply_to_message"}


class Posted(NamedTuple):
    """Where a message stands."""

    channel_id: str
    thread_ts: str
    ts: str


async def is_card_coming(message: Outgoing, house: House) -> bool:
    """Whether a later row of the lane posts the incident's card."""
    async with house.begin() as session:
        return bool(await outbox.covered(session, replace(message, topic=Topic.INCIDENT_OPENED)))


async def without_card(message: Outgoing, house: House) -> Exception:
    """What to raise where a thread has no card: it was deleted and is on its way again, or there will be none."""
    return Early() if await is_card_coming(message, house) else Undeliverable("the incident has no card")


async def posted(message: Outgoing, slack: AsyncWebClient, house: House) -> Posted | None:
    """This row's message, if there was an earlier attempt and it came that far."""
    if message.attempts <= 1:
        return None
    async with house.begin() as session:
        places = await threads.of(session, message.incident_id)
    for channel, thread_ts in places:
        try:
            ts = await looking.posted(slack, message, channel, thread_ts, str(message.id))
        except SlackApiError as error:
            if code_of(error) not in GONE:
                raise
            continue
        if ts is not None:
            return Posted(channel, thread_ts, ts)
    return None


async def post(
    message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident | None, **content: Any
) -> Posted:
    """Post below the card.

    Raises:
        Early: the card is gone, and comes again first.
        Undeliverable: there is no card, and there will be none.
    """
    if incident is None or incident.card_ts is None:
        raise await without_card(message, house)
    channel, thread_ts = incident.channel_id, incident.card_ts
    try:
        ts = await sync.post_once(slack, message, channel=channel, thread_ts=thread_ts, **content)
        return Posted(channel, thread_ts, ts)
    except SlackApiError as error:
        if code_of(error) in CHANNEL_GONE:
            async with house.begin() as session:
                await cards.shut_out(session, incident)
        if code_of(error) not in NO_CARD:
            raise
    async with house.begin() as session:
        await cards.lost(session, house.workspace_id, channel, thread_ts)
        now = await incidents.read(session, incident.id)
    if now is not None and now.card_ts not in (None, thread_ts):
        raise Early
    raise await without_card(message, house)
