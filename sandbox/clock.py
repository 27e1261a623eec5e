"""Time as the workspace sees it: it can run faster for limits and retries, and be moved forward by hand."""

import asyncio
import time
from typing import Any


class Clock:
    def __init__(self, fast: float = 1.0) -> None:
        self.fast = fast
        self._began = time.monotonic()
        self._offset = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Seconds that people feel: for triggers, response URLs, and the three seconds to acknowledge."""
        return time.monotonic() - self._began + self._offset

    def scaled(self) -> float:
        """Seconds of limits and retries, which ``fast`` shortens."""
        return (time.monotonic() - self._began) * self.fast + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float, *, scaled: bool = False) -> None:
        read = self.scaled if scaled else self.now
        pace = self.fast if scaled else 1.0
        until = read() + seconds
        while (left := until - read()) > 0:
            await _first_of(self._moved, left / pace)

    async def outlasts(self, future: asyncio.Future[Any], seconds: float) -> bool:
        """Whether the future is still undone after so many seconds."""
        timer = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait({future, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return not future.done()


async def _first_of(event: asyncio.Event, seconds: float) -> None:
    task = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
