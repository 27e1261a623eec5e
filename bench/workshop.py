"""What the measured processes work on: a database of their own that keeps what it commits, a local Slack, and cards."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from aiohttp import ClientSession
from psycopg import sql
from sqlalchemy import create_engine, make_url, text

from bench import children
from bench.children import Slack
from bench.payloads import BUTTON, COMMAND, MODAL, REPLY, Card, Payloads
from bot import postgres
from bot.tour import Stage
from migrations import run

CHANNEL, CHANNEL_ID = "#incidents", "C0INCIDENT"
CARDS = 600
"""More than are clicked on at once, so that the clicks on one card do not meet."""
FIRST_NUMBER, CARD_KIND = 1_000_000, 9
PATIENCE_S = 30.0
POSTS_AT_ONCE = 5
"""As Slack limits them; then its clock is moved on."""
KINDS = {"/incident": COMMAND, "block_actions": BUTTON, "view_submission": MODAL, "message": REPLY}

CARD = (
    "INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id, card_ts)"
    " VALUES (%(id)s, %(workspace)s, %(number)s, %(title)s, 'medium', 'bug', %(owner)s, %(channel)s, %(ts)s)",
    "INSERT INTO thread (workspace_id, channel_id, ts, incident_id)"
    " VALUES (%(workspace)s, %(channel)s, %(ts)s, %(id)s)",
    "INSERT INTO timeline_entry (workspace_id, incident_id, batch, what, old, new, note, by_user_id, surface)"
    " VALUES (%(workspace)s, %(id)s, %(id)s, 'created', '', %(title)s, '', %(owner)s, 'command')",
)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Everything that a measurement needs; who needs the bot starts it."""

    url: str
    slack: Slack
    payloads: Payloads
    stage: Stage

    def count(self, table: str) -> int:
        """How many rows there are."""
        return self._asked(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))

    def done(self, kind: str) -> int:
        """How many requests of this kind were really committed until now."""
        match kind:
            case "button":
                return self._asked(sql.SQL("SELECT sum(version) FROM incident"))
            case "modal submission":
                return self.count("incident")
            case "thread reply":
                return self.count("comment")
        return 0

    def _asked(self, query: sql.SQL | sql.Composed) -> int:
        with psycopg.connect(address(self.url)) as connection:
            found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    def forget(self) -> None:
        """Leave nothing to send, which would take minutes at Slack's pace, and see what became of the cards."""
        with psycopg.connect(address(self.url)) as connection:
            connection.execute("DELETE FROM outbox")
            found = connection.execute("SELECT id, version FROM incident WHERE number >= %s", [FIRST_NUMBER])
            self.payloads.seen(dict(found.fetchall()))


def card_id(number: int) -> UUID:
    """The id of the incident with this number, so that a script can compute it."""
    return UUID(int=(CARD_KIND << 64) + number)


@contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL that waits for the disk, as in earnest; gone after the block."""
    with tempfile.TemporaryDirectory(prefix="incident-tracker-bench-") as folder:
        data = Path(folder)
        data.chmod(0o711)
        with postgres.embedded(data) as url:
            yield url


def database(server_url: str) -> str:
    """An empty database with all tables."""
    url = make_url(server_url).set(database=f"bench_{secrets.token_hex(4)}")
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {url.database}"))
    admin.dispose()
    migrated = create_engine(url)
    with migrated.begin() as connection:
        run.upgrade(connection)
    migrated.dispose()
    return url.render_as_string(hide_password=False)


def copied(url: str) -> str:
    """A second database with the same in it, to which no bot is connected; nobody may be connected to the first."""
    old = make_url(url)
    new = old.set(database=f"{old.database}_copy")
    admin = create_engine(old.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {new.database} TEMPLATE {old.database}"))
    admin.dispose()
    return new.render_as_string(hide_password=False)


def address(url: str) -> str:
    """The same for psycopg and PostgreSQL's own programs."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def delivered(url: str) -> None:
    """Wait until nothing is left that Slack has to be told."""
    async with asyncio.timeout(PATIENCE_S), await psycopg.AsyncConnection.connect(address(url)) as connection:
        await connection.set_autocommit(True)
        left = "SELECT 1 FROM outbox WHERE gave_up_at IS NULL LIMIT 1"
        while await (await connection.execute(left)).fetchone():  # noqa: ASYNC110 - tables ring no bell
            await asyncio.sleep(0.02)


@asynccontextmanager
async def workshop(server_url: str, *, cards: int = CARDS) -> AsyncIterator[Workshop]:
    """A fresh workspace in which everybody was once; Slack takes no more calls than it takes in earnest.

    Args:
        cards: how many incidents are there.
    """
    url = database(server_url)
    async with children.slack(limits=True) as slack, ClientSession() as session:
        stage = Stage(session, slack.url)
        async with children.bot(slack, url, by_http=False):
            templates = await _recorded(stage, slack)
        yield Workshop(url, slack, Payloads(templates, await _cards(slack, url, cards)), stage)


async def _recorded(stage: Stage, slack: Slack) -> dict[str, dict[str, Any]]:
    """One request of each kind, as Slack sends it; the last of a kind counts."""
    for person in ("chloe", "dmitri", "ben", "ana"):
        await stage.command(person, CHANNEL, "list")
    await stage.command("ana", CHANNEL, "new Checkout returns 500s")
    await stage.submit("ana", description="Since 14:05. Card payments only.")
    card = await stage.card(CHANNEL, "Checkout returns 500s")
    await stage.click("ben", CHANNEL, card, "incident.take")
    await stage.reply("chloe", CHANNEL, card, "Which disk?")
    found = {}
    for entry in await slack.log():
        if entry["kind"] != "delivery" or "bot_id" in (event := entry["payload"].get("event", {})):
            continue
        if entry["type"] in KINDS and "subtype" not in event and entry["payload"].get("text", "list") == "list":
            found[KINDS[entry["type"]]] = entry["payload"]
    return found


async def _cards(slack: Slack, url: str, many: int) -> list[Card]:
    """So many incidents in Slack and in the database."""
    cards = []
    for number in range(many):
        if number % POSTS_AT_ONCE == 0:
            await slack.control("clock", {"advance_s": 60})
        posted = await slack.api("chat.postMessage", channel=CHANNEL_ID, text=f"Card {number}")
        cards.append(Card(card_id(FIRST_NUMBER + number), posted["ts"]))
    with psycopg.connect(address(url)) as connection:
        owner, workspace = connection.execute('SELECT id, workspace_id FROM "user" LIMIT 1').fetchone() or (None, None)
        common = {"owner": owner, "workspace": workspace, "channel": CHANNEL_ID}
        with connection.cursor() as cursor:
            for statement in CARD:
                cursor.executemany(statement, [_values(card, number, common) for number, card in enumerate(cards)])
        connection.execute("ANALYZE")  # as PostgreSQL does by itself, a minute later
    return cards


def _values(card: Card, number: int, common: dict[str, Any]) -> dict[str, Any]:
    return {"id": card.incident_id, "ts": card.ts, "number": FIRST_NUMBER + number, "title": f"Card {number}", **common}
