"""``python -m bench [PART…]``: how fast it is, next to bolt alone and to PostgreSQL alone; ``bench/report.json``."""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from bench import acking, calls, catching_up, committing, find, memory, processes, relaying, visible, workshop
from bench.figures import Line, table
from bot import logs

REPORT = Path(__file__).with_name("report.json")
PARTS = {
    "acking": "Acks next to bolt alone",
    "committing": "Commits next to PostgreSQL alone",
    "visible": "From the click to the visible change",
    "relaying": "From the commit to Slack",
    "calls": "Slack calls for one action",
    "find": "As incidents become many",
    "catching_up": "After a time without a connection",
    "memory": "Memory and start",
    "processes": "Two processes",
}
SIZES = "1000,10000"
Measuring: TypeAlias = Coroutine[Any, Any, list[Line]]


def main() -> None:
    """Measure what is named, all of it if nothing is; figures of parts that are left out stay in the report."""
    arguments = _parser().parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        _parser().error(f"no such part: {', '.join(sorted(unknown))}")
    sizes = tuple(sorted({int(size) for size in arguments.sizes.split(",")}))
    logs.configure("CRITICAL", "text")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server stays behind
    found: dict[str, list[Line]] = {}
    with workshop.server() as server:
        for name in arguments.parts or PARTS:
            began = time.monotonic()
            found[name] = asyncio.run(_part(name, sizes, arguments.scale)(server))
            print(table(PARTS[name], found[name]), flush=True)
            print(f"    {time.monotonic() - began:.0f} s", flush=True)
    lines = [line for part in found.values() for line in part]
    missed = [line for line in lines if line.is_met is False]
    print(f"\n{sum(line.is_met is True for line in lines)} targets met, {len(missed)} missed.")
    if not arguments.no_report:
        _write(found)
        print(f"Written to {REPORT}.")


def _part(name: str, sizes: tuple[int, ...], scale: float) -> Callable[[str], Measuring]:
    modules = (acking, calls, catching_up, committing, memory, processes, relaying, visible)
    measures: dict[str, Callable[..., Measuring]] = {
        module.__name__.rpartition(".")[2]: module.measured for module in modules
    }
    return partial(find.measured, sizes=sizes) if name == "find" else partial(measures[name], scale=scale)


def _write(found: dict[str, list[Line]]) -> None:
    """Beside the figures of parts that were not measured now."""
    known = json.loads(REPORT.read_text("utf8")) if REPORT.exists() else {}
    parts = {name: part for name, part in known.get("parts", {}).items() if name in PARTS}
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    parts |= {name: [line.plain() for line in lines] for name, lines in found.items()}
    report = {"machine": machine, "parts": {name: parts[name] for name in PARTS if name in parts}}
    REPORT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them if none is named")
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of incidents, with commas between (default: {SIZES})")
    parser.add_argument("--scale", type=float, default=1.0, help="how many times more is measured than usual")
    parser.add_argument("--no-report", action="store_true", help="write nothing to bench/report.json")
    return parser


if __name__ == "__main__":
    main()
