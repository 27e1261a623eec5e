"""The digest: posted once for its slot, true while it is read, and only what its readers may see."""

from datetime import timedelta

import pytest

from bot import schedule
from domain import db
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, direct_messages, superuser, words_of

DAILY = "admin digest add <#C0GENERAL0|general> 09:00 UTC daily"


async def long_ago(workspace: Workspace) -> None:
    """The digest was set days before."""
    await workspace.changed("UPDATE digest_schedule SET since = now() - interval '9 days'")


async def ticked(workspace: Workspace, *, minutes_after: float = 0) -> None:
    """A clock strikes, so many minutes after today's or yesterday's slot at nine."""
    now = db.now()
    slot = now.replace(hour=9, minute=0, second=0, microsecond=0)
    slot = slot if slot <= now else slot - timedelta(days=1)
    await schedule.tick(workspace.bot.house, slot + timedelta(minutes=minutes_after))
    await workspace.delivered()


async def digests(workspace: Workspace, channel: str = "#general") -> list[Json]:
    """The digests in a channel, oldest first."""
    return [m for m in await workspace.stage.messages(channel) if "Since" in m.get("text", "") and m.get("bot_id")]


async def set_up(workspace: Workspace) -> None:
    await superuser(workspace)
    assert "Saved: a digest at 09:00 UTC mon-sun in" in await answer(workspace, DAILY, by="ana", channel="#general")
    await long_ago(workspace)


async def test_a_digest_is_posted_once_for_its_slot_with_one_call(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    before = await workspace.mark()

    await ticked(workspace)
    await ticked(workspace, minutes_after=1)

    (posted,) = await digests(workspace)
    assert posted["text"].startswith("1 open, 0 critical, 1 nobody's.")
    words = words_of(posted["blocks"])
    assert "Needs a person" in words
    assert "Disk full" in words
    assert "Next digest" in words
    assert "<@" not in words
    assert (await workspace.calls(after=before)).count("chat.postMessage") == 1
    assert "chat.update" not in await workspace.calls(after=before)


async def test_a_row_is_struck_through_when_it_is_resolved(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk ~full~")
    await workspace.opened("Lift is stuck")
    await ticked(workspace)

    await workspace.stage.command("ana", "#incidents", "resolve 1 added space")
    await workspace.delivered()

    (posted,) = await digests(workspace)
    words = words_of(posted["blocks"])
    assert "Disk ∼full∼~ resolved" in words
    assert "~" not in next(line for line in words.splitlines() if "Lift is stuck" in line)


async def test_a_digest_that_slack_lets_nobody_edit_any_more_stays_as_it_is(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Lift is stuck")
    await ticked(workspace)
    await workspace.faults({"method": "chat.update", "kind": "error:edit_window_closed", "times": 2})

    await workspace.stage.command("ana", "#incidents", "resolve 1 added space")
    await workspace.delivered()

    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_after_the_next_digest_the_former_one_stays_as_it_is(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    await ticked(workspace)
    await workspace.stage.command("ana", "#general", "admin digest now <#C0GENERAL0|general>")
    await workspace.delivered()

    await workspace.stage.command("ana", "#incidents", "resolve 1 added space")
    await workspace.delivered()

    first, second = await digests(workspace)
    assert "~ resolved" not in words_of(first["blocks"])
    assert "~ resolved" in words_of(second["blocks"])


async def test_a_late_digest_says_so(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")

    await ticked(workspace, minutes_after=90)

    (posted,) = await digests(workspace)
    assert "This digest is late" in words_of(posted["blocks"])


async def test_nothing_open_and_nothing_changed_is_no_post_unless_it_is_wanted(workspace: Workspace) -> None:
    await set_up(workspace)
    await ticked(workspace)
    assert await digests(workspace) == []
    assert await workspace.rows("SELECT outcome FROM digest_run") == [("empty",)]

    await workspace.stage.command("ana", "#general", f"{DAILY} empty")
    await workspace.stage.command("ana", "#general", "admin digest now")
    await workspace.delivered()
    (posted,) = await digests(workspace)
    assert posted["text"].startswith("Nothing is open.")


async def test_a_crash_between_the_post_and_its_note_makes_no_second_digest(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    await workspace.faults({"method": "chat.postMessage", "kind": "timeout_after_success", "times": 1, "delay_ms": 100})

    await ticked(workspace)

    assert len(await digests(workspace)) == 1
    assert await workspace.rows("SELECT outcome FROM digest_run") == [("posted",)]


async def test_private_incidents_are_in_no_digest_of_another_channel(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Badge lost", channel="#security")
    await workspace.opened("Disk full")

    await ticked(workspace)

    (posted,) = await digests(workspace)
    assert "Badge lost" not in str(posted)
    assert "1 open" in posted["text"]


async def test_a_channel_that_was_archived_pauses_its_digest_and_whoever_set_it_is_told_once(
    workspace: Workspace,
) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    await workspace.control("channel", {"channel": "#general", "archive": True})

    await ticked(workspace)
    await ticked(workspace, minutes_after=2)

    told = [words for words in await direct_messages(workspace, "ana") if "is paused: I cannot post there" in words]
    assert len(told) == 1
    assert "paused: is_archived" in await answer(workspace, "admin digest", by="ana")


async def test_superusers_list_pause_resume_preview_and_remove_digests(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")

    said = {
        line: await answer(workspace, f"admin digest {line}", by="ana", channel="#general")
        for line in ("list", "preview", "pause", "list ", "resume", "remove", "list  ")
    }

    assert "09:00 UTC mon-sun · next" in said["list"]
    assert said["preview"].startswith("1 open")
    assert "Paused" in said["pause"]
    assert "paused" in said["list "]
    assert "Resumed" in said["resume"]
    assert "brings it back" in said["remove"]
    assert "No channel has a digest" in said["list  "]
    assert await digests(workspace) == []


@pytest.mark.parametrize(
    "line, words",
    [
        ("add <#C0GENERAL0|general> 25:00", "no time of day"),
        ("add <#C0GENERAL0|general> 09:00 Europe/Berln", "Did you mean Europe/Berlin"),
        ("add <#C0RANDOM00|random> 09:00", "not in this channel"),
        ("ad #ops", "after admin digest comes list, add"),
        ("pause <#C0INCIDENT|incidents>", "has no digest"),
    ],
)
async def test_what_cannot_be_set_is_said(workspace: Workspace, line: str, words: str) -> None:
    await superuser(workspace)

    assert words in await answer(workspace, f"admin digest {line}", by="ana", channel="#general")


async def test_others_neither_set_nor_open_the_settings_of_a_digest(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    await ticked(workspace)
    (posted,) = await digests(workspace)

    assert "Only superusers can administer" in await answer(workspace, DAILY, by="ben")
    await workspace.stage.click("ben", "#general", posted, "digest.settings")
    assert await workspace.rows("SELECT count(*) FROM digest_schedule") == [(1,)]
    state = await workspace.stage.state()
    assert not any(stack for user, stack in state["views"].items() if user.startswith("U0BEN"))


async def test_the_settings_are_a_form_whose_errors_stand_on_their_fields(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    await ticked(workspace)
    (posted,) = await digests(workspace)
    await workspace.stage.click("ana", "#general", posted, "digest.settings")
    view = await dialog(workspace, "ana")

    async def submitted(**values: str) -> Json:
        body = {"user": "ana", "view_id": view["id"], "values": {key: {key: value} for key, value in values.items()}}
        return await workspace.control("submit", body)

    assert "Did you mean" in (await submitted(zone="Europe/Lisbn"))["errors"]["zone"]
    assert "names no days" in (await submitted(zone="UTC", days="someday"))["errors"]["days"]
    await submitted(at="17:30", zone="lisbon", days="mon,thu", empty="yes")

    assert "Saved: a digest at 17:30 Europe/Lisbon mon,thu in" in words_of((await dialog(workspace, "ana"))["blocks"])
    stored = "SELECT at::text, time_zone, days, posts_empty FROM digest_schedule"
    assert await workspace.rows(stored) == [("17:30:00", "Europe/Lisbon", [0, 3], True)]


async def test_a_digest_for_oneself_shows_what_one_may_see(workspace: Workspace) -> None:
    await workspace.opened("Badge lost", channel="#security")
    await workspace.opened("Disk full")

    assert "2 open" in await answer(workspace, "digest", by="ben")
    assert "1 open" in await answer(workspace, "digest", by="dmitri")


async def test_ten_thousand_open_incidents_are_one_message(workspace: Workspace) -> None:
    await set_up(workspace)
    await workspace.opened("Disk full")
    await workspace.changed(
        "INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id)"
        " SELECT gen_random_uuid(), workspace_id, number + n, repeat('&', 250), 'high', category, owner_id, channel_id"
        " FROM incident, generate_series(1, 10000) n"
    )

    await ticked(workspace)

    (posted,) = await digests(workspace)
    assert "10001 open" in posted["text"]
    assert "… and 9996 more" in words_of(posted["blocks"])


async def test_the_clock_finds_what_is_due_by_itself(workspace: Workspace) -> None:
    await set_up(workspace)
    async with schedule.running(workspace.bot.houses):
        pass  # starting and stopping leaves nothing behind
    await schedule.tick(workspace.bot.house, db.now())
