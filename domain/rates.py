"""How often somebody asked lately, counted in the database, so that several processes count together.

A window begins at a full minute (or as many seconds as it has), and the count begins anew with it: one small statement
per request. Around the change from one window to the next, up to twice as many as the limit may come in a short time.
The table is not written ahead: after a crash of the database everybody may ask as if they had not.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import Index
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import db
from domain.db import Base, Written

Connection: TypeAlias = AsyncConnection | AsyncSession


class Count(Base):
    """How often in the window that began then; ``who`` names nobody by an address."""

    __tablename__ = "api_count"

    who: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime]
    hits: Mapped[int]

    __table_args__ = (Index("ix_api_count_began", "began_at"), {"prefixes": ["UNLOGGED"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many in so many seconds."""

    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a limit is used, this time counted, and in how many seconds it begins anew."""

    hits: int
    reset_s: int
    is_over: bool


_COUNT: Final = Written(
    "WITH span AS (SELECT date_bin(make_interval(secs => %(seconds)s), now(), 'epoch') AS began), old AS ("
    "DELETE FROM api_count WHERE who IN (SELECT who FROM api_count WHERE began_at < now() - interval '2 hours'"
    " AND who <> %(who)s LIMIT 10 FOR UPDATE SKIP LOCKED)) "
    "INSERT INTO api_count AS counted (who, began_at, hits) SELECT %(who)s, began, 1 FROM span "
    "ON CONFLICT (who) DO UPDATE SET began_at = excluded.began_at,"
    " hits = CASE WHEN counted.began_at = excluded.began_at THEN counted.hits + 1 ELSE 1 END "
    "RETURNING hits, ceil(%(seconds)s - extract(epoch FROM now() - began_at))::int AS reset_s"
)


async def count(on: Connection, who: str, limit: Limit) -> Used:
    """Count one more, and say whether it is one too many."""
    [row] = await db.run(on, _COUNT, {"who": who, "seconds": limit.seconds})
    return Used(row.hits, max(row.reset_s, 1), row.hits > limit.most)


def place(address: str) -> str:
    """Where somebody is who comes from this address: of IPv6, one connection has a whole network to choose from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


def unnamed(kind: str, value: str) -> str:
    """Who is counted, where that is an address that is nobody's business."""
    return f"{kind}:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}"
