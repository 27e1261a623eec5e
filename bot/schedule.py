"""The clock: every minute each replica looks for what is due; the database lets one of them have it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.exc import SQLAlchemyError

from bot.house import House
from domain import catch_up, db, nudges, schedules

log = structlog.get_logger(__name__)

COMPARED_EVERY = timedelta(hours=1)
"""How often all threads that count are compared with Slack, if nothing else is a reason to."""


@asynccontextmanager
async def running(house: House) -> AsyncIterator[None]:
    """Look once now, and then at the beginning of each minute, until the block ends."""

    async def look() -> None:
        await tick(house, db.now())

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        look, CronTrigger(second=0, timezone="UTC"), coalesce=True, max_instances=1, misfire_grace_time=None
    )
    scheduler.add_job(look)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


async def tick(house: House, now: datetime) -> None:
    """Put what is due in the outbox; while the database is away, the next tick finds it."""
    try:
        async with house.begin() as session:
            await schedules.tick(session, house.workspace_id, now)
        async with house.begin() as session:
            await nudges.tick(session, house.workspace_id, now)
        if now - (house.pulse.connected_at or house.pulse.began_at) >= COMPARED_EVERY:  # else that was asked for then
            async with house.begin() as session:
                await catch_up.ask(session, house.workspace_id, unless_since=now - COMPARED_EVERY)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("tick_missed", kind=type(error).__name__)
