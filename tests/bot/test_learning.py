"""What the bot asks Slack at its start."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import learning
from domain import db
from sandbox import server
from sandbox.server import Sandbox

MANIFEST = Path(__file__).parents[2] / "manifest.yaml"


@pytest.fixture
async def slack() -> AsyncIterator[Sandbox]:
    async with server.serve(manifest=MANIFEST, limits=False) as sandbox:
        yield sandbox


async def learnt(slack: Sandbox, engine: AsyncEngine, *faults: dict[str, object]) -> learning.Learnt:
    async with ClientSession() as session:
        await (await session.post(f"{slack.url}/control/faults", json=faults)).read()
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        me = {"team_id": slack.team_id, "url": "https://harbour.slack.com/"}
        return await learning.everything(client, db.transactions(engine), me, "#incidents")


async def test_what_passes_soon_at_the_start_is_waited_for(slack: Sandbox, engine: AsyncEngine) -> None:
    found = await learnt(
        slack,
        engine,
        {"method": "users.conversations", "kind": "http_500", "times": 1},
        {"method": "users.conversations", "kind": "ratelimited", "retry_after": 1, "times": 1},
        {"method": "users.list", "kind": "connection_reset", "times": 1},
    )

    assert found == learning.Learnt("C0INCIDENT", knows_channels=True)


async def test_what_does_not_pass_costs_no_start(
    slack: Sandbox, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "LONGEST_WAIT_S", 0)

    found = await learnt(slack, engine, {"method": "users.conversations", "kind": "connection_reset"})

    assert found == learning.Learnt(None, knows_channels=False)


async def test_nobody_counts_as_gone_from_a_private_channel_before_every_page_came(
    slack: Sandbox, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = text("SELECT slack_user_id FROM channel_member WHERE channel_id = 'C0SECURITY' ORDER BY 1")
    await learnt(slack, engine)
    async with engine.connect() as connection:
        before = list(await connection.scalars(members))

    monkeypatch.setattr(learning, "PAGE", 1)
    monkeypatch.setattr(learning, "MOST_PAGES", 1)
    await learnt(slack, engine)

    async with engine.connect() as connection:
        assert len(before) > 1
        assert list(await connection.scalars(members)) == before
