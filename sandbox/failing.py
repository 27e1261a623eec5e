"""How a call of the bot fails when a fault strikes it: before what it asks for is done, instead of it, or after."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.faults import Fault
from sandbox.limits import limited


async def answered(box: Sandbox, request: Request, name: str, do: Callable[[], Response]) -> Response | None:
    """Do what was asked for, unless a fault keeps it from that; None for an answer that never comes."""
    fault = box.faults.strikes("method", name)
    if fault is None:
        return do()
    if fault.kind == "slow":
        await box.clock.sleep(fault.delay_ms / 1000)
        return do()
    if fault.kind == "timeout_after_success":
        do()
    if fault.kind.startswith("timeout"):
        await _hang(box, request, fault.delay_ms)
    if fault.kind == "connection_reset" or fault.kind.startswith("timeout"):
        _break(box, request)
        return None
    if fault.kind == "http_403":
        return HTMLResponse("<html><body>Forbidden by policy</body></html>", 403)
    return refusal(_error(fault))


def refusal(error: SlackError) -> JSONResponse:
    return JSONResponse({"ok": False, "error": error.code, **error.fields}, error.status, headers=error.headers)


def _error(fault: Fault) -> SlackError:
    if fault.kind == "ratelimited":
        return limited(fault.retry_after)
    if fault.kind == "http_500":
        return SlackError("internal_error", status=500)
    return SlackError(fault.kind.removeprefix("error:"))


async def _hang(box: Sandbox, request: Request, delay_ms: float) -> None:
    """Say nothing until the client gives up, the fault's time is over, or the sandbox closes."""
    waits = [asyncio.ensure_future(box.closing.wait()), asyncio.ensure_future(_gone(request))]
    try:
        await asyncio.wait(waits, timeout=delay_ms / 1000 or None, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _break(box: Sandbox, request: Request) -> None:
    if request.client is not None:
        box.abort((request.client.host, request.client.port))
