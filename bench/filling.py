"""A workspace as it looks after years: most incidents resolved, some channels private, a few words everywhere."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import URL

from domain.incidents import Priority, Status
from domain.workspaces import CATEGORIES

WORKSPACE: Final = "T0BENCH"
READER: Final = "U0000"
"""An ordinary member, in every public channel and in one private one."""

COMMENTS: Final = 10
"""For each incident."""
UNRESOLVED: Final = 0.1
"""Share of the incidents."""
COMMON: Final = "deploy"
"""In half of all comments."""
RARE: Final = "zirconium"
"""In one comment of 100,000, and at least in three."""
OLD: Final = "mainframe"
"""In every third comment of the oldest incidents, one in twenty, and never since."""
LONGEST: Final = "authentication"
"""In one title of a hundred."""

PEOPLE, CHANNELS, PRIVATE, VOCABULARY = 50, 25, 5, 5_000
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we")
Row: TypeAlias = tuple[object, ...]


def fill(url: URL, size: int) -> None:
    """Put in so many incidents, the same ones each time."""
    chance = random.Random(size)  # noqa: S311
    people = [_id(1, n) for n in range(PEOPLE)]
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        connection.execute("SET session_replication_role = replica")  # no look-up per row for what is known to be there
        with _without_slow_indexes(connection):
            _put(connection, "workspace", ("id", "last_number"), iter([(WORKSPACE, size)]))
            _people_and_channels(connection, people)
            _put(connection, "incident", INCIDENT, _incidents(size, people, chance))
            _put(connection, "comment", COMMENT, _comments(size, people, chance))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


INCIDENT = (
    "id", "workspace_id", "number", "title", "description", "status", "priority", "category", "created_at",
    "updated_at", "resolved_at", "owner_id", "assignee_id", "channel_id", "card_ts",
)  # fmt: skip
COMMENT = ("id", "workspace_id", "incident_id", "author_id", "content", "created_at")


def _people_and_channels(connection: psycopg.Connection, people: list[UUID]) -> None:
    names = [f"Person {n}" for n in range(PEOPLE)]
    users = zip(people, [WORKSPACE] * PEOPLE, names, strict=True)
    _put(connection, "user", ("id", "workspace_id", "full_name"), users)
    profiles = ((WORKSPACE, f"U{n:04}", person, names[n], "UTC", "member", False) for n, person in enumerate(people))
    columns = ("workspace_id", "slack_user_id", "user_id", "name", "time_zone", "standing", "is_deactivated")
    _put(connection, "slack_profile", columns, profiles)
    categories = ((WORKSPACE, name, n) for n, name in enumerate(CATEGORIES))
    _put(connection, "category", ("workspace_id", "name", "position"), categories)
    channels = ((WORKSPACE, f"C{n:04}", f"channel-{n}", n < PRIVATE, True) for n in range(CHANNELS))
    _put(connection, "channel", ("workspace_id", "id", "name", "is_private", "is_open"), channels)
    inside = iter([(WORKSPACE, "C0000", READER)])
    _put(connection, "channel_member", ("workspace_id", "channel_id", "slack_user_id"), inside)


def _incidents(size: int, people: list[UUID], chance: random.Random) -> Iterator[Row]:
    words, start = vocabulary(), datetime.now(UTC) - timedelta(hours=size)
    for number in range(1, size + 1):
        at = start + timedelta(hours=number)
        status = Status.RESOLVED
        if chance.random() < UNRESOLVED:
            status = chance.choice((Status.OPEN, Status.IN_PROGRESS))
        title = [*chance.choices(words, k=5), *([LONGEST] if number % 100 == 0 else [])]
        assignee = chance.choice(people) if status is not Status.OPEN else None
        priority = chance.choices(tuple(Priority), (1, 3, 10, 6))[0]
        yield (
            _id(2, number), WORKSPACE, number, " ".join(title), " ".join(chance.choices(words, k=20)), status.value,
            priority.value, chance.choice(CATEGORIES), at, at, at if status is Status.RESOLVED else None,
            chance.choice(people), assignee, f"C{chance.randrange(CHANNELS):04}", f"{number}.000100",
        )  # fmt: skip


def _comments(size: int, people: list[UUID], chance: random.Random) -> Iterator[Row]:
    words, start = vocabulary(), datetime.now(UTC) - timedelta(hours=size)
    every = max(size * COMMENTS // max(size * COMMENTS // 100_000, 3), 1)
    for n in range(size * COMMENTS):
        said = chance.choices(words, k=12)
        if n % 2:
            said.append(COMMON)
        if n % every == 0:
            said.append(RARE)
        if n < size * COMMENTS // 20 and n % 3 == 0:
            said.append(OLD)
        number, minute = divmod(n, COMMENTS)
        at = start + timedelta(hours=number + 1, minutes=minute)
        yield _id(3, n), WORKSPACE, _id(2, number + 1), chance.choice(people), " ".join(said), at


def vocabulary() -> list[str]:
    """Words that look like words, the same ones each time."""
    chance = random.Random(0)  # noqa: S311
    return ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 5))) for _ in range(VOCABULARY)]


def _id(kind: int, number: int) -> UUID:
    return UUID(int=(kind << 64) + number)


def _put(connection: psycopg.Connection, table: str, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    copying = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def _without_slow_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Full-text indexes are made at the end: quicker than keeping them row by row."""
    found = connection.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%USING gin%'")
    indexes: list[tuple[str, str]] = found.fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for _, definition in indexes:
        connection.execute(definition.encode())
