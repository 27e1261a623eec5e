"""The command line: run, demo, migrate, superuser, code, export, doctor."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from bot import app, logs, postgres, server, settings
from bot.app import StartError
from bot.connection import DeafError
from bot.exporting import writing
from bot.postgres import EmbeddedError
from bot.settings import Basics, SettingsError
from domain import db
from domain.errors import DomainError
from migrations import run as migrations
from migrations.run import BusyError

START_ERRORS = (
    SettingsError,
    StartError,
    DeafError,
    EmbeddedError,
    OperationalError,
    db.Unsure,
    DomainError,
    BusyError,
)
ENDS_WITHIN_S = 60
"""A process that Slack does not reach ends by then, also if something that it waits for never comes."""
WITHOUT_DATABASE = "Without DATABASE_URL it starts its own PostgreSQL and keeps the data in ./.data."


def main() -> None:
    """Do what the command line says; a problem is one sentence on standard error and exit code 1."""
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.do(arguments))
    except START_ERRORS as error:
        print(f"incident-tracker: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def run(_: argparse.Namespace) -> int:
    """Serve a workspace until Ctrl-C or SIGTERM."""
    chosen = settings.load()
    logs.configure(chosen.log_level, chosen.log_format)
    with database(chosen) as url:
        _migrate(url)
        return until_stopped(_serve(chosen, url))


def migrate(_: argparse.Namespace) -> int:
    """Bring the database to the newest revision."""
    chosen = settings.load_basics()
    with database(chosen) as url:
        _migrate(url)
    print("The database is up to date.")
    return 0


def superuser(arguments: argparse.Namespace) -> int:
    """Name a superuser by e-mail address, and print the code that they enter in Slack after /incident link."""
    return _print_code(arguments, is_superuser=True)


def code(arguments: argparse.Namespace) -> int:
    """Print a one-time code for /incident link, where no mail server sends one."""
    return _print_code(arguments, is_superuser=False)


def export(arguments: argparse.Namespace) -> int:
    """Write everything in the workspace to a zip, those incidents of private channels too."""
    chosen = settings.load_basics()
    try:
        with writing.opened(arguments.file) as target, database(chosen) as url:
            _migrate(url)
            count = asyncio.run(server.export(url, arguments.form, target, arguments.workspace))
    except OSError as error:
        where = f" Look at {arguments.file or 'where standard output goes'}, then try again."
        raise StartError(f"Nothing was written: {error.strerror or error}.{where}") from error
    print(f"{count:,} incidents are written.", file=sys.stderr)
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Examine Slack, the database, mail and what waits, and say how to mend it; exit code 1 if there is anything."""
    from bot.health import shell, views

    chosen = settings.load()
    logs.configure("ERROR", chosen.log_format)
    try:
        with database(chosen) as url:
            found = asyncio.run(shell.examine(chosen, url, arguments.workspace))
    except EmbeddedError as error:
        found = asyncio.run(shell.without_database(chosen, str(error)))
    print(views.printed(found))
    return 1 if any(each.fix for each in found) else 0


def demo(arguments: argparse.Namespace) -> int:
    """A local workspace with the bot in it."""
    from bot import demo  # needs the sandbox's packages, which a server has no use for

    logs.configure("WARNING", "text")
    with postgres.embedded(arguments.data or postgres.default_data_folder()) as url:
        fresh = demo.fresh_database(url)
        _migrate(fresh)
        return until_stopped(
            demo.play(fresh, port=arguments.port, browser=not arguments.no_browser, tour=arguments.tour)
        )


@contextmanager
def database(chosen: Basics) -> Iterator[str]:
    """The address of the database that is set, or of the embedded one while it is needed."""
    if chosen.database_url:
        yield chosen.database_url
        return
    with postgres.embedded(postgres.default_data_folder()) as url:
        yield url


def until_stopped(work: Coroutine[Any, Any, int]) -> int:
    """Run it; SIGTERM and Ctrl-C end it cleanly, with its own clean-up."""

    async def supervised() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            return await task
        return 0

    return asyncio.run(supervised())


async def _serve(chosen: settings.Settings, url: str) -> int:
    engine = db.engine(url)
    ending = threading.Timer(ENDS_WITHIN_S, os._exit, (1,))
    ending.daemon = True
    try:
        async with app.running(chosen, engine) as bot:
            print("Incident Tracker is ready. Try /incident in Slack.", flush=True)
            try:
                await (bot.connection.until_deaf() if bot.connection else asyncio.Event().wait())
            except DeafError:
                ending.start()
                raise
    finally:
        await engine.dispose()
        ending.cancel()
    return 0


def _print_code(arguments: argparse.Namespace, *, is_superuser: bool) -> int:
    chosen = settings.load_basics()
    with database(chosen) as url:
        _migrate(url)
        made = asyncio.run(server.print_code(url, arguments.address, arguments.workspace, is_superuser=is_superuser))
    print(f"{made[:4]} {made[4:]}\n\nType /incident link in Slack, enter {arguments.address}, then this code.")
    print("It is good for ten minutes, once, for whoever enters it with this address.")
    return 0


def _migrate(url: str) -> None:
    engine = create_engine(url, connect_args={"prepare_threshold": None})  # which a pool of connections would mix up
    try:
        migrations.patiently(engine)
    finally:
        engine.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="incident-tracker", description="A Slack bot that keeps each incident in one card and one thread."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("run", help="serve a Slack workspace", description=f"{run.__doc__} {WITHOUT_DATABASE}")
    serve.set_defaults(do=run)
    upgrade = commands.add_parser("migrate", help="bring the database up to date", description=migrate.__doc__)
    upgrade.set_defaults(do=migrate)
    for do, words in ((superuser, "name the first superuser, and print a code for them"),
                      (code, "print a code for /incident link")):  # fmt: skip
        prints = commands.add_parser(do.__name__, help=words, description=do.__doc__)
        prints.add_argument("address", help="e-mail address of the account")
        prints.add_argument("--workspace", help="Slack team id (T…), where the database serves several")
        prints.set_defaults(do=do)
    writes = commands.add_parser("export", help="write everything to a file", description=export.__doc__)
    writes.add_argument("form", choices=writing.FORMS, help="for spreadsheets, or for programs; both in a zip")
    writes.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: standard output")
    writes.add_argument("--workspace", help="Slack team id (T…), where the database serves several")
    writes.set_defaults(do=export)
    examines = commands.add_parser("doctor", help="examine everything that has to be so", description=doctor.__doc__)
    examines.add_argument("--workspace", help="Slack team id (T…), where the database serves several")
    examines.set_defaults(do=doctor)
    show = commands.add_parser("demo", help="try it here, without a Slack workspace", description=demo.__doc__)
    show.add_argument("--port", type=int, default=8065, help="of the page; 0 picks a free one (default: 8065)")
    show.add_argument("--no-browser", action="store_true", help="do not open the page")
    show.add_argument("--data", type=Path, help="folder for the database (default: ./.data or the platform's own)")
    show.add_argument("--tour", action="store_true", help="play one incident and print what everybody did and saw")
    show.set_defaults(do=demo)
    return parser


if __name__ == "__main__":
    main()
