"""The database: the declarative base, and how a transaction begins and ends."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CursorResult,
    DateTime,
    MetaData,
    Select,
    String,
    TextClause,
    bindparam,
    cast,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
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


_NAMED_CAST = re.compile(r"(:\w+)::")
"""Of a parameter, which ``text`` knows only with a space before the cast."""


class Unsure(SQLAlchemyError):
    """The connection broke while the commit was under way: it may have happened or not."""


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
            is_committing = False
            try:
                async with session.begin():
                    yield session
                    await session.flush()
                    is_committing = True
            except DBAPIError as error:
                if is_committing and error.connection_invalidated:
                    raise Unsure("the commit was not answered") from error
                raise
            if session.info.get("outbox"):
                wake()

    return begin


def statements(engine: AsyncEngine) -> Begin:
    """How this process runs what is one statement: each commits for itself, which spares two round trips."""
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(alone, expire_on_commit=False, autoflush=False) as session:
            yield session

    return begin


def written(statement: Select[Any] | Insert) -> TextClause:
    """A statement that is run often, as SQL: nothing of it is put together again each time.

    Its rows have the same names, and the values that psycopg gives them.
    """
    compiled = statement.compile(dialect=psycopg.dialect(paramstyle="named"))  # type: ignore[no-untyped-call]
    names = compiled.bind_names.items()
    known = [bindparam(name, bind.value, bind.type, required=bind.required) for bind, name in names]
    return text(_NAMED_CAST.sub(r"\1 ::", str(compiled))).bindparams(*known)


async def run(session: AsyncSession, statement: TextClause, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Run it with these values, without what a session does for statements about objects."""
    return await (await session.connection()).execute(statement, dict(values))


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
