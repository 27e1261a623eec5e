"""A real PostgreSQL beside the program, for those who have none: up with its first user, down with its last."""

import fcntl
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bot.postgres_server import MISSING, EmbeddedError, Server

__all__ = ["EmbeddedError", "default_data_folder", "embedded", "throwaway"]

log = logging.getLogger(__name__)


@contextmanager
def embedded(data: Path) -> Iterator[str]:
    """Serve the database kept in a folder for as long as the block lasts.

    Several processes may use the same folder at once; the last to leave stops the server. A process that was
    killed counts as having left, and a server that it left running is taken over.

    Args:
        data: made if missing; the database lives in ``postgres`` within it.

    Yields:
        The address for SQLAlchemy.

    Raises:
        EmbeddedError: the package is missing, the folder cannot be used, or the server does not start or stop.
    """
    with _serving(data) as url:
        yield url


@contextmanager
def throwaway() -> Iterator[str]:
    """Serve an empty database that is quick, does not survive a power cut, and is gone after the block."""
    data = Path(tempfile.mkdtemp(prefix="incident-tracker-"))
    data.chmod(0o711)  # when this is root, the server's own user must get in
    try:
        with _serving(data, careless=True) as url:
            yield url
    finally:
        shutil.rmtree(data)


def default_data_folder() -> Path:
    """``.data`` in a checkout of this project, else the platform's folder for a user's data."""
    here = Path.cwd()
    project = here / "pyproject.toml"
    if project.is_file() and (here / "bot").is_dir() and 'name = "incident-tracker-slack"' in project.read_text("utf8"):
        return here / ".data"
    try:
        import platformdirs
    except ImportError as error:
        raise EmbeddedError(MISSING) from error
    return platformdirs.user_data_path("incident-tracker")


@contextmanager
def _serving(data: Path, *, careless: bool = False) -> Iterator[str]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        server = Server.of(data.resolve(), careless=careless)
        users = (server.data / "postgres.users").open("ab")
    except OSError as error:
        raise EmbeddedError(f"No database can be kept in {data}: {error.strerror}. Choose another --data.") from error
    with users:
        with server.alone():
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                server.start()
            except BaseException:
                _leave(server, users)
                raise
        try:
            yield server.url()
        finally:
            with server.alone():
                _leave(server, users)


def _leave(server: Server, users: IO[bytes]) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.debug("others use the database in %s, it goes on", server.data)
    else:
        server.stop()
