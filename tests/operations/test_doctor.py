"""``incident-tracker doctor``: what is wrong, in a sentence each, whatever is away; and never a secret."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from migrations import run
from tests.end_to_end.conftest import Workspace, emptied
from tests.end_to_end.eyes import superuser
from tests.operations import pgbouncer

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9/api/"


def environment(workspace: Workspace, **wishes: str) -> dict[str, str]:
    """Of a server where everything is set."""
    url = make_url(workspace.engine.url).set(drivername="postgresql")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SLACK_BOT_TOKEN": workspace.sandbox.bot_token,
        "SLACK_APP_TOKEN": workspace.sandbox.app_token,
        "SLACK_API_URL": workspace.sandbox.api_url,
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "INCIDENT_CHANNEL": "#incidents",
        "SMTP_HOST": str(workspace.sandbox.mail_host),
        "SMTP_PORT": str(workspace.sandbox.mail_port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "bot@harbour.example",
        **wishes,
    }


async def examined(settings: dict[str, str], folder: Path) -> tuple[int, str]:
    """The exit code, and all that is printed."""
    done: subprocess.CompletedProcess[str] = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "bot", "doctor"],
        env=settings, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout
    assert not [name for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN") if settings[name] in done.stdout]
    return done.returncode, done.stdout


def lines(said: str, *names: str) -> list[str]:
    return [line for line in said.splitlines() if line[5:].split(":")[0] in names]


async def test_where_all_is_well_it_says_so_and_ends_with_0(workspace: Workspace, tmp_path: Path) -> None:
    await superuser(workspace, "ana")
    await superuser(workspace, "ben")
    await workspace.delivered()

    code, said = await examined(environment(workspace), tmp_path)

    assert (code, said.splitlines()[0]) == (0, "Examination: All is well.")
    for line in ("Slack: answers", "Socket Mode: Slack takes the token", "Database: answers", "Mail: the mail server"):
        assert f"[ok] {line}" in said
    assert "[ok] Processes: 1 of this database lives" in said


async def test_each_thing_to_mend_has_its_fix_and_the_end_is_1(workspace: Workspace, tmp_path: Path) -> None:
    await workspace.stop()

    code, said = await examined(environment(workspace, SMTP_HOST="", INCIDENT_CHANNEL="#nowhere"), tmp_path)

    assert code == 1
    assert "[!!] Processes: none of this database lives\n     Start the bot: incident-tracker run." in said
    assert "[!!] Mail: no mail server is set\n     Set SMTP_HOST" in said
    assert "[!!] Channels: the bot is not in INCIDENT_CHANNEL" in said
    assert "[ok] Slack: answers" in said


async def test_without_slack_the_rest_is_examined(workspace: Workspace, tmp_path: Path) -> None:
    code, said = await examined(environment(workspace, SLACK_API_URL=NOWHERE), tmp_path)

    assert code == 1
    assert lines(said, "Slack") == ["[!!] Slack: does not answer (ClientConnectorError)"]
    assert "[ok] Database: answers" in said
    assert "[ok] Processes: 1 of this database lives" in said


async def test_a_token_that_is_refused_is_named_without_its_value(workspace: Workspace, tmp_path: Path) -> None:
    code, said = await examined(environment(workspace, SLACK_APP_TOKEN="xapp-1-wrong"), tmp_path)
    assert code == 1
    assert lines(said, "Socket Mode") == ["[!!] Socket Mode: Slack refuses SLACK_APP_TOKEN: invalid_auth"]

    code, said = await examined(environment(workspace, SLACK_BOT_TOKEN="xoxb-wrong"), tmp_path)
    assert code == 1
    assert lines(said, "Slack") == ["[!!] Slack: refuses the bot token: invalid_auth"]


@pytest.mark.parametrize("slack", ["there", "away"])
async def test_without_the_database_it_says_so_in_a_sentence(workspace: Workspace, tmp_path: Path, slack: str) -> None:
    nowhere = "postgresql://bot:correct-horse@127.0.0.1:9/incidents"
    wishes: dict[str, Any] = {"SLACK_API_URL": NOWHERE} if slack == "away" else {}

    code, said = await examined(environment(workspace, DATABASE_URL=nowhere, **wishes), tmp_path)

    assert code == 1
    [line] = lines(said, "Database")
    assert line.startswith("[!!] Database: does not answer: connection failed")
    assert "Check DATABASE_URL, and whether PostgreSQL runs there." in said
    assert "correct-horse" not in said
    assert lines(said, "Slack")[0].startswith("[ok]" if slack == "there" else "[!!]")


async def test_tables_of_an_older_version_are_left_as_they_are(workspace: Workspace, tmp_path: Path) -> None:
    await workspace.changed("UPDATE alembic_version SET version_num = '0001'")
    try:
        code, said = await examined(environment(workspace), tmp_path)
        [(found,)] = await workspace.rows("SELECT version_num FROM alembic_version")
    finally:
        await workspace.changed("UPDATE alembic_version SET version_num = :n", n=run.newest())

    assert (code, found) == (1, "0001")
    assert "[!!] Tables: older than this version\n     Run incident-tracker migrate" in said


async def test_where_no_database_can_be_started_the_rest_is_examined(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file, where a folder is needed")
    settings = environment(workspace, XDG_DATA_HOME=str(tmp_path / "share"))
    del settings["DATABASE_URL"]

    code, said = await examined(settings, tmp_path)

    assert code == 1
    assert "[!!] Database: cannot be started\n     No database can be kept in" in said
    assert "[ok] Slack: answers" in said


async def test_a_database_that_no_bot_has_used_yet_says_what_to_start(workspace: Workspace, tmp_path: Path) -> None:
    await workspace.stop()
    await emptied(workspace.engine)

    code, said = await examined(environment(workspace), tmp_path)

    assert code == 1
    assert lines(said, "Processes") == ["[!!] Processes: none of this database lives"]


@pgbouncer.needed
async def test_it_tells_of_a_pool(workspace: Workspace, tmp_path: Path, database_url: str) -> None:
    async with pgbouncer.before(database_url) as url:
        pooled = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        _, said = await examined(environment(workspace, DATABASE_URL=pooled), tmp_path)

    assert "[ok] Database: answers through a pool such as PgBouncer" in said
