"""A day of three people with the real bot, on the page, in a real browser."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, expect

from bot.sync import Pace
from sandbox.server import Sandbox
from tests.browser.conftest import Opens, opened_pages
from tests.browser.person import Person
from tests.end_to_end.conftest import working

pytestmark = pytest.mark.browser


@pytest.fixture
async def workplace(database_url: str) -> AsyncIterator[Sandbox]:
    """The local workspace with Incident Tracker in it."""
    async with working(database_url, pace=Pace(interval_s=0)) as workspace:
        yield workspace.sandbox


@pytest.fixture
async def arrives(browser: Browser, workplace: Sandbox) -> AsyncIterator[Opens]:
    async with opened_pages(browser, workplace) as opens:
        yield opens


def card(person: Person, title: str) -> Locator:
    """The incident's card in the channel."""
    return person.main.locator(".message", has_text=title).filter(has=person.page.get_by_role("button", name="More"))


async def test_a_day_of_three_people(arrives: Opens) -> None:
    ana, ben, chloe = await arrives("ana"), await arrives("ben"), await arrives("chloe")

    # Chloe reports in her own words; Ana makes an incident of it.
    await chloe.writes("Checkout answers with 500 since 14:05")
    await ana.does("Create incident", ana.message("Checkout answers with 500"))
    await expect(ana.field("Title")).to_have_value("Checkout answers with 500 since 14:05")
    await ana.field("Title").fill("Checkout returns 500s")
    await ana.dialog.get_by_role("button", name="Open").click()
    await expect(ben.message("Checkout returns 500s").get_by_text("Take it")).to_be_visible()

    # Ana gives it to Ben.
    await ana.message("Checkout returns 500s").get_by_role("button", name="Assign…").click()
    await ana.picks("Ben Okafor", "Assignee", typing="Ben")
    await ana.dialog.get_by_role("button", name="Assign", exact=True).click()
    await expect(ana.dialog).to_have_count(0)
    await expect(ben.message("Checkout returns 500s").get_by_text("Ben Okafor").first).to_be_visible()

    # They argue in the thread; Ben corrects himself, Chloe takes a word back.
    await ben.does("Reply in thread", ben.message("Checkout returns 500s"))
    await ben.writes("it is the deploy", into="Reply in thread")
    await chloe.does("Reply in thread", chloe.message("Checkout returns 500s"))
    await chloe.writes("no, it is the vendor", into="Reply in thread")
    await chloe.does("Delete message", chloe.reply("no, it is the vendor"))
    await chloe.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(ben.reply("no, it is the vendor")).to_have_count(0)

    # Ana edits title and priority; the card strikes the old ones through.
    await ana.message("Checkout returns 500s").get_by_role("button", name="More").first.click()
    await ana.page.get_by_role("menuitem", name="Edit…").click()
    await ana.field("Title").fill("Checkout returns 500s for cards")
    await ana.picks("critical", "Priority")
    await ana.dialog.get_by_role("button", name="Save").click()
    await expect(ana.dialog).to_have_count(0)
    await expect(ben.message("Checkout returns 500s for cards").locator("s, del").first).to_be_visible()

    # Ben resolves, Chloe reopens, Ben resolves again.
    await ben.message("Checkout returns 500s for cards").get_by_role("button", name="Resolve…").click()
    await ben.field("What fixed it (optional)").or_(ben.field("What fixed it")).first.fill("rolled back")
    await ben.dialog.get_by_role("button", name="Resolve", exact=True).click()
    await chloe.message("Checkout returns 500s for cards").get_by_role("button", name="Reopen…").click()
    await chloe.dialog.get_by_role("button", name="Reopen", exact=True).click()
    await expect(ben.message("Checkout returns 500s for cards").get_by_text("in progress").first).to_be_visible()

    # Chloe finds it again by a word of the thread.
    await chloe.writes("/incident search deploy")
    await expect(chloe.main.locator(".message", has_text="Search · “deploy”")).to_contain_text("Checkout returns 500s")

    # Ben looks at his Home.
    await ben.page.get_by_role("button", name="Incident Tracker (Home)").click()
    await expect(ben.main).to_contain_text("Checkout returns 500s for cards")
