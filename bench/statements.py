"""What the bot really sends to the database for one request, as a script for pgbench."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from pydantic import SecretStr
from slack_bolt.async_app import AsyncBoltRequest
from sqlalchemy import Connection, Engine, event

from bench.payloads import Json
from bench.workshop import CARD_KIND, CARDS, FIRST_NUMBER, Workshop, address
from bot import app, logs
from bot.app import Bot
from bot.settings import Settings
from domain import db

Statement: TypeAlias = tuple[str, Mapping[str, Any]]
LISTENING: ContextVar[bool] = ContextVar("LISTENING", default=False)
"""Set where a request is worked on, not where the relay or a job is."""
BEGIN, COMMIT = "BEGIN", "COMMIT"
FRESH_KIND = 4_096
AS_SEEN = re.compile(r"incident\.version = \d+(::INTEGER)? - \d+(::INTEGER)?")
"""A change is made only of what is as it was seen, which is another version each time."""
TIMES = 7
"""How often a request is made before the one that is kept: by then nothing is done for the first time."""


@dataclass(frozen=True, slots=True)
class Script:
    """For pgbench.

    Args:
        statements: how many it has, BEGIN and COMMIT left out.
        transactions: how many of more than one statement.
    """

    text: str
    statements: int
    transactions: int


async def scripts(shop: Workshop, kinds: Iterable[str]) -> dict[str, Script]:
    """For each kind of request what it does in the database."""
    logs.configure("ERROR", "text")
    engine = db.engine(shop.url)
    try:
        async with app.running(_settings(shop), engine) as bot:
            return {kind: await _script(shop, bot, kind) for kind in kinds}
    finally:
        await engine.dispose()


async def _script(shop: Workshop, bot: Bot, kind: str) -> Script:
    for _ in range(TIMES):
        payload = shop.payloads.made(kind)
        with _noted() as sent:
            token = LISTENING.set(True)
            await bot.app.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))
            LISTENING.reset(token)
    done = _without_empty_begins(sent)
    commits = sum(statement == COMMIT for statement, _ in done)
    return Script(_text(shop.url, done, payload), len(done) - 2 * commits, commits)


def _without_empty_begins(sent: list[Statement]) -> list[Statement]:
    """SQLAlchemy tells of a BEGIN also where each statement commits for itself; then none is sent."""
    marks = [(place, statement) for place, (statement, _) in enumerate(sent) if statement in (BEGIN, COMMIT)]
    following = [*(mark for _, mark in marks[1:]), BEGIN]
    lone = {place for (place, mark), then in zip(marks, following, strict=False) if mark == then == BEGIN}
    return [each for place, each in enumerate(sent) if place not in lone]


def _settings(shop: Workshop) -> Settings:
    given: dict[str, Any] = {
        "slack_bot_token": SecretStr(shop.slack.bot_token),
        "slack_app_token": SecretStr(shop.slack.app_token),
        "slack_api_url": f"{shop.slack.url}/api/",
        "incident_channel": "#incidents",
    }
    return Settings(**{"_env_file": None, **given})


@contextmanager
def _noted() -> Iterator[list[Statement]]:
    sent: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if LISTENING.get():
            sent.append((statement, values))

    def began(connection: Connection) -> None:
        if LISTENING.get() and not _commits_by_itself(connection):
            sent.append((BEGIN, {}))

    def committed(connection: Connection) -> None:
        if LISTENING.get() and not _commits_by_itself(connection):
            sent.append((COMMIT, {}))

    heard: dict[str, Callable[..., None]] = {"before_cursor_execute": note, "begin": began, "commit": committed}
    for name, hear in heard.items():
        event.listen(Engine, name, hear)
    try:
        yield sent
    finally:
        for name, hear in heard.items():
            event.remove(Engine, name, hear)


def _commits_by_itself(connection: Connection) -> bool:
    """SQLAlchemy tells of transactions there, too; none is begun."""
    return bool(connection.connection.dbapi_connection.autocommit)  # type: ignore[union-attr]


def _text(url: str, sent: Iterable[Statement], payload: Json) -> str:
    """The statements with their values; what must be new each time is made from a number that is drawn each time."""
    lines = [rf"\set card random({FIRST_NUMBER}, {FIRST_NUMBER + CARDS - 1})", r"\set fresh random(1, 1000000000000)"]
    with psycopg.connect(address(url), cursor_factory=psycopg.ClientCursor) as connection:
        known = {row[0] for row in connection.execute('SELECT id FROM "user"')}
        for statement, values in sent:
            cursor: Any = connection.cursor()
            written = AS_SEEN.sub("incident.version > 0", cursor.mogrify(statement, values or None))
            for value in _flat(values):
                [one] = value if isinstance(value, list) and len(value) == 1 else [value]
                if (new := _anew(one, payload, known, writes="INSERT INTO" in statement)) is None:
                    continue
                if one is value:
                    written = written.replace(f"'{_spelt(value)}'", new)
                else:
                    written = written.replace(cursor.mogrify("%s", [value]), f"ARRAY[{new}]")
            lines.append(" ".join(written.split()) + ";")
    return "\n".join(lines) + "\n"


def _flat(values: Any) -> Iterable[Any]:
    return values.values() if isinstance(values, Mapping) else values or ()


def _spelt(value: Any) -> str:
    return value.hex if isinstance(value, UUID) else str(value)


def _anew(value: Any, payload: Json, known: set[UUID], *, writes: bool) -> str | None:
    """How to make a value like this one, but new; None where it stays, as the title does that is only looked for."""
    if isinstance(value, UUID):
        if value in known:
            return None
        if value.int >> 64 == CARD_KIND:
            return _id(CARD_KIND, "card")
        return _id(FRESH_KIND + value.int % 4_000, "fresh")
    fresh = {
        payload.get("event", {}).get("ts"): "(:fresh::bigint)::text",
        f"view:{payload.get('view', {}).get('id')}": "('view:' || :fresh::bigint)",
        _title(payload) if writes else None: "md5((:fresh::bigint)::text)",
    }
    return fresh.get(value) if isinstance(value, str) and value else None


def _id(kind: int, variable: str) -> str:
    return f"('{kind:016x}' || lpad(to_hex(:{variable}::bigint), 16, '0'))"


def _title(payload: Json) -> str | None:
    values = payload.get("view", {}).get("state", {}).get("values", {})
    title: str | None = values.get("title", {}).get("title", {}).get("value")
    return title
