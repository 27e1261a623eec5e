"""Two workspaces of one Slack whose ids are the same, and the bot that both may install."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import pytest
import yaml
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app, logs
from bot.app import Bot
from bot.demo import MANIFEST
from bot.settings import Settings
from bot.sync import Pace
from sandbox import people, server
from sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from tests.end_to_end.conftest import Watched, Workspace, emptied
from tests.engines import borrowed
from tests.ports import free_port

Json = dict[str, Any]

KEY = "0123456789abcdef" * 2
SECRET_KEY = "a key that nobody can guess, as far as this test is concerned"
TEAMS = {"T0HARBOUR0": "harbour", "T0LAGOON00": "lagoon"}


class Stamps:
    """Both workspaces' messages get the same timestamps, in the order in which they are written."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def next(self) -> str:
        return f"{1_790_000_000 + next(self._next)}.000100"


@dataclass(frozen=True, slots=True)
class Slack:
    """The workspaces, and where the bot listens."""

    harbour: Workspace
    lagoon: Workspace
    engine: AsyncEngine
    settings: Settings
    url: str

    @property
    def both(self) -> tuple[Workspace, Workspace]:
        return self.harbour, self.lagoon

    async def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query), values)]

    @asynccontextmanager
    async def served(self, *, port: int | None = None) -> AsyncIterator[Bot]:
        """A process of the bot, with connections of its own."""
        chosen = self.settings.model_copy(update={} if port is None else {"port": port})
        url = self.engine.url.render_as_string(hide_password=False)
        async with borrowed(url) as engine, app.running(chosen, engine, pace=Pace(interval_s=0)) as bot:
            yield bot


@pytest.fixture(autouse=True)
def quiet_logs() -> None:
    """As the program logs, whatever a test before this one made of it."""
    logs.configure("WARNING", "text")


@pytest.fixture
async def slack(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slack]:
    """Two workspaces that nobody installed anything in, yet."""
    async with standing(database_url, tmp_path, monkeypatch) as found:
        yield found


@asynccontextmanager
async def standing(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **wishes: Any
) -> AsyncIterator[Slack]:
    monkeypatch.setattr("sandbox.http_mode.SIGNING_SECRET", KEY)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(borrowed(database_url))
        await emptied(engine)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        boxes: list[server.Sandbox] = []
        for team, name in TEAMS.items():
            box = await stack.enter_async_context(
                server.serve(
                    manifest=MANIFEST,
                    people=_people(folder, team, name),
                    limits=False,
                    request_url=f"{url}/slack/events",
                    beside=boxes[0] if boxes else None,
                )
            )
            box.workspace.stamps = Stamps()  # type: ignore[assignment]
            boxes.append(box)
        both = [Workspace(Watched(session, box.url, engine), box, None, engine, stack) for box in boxes]  # type: ignore[arg-type]
        yield Slack(both[0], both[1], engine, _settings(boxes, port, **wishes), url)


def _people(folder: Path, team: str, name: str) -> Path:
    facts = yaml.safe_load(people.DEFAULT.read_text("utf8"))
    facts["team"] = {"id": team, "name": name.title(), "domain": name}
    written = folder / f"{name}.yaml"
    written.write_text(yaml.safe_dump(facts), "utf8")
    return written


def _settings(boxes: Sequence[server.Sandbox], port: int, **wishes: Any) -> Settings:
    given: Json = {
        "_env_file": None,
        "slack_client_id": CLIENT_ID,
        "slack_client_secret": SecretStr(CLIENT_SECRET),
        "slack_signing_secret": SecretStr(KEY),
        "secret_key": SecretStr(SECRET_KEY),
        "slack_api_url": boxes[0].api_url,
        "host": "127.0.0.1",
        "port": port,
        "incident_channel": "#incidents",
        "first_superuser": "ana@harbour.example",
        "smtp_host": boxes[0].mail_host,
        "smtp_port": boxes[0].mail_port,
        "smtp_security": "none",
        "smtp_from": "Incident Tracker <bot@harbour.example>",
        **wishes,
    }
    return Settings(**given)


class Browser:
    """Somebody's browser, which keeps cookies."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.url = self.page = ""
        self.status = 0

    async def open(self, url: str) -> str:
        async with self.session.get(urljoin(self.url, url)) as answer:
            self.url, self.status, self.page = str(answer.url), answer.status, await answer.text()
        return self.page

    async def follow(self, label: str) -> str:
        """The link with these words."""
        return await self.open(self.link(label))

    def link(self, label: str) -> str:
        found = re.search(rf'href="([^"]+)">{re.escape(label)}<', self.page)
        assert found, self.page
        return urljoin(self.url, unescape(found[1]))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    made = Browser()
    yield made
    await made.session.close()


async def install(slack: Slack, workspace: Workspace, browser: Browser) -> str:
    """A person installs the app in this workspace; the last page."""
    await browser.open(f"{slack.url}/slack/install")
    theirs = browser.link("Add to Slack").replace(slack.harbour.sandbox.url, workspace.sandbox.url)
    await browser.open(theirs)
    return await browser.follow("Allow as ana")


async def until(true: Callable[[], Awaitable[object]], within_s: float = 20) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within_s):
        while not await true():  # noqa: ASYNC110 - tables ring no bell
            await asyncio.sleep(0.02)
