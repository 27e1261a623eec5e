"""A program that receives webhooks, on this machine, as well or as badly as a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]


@dataclass
class Receiver:
    """What came, and what is answered: the next of ``answers``, then ``status``.

    ``breaks`` says how often the connection is cut after everything was taken, before the answer.
    """

    url: str = ""
    status: int = 204
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    hangs: asyncio.Event | None = None
    breaks: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: list[Json] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((dict(request.headers), body))
        if self.hangs is not None:
            await self.hangs.wait()
        status = self.answers.pop(0) if self.answers else self.status
        if status < 300:
            self.taken.append(json.loads(body))
        if self.breaks and request.transport is not None:
            self.breaks -= 1
            request.transport.abort()
        return web.Response(status=status, headers=self.headers)

    @property
    def kinds(self) -> list[str]:
        """What was taken, without the greeting."""
        return [each["type"] for each in self.taken if each["type"] != "webhook.added"]


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """It listens from here to the end of the block."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        if receiver.hangs is not None:
            receiver.hangs.set()
        await runner.cleanup()


async def until(claim: Callable[[], Any], *, within_s: float = 20) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within_s):
        while not (found := claim()) or (isinstance(found, Awaitable) and not await found):  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.02)
