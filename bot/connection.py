"""The Socket Mode connection, watched: a process that Slack does not reach any more ends, to be started again.

The library connects again by itself, but it has been seen to stay deaf with a connection that looks well. So the
connection counts from Slack's hello on, is renewed after a long silence, and what was said meanwhile is looked for.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from sqlalchemy.exc import SQLAlchemyError

from bot.house import House
from bot.houses import Houses
from domain import absence, db, living

log = structlog.get_logger(__name__)


class DeafError(RuntimeError):
    """Slack does not reach this process any more; one sentence with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long what may be waited for, in seconds.

    Args:
        ping_s: between two pings; four without an answer, and the connection counts as lost.
        check_s: between two looks at the connection.
        deaf_after_s: without a connection, and the process ends.
        renew_after_s: without a word from Slack, and the connection is made anew.
        ticket_s: without a greeting, and the next try asks for a new address.
        stop_s: for what was taken to be done before the connection ends; Slack waits no longer for an answer either.
    """

    ping_s: float = 10.0
    check_s: float = 5.0
    deaf_after_s: float = 300.0
    renew_after_s: float = 3600.0
    ticket_s: float = 30.0
    stop_s: float = 3.0


class Connection:
    """Slack's way to this process, from ``open`` to the end of its block."""

    def __init__(self, app: AsyncApp, app_token: str, house: House, patience: Patience) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token, ping_interval=patience.ping_s)
        self._client, self._house, self._patience = self._handler.client, house, patience
        self._client.message_listeners.append(self._told)
        self._client.socket_mode_request_listeners = [self._answer]
        self._in_hand: set[asyncio.Task[Any]] = set()
        self._greeted: object = None
        self._heard_at = self._well_at = time.monotonic()
        self._is_greeted, self._is_deaf = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Connect, and watch the connection to the end of the block.

        Raises:
            DeafError: Slack cannot be reached at all.
        """
        refreshing = asyncio.create_task(self._refresh())
        try:
            await self._connect()
            self._is_greeted.clear()
            watching = asyncio.create_task(self._watch(owes=not await self._caught_up()))
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        finally:
            refreshing.cancel()
            await self._finish()
            await self._handler.close_async()  # type: ignore[no-untyped-call]

    async def is_connected(self) -> bool:
        """Whether Slack greeted this process over the connection that it has now, and answers its pings."""
        is_greeted = self._greeted is not None and self._greeted is self._client.current_session
        return is_greeted and await self._client.is_connected()

    async def until_deaf(self) -> NoReturn:
        """Wait for as long as Slack reaches this process.

        Raises:
            DeafError: it did not for too long.
        """
        await self._is_deaf.wait()
        raise DeafError(self._why())

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._patience.deaf_after_s):
                await self._handler.connect_async()  # type: ignore[no-untyped-call]
                await self._is_greeted.wait()
        except TimeoutError:
            raise DeafError(self._why()) from None

    async def _told(self, _client: object, message: Mapping[str, Any], _raw: object = None) -> None:
        """Anything that Slack says over the connection."""
        self._heard_at = time.monotonic()
        if message.get("type") != "hello":
            return
        self._greeted = self._client.current_session
        pulse = self._house.pulse
        pulse.connects += 1
        pulse.asked_at = self._heard_at
        pulse.connected_at, pulse.connections = db.now(), int(message.get("num_connections") or 0)
        self._is_greeted.set()

    async def _answer(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Somebody's click, command, form or event."""
        if task := asyncio.current_task():
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)
        await self._handler.handle(client, request)  # type: ignore[arg-type]

    async def _finish(self) -> None:
        """What was taken is committed and acked before the connection ends: Slack repeats no click."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.stop_s):
                while self._in_hand:
                    await asyncio.wait(self._in_hand)

    async def _refresh(self) -> None:
        """Without a greeting for long, a new address is asked for: the library tries the one that it has for ever."""
        while True:
            before = self._client.current_session
            await asyncio.sleep(self._patience.ticket_s)
            if await self.is_connected():
                continue
            if self._client.current_session is before and await self._client.is_connected():
                await self._renew()  # it was let in, and never greeted
            else:
                self._client.wss_uri = None

    async def _watch(self, *, owes: bool) -> None:
        while True:
            try:
                async with asyncio.timeout(self._patience.check_s):
                    await self._is_greeted.wait()
                self._is_greeted.clear()
                owes = True
            except TimeoutError:
                pass
            owes = owes and not await self._caught_up()
            await self._look()

    async def _look(self) -> None:
        now = time.monotonic()
        self._house.pulse.is_reached = await self.is_connected()
        if self._house.pulse.is_reached:
            self._well_at = now
        if now - self._well_at >= self._patience.deaf_after_s and not self._is_deaf.is_set():
            log.error("deaf", why=self._why())
            self._is_deaf.set()
        if now - self._heard_at >= self._patience.renew_after_s:
            self._heard_at = now
            log.info("connection_renewed", silent_s=round(self._patience.renew_after_s))
            await self._renew()

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(self._patience.deaf_after_s):
                await self._client.connect_to_new_endpoint(force=True)
        except Exception as error:  # the library tries again by itself
            log.warning("connection_not_renewed", kind=type(error).__name__)

    async def _caught_up(self) -> bool:
        """Whatever was said while there was no connection is looked for."""
        try:
            async with self._house.begin() as session:
                await absence.ended(session, self._house.workspace_id)
                processes = await living.count(session)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("catch_up_not_asked", kind=type(error).__name__)
            return False
        if self._house.pulse.connections > max(processes, 1):
            log.warning("more_connections_than_processes", slack=self._house.pulse.connections, processes=processes)
        return True

    def _why(self) -> str:
        seconds = round(time.monotonic() - self._well_at)
        return (
            f"Slack has not reached this process for {seconds} s over Socket Mode. It ends, so that it is started "
            "again; if that does not help, look at the network and at SLACK_APP_TOKEN."
        )


@asynccontextmanager
async def opened(connection: Connection | None, houses: Houses) -> AsyncIterator[None]:
    """The connection; where Slack posts its requests instead, only what it could not post is looked for."""
    if connection is not None:
        async with connection.open():
            yield
        return
    for served in houses.all():
        async with houses.begin() as session:
            await absence.ended(session, served.house.workspace_id)
    yield
