"""Who people are: ``whoami``, linking and recovering an account, and what Slack tells about them."""

from typing import assert_never
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot import dialogs
from bot.accounts import forms, views
from bot.blocks import Block
from bot.commands import Request
from bot.house import Answer, Form, House, Payload, Routes
from bot.identity import profile_of
from domain import accounts, codes, hashing, homes, mapping, policy, profiles, repeats
from domain.codes import Proof, Purpose
from domain.policy import Action, Actor


async def whoami_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``whoami``."""
    return views.identity(await accounts.mine(session, by=actor), actor)


async def link_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``link``."""
    policy.require(actor, Action.LINK)
    return Form(forms.link_form(), "link")


async def recover_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``recover``."""
    policy.require(actor, Action.LINK)
    return Form(forms.recover_form(), "recover")


async def unlink_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``unlink``."""
    policy.require(actor, Action.LINK)
    return Form(forms.unlink_form(), "unlink")


async def address_given(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """Step one of linking and recovering: whose address it is, is not told."""
    purpose = forms.PURPOSES[view["callback_id"]]
    async with house.begin() as session:
        request_id = await codes.ask(session, purpose, forms.read_address(view), by=actor)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack(response_action="update", view=_code_form(purpose, request_id, house))


async def code_given(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """Step two. The try counts whatever follows, so it is committed before the code is looked at."""
    entered = forms.read_code(view)
    async with house.begin() as session:
        tried = await codes.count_try(session, entered.purpose, entered.request_id, by=actor)
        await repeats.require_first(session, actor.workspace_id, once)
    found = await hashing.matching(codes.read(entered.code), tried.hashes)
    async with house.begin() as session:
        proof = await codes.use(session, tried, found)
        answer = await _done(session, entered.purpose, proof, actor)
    await ack(response_action="update", view=answer)


async def edit_clicked(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor, house: House) -> None:
    """*Edit…* under ``whoami`` and in the App Home."""
    policy.require(actor, Action.KEEP_ACCOUNT)
    async with house.begin() as session:
        account = await accounts.mine(session, by=actor)
    await dialogs.show(client, body, forms.edit_form(account))
    await ack()


async def edited(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """A new name counts at once, a new address after its code."""
    name, email = forms.read_edit(view)
    async with house.begin() as session:
        account = await accounts.mine(session, by=actor)
        is_renamed = await accounts.rename(session, name, by=actor)
        if email and email.lower() != (account.email or "").lower():
            request_id = await codes.ask(session, Purpose.ADDRESS, email, by=actor)
            answer = _code_form(Purpose.ADDRESS, request_id, house)
        else:
            answer = views.saved(is_changed=is_renamed)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack(response_action="update", view=answer)


async def unlink_submitted(ack: AsyncAck, actor: Actor, house: House, once: str) -> None:
    """They are sure."""
    async with house.begin() as session:
        await mapping.unlink(session, by=actor)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack(response_action="update", view=views.unlinked())


async def close_clicked(
    ack: AsyncAck, body: Payload, client: AsyncWebClient, respond: AsyncRespond, actor: Actor, house: House, once: str
) -> None:
    """*Close account…*, after the question whether they are sure."""
    async with house.begin() as session:
        await accounts.close(session, by=actor)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack()
    await dialogs.say(client, body, respond, views.closed())


async def person_changed(event: Payload, house: House) -> None:
    """Somebody joined, was renamed, became a guest or was deactivated."""
    profile = profile_of(event["user"], house.workspace_id)
    async with house.begin() as session:
        await profiles.learn(session, house.workspace_id, [profile])
        await homes.touch(session, house.workspace_id, profile.slack_user_id)


def _code_form(purpose: Purpose, request_id: UUID, house: House) -> Block:
    return forms.code_form(purpose, request_id, is_mailed=house.mailer is not None)


async def _done(session: AsyncSession, purpose: Purpose, proof: Proof, actor: Actor) -> Block:
    match purpose:
        case Purpose.LINK:
            return views.linked(is_superuser=await mapping.link(session, proof, by=actor))
        case Purpose.RECOVER:
            return views.linked(is_superuser=await mapping.recover(session, proof, by=actor))
        case Purpose.ADDRESS:
            await accounts.change_address(session, proof, by=actor)
            return views.address_changed()
        case _ as unreachable:
            assert_never(unreachable)


ROUTES = Routes(
    reads={"whoami": whoami_asked, "link": link_asked, "recover": recover_asked, "unlink": unlink_asked},
    actions={views.EDIT: edit_clicked, views.CLOSE: close_clicked},
    views={
        forms.LINK_FORM: address_given,
        forms.RECOVER_FORM: address_given,
        forms.CODE_FORM: code_given,
        forms.EDIT_FORM: edited,
        forms.UNLINK_FORM: unlink_submitted,
    },
    events={"user_change": person_changed, "team_join": person_changed},
)
