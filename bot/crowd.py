"""While many wait for an answer, what goes out to Slack lets them go first: they have three seconds, a card has not."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

CROWDED: Final = 5
"""So many requests at once are a crowd."""
LETS_PASS_S: Final = 1.0
"""Then the relay takes something up this often, and not at each moment."""


class Crowd:
    """The requests that this process is answering."""

    def __init__(self) -> None:
        self._many = 0
        self._is_gone = asyncio.Event()
        self._is_gone.set()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """One more, until the block ends."""
        self._many += 1
        self._tell()
        try:
            yield
        finally:
            self._many -= 1
            self._tell()

    async def passed(self) -> None:
        """At once where there is no crowd; else when it is gone, and in any case soon."""
        if not self._is_gone.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LETS_PASS_S):
                    await self._is_gone.wait()

    def _tell(self) -> None:
        if self._many < CROWDED:
            self._is_gone.set()
        else:
            self._is_gone.clear()
