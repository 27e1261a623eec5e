"""People come, go and are renamed; channels are renamed, archived, and the bot is invited and removed."""

import pytest

from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import direct_messages

CHANNEL = "SELECT name, is_open FROM channel WHERE id = :id"


async def test_a_deactivated_person_is_refused_at_the_next_click(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.command("ben", "#incidents", "whoami")
    await workspace.stage.do("user", user="ben", deactivate=True)
    workspace.sandbox.workspace.person("ben")["deleted"] = False  # a click that was on its way

    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.stage.quiet()

    assert await workspace.rows("SELECT status FROM incident") == [("open",)]
    said = (await workspace.stage.state())["ephemerals"]["U0BEN00000"]
    assert "deactivated" in said[-1]["text"]


async def test_a_person_who_is_back_may_work_again(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.do("user", user="ben", deactivate=True)
    await workspace.stage.do("user", user="ben", deactivate=False)

    await workspace.stage.click("ben", "#incidents", card, "incident.take")

    assert await workspace.rows("SELECT status FROM incident") == [("in_progress",)]


async def test_somebody_new_is_known_before_they_first_come(workspace: Workspace) -> None:
    before = await workspace.mark()

    hired = await workspace.stage.do("user", create="eva", real_name="Eva Engel")
    await workspace.stage.do("member", user="eva", channel="#incidents", join=True)
    await workspace.stage.command("eva", "#incidents", 'quick "Disk full"')
    await workspace.delivered()

    assert await workspace.rows("SELECT name FROM slack_profile WHERE slack_user_id = :id", id=hired["user"]["id"]) == [
        ("Eva Engel",)
    ]
    assert await workspace.calls(after=before) == ["chat.postMessage"]


async def test_somebody_who_became_a_guest_may_no_longer_take(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.stage.do("user", user="ben", guest=True)

    await workspace.stage.click("ben", "#incidents", card, "incident.take")

    assert await workspace.rows("SELECT status FROM incident") == [("open",)]


async def test_a_renamed_channel_goes_by_its_new_name(workspace: Workspace) -> None:
    await workspace.stage.do("channel", channel="#checkout", rename="payments")

    assert await workspace.rows(CHANNEL, id="C0CHECKOUT") == [("payments", True)]


async def test_the_bot_works_in_a_channel_it_is_invited_to(workspace: Workspace) -> None:
    await workspace.stage.do("member", user="bot", channel="#random", join=True, by="ana")
    await workspace.delivered()

    await workspace.stage.command("chloe", "#random", 'quick "Disk full"')

    assert await workspace.stage.card("#random", "Disk full")
    assert await workspace.rows(CHANNEL, id="C0RANDOM00") == [("random", True)]


async def test_where_the_bot_was_removed_a_new_incident_goes_to_the_incident_channel(workspace: Workspace) -> None:
    await workspace.stage.do("member", user="bot", channel="#checkout", leave=True, by="ana")

    answer = await workspace.stage.command("chloe", "#checkout", 'quick "Disk full"')

    assert await workspace.stage.card("#incidents", "Disk full")
    assert "C0INCIDENT" in str(answer)
    assert await workspace.rows(CHANNEL, id="C0CHECKOUT") == [("checkout", False)]


async def test_an_archived_channel_keeps_its_incidents_and_takes_no_new_one(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="chloe", channel="#checkout")

    await workspace.stage.do("channel", channel="#checkout", archive=True)
    await workspace.stage.command("ben", "#incidents", "resolve 1 freed space")
    await workspace.delivered()

    assert await workspace.rows("SELECT status FROM incident") == [("resolved",)]
    assert await workspace.rows(CHANNEL, id="C0CHECKOUT") == [("checkout", False)]
    told = await direct_messages(workspace, "chloe")
    assert len([words for words in told if "I cannot write in <#C0CHECKOUT> any more" in words]) == 1


@pytest.mark.parametrize("kind", ["ratelimited", "http_500"])
async def test_who_is_in_a_new_private_channel_is_asked_again_if_slack_does_not_say(
    workspace: Workspace, kind: str
) -> None:
    inside = "SELECT count(*) FROM channel_member WHERE channel_id = :id"
    [(before,)] = await workspace.rows(inside, id="C0SECURITY")
    await workspace.changed("DELETE FROM channel_member")
    await workspace.stage.do("member", user="bot", channel="#security", leave=True)
    await workspace.faults({"method": "conversations.members", "kind": kind, "times": 1})

    await workspace.stage.do("member", user="bot", channel="#security", join=True, by="ana")
    await workspace.delivered()

    assert before > 1
    assert await workspace.rows(inside, id="C0SECURITY") == [(before,)]


async def test_what_slack_does_not_say_of_a_channel_takes_nobody_out_of_it(workspace: Workspace) -> None:
    inside = "SELECT count(*) FROM channel_member WHERE channel_id = 'C0SECURITY' AND slack_user_id <> :bot"
    bot = workspace.bot.house.bot_user_id
    [(before,)] = await workspace.rows(inside, bot=bot)
    await workspace.faults({"method": "conversations.members", "kind": "error:missing_scope", "times": 1})

    await workspace.stage.do("member", user="bot", channel="#security", leave=True)
    await workspace.stage.do("member", user="bot", channel="#security", join=True, by="ana")
    await workspace.delivered()

    assert await workspace.rows(inside, bot=bot) == [(before,)]


async def test_an_unarchived_channel_is_open_again(workspace: Workspace) -> None:
    await workspace.stage.do("channel", channel="#checkout", archive=True)
    await workspace.stage.do("channel", channel="#checkout", archive=False)
    await workspace.delivered()

    assert await workspace.rows(CHANNEL, id="C0CHECKOUT") == [("checkout", True)]
