"""Rounds: people act while things go wrong, then quiet, then the promises are checked."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from random import Random

from aiohttp import ClientSession, ClientTimeout
from sqlalchemy import Engine, text

from tests.chaos import keeping, machines
from tests.chaos.acts import ACTS, LEFT, SUPERUSERS_ACTS
from tests.chaos.journal import Place, events, removed
from tests.chaos.ledger import Ledger
from tests.chaos.machines import Machines
from tests.chaos.people import NAMES, Eyes, Json, Person
from tests.chaos.promises import POSTED, PROMISES, Promise
from tests.chaos.records import Records
from tests.chaos.saboteur import Saboteur
from tests.chaos.trouble import TROUBLES, slack_fails

QUIET_WITHIN_S = 120.0
BY_HTTP = {2, 3}
"""Of four rounds, the second and the third."""
REHEARSAL_LOOKS, REHEARSAL_LOOKS_AGAIN_S = 60, 0.05
MOST_LINES = 60
SYNC_TRIES = 30
CATCHES_UP = True
"""Whether ``/incident sync`` is asked for after each round and must find everything."""
IN_WHOSE_THREAD = """
SELECT i.number FROM incident i WHERE i.deleted_at IS NULL AND (
    i.id IN (SELECT incident_id FROM thread WHERE channel_id = :channel AND ts = :thread)
    OR i.id IN (SELECT incident_id FROM comment WHERE channel_id = :channel AND ts = :ts))
"""
SDK = '"logger": "slack_bolt"'


@dataclass
class Report:
    """What happened, and what was found."""

    seed: str
    catches_up: bool = False
    rounds: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    restarts: int = 0
    """How often a bot ended by itself and was started again."""
    unheard: int = 0
    """Replies of which Slack never could tell."""
    slowest_s: float = 0.0
    """The longest time from the end of all trouble until everything was sent."""
    records: Records | None = None
    """What was checked last."""
    thrown: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[str]] = field(default_factory=lambda: {"lost": [], "doubled": [], "wrong": []})

    @property
    def is_good(self) -> bool:
        return not any(self.found.values())


async def play(
    *, rounds: int, seed: str, seconds: float, catches_up: bool = CATCHES_UP, keep: Path | None = None
) -> Report:
    """All rounds, or as many until something is found; every second one with two replicas.

    Args:
        catches_up: whether the bot is asked to find what was written while it was away, and must.
        keep: a new folder for what tells how it came to what is found, if anything is.
    """
    report = Report(seed, catches_up=catches_up)
    async with machines.running(seed=seed) as (up, folder), ClientSession(timeout=ClientTimeout(60)) as http:
        eyes = Eyes(http, up.slack_url)
        engine = up.database.engine()
        try:
            await machines.make_superuser(up, eyes)
            await _rehearse(report, eyes, engine)
            for number in range(1, rounds + 1):
                await _round(number, report, up, eyes, seconds)
                await _quiet(eyes, engine, report)
                await _check(POSTED, report, up, eyes, engine, folder)
                if catches_up and report.is_good:
                    await _catch_up(eyes, engine, report)
                if report.is_good:
                    await _check(PROMISES, report, up, eyes, engine, folder, has_caught_up=catches_up)
                report.rounds = number
                if not report.is_good:
                    if keep is not None:
                        seen = {"log": await eyes.reads("log"), "state": await eyes.state(now=True)}
                        await asyncio.to_thread(keeping.write, keep, seen, engine, folder)
                    break
        finally:
            report.restarts = sum(len(bot.ends) for bot in up.bots)
            engine.dispose()
    return report


async def _rehearse(report: Report, eyes: Eyes, engine: Engine) -> None:
    """Somebody does everything once while nothing goes wrong, so that there is something of every kind."""
    name = machines.SUPERUSER
    person = Person(name, eyes, report.ledger, _dice(f"{report.seed} {name}"), SUPERUSERS_ACTS)
    for act in (*(do for do, _ in person.acts), *LEFT):
        await act(person)
        for _ in range(REHEARSAL_LOOKS):
            if await asyncio.to_thread(_is_sent, engine):
                break
            await asyncio.sleep(REHEARSAL_LOOKS_AGAIN_S)
        await eyes.state(now=True)


async def _round(number: int, report: Report, up: Machines, eyes: Eyes, seconds: float) -> None:
    seed = f"{report.seed} {number}"
    bots = up.bots[: 2 - number % 2]
    if eyes.is_http != (number % 4 in BY_HTTP):
        eyes.is_http = not eyes.is_http
        await up.turn(is_http=eyes.is_http)
    await asyncio.gather(*(bot.up() for bot in bots))
    until = time.monotonic() + seconds
    saboteur = Saboteur(up, eyes, _dice(seed), report.thrown, bots)
    async with asyncio.TaskGroup() as group:
        for name in NAMES:
            acts = SUPERUSERS_ACTS if name == machines.SUPERUSER else ACTS
            group.create_task(Person(name, eyes, report.ledger, _dice(f"{seed} {name}"), acts).lives(until))
        group.create_task(saboteur.works(until, slack_fails, TROUBLES))
    await saboteur.set_faults([])
    await asyncio.gather(*(bot.up() for bot in bots))
    for bot in up.bots[1:]:
        await bot.away()


def _dice(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - no secret


async def _catch_up(eyes: Eyes, engine: Engine, report: Report) -> None:
    """As a superuser may at any time, so that nobody has to wait for the hourly job.

    An edit does not show in a channel's list of threads: where Slack never told of something, the thread is named.
    """
    await _syncs(eyes, "sync")
    await _quiet(eyes, engine, report)
    told = events((await eyes.reads("log"))["entries"])
    unheard = {place for place in report.ledger.replies if not all(each.is_heard for each in told.get(place, ()))}
    for number in await asyncio.to_thread(_numbers, engine, await eyes.state(now=True), unheard):
        await _syncs(eyes, f"sync {number}")
    await _quiet(eyes, engine, report)


async def _syncs(eyes: Eyes, line: str) -> None:
    """Again until it is answered: after sockets were dropped, it takes a while until there is one again."""
    body = {"user": machines.SUPERUSER, "channel": "#incidents", "command": "/incident", "text": line}
    answer: Json = {}
    for _ in range(SYNC_TRIES):
        _, answer = await eyes.does("command", body)
        if answer["ack"]["status"] == "acked":
            return
    raise RuntimeError(f"/incident {line} is not answered: {answer}")


def _numbers(engine: Engine, slack: Json, places: Collection[Place]) -> list[int]:
    """The incidents in whose threads these replies stand, or stood."""
    roots = [
        {"channel": channel["id"], "thread": message.get("thread_ts"), "ts": message["ts"]}
        for channel in slack["channels"]
        for message in channel["messages"]
        if (channel["id"], message["ts"]) in places
    ]
    gone = [{"channel": channel, "thread": None, "ts": ts} for channel, ts in places]
    with engine.connect() as connection:
        found = {connection.scalar(text(IN_WHOSE_THREAD), place) for place in (*roots, *gone)}
    return sorted(number for number in found if number is not None)


async def _quiet(eyes: Eyes, engine: Engine, report: Report) -> None:
    """Nothing goes wrong any more, and everything that waits is sent; what does not end in time is found as lost."""
    began = time.monotonic()
    while time.monotonic() - began < QUIET_WITHIN_S:
        if await asyncio.to_thread(_is_sent, engine) and (await eyes.reads("wait", idle_ms="500", timeout_s="5"))["ok"]:
            break
        await asyncio.sleep(0.2)
    report.slowest_s = max(report.slowest_s, time.monotonic() - began)


def _is_sent(engine: Engine) -> bool:
    with engine.connect() as connection:
        return not connection.scalar(text("SELECT count(*) FROM outbox WHERE gave_up_at IS NULL"))


async def _check(
    promises: Sequence[tuple[str, Promise]],
    report: Report,
    up: Machines,
    eyes: Eyes,
    engine: Engine,
    folder: Path,
    *,
    has_caught_up: bool = False,
) -> None:
    report.records = records = await _records(report, up, eyes, engine, folder)
    records.catches_up = has_caught_up
    for kind, promise in promises:
        name = promise.__name__.replace("_", " ")
        report.found[kind] += [f"{name}: {words}" for words in promise(records)]


async def _records(report: Report, up: Machines, eyes: Eyes, engine: Engine, folder: Path) -> Records:
    log = (await eyes.reads("log"))["entries"]
    records = Records(report.ledger, await eyes.state(now=True), events(log), removed(log), unforeseen(folder))
    records.stuck = sum(bot.stuck for bot in up.bots)
    records.behind_s = max(bot.clock.behind_s for bot in up.bots)
    records.began_s = time.time() - time.monotonic()
    report.unheard = sum(records.is_unheard(place) for place in report.ledger.replies)
    with engine.connect() as connection:
        return records.read(connection)


def unforeseen(folder: Path) -> list[str]:
    """What the bots logged with a traceback: an error that nobody put into words; the SDK's own do not count."""
    found = []
    for log in sorted(folder.glob("bot-*.log")):
        lines = log.read_text("utf8", "replace").splitlines()
        for number, line in enumerate(lines):
            if "Traceback" in line and SDK not in line:
                rest = takewhile(lambda each: not each.startswith("{"), lines[number + 1 : number + MOST_LINES])
                found.append(f"{log.name}: {' | '.join([line, *rest])[-1500:]}")
    return found
