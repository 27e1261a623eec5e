"""The verb ``stats``, and its buttons *Picture* and *Post here*."""

from hashlib import sha256

from slack_bolt.async_app import AsyncAck, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.house import Answer, House, Payload, Routes
from bot.stats import lines, views
from domain import incidents, outbox, repeats, stats, workspaces
from domain.errors import InvalidInput
from domain.outbox import Topic
from domain.policy import Actor


async def stats_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``stats``: the numbers of what the asking person may see."""
    wanted = lines.read(request)
    period = stats.last_days(wanted.days, zone=actor.time_zone)
    seen = incidents.visible_to(actor)
    found = await stats.numbers(session, seen, period, workspace_id=actor.workspace_id)
    return views.answer(found, wanted, can_post=actor.channel_id is not None)


async def picture_clicked(
    ack: AsyncAck, body: Payload, action: Payload, respond: AsyncRespond, actor: Actor, house: House
) -> None:
    """*Picture*: drawn after the commit, for the asking person alone."""
    async with house.begin() as session:
        await _ask(session, actor, action["value"], to_channel=False)
    await ack()
    if body.get("response_url"):
        said = views.on_its_way()
        await respond(text=said["text"], blocks=said["blocks"], response_type="ephemeral", replace_original=False)


async def post_clicked(ack: AsyncAck, action: Payload, actor: Actor, house: House, once: str) -> None:
    """*Post here*: the picture of what everybody in the channel may see; pressed twice at once, it is posted once."""
    channel_id = actor.channel_id or ""
    async with house.begin() as session:
        is_open = await workspaces.open_channel(session, actor.workspace_id, channel_id) is not None
        if house.knows_channels and not is_open and not channel_id.startswith("D"):
            raise InvalidInput(
                "Not posted: Incident Tracker is not in this channel. Invite it with /invite, then try again.",
                field="channel",
            )
        await _ask(session, actor, action["value"], to_channel=True)
        await repeats.require_first(session, actor.workspace_id, once)
    await ack()


async def _ask(session: AsyncSession, actor: Actor, line: str, *, to_channel: bool) -> None:
    channel_id = actor.channel_id or ""
    place = channel_id if to_channel else actor.slack_user_id
    row = outbox.row(
        Topic.STATS_ASKED,
        workspace_id=actor.workspace_id,
        lane=f"stats:{place}",  # of its own: what is drawn for seconds must hold up no card and no reply
        line=line,
        channel=channel_id,
        user=actor.slack_user_id,
        to_channel="yes" if to_channel else "",
    )
    key = sha256(f"{place} {actor.slack_user_id} {line}".encode()).hexdigest()
    await outbox.add_once(session, f"stats:{key}", row)


ROUTES = Routes(
    reads={"stats": stats_asked},
    actions={views.PICTURE: picture_clicked, views.POST: post_clicked},
)
