"""``admin doctor``: looks at everything that has to be so, and tells the superuser who asked."""

from slack_sdk.web.async_client import AsyncWebClient

from bot import identity, sync
from bot.health import checks, views
from bot.house import House
from bot.relay import Delivery
from domain import catch_up, db, health, outbox, workspaces
from domain.outbox import Outgoing, Topic
from domain.policy import Action, allows


async def examine(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """By direct message; nothing for somebody who is no superuser any more."""
    person = message.payload["user"]
    if not allows(await identity.person(person, slack, house), Action.ADMINISTER):
        return
    async with house.begin() as session:
        facts = await health.facts(session, message.workspace_id)
        home = await workspaces.open_channel(session, message.workspace_id, house.incident_channel)
        progress = await catch_up.progress(session, message.workspace_id)
        processes = await outbox.living(session)
    now = db.now()
    found = [
        *await checks.slack_itself(slack),
        *checks.connection(house, processes, now),
        checks.events(house, now),
        checks.comparison(progress, now),
        await checks.mail(house),
        checks.channels(facts, house, has_incident_channel=home is not None),
        *checks.queue(facts, now),
        *checks.people(facts),
    ]
    await sync.tell(slack, message, person, **views.findings(found))


DELIVERIES: dict[Topic, Delivery] = {Topic.HEALTH_ASKED: examine}
