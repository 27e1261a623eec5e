"""How far it was looked for what a row of the outbox may have posted already, kept in the row itself."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.outbox import OutboxMessage, Outgoing

LOOKED: Final = "looked"


async def keep(session: AsyncSession, message: Outgoing, places: Mapping[str, Any]) -> bool:
    """Keep it for whoever has the row next; False if that is another process by now."""
    mine = (
        OutboxMessage.id == message.id,
        OutboxMessage.leased_by == message.leased_by,
        OutboxMessage.attempts == message.lease,
    )
    kept = update(OutboxMessage).where(*mine).values(payload={**message.payload, LOOKED: places})
    return await session.scalar(kept.returning(OutboxMessage.id)) is not None
