"""The picture: drawn and uploaded after the commit, for one person or for a channel."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncSession

from bot import commands, identity, sync
from bot.errors import code_of
from bot.house import House
from bot.mrkdwn import Mrkdwn
from bot.relay import CHANNEL_GONE, Delivery
from bot.stats import drawing, lines, views, words
from bot.stats.lines import Wanted
from domain import incidents, listing, stats, workspaces
from domain.outbox import Outgoing, Topic
from domain.policy import Actor
from domain.stats import Numbers


async def send_picture(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """To whoever asked, or to the channel where they pressed *Post here*; as things are now."""
    wanted = lines.read(commands.parse(f"stats {message.payload['line']}"))
    person = await identity.person(message.payload["user"], slack, house)
    if message.payload["to_channel"]:
        await _post(message, wanted, person, slack, house)
    else:
        await _give(message, wanted, person, slack, house)


async def _give(message: Outgoing, wanted: Wanted, person: Actor, slack: AsyncWebClient, house: House) -> None:
    """By direct message, of what the person may see wherever they are now."""
    channel_id = message.payload["channel"]
    async with house.begin() as session:
        is_public = await workspaces.is_public(session, house.workspace_id, channel_id)
        numbers = await _numbers(session, wanted, person.at(channel_id=channel_id if is_public else None))
    if words.is_nothing(numbers):
        await sync.tell(slack, message, person.slack_user_id, **views.nothing_to_draw(wanted))
        return
    opened = await slack.conversations_open(users=person.slack_user_id)
    comment = views.comment(numbers, wanted)
    await _upload(message, slack, house, numbers, wanted, channel_id=opened["channel"]["id"], comment=comment)


async def _post(message: Outgoing, wanted: Wanted, person: Actor, slack: AsyncWebClient, house: House) -> None:
    """Only of what everybody in the channel may see; where the bot cannot post, the person is told."""
    channel_id = message.payload["channel"]
    async with house.begin() as session:
        numbers = await _numbers(session, wanted, person.at(channel_id=channel_id), readers_of=channel_id)
    if words.is_nothing(numbers):
        await sync.tell(slack, message, person.slack_user_id, **views.nothing_to_post(channel_id))
        return
    comment = views.comment(numbers, wanted, by=person.name)
    try:
        await _upload(message, slack, house, numbers, wanted, channel_id=channel_id, comment=comment)
    except SlackApiError as error:
        if code_of(error) not in CHANNEL_GONE:
            raise
        await sync.tell(slack, message, person.slack_user_id, **views.not_posted(channel_id))


async def _numbers(session: AsyncSession, wanted: Wanted, person: Actor, *, readers_of: str = "") -> Numbers:
    period = stats.last_days(wanted.days, zone=person.time_zone)
    seen = incidents.visible_to(person)
    if readers_of:
        seen = and_(seen, listing.visible_in(person.workspace_id, readers_of))
    return await stats.numbers(session, seen, period, workspace_id=person.workspace_id)


async def _upload(
    message: Outgoing,
    slack: AsyncWebClient,
    house: House,
    numbers: Numbers,
    wanted: Wanted,
    *,
    channel_id: str,
    comment: Mrkdwn,
) -> None:
    """Once: the file's name tells whether an earlier attempt got through, because an upload takes no metadata."""
    name = f"incidents-{wanted.days}d-{message.id}.png"
    if message.attempts > 1 and await sync.is_uploaded(slack, message, channel=channel_id, name=name):
        return
    picture = await drawing.drawn(numbers, wanted)
    alt = words.alternative(numbers, wanted)
    await sync.upload(slack, message, house, channel=channel_id, words=comment, files={name: picture}, alt=alt)


DELIVERIES: dict[Topic, Delivery] = {Topic.STATS_ASKED: send_picture}
