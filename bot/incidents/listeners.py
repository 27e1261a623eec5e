"""What people do with an incident: verbs, forms and the card's buttons."""

import re
from typing import LiteralString

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.help.views import RUN
from bot.house import Answer, Form, House, Payload, Routes
from bot.incidents import forms, views
from bot.mrkdwn import mrkdwn
from domain import comments, incidents, lifecycle, listing, policy, text, workspaces
from domain.db import Begin
from domain.errors import InvalidInput
from domain.incidents import Draft, Incident, Priority, Target
from domain.listing import Filter
from domain.policy import Action, Actor

LAST_COMMENTS = 5
NEXT = "after:"
PAGE_WORD = re.compile(NEXT + "(critical|high|medium|low)-([0-9]{1,9})$")
"""Ends the line of a *Next* button: the last incident of the page before."""


async def new_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``new``: the form, filled with what was typed."""
    policy.require(actor, Action.CREATE)
    categories = await workspaces.category_names(session, actor.workspace_id)
    channel_id = await _channel_for(session, actor, house)
    form = forms.create_form(request, categories, channel_id)
    return Form(form, request.line or "new")


async def quick_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``quick``: an incident at once; a title that is too long is kept whole in the description."""
    title, description = text.split_title(request.text)
    channel_id = await _channel_for(session, actor, house)
    draft = Draft(
        title=title,
        description=description,
        channel_id=channel_id or "",
        priority=Priority(request.priorities[0]) if request.priorities else Priority.MEDIUM,
        category=request.categories[0] if request.categories else workspaces.CATEGORIES[0],
        assignee=request.people[0] if request.people else None,
    )
    return await incidents.create(session, draft, by=actor)


async def list_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``list``: unresolved incidents, or those with the named status."""
    return await _page(session, request, actor, house, title="Incidents", involving_me=False)


async def mine_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``mine``: what I work on, and my own that nobody works on."""
    return await _page(session, request, actor, house, title="Yours", involving_me=True)


async def show_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``show``: one incident with its last comments."""
    incident = await incidents.get(session, _target(request), by=actor)
    said = await comments.latest(session, incident.id, most=LAST_COMMENTS)
    return views.details(incident, said, house)


async def take_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``take``."""
    return await lifecycle.take(session, _target(request), by=actor)


async def start_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``start``."""
    return await lifecycle.start(session, _target(request), by=actor)


async def revert_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``revert``."""
    return await lifecycle.revert(session, _target(request), by=actor)


async def resolve_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``resolve``: at once with a note, else by the form."""
    if request.text:
        return await lifecycle.resolve(session, _target(request), note=request.text, by=actor)
    incident = await lifecycle.to_resolve(session, _target(request), by=actor)
    return Form(forms.resolve_form(incident), f"resolve {incident.number}")


async def reopen_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``reopen``, with the reason, if there is one."""
    return await lifecycle.reopen(session, _target(request), note=request.text, by=actor)


async def form_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House) -> None:
    """The form to open an incident was sent."""
    draft = forms.read_create_form(view)
    async with house.begin() as session:
        is_open = await workspaces.open_channel(session, actor.workspace_id, draft.channel_id) is not None
        if house.knows_channels and not is_open:
            raise InvalidInput(
                "Not saved: Incident Tracker is not in this channel. Invite it there with /invite, or choose another.",
                field="channel",
            )
        await incidents.create(session, draft, by=actor)
    await ack()


async def take_clicked(ack: AsyncAck, action: Payload, actor: Actor, begin: Begin) -> None:
    """*Take it* on a card."""
    async with begin() as session:
        await lifecycle.take(session, views.read_target(action["value"]), by=actor)
    await ack()


async def revert_clicked(ack: AsyncAck, action: Payload, actor: Actor, begin: Begin) -> None:
    """*Back to open* on a card."""
    async with begin() as session:
        await lifecycle.revert(session, views.read_target(action["value"]), by=actor)
    await ack()


async def resolve_clicked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Resolve…* on a card: asks what fixed it."""
    async with begin() as session:
        incident = await lifecycle.to_resolve(session, views.read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.resolve_form(incident))
    await ack()


async def resolve_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The form to resolve was sent."""
    note, fixed_at = forms.read_resolve_form(view)
    async with begin() as session:
        await lifecycle.resolve(session, forms.read_metadata(view), note=note, at=fixed_at, by=actor)
    await ack()


async def reopen_clicked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Reopen…* on a card: asks why."""
    async with begin() as session:
        incident = await lifecycle.to_reopen(session, views.read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.reopen_form(incident))
    await ack()


async def reopen_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The form to reopen was sent."""
    async with begin() as session:
        await lifecycle.reopen(session, forms.read_metadata(view), note=forms.read_reopen_form(view), by=actor)
    await ack()


async def text_asked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Show all* beside a shortened description."""
    async with begin() as session:
        incident = await incidents.get(session, views.read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=views.whole_text(incident))
    await ack()


def _target(request: Request) -> Target:
    return Target(thread=request.card) if request.card else Target(number=request.number)


async def _channel_for(session: AsyncSession, actor: Actor, house: House) -> str | None:
    """Here if the bot can post here, else the incident channel; else here all the same, and the relay tells."""
    if not house.knows_channels:
        return actor.channel_id
    candidates = (actor.channel_id, house.incident_channel)
    return await workspaces.open_channel(session, actor.workspace_id, *candidates) or actor.channel_id


async def _page(
    session: AsyncSession, request: Request, actor: Actor, house: House, *, title: LiteralString, involving_me: bool
) -> Answer:
    options = dict(request.options)
    wanted = Filter(
        statuses=request.statuses,
        priorities=request.priorities,
        categories=request.categories,
        assignees=request.people,
        unassigned=options.get("assignee") == "none",
        involving_me=involving_me,
    )
    found = await listing.page(session, wanted, by=actor, after=_after(request))
    more = f"{request.line.partition(NEXT)[0].strip()} {NEXT}{found.after[0]}-{found.after[1]}" if found.after else None
    return views.listing(found, mrkdwn(title), house, more=more, action_id=RUN)


def _after(request: Request) -> tuple[str, int] | None:
    """Where the page before ended, if the line was made by a *Next* button."""
    found = PAGE_WORD.search(request.line)
    return (found[1], int(found[2])) if found else None


ROUTES = Routes(
    reads={"new": new_asked, "list": list_asked, "mine": mine_asked, "show": show_asked},
    writes={
        "quick": quick_asked,
        "take": take_asked,
        "start": start_asked,
        "revert": revert_asked,
        "resolve": resolve_asked,
        "reopen": reopen_asked,
    },
    actions={
        views.TAKE: take_clicked,
        views.REVERT: revert_clicked,
        views.RESOLVE: resolve_clicked,
        views.REOPEN: reopen_clicked,
        views.SHOW_ALL: text_asked,
    },
    views={
        forms.CREATE_FORM: form_submitted,
        forms.RESOLVE_FORM: resolve_submitted,
        forms.REOPEN_FORM: reopen_submitted,
    },
)
