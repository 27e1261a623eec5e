"""Engines that keep the statements which they compiled: that takes longer than most tests."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from domain import db

IDLE: defaultdict[str, list[AsyncEngine]] = defaultdict(list)


@asynccontextmanager
async def borrowed(url: str) -> AsyncIterator[AsyncEngine]:
    """One that nobody else has now; its connections are new, and closed at the end."""
    engine = IDLE[url].pop() if IDLE[url] else db.engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()
        IDLE[url].append(engine)
