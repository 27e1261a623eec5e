"""Whoever records Slack's signed requests on their way and sends them again changes nothing."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from domain.models import Base
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import superuser
from tests.end_to_end.test_http_mode import KEY, by_http
from tests.end_to_end.test_questions import last_ephemeral
from tests.ports import free_port

SIGNED = ("Content-Type", "X-Slack-Request-Timestamp", "X-Slack-Signature")
SAID_BEFORE = "This was saved already; nothing was done twice."


@dataclass
class Listener:
    """Hands Slack's requests on to the bot, and keeps what people did."""

    bot: str
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def pass_on(self, request: web.Request) -> web.Response:
        headers, body = {name: request.headers[name] for name in SIGNED}, await request.read()
        if "json" not in headers["Content-Type"]:  # events come again by themselves, and are tested there
            self.heard.append((headers, body))
        try:
            status, said = await self.send(headers, body)
        except aiohttp.ClientError:  # the bot stopped
            return web.Response(status=502)
        return web.Response(status=status, text=said, content_type="application/json")

    async def send(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        url = f"{self.bot}/slack/events"
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answered:
            return answered.status, await answered.text()


@dataclass
class Tapped:
    """A workspace whose requests somebody listens to."""

    workspace: Workspace
    listener: Listener

    async def state(self) -> dict[str, str]:
        """A print of each table, once nothing is under way."""
        await self.workspace.stage.quiet()
        await self.workspace.delivered()
        whole = "SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM \"{}\" t"
        names = [table.name for table in Base.metadata.sorted_tables]
        told = {name: await self.workspace.rows(whole.format(name)) for name in names}
        return {name: hashlib.sha256(rows[0][0].encode()).hexdigest() for name, rows in told.items()}

    async def seen(self) -> list[tuple[str, str]]:
        """All messages that people see, but not what only one person is told."""
        channels = (await self.workspace.stage.state())["channels"]
        return [(m["ts"], m["text"]) for c in channels for m in c["messages"] if not m.get("is_ephemeral")]

    async def replayed(self) -> tuple[int, str]:
        """Send the last request once more, byte by byte; the answer. It must have changed nothing."""
        headers, body = self.listener.heard[-1]
        assert SignatureVerifier(KEY).is_valid_request(body, headers)
        before = await self.state(), await self.seen()
        answered = await self.listener.send(headers, body)
        after = await self.state(), await self.seen()
        assert after == before
        return answered


@pytest.fixture
async def tapped(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tapped]:
    port = free_port()
    listener = Listener(f"http://127.0.0.1:{port}")
    async with listening(listener) as through:
        keys = {"secret_key": SecretStr("0123456789abcdef" * 4)}
        async with by_http(database_url, monkeypatch, port=port, through=through, **keys) as (workspace, _):
            yield Tapped(workspace, listener)


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/slack/events", listener.pass_on)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "line",
    [
        "quick Disk full again",
        "comment 1 vendor called",
        "token create deployment script",
        "admin category add hardware",
        "admin digest add #incidents 09:00",
        "admin nudge critical unassigned 15m",
        "p 1 critical",
        "assign 1 @chloe",
        "rename 1 Disk full on db1",
        "undo",
        "take 1",
        "resolve 1 freed space",
    ],
)
async def test_a_command_that_is_sent_twice_changes_something_once(tapped: Tapped, line: str) -> None:
    workspace = tapped.workspace
    await superuser(workspace, "ana")
    await workspace.stage.command("chloe", "#incidents", "whoami")
    await workspace.opened("Disk full")
    await workspace.stage.command("ana", "#incidents", "p 1 low")
    before = await tapped.state()

    await workspace.stage.command("ana", "#incidents", line)
    assert await tapped.state() != before
    status, said = await tapped.replayed()

    assert (status, json.loads(said)["response_type"]) == (200, "ephemeral")
    assert "it_" not in said
    assert any(words in said for words in ("already", "Nothing to do: "))


async def test_what_only_reads_may_be_asked_twice(tapped: Tapped) -> None:
    await tapped.workspace.opened("Disk full")
    await tapped.workspace.stage.command("ben", "#incidents", "show 1")

    _, said = await tapped.replayed()

    assert "Disk full" in said


async def test_a_value_that_was_put_back_meanwhile_stays_so(tapped: Tapped) -> None:
    workspace = tapped.workspace
    await workspace.opened("Disk full")
    await workspace.stage.command("ana", "#incidents", "p 1 critical")
    headers, body = tapped.listener.heard[-1]
    await workspace.stage.command("ana", "#incidents", "p 1 low")
    before = await tapped.state()

    _, said = await tapped.listener.send(headers, body)

    assert SAID_BEFORE in said
    assert await tapped.state() == before


async def test_the_same_command_twice_at_the_same_moment_opens_one_incident(tapped: Tapped) -> None:
    workspace = tapped.workspace
    await workspace.stage.command("ana", "#incidents", "list")
    _, body = tapped.listener.heard[-1]
    typed = body.replace(b"text=list", b"text=quick+Disk+full")
    stamp = str(int(time.time()))
    signature = SignatureVerifier(KEY).generate_signature(timestamp=stamp, body=typed) or ""
    headers = dict(zip(SIGNED, ("application/x-www-form-urlencoded", stamp, signature), strict=True))

    answers = await asyncio.gather(*(tapped.listener.send(headers, typed) for _ in range(3)))

    assert sorted(SAID_BEFORE in said for _, said in answers) == [False, True, True]
    assert await workspace.rows("SELECT number FROM incident") == [(1,)]
    assert await workspace.rows("SELECT last_number FROM workspace WHERE id = 'T0HARBOUR0'") == [(1,)]


async def test_a_click_that_is_sent_twice_changes_something_once(tapped: Tapped) -> None:
    workspace = tapped.workspace
    card = await workspace.opened("Disk full")
    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await tapped.replayed()

    await workspace.stage.command("ben", "#incidents", "unassign 1")
    await workspace.delivered()
    await tapped.replayed()
    assert await workspace.rows("SELECT assignee_id FROM incident") == [(None,)]


async def test_a_button_that_holds_a_line_is_pressed_once(tapped: Tapped) -> None:
    workspace = tapped.workspace
    await workspace.opened("Disk full")
    await workspace.stage.command("ana", "#incidents", "comment vendor called")
    asked = await last_ephemeral(workspace, "U0ANA00000")
    await workspace.stage.click("ana", "#incidents", asked, "line.run:0")
    assert [said for _, said in await workspace.comments()] == ["vendor called"]

    await tapped.replayed()

    assert [said for _, said in await workspace.comments()] == ["vendor called"]


async def test_forms_that_are_sent_twice_change_something_once(tapped: Tapped) -> None:
    workspace, stage = tapped.workspace, tapped.workspace.stage
    await stage.command("ana", "#incidents", "new Disk full")
    await stage.submit("ana")
    await tapped.replayed()
    assert await workspace.rows("SELECT number FROM incident") == [(1,)]

    await stage.command("ana", "#incidents", "comment 1")
    await stage.submit("ana", comment="vendor called")
    await tapped.replayed()
    assert [said for _, said in await workspace.comments()] == ["vendor called"]

    await stage.command("ana", "#incidents", "resolve 1")
    await stage.submit("ana", note="freed space")
    await tapped.replayed()
    await stage.command("ana", "#incidents", "reopen 1")
    resolving = tapped.listener.heard[-2]
    before = await tapped.state()
    await tapped.listener.send(*resolving)
    assert await tapped.state() == before


async def test_an_edit_by_form_is_not_made_again_when_it_was_taken_back(tapped: Tapped) -> None:
    workspace, stage = tapped.workspace, tapped.workspace.stage
    await workspace.opened("Disk full")
    await stage.command("ana", "#incidents", "edit 1")
    await stage.submit("ana", title="Disk full on db1")
    editing = tapped.listener.heard[-1]
    await stage.command("ana", "#incidents", "undo")
    before = await tapped.state()

    status, _ = await tapped.listener.send(*editing)

    assert status == 200
    assert await tapped.state() == before
    assert await workspace.rows("SELECT title FROM incident") == [("Disk full",)]


@pytest.mark.parametrize("act", ["command", "click", "form"])
@pytest.mark.parametrize("age_s, secret", [(400, KEY), (0, "0" * 32)], ids=["stale", "forged"])
async def test_what_is_signed_long_ago_or_by_somebody_else_changes_nothing(
    tapped: Tapped, act: str, age_s: int, secret: str
) -> None:
    workspace, stage = tapped.workspace, tapped.workspace.stage
    card = await workspace.opened("Disk full")
    if act == "command":
        await stage.command("ana", "#incidents", "p 1 low")
    elif act == "click":
        await stage.click("ben", "#incidents", card, "incident.take")
    else:
        await stage.command("ana", "#incidents", "comment 1")
        await stage.submit("ana", comment="vendor called")
    headers, body = tapped.listener.heard[-1]
    stamp = str(int(time.time() - age_s))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or ""
    before = await tapped.state()

    status, _ = await tapped.listener.send(
        {**headers, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}, body
    )

    assert status == 401
    assert await tapped.state() == before
