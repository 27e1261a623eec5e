"""Clocks that are wrong or jump hold nothing up, and lose nothing."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base
from apscheduler.triggers.cron import CronTrigger

from bot import schedule
from domain import db
from tests.end_to_end.conftest import Workspace


class Clock:
    """The time of day in this process, which can be set."""

    ahead_s = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Clock]]:
    real = time.time

    class Shown(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(real() + Clock.ahead_s, tz)

    monkeypatch.setattr(base, "datetime", Shown)
    monkeypatch.setattr(time, "time", lambda: real() + Clock.ahead_s)
    monkeypatch.setattr(db, "now", lambda: Shown.now(UTC))
    yield Clock
    Clock.ahead_s = 0.0


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """When the bot looked for what is due; it does so each second."""
    seen: list[datetime] = []

    async def tick(_house: object, now: datetime) -> None:
        seen.append(now)

    monkeypatch.setattr(schedule, "STRIKES", CronTrigger(second="*", timezone="UTC"))
    monkeypatch.setattr(schedule, "JUMPS_SEEN_WITHIN_S", 0.1)
    monkeypatch.setattr(schedule, "tick", tick)
    return seen


@pytest.mark.parametrize("hours", [-1, 1])
async def test_after_a_jump_of_the_clock_what_is_due_is_looked_for_as_before(
    workspace: Workspace, clock: type[Clock], ticks: list[datetime], hours: int
) -> None:
    began = db.now()
    async with schedule.running(workspace.bot.houses):
        await looked(ticks, 2)
        clock.ahead_s = hours * 3600
        await asyncio.sleep(0.3)
        await looked(ticks, len(ticks) + 2)

    assert max(ticks) - began < timedelta(minutes=5)
    assert min(ticks) - began > -timedelta(minutes=5)


async def looked(ticks: list[datetime], times: int) -> None:
    async with asyncio.timeout(10):
        while len(ticks) < times:  # noqa: ASYNC110 - nothing rings a bell
            await asyncio.sleep(0.02)
