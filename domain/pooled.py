"""Connections that may lead through a pool, such as PgBouncer in transaction mode.

Such a pool gives each transaction another connection of its own. It refuses the ``options`` of a new connection, or
leaves them out, and neither settings nor prepared statements outlive a transaction. Where that is so, each transaction
begins with the settings; where it is not, which is found out when a connection is made, nothing is different.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from psycopg import AsyncConnection, AsyncCursor, OperationalError
from psycopg.pq import TransactionStatus

MARK = "incident_tracker.way"
"""A setting that nobody else makes: where it arrives, all of them do."""
ANSWERS_WITHIN_S = 2.0
"""A server that is slower is away, as one that takes so long to connect."""


class Way:
    """How connections are made; stands in for ``AsyncConnection.connect``.

    Args:
        settings: what every statement is to run with.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._options = " ".join(f"-c {name}={value}" for name, value in {**settings, MARK: "straight"}.items())
        self._begin_with = " ".join(f"SET LOCAL {name} = '{value}';" for name, value in settings.items())
        self._is_pooled = False

    async def __call__(self, *where: Any, **how: Any) -> AsyncConnection[Any]:
        """A connection whose statements run with the settings."""
        connection = None if self._is_pooled else await self._straight(*where, **how)
        if connection is None:
            connection = await Pooled.connect(*where, **{**how, "prepare_threshold": None})
            connection.begin_with = self._begin_with
            self._is_pooled = True
        return connection

    async def _straight(self, *where: Any, **how: Any) -> AsyncConnection[Any] | None:
        """None where a pool is in between."""
        try:
            connection = await AsyncConnection.connect(*where, options=self._options, **how)
        except OperationalError as error:
            if "support" in str(error) and "option" in str(error):  # so say PgBouncer and others
                return None
            raise
        try:
            if await _has_arrived(connection):
                return connection
        except BaseException:  # also if the caller went away
            await connection.close()
            raise
        await connection.close()
        return None


async def _has_arrived(connection: AsyncConnection[Any]) -> bool:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await connection.set_autocommit(True)
            found = await (await connection.execute(f"SELECT current_setting('{MARK}', true)")).fetchone()
            await connection.set_autocommit(False)
    except TimeoutError:
        raise OperationalError("the server took the connection, and says nothing") from None
    return found == ("straight",)


class Pooled(AsyncConnection[Any]):
    """Each of its transactions has the settings, and a statement that is alone gets a transaction of its own."""

    begin_with = ""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.cursor_factory = _PooledCursor


class _PooledCursor(AsyncCursor[Any]):
    connection: Pooled

    async def execute(self, query: Any, params: Any = None, **how: Any) -> Self:
        async with self._settled():
            return await super().execute(query, params, **how)

    async def executemany(self, query: Any, params_seq: Iterable[Any], **how: Any) -> None:
        async with self._settled():
            await super().executemany(query, params_seq, **how)

    @asynccontextmanager
    async def _settled(self) -> AsyncIterator[None]:
        connection = self.connection
        if connection.info.transaction_status != TransactionStatus.IDLE:
            yield
        elif connection.autocommit:
            async with connection.transaction():
                await super().execute(connection.begin_with)
                yield
        else:
            await super().execute(connection.begin_with)
            yield
