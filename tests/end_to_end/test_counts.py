"""What things cost: calls to Slack, and statements at the database."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event

from bot import relay
from tests.end_to_end.conftest import Json, Workspace, working
from tests.ports import free_port

MOST = 5


async def statements(workspace: Workspace, act: Callable[[], Awaitable[object]]) -> list[str]:
    """What the bot asked the database between the request and its ack; the relay's and the clock's work is left out."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name() != relay.TASK and "reached_at" not in statement:
            seen.append(statement)

    await workspace.stage.quiet()
    event.listen(Engine, "before_cursor_execute", note)
    try:
        await act()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return seen


async def test_creating_by_form_costs_two_calls_to_slack(workspace: Workspace) -> None:
    before = await workspace.mark()

    await workspace.stage.command("ana", "#incidents", "new Checkout returns 500s p1 outage")
    await workspace.stage.submit("ana")
    await workspace.stage.card("#incidents", "Checkout returns 500s")

    assert await workspace.calls(after=before) == ["views.open", "chat.postMessage"]


@pytest.mark.parametrize("line", ["take 1", "start 1", "resolve 1 added space"])
async def test_a_change_costs_two_calls_and_a_reply_none(workspace: Workspace, line: str) -> None:
    card = await workspace.opened("Disk full")
    before = await workspace.mark()

    await workspace.stage.command("ben", "#incidents", line)
    await workspace.delivered()
    assert sorted(await workspace.calls(after=before)) == ["chat.postMessage", "chat.update"]

    before = await workspace.mark()
    await workspace.stage.reply("ben", "#incidents", card, "looking")
    await workspace.stage.quiet()
    assert await workspace.calls(after=before) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "new Disk p1",
        "quick Disk p1 outage",
        "quick Disk p1 @chloe",
        "comment 1 ask @chloe",
        "list p1",
        "list @ana outage unassigned owner:me older:2d in:#general",
        "mine",
        "search disk",
        "search dsik",
        "show 1",
        "show 1 plain",
        "history 1",
        "digest",
        "export 1",
        "take 1",
        "assign 1 @chloe",
        "unassign 1",
        "assign 1",
        "resolve 1 done",
        "p 1 critical",
        "category 1 outage",
        "edit 1",
        "rename 1 Disk full again",
        "comment 1 hi",
        "comment 1",
        "delete 1",
        "undo",
        "why resolve 1",
        "sync 1",
        "help",
    ],
)
async def test_a_command_costs_at_most_five_statements(workspace: Workspace, line: str) -> None:
    await workspace.opened("Disk full", by="ben")
    await workspace.stage.command("ben", "#incidents", "assign 1 @ana")
    await workspace.stage.command("chloe", "#incidents", "whoami")

    asked = await statements(workspace, lambda: workspace.stage.command("ben", "#incidents", line))

    assert 1 <= len(asked) <= MOST, asked


async def test_tokens_cost_at_most_five_statements(database_url: str) -> None:
    key = SecretStr("0123456789abcdef" * 4)
    async with working(database_url, secret_key=key, port=free_port(), host="127.0.0.1") as workspace:
        await workspace.stage.command("ben", "#incidents", "whoami")
        for line in ("token create script", "token", "token revoke 1"):
            asked = await statements(workspace, partial(workspace.stage.command, "ben", "#incidents", line))

            assert 1 <= len(asked) <= MOST, asked


async def test_the_first_use_of_a_person_costs_three_more_for_the_account_and_the_hint(workspace: Workspace) -> None:
    asked = await statements(workspace, lambda: workspace.stage.command("dmitri", "#incidents", "quick Disk full"))

    assert len(asked) <= MOST + 3, asked


async def test_forms_clicks_and_replies_cost_at_most_five_statements(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    await stage.command("ben", "#incidents", "new Next")

    def clicked(action_id: str, on: Json) -> Callable[[], Awaitable[object]]:
        return lambda: stage.click("ben", "#incidents", on, action_id)

    costs = {
        "form": await statements(workspace, lambda: stage.submit("ben")),
        "click": await statements(workspace, clicked("incident.take", card)),
        "reply": await statements(workspace, lambda: stage.reply("ben", "#incidents", card, "looking")),
    }
    card = await stage.card("#incidents", "Disk full")
    costs["open form"] = await statements(workspace, clicked("incident.resolve_form", card))
    costs["resolve"] = await statements(workspace, lambda: stage.submit("ben", note="added space"))

    assert {name: len(cost) for name, cost in costs.items() if len(cost) > MOST} == {}


async def test_changing_by_menu_and_form_costs_at_most_five_statements(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    await stage.command("ana", "#incidents", "assign 1 @ben")
    await stage.command("chloe", "#incidents", "whoami")
    card = await stage.card("#incidents", "Disk full")
    value = card["blocks"][0]["accessory"]["options"][0]["value"]
    chosen = {"user": "ana", "channel": "#incidents", "message_ts": card["ts"], "action_id": "card.menu:"}

    costs = {
        "open": await statements(workspace, lambda: workspace.control("action", {**chosen, "selected": value})),
        "save": await statements(workspace, lambda: stage.submit("ana", title="Other", priority="high")),
    }
    await stage.command("ana", "#incidents", "assign 1")
    costs["assign"] = await statements(workspace, lambda: stage.submit("ana", assignee="U0CHLOE000"))
    await stage.command("ana", "#incidents", "comment 1")
    costs["comment"] = await statements(workspace, lambda: stage.submit("ana", comment="hi"))
    await stage.command("ana", "#incidents", "delete 1")
    costs["delete"] = await statements(workspace, lambda: stage.submit("ana"))

    assert {name: cost for name, cost in costs.items() if len(cost) > MOST} == {}


@pytest.mark.parametrize("line, most", [("p 1 critical", 2), ("assign 1 @ben", 4), ("rename 1 Other", 1), ("undo", 2)])
async def test_a_change_calls_slack_for_card_line_and_assignee_only(workspace: Workspace, line: str, most: int) -> None:
    await workspace.opened("Disk full")
    if line == "undo":
        await workspace.stage.command("ana", "#incidents", "p 1 low")
    before = await workspace.mark()

    await workspace.stage.command("ana", "#incidents", line)
    await workspace.delivered()

    assert len(await workspace.calls(after=before)) == most
