"""Giving an incident to somebody: by command, by button, and what they hear of it."""

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, thread


async def assignee(workspace: Workspace) -> str | None:
    found = await workspace.rows('SELECT full_name FROM incident LEFT JOIN "user" ON "user".id = assignee_id')
    name: str | None = found[0][0]
    return name


@pytest.mark.parametrize("line", ["assign 1 @ben", "1 assign @ben", "assign @ben 1"])
async def test_assigning_by_command_edits_the_card_writes_one_line_and_tells_the_assignee(
    workspace: Workspace, line: str
) -> None:
    card = await workspace.opened("Disk full")
    before = await workspace.mark()

    said = await answer(workspace, line, by="ana")
    await workspace.delivered()

    assert said.startswith("Done: you assigned it to Ben Okafor.")
    assert "assigned to Ben Okafor" in (await workspace.stage.card("#incidents", "Disk full"))["text"]
    assert await thread(workspace, card) == ["Ana Almeida assigned it to Ben Okafor"]
    [told] = await direct_messages(workspace, "ben")
    assert "Ana Almeida assigned" in told
    assert "It is open, medium priority, bug." in told
    calls = await workspace.calls(after=before)
    assert sorted(calls) == ["chat.postMessage", "chat.postMessage", "chat.update", "conversations.open"]


async def test_the_button_asks_to_whom_and_reassigning_says_from_whom_to_whom(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    await answer(workspace, "assign 1 @ben", by="chloe")
    card = await stage.card("#incidents", "Disk full")

    await stage.click("ana", "#incidents", card, "incident.assign_form")
    form = await stage.submit("ana", assignee="U0CHLOE000")
    await workspace.delivered()

    assert "Assigned to Ben Okafor now." in str(form["blocks"])
    assert await assignee(workspace) == "Chloe Martin"
    assert "Ana Almeida reassigned it from Ben Okafor to Chloe Martin" in await thread(workspace, card)


async def test_unassigning_leaves_it_to_nobody(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")

    assert "took it from Ben Okafor, so it is nobody's now" in await answer(workspace, "unassign 1", by="ana")
    await workspace.delivered()

    assert await assignee(workspace) is None
    assert (await thread(workspace, card))[-1] == "Ana Almeida took it from Ben Okafor, so it is nobody's now"
    assert "assigned to nobody" in await answer(workspace, "unassign 1", by="ana")


async def test_without_a_name_a_form_opens_and_an_empty_one_unassigns(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "assign 1 me", by="ben")
    assert await assignee(workspace) == "Ben Okafor"

    await workspace.stage.command("ben", "#incidents", "assign 1")
    await workspace.stage.submit("ben")

    assert await assignee(workspace) is None


async def test_who_cannot_be_assigned_is_refused_in_words(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    shared = await workspace.opened("Link down", channel="#shared-partner")
    await workspace.stage.reply("priya", "#shared-partner", shared, "we see it, too")

    for line, words in [
        ("assign 1 @gus", "Gus Guest is a guest"),
        ("assign 1 @deploybot", "Deploy Bot is an app"),
        ("assign 1 @dora", "Dora Departed is deactivated"),
        ("assign 1 <@U0PRIYA000>", "Priya Partner is from another organisation"),
        ("assign 1 <@U0NOBODY00>", "nobody here knows this assignee"),
        ("assign 1 somebody else", "nobody here is known as somebody else"),
        ("assign 1 @nosuchperson", "nobody here is known as nosuchperson"),
        ("assign 7 @ben", "There is no INC-7"),
    ]:
        assert words in await answer(workspace, line, by="ana"), line
    assert await workspace.rows("SELECT assignee_id FROM incident") == [(None,), (None,)]


async def test_a_form_refuses_a_guest_on_its_field_and_stays_open(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    await stage.click("ana", "#incidents", card, "incident.assign_form")
    view = (await stage.state())["views"]["U0ANA00000"][-1]

    refused = await workspace.control(
        "submit", {"user": "ana", "view_id": view["id"], "values": {"assignee": {"assignee": "U0GUS00000"}}}
    )

    assert "Gus Guest is a guest" in refused["errors"]["assignee"]


async def test_one_incident_tells_the_same_person_once_in_ten_minutes(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    for line in ("assign 1 @ben", "unassign 1", "assign 1 @ben"):
        await answer(workspace, line, by="ana")
        await workspace.delivered()

    assert len(await direct_messages(workspace, "ben")) == 1


async def test_whoever_wants_no_messages_gets_none(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "whoami", by="ben")
    await workspace.changed("UPDATE \"user\" SET wants_messages = false WHERE full_name = 'Ben Okafor'")

    await answer(workspace, "assign 1 @ben", by="ana")
    await workspace.delivered()

    assert await direct_messages(workspace, "ben") == []
    assert await assignee(workspace) == "Ben Okafor"


async def test_an_assignment_that_was_taken_back_before_it_was_told_tells_nobody(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.faults({"method": "*", "kind": "ratelimited", "times": 1, "retry_after": 1})

    await answer(workspace, "assign 1 @ben", by="ana")
    await answer(workspace, "assign 1 @chloe", by="ana")
    await workspace.delivered()

    assert await direct_messages(workspace, "ben") == []
    assert len(await direct_messages(workspace, "chloe")) == 1


async def test_a_guest_cannot_assign_by_an_old_button(workspace: Workspace) -> None:
    card: Json = await workspace.opened("Disk full")
    body = {"user": "gus", "channel": "#incidents", "message_ts": card["ts"], "action_id": "incident.assign_form"}

    await workspace.control("action", body)

    ephemerals = (await workspace.stage.state())["ephemerals"]["U0GUS00000"]
    assert "You are a guest here" in ephemerals[-1]["text"]
    assert await assignee(workspace) is None
