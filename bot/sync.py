"""Posting once: what Slack may have taken without an answer is looked for before the next try."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from io import SEEK_END, BytesIO
from typing import IO, Any

import structlog
from aiohttp import ClientSession, ClientTimeout
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.calling import CountedClient
from bot.errors import code_of, status_of
from bot.house import House
from bot.looking import EVENT_TYPE, LOOKING, posted
from bot.looking import is_uploaded as is_uploaded
from bot.pace import POST, PUBLISH, SENDING
from bot.pace import NotYet as NotYet
from bot.pace import Pace as Pace
from domain import outbox
from domain.outbox import Outgoing

UPLOAD_WITHIN_S = 60
SLOWEST_UPLOAD = 1_000_000
"""Bytes a second; a file may take as much longer."""

WRITES = {
    POST, PUBLISH, "chat.update", "chat.delete", "chat.postEphemeral", "files.completeUploadExternal",
}  # fmt: skip
"""What people see: whoever lost the row must not say it any more."""
TRANSIENT = {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
CHANNEL_GONE = {
    "channel_not_found", "is_archived", "is_inactive", "not_in_channel", "method_not_supported_for_channel_type",
    "restricted_action", "restricted_action_read_only_channel",
}  # fmt: skip
"""Nothing can be posted in this channel, now or later."""
FIXED = {"message_not_found", "cant_update_message", "edit_window_closed"}
"""What stands there cannot be changed, now or later."""
MALFORMED = {
    "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "msg_too_long", "msg_too_large",
    "msg_blocks_too_long", "no_text", "markdown_text_conflict",
}  # fmt: skip
"""A fault of ours; people get the sentence without its form."""
PLAIN_LENGTH = 3_000

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """This process was paused or slow for so long that another one sends this row now; nothing was sent."""


class PacedClient(CountedClient):
    """Calls Slack no sooner than it allows; the caller is told to come back.

    Nothing that people see is said without a lease that lasts longer than the call may take.
    """

    def __init__(self, slack: AsyncWebClient, pace: Pace) -> None:
        super().__init__(slack.token, base_url=slack.base_url, session=slack.session, retry_handlers=[])
        self._pace = pace

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        said = given.get("json") or {}
        self._pace.book(api_method, str(said.get("channel") or said.get("user_id") or ""))
        try:
            return await self._ask(api_method, **given)
        except SlackApiError as error:
            if is_limited(error):
                self._pace.hold(api_method, wait_of(error))
            if code_of(error) not in MALFORMED or not (said.get("blocks") and said.get("text")):
                raise
            log.warning("blocks_refused", method=api_method, error=code_of(error), said=said_of(error))
        plain = {**said, "blocks": [], "text": said["text"][:PLAIN_LENGTH]}
        return await self._ask(api_method, **{**given, "json": plain})

    async def _ask(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        sending = SENDING.get()
        if api_method in WRITES and sending is not None and not sending.is_ours:
            raise LeaseLost
        return await super().api_call(api_method, **given)


async def post_once(
    slack: AsyncWebClient,
    message: Outgoing,
    *,
    channel: str,
    thread_ts: str | None = None,
    part: str = "",
    **content: Any,
) -> str:
    """Post, or find the post of an earlier attempt by the outbox id in its metadata.

    Args:
        part: tells apart what is posted for the same row.

    Returns:
        The message's ts.
    """
    delivery = f"{message.id}{part}"
    if found := await posted(slack, message, channel, thread_ts, delivery):
        return found
    known = await _forgotten()
    try:
        answer = await slack.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"id": delivery}},
            **content,
        )
    except (NotYet, SlackApiError) as error:
        if known and (isinstance(error, NotYet) or is_limited(error)):
            await LOOKING.get().remember(known)  # nothing was posted, so nothing has to be looked for again
        raise
    return str(answer["ts"])


async def update(slack: AsyncWebClient, channel: str, ts: str, **content: Any) -> bool:
    """Say something else in a message of ours; False if there is none any more that could be changed."""
    try:
        await slack.chat_update(channel=channel, ts=ts, **content)
    except SlackApiError as error:
        if code_of(error) not in FIXED | CHANNEL_GONE:
            raise
        return False
    return True


async def hold(message: Outgoing, house: House, span: timedelta) -> None:
    """Go on for so long with a row that takes long.

    Raises:
        LeaseLost: another process began anew.
    """
    begun_at = time.monotonic()
    async with house.begin() as session:
        if not await outbox.hold(session, message, span):
            raise LeaseLost
    SENDING.set(replace(message, held_until=begun_at + span.total_seconds()))


async def tell(slack: AsyncWebClient, message: Outgoing, slack_user_id: str, **content: Any) -> str:
    """Post in the person's direct messages, once; the message's ts."""
    opened = await slack.conversations_open(users=slack_user_id)
    return await post_once(slack, message, channel=opened["channel"]["id"], **content)


async def upload(
    slack: AsyncWebClient,
    message: Outgoing,
    house: House,
    *,
    channel: str,
    words: str,
    files: Mapping[str, str | bytes | IO[bytes]],
    alt: str | None = None,
) -> None:
    """One message with these files; nothing is shared before all of them are there, and the row is held meanwhile.

    Args:
        files: by name; one on disk is read while it is sent, and closed then.
        alt: what a picture shows, in up to 1,000 characters, for those who do not see it.
    """
    await _forgotten()
    uploaded = []
    for name, given in files.items():
        with _opened(given) as content:
            length = content.seek(0, SEEK_END)
            content.seek(0)
            await hold(message, house, outbox.LEASE + timedelta(seconds=patience(length)))
            place = await slack.files_getUploadURLExternal(filename=name, length=length, alt_txt=alt)
            async with (
                ClientSession(timeout=ClientTimeout(total=patience(length))) as session,
                session.post(str(place["upload_url"]), data=content) as answer,
            ):
                answer.raise_for_status()
        uploaded.append({"id": place["file_id"], "title": name})
    await slack.files_completeUploadExternal(files=uploaded, channel_id=channel, initial_comment=words)


def patience(length: int) -> float:
    """How many seconds a file of so many bytes may take to Slack."""
    return UPLOAD_WITHIN_S + length / SLOWEST_UPLOAD


async def _forgotten() -> Mapping[str, Any]:
    """What is posted now has to be looked for from the beginning, if it gets no answer."""
    known = await LOOKING.get().forget()
    if known is None:
        raise LeaseLost
    return known


def _opened(given: str | bytes | IO[bytes]) -> IO[bytes]:
    if isinstance(given, str | bytes):
        return BytesIO(given.encode() if isinstance(given, str) else given)
    return given


def is_limited(error: SlackApiError) -> bool:
    """Whether the method was called too often."""
    return code_of(error) in {"ratelimited", "rate_limited"} or status_of(error) == 429


def is_transient(error: SlackApiError) -> bool:
    """Whether it may go well a little later: Slack failed, or what answered was a proxy's page and not Slack."""
    return code_of(error) in TRANSIENT or code_of(error).startswith("http_") or status_of(error) >= 500


def said_of(error: SlackApiError) -> list[str]:
    """What Slack says is wrong with a message; places and kinds, no text of people."""
    return list((error.response.get("response_metadata") or {}).get("messages") or [])


def wait_of(error: SlackApiError) -> float:
    """Seconds that Slack asks for."""
    return float(error.response.headers.get("Retry-After", 1))
