"""How much memory the bot holds, at its start and after many events, and how soon it is ready."""

from itertools import repeat
from statistics import median

from bench import children, loading
from bench.figures import Line
from bench.payloads import REPLY, signed
from bench.workshop import workshop

EVENTS = 2_000
STARTS = 3
AT_ONCE, PART = 16, 500


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """In a workspace with some hundred incidents; events are thread replies, each kept as a comment."""
    events = int(EVENTS * scale)
    async with workshop(server) as shop:
        ready = []
        for _ in repeat(None, STARTS):
            async with children.bot(shop.slack, shop.url) as ours:
                ready.append(ours.ready_s)
        async with children.bot(shop.slack, shop.url) as ours:
            idle = ours.memory_mb
            before, errors = shop.count("comment"), 0
            for _ in repeat(None, max(events // PART, 1)):
                load = await loading.put(ours.port, signed(shop.payloads.made(REPLY) for _ in range(PART)), AT_ONCE)
                errors += load.errors
            after, kept = ours.memory_mb, shop.count("comment") - before
    told = ", ".join(f"{seconds:.2f}" for seconds in ready)
    return [
        Line(case="start → ready, the database is there", value=median(ready), unit="s", bound=2, note=told),
        Line(case="memory, idle", value=idle, unit="MB", bound=110),
        Line(case=f"memory, after {kept:,} events", value=after, unit="MB", note=f"{errors} errors"),
    ]
