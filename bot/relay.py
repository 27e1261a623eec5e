"""Outbox → Slack: leased rows, one lane after the other in order, at Slack's pace, until done."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.house import House
from domain import outbox
from domain.outbox import Outgoing, Topic

log = structlog.get_logger(__name__)

Delivery: TypeAlias = Callable[[Outgoing, AsyncWebClient, House], Awaitable[Sequence[int] | None]]
"""Sends what a row asks for; returns the ids of the rows that the same call did for, if any."""

AT_ONCE = 10
POLL_S = 1.0
LONGEST_WAIT_S = 300.0
TRIES_OF_OUR_OWN_FAULTS = 5

WAIT = {"ratelimited", "rate_limited"}
TRANSIENT = {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
INSTALLATION = {
    "invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed", "org_login_required",
    "team_access_not_granted", "app_access_restricted",
}  # fmt: skip


class Undeliverable(Exception):
    """This row can never be sent; says why, in words for whoever runs the bot."""


class Relay:
    """Works until it is stopped; any number of processes may each run one.

    Args:
        wake: set after a commit that left something in the outbox.
    """

    def __init__(
        self, deliveries: Mapping[Topic, Delivery], slack: AsyncWebClient, house: House, wake: asyncio.Event
    ) -> None:
        self._deliveries, self._slack, self._house = deliveries, slack, house
        self._me = secrets.token_hex(8)
        self._wake = wake
        self._paused_until = 0.0

    async def run(self) -> None:
        """Deliver for ever; a cancelled run finishes what it has in hand."""
        while True:
            self._wake.clear()
            try:
                found = await self.deliver_due()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("outbox_unreachable", kind=type(error).__name__)
                found = 0
            if not found:
                await _wait(self._wake, POLL_S)

    async def deliver_due(self) -> int:
        """Deliver one batch of due rows; how many there were."""
        if time.monotonic() < self._paused_until:
            return 0
        async with self._house.begin() as session:
            leased = await outbox.lease(session, by=self._me, most=AT_ONCE)
        if leased:
            work = asyncio.ensure_future(self._deliver_all(leased))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await work
                raise
        return len(leased)

    async def _deliver_all(self, leased: list[Outgoing]) -> None:
        for result in await asyncio.gather(*(self._deliver(m) for m in leased), return_exceptions=True):
            if isinstance(result, BaseException):  # the row could not be let go; its lease runs out
                log.warning("outbox_unreachable", kind=type(result).__name__)

    async def _deliver(self, message: Outgoing) -> None:
        try:
            also = await self._deliveries[message.topic](message, self._slack, self._house)
        except Undeliverable as error:
            await self._give_up(message, str(error))
        except SlackApiError as error:
            await self._refused(message, error)
        except (ClientError, TimeoutError, OSError, SQLAlchemyError) as error:
            await self._later(message, backoff(message.attempts), type(error).__name__)
        except Exception as error:  # one poisoned row must not hold the others
            log.exception("delivery_failed", outbox_id=message.id, topic=message.topic)
            if message.attempts >= TRIES_OF_OUR_OWN_FAULTS:
                await self._give_up(message, type(error).__name__)
            else:
                await self._later(message, backoff(message.attempts), type(error).__name__)
        else:
            async with self._house.begin() as session:
                await outbox.finish(session, message, also=also or ())

    async def _refused(self, message: Outgoing, error: SlackApiError) -> None:
        code, status = str(error.response.get("error")), error.response.status_code
        if code in WAIT or status == 429:
            await self._later(message, float(error.response.headers.get("Retry-After", 1)), code)
        elif code in TRANSIENT or status >= 500:
            await self._later(message, backoff(message.attempts), code)
        elif code in INSTALLATION:
            self._paused_until = time.monotonic() + 60
            log.error("installation_broken", error=code, fix="Check SLACK_BOT_TOKEN, or install the app again.")
            await self._later(message, 60, code)
        else:
            said = (error.response.get("response_metadata") or {}).get("messages")
            log.error("slack_refused", outbox_id=message.id, topic=message.topic, error=code, said=said)
            await self._give_up(message, code)

    async def _later(self, message: Outgoing, seconds: float, error: str) -> None:
        async with self._house.begin() as session:
            await outbox.put_back(session, message, after=timedelta(seconds=seconds), error=error)

    async def _give_up(self, message: Outgoing, error: str) -> None:
        log.warning("gave_up", outbox_id=message.id, topic=message.topic, error=error)
        async with self._house.begin() as session:
            await outbox.give_up(session, message, error=error)


def backoff(attempts: int) -> float:
    """Seconds before the next attempt: 1, 2, 4 … up to five minutes."""
    return min(2.0 ** (attempts - 1), LONGEST_WAIT_S)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
