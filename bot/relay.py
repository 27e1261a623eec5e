"""Outbox → Slack: leased rows, one lane after the other in order, at Slack's pace, until done."""

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

import structlog
from aiohttp import ClientError
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import code_of
from bot.house import House
from bot.houses import Houses, Served
from bot.mail import MailDown, MailRefused
from bot.pace import SENDING, NotYet, Pace
from bot.sync import CHANNEL_GONE as CHANNEL_GONE
from bot.sync import LeaseLost, PacedClient, is_limited, is_transient, said_of, wait_of
from domain import living, outbox
from domain.outbox import Outgoing, Topic

log = structlog.get_logger(__name__)

Delivery: TypeAlias = Callable[[Outgoing, AsyncWebClient, House], Awaitable[Sequence[int] | None]]
"""Sends what a row asks for; returns the ids of the rows that the same call did for, if any."""

Done = TypeVar("Done")

TASK = "relay"
"""The name of its tasks, to tell its work from that of listeners."""
AT_ONCE = 10
POLL_S = 1.0
LONGEST_WAIT_S = 300.0
CLOCKS_APART_S = 0.005
"""What is due by this process's clock may not quite be due by the database's, and would wait for the next look."""
TRIES_OF_OUR_OWN_FAULTS = 5
AGAIN_S = 1.0
"""After a workspace's token was refused: it is another one then, or the workspace is not served any more."""
ASIDE = {Topic.WEBHOOK_DUE}
"""What goes to others than Slack and may take long: it occupies none of the hands, and its lanes are few."""
PAUSE_S = 60.0
"""How long nothing is sent after Slack refused the installation itself."""

INSTALLATION = {
    "invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed", "org_login_required",
    "team_access_not_granted", "app_access_restricted",
}  # fmt: skip
NOBODY = {
    "user_not_found", "users_not_found", "user_not_visible", "user_not_in_channel", "user_disabled", "cannot_dm_bot",
}  # fmt: skip
"""Whoever was to be told cannot be told; nobody can change that."""


class Undeliverable(Exception):
    """This row can never be sent; says why, in words for whoever runs the bot."""


class Postponed(Exception):
    """Not taken, for a reason that is noted; again after so many seconds."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class Early(Exception):
    """What this row needs is sent by a later row of its lane."""


def served(house: House, slack: AsyncWebClient, pace: Pace) -> Served:
    """A workspace, as listeners and deliveries reach it."""
    authorized = AuthorizeResult(
        enterprise_id=None,
        team_id=house.workspace_id,
        bot_user_id=house.bot_user_id,
        bot_id=house.bot_id,
        bot_token=slack.token,
    )
    return Served(house, slack, PacedClient(slack, pace), authorized)


class Relay:
    """Works until it is stopped; any number of processes may each run one.

    Args:
        wake: set after a commit that left something in the outbox.
        name: by what this process leases rows now.
        own: by what it leases them as long as it can show that it lives.
    """

    def __init__(
        self,
        deliveries: Mapping[Topic, Delivery],
        houses: Houses,
        wake: asyncio.Event,
        *,
        name: Callable[[], str],
        own: str,
    ) -> None:
        self._deliveries, self._houses, self._wake, self._name, self._own = deliveries, houses, wake, name, own
        self._in_hand: set[asyncio.Task[Any]] = set()
        self._aside: set[asyncio.Task[Any]] = set()
        self._untried: Counter[int] = Counter()
        self._faults: Counter[int] = Counter()
        self._due: list[float] = []
        self._paused_until = self._looked_at = 0.0

    async def run(self) -> None:
        """Deliver for ever; a cancelled run finishes what it has in hand."""
        try:
            while True:
                self._wake.clear()
                await self._houses.crowd.passed()
                if not await self._take_up():
                    await _wait(self._wake, self._until_due())
        finally:
            while self._in_hand or self._aside:
                await asyncio.gather(*self._in_hand, *self._aside)

    async def _take_up(self) -> int:
        """Begin with as many due rows as there are free hands; how many these were."""
        free = AT_ONCE - len(self._in_hand)
        if not free or time.monotonic() < self._paused_until:
            return 0
        return await asyncio.shield(self._begin(self._lease(free)))  # what is leased is also worked on

    async def _lease(self, most: int) -> int:
        try:
            async with self._houses.once() as alone:
                if time.monotonic() - self._looked_at >= POLL_S:
                    self._looked_at = time.monotonic()
                    await living.take_from_the_dead(alone, own=self._own)
                leased = await outbox.lease(alone, by=self._name(), most=most)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("outbox_unreachable", kind=type(error).__name__)
            return 0
        except Exception:  # nothing may end the only task that sends
            log.exception("lease_failed")
            return 0
        for message in leased:
            self._begin(self._work(message), self._aside if message.topic in ASIDE else self._in_hand)
        return len(leased)

    def _begin(
        self, work: Coroutine[Any, Any, Done], among: set[asyncio.Task[Any]] | None = None
    ) -> "asyncio.Task[Done]":
        task, hands = asyncio.create_task(work, name=TASK), self._in_hand if among is None else among
        hands.add(task)
        task.add_done_callback(hands.discard)
        return task

    def _until_due(self) -> float:
        """Seconds until it is worth looking again, although nobody woke us."""
        now = time.monotonic()
        while self._due and self._due[0] <= now:
            heapq.heappop(self._due)
        return min(self._due[0] - now, POLL_S) if self._due else POLL_S

    async def _work(self, message: Outgoing) -> None:
        structlog.contextvars.bind_contextvars(outbox_id=message.id, topic=message.topic)
        tried = replace(message, attempts=message.attempts - self._untried[message.id])
        SENDING.set(tried)
        try:
            await self._deliver(tried)
        except Exception as error:  # the row could not be let go; its lease runs out
            log.warning("outbox_unreachable", kind=type(error).__name__)
        self._wake.set()

    async def _deliver(self, message: Outgoing) -> None:
        served = self._houses.of(message.workspace_id)
        if served is None:
            self._untried[message.id] += 1
            await self._later(message, self._houses.absent_s, "not served here")
            await self._houses.parked(message.workspace_id)
            return
        try:
            also = await self._deliveries[message.topic](message, served.paced, served.house)
        except NotYet as error:
            self._untried[message.id] += 1  # so that it is not looked for in Slack as if it might have been posted
            await self._later(message, error.seconds, "paced")
            return
        except Early:
            await self._behind(message)
        except LeaseLost:
            log.warning("lease_lost", outbox_id=message.id, topic=message.topic)
            await self._later(message, backoff(message.attempts), "lease lost")  # nothing if another has it by now
        except (Undeliverable, MailRefused) as error:
            await self._give_up(message, str(error))
        except SlackApiError as error:
            await self._refused(message, served, error)
        except Postponed as error:
            await self._later(message, error.seconds, str(error))
        except MailDown as error:
            log.warning("mail_down", outbox_id=message.id, topic=message.topic, error=str(error))
            await self._later(message, backoff(message.attempts), str(error))
        except (ClientError, TimeoutError, OSError, SQLAlchemyError) as error:
            await self._later(message, backoff(message.attempts), type(error).__name__)
        except Exception as error:  # one poisoned row must not hold the others
            log.exception("delivery_failed", outbox_id=message.id, topic=message.topic)
            self._faults[message.id] += 1  # these alone: what others do not take is tried for ever
            if self._faults[message.id] >= TRIES_OF_OUR_OWN_FAULTS:
                await self._give_up(message, type(error).__name__)
            else:
                await self._later(message, backoff(message.attempts), type(error).__name__)
        else:
            await self._finish(message, also or ())

    async def _refused(self, message: Outgoing, served: Served, error: SlackApiError) -> None:
        code = code_of(error)
        if is_limited(error):
            await self._later(message, wait_of(error), code)
        elif is_transient(error):
            await self._later(message, backoff(message.attempts), code)
        elif code in INSTALLATION and await self._houses.refused(served, code):
            self._untried[message.id] += 1
            await self._later(message, AGAIN_S, code)
        elif code in INSTALLATION:
            self._paused_until = time.monotonic() + PAUSE_S
            log.error("installation_broken", error=code, fix="Check SLACK_BOT_TOKEN, or install the app again.")
            await self._later(message, PAUSE_S, code)
        elif code in NOBODY:
            log.info("nobody_told", outbox_id=message.id, topic=message.topic, error=code)
            await self._finish(message)
        else:
            log.error("slack_refused", outbox_id=message.id, topic=message.topic, error=code, said=said_of(error))
            await self._give_up(message, code)

    async def _finish(self, message: Outgoing, also: Sequence[int] = ()) -> None:
        async with self._houses.once() as alone:
            await outbox.finish(alone, message, also=also)
        self._forget(message)

    async def _later(self, message: Outgoing, seconds: float, error: str) -> None:
        async with self._houses.once() as alone:
            await outbox.put_back(alone, message, after=timedelta(seconds=seconds), error=error)
        heapq.heappush(self._due, time.monotonic() + seconds + CLOCKS_APART_S)

    async def _behind(self, message: Outgoing) -> None:
        """The row goes to the end of its lane, so that what it waits for comes first."""
        workspace_id, incident_id, lane = message.workspace_id, message.incident_id, message.lane
        again = outbox.row(
            message.topic, workspace_id=workspace_id, incident_id=incident_id, lane=lane, **message.payload
        )
        async with self._houses.begin() as session:
            if await outbox.finish(session, message):
                await outbox.add(session, again)
        self._forget(message)

    async def _give_up(self, message: Outgoing, error: str) -> None:
        log.warning("gave_up", outbox_id=message.id, topic=message.topic, error=error)
        async with self._houses.once() as alone:
            await outbox.give_up(alone, message, error=error)
        self._forget(message)

    def _forget(self, message: Outgoing) -> None:
        for counted in (self._untried, self._faults):
            counted.pop(message.id, None)


def backoff(attempts: int) -> float:
    """Seconds before the next attempt: 1, 2, 4 … up to five minutes."""
    return min(2.0 ** min(attempts - 1, 9), LONGEST_WAIT_S)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
