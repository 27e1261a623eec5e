"""What people did while the bot was away is found when it is back, at the cost of what changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import app, schedule
from bot.sync import Pace
from domain import catch_up, comparison, db
from sandbox import messages as sandbox_messages
from sandbox import web_api
from sandbox.methods import conversations
from tests.end_to_end.conftest import Json, Workspace, settings_of
from tests.end_to_end.eyes import answer, direct_messages, superuser
from tests.end_to_end.test_looking import said

PLACE = "#incidents"
HISTORY, REPLIES = "conversations.history", "conversations.replies"
ALL = 'SELECT full_name, content, comment.deleted_at IS NOT NULL FROM comment JOIN "user" ON "user".id = author_id'


@asynccontextmanager
async def back(workspace: Workspace) -> AsyncIterator[app.Bot]:
    """The bot, started again, to the end of the block; it caught up when the block begins."""
    async with app.running(settings_of(workspace.sandbox), workspace.engine, pace=Pace(interval_s=0)) as bot:
        await workspace.delivered()
        yield bot


async def away(workspace: Workspace, call: str, **body: Any) -> Json:
    """Something a person does while nobody listens."""
    return await workspace.control(call, {"channel": PLACE, **body})


async def wrote(workspace: Workspace, card: Json, words: str, *, by: str = "ben", **more: Any) -> str:
    return str((await away(workspace, "message", user=by, text=words, thread_ts=card["ts"], **more))["ts"])


async def reads(workspace: Workspace, after: int) -> list[str]:
    """What Slack was asked of what people wrote."""
    return [call for call in await workspace.calls(after=after) if call in (HISTORY, REPLIES)]


async def opened(workspace: Workspace, count: int) -> list[Json]:
    """So many new cards."""
    names = [f"Fault {number:03}" for number in range(count)]
    for name in names:
        await workspace.stage.command("ana", PLACE, f'quick "{name}"')
    await workspace.delivered()
    messages = await workspace.stage.messages(PLACE)
    return [next(m for m in messages if name in m["text"]) for name in names]


async def stopped(workspace: Workspace) -> int:
    """Stop the bot; where the log is then."""
    await workspace.delivered()
    await workspace.stop()
    return await workspace.mark()


def contents(rows: Sequence[tuple[Any, ...]]) -> set[str]:
    return {row[1] for row in rows if not row[2]}


async def test_what_people_did_meanwhile_is_found_once(workspace: Workspace) -> None:
    first, second = await opened(workspace, 2)
    edited = await wrote(workspace, first, "one")
    deleted = await wrote(workspace, first, "two", by="chloe")
    await workspace.stage.quiet()
    await stopped(workspace)

    await away(workspace, "edit", user="ben", ts=edited, text="one, corrected")
    await away(workspace, "delete", user="chloe", ts=deleted)
    late = await wrote(workspace, second, "three")
    await away(workspace, "edit", user="ben", ts=late, text="three, corrected")
    gone = await wrote(workspace, second, "four")
    await away(workspace, "delete", user="ben", ts=gone)
    await wrote(workspace, second, "", files=[{"name": "graph.png", "mimetype": "image/png", "size": 2048}])
    await wrote(workspace, second, "everybody read this", by="chloe", broadcast=True)
    await wrote(workspace, first, "and one more", by="gus")

    async with back(workspace):
        rows = await workspace.rows(ALL)

    assert len(rows) == 6
    assert contents(rows) == {"one, corrected", "three, corrected", "", "everybody read this", "and one more"}
    assert [row for row in rows if row[2]] == [("Chloe Martin", "", True)]
    assert await workspace.rows("SELECT content FROM comment_revision") == [("one",)]
    [(files,)] = await workspace.rows("SELECT files FROM comment WHERE files <> '[]'")
    assert files[0]["name"] == "graph.png"


async def test_where_nothing_changed_one_page_is_read_and_no_thread(workspace: Workspace) -> None:
    first, second = await opened(workspace, 2)
    await wrote(workspace, first, "looking")
    gone = await wrote(workspace, first, "never mind")
    await away(workspace, "delete", user="ben", ts=gone)
    await workspace.stage.command("ben", PLACE, "take 2")
    await workspace.stage.command("ben", PLACE, "comment 2 vendor called")
    await workspace.delivered()
    before = await stopped(workspace)

    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY]

    before = await stopped(workspace)
    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY]
    assert second["ts"] > first["ts"]


async def test_only_threads_that_changed_are_read(workspace: Workspace) -> None:
    cards = await opened(workspace, 60)
    await wrote(workspace, cards[7], "known")
    before = await stopped(workspace)
    for card in cards[::10]:
        await wrote(workspace, card, f"under {card['ts']}")

    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY] + [REPLIES] * 6

    assert contents(await workspace.rows(ALL)) == {"known", *(f"under {card['ts']}" for card in cards[::10])}


AGO = "UPDATE workspace SET reached_at = now() - interval '10 minutes'"
"""As if nobody had listened for so long."""
LONG_QUIET = "1577880000.000100"


async def quiet_thread(workspace: Workspace, card: Json) -> None:
    """Nobody has said anything in this thread for years, and what was said is known."""
    place = workspace.sandbox.workspace.channel_named(PLACE)
    [ts] = [m["ts"] for m in place.messages.values() if m.get("thread_ts") == card["ts"] != m["ts"]]
    place.messages[LONG_QUIET] = {**place.messages.pop(ts), "ts": LONG_QUIET}
    sandbox_messages.recount(place, card["ts"])
    await workspace.changed("UPDATE comment SET ts = :new WHERE ts = :old", new=LONG_QUIET, old=ts)


async def test_an_edit_during_an_absence_is_found_and_a_quiet_thread_costs_nothing(workspace: Workspace) -> None:
    busy, quiet, bare = await opened(workspace, 3)
    edited = await wrote(workspace, busy, "one")
    await wrote(workspace, quiet, "long ago")
    await workspace.stage.quiet()
    await quiet_thread(workspace, quiet)
    before = await stopped(workspace)
    await away(workspace, "edit", user="ben", ts=edited, text="one, corrected")
    await workspace.changed(AGO)

    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY, REPLIES]

    assert contents(await workspace.rows(ALL)) == {"one, corrected", "long ago"}
    before = await workspace.mark()
    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY]
    assert bare["ts"] > quiet["ts"]


async def test_an_absence_that_only_the_clock_noticed_is_made_up_for(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    edited = await wrote(workspace, card, "one")
    await workspace.lost("edit", user="ben", channel=PLACE, ts=edited, text="one, corrected")
    workspace.bot.house.pulse.is_reached = False
    await workspace.changed(AGO)
    await schedule.tick(workspace.bot.house, db.now())
    assert contents(await workspace.rows(ALL)) == {"one"}

    workspace.bot.house.pulse.is_reached = True
    await schedule.tick(workspace.bot.house, db.now())
    await workspace.delivered()

    assert contents(await workspace.rows(ALL)) == {"one, corrected"}


async def test_what_was_found_is_not_looked_for_again(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await stopped(workspace)
    await wrote(workspace, card, "while you were away")
    async with back(workspace):
        pass
    before = await workspace.mark()

    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY]

    assert contents(await workspace.rows(ALL)) == {"while you were away"}


async def test_a_stop_in_the_middle_loses_nothing(workspace: Workspace) -> None:
    cards = await opened(workspace, 5)
    await stopped(workspace)
    for card in cards:
        await wrote(workspace, card, f"under {card['ts']}")
    await workspace.faults({"method": REPLIES, "kind": "ratelimited", "times": 1, "retry_after": 1})
    before = await workspace.mark()
    async with app.running(settings_of(workspace.sandbox), workspace.engine):
        while REPLIES not in await workspace.calls(after=before):  # noqa: ASYNC110 - the log rings no bell
            await asyncio.sleep(0.02)
    await workspace.faults()

    async with back(workspace):
        assert contents(await workspace.rows(ALL)) == {f"under {card['ts']}" for card in cards}


async def test_what_slack_asks_to_wait_for_is_waited_for_and_nothing_else_waits(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await stopped(workspace)
    await wrote(workspace, card, "while you were away")
    await workspace.faults({"method": HISTORY, "kind": "ratelimited", "times": 2, "retry_after": 1})

    async with app.running(settings_of(workspace.sandbox), workspace.engine):
        await workspace.stage.command("ana", PLACE, 'quick "Badge lost"')
        assert await workspace.shown(PLACE, "Badge lost")
        await workspace.delivered()

    assert contents(await workspace.rows(ALL)) == {"while you were away"}


async def test_with_fifteen_messages_and_one_call_a_minute_all_is_found(hurried: Workspace) -> None:
    cards = await opened(hurried, 20)
    for number in range(40):
        await wrote(hurried, cards[0], f"word {number}")
    await stopped(hurried)
    await hurried.control("history", {"few": True})
    await said(hurried, "one more", thread=cards[0]["ts"])
    await said(hurried, "and here", thread=cards[19]["ts"])
    before = await hurried.mark()

    async with back(hurried):
        first = await hurried.answered(HISTORY, REPLIES, after=before)
    await said(hurried, "the last", thread=cards[0]["ts"])
    before = await hurried.mark()
    async with back(hurried):
        again = await hurried.answered(HISTORY, REPLIES, after=before)

    known = {f"word {number}" for number in range(40)}
    assert contents(await hurried.rows(ALL)) == known | {"one more", "and here", "the last"}
    assert (first.count(HISTORY), first.count(REPLIES)) == (2, 4)
    assert (again.count(HISTORY), again.count(REPLIES)) == (2, 1)


async def test_a_comparison_that_takes_long_is_not_begun_anew_by_who_asks_meanwhile(hurried: Workspace) -> None:
    cards = await opened(hurried, 40)
    await stopped(hurried)
    await hurried.control("history", {"few": True})
    await said(hurried, "under the oldest", thread=cards[0]["ts"])
    before = await hurried.mark()

    async with app.running(settings_of(hurried.sandbox), hurried.engine, pace=Pace(interval_s=0)) as bot:
        for _ in range(3):
            while not await hurried.answered(HISTORY, after=before):  # noqa: ASYNC110 - the log rings no bell
                await asyncio.sleep(0.01)
            async with bot.house.begin() as session:
                await catch_up.ask(session, bot.house.workspace_id)
        await hurried.delivered()

    assert contents(await hurried.rows(ALL)) == {"under the oldest"}
    assert await hurried.answered(HISTORY, REPLIES, after=before) == [HISTORY] * 3 + [REPLIES] + [HISTORY] * 3


async def test_a_thread_of_more_than_a_thousand_replies_is_read_to_its_end(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await stopped(workspace)
    tss = [await wrote(workspace, card, f"word {number}") for number in range(1_050)]
    before = await workspace.mark()

    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY, REPLIES, REPLIES]
        assert len(contents(await workspace.rows(ALL))) == 1_050
    await workspace.mark()
    await away(workspace, "delete", user="ben", ts=tss[3])
    async with back(workspace):
        assert len(contents(await workspace.rows(ALL))) == 1_049


async def test_a_card_that_was_deleted_meanwhile_is_posted_anew(workspace: Workspace) -> None:
    bare, threaded = await opened(workspace, 2)
    await wrote(workspace, threaded, "known")
    await stopped(workspace)
    for card in (bare, threaded):
        await away(workspace, "delete", user="ana", ts=card["ts"])
    await wrote_in_lost(workspace, threaded)

    async with back(workspace):
        cards = await workspace.rows("SELECT card_ts FROM incident ORDER BY number")

    shown = {m["ts"] for m in await workspace.stage.messages(PLACE) if not m.get("deleted")}
    assert {ts for (ts,) in cards} <= shown
    assert not {ts for (ts,) in cards} & {bare["ts"], threaded["ts"]}
    assert contents(await workspace.rows(ALL)) == {"known", "in the old thread"}


async def wrote_in_lost(workspace: Workspace, card: Json) -> None:
    await wrote(workspace, card, "in the old thread")


async def test_a_card_that_shows_an_old_state_is_edited(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await workspace.faults({"method": "chat.update", "kind": "error:no_permission", "times": 1})
    await workspace.stage.command("ben", PLACE, "take 1")
    await workspace.delivered()
    assert "unassigned" in (await workspace.shown(PLACE, "Fault 000"))["text"]
    await stopped(workspace)

    async with back(workspace):
        await workspace.delivered()

    assert "assigned to Ben Okafor" in (await workspace.shown(PLACE, "Fault 000"))["text"]
    assert (await workspace.shown(PLACE, "Fault 000"))["ts"] == card["ts"]


async def doubled(workspace: Workspace, message: Json) -> str:
    """What a second process posts that took the same row over."""
    channel = workspace.sandbox.workspace.channel_named(PLACE)
    again = {key: value for key, value in channel.messages[message["ts"]].items() if not key.startswith("reply")}
    again["ts"] = workspace.sandbox.workspace.stamps.next()
    if "thread_ts" in again and again["thread_ts"] == message["ts"]:
        del again["thread_ts"]
    channel.messages[again["ts"]] = again
    if again.get("thread_ts"):
        sandbox_messages.recount(channel, again["thread_ts"])
    return str(again["ts"])


async def test_what_was_posted_twice_stands_once_in_the_end(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await workspace.stage.command("ben", PLACE, "take 1")
    await workspace.delivered()
    [posted] = [m for m in await workspace.stage.messages(PLACE) if m.get("thread_ts") == card["ts"] != m["ts"]]
    await stopped(workspace)
    copies = [await doubled(workspace, card), await doubled(workspace, posted)]

    async with back(workspace):
        pass

    left = {m["ts"] for m in await workspace.stage.messages(PLACE) if not m.get("deleted")}
    assert {card["ts"], posted["ts"]} <= left
    assert not left & set(copies)
    before = await workspace.mark()
    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY]


async def test_a_second_card_that_people_replied_to_stays_and_so_do_their_words(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await stopped(workspace)
    copy = await doubled(workspace, card)
    await wrote(workspace, {"ts": copy}, "under the second")

    async with back(workspace):
        pass

    assert contents(await workspace.rows(ALL)) == {"under the second"}
    assert copy in {m["ts"] for m in await workspace.stage.messages(PLACE) if not m.get("deleted")}


async def test_a_channel_that_was_left_meanwhile_is_left_alone(workspace: Workspace) -> None:
    await opened(workspace, 1)
    await stopped(workspace)
    await workspace.control("member", {"user": "bot", "channel": PLACE, "leave": True, "by": "ana"})

    async with back(workspace) as bot:
        bot.house.pulse.asked_at -= 3 * 3600
        await schedule.tick(bot.house, db.now() + timedelta(hours=3))
        await workspace.delivered()
        before = await workspace.mark()
        await schedule.tick(bot.house, db.now() + timedelta(hours=6))
        await workspace.delivered()
        assert await reads(workspace, before) == []

    assert await workspace.rows("SELECT 1 FROM outbox") == []
    assert await workspace.rows("SELECT is_open FROM channel WHERE name = 'incidents'") == [(False,)]


async def test_an_archived_channel_is_still_read(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await stopped(workspace)
    await wrote(workspace, card, "the last word")
    await workspace.control("channel", {"channel": PLACE, "archive": True, "user": "ana"})

    async with back(workspace):
        pass

    assert contents(await workspace.rows(ALL)) == {"the last word"}
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_a_scope_that_is_missing_is_told_by_the_doctor_and_no_row_is_left(workspace: Workspace) -> None:
    await opened(workspace, 1)
    await stopped(workspace)
    await workspace.faults({"method": HISTORY, "kind": "error:missing_scope", "times": 1})

    async with back(workspace) as bot, bot.house.begin() as session:
        progress = await comparison.progress(session, bot.house.workspace_id)

    assert progress.problems == ["missing_scope"]
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_two_processes_that_start_at_once_find_everything_once(workspace: Workspace) -> None:
    cards = await opened(workspace, 8)
    await stopped(workspace)
    for card in cards:
        for number in range(3):
            await wrote(workspace, card, f"word {number} under {card['ts']}")

    async with back(workspace), back(workspace):
        await workspace.delivered()

    assert len(await workspace.rows(ALL)) == 24
    assert len(contents(await workspace.rows(ALL))) == 24


async def test_whoever_wrote_and_then_left_is_still_heard(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await wrote(workspace, card, "before")
    await stopped(workspace)
    await wrote(workspace, card, "my last words here")
    await workspace.control("user", {"user": "ben", "deactivate": True})

    async with back(workspace):
        pass

    assert contents(await workspace.rows(ALL)) == {"before", "my last words here"}


async def test_whom_the_bot_shut_out_and_apps_are_not_heard_and_are_not_read_again(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await wrote(workspace, card, "before")
    await workspace.control("member", {"user": "deploybot", "channel": PLACE, "join": True})
    await workspace.changed("UPDATE \"user\" SET is_active = false WHERE full_name = 'Ben Okafor'")
    await stopped(workspace)
    await wrote(workspace, card, "let me in")
    await wrote(workspace, card, "deployed 1.4.2", by="deploybot")
    await wrote(workspace, card, "password hunter2", by="chloe")

    async with back(workspace):
        pass
    before = await workspace.mark()
    async with back(workspace):
        assert await reads(workspace, before) == [HISTORY]

    assert contents(await workspace.rows(ALL)) == {"before"}


async def test_one_incident_is_compared_when_a_member_asks(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    quiet = await wrote(workspace, card, "one")
    gone = await wrote(workspace, card, "two")
    await workspace.lost("message", user="chloe", channel=PLACE, text="three", thread_ts=card["ts"])
    await workspace.lost("edit", user="ben", channel=PLACE, ts=quiet, text="one, corrected")
    await workspace.lost("delete", user="ben", channel=PLACE, ts=gone)

    said = await answer(workspace, "sync 1")
    await workspace.delivered()

    assert "the whole thread of INC-1" in said
    assert (await direct_messages(workspace, "ben"))[-1] == "INC-1: 1 reply, 1 edit, 1 deletion found."
    assert contents(await workspace.rows(ALL)) == {"one, corrected", "three"}
    await workspace.stage.command("ben", PLACE, "sync 1")
    await workspace.delivered()
    assert (await direct_messages(workspace, "ben"))[-1] == "INC-1: nothing was missing."


async def test_a_thread_that_cannot_be_read_is_said_to_be_so(workspace: Workspace) -> None:
    await opened(workspace, 1)
    await workspace.faults({"method": REPLIES, "kind": "error:not_in_channel", "times": 1})

    await workspace.stage.command("ben", PLACE, "sync 1")
    await workspace.delivered()

    assert "Slack does not let me read its thread" in (await direct_messages(workspace, "ben"))[-1]


async def test_all_threads_are_compared_when_a_superuser_asks(workspace: Workspace) -> None:
    cards = await opened(workspace, 3)
    for card in cards[:2]:
        await workspace.lost("message", user="chloe", channel=PLACE, text="lost", thread_ts=card["ts"])
    refused = await answer(workspace, "sync")
    await superuser(workspace, "ana")

    said = await answer(workspace, "sync", by="ana")
    await workspace.delivered()

    assert "Say which incident" in refused
    assert "every thread that counts" in said
    assert (await direct_messages(workspace, "ana"))[-1] == "All threads: 2 replies found."


async def test_guests_cannot_ask_for_it(workspace: Workspace) -> None:
    await opened(workspace, 1)

    assert "Only members with an active account" in await answer(workspace, "sync 1", by="gus")


async def test_in_a_thread_its_incident_is_meant(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await workspace.lost("message", user="chloe", channel=PLACE, text="lost", thread_ts=card["ts"])

    bot_user = workspace.sandbox.workspace.bot_user_id
    await workspace.control(
        "message", {"user": "ben", "channel": PLACE, "text": f"<@{bot_user}> sync", "thread_ts": card["ts"]}
    )
    await workspace.delivered()

    assert "INC-1: 1 reply found." in await direct_messages(workspace, "ben")


async def test_every_hour_is_soon_enough_for_what_nobody_noticed(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await workspace.lost("message", user="chloe", channel=PLACE, text="lost", thread_ts=card["ts"])

    workspace.bot.house.pulse.asked_at -= 30 * 60
    await schedule.tick(workspace.bot.house, db.now() + timedelta(minutes=30))
    await workspace.delivered()
    assert contents(await workspace.rows(ALL)) == set()
    workspace.bot.house.pulse.asked_at -= 31 * 60
    await schedule.tick(workspace.bot.house, db.now() + timedelta(minutes=61))
    await workspace.delivered()

    assert contents(await workspace.rows(ALL)) == {"lost"}


async def test_what_slack_hides_is_not_taken_for_deleted(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    [old] = await opened(workspace, 1)
    await wrote(workspace, old, "kept")
    await stopped(workspace)
    seen: Json = {"messages": [], "has_more": False, "is_limited": True}
    hidden = replace(conversations.METHODS[HISTORY], run=lambda *_: seen)
    monkeypatch.setitem(web_api.METHODS, HISTORY, hidden)

    async with back(workspace):
        pass

    assert await workspace.rows("SELECT card_ts FROM incident") == [(old["ts"],)]
    assert contents(await workspace.rows(ALL)) == {"kept"}


async def test_a_thread_that_slack_does_not_find_is_read_the_next_time(workspace: Workspace) -> None:
    [card] = await opened(workspace, 1)
    await stopped(workspace)
    await wrote(workspace, card, "while you were away")
    await workspace.faults(
        {"method": REPLIES, "kind": "http_500", "times": 1},
        {"method": REPLIES, "kind": "error:thread_not_found", "times": 1},
    )

    async with back(workspace):
        assert contents(await workspace.rows(ALL)) == set()
    await workspace.mark()
    async with back(workspace):
        assert contents(await workspace.rows(ALL)) == {"while you were away"}
