"""The buttons of a reminder: *Still on it*, *Snooze*, *Give it back*."""

from datetime import datetime

from slack_bolt.async_app import AsyncAck
from sqlalchemy.ext.asyncio import AsyncSession

from bot.house import Payload, Routes
from bot.nudges import views
from bot.targets import read_target
from domain import assignment, db, nudges, outbox, repeats
from domain.db import Begin
from domain.errors import InvalidInput
from domain.incidents import Incident
from domain.outbox import Topic
from domain.policy import Actor


async def confirm_clicked(ack: AsyncAck, body: Payload, action: Payload, actor: Actor, begin: Begin, once: str) -> None:
    """*Still on it*: the reminders begin anew."""
    async with begin() as session:
        incident = await nudges.confirm(session, read_target(action["value"]), by=actor)
        await _answered(session, body, incident, views.CONFIRMED, actor)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack()


async def snoozed(ack: AsyncAck, body: Payload, action: Payload, actor: Actor, begin: Begin, once: str) -> None:
    """*Snooze*: no reminder for as long as was chosen."""
    chosen, _, span = str((action.get("selected_option") or {}).get("value", "")).partition(":")
    if span not in nudges.SNOOZES:
        raise InvalidInput("Not snoozed: choose one of the times in the menu.", field="span")
    async with begin() as session:
        incident = await nudges.snooze(session, read_target(f"{chosen}:0"), nudges.SNOOZES[span], by=actor)
        await _answered(session, body, incident, views.SNOOZED, actor, until=db.now() + nudges.SNOOZES[span])
        await repeats.require_first(session, actor.workspace_id, once)
    await ack()


async def give_back_clicked(ack: AsyncAck, body: Payload, action: Payload, actor: Actor, begin: Begin) -> None:
    """*Give it back*: it is nobody's again, and the thread says so."""
    async with begin() as session:
        incident = await assignment.assign(session, read_target(action["value"]), None, by=actor)
        await _answered(session, body, incident, views.GIVEN_BACK, actor)
    await ack()


async def _answered(
    session: AsyncSession, body: Payload, incident: Incident, how: str, by: Actor, *, until: datetime | None = None
) -> None:
    """The message with the buttons says what was answered; in a lane of its own, so that it does not wait."""
    place = body.get("container") or {}
    if "channel_id" not in place or "message_ts" not in place:
        return
    row = outbox.row(
        Topic.NUDGE_ANSWERED, workspace_id=by.workspace_id, incident_id=incident.id,
        lane=f"nudge:{place['channel_id']}:{place['message_ts']}", channel=place["channel_id"], ts=place["message_ts"],
        how=how, by=str(by.id), until=until.isoformat() if until else "",
    )  # fmt: skip
    await outbox.add(session, row)


ROUTES = Routes(
    actions={views.CONFIRM: confirm_clicked, views.SNOOZE: snoozed, views.GIVE_BACK: give_back_clicked},
)
