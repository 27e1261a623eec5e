"""Opening an incident by form, and what people do when it looks like another one."""

from contextlib import suppress

from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.house import House, Payload, Routes
from bot.incidents.forms import CREATE_FORM, read_create_form
from bot.lookalikes import forms
from bot.targets import read_target
from domain import imports, lookalikes
from domain.policy import Actor

TITLE = "title"
"""The action id of the title's field in the form to open an incident."""


async def title_typed(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, house: House
) -> None:
    """Enter was pressed in the title: say so at once if there are look-alikes."""
    view = body["view"]
    if view["callback_id"] != CREATE_FORM:
        await ack()
        return
    async with house.begin() as session:
        alike = await lookalikes.find(session, action.get("value") or "", by=actor)
    if alike or forms.is_warning(view):
        with suppress(SlackApiError):  # it was changed or closed meanwhile; submitting it asks again
            shown = forms.warned(view, alike, house)
            await client.views_update(view_id=view["id"], hash=view["hash"], view=shown)
    await ack()


async def instead_clicked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, house: House
) -> None:
    """*Add to INC-40 instead*: what was typed becomes a comment there."""
    view = body["view"]
    sent = read_create_form(view)
    words = "\n\n".join(part for part in (sent.draft.title, sent.draft.description) if part)
    async with house.begin() as session:
        incident = await imports.add(
            session,
            read_target(action["value"]),
            sent.source,
            note=words,
            whole=sent.whole,
            single=False,
            consents=sent.consents,
            once=f"instead:{view['id']}",
            by=actor,
        )
    await client.views_update(view_id=view["id"], view=forms.added(incident, house))
    await ack()


ROUTES = Routes(actions={TITLE: title_typed, forms.INSTEAD: instead_clicked})
