"""Shortcuts: a new incident from anywhere, an incident from a message, a message added to an incident."""

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot import commands
from bot.commands import Request
from bot.house import House, Payload, Routes
from bot.incidents.forms import create_form
from bot.lookalikes.forms import warned
from bot.shortcuts import forms, messages
from bot.shortcuts.messages import Picked
from domain import imports, lookalikes, opening, policy, sources, users, workspaces
from domain.db import Begin
from domain.errors import NotFound
from domain.policy import Action, Actor

NEW = "incident_new"
CREATE = "message_create"
ADD = "message_add"


async def new_chosen(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor, house: House) -> None:
    """*New incident*, anywhere in Slack."""
    policy.require(actor, Action.CREATE)
    async with house.begin() as session:
        categories = await workspaces.category_names(session, actor.workspace_id)
        channel_id = await workspaces.open_channel(session, actor.workspace_id, *house.channels_for(actor))
    form = create_form(Request(verb="new"), categories, channel_id)
    await client.views_open(trigger_id=body["trigger_id"], view=form)
    await ack()


async def create_chosen(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor, house: House) -> None:
    """*Create incident* on a message."""
    policy.require(actor, Action.CREATE)
    _refuse_unfit(body["message"])
    picked = await _picked(body, house)
    channels, title = house.channels_for(actor), forms.title_of(picked)
    async with house.begin() as session:
        known = await sources.look(session, picked.source, by=actor)
        if known.is_card:
            sources.refuse_kept(known)
        categories = await workspaces.category_names(session, actor.workspace_id)
        channel_id, alike = await opening.prospect(session, title, channels=channels, by=actor)
    form = forms.create_from(picked, known, categories, channel_id, house)
    shown = warned(form, alike, house) if alike else form
    await client.views_open(trigger_id=body["trigger_id"], view=shown)
    await ack()


async def add_chosen(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor, house: House) -> None:
    """*Add to incident* on a message."""
    policy.require(actor, Action.COMMENT)
    _refuse_unfit(body["message"])
    picked = await _picked(body, house)
    if not picked.source.words:
        raise NotFound("Nothing was done: this message has no words to keep. Write a comment in the incident's thread.")
    async with house.begin() as session:
        known = await sources.look(session, picked.source, by=actor)
        sources.refuse_kept(known)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.add_form(picked, known))
    await ack()


async def incidents_searched(ack: AsyncAck, body: Payload, actor: Actor, begin: Begin) -> None:
    """Something was typed into the menu of incidents, or it was opened."""
    async with begin() as session:
        found = await lookalikes.pick(session, body.get("value") or "", by=actor)
    await ack(options=forms.offered(found))


async def add_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The form to add a message was sent."""
    sent = forms.read_add_form(view)
    async with begin() as session:
        await imports.add(
            session,
            sent.target,
            sent.source,
            note=sent.note,
            whole=sent.whole,
            consents=sent.consents,
            once=f"view:{view['id']}",
            by=actor,
        )
    await ack()


def _refuse_unfit(message: Payload) -> None:
    if messages.is_gone(message):
        raise NotFound("Nothing was done: this message was deleted.")
    if messages.is_hidden(message):
        raise NotFound("Nothing was done: only you can see this message, and it has no link. Use /incident new.")


async def _picked(body: Payload, house: House) -> Picked:
    people = commands.people_in(messages.mentioned(body["message"]))
    if not people:
        return messages.picked(body, {})
    async with house.begin() as session:
        return messages.picked(body, await users.names(session, house.workspace_id, people))


ROUTES = Routes(
    shortcuts={NEW: new_chosen, CREATE: create_chosen, ADD: add_chosen},
    views={forms.ADD_FORM: add_submitted},
    options={forms.PICKER: incidents_searched},
)
