"""The thread and the record stay the same, whatever Slack tells twice, late or in another order."""

import pytest

from tests.end_to_end.conftest import Json, Workspace

PLACE = "#incidents"
REVISIONS = "SELECT content FROM comment_revision ORDER BY replaced_at"
TOMBSTONES = "SELECT content, deleted_at IS NOT NULL FROM comment"


async def replied(workspace: Workspace, card: Json, words: str, *, by: str = "ben", **more: object) -> str:
    said = await workspace.stage.do("message", user=by, channel=PLACE, text=words, thread_ts=card["ts"], **more)
    return str(said["ts"])


async def test_every_reply_is_one_comment_and_costs_no_call(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    before = await workspace.mark()

    await replied(workspace, card, "looking")
    await replied(workspace, card, "found it", by="chloe")

    assert await workspace.comments() == [("Ben Okafor", "looking"), ("Chloe Martin", "found it")]
    assert await workspace.calls(after=before) == []


async def test_the_same_event_three_times_is_one_comment(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    before = await workspace.mark()
    await replied(workspace, card, "looking")
    [event_id] = await workspace.events(after=before)

    await workspace.stage.do("deliver", event_id=event_id, times=3)

    assert await workspace.comments() == [("Ben Okafor", "looking")]


async def test_an_edit_keeps_what_was_said_before(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    ts = await replied(workspace, card, "rolled back")

    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=ts, text="rolled back to 1.4.1")

    assert await workspace.comments() == [("Ben Okafor", "rolled back to 1.4.1")]
    assert await workspace.rows(REVISIONS) == [("rolled back",)]


async def test_two_edits_in_the_same_second_both_count(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    ts = await replied(workspace, card, "one")

    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=ts, text="two")
    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=ts, text="three")

    assert await workspace.comments() == [("Ben Okafor", "three")]
    assert await workspace.rows(REVISIONS) == [("one",), ("two",)]


async def test_an_edit_told_again_after_a_newer_one_changes_nothing(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    ts = await replied(workspace, card, "one")
    before = await workspace.mark()
    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=ts, text="two")
    [older] = await workspace.events(after=before)
    workspace.sandbox.workspace.stamps.next()
    later = int(float(ts)) + 3600
    newest = dict(workspace.sandbox.dispatcher.events[older]["event"])
    newest["message"] = {
        **newest["message"],
        "text": "three",
        "edited": {"user": "U0BEN00000", "ts": f"{later}.000000"},
    }
    await workspace.sandbox.dispatcher.event(newest).first

    await workspace.stage.do("deliver", event_id=older, times=1)

    assert await workspace.comments() == [("Ben Okafor", "three")]
    assert await workspace.rows(REVISIONS) == [("one",), ("two",)]


async def test_a_link_preview_is_no_edit(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    ts = await replied(workspace, card, "see https://example.com/graph")
    told = await workspace.comments()

    await workspace.stage.do("unfurl", user="ben", channel=PLACE, ts=ts, url="https://example.com/graph")

    assert await workspace.comments() == told
    assert await workspace.rows(REVISIONS) == []


async def test_a_deleted_reply_leaves_a_tombstone_without_its_words(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    ts = await replied(workspace, card, "my password is hunter2")
    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=ts, text="nothing")

    await workspace.stage.do("delete", user="ben", channel=PLACE, ts=ts)

    assert await workspace.rows(TOMBSTONES) == [("", True)]
    assert await workspace.rows(REVISIONS) == []


async def test_a_reply_also_sent_to_the_channel_is_one_comment(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await replied(workspace, card, "everybody read this", broadcast=True)

    assert await workspace.comments() == [("Ben Okafor", "everybody read this")]


async def test_a_file_is_a_comment_with_its_name_type_size_and_link(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await replied(workspace, card, "", files=[{"name": "graph.png", "mimetype": "image/png", "size": 2048}])

    [(file,)] = [(files[0],) for (files,) in await workspace.rows("SELECT files FROM comment")]
    assert (file["name"], file["type"], file["size"]) == ("graph.png", "image/png", "2048")
    assert file["link"].startswith("http")


async def test_an_edit_told_before_its_message_wins(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    before = await workspace.mark()
    said = await workspace.lost("message", user="ben", channel=PLACE, text="one", thread_ts=card["ts"])
    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=said["ts"], text="two")
    assert await workspace.comments() == [("Ben Okafor", "two")]

    await workspace.stage.do("deliver", event_id=(await workspace.events(after=before))[0], times=1)

    assert await workspace.comments() == [("Ben Okafor", "two")]


async def test_a_reply_told_after_its_deletion_stays_deleted(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    before = await workspace.mark()
    said = await workspace.lost("message", user="ben", channel=PLACE, text="oops", thread_ts=card["ts"])
    await workspace.stage.do("delete", user="ben", channel=PLACE, ts=said["ts"])

    await workspace.stage.do("deliver", event_id=(await workspace.events(after=before))[0], times=1)

    assert await workspace.rows(TOMBSTONES) == [("", True)]


async def test_a_reply_under_a_card_that_is_not_yet_noted_is_kept(workspace: Workspace) -> None:
    await workspace.faults(
        {"method": "chat.postMessage", "kind": "timeout_after_success", "times": 1, "delay_ms": 1500}
    )
    await workspace.stage.command("ana", PLACE, 'quick "Disk full"')
    card = await workspace.shown(PLACE, "Disk full")

    ts = await replied(workspace, card, "already on it")
    await workspace.stage.do("edit", user="ben", channel=PLACE, ts=ts, text="already at it")
    gone = await replied(workspace, card, "never mind")
    await workspace.stage.do("delete", user="ben", channel=PLACE, ts=gone)
    assert await workspace.rows("SELECT 1 FROM comment") == []
    await workspace.delivered()

    assert await workspace.comments() == [("Ben Okafor", "already at it")]
    assert await workspace.rows("SELECT 1 FROM early_reply") == []


async def test_a_reply_in_any_other_thread_is_nobodys_comment(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    root = await workspace.stage.do("message", user="ana", channel=PLACE, text="Lunch?")
    before = await workspace.mark()

    await replied(workspace, root, "yes")

    assert await workspace.rows("SELECT 1 FROM comment UNION ALL SELECT 1 FROM early_reply") == []
    assert await workspace.calls(after=before) == []


async def test_bots_joins_and_topics_are_nobodys_comment(workspace: Workspace) -> None:
    await workspace.stage.command("ana", "#checkout", 'quick "Disk full"')
    card = await workspace.stage.card("#checkout", "Disk full")
    said = {"channel": "#checkout", "thread_ts": card["ts"]}

    await workspace.stage.do("message", user="deploybot", text="deployed 1.4.2", **said)
    await workspace.stage.do("member", user="gus", channel="#checkout", join=True)
    event = {"type": "message", "subtype": "channel_topic", "user": "U0BEN00000", "text": "set the topic", "topic": "x"}
    place = {"channel": "C0CHECKOUT", "ts": "1900000000.000100", "thread_ts": card["ts"], "channel_type": "channel"}
    await workspace.sandbox.dispatcher.event({**event, **place, "event_ts": place["ts"]}).first

    assert await workspace.rows("SELECT 1 FROM comment") == []


@pytest.mark.parametrize(
    "who, channel, name", [("gus", "#incidents", "Gus Guest"), ("priya", "#shared-partner", "Priya Partner")]
)
async def test_guests_and_people_of_another_organisation_may_reply(
    workspace: Workspace, who: str, channel: str, name: str
) -> None:
    await workspace.stage.command("ana", channel, 'quick "Disk full"')
    card = await workspace.stage.card(channel, "Disk full")

    await workspace.stage.reply(who, channel, card, "we see it, too")

    assert await workspace.comments() == [(name, "we see it, too")]


async def test_a_comment_made_elsewhere_stands_once_in_the_thread_and_once_in_the_record(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    await workspace.stage.command("chloe", "#checkout", "comment 1 the vendor confirms it")
    await workspace.delivered()
    await workspace.stage.quiet()

    assert await workspace.comments() == [("Chloe Martin", "the vendor confirms it")]
    shown = [m for m in await workspace.stage.messages(PLACE) if "the vendor confirms it" in m["text"]]
    assert len(shown) == 1


async def test_a_card_that_is_deleted_is_posted_anew_and_its_replies_stay(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await replied(workspace, card, "looking")

    await workspace.stage.do("delete", user="ana", channel=PLACE, ts=card["ts"])
    again = await workspace.stage.card(PLACE, "Disk full")
    await replied(workspace, card, "still in the old thread")
    await replied(workspace, again, "in the new one")

    assert again["ts"] != card["ts"]
    assert [said for _, said in await workspace.comments()] == ["looking", "still in the old thread", "in the new one"]
