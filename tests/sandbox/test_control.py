"""Reading and running the workspace from outside."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import __main__, journal
from sandbox.control import reading
from sandbox.server import Sandbox
from tests.sandbox.conftest import Person, Socket, connected, refusal, workspace

Json = dict[str, Any]

INCIDENTS = "C0INCIDENT"


async def test_the_state_shows_everything(ana: Person, client: AsyncWebClient) -> None:
    await client.chat_postMessage(
        channel=INCIDENTS, text="x", metadata={"event_type": "card", "event_payload": {"id": 1}}
    )
    state = await ana.reads("state")

    assert {"users", "channels", "ephemerals", "views", "homes", "files", "mails"} <= state.keys()
    incidents = next(c for c in state["channels"] if c["name"] == "incidents")
    assert incidents["messages"][0]["metadata"]["event_payload"] == {"id": 1}
    assert "U0ANA00000" in incidents["members"]


async def test_the_manifest_is_told_to_the_page(box: Sandbox, ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "hints", ["/test word"])
    told = await ana.reads("manifest")

    assert told["commands"][0] == {
        "command": "/test",
        "description": "Try it",
        "usage_hint": "[word]",
        "should_escape": True,
    }
    assert told["commands"][1]["usage_hint"] == ""
    assert [s["callback_id"] for s in told["shortcuts"]] == ["make", "take"]
    assert told["bot_user"]["id"] == "U0SANDBOT0"
    assert told["hints"] == ["/test word"]


async def test_the_log_is_read_from_where_one_stopped(ana: Person, client: AsyncWebClient) -> None:
    await client.auth_test()
    last = (await ana.reads("log"))["last"]
    await client.team_info()

    (entry,) = (await ana.reads("log", after=last))["entries"]
    assert (entry["method"], entry["answer"]["ok"], entry["args"]) == ("team.info", True, {})
    assert entry["ms"] >= 0


async def test_one_can_wait_for_words(ana: Person, ben: Person, client: AsyncWebClient) -> None:
    root = (await ana.does("message", channel="#incidents", text="root"))["ts"]
    waiting = asyncio.create_task(ana.reads("wait", channel="#incidents", thread_ts=root, contains="in a block"))
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "this is in a block"}}]
    await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks, thread_ts=root)

    assert (await waiting)["message"]["text"] == "x"


async def test_one_can_wait_for_what_only_one_person_sees(ana: Person, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel=INCIDENTS, user="U0ANA00000", text="psst")

    seen = await ana.reads("wait", channel="#incidents", user="ana", contains="psst")
    assert seen["message"]["is_ephemeral"]
    unseen = await ana.reads("wait", channel="#incidents", user="ben", contains="psst", timeout_s=0.01)
    assert (unseen["ok"], unseen["error"]) == (False, "timeout")
    assert (await ana.reads("wait", channel="#nowhere", contains="x"))["error"] == "channel_not_found"


async def test_idle_means_nothing_under_way_or_soon_due(ana: Person, socket: Socket) -> None:
    await ana.posts("faults", [{"event": "message", "kind": "slow", "delay_ms": 5000}])
    sending = asyncio.create_task(ana.does("message", channel="#incidents", text="x"))
    await ana.reads("wait", channel="#incidents", contains="x")
    busy = await ana.reads("wait", idle_ms=1, timeout_s=0.02)
    await ana.does("clock", advance_s=5)
    await sending

    assert busy["error"] == "timeout"
    assert (await ana.reads("wait", idle_ms=1))["ok"]


async def test_a_repetition_that_is_due_soon_is_waited_for(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async with workspace(tmp_path, fast=10_000.0) as box, connected(box) as socket:
        ana = Person(session, box.url, "ana")
        await ana.posts("faults", [{"event": "message", "kind": "timeout", "times": 3}])
        await ana.does("message", channel="#incidents", text="x")
        await ana.reads("wait", idle_ms=100)

        assert [e["retry_attempt"] for e in socket.received] == [3]


async def test_changes_are_streamed(
    box: Sandbox, ana: Person, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "KEEP_ALIVE_SECONDS", 0.0)
    monkeypatch.setattr(reading, "LOOK_AGAIN_SECONDS", 0.001)
    async with session.get(f"{box.url}/control/stream") as stream:
        assert (await stream.content.readline()) == b"event: change\n"
        await ana.does("message", channel="#incidents", text="x")
        awaited = {b"data: ", b": stil"}
        async with asyncio.timeout(20):
            while awaited:
                awaited.discard((await stream.content.readline())[:6])


async def test_a_change_can_be_waited_for() -> None:
    made = journal.Journal()
    assert not await made.changed(0.001)
    waiting = asyncio.create_task(made.changed(5))
    await asyncio.sleep(0)
    made.ring()
    assert await waiting


async def test_faces_are_drawn(box: Sandbox, session: aiohttp.ClientSession) -> None:
    for name in ("U0ANA00000", "T0HARBOUR0"):
        async with session.get(f"{box.url}/avatar/{name}.svg") as picture:
            assert picture.content_type == "image/svg+xml"


async def test_the_page_is_served(box: Sandbox, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{box.url}/") as page:
        assert (page.status, page.content_type) == (200, "text/html")
    async with session.get(f"{box.url}/page/index.html") as page:
        assert page.status == 200


async def test_a_call_must_be_json_with_what_it_needs(
    box: Sandbox, session: aiohttp.ClientSession, ana: Person
) -> None:
    async with session.post(f"{box.url}/control/message", data=b"{") as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "the body is no JSON")
    status, answer_json = await ana.posts("message", [])
    assert (status, answer_json["error"]) == (400, "user is missing")


async def test_people_write_only_where_they_are(ana: Person, priya: Person) -> None:
    assert await priya.is_refused("message", channel="#incidents", text="x") == "not_in_channel"
    assert await ana.is_refused("message", channel="#nowhere", text="x") == "channel_not_found"
    assert await ana.is_refused("message", channel="D0BEN00000", text="x") == "channel_not_found"


async def test_other_people_can_be_loaded(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(
        "team: {id: T0ELSEWHER, name: Elsewhere, domain: elsewhere}\n"
        "users: [{id: U0ZOE00000, name: zoe, real_name: Zoe, email: zoe@elsewhere.example}]\n"
        "channels: [{id: C0OPS00000, name: ops, members: [zoe, bot]}]\n",
        "utf8",
    )
    async with workspace(tmp_path, people=file) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)

        assert box.team_id == "T0ELSEWHER"
        assert (await client.users_lookupByEmail(email="zoe@elsewhere.example"))["user"]["id"] == "U0ZOE00000"


async def test_a_wrong_manifest_fails_as_at_slack(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    changes = {
        "features": {"app_home": {"home_tab_enabled": False, "messages_tab_enabled": False}},
        "settings": {"interactivity": {"is_enabled": False}},
        "scopes": ["chat:write", "im:write"],
    }
    async with workspace(tmp_path, changes=changes) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
        ana = Person(session, box.url, "ana")
        opened = await client.conversations_open(users="U0ANA00000")
        dm = str(opened["channel"]["id"])

        assert await refusal(client.chat_postMessage(channel=dm, text="x")) == "messages_tab_disabled"
        assert await ana.is_refused("message", channel="dm", text="x") == "messages_tab_disabled"
        home = client.views_publish(user_id="U0ANA00000", view={"type": "home", "blocks": []})
        assert await refusal(home) == "not_enabled"
        assert await ana.is_refused("home") == "the manifest has no Home tab"
        assert "valid command" in await ana.is_refused("command", channel="#incidents", command="/test")
        assert await ana.is_refused("shortcut", callback_id="make") == "there is no shortcut make"


async def test_buttons_need_interactivity(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async with workspace(tmp_path, changes={"settings": {"interactivity": {"is_enabled": False}}}) as box:
        ana = Person(session, box.url, "ana")

        assert "interactivity" in await ana.is_refused("shortcut", callback_id="make")


async def test_a_public_channel_can_be_written_to_with_its_own_scope(tmp_path: Path) -> None:
    async with workspace(tmp_path, changes={"scopes": ["chat:write", "chat:write.public"]}) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)

        assert (await client.chat_postMessage(channel="C0RANDOM00", text="x"))["ok"]


def test_the_command_line_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Any) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncio.run", interrupted)
    __main__.main(["--port", "0"])
