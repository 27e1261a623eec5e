"""A workspace per module, as at the start for each test; a client, a socket and a person to act with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import Sandbox, serve

Json = dict[str, Any]

EVENTS = [
    "app_mention",
    "app_home_opened",
    "channel_archive",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_left",
    "group_rename",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "reaction_added",
    "reaction_removed",
    "team_join",
    "user_change",
]
SCOPES = [
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
    "users:read.email",
    "users.profile:read",
]


def manifest(**changes: Any) -> Json:
    """An app that may do everything; ``scopes``, ``events`` and ``settings`` replace a part."""
    return {
        "display_information": {"name": "Test App"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "bot_user": {"display_name": "Test App"},
            "slash_commands": [
                {"command": "/test", "description": "Try it", "usage_hint": "[word]", "should_escape": True},
                {"command": "/plain", "description": "Unescaped"},
            ],
            "shortcuts": [
                {"name": "Make one", "type": "global", "callback_id": "make", "description": "x"},
                {"name": "Take this", "type": "message", "callback_id": "take", "description": "x"},
            ],
        }
        | changes.get("features", {}),
        "oauth_config": {"scopes": {"bot": changes.get("scopes", SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": changes.get("events", EVENTS)},
            "interactivity": {"is_enabled": True},
            "socket_mode_enabled": True,
        }
        | changes.get("settings", {}),
    }


class Person:
    """The control API; ``user`` is filled in."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self._session = session
        self._url = url
        self._name = name

    async def does(self, what: str, **body: Any) -> Json:
        status, answer = await self.tries(what, **body)
        assert status == 200, answer
        return answer

    async def is_refused(self, what: str, **body: Any) -> str:
        status, answer = await self.tries(what, **body)
        assert status == 400, answer
        return str(answer["error"])

    async def tries(self, what: str, **body: Any) -> tuple[int, Json]:
        return await self.posts(what, {"user": self._name, **body})

    async def posts(self, what: str, body: Any) -> tuple[int, Json]:
        async with self._session.post(f"{self._url}/control/{what}", json=body) as answer:
            return answer.status, await answer.json()

    async def reads(self, what: str, **query: Any) -> Json:
        async with self._session.get(f"{self._url}/control/{what}", params=query) as answer:
            read: Json = await answer.json()
            return read

    async def log(self, kind: str, **fields: Any) -> list[Json]:
        entries = (await self.reads("log"))["entries"]
        return [e for e in entries if e["kind"] == kind and fields.items() <= e.items()]

    async def channel(self, channel_id: str) -> Json:
        return next(c for c in (await self.reads("state"))["channels"] if c["id"] == channel_id)


class Socket:
    """An app by hand: it sees each envelope, and answers when told to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket
        self.answers = True
        self.received: list[Json] = []
        self.replies: dict[str, Any] = {}
        self.arrived = asyncio.Event()
        self.hello: Json = {}

    async def listen(self) -> None:
        self.hello = json.loads(await self.raw.receive_str())
        self.arrived.set()
        async for frame in self.raw:
            envelope = json.loads(frame.data)
            self.received.append(envelope)
            if self.answers and "envelope_id" in envelope:
                await self.ack(envelope)
            self.arrived.set()

    async def ack(self, envelope: Json) -> None:
        reply: Json = {"envelope_id": envelope["envelope_id"]}
        kind = envelope["payload"].get("type") or envelope["payload"].get("command")
        if kind in self.replies:
            made = self.replies[kind]
            reply["payload"] = await made(envelope["payload"]) if callable(made) else made
        await self.raw.send_str(json.dumps(reply))

    async def next(self, count: int) -> list[Json]:
        """Wait until so many envelopes came."""
        async with asyncio.timeout(5):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.received

    def events(self, kind: str | None = None) -> list[Json]:
        events = [e["payload"]["event"] for e in self.received if e.get("type") == "events_api"]
        return [event for event in events if kind in (None, event["type"])]

    def payloads(self, kind: str) -> list[Json]:
        return [e["payload"] for e in self.received if "payload" in e and e["payload"].get("type") == kind]


@asynccontextmanager
async def connected(box: Sandbox) -> AsyncIterator[Socket]:
    app = AsyncWebClient(token=box.app_token, base_url=box.api_url)
    url = str((await app.apps_connections_open(app_token=box.app_token))["url"])
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as raw:
        socket = Socket(raw)
        listening = asyncio.create_task(socket.listen())
        await socket.arrived.wait()
        try:
            yield socket
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def workspace(folder: Path, *, limits: bool = False, changes: Json | None = None, **options: Any) -> Any:
    file = folder / "manifest.yaml"
    file.write_text(yaml.safe_dump(manifest(**(changes or {}))), "utf8")
    async with serve(manifest=file, limits=limits, **options) as box:
        yield box


@pytest.fixture(scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with workspace(tmp_path_factory.mktemp("app")) as box:
        yield box


@pytest.fixture(scope="session")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def box(served: Sandbox) -> Sandbox:
    await served.reset()
    return served


@pytest.fixture
async def socket(box: Sandbox) -> AsyncIterator[Socket]:
    async with connected(box) as made:
        yield made


@pytest.fixture
def client(box: Sandbox) -> AsyncWebClient:
    return AsyncWebClient(token=box.bot_token, base_url=box.api_url)


@pytest.fixture
def ana(session: aiohttp.ClientSession, box: Sandbox) -> Person:
    return Person(session, box.url, "ana")


@pytest.fixture
def ben(session: aiohttp.ClientSession, box: Sandbox) -> Person:
    return Person(session, box.url, "ben")


@pytest.fixture
def priya(session: aiohttp.ClientSession, box: Sandbox) -> Person:
    return Person(session, box.url, "priya")


async def error_of(call: Any) -> Json:
    """What Slack said to a call that it refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    data: Json = dict(caught.value.response.data)
    return data


async def refusal(call: Any) -> str:
    return str((await error_of(call))["error"])
