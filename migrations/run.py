"""Bring a database to the newest revision; safe when several processes start at once."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent


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
