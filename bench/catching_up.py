"""Catching up after a time without a connection: calls and time for 1, 100 and 1,000 changed threads."""

import asyncio
import math
import time
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from uuid import UUID

import psycopg
from aiohttp import ClientSession

from bench import children, workshop
from bench.children import ROOT, Slack
from bench.figures import Line
from bench.workshop import CHANNEL, CHANNEL_ID, address, card_id
from bot.tour import Stage
from sandbox import messages
from sandbox.server import Sandbox, serve

ROOTS: Final = 10_000
CHANGED: Final = (1, 100, 1_000)
PER_PAGE: Final = 200
"""Roots for which one page of history may be read."""
FAST: Final = 20.0
"""Slack's limits go by so much faster, or a thousand threads would take 19 minutes."""
PER_MINUTE: Final = 50
"""Calls of a method that Slack allows, and as many at once."""
PATIENCE_S: Final = 600.0
HISTORY, REPLIES = "conversations.history", "conversations.replies"

COMMENT = (
    "INSERT INTO comment (id, workspace_id, incident_id, author_id, content, created_at, channel_id, ts, thread_ts)"
    " VALUES (gen_random_uuid(), %(workspace)s, %(id)s, %(owner)s, 'known', now(), %(channel)s, %(reply)s, %(ts)s)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """What one absence cost.

    Args:
        calls: how often each method was answered.
        refused: how often Slack asked to wait.
        seconds: from the first call to the last, by this machine's clock.
    """

    calls: dict[str, int]
    refused: int
    seconds: float

    @property
    def least_s(self) -> float:
        """What Slack's limits need at least, on their clock."""
        return max(max(called - PER_MINUTE, 0) * 60 / PER_MINUTE for called in self.calls.values())


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:
    """One absence after the other; each time people reply in other threads.

    Args:
        scale: of the incidents, and of the threads that change.
    """
    roots, lines = max(int(ROOTS * scale), 20), list[Line]()
    changed = sorted({min(max(int(many * scale), 1), roots) for many in CHANGED})
    async with serve(manifest=ROOT / "manifest.yaml", fast=FAST) as box, ClientSession() as session:
        slack, url = Slack(box.url, box.bot_token, box.app_token, session), workshop.database(server)
        async with children.bot(slack, url, by_http=False):
            await Stage(session, box.url).command("ben", CHANNEL, "list")
        tss = _seeded(box, url, roots)
        await _absence(box, slack, url, [])  # settles what is to be settled once
        for many in changed:
            lines += _lines(roots, many, await _absence(box, slack, url, tss[:: max(len(tss) // many, 1)][:many]))
    return lines


def _lines(roots: int, many: int, found: Found) -> list[Line]:
    pages, replies = found.calls.get(HISTORY, 0), found.calls.get(REPLIES, 0)
    case = f"{many:,} of {roots:,} threads changed"
    least_s = found.least_s / FAST
    limits = f"limits {FAST:.0f} times as fast, {found.refused} calls refused"
    lines = [
        Line(case=f"{case}: pages of history", value=pages, bound=math.ceil(roots / PER_PAGE)),
        Line(case=f"{case}: threads read", value=replies, sign="=", bound=many),
    ]
    if not least_s:
        return [*lines, Line(case=f"{case}: time", value=found.seconds, unit="s", note=limits)]
    note = f"{found.seconds:.1f} s, of which {limits} need {least_s:.1f} s: {found.least_s / 60:.0f} min in earnest"
    return [*lines, Line(case=f"{case}: time ÷ what limits need", value=found.seconds / least_s, note=note)]


def _seeded(box: Sandbox, url: str, roots: int) -> list[str]:
    """So many open incidents, each with its card and one reply that is known; the ts of the cards, newest first."""
    workspace, channel, rows = box.workspace, box.workspace.channels[CHANNEL_ID], list[dict[str, Any]]()
    ben = workspace.person("ben")
    for number in range(roots):
        title = f"INC-{number} Fault {number}: open"
        card = messages.add(workspace, channel, messages.from_bot(workspace, text=title))
        reply = {
            **messages.from_person(workspace, ben, "known"),
            "ts": workspace.stamps.next(),
            "thread_ts": card["ts"],
        }
        channel.messages[reply["ts"]] = reply
        card |= {"thread_ts": card["ts"], "reply_count": 1, "latest_reply": reply["ts"], "reply_users": [ben["id"]]}
        place = {"id": card_id(number), "number": workshop.FIRST_NUMBER + number, "title": title}
        rows.append({**place, "ts": card["ts"], "reply": reply["ts"], "channel": CHANNEL_ID})
    with psycopg.connect(address(url)) as connection:
        owner, workspace_id = _known(connection)
        with connection.cursor() as cursor:
            for statement in (*workshop.CARD, COMMENT):
                cursor.executemany(statement, [{**row, "owner": owner, "workspace": workspace_id} for row in rows])
    with psycopg.connect(address(url), autocommit=True) as connection:
        connection.execute("ANALYZE")
    return [row["ts"] for row in reversed(rows)]


def _known(connection: psycopg.Connection) -> tuple[UUID, str]:
    found = connection.execute('SELECT id, workspace_id FROM "user" LIMIT 1').fetchone()
    if found is None:
        raise LookupError("nobody is known")
    return found[0], found[1]


async def _absence(box: Sandbox, slack: Slack, url: str, threads: list[str]) -> Found:
    """People reply in these threads while no bot is there; then one comes, and finds it all."""
    workspace, channel = box.workspace, box.workspace.channels[CHANNEL_ID]
    for ts, number in zip(threads, count()):
        words = f"said while nobody listened {number}"
        messages.add(workspace, channel, messages.from_person(workspace, workspace.person("ben"), words), thread_ts=ts)
    before, kept = box.journal.last, await _counted(url, "SELECT count(*) FROM comment")
    async with children.bot(slack, url, by_http=False):
        await _caught_up(url)
    asked = [
        each for each in box.journal.after(before) if each["kind"] == "api" and each["method"] in (HISTORY, REPLIES)
    ]
    if (found := await _counted(url, "SELECT count(*) FROM comment") - kept) != len(threads):
        raise RuntimeError(f"{found} replies were found, not {len(threads)}")
    answered = [each["method"] for each in asked if each["http"] == 200]
    ends = max(each["at"] + each["ms"] for each in asked) - min(each["at"] for each in asked)
    return Found({m: answered.count(m) for m in (HISTORY, REPLIES)}, len(asked) - len(answered), ends / 1_000)


async def _caught_up(url: str) -> None:
    """Wait until every channel was compared and every thread read that is to be."""
    left = "SELECT count(*) FROM outbox WHERE gave_up_at IS NULL"
    late = time.monotonic() + PATIENCE_S
    while await _counted(url, left):
        if time.monotonic() > late:
            raise TimeoutError("it does not catch up")
        await asyncio.sleep(0.1)


async def _counted(url: str, query: str) -> int:
    async with await psycopg.AsyncConnection.connect(address(url)) as connection:
        found = await (await connection.execute(query.encode())).fetchone()
    return int(found[0]) if found else 0
