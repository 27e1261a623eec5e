"""The outbox: how soon after the commit something is sent, in which rhythm, and what a killed process leaves."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bench import children, workshop
from bench.children import Slack
from bench.figures import Line, percentile
from bot.house import House, Routes
from bot.houses import Houses
from bot.relay import Relay, served
from bot.sync import Pace
from domain import db, outbox, workspaces
from domain.db import Begin
from domain.outbox import Outgoing, Topic

WORKSPACE, TOPIC = "T0BENCH", Topic.PERSON_TOLD
ROWS, SAME_LANE, LIMITED = 100, 20, 5
TAKES_S = 0.005
RETRY_AFTER_S = 1
PATIENCE_S = 60.0


@dataclass(slots=True)
class Probe:
    """Takes the place of a delivery: notes when it was begun and when it ended; some are refused at first."""

    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    refused: dict[str, float] = field(default_factory=dict)

    async def send(self, message: Outgoing, _slack: AsyncWebClient, _house: House) -> None:
        name, now = message.payload["name"], time.perf_counter()
        if name.startswith("limited") and name not in self.refused:
            self.refused[name] = now
            raise _limited()
        self.began[name] = now
        if name.startswith("same"):
            await asyncio.sleep(TAKES_S)
        self.ended[name] = time.perf_counter()

    async def all_of(self, names: list[str]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not all(name in self.ended for name in names):  # noqa: ASYNC110 - deliveries ring no bell
                await asyncio.sleep(0.002)


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """The relay alone, then two whole bots of which one is killed."""
    rows = max(int(ROWS * scale), 20)
    async with _relaying(workshop.database(server)) as (begin, probe):
        starts = [await _once(begin, probe, f"row {number}") for number in range(rows)]
        gaps = await _in_one_lane(begin, probe)
        late = await _limited_rows(begin, probe)
    lines = [
        Line(case="commit → delivery starts, p50", value=percentile(starts, 50), unit="ms", bound=3),
        Line(case="commit → delivery starts, p99", value=percentile(starts, 99), unit="ms", bound=10),
        Line(case="next message of the same incident, p99", value=percentile(gaps, 99), unit="ms", bound=25,
             note=f"p50 {percentile(gaps, 50):.1f} ms after the one before ended"),
        Line(case="Retry-After: latest", value=max(late), unit="ms", bound=50),
        Line(case="Retry-After: earliest", value=min(late), unit="ms", sign="≥", bound=0),
    ]  # fmt: skip
    again_s = await _killed(server)
    return [*lines, Line(case="kill -9 → sent again by another replica", value=again_s, unit="s", bound=2)]


@asynccontextmanager
async def _relaying(url: str) -> AsyncIterator[tuple[Begin, Probe]]:
    engine, wake, probe = db.engine(url), asyncio.Event(), Probe()
    begin = db.transactions(engine, wake=wake.set)
    async with begin() as session:
        await workspaces.ensure(session, WORKSPACE, url="https://bench.slack.com/")
    names: dict[str, Any] = {"workspace_id": WORKSPACE, "bot_user_id": "U0BENCH", "bot_id": "B0BENCH"}
    house = cast(House, SimpleNamespace(**names))
    async with db.alone(engine) as alone:
        houses = Houses(begin=begin, lightly=begin, once=alone.connect, routes=Routes())
        houses.add(served(house, AsyncWebClient("xoxb-none"), Pace()))
        relay = Relay({TOPIC: probe.send}, houses, wake, name=lambda: "unmarked-1", own="process-1")
        running = asyncio.create_task(relay.run())
        try:
            yield begin, probe
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    await engine.dispose()


async def _once(begin: Begin, probe: Probe, name: str) -> float:
    """Milliseconds from the commit to the start."""
    await asyncio.sleep(0.01)
    async with begin() as session:
        await outbox.add(session, _row(name, lane=name))
    committed = time.perf_counter()
    await probe.all_of([name])
    return (probe.began[name] - committed) * 1_000


async def _in_one_lane(begin: Begin, probe: Probe) -> list[float]:
    """Milliseconds from the end of one to the start of the next."""
    names = [f"same {number}" for number in range(SAME_LANE)]
    async with begin() as session:
        await outbox.add(session, *(_row(name, lane="same") for name in names))
    await probe.all_of(names)
    return [(probe.began[b] - probe.ended[a]) * 1_000 for a, b in pairwise(names)]


async def _limited_rows(begin: Begin, probe: Probe) -> list[float]:
    """Milliseconds that each was begun after what Slack told to wait."""
    names = [f"limited {number}" for number in range(LIMITED)]
    async with begin() as session:
        await outbox.add(session, *(_row(name, lane=name) for name in names))
    await probe.all_of(names)
    return [(probe.began[name] - probe.refused[name] - RETRY_AFTER_S) * 1_000 for name in names]


def _row(name: str, *, lane: str) -> dict[str, Any]:
    return outbox.row(TOPIC, workspace_id=WORKSPACE, lane=lane, name=name)


def _limited() -> SlackApiError:
    said = {"ok": False, "error": "ratelimited"}
    answer = AsyncSlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data=said,
        headers={"Retry-After": str(RETRY_AFTER_S)}, status_code=429,
    )  # fmt: skip
    return SlackApiError("ratelimited", answer)  # type: ignore[no-untyped-call]


async def _killed(server: str) -> float:
    """Seconds from the death of a bot that is sending until another one sends it."""
    url = workshop.database(server)
    async with children.slack() as slack, children.bot(slack, url, by_http=False) as first:
        await slack.control("faults", [{"method": "chat.postMessage", "kind": "slow", "delay_ms": 60_000, "times": 1}])
        line = {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "quick Disk full"}
        await slack.control("command", line)
        async with children.bot(slack, url, by_http=False):
            os.kill(first.pid, signal.SIGKILL)
            killed = time.monotonic()
            return await _posted(slack) / 1_000 - killed


async def _posted(slack: Slack) -> float:
    """When a card was posted, in Slack's monotonic milliseconds, which are this machine's."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for entry in await slack.log():
                if entry["kind"] == "api" and entry["method"] == "chat.postMessage" and entry["http"] == 200:
                    return float(entry["at"])
            await asyncio.sleep(0.02)
