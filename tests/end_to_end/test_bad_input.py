"""What people type must come back as they typed it, and never do anything."""

import json

import pytest

from tests.end_to_end.conftest import Workspace

ODD = [
    "<!channel> down",
    "<@U0BEN00000> did it",
    "<http://x.example|click> me",
    "&lt;b&gt; & &amp;",
    "`code` *bold* ~struck~",
    "الخادم معطل",
    "🔥🔥🔥",
    "x" * 255,
]


@pytest.mark.parametrize("typed", ODD)
async def test_a_title_is_kept_as_typed_and_shown_without_effect(workspace: Workspace, typed: str) -> None:
    await workspace.stage.command("ana", "#incidents", "new")
    await workspace.stage.submit("ana", title=typed)
    await workspace.delivered()

    assert await workspace.rows("SELECT title FROM incident") == [(typed,)]
    (card,) = [m for m in await workspace.stage.messages("#incidents") if "INC-1" in m["text"]]
    shown = json.dumps(card, ensure_ascii=False)
    assert not any(token in shown for token in ("<!channel", "<@U0BEN", "<http://x.example|"))
    await workspace.stage.command("ben", "#incidents", "resolve 1 " + "<!here> fixed")
    await workspace.delivered()
    assert "<!here" not in json.dumps(await workspace.stage.messages("#incidents"))


@pytest.mark.parametrize("typed, words", [("x" * 256, "256 characters"), (" \u200b ", "title is empty")])
async def test_a_title_that_cannot_be_is_refused_on_its_field_and_the_form_stays(
    workspace: Workspace, typed: str, words: str
) -> None:
    await workspace.stage.command("ana", "#incidents", "new")
    (form,) = (await workspace.stage.state())["views"]["U0ANA00000"]
    send = {"user": "ana", "view_id": form["id"], "values": {"title": {"title": typed}}, "force": True}

    refused = await workspace.control("submit", send)

    assert words in refused["errors"]["title"]
    assert await workspace.rows("SELECT 1 FROM incident") == []
    assert (await workspace.stage.state())["views"]["U0ANA00000"] != []


async def test_a_channel_where_the_bot_is_not_is_refused_on_its_field(workspace: Workspace) -> None:
    await workspace.stage.command("ana", "#incidents", "new Disk full")
    (form,) = (await workspace.stage.state())["views"]["U0ANA00000"]
    values = {"channel": {"channel": "C0RANDOM00"}}

    refused = await workspace.control("submit", {"user": "ana", "view_id": form["id"], "values": values})

    assert "is not in this channel" in refused["errors"]["channel"]


async def test_a_reply_of_40000_characters_is_kept_whole(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    words = "word " * 7_999 + "ends"

    await workspace.stage.reply("ben", "#incidents", card, words)

    assert await workspace.comments() == [("Ben Okafor", words)]


@pytest.mark.parametrize("typed, kept", [("a\x00b", "a\ufffdb"), ("a\ud800b", "a\ufffdb")])
async def test_what_postgresql_cannot_store_does_not_lose_the_rest(workspace: Workspace, typed: str, kept: str) -> None:
    await workspace.stage.command("ana", "#incidents", f"quick {typed}")

    assert await workspace.rows("SELECT title FROM incident") == [(kept,)]


async def test_of_two_people_who_send_the_form_at_once_one_resolves_and_the_other_keeps_the_note(
    workspace: Workspace,
) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    for user in ("ana", "ben"):
        await stage.click(user, "#incidents", card, "incident.resolve_form")
    await stage.submit("ana", note="added space")
    (form,) = (await stage.state())["views"]["U0BEN00000"]

    values = {"note": {"note": "rebooted"}}
    refused = await workspace.control("submit", {"user": "ben", "view_id": form["id"], "values": values})

    assert "INC-1 was resolved by Ana Almeida at" in refused["errors"]["note"]
    assert await workspace.rows("SELECT resolution FROM incident") == [("added space",)]
    assert "rebooted" in json.dumps((await stage.state())["views"]["U0BEN00000"])
