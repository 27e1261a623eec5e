"""A workspace installs the app by itself, and is served from then on."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from bot.app import Bot
from bot.demo import MANIFEST
from bot.health.checks import SCOPES
from bot.installing import pages, views
from bot.installing.registry import Registry
from domain import installations, tokens, users
from sandbox import manifest as manifests
from sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from tests.chaos.machines import Program
from tests.end_to_end.administering import IDS
from tests.end_to_end.eyes import answer
from tests.installing.conftest import KEY, SECRET_KEY, Browser, Slack, install, until
from tests.ports import free_port


async def token(slack: Slack, bot: Bot) -> str:
    """A program's, of Ana's."""

    async def is_served() -> bool:
        return bot.houses.of("T0HARBOUR0") is not None

    await until(is_served)
    await slack.harbour.stage.command("ana", "#general", "whoami")
    async with bot.houses.begin() as session:
        found = await users.find(session, "T0HARBOUR0", IDS["ana"])
        assert found is not None
        assert found[1] is not None
        return (await tokens.create(session, "a script", by=found[1])).token


async def test_two_workspaces_install_it_and_both_are_served(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        for workspace in slack.both:
            page = await install(slack, workspace, browser)
            assert "Installed" in page
            assert workspace.sandbox.workspace.team["name"] in page

            card = await workspace.opened("Disk full")
            await workspace.stage.click("ben", "#incidents", card, "incident.take")
            await workspace.delivered()
            assert "Disk full" in str(await answer(workspace, "show 1"))


async def test_what_is_installed_is_served_after_a_new_start(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        await install(slack, slack.lagoon, browser)

    async with slack.served():
        await slack.lagoon.opened("Disk full")


async def test_another_process_serves_it_at_once(slack: Slack, browser: Browser) -> None:
    async with slack.served() as here, slack.served(port=free_port()) as there:
        await install(slack, slack.lagoon, browser)
        assert here.houses.of("T0LAGOON00") is not None

        asked = await there.houses.found({"team_id": "T0LAGOON00"})  # as a request that comes there does

        assert asked is not None
        assert asked.house.workspace_id == "T0LAGOON00"


async def test_another_process_hears_of_it_without_being_asked(slack: Slack, browser: Browser) -> None:
    async with slack.served(), slack.served(port=free_port()) as there:
        await install(slack, slack.lagoon, browser)

        async def is_served() -> bool:
            return there.houses.of("T0LAGOON00") is not None

        await until(is_served)


async def test_the_channel_for_incidents_is_found_by_every_process_once_the_bot_is_invited(
    slack: Slack, browser: Browser
) -> None:
    for name in ("general", "incidents", "checkout", "security", "shared-partner"):
        await slack.harbour.control("member", {"user": "bot", "channel": f"#{name}", "leave": True})
    async with slack.served(), slack.served(port=(other := free_port())) as there:
        await install(slack, slack.harbour, browser)
        headers = {"Authorization": f"Bearer {await token(slack, there)}"}
        report = {"fingerprint": "disk", "title": "Disk full", "status": "firing"}

        async def taken(url: str) -> int:
            told = slack.harbour.stage.session.post(f"{url}/api/v1/alerts/generic", json=report, headers=headers)
            async with told as said:
                return said.status

        urls = (slack.url, f"http://127.0.0.1:{other}")
        assert [await taken(url) for url in urls] == [409, 409]
        await slack.harbour.stage.do("member", user="bot", channel="#incidents", join=True)

        async def are_open() -> bool:
            return [await taken(url) for url in urls] == [200, 200]

        await until(are_open)


async def test_nobody_works_for_a_workspace_that_did_not_install_it(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        await install(slack, slack.harbour, browser)
        body = {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "quick Disk full"}
        told = await slack.lagoon.control("command", body)
        said = await slack.lagoon.control("message", {"user": "ana", "channel": "#incidents", "text": "hello"})

        assert "not installed in this workspace" in told["ack"]["body"]["text"]
        assert said["ack"]["status"] == "acked"
        assert await slack.rows("SELECT 1 FROM incident UNION SELECT 1 FROM outbox") == []
        assert await slack.lagoon.calls() == []


async def test_nobody_begins_installations_without_end(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        async with browser.session.head(f"{slack.url}/slack/install") as answer:
            assert answer.status == 200
        assert await slack.rows("SELECT 1 FROM slack_oauth_states") == []
        for _ in range(30):
            assert "Add to Slack" in await browser.open(f"{slack.url}/slack/install")
        page = await browser.open(f"{slack.url}/slack/install")

    assert (browser.status, "Wait ten minutes" in page) == (429, True)
    assert await slack.rows("SELECT count(*) FROM slack_oauth_states") == [(30,)]


async def test_who_declines_is_told_that_nothing_happened(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        await browser.open(f"{slack.url}/slack/install")
        await browser.follow("Add to Slack")
        page = await browser.follow("Cancel")

        assert "You declined" in page
        assert await slack.rows("SELECT 1 FROM installation") == []
        await browser.follow("Try again")
        assert "Add to Slack" in browser.page


async def test_the_way_back_is_good_once_in_the_browser_that_began_and_for_ten_minutes(
    slack: Slack, browser: Browser
) -> None:
    stranger = Browser()
    try:
        async with slack.served():
            await browser.open(f"{slack.url}/slack/install")
            await browser.follow("Add to Slack")
            begun = browser.link("Allow as ana")
            assert "Begin once more" in await stranger.open(begun)
            await browser.open(begun)
            assert "Installed" in browser.page
            assert "Begin once more" in await browser.open(browser.url)
            assert "Begin once more" in await browser.open(f"{slack.url}/slack/oauth_redirect?code=a&state=b")
            assert browser.status == 400

            await browser.open(f"{slack.url}/slack/install")
            await browser.follow("Add to Slack")
            async with slack.engine.begin() as connection:
                await connection.execute(text("UPDATE slack_oauth_states SET expire_at = expire_at - interval '601 s'"))
            assert "Begin once more" in await browser.follow("Allow as ana")
    finally:
        await stranger.session.close()


async def test_two_that_come_back_with_the_same_state_at_once_are_not_both_let_in(
    slack: Slack, browser: Browser
) -> None:
    async with slack.served():
        await browser.open(f"{slack.url}/slack/install")
        [state] = parse_qs(urlsplit(browser.link("Add to Slack")).query)["state"]
        cookie = {pages.COOKIE: state}
        back = f"{slack.url}/slack/oauth_redirect?error=access_denied&state={state}"

        async def come() -> str:
            async with slack.harbour.stage.session.get(back, cookies=cookie) as shown:
                return await shown.text()

        shown = await asyncio.gather(*[come() for _ in range(6)])

    assert sum("You declined" in page for page in shown) == 1


@pytest.mark.parametrize(
    "query, words", [("code=unknown", "invalid_code"), ("error=server_error", "server_error"), ("error=<b>", "no code")]
)
async def test_what_slack_refuses_is_said(slack: Slack, browser: Browser, query: str, words: str) -> None:
    async with slack.served():
        await browser.open(f"{slack.url}/slack/install")
        [state] = parse_qs(urlsplit(browser.link("Add to Slack")).query)["state"]
        page = await browser.open(f"{slack.url}/slack/oauth_redirect?{query}&state={state}")

    assert browser.status == 400
    assert f"Slack refused it ({words})" in page


async def test_what_goes_wrong_while_installing_is_logged_with_the_request_s_id(
    slack: Slack, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack.served():
        await browser.open(f"{slack.url}/slack/install")
        [state] = parse_qs(urlsplit(browser.link("Add to Slack")).query)["state"]
        back = f"{slack.url}/slack/oauth_redirect?code=unknown&state={state}"
        cookie = {pages.COOKIE: state}
        asked = slack.harbour.stage.session.get(back, cookies=cookie, headers={"X-Request-Id": "from-the-proxy"})
        async with asked as shown:
            assert shown.headers["X-Request-Id"] == "from-the-proxy"

    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [line["request"] for line in told if line["event"] == "installation_refused"] == ["from-the-proxy"]


async def test_a_whole_organisation_is_refused_and_its_token_given_back(slack: Slack, browser: Browser) -> None:
    await slack.harbour.control("oauth", {"organisation": True})
    async with slack.served():
        page = await install(slack, slack.harbour, browser)

    assert browser.status == 400
    assert "Install it in the workspaces one by one" in page
    assert await slack.harbour.calls() == ["oauth.v2.access", "auth.revoke"]
    assert await slack.rows("SELECT 1 FROM installation") == []


async def test_slack_that_does_not_answer_is_said_without_a_stack_trace(slack: Slack, browser: Browser) -> None:
    await slack.harbour.faults({"method": "oauth.v2.access", "kind": "connection_reset", "times": 1})
    async with slack.served():
        page = await install(slack, slack.harbour, browser)

    assert browser.status == 503
    assert "does not answer" in page


async def test_the_page_tells_browsers_to_keep_it_to_themselves(slack: Slack) -> None:
    async with slack.served(), slack.harbour.stage.session.get(f"{slack.url}/slack/install") as shown:
        assert shown.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]
        cookie = shown.cookies[pages.COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "lax", "600")


async def test_installing_again_gives_it_another_token(slack: Slack, browser: Browser) -> None:
    async with slack.served() as bot:
        await install(slack, slack.harbour, browser)
        before = bot.houses.all()[0].slack.token
        await slack.harbour.control("oauth", {"end": "token_revoked"})
        await install(slack, slack.harbour, browser)

        await slack.harbour.opened("Disk full")

        assert bot.houses.all()[0].slack.token != before
        assert len(await slack.rows("SELECT 1 FROM slack_bots")) == 1
        assert len(await slack.rows("SELECT 1 FROM slack_installations")) == 1


async def test_no_token_stands_in_the_database_for_all_to_read(slack: Slack, browser: Browser) -> None:
    await slack.harbour.control("oauth", {"rotates": True})
    async with slack.served() as bot:
        await install(slack, slack.harbour, browser)
        token = bot.houses.all()[0].slack.token or ""

    tables = ("slack_bots", "slack_installations", "installation", "audit_entry", "outbox")
    stored = str([await slack.rows(f"SELECT * FROM {table}") for table in tables])  # noqa: S608
    assert token.startswith("xoxe.")
    assert token not in stored
    assert "xox" not in stored


async def test_with_another_secret_key_it_says_what_is_wrong_and_serves_the_others(
    slack: Slack, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack.served():
        await install(slack, slack.harbour, browser)
    slack.settings.secret_key = SecretStr(SECRET_KEY[::-1])

    async with slack.served() as bot:
        await install(slack, slack.lagoon, browser)
        await slack.lagoon.opened("Disk full")
        assert [served.house.workspace_id for served in bot.houses.all()] == ["T0LAGOON00"]

    assert "SECRET_KEY is not the one" in caplog.text


async def test_the_link_asks_for_the_scopes_of_the_manifest() -> None:
    assert set(manifests.load(MANIFEST).scopes) == set(SCOPES)
    link = views.authorize_url("https://slack.com/api/", client_id="1.2", scopes=["commands", "chat:write"], state="s")
    assert link.startswith("https://slack.com/oauth/v2/authorize?client_id=1.2&scope=commands%2Cchat%3Awrite")


async def test_slack_s_own_tables_have_the_columns_that_its_library_uses(slack: Slack) -> None:
    async with slack.served() as bot, bot.houses.begin() as session:
        assert isinstance(bot.houses, Registry)
        store = bot.houses.store(session)
        assert set(store.bots.c.keys()) == set(installations.BOTS.c.keys())
        assert set(store.installations.c.keys()) == set(installations.INSTALLATIONS.c.keys())


async def test_it_is_ready_and_measured_with_no_workspace_and_with_two(slack: Slack, browser: Browser) -> None:
    async with slack.served():
        for workspace in (None, *slack.both):
            if workspace:
                await install(slack, workspace, browser)
            await browser.open(f"{slack.url}/readyz")
            assert browser.status == 200
            assert "incident_tracker_outbox_waiting 0.0" in await browser.open(f"{slack.url}/metrics")


async def test_a_process_that_is_killed_serves_all_again_after_its_start(
    slack: Slack, browser: Browser, tmp_path: Path
) -> None:
    url = make_url(slack.engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {
        "SLACK_CLIENT_ID": CLIENT_ID,
        "SLACK_CLIENT_SECRET": CLIENT_SECRET,
        "SLACK_SIGNING_SECRET": KEY,
        "SECRET_KEY": SECRET_KEY,
        "SLACK_API_URL": slack.settings.slack_api_url,
        "DATABASE_URL": url,
        "PORT": str(slack.settings.port),
    }
    program = Program("bot", tmp_path, ["bot", "run"], environment)
    try:
        await program.start()
        assert await program.says("is ready"), program.log.read_text("utf8")
        await install(slack, slack.harbour, browser)
        await slack.harbour.opened("Disk full")
        await program.kill()
        await program.start()
        assert await program.says("is ready"), program.log.read_text("utf8")
        await slack.harbour.opened("Printer on fire")
    finally:
        await program.kill()
    assert "xox" not in program.log.read_text("utf8")


async def test_a_database_that_does_not_answer_is_said_and_what_is_served_goes_on_after_it(
    slack: Slack, browser: Browser
) -> None:
    async with slack.served():
        await install(slack, slack.harbour, browser)
        async with slack.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE installation RENAME TO installation_away"))
            await connection.execute(text("ALTER TABLE slack_oauth_states RENAME TO states_away"))
        try:
            assert "does not answer" in await browser.open(f"{slack.url}/slack/install")
            assert browser.status == 503
            body = {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "list"}
            told = await slack.lagoon.control("command", body)
            assert told["ack"]["status"] == "error"
        finally:
            async with slack.engine.begin() as connection:
                await connection.execute(text("ALTER TABLE installation_away RENAME TO installation"))
                await connection.execute(text("ALTER TABLE states_away RENAME TO slack_oauth_states"))
        await slack.harbour.opened("Disk full")
        assert "Installed" in await install(slack, slack.lagoon, browser)
