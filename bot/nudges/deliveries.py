"""Reminding people of an incident, once, if it still makes sense; and what is left of a reminder that was answered."""

from datetime import datetime
from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.house import House
from bot.nudges import views
from bot.relay import Delivery
from bot.threads import posting
from domain import db, incidents, nudges
from domain.nudges import Told
from domain.outbox import Outgoing, Topic


async def send_nudge(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """In the thread, or by direct message; nothing if somebody said a word meanwhile."""
    if message.incident_id is None:
        return
    async with house.begin() as session:
        due = await nudges.due(session, message.incident_id, datetime.fromisoformat(message.payload["since"]))
    if due is None:
        return
    told = Told(message.payload["told"])
    words = views.nudge(due, told, db.now(), house)
    if told is not Told.THREAD:
        await sync.tell(slack, message, message.payload["user"], **words)
    elif not await posting.posted(message, slack, house):
        await posting.post(message, slack, house, due.incident, **words)


async def note_answer(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Who did what takes the place of the buttons."""
    told, until = message.payload, message.payload["until"]
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        name = await nudges.name_of(session, UUID(told["by"]))
    if incident is None:
        return
    words = views.answered(incident, told["how"], name, datetime.fromisoformat(until) if until else None, house)
    await sync.update(slack, told["channel"], told["ts"], **words)


DELIVERIES: dict[Topic, Delivery] = {Topic.NUDGE_DUE: send_nudge, Topic.NUDGE_ANSWERED: note_answer}
