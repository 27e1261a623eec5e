"""Posting a channel's digest once for its slot, and keeping it in step with what it lists."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.digest import views
from bot.errors import code_of
from bot.house import House
from bot.relay import CHANNEL_GONE, Delivery
from domain import digest, listing, outbox, schedules, users
from domain.outbox import Outgoing, Topic
from domain.schedules import Schedule


async def post_digest(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The digest as things are now, of what everybody in the channel may see; nothing if there is nothing to say."""
    slot = datetime.fromisoformat(message.payload["slot"])
    async with house.begin() as session:
        schedule = await schedules.get(session, UUID(message.payload["schedule"]))
        if schedule is None:
            return
        seen = listing.visible_in(schedule.workspace_id, schedule.channel_id)
        since = await schedules.begun(session, schedule, slot)
        found = await digest.summary(session, seen, workspace_id=schedule.workspace_id, since=since)
        if found.is_empty and not schedule.posts_empty and not message.payload["asked"]:
            await schedules.note_empty(session, schedule, slot)
            return
        shown = views.kept(found, is_late=bool(message.payload["late"]))
        await schedules.prepare(session, schedule, slot, shown=views.stored(shown), ids=shown.ids)
    incidents = {incident.id: incident for incident in (*found.needy, *found.others)}
    words = views.digest(shown, incidents, house, after=views.upcoming(schedules.next_slot(schedule)))
    try:
        ts = await sync.post_once(slack, message, channel=schedule.channel_id, **words)
    except SlackApiError as error:
        if code_of(error) not in CHANNEL_GONE:
            raise
        await _failed(message, schedule, code_of(error), slack, house)
        return
    async with house.begin() as session:
        await schedules.note_posted(session, schedule, slot, ts=ts)


async def refresh_digest(message: Outgoing, slack: AsyncWebClient, house: House) -> Sequence[int]:
    """What stands in the channel's newest digest, as it is now: once for all that waits."""
    async with house.begin() as session:
        also = await outbox.covered(session, message)
        posted = await schedules.newest(session, UUID(message.payload["schedule"]))
        if posted is None:
            return also
        shown = views.read(posted.shown)
        seen = listing.visible_in(posted.schedule.workspace_id, posted.schedule.channel_id)
        incidents = await digest.shown(session, shown.ids, seen)
    words = views.digest(shown, incidents, house, after=views.upcoming(schedules.next_slot(posted.schedule)))
    await sync.update(slack, posted.schedule.channel_id, posted.ts, **words)
    return also


async def _failed(message: Outgoing, schedule: Schedule, error: str, slack: AsyncWebClient, house: House) -> None:
    """No more digests there until somebody resumes them; whoever set it is told."""
    async with house.begin() as session:
        await schedules.fail(session, schedule, error)
        person = await users.slack_id_of(session, schedule.by_user_id)
    if person is not None:
        await sync.tell(slack, message, person, **views.failed(schedule, error))


DELIVERIES: dict[Topic, Delivery] = {Topic.DIGEST_DUE: post_digest, Topic.DIGEST_STALE: refresh_digest}
