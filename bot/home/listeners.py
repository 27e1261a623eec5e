"""What people do in the App Home: opening it, choosing a part, a filter or a page, and how they want to be told."""

from collections.abc import Mapping

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot import dialogs
from bot.home import forms, views
from bot.house import House, Payload, Routes
from domain import homes, policy, users
from domain.errors import InvalidInput
from domain.policy import Action, Actor


async def home_opened(event: Payload, house: House) -> None:
    """The Home tab was opened; or its Messages tab, and then Home is not looked at any more."""
    async with house.begin() as session:
        if event.get("tab", "home") == "home":
            await homes.look(session, house.workspace_id, event["user"], is_blank="view" not in event)
        else:
            await homes.look_away(session, house.workspace_id, event["user"])


async def part_chosen(ack: AsyncAck, body: Payload, action: Payload, house: House) -> None:
    """*Mine*, *All open* or *Me*."""
    await _keep(body, house, views.read_part(action))
    await ack()


async def filter_chosen(ack: AsyncAck, body: Payload, action: Payload, house: House) -> None:
    """One of the menus above *All open*."""
    await _keep(body, house, views.read_filter(action))
    await ack()


async def filters_cleared(ack: AsyncAck, body: Payload, house: House) -> None:
    """*Clear filters*."""
    await _keep(body, house, {**views.NOTHING_CHOSEN, "turn": None})
    await ack()


async def page_turned(ack: AsyncAck, body: Payload, action: Payload, house: House) -> None:
    """*Previous* or *Next*."""
    await _keep(body, house, views.read_turn(action))
    await ack()


async def section_chosen(ack: AsyncAck, body: Payload, action: Payload, house: House) -> None:
    """*People*, *Categories*, *Audit* or *Health*; whether they may see it is asked when it is drawn."""
    await _keep(body, house, views.read_section(action))
    await ack()


async def people_narrowed(ack: AsyncAck, body: Payload, action: Payload, house: House) -> None:
    """*Only those who wait*, *Everybody* or *Clear search*."""
    await _keep(body, house, views.read_narrowed(action))
    await ack()


async def find_clicked(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor) -> None:
    """*Search…*."""
    policy.require(actor, Action.ADMINISTER)
    await dialogs.show(client, body, forms.find_form())
    await ack()


async def find_submitted(ack: AsyncAck, body: Payload, view: Payload, actor: Actor, house: House) -> None:
    """Home shows whom it found."""
    policy.require(actor, Action.ADMINISTER)
    await _keep(body, house, views.found(_kept(forms.read_text(view))))
    await ack()


def _kept(text: str) -> str:
    """What Home remembers to have searched for, which is no address; raises InvalidInput on ``text``."""
    if "@" in text:
        raise InvalidInput(
            "An address is not kept in your Home. Search for a name, or type /incident admin users and the address.",
            field="text",
        )
    return text


async def messages_chosen(ack: AsyncAck, action: Payload, actor: Actor, house: House) -> None:
    """Whether the person is told of assignments by direct message."""
    wanted = views.read_messages(action)
    async with house.begin() as session:
        if wanted is not None:
            await users.set_messages(session, actor, wanted=wanted)
        await homes.look(session, actor.workspace_id, actor.slack_user_id)
    await ack()


async def _keep(body: Payload, house: House, shows: Mapping[str, str | None]) -> None:
    async with house.begin() as session:
        await homes.look(session, house.workspace_id, body["user"]["id"], shows=shows)


ROUTES = Routes(
    events={"app_home_opened": home_opened},
    actions={
        views.PART: part_chosen,
        views.FILTER: filter_chosen,
        views.CLEAR: filters_cleared,
        views.TURN: page_turned,
        views.MESSAGES: messages_chosen,
        views.SECTION: section_chosen,
        views.FIND: find_clicked,
        views.NARROW: people_narrowed,
    },
    views={forms.FIND_FORM: find_submitted},
)
