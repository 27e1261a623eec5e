"""The real bot in a local workspace, with a database of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app
from bot.app import Bot
from bot.demo import MANIFEST
from bot.settings import Settings
from bot.tour import Stage
from domain import db
from sandbox import server

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a test needs: people's hands, the local Slack, the bot, and its database."""

    stage: Stage
    sandbox: server.Sandbox
    bot: Bot
    engine: AsyncEngine

    async def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """What stands in the database."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query), values)]

    async def calls(self, *, after: int = 0) -> list[str]:
        """The Web API methods that the bot called since then, in order."""
        return [entry["method"] for entry in await self.log(after) if entry["kind"] == "api"]

    async def log(self, after: int = 0) -> list[Json]:
        async with self.stage.session.get(f"{self.sandbox.url}/control/log", params={"after": after}) as response:
            entries: list[Json] = (await response.json())["entries"]
        return entries

    async def mark(self) -> int:
        """Where the log is now, once everything is quiet."""
        await self.stage.quiet()
        async with self.stage.session.get(f"{self.sandbox.url}/control/log") as response:
            last: int = (await response.json())["last"]
        return last

    async def opened(self, title: str, *, by: str = "ana", channel: str = "#incidents") -> Json:
        """A new incident's card."""
        await self.stage.command(by, channel, f'quick "{title}"')
        return await self.stage.card(channel, title)


def settings_of(sandbox: server.Sandbox) -> Settings:
    given: Json = {
        "_env_file": None,
        "slack_bot_token": SecretStr(sandbox.bot_token),
        "slack_app_token": SecretStr(sandbox.app_token),
        "slack_api_url": sandbox.api_url,
        "incident_channel": "#incidents",
    }
    return Settings(**given)


@pytest.fixture
async def workspace(database_url: str) -> AsyncIterator[Workspace]:
    """A fresh local workspace, a fresh database content, and the bot between them."""
    engine = db.engine(database_url)
    await emptied(engine)
    try:
        async with (
            server.serve(manifest=MANIFEST, limits=False) as sandbox,
            app.running(settings_of(sandbox), engine) as bot,
            ClientSession() as session,
        ):
            yield Workspace(Stage(session, sandbox.url), sandbox, bot, engine)
    finally:
        await engine.dispose()


async def emptied(engine: AsyncEngine) -> None:
    """The local workspace has the same ids each time, so what an earlier one left must go."""
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE workspace CASCADE"))
