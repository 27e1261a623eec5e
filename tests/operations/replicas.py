"""Several processes of the bot on one database, and what stands before them in HTTP mode."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from aiohttp import web
from sqlalchemy import make_url

from bot.demo import MANIFEST
from domain import db
from sandbox import server
from tests.chaos.machines import Program
from tests.end_to_end.conftest import Watched, Workspace, emptied
from tests.ports import free_port

KEY = "0123456789abcdef" * 2
FAST = 60.0
"""Slack repeats an event after a minute; here after a second."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """A workspace, with processes in place of the bot that other tests run within their own."""

    workspace: Workspace
    programs: Sequence[Program]


@asynccontextmanager
async def sharing(
    database_url: str, *, count: int, by_http: bool = False, trees: Sequence[Path] = ()
) -> AsyncIterator[Replicas]:
    """So many processes, all ready, in one of the two modes.

    Args:
        trees: where the code of each one is, if not here.
    """
    engine = db.engine(database_url)
    await emptied(engine)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="it-replicas-")))
        ports = [free_port() for _ in range(count)]
        address = await stack.enter_async_context(balanced(ports)) if by_http else None
        sandbox = await stack.enter_async_context(
            server.serve(manifest=MANIFEST, limits=False, fast=FAST, request_url=address)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        programs = []
        for port, tree in zip(ports, trees or [folder] * count, strict=True):
            environment = settings(sandbox, database_url, port=port if by_http else None)
            program = Program(f"bot-{port}", tree, ["bot", "run"], environment)
            stack.push_async_callback(program.kill)
            programs.append(program)
        await asyncio.gather(*[program.start() for program in programs])
        for program in programs:
            assert await program.says("is ready"), program.log.read_text("utf8")
        workspace = Workspace(Watched(session, sandbox.url, engine), sandbox, None, engine, stack)  # type: ignore[arg-type]
        yield Replicas(workspace, programs)


def settings(sandbox: server.Sandbox, database_url: str, *, port: int | None) -> dict[str, str]:
    """The environment of one process.

    Args:
        port: where it listens in HTTP mode; None for Socket Mode.
    """
    mode = {"SLACK_APP_TOKEN": sandbox.app_token} if port is None else {"SLACK_SIGNING_SECRET": KEY, "PORT": str(port)}
    return {
        "SLACK_BOT_TOKEN": sandbox.bot_token,
        "SLACK_API_URL": sandbox.api_url,
        "DATABASE_URL": make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False),
        "INCIDENT_CHANNEL": "#incidents",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "json",
        **mode,
    }


@asynccontextmanager
async def balanced(ports: Sequence[int]) -> AsyncIterator[str]:
    """One address for all: each request goes to the next that takes a connection, and to no second one after that."""
    turn = itertools.cycle(range(len(ports)))

    async def passed(request: web.Request) -> web.Response:
        body, first = await request.read(), next(turn)
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        for port in (*ports[first:], *ports[:first]):
            try:
                async with session.post(f"http://127.0.0.1:{port}{request.path}", data=body, headers=headers) as answer:
                    kept = {n: v for n, v in answer.headers.items() if n.lower() == "content-type"}
                    return web.Response(status=answer.status, body=await answer.read(), headers=kept)
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                return web.Response(status=502)
        return web.Response(status=503)

    application = web.Application()
    application.router.add_route("POST", "/{path:.*}", passed)
    runner = web.AppRunner(application)
    await runner.setup()
    connector = aiohttp.TCPConnector(force_close=True)  # a kept connection may be closed just when it is used
    async with aiohttp.ClientSession(connector=connector) as session:
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        finally:
            await runner.cleanup()
