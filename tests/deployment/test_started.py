"""The image's own entrypoint, health check and migration, as processes: until healthy, and to a clean end."""

import asyncio
import os
import pwd
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.demo import MANIFEST
from sandbox import server
from tests.deployment.files import (
    ROOT,
    bot_environment,
    compose,
    health_check,
    image_environment,
    manifest,
    seconds,
    words,
)
from tests.end_to_end.conftest import emptied
from tests.ports import free_port

PATIENCE_S = 120
GRACE_S = seconds(compose()["services"]["bot"]["stop_grace_period"])
SIGNING_SECRET = "0123456789abcdef" * 2
PROGRAMS = Path(sys.executable).parent


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """One to work in, which nobody may write to, and one for what is only for now."""
    with tempfile.TemporaryDirectory(prefix="it-image-") as name:
        work, temporary = Path(name) / "app", Path(name) / "tmp"
        work.mkdir()
        temporary.mkdir()
        temporary.chmod(0o1777)
        work.chmod(0o555)
        Path(name).chmod(0o755)
        yield work, temporary


def somebody(database_url: str) -> dict[str, Any]:
    """Not root, as in the image, where the tests' root could become somebody who still reads code and database."""
    host = str(make_url(database_url).query.get("host", ""))
    if os.geteuid() != 0 or not host.startswith("/"):
        return {}
    user = pwd.getpwuid(Path(host).stat().st_uid)
    may_read = all(
        folder.stat().st_mode & 0o001 for each in (ROOT, Path(sys.executable).resolve()) for folder in each.parents
    )
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user.pw_uid and may_read else {}


@asynccontextmanager
async def started(
    command: list[str], given: Mapping[str, str], folders: tuple[Path, Path], who: Mapping[str, Any]
) -> AsyncIterator[Process]:
    """A process that sees nothing of the tests' own environment; killed at the end if it is still there."""
    work, temporary = folders
    program = shutil.which(command[0], path=str(PROGRAMS))
    assert program
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], cwd=work, stdout=PIPE, stderr=STDOUT, stdin=asyncio.subprocess.DEVNULL,
        env={**given, "PATH": f"{PROGRAMS}:/usr/bin:/bin", "TMPDIR": str(temporary), "HOME": str(work)}, **who,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_healthy(given: Mapping[str, str], folders: tuple[Path, Path], process: Process) -> None:
    """Ask as the engine does, by the image's own check."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with started(health_check(), given, folders, {}) as asking:
                if await asking.wait() == 0:
                    return
            if process.returncode is not None:
                pytest.fail(f"It ended with {process.returncode}: {(await process.communicate())[0].decode()}")
            await asyncio.sleep(0.1)


async def ready(port: str) -> dict[str, str]:
    """What /readyz says once it is content."""
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    return dict(await answer.json())
            await asyncio.sleep(0.1)


def environment(slack: server.Sandbox, database_url: str, **chosen: str) -> dict[str, str]:
    """As compose gives it with this ``.env``, but for the database, which has another address here."""
    given = {
        "SLACK_BOT_TOKEN": slack.bot_token, "POSTGRES_PASSWORD": "secret", "SLACK_API_URL": slack.api_url,
        "HOST": "127.0.0.1", "PORT": str(free_port()), **chosen,
    }  # fmt: skip
    return {**image_environment(), **bot_environment(given), "DATABASE_URL": plain(database_url)}


def plain(database_url: str) -> str:
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
async def slack(engine: AsyncEngine) -> AsyncIterator[server.Sandbox]:
    await emptied(engine)
    async with server.serve(manifest=MANIFEST, limits=False) as sandbox:
        yield sandbox


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_the_entrypoint_becomes_healthy_and_ends_cleanly_when_asked(
    mode: str, slack: server.Sandbox, database_url: str, folders: tuple[Path, Path]
) -> None:
    way = {"SLACK_APP_TOKEN": slack.app_token} if mode == "socket" else {"SLACK_SIGNING_SECRET": SIGNING_SECRET}
    given = environment(slack, database_url, **way)

    async with started([*words("ENTRYPOINT"), *words("CMD")], given, folders, somebody(database_url)) as process:
        await until_healthy(given, folders, process)
        assert await ready(given["PORT"]) == {"database": "ok", "migrations": "ok", "slack": "ok"}
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(GRACE_S):
            said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()
    assert b"is ready" in said
    assert list(folders[0].iterdir()) == []  # cwd and home, which are read-only in the image


async def test_the_check_fails_while_nobody_answers(folders: tuple[Path, Path]) -> None:
    async with started(health_check(), {"PORT": str(free_port())}, folders, {}) as asking:
        assert await asking.wait() != 0


async def test_the_migration_needs_no_more_than_its_job_gives(database_url: str, folders: tuple[Path, Path]) -> None:
    [container] = manifest("Job")["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value", "") for each in container["env"]} | {"DATABASE_URL": plain(database_url)}
    command = [*words("ENTRYPOINT"), *container["args"]]

    async with started(command, {**image_environment(), **given}, folders, somebody(database_url)) as process:
        said, _ = await process.communicate()

    assert (process.returncode, said.decode()) == (0, "The database is up to date.\n")
    assert list(folders[0].iterdir()) == []


async def test_without_its_settings_it_says_which_are_missing(database_url: str, folders: tuple[Path, Path]) -> None:
    given = {**image_environment(), "DATABASE_URL": plain(database_url)}

    async with started([*words("ENTRYPOINT"), *words("CMD")], given, folders, {}) as process:
        said, _ = await process.communicate()

    assert process.returncode == 1
    assert b"SLACK_BOT_TOKEN is missing." in said
    assert b"Traceback" not in said
