"""What was decided reaches Slack: later if Slack wants so, elsewhere if it must, never twice, never not at all."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import app
from bot.sync import Pace
from domain import outbox
from tests.end_to_end.conftest import Json, Workspace, settings_of, working

POST = "chat.postMessage"


async def quick(workspace: Workspace, title: str, channel: str = "#incidents", *, by: str = "ana") -> None:
    await workspace.stage.command(by, channel, f'quick "{title}"')


async def cards(workspace: Workspace, title: str) -> list[tuple[str, str]]:
    """Channel and ts of each message that heads this incident's thread."""
    return [
        (channel.get("name", "a direct message"), message["ts"])
        for channel in (await workspace.stage.state())["channels"]
        for message in channel["messages"]
        if title in message["text"] and message.get("bot_id") and message.get("thread_ts") in (None, message["ts"])
    ]


async def told(workspace: Workspace, user: str) -> str:
    """The last direct message of the bot to this person."""
    for channel in (await workspace.stage.state())["channels"]:
        if channel.get("is_im") and channel.get("user") == user:
            return str(channel["messages"][-1]["text"])
    return ""


async def posts(workspace: Workspace, after: int) -> list[Json]:
    return [e for e in await workspace.log(after) if e["kind"] == "api" and e["method"] == POST]


async def test_after_too_many_calls_the_whole_method_rests_as_long_as_slack_says(workspace: Workspace) -> None:
    before = await workspace.mark()
    await workspace.faults({"method": POST, "kind": "ratelimited", "times": 1, "retry_after": 1})

    await quick(workspace, "Disk full")
    await workspace.stage.quiet()
    await quick(workspace, "Badge lost", "#checkout")
    await workspace.delivered()

    first, *others = await posts(workspace, before)
    assert first["http"] == 429
    assert [e["http"] for e in others] == [200, 200]
    assert min(e["at"] for e in others) - first["at"] >= 1000
    assert len(await cards(workspace, "Disk full")) == len(await cards(workspace, "Badge lost")) == 1


async def test_a_post_that_slack_took_without_an_answer_is_found_again(workspace: Workspace) -> None:
    before = await workspace.mark()
    await workspace.faults({"method": POST, "kind": "timeout_after_success", "times": 1, "delay_ms": 50})

    await quick(workspace, "Disk full")
    await workspace.delivered()

    [(_, ts)] = await cards(workspace, "Disk full")
    assert await workspace.rows("SELECT card_ts FROM incident") == [(ts,)]
    assert await workspace.calls(after=before) == [POST, "conversations.history"]


async def test_a_line_that_slack_took_without_an_answer_is_found_again(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.faults({"method": POST, "kind": "timeout_after_success", "times": 1, "delay_ms": 50})

    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.delivered()

    replies = [m for m in await workspace.stage.messages("#incidents") if m.get("thread_ts") == card["ts"] != m["ts"]]
    assert len(replies) == 1


@pytest.mark.parametrize(
    "kind", ["http_500", "http_403", "connection_reset", "error:internal_error", "error:service_unavailable"]
)
async def test_what_slack_could_not_take_is_posted_a_little_later(workspace: Workspace, kind: str) -> None:
    await workspace.faults({"method": POST, "kind": kind, "times": 1})

    await quick(workspace, "Disk full")
    await workspace.delivered()

    assert len(await cards(workspace, "Disk full")) == 1
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_a_call_that_hangs_holds_nobody_else(workspace: Workspace) -> None:
    await workspace.faults({"method": POST, "kind": "timeout", "times": 1, "delay_ms": 3000})
    await quick(workspace, "Disk full")

    await quick(workspace, "Badge lost", "#checkout")

    assert await workspace.shown("#checkout", "Badge lost")
    assert await cards(workspace, "Disk full") == []
    await workspace.delivered()
    assert len(await cards(workspace, "Disk full")) == 1


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "not_in_channel"])
async def test_where_a_public_channel_is_closed_the_card_goes_to_the_incident_channel(
    workspace: Workspace, code: str
) -> None:
    await workspace.faults({"method": POST, "kind": f"error:{code}", "times": 1})

    await quick(workspace, "Disk full", "#checkout")
    await workspace.delivered()

    assert [channel for channel, _ in await cards(workspace, "Disk full")] == ["incidents"]
    assert await workspace.rows("SELECT channel_id FROM incident") == [("C0INCIDENT",)]


async def test_where_a_private_channel_is_closed_its_owner_is_told_and_the_card_follows(workspace: Workspace) -> None:
    await workspace.faults({"method": POST, "kind": "error:not_in_channel", "times": 1})
    await quick(workspace, "Former contractor", "#security")
    await workspace.delivered()
    assert "Former contractor is saved" in await told(workspace, "U0ANA00000")
    assert "security" not in [channel for channel, _ in await cards(workspace, "Former contractor")]

    await workspace.stage.do("member", user="bot", channel="#security", leave=True)
    await workspace.stage.do("member", user="bot", channel="#security", join=True, by="ana")
    await workspace.delivered()

    assert "security" in [channel for channel, _ in await cards(workspace, "Former contractor")]


async def test_a_row_that_nobody_can_send_holds_no_other(workspace: Workspace) -> None:
    await workspace.changed(
        "INSERT INTO outbox (workspace_id, topic, lane, payload)"
        " SELECT 'T0HARBOUR0', topic, 'poison ' || topic, '{}'"
        " FROM unnest(ARRAY['channel.met', 'mention.received', 'change.noted']) topic"
    )

    await quick(workspace, "Disk full")

    assert await workspace.shown("#incidents", "Disk full")
    waiting = await workspace.rows("SELECT last_error FROM outbox WHERE lane LIKE 'poison%' ORDER BY topic")
    assert [error for (error,) in waiting if error] == ["KeyError"] * 3


async def test_a_fault_of_ours_is_tried_a_few_times_whatever_happened_before(workspace: Workspace) -> None:
    await workspace.changed(
        "INSERT INTO outbox (workspace_id, topic, lane, payload, attempts)"
        " VALUES ('T0HARBOUR0', 'change.noted', 'poison', '{}', 2000)"
    )

    await workspace.stage.quiet()

    assert await workspace.rows("SELECT gave_up_at, last_error FROM outbox") == [(None, "KeyError")]


async def test_what_slack_refuses_for_good_is_given_up_and_its_thread_goes_on(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.faults({"method": POST, "kind": "error:no_permission", "times": 1})

    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.stage.command("ben", "#incidents", "resolve 1 freed space")
    await workspace.delivered()

    assert await workspace.rows("SELECT topic, last_error FROM outbox") == [("change.noted", "no_permission")]
    assert await workspace.shown("#incidents", "freed space")


@pytest.mark.parametrize("method", [POST, "chat.update"])
async def test_blocks_that_slack_does_not_take_are_said_plainly(workspace: Workspace, method: str) -> None:
    card = await workspace.opened("Disk full")
    await workspace.faults({"method": method, "kind": "error:invalid_blocks", "times": 1})

    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.delivered()

    assert await workspace.rows("SELECT 1 FROM outbox") == []
    told = [m for m in await workspace.stage.messages("#incidents") if "took" in m["text"] or m["ts"] == card["ts"]]
    assert ["Ben Okafor" in m["text"] and not m.get("blocks") for m in told].count(True) == 1


async def test_a_thread_tells_things_in_the_order_in_which_they_happened(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.faults({"method": POST, "kind": "ratelimited", "times": 1, "retry_after": 1})

    for line in ("take 1", "comment 1 first", "revert 1", "comment 1 second", "resolve 1 done"):
        await workspace.stage.command("ben", "#incidents", line)
    await workspace.delivered()

    replies = [m["text"] for m in await workspace.stage.messages("#incidents") if m.get("thread_ts") == card["ts"]]
    told = [text for text in replies if "Disk full" not in text]
    assert [word in text for word, text in zip(("took", "first", "open", "second", "done"), told, strict=True)] == (
        [True] * 5
    )


async def test_a_bot_that_is_started_again_sends_what_was_left(database_url: str) -> None:
    async with working(database_url) as stopped:
        await stopped.opened("Disk full")
        await stopped.faults({"method": "chat.update", "kind": "ratelimited", "times": 1, "retry_after": 1})
        await stopped.stage.command("ben", "#incidents", "take 1")
        await stopped.stage.command("ben", "#incidents", "resolve 1 freed space")
        await stopped.stop()
        assert len(await stopped.rows("SELECT 1 FROM outbox")) > 1

        async with app.running(settings_of(stopped.sandbox), stopped.engine):
            await stopped.delivered()

        assert "resolved" in (await stopped.shown("#incidents", "Disk full"))["text"]
        assert await stopped.shown("#incidents", "freed space")


async def test_a_card_that_is_gone_when_it_should_change_is_posted_anew(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.faults({"method": "chat.update", "kind": "error:message_not_found", "times": 1})

    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.delivered()

    [(_, old), (_, new)] = await cards(workspace, "Disk full")
    assert old == card["ts"]
    assert await workspace.rows("SELECT card_ts FROM incident") == [(new,)]
    assert [m.get("thread_ts") for m in await workspace.stage.messages("#incidents") if "took" in m["text"]] == [new]


async def test_what_waited_for_a_thread_whose_card_was_deleted_goes_to_the_new_one(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.faults({"method": "chat.update", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await workspace.stage.command("ben", "#incidents", "take 1")
    await workspace.stage.command("ben", "#incidents", "comment 1 looking")

    await workspace.stage.do("delete", user="ana", channel="#incidents", ts=card["ts"])
    await workspace.delivered()

    [(_, new)] = await cards(workspace, "Disk full")
    shown = [(m["thread_ts"], m["text"]) for m in await workspace.stage.messages("#incidents") if "thread_ts" in m]
    assert [ts for ts, _ in shown] == [new] * 3
    assert "took" in shown[1][1]
    assert "looking" in shown[2][1]
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_several_changes_of_one_card_are_one_update(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    before = await workspace.mark()
    await workspace.faults({"method": "chat.update", "kind": "ratelimited", "times": 1, "retry_after": 1})

    for who, line in (("ben", "take 1"), ("ana", "revert 1"), ("ben", "take 1"), ("ana", "resolve 1 done")):
        await workspace.stage.command(who, "#incidents", line)
    await workspace.delivered()

    assert (await workspace.calls(after=before)).count("chat.update") == 2
    assert "resolved" in (await workspace.shown("#incidents", "Disk full"))["text"]


async def test_a_refused_installation_pauses_everything_and_loses_nothing(workspace: Workspace) -> None:
    before = await workspace.mark()
    await workspace.faults({"method": POST, "kind": "error:invalid_auth", "times": 1})

    await quick(workspace, "Disk full")
    await workspace.stage.quiet()
    await quick(workspace, "Badge lost", "#checkout")
    await workspace.stage.quiet()

    assert len(await posts(workspace, before)) == 1
    kept = "SELECT last_error FROM outbox WHERE gave_up_at IS NULL ORDER BY id"
    assert await workspace.rows(kept) == [("invalid_auth",), (None,)]


async def test_a_burst_to_one_channel_is_spread_out_while_others_go_on(database_url: str) -> None:
    async with working(database_url, pace=Pace(burst=2, interval_s=0.3)) as workspace:
        before = await workspace.mark()
        lines = [quick(workspace, f"Burst {number}") for number in range(5)]
        await asyncio.gather(*lines, quick(workspace, "Badge lost", "#checkout"))
        await workspace.delivered()

        sent = [(e["args"]["channel"], e["at"]) for e in await posts(workspace, before)]
        times = [at for channel, at in sent if channel == "C0INCIDENT"]
        [elsewhere] = [at for channel, at in sent if channel == "C0CHECKOUT"]
        assert len(times) == 5
        assert times[4] - times[0] >= 3 * 300 - 50
        assert elsewhere < times[4]
        assert await workspace.calls(after=before) == [POST] * 6


async def test_what_slack_took_unanswered_stays_one_line_although_its_card_is_posted_anew(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    for line, said in (("take 1", "Ben Okafor took it"), ("comment 1 the vendor knows", "the vendor knows")):
        await workspace.faults({"method": POST, "kind": "timeout_after_success", "times": 1, "delay_ms": 50})
        await workspace.stage.command("ben", "#incidents", line)
        await workspace.shown("#incidents", said)
        await workspace.stage.do("delete", user="ana", channel="#incidents", ts=card["ts"])
        await workspace.delivered()

        shown = [message for message in await workspace.stage.messages("#incidents") if said in message["text"]]
        card = await workspace.stage.card("#incidents", "Disk full")
        assert len(shown) == 1

    assert await workspace.rows("SELECT count(DISTINCT line_ts) FROM timeline_entry") == [(1,)]
    assert await workspace.rows("SELECT ts IS NOT NULL FROM comment") == [(True,)]


@pytest.mark.parametrize("kind", ["", "http_500"])
async def test_a_comment_waits_for_its_card_that_nobody_knew_to_be_deleted(workspace: Workspace, kind: str) -> None:
    card = await workspace.opened("Disk full")
    await workspace.lost("delete", user="ana", channel="#incidents", ts=card["ts"])
    await workspace.faults(*([{"method": POST, "kind": kind, "times": 1}] if kind else []))

    await workspace.stage.command("ben", "#incidents", "comment 1 the vendor knows")
    await workspace.delivered()

    again = await workspace.stage.card("#incidents", "Disk full")
    shown = [m for m in await workspace.stage.messages("#incidents") if "the vendor knows" in m["text"]]
    assert [message["thread_ts"] for message in shown] == [again["ts"]]
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_a_card_that_slack_refused_once_comes_with_the_next_change(workspace: Workspace) -> None:
    await workspace.faults({"method": POST, "kind": "error:missing_scope", "times": 1})
    await quick(workspace, "Disk full")
    await workspace.delivered()
    assert await cards(workspace, "Disk full") == []

    await workspace.stage.command("ben", "#incidents", "take 1")
    await workspace.delivered()

    [(_, ts)] = await cards(workspace, "Disk full")
    assert await workspace.rows("SELECT card_ts FROM incident") == [(ts,)]
    assert [m["thread_ts"] for m in await workspace.stage.messages("#incidents") if "took" in m["text"]] == [ts]


async def test_an_incident_that_was_deleted_before_its_card_was_known_is_deleted_in_slack_too(
    workspace: Workspace,
) -> None:
    unheard = {"method": POST, "kind": "timeout_after_success", "times": 1, "delay_ms": 50}
    await workspace.faults(unheard, {"method": "conversations.history", "kind": "http_500", "times": 1})
    await quick(workspace, "Disk full")

    await workspace.stage.command("ana", "#incidents", "delete 1")
    await workspace.stage.submit("ana")
    await workspace.delivered()

    [message] = [m for m in await workspace.stage.messages("#incidents") if m.get("bot_id")]
    assert "deleted" in message["text"]


async def test_the_owner_is_told_once_that_a_channel_takes_nothing_any_more(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    closed = [{"method": method, "kind": "error:is_archived", "times": 2} for method in ("chat.update", POST)]

    for line in ("take 1", "resolve 1 freed space"):
        await workspace.faults(closed[0], {**closed[1], "times": 1})
        await workspace.stage.command("ben", "#incidents", line)
        await workspace.delivered()

    [(channel, messages)] = [
        (channel["user"], [m["text"] for m in channel["messages"] if "I cannot write in" in m["text"]])
        for channel in (await workspace.stage.state())["channels"]
        if channel.get("is_im") and any("I cannot write in" in m["text"] for m in channel["messages"])
    ]
    assert channel == "U0ANA00000"
    assert len(messages) == 1
    assert "INC-1 Disk full" in messages[0]


TAKEN = text(
    "UPDATE outbox SET attempts = attempts + 1, leased_until = now() + interval '1 minute'"
    " WHERE leased_by IS NOT NULL RETURNING id"
)
LET_GO = "UPDATE outbox SET leased_until = now()"


async def taken_over(workspace: Workspace) -> None:
    """As soon as somebody has it: as if another lease had begun meanwhile."""
    is_taken = False
    async with asyncio.timeout(10):
        while not is_taken:
            async with workspace.engine.begin() as connection:
                is_taken = bool((await connection.execute(TAKEN)).all())


async def test_of_two_processes_that_post_the_same_card_one_has_its_card_remembered(workspace: Workspace) -> None:
    await workspace.faults({"method": POST, "kind": "slow", "times": 1, "delay_ms": 700})
    await quick(workspace, "Disk full")
    await taken_over(workspace)

    await workspace.shown("#incidents", "Disk full")
    await asyncio.sleep(0.2)
    assert await workspace.rows("SELECT card_ts FROM incident") == [(None,)]

    await workspace.changed(LET_GO)
    await workspace.delivered()
    [(_, ts)] = await cards(workspace, "Disk full")
    assert await workspace.rows("SELECT card_ts FROM incident") == [(ts,)]


async def test_what_another_process_took_over_is_not_asked_for_a_second_time(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await workspace.lost("delete", user="ana", channel="#incidents", ts=card["ts"])
    await workspace.faults({"method": POST, "kind": "slow", "times": 1, "delay_ms": 700})
    await workspace.stage.command("ben", "#incidents", "comment 1 the vendor knows")
    await taken_over(workspace)

    async with asyncio.timeout(5):
        while not await workspace.rows("SELECT 1 FROM outbox WHERE topic = 'incident.opened'"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    assert await workspace.rows("SELECT 1 FROM outbox WHERE topic = 'comment.made'") == [(1,)]
    await workspace.changed(LET_GO)
    await workspace.delivered()
    assert len([m for m in await workspace.stage.messages("#incidents") if "the vendor knows" in m["text"]]) == 1


async def test_what_may_be_answered_after_the_lease_is_not_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outbox.LONGEST_CALL.total_seconds() > app.SLACK_ANSWERS_WITHIN_S
    await workspace.opened("Disk full")
    before = await workspace.mark()

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "LONGEST_CALL", timedelta(minutes=1))
        await workspace.stage.command("ben", "#incidents", "take 1")
        async with asyncio.timeout(5):
            while ("lease lost",) not in await workspace.rows("SELECT last_error FROM outbox"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await workspace.calls(after=before) == []

    await workspace.delivered()
    assert (await workspace.calls(after=before))[0] == "chat.update"
