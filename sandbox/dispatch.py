"""Bringing payloads to the bot: three seconds to acknowledge, events again when it did not, all of it recorded."""

import asyncio
import copy
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sandbox import ids
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.journal import Journal, milliseconds
from sandbox.manifest import Manifest
from sandbox.store import Workspace

Json = dict[str, Any]
Kind = Literal["events_api", "slash_commands", "interactive"]

RETRY_AFTER = (0.0, 60.0, 300.0)
"""Seconds before the first, second and third repetition of an event."""


@dataclass
class Ack:
    """What became of one attempt.

    ``acked``: the bot acknowledged in time. ``timeout``: it did not. ``no_connection``: nobody was there. ``error``:
    it answered something that Slack cannot use. ``none``: there was nothing to deliver.
    """

    status: str
    ms: float = 0.0
    body: Any = None
    reason: str = ""
    error: str = ""

    def told(self) -> Json:
        return {
            "status": self.status,
            "ms": self.ms,
            "body": self.body,
            **({"error": self.error} if self.error else {}),
        }


@dataclass
class Envelope:
    kind: Kind
    payload: Json
    attempt: int = 0
    reason: str = ""
    url: str | None = None


@dataclass
class Delivery:
    """An event on its way; ``first`` is set after its first attempt."""

    payload: Json
    first: "asyncio.Future[Ack]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Transport(Protocol):
    async def send(self, envelope: Envelope) -> Ack: ...


class Dispatcher:
    def __init__(
        self,
        workspace: Workspace,
        manifest: Manifest,
        *,
        transport: Transport,
        clock: Clock,
        journal: Journal,
        faults: Faults,
    ) -> None:
        self.workspace = workspace
        self.manifest = manifest
        self.transport = transport
        self.clock = clock
        self.journal = journal
        self.faults = faults
        self.events: dict[str, Json] = {}
        self.in_flight = 0
        self._due: dict[object, float] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def call(self, kind: Kind, payload: Json, *, url: str | None = None) -> Ack:
        """A command or an interaction: one attempt, never repeated."""
        snapshot = copy.deepcopy(payload)
        return await self._attempt(Envelope(kind, snapshot, url=url), _type(payload))

    def event(self, event: Json, *, is_shared: bool = False) -> Delivery:
        """Send an event in the background, up to four times."""
        payload = self._outer(event, is_shared=is_shared)
        self.events[payload["event_id"]] = payload
        delivery = Delivery(payload)
        self.spawn(self._until_acked(delivery))
        return delivery

    async def again(self, event_id: str) -> Ack:
        """Deliver an event that was made before, once more."""
        payload = self.events[event_id]
        return await self._attempt(self._event_envelope(payload, 1, "timeout"), _type(payload))

    def idle_for(self) -> float:
        """Milliseconds since the last call or delivery; less than zero if one is under way."""
        return -1.0 if self.in_flight else milliseconds() - self.journal.quiet_since

    def due_within(self, seconds: float) -> bool:
        """Whether an event will be repeated so soon."""
        now = self.clock.scaled()
        return any((at - now) / self.clock.fast <= seconds for at in self._due.values())

    def visible_user(self, user: Json) -> Json:
        """Without the address, unless the app may read it."""
        if self.manifest.grants(("users:read.email",)):
            return user
        profile = {key: value for key, value in user["profile"].items() if key != "email"}
        return {**user, "profile": profile}

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Forget everything that is still to be delivered."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._due.clear()

    def forget(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.events.clear()

    async def _until_acked(self, delivery: Delivery) -> None:
        try:
            await self._repeat(delivery)
        finally:
            if not delivery.first.done():
                delivery.first.set_result(Ack("none"))

    async def _repeat(self, delivery: Delivery) -> None:
        reason = ""
        for attempt, wait in enumerate((None, *RETRY_AFTER)):
            if wait is not None:
                await self._pause(wait)
            envelope = self._event_envelope(delivery.payload, attempt, reason)
            ack = await self._attempt(envelope, _type(delivery.payload))
            if not delivery.first.done():
                delivery.first.set_result(ack)
            if ack.status == "acked" or ack.reason == "no_retry":
                return
            reason = ack.reason

    def _event_envelope(self, payload: Json, attempt: int, reason: str) -> Envelope:
        return Envelope("events_api", payload, attempt, reason, self.manifest.events_url)

    async def _pause(self, seconds: float) -> None:
        key = object()
        self._due[key] = self.clock.scaled() + seconds
        try:
            await self.clock.sleep(seconds, scaled=True)
        finally:
            self._due.pop(key, None)

    async def _attempt(self, envelope: Envelope, name: str) -> Ack:
        began = milliseconds()
        self.in_flight += 1
        try:
            ack = await self._under_faults(envelope, name)
        finally:
            self.in_flight -= 1
        ack.ms = round(milliseconds() - began, 3)
        self._record(envelope, name, ack, began)
        return ack

    async def _under_faults(self, envelope: Envelope, name: str) -> Ack:
        fault = self.faults.strikes("event", name)
        if fault is None:
            return await self.transport.send(envelope)
        if fault.kind == "timeout":
            return Ack("timeout", reason="timeout")
        if fault.kind == "doubled":
            return (await asyncio.gather(self.transport.send(envelope), self.transport.send(envelope)))[0]
        await self.clock.sleep(fault.delay_ms / 1000)
        ack = await self.transport.send(envelope)
        return Ack("timeout", reason="timeout") if fault.kind == "timeout_after_success" else ack

    def _record(self, envelope: Envelope, name: str, ack: Ack, began: float) -> None:
        fields: Json = {"type": name, "status": ack.status, "attempt": envelope.attempt, "body": ack.body}
        if "event_id" in envelope.payload:
            fields["event_id"] = envelope.payload["event_id"]
        self.journal.write("delivery", began, **fields, payload=envelope.payload)

    def _outer(self, event: Json, *, is_shared: bool) -> Json:
        team = self.workspace.team_id
        installed = {"enterprise_id": None, "team_id": team, "user_id": self.workspace.bot_user_id}
        return {
            "token": "sandbox-verification-token",
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": self.workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": ids.new("Ev"),
            "event_time": int(time.time()),
            "authorizations": [{**installed, "is_bot": True, "is_enterprise_install": False}],
            "is_ext_shared_channel": is_shared,
            "event_context": ids.new("4-"),
        }


def worst(acks: list[Ack]) -> Ack:
    """The ack that speaks for several deliveries of one happening."""
    order = ("none", "acked", "error", "timeout", "no_connection")
    return max(acks, key=lambda ack: order.index(ack.status), default=Ack("none"))


async def settled(deliveries: list[Delivery]) -> Ack:
    """Wait for the first attempt of each."""
    return worst([await delivery.first for delivery in deliveries])


def _type(payload: Json) -> str:
    if "event" in payload:
        return str(payload["event"]["type"])
    return str(payload.get("type") or payload["command"])
