"""Changing what an incident says, and deleting it: verbs, the card's menu, and the forms."""

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot.blocks import Block
from bot.commands import Request
from bot.editing import forms
from bot.house import Form, House, Payload, Routes
from bot.incidents import views
from bot.targets import carried_target, read_target, target_of
from domain import deletion, editing, repeats, undoing, workspaces
from domain.db import Begin
from domain.editing import Clash, Edit
from domain.errors import InvalidInput
from domain.incidents import Incident, Priority
from domain.policy import Action, Actor, allows
from domain.text import bare


async def priority_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``priority``: at once with a level, else by the form."""
    if request.priorities:
        wanted = Edit(priority=Priority(request.priorities[0]))
        return await editing.edit(session, target_of(request), wanted, by=actor)
    if request.text:
        raise InvalidInput(
            f"Nothing was changed: “{request.text}” is no priority. Write critical, high, medium or low, or p1 to p4.",
            field="priority",
        )
    return await _form(session, request, actor, fields=forms.SHORT)


async def category_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``category``: at once with a name, else by the form."""
    if not request.text:
        return await _form(session, request, actor, fields=forms.SHORT)
    return await editing.edit(session, target_of(request), Edit(category=bare(request.text)), by=actor)


async def edit_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``edit``: a new title at once, else the form."""
    if request.text:
        return await editing.edit(session, target_of(request), Edit(title=request.text), by=actor)
    return await _form(session, request, actor, fields=forms.ALL)


async def delete_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Form:
    """``delete``: asks first."""
    incident = await deletion.to_delete(session, target_of(request), by=actor)
    return Form(forms.delete_form(incident), f"delete {incident.number}")


async def restore_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``restore``: brings a deleted incident back; for superusers."""
    if request.number is None and request.card is None:
        raise InvalidInput("Nothing was changed: say which, as in /incident restore 42.", field="id")
    return await deletion.restore(session, target_of(request), by=actor)


async def undo_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident:
    """``undo``: takes back one's own last change."""
    return await undoing.undo(session, by=actor)


async def edit_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Edit…* in a card's menu."""
    await _open(body, action, client, actor, begin, fields=forms.ALL)
    await ack()


async def classify_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Priority, category…* in a card's menu."""
    await _open(body, action, client, actor, begin, fields=forms.SHORT)
    await ack()


async def edit_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin, once: str) -> None:
    """The form was sent; where somebody else changed the same, both values are shown."""
    wanted, seen = forms.read_edit_form(view)
    try:
        async with begin() as session:
            await editing.edit(session, carried_target(view), wanted, seen=seen, by=actor)
            await repeats.require_first(session, actor.workspace_id, once)
    except Clash as clash:
        await ack(response_action="update", view=await _again(clash, view, seen, actor, begin))
        return
    await ack()


async def delete_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Delete…* in a card's menu: asks first."""
    async with begin() as session:
        incident = await deletion.to_delete(session, read_target(action["value"]), by=actor)
    await client.views_open(trigger_id=body["trigger_id"], view=forms.delete_form(incident))
    await ack()


async def delete_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The person is sure."""
    async with begin() as session:
        await deletion.delete(session, carried_target(view), by=actor)
    await ack()


async def _form(session: AsyncSession, request: Request, actor: Actor, *, fields: tuple[str, ...]) -> Form:
    incident, assignee = await editing.to_edit(session, target_of(request), by=actor)
    categories = await workspaces.category_names(session, actor.workspace_id)
    shown = _allowed(fields, incident, actor)
    return Form(forms.edit_form(incident, categories, fields=shown, assignee=assignee), f"edit {incident.number}")


async def _open(
    body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin, *, fields: tuple[str, ...]
) -> None:
    async with begin() as session:
        incident, assignee = await editing.to_edit(session, read_target(action["value"]), by=actor)
        categories = await workspaces.category_names(session, actor.workspace_id)
    shown = _allowed(fields, incident, actor)
    view = forms.edit_form(incident, categories, fields=shown, assignee=assignee)
    await client.views_open(trigger_id=body["trigger_id"], view=view)


async def _again(clash: Clash, view: Payload, seen: dict[str, str], actor: Actor, begin: Begin) -> Block:
    """The same form with what stands there now."""
    async with begin() as session:
        incident, assignee = await editing.to_edit(session, carried_target(view), by=actor)
        categories = await workspaces.category_names(session, actor.workspace_id)
    now = {**editing.values(incident), "assignee": incident.assignee.full_name if incident.assignee else "nobody"}
    fields = tuple(name for name in forms.ALL if name in seen)
    values = {name: now[name] for name in clash.fields}
    return forms.edit_form(incident, categories, fields=fields, assignee=assignee, clash=values, seen=seen)


def _allowed(fields: tuple[str, ...], incident: Incident, actor: Actor) -> tuple[str, ...]:
    return fields if fields != forms.ALL or allows(actor, Action.EDIT, incident) else forms.OPEN_TO_MEMBERS


ROUTES = Routes(
    writes={
        "priority": priority_asked,
        "category": category_asked,
        "edit": edit_asked,
        "delete": delete_asked,
        "restore": restore_asked,
        "undo": undo_asked,
    },
    actions={
        views.EDIT: edit_chosen,
        views.CLASSIFY: classify_chosen,
        views.DELETE: delete_chosen,
    },
    views={forms.EDIT_FORM: edit_submitted, forms.DELETE_FORM: delete_submitted},
)
