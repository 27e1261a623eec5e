"""Whether the time that an answer takes tells if an account has an address: tries of each kind, in turn."""

import statistics
import time
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import delete, update

from bench.filling import READER, WORKSPACE
from domain import codes, hashing, users
from domain.codes import Code, Purpose
from domain.db import Begin
from domain.errors import InvalidInput
from domain.policy import Actor
from domain.users import User

KNOWN, UNKNOWN = "reader@example.com", "nobody@example.com"


@dataclass(frozen=True, slots=True)
class Answers:
    """Milliseconds at the median, for asking for a code and for entering a wrong one."""

    asked_ms: float
    entered_ms: float


async def compared(begin: Begin, *, tries: int) -> dict[str, Answers]:
    """The same for a known and an unknown address; the kinds take turns, so that noise meets both."""
    async with begin() as session:
        by = await users.actor(session, WORKSPACE, READER)
        await session.execute(update(User).where(User.id == by.id).values(email=KNOWN))
    hashed = await hashing.hashed(codes.made())
    times: dict[str, list[tuple[float, float]]] = {"known": [], "unknown": []}
    for turn in range(tries * 2):
        kind, address = ("known", KNOWN) if turn % 2 else ("unknown", UNKNOWN)
        times[kind].append(await _once(begin, address, hashed, by))
    return {kind: Answers(*map(statistics.median, zip(*found, strict=True))) for kind, found in times.items()}


async def _once(begin: Begin, address: str, hashed: str, by: Actor) -> tuple[float, float]:
    began = time.perf_counter()
    async with begin() as session:
        request_id = await codes.ask(session, Purpose.RECOVER, address, by=by)
    asked = time.perf_counter()
    async with begin() as session:  # what the delivery does, for every address
        await codes.keep(session, request_id, hashed)
    kept = time.perf_counter()
    async with begin() as session:
        tried = await codes.count_try(session, Purpose.RECOVER, request_id, by=by)
    found = await hashing.matching("ACDE2345", tried.hashes)
    with suppress(InvalidInput):
        async with begin() as session:
            await codes.use(session, tried, found)
    entered = time.perf_counter()
    async with begin() as session:  # so that the limit of three an hour is not met
        await session.execute(delete(Code))
    return (asked - began) * 1_000, (entered - kept) * 1_000
