"""Bring a database to the newest revision; safe when several processes start at once."""

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
TRIES = 30
PAUSE_S = 1.0
"""Between two tries, so that those who waited behind the migration go on."""


BUSY = (
    "The tables were not changed: another connection holds them, perhaps a long query or a backup. "
    "Wait until it is done, or end it (SELECT * FROM pg_stat_activity shows it), then start again."
)


class BusyError(RuntimeError):
    """The tables are held by somebody else for too long; one sentence with the fix."""


def patiently(engine: Engine, *, tries: int = TRIES, pause_s: float = PAUSE_S) -> None:
    """Run the revisions that are missing; none waits long for a table, because everybody else would wait behind it.

    Raises:
        BusyError: somebody else holds a table for longer than all tries take.
    """
    for left in reversed(range(tries)):
        try:
            with engine.begin() as connection:
                upgrade(connection)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            if not left:
                raise BusyError(BUSY) from None
            time.sleep(pause_s)
        else:
            return


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing, if any; the caller commits.

    A database that newer code has been to stays as it is: each revision leaves it usable for the code before.
    """
    if _has_newest(connection):
        return
    from alembic import command  # seven megabytes, for a start that changes tables

    command.upgrade(configured(connection), "head")


def configured(connection: Connection) -> "Config":
    """Alembic's settings, for this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def newest() -> str:
    """The revision that this code needs; files of revisions begin with theirs."""
    return max(file.name[:4] for file in (HERE / "versions").glob("[0-9]*.py"))


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database has that revision, or a newer one that this code does not know."""
    async with engine.connect() as connection:
        return await connection.run_sync(_has_newest)


def _has_newest(connection: Connection) -> bool:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return False
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found is not None and found >= newest()
