"""People come, go and are renamed; channels are renamed, archived, and the bot is invited and removed."""

from tests.end_to_end.conftest import Workspace

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


async def test_an_unarchived_channel_is_open_again(workspace: Workspace) -> None:
    await workspace.stage.do("channel", channel="#checkout", archive=True)
    await workspace.stage.do("channel", channel="#checkout", archive=False)
    await workspace.delivered()

    assert await workspace.rows(CHANNEL, id="C0CHECKOUT") == [("checkout", True)]
