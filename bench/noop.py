"""``python -m bench.noop PORT SECRET``: bolt alone, four listeners that only ack, on a server like the bot's."""

import asyncio
import logging
import re
import socket
import sys
from typing import Any

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANYTHING = re.compile(".*", re.DOTALL)


def main() -> None:
    """Serve until stopped; the first argument is a port, the second the signing secret."""
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))


def app(signing_secret: str) -> AsyncApp:
    """Bolt as its own documentation sets it up, but without its wait of ten milliseconds for an ack."""
    found = AuthorizeResult(enterprise_id=None, team_id=None, bot_user_id="U0", bot_id="B0", bot_token="xoxb-none")  # noqa: S106

    async def authorize() -> AuthorizeResult:
        return found

    logging.disable(logging.WARNING)
    made = AsyncApp(signing_secret=signing_secret, authorize=authorize, process_before_response=True)

    async def acked(ack: AsyncAck) -> None:
        await ack()

    for kind in (made.command, made.action, made.view, made.event):
        listen: Any = kind
        listen(ANYTHING)(acked)
    return made


async def _serve(port: int, signing_secret: str) -> None:
    handler = AsyncSlackRequestHandler(app(signing_secret))

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    web = Starlette(routes=[Route("/slack/events", slack, methods=["POST"])])
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    config = uvicorn.Config(web, lifespan="off", log_config=None, access_log=False, server_header=False)
    await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    main()
