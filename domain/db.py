"""The database: the declarative base, and how a transaction begins and ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, MetaData, String, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

Begin = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Opens a transaction: committed when the block ends, rolled back when it raises."""

STATEMENT_TIMEOUT_MS = 2_000
"""Slack waits three seconds for an answer; a statement that takes longer than this is given up."""

ALIKE = 0.35
"""How much alike two words must be, from 0 to 1, for a search to take one for the other mistyped."""

AS_WRITTEN = {"synchronize_session": False}
"""Execution options of an update with parts that SQLAlchemy would not keep when it looks for loaded objects."""


class Base(DeclarativeBase):
    """Every time is aware; constraints are named alike, so that a migration can find them."""

    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: None}  # noqa: RUF012
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def engine(url: str) -> AsyncEngine:
    """An engine that gives up before Slack does, so that the person still gets an answer."""
    return create_async_engine(
        url,
        pool_size=9,  # one of them shows that this process lives
        max_overflow=0,
        pool_timeout=2,
        hide_parameters=True,  # an error in a log must not hold what people wrote
        connect_args={
            "connect_timeout": 2,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
            f" -c pg_trgm.word_similarity_threshold={ALIKE}"
            " -c jit=off",  # compiling a search takes longer than running it
        },
    )


def transactions(engine: AsyncEngine, *, wake: Callable[[], None] = lambda: None) -> Begin:
    """How this process opens transactions.

    Args:
        engine: where to.
        wake: called after each commit that left something in the outbox.
    """

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False, autoflush=False) as session:
            async with session.begin():
                yield session
            if session.info.get("outbox"):
                wake()

    return begin


async def lock(session: AsyncSession, *names: str) -> None:
    """Until the commit nobody else who asks for one of these names goes on; in one order, so that nobody blocks."""
    name = func.unnest(cast(sorted(set(names)), ARRAY(String))).column_valued("name")
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def moment(ts: str) -> datetime:
    """When a Slack message was written; its ts stays a text wherever it is an id."""
    return datetime.fromtimestamp(float(ts), UTC)


def now() -> datetime:
    """The one clock of the domain: aware, in UTC."""
    return datetime.now(UTC)
