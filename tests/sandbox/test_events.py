"""What the bot is told, and what not."""

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import Sandbox
from tests.samples import SAMPLES
from tests.sandbox.conftest import Person, Socket, connected, workspace

Json = dict[str, Any]

INCIDENTS, SECURITY = "C0INCIDENT", "C0SECURITY"
BOT = "U0SANDBOT0"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="recorded payloads are not beside this checkout")


def sample(path: str) -> Json:
    read: Json = json.loads((SAMPLES / path).read_text("utf8"))
    return read


def recorded(name: str) -> Json:
    return sample(f"bolt-python__MIT/payloads/event_callback/{name}.json")


async def test_what_people_write_arrives_as_slack_normalises_it(ana: Person, socket: Socket) -> None:
    answer = await ana.does(
        "message", channel="#incidents", text="a<b> & http://x.example/?a&b <@U0BEN00000> @Ben Okafor"
    )

    (event,) = socket.events()
    assert answer["ack"]["status"] == "acked"
    text = "a&lt;b&gt; &amp; <http://x.example/?a&amp;b> <@U0BEN00000> <@U0BEN00000>"
    assert event["text"] == text
    assert (event["user"], event["ts"], event["channel_type"]) == ("U0ANA00000", answer["ts"], "channel")
    elements = event["blocks"][0]["elements"][0]["elements"]
    assert [e["type"] for e in elements] == ["text", "link", "text", "user", "text", "user"]
    assert elements[1]["url"] == "http://x.example/?a&b"


async def test_typed_entities_become_rich_text(ana: Person, socket: Socket) -> None:
    await ana.does("message", channel="#incidents", text="<#C0CHECKOUT> <!here> <https://x.example|here>")

    elements = socket.events()[0]["blocks"][0]["elements"][0]["elements"]
    assert [e for e in elements if e["type"] != "text"] == [
        {"type": "channel", "channel_id": "C0CHECKOUT"},
        {"type": "broadcast", "range": "here"},
        {"type": "link", "url": "https://x.example", "text": "here"},
    ]


async def test_a_mention_comes_twice_with_different_event_ids(ana: Person, socket: Socket) -> None:
    await ana.does("message", channel="#incidents", text="@Test App help")

    message, mention = socket.events("message")[0], socket.events("app_mention")[0]
    assert message["ts"] == mention["ts"]
    assert mention["text"] == f"<@{BOT}> help"
    assert len({e["payload"]["event_id"] for e in socket.received}) == 2


async def test_direct_messages_and_private_channels_have_their_own_kinds(ana: Person, socket: Socket) -> None:
    sent = await ana.does("message", channel="dm", text=f"<@{BOT}> hi")
    await ana.does("message", channel="#security", text="secret")

    assert sent["channel"] == "D0ANA00000"
    assert [(e["type"], e["channel_type"]) for e in socket.events()] == [("message", "im"), ("message", "group")]


async def test_what_happens_elsewhere_is_not_told(ana: Person, socket: Socket) -> None:
    answer = await ana.does("message", channel="#random", text=f"<@{BOT}>")

    assert answer["ack"]["status"] == "none"
    assert socket.received == []


async def test_only_what_the_manifest_subscribes_to_is_told(tmp_path: Path, session: Any) -> None:
    changes = {"events": ["app_mention", "message.groups"], "scopes": ["app_mentions:read", "chat:write"]}
    async with workspace(tmp_path, changes=changes) as box, connected(box) as socket:
        ana = Person(session, box.url, "ana")
        await ana.does("message", channel="#incidents", text=f"<@{BOT}>")
        await ana.does("message", channel="#security", text="no scope for this")

        assert [e["type"] for e in socket.events()] == ["app_mention"]


async def test_edits_and_deletions_are_told_with_what_was_before(ana: Person, socket: Socket) -> None:
    ts = (await ana.does("message", channel="#incidents", text="one"))["ts"]
    await ana.does("edit", channel="#incidents", ts=ts, text="two")
    await ana.does("delete", channel="#incidents", ts=ts)

    _, changed, deleted = socket.events()
    assert (changed["subtype"], changed["message"]["text"], changed["previous_message"]["text"]) == (
        "message_changed",
        "two",
        "one",
    )
    assert changed["message"]["edited"]["user"] == "U0ANA00000"
    assert changed["ts"] != changed["message"]["ts"] == ts
    assert (deleted["subtype"], deleted["deleted_ts"], deleted["previous_message"]["text"]) == (
        "message_deleted",
        ts,
        "two",
    )


async def test_a_preview_changes_a_message_without_an_edit(ana: Person, socket: Socket) -> None:
    ts = (await ana.does("message", channel="#incidents", text="http://x.example"))["ts"]
    await ana.does("unfurl", channel="#incidents", ts=ts)

    changed = socket.events()[-1]
    assert changed["message"]["text"] == changed["previous_message"]["text"]
    assert "edited" not in changed["message"]


async def test_people_change_only_their_own_messages(ana: Person, ben: Person) -> None:
    ts = (await ana.does("message", channel="#incidents", text="mine"))["ts"]

    assert await ben.is_refused("edit", channel="#incidents", ts=ts, text="x") == "cant_update_message"
    assert await ben.is_refused("delete", channel="#incidents", ts=ts) == "cant_delete_message"
    theirs = (await ben.does("message", channel="#incidents", text="ben's"))["ts"]
    await ana.does("delete", channel="#incidents", ts=theirs)


async def test_a_root_deleted_by_its_author_becomes_a_tombstone(ana: Person, ben: Person, socket: Socket) -> None:
    ts = (await ana.does("message", channel="#incidents", text="root"))["ts"]
    await ben.does("message", channel="#incidents", text="reply", thread_ts=ts)
    await ana.does("delete", channel="#incidents", ts=ts)

    assert socket.events()[-1]["message"]["subtype"] == "tombstone"
    assert await ana.is_refused("delete", channel="#incidents", ts=ts) == "message_not_found"


async def test_files_and_broadcasts_have_subtypes(ana: Person, socket: Socket) -> None:
    files = [{"name": "log.txt", "mimetype": "text/plain", "size": 12}]
    root = (await ana.does("message", channel="#incidents", text="", files=files))["ts"]
    await ana.does("message", channel="#incidents", text="all see", thread_ts=root, broadcast=True)

    shared, broadcast = socket.events()
    assert (shared["subtype"], shared["files"][0]["name"]) == ("file_share", "log.txt")
    assert (broadcast["subtype"], broadcast["root"]["ts"]) == ("thread_broadcast", root)
    assert await ana.is_refused("message", channel="#incidents", text="") == "no_text"


async def test_people_from_elsewhere_are_told_apart(priya: Person, socket: Socket) -> None:
    await priya.does("message", channel="#shared-partner", text="hi", files=[{"name": "x.png"}])

    envelope = socket.received[0]["payload"]
    event = envelope["event"]
    assert envelope["is_ext_shared_channel"]
    assert (event["team"], event["user_team"], event["source_team"]) == ("T0HARBOUR0", "T0PARTNER0", "T0PARTNER0")
    assert event["files"][0]["file_access"] == "check_file_info"


async def test_another_bots_message_says_so(ana: Person, socket: Socket) -> None:
    await ana.does("message", user="deploybot", channel="#checkout", text=f"<@{BOT}> deployed")

    message, mention = socket.events()
    assert (message["bot_id"], mention["type"]) == ("B0DEPLOY00", "app_mention")


async def test_the_bots_own_posts_come_back(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    ts = str((await client.chat_postMessage(channel=INCIDENTS, text=f"<@{BOT}>"))["ts"])
    await client.chat_update(channel=INCIDENTS, ts=ts, text="two")
    await client.chat_delete(channel=INCIDENTS, ts=ts)
    await ana.reads("wait", idle_ms=20)

    events = socket.events()
    assert [e.get("subtype") for e in events] == [None, "message_changed", "message_deleted"]
    assert all("bot_id" in m for m in (events[0], events[1]["message"], events[2]["previous_message"]))


async def test_coming_and_going_is_told(ana: Person, socket: Socket) -> None:
    await ana.does("member", user="bot", channel="#random", join=True, by="ana")
    await ana.does("member", user="priya", channel="#general", join=True)
    await ana.does("member", user="bot", channel="#random", leave=True, by="ana")
    await ana.does("member", user="bot", channel="#security", leave=True, by="ana")

    told = [(e["type"], e.get("subtype")) for e in socket.events()]
    assert told == [
        ("message", "channel_join"),
        ("member_joined_channel", None),
        ("message", "channel_join"),
        ("member_joined_channel", None),
        ("message", "channel_leave"),
        ("member_left_channel", None),
        ("channel_left", None),
        ("message", "channel_leave"),
        ("member_left_channel", None),
        ("group_left", None),
    ]
    joined = socket.events("member_joined_channel")[0]
    assert (joined["user"], joined["inviter"], joined["channel_type"]) == (BOT, "U0ANA00000", "C")
    assert await ana.is_refused("member", user="bot", channel="#random", leave=True) == "neither joins nor leaves"


async def test_channels_are_archived_renamed_and_closed(ana: Person, socket: Socket) -> None:
    await ana.does("channel", channel="#checkout", rename="payments")
    await ana.does("channel", channel="#payments", archive=True)
    await ana.does("channel", channel="#payments", archive=False)
    await ana.does("channel", channel="#security", rename="secure")
    await ana.does("channel", channel="#secure", archive=True)
    private = await ana.does("channel", channel="#general", private=True)

    kinds = [e["type"] for e in socket.events() if e["type"] != "message"]
    assert kinds == ["channel_rename", "channel_archive", "channel_unarchive", "group_rename", "group_archive"]
    assert socket.events("channel_rename")[0]["channel"]["name"] == "payments"
    assert socket.events("channel_archive")[0]["channel"] == "C0CHECKOUT"
    assert private["channel"]["is_private"]
    assert await ana.is_refused("message", channel="#secure", text="x") == "is_archived"
    assert await ana.is_refused("channel", channel="#general") == "nothing to change"


async def test_a_new_channel_belongs_to_who_made_it(ana: Person, client: AsyncWebClient) -> None:
    made = await ana.does("channel", create="war-room", private=True)

    assert made["channel"]["creator"] == "U0ANA00000"
    assert await ana.is_refused("channel", create="war-room") == "name_taken"


async def test_changes_of_people_are_told(ana: Person, socket: Socket) -> None:
    await ana.does("user", user="ben", deactivate=True)
    await ana.does("user", user="chloe", rename="Chloe Durand", email="cd@harbour.example", guest=True)
    await ana.does("user", create="nina", real_name="Nina New")

    gone, renamed, nina = (e["user"] for e in socket.events())
    assert gone["deleted"]
    assert (renamed["real_name"], renamed["profile"]["email"]) == ("Chloe Durand", "cd@harbour.example")
    assert renamed["is_restricted"]
    assert (nina["name"], socket.events()[-1]["type"]) == ("nina", "team_join")
    assert await ana.is_refused("message", user="ben", channel="#incidents", text="x") == "user_disabled"


async def test_reactions_are_told(ana: Person, socket: Socket) -> None:
    ts = (await ana.does("message", channel="#incidents", text="x"))["ts"]
    await ana.does("react", channel="#incidents", ts=ts, reaction="eyes")
    await ana.does("react", channel="#incidents", ts=ts, reaction="eyes", remove=True)

    assert [e["type"] for e in socket.events()[1:]] == ["reaction_added", "reaction_removed"]
    assert socket.events()[1]["item"] == {"type": "message", "channel": INCIDENTS, "ts": ts}


async def test_nobody_reacts_in_an_archived_channel(ana: Person) -> None:
    ts = (await ana.does("message", channel="#checkout", text="x"))["ts"]
    await ana.does("channel", channel="#checkout", archive=True)

    assert await ana.is_refused("react", channel="#checkout", ts=ts, reaction="eyes") == "is_archived"


async def test_a_line_that_nobody_wrote_can_be_replied_and_reacted_to(
    ana: Person, socket: Socket, session: Any, client: AsyncWebClient
) -> None:
    socket.replies["/test"] = {"text": "all", "response_type": "in_channel"}
    await ana.does("command", channel="#incidents", command="/test")
    ts = (await ana.channel(INCIDENTS))["messages"][-1]["ts"]
    await ana.does("message", channel="#incidents", text="x", thread_ts=ts)
    await ana.does("react", channel="#incidents", ts=ts, reaction="eyes")

    assert "parent_user_id" not in socket.events("message")[-1]
    assert "item_user" not in socket.events("reaction_added")[0]


async def test_opening_home_is_told_with_the_view_that_was_published(
    ana: Person, socket: Socket, client: AsyncWebClient
) -> None:
    first = await ana.does("home")
    await client.views_publish(user_id="U0ANA00000", view={"type": "home", "blocks": []})
    second = await ana.does("home", tab="messages")

    before, after = socket.events()
    assert (first["view"], "view" in before, before["tab"]) == (None, False, "home")
    assert (after["view"]["type"], after["tab"]) == ("home", "messages")
    assert second["view"]["id"] == after["view"]["id"]


def shape(value: Any) -> Any:
    """Names of fields and types of values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value).__name__


@needs_samples
async def test_a_message_has_the_shape_of_a_recorded_one(ana: Person, socket: Socket) -> None:
    await ana.does("message", channel="#incidents", text="Hi there! Thanks for sharing the info!")

    ours, theirs = socket.received[0]["payload"], recorded("message/message_bot__user_message_event_payload")
    assert theirs.keys() - ours.keys() == {"enterprise_id"}, "only Enterprise Grid has one"
    assert shape(theirs["event"]) == shape(ours["event"])
    assert shape(theirs["event"]["blocks"][0]) == shape(ours["event"]["blocks"][0])
    assert theirs["authorizations"][0].keys() == ours["authorizations"][0].keys()


@needs_samples
@pytest.mark.parametrize(
    "ours, theirs, besides",
    [
        ("message_changed", "message.message_changed/message_changed__event_payload", set()),
        ("message_deleted", "message.message_deleted/message_deleted__event_payload", set()),
        ("thread_broadcast", "message.thread_broadcast/message_thread_broadcast__event_payload", set()),
        ("app_mention", "app_mention/block_actions_respond__dict69", set()),
        ("member_joined_channel", "member_joined_channel/events__join_event_body", set()),
        ("member_left_channel", "member_left_channel/events__left_event_body", set()),
        ("reaction_added", "reaction_added/events__valid_reaction_added_body", set()),
        ("app_home_opened", "app_home_opened/events_org_apps__event_payload", set()),
    ],
)
async def test_events_have_every_recorded_field(
    ana: Person, box: Sandbox, socket: Socket, ours: str, theirs: str, besides: set[str]
) -> None:
    ts = (await ana.does("message", channel="#incidents", text=f"<@{BOT}> root"))["ts"]
    await ana.does("message", channel="#incidents", text="x", thread_ts=ts, broadcast=True)
    await ana.does("edit", channel="#incidents", ts=ts, text="y")
    await ana.does("react", channel="#incidents", ts=ts, reaction="eyes")
    last = (await ana.does("message", channel="#incidents", text="z"))["ts"]
    await ana.does("delete", channel="#incidents", ts=last)
    await ana.does("member", user="priya", channel="#incidents", join=True, by="ana")
    await ana.does("member", user="priya", channel="#incidents", leave=True)
    await ana.does("home")

    event = next(e for e in socket.events() if ours in (e["type"], e.get("subtype")))
    assert recorded(theirs)["event"].keys() - event.keys() == besides


@needs_samples
@pytest.mark.parametrize(
    "kind",
    [
        "ChannelLeft",
        "GroupLeft",
        "ChannelRename",
        "GroupRename",
        "ChannelArchive",
        "GroupArchive",
        "ChannelUnarchive",
        "UserChange",
        "TeamJoin",
    ],
)
async def test_rare_events_have_no_unknown_field(ana: Person, socket: Socket, kind: str) -> None:
    for channel in ("#checkout", "#security"):
        await ana.does("channel", channel=channel, rename=f"new-{channel[1:]}")
        await ana.does("channel", channel=f"#new-{channel[1:]}", archive=True)
        await ana.does("channel", channel=f"#new-{channel[1:]}", archive=False)
        await ana.does("member", user="bot", channel=f"#new-{channel[1:]}", leave=True)
    await ana.does("user", user="ben", guest=True)
    await ana.does("user", create="nina")

    known = sample(f"java-slack-sdk__MIT/event-skeletons/{kind}Payload.json")["event"]
    event = next(e for e in socket.events() if e["type"].replace("_", "") == kind.lower())
    assert event.keys() - known.keys() - {"cache_ts", "event_ts"} == set()
    for name, value in event.items():
        assert not isinstance(value, dict) or value.keys() <= known[name].keys()
