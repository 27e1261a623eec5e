"""What a second process brings: the same load to one bot, and to two that share the database."""

import asyncio
import time
from statistics import median

import psutil

from bench import acking, children, loading
from bench.children import Served
from bench.figures import Line
from bench.payloads import BUTTON, REPLY, signed
from bench.workshop import Workshop, workshop

ROUNDS = 3
AT_ONCE = 32
MANY = 400


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """Both in turn; the load generator and the database use the same cores."""
    many, lines = max(int(MANY * scale), 2 * AT_ONCE), list[Line]()
    async with (
        workshop(server) as shop,
        acking.served(shop) as (one, _),
        children.bot(shop.slack, shop.url) as other,
    ):
        for kind in (REPLY, BUTTON):
            await _rate(shop, [one, other], kind, 64)
            shares = []
            for _ in range(ROUNDS):
                alone, _ = await _rate(shop, [one], kind, many)
                both, used = await _rate(shop, [one, other], kind, many)
                shares.append(both / alone)
            note = f"{alone:,.0f} and {both:,.0f}/s; of {psutil.cpu_count()} cores {used}"
            case = f"{kind}, {AT_ONCE} at once: two processes ÷ one"
            lines.append(Line(case=case, value=median(shares), sign="≥", bound=1.5, note=note))
    return lines


async def _rate(shop: Workshop, bots: list[Served], kind: str, many: int) -> tuple[float, str]:
    """Requests a second, all bots together, and what used the cores meanwhile."""
    shop.forget()
    each = [[shop.payloads.made(kind) for _ in range(many // len(bots))] for _ in bots]
    before, began = _cpu(bots), time.perf_counter()
    loads = await asyncio.gather(
        *(loading.put(b.port, signed(p), AT_ONCE // len(bots)) for b, p in zip(bots, each, strict=True))
    )
    seconds = time.perf_counter() - began
    used = {name: (spent - before[name]) / seconds for name, spent in _cpu(bots).items()}
    told = ", ".join(f"{name} {share:.2f}" for name, share in used.items())
    return sum(len(load.took_ms) for load in loads) / max(load.seconds for load in loads), told


def _cpu(bots: list[Served]) -> dict[str, float]:
    """Seconds that each part computed so far."""
    own = psutil.Process().cpu_times()
    return {
        "the bots took": sum(bot.cpu_s for bot in bots),
        "the load": own.user + own.system,
        "PostgreSQL": _database(),
    }


def _database() -> float:
    """Its processes that live, and those that ended: the server counts them for its children."""
    seconds = 0.0
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres":
                times = process.cpu_times()
                is_server = process.ppid() == 1
                seconds += times.user + times.system
                seconds += times.children_user + times.children_system if is_server else 0.0
        except psutil.Error:
            continue
    return seconds
