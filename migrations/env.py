"""How alembic runs here: on a connection that is handed over, or on DATABASE_URL for the developer."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, text

from domain.models import Base

LOCK = 7_150_842_026
"""Names the transaction-wide lock that lets one of several starting processes migrate."""

WAITS_FOR_TABLES = "1s"
"""Whoever comes after it waits as long, which must be less than what a statement of the bot may take."""


def migrate(connection: Connection) -> None:
    """Run the wanted revisions in one transaction; another process that does the same waits and finds it done."""
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAITS_FOR_TABLES}'"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with create_engine(os.environ["DATABASE_URL"]).connect() as opened:
        migrate(opened)
