"""Which processes live, told by a lock that each holds, and whose rows of the outbox are nobody's any more."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain import db
from domain.db import Written
from domain.outbox import LEASE

LOCKS = 0x1AC
"""The first half of the locks by which processes show that they live."""
BACK_AFTER = timedelta(seconds=10)
"""After the database itself was started, every process has so long to show that it lives."""
SHOWN_WITHIN = timedelta(seconds=3)
"""What was leased later than this after the start of the database was leased by somebody who showed it there."""
_SIGNS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND classid = %(kind)s AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""The signs of life that are shown in this database."""
_WITHOUT_END = text(
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)
"""The second one is known since PostgreSQL 17."""
_FREE = Written(
    "UPDATE outbox SET leased_until = NULL, leased_by = NULL"  # noqa: S608
    " WHERE leased_by LIKE 'process-%%' AND leased_by <> %(own)s AND (pg_postmaster_start_time() < now() - %(settled)s"
    " OR leased_until - %(lease)s BETWEEN pg_postmaster_start_time() + %(shown)s AND now())"
    f" AND NOT EXISTS (SELECT {_SIGNS} AND 'process-' || objid = outbox.leased_by) RETURNING id"
)


def marked(number: int) -> str:
    """The name of a process that shows a sign of life."""
    return f"process-{number}"


async def mark(connection: AsyncConnection, number: int) -> None:
    """Show that this process lives, for as long as this transaction lasts."""
    await connection.execute(_WITHOUT_END)
    await connection.execute(text("SELECT pg_advisory_xact_lock(:kind, :number)"), {"kind": LOCKS, "number": number})


async def count(session: AsyncSession) -> int:
    """How many processes show that they live."""
    [row] = await db.run(session, Written(f"SELECT count(*) AS found {_SIGNS}"), {"kind": LOCKS})
    return int(row.found)


async def take_from_the_dead(on: AsyncSession | AsyncConnection, *, own: str) -> int:
    """Free what processes hold that showed that they live and do not any more; how many rows.

    Args:
        own: the name of whoever asks, who lives even if the connection broke that shows it.
    """
    spans = {"settled": BACK_AFTER, "shown": SHOWN_WITHIN, "lease": LEASE}
    return len(await db.run(on, _FREE, {"kind": LOCKS, "own": own, **spans}))
