"""From a click to the change that everybody sees, in the local Slack, alone and while others click, too."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import children, workshop
from bench.children import Slack
from bench.figures import Line, percentile

BESIDE = 8
CREATES = 30
ROUND_TRIP_MS = 150
PATIENCE_S, QUIET_S = 30.0, 4.0
CHANNELS = ("#incidents", "#general", "#checkout", "#security")


@dataclass(frozen=True, slots=True)
class Card:
    """Where a card is."""

    channel_id: str
    ts: str


@dataclass(frozen=True, slots=True)
class Click:
    """Times in ms: until the ack, and from the ack until Slack had shown the change."""

    ack_ms: float
    shown_ms: float
    from_ack_ms: float
    started_ms: float
    """From the ack until Slack heard of it."""


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """Slack without limits: how long they make somebody wait is not the bot's doing."""
    rounds, lines = max(round(2 * scale), 1), list[Line]()
    async with children.slack(limits=False) as slack, children.bot(slack, workshop.database(server), by_http=False):
        cards = iter(await _opened(slack, rounds * (10 + BESIDE + 4)))
        alone = [await _click(slack, next(cards)) for _ in range(rounds * 10)]
        lines += _lines("alone, Slack answers at once", alone, shown=20)
        beside = [click for _ in range(rounds) for click in await _beside(slack, cards)]
        lines += _lines(f"{BESIDE} at once, Slack answers at once", beside)
        await slack.control("faults", [{"method": "*", "kind": "slow", "delay_ms": ROUND_TRIP_MS}])
        slow = [await _click(slack, next(cards)) for _ in range(rounds * 4)]
        lines += _lines(f"alone, Slack answers in {ROUND_TRIP_MS} ms", slow, shown=1.3 * ROUND_TRIP_MS)
        acks = await _created(slack, CREATES)
        case = f"{CREATES} creates at once, Slack in {ROUND_TRIP_MS} ms: slowest ack"
        lines.append(Line(case=case, value=max(acks), unit="ms", bound=500, note=f"p50 {median(acks):.0f} ms"))
    return lines


def _lines(
    case: str, clicks: Sequence[Click], *,
    shown: float | None = None,
) -> list[Line]:  # fmt: skip
    def both(name: str, values: list[float], p50: float | None) -> list[Line]:
        return [
            Line(case=f"{case}: {name} p50", value=percentile(values, 50), unit="ms", bound=p50),
            Line(case=f"{case}: {name} p99", value=percentile(values, 99), unit="ms"),
        ]

    return [
        *both("click → visible", [click.shown_ms for click in clicks], None),
        *both("ack → visible", [click.from_ack_ms for click in clicks], shown),
        *both("ack → Slack is called", [click.started_ms for click in clicks], None),
    ]


async def _opened(slack: Slack, many: int) -> list[Card]:
    """So many cards, and a while in which nothing is said, so that the next posts need not wait for their turn."""
    at = await slack.last()
    for number in range(many):
        await slack.control("command", _quick(number))
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S + many):  # the bot posts one message a second in a channel
        while len(found) < many:
            await asyncio.sleep(0.2)
            found = [e for e in await slack.log(at) if e["kind"] == "api" and e["method"] == "chat.postMessage"]
    await asyncio.sleep(QUIET_S)
    return [Card(entry["answer"]["channel"], entry["answer"]["ts"]) for entry in found]


def _quick(number: int) -> dict[str, str]:
    channel = CHANNELS[number % len(CHANNELS)]
    return {"user": "ana", "channel": channel, "command": "/incident", "text": f"quick Case {number}"}


async def _click(slack: Slack, card: Card) -> Click:
    """*Take it*, and what becomes of it."""
    await asyncio.sleep(1 / len(CHANNELS))  # each change is told in the thread, too, and a channel takes one a second
    at = await slack.last()
    pressed = {"user": "ben", "channel": card.channel_id, "message_ts": card.ts, "action_id": "incident.take"}
    await slack.control("action", pressed)
    shown: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not shown:
            await asyncio.sleep(0.02)
            log = await slack.log(at)
            shown = [e for e in log if e["kind"] == "api" and _updates(e, card)]
    click = next(e for e in log if e["kind"] == "delivery" and e["type"] == "block_actions" and _is_on(e, card))
    acked, ended = click["at"] + click["ms"], shown[0]["at"] + shown[0]["ms"]
    return Click(click["ms"], ended - click["at"], ended - acked, shown[0]["at"] - acked)


def _updates(entry: dict[str, Any], card: Card) -> bool:
    return bool(entry["method"] == "chat.update" and entry["args"]["ts"] == card.ts)


def _is_on(entry: dict[str, Any], card: Card) -> bool:
    return bool(entry["payload"]["container"]["message_ts"] == card.ts)


async def _beside(slack: Slack, cards: Iterator[Card]) -> list[Click]:
    found = await asyncio.gather(*(_click(slack, next(cards)) for _ in range(BESIDE)))
    await asyncio.sleep(QUIET_S)
    return found


async def _created(slack: Slack, many: int) -> list[float]:
    """Acks of so many lines that open an incident, sent at the same moment."""
    done = await asyncio.gather(*(slack.control("command", _quick(1_000 + number)) for number in range(many)))
    return [float(answer["ack"]["ms"]) for answer in done]
