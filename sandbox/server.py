"""The sandbox as a server on 127.0.0.1: all its addresses, started and stopped cleanly."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from sandbox import failing, mail, oauth, responses, web_api
from sandbox import manifest as manifests
from sandbox.control import clicking, forms, installing, reading, running, writing
from sandbox.control.calls import Call, endpoint
from sandbox.core import Sandbox, build
from sandbox.faults import UPLOAD

__all__ = ["Sandbox", "serve"]

PAGE = Path(__file__).with_name("page")
STOPS_WITHIN_S = 1

CALLS: dict[str, Call] = {
    "command": clicking.command,
    "message": writing.message,
    "edit": writing.edit,
    "delete": writing.delete,
    "action": clicking.action,
    "submit": forms.submit,
    "close": forms.close,
    "shortcut": clicking.shortcut,
    "options": clicking.options,
    "home": clicking.home,
    "react": writing.react,
    "member": running.member,
    "user": running.user,
    "channel": running.channel,
    "faults": running.faults,
    "deliver": running.deliver,
    "unfurl": writing.unfurl,
    "disconnect": running.disconnect,
    "ghosts": running.ghosts,
    "verify": running.verify,
    "clock": running.clock,
    "history": running.history,
    "reset": running.reset,
    "oauth": installing.oauth,
    "uninstall": installing.uninstall,
}
READS = {
    "state": reading.state,
    "log": reading.log,
    "faults": reading.faults,
    "wait": reading.wait,
    "manifest": reading.manifest,
    "stream": reading.stream,
}


@asynccontextmanager
async def serve(
    *,
    port: int = 0,
    manifest: Path = Path("manifest.yaml"),
    people: Path | None = None,
    fast: float = 1.0,
    limits: bool = True,
    few: bool = False,
    request_url: str | None = None,
    beside: Sandbox | None = None,
) -> AsyncIterator[Sandbox]:
    """Run a workspace until the block ends.

    Args:
        port: 0 takes any that is free.
        fast: how many times faster limits and the retries of events go by.
        few: history comes 15 messages and one call a minute at a time, whatever ``limits`` says.
        request_url: post everything there, signed, instead of Socket Mode.
        beside: another workspace, whose API then answers for this one, too, as Slack's does for all.
    """
    listening = _listen(port)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        app_manifest = manifests.load(manifest)
        box = build(
            app_manifest, people_file=people, url=url, fast=fast, limits=limits, few=few, request_url=request_url
        )
        if beside is not None:
            beside.beside.append(box)
            box.beside = beside.beside
        server = _server(box)
        box.connections = lambda: server.server_state.connections
        running_server = asyncio.create_task(server.run_quietly(listening))
        await server.is_up.wait()
        try:
            async with mail.serve(box):
                yield box
        finally:
            box.beside.remove(box)
            await box.close()
            server.stopping.set()
            await running_server
    finally:
        listening.close()


def _listen(port: int) -> socket.socket:
    """The protocol is named because asyncio switches Nagle's delay off only then; it would cost 40 ms a click."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.close()
        raise
    return made


class _Server(uvicorn.Server):
    """Leaves signals to the program that it runs in, and stops without uvicorn's two waits of a tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up, self.stopping = asyncio.Event(), asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def main_loop(self) -> None:
        ticking = asyncio.create_task(super().main_loop())
        await self.stopping.wait()
        ticking.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        here = self.server_state
        for server in self.servers:
            server.close()
        for connection in list(here.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPS_WITHIN_S):
                while here.connections or here.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        for task in list(here.tasks):
            task.cancel()

    async def run_quietly(self, listening: socket.socket) -> None:
        await self._serve([listening])


def _server(box: Sandbox) -> _Server:
    app = Starlette(routes=_routes())
    app.state.box = box
    box.faults.methods = web_api.METHODS
    config = uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        ws_ping_interval=10.0,
    )
    return _Server(config)


def _routes() -> list[BaseRoute]:
    return [
        Route("/", _index),
        Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
        Route("/avatar/{name}.svg", _avatar),
        Route("/api/{method}", web_api.endpoint, methods=["GET", "POST"]),
        Route("/oauth/v2/authorize", oauth.authorize),
        Route("/oauth/v2/decide", oauth.decide),
        Route("/upload/{file_id}", _upload, methods=["POST"]),
        Route("/files/{file_id}/{name}", _file),
        *(
            Route(f"/{family}/{{team}}/{{key}}", responses.endpoint, methods=["POST"])
            for family in ("commands", "actions", "app")
        ),
        *(Route(f"/control/{name}", endpoint(call), methods=["POST"]) for name, call in CALLS.items()),
        *(Route(f"/control/{name}", read) for name, read in READS.items()),
        WebSocketRoute("/link/", _link),
    ]


async def _index(_request: Request) -> Response:
    return FileResponse(PAGE / "index.html")


async def _link(websocket: WebSocket) -> None:
    box: Sandbox = websocket.app.state.box
    await box.sockets.serve(websocket)


async def _upload(request: Request) -> Response:
    box: Sandbox = request.app.state.box
    upload = box.workspace.uploads.get(request.path_params["file_id"])
    content = await request.body()

    def keep() -> Response:
        if upload is None:
            return JSONResponse({"ok": False, "error": "file_not_found"}, 404)
        upload["content"] = content
        return Response(f"OK - {len(content)}")

    return await failing.answered(box, request, UPLOAD, keep) or Response()


async def _file(request: Request) -> Response:
    """What the bot uploaded; of a person's file only its description is known."""
    box: Sandbox = request.app.state.box
    content = box.workspace.contents.get(request.path_params["file_id"])
    if content is None:
        return Response("The sandbox keeps no content of this file.", 404)
    return Response(content, media_type="text/plain; charset=utf-8")


async def _avatar(request: Request) -> Response:
    """A coloured square with a letter."""
    box: Sandbox = request.app.state.box
    user = box.workspace.users.get(request.path_params["name"])
    letter, colour = (user["real_name"][:1], user["color"]) if user else ("?", "888888")
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8" '
        f'fill="#{colour}"/><text x="18" y="25" text-anchor="middle" font-family="sans-serif" font-size="19" '
        f'fill="#fff">{letter}</text></svg>'
    )
    return Response(picture, media_type="image/svg+xml")
