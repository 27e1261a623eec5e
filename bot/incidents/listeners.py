"""What people do with an incident: verbs, forms and the card's buttons."""

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.house import Answer, Form, House, Payload, Routes
from bot.incidents import forms, views
from bot.lookalikes.forms import warned
from bot.targets import carried_target, read_target, target_of
from domain import incidents, lifecycle, opening, policy, talk, text, workspaces
from domain.db import Begin
from domain.incidents import Draft, Incident, Priority
from domain.lookalikes import LooksAlike
from domain.policy import Action, Actor

LAST_COMMENTS = 5


async def new_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``new``: the form, filled with what was typed."""
    policy.require(actor, Action.CREATE)
    categories = await workspaces.category_names(session, actor.workspace_id)
    channels = house.channels_for(actor)
    channel_id, alike = await opening.prospect(session, text.split_title(request.text)[0], channels=channels, by=actor)
    form = forms.create_form(request, categories, channel_id or actor.channel_id)
    return Form(warned(form, alike, house) if alike else form, request.line or "new")


async def quick_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``quick``: an incident at once; a title that is too long is kept whole in the description."""
    title, description = text.split_title(request.text)
    channel_id = await _channel_for(session, actor, house)
    draft = Draft(
        title=title,
        description=description,
        channel_id=channel_id or "",
        priority=Priority(request.priorities[0]) if request.priorities else Priority.MEDIUM,
        category=request.categories[0] if request.categories else "",
        assignee=request.people[0] if request.people else None,
        source=request.once or None,
    )
    return await incidents.create(session, draft, by=actor)


async def show_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``show``: one incident with its last comments; ``plain`` as one text."""
    incident = await incidents.get(session, target_of(request), by=actor)
    said = await talk.latest(session, incident.id, most=LAST_COMMENTS)
    if request.text.lower() == "plain":
        return views.plain(incident, said, house)
    return views.details(incident, said, actor, house)


async def take_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``take``."""
    return await lifecycle.take(session, target_of(request), by=actor)


async def start_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``start``."""
    return await lifecycle.start(session, target_of(request), by=actor)


async def revert_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``revert``."""
    return await lifecycle.revert(session, target_of(request), by=actor)


async def resolve_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``resolve``: at once with a note, else by the form."""
    if request.text:
        return await lifecycle.resolve(session, target_of(request), note=request.text, by=actor)
    incident = await lifecycle.to_resolve(session, target_of(request), by=actor)
    return Form(forms.resolve_form(incident), f"resolve {incident.number}")


async def reopen_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``reopen``, with the reason, if there is one."""
    return await lifecycle.reopen(session, target_of(request), note=request.text, by=actor)


async def form_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House) -> None:
    """The form to open an incident was sent; look-alikes that it had not named come back on top of it."""
    sent = forms.read_create_form(view)
    opens = house.begin if sent.draft.assignee else house.lightly  # whom it is given to may get an account with it
    try:
        async with opens() as session:
            await opening.submit(session, sent, anywhere=not house.knows_channels, by=actor)
    except LooksAlike as question:
        await ack(response_action="update", view=warned(view, question.found, house))
        return
    await ack()


async def take_clicked(ack: AsyncAck, action: Payload, actor: Actor, house: House) -> None:
    """*Take it* on a card."""
    target = read_target(action["value"])
    await house.change(lambda session: lifecycle.take(session, target, by=actor))
    await ack()


async def revert_clicked(ack: AsyncAck, action: Payload, actor: Actor, house: House) -> None:
    """*Back to open* on a card."""
    target = read_target(action["value"])
    await house.change(lambda session: lifecycle.revert(session, target, by=actor))
    await ack()


async def resolve_clicked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Resolve…* on a card: asks what fixed it."""
    async with begin() as session:
        incident = await lifecycle.to_resolve(session, read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.resolve_form(incident))
    await ack()


async def resolve_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House) -> None:
    """The form to resolve was sent."""
    target, (note, fixed_at) = carried_target(view), forms.read_resolve_form(view)
    await house.change(lambda session: lifecycle.resolve(session, target, note=note, at=fixed_at, by=actor))
    await ack()


async def reopen_clicked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Reopen…* on a card: asks why."""
    async with begin() as session:
        incident = await lifecycle.to_reopen(session, read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.reopen_form(incident))
    await ack()


async def reopen_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House) -> None:
    """The form to reopen was sent."""
    target, note = carried_target(view), forms.read_reopen_form(view)
    await house.change(lambda session: lifecycle.reopen(session, target, note=note, by=actor))
    await ack()


async def text_asked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Show all* beside a shortened description."""
    async with begin() as session:
        incident = await incidents.get(session, read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=views.whole_text(incident))
    await ack()


async def _channel_for(session: AsyncSession, actor: Actor, house: House) -> str | None:
    """Here if the bot can post here, else the incident channel; else here all the same, and the relay tells."""
    channels = house.channels_for(actor)
    return await workspaces.open_channel(session, actor.workspace_id, *channels) or actor.channel_id


ROUTES = Routes(
    reads={"new": new_asked, "show": show_asked},
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
