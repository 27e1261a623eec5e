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
LARGE = 5_000
"""Rows; a smaller table may be read from one end to the other, as an index would be slower."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How a plan reads one table, perhaps in several rounds; ``rows`` are of all of them together."""

    kind: str
    table: str
    name: str
    rows: float
    rounds: int

    @property
    def is_sequential(self) -> bool:
        """Whether it reads the whole table."""
        return self.kind == "Seq Scan"

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.rows:,.0f})"


@dataclass(frozen=True, slots=True)
class Figures:
    """``p50_ms`` is None where a statement took longer than it may.

    Args:
        rows: that the plans' scans went through.
        plan: how each table was read, in order.
        whole: large tables that were read from one end to the other.
    """

    p50_ms: float | None
    rows: int
    plan: tuple[str, ...]
    whole: tuple[str, ...]


async def measured_case(engine: AsyncEngine, case: Case) -> Figures:
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
    scans = [scan for statement in statements for scan in await _scans(engine, statement)]
    whole = {scan.table for scan in scans if scan.is_sequential and scan.rows / scan.rounds >= LARGE}
    return Figures(p50_ms, round(sum(scan.rows for scan in scans)), tuple(map(str, scans)), tuple(sorted(whole)))


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


async def _scans(engine: AsyncEngine, statement: Statement) -> list[Scan]:
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement[0]}", statement[1]
        )
        return list(_read(explained.scalar_one()[0]["Plan"]))


def _read(node: Mapping[str, Any]) -> Iterator[Scan]:
    """Every scan of a plan, also the rows that a filter then removed."""
    kind = node["Node Type"]
    if "Scan" in kind and kind not in ("CTE Scan", "Subquery Scan"):
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        name = node.get("Index Name") or node.get("Relation Name", "")
        yield Scan(
            kind,
            node.get("Relation Name", ""),
            name,
            (node["Actual Rows"] + removed) * node["Actual Loops"],
            max(node["Actual Loops"], 1),
        )
    for child in node.get("Plans", ()):
        yield from _read(child)
