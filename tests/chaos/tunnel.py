"""A line to the database that can be cut and frozen: TCP on 127.0.0.1 in front of the server's own socket."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PIECE = 65_536


class Tunnel:
    """Carries every connection to a Unix socket, unless it is cut or frozen."""

    def __init__(self, socket: Path) -> None:
        self.port = 0
        self._socket = socket
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._commits_to_lose = 0
        self._delay_s = 0.0
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._drop()

    async def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._is_cut = True
        await self._drop()

    def freeze(self) -> None:
        """Carry nothing more, without a word: neither end hears that the other is gone."""
        self._flows.clear()

    def slow_down(self, delay_s: float) -> None:
        """Every piece takes so much longer, each way."""
        self._delay_s = delay_s

    def lose_commits(self, count: int) -> None:
        """Break so many lines just when the answer to a COMMIT would come back: it was done, and nobody knows."""
        self._commits_to_lose = count

    async def mend(self) -> None:
        """As before; what hung in a frozen line is lost."""
        self._is_cut, self._commits_to_lose, self._delay_s = False, 0, 0.0
        if not self._flows.is_set():
            await self._drop()
            self._flows.set()

    async def _drop(self) -> None:
        for task in list(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        with suppress(OSError):
            try:
                back, there = await asyncio.open_unix_connection(str(self._socket))
                line = _Line(reader, writer, back, there)
                ways = {asyncio.create_task(self._ask(line)), asyncio.create_task(self._answer(line))}
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            finally:
                writer.transport.abort()
                if there is not None:
                    there.transport.abort()

    async def _passes(self) -> None:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        await self._flows.wait()

    async def _ask(self, line: "_Line") -> None:
        while piece := await line.reader.read(PIECE):
            await self._passes()
            if self._commits_to_lose and b"COMMIT" in piece:
                self._commits_to_lose -= 1
                line.is_answered = False
            line.there.write(piece)
            await line.there.drain()

    async def _answer(self, line: "_Line") -> None:
        while (piece := await line.back.read(PIECE)) and line.is_answered:
            await self._passes()
            line.writer.write(piece)
            await line.writer.drain()


@dataclass
class _Line:
    """Both ends of a connection: the bot's reader and writer, and the server's."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    back: asyncio.StreamReader
    there: asyncio.StreamWriter
    is_answered: bool = True
