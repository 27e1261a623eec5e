"""Comments made elsewhere, changed, deleted, and read in full."""

from typing import Any

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, direct_messages, handed_in, thread, words_of

LONG = "word " * 600


def entries(block: Json) -> dict[str, str]:
    """The choices of the menu beside a text."""
    return {o["text"]["text"]: o["value"] for o in (block.get("accessory") or {}).get("options", [])}


async def chosen(workspace: Workspace, who: str, message: Json, entry: str, place: int = 0) -> Json:
    block = message["blocks"][place]
    body: dict[str, Any] = {
        "user": who,
        "action_id": block["accessory"]["action_id"],
        "selected": entries(block)[entry],
    }
    return await workspace.control("action", {**body, "channel": "#incidents", "message_ts": message["ts"]})


async def posted(workspace: Workspace, words: str) -> Json:
    """The bot's message in the thread."""
    await workspace.delivered()
    return next(m for m in await workspace.stage.messages("#incidents") if words in m["text"] and m.get("bot_id"))


async def said(workspace: Workspace) -> list[tuple[Any, ...]]:
    return await workspace.rows("SELECT content, deleted_at IS NOT NULL FROM comment ORDER BY created_at")


async def test_without_words_a_form_asks_and_the_comment_is_posted_once(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.command("chloe", "#checkout", "comment 1")
    await workspace.stage.submit("chloe", comment="the vendor\nconfirms it")
    await workspace.delivered()

    assert await said(workspace) == [("the vendor\nconfirms it", False)]
    assert await thread(workspace, card) == ["*Chloe Martin* says: the vendor\nconfirms it"]


async def test_the_author_changes_it_in_the_thread_and_the_earlier_version_is_kept(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "comment 1 vendor called", by="chloe")
    message = await posted(workspace, "vendor called")

    await chosen(workspace, "chloe", message, "Edit…")
    await workspace.stage.submit("chloe", comment="vendor called back")
    await workspace.delivered()

    assert await thread(workspace, card) == ["*Chloe Martin* says: vendor called back"]
    assert await said(workspace) == [("vendor called back", False)]
    assert await workspace.rows("SELECT content FROM comment_revision") == [("vendor called",)]


async def test_the_author_deletes_it_and_it_is_gone_from_thread_and_record(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "comment 1 vendor called", by="chloe")
    message = await posted(workspace, "vendor called")

    await chosen(workspace, "chloe", message, "Delete…")
    form = await workspace.stage.submit("chloe")
    await workspace.delivered()

    assert "Delete this comment by Chloe Martin?" in words_of(form["blocks"])
    assert await thread(workspace, card) == []
    assert await said(workspace) == [("", True)]


async def test_a_comment_that_is_deleted_before_its_message_is_known_leaves_the_thread_all_the_same(
    workspace: Workspace,
) -> None:
    card = await workspace.opened("Disk full")
    unheard = {"method": "chat.postMessage", "kind": "timeout_after_success", "times": 1, "delay_ms": 50}
    await workspace.faults(unheard, {"method": "conversations.replies", "kind": "http_500", "times": 1})
    await workspace.stage.command("chloe", "#incidents", "comment 1 vendor called")
    message = await posted(workspace, "vendor called")

    await chosen(workspace, "chloe", message, "Delete…")
    await workspace.stage.submit("chloe")
    await workspace.delivered()

    assert await thread(workspace, card) == []
    assert await said(workspace) == [("", True)]


@pytest.mark.parametrize("entry", ["Edit…", "Delete…"])
async def test_others_may_not_touch_it(workspace: Workspace, entry: str) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "comment 1 vendor called", by="chloe")
    message = await posted(workspace, "vendor called")

    await chosen(workspace, "ben", message, entry)

    told = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]["text"]
    assert "Only its author and superusers can" in told
    assert await said(workspace) == [("vendor called", False)]


async def test_ones_own_reply_is_edited_in_slack_and_deleted_from_the_record_with_a_word(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.reply("ben", "#incidents", card, "looking")
    shown = await workspace.stage.command("ben", "#incidents", "show 1")
    row = next(b for b in shown["blocks"] if "looking" in words_of(b))

    assert list(entries(row)) == ["Delete…"]
    ephemeral = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]
    place = ephemeral["blocks"].index(next(b for b in ephemeral["blocks"] if "looking" in words_of(b)))
    await chosen(workspace, "ben", ephemeral, "Delete…", place)
    await workspace.stage.submit("ben")
    await workspace.delivered()

    assert await said(workspace) == [("", True)]
    assert await thread(workspace, card) == ["looking"]
    assert "Slack does not let me delete what a person wrote" in (await direct_messages(workspace, "ben"))[-1]


async def test_a_form_about_a_comment_that_was_deleted_meanwhile_says_so(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "comment 1 vendor called", by="chloe")
    message = await posted(workspace, "vendor called")
    await chosen(workspace, "chloe", message, "Edit…")
    await workspace.changed("UPDATE comment SET deleted_at = now()")
    view = await dialog(workspace, "chloe")

    refused = await workspace.control(
        "submit", {"user": "chloe", "view_id": view["id"], "values": {"comment": {"comment": "more"}}}
    )

    assert "there is no such comment, or it was deleted" in refused["errors"]["comment"]


async def test_a_long_comment_is_shortened_with_a_way_to_read_all_of_it(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.reply("ben", "#incidents", card, LONG)
    await workspace.stage.command("chloe", "#incidents", "show 1")
    ephemeral = (await workspace.stage.state())["ephemerals"]["U0CHLOE000"][-1]
    place = next(n for n, b in enumerate(ephemeral["blocks"]) if "word word" in words_of(b))
    assert len(words_of(ephemeral["blocks"][place])) < 500

    await chosen(workspace, "chloe", ephemeral, "Show all", place)

    shown = words_of((await dialog(workspace, "chloe"))["blocks"])
    assert shown.count("word") == 600


async def test_all_comments_are_read_page_by_page(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    for n in range(17):
        await workspace.stage.reply("ben", "#incidents", card, f"reply {n:02}")
    await workspace.stage.command("ben", "#incidents", "show 1")
    ephemeral = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]
    press = {"user": "ben", "channel": "#incidents", "message_ts": ephemeral["ts"], "action_id": "comment.all"}
    await workspace.control("action", press)

    view = await dialog(workspace, "ben")
    first = words_of(view["blocks"])
    assert "3 to 17 of 17" in first
    assert "reply 02" in first
    assert "reply 01" not in first

    await workspace.control("action", {"user": "ben", "view_id": view["id"], "action_id": "comment.page:earlier"})
    view = await dialog(workspace, "ben")
    assert "1 to 15 of 17" in words_of(view["blocks"])
    row = view["blocks"][1]
    body = {"user": "ben", "view_id": view["id"], "action_id": row["accessory"]["action_id"]}
    await workspace.control("action", {**body, "selected": entries(row)["Delete…"]})
    assert "Delete this comment by Ben Okafor?" in words_of((await dialog(workspace, "ben"))["blocks"])
    await workspace.stage.submit("ben")
    assert (await said(workspace))[0] == ("", True)


async def test_people_of_other_organisations_and_guests_are_marked(workspace: Workspace) -> None:
    card = await workspace.opened("Link down", channel="#shared-partner")
    await workspace.stage.reply("priya", "#shared-partner", card, "we see it, too")
    there = await workspace.opened("Disk full")
    await workspace.stage.reply("gus", "#incidents", there, "the coffee machine as well")

    assert "*Priya Partner* (external)" in words_of(
        (await workspace.stage.command("ana", "#general", "show 1"))["blocks"]
    )
    assert "*Gus Guest* (guest)" in words_of((await workspace.stage.command("ana", "#general", "show 2"))["blocks"])


async def test_a_file_is_a_comment_with_a_link(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    file = {"name": "df.txt", "mimetype": "text/plain", "size": 2048}
    await workspace.stage.do("message", user="ben", channel="#incidents", text="", thread_ts=card["ts"], files=[file])

    shown = words_of((await workspace.stage.command("ana", "#incidents", "show 1"))["blocks"])

    assert "|df.txt> (text/plain, 2 kB)" in shown


@pytest.mark.parametrize("value", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
async def test_a_forged_choice_finds_nothing(workspace: Workspace, value: str) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "comment 1 vendor called", by="chloe")
    message = await posted(workspace, "vendor called")
    body = {
        "type": "block_actions",
        "user": {"id": "U0CHLOE000"},
        "team": {"id": "T0HARBOUR0"},
        "channel": {"id": "C0INCIDENT"},
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": "C0INCIDENT"},
        "trigger_id": "1.2.3",
        "actions": [
            {
                "type": "overflow",
                "action_id": "comment.menu:x",
                "block_id": "b",
                "selected_option": {"value": f"comment.delete_form:{value}"},
            }
        ],
    }

    answered = await handed_in(workspace, body)

    assert answered == 200
    assert await said(workspace) == [("vendor called", False)]
