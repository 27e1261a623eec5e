"""A workspace removes the app, or Slack takes its token no more: that one waits, the others go on."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.installing.registry import Registry
from bot.installing.renewing import Renewing
from domain import installations, outbox
from domain.outbox import Topic
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import answer
from tests.installing.conftest import Browser, Slack, install, until

HARBOUR, LAGOON = "T0HARBOUR0", "T0LAGOON00"


async def both_installed(slack: Slack, browser: Browser) -> None:
    for workspace in slack.both:
        await install(slack, workspace, browser)


async def opens(workspace: Workspace, title: str) -> None:
    """Also while what another workspace waits for stands in the outbox."""
    await workspace.stage.command("ana", "#incidents", f'quick "{title}"')
    await workspace.stage.card("#incidents", title)


async def waiting(slack: Slack, team: str) -> int:
    rows = "SELECT 1 FROM outbox WHERE workspace_id = :team AND gave_up_at IS NULL"
    return len(await slack.rows(rows, team=team))


async def refused(workspace: Workspace) -> bool:
    body = {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "list"}
    told = await workspace.control("command", body)
    return "not installed" in told["ack"]["body"]["text"]


async def test_who_removes_it_is_served_no_more_and_its_tokens_are_gone(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await both_installed(slack, browser)
        await slack.harbour.opened("Disk full")
        assert (await slack.harbour.control("uninstall", {}))["ack"]["status"] == "acked"

        assert await refused(slack.harbour)
        assert bot.houses.of(HARBOUR) is None
        tokens = "SELECT team_id FROM slack_bots UNION ALL SELECT team_id FROM slack_installations"
        assert {team for (team,) in await slack.rows(tokens)} == {LAGOON}
        assert await slack.rows("SELECT title FROM incident") == [("Disk full",)]
        await opens(slack.lagoon, "Printer on fire")


async def test_what_waits_for_it_is_left_alone_and_sent_when_it_is_back(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await both_installed(slack, browser)
        card = await slack.harbour.opened("Disk full")
        await slack.harbour.control("uninstall", {})
        incident = (await slack.rows("SELECT id FROM incident"))[0][0]
        async with bot.houses.begin() as session:
            await outbox.add(session, outbox.row(Topic.INCIDENT_CHANGED, workspace_id=HARBOUR, incident_id=incident))
        await opens(slack.lagoon, "Printer on fire")

        async def is_parked() -> bool:
            far = "SELECT 1 FROM outbox WHERE due_at > now() + interval '1 year' AND leased_by IS NULL"
            return len(await slack.rows(far)) == await waiting(slack, HARBOUR) == 1

        await until(is_parked)
        mark = await slack.harbour.mark()
        await install(slack, slack.harbour, browser)
        await slack.harbour.delivered()

        assert "chat.update" in await slack.harbour.calls(after=mark)
        await slack.harbour.stage.click("ben", "#incidents", card, "incident.take")


async def test_news_of_an_end_that_come_after_it_was_installed_again_end_nothing(
    slack: Slack, browser: Browser
) -> None:
    async with slack.served() as bot:
        await install(slack, slack.harbour, browser)
        async with bot.houses.begin() as session:
            await session.execute(text("UPDATE installation SET installed_at = now() + interval '1 minute'"))
        await slack.harbour.sandbox.dispatcher.event({"type": "app_uninstalled", "event_ts": "1.2"}).first

        await slack.harbour.opened("Disk full")


async def test_a_person_s_own_token_that_ends_ends_nothing(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        await install(slack, slack.harbour, browser)
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": ["U0ANA00000"], "bot": []}, "event_ts": "1.2"}
        await slack.harbour.sandbox.dispatcher.event(revoked).first

        await slack.harbour.opened("Disk full")


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive", "token_expired"])
async def test_a_token_that_slack_refuses_stops_that_workspace_alone(
    slack: Slack, browser: Browser, error: str
) -> None:
    async with slack.served() as bot:
        await both_installed(slack, browser)
        await slack.harbour.control("oauth", {"end": error})
        await slack.harbour.stage.command("ana", "#incidents", "quick Disk full")

        async def is_stopped() -> bool:
            return bot.houses.of(HARBOUR) is None

        await until(is_stopped)
        await opens(slack.lagoon, "Printer on fire")
        assert await refused(slack.harbour)
        assert await slack.rows(
            "SELECT workspace_id, stopped_because FROM installation WHERE stopped_at > '-infinity'"
        ) == [(HARBOUR, error)]

        await install(slack, slack.harbour, browser)
        await slack.harbour.delivered()
        assert "Disk full" in str(await answer(slack.harbour, "show 1"))
        assert await slack.harbour.stage.card("#incidents", "Disk full")


async def test_what_slack_refused_by_mistake_goes_on_by_itself(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await both_installed(slack, browser)
        await slack.harbour.faults({"method": "chat.postMessage", "kind": "error:invalid_auth", "times": 1})
        await slack.harbour.stage.command("ana", "#incidents", "quick Disk full")

        async def is_stopped() -> bool:
            return bot.houses.of(HARBOUR) is None

        await until(is_stopped)
        assert isinstance(bot.houses, Registry)
        renewing = Renewing(bot.houses)
        assert not await renewing.try_one_again()
        later = installations.ASKED_AGAIN_AFTER + timedelta(seconds=1)
        async with bot.houses.begin() as session:
            await session.execute(text("UPDATE installation SET stopped_at = stopped_at - :later"), {"later": later})
        assert await renewing.try_one_again()
        await slack.harbour.delivered()

        assert await slack.harbour.stage.card("#incidents", "Disk full")


async def test_a_token_that_stays_refused_is_asked_for_now_and_then(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await install(slack, slack.harbour, browser)
        await slack.harbour.control("oauth", {"end": "invalid_auth"})
        assert isinstance(bot.houses, Registry)
        known = bot.houses.of(HARBOUR)
        assert known is not None
        assert await bot.houses.refused(known, "invalid_auth")
        assert await bot.houses.refused(known, "invalid_auth")  # what was on its way at the same time
        async with bot.houses.begin() as session:
            await session.execute(text("UPDATE installation SET stopped_at = stopped_at - interval '1 day'"))

        assert await Renewing(bot.houses).try_one_again()
        assert not await Renewing(bot.houses).try_one_again()

        assert await refused(slack.harbour)


async def test_what_is_put_off_at_the_very_moment_of_an_installation_is_sent(
    slack: Slack, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    putting_back = outbox.put_back

    async with slack.served() as bot:
        await both_installed(slack, browser)
        await opens(slack.harbour, "Disk full")
        await slack.harbour.delivered()
        [served] = [each for each in bot.houses.all() if each.house.workspace_id == HARBOUR]

        async def just_installed(*given: Any, **how: Any) -> None:
            bot.houses.add(served)
            await putting_back(*given, **how)

        monkeypatch.setattr(outbox, "put_back", just_installed)
        [(incident_id,)] = await slack.rows("SELECT id FROM incident")
        del bot.houses._served[HARBOUR]
        async with bot.houses.begin() as session:
            row = outbox.row(Topic.INCIDENT_CHANGED, workspace_id=HARBOUR, incident_id=incident_id)
            await outbox.add(session, row)

        await slack.harbour.delivered()
        assert bot.houses.of(HARBOUR) is served
