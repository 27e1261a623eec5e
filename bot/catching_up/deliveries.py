"""Finding what people did while nobody listened: one call to Slack at a time, in turn with what else waits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import commands, identity, looking, sync
from bot.catching_up import views
from bot.errors import code_of
from bot.house import House, Payload
from bot.relay import CHANNEL_GONE, INSTALLATION, Delivery, Early
from bot.threads.views import reply
from domain import catch_up, incidents, kept, rereading, users, workspaces
from domain.catch_up import FULL_PAGE, Page, Position
from domain.comments import Reply
from domain.errors import NotFound
from domain.outbox import Outgoing, Topic
from domain.policy import Actor
from domain.rereading import Part, Reading

log = structlog.get_logger(__name__)

DOUBLES_WITHIN_S: Final = 600
"""A second post of the newest card is looked for so long after it."""
THREAD_GONE: Final = {"thread_not_found", "message_not_found"}
NOT_REMOVED: Final = {"message_not_found", "cant_delete_message", "compliance_exports_prevent_deletion"}


class Further(Early):
    """One step was made; there may be more, after what else waits in the lane."""


async def compare(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """One step of a channel's comparison: a thread that changed is read, or else a page of the history."""
    channel_id = message.payload["channel"]
    async with house.begin() as session:
        stand = await catch_up.position(session, message)
    if stand is None:
        return
    try:
        if stand.due is not None:
            await _read_on(slack, house, channel_id, stand.due)
        elif stand.span is not None:
            await _turn_page(slack, house, channel_id, stand, stand.span)
    except SlackApiError as error:
        if _may_pass(error):
            raise
        await _give_up(channel_id, code_of(error), house)
        return
    if stand.due is not None or stand.span is not None:
        raise Further
    async with house.begin() as session:
        await catch_up.finish(session, house.workspace_id, channel_id)


async def report(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Read one incident's threads wholly, or wait for all channels; then whoever asked is told what was found."""
    async with house.begin() as session:
        incident = await incidents.read(session, message.incident_id)
        place = await rereading.next_of(session, message.incident_id)
        is_under_way = incident is None and await catch_up.is_under_way(session, house.workspace_id)
    if incident is not None and place is not None:
        await _read_or_leave(slack, house, *place)
    if is_under_way or place is not None:
        raise Further
    asked = message.payload
    since = datetime.fromisoformat(asked["since"])
    async with house.begin() as session:
        what = await rereading.found(session, house.workspace_id, since=since, incident_id=message.incident_id)
    await sync.tell(slack, message, asked["user"], **views.found(what, incident))


async def _turn_page(
    slack: AsyncWebClient, house: House, channel_id: str, stand: Position, span: tuple[str, str]
) -> None:
    newest, oldest = span
    answer = await slack.conversations_history(
        channel=channel_id,
        latest=_later(newest) if stand.is_first else newest,
        oldest=oldest,
        inclusive=True,
        limit=FULL_PAGE,
        include_all_metadata=True,
    )
    told: list[Payload] = list(answer["messages"])
    has_more, is_hidden = bool(answer.get("has_more")), bool(answer.get("is_limited"))
    down_to = min((each["ts"] for each in told), default=newest) if has_more or is_hidden else oldest
    removed = await _single(slack, house, channel_id, told)
    page = Page(
        roots=[views.root(each) for each in told if each["ts"] not in removed],
        up_to=newest,
        down_to=down_to if told or not (has_more or is_hidden) else _later(newest),
        below=down_to if has_more else "0",
        per_page=len(told) if has_more and told else max(stand.per_page, len(told)),
    )
    async with house.begin() as session:
        await catch_up.compare(session, house.workspace_id, channel_id, page, edited_since=stand.edited_since)


async def _read_or_leave(slack: AsyncWebClient, house: House, channel_id: str, ts: str) -> None:
    try:
        await _read_on(slack, house, channel_id, ts)
    except SlackApiError as error:
        if _may_pass(error):
            raise
        async with house.begin() as session:
            await rereading.leave(session, house.workspace_id, channel_id, ts)


async def _read_on(slack: AsyncWebClient, house: House, channel_id: str, ts: str) -> None:
    """The next part of a thread."""
    async with house.begin() as session:
        reading = await rereading.begin(session, house.workspace_id, channel_id, ts)
    if reading is None:
        return
    try:
        answer = await slack.conversations_replies(
            channel=channel_id, ts=ts, oldest=reading.upto, limit=FULL_PAGE, include_all_metadata=True
        )
    except SlackApiError as error:
        if code_of(error) not in THREAD_GONE:
            raise
        answer = None
    told: list[Payload] = list(answer["messages"]) if answer else []
    if answer is None or answer.get("is_limited") or all(each["ts"] != ts for each in told):
        async with house.begin() as session:
            await rereading.leave(session, house.workspace_id, channel_id, ts)
        return
    part = await _part(slack, house, reading, told, has_more=bool(answer.get("has_more")))
    async with house.begin() as session:
        await rereading.keep(session, house.workspace_id, reading, part)


async def _part(
    slack: AsyncWebClient, house: House, reading: Reading, told: Sequence[Payload], *, has_more: bool
) -> Part:
    removed = await _single(slack, house, reading.channel_id, told)
    root = views.root(next(each for each in told if each["ts"] == reading.ts))
    replies = views.replies(told, reading.ts, without=removed)
    return Part(
        tss=[each["ts"] for each in replies],
        replies=await _heard(views.said(replies, reading.channel_id, house.bot_user_id), slack, house),
        reply_count=root.reply_count - len(removed),
        latest_reply=root.latest_reply,
        has_more=has_more,
    )


async def _heard(messages: Sequence[Payload], slack: AsyncWebClient, house: House) -> list[tuple[Reply, Actor]]:
    """What people said, each with its author; whom Slack does not know is left out."""
    authors = {user: await _author(user, slack, house) for user in dict.fromkeys(each["user"] for each in messages)}
    mentioned = {person for each in messages for person in commands.people_in(each.get("text") or "")}
    async with house.begin() as session:
        names = await users.names(session, house.workspace_id, mentioned)
    heard = ((reply(each, names), authors[each["user"]]) for each in messages)
    return [(said, author) for said, author in heard if author is not None]


async def _author(user: str, slack: AsyncWebClient, house: House) -> Actor | None:
    """Whoever wrote it; somebody who left Slack wrote it before that."""
    try:
        author = await identity.person(user, slack, house)
    except NotFound:
        return None
    if author.is_active:
        return author
    async with house.begin() as session:
        known = await users.find(session, house.workspace_id, user)
    has_left = known is not None and known[0].is_deactivated
    return replace(author, is_active=True) if has_left else author


async def _single(slack: AsyncWebClient, house: House, channel_id: str, told: Sequence[Payload]) -> set[str]:
    """Where the same row was posted twice, only the post that is known stays, or one that has replies."""
    removed: set[str] = set()
    for tss in _doubled(told):
        async with house.begin() as session:
            known = await kept.among(session, house.workspace_id, channel_id, tss)
        answered = {each["ts"] for each in told if each.get("reply_count")}
        for ts in set(tss) - known if known else ():
            if ts in answered:
                async with house.begin() as session:
                    await kept.adopt(session, house.workspace_id, channel_id, ts, like=min(known))
                    await rereading.plan(session, house.workspace_id, [(channel_id, ts)], is_whole=True)
            else:
                await _remove(slack, channel_id, ts)
                removed.add(ts)
    return removed


def _doubled(messages: Sequence[Payload]) -> list[list[str]]:
    """The ts of our posts that were made for the same row of the outbox, by row; those that were made once left out."""
    posts: dict[str, list[str]] = {}
    for message in messages:
        if message.get("bot_id") and (delivery := looking.delivery_of(message)):
            posts.setdefault(delivery, []).append(message["ts"])
    return [sorted(tss) for tss in posts.values() if len(tss) > 1]


async def _remove(slack: AsyncWebClient, channel_id: str, ts: str) -> None:
    log.warning("double_removed", channel=channel_id, ts=ts)
    try:
        await slack.chat_delete(channel=channel_id, ts=ts)
    except SlackApiError as error:
        if code_of(error) not in NOT_REMOVED:
            raise


async def _give_up(channel_id: str, code: str, house: House) -> None:
    log.warning("channel_not_compared", channel=channel_id, error=code)
    async with house.begin() as session:
        await catch_up.finish(session, house.workspace_id, channel_id, problem=code)
        if code in CHANNEL_GONE:
            await workspaces.close_channel(session, house.workspace_id, channel_id)


def _may_pass(error: SlackApiError) -> bool:
    return sync.is_limited(error) or sync.is_transient(error) or code_of(error) in INSTALLATION


def _later(ts: str) -> str:
    seconds, _, rest = ts.partition(".")
    return f"{int(seconds) + DOUBLES_WITHIN_S}.{rest or '000000'}"


DELIVERIES: dict[Topic, Delivery] = {Topic.CATCH_UP_DUE: compare, Topic.SYNC_ASKED: report}
