"""HTTP mode: signed requests in, the same bot; and what watches over the process asks in both modes."""

import asyncio
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import aiohttp
import pytest
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import text

from bot import app
from bot.demo import MANIFEST
from bot.http import LARGEST_BODY
from bot.sync import Pace
from domain.models import Base
from migrations import run
from sandbox import server
from tests.end_to_end.conftest import Watched, Workspace, emptied, settings_of, working
from tests.end_to_end.eyes import answer, thread
from tests.engines import borrowed
from tests.ports import free_port

KEY = "0123456789abcdef" * 2


@asynccontextmanager
async def by_http(
    database_url: str, monkeypatch: pytest.MonkeyPatch, *, port: int = 0, through: str = "", **wishes: object
) -> AsyncIterator[tuple[Workspace, str]]:
    """The bot in HTTP mode, and where it listens.

    Args:
        through: where Slack posts to instead, for somebody who hands it on.
    """
    monkeypatch.setattr("sandbox.http_mode.SIGNING_SECRET", KEY)
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    async with borrowed(database_url) as engine:
        await emptied(engine)
        async with (
            server.serve(manifest=MANIFEST, limits=False, request_url=f"{through or url}/slack/events") as sandbox,
            aiohttp.ClientSession() as session,
        ):
            mode = {"slack_app_token": None, "slack_signing_secret": SecretStr(KEY)}
            chosen = settings_of(sandbox, port=port, host="127.0.0.1", **mode, **wishes)
            async with app.running(chosen, engine, pace=Pace(interval_s=0)) as bot:
                yield Workspace(Watched(session, sandbox.url, engine), sandbox, bot, engine, None), url  # type: ignore[arg-type]


@pytest.fixture
async def served(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Workspace, str]]:
    async with by_http(database_url, monkeypatch) as given:
        yield given


async def sent(
    url: str, body: bytes, *, secret: str = KEY, at: float | None = None, headers: Mapping[str, str] = {}
) -> tuple[int, str]:
    """A post, signed as Slack signs; the status and the answer."""
    stamp = str(int(at or time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body.decode("latin-1")) or ""
    given = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
        **headers,
    }
    async with aiohttp.ClientSession() as session, session.post(f"{url}/slack/events", data=body, headers=given) as got:
        return got.status, await got.text()


COMMAND = urlencode(
    {
        "command": "/incident", "text": "quick Disk full", "team_id": "T0HARBOUR0", "user_id": "U0ANA00000",
        "channel_id": "C0INCIDENT", "trigger_id": "1.2.abc", "response_url": "http://127.0.0.1:9/none",
    }
).encode()  # fmt: skip


async def test_a_whole_incident_by_signed_requests(served: tuple[Workspace, str]) -> None:
    workspace, _ = served
    card = await workspace.opened("Disk full")
    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
    await workspace.delivered()

    assert "Done" in await answer(workspace, "resolve 1 freed space")
    await workspace.delivered()

    assert "Which disk?" in str(await workspace.comments())
    assert "freed space" in str(await thread(workspace, card))


@pytest.mark.parametrize(
    "headers, secret, age_s",
    [
        ({}, "0" * 32, 0),
        ({}, KEY, 400),
        ({}, KEY, -400),
        ({"X-Slack-Signature": ""}, KEY, 0),
        ({"X-Slack-Signature": "v0=" + "0" * 64}, KEY, 0),
        ({"X-Slack-Signature": "v0=é"}, KEY, 0),
        ({"X-Slack-Request-Timestamp": "soon"}, KEY, 0),
        ({"X-Slack-Request-Timestamp": "9" * 400}, KEY, 0),
    ],
    ids=["another secret", "old", "from the future", "unsigned", "forged", "no ASCII", "no time", "a long time"],
)
async def test_what_slack_did_not_sign_just_now_is_turned_away_and_changes_nothing(
    served: tuple[Workspace, str], headers: dict[str, str], secret: str, age_s: float
) -> None:
    workspace, url = served

    status, said = await sent(url, COMMAND, secret=secret, at=time.time() - age_s, headers=headers)

    assert (status, "Traceback" in said) == (401, False)
    assert await workspace.rows("SELECT 1 FROM incident") == []


async def test_a_body_that_is_no_request_gets_the_right_status_and_no_work(served: tuple[Workspace, str]) -> None:
    workspace, url = served
    before = await kept(workspace)

    for body, kind, expected in [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b"payload=%7B", "application/x-www-form-urlencoded", 400),
        (b"payload=3", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/json", 401),
        (b"", "application/json", 400),
        (b"x" * (LARGEST_BODY + 1), "application/json", 413),
    ]:
        stamp = str(int(time.time()))
        signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": _signature(stamp, body)}

        status, said = await sent(url, body, headers={**signed, "Content-Type": kind})

        assert (status, "Traceback" in said) == (expected, False), body[:80]
        assert await kept(workspace) == before, body[:80]


async def kept(workspace: Workspace) -> dict[str, int]:
    """How many rows each table has."""
    tables = [table.name for table in Base.metadata.sorted_tables]
    return {name: len(await workspace.rows(f'SELECT 1 FROM "{name}"')) for name in tables}  # noqa: S608


async def test_a_large_body_that_does_not_say_how_large_it_is_is_refused_as_soon_as_that_shows(
    served: tuple[Workspace, str],
) -> None:
    workspace, url = served
    before = await kept(workspace)
    chunk, sent_away = COMMAND + b"&x=" + b"x" * 100_000, 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent_away
        while sent_away < 100 * LARGEST_BODY:
            sent_away += len(chunk)
            yield chunk

    async with aiohttp.ClientSession() as session:
        stamp = str(int(time.time()))
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + "0" * 64}
        async with session.post(f"{url}/slack/events", data=endless(), headers=headers) as got:
            assert got.request_info.headers.get("Content-Length") is None
            assert got.status == 413

    assert sent_away < 50 * LARGEST_BODY
    assert await kept(workspace) == before


def _signature(stamp: str, body: bytes) -> str:
    """Also of what is no text."""
    return "v0=" + hmac.new(KEY.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()


async def test_slack_s_check_of_the_address_is_answered(served: tuple[Workspace, str]) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "say this", "token": "x"}).encode()

    status, said = await sent(served[1], body, headers={"Content-Type": "application/json"})

    assert (status, "say this" in said) == (200, True)


async def got(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answered:
        return answered.status, await answered.text()


async def test_who_watches_sees_that_it_lives_and_what_it_lacks(served: tuple[Workspace, str]) -> None:
    workspace, url = served
    assert (await got(f"{url}/healthz"))[0] == 200
    status, said = await got(f"{url}/readyz")
    assert (status, json.loads(said)) == (200, {"database": "ok", "migrations": "ok", "slack": "ok"})

    await workspace.changed("UPDATE alembic_version SET version_num = '0001'")
    try:
        status, said = await got(f"{url}/readyz")
    finally:
        await workspace.changed("UPDATE alembic_version SET version_num = :n", n=run.newest())

    assert (status, json.loads(said)["migrations"]) == (503, "not ok")


async def test_other_addresses_and_methods_are_refused(served: tuple[Workspace, str]) -> None:
    assert (await got(f"{served[1]}/slack/events"))[0] == 405
    assert (await got(f"{served[1]}/docs"))[0] == 404


async def test_in_socket_mode_the_web_server_takes_no_requests_of_slack(database_url: str) -> None:
    port = free_port()
    async with working(database_url, port=port):
        url = f"http://127.0.0.1:{port}"
        assert (await got(f"{url}/readyz"))[0] == 200
        assert (await sent(url, COMMAND))[0] == 404
        assert "incident_tracker_socket_connections 1.0" in (await got(f"{url}/metrics"))[1]


async def test_who_is_not_connected_or_has_no_database_is_not_ready_and_lives_all_the_same(database_url: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with working(database_url, port=port) as workspace:
        async with workspace.engine.begin() as holding:
            await holding.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
            status, said = await got(f"{url}/readyz")
        assert (status, json.loads(said)) == (503, {"database": "not ok", "migrations": "not ok", "slack": "ok"})
        assert (await got(f"{url}/readyz"))[0] == 200

        await workspace.control("disconnect", {"reason": "lost", "for_s": 600})
        async with asyncio.timeout(20):
            while (await got(f"{url}/readyz"))[0] == 200:  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.05)
        status, said = await got(f"{url}/readyz")
        assert (status, json.loads(said)) == (503, {"database": "ok", "migrations": "ok", "slack": "not ok"})
        assert (await got(f"{url}/healthz"))[0] == 200


async def test_a_port_that_somebody_has_is_one_sentence(database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(app.StartError, match=f"Cannot listen on 127.0.0.1, port {port}: .* Set HOST or PORT"):
            async with working(database_url, port=port):
                pass


async def test_a_request_that_never_ends_does_not_keep_the_bot_from_stopping(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.http.STOPS_WITHIN_S", 1)
    async with asyncio.timeout(30):
        async with by_http(database_url, monkeypatch) as (_, url):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            writer.write(b"POST /slack/events HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nhalf")
            await writer.drain()
            await asyncio.sleep(0.1)
        said = await reader.read()
        writer.close()

    assert said.startswith(b"HTTP/1.1 503") or said == b""
    assert "Traceback" not in "".join(capfd.readouterr())
