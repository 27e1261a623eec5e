"""What an earlier attempt may have posted without an answer is looked for before the next one, page by page.

Slack tells some apps only 15 messages a call, and takes one call a minute. So how far it was looked is kept in the row,
and whoever has the row next goes on there; it is forgotten before anything is posted.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.house import Payload
from domain import looked
from domain.db import Begin
from domain.looked import LOOKED
from domain.outbox import Outgoing

EVENT_TYPE = "incident_tracker_delivery"
PAGE = 200
MOST = 4_000
"""Messages that are read again after a post without an answer."""
CLOCKS_APART_S = 3600
"""A post may seem to be so much older than its row, where the clock of the database or Slack's is wrong."""
EVER = "9999999999.000000"


class TooLongError(Exception):
    """There is more than is read."""


class Looking:
    """How far it was looked in each place, for one row."""

    def __init__(self, message: Outgoing, begin: Begin) -> None:
        self._message, self._begin = message, begin
        self._places: dict[str, Any] = dict(message.payload.get(LOOKED) or {})

    def stand(self, place: str) -> Mapping[str, Any]:
        """``at`` which message, after so many as were ``seen``; or what was ``found``, None for nothing."""
        stand: Mapping[str, Any] = self._places.get(place, {})
        return stand

    async def note(self, place: str, **stand: Any) -> None:
        """Keep how far it is."""
        await self.remember({**self._places, place: stand})

    async def forget(self) -> dict[str, Any] | None:
        """Before something is posted; returns what was known, or None if another process has the row by now."""
        known = self._places
        return known if not known or await self.remember({}) else None

    async def remember(self, places: Mapping[str, Any]) -> bool:
        """Whether it could be kept: not if another process has the row by now."""
        self._places = dict(places)
        async with self._begin() as session:
            return await looked.keep(session, self._message, places)


LOOKING: ContextVar[Looking] = ContextVar("looking")
"""For the row that this task works on."""


async def posted(
    slack: AsyncWebClient, message: Outgoing, channel: str, thread_ts: str | None, delivery: str
) -> str | None:
    """The ts of what an earlier attempt posted, if there was one and it came that far."""
    if message.attempts <= 1:
        return None
    place = f"{delivery} {channel} {thread_ts or ''}"
    where = {"channel": channel, "thread_ts": thread_ts, "oldest": _since(message)}
    return await _found(lambda each: delivery_of(each) == delivery, slack, place, **where)


async def is_uploaded(slack: AsyncWebClient, message: Outgoing, *, channel: str, name: str) -> bool:
    """Whether an earlier attempt shared a file of this name."""

    def has_it(each: Payload) -> bool:
        return any(file.get("name") == name for file in each.get("files") or ())

    return await _found(has_it, slack, name, channel=channel, oldest=_since(message)) is not None


async def pages(
    slack: AsyncWebClient,
    place: str,
    *,
    channel: str,
    thread_ts: str | None = None,
    oldest: str = "0",
    most: int = MOST,
) -> AsyncIterator[list[Payload]]:
    """A thread, the oldest first, or else a channel, the newest first; from where the row stands on.

    Args:
        place: the name under which it is kept how far it is.

    Raises:
        TooLongError: these were ``most`` messages, and there are more.
    """
    stand = LOOKING.get().stand(place)
    at, seen = stand.get("at"), stand.get("seen", 0)
    where: dict[str, Any] = {"channel": channel, "limit": PAGE, "include_all_metadata": True}
    while True:
        if thread_ts:
            answer = await slack.conversations_replies(ts=thread_ts, oldest=at or oldest, **where)
        else:
            answer = await slack.conversations_history(latest=at or EVER, oldest=oldest, **where)
        told = [each for each in answer["messages"] if at is None or each["ts"] != thread_ts]
        yield told[: most - seen]
        seen, has_more = seen + len(told), bool(answer.get("has_more") and told)
        if seen > most or (seen == most and has_more):
            raise TooLongError
        if not has_more:
            return
        at = (max if thread_ts else min)(each["ts"] for each in told)
        await LOOKING.get().note(place, at=at, seen=seen)


def delivery_of(posted: Mapping[str, Any]) -> str | None:
    """Which row of the outbox this message was posted for; None if it is not ours."""
    metadata = posted.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    return str((metadata.get("event_payload") or {}).get("id"))


async def _found(is_meant: Callable[[Payload], bool], slack: AsyncWebClient, place: str, **where: Any) -> str | None:
    """The ts of the newest message that is meant; what was looked through once is not looked through again."""
    looking = LOOKING.get()
    if "found" in (stand := looking.stand(place)):
        return stand["found"]  # type: ignore[no-any-return]
    found: str | None = None
    try:
        async for page in pages(slack, place, **where):
            found = next((str(each["ts"]) for each in page if is_meant(each)), None)
            if found:
                break
    except TooLongError:
        pass
    await looking.note(place, found=found)
    return found


def _since(message: Outgoing) -> str:
    return f"{message.created_at.timestamp() - CLOCKS_APART_S:.6f}"
