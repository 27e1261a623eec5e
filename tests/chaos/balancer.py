"""What stands between Slack and the bots in HTTP mode: each connection goes to any bot that takes it."""

import asyncio
from contextlib import suppress
from random import Random

from tests.ports import free_port

PIECE = 65_536


class Balancer:
    """Listens on one port of 127.0.0.1 for bots on others."""

    def __init__(self, bots: int, dice: Random) -> None:
        self.port = 0
        self.ports = [free_port() for _ in range(bots)]
        """Where the bots listen."""
        self._dice = dice
        self._is_cut = False
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Break every connection, and refuse new ones; what was asked may be done or not."""
        self._is_cut = True
        for task in list(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def mend(self) -> None:
        """As before."""
        self._is_cut = False

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            for port in self._dice.sample(self.ports, len(self.ports)):
                with suppress(OSError):
                    back, there = await asyncio.open_connection("127.0.0.1", port)
                    ends.append(there)
                    ways = {asyncio.create_task(_flow(reader, there)), asyncio.create_task(_flow(back, writer))}
                    try:
                        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for way in ways:
                            way.cancel()
                        await asyncio.gather(*ways, return_exceptions=True)
                    return
        finally:
            for end in ends:
                end.transport.abort()


async def _flow(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(PIECE):
            target.write(piece)
            await target.drain()
