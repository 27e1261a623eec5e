"""What can go wrong between Slack and an app, made to go wrong: deliveries, connections, answers, limits, time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import __main__
from sandbox.limits import MESSAGES_PER_MINUTE, PER_MINUTE, Limits
from sandbox.server import Sandbox
from tests.sandbox.conftest import Json, Person, Socket, connected, refusal, workspace

INCIDENTS = "C0INCIDENT"


@pytest.fixture
async def fast(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """Limits and retries go by a thousand times faster."""
    async with workspace(tmp_path, fast=1000.0) as box:
        yield box


async def whispers(ana: Person) -> list[str]:
    return [message["text"] for message in (await ana.reads("state"))["ephemerals"].get("U0ANA00000", [])]


async def texts(ana: Person) -> list[str]:
    return [message["text"] for message in (await ana.channel(INCIDENTS))["messages"]]


# --- deliveries


async def test_an_event_that_was_lost_comes_late_and_out_of_order(ana: Person, socket: Socket) -> None:
    await ana.posts("faults", [{"event": "message", "kind": "timeout", "times": 2}])
    await ana.does("message", channel="#incidents", text="first")
    await ana.does("clock", advance_s=1)
    await ana.posts("faults", [])
    await ana.does("message", channel="#incidents", text="second")
    lost = (await ana.log("delivery", type="message"))[0]
    await ana.does("deliver", event_id=lost["event_id"], late_s=0.01)

    assert [event["text"] for event in socket.events()] == ["second", "first"]


async def test_an_event_can_come_twice_at_once(ana: Person, socket: Socket) -> None:
    await ana.posts("faults", [{"event": "message", "kind": "doubled", "times": 1}])
    done = await ana.does("message", channel="#incidents", text="x")

    first, second = socket.received
    assert done["ack"]["status"] == "acked"
    assert first["envelope_id"] != second["envelope_id"]
    assert first["payload"] == second["payload"]
    assert len(await ana.log("delivery", type="message")) == 1


async def test_a_late_event_lets_others_overtake_it(ana: Person, socket: Socket) -> None:
    await ana.posts("faults", [{"event": "message", "kind": "slow", "times": 1, "delay_ms": 60_000}])
    late = asyncio.create_task(ana.does("message", channel="#incidents", text="first"))
    await ana.reads("wait", channel="incidents", contains="first")
    await ana.does("message", channel="#incidents", text="second")
    await ana.does("clock", advance_s=60)
    await late

    assert [event["text"] for event in socket.events()] == ["second", "first"]


@pytest.mark.parametrize(
    "name, call",
    [
        ("/test", {"command": "/test", "channel": "#incidents"}),
        ("shortcut", {"callback_id": "make"}),
    ],
)
async def test_what_a_person_did_may_reach_the_app_without_an_answer(
    ana: Person, socket: Socket, name: str, call: Json
) -> None:
    await ana.posts("faults", [{"event": name, "kind": "timeout_after_success", "times": 1}])
    done = await ana.does("command" if name == "/test" else "shortcut", **call)
    await ana.reads("wait", idle_ms=5)

    assert done["ack"]["status"] == "timeout"
    assert len(socket.received) == 1


async def test_a_lost_interaction_is_not_sent_again(ana: Person, socket: Socket) -> None:
    await ana.posts("faults", [{"event": "shortcut", "kind": "timeout", "times": 1}])
    done = await ana.does("shortcut", callback_id="make")
    await ana.does("clock", advance_s=600)
    await ana.reads("wait", idle_ms=5)

    assert (done["ack"]["status"], socket.received) == ("timeout", [])


# --- connections


async def test_people_go_on_writing_while_nobody_listens(box: Sandbox, ana: Person, socket: Socket) -> None:
    ts = (await ana.does("message", channel="#incidents", text="before"))["ts"]
    await ana.does("disconnect", for_s=3600)
    written = await ana.does("message", channel="#incidents", text="meanwhile")
    edited = await ana.does("edit", channel="#incidents", ts=ts, text="after all")
    deleted = await ana.does("delete", channel="#incidents", ts=written["ts"])
    command = await ana.does("command", channel="#incidents", command="/test")

    assert {done["ack"]["status"] for done in (written, edited, deleted, command)} == {"no_connection"}
    assert await texts(ana) == ["after all"]

    box.sockets._closed_until = 0.0
    async with connected(box) as back:
        await ana.does("clock", advance_s=60)
        await back.next(3)
    assert sorted(str(event.get("subtype")) for event in back.events()) == [
        "None",
        "message_changed",
        "message_deleted",
    ]
    assert {envelope["retry_attempt"] for envelope in back.received} == {2}


async def test_what_was_written_too_long_ago_is_lost(fast: Sandbox, session: aiohttp.ClientSession) -> None:
    ana = Person(session, fast.url, "ana")
    await ana.does("message", channel="#incidents", text="nobody heard")
    await ana.reads("wait", idle_ms=400)
    async with connected(fast) as back:
        await ana.does("message", channel="#incidents", text="somebody hears")

    assert [event["text"] for event in back.events()] == ["somebody hears"]
    assert len(await ana.log("delivery", status="no_connection")) == 4


@pytest.mark.usefixtures("impatient")
async def test_a_ghost_is_counted_and_swallows_what_it_gets(
    box: Sandbox, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await ana.does("ghosts", count=1, for_s=3600)
    async with connected(box) as socket:
        monkeypatch.setattr("sandbox.socket_mode.secrets.choice", lambda found: found[-1])
        clicking = asyncio.create_task(ana.does("shortcut", callback_id="make"))
        writing = asyncio.create_task(ana.does("message", channel="#incidents", text="x"))
        await ana.reads("wait", channel="incidents", contains="x")
        await ana.does("clock", advance_s=3.1)
        statuses = {(await clicking)["ack"]["status"], (await writing)["ack"]["status"]}
        monkeypatch.undo()
        await ana.does("ghosts", count=0)
        await ana.does("clock", advance_s=3.1)
        await ana.reads("wait", idle_ms=5)
        await ana.does("clock", advance_s=60)
        await socket.next(1)

        assert told["ghosts"] == 1
        assert socket.hello["num_connections"] == 2
        assert statuses == {"timeout"}
        assert [e["payload"].get("type") for e in socket.received] == ["event_callback"]


async def test_a_ghost_goes_when_its_time_is_over(box: Sandbox, ana: Person) -> None:
    await ana.does("ghosts", count=10, for_s=60)
    async with connected(box) as sent_away:
        assert sent_away.hello["reason"] == "too_many_websockets"
    await ana.does("clock", advance_s=61)

    async with connected(box) as socket:
        assert socket.hello["num_connections"] == 1


async def test_a_network_that_breaks_says_nothing(box: Sandbox, ana: Person, socket: Socket) -> None:
    told = await ana.does("disconnect", reason="lost", ghosts_for_s=60)
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            while not socket.raw.closed:  # noqa: ASYNC110 - the client notices by itself
                await asyncio.sleep(0.01)

    assert (told["connections"], told["ghosts"]) == (0, 1)
    assert (socket.raw.closed, socket.raw.close_code) == (True, aiohttp.WSCloseCode.ABNORMAL_CLOSURE)
    assert socket.received == []
    await box.reset()
    assert box.sockets.ghosts == 0


# --- answers


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "chat.delete"])
async def test_what_succeeded_may_never_be_answered(
    box: Sandbox, ana: Person, client: AsyncWebClient, session: aiohttp.ClientSession, method: str
) -> None:
    ts = (await client.chat_postMessage(channel=INCIDENTS, text="old"))["ts"]
    await ana.posts("faults", [{"method": method, "kind": "timeout_after_success", "delay_ms": 1}])
    body = {"channel": INCIDENTS, "text": "new"} if method == "chat.postMessage" else {"channel": INCIDENTS, "ts": ts}
    body |= {"text": "new"} if method == "chat.update" else {}
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.post(f"{box.api_url}{method}", json=body, headers={"Authorization": f"Bearer {box.bot_token}"})

    assert await texts(ana) == {"chat.postMessage": ["old", "new"], "chat.update": ["new"], "chat.delete": []}[method]


async def test_a_method_is_limited_alone(ana: Person, client: AsyncWebClient) -> None:
    await ana.posts("faults", [{"method": "chat.update", "kind": "ratelimited", "retry_after": 30}])
    ts = str((await client.chat_postMessage(channel=INCIDENTS, text="x"))["ts"])
    with pytest.raises(SlackApiError) as caught:
        await client.chat_update(channel=INCIDENTS, ts=ts, text="y")

    answer = caught.value.response
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert answer.data == {"ok": False, "error": "ratelimited"}
    assert await texts(ana) == ["x"]


async def test_a_slow_answer_comes_in_the_end(box: Sandbox, ana: Person, client: AsyncWebClient) -> None:
    await ana.posts("faults", [{"method": "chat.postMessage", "kind": "slow", "delay_ms": 60_000}])
    posting = asyncio.create_task(client.chat_postMessage(channel=INCIDENTS, text="x"))
    async with asyncio.timeout(5):
        while not box.dispatcher.in_flight:  # noqa: ASYNC110 - calls ring no bell when they begin
            await asyncio.sleep(0.01)
    assert await texts(ana) == []
    await ana.does("clock", advance_s=60)

    assert (await posting)["ok"]
    assert await texts(ana) == ["x"]


@pytest.mark.parametrize(
    "kind, status, shown",
    [("http_500", 500, []), ("ratelimited", 429, []), ("connection_reset", 0, []), ("timeout_after_success", 0, ["x"])],
)
async def test_a_response_url_can_fail_too(
    box: Sandbox, ana: Person, socket: Socket, session: aiohttp.ClientSession, kind: str, status: int, shown: list[str]
) -> None:
    await ana.does("command", channel="#incidents", command="/test")
    url = socket.received[-1]["payload"]["response_url"]
    await ana.posts("faults", [{"method": "response_url", "kind": kind, "delay_ms": 1}])
    got = 0
    with suppress(aiohttp.ClientConnectionError):
        async with session.post(url, json={"text": "x"}) as answer:
            got = answer.status

    assert got == status
    assert await whispers(ana) == shown
    assert [entry["http"] for entry in await ana.log("api", method="response_url")] == [status]


async def test_an_upload_can_fail_too(ana: Person, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
    place = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    await ana.posts("faults", [{"method": "upload", "kind": "http_500", "times": 1}])
    statuses = [(await session.post(str(place["upload_url"]), data=b"abc")).status for _ in range(2)]

    assert statuses == [500, 200]
    assert (await client.files_completeUploadExternal(files=[{"id": place["file_id"], "title": "a"}]))["ok"]


# --- what a fault is


@pytest.mark.parametrize(
    "fault, words",
    [
        ({"method": "chat.post", "kind": "slow"}, "there is no method chat.post"),
        ({"event": "messages", "kind": "slow"}, "there is no event messages"),
        ({"event": "message", "kind": "http_500"}, "there is no fault 'http_500' for a event"),
        ({"method": "*", "kind": "doubled"}, "there is no fault 'doubled' for a method"),
        ({"method": "upload", "kind": "error:x"}, "there is no fault 'error:x' for a method"),
        ({"method": "*", "kind": "slow", "delay_ms": "long"}, "delay_ms must be a number that is not negative"),
        ({"method": "*", "kind": "slow", "times": 0.5}, "times must be a whole number that is not negative"),
        ({"method": "*", "kind": "slow", "rate": -1}, "rate must be a number that is not negative"),
        ({"method": "*", "kind": "slow", "retry_after": True}, "retry_after must be a whole number"),
    ],
)
async def test_a_fault_that_would_never_strike_is_refused(ana: Person, fault: Json, words: str) -> None:
    status, told = await ana.posts("faults", [fault])

    assert (status, told["error"][: len(words)]) == (400, words)


async def test_one_can_look_what_is_left_of_the_faults(ana: Person, client: AsyncWebClient) -> None:
    await ana.posts("faults", [{"method": "auth.test", "kind": "slow", "times": 2, "delay_ms": 1}])
    await client.auth_test()
    told = await ana.reads("faults")

    assert [(fault["name"], fault["kind"], fault["times"]) for fault in told["faults"]] == [("auth.test", "slow", 1)]
    assert told["struck"] == {"slow": 1}


async def test_faults_with_a_rate_strike_alike_for_the_same_seed(
    box: Sandbox, ana: Person, client: AsyncWebClient
) -> None:
    async def play() -> tuple[list[str], Json]:
        box.faults.dice.seed("harbour")
        await ana.posts("faults", [{"method": "auth.test", "kind": "error:fatal_error", "rate": 0.5}])
        for _ in range(20):
            with suppress(SlackApiError):
                await client.auth_test()
        struck: Json = (await ana.posts("faults", []))[1]["struck"]
        return [str(entry["answer"].get("error")) for entry in (await ana.log("api"))[-20:]], struck

    first, second = await play(), await play()

    assert first == second
    assert first[1] == {"error:fatal_error": first[0].count("fatal_error")}
    assert 0 < first[0].count("fatal_error") < 20


# --- limits and time


@pytest.mark.parametrize("tier", [1, 2, 3, 4])
async def test_each_tier_has_its_calls_a_minute(box: Sandbox, tier: int) -> None:
    limits = Limits(box.clock)
    for _ in range(PER_MINUTE[tier]):
        limits.spend("a.method", tier)

    with pytest.raises(Exception, match="ratelimited"):
        limits.spend("a.method", tier)
    limits.spend("another.method", tier)
    box.clock.advance(60 / PER_MINUTE[tier])
    limits.spend("a.method", tier)


async def test_a_workspace_takes_several_hundred_messages_a_minute(box: Sandbox) -> None:
    limits = Limits(box.clock)
    for number in range(MESSAGES_PER_MINUTE):
        limits.spend_message(f"C{number}")

    with pytest.raises(Exception, match="ratelimited"):
        limits.spend_message("CNEW")


@pytest.fixture
async def little(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """Started with little history; other limits are off."""
    async with workspace(tmp_path, few=True) as box:
        yield box


async def test_little_history_is_fifteen_messages_a_call_and_one_call_a_minute(little: Sandbox) -> None:
    client = AsyncWebClient(token=little.bot_token, base_url=little.api_url)
    posted = [await client.chat_postMessage(channel=INCIDENTS, text=f"m{number}") for number in range(16)]
    root = str(posted[0]["ts"])
    for number in range(15):
        await client.chat_postMessage(channel=INCIDENTS, text=f"r{number}", thread_ts=root)

    told = await client.conversations_history(channel=INCIDENTS, limit=999)
    thread = await client.conversations_replies(channel=INCIDENTS, ts=root)
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_history(channel="C0GENERAL0", limit=5)
    little.clock.advance(60)
    cursor = told["response_metadata"]["next_cursor"]
    rest = await client.conversations_history(channel=INCIDENTS, limit=999, cursor=cursor)

    assert (len(told["messages"]), told["has_more"]) == (15, True)
    assert (len(thread["messages"]), thread["has_more"]) == (15, True)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "60"
    assert [message["ts"] for message in rest["messages"]] == [root]


async def test_little_history_can_be_switched_on_and_off(ana: Person, box: Sandbox, client: AsyncWebClient) -> None:
    for number in range(16):
        await client.chat_postMessage(channel=INCIDENTS, text=f"m{number}")
    await ana.posts("history", {"few": True})
    assert len((await client.conversations_history(channel=INCIDENTS))["messages"]) == 15
    assert await refusal(client.conversations_history(channel=INCIDENTS)) == "ratelimited"

    await ana.posts("history", {"few": False})
    assert len((await client.conversations_history(channel=INCIDENTS))["messages"]) == 16
    assert await ana.is_refused("history", few="yes") == "few must be true or false"
    await ana.posts("history", {"few": True})
    await box.reset()
    assert not box.limits.few


@pytest.mark.usefixtures("impatient")
async def test_only_limits_and_retries_run_faster(fast: Sandbox, session: aiohttp.ClientSession) -> None:
    ana = Person(session, fast.url, "ana")
    async with connected(fast) as socket:
        socket.answers = False
        sending = asyncio.create_task(ana.does("message", channel="#incidents", text="x"))
        await socket.next(1)
        await ana.does("clock", advance_s=2.5)
        assert not sending.done()
        await ana.does("clock", advance_s=0.6)

        assert (await sending)["ack"]["status"] == "timeout"
        socket.answers = True
        await ana.does("clock", advance_s=3.1)
        await socket.next(3)
    assert [envelope["retry_attempt"] for envelope in socket.received] == [0, 1, 2]


def test_time_cannot_stand_still(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["--fast", "0"])

    assert "time cannot stand still" in capsys.readouterr().err


async def test_a_wrong_token_is_refused_whatever_else_is_wrong(box: Sandbox, ana: Person) -> None:
    await ana.posts("faults", [{"method": "chat.postMessage", "kind": "slow", "delay_ms": 1}])
    stranger = AsyncWebClient(token="xoxb-wrong", base_url=box.api_url)

    assert await refusal(stranger.chat_postMessage(channel=INCIDENTS, text="x")) == "invalid_auth"
