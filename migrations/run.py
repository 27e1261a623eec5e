"""Bring a database to the newest revision; safe when several processes start at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing; the caller commits."""
    command.upgrade(configured(connection), "head")


def configured(connection: Connection) -> Config:
    """Alembic's settings, for this connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest() -> str | None:
    """The revision that this code needs."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database has that revision, or a newer one that this code does not know."""
    async with engine.connect() as connection:
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found is not None and found >= (newest() or "")
