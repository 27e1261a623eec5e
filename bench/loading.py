"""The load generator: requests over connections that stay open, each sent as soon as the one before is answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from bench.figures import percentile

HOST = "127.0.0.1"
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Load:
    """What became of the requests: times in ms, and how many were answered with which status and how long a body."""

    seconds: float
    took_ms: list[float]
    statuses: Counter[int]
    bodies: Counter[bool]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took_ms) / self.seconds

    @property
    def errors(self) -> int:
        """Answers that Slack would not take for an acknowledgement."""
        return sum(count for status, count in self.statuses.items() if status != 200)

    def at(self, share: int) -> float:
        """A percentile of the times."""
        return percentile(self.took_ms, share)


async def put(port: int, requests: Sequence[bytes], at_once: int) -> Load:
    """Send all of them, so many at once; connections are there before the clock starts."""
    waiting = iter(requests)
    load = Load(0.0, [], Counter(), Counter())
    loop = asyncio.get_running_loop()
    clients = [_Client(waiting, load, loop.create_future()) for _ in range(min(at_once, len(requests)))]
    for client in clients:
        await loop.create_connection(lambda client=client: client, HOST, port)  # type: ignore[misc]
    began = time.perf_counter()
    for client in clients:
        client.next()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(client.done for client in clients))
    return Load(time.perf_counter() - began, load.took_ms, load.statuses, load.bodies)


def joined(loads: Sequence[Load]) -> Load:
    """Several runs as one."""
    return Load(
        sum(load.seconds for load in loads),
        [took for load in loads for took in load.took_ms],
        sum((load.statuses for load in loads), Counter()),
        sum((load.bodies for load in loads), Counter()),
    )


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, waiting: Iterator[bytes], load: Load, done: "asyncio.Future[None]") -> None:
        self._waiting, self._load, self.done = waiting, load, done
        self._got, self._began = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._load.took_ms.append((time.perf_counter() - self._began) * 1_000)
        self._load.statuses[int(head[9:12])] += 1
        self._load.bodies[bool(body)] += 1
        self._got = b""
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0] or 0)
