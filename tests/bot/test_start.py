"""Starting and stopping: one sentence when it cannot work, nothing left behind when it ends."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession, web
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app
from bot.app import StartError
from bot.demo import MANIFEST
from bot.settings import Settings
from sandbox import server

ROOT = Path(__file__).parents[2]
NAMES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")


@pytest.fixture
async def slack() -> AsyncIterator[server.Sandbox]:
    async with server.serve(manifest=MANIFEST, limits=False) as sandbox:
        yield sandbox


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder that the server's own user may enter, too."""
    with tempfile.TemporaryDirectory(prefix="it-start-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def settings(slack: server.Sandbox, **other: Any) -> Settings:
    tokens = {"slack_bot_token": SecretStr(slack.bot_token), "slack_app_token": SecretStr(slack.app_token)}
    given: dict[str, Any] = {"_env_file": None, **tokens, "slack_api_url": slack.api_url, **other}
    return Settings(**given)


async def refusal(chosen: Settings, engine: AsyncEngine) -> str:
    with pytest.raises(StartError) as refused:
        async with app.running(chosen, engine):
            pass
    words = str(refused.value)
    assert "\n" not in words
    return words


def program(*arguments: str, **environment: str) -> list[Any]:
    """What to run, and where: without any setting of whoever runs the tests."""
    names = ("DATABASE_URL", "INCIDENT_CHANNEL", "LOG_LEVEL", "LOG_FORMAT", "SLACK_API_URL", "PYTHONUNBUFFERED", *NAMES)
    clean = {name: value for name, value in os.environ.items() if name not in names}
    return [[sys.executable, "-m", "bot", *arguments], {**clean, **environment, "PYTHONPATH": str(ROOT)}]


def ran(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command, variables = program(*arguments, **environment)
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


def left_behind(data: Path) -> list[str]:
    """Processes that still work in the folder."""
    found = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [" ".join(words) for words in found if any(str(data) in word for word in words)]


async def test_a_wrong_bot_token_is_said_at_once(slack: server.Sandbox, engine: AsyncEngine) -> None:
    words = await refusal(settings(slack, slack_bot_token=SecretStr("xoxb-wrong")), engine)

    assert re.match(r"Slack refused SLACK_BOT_TOKEN: invalid_auth\. .*OAuth", words)


async def test_a_wrong_app_token_is_said_at_once(slack: server.Sandbox, engine: AsyncEngine) -> None:
    words = await refusal(settings(slack, slack_app_token=SecretStr("xapp-wrong")), engine)

    assert re.match(r"Slack refused SLACK_APP_TOKEN: invalid_auth\. .*connections:write", words)


async def test_an_address_where_nobody_answers_is_said_at_once(slack: server.Sandbox, engine: AsyncEngine) -> None:
    words = await refusal(settings(slack, slack_api_url="http://127.0.0.1:9/api/"), engine)

    assert re.match(r"http://127\.0\.0\.1:9/api/ does not answer \(\w+\)\. Check SLACK_API_URL\.", words)


async def test_an_address_that_is_some_web_page_is_said_at_once(slack: server.Sandbox, engine: AsyncEngine) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<h1>Welcome</h1>", content_type="text/html")

    elsewhere = web.Application()
    elsewhere.router.add_route("*", "/{tail:.*}", page)
    runner = web.AppRunner(elsewhere)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        words = await refusal(settings(slack, slack_api_url=url), engine)
    finally:
        await runner.cleanup()

    assert words == f"{url} is not Slack's API. Check SLACK_API_URL."


async def test_a_server_that_cannot_list_people_and_channels_will_do(
    slack: server.Sandbox, engine: AsyncEngine
) -> None:
    missing = [
        {"method": method, "kind": "error:unknown_method"}
        for method in ("users.conversations", "users.list", "conversations.list")
    ]
    async with ClientSession() as session:
        await (await session.post(f"{slack.url}/control/faults", json=missing)).read()
        async with app.running(settings(slack, incident_channel="C0INCIDENT"), engine):
            asked = {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "help"}
            async with session.post(f"{slack.url}/control/command", json=asked) as response:
                answer = await response.json()

    assert answer["ack"]["status"] == "acked"


def test_help_names_every_command(data: Path) -> None:
    done = ran("--help", folder=data)

    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n    {name} " in done.stdout for name in ("run", "migrate", "demo"))


def test_missing_settings_are_named_with_their_fixes(data: Path) -> None:
    done = ran("run", folder=data)

    assert (done.returncode, done.stdout) == (1, "")
    assert all(f"{name} is missing." in done.stderr for name in NAMES)
    assert "OAuth & Permissions" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_brings_a_database_up_to_date(data: Path, database_url: str) -> None:
    done = ran("migrate", folder=data, DATABASE_URL=database_url)

    assert (done.returncode, done.stdout, done.stderr) == (0, "The database is up to date.\n", "")


def test_a_database_that_does_not_answer_is_one_sentence(data: Path) -> None:
    done = ran("migrate", folder=data, DATABASE_URL="postgresql://nobody:secret@127.0.0.1:9/nothing")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_the_tour_ends_well_and_leaves_no_process_behind(data: Path) -> None:
    done = ran("demo", "--tour", "--data", str(data), folder=data)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("All of it happened.")
    assert left_behind(data) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_demonstration_cleanly(data: Path, number: signal.Signals) -> None:
    command, variables = program("demo", "--no-browser", "--port", "0", "--data", str(data))
    with subprocess.Popen(
        command, cwd=data, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            if "is ready: http://127.0.0.1:" in line:
                break
        process.send_signal(number)
        _, complaints = process.communicate(timeout=20)

    assert complaints == ""
    assert process.returncode == 0
    assert left_behind(data) == []
