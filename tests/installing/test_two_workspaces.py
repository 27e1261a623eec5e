"""Two workspaces whose people, channels, messages and incidents have the same ids: neither notices the other."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot import schedule
from bot.app import Bot
from domain import db
from domain.models import Base
from sandbox.ids import Stamps as Own
from tests.end_to_end.administering import IDS
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.test_http_mode import sent
from tests.installing import scoping
from tests.installing.conftest import Browser, Slack, install

HARBOUR, LAGOON = "T0HARBOUR0", "T0LAGOON00"
NAMES = {HARBOUR: "Seagull", LAGOON: "Flamingo"}
Rows = dict[str, set[str]]


async def rights(slack: Slack, person: str) -> None:
    """Somebody administers, in both."""
    for workspace in slack.both:
        await workspace.stage.command(person, "#general", "whoami")
    async with slack.engine.begin() as connection:
        of_them = "(SELECT user_id FROM slack_profile WHERE slack_user_id = %(id)s)"
        await connection.exec_driver_sql(
            f'UPDATE "user" SET is_superuser = true WHERE id IN {of_them}',  # noqa: S608
            {"id": IDS[person]},
        )


async def day(workspace: Workspace, word: str) -> None:
    """A bit of everything that people do."""
    stage = workspace.stage
    card = await workspace.opened(f"{word} disk full")
    await stage.click("ben", "#incidents", card, "incident.take")
    await stage.reply("chloe", "#incidents", card, f"{word} which disk?")
    await stage.do("message", user="dmitri", channel="#incidents", text=f"<@U0SANDBOT0> quick {word} printer")
    await workspace.delivered()
    for line in (
        f"comment 1 {word} vendor called", "priority 1 p1", f"edit 1 {word} disk is full", "assign 1 <@U0CHLOE000>",
        "start 1", "list", "mine", f"search {word}", "search disk", "show 1", "history 1", "digest", "stats 30d",
        "category 2 outage", "why resolve 1", "sync 1", "whoami", f"resolve 2 {word} paper", "undo", "reopen 2 again",
        "delete 2", "restore 2", f"token create {word} script", "token", "export 1", "help",
    ):  # fmt: skip
        await stage.command("ana", "#incidents", line)
    for line in (
        "admin", "admin users", "admin category add " + word.lower(), "admin category list", "admin audit",
        "admin digest add 09:00", "admin nudge", "admin doctor", "admin overview",
    ):  # fmt: skip
        await stage.command("ana", "#incidents", line)
    await stage.do("home", user="ana")
    await stage.do("home", user="ben")
    await stage.do("member", user="chloe", channel="#random", leave=True)
    await stage.do("user", user="dmitri", rename=f"{word} Dmitri")
    await stage.do("channel", channel="#checkout", rename=f"{word.lower()}-checkout")
    await workspace.delivered()


async def end_of_day(workspace: Workspace, word: str) -> None:
    """What takes things away."""
    stage = workspace.stage
    for line in (
        "resolve 1 done", "delete 1", f"admin category rename {word.lower()} {word.lower()}s",
        "admin category retire question", "admin deactivate <@U0CHLOE000>", "admin digest remove", "admin nudge off",
        "token revoke 1", "unlink",
    ):  # fmt: skip
        await stage.command("ana", "#incidents", line)
    await stage.do("channel", channel="#general", archive=True)
    await stage.do("user", user="ben", deactivate=True)
    await workspace.delivered()


async def tomorrow(slack: Slack, bot: Bot, team: str) -> None:
    """The clock strikes for this workspace alone."""
    served = bot.houses.of(team)
    assert served is not None
    await schedule.tick(served.house, db.now() + timedelta(days=1))
    await slack.harbour.delivered()


async def snapshot(slack: Slack) -> Rows:
    """Every row of every table, as text."""
    found: Rows = {}
    for name in Base.metadata.tables:
        rows = await slack.rows(f'SELECT to_jsonb(t)::text FROM "{name}" t')  # noqa: S608
        found[name] = {row for (row,) in rows}
    return found


def of(team: str, rows: Rows) -> Rows:
    """Those that are this workspace's by their own words."""

    def is_theirs(table: str, row: str) -> bool:
        told: dict[str, Any] = json.loads(row)
        return told.get("id" if table == "workspace" else "team_id" if "team_id" in told else "workspace_id") == team

    return {table: {row for row in found if is_theirs(table, row)} for table, found in rows.items()}


def without(some: Rows, rows: Rows) -> Rows:
    return {table: found - some[table] for table, found in rows.items()}


def lost(before: Rows, after: Rows) -> Rows:
    return {table: gone for table, rows in before.items() if (gone := rows - after[table])}


async def seen(workspace: Workspace) -> str:
    """Everything that anybody could read there, and all that the bot sent."""
    state = await workspace.stage.state()
    return json.dumps([{**state, "mails": []}, await workspace.log()])


@pytest.fixture
def same_messages(slack: Slack) -> None:
    assert all(not isinstance(workspace.sandbox.workspace.stamps, Own) for workspace in slack.both)


@pytest.mark.usefixtures("same_messages")
async def test_neither_sees_or_changes_anything_of_the_other(slack: Slack, browser: Browser) -> None:
    with scoping.watched(but=slack.engine.sync_engine) as statements:
        async with slack.served() as bot:
            for workspace in slack.both:
                await install(slack, workspace, browser)
            await rights(slack, "ana")
            empty = await snapshot(slack)

            await day(slack.harbour, NAMES[HARBOUR])
            await tomorrow(slack, bot, HARBOUR)
            first = await snapshot(slack)
            assert lost(of(LAGOON, empty), first) == {}
            mark = await slack.harbour.mark()

            await day(slack.lagoon, NAMES[LAGOON])
            await tomorrow(slack, bot, LAGOON)
            second = await snapshot(slack)
            assert lost(without(of(LAGOON, first), first), second) == {}
            assert await slack.harbour.calls(after=mark) == []
            made = {table: rows - first[table] for table, rows in second.items()}

            await end_of_day(slack.harbour, NAMES[HARBOUR])
            third = await snapshot(slack)
            assert lost(made, third) == {}
            said = {workspace: await seen(workspace) for workspace in slack.both}
    assert NAMES[LAGOON] not in said[slack.harbour]
    assert NAMES[HARBOUR] not in said[slack.lagoon]
    both = [(number, team) for number in (1, 2) for team in (HARBOUR, LAGOON)]
    assert await slack.rows("SELECT number, workspace_id FROM incident ORDER BY 1, 2") == both
    problems = {sql: names for sql in statements if (names := scoping.unscoped(sql))}
    assert problems == {}


async def test_a_reply_in_a_channel_that_both_share_is_heard_by_both_though_it_is_told_for_one(
    slack: Slack, browser: Browser
) -> None:
    async with slack.served():
        for workspace in slack.both:
            await install(slack, workspace, browser)
            await workspace.delivered()
        card = await slack.lagoon.opened("Disk full", channel="#shared-partner")
        told = {
            "type": "event_callback", "team_id": HARBOUR, "event_id": "Ev1", "is_ext_shared_channel": True,
            "authorizations": [{"team_id": HARBOUR, "is_bot": True}],
            "event": {
                "type": "message", "channel": "C0SHARED00", "channel_type": "channel", "user": IDS["ana"],
                "ts": "1790009999.000100", "event_ts": "1790009999.000100", "thread_ts": card["ts"],
                "parent_user_id": "U0SANDBOT0", "text": "rolled back",
            },
        }  # fmt: skip

        status, _ = await sent(slack.url, json.dumps(told).encode(), headers={"Content-Type": "application/json"})

        assert status == 200
        assert await slack.rows("SELECT workspace_id, content FROM comment") == [(LAGOON, "rolled back")]


@pytest.mark.parametrize(
    "statement, tables",
    [
        ("SELECT * FROM incident WHERE incident.number = %(n)s", ["incident"]),
        ("UPDATE incident SET title = 'x' WHERE number = %(n)s", ["incident"]),
        ("SELECT channel.name FROM channel WHERE channel.id = %(c)s", ["channel"]),
        ("SELECT a.id FROM incident AS a JOIN comment AS b ON a.id = b.incident_id", ["comment", "incident"]),
        (
            "SELECT category.name FROM incident, category WHERE incident.workspace_id = category.workspace_id",
            ["category", "incident"],
        ),
        ("SELECT a.id FROM incident AS a JOIN comment AS b ON a.id = b.incident_id WHERE a.workspace_id = %(w)s", []),
        ("DELETE FROM comment WHERE id = %(id)s", []),
        ("SELECT 1 FROM category, incident WHERE incident.workspace_id = %(w)s", ["category"]),
    ],
)
def test_a_statement_that_forgets_whose_rows_it_means_is_found(statement: str, tables: list[str]) -> None:
    assert scoping.unscoped(statement) == tables
