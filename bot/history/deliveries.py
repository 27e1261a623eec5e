"""What happened, told after the commit: the line in the thread, and the files of an export."""

from collections.abc import Sequence
from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot import identity, sync
from bot.history import export, views
from bot.house import House
from bot.relay import Delivery, Undeliverable
from bot.threads import posting
from domain import incidents, talk, timeline, workspaces
from domain.errors import NotFound
from domain.incidents import Incident, Target
from domain.outbox import Outgoing, Topic
from domain.timeline import Happening


async def post_line(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """One line in the thread for what one person changed within a minute: the first posts it, the next add to it."""
    batch = UUID(message.payload["batch"])
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        if incident is None or incident.deleted_at is not None:
            return
        _, last_word = await talk.tally(session, incident.id)
        happenings = await timeline.burst(session, incident.id, batch, after=last_word)
    place = await posting.posted(message, slack, house)
    ts = place.ts if place else await _noted(message, slack, house, incident, happenings)
    async with house.begin() as session:
        await timeline.lined(session, batch, ts=ts)


async def _noted(
    message: Outgoing, slack: AsyncWebClient, house: House, incident: Incident, happenings: Sequence[Happening]
) -> str:
    line = views.line(happenings)
    known = next((h.line_ts for h in happenings if h.line_ts), None)
    if known and incident.card_ts and await sync.update(slack, incident.channel_id, known, **line):
        return known
    return (await posting.post(message, slack, house, incident, **line)).ts


async def send_export(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Two files by direct message to whoever asked, if they still may see the incident; their names are of this row."""
    asked = message.payload
    person = await identity.person(asked["user"], slack, house)
    try:
        async with house.begin() as session:
            is_public = await workspaces.is_public(session, house.workspace_id, asked["channel"])
            reader = person.at(channel_id=asked["channel"] if is_public else None)
            incident = await incidents.get(session, Target(id=message.incident_id), by=reader)
            happenings, _ = await timeline.page(session, incident.id)
            said = await talk.whole(session, incident.id)
    except NotFound:
        raise Undeliverable("the person may not see the incident any more") from None
    opened = await slack.conversations_open(users=asked["user"])
    channel, name = str(opened["channel"]["id"]), f"{incident.ref}-{message.id}"
    if message.attempts > 1 and await sync.is_uploaded(slack, message, channel=channel, name=f"{name}.md"):
        return
    files = {
        f"{name}.md": export.markdown(incident, happenings, said),
        f"{name}.json": export.json_text(incident, happenings, said),
    }
    words = views.exported(incident, len(said))["text"]
    await sync.upload(slack, message, house, channel=channel, words=words, files=files)


DELIVERIES: dict[Topic, Delivery] = {Topic.CHANGE_NOTED: post_line, Topic.EXPORT_ASKED: send_export}
