"""The verb ``digest``, and the form of a channel's digest."""

from datetime import timedelta

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot import dialogs
from bot.commands import Request
from bot.digest import forms, views
from bot.digest.lines import require_open, usual
from bot.house import Answer, House, Payload, Routes
from domain import db, digest, incidents, policy, repeats, schedules, slots
from domain.errors import NotFound
from domain.policy import Action, Actor


async def digest_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``digest``: now, for the asking person, of all that they may see and of the last day."""
    since = db.now() - timedelta(days=1)
    found = await digest.summary(session, incidents.visible_to(actor), workspace_id=actor.workspace_id, since=since)
    shown = {incident.id: incident for incident in (*found.needy, *found.others)}
    return views.digest(views.kept(found), shown, house)


async def settings_clicked(ack: AsyncAck, body: Payload, client: AsyncWebClient, actor: Actor, house: House) -> None:
    """*Settings* under a digest, for superusers."""
    policy.require(actor, Action.ADMINISTER)
    times, posts_empty = usual(actor), False
    async with house.begin() as session:
        try:
            schedule = await schedules.of_channel(session, actor.channel_id or "", by=actor)
            times, posts_empty = schedule.times, schedule.posts_empty
        except NotFound:
            pass
    await dialogs.show(client, body, forms.digest_form(actor.channel_id, times, posts_empty=posts_empty))
    await ack()


async def digest_set(ack: AsyncAck, view: Payload, actor: Actor, house: House, once: str) -> None:
    """The form, submitted."""
    policy.require(actor, Action.ADMINISTER)
    wanted = forms.read_digest(view)
    async with house.begin() as session:
        repeats.name(session, once)
        await require_open(session, wanted.channel_id, actor, house)
        schedule = await schedules.set_(
            session, wanted.channel_id, wanted.times, posts_empty=wanted.posts_empty, by=actor
        )
    said = views.done(f"Saved: a digest at {wanted.times} in", schedule, slots.following(wanted.times, db.now()))
    await ack(response_action="update", view=dialogs.dialog(said))


ROUTES = Routes(
    reads={"digest": digest_asked},
    actions={views.SETTINGS: settings_clicked},
    views={forms.DIGEST_FORM: digest_set},
)
