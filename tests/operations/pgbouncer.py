"""A real PgBouncer in transaction mode before the tests' PostgreSQL."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.ports import free_port

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PATIENCE_S = 20
SMALL_POOL = 6
"""Connections to the server; two processes alone hold 26 to the pool."""

needed = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed: apt-get install pgbouncer")


@asynccontextmanager
async def before(database_url: str, *settings: str, size: int = SMALL_POOL) -> AsyncIterator[str]:
    """The address of the same database through a pool.

    Args:
        settings: more lines for its configuration.
    """
    assert PROGRAM is not None
    port, user = free_port(), _somebody(database_url)
    with _folder(_configuration(database_url, port, size, *settings)) as folder, (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, str(folder / "pgbouncer.ini"),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            user=user and user.pw_uid, group=user and user.pw_gid, extra_groups=[] if user else None,
        )  # fmt: skip
        url = make_url(database_url).set(host="127.0.0.1", port=port, username="bot", password=None, query={})
        try:
            await _is_up(url.set(drivername="postgresql").render_as_string(), process, folder / "log")
            yield url.render_as_string()
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)  # at once, whoever is connected
            await process.wait()


@contextmanager
def _folder(configuration: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="it-pool-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pgbouncer.ini").write_text(configuration, "utf8")
        yield folder


def _configuration(database_url: str, port: int, size: int, *settings: str) -> str:
    url = make_url(database_url)
    where = {
        "host": url.query.get("host", url.host), "port": url.query.get("port", url.port or 5432),
        "user": url.username, "password": url.password,
    }  # fmt: skip
    target = " ".join(f"{name}='{value}'" for name, value in where.items() if value is not None)
    return "\n".join(
        [
            "[databases]", f"* = {target}", "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}",
            "unix_socket_dir =", "auth_type = any", "pool_mode = transaction", f"default_pool_size = {size}",
            "max_client_conn = 200", *settings, "",
        ]
    )  # fmt: skip


def _somebody(database_url: str) -> pwd.struct_passwd | None:
    """Whom to run it as, which may not be root: whoever may reach the server's socket."""
    if os.geteuid() != 0:
        return None
    host = str(make_url(database_url).query.get("host", ""))
    return pwd.getpwuid(Path(host).stat().st_uid) if host.startswith("/") else pwd.getpwnam("nobody")


async def _is_up(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await _answers(url):
            assert process.returncode is None, await asyncio.to_thread(log.read_text)
            await asyncio.sleep(0.05)


async def _answers(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url, prepare_threshold=None) as connection:
            await connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
