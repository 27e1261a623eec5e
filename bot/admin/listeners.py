"""Administration: the verb ``admin``, the menus beside people and categories, and the forms.

Whoever is no superuser gets one and the same refusal, before anything is read.
"""

from collections.abc import Callable, Mapping

from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot import dialogs
from bot.admin import answers, forms, lines, steps, views
from bot.admin.lines import Asked
from bot.admin.steps import AT_ONCE
from bot.blocks import Block
from bot.commands import Request
from bot.house import Answer, House, Payload, Routes
from bot.mrkdwn import Mrkdwn
from domain import categories, mapping, people, policy, repeats
from domain.errors import NotFound
from domain.policy import Action, Actor, Surface


async def admin_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``admin``, whatever follows."""
    policy.require(actor, Action.ADMINISTER)
    return await lines.answer(Asked(session, request, actor, house))


async def person_chosen(
    ack: AsyncAck,
    body: Payload,
    action: Payload,
    client: AsyncWebClient,
    respond: AsyncRespond,
    actor: Actor,
    house: House,
    once: str,
) -> None:
    """Something in the menu beside a person: done at once, or asked about."""
    policy.require(actor, Action.ADMINISTER)
    step, account_id = forms.read_choice(_value(action))
    if step not in AT_ONCE:
        async with house.begin() as session:
            person = await people.get(session, account_id, by=actor)
        await dialogs.show(client, body, forms.confirm_form(step, person))
        await ack()
        return
    async with house.begin() as session:
        repeats.name(session, once)
        person = await steps.take(session, step, account_id, by=actor)
    await ack()
    await _say(body, client, respond, actor, answers.done(step, person))


async def decided(ack: AsyncAck, action: Payload, respond: AsyncRespond, actor: Actor, house: House, once: str) -> None:
    """*Approve* or *Refuse* under what a superuser was asked; the answer takes the place of the question."""
    policy.require(actor, Action.ADMINISTER)
    step, account_id = forms.read_choice(_value(action))
    if step not in AT_ONCE:
        raise _unknown()
    async with house.begin() as session:
        repeats.name(session, once)
        person = await steps.take(session, step, account_id, by=actor)
    await ack()
    words = views.said(answers.done(step, person))
    await respond(text=words["text"], blocks=words["blocks"], replace_original=True)


async def category_chosen(
    ack: AsyncAck,
    body: Payload,
    action: Payload,
    client: AsyncWebClient,
    respond: AsyncRespond,
    actor: Actor,
    house: House,
    once: str,
) -> None:
    """Something in the menu beside a category."""
    policy.require(actor, Action.ADMINISTER)
    what, _, name = _value(action).partition(":")
    if what in CATEGORY_FORMS:
        await dialogs.show(client, body, CATEGORY_FORMS[what](name))
        await ack()
        return
    if what != "add":
        raise _unknown()
    async with house.begin() as session:
        repeats.name(session, once)
        name = await categories.add(session, name, by=actor)
    await ack()
    await _say(body, client, respond, actor, answers.added(name))


async def category_form_clicked(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor) -> None:
    """*Add a category…*."""
    policy.require(actor, Action.ADMINISTER)
    await dialogs.show(client, body, forms.add_form())
    await ack()


async def confirmed(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """They are sure."""
    policy.require(actor, Action.ADMINISTER)
    step, account_id = forms.read_confirm(view)
    async with house.begin() as session:
        repeats.name(session, once)
        person = await steps.take(session, step, account_id, by=actor)
    await ack(response_action="update", view=_notice(answers.done(step, person)))


async def picked(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """Somebody was chosen: done at once, or asked about."""
    policy.require(actor, Action.ADMINISTER)
    step, slack_user_id = forms.read_pick(view)
    async with house.begin() as session:
        repeats.name(session, once)
        person = await people.of_slack(session, slack_user_id, by=actor)
        if step in AT_ONCE:
            person = await steps.take(session, step, person.id, by=actor)
    shown = _notice(answers.done(step, person)) if step in AT_ONCE else forms.confirm_form(step, person)
    await ack(response_action="update", view=shown)


async def link_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """A superuser vouches for somebody."""
    policy.require(actor, Action.ADMINISTER)
    slack_user_id, address = forms.read_link(view)
    async with house.begin() as session:
        repeats.name(session, once)
        account = await mapping.link_for(session, slack_user_id, address, by=actor)
    await ack(response_action="update", view=_notice(answers.linked(account, slack_user_id)))


async def add_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """A new category."""
    policy.require(actor, Action.ADMINISTER)
    async with house.begin() as session:
        repeats.name(session, once)
        name = await categories.add(session, forms.read_category(view)[1], by=actor)
    await ack(response_action="update", view=_notice(answers.added(name)))


async def rename_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """Another name for a category; its incidents follow."""
    policy.require(actor, Action.ADMINISTER)
    old, wanted = forms.read_category(view)
    async with house.begin() as session:
        repeats.name(session, once)
        new = await categories.rename(session, old, wanted, by=actor)
    await ack(response_action="update", view=_notice(answers.renamed(old, new)))


async def retire_submitted(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """They are sure."""
    policy.require(actor, Action.ADMINISTER)
    name, _ = forms.read_category(view)
    async with house.begin() as session:
        repeats.name(session, once)
        await categories.retire(session, name, by=actor)
    await ack(response_action="update", view=_notice(answers.retired(name)))


async def _say(body: Payload, client: AsyncWebClient, respond: AsyncRespond, actor: Actor, words: Mrkdwn) -> None:
    """Beside the list, which stays; a Home is drawn anew instead."""
    if actor.surface is Surface.HOME:
        return
    said = views.said(words)
    if not body.get("response_url"):
        await dialogs.say(client, body, respond, said)
        return
    await respond(text=said["text"], blocks=said["blocks"], replace_original=False, response_type="ephemeral")


def _notice(words: Mrkdwn) -> Block:
    return dialogs.dialog(views.said(words))


def _value(action: Payload) -> str:
    return str(action.get("value") or "")


def _unknown() -> NotFound:
    return NotFound("Nothing was changed: there is no such choice any more. Look at /incident admin.")


CATEGORY_FORMS: Mapping[str, Callable[[str], Block]] = {"rename": forms.rename_form, "retire": forms.retire_form}

ROUTES = Routes(
    reads={"admin": admin_asked},
    actions={
        views.PERSON: person_chosen,
        views.DECIDE: decided,
        views.CATEGORY: category_chosen,
        views.CATEGORY_ADD: category_form_clicked,
    },
    views={
        forms.CONFIRM_FORM: confirmed,
        forms.PICK_FORM: picked,
        forms.LINK_FORM: link_submitted,
        forms.ADD_FORM: add_submitted,
        forms.RENAME_FORM: rename_submitted,
        forms.RETIRE_FORM: retire_submitted,
    },
)
