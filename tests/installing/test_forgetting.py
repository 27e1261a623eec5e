"""deploy/database/forget_workspace.sql takes a workspace away that left, whole, and nothing of another."""

import re

import psycopg
import pytest
from psycopg import errors

from tests.deployment.files import ROOT
from tests.end_to_end.eyes import superuser
from tests.installing.conftest import Browser, Slack
from tests.installing.scoping import TABLES
from tests.installing.test_leaving import HARBOUR, LAGOON, both_installed
from tests.installing.test_two_workspaces import day, of, snapshot

FORGET = (ROOT / "deploy" / "database" / "forget_workspace.sql").read_text("utf8")


def test_every_table_that_knows_workspaces_is_thought_of() -> None:
    """A new one gets a line in deploy/database/forget_workspace.sql, before the tables that it points to."""
    known = {name for name, table in TABLES.items() if {"workspace_id", "team_id"} & set(table.c.keys())}
    assert known - set(re.findall(r'DELETE FROM "?(\w+)', FORGET)) == set()


async def forget(slack: Slack, team: str | None) -> None:
    """As psql does it, with the setting as PGOPTIONS gives it."""
    url = slack.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    given = {"options": f"-c forget.workspace={team}"} if team else {}
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, **given) as connection:  # type: ignore[arg-type]
        await connection.execute(FORGET.encode())


async def test_a_workspace_that_left_is_forgotten_whole_and_the_other_keeps_everything(
    slack: Slack, browser: Browser
) -> None:
    async with slack.served():
        await both_installed(slack, browser)
        for workspace in slack.both:
            await superuser(workspace)
            await day(workspace, "Seagull")
        await slack.harbour.control("uninstall", {})
    before = await snapshot(slack)
    assert len([rows for rows in of(HARBOUR, before).values() if rows]) > 15, "it did a bit of everything"

    await forget(slack, HARBOUR)

    after = await snapshot(slack)
    assert {table for table, rows in of(HARBOUR, after).items() if rows} == set()
    assert of(LAGOON, after) == of(LAGOON, before)
    with pytest.raises(Exception, match="audit entries are never changed"):
        await slack.harbour.changed("UPDATE audit_entry SET deed = 'nothing'")


@pytest.mark.parametrize(
    "team, words",
    [(HARBOUR, "still has the app"), ("T0NOBODY00", "there is no workspace"), (None, r"forget\.workspace")],
)
async def test_who_still_has_the_app_and_who_is_not_named_is_not_forgotten(
    slack: Slack, browser: Browser, team: str | None, words: str
) -> None:
    async with slack.served():
        await both_installed(slack, browser)
    before = await snapshot(slack)

    with pytest.raises((errors.RaiseException, errors.UndefinedObject), match=words):
        await forget(slack, team)

    assert await snapshot(slack) == before
