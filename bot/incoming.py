"""Requests that are not Slack's own: each has an id, in the log and in its answer; those of programs are counted."""

import re
import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import logs, metrics

HEADER: Final = "X-Request-Id"
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""An id that somebody before us gave; anything else might be made to look like another line of the log."""


class Named:
    """Gives a request the id that it came with, or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _PLAIN.fullmatch(given) else secrets.token_hex(8)
        logs.answering({}, name=name)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        await self.app(scope, receive, sent)


class Counted:
    """Counts what became of a program's request, by the status of its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            outcome = "served" if status < 400 else "refused" if status < 500 else "failed"
            metrics.REQUESTS.labels("api", outcome).inc()
