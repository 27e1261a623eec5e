"""Messages brought to an incident: read, kept as comments, quoted in its thread, and linked from where they are."""

from collections.abc import AsyncIterator
from uuid import UUID

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import commands, identity, looking, sync
from bot.blocks import Message
from bot.errors import code_of
from bot.house import House, Payload
from bot.mrkdwn import Mrkdwn
from bot.relay import CHANNEL_GONE, Delivery, Undeliverable
from bot.shortcuts import messages, views
from bot.threads import posting
from bot.threads.views import is_human, reply
from domain import imports, incidents, talk, threads, users, workspaces
from domain.errors import NotFound
from domain.imports import Brought
from domain.incidents import Incident
from domain.outbox import Outgoing, Topic
from domain.policy import Actor
from domain.sources import Source

MOST = 1_000
"""Messages of one thread."""
UNREADABLE = CHANNEL_GONE | {"thread_not_found", "message_not_found", "missing_scope", "ekm_access_denied"}
UNANSWERABLE = UNREADABLE | {
    "cannot_reply_to_message", "restricted_action_non_threadable_channel", "restricted_action_thread_locked",
}  # fmt: skip


async def bring(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The message, or its whole thread, becomes comments of those who wrote it; repeated, nothing is kept twice."""
    asked, source = message.payload, _source(message.payload)
    by = await identity.person(asked["by"], slack, house)
    incident = await _allowed(message, source, house)
    if asked.get("words"):
        await _keep(message, source, [_carried(source)], by, slack, house)
        return
    try:
        async for page in _read(slack, source, is_whole=bool(asked["whole"])):
            await _keep(message, source, page, by, slack, house)
    except SlackApiError as error:
        if code_of(error) not in UNREADABLE:
            raise
        await sync.tell(slack, message, asked["by"], **views.not_brought(incident, source, house))
    except looking.TooLongError:
        await sync.tell(slack, message, asked["by"], **views.too_long(incident, source, house, most=MOST))


async def quote(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """What was brought, in the incident's thread."""
    asked, source = message.payload, _source(message.payload)
    by = await identity.person(asked["by"], slack, house)
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        said = await talk.some(session, [UUID(each) for each in asked["comments"].split(",")])
        is_public = await workspaces.is_public(session, house.workspace_id, source.channel_id)
    if not said or await posting.posted(message, slack, house):
        return
    if incident is None or incident.deleted_at is not None:
        raise Undeliverable("the incident is gone")
    place = views.place_of(source, incident, is_public=is_public)
    shown = views.brought(said, by=by.name, source=source, place=place, house=house)
    await posting.post(message, slack, house, incident, **shown)


async def requote(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """A message that was brought has other words now, or none: so has what quotes it."""
    changed = UUID(message.payload["comment_id"])
    async with house.begin() as session:
        places = await threads.of(session, message.incident_id)
    for channel_id, ts in places:
        posted = await _quoting(changed, Source(channel_id=channel_id, ts=ts), slack)
        if posted is not None:
            names = views.quoted_in(posted)
            async with house.begin() as session:
                said = {each.id: each for each in await talk.some(session, names)}
            shown = views.quotation(views.head_of(posted), [(name, said.get(name)) for name in names])
            await sync.update(slack, channel_id, posted["ts"], **shown)
            return


async def link_back(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """A reply under the message, if all who read it there may know of the incident; else word to the person."""
    asked, source = message.payload, _source(message.payload)
    by, opened = await identity.person(asked["by"], slack, house), bool(asked["opened"])
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        shown_in = incident.channel_id if incident else ""
        is_open = await workspaces.open_channel(session, house.workspace_id, source.channel_id) is not None
        is_public = await workspaces.is_public(session, house.workspace_id, shown_in)
        is_shared = await workspaces.is_shared(session, house.workspace_id, source.channel_id)
    if incident is None or incident.deleted_at is not None:
        raise Undeliverable("the incident is gone")
    if incident.card_ts is None:
        if await _is_linked(message, source, slack):
            return
        raise await posting.without_card(message, house)
    why = _why_not(source, incident, is_open=is_open, is_public=is_public and not is_shared)
    if why is None:
        shown = views.back_link(incident, by.name, house, opened=opened)
        why = await _answered(message, source, slack, shown)
    if why is not None:
        told = views.no_back_link(incident, source, why, house, opened=opened)
        await sync.tell(slack, message, asked["by"], **told)


async def _answered(message: Outgoing, source: Source, slack: AsyncWebClient, shown: Message) -> Mrkdwn | None:
    """Reply under the message; if Slack takes no reply there, why not."""
    try:
        await sync.post_once(slack, message, channel=source.channel_id, thread_ts=source.root_ts, **shown)
    except SlackApiError as error:
        if code_of(error) not in UNANSWERABLE:
            raise
        return Mrkdwn("Slack takes no replies there.")
    return None


async def _is_linked(message: Outgoing, source: Source, slack: AsyncWebClient) -> bool:
    """Whether an earlier attempt replied there."""
    try:
        ts = await looking.posted(slack, message, source.channel_id, source.root_ts, str(message.id))
    except SlackApiError as error:
        if code_of(error) not in UNREADABLE:
            raise
        return False
    return ts is not None


async def _allowed(message: Outgoing, source: Source, house: House) -> Incident:
    """The incident, if what the message says may still be shown where it is now."""
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        is_public = await workspaces.is_public(session, house.workspace_id, source.channel_id)
    if incident is None or incident.deleted_at is not None:
        raise Undeliverable("the incident is gone")
    if not (is_public or message.payload["agreed"] or source.channel_id == incident.channel_id):
        raise Undeliverable("the incident is elsewhere now, and nobody agreed that the message is read there")
    return incident


async def _read(slack: AsyncWebClient, source: Source, *, is_whole: bool) -> AsyncIterator[list[Payload]]:
    """The thread page by page, oldest first, or the message alone."""
    if not is_whole:
        answer = await slack.conversations_replies(channel=source.channel_id, ts=source.ts, limit=1)
        yield [said for said in answer["messages"] if said["ts"] == source.ts]
        return
    place = f"read {source.channel_id} {source.root_ts}"
    async for page in looking.pages(slack, place, channel=source.channel_id, thread_ts=source.root_ts, most=MOST):
        yield page


async def _quoting(comment_id: UUID, thread: Source, slack: AsyncWebClient) -> Payload | None:
    """Our message in a thread that quotes this comment, if it is still there."""
    try:
        async for page in _read(slack, thread, is_whole=True):
            for posted in page:
                if posted.get("bot_id") and comment_id in views.quoted_in(posted):
                    return posted
    except SlackApiError as error:
        if code_of(error) not in UNREADABLE:
            raise
    except looking.TooLongError:
        pass
    return None


async def _keep(
    message: Outgoing, source: Source, said: list[Payload], by: Actor, slack: AsyncWebClient, house: House
) -> None:
    brought = [kept for each in said if (kept := await _brought(message, source, each, by, slack, house))]
    origin = {"channel": source.channel_id, "ts": source.ts, "thread_ts": source.thread_ts}
    async with house.begin() as session:
        await imports.save(session, message.incident_id or UUID(int=0), brought, by=by, **origin)


async def _brought(
    message: Outgoing, source: Source, said: Payload, by: Actor, slack: AsyncWebClient, house: House
) -> Brought | None:
    """A person's message as its author's comment, an app's only if it was meant, nothing of what is gone."""
    place = {"channel_id": source.channel_id, "ts": said["ts"]}
    if messages.is_gone(said) or commands.is_unkept(str(said.get("text") or ""), house.bot_user_id):
        return None
    if not is_human(said):
        if said["ts"] != source.ts or not message.payload["single"]:
            return None
        words = said.get("words") or messages.words(said, await _names(said, house))
        return Brought(**place, author_id=by.id, content=views.app_said(messages.app_of(said), words))
    author = await _author(said["user"], by, slack, house)
    if "words" in said:
        return Brought(**place, author_id=author.id, content=said["words"])
    heard = reply({"thread_ts": "", **said, "channel": source.channel_id}, await _names(said, house))
    content = heard.content if heard.content or heard.files else messages.words(said, {})
    return Brought(**place, author_id=author.id, content=content, files=heard.files, edited_at=heard.edited_at)


async def _author(slack_user_id: str, by: Actor, slack: AsyncWebClient, house: House) -> Actor:
    """Whoever wrote it; where Slack does not say who that is, whoever brings it."""
    try:
        return await identity.person(slack_user_id, slack, house)
    except NotFound:
        return by


async def _names(said: Payload, house: House) -> dict[str, str]:
    people = commands.people_in(messages.mentioned(said))
    async with house.begin() as session:
        return await users.names(session, house.workspace_id, people)


def _source(payload: Payload) -> Source:
    return Source(
        channel_id=payload["channel"],
        ts=payload["ts"],
        thread_ts=payload["thread_ts"],
        words=payload.get("words", ""),
        author=payload.get("author", ""),
        app=payload.get("app", ""),
    )


def _carried(source: Source) -> Payload:
    """A message that the form carried along, in the shape in which Slack tells one."""
    said = {"ts": source.ts, "words": source.words}
    return {**said, "user": source.author} if source.author else {**said, "bot_id": "?", "username": source.app}


def _why_not(source: Source, incident: Incident, *, is_open: bool, is_public: bool) -> Mrkdwn | None:
    if not is_open:
        return Mrkdwn("I am not in that channel.")
    if not is_public and incident.channel_id != source.channel_id:
        return Mrkdwn("people there may not be allowed to see the incident.")
    return None


DELIVERIES: dict[Topic, Delivery] = {
    Topic.MESSAGE_BROUGHT: bring,
    Topic.COMMENTS_BROUGHT: quote,
    Topic.QUOTE_CHANGED: requote,
    Topic.MESSAGE_LINKED: link_back,
}
