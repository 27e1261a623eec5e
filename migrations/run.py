"""Bring a database to the newest revision; safe when several processes start at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing; the caller commits."""
    command.upgrade(configured(connection), "head")


def configured(connection: Connection) -> Config:
    """Alembic's settings, for this connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
