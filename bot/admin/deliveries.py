"""Word to superusers who are asked, to people whom a deed concerns, and the slow half of renaming a category."""

from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot import identity, sync
from bot.admin import views
from bot.house import House
from bot.relay import Delivery
from domain import audit, categories, people, users
from domain.errors import Forbidden, NotFound
from domain.outbox import Outgoing, Topic


async def ask_superuser(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Whether somebody may come in; nothing if that was decided, or if the reader is no superuser any more."""
    reader = await identity.person(message.payload["user"], slack, house)
    try:
        async with house.begin() as session:
            person = await people.get(session, UUID(message.payload["account"]), by=reader)
    except (Forbidden, NotFound):
        return
    if person.is_waiting:
        await sync.tell(slack, message, reader.slack_user_id, **views.account_asked(person))


async def tell_person(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """What was done to them, or what superusers should know."""
    reader = message.payload["user"]
    async with house.begin() as session:
        event = await audit.get(session, message.payload["entry"])
        superusers = [each for each in await users.superusers(session, house.workspace_id) if each != reader]
    if event is not None:
        await sync.tell(slack, message, reader, **views.told(event, reader, superusers))


async def move_incidents(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """A renamed category's incidents follow, some at a time; what was moved before a crash stays moved."""
    old, new = message.payload["old"], message.payload["new"]
    after: int | None = 0
    while after is not None:
        async with house.begin() as session:
            after = await categories.move(session, house.workspace_id, old, new, after=after)


DELIVERIES: dict[Topic, Delivery] = {
    Topic.ACCOUNT_ASKED: ask_superuser,
    Topic.PERSON_TOLD: tell_person,
    Topic.CATEGORY_RENAMED: move_incidents,
}
