"""Who works on an incident: the verbs ``assign`` and ``unassign``, and the card's button."""

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot.assignment import forms
from bot.commands import Request
from bot.house import Form, House, Payload, Routes
from bot.incidents import views
from bot.targets import carried_target, read_target, target_of
from domain import assignment
from domain.db import Begin
from domain.errors import InvalidInput
from domain.incidents import Incident
from domain.policy import Actor

MYSELF = {"me", "myself", "@me"}
NOBODY = {"nobody", "none", "noone", "no-one"}


async def assign_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``assign``: to the named person, or by the form."""
    target = target_of(request)
    word = request.text.lower()
    if request.people:
        return await assignment.assign(session, target, request.people[0], by=actor)
    if word in MYSELF:
        return await assignment.assign(session, target, actor.slack_user_id, by=actor)
    if word in NOBODY:
        return await assignment.assign(session, target, None, by=actor)
    if request.names or word:
        name = request.names[0] if request.names else request.text
        raise InvalidInput(
            f"Not assigned: nobody here is known as {name}. Type @ and choose from Slack's list, "
            f"or /incident assign {request.number or ''} alone for a form.".replace("  ", " "),
            field="assignee",
        )
    incident = await assignment.to_assign(session, target, by=actor)
    return Form(forms.assign_form(incident), f"assign {incident.number}")


async def unassign_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``unassign``: nobody works on it any more; the status stays."""
    return await assignment.assign(session, target_of(request), None, by=actor)


async def assign_clicked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Assign…* on a card: asks to whom."""
    async with begin() as session:
        incident = await assignment.to_assign(session, read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.assign_form(incident))
    await ack()


async def assign_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The form to assign was sent."""
    async with begin() as session:
        await assignment.assign(session, carried_target(view), forms.read_assign_form(view), by=actor)
    await ack()


ROUTES = Routes(
    writes={"assign": assign_asked, "unassign": unassign_asked},
    actions={views.ASSIGN: assign_clicked},
    views={forms.ASSIGN_FORM: assign_submitted},
)
