"""What Slack delivered already, where no row of the domain tells: kept for a day. What was said once: for ever."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import db
from domain.db import Base
from domain.errors import Repeated

KEPT = timedelta(days=1)
FOR_EVER: ColumnElement[datetime] = literal_column("'infinity'::timestamptz")
LATELY = timedelta(minutes=10)


class Delivered(Base):
    """The name of one delivery."""

    __tablename__ = "delivered"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


async def is_first(session: AsyncSession, workspace_id: str, key: str) -> bool:
    """Note this delivery, in the transaction that acts on it; False if it was acted on before."""
    old = delete(Delivered).where(Delivered.at < db.now() - KEPT).returning(Delivered.key).cte("old")
    noted = insert(Delivered).values(workspace_id=workspace_id, key=key).on_conflict_do_nothing()
    return await session.scalar(noted.returning(Delivered.key).add_cte(old)) is not None


async def is_first_ever(session: AsyncSession, workspace_id: str, key: str) -> bool:
    """Note it, in the transaction that does it; False if it was ever done before."""
    noted = insert(Delivered).values(workspace_id=workspace_id, key=key, at=FOR_EVER).on_conflict_do_nothing()
    return await session.scalar(noted.returning(Delivered.key)) is not None


async def require_first(session: AsyncSession, workspace_id: str, key: str) -> None:
    """Note this delivery as ``is_first`` does; a key that is empty names nothing, and nothing is noted.

    Raises:
        Repeated: it was acted on before.
    """
    if key and not await is_first(session, workspace_id, key):
        raise Repeated


def name(session: AsyncSession, key: str) -> None:
    """What this transaction writes into the audit is written once under this key, and raises Repeated after that."""
    session.info["once"] = key


async def run(session: AsyncSession, workspace_id: str, writing: Insert) -> None:
    """Run a statement, which notes the transaction's name, too, if it was given one.

    Raises:
        Repeated: a transaction of that name did this before.
    """
    key = session.info.pop("once", "")
    if not key:
        await session.execute(writing)
        return
    noted = insert(Delivered).values(workspace_id=workspace_id, key=key).on_conflict_do_nothing()
    is_first = select(func.count()).select_from(noted.returning(Delivered.key).cte("noted"))
    if not await session.scalar(is_first.add_cte(writing.cte("writing"))):
        raise Repeated


async def was_lately(session: AsyncSession, workspace_id: str, key: str) -> bool:
    """Whether this was noted in the last ten minutes."""
    here = (Delivered.workspace_id == workspace_id, Delivered.key == key, Delivered.at > func.now() - LATELY)
    return await session.scalar(select(Delivered.key).where(*here)) is not None


async def note(session: AsyncSession, workspace_id: str, key: str) -> None:
    """This happened now."""
    noted = insert(Delivered).values(workspace_id=workspace_id, key=key)
    await session.execute(noted.on_conflict_do_update(index_elements=["workspace_id", "key"], set_={"at": func.now()}))
