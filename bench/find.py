"""Finding incidents as they become many: lists, searches, Home, digest, as an ordinary member asks for them."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from bench import codes, filling, workshop
from bench.figures import Line
from bench.filling import COMMON, LONGEST, OLD, RARE, READER, WORKSPACE
from bench.measuring import Case, Figures, measured_case
from domain import db, digest, listing, lookalikes, picking, search, users, workspaces
from domain.db import Begin
from domain.incidents import Priority, Status
from domain.listing import Filter, Key
from domain.policy import Actor

DEEP = 50
TRIES = 50
"""Of codes, for each kind of address; hashing takes its time."""
ALL = Filter(any_status=True)
PART, MISTYPED = LONGEST[3:10], LONGEST.replace("hent", "hnet")


async def measured(server: str, *, sizes: tuple[int, ...], tries: int = TRIES) -> list[Line]:
    """Every case at each size; the target is what the largest takes next to the smallest."""
    urls = {size: workshop.database(server) for size in sorted(sizes)}
    for size, url in urls.items():
        await asyncio.to_thread(filling.fill, make_url(url), size)
    figures = await _figures(urls)
    largest = figures[max(sizes)]
    whole = [name for name, found in largest.items() if found.whole]
    return [
        *(_line(name, figures) for name in largest),
        Line(case=f"plans that read a large table whole, {max(sizes):,} incidents", value=len(whole), sign="=", bound=0,
             note="; ".join(f"{name}: {', '.join(largest[name].whole)}" for name in whole)),
        *await _codes(urls[min(sizes)], tries),
    ]  # fmt: skip


async def cases(begin: Begin) -> dict[str, Case]:
    """Everything that is measured, by name."""
    by = await _reader(begin)
    deep = await _place(begin, by)
    narrow = Filter(
        priorities=(Priority.CRITICAL, Priority.HIGH),
        categories=("outage",),
        unassigned=True,
        opened_before=db.now() - timedelta(days=2),
    )
    return {
        "list, first page": lambda s: listing.page(s, Filter(), by=by),
        "list, page 50, all states": lambda s: listing.page(s, ALL, by=by, after=deep),
        "list, how many in all": lambda s: listing.count(s, Filter(), by=by),
        "list with filters": lambda s: listing.page(s, narrow, by=by),
        "list, what needs a person": lambda s: listing.page(s, Filter(needs_person=True), by=by),
        "list of one person's": lambda s: listing.page(s, Filter(assignees=("U0007",)), by=by),
        "look-alikes of a new title": lambda s: lookalikes.find(s, "Payments are failing in eu west", by=by),
        "mine": lambda s: listing.page(s, Filter(involving_me=True), by=by),
        "search, rare word": lambda s: search.page(s, (RARE,), ALL, by=by),
        "search, common word": lambda s: search.page(s, (COMMON,), ALL, by=by),
        "search, common word and filter": lambda s: search.page(s, (COMMON,), narrow, by=by),
        "search, common and rare word": lambda s: search.page(s, (COMMON, RARE), ALL, by=by),
        "search, word frequent long ago": lambda s: search.page(s, (OLD,), ALL, by=by),
        "search, twelve letters": lambda s: search.page(s, tuple("bcdfghjklmnp"), ALL, by=by),
        "search, two letters": lambda s: search.page(s, (COMMON[:2],), ALL, by=by),
        "search, part of a word": lambda s: search.page(s, (PART,), ALL, by=by),
        "search, part of a common word": lambda s: search.page(s, (COMMON[1:],), ALL, by=by),
        "search, typing error": lambda s: search.page(s, (MISTYPED,), ALL, by=by),
        "search, one unknown sign": lambda s: search.page(s, ("決",), ALL, by=by),
        "search, nothing like it": lambda s: search.page(s, ("qwfpgjluy",), ALL, by=by),
        "counts": lambda s: listing.counts(s, by=by),
        "Home, mine": lambda s: _home(s, Filter(involving_me=True), by),
        "Home, all open": lambda s: _home(s, Filter(), by),
        "digest": lambda s: digest.summary(
            s, listing.visible_in(WORKSPACE, "C0020"), workspace_id=WORKSPACE, since=db.now() - timedelta(days=1)
        ),
        "picker": lambda s: picking.likely(s, by=by, statuses=(Status.OPEN,)),
        "picker, all states": lambda s: picking.likely(s, by=by, statuses=tuple(Status)),
    }


def _line(name: str, figures: Mapping[int, Mapping[str, Figures]]) -> Line:
    smallest, largest = figures[min(figures)][name], figures[max(figures)][name]
    told = [
        f"{size:,}: {'too slow' if found[name].p50_ms is None else f'{found[name].p50_ms:.1f} ms'}, "
        f"{found[name].rows:,} rows"
        for size, found in sorted(figures.items())
    ]
    ratio = largest.p50_ms / smallest.p50_ms if largest.p50_ms and smallest.p50_ms else None
    return Line(
        case=f"{name}: {max(figures):,} ÷ {min(figures):,} incidents",
        value=ratio,
        bound=2,
        note="; ".join(told),
        plan=largest.plan,
    )


async def _figures(urls: Mapping[int, str]) -> dict[int, dict[str, Figures]]:
    """Each case at one size after the other, so that whatever else the machine does meets all."""
    engines = {size: db.engine(url) for size, url in urls.items()}
    figures: dict[int, dict[str, Figures]] = {size: {} for size in urls}
    try:
        wanted = {size: await cases(db.transactions(engine)) for size, engine in engines.items()}
        for name in wanted[min(urls)]:
            for size, engine in engines.items():
                figures[size][name] = await measured_case(engine, wanted[size][name])
    finally:
        for engine in engines.values():
            await engine.dispose()
    return figures


async def _codes(url: str, tries: int) -> list[Line]:
    """Whether the time of an answer tells if an address is known."""
    engine = db.engine(url)
    try:
        found = await codes.compared(db.transactions(engine), tries=tries)
    finally:
        await engine.dispose()
    known, unknown = found["known"], found["unknown"]
    return [
        Line(case="asking for a code: known ÷ unknown address", value=known.asked_ms / unknown.asked_ms, bound=1.1,
             note=f"{known.asked_ms:.2f} ms, {unknown.asked_ms:.2f} ms"),
        Line(case="entering a wrong code: known ÷ unknown address", value=known.entered_ms / unknown.entered_ms,
             bound=1.1, note=f"{known.entered_ms:.2f} ms, {unknown.entered_ms:.2f} ms"),
    ]  # fmt: skip


async def _home(session: AsyncSession, wanted: Filter, by: Actor) -> None:
    """What a Home is drawn from."""
    await listing.counts(session, by=by)
    await workspaces.category_names(session, WORKSPACE)
    await listing.page(session, wanted, by=by)


async def _reader(begin: Begin) -> Actor:
    async with begin() as session:
        found = await users.find(session, WORKSPACE, READER)
    if found is None or found[1] is None:
        raise LookupError(READER)
    return found[1].at(channel_id="C0020")


async def _place(begin: Begin, by: Actor) -> Key | None:
    """Where page 50 begins."""
    place: Key | None = None
    for _ in range(DEEP - 1):
        async with begin() as session:
            place = (await listing.page(session, ALL, by=by, after=place)).next
    return place
