"""Socket Mode: up to ten connections, each payload to any one of them, acknowledgements from whichever."""

import asyncio
import json
import secrets
import uuid
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.clock import Clock
from sandbox.dispatch import Ack, Envelope

Json = dict[str, Any]

ACK_SECONDS = 3.0
CONNECTION_LIMIT = 10
WARNING_SECONDS = 10.0


class SocketMode:
    """Connections, and the envelopes that wait for their acknowledgement."""

    def __init__(self, clock: Clock, *, app_id: str) -> None:
        self.clock = clock
        self.app_id = app_id
        self.connections: list[WebSocket] = []
        self._ghosts: list[float] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._closed_until = 0.0

    @property
    def ghosts(self) -> int:
        """Connections whose other end is gone, which Slack has not noticed yet."""
        return sum(until > self.clock.now() for until in self._ghosts)

    def haunt(self, count: int, for_s: float) -> None:
        """Count so many more connections for a while; what is sent to them is lost."""
        self._ghosts += [self.clock.now() + for_s] * count

    def ticket(self) -> str:
        made = secrets.token_urlsafe(16)
        self._tickets.add(made)
        return made

    async def serve(self, socket: WebSocket) -> None:
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets or self.clock.now() < self._closed_until:
            await socket.close(code=1008)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        if len(self.connections) + self.ghosts >= CONNECTION_LIMIT:
            await socket.send_json(self._disconnect("too_many_websockets"))
            await socket.close()
            return
        await self._serve_accepted(socket)

    async def send(self, envelope: Envelope) -> Ack:
        """Send to a random connection and wait for the acknowledgement, from any of them."""
        found: list[WebSocket | None] = [*self.connections, *[None] * self.ghosts]
        if not found:
            return Ack("no_connection", reason="timeout")
        envelope_id = str(uuid.uuid4())
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        try:
            if (socket := secrets.choice(found)) is not None:
                await _send(socket, _frame(envelope_id, envelope))
            if await self.clock.outlasts(waiting, ACK_SECONDS):
                return Ack("timeout", reason="timeout")
            return Ack("acked", body=None if envelope.kind == "events_api" else waiting.result())
        finally:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str, for_s: float) -> None:
        """Close every connection, and refuse new ones for a while."""
        self._closed_until = self.clock.now() + for_s
        sockets = list(self.connections)
        for socket in sockets:
            await _send(socket, self._disconnect(reason))
        if reason == "warning":
            await self.clock.sleep(WARNING_SECONDS)
            await self.disconnect("refresh_requested", for_s)
            return
        for socket in sockets:
            await self._drop(socket)

    def lose(self, for_s: float, *, ghosts_for_s: float) -> list[WebSocket]:
        """Count every connection as a ghost, and refuse new ones for a while; returns those to be broken."""
        self._closed_until = self.clock.now() + for_s
        lost, self.connections = self.connections, []
        self.haunt(len(lost), ghosts_for_s)
        return lost

    def exorcise(self) -> None:
        """No ghosts any more."""
        self._ghosts.clear()

    async def close(self) -> None:
        for socket in list(self.connections):
            await self._drop(socket)

    async def _serve_accepted(self, socket: WebSocket) -> None:
        self.connections.append(socket)
        await _send(socket, self._hello())
        try:
            while True:
                self._acknowledged(json.loads(await socket.receive_text()))
        except WebSocketDisconnect:
            pass
        finally:
            if socket in self.connections:
                self.connections.remove(socket)

    def _acknowledged(self, frame: Json) -> None:
        waiting = self._waiting.get(frame.get("envelope_id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.get("payload"))

    async def _drop(self, socket: WebSocket) -> None:
        if socket in self.connections:
            self.connections.remove(socket)
        if socket.application_state == WebSocketState.CONNECTED:
            await socket.close()

    def _hello(self) -> Json:
        debug = {"host": "applink-sandbox", "started": "2026-01-01 00:00:00.000", "build_number": 1}
        return {
            "type": "hello",
            "num_connections": len(self.connections) + self.ghosts,
            "debug_info": {**debug, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.app_id},
        }

    def _disconnect(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}


def _frame(envelope_id: str, envelope: Envelope) -> Json:
    is_event = envelope.kind == "events_api"
    frame: Json = {
        "envelope_id": envelope_id,
        "payload": envelope.payload,
        "type": envelope.kind,
        "accepts_response_payload": not is_event,
    }
    if is_event:
        frame |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
    return frame


async def _send(socket: WebSocket, frame: Json) -> None:
    """A frame to a connection that is breaking is lost, as on the real network."""
    try:
        await socket.send_text(json.dumps(frame))
    except (WebSocketDisconnect, RuntimeError):
        return
