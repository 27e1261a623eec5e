"""How payloads travel: Socket Mode, HTTP mode, deadlines, repetitions, limits and failures."""

import asyncio
import hashlib
import hmac
import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import __main__
from sandbox.http_mode import SIGNING_SECRET, signed
from sandbox.limits import CHANNEL_BURST
from sandbox.server import Sandbox
from tests.sandbox.conftest import Person, Socket, connected, refusal, workspace

Json = dict[str, Any]

INCIDENTS = "C0INCIDENT"


def sent(ana: Person, text: str = "x") -> "asyncio.Task[Json]":
    return asyncio.create_task(ana.does("message", channel="#incidents", text=text))


# --- Socket Mode


async def test_the_real_sdk_connects_and_answers(box: Sandbox, ana: Person, client: AsyncWebClient) -> None:
    app = AsyncApp(client=client)

    @app.command("/test")
    async def answer(ack: Any, command: Json) -> None:
        await ack(f"you said {command['text']}")

    handler = AsyncSocketModeHandler(app, box.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        told = await ana.does("command", channel="#incidents", command="/test", text="hello")
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]

    assert told["ack"]["body"] == {"text": "you said hello"}


async def test_hello_counts_the_connections(box: Sandbox, socket: Socket) -> None:
    async with connected(box) as second:
        assert (socket.hello["num_connections"], second.hello["num_connections"]) == (1, 2)
        assert second.hello["connection_info"] == {"app_id": "A0SANDBOX0"}


async def test_an_eleventh_connection_is_sent_away(box: Sandbox) -> None:
    sockets = [connected(box) for _ in range(10)]
    for socket in sockets:
        await socket.__aenter__()
    async with connected(box) as eleventh:
        assert (eleventh.hello["type"], eleventh.hello["reason"]) == ("disconnect", "too_many_websockets")
    for socket in sockets:
        await socket.__aexit__(None, None, None)


async def test_a_connection_needs_its_ticket(box: Sandbox, session: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(f"{box.url}/link/?ticket=mine")


async def test_each_payload_goes_to_one_connection(box: Sandbox, socket: Socket, ana: Person) -> None:
    async with connected(box) as second:
        for _ in range(20):
            await ana.does("command", channel="#incidents", command="/test")

        assert len(socket.received) + len(second.received) == 20
        assert 0 < len(socket.received) < 20


async def test_without_a_connection_there_is_nobody(ana: Person) -> None:
    answer = await ana.does("command", channel="#incidents", command="/test")

    assert answer["ack"]["status"] == "no_connection"


@pytest.mark.usefixtures("impatient")
async def test_an_unacknowledged_event_comes_again(ana: Person, socket: Socket) -> None:
    socket.answers = False
    sending = sent(ana)
    await socket.next(1)
    await ana.does("clock", advance_s=3)
    assert (await sending)["ack"]["status"] == "timeout"
    await socket.next(2)
    await ana.does("clock", advance_s=3)
    await ana.reads("wait", idle_ms=1)
    socket.answers = True
    await ana.does("clock", advance_s=60)
    await socket.next(3)
    await ana.reads("wait", idle_ms=20)

    assert [(e["retry_attempt"], e["retry_reason"]) for e in socket.received] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
    ]
    assert len({e["payload"]["event_id"] for e in socket.received}) == 1
    log = await ana.log("delivery")
    assert [(e["status"], e["attempt"]) for e in log] == [("timeout", 0), ("timeout", 1), ("acked", 2)]


async def test_after_the_third_repetition_an_event_is_lost(ana: Person, socket: Socket) -> None:
    await ana.posts("faults", [{"event": "message", "kind": "timeout"}])
    await ana.does("message", channel="#incidents", text="x")
    await ana.does("clock", advance_s=60)
    await ana.does("clock", advance_s=300)
    await ana.reads("wait", idle_ms=20)
    await ana.does("clock", advance_s=300)
    await ana.reads("wait", idle_ms=20)

    assert [e["attempt"] for e in await ana.log("delivery")] == [0, 1, 2, 3]
    assert socket.received == []


@pytest.mark.usefixtures("impatient")
async def test_an_interaction_is_never_repeated(ana: Person, socket: Socket) -> None:
    socket.answers = False
    calling = asyncio.create_task(ana.does("command", channel="#incidents", command="/test"))
    (envelope,) = await socket.next(1)
    await ana.does("clock", advance_s=3)

    assert (await calling)["ack"]["status"] == "timeout"
    assert envelope["accepts_response_payload"]
    assert "retry_attempt" not in envelope
    await socket.ack(envelope)
    await ana.reads("wait", idle_ms=20)
    assert len(await ana.log("delivery")) == 1


async def test_an_acknowledgement_may_come_through_another_connection(
    box: Sandbox, ana: Person, socket: Socket
) -> None:
    socket.answers = False
    sending = sent(ana)
    (envelope,) = await socket.next(1)
    async with connected(box) as second:
        await second.ack(envelope)

        assert (await sending)["ack"]["status"] == "acked"


async def test_a_disconnect_drops_the_sockets_for_a_while(
    box: Sandbox, ana: Person, socket: Socket, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    await ana.does("disconnect", reason="refresh_requested", for_s=30)
    lost = await ana.does("message", channel="#incidents", text="x")
    opened = await client.apps_connections_open(app_token=box.app_token)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(str(opened["url"]))
    await ana.does("clock", advance_s=31)
    async with connected(box) as back:
        await ana.does("clock", advance_s=60)
        await back.next(1)

        assert lost["ack"]["status"] == "no_connection"
        assert socket.received[-1]["reason"] == "refresh_requested"
        assert back.received[0]["retry_attempt"] == 2
    assert await ana.is_refused("disconnect", reason="tired") == "there is no reason tired"


async def test_a_warning_comes_ten_seconds_early(ana: Person, socket: Socket) -> None:
    await ana.does("disconnect", reason="warning")
    await socket.next(1)
    await ana.does("clock", advance_s=10)
    await socket.next(2)

    assert [frame["reason"] for frame in socket.received] == ["warning", "refresh_requested"]


async def test_an_event_can_be_delivered_again(ana: Person, socket: Socket) -> None:
    await ana.does("message", channel="#incidents", text="x")
    event_id = socket.received[0]["payload"]["event_id"]
    again = await ana.does("deliver", event_id=event_id, times=2)

    assert [ack["status"] for ack in again["acks"]] == ["acked", "acked"]
    assert [e["payload"]["event_id"] for e in socket.received] == [event_id] * 3
    assert await ana.is_refused("deliver", event_id="Ev1") == "there was no such event"


async def test_a_reset_forgets_everything_but_the_connections(
    box: Sandbox, ana: Person, socket: Socket, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel=INCIDENTS, text="x")
    socket.answers = False
    sending = sent(ana)
    await socket.next(2)
    await ana.does("reset")

    assert (await sending)["ack"]["status"] == "none"
    assert (await ana.channel(INCIDENTS))["messages"] == []
    assert await ana.log("api") == []
    assert (await ana.reads("state"))["connections"] == 1


# --- HTTP mode


@asynccontextmanager
async def request_url(answers: Any) -> AsyncIterator[tuple[str, list[Any]]]:
    """An app that keeps what it gets."""
    received: list[Any] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        received.append((request.headers, await request.read()))
        made: web.StreamResponse = await answers(len(received), received[-1][1])
        return made

    app = web.Application()
    app.router.add_post("/slack/events", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/slack/events", received
    finally:
        await runner.cleanup()


async def fine(_count: int, _body: bytes) -> web.Response:
    return web.Response()


async def test_posts_are_signed(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async with request_url(fine) as (url, received), workspace(tmp_path, request_url=url) as box:
        ana = Person(session, box.url, "ana")
        event = await ana.does("message", channel="#incidents", text="x")
        await ana.does("command", channel="#incidents", command="/test", text="a b")
        await ana.does("shortcut", callback_id="make")

        verifier = SignatureVerifier(SIGNING_SECRET)
        assert all(verifier.is_valid_request(body, dict(headers)) for headers, body in received)
        kinds = [headers["Content-Type"] for headers, _ in received]
        assert kinds == ["application/json", *["application/x-www-form-urlencoded"] * 2]
        assert json.loads(received[0][1])["event"]["ts"] == event["ts"]
        assert parse_qs(received[1][1].decode())["text"] == ["a b"]
        assert json.loads(parse_qs(received[2][1].decode())["payload"][0])["type"] == "shortcut"


def test_the_signature_is_slacks() -> None:
    headers = signed(b"a=b", at=1531420618)
    digest = hmac.new(SIGNING_SECRET.encode(), b"v0:1531420618:a=b", hashlib.sha256).hexdigest()

    assert headers == {"X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": f"v0={digest}"}


async def test_a_failed_event_is_posted_again_with_the_reason(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async def second_time(count: int, _body: bytes) -> web.Response:
        return web.Response(status=200 if count > 1 else 500)

    async with request_url(second_time) as (url, received), workspace(tmp_path, request_url=url) as box:
        ana = Person(session, box.url, "ana")
        answer = await ana.does("message", channel="#incidents", text="x")
        await ana.reads("wait", idle_ms=20)

        assert (answer["ack"]["status"], answer["ack"]["error"]) == ("error", "HTTP 500")
        assert "X-Slack-Retry-Num" not in received[0][0]
        assert [received[1][0][f"X-Slack-Retry-{name}"] for name in ("Num", "Reason")] == ["1", "http_error"]


async def test_the_app_can_ask_not_to_be_asked_again(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async def never(_count: int, _body: bytes) -> web.Response:
        return web.Response(status=500, headers={"x-slack-no-retry": "1"})

    async with request_url(never) as (url, received), workspace(tmp_path, request_url=url) as box:
        ana = Person(session, box.url, "ana")
        await ana.does("message", channel="#incidents", text="x")
        await ana.does("clock", advance_s=400)
        await ana.reads("wait", idle_ms=20)

        assert len(received) == 1


@pytest.mark.usefixtures("impatient")
async def test_a_slow_app_times_out(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    arrived, finish = asyncio.Event(), asyncio.Event()

    async def slow(_count: int, _body: bytes) -> web.Response:
        arrived.set()
        await finish.wait()
        return web.Response()

    async with request_url(slow) as (url, _), workspace(tmp_path, request_url=url) as box:
        ana = Person(session, box.url, "ana")
        calling = asyncio.create_task(ana.does("command", channel="#incidents", command="/test"))
        await arrived.wait()
        await ana.does("clock", advance_s=3)

        assert (await calling)["ack"]["status"] == "timeout"
        finish.set()


async def test_redirects_are_followed_twice(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async def round_and_round(_count: int, _body: bytes) -> web.Response:
        return web.Response(status=307, headers={"Location": "/slack/events"})

    async with request_url(round_and_round) as (url, received), workspace(tmp_path, request_url=url) as box:
        answer = await Person(session, box.url, "ana").does("command", channel="#incidents", command="/test")

        assert answer["ack"]["status"] == "error"
        assert len(received) == 2


async def test_nobody_listens_at_the_request_url(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async with request_url(fine) as (url, _):
        pass
    async with workspace(tmp_path, request_url=url) as box:
        answer = await Person(session, box.url, "ana").does("command", channel="#incidents", command="/test")

        assert answer["ack"]["status"] == "no_connection"


async def test_the_manifest_names_request_urls(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async with request_url(fine) as (url, received):
        settings = {
            "socket_mode_enabled": False,
            "event_subscriptions": {"bot_events": ["message.channels"], "request_url": url},
            "interactivity": {"is_enabled": True},
        }
        async with workspace(tmp_path, changes={"settings": settings}) as box:
            ana = Person(session, box.url, "ana")
            event = await ana.does("message", channel="#incidents", text="x")
            nowhere = await ana.does("shortcut", callback_id="make")

            assert (event["ack"]["status"], nowhere["ack"]["status"]) == ("acked", "no_connection")
            assert len(received) == 1


async def test_a_request_url_proves_itself(tmp_path: Path, session: aiohttp.ClientSession, ana: Person) -> None:
    async def echo(_count: int, body: bytes) -> web.Response:
        return web.json_response({"challenge": json.loads(body)["challenge"]})

    async def words(_count: int, body: bytes) -> web.Response:
        return web.Response(text=json.loads(body)["challenge"])

    for answers in (echo, words):
        async with request_url(answers) as (url, _), workspace(tmp_path, request_url=url) as box:
            assert (await Person(session, box.url, "ana").does("verify"))["ack"]["status"] == "acked"
    async with request_url(fine) as (url, _):
        assert await ana.is_refused("verify", url=url) == "the challenge did not come back"
    assert await ana.is_refused("verify") == "there is no request URL"


async def test_words_in_an_answer_are_shown(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    async def words(_count: int, _body: bytes) -> web.Response:
        return web.Response(text="hello there")

    async with request_url(words) as (url, _), workspace(tmp_path, request_url=url) as box:
        ana = Person(session, box.url, "ana")
        await ana.does("command", channel="#incidents", command="/test")

        assert (await ana.reads("state"))["ephemerals"]["U0ANA00000"][0]["text"] == "hello there"


# --- limits


async def test_a_channel_takes_one_message_a_second(tmp_path: Path) -> None:
    async with workspace(tmp_path, limits=True) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
        for _ in range(CHANNEL_BURST):
            await client.chat_postMessage(channel=INCIDENTS, text="x")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=INCIDENTS, text="x")
        response = caught.value.response
        assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "1")
        assert (await client.chat_postMessage(channel="C0GENERAL0", text="x"))["ok"]

        box.clock.advance(1)
        assert (await client.chat_postMessage(channel=INCIDENTS, text="x"))["ok"]


async def test_a_method_has_its_tier_and_time_can_run_faster(tmp_path: Path) -> None:
    async with workspace(tmp_path, limits=True, fast=1000.0) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
        box.limits._buckets["users.list"] = (0.0, box.clock.scaled() + 900)
        with pytest.raises(SlackApiError) as caught:
            await client.users_list()
        assert caught.value.response.headers["Retry-After"] == "0"

        box.clock.advance(910)
        assert (await client.users_list())["ok"]


# --- faults


async def test_calls_fail_as_often_as_asked(client: AsyncWebClient, ana: Person) -> None:
    await ana.posts(
        "faults",
        [
            {"method": "auth.test", "kind": "error:internal_error", "times": 1},
            {"method": "auth.test", "kind": "ratelimited", "times": 1, "retry_after": 7},
            {"method": "auth.test", "kind": "http_500", "times": 1},
            {"method": "*", "kind": "slow", "times": 1, "delay_ms": 1},
            {"method": "*", "kind": "ratelimited", "rate": 0},
        ],
    )

    assert await refusal(client.auth_test()) == "internal_error"
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 500
    assert (await client.auth_test())["ok"]
    assert (await client.auth_test())["ok"]
    assert [e["http"] for e in await ana.log("api", method="auth.test")] == [200, 429, 500, 200, 200]


@pytest.mark.parametrize("kind, posts", [("connection_reset", 0), ("timeout", 0), ("timeout_after_success", 1)])
async def test_an_answer_may_never_come(
    box: Sandbox, ana: Person, session: aiohttp.ClientSession, kind: str, posts: int
) -> None:
    await ana.posts("faults", [{"method": "chat.postMessage", "kind": kind, "times": 1, "delay_ms": 1}])
    headers = {"Authorization": f"Bearer {box.bot_token}"}
    body = {"channel": INCIDENTS, "text": "x"}

    with pytest.raises(aiohttp.ClientConnectionError):
        await session.post(f"{box.api_url}chat.postMessage", json=body, headers=headers)
    assert len((await ana.channel(INCIDENTS))["messages"]) == posts
    assert [e["http"] for e in await ana.log("api", method="chat.postMessage")] == [0]


async def test_a_client_that_gives_up_ends_the_silence(box: Sandbox, ana: Person) -> None:
    await ana.posts("faults", [{"method": "auth.test", "kind": "timeout"}])
    async with aiohttp.ClientSession() as impatient:
        with pytest.raises(TimeoutError):
            await impatient.post(f"{box.api_url}auth.test", timeout=aiohttp.ClientTimeout(total=0.2))
    await ana.reads("wait", idle_ms=1)

    assert len(await ana.log("api", method="auth.test")) == 1


async def test_a_delivery_can_be_late_or_seem_lost(ana: Person, socket: Socket) -> None:
    await ana.posts(
        "faults",
        [
            {"event": "message", "kind": "slow", "times": 1, "delay_ms": 5000},
            {"event": "message", "kind": "timeout_after_success", "times": 1},
        ],
    )
    late = sent(ana, "first")
    await ana.reads("wait", channel="incidents", contains="first")
    seemingly_lost = await ana.does("message", channel="#incidents", text="second")
    await ana.does("clock", advance_s=5)
    await late
    await ana.reads("wait", idle_ms=20)

    assert seemingly_lost["ack"]["status"] == "timeout"
    assert [e["text"] for e in socket.events()] == ["second", "second", "first"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "slow"},
        {"method": "*", "event": "*", "kind": "slow"},
        {"method": "*", "kind": "fire"},
        {"event": "*", "kind": "error:x"},
        {"method": "*", "kind": "slow", "until": 1},
    ],
)
async def test_a_fault_must_make_sense(ana: Person, fault: Json) -> None:
    status, _ = await ana.posts("faults", [fault])

    assert status == 400


async def test_faults_are_cleared_by_an_empty_list(ana: Person, client: AsyncWebClient) -> None:
    await ana.posts("faults", [{"method": "*", "kind": "http_500"}])
    await ana.posts("faults", [])

    assert (await client.auth_test())["ok"]
    assert (await ana.posts("faults", {}))[0] == 400


# --- the server


async def test_many_sandboxes_run_side_by_side_and_leave_nothing(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with workspace(tmp_path) as first, workspace(tmp_path) as second, connected(second):
        assert first.url != second.url
    await asyncio.sleep(0)

    assert asyncio.all_tasks() - before == set()


async def test_it_stops_at_once_whoever_still_waits(
    tmp_path: Path, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with workspace(tmp_path) as box, aiohttp.ClientSession() as other:
        ana = Person(other, box.url, "ana")
        stream = await other.get(f"{box.url}/control/stream")
        async with connected(box) as socket:
            socket.answers = False
            waiting = [
                asyncio.create_task(ana.does("command", channel="#incidents", command="/test")),
                asyncio.create_task(ana.reads("wait", channel="#incidents", contains="never", timeout_s=600)),
            ]
            await socket.next(1)
            await box.close()
            command, nothing = await asyncio.gather(*waiting)
        assert b"change" in await stream.read()

    assert (command["ack"]["status"], nothing["error"]) == ("timeout", "timeout")
    assert caplog.records == []


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    async with workspace(tmp_path) as box:
        port = int(box.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with workspace(tmp_path, port=port):
                pass


async def test_the_command_line_serves_until_it_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with workspace(tmp_path):
        pass
    written, said = io.StringIO(), asyncio.Event()
    monkeypatch.setattr(written, "flush", said.set)
    monkeypatch.setattr(sys, "stdout", written)
    words = ["--port", "0", "--manifest", str(tmp_path / "manifest.yaml")]
    running = asyncio.create_task(__main__._run(__main__._parser().parse_args(words)))
    await said.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert written.getvalue().startswith("http://127.0.0.1:")


async def test_the_command_line_says_where_it_listens(tmp_path: Path) -> None:
    async with workspace(tmp_path):
        pass
    words = ["-m", "sandbox", "--port", "0", "--manifest", str(tmp_path / "manifest.yaml"), "--limits", "off"]
    words += ["--history", "few"]
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    process.terminate()
    await process.wait()

    assert line.startswith("http://127.0.0.1:")
    assert "xoxb-" in line
