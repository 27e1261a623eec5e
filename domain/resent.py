"""What programs send once more because the first answer did not reach them: done once, answered twice alike.

A program names what it sends by a key of its own. The key is noted in the transaction that does it, so that a second
one with the same key waits for the first and then finds what came of it.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base
from domain.errors import InvalidInput, NotFound
from domain.incident_table import Incident
from domain.policy import Actor

KEPT: Final = timedelta(days=7)


class Sent(Base):
    """What somebody sent under a key, and what came of it."""

    __tablename__ = "api_request"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    said: Mapped[str]
    made: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


async def first(session: AsyncSession, key: str | None, said: str, *, by: Actor) -> tuple[UUID, bool]:
    """The id that what is made is to have, and whether it is to be made now; else it has been.

    Args:
        key: None where the program gave none, and wants it made in any case.
        said: all of the request, so that a key that is used for another one is found out.

    Raises:
        InvalidInput: on ``Idempotency-Key``: this key was used for another request.
    """
    made = uuid4()
    if key is None:
        return made, True
    print_ = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
    named = {"workspace_id": by.workspace_id, "user_id": by.id, "key": key}
    old = delete(Sent).where(Sent.at < func.now() - KEPT, Sent.key != key).cte("old")
    noted = insert(Sent).values(**named, said=print_, made=made).on_conflict_do_nothing()
    if await session.scalar(noted.returning(Sent.made).add_cte(old)) is not None:
        return made, True
    known = (await session.execute(select(Sent.said, Sent.made).filter_by(**named))).one()
    if known.said != print_:
        raise InvalidInput(
            "Nothing was changed: this Idempotency-Key was used for another request. Use a new one for each.",
            field="Idempotency-Key",
        )
    return known.made, False


async def incident(session: AsyncSession, made: UUID, *, by: Actor) -> UUID:
    """The incident that was opened under a key, by the id that ``first`` gave."""
    wanted = select(Incident.id).where(Incident.workspace_id == by.workspace_id, Incident.source == f"api:{made}")
    found: UUID | None = await session.scalar(wanted)
    if found is None:
        raise NotFound("Nothing was changed: what was opened under this Idempotency-Key is gone. Use a new one.")
    return found
