"""Looking up the names of receivers, each in a thread of its own.

The threads that the event loop has for this are few, and Slack's name is looked up there, too: a receiver whose name
nobody answers for would keep them busy.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

LookUp: TypeAlias = Callable[..., list[Any]]
"""As socket.getaddrinfo."""

_IS_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Names(AbstractResolver):
    """Asks the system, as it is set up.

    Args:
        look_up: what answers, and may take long.
    """

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses that a name leads to now; raises OSError if there are none."""
        found: Future[list[Any]] = Future()

        def work() -> None:
            try:
                found.set_result(self._look_up(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG))
            except Exception as error:  # belongs to whoever waits, not to this thread
                found.set_exception(error)

        found.set_running_or_notify_cancel()  # whoever stops waiting does not stop the thread
        Thread(target=work, name="look up a receiver", daemon=True).start()
        return [
            ResolveResult(hostname=host, host=there[0], port=there[1], family=kind, proto=proto, flags=_IS_NUMERIC)
            for kind, _, proto, _, there in await asyncio.wrap_future(found)
        ]

    async def close(self) -> None:
        """There is nothing to close."""
