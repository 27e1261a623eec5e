"""Nudges: whoever holds an incident is asked first, then its thread, then superusers; a click answers."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import schedule
from domain import db
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, superuser, thread, words_of

RULE = "admin nudge critical unassigned 15m silent 1h"


async def quiet_for(workspace: Workspace, **long: float) -> None:
    """Everything that happened so far happened so long ago; then the clock strikes."""
    span = timedelta(**long)
    async with workspace.engine.begin() as connection:
        await connection.execute(
            text("UPDATE incident SET created_at = created_at - :s, updated_at = updated_at - :s"), {"s": span}
        )
        await connection.execute(text("UPDATE timeline_entry SET at = at - :s"), {"s": span})
        await connection.execute(text("UPDATE comment SET created_at = created_at - :s"), {"s": span})
        await connection.execute(
            text("UPDATE nudge SET since = since - :s, at = at - :s, answered_at = answered_at - :s"), {"s": span}
        )
    await schedule.tick(workspace.bot.house, db.now())
    await workspace.delivered()


async def held(workspace: Workspace) -> Json:
    """A critical incident that Ben took."""
    await superuser(workspace)
    await answer(workspace, RULE, by="ana")
    card = await workspace.opened("Lift is stuck")
    await answer(workspace, "priority 1 critical", by="ben")
    await answer(workspace, "take 1", by="ben")
    await workspace.delivered()
    return card


async def reminder(workspace: Workspace, person: str) -> Json:
    """The newest direct message to somebody, with its blocks."""
    wanted = f"D0{person.upper()}".ljust(10, "0")
    channels = (await workspace.stage.state())["channels"]
    messages: list[Json] = next(channel["messages"] for channel in channels if channel["id"] == wanted)
    return messages[-1]


async def press(workspace: Workspace, person: str, message: Json, action_id: str, **chosen: str) -> Json:
    """A click in a direct message."""
    body = {"user": person, "channel": "dm", "message_ts": message["ts"], "action_id": action_id, **chosen}
    return await workspace.control("action", body)


async def test_the_ladder_from_the_assignee_to_the_superusers(workspace: Workspace) -> None:
    card = await held(workspace)

    await quiet_for(workspace, minutes=61)
    assert (await reminder(workspace, "ben"))["text"].endswith("you hold it, and nobody said a word for 1 h 1 min.")
    before = len(await thread(workspace, card))
    await quiet_for(workspace, minutes=61)
    (line,) = (await thread(workspace, card))[before:]
    assert "|INC-1> Lift is stuck (critical, in progress): Ben Okafor holds it, and nobody said a word" in line
    await quiet_for(workspace, minutes=61)
    assert "There are no more until somebody says a word." in (await reminder(workspace, "ana"))["text"]
    assert "Ben Okafor holds it" in (await reminder(workspace, "ana"))["text"]
    seen = (len(await direct_messages(workspace, "ben")), len(await direct_messages(workspace, "ana")))
    await quiet_for(workspace, hours=90)
    assert (len(await direct_messages(workspace, "ben")), len(await direct_messages(workspace, "ana"))) == seen


async def test_a_reminder_waits_for_a_card_that_nobody_knew_to_be_deleted(workspace: Workspace) -> None:
    card = await held(workspace)
    await quiet_for(workspace, minutes=61)
    await workspace.faults({"method": "chat.postMessage", "kind": "error:thread_not_found", "times": 1})

    await quiet_for(workspace, minutes=61)

    [(again,)] = await workspace.rows("SELECT card_ts FROM incident")
    (line,) = await thread(workspace, {"ts": again})
    assert again != card["ts"]
    assert "Ben Okafor holds it, and nobody said a word" in line
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_still_on_it_takes_the_place_of_the_buttons_and_begins_anew(workspace: Workspace) -> None:
    await held(workspace)
    await quiet_for(workspace, minutes=61)
    asked = await reminder(workspace, "ben")
    assert words_of(asked["blocks"]).count("Still on it") == 1

    await press(workspace, "ben", asked, "nudge.confirm")
    await workspace.delivered()

    assert (await reminder(workspace, "ben"))["text"].endswith("Ben Okafor is still on it.")
    assert "Still on it" not in words_of((await reminder(workspace, "ben"))["blocks"])
    count = len(await direct_messages(workspace, "ben"))
    await quiet_for(workspace, minutes=59)
    assert len(await direct_messages(workspace, "ben")) == count
    await quiet_for(workspace, minutes=2)
    assert len(await direct_messages(workspace, "ben")) == count + 1


async def test_snoozing_says_until_when(workspace: Workspace) -> None:
    await held(workspace)
    await quiet_for(workspace, minutes=61)
    asked = await reminder(workspace, "ben")
    menu = next(e for block in asked["blocks"] for e in block.get("elements", []) if e["type"] == "static_select")

    await press(workspace, "ben", asked, "nudge.snooze", selected=menu["options"][1]["value"])
    await workspace.delivered()

    assert "Ben Okafor snoozed it until" in (await reminder(workspace, "ben"))["text"]
    refused = await press(workspace, "ben", asked, "nudge.snooze", selected="x:9y", force="yes")
    assert refused["ack"]["status"] == "acked"
    assert "choose one of the times" in (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]["text"]


async def test_giving_it_back_makes_it_nobodys_and_says_so_in_the_thread(workspace: Workspace) -> None:
    card = await held(workspace)
    await quiet_for(workspace, minutes=61)

    await press(workspace, "ben", await reminder(workspace, "ben"), "nudge.give_back")
    await workspace.delivered()

    assert "gave it back" in (await reminder(workspace, "ben"))["text"]
    assert "it is nobody's now" in (await thread(workspace, card))[-1]
    await quiet_for(workspace, minutes=16)
    assert "nobody works on it, since 16 min" in (await thread(workspace, card))[-1]


async def test_an_old_button_of_what_is_resolved_says_what_happened(workspace: Workspace) -> None:
    await held(workspace)
    await quiet_for(workspace, minutes=61)
    asked = await reminder(workspace, "ben")
    await answer(workspace, "resolve 1 moved it by hand", by="ana")

    await press(workspace, "ben", asked, "nudge.confirm")
    await workspace.delivered()

    told = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]["text"]
    assert told.startswith("Not noted: INC-1 was resolved by Ana Almeida")


async def test_nobody_is_reminded_of_what_was_answered_while_slack_was_slow(workspace: Workspace) -> None:
    await held(workspace)
    before = await direct_messages(workspace, "ben")
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await workspace.changed("UPDATE incident SET updated_at = updated_at - interval '61 minutes'")
    await schedule.tick(workspace.bot.house, db.now())
    await answer(workspace, "comment 1 still looking", by="ben")
    await workspace.delivered()

    assert await direct_messages(workspace, "ben") == before


@pytest.mark.parametrize(
    "line, said",
    [
        ("admin nudge", "Nobody is nudged"),
        (RULE, "critical: nobody's for 15 min, or without a word for 1 h"),
        ("admin nudge p2 silent:2d", "high: without a word for 2 d"),
        ("admin nudge p2 silent 5m", "after 10m at least and 30d at most"),
        ("admin nudge p2", "say after how long"),
        ("admin nudge p2 silent", "after the priority comes unassigned, silent or both"),
        ("admin nudge p2 silent soon", "“silent:soon” is no age"),
        ("admin nudge p2 lonely 1h", "after the priority comes unassigned, silent or both"),
        ("admin nudge everything 1h", "say a priority first, p1 to p4"),
        ("admin nudge p1 off", "Nobody is nudged"),
        ("admin nudge off", "Nobody is nudged"),
    ],
)
async def test_what_a_superuser_types_about_nudges(workspace: Workspace, line: str, said: str) -> None:
    await superuser(workspace)

    assert said in await answer(workspace, line, by="ana")


async def test_setting_and_stopping_nudges_is_in_the_audit_and_not_for_members(workspace: Workspace) -> None:
    await superuser(workspace)
    await answer(workspace, RULE, by="ana")
    await answer(workspace, "admin nudge off", by="ana")

    shown = await answer(workspace, "admin audit", by="ana")
    assert "set nudges of critical incidents: unassigned for 15 min, silent for 60 min" in shown
    assert "stopped nudges of critical incidents" in shown
    assert "Only superusers can" in await answer(workspace, RULE, by="ben")
