"""What happened to an incident: the verbs ``history`` and ``export``, and the same in the card's menu."""

from dataclasses import replace

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.history import views
from bot.house import Answer, House, Payload, Routes
from bot.incidents.views import EXPORT, HISTORY
from bot.targets import read_target, target_of
from domain import incidents, outbox, timeline
from domain.db import Begin
from domain.incidents import Incident, Target
from domain.outbox import Topic
from domain.policy import Actor


async def history_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``history``."""
    incident = await incidents.get(session, target_of(request), by=actor)
    happenings, left_out = await timeline.page(session, incident.id, most=views.SHOWN)
    return views.history(incident, happenings, house, left_out=left_out)


async def export_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``export``: the files follow by direct message."""
    return views.exporting(await _export(session, target_of(request), actor))


async def history_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, house: House
) -> None:
    """*History* in a card's menu."""
    async with house.begin() as session:
        incident = await incidents.get(session, _unversioned(action), by=actor)
        happenings, left_out = await timeline.page(session, incident.id, most=views.SHOWN)
    dialog = views.history_dialog(incident, happenings, house, left_out=left_out)
    await client.views_open(trigger_id=body["trigger_id"], view=dialog)
    await ack()


async def export_chosen(
    ack: AsyncAck, body: Payload, action: Payload, client: AsyncWebClient, actor: Actor, begin: Begin
) -> None:
    """*Export* in a card's menu."""
    async with begin() as session:
        incident = await _export(session, _unversioned(action), actor)
    await client.views_open(trigger_id=body["trigger_id"], view=views.exporting_dialog(incident))
    await ack()


async def _export(session: AsyncSession, target: Target, actor: Actor) -> Incident:
    incident = await incidents.get(session, target, by=actor)
    key = f"export:{incident.id}:{actor.id}"
    row = outbox.row(
        Topic.EXPORT_ASKED,
        workspace_id=actor.workspace_id,
        incident_id=incident.id,
        lane=key,
        user=actor.slack_user_id,
        channel=actor.channel_id or "",
    )
    await outbox.add_once(session, key, row)
    return incident


def _unversioned(action: Payload) -> Target:
    """Reading is not stale, whatever happened since the card was drawn."""
    return replace(read_target(action["value"]), version=None)


ROUTES = Routes(
    reads={"history": history_asked, "export": export_asked},
    actions={HISTORY: history_chosen, EXPORT: export_chosen},
)
