"""What the bot calls, as strict as Slack."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import Sandbox
from tests.sandbox.conftest import Person, error_of, refusal, workspace

Json = dict[str, Any]

INCIDENTS, RANDOM, SECURITY, BOARD, OLD = "C0INCIDENT", "C0RANDOM00", "C0SECURITY", "C0BOARD000", "C0OLDPROJ0"
SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]


async def test_the_bot_learns_who_it_is(client: AsyncWebClient, box: Sandbox) -> None:
    me = await client.auth_test()

    assert (me["user_id"], me["team_id"], me["bot_id"]) == ("U0SANDBOT0", box.team_id, "B0SANDBOX0")


async def test_tokens_are_checked_and_belong_to_their_methods(box: Sandbox) -> None:
    def holding(token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=box.api_url)

    assert await refusal(holding(None).auth_test()) == "not_authed"
    assert await refusal(holding("xoxb-other").auth_test()) == "invalid_auth"
    assert await refusal(holding(box.app_token).auth_test()) == "not_allowed_token_type"
    assert await refusal(holding(None).apps_connections_open(app_token=box.bot_token)) == "not_allowed_token_type"


async def test_what_is_not_supported_is_refused_by_name(client: AsyncWebClient) -> None:
    unknown = await error_of(client.api_call("calls.add"))
    assert (unknown["error"], unknown["req_method"]) == ("unknown_method", "calls.add")

    argument = await error_of(client.chat_postMessage(channel=INCIDENTS, text="x", icon_emoji=":fire:"))
    assert argument["error"] == "invalid_arguments"
    assert "icon_emoji" in argument["response_metadata"]["messages"][0]

    missing = await error_of(client.api_call("chat.update", json={"channel": INCIDENTS}))
    assert missing["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]


@pytest.mark.parametrize("given", [{"limit": "many"}, {"limit": -1}, {"cursor": "mine"}, {"cursor": "bmV4dDp4"}])
async def test_paging_arguments_must_make_sense(client: AsyncWebClient, given: Json) -> None:
    assert (await refusal(client.api_call("users.list", params=given))).startswith("invalid_")


async def test_arguments_come_in_every_form_that_slack_takes(
    session: aiohttp.ClientSession, box: Sandbox, client: AsyncWebClient
) -> None:
    url = f"{box.api_url}chat.postMessage"
    form = {"token": box.bot_token, "channel": INCIDENTS, "blocks": json.dumps(SECTION), "text": "x"}
    async with session.post(url, data=form) as answer:
        assert (await answer.json())["ok"]
    async with session.post(url, data={**form, "blocks": "[{"}) as answer:
        assert (await answer.json())["error"] == "invalid_blocks_format"
    async with session.post(url, data={**form, "metadata": "{"}) as answer:
        assert (await answer.json())["error"] == "invalid_metadata_format"
    headers = {"Authorization": f"Bearer {box.bot_token}", "Content-Type": "application/json"}
    for broken in (b"[]", b"{"):
        async with session.post(url, data=broken, headers=headers) as answer:
            assert (await answer.json())["error"] == "invalid_arguments"
    assert (
        await refusal(client.api_call("chat.postMessage", json={"channel": {"id": INCIDENTS}})) == "invalid_arguments"
    )


async def test_a_form_only_method_does_not_read_json(client: AsyncWebClient) -> None:
    assert await refusal(client.api_call("users.info", json={"user": "U0ANA00000"})) == "invalid_arguments"


async def test_another_workspace_is_not_found(client: AsyncWebClient, box: Sandbox) -> None:
    assert (await client.auth_test(team_id=box.team_id))["ok"]
    assert await refusal(client.auth_test(team_id="T0OTHER000")) == "team_not_found"
    assert await refusal(client.team_info(team="T0OTHER000")) == "team_not_found"


async def test_scopes_come_from_the_manifest(tmp_path: Path) -> None:
    scopes = ["chat:write", "channels:read", "channels:history", "users:read"]
    async with workspace(tmp_path, changes={"scopes": scopes}) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)

        missing = await error_of(client.team_info())
        assert (missing["needed"], missing["provided"]) == ("team:read", ",".join(scopes))
        assert (await error_of(client.conversations_info(channel=SECURITY)))["needed"] == "groups:read"
        assert (await error_of(client.conversations_history(channel=SECURITY)))["needed"] == "groups:history"
        assert (await error_of(client.conversations_list(types="public_channel,im")))["needed"] == "im:read"
        ana = await client.users_info(user="U0ANA00000")
        assert "email" not in ana["user"]["profile"]
        assert ana.headers["x-oauth-scopes"] == ",".join(scopes)


async def test_people_have_slacks_flags(client: AsyncWebClient) -> None:
    users = {user["name"]: user for user in (await client.users_list())["members"]}

    assert users["ana"]["is_admin"]
    assert users["ana"]["profile"]["email"] == "ana@harbour.example"
    assert users["gus"]["is_restricted"]
    assert users["sia"]["is_ultra_restricted"]
    assert users["dora"]["deleted"]
    assert users["deploybot"]["is_bot"]
    assert not users["slackbot"]["is_bot"]
    assert "priya" not in users


async def test_people_from_elsewhere_are_found_by_id_only_and_without_an_address(client: AsyncWebClient) -> None:
    priya = (await client.users_info(user="U0PRIYA000"))["user"]
    sam = (await client.users_info(user="U0SAM00000"))["user"]

    assert (priya["team_id"], priya["is_stranger"], sam["is_stranger"]) == ("T0PARTNER0", False, True)
    assert "email" not in priya["profile"]
    assert await refusal(client.users_info(user="U0NOBODY00")) == "user_not_found"


async def test_people_are_found_by_address(client: AsyncWebClient) -> None:
    found = await client.users_lookupByEmail(email="Ben@harbour.example")

    assert found["user"]["id"] == "U0BEN00000"
    assert await refusal(client.users_lookupByEmail(email="dora@harbour.example")) == "users_not_found"


async def test_the_app_and_the_workspace_are_described(client: AsyncWebClient) -> None:
    assert (await client.bots_info(bot="B0SANDBOX0"))["bot"]["name"] == "Test App"
    assert await refusal(client.bots_info(bot="B1")) == "bot_not_found"
    assert (await client.team_info())["team"]["name"] == "Harbour"
    assert (await client.users_profile_get(user="U0ANA00000"))["profile"]["real_name"] == "Ana Almeida"
    assert (await client.api_test())["ok"]
    assert await refusal(client.api_test(error="my_error")) == "my_error"


async def test_channels_are_seen_as_the_bot_may_see_them(client: AsyncWebClient) -> None:
    types = "public_channel,private_channel"
    listed = {c["name"] for c in (await client.conversations_list(types=types))["channels"]}
    mine = {c["name"] for c in (await client.users_conversations(types=types, exclude_archived=True))["channels"]}

    assert "random" in listed
    assert "board" not in listed
    assert mine == {"general", "incidents", "checkout", "security", "shared-partner"}
    assert await refusal(client.conversations_list(types="secret")) == "invalid_types"
    assert await refusal(client.conversations_info(channel=BOARD)) == "channel_not_found"
    assert await refusal(client.conversations_info(channel="#incidents")) == "channel_not_found"
    shared = (await client.conversations_info(channel="C0SHARED00", include_num_members=True))["channel"]
    assert (shared["is_ext_shared"], shared["num_members"]) == (True, 4)


async def test_lists_come_in_pages(client: AsyncWebClient) -> None:
    first = await client.conversations_members(channel=INCIDENTS, limit=4)
    rest = await client.conversations_members(channel=INCIDENTS, cursor=first["response_metadata"]["next_cursor"])

    assert (len(first["members"]), len(rest["members"])) == (4, 2)
    assert rest["response_metadata"]["next_cursor"] == ""


async def test_a_direct_message_is_opened_once(client: AsyncWebClient, ana: Person) -> None:
    opened = await client.conversations_open(users="U0ANA00000")
    again = await client.conversations_open(users="U0ANA00000", return_im=True)
    by_channel = await client.conversations_open(channel=opened["channel"]["id"])

    assert opened["channel"] == {"id": "D0ANA00000"}
    assert "already_open" not in opened.data
    assert again["already_open"]
    assert again["channel"]["user"] == "U0ANA00000"
    assert by_channel["channel"]["id"] == "D0ANA00000"
    assert (await client.conversations_info(channel="D0ANA00000"))["channel"]["is_im"]


@pytest.mark.parametrize(
    "users, code",
    [
        ("", "users_list_not_supplied"),
        ("U0ANA00000,U0BEN00000", "method_not_supported_for_channel_type"),
        ("U0DORA0000", "user_disabled"),
        ("U0DEPLOY00", "cannot_dm_bot"),
        ("U0SAM00000", "user_not_visible"),
        ("U0NOBODY00", "user_not_found"),
    ],
)
async def test_some_people_cannot_be_written_to(client: AsyncWebClient, users: str, code: str) -> None:
    assert await refusal(client.api_call("conversations.open", json={"users": users})) == code


async def test_the_bot_joins_public_channels_only(client: AsyncWebClient, ana: Person) -> None:
    joined = await client.conversations_join(channel=RANDOM)
    again = await client.conversations_join(channel=RANDOM)

    assert joined["channel"]["is_member"]
    assert again["warning"] == "already_in_channel"
    assert await refusal(client.conversations_join(channel=SECURITY)) == "method_not_supported_for_channel_type"
    assert await refusal(client.conversations_join(channel=OLD)) == "is_archived"
    assert [m["subtype"] for m in (await ana.channel(RANDOM))["messages"]] == ["channel_join"]


async def test_the_official_checker_names_the_place(client: AsyncWebClient) -> None:
    async def checked(**what: Any) -> Json:
        return await error_of(client.api_call("blocks.validate", json=what))

    wrong = await checked(blocks=[{"type": "header", "text": {"type": "plain_text", "text": ""}}])
    assert wrong["error"] == "invalid_blocks"
    assert wrong["errors"][0]["pointer"] == "/blocks/0/text/text"
    assert (await checked(view={"type": "modal"}))["error"] == "invalid_view"
    assert (await checked(message={"blocks": [{"type": "no"}]}))["error"] == "invalid_message"
    assert (await checked(blocks={}))["error"] == "invalid_arguments"
    assert (await checked(blocks=SECTION, message={}))["error"] == "invalid_arguments"
    assert (await client.api_call("blocks.validate", json={"blocks": SECTION}))["ok"]


async def test_files_are_uploaded_in_three_steps(client: AsyncWebClient, ana: Person) -> None:
    await client.files_upload_v2(
        channel=INCIDENTS, content="a,b", filename="all.csv", title="All", initial_comment="Here"
    )

    message = (await ana.channel(INCIDENTS))["messages"][-1]
    assert (message["subtype"], message["text"], message["files"][0]["title"]) == ("file_share", "Here", "All")
    file = await client.files_info(file=message["files"][0]["id"])
    assert file["file"]["size"] == 3
    assert len((await ana.reads("state"))["files"]) == 1


async def test_an_upload_needs_what_was_announced(
    client: AsyncWebClient, session: aiohttp.ClientSession, box: Sandbox
) -> None:
    assert await refusal(client.files_getUploadURLExternal(filename="x", length=0)) == "invalid_arguments"
    assert await refusal(client.files_completeUploadExternal(files=[{"id": "F1", "title": "x"}])) == "file_not_found"
    assert await refusal(client.files_info(file="F1")) == "file_not_found"
    async with session.post(f"{box.url}/upload/F1", data=b"x") as answer:
        assert answer.status == 404
    made = await client.files_getUploadURLExternal(filename="x.txt", length=1)
    assert (await client.files_completeUploadExternal(files=[{"id": str(made["file_id"]), "title": ""}]))["ok"]


async def test_reactions_are_counted(client: AsyncWebClient, ana: Person) -> None:
    ts = (await ana.does("message", channel="#incidents", text="look"))["ts"]
    await client.reactions_add(channel=INCIDENTS, timestamp=ts, name="eyes")
    await ana.does("react", channel="#incidents", ts=ts, reaction="eyes")

    assert await refusal(client.reactions_add(channel=INCIDENTS, timestamp=ts, name="eyes")) == "already_reacted"
    assert await refusal(client.reactions_add(channel=INCIDENTS, timestamp=ts, name=":eyes:")) == "invalid_name"
    assert await refusal(client.reactions_add(channel=OLD, timestamp=ts, name="eyes")) == "message_not_found"
    got = await client.reactions_get(channel=INCIDENTS, timestamp=ts)
    assert got["message"]["reactions"] == [{"name": "eyes", "users": ["U0SANDBOT0", "U0ANA00000"], "count": 2}]

    await client.reactions_remove(channel=INCIDENTS, timestamp=ts, name="eyes")
    assert await refusal(client.reactions_remove(channel=INCIDENTS, timestamp=ts, name="eyes")) == "no_reaction"
    await ana.does("react", channel="#incidents", ts=ts, reaction="eyes", remove=True)
    assert "reactions" not in (await ana.channel(INCIDENTS))["messages"][-1]
