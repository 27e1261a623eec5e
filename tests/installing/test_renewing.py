"""Tokens that end are renewed in time, by one process, and what is lost on the way is said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import app
from bot.installing.registry import Registry
from bot.installing.renewing import Renewing
from tests.installing.conftest import Browser, Slack, install, until
from tests.ports import free_port

HOUR, HALF_A_DAY = 3_600, 43_200


async def ending(slack: Slack, browser: Browser) -> None:
    """A workspace whose token ends within the hour; the next one will last."""
    await slack.harbour.control("oauth", {"rotates": True, "lasts_s": HALF_A_DAY})
    await install(slack, slack.harbour, browser)
    async with slack.engine.begin() as connection:
        for query in (
            "UPDATE slack_bots SET bot_token_expires_at = bot_token_expires_at - interval '11 hours'",
            "UPDATE installation SET expires_at = expires_at - interval '11 hours'",
        ):
            await connection.execute(text(query))


async def renewals(slack: Slack) -> int:
    """How often a refresh token was given to Slack."""
    log = await slack.harbour.log()
    return sum(entry["args"].get("grant_type") == "refresh_token" for entry in log if entry["kind"] == "api")


def registry_of(bot: app.Bot) -> Registry:
    assert isinstance(bot.houses, Registry)
    return bot.houses


@asynccontextmanager
async def two(slack: Slack) -> AsyncIterator[tuple[Registry, Registry]]:
    async with slack.served() as here, slack.served(port=free_port()) as there:
        yield registry_of(here), registry_of(there)


async def test_two_processes_renew_it_once_and_both_go_on_with_the_new_one(slack: Slack, browser: Browser) -> None:
    async with two(slack) as registries:
        await ending(slack, browser)
        before = {registry.client().token for registry in registries}
        done = await asyncio.gather(*[Renewing(registry).renew_one() for registry in registries for _ in range(3)])

        assert sum(done) == 1
        assert await renewals(slack) == 1
        assert not await Renewing(registries[0]).renew_one()

        async def have_it() -> bool:
            served = [registry.of("T0HARBOUR0") for registry in registries]
            tokens = {each.slack.token for each in served if each}
            return all(served) and len(tokens) == 1 and tokens != before

        await until(have_it)
        slack.harbour.sandbox.clock.advance(HALF_A_DAY - HOUR)
        await slack.harbour.opened("Disk full")


async def test_it_happens_by_itself(slack: Slack, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.installing.renewing.LOOK_S", 0.05)
    async with slack.served():
        await ending(slack, browser)

        async def is_renewed() -> bool:
            return await renewals(slack) == 1

        await until(is_renewed)
        await slack.harbour.opened("Disk full")


async def test_a_token_that_never_ends_is_left_alone(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await install(slack, slack.harbour, browser)

        assert not await Renewing(registry_of(bot)).renew_one()


async def test_a_new_token_is_kept_until_the_database_takes_it(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await ending(slack, browser)
        await slack.harbour.faults({"method": "oauth.v2.access", "kind": "slow", "delay_ms": 500, "times": 1})
        renewing = Renewing(registry_of(bot))
        asking = asyncio.create_task(renewing.renew_one())

        async def is_asked() -> bool:
            return bool(await slack.rows("SELECT 1 FROM installation WHERE busy_until > now()"))

        await until(is_asked)
        async with slack.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE slack_bots RENAME TO slack_bots_away"))
        await asyncio.sleep(1)
        asking.cancel()  # as a process that is stopped does
        async with slack.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE slack_bots_away RENAME TO slack_bots"))
        await renewing.finish()

        assert await renewals(slack) == 1
        await registry_of(bot).look()
        slack.harbour.sandbox.clock.advance(HALF_A_DAY - HOUR)
        await slack.harbour.opened("Disk full")


async def test_after_an_answer_that_was_lost_the_old_token_works_until_it_ends_and_the_log_says_what_to_do(
    slack: Slack, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack.served() as bot:
        await ending(slack, browser)
        installs = slack.harbour.sandbox.installs
        installs.refreshed(next(iter(installs.refreshing)))
        installs.give()

        assert await Renewing(registry_of(bot)).renew_one()
        assert not await Renewing(registry_of(bot)).renew_one()

        assert "install the app there again" in caplog.text
        await slack.harbour.opened("Disk full")


async def test_slack_that_is_away_is_asked_again_soon(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await ending(slack, browser)
        await slack.harbour.faults({"method": "oauth.v2.access", "kind": "http_500", "times": 1})
        renewing = Renewing(registry_of(bot))
        assert await renewing.renew_one()
        async with slack.engine.begin() as connection:
            passed = timedelta(minutes=1)
            await connection.execute(text("UPDATE installation SET busy_until = busy_until - :it"), {"it": passed})

        assert await renewing.renew_one()

        assert await renewals(slack) == 2
        assert not await renewing.renew_one()
