"""The same lines after @Incident Tracker, in threads and in direct messages."""

from tests.end_to_end.conftest import Json, Workspace


async def direct(workspace: Workspace) -> list[str]:
    await workspace.delivered()
    channels: list[Json] = (await workspace.stage.state())["channels"]
    return [m["text"] for c in channels if c["id"] == "D0BEN00000" for m in c["messages"] if m.get("bot_id")]


async def test_in_a_thread_its_incident_is_meant_and_the_line_is_the_answer(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker resolve added space")
    await workspace.delivered()

    assert await workspace.rows("SELECT status, resolution FROM incident") == [("resolved", "added space")]
    assert (await workspace.stage.state())["ephemerals"].get("U0BEN00000", []) == []


async def test_an_error_is_told_to_the_person_in_the_thread(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker reopen")
    await workspace.stage.quiet()

    (told,) = (await workspace.stage.state())["ephemerals"]["U0BEN00000"]
    assert "Nothing to do: INC-1 was opened by Ana Almeida" in told["text"]


async def test_a_form_is_offered_as_a_button_where_none_can_open(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker resolve")
    await workspace.delivered()
    (offer,) = (await workspace.stage.state())["ephemerals"]["U0BEN00000"]
    await workspace.stage.click("ben", "#incidents", offer, "line.run")

    assert (await workspace.stage.state())["views"]["U0BEN00000"][-1]["title"]["text"] == "Resolve INC-1"


async def test_a_question_in_a_channel_is_answered_for_that_person_only(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    await workspace.stage.do("message", user="ben", channel="#incidents", text="@Incident Tracker list")
    await workspace.delivered()

    (told,) = (await workspace.stage.state())["ephemerals"]["U0BEN00000"]
    assert told["text"] == "Incidents: INC-1 Disk full"


async def test_an_answer_of_which_slack_says_nothing_is_not_shown_for_ever(workspace: Workspace) -> None:
    await workspace.faults({"method": "chat.postEphemeral", "kind": "timeout_after_success", "delay_ms": 20})

    await workspace.stage.do("message", user="ben", channel="#incidents", text="@Incident Tracker list")
    await workspace.delivered()

    assert (await workspace.calls()).count("chat.postEphemeral") == 3


async def test_whoever_left_the_channel_meanwhile_gets_no_answer_and_nobody_is_bothered(workspace: Workspace) -> None:
    await workspace.faults({"method": "chat.postEphemeral", "kind": "error:user_not_in_channel", "times": 1})

    await workspace.stage.do("message", user="ben", channel="#incidents", text="@Incident Tracker list")
    await workspace.delivered()

    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_a_direct_message_is_a_line(workspace: Workspace) -> None:
    await workspace.stage.do("message", user="ben", channel="dm", text="quick Disk full p2")
    await workspace.stage.do("message", user="ben", channel="dm", text="@Incident Tracker take 1")
    await workspace.stage.do("message", user="ben", channel="dm", text="show 7")
    await workspace.stage.do("message", user="ben", channel="dm", text="reopen 1")

    told = await direct(workspace)
    assert any(words.startswith("INC-1 Disk full: in progress, high priority") for words in told)
    assert any("There is no INC-7" in words for words in told)
    assert any("Nothing to do: INC-1" in words for words in told)


async def test_the_same_mention_three_times_does_it_once(workspace: Workspace) -> None:
    await workspace.stage.do("message", user="ben", channel="#incidents", text="@Incident Tracker quick Disk full")
    await workspace.stage.quiet()
    (event,) = await workspace.events("app_mention")

    await workspace.control("deliver", {"event_id": event, "times": 2})
    await workspace.delivered()

    assert await workspace.rows("SELECT count(*) FROM incident") == [(1,)]
    assert len((await workspace.stage.state())["ephemerals"]["U0BEN00000"]) == 1


async def test_a_comment_by_mention_in_the_thread_is_the_reply_itself(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker comment vendor called back")
    await workspace.delivered()

    assert [content for _, content in await workspace.comments()] == ["@Incident Tracker comment vendor called back"]
