"""Incidents of a private channel, from the side of those who must not see them."""

from typing import Any

import pytest

from bot import app
from tests.end_to_end.conftest import Json, Workspace, settings_of
from tests.end_to_end.eyes import answer, handed_in, superuser

# #security is private; Ana and Ben are in it, Chloe is not.


@pytest.fixture
async def badge(workspace: Workspace) -> Json:
    """A private incident of Ana's, with a comment; INC-1."""
    card = await workspace.opened("Badge lost", channel="#security")
    await workspace.stage.reply("ben", "#security", card, "turnstile seven")
    return card


async def test_no_verb_tells_an_outsider_that_it_exists(workspace: Workspace, badge: Json) -> None:
    lines = (
        "show 1", "show 1 plain", "history 1", "export 1", "take 1", "assign 1 @chloe", "unassign 1", "start 1",
        "resolve 1 done", "p 1 low", "category 1 outage", "edit 1", "rename 1 Mine", "comment 1 hello", "comment 1",
        "delete 1", "why edit 1", "reopen 1",
    )  # fmt: skip
    told = {line: await answer(workspace, line, by="chloe", channel="#general") for line in lines}

    assert told == dict.fromkeys(lines, "There is no INC-1 that you can see. Look at /incident list for the open ones.")


async def test_no_list_and_no_picker_shows_it_to_an_outsider(workspace: Workspace, badge: Json) -> None:
    for line in ("", "list", "mine", "take", "history", "search badge", "search turnstile"):
        shown = str(await workspace.stage.command("chloe", "#general", line))

        assert not [words for words in ("Badge", "turnstile seven", "INC-1") if words in shown], line


async def test_a_member_of_the_channel_sees_it_from_everywhere(workspace: Workspace, badge: Json) -> None:
    assert "Badge lost" in await answer(workspace, "list", by="ben", channel="#general")
    assert "Badge lost" in await answer(workspace, "show 1", by="ben", channel="#general")


async def test_whoever_leaves_the_channel_sees_it_no_longer_and_whoever_joins_does(
    workspace: Workspace, badge: Json
) -> None:
    await workspace.stage.do("member", user="ben", channel="#security", leave=True)
    await workspace.stage.do("member", user="chloe", channel="#security", join=True, by="ana")
    await workspace.stage.quiet()

    assert "There is no INC-1" in await answer(workspace, "show 1", by="ben", channel="#general")
    assert "Badge lost" in await answer(workspace, "show 1", by="chloe", channel="#general")


async def test_a_start_learns_who_left_while_nobody_listened(workspace: Workspace, badge: Json) -> None:
    await workspace.stop()
    await workspace.control("member", {"user": "ben", "channel": "#security", "leave": True})

    async with app.running(settings_of(workspace.sandbox), workspace.engine):
        assert "There is no INC-1" in await answer(workspace, "show 1", by="ben", channel="#general")
        assert "Badge lost" in await answer(workspace, "show 1", by="ana", channel="#general")


async def test_a_channel_that_is_made_private_takes_its_incidents_along(workspace: Workspace) -> None:
    await workspace.opened("Link down", channel="#shared-partner")
    assert "Link down" in await answer(workspace, "show 1", by="chloe", channel="#general")

    await workspace.stage.do("channel", channel="#shared-partner", private=True, by="ana")
    await workspace.delivered()

    assert "There is no INC-1" in await answer(workspace, "show 1", by="chloe", channel="#general")
    assert "Link down" in await answer(workspace, "show 1", by="ben", channel="#general")


async def test_a_channel_nobody_told_about_is_known_once_somebody_acts_in_it(workspace: Workspace, badge: Json) -> None:
    await workspace.changed("DELETE FROM channel_member")
    assert "There is no INC-1" in await answer(workspace, "show 1", by="ben", channel="#general")

    await answer(workspace, "list", by="ben", channel="#security")

    assert "Badge lost" in await answer(workspace, "show 1", by="ben", channel="#general")


async def test_the_owner_and_the_assignee_see_it_wherever_they_are(workspace: Workspace, badge: Json) -> None:
    await answer(workspace, "assign 1 @chloe", by="ana", channel="#security")

    assert "Badge lost" in await answer(workspace, "show 1", by="chloe", channel="#general")


def clicked(action: Json, *, who: str = "U0CHLOE000") -> Json:
    """A click in #general that carries what its sender likes."""
    return {
        "type": "block_actions",
        "user": {"id": who},
        "team": {"id": "T0HARBOUR0"},
        "channel": {"id": "C0GENERAL0"},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C0GENERAL0"},
        "trigger_id": "1.2.3",
        "actions": [{"block_id": "b", "type": "button", **action}],
    }


def sent(callback_id: str, metadata: str, **values: Any) -> Json:
    """A form that carries what its sender likes."""
    typed = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    inputs = [{"type": "input", "block_id": name, "element": {"action_id": name}} for name in values]
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "state": {"values": typed},
        "blocks": inputs,
    }
    return {
        "type": "view_submission",
        "user": {"id": "U0CHLOE000"},
        "team": {"id": "T0HARBOUR0"},
        "trigger_id": "1.2.3",
        "view": view,
    }


async def told(workspace: Workspace, mark: int) -> str:
    """All that the bot sent to Slack since then; what refuses is among it, what is private must not be."""
    await workspace.stage.quiet()
    sent = [entry["args"] for entry in await workspace.log(mark) if entry["kind"] == "api"]
    assert sent, "not even a refusal"
    return str(sent)


BEFORE = "SELECT status, priority, title, assignee_id, deleted_at, version FROM incident WHERE number = 1"


async def test_a_forged_button_reaches_nothing(workspace: Workspace, badge: Json) -> None:
    [(incident_id,)] = await workspace.rows("SELECT id FROM incident")
    before = await workspace.rows(BEFORE)

    for action in ("take", "revert", "resolve_form", "reopen_form", "assign_form", "show_all"):
        mark = await workspace.mark()
        forged = clicked({"action_id": f"incident.{action}", "value": f"{incident_id}:1"})
        assert await handed_in(workspace, forged) == 200

        assert await workspace.rows(BEFORE) == before, action
        assert "Badge" not in await told(workspace, mark), action


async def test_a_forged_menu_choice_reaches_nothing(workspace: Workspace, badge: Json) -> None:
    [(incident_id,)] = await workspace.rows("SELECT id FROM incident")

    for entry in ("edit_form", "classify_form", "history", "export", "delete_form"):
        mark = await workspace.mark()
        option = {"value": f"incident.{entry}:{incident_id}:1"}
        forged = clicked({"type": "overflow", "action_id": "card.menu:", "selected_option": option})
        assert await handed_in(workspace, forged) == 200

        assert "Badge" not in await told(workspace, mark), entry
        assert not await workspace.rows("SELECT 1 FROM outbox"), entry


async def test_a_forged_form_reaches_nothing(workspace: Workspace, badge: Json) -> None:
    [(incident_id,)] = await workspace.rows("SELECT id FROM incident")
    before = await workspace.rows(BEFORE)
    own = f'{{"about": "{incident_id}:1"}}'
    channel = f'{{"about": "{incident_id}:1", "channel": "C0SECURITY", "seen": {{}}}}'
    forms: dict[str, dict[str, Any]] = {
        "incident.resolve": {"note": "mine", "fixed_at": None},
        "incident.reopen": {"note": "mine"},
        "incident.assign": {"assignee": None},
        "incident.edit": {"title": "Mine", "priority": "low"},
        "incident.delete": {},
        "comment.new": {"comment": "hello"},
    }

    for form, values in forms.items():
        for metadata in (own, channel, "", "[]", "{", '{"about": 7}', "null"):
            assert await handed_in(workspace, sent(form, metadata, **values)) == 200

            assert await workspace.rows(BEFORE) == before, (form, metadata)
            assert await workspace.rows("SELECT content FROM comment") == [("turnstile seven",)], (form, metadata)


async def test_comments_of_a_private_incident_are_not_read_by_their_ids(workspace: Workspace, badge: Json) -> None:
    [(comment_id,)] = await workspace.rows("SELECT id FROM comment")
    [(incident_id,)] = await workspace.rows("SELECT id FROM incident")
    mark = await workspace.mark()

    for value in (
        f"comment.show_all:{comment_id}",
        f"comment.edit_form:{comment_id}",
        f"comment.delete_form:{comment_id}",
    ):
        body = clicked({"type": "overflow", "action_id": "comment.menu:x", "selected_option": {"value": value}})
        assert await handed_in(workspace, body) == 200
    assert await handed_in(workspace, clicked({"action_id": "comment.all", "value": f"{incident_id}:-1"})) == 200

    assert "turnstile" not in await told(workspace, mark)


async def test_a_line_in_a_forged_button_is_answered_as_if_its_sender_had_typed_it(
    workspace: Workspace, badge: Json
) -> None:
    before = await workspace.rows(BEFORE)

    assert await handed_in(workspace, clicked({"action_id": "line.run:0", "value": "resolve 1 done"})) == 200

    assert await workspace.rows(BEFORE) == before


async def test_a_superuser_sees_it_without_being_a_member(workspace: Workspace, badge: Json) -> None:
    await answer(workspace, "whoami", by="chloe")
    await superuser(workspace, "chloe")

    assert "Badge lost" in await answer(workspace, "show 1", by="chloe", channel="#general")


async def test_neither_a_deletion_nor_a_late_delivery_brings_back_who_left(workspace: Workspace) -> None:
    card, before = await workspace.opened("Badge lost", channel="#security"), await workspace.mark()
    ts = await workspace.stage.reply("ben", "#security", card, "turnstile seven")
    await workspace.delivered()
    (told,) = await workspace.events("message", after=before)
    await workspace.stage.do("member", user="ben", channel="#security", leave=True)
    await workspace.stage.quiet()

    await workspace.control("deliver", {"event_id": told, "times": 1})
    await workspace.control("delete", {"user": "ana", "channel": "#security", "ts": ts})
    await workspace.stage.quiet()

    assert "There is no INC-1" in await answer(workspace, "show 1", by="ben", channel="#general")


async def test_a_channel_that_becomes_private_is_so_at_once_whatever_slack_answers(workspace: Workspace) -> None:
    await workspace.opened("Former contractor", channel="#general")
    await workspace.faults({"method": "conversations.info", "kind": "http_500"})
    await workspace.control("channel", {"channel": "#general", "private": True})
    await workspace.stage.quiet(idle_ms=50)

    hidden = await workspace.rows("SELECT is_private FROM channel WHERE id = 'C0GENERAL0'")
    await workspace.faults()
    assert hidden == [(True,)]


@pytest.mark.parametrize("how", ["list", "digest"])
async def test_a_channel_shared_with_others_gets_only_its_own_incidents(workspace: Workspace, how: str) -> None:
    await superuser(workspace)
    await workspace.opened("Secret acquisition", channel="#incidents")
    await workspace.opened("Their lift is stuck", channel="#shared-partner")

    if how == "digest":
        await answer(workspace, "admin digest add <#C0SHARED00|shared-partner> 09:00 UTC daily", by="ana")
        await answer(workspace, "admin digest now <#C0SHARED00|shared-partner>", by="ana")
    else:
        await workspace.stage.command("ben", "#shared-partner", "list")
        told = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]
        actions = [element for block in told["blocks"] for element in block.get("elements", [])]
        button = next(each for each in actions if "Post" in str(each.get("text")))
        place = {"user": "ben", "channel": "#shared-partner", "message_ts": told["ts"]}
        await workspace.stage.do("action", **place, action_id=button["action_id"])
    await workspace.delivered()

    posted = str(await workspace.stage.messages("#shared-partner"))
    assert posted.count("Their lift is stuck") > 1
    assert "acquisition" not in posted
