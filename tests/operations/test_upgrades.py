"""Old and new code run side by side on the new tables, so that replicas are replaced one after the other."""

import asyncio
import io
import re
import secrets
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from migrations import run
from tests.operations import replicas
from tests.operations.test_replicas import STATES, acked, burst, cards, settled

ROOT = Path(__file__).parents[2]
NEVER = (
    (r"\bDROP (TABLE|COLUMN|VIEW|TYPE|SCHEMA|FUNCTION)\b", "takes away what the code before it may use"),
    (r"\bRENAME\b", "takes a name away that the code before it uses"),
    (r"\bALTER COLUMN \S+ (TYPE|SET DATA TYPE)\b", "rewrites a table, and the code before it expects the old type"),
    (r"\bSET NOT NULL\b", "refuses what the code before it writes"),
    (r"\bALTER COLUMN \S+ DROP DEFAULT\b", "refuses what the code before it leaves out"),
    (r"\b(TRUNCATE TABLE|DELETE FROM)\b", "deletes what people wrote"),
)
NEEDS_NO_VALUE = re.compile(r"\bDEFAULT\b|\bGENERATED\b", re.IGNORECASE)


@contextmanager
def emptied(server_url: str) -> Iterator[Engine]:
    """A new database without any table."""
    name = f"test_upgrade_{secrets.token_hex(4)}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(make_url(server_url).set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def revisions() -> list[str]:
    """All of them, the first one first."""
    return sorted(file.name[:4] for file in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))


def stepped(engine: Engine) -> dict[str, list[str]]:
    """Go up step by step; what each revision said to the database."""
    said: dict[str, list[str]] = {}
    for revision in revisions():
        heard: list[str] = []

        def hear(_c: object, _cursor: object, statement: str, *_: object, heard: list[str] = heard) -> None:
            heard.append(re.sub(r"\s+", " ", statement).strip())

        with engine.begin() as connection:
            event.listen(connection, "before_cursor_execute", hear)
            command.upgrade(run.configured(connection), revision)
        said[revision] = heard
    return said


def test_each_revision_leaves_the_code_before_it_working(server_url: str) -> None:
    with emptied(server_url) as engine:
        said = stepped(engine)
    for revision in revisions()[1:]:  # before the first tables there was no code
        for statement in said[revision]:
            for pattern, why in NEVER:
                assert not re.search(pattern, statement, re.IGNORECASE), f"{revision} {why}: {statement}"
            for added in re.findall(r"\bADD COLUMN [^,;]*", statement, re.IGNORECASE):
                assert "NOT NULL" not in added or NEEDS_NO_VALUE.search(added), (
                    f"{revision} adds what the code before it does not fill: {statement}"
                )


def test_a_revision_does_not_wait_for_long_because_others_wait_behind_it(server_url: str) -> None:
    with emptied(server_url) as engine, engine.begin() as connection:
        run.upgrade(connection)
        assert connection.scalar(text("SHOW lock_timeout")) == "1s"
        assert connection.scalar(text("SHOW statement_timeout")) == "0"


def test_while_somebody_holds_a_table_it_is_tried_again_and_then_said(server_url: str) -> None:
    with emptied(server_url) as engine, engine.connect() as other:
        with engine.begin() as connection:
            command.upgrade(run.configured(connection), "0007")
        other.execute(text("LOCK TABLE channel IN ACCESS SHARE MODE"))  # as a backup does

        with pytest.raises(run.BusyError, match=r"another connection holds them.*start again"):
            run.patiently(engine, tries=2, pause_s=0)
        asyncio.run(_released_meanwhile(engine, other))

        with engine.connect() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == run.newest()


async def _released_meanwhile(engine: Engine, other: Connection) -> None:
    upgrading = asyncio.create_task(asyncio.to_thread(run.patiently, engine, pause_s=0))
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(30):
        while not other.scalar(waits):  # noqa: ASYNC110 - locks ring no bell
            await asyncio.sleep(0.02)
    other.rollback()
    await upgrading


def old_code(folder: Path) -> str:
    """Unpack the newest commit that does not know the newest revision; what it was, or why there is none."""
    newest = next(name for name in (ROOT / "migrations" / "versions").glob(f"{run.newest()}_*.py"))
    try:
        made = _git("log", "--format=%H", "--diff-filter=A", "--", str(newest.relative_to(ROOT))).split()
        commit = _git("rev-parse", f"{made[-1]}~1" if made else "HEAD").strip()
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"The history that has the code before {run.newest()} is not here: {error}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return commit


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True, text=True).stdout


async def test_old_and_new_code_serve_the_same_workspace_at_the_same_time(database_url: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()  # nothing in it: what runs there is the code here
    old_code(old)
    async with replicas.sharing(database_url, count=2, trees=[old, new]) as found:
        workspace = found.workspace
        known = [await workspace.opened(f"Old {number}") for number in range(4)]

        done = await burst(workspace, known)
        await settled(workspace)
        found.programs[0].signal(signal.SIGTERM)
        assert await found.programs[0].ended() == 0
        assert await acked(
            workspace, "command", user="ana", channel="#incidents", command="/incident", text="resolve 1 x"
        )
        await settled(workspace)

        rows = await workspace.rows(STATES)
        assert {f"New {n}" for n in range(12)} <= {title for title, _ in rows} >= set(done["opened"])
        assert rows[0][1] == "resolved"
        assert await cards(workspace) == sorted(rows)
        assert sorted(words for _, words in await workspace.comments()) == sorted(done["said"])
