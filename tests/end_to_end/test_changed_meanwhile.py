"""Forms that were open while somebody else changed the incident, and cards that went missing."""

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, thread, words_of


async def sent(workspace: Workspace, who: str, **values: str) -> Json:
    view = await dialog(workspace, who)
    typed = {name: {name: value} for name, value in values.items()}
    return await workspace.control("submit", {"user": who, "view_id": view["id"], "values": typed})


async def test_resolving_what_changed_meanwhile_keeps_the_note_and_offers_to_resolve_anyway(
    workspace: Workspace,
) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.click("ana", "#incidents", card, "incident.resolve_form")
    await answer(workspace, "p 1 critical", by="ben")

    await sent(workspace, "ana", note="rolled back 1.4.2")

    form = await dialog(workspace, "ana")
    assert "Not resolved: INC-1 was given another priority by Ben Okafor at" in words_of(form["blocks"][0])
    assert form["submit"]["text"] == "Resolve anyway"
    assert form["state"]["values"]["note"]["note"]["value"] == "rolled back 1.4.2"
    assert await workspace.rows("SELECT status FROM incident") == [("open",)]

    await answer(workspace, "assign 1 @chloe", by="ben")
    await sent(workspace, "ana")
    form = await dialog(workspace, "ana")
    assert "INC-1 was assigned to Chloe Martin by Ben Okafor" in words_of(form["blocks"][0])
    assert form["submit"]["text"] == "Resolve anyway"
    assert len([b for b in form["blocks"] if b["block_id"] == "changed_meanwhile"]) == 1

    await sent(workspace, "ana")
    assert await workspace.rows("SELECT status, resolution FROM incident") == [("resolved", "rolled back 1.4.2")]


async def test_resolving_what_was_resolved_meanwhile_says_by_whom(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.click("ana", "#incidents", card, "incident.resolve_form")
    await answer(workspace, "resolve 1 added space", by="ben")

    refused = await sent(workspace, "ana", note="rolled back")

    assert "Nothing to do: INC-1 was resolved by Ben Okafor" in refused["errors"]["note"]
    assert await workspace.rows("SELECT resolution FROM incident") == [("added space",)]


async def test_deleting_what_changed_meanwhile_asks_again(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.stage.command("ana", "#incidents", "delete 1")
    await answer(workspace, "take 1", by="ben")

    await sent(workspace, "ana")
    form = await dialog(workspace, "ana")
    assert "Not deleted: INC-1 was started by Ben Okafor" in words_of(form["blocks"][0])
    assert form["submit"]["text"] == "Delete anyway"

    await sent(workspace, "ana")
    assert await workspace.rows("SELECT deleted_at IS NOT NULL FROM incident") == [(True,)]


async def test_a_card_posted_anew_points_to_the_thread_before(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.reply("ben", "#incidents", card, "looking")
    await workspace.stage.do("delete", user="ana", channel="#incidents", ts=card["ts"])
    await workspace.delivered()
    await answer(workspace, "p 1 low", by="ana")
    await workspace.delivered()

    again = [m for m in await workspace.stage.messages("#incidents") if m.get("text", "").startswith("INC-1 ")][-1]

    assert again["ts"] != card["ts"]
    assert f"archives/C0INCIDENT/p{card['ts'].replace('.', '')}|the thread before>" in words_of(again["blocks"])


async def test_what_was_said_while_no_channel_took_the_card_follows_with_it(workspace: Workspace) -> None:
    await workspace.faults({"method": "chat.postMessage", "kind": "error:is_archived", "times": 2})
    await answer(workspace, "quick Disk full", by="ana", channel="#incidents")
    await workspace.delivered()
    await answer(workspace, "comment 1 vendor called", by="ben")
    await workspace.delivered()
    assert await workspace.stage.messages("#incidents") == []

    await workspace.faults()
    await workspace.stage.do("channel", channel="#incidents", archive=True)
    await workspace.stage.do("channel", channel="#incidents", archive=False)
    await workspace.delivered()

    card = await workspace.stage.card("#incidents", "Disk full")
    assert await thread(workspace, card) == ["*Ben Okafor* says: vendor called"]
