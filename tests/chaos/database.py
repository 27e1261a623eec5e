"""The PostgreSQL of a run, on a disk of its own behind a line of its own, and what can happen to it."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import psutil
import psycopg
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from bot.postgres_server import SOCKET, Server
from tests.chaos.disk import Disk
from tests.chaos.tunnel import Tunnel

DATABASE = "chaos"
FULL = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.disk AS SELECT 0::float AS full_share;
CREATE FUNCTION chaos.needs_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF random() < (SELECT full_share FROM chaos.disk) THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
END $$;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('CREATE TRIGGER needs_room BEFORE INSERT OR UPDATE ON %I', name)
            || ' EXECUTE FUNCTION chaos.needs_room()';
    END LOOP;
END $$
"""
"""What makes writes fail as they do on a full disk; a full disk itself strikes only where a file must grow."""
NOTED = """
CREATE TABLE chaos.mended (incident_id uuid, ts text, version int, at timestamptz);
CREATE FUNCTION chaos.note_mended() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.mended SELECT NEW.incident_id, split_part(NEW.key, ':', 3), split_part(NEW.key, ':', 4)::int,
        clock_timestamp() WHERE NOT EXISTS (
            SELECT FROM outbox WHERE incident_id = NEW.incident_id AND id <> NEW.id AND gave_up_at IS NULL
            AND topic IN ('incident.opened', 'incident.changed'));
    RETURN NULL;
END $$;
CREATE TRIGGER note_mended AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.key LIKE 'mend:%')
    EXECUTE FUNCTION chaos.note_mended()
"""
"""What keeps in mind which cards a comparison found old when nothing was on its way to them."""
SLOW_COMMITS = {"commit_delay": "100000", "commit_siblings": "0"}
"""A tenth of a second before each commit reaches the disk."""


class Database:
    """The embedded PostgreSQL on a folder of its own, behind a line that can be cut."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(folder)
        self._server = Server.of(folder, careless=False)
        self.tunnel = Tunnel(self._server.cluster / SOCKET)

    @property
    def url(self) -> str:
        """How the bots reach it."""
        return f"postgresql://postgres@127.0.0.1:{self.tunnel.port}/{DATABASE}"

    def engine(self) -> Engine:
        """How the checks reach it: not through the line."""
        return create_engine(make_url(self._server.url()).set(database=DATABASE), poolclass=NullPool)

    async def start(self) -> None:
        def begin() -> None:
            with self._server.alone():
                self._server.start()

        await asyncio.to_thread(begin)

    async def stop(self, mode: str = "fast") -> None:
        """
        Args:
            mode: ``immediate`` is a crash: nothing is finished, and the next start recovers from the log.
        """
        cluster = str(self._server.cluster)
        await asyncio.to_thread(self._server.run, "pg_ctl", "stop", "-D", cluster, "-w", "-s", "-m", mode)

    def make(self) -> None:
        """The empty database; the first bot fills it with tables."""
        admin = create_engine(self._server.url(), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {DATABASE}"))
        admin.dispose()

    def prepare(self) -> None:
        """When the tables are there."""
        self.does(FULL, NOTED)

    def end(self) -> None:
        """Stop it, and forget everything in it."""
        try:
            with self._server.alone():
                self._server.stop()
        finally:
            self.disk.close()

    def does(self, *statements: str) -> None:
        """As its administrator, not through the line."""
        url = make_url(self._server.url()).set(drivername="postgresql", database=DATABASE)
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def fill(self, *, needs_more: bool) -> None:
        """The disk is full.

        Args:
            needs_more: the next commit needs a file that no longer fits, and the server crashes.
        """
        if self.disk.fill() and needs_more:
            with suppress(psycopg.Error):
                self.does("SELECT pg_switch_wal()")

    def refuse_writes(self, share: float) -> None:
        """So many of all statements that write find no room."""
        self.does(f"UPDATE chaos.disk SET full_share = {share:f}")  # noqa: S608 - a number

    def slow_down(self, *, is_slow: bool) -> None:
        """Every commit waits for a slow disk, or does not any more."""
        turned = [f"SET {name} = {value}" if is_slow else f"RESET {name}" for name, value in SLOW_COMMITS.items()]
        self.does(*(f"ALTER SYSTEM {each}" for each in turned), "SELECT pg_reload_conf()")

    @contextmanager
    def some_stand_still(self, dice: Random) -> Iterator[None]:
        """Some of its processes, as if the disk did not answer them; what they hold, others wait for."""
        still = [each for each in self._processes() if dice.random() < 0.5]
        try:
            _signal(still, signal.SIGSTOP)
            yield
        finally:
            _signal(still, signal.SIGCONT)

    def _processes(self) -> list[psutil.Process]:
        """All but the one that starts the others."""
        try:
            number = int((self._server.cluster / "postmaster.pid").read_text("utf8").split()[0])
            return psutil.Process(number).children()
        except (OSError, ValueError, IndexError, psutil.Error):
            return []


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for each in processes:
        with suppress(psutil.Error):
            each.send_signal(number)
