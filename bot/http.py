"""The web server: Slack's requests in HTTP mode, and what watches over the process asks, in both modes."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final, TypeAlias

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp
from yarl import query_to_pairs

from bot import incoming, metrics
from bot.houses import Houses
from domain import comparison, db, health

log = structlog.get_logger(__name__)

LARGEST_BODY: Final = 1_000_000
"""Bytes; Slack's own requests are far below."""
SLACK: Final = "/slack/events"
API: Final = "/api/v1"
READY_WITHIN_S: Final = 2
STOPS_WITHIN_S: Final = 5
"""What is answered when the bot is stopped has so long; a request that never ends does not hold it up."""

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class ListenError(RuntimeError):
    """The address is not to be had; one sentence with the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served.

    Args:
        signing_secret: None in Socket Mode, where Slack's requests do not come this way.
        is_connected: whether Slack reaches this process.
        is_current: whether the database has every table that this version needs.
        api: the REST API, where it is switched on.
        trusted_proxies: networks; who calls from there says for whom it calls.
    """

    app: AsyncApp
    houses: Houses
    signing_secret: str | None
    is_connected: Callable[[], Awaitable[bool]]
    is_current: Callable[[], Awaitable[bool]]
    api: ASGIApp | None = None
    trusted_proxies: Sequence[str] = ()


@asynccontextmanager
async def serving(site: Site, host: str, port: int) -> AsyncIterator[int]:
    """The web server, from here to the end of the block; the port that it listens on.

    Args:
        port: 0 picks a free one.

    Raises:
        ListenError: somebody else has the port, or this host has no such address.
    """
    listening = _listen(host, port)
    how: dict[str, Any] = {"lifespan": "off", "log_config": None, "access_log": False, "server_header": False}
    how["forwarded_allow_ips"] = [*site.trusted_proxies, *_mapped(site.trusted_proxies)]
    server = _Server(uvicorn.Config(web(site), timeout_graceful_shutdown=STOPS_WITHIN_S, **how))
    running = asyncio.create_task(server.run_quietly(listening))
    try:
        await server.is_up.wait()
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listening.close()


def web(site: Site) -> Starlette:
    """The ASGI application."""
    routes: list[BaseRoute] = [
        Route("/healthz", _alive),
        Route("/readyz", _readiness(site)),
        Route("/metrics", _measured(site)),
    ]
    if site.signing_secret is not None:
        routes.append(Route(SLACK, _slack(site.app, site.signing_secret), methods=["POST"]))
    routes += site.houses.pages()
    if site.api is not None:
        mounted = Mount(API, site.api, middleware=[Middleware(incoming.Named), Middleware(incoming.Counted)])
        mounted.path_regex = re.compile(mounted.path_regex.pattern, re.DOTALL)  # a line break in it, too, is the API's
        routes.append(mounted)
    return Starlette(routes=routes)


def api(secret_key: SecretStr | None, houses: Houses) -> ASGIApp | None:
    """The REST API, if there is a key to sign its logins with; FastAPI is loaded only then."""
    if secret_key is None:
        return None
    from bot.api.app import api
    from bot.api.callers import Estate

    key = secret_key.get_secret_value()
    return api(Estate(secret_key=key, house_of=houses.house_of, begin=houses.begin, once=houses.once))


def _slack(app: AsyncApp, signing_secret: str) -> Endpoint:
    verifier = SignatureVerifier(signing_secret)

    async def slack(request: Request) -> Response:
        """A request of Slack's: nothing is looked at before its signature is."""
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except asyncio.CancelledError:  # the bot stops, and the rest of this request never came
            return Response(status_code=503)
        if body is None:
            return PlainTextResponse("This is too large to be a request of Slack's.", 413)
        if not _is_signed(verifier, body, request):
            return PlainTextResponse("The signature is wrong, or older than five minutes.", 401)
        asked = _read(body, request.headers.get("content-type", ""))
        if asked is None:
            return PlainTextResponse("This is no request of Slack's.", 400)
        return to_starlette_response(await app.async_dispatch(asked))

    return slack


def _read(body: bytes, kind: str) -> AsyncBoltRequest | None:
    """What a signed body says; None where it is neither a form nor a JSON object.

    Bolt would read it too, five times as slowly; it takes an object as it is where one comes by Socket Mode.
    """
    try:
        said = body.decode()
        form = {} if said.startswith("{") or "json" in kind else dict(query_to_pairs(said))
        told = form if form and "payload" not in form else json.loads(form.get("payload", said))
    except (ValueError, RecursionError):
        return None
    return AsyncBoltRequest(body=told, mode="socket_mode") if isinstance(told, dict) else None


async def _body(request: Request) -> bytes | None:
    """The whole body; None as soon as it is known to be too large."""
    if int(request.headers.get("content-length", "0") or 0) > LARGEST_BODY:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _is_signed(verifier: SignatureVerifier, body: bytes, request: Request) -> bool:
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12 or not signature.isascii():
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:  # what Slack signs is text
        return False


async def _alive(_: Request) -> Response:
    """The process answers; whether it can work is another question."""
    return PlainTextResponse("ok\n")


def _readiness(site: Site) -> Endpoint:
    async def ready(_: Request) -> Response:
        """Whether requests should come here: the database answers and is current, Slack is connected."""
        parts = {"database": False, "migrations": False, "slack": await site.is_connected()}
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                parts["migrations"] = await site.is_current()
                parts["database"] = True
        except (SQLAlchemyError, OSError, TimeoutError):
            pass
        said = {name: "ok" if is_ok else "not ok" for name, is_ok in parts.items()}
        return JSONResponse(said, 200 if all(parts.values()) else 503)

    return ready


def _measured(site: Site) -> Endpoint:
    async def measured(_: Request) -> Response:
        """Everything that is counted, with the outbox as it is now, if the database tells."""
        metrics.CONNECTIONS.set(site.signing_secret is None and await site.is_connected())
        try:
            async with asyncio.timeout(READY_WITHIN_S), site.houses.begin() as session:
                here = [each.house.workspace_id for each in site.houses.all()]
                facts = [await health.facts(session, each) for each in here]
                compared = [await comparison.progress(session, each) for each in here]
            metrics.DATABASE.set(1)
            metrics.note(facts, compared, db.now())
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            metrics.DATABASE.set(0)
            log.warning("outbox_not_measured", kind=type(error).__name__)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return measured


def _mapped(networks: Iterable[str]) -> Iterator[str]:
    """Those of IPv4 as a server on ``::`` sees them."""
    for network in map(ip_network, networks):
        if network.version == 4:
            yield f"::ffff:{network.network_address}/{96 + network.prefixlen}"


def _listen(host: str, port: int) -> socket.socket:
    """The protocol is named because asyncio switches Nagle's delay off only then; it would cost 40 ms a click."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        why = error.strerror or type(error).__name__
        raise ListenError(f"Cannot listen on {host}, port {port}: {why}. Set HOST or PORT to others.") from None
    return made


class _Server(uvicorn.Server):
    """Leaves signals to the program that it runs in."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def run_quietly(self, listening: socket.socket) -> None:
        await self._serve([listening])
