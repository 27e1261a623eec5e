"""Acks: how many signed requests are answered, and how soon, next to bolt alone on the same server in the same run."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import children, loading
from bench.children import Served
from bench.figures import Line
from bench.loading import Load
from bench.payloads import BUTTON, COMMAND, MODAL, REPLY, signed
from bench.workshop import Workshop, workshop

KINDS = (COMMAND, BUTTON, MODAL, REPLY)
LEVELS = {1: 40, 16: 240, 64: 384, 256: 512}
"""How many requests make a round, by how many are sent at once."""
ROUNDS = 3
LEAST_SHARE = {COMMAND: None, BUTTON: 0.35, MODAL: 0.35, REPLY: 0.5}


@dataclass(frozen=True, slots=True)
class Pair:
    """The bot and bolt alone under the same load; CPU in µs for each request."""

    ours: Load
    plain: Load
    our_cpu: float
    plain_cpu: float
    share: float
    """Our rate ÷ that of bolt alone: the median of the rounds."""


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """All kinds of requests at all levels."""
    lines: list[Line] = []
    async with workshop(server) as shop, served(shop) as (ours, plain):
        for kind in (BUTTON, MODAL, REPLY):
            found = await pair(shop, ours, plain, lambda kind=kind: shop.payloads.ignored(kind), 16, scale)  # type: ignore[misc]
            lines.append(Line(case=f"{kind} that asks for nothing, 16 at once ÷ no-op", value=found.share,
                              sign="≥", bound=0.9, note=_cpu(found)))  # fmt: skip
        for kind in KINDS:
            for at_once in LEVELS:
                before = shop.done(kind)
                found = await pair(shop, ours, plain, lambda kind=kind: shop.payloads.made(kind), at_once, scale)  # type: ignore[misc]
                failed = _failed(found.ours, kind, shop.done(kind) - before)
                lines += [*_lines(kind, at_once, found), _errors(kind, at_once, failed)]
    return lines


@asynccontextmanager
async def served(shop: Workshop) -> AsyncIterator[tuple[Served, Served]]:
    """The bot and bolt alone, both warm."""
    async with children.bot(shop.slack, shop.url) as ours, children.noop() as plain:
        for kind in KINDS:
            made = [shop.payloads.made(kind) for _ in range(32)]
            await loading.put(ours.port, signed(made), 8)
            await loading.put(plain.port, signed(made), 8)
        yield ours, plain


async def pair(
    shop: Workshop, ours: Served, plain: Served, make: Callable[[], dict[str, Any]], at_once: int, scale: float = 1.0
) -> Pair:
    """Both in turn, some rounds, so that whatever else the machine does meets both."""
    many = max(int(LEVELS[at_once] * scale), at_once)
    found: dict[Served, list[tuple[Load, float]]] = {ours: [], plain: []}
    for _ in range(ROUNDS):
        shop.forget()  # so that the cards are clicked on as they are after the last round
        requests = [make() for _ in range(many)]
        for which in (plain, ours):
            shop.forget()
            began = which.cpu_s
            load = await loading.put(which.port, signed(requests), at_once)
            found[which].append((load, (which.cpu_s - began) * 1e6 / many))
    share = median(o.rate / p.rate for (o, _), (p, _) in zip(found[ours], found[plain], strict=True))
    return Pair(
        loading.joined([load for load, _ in found[ours]]),
        loading.joined([load for load, _ in found[plain]]),
        median(cpu for _, cpu in found[ours]),
        median(cpu for _, cpu in found[plain]),
        share,
    )


def _lines(kind: str, at_once: int, found: Pair) -> Sequence[Line]:
    ours, case = found.ours, f"{kind}, {at_once} at once"
    lines = [
        Line(case=f"{case}: acked", value=ours.rate, unit="/s", note=_times(found)),
        Line(case=f"{case}: ÷ no-op", value=found.share, sign="≥", note=f"no-op {found.plain.rate:,.0f}/s",
             bound=LEAST_SHARE[kind] if at_once == 16 else None),
    ]  # fmt: skip
    if at_once == 1:
        lines.append(Line(case=f"{case}: p99 ÷ p50", value=ours.at(99) / ours.at(50), bound=2.5))
    if at_once == 16:
        lines.append(Line(case=f"{case}: CPU ÷ no-op's", value=found.our_cpu / found.plain_cpu,
                          bound=None if kind == COMMAND else 3, note=_cpu(found)))  # fmt: skip
    if at_once == 64:
        fair_ms = at_once / ours.rate * 1_000
        lines.append(Line(case=f"{case}: p99 ÷ (64 ÷ own rate)", value=ours.at(99) / fair_ms, bound=2.2))
    if at_once == 256:
        lines.append(Line(case=f"{case}: p99", value=ours.at(99) / 1_000, unit="s", bound=1.5))
    return lines


def _failed(load: Load, kind: str, done: int) -> int:
    """Requests that Slack would call failed, and those that left nothing in the database, whatever was answered."""
    return max(load.errors, len(load.took_ms) - done if kind != COMMAND else 0)


def _errors(kind: str, at_once: int, failed: int) -> Line:
    return Line(case=f"{kind}, {at_once} at once: not done", value=failed, sign="=", bound=0)


def _times(found: Pair) -> str:
    ours, plain = found.ours, found.plain
    return f"p50 {ours.at(50):.1f}, p99 {ours.at(99):.1f} ms; no-op {plain.at(50):.1f}, {plain.at(99):.1f} ms"


def _cpu(found: Pair) -> str:
    return f"{found.our_cpu:,.0f} µs CPU a request, no-op {found.plain_cpu:,.0f} µs"
