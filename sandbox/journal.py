"""The record of calls and deliveries, and the bell that rings when anything changes."""

import asyncio
import time
from typing import Any


def milliseconds() -> float:
    """Monotonic, so that spans can be measured from outside."""
    return time.monotonic() * 1000


class Journal:
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.last = 0
        self.version = 0
        self.quiet_since = milliseconds()
        self._bell = asyncio.Event()

    def write(self, kind: str, began: float, **fields: Any) -> dict[str, Any]:
        self.last += 1
        now = milliseconds()
        entry = {"seq": self.last, "kind": kind, "at": round(began, 3), "ms": round(now - began, 3), **fields}
        self.entries.append(entry)
        self.quiet_since = now
        self.ring()
        return entry

    def problem(self, what: str, **fields: Any) -> None:
        """Something that Slack would only show to the person, recorded for whoever debugs the bot."""
        self.write("problem", milliseconds(), error=what, **fields)

    def after(self, seq: int) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["seq"] > seq]

    def clear(self) -> None:
        self.entries.clear()
        self.ring()

    def ring(self) -> None:
        self.version += 1
        self._bell.set()
        self._bell = asyncio.Event()

    async def changed(self, seconds: float) -> bool:
        """Wait for the next change, but not longer."""
        try:
            await asyncio.wait_for(self._bell.wait(), seconds)
        except TimeoutError:
            return False
        return True
