"""The main job: from the command to the resolution, with every verb and button."""

import pytest

from tests.end_to_end.conftest import Json, Workspace

STATUS = """
SELECT number, status, full_name FROM incident LEFT JOIN "user" ON "user".id = assignee_id ORDER BY number
"""


async def answer(workspace: Workspace, line: str, *, by: str = "ben", channel: str = "#incidents") -> str:
    return str((await workspace.stage.command(by, channel, line))["text"])


def labels(message: Json) -> list[str]:
    return [
        e["text"]["text"] for block in message["blocks"] for e in block.get("elements", []) if e["type"] == "button"
    ]


async def test_the_launcher_counts_and_offers(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    shown = await workspace.stage.command("ana", "#incidents", "")

    assert shown["text"] == "1 unresolved: 0 critical, 1 assigned to nobody, 1 yours."
    assert labels(shown) == ["New", "Mine (1)", "All unresolved (1)", "Help"]


@pytest.mark.parametrize("line", ["take 1", "claim INC-1", "1 take", "take #1", "TAKE inc1"])
async def test_taking_it_assigns_and_starts(workspace: Workspace, line: str) -> None:
    await workspace.opened("Disk full")

    said = await answer(workspace, line)

    assert "is in progress" in said
    assert await workspace.rows(STATUS) == [(1, "in_progress", "Ben Okafor")]


async def test_a_link_to_the_card_is_an_id(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await answer(workspace, f"start {workspace.bot.house.url}archives/{'C0INCIDENT'}/p{card['ts'].replace('.', '')}")

    assert await workspace.rows(STATUS) == [(1, "in_progress", None)]


async def test_every_step_by_command(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    assert "is in progress" in await answer(workspace, "start 1")
    assert "is open" in await answer(workspace, "revert 1")
    assert "is resolved" in await answer(workspace, "resolve 1 added space")
    assert "Nothing to do: INC-1 was resolved by Ben Okafor at" in await answer(workspace, "resolve 1 again", by="ana")
    assert "is in progress" in await answer(workspace, "reopen 1 it came back")

    card = await workspace.stage.card("#incidents", "Disk full")
    thread = [m["text"] for m in await workspace.stage.messages("#incidents") if m["ts"] != card["ts"]]
    assert thread == [
        "Ben Okafor started work and put it back to open and started work and resolved it: added space and "
        "reopened it: it came back",
    ]


async def test_every_step_by_button(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    assert labels(card) == ["Take it", "Assign…", "Resolve…"]

    await stage.click("ben", "#incidents", card, "incident.take")
    card = await stage.card("#incidents", "Disk full")
    assert labels(card) == ["Resolve…", "Assign…", "Back to open"]

    await stage.click("ben", "#incidents", card, "incident.revert")
    card = await stage.card("#incidents", "Disk full")
    await stage.click("ben", "#incidents", card, "incident.resolve_form")
    await stage.submit("ben", note="added space")
    card = await stage.card("#incidents", "Disk full")
    assert labels(card) == ["Reopen…"]
    assert "added space" in str(card["blocks"])

    await stage.click("ana", "#incidents", card, "incident.reopen_form")
    await stage.submit("ana", note="it came back")
    assert labels(await stage.card("#incidents", "Disk full")) == ["Resolve…", "Assign…", "Back to open"]


async def test_a_list_has_ten_a_page(workspace: Workspace) -> None:
    for n in range(12):
        await answer(workspace, f"quick Incident number {n}")

    first = await workspace.stage.command("ana", "#incidents", "list")
    assert len([b for b in first["blocks"] if b["type"] == "section"]) == 11
    ephemeral = (await workspace.stage.state())["ephemerals"]["U0ANA00000"][-1]
    await workspace.stage.click("ana", "#incidents", ephemeral, "line.run:next")
    await workspace.stage.quiet()

    second = (await workspace.stage.state())["ephemerals"]["U0ANA00000"][-1]
    assert "Incident number 10; INC-12 Incident number 11" in second["text"]


async def test_lists_narrow_and_mine_is_mine(workspace: Workspace) -> None:
    await answer(workspace, "quick Checkout is down p1 outage")
    await answer(workspace, "quick Typo in the footer p4", by="ana")
    await answer(workspace, "take 1")

    assert await answer(workspace, "list p1 outage") == "Incidents · critical · outage: INC-1 Checkout is down"
    assert await answer(workspace, "list unassigned") == "Incidents · unassigned: INC-2 Typo in the footer"
    assert await answer(workspace, "list @ben") == "Incidents · assigned to <@U0BEN00000>: INC-1 Checkout is down"
    assert await answer(workspace, "mine", by="ana") == "Yours: INC-2 Typo in the footer"
    assert await answer(workspace, "list resolved") == (
        "Incidents · resolved: none that you can see. Try fewer filters, or `/incident search` for words."
    )


async def test_showing_one_tells_its_last_comments(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.reply("ben", "#incidents", card, "cleaning up")

    shown = await workspace.stage.command("chloe", "#incidents", "show 1")

    assert "*Ben Okafor*" in str(shown["blocks"])
    assert "cleaning up" in str(shown["blocks"])
    assert labels(shown) == ["Take it", "Assign…", "Resolve…", "All comments"]


async def test_a_long_description_is_shown_whole_on_request(workspace: Workspace) -> None:
    words = "word " * 700
    await answer(workspace, f"quick {words}")
    card = await workspace.stage.card("#incidents", "word")

    await workspace.stage.click("ben", "#incidents", card, "incident.show_all")

    view = (await workspace.stage.state())["views"]["U0BEN00000"][-1]
    assert "".join(b["text"]["text"] for b in view["blocks"]).split() == words.split()


async def test_whoami_and_help_answer_everybody(workspace: Workspace) -> None:
    assert "You are Ben Okafor (<@U0BEN00000>), member." in await answer(workspace, "whoami")
    assert "guest" in await answer(workspace, "whoami", by="gus")
    assert "resolves it; without words" in str(await workspace.stage.command("ben", "#incidents", "help"))
    assert await answer(workspace, "help fixed") == await answer(workspace, "help resolve")


async def test_an_incident_from_elsewhere_goes_to_the_incident_channel(workspace: Workspace) -> None:
    said = await answer(workspace, "quick Lift is stuck", channel="#random")

    assert "Its card goes to <#C0INCIDENT>" in said
    await workspace.stage.card("#incidents", "Lift is stuck")


async def test_creating_by_form_can_assign_and_tells_the_assignee(workspace: Workspace) -> None:
    await workspace.stage.command("ana", "#incidents", "new Checkout returns 500s p1 outage @ben")
    await workspace.stage.submit("ana", description="since 14:05")
    await workspace.stage.card("#incidents", "Checkout returns 500s")

    assert await workspace.rows("SELECT priority, category, description FROM incident") == [
        ("critical", "outage", "since 14:05")
    ]
    direct = [c for c in (await workspace.stage.state())["channels"] if c["id"] == "D0BEN00000"]
    assert "Ana Almeida assigned" in direct[0]["messages"][-1]["text"]
