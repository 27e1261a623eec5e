"""``incident-tracker doctor`` and the settings, where every workspace can install the app."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from bot import settings
from bot.fixes import FIXES
from bot.health import shell
from bot.health.views import Finding
from bot.settings import SettingsError
from domain.errors import InvalidInput
from sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from tests.installing.conftest import KEY, SECRET_KEY, Browser, Slack, install

ROOT = Path(__file__).parents[2]
GOOD = {
    "SLACK_CLIENT_ID": CLIENT_ID,
    "SLACK_CLIENT_SECRET": CLIENT_SECRET,
    "SLACK_SIGNING_SECRET": KEY,
    "SECRET_KEY": SECRET_KEY,
}


async def examined(slack: Slack, workspace_id: str | None = None) -> list[Finding]:
    url = make_url(slack.engine.url).render_as_string(hide_password=False)
    return await shell.examine(slack.settings, url, workspace_id)


async def test_before_anybody_installed_it_it_says_how(slack: Slack) -> None:
    found = await examined(slack)

    assert found[0].fix == "Open /slack/install in a browser."
    assert "Database" in {each.name for each in found}


async def test_the_token_of_the_workspace_that_is_meant_is_tried(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        for workspace in slack.both:
            await install(slack, workspace, browser)
        with pytest.raises(InvalidInput, match="--workspace T0HARBOUR0 or T0LAGOON00"):
            await examined(slack)
        mark = await slack.lagoon.mark()
        told = {each.name: each.how_it_is for each in await examined(slack, "T0LAGOON00")}
        assert (told["Installation"], told["Slack"]) == ("is served", "answers")
        assert await slack.lagoon.calls(after=mark) == ["auth.test"]

        await slack.lagoon.control("uninstall", {})
        [ended, *_] = await examined(slack, "T0LAGOON00")
        assert ended.how_it_is in {
            "has ended: tokens_revoked",
            "has ended: app_uninstalled",
        }  # Slack sends both at once
        assert "/slack/install" in ended.fix


async def test_tokens_that_cannot_be_read_are_one_sentence(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        await install(slack, slack.harbour, browser)
    slack.settings.secret_key = SecretStr(SECRET_KEY[::-1])

    [found, *_] = await examined(slack, "T0HARBOUR0")

    assert "SECRET_KEY is not the one" in found.fix


async def test_from_the_command_line_no_bot_token_is_needed(slack: Slack, tmp_path: Path) -> None:
    url = make_url(slack.engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": url, **GOOD}
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "bot", "doctor"],
        env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert "none has installed the app" in done.stdout
    assert (done.stderr, done.returncode) == ("", 1)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in FIXES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_four_settings_are_enough(environment: pytest.MonkeyPatch) -> None:
    read = settings.load()

    assert (read.slack_client_id, read.slack_bot_token, read.web_port) == (CLIENT_ID, None, 3000)
    assert CLIENT_SECRET not in repr(read)


@pytest.mark.parametrize("name", ["SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET", "SECRET_KEY"])
def test_each_of_them_is_needed(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError) as said:
        settings.load()

    assert f"{name} is missing, although SLACK_CLIENT_ID is set. {FIXES[name]}" in str(said.value).splitlines()


@pytest.mark.parametrize("name, value", [("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_APP_TOKEN", "xapp-1")])
def test_tokens_of_one_workspace_do_not_go_with_them(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError, match=f"{name} is set, although SLACK_CLIENT_ID is set"):
        settings.load()


def test_what_is_no_client_id_is_said_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SLACK_CLIENT_ID", "A0123456789")

    with pytest.raises(SettingsError) as said:
        settings.load()

    assert (
        str(said.value) == f"SLACK_CLIENT_ID is not two numbers with a point between them. {FIXES['SLACK_CLIENT_ID']}"
    )
