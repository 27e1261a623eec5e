"""What one request costs: its median time, and the rows that PostgreSQL read for it."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from domain import db

Case: TypeAlias = Callable[[AsyncSession], Awaitable[object]]
Statement: TypeAlias = tuple[str, Any]

TIMES = 15


@dataclass(frozen=True, slots=True)
class Figures:
    """``p50_ms`` is None where a statement took longer than it may."""

    p50_ms: float | None
    rows: int


async def measured(engine: AsyncEngine, case: Case) -> Figures:
    """The median of some runs with warm caches, and the rows read in one of them."""
    begin, took = db.transactions(engine), list[float]()
    with _noted(engine) as sent:
        try:
            for _ in range(TIMES + 1):
                sent.clear()
                started = time.perf_counter()
                async with begin() as session:
                    await case(session)
                took.append((time.perf_counter() - started) * 1_000)
            p50_ms = round(median(took[1:]), 2)
        except DBAPIError:
            p50_ms = None
        statements = list(sent)
    return Figures(p50_ms, sum([await _rows(engine, statement) for statement in statements]))


def table(figures: Mapping[int, Mapping[str, Figures]]) -> str:
    """All figures, a line per case; the ratio is to the smallest size."""
    sizes = list(figures)
    names = list(figures[sizes[0]])
    head = f"{'':32}" + "".join(f"{f'{size:,}':>34}" for size in sizes)
    under = f"{'':32}" + f"{'p50 ms':>14}{'rows':>12}{'ratio':>8}" * len(sizes)
    lines = [f"{name:32}" + "".join(_cell(figures, size, name) for size in sizes) for name in names]
    return "\n".join([head, under, *lines])


def _cell(figures: Mapping[int, Mapping[str, Figures]], size: int, name: str) -> str:
    found, smallest = figures[size][name], figures[min(figures)][name]
    if found.p50_ms is None or smallest.p50_ms is None:
        return f"{'too slow':>14}{found.rows:>12,}{'':>8}"
    return f"{found.p50_ms:>14.1f}{found.rows:>12,}{found.p50_ms / smallest.p50_ms:>8.1f}"


@contextmanager
def _noted(engine: AsyncEngine) -> Iterator[list[Statement]]:
    """What is sent to the database, with its values."""
    sent: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def _rows(engine: AsyncEngine, statement: Statement) -> int:
    """Rows that the plan's scans went through, also those that a filter then removed."""
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement[0]}", statement[1]
        )
        return round(sum(_read(explained.scalar_one()[0]["Plan"])))


def _read(node: Mapping[str, Any]) -> Iterator[float]:
    if "Scan" in node["Node Type"] and node["Node Type"] not in ("CTE Scan", "Subquery Scan"):
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield (node["Actual Rows"] + removed) * node["Actual Loops"]
    for child in node.get("Plans", ()):
        yield from _read(child)
