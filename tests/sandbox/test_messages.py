"""Messages as Slack stores, threads, edits and forgets them."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.sandbox.conftest import Person, Socket, error_of, refusal

Json = dict[str, Any]

INCIDENTS, RANDOM, SECURITY, BOARD, OLD = "C0INCIDENT", "C0RANDOM00", "C0SECURITY", "C0BOARD000", "C0OLDPROJ0"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "see http://a.example/x & <b>"}}
BUTTON = {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}


async def posted(client: AsyncWebClient, **more: Any) -> str:
    return str((await client.chat_postMessage(channel=INCIDENTS, **{"text": "card", **more}))["ts"])


async def updated(client: AsyncWebClient, ts: str, **fields: Any) -> Any:
    """An update without a text, of which the SDK would warn."""
    return await client.api_call("chat.update", json={"channel": INCIDENTS, "ts": ts, **fields})


async def test_a_post_is_stored_as_slack_would_store_it(client: AsyncWebClient, ana: Person) -> None:
    await client.chat_postMessage(
        channel=INCIDENTS, text="a & b <c> <@U0ANA00000> http://a.example.", blocks=[SECTION, BUTTON]
    )

    message = (await ana.channel(INCIDENTS))["messages"][-1]
    assert message["text"] == "a &amp; b &lt;c&gt; <@U0ANA00000> <http://a.example>."
    section, actions = message["blocks"]
    assert section["text"] == {
        "type": "mrkdwn",
        "text": "see <http://a.example/x> &amp; &lt;b&gt;",
        "verbatim": False,
    }
    assert section["block_id"]
    assert actions["elements"][0]["action_id"]
    assert actions["elements"][0]["text"]["emoji"]
    assert message["bot_profile"]["name"] == "Test App"
    assert {"bot_id", "app_id", "user", "team"} <= message.keys()


async def test_text_that_is_not_parsed_keeps_its_links_bare(client: AsyncWebClient) -> None:
    message = await client.chat_postMessage(channel=INCIDENTS, text="http://a.example", parse="none")

    assert message["message"]["text"] == "http://a.example"


@pytest.mark.parametrize(
    "channel, code",
    [
        (RANDOM, "not_in_channel"),
        (BOARD, "channel_not_found"),
        (OLD, "is_archived"),
        ("C0NOWHERE0", "channel_not_found"),
        ("U0ANA00000", "channel_not_found"),
        ("#incidents", "channel_not_found"),
    ],
)
async def test_the_bot_posts_only_where_it_is(client: AsyncWebClient, channel: str, code: str) -> None:
    assert await refusal(client.chat_postMessage(channel=channel, text="x")) == code


async def test_a_post_needs_something_to_say(client: AsyncWebClient) -> None:
    assert await refusal(client.api_call("chat.postMessage", json={"channel": INCIDENTS})) == "no_text"
    assert await refusal(client.chat_postMessage(channel=INCIDENTS, text="x", blocks="[1]")) == "invalid_blocks_format"
    wrong = await error_of(client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[{"type": "section"}]))
    assert wrong["error"] == "invalid_blocks"
    assert wrong["response_metadata"]["messages"]


async def test_long_text_is_cut_on_post_and_refused_on_update(client: AsyncWebClient) -> None:
    message = await client.chat_postMessage(channel=INCIDENTS, text="x" * 40_001)

    assert len(message["message"]["text"]) == 40_000
    update = client.chat_update(channel=INCIDENTS, ts=str(message["ts"]), text="x" * 4001)
    assert await refusal(update) == "msg_too_long"


async def test_an_update_replaces_text_and_blocks(client: AsyncWebClient) -> None:
    ts = await posted(client, blocks=[SECTION])

    with_blocks = await client.chat_update(channel=INCIDENTS, ts=ts, text="new", blocks=[SECTION])
    assert "edited" not in with_blocks["message"]
    without = await client.chat_update(channel=INCIDENTS, ts=ts, text="newer")
    assert "blocks" not in without["message"]
    assert without["message"]["edited"]["user"] == "U0SANDBOT0"
    assert without["text"] == "newer"


async def test_an_update_of_metadata_keeps_the_rest(client: AsyncWebClient) -> None:
    data = {"event_type": "card", "event_payload": {"id": 1}}
    ts = await posted(client, blocks=[SECTION], metadata=data)

    kept = await updated(client, ts, metadata=data | {"event_payload": {"id": 2}})
    assert kept["message"]["blocks"]
    assert kept["message"]["metadata"]["event_payload"] == {"id": 2}
    gone = await updated(client, ts, metadata={})
    assert "metadata" not in gone["message"]
    assert await refusal(updated(client, ts)) == "no_text"


@pytest.mark.parametrize(
    "metadata, code",
    [
        ({"event_type": "x"}, "invalid_metadata_format"),
        ({"event_type": 1, "event_payload": {}}, "invalid_metadata_schema"),
        ([1], "invalid_metadata_format"),
    ],
)
async def test_metadata_has_a_type_and_a_payload(client: AsyncWebClient, metadata: Any, code: str) -> None:
    assert await refusal(client.chat_postMessage(channel=INCIDENTS, text="x", metadata=metadata)) == code


async def test_metadata_is_returned_to_those_who_ask(client: AsyncWebClient) -> None:
    await posted(client, metadata={"event_type": "card", "event_payload": {"id": 1}})

    plain = await client.conversations_history(channel=INCIDENTS)
    full = await client.conversations_history(channel=INCIDENTS, include_all_metadata=True)

    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"]["event_payload"] == {"id": 1}


async def test_the_bot_changes_only_its_own_messages(client: AsyncWebClient, ana: Person) -> None:
    ts = (await ana.does("message", channel="#incidents", text="mine"))["ts"]

    assert await refusal(client.chat_update(channel=INCIDENTS, ts=ts, text="x")) == "cant_update_message"
    assert await refusal(client.chat_delete(channel=INCIDENTS, ts=ts)) == "cant_delete_message"
    assert await refusal(client.chat_update(channel=INCIDENTS, ts="1.1", text="x")) == "message_not_found"
    assert await refusal(client.chat_update(channel=OLD, ts="1.1", text="x")) == "is_inactive"


async def test_a_thread_is_counted_on_its_root(client: AsyncWebClient, ana: Person, ben: Person) -> None:
    root = await posted(client)
    await ana.does("message", channel="#incidents", text="one", thread_ts=root)
    last = (await ben.does("message", channel="#incidents", text="two", thread_ts=root))["ts"]

    thread = (await client.conversations_replies(channel=INCIDENTS, ts=root))["messages"]
    assert [m["text"] for m in thread] == ["card", "one", "two"]
    assert {k: thread[0][k] for k in ("reply_count", "reply_users", "reply_users_count", "latest_reply")} == {
        "reply_count": 2,
        "reply_users": ["U0ANA00000", "U0BEN00000"],
        "reply_users_count": 2,
        "latest_reply": last,
    }
    assert thread[1]["parent_user_id"] == "U0SANDBOT0"
    assert [m["text"] for m in (await client.conversations_history(channel=INCIDENTS))["messages"]] == ["card"]
    assert [m["text"] for m in (await client.conversations_replies(channel=INCIDENTS, ts=last))["messages"]] == ["two"]


async def test_a_root_stays_a_root_when_its_replies_are_gone(client: AsyncWebClient) -> None:
    root = await posted(client)
    reply = await posted(client, thread_ts=root)
    await client.chat_delete(channel=INCIDENTS, ts=reply)

    message = (await client.conversations_replies(channel=INCIDENTS, ts=root))["messages"][0]
    assert (message["thread_ts"], message["reply_count"]) == (root, 0)
    assert "latest_reply" not in message


async def test_a_reply_needs_a_root(client: AsyncWebClient, ana: Person) -> None:
    root = await posted(client)
    reply = await posted(client, thread_ts=root)

    for wrong in ("1.1", reply):
        refused = client.chat_postMessage(channel=INCIDENTS, text="x", thread_ts=wrong)
        assert await refusal(refused) == "cannot_reply_to_message"
    assert await refusal(client.conversations_replies(channel=INCIDENTS, ts="1.1")) == "thread_not_found"


async def test_a_root_with_replies_leaves_a_tombstone(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    root = await posted(client)
    await ana.does("message", channel="#incidents", text="reply", thread_ts=root)
    await client.chat_delete(channel=INCIDENTS, ts=root)
    await ana.reads("wait", idle_ms=20)

    event = socket.events("message")[-1]
    assert (event["subtype"], event["message"]["subtype"], event["message"]["user"]) == (
        "message_changed",
        "tombstone",
        "USLACKBOT",
    )
    assert event["previous_message"]["text"] == "card"
    thread = (await client.conversations_replies(channel=INCIDENTS, ts=root))["messages"]
    assert [m.get("subtype") for m in thread] == ["tombstone", None]
    assert await refusal(client.chat_update(channel=INCIDENTS, ts=root, text="x")) == "message_not_found"


async def test_a_reply_can_be_shown_in_the_channel_too(client: AsyncWebClient, socket: Socket, ana: Person) -> None:
    root = await posted(client)
    first = await posted(client, thread_ts=root, reply_broadcast=True)
    later = await posted(client, thread_ts=root)
    await updated(client, later, reply_broadcast=True)

    history = (await client.conversations_history(channel=INCIDENTS))["messages"]
    assert [m["ts"] for m in history] == [later, first, root]
    await ana.reads("wait", idle_ms=20)
    assert socket.events()[1]["subtype"] == "thread_broadcast"
    assert socket.events()[1]["root"]["ts"] == root

    both = client.chat_update(channel=INCIDENTS, ts=later, text="x", reply_broadcast=True)
    assert await refusal(both) == "no_dual_broadcast_content_update"
    assert await refusal(updated(client, root, reply_broadcast=True)) == "cant_broadcast_message"


async def test_history_is_cut_by_time_and_pages(client: AsyncWebClient) -> None:
    stamps = [await posted(client, text=f"m{n}") for n in range(4)]

    between = await client.conversations_history(channel=INCIDENTS, oldest=stamps[0], latest=stamps[3])
    assert [m["ts"] for m in between["messages"]] == [stamps[2], stamps[1]]
    inclusive = await client.conversations_history(channel=INCIDENTS, oldest=stamps[0], inclusive=True)
    assert len(inclusive["messages"]) == 4
    page = await client.conversations_history(channel=INCIDENTS, limit=3)
    assert page["has_more"]
    rest = await client.conversations_history(channel=INCIDENTS, cursor=page["response_metadata"]["next_cursor"])
    assert [m["ts"] for m in rest["messages"]] == stamps[:1]
    assert await refusal(client.conversations_history(channel=INCIDENTS, oldest="now")) == "invalid_ts_oldest"
    assert await refusal(client.conversations_history(channel=INCIDENTS, limit=1000)) == "invalid_limit"
    assert await refusal(client.conversations_history(channel=RANDOM)) == "not_in_channel"


async def test_a_permalink_leads_to_the_message(client: AsyncWebClient) -> None:
    root = await posted(client)
    reply = await posted(client, thread_ts=root)

    link = await client.chat_getPermalink(channel=INCIDENTS, message_ts=root)
    assert str(link["permalink"]).endswith(f"/archives/{INCIDENTS}/p{root.replace('.', '')}")
    link = await client.chat_getPermalink(channel=INCIDENTS, message_ts=reply)
    assert f"thread_ts={root}&cid={INCIDENTS}" in str(link["permalink"])


async def test_an_ephemeral_is_seen_by_one_member_only(client: AsyncWebClient, ana: Person) -> None:
    root = await posted(client)
    made = await client.chat_postEphemeral(channel=INCIDENTS, user="U0ANA00000", text="psst", thread_ts=root)

    state = await ana.reads("state")
    assert [m["text"] for m in state["ephemerals"]["U0ANA00000"]] == ["psst"]
    assert state["ephemerals"]["U0ANA00000"][0]["thread_ts"] == root
    gone = client.chat_update(channel=INCIDENTS, ts=str(made["message_ts"]), text="x")
    assert await refusal(gone) == "message_not_found"


@pytest.mark.parametrize("user", ["U0PRIYA000", "U0NOBODY00", "U0DORA0000"])
async def test_nobody_else_gets_an_ephemeral(client: AsyncWebClient, user: str) -> None:
    assert await refusal(client.chat_postEphemeral(channel=INCIDENTS, user=user, text="x")) == "user_not_in_channel"


async def test_an_ephemeral_is_short(client: AsyncWebClient) -> None:
    long = client.chat_postEphemeral(channel=INCIDENTS, user="U0ANA00000", text="é" * 2001)
    assert await refusal(long) == "msg_too_long"


async def test_somebody_who_left_gets_no_ephemeral(client: AsyncWebClient, ana: Person) -> None:
    await ana.does("member", user="gus", channel="#incidents", leave=True)

    refused = client.chat_postEphemeral(channel=INCIDENTS, user="U0GUS00000", text="x")
    assert await refusal(refused) == "user_not_in_channel"
