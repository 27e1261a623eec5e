"""The clock: every minute each replica looks for what is due; the database lets one of them have it.

What is due is due by the database's clock, which all replicas share: the one of a process may be wrong, and may jump.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog
from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.house import House
from bot.houses import Houses
from domain import absence, catch_up, nudges, purging, schedules

log = structlog.get_logger(__name__)

JUMPS_SEEN_WITHIN_S = 5.0
JUMP_S = 1.0
COMPARED_EVERY = timedelta(hours=1)
"""How often all threads that count are compared with Slack, if nothing else is a reason to."""
STRIKES = CronTrigger(second=0, timezone="UTC")
PURGES_AT_MINUTE = 37
"""Of each hour: what was deleted long enough ago goes for good, when no digest is likely to be due."""


@asynccontextmanager
async def running(houses: Houses) -> AsyncIterator[None]:
    """Look once now, and then at the beginning of each minute, until the block ends."""

    async def look() -> None:
        with suppress(asyncio.CancelledError):  # the bot stops; the scheduler would report that as a fault
            if (now := await _now(houses)) is not None:
                for served in houses.all():
                    await tick(served.house, now)

    scheduler = AsyncIOScheduler(timezone="UTC")
    striking = scheduler.add_job(look, STRIKES, coalesce=True, max_instances=1, misfire_grace_time=None)
    scheduler.add_job(look)
    scheduler.start()
    minding = asyncio.create_task(_mind_jumps(striking))
    try:
        yield
    finally:
        minding.cancel()
        scheduler.shutdown(wait=False)


async def tick(house: House, now: datetime) -> None:
    """Put what is due in the outbox; while the database is away, the next tick finds it."""
    try:
        async with house.begin() as session:
            await schedules.tick(session, house.workspace_id, now)
        async with house.begin() as session:
            await nudges.tick(session, house.workspace_id, now)
        if house.pulse.is_reached:
            async with house.begin() as session:
                if (since := await absence.over(session, house.workspace_id)) is not None:
                    await catch_up.ask(session, house.workspace_id, edited_since=since)
        if time.monotonic() - house.pulse.asked_at >= COMPARED_EVERY.total_seconds():  # else that was asked for then
            async with house.begin() as session:
                await catch_up.ask(session, house.workspace_id, unless_since=now - COMPARED_EVERY)
        if now.minute == PURGES_AT_MINUTE:
            await purge(house, now)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("tick_missed", kind=type(error).__name__)


async def _now(houses: Houses) -> datetime | None:
    """By the database's clock."""
    try:
        async with houses.begin() as session:
            return await session.scalar(select(func.now()))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("tick_missed", kind=type(error).__name__)
        return None


async def _mind_jumps(striking: Job) -> None:
    """The scheduler waits for a time of day; set back by an hour, the clock would let it wait an hour longer."""
    apart = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(JUMPS_SEEN_WITHIN_S)
        before, apart = apart, time.time() - time.monotonic()
        if abs(apart - before) > JUMP_S:
            log.warning("clock_jumped", seconds=round(apart - before))
            striking.reschedule(STRIKES)


async def purge(house: House, now: datetime) -> None:
    """Until nothing is left to go; each part is a transaction of its own."""
    went, part = 0, purging.AT_ONCE
    while part == purging.AT_ONCE:
        async with house.begin() as session:
            part = await purging.tick(session, house.workspace_id, now)
        went += part
    if went:
        log.info("purged", incidents=went)
