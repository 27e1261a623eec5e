"""``admin doctor``: looks at everything that has to be so, and tells the superuser who asked."""

from slack_sdk.web.async_client import AsyncWebClient

from bot import identity, sync
from bot.health import checks, records, views
from bot.house import House
from bot.relay import Delivery
from domain import db
from domain.outbox import Outgoing, Topic
from domain.policy import Action, allows


async def examine(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """By direct message; nothing for somebody who is no superuser any more."""
    person = message.payload["user"]
    if not allows(await identity.person(person, slack, house), Action.ADMINISTER):
        return
    known = await records.read(house.begin, message.workspace_id, house.incident_channel)
    now = db.now()
    found = [
        *await checks.slack_itself(slack),
        *checks.connection(house, known.processes, now),
        checks.events(house, now),
        *await records.findings(known, house.mailer, now),
    ]
    await sync.tell(slack, message, person, **views.findings(found))


DELIVERIES: dict[Topic, Delivery] = {Topic.HEALTH_ASKED: examine}
