"""Word to whom an incident was assigned."""

from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.assignment import views
from bot.house import House
from bot.relay import Delivery
from domain import incidents, repeats, timeline, users
from domain.outbox import Outgoing, Topic
from domain.timeline import What


async def tell_assignee(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """A direct message, unless the person wants none or was told of this incident in the last ten minutes."""
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        happened = await timeline.of_batch(session, UUID(message.payload["batch"]))
        if incident is None or incident.assignee_id is None or incident.deleted_at is not None:
            return
        person = await users.told_by_message(session, incident.assignee_id)
        key = f"told:{incident.id}:{incident.assignee_id}"
        if person is None or await repeats.was_lately(session, message.workspace_id, key):
            return
    change = next((h for h in happened if h.what is What.ASSIGNED), None)
    await sync.tell(slack, message, person, **views.assigned(incident, change, house))
    async with house.begin() as session:
        await repeats.note(session, message.workspace_id, key)


DELIVERIES: dict[Topic, Delivery] = {Topic.PERSON_ASSIGNED: tell_assignee}
