"""What must stay between a person and their mailbox: after all that people do, it is looked for everywhere."""

import json
from collections.abc import AsyncIterator

import pytest

from bot import logs
from bot.sync import Pace
from tests.end_to_end.conftest import Workspace, working
from tests.end_to_end.test_accounts import BOSS, asked, code_for, edited, entered, everything, linked

AT_HOME = {"user", "slack_profile", "code"}
"""The tables that hold addresses, because mail is sent to them."""


@pytest.fixture
async def watched(database_url: str, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Workspace]:
    """A workspace that logs all it can."""
    logs.configure("DEBUG", "text")
    try:
        async with working(database_url, pace=Pace(interval_s=0), first_superuser=BOSS) as workspace:
            yield workspace
    finally:
        logs.configure("WARNING", "text")


async def a_day_of_secrets(workspace: Workspace) -> list[str]:
    """Everything that has to do with accounts, done well and badly; the codes that were mailed."""
    card = await workspace.opened("Disk full")
    codes = []
    await asked(workspace, "ana", "link", BOSS)
    codes.append(await code_for(workspace, BOSS))
    await entered(workspace, "ana", "ACDE 2345")
    await entered(workspace, "ana", codes[0])
    await workspace.stage.command("ben", "#incidents", "whoami")
    await linked(workspace, "chloe", "ben@harbour.example", "recover")
    codes.append(await code_for(workspace, "ben@harbour.example"))
    await edited(workspace, "ana", name="Ana", email="ana@private.example")
    codes.append(await code_for(workspace, "ana@private.example"))
    await entered(workspace, "ana", codes[2])
    await asked(workspace, "dmitri", "link", "nobody@harbour.example")
    for line in ("login hunter2", "admin link @dmitri boss@harbour.example", "admin users", "admin audit", "admin"):
        await workspace.stage.command("ana", "#incidents", line)
        await workspace.stage.reply("ana", "#incidents", card, f"@Incident Tracker {line}")
        await workspace.stage.do("message", user="ana", channel="dm", text=line)
    await workspace.faults({"event": "mail", "kind": "error:550", "times": 1})
    await asked(workspace, "ben", "link", BOSS)
    await workspace.delivered()
    return codes


async def test_after_a_day_of_accounts_no_secret_is_logged_stored_or_posted(
    watched: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = await a_day_of_secrets(watched)
    settings_secrets = [watched.sandbox.bot_token, watched.sandbox.app_token, "hunter2"]
    compact = [code.replace(" ", "") for code in codes]
    said = capsys.readouterr().err

    assert "Disk full" in "".join(await everything(watched))  # the tables were read
    for secret in [*settings_secrets, *codes, *compact]:
        assert secret not in said
        assert [row for row in await everything(watched) if secret in row] == []
    for address in ("@harbour.example", "@private.example"):
        assert address not in said
        assert [row for row in await everything(watched, without=AT_HOME) if address in row] == []
        assert [said for said in await others_read(watched) if address in said] == []


async def others_read(workspace: Workspace) -> list[str]:
    """What the bot posted to channels, and the metadata of all that it posted."""
    calls = [entry for entry in await workspace.log() if entry["kind"] == "api" and "chat." in entry["method"]]
    public = {"chat.postMessage", "chat.update"}
    shown = [e["args"] for e in calls if e["method"] in public and not e["args"]["channel"].startswith("D")]
    return [json.dumps(each) for each in [*shown, *(e["args"].get("metadata") for e in calls)]]
