"""This process's sign of life: a lock in the database that goes when the process goes, however it ends.

So what a killed process was sending is taken up by another one at once, and what a paused or slow one is sending is
not. The lock belongs to a transaction that does nothing else and holds back no vacuum, so that it works behind a
connection pool, too.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.relay import TASK
from domain import living

log = structlog.get_logger(__name__)

CHECK_S = 1.0
RELIED_ON_S = 5.0
"""A look that is older, as after a pause, says nothing of now."""
FIRST_WITHIN_S = 5.0


class Alive:
    """Whether this process shows that it lives, and by which name."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._number = secrets.randbelow(2**31)
        self._is_shown = asyncio.Event()
        self._looked_at = 0.0

    @property
    def name(self) -> str:
        """What rows are leased by: while the sign is not there, a name that nobody judges by it."""
        is_sure = self._is_shown.is_set() and time.monotonic() - self._looked_at < RELIED_ON_S
        return self.own if is_sure else f"unmarked-{self._number}"

    @property
    def own(self) -> str:
        """What rows are leased by while the sign is there."""
        return living.marked(self._number)

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """From here to the end of the block; does without for as long as the database cannot be reached."""
        showing = asyncio.create_task(self._show(), name=TASK)
        try:
            async with asyncio.timeout(FIRST_WITHIN_S):
                await self._is_shown.wait()
        except TimeoutError:
            log.warning("sign_of_life_late")
        try:
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    async def _show(self) -> None:
        while not _is_cancelled():
            was_shown = False
            try:
                async with self._engine.connect() as connection:
                    await living.mark(connection, self._number)
                    while True:
                        self._looked_at = time.monotonic()
                        self._is_shown.set()
                        was_shown = True
                        await asyncio.sleep(CHECK_S)
                        await connection.exec_driver_sql("SELECT 1")
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("sign_of_life_lost", kind=type(error).__name__)
            finally:
                self._is_shown.clear()
            if not was_shown:  # one that was lost is shown again at once, before others take this process for dead
                await asyncio.sleep(CHECK_S)


def _is_cancelled() -> bool:
    """Asked for, because a driver that is interrupted while its connection breaks tells only of the connection."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
