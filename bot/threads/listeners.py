"""What people write in threads and to the bot: replies are comments, and follow their edits and deletions."""

from slack_sdk.web.async_client import AsyncWebClient

from bot import commands, identity
from bot.asking import mentioned
from bot.house import House, Payload, Routes
from bot.threads import views
from domain import cards, comments, db, early_replies, imports, membership, threads, users, workspaces
from domain.comments import Reply
from domain.policy import Actor, Surface


async def message_told(event: Payload, client: AsyncWebClient, house: House) -> None:
    """Whatever Slack tells of messages: most are nobody's comment and cost at most one look."""
    subtype = event.get("subtype")
    if subtype == "message_deleted":
        await _deleted(event, client, house)
    elif subtype == "message_changed":
        await _changed(event, client, house)
    elif subtype in views.CONVERTED:
        async with house.begin() as session:
            await membership.meet(session, house.workspace_id, event["channel"])
            if subtype == "channel_convert_to_private":
                await workspaces.hide_channel(session, house.workspace_id, event["channel"])
    elif event.get("channel_type") == "im":
        await _line_in_dm(event, client, house)
    elif views.is_human_reply(event):
        await thread_replied(event, client, house)


async def thread_replied(message: Payload, client: AsyncWebClient, house: House) -> None:
    """A person wrote in a thread, or edited it: if the thread is an incident's, that is a comment."""
    if commands.is_unkept(message.get("text") or "", house.bot_user_id):
        return
    heard = views.reply(message, await _names(message, house))
    if heard.edited_at is None and await _kept(heard, message, house):
        return
    async with house.begin() as session:
        incident_id = await threads.incident_of(session, house.workspace_id, heard.channel_id, heard.thread_ts)
    if incident_id is None and heard.edited_at is not None:
        await _amend(heard, house)
    if incident_id is None and message.get("parent_user_id") != house.bot_user_id:
        return
    author = await _author(message, client, house)
    async with house.begin() as session:
        if incident_id is None:
            await early_replies.keep(session, heard, by=author)
        else:
            await comments.hear(session, incident_id, heard, by=author)


async def _kept(heard: Reply, message: Payload, house: House) -> bool:
    """Whether that was all: somebody known wrote something new in an incident's thread."""
    return await house.gathering.keep(house.once, house.workspace_id, heard, by=message["user"])


async def _changed(event: Payload, client: AsyncWebClient, house: House) -> None:
    if views.is_lost_root(event):
        async with house.begin() as session:
            await cards.lost(session, house.workspace_id, event["channel"], event["message"]["ts"])
            await comments.forget(session, house.workspace_id, event["channel"], event["message"]["ts"])
            await imports.follow(session, house.workspace_id, event["channel"], event["message"]["ts"])
        return
    message = views.edited(event)
    if message is not None and views.is_human_reply(message):
        await thread_replied(message, client, house)
    elif message is not None and views.is_human(message):
        await _amend(views.reply({"thread_ts": "", **message}, await _names(message, house)), house)


async def _amend(edited: Reply, house: House) -> None:
    """A message that was brought as a comment is edited where it stands."""
    async with house.begin() as session:
        await comments.amend(session, house.workspace_id, edited)
        await imports.follow(session, house.workspace_id, edited.channel_id, edited.ts)


async def _deleted(event: Payload, client: AsyncWebClient, house: House) -> None:
    before = event.get("previous_message") or {}
    channel_id, ts = event["channel"], event["deleted_ts"]
    async with house.begin() as session:
        await cards.lost(session, house.workspace_id, channel_id, ts)
        await comments.forget(session, house.workspace_id, channel_id, ts)
        await early_replies.forget(session, house.workspace_id, channel_id, ts)
    message = {**before, "channel": channel_id}
    if views.is_human_reply(message):
        await _keep_deleted(message, event, client, house)
    else:
        await _follow(channel_id, ts, house)


async def _follow(channel_id: str, ts: str, house: House) -> None:
    async with house.begin() as session:
        await imports.follow(session, house.workspace_id, channel_id, ts)


async def _keep_deleted(message: Payload, event: Payload, client: AsyncWebClient, house: House) -> None:
    """A deletion may be told before the reply itself: then the reply must not come back."""
    async with house.begin() as session:
        place = (house.workspace_id, message["channel"], message["thread_ts"])
        incident_id = await threads.incident_of(session, *place)
    if incident_id is None:
        await _follow(message["channel"], message["ts"], house)
        return
    author = await _author(message, client, house)
    gone = Reply(
        channel_id=message["channel"],
        thread_ts=message["thread_ts"],
        ts=message["ts"],
        content="",
        deleted_at=db.moment(event.get("event_ts") or event["ts"]),
    )
    async with house.begin() as session:
        await comments.hear(session, incident_id, gone, by=author)


async def _line_in_dm(event: Payload, client: AsyncWebClient, house: House) -> None:
    """What a person writes to the bot directly is a line for it."""
    if event.get("user") and not event.get("bot_id") and event.get("subtype") in views.HUMAN_SUBTYPES:
        person = await _author(event, client, house)
        await mentioned(event, await identity.admitted(person, house), house)


async def _author(message: Payload, client: AsyncWebClient, house: House) -> Actor:
    person = await identity.person(message["user"], client, house)  # what is old proves not that they are there now
    return person.at(channel_id=message["channel"], surface=Surface.THREAD)


async def _names(message: Payload, house: House) -> dict[str, str]:
    people = commands.people_in(message.get("text") or "")
    if not people:
        return {}
    async with house.begin() as session:
        return await users.names(session, house.workspace_id, people)


ROUTES = Routes(events={"message": message_told, "app_mention": mentioned})
