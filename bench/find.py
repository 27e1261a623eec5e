"""Finding incidents: lists, searches, counts and the picker, as an ordinary member asks for them."""

from datetime import timedelta

from bench.filling import COMMON, LONGEST, OLD, RARE, READER, WORKSPACE
from bench.measuring import Case
from domain import db, listing, search, users
from domain.db import Begin
from domain.incidents import Priority, Status
from domain.listing import Filter, Key
from domain.policy import Actor

DEEP = 50
ALL = Filter(any_status=True)
PART, MISTYPED = LONGEST[3:10], LONGEST.replace("hent", "hnet")


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
        "picker": lambda s: listing.likely(s, by=by, statuses=(Status.OPEN,)),
        "picker, all states": lambda s: listing.likely(s, by=by, statuses=tuple(Status)),
    }


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
