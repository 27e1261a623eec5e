"""The database: the declarative base, and how a transaction begins and ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import (
    DateTime,
    Engine,
    ExceptionContext,
    MetaData,
    Select,
    String,
    UpdateBase,
    cast,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, make_transient_to_detached
from sqlalchemy.pool import ConnectionPoolEntry

from domain.pooled import Way

Kept = TypeVar("Kept", bound=DeclarativeBase)

Begin = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Opens a transaction: committed when the block ends, rolled back when it raises."""

Once = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens what single statements are run on, each of which commits for itself."""

STATEMENT_TIMEOUT_MS = 2_000
"""Slack waits three seconds for an answer; a statement that takes longer than this is given up."""

ALONE = 6
"""Connections for single statements, of each process; transactions have 7 others."""

ALIKE = 0.35
"""How much alike two words must be, from 0 to 1, for a search to take one for the other mistyped."""
NEAR = 0.4
"""How much of their letters two titles must share, from 0 to 1, for one to look like the other."""

AS_WRITTEN = {"synchronize_session": False}
"""Execution options of an update with parts that SQLAlchemy would not keep when it looks for loaded objects."""


_STILL_THERE = text("SELECT 1")


class Unsure(SQLAlchemyError):
    """The connection broke while the commit was under way: it may have happened or not."""


class Overtaken(Exception):
    """Somebody else changed the same between the look at it and the write; nothing was written."""


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
        pool_size=7,  # one of them shows that this process lives
        max_overflow=0,
        pool_timeout=2,
        hide_parameters=True,  # an error in a log must not hold what people wrote
        connect_args=_connect_args(),
    )


def _connect_args() -> dict[str, Any]:
    settings = {
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "timezone": "UTC",
        "pg_trgm.word_similarity_threshold": ALIKE,
        "pg_trgm.similarity_threshold": NEAR,
        "jit": "off",  # compiling a search takes longer than running it
        "random_page_cost": "1.1",  # no disk turns; at the usual 4 whole tables are read beside an index
    }
    return {"connect_timeout": 2, "async_creator_fn": Way(settings)}


def transactions(engine: AsyncEngine, *, wake: Callable[[], None] = lambda: None, is_light: bool = False) -> Begin:
    """How this process opens transactions.

    Args:
        wake: called after each commit that left something in the outbox.
        is_light: the engine is ``alone``, so there are none: what is read is not locked, and ``write`` commits.
    """

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False, autoflush=False) as session:
            is_committing = False
            session.info["is_light"] = is_light
            try:
                async with session.begin():
                    yield session
                    if any(session):  # objects, of which something may have to be written
                        await session.flush()
                    is_committing = True
            except DBAPIError as error:
                if (is_committing or "is_writing" in session.info) and error.connection_invalidated:
                    raise Unsure("the commit was not answered") from error
                raise
            if session.info.get("outbox"):
                wake()

    return begin


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """For what is one statement: each commits for itself, on connections that do nothing else.

    Only what is ``written`` is run on them; they go at the end of the block.
    """
    made = create_async_engine(
        engine.url,
        pool_size=ALONE,
        max_overflow=0,
        pool_timeout=2,
        pool_use_lifo=True,
        pool_reset_on_return=None,  # there is never a transaction to roll back
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args=_connect_args(),
    )
    with _breaking_together(engine.sync_engine, made.sync_engine):
        try:
            yield made
        finally:
            await made.dispose()


@contextmanager
def _breaking_together(*engines: Engine) -> Iterator[None]:
    """After one connection broke, as they do when the database starts anew, no older one is tried by anybody."""
    broke_at = 0.0

    def note(context: ExceptionContext) -> None:
        nonlocal broke_at
        if context.is_disconnect:
            broke_at = time.monotonic()

    def opened(_driver: object, record: ConnectionPoolEntry) -> None:
        record.info["opened_at"] = time.monotonic()

    def check(_driver: object, record: ConnectionPoolEntry, _held: object) -> None:
        if record.info.get("opened_at", broke_at) < broke_at:
            raise InvalidatePoolError

    listening = [
        (each, *how) for each in engines for how in (("handle_error", note), ("connect", opened), ("checkout", check))
    ]
    for each in listening:
        event.listen(*each)
    try:
        yield
    finally:
        for each in listening:
            event.remove(*each)


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as SQL, with the values that are always the same, and how others become what the driver takes."""

    sql: str
    known: Mapping[str, Any] = field(default_factory=dict)
    adapted: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


def written(statement: Select[Any] | UpdateBase) -> Written:
    """A statement that is run often, as SQL: nothing of it is put together again each time.

    Its rows have the same names, and the values that psycopg gives them: an enumeration's are texts.
    """
    dialect = psycopg_dialect()  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect)
    names = compiled.bind_names.items()
    adapted = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in names}
    known = {name: compiled.params[name] for bind, name in names if not bind.required}
    return Written(str(compiled), known, {name: adapt for name, adapt in adapted.items() if adapt})


async def run(on: AsyncSession | AsyncConnection, statement: Written, values: Mapping[str, Any]) -> list[Any]:
    """Run it with these values; its rows, with names. The driver alone does it, which takes a quarter of the time.

    Raises:
        DBAPIError: as SQLAlchemy does, and with what that says of a connection that broke.
    """
    connection = await on.connection() if isinstance(on, AsyncSession) else on
    reached = connection.sync_connection
    given = {**statement.known, **values}
    given |= {name: adapt(given[name]) for name, adapt in statement.adapted.items()}
    for hear in reached.dispatch.before_cursor_execute:  # type: ignore[union-attr]
        hear(reached, None, statement.sql, given, None, False)
    driver: psycopg.AsyncConnection[Any] = reached.connection.driver_connection  # type: ignore[union-attr, assignment]
    try:
        async with driver.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(statement.sql, given)
            return [] if cursor.rownumber is None else await cursor.fetchall()
    except psycopg.Error as error:
        if driver.closed:
            await connection.execute(_STILL_THERE)  # raises, and has SQLAlchemy forget the connection
        raise DBAPIError.instance(statement.sql, given, error, psycopg.Error, hide_parameters=True) from error
    except asyncio.CancelledError:
        await connection.invalidate()  # nobody knows what it is in the middle of
        raise


async def write(session: AsyncSession, statement: Written, values: Mapping[str, Any]) -> list[Any]:
    """Run the statement that writes all that an interaction changes; in a light session it is committed by that."""
    if is_light(session):
        session.info["is_writing"] = True
    return await run(session, statement, values)


def is_light(session: AsyncSession) -> bool:
    """Whether nothing can be locked in it, because there is no transaction around its statements."""
    return bool(session.info["is_light"])


def made(kind: type[Kept], values: Mapping[str, Any]) -> Kept:
    """The object of a row that ``run`` read; it belongs to no session, so that no change of it is written by itself.

    Args:
        values: all its columns, with the types that the object has, and perhaps what it is related to.
    """
    new = kind()
    new.__dict__.update(values)
    make_transient_to_detached(new)
    return new


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
