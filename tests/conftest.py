"""One real PostgreSQL for the whole run, and a fresh workspace in it for each test."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import postgres, router, schedule
from domain import db, profiles, signup, workspaces
from domain.db import Begin
from domain.policy import Actor, Standing
from domain.users import Profile
from domain.workspaces import ChannelFacts
from migrations import run
from sandbox import http_mode, socket_mode
from sandbox.socket_mode import ACK_SECONDS

GENERAL, INCIDENTS, SECRET = "C0GENERAL", "C0INCIDENTS", "C0SECRET"
WITHOUT_END = text("SET LOCAL statement_timeout = 0")
PATIENCE = 4
"""So many times as long as Slack does, a request may take here."""


@pytest.fixture(scope="session", autouse=True)
def patient_clock() -> Iterator[None]:
    """What is due at a full minute is due when a test says so, and a busy machine may take longer than Slack waits."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schedule, "STRIKES", CronTrigger(year=2099, timezone="UTC"))
        patched.setattr(router, "DEADLINE_S", router.DEADLINE_S * PATIENCE)
        for module in (socket_mode, http_mode):
            patched.setattr(module, "ACK_SECONDS", ACK_SECONDS * PATIENCE)
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that wait until Slack does not wait any more."""
    for module in (socket_mode, http_mode):
        monkeypatch.setattr(module, "ACK_SECONDS", ACK_SECONDS)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """TEST_DATABASE_URL names another server; else one is started that leaves nothing behind."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    with postgres.throwaway() as url:
        yield url


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """An own database with the newest schema, dropped at the end."""
    name = f"test_{secrets.token_hex(4)}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server_url).set(database=name)
    migrated = create_engine(url)
    with migrated.begin() as connection:
        run.upgrade(connection)
    migrated.dispose()
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = db.engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def alone(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """For single statements."""
    async with db.alone(engine) as made:
        yield made


@pytest.fixture
def begin(engine: AsyncEngine) -> Begin:
    return db.transactions(engine)


@pytest.fixture
async def team(begin: Begin) -> str:
    """A new workspace with two public channels and a private one."""
    workspace_id = f"T{secrets.token_hex(5).upper()}"
    channels = [
        ChannelFacts(GENERAL, "general", is_private=False),
        ChannelFacts(INCIDENTS, "incidents", is_private=False),
        ChannelFacts(SECRET, "secret", is_private=True),
    ]
    async with begin() as session:
        await workspaces.ensure(session, workspace_id, url="https://harbour.slack.com/")
        await workspaces.learn_channels(session, workspace_id, channels)
    return workspace_id


async def member(begin: Begin, team: str, name: str, standing: Standing = Standing.MEMBER) -> Actor:
    """Somebody who used the bot before, now in #general."""
    profile = Profile(
        slack_user_id=f"U0{name.upper()}", name=name, email=f"{name.lower()}@example.com", standing=standing
    )
    async with begin() as session:
        await profiles.learn(session, team, [profile])
        actor = await signup.join(session, team, profile)
    return actor.at(channel_id=GENERAL)


@pytest.fixture
async def ana(begin: Begin, team: str) -> Actor:
    return await member(begin, team, "Ana")


@pytest.fixture
async def ben(begin: Begin, team: str) -> Actor:
    return await member(begin, team, "Ben")


@pytest.fixture
async def gus(begin: Begin, team: str) -> Actor:
    """A guest."""
    return await member(begin, team, "Gus", Standing.GUEST)


async def both(first: object, second: object) -> list[object]:
    """Two things at the same moment; what each returned or raised."""
    return list(await asyncio.gather(first, second, return_exceptions=True))  # type: ignore[call-overload]
