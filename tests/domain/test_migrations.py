"""The schema in the migrations is the one in the code."""

import asyncio
import secrets
import sys

from alembic import command
from sqlalchemy import create_engine, make_url, text

from migrations import run


def upgraded(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        run.upgrade(connection)
    engine.dispose()


def test_upgrading_again_changes_nothing_and_nothing_is_missing(database_url: str) -> None:
    upgraded(database_url)

    engine = create_engine(database_url)
    with engine.connect() as connection:
        command.check(run.configured(connection))
    engine.dispose()


async def test_several_processes_that_start_at_once_migrate_once(server_url: str) -> None:
    name = f"test_at_once_{secrets.token_hex(4)}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)

    code = "import sys; from bot.__main__ import _migrate; _migrate(sys.argv[1])"
    starts = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, url) for _ in range(2)]
    ends = [await process.wait() for process in starts]

    assert ends == [0, 0]
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
