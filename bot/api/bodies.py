"""What comes before and after everything: a body's type is looked at before it is read, and nothing breaks aloud."""

import re
import secrets
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.api.problems import TOO_LARGE, Problem

LARGEST: Final = 1_000_000
"""Bytes of a body."""
LARGEST_OF_STRANGERS: Final = 20_000
"""Where nobody has to be known: no password is longer, and reading what is wrong takes time."""
FOR_STRANGERS: Final = re.compile(
    r".*/(login/access-token|users/signup|reset-password/?|password-recovery/.*)", re.DOTALL
)
FORMS: Final = ("/login/access-token",)
"""What takes a form, as OAuth2 says; everything else takes JSON."""
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"

log = structlog.get_logger(__name__)


class Guard:
    """Turns away bodies of a type that nobody here reads, and makes a problem of what nobody thought of."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        most = LARGEST_OF_STRANGERS if FOR_STRANGERS.fullmatch(scope["path"]) else LARGEST
        if int(request.headers.get("content-length", "0") or 0) > most:
            await Problem(413, TOO_LARGE).answer(request)(scope, receive, send)
        elif _is_unknown(request):
            await Problem(415, f"Send the body as {_wanted(request)}.").answer(request)(scope, receive, send)
        else:
            await self._guarded(scope, _bounded(receive, most), send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:  # whatever it is, the program gets a problem, and no trace
            reference = secrets.token_hex(2).upper()
            log.exception("api_failed", kind=type(error).__name__, reference=reference)
            if has_begun:
                raise
            words = f"This is our fault. Try again; if it stays, tell who runs this (ref {reference})."
            request = Request(scope)
            await Problem(500, words, code="failed").answer(request)(scope, receive, send)


def _bounded(receive: Receive, most: int) -> Receive:
    """The same, until it is known to be too much."""
    size = 0

    async def received() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413)
        return message

    return received


def _is_unknown(request: Request) -> bool:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return has_body and request.method in ("POST", "PUT", "PATCH") and kind != _wanted(request)


def _wanted(request: Request) -> str:
    return _FORM if request.scope["path"].endswith(FORMS) else _JSON
