"""Comments made elsewhere than in the thread: the verb ``comment``, and what can be done to a comment."""

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot import dialogs
from bot.blocks import Block
from bot.commands import Request
from bot.comments import forms, views
from bot.house import Form, House, Payload, Routes
from bot.targets import carried_target, read_target, target_of
from domain import comments, incidents, policy, repeats, talk
from domain.db import Begin
from domain.incidents import Incident, Target
from domain.policy import Action, Actor


async def comment_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Incident | Form:
    """``comment``: posted in the thread in the person's name, saved once; without words, a form."""
    if request.text:
        return await comments.say(session, target_of(request), request.text, by=actor)
    policy.require(actor, Action.COMMENT)
    incident = await incidents.get(session, target_of(request), by=actor)
    return Form(forms.comment_form(incident), f"comment {incident.number}")


async def comment_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The form to comment was sent."""
    async with begin() as session:
        source = f"view:{view['id']}"
        await comments.say(session, carried_target(view), forms.read_comment(view), source=source, by=actor)
    await ack()


async def edit_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Edit…* beside a comment."""
    async with begin() as session:
        comment = await comments.to_edit(session, forms.read_comment_id(action["value"]), by=actor)
    await dialogs.show(client, body, forms.edit_form(comment))
    await ack()


async def edit_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin, once: str) -> None:
    """The changed comment was sent."""
    async with begin() as session:
        await comments.edit(session, forms.carried_comment(view), forms.read_comment(view), by=actor)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack()


async def delete_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Delete…* beside a comment: asks first."""
    async with begin() as session:
        said = await talk.get(session, forms.read_comment_id(action["value"]), by=actor)
        policy.require(actor, Action.DELETE_COMMENT, said)
    await dialogs.show(client, body, forms.delete_form(said))
    await ack()


async def delete_submitted(ack: AsyncAck, view: Payload, actor: Actor, begin: Begin) -> None:
    """The person is sure."""
    async with begin() as session:
        await comments.remove(session, forms.carried_comment(view), by=actor)
    await ack()


async def text_asked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Show all* beside a shortened comment."""
    async with begin() as session:
        said = await talk.get(session, forms.read_comment_id(action["value"]), by=actor)
    await dialogs.show(client, body, views.one(said))
    await ack()


async def talk_asked(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*All comments*: the newest page."""
    await dialogs.show(client, body, await _page(action, actor, begin))
    await ack()


async def page_turned(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Earlier* or *Later* in that dialog."""
    await client.views_update(view_id=body["view"]["id"], view=await _page(action, actor, begin))
    await ack()


async def _page(action: Payload, actor: Actor, begin: Begin) -> Block:
    """The page that a button asks for, ``<incident>:<start>``; without a start the last one."""
    start = read_target(action["value"]).version
    async with begin() as session:
        incident = await incidents.get(session, Target(id=read_target(action["value"]).id, number=None), by=actor)
        if start is None or start < 0:
            count, _ = await talk.tally(session, incident.id)
            start = max(count - views.ON_PAGE, 0)
        said, count = await talk.page(session, incident.id, start=start, most=views.ON_PAGE)
    return views.talk(incident, said, actor, start=start, count=count)


ROUTES = Routes(
    writes={"comment": comment_asked},
    actions={
        views.EDIT: edit_chosen,
        views.DELETE: delete_chosen,
        views.SHOW_ALL: text_asked,
        views.ALL: talk_asked,
        views.PAGE: page_turned,
    },
    views={
        forms.COMMENT_FORM: comment_submitted,
        forms.EDIT_FORM: edit_submitted,
        forms.DELETE_FORM: delete_submitted,
    },
)
