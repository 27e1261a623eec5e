"""The bot serves with no more rights in the database than docs/operations.md gives it, and cannot change the audit."""

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import ClientSession
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app
from bot.demo import MANIFEST
from domain import db
from migrations import run
from sandbox import server
from tests.deployment.files import ROOT
from tests.end_to_end.conftest import Watched, Workspace, settings_of

PAGE = (ROOT / "docs" / "operations.md").read_text("utf8")


def granted(database: str, role: str) -> list[str]:
    """The statements of the page, for this database and this role."""
    part = PAGE.partition("### Less rights for the bot in the database")[2]
    block = re.search(r"```sql\n(.*?)```", part, re.DOTALL)
    assert block
    said = re.sub(r"\bDATABASE incidents\b", f"DATABASE {database}", block[1])
    return [each.strip() for each in re.sub(r"\b(ROLE|TO) bot\b", rf"\1 {role}", said).split(";") if each.strip()]


@pytest.fixture
def lesser_url(server_url: str) -> Iterator[str]:
    """An own database that its owner migrated, seen by the role that the page makes."""
    name = f"test_rights_{secrets.token_hex(4)}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    owner = create_engine(make_url(server_url).set(database=name))
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        with owner.begin() as connection:
            run.upgrade(connection)
            for statement in granted(name, name):
                connection.execute(text(statement))
        url = make_url(server_url).set(database=name, username=name, password="…")
        yield url.render_as_string(hide_password=False)
    finally:
        owner.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE IF EXISTS {name}"))
        admin.dispose()


@asynccontextmanager
async def engine_of(url: str) -> AsyncIterator[AsyncEngine]:
    engine = db.engine(url)
    yield engine
    await engine.dispose()


async def test_it_works_with_them_and_the_audit_is_out_of_its_reach(lesser_url: str) -> None:
    async with (
        engine_of(lesser_url) as engine,
        server.serve(manifest=MANIFEST, limits=False) as sandbox,
        ClientSession() as session,
        app.running(settings_of(sandbox), engine) as bot,
    ):
        workspace = Workspace(Watched(session, sandbox.url, engine), sandbox, bot, engine, AsyncExitStack())
        card = await workspace.opened("Disk full")
        await workspace.stage.click("ben", "#incidents", card, "incident.take")
        await workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
        await workspace.delivered()
        assert [words for _, words in await workspace.comments()] == ["Which disk?"]

    for attempt in ("ALTER TABLE audit_entry DISABLE TRIGGER USER", "TRUNCATE audit_entry", "DELETE FROM audit_entry"):
        async with engine_of(lesser_url) as engine, engine.connect() as connection:
            with pytest.raises(DBAPIError):
                await connection.execute(text(attempt))
