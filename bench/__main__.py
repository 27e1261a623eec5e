"""``python -m bench``: how quick things are as the number of incidents grows; a table, and ``bench/report.json``."""

import argparse
import asyncio
import json
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text

from bench import codes, filling, find
from bench.measuring import Figures, measured, table
from bot import postgres
from domain import db
from migrations import run

REPORT = Path(__file__).with_name("report.json")


def main() -> None:
    """Fill a throwaway database at each size, and measure."""
    sizes = _sizes()
    figures: dict[int, dict[str, Figures]] = {}
    with postgres.throwaway() as url:
        for size in sizes:
            print(f"{size:,} incidents, {size * filling.COMMENTS:,} comments: filling…", flush=True)
            figures[size] = asyncio.run(_measured(_filled(url, size)))
        answers = asyncio.run(_compared(make_url(url).set(database=f"bench_{sizes[0]}")))
    print(table(figures))
    print(codes.table(answers))
    REPORT.write_text(json.dumps({size: _plain(found) for size, found in figures.items()}, indent=2) + "\n", "utf8")
    print(f"Written to {REPORT.relative_to(Path.cwd()) if REPORT.is_relative_to(Path.cwd()) else REPORT}.")


def _sizes() -> list[int]:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--sizes", default="1000,10000", help="numbers of incidents, with commas between")
    return sorted({int(size) for size in parser.parse_args().sizes.split(",")})


def _filled(server: str, size: int) -> str:
    """The address of a new database with so many incidents."""
    url = make_url(server).set(database=f"bench_{size}")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {url.database}"))
    admin.dispose()
    migrated = create_engine(url)
    with migrated.begin() as connection:
        run.upgrade(connection)
    migrated.dispose()
    filling.fill(url, size)
    return url.render_as_string(hide_password=False)


async def _measured(url: str) -> dict[str, Figures]:
    engine = db.engine(url)
    try:
        begin = db.transactions(engine)
        cases = await find.cases(begin)
        return {name: await measured(engine, case) for name, case in cases.items()}
    finally:
        await engine.dispose()


async def _compared(url: URL) -> dict[str, codes.Answers]:
    engine = db.engine(url.render_as_string(hide_password=False))
    try:
        return await codes.compared(db.transactions(engine))
    finally:
        await engine.dispose()


def _plain(figures: dict[str, Figures]) -> dict[str, dict[str, float | int | None]]:
    return {name: {"p50_ms": found.p50_ms, "rows": found.rows} for name, found in figures.items()}


if __name__ == "__main__":
    main()
