"""The real bot in a local workspace, with a database of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app, logs
from bot.app import Bot
from bot.demo import MANIFEST
from bot.settings import Settings
from bot.sync import Pace
from bot.tour import Stage
from domain.models import Base
from sandbox import server
from tests.conftest import WITHOUT_END
from tests.engines import borrowed

Json = dict[str, Any]


@dataclass(frozen=True)
class Watched(Stage):
    """Quiet means here that nothing is due in the outbox, too, however slow the machine is."""

    engine: AsyncEngine

    async def quiet(self, idle_ms: int = 150) -> None:
        due = "SELECT 1 FROM outbox WHERE gave_up_at IS NULL AND (leased_by IS NOT NULL OR due_at <= now())"
        with suppress(TimeoutError, SQLAlchemyError):  # a test may have taken Slack or the database away
            async with asyncio.timeout(2), self.engine.connect() as connection:
                while (await connection.execute(text(due))).first():
                    await connection.rollback()
                    await asyncio.sleep(0.02)
        await super().quiet(idle_ms)


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a test needs: people's hands, the local Slack, the bot, and its database."""

    stage: Stage
    sandbox: server.Sandbox
    bot: Bot
    engine: AsyncEngine
    running: AsyncExitStack

    async def stop(self) -> None:
        """Stop the bot, as its process would be."""
        await self.running.aclose()

    async def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """What stands in the database."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query), values)]

    async def changed(self, statement: str, **values: object) -> None:
        """Something happened long ago, or thousands of times: that takes the database what it takes."""
        async with self.engine.begin() as connection:
            await connection.execute(WITHOUT_END)
            await connection.execute(text(statement), values)

    async def calls(self, *, after: int = 0) -> list[str]:
        """The Web API methods that the bot called since then, in order."""
        return [entry["method"] for entry in await self.log(after) if entry["kind"] == "api"]

    async def answered(self, *methods: str, after: int) -> list[str]:
        """Which of these calls were answered; what was asked too soon left out."""
        log = await self.log(after)
        return [each["method"] for each in log if each.get("method") in methods and each["http"] == 200]

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
        await self.delivered()
        return await self.stage.card(channel, title)

    async def control(self, call: str, body: Any) -> Json:
        """A control call whose answer is the test's business, also when the bot did not ack."""
        async with self.stage.session.post(f"{self.sandbox.url}/control/{call}", json=body) as response:
            answer: Json = await response.json()
        return answer

    async def faults(self, *faults: Json) -> None:
        """What goes wrong from now on; nothing clears."""
        assert (await self.control("faults", list(faults)))["ok"]

    async def shown(self, channel: str, words: str, timeout_s: float = 10) -> Json:
        """The message with these words, as soon as people see it."""
        query = {"channel": channel, "contains": words, "timeout_s": str(timeout_s)}
        async with self.stage.session.get(f"{self.sandbox.url}/control/wait", params=query) as response:
            message: Json = (await response.json())["message"]
        return message

    async def delivered(self) -> None:
        """Wait until nothing is left in the outbox but what was given up."""
        async with asyncio.timeout(45):
            while await self.rows("SELECT 1 FROM outbox WHERE gave_up_at IS NULL"):  # noqa: ASYNC110 - tables ring no bell
                await asyncio.sleep(0.02)

    async def comments(self) -> list[tuple[Any, ...]]:
        """Who said what, tombstones left out."""
        return await self.rows(
            'SELECT full_name, content FROM comment JOIN "user" ON "user".id = author_id'
            " WHERE comment.deleted_at IS NULL ORDER BY comment.created_at"
        )

    async def events(self, kind: str = "message", *, after: int = 0) -> list[str]:
        """The ids of the events of this type that were made, oldest first."""
        log = await self.log(after)
        made = [e["event_id"] for e in log if e["kind"] == "delivery" and e["type"] == kind and "event_id" in e]
        return list(dict.fromkeys(made))

    async def mails(self) -> list[Json]:
        """What the bot mailed, oldest first, once everything is delivered."""
        await self.delivered()
        found: list[Json] = (await self.stage.state())["mails"]
        return found

    async def lost(self, call: str, **body: Any) -> Json:
        """Something a person does of which the bot hears nothing for now."""
        await self.faults({"event": "message", "kind": "timeout", "times": 2})
        done = await self.control(call, body)
        await self.stage.quiet()
        await self.faults()
        return done


def settings_of(sandbox: server.Sandbox, **wishes: Any) -> Settings:
    given: Json = {
        "_env_file": None,
        "smtp_host": sandbox.mail_host,
        "smtp_port": sandbox.mail_port,
        "smtp_security": "none",
        "smtp_from": "Incident Tracker <bot@harbour.example>",
        "slack_bot_token": SecretStr(sandbox.bot_token),
        "slack_app_token": SecretStr(sandbox.app_token),
        "slack_api_url": sandbox.api_url,
        "incident_channel": "#incidents",
        **wishes,
    }
    return Settings(**given)


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """As the program logs: without values, and quick also when something goes wrong."""
    logs.configure("WARNING", "text")


@pytest.fixture
async def workspace(database_url: str) -> AsyncIterator[Workspace]:
    """A fresh local workspace, a fresh database content, and the bot between them."""
    async with working(database_url, pace=Pace(interval_s=0)) as workspace:
        yield workspace


@pytest.fixture
async def hurried(database_url: str) -> AsyncIterator[Workspace]:
    """The same; a minute of Slack's limits goes by in a fifth of a second."""
    async with working(database_url, pace=Pace(interval_s=0), fast=300.0) as workspace:
        yield workspace


@asynccontextmanager
async def working(
    database_url: str, *, pace: Pace | None = None, fast: float = 1.0, **wishes: Any
) -> AsyncIterator[Workspace]:
    """The same for a test with wishes of its own, for settings too; Slack's limits may go by faster."""
    async with borrowed(database_url) as engine:
        await emptied(engine)
        async with (
            server.serve(manifest=MANIFEST, limits=False, fast=fast) as sandbox,
            ClientSession() as session,
            AsyncExitStack() as running,
        ):
            bot = await running.enter_async_context(app.running(settings_of(sandbox, **wishes), engine, pace=pace))
            yield Workspace(Watched(session, sandbox.url, engine), sandbox, bot, engine, running)


EMPTYING = ";".join([
    "SET LOCAL statement_timeout = 0",
    "ALTER TABLE audit_entry DISABLE TRIGGER USER",
    "GRANT DELETE ON audit_entry TO CURRENT_USER",
    *(f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)),  # noqa: S608
    "ALTER TABLE audit_entry ENABLE TRIGGER USER",
])  # fmt: skip
"""Deleting the few rows of a test takes a fifth of the time that TRUNCATE takes for all these tables."""


async def emptied(engine: AsyncEngine) -> None:
    """The local workspace has the same ids each time, so what an earlier one left must go."""
    async with engine.begin() as connection:
        await connection.exec_driver_sql(EMPTYING)
