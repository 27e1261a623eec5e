"""What happened to an incident, as a list and as files; one text for screen readers."""

import json
import re

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, direct_messages, words_of


async def files(workspace: Workspace) -> dict[str, str]:
    """The content of what the bot uploaded, by name, without the number that tells it from other exports."""
    found = {}
    for file in (await workspace.stage.state())["files"]:
        async with workspace.stage.session.get(file["url_private"]) as response:
            assert response.status == 200
            found[re.sub(r"-\d+\.", ".", file["name"])] = await response.text()
    return found


async def chosen(workspace: Workspace, who: str, card: Json, entry: str) -> None:
    menu = card["blocks"][0]["accessory"]
    value = next(o["value"] for o in menu["options"] if o["text"]["text"] == entry)
    body = {"user": who, "channel": "#incidents", "message_ts": card["ts"], "action_id": menu["action_id"]}
    assert (await workspace.control("action", {**body, "selected": value}))["ack"]["status"] == "acked"


async def test_the_history_tells_who_did_what_from_where(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")
    await answer(workspace, "rename 1 <b>disk</b> & co", by="ana")
    await answer(workspace, "resolve 1 added space", by="ben")

    told = await answer(workspace, "history 1", by="chloe")

    lines = told.split("\n")
    assert "History of" in lines[0]
    assert [line.split("> ", 1)[1] for line in lines[1:]] == [
        "Ana Almeida opened it (by command)",
        "Ben Okafor took it (by command)",
        "Ben Okafor started work (by command)",
        "Ana Almeida renamed it from “Disk full” to “&lt;b&gt;disk&lt;/b&gt; &amp; co” (by command)",
        "Ben Okafor resolved it: added space (by command)",
    ]


async def test_the_menu_shows_the_history_in_a_dialog_also_from_an_old_card(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")

    await chosen(workspace, "chloe", card, "History")

    assert "Ben Okafor took it" in words_of((await dialog(workspace, "chloe"))["blocks"])


async def test_a_long_history_shows_its_end_and_says_what_is_left_out(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    for n in range(45):
        await answer(workspace, f"p 1 {('high', 'low')[n % 2]}", by="ben")

    shown = await workspace.stage.command("ana", "#incidents", "history 1")

    assert len(shown["blocks"]) == 42
    assert "6 earlier changes are in the export" in words_of(shown["blocks"])


async def test_an_export_comes_as_two_files_by_direct_message(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    ts = await stage.reply("ben", "#incidents", card, "first try")
    await stage.do("edit", user="ben", channel="#incidents", ts=ts, text="second try & more")
    gone = await stage.reply("chloe", "#incidents", card, "never mind")
    await stage.do("delete", user="chloe", channel="#incidents", ts=gone)
    await answer(workspace, "resolve 1 added space", by="ben")

    assert "You get two files by direct message" in await answer(workspace, "export 1", by="chloe")
    await workspace.delivered()

    found = await files(workspace)
    assert set(found) == {"INC-1.md", "INC-1.json"}
    assert "INC-1 Disk full with 2 comments" in (await direct_messages(workspace, "chloe"))[-1]
    text = found["INC-1.md"]
    assert text.startswith("# INC-1 Disk full\n\n- Status: resolved\n- Priority: medium\n")
    assert "> second try & more" in text
    assert "(deleted " in text
    assert "never mind" not in text
    whole = json.loads(found["INC-1.json"])
    assert [entry["what"] for entry in whole["timeline"]] == ["created", "started", "resolved"]
    assert whole["incident"]["resolution"] == "added space"
    assert [(c["author"], c["content"], bool(c["deleted_at"])) for c in whole["comments"]] == [
        ("Ben Okafor", "second try & more", False),
        ("Chloe Martin", "", True),
    ]
    assert [old["content"] for old in whole["comments"][0]["earlier"]] == ["first try"]


async def test_the_menu_exports_too(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await chosen(workspace, "chloe", card, "Export")
    await workspace.delivered()

    assert "two files by direct message" in words_of((await dialog(workspace, "chloe"))["blocks"])
    assert set(await files(workspace)) == {"INC-1.md", "INC-1.json"}


async def test_an_export_of_five_thousand_comments_has_them_all(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.changed(
        "INSERT INTO comment (id, workspace_id, incident_id, author_id, content, created_at)"
        " SELECT gen_random_uuid(), workspace_id, id, owner_id, 'word ' || n, now() + n * interval '1 second'"
        " FROM incident, generate_series(1, 5000) n"
    )

    await answer(workspace, "export 1", by="ana")
    await workspace.delivered()

    whole = json.loads((await files(workspace))["INC-1.json"])
    assert [comment["content"] for comment in whole["comments"]] == [f"word {n}" for n in range(1, 5001)]


async def test_asking_twice_for_an_export_that_waits_sends_one(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})

    await answer(workspace, "export 1", by="ana")
    await answer(workspace, "export 1", by="ana")
    await workspace.delivered()

    assert len(await files(workspace)) == 2


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_after_an_answer_that_never_came_an_export_comes_once(workspace: Workspace, method: str) -> None:
    await workspace.opened("Disk full")
    await workspace.faults({"method": method, "kind": "timeout_after_success", "times": 1, "delay_ms": 50})

    await answer(workspace, "export 1", by="ana")
    await workspace.delivered()

    assert len((await workspace.stage.state())["files"]) == 2
    assert len([said for said in await direct_messages(workspace, "ana") if "INC-1 Disk full with" in said]) == 1


async def test_an_export_is_not_sent_to_somebody_who_left_the_private_channel_meanwhile(workspace: Workspace) -> None:
    await workspace.opened("Badge lost", channel="#security")
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await answer(workspace, "export 1", by="ben", channel="#security")
    await workspace.stage.do("member", user="ben", channel="#security", leave=True)

    await workspace.delivered()

    assert await files(workspace) == {}


async def test_plain_is_one_text_without_pictures(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    await stage.reply("ben", "#incidents", card, "looking")
    await answer(workspace, "resolve 1 added space", by="ben")

    told = (await answer(workspace, "show 1 plain", by="chloe")).split("\n")

    assert told[0] == "INC-1 Disk full: resolved, medium priority, bug, unassigned, opened by Ana Almeida."
    assert told[1].startswith("Opened ")
    assert told[2].startswith("Resolved ")
    assert told[3] == "Resolution: added space"
    assert told[4].startswith("Ben Okafor, ")
    assert told[4].endswith(": looking")
    assert told[5].startswith("Card: <")
