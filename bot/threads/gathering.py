"""Replies that come while others are being kept wait for them, and are then kept by one statement together."""

import asyncio

from sqlalchemy.exc import DataError

from domain import hearing
from domain.comments import Reply
from domain.db import Once
from domain.hearing import Heard


class _Batch:
    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.kept: asyncio.Task[list[bool]]


class Gathering:
    """What is on its way, and what waits for it. Nothing waits longer than a statement takes."""

    def __init__(self) -> None:
        self._last: asyncio.Task[list[bool]] | None = None
        self._waiting: _Batch | None = None

    async def keep(self, once: Once, workspace_id: str, reply: Reply, *, by: str) -> bool:
        """As ``hearing.keep`` of this one."""
        heard = Heard(reply, by)
        batch = self._waiting or self._begin(once, workspace_id)
        place = len(batch.heard)
        batch.heard.append(heard)
        try:
            return (await asyncio.shield(batch.kept))[place]
        except (DataError, ValueError, OverflowError):
            if len(batch.heard) == 1:
                raise
        async with once() as alone:  # one of them cannot be stored, perhaps another one
            return (await hearing.keep(alone, workspace_id, [heard]))[0]

    def _begin(self, once: Once, workspace_id: str) -> _Batch:
        batch = self._waiting = _Batch()
        batch.kept = self._last = asyncio.create_task(self._keep(batch, self._last, once, workspace_id))
        return batch

    async def _keep(
        self, batch: _Batch, before: "asyncio.Task[list[bool]] | None", once: Once, workspace_id: str
    ) -> list[bool]:
        if before is not None and not before.done():
            await asyncio.wait({before})
        self._waiting = None  # whoever comes now is kept by the next one
        async with once() as alone:
            return await hearing.keep(alone, workspace_id, batch.heard)
