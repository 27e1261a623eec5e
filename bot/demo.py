"""A local workspace with the bot and a small story in it, for trying it out; the only module that knows the sandbox."""

import asyncio
import webbrowser
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from bot import app
from bot.settings import Settings
from bot.sync import Pace
from bot.tour import FIRST_SUPERUSER, HINTS, Stage, tell_story, walk
from domain import db
from sandbox import server

MANIFEST = Path(__file__).parents[1] / "manifest.yaml"
DATABASE = "demo"

INVITATION = """
Incident Tracker is ready: {url}

  1. Choose who you are at the top left, and a channel.
  2. Type  /incident new Checkout is slow p2  and submit the form.
  3. Press "Take it" on the card, reply in its thread, press "Resolve…".
  4. Become somebody else and look at what they see. /incident help lists the rest.
  5. Ana is a superuser: /incident admin. The mails that the bot sends are shown under Mails.

Ctrl-C stops everything. The next start begins afresh.
"""


def fresh_database(url: str) -> str:
    """An empty database beside the others: the local workspace forgets, so its records do, too."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {DATABASE}"))
    admin.dispose()
    return make_url(url).set(database=DATABASE).render_as_string(hide_password=False)


async def play(url: str, *, port: int, browser: bool, tour: bool) -> int:
    """Run workspace and bot until cancelled, or until the tour is over.

    Args:
        url: of an empty, migrated database.
        port: of the page; 0 picks a free one.
        tour: play one incident and print it; 0 only if all of it happened.
    """
    engine = db.engine(url)
    try:
        async with (
            server.serve(port=0 if tour else port, manifest=MANIFEST, limits=not tour) as sandbox,
            app.running(_settings(sandbox, url), engine, pace=Pace(interval_s=0) if tour else None),
            ClientSession() as session,
        ):
            sandbox.hints = HINTS
            stage = Stage(session, sandbox.url)
            if tour:
                return await walk(stage)
            await tell_story(stage)
            await _open(sandbox.url, browser)
            await asyncio.Event().wait()
    finally:
        await engine.dispose()
    return 0


async def _open(url: str, browser: bool) -> None:
    print(INVITATION.format(url=url), flush=True)
    if browser:
        await asyncio.to_thread(webbrowser.open, url)


def _settings(sandbox: server.Sandbox, url: str) -> Settings:
    given: dict[str, Any] = {
        "slack_bot_token": SecretStr(sandbox.bot_token),
        "slack_app_token": SecretStr(sandbox.app_token),
        "slack_api_url": sandbox.api_url,
        "database_url": url,
        "incident_channel": "#incidents",
        "first_superuser": FIRST_SUPERUSER,
        "smtp_host": sandbox.mail_host,
        "smtp_port": sandbox.mail_port,
        "smtp_security": "none",
        "smtp_from": "Incident Tracker <incidents@harbour.example>",
    }
    return Settings(**{"_env_file": None, **given})
