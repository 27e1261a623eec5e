"""Who one is, where one is, and what one may see."""

import re
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Opens

pytestmark = pytest.mark.browser


async def test_choosing_another_person_changes_the_eyes(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana", "security")

    await ana.page.get_by_role("button", name="You are Ana Almeida").click()
    await ana.page.get_by_role("option", name="Gus Guest").click()

    await expect(ana.page.get_by_role("button", name="You are Gus Guest, Guest.")).to_be_visible()
    await expect(ana.page.get_by_role("button", name="security, private")).to_have_count(0)
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("incidents")


async def test_a_deactivated_person_cannot_write(opens: Opens) -> None:
    dora = await opens("dora", "general")

    await expect(dora.main).to_contain_text("Dora Departed is deactivated")
    await expect(dora.page.get_by_role("textbox", name="Message", exact=True)).to_be_hidden()


async def test_an_archived_channel_can_be_read_only(opens: Opens) -> None:
    ana = await opens("ana", "old-project")

    await expect(ana.main).to_contain_text("This channel is archived")
    await expect(ana.page.get_by_role("textbox", name="Message", exact=True)).to_be_hidden()


async def test_somebody_can_join_a_public_channel(opens: Opens, app: list[Any]) -> None:
    dmitri = await opens("dmitri", "checkout")

    await dmitri.button("Join channel").click()
    await dmitri.writes("Hello")

    await expect(dmitri.message("Hello")).to_be_visible()


async def test_a_reload_returns_to_person_place_and_thread(opens: Opens, app: list[Any]) -> None:
    ben = await opens("ben")
    await ben.writes("Disk full")
    await ben.does("Reply in thread", ben.message("Disk full"))
    await ben.writes("cleaning", into="Reply in thread")
    await expect(ben.page).to_have_url(re.compile(r"#ben/incidents/\d+\.\d+$"))

    await ben.page.reload()

    await expect(ben.page.get_by_role("button", name="You are Ben Okafor")).to_be_visible()
    await expect(ben.reply("cleaning")).to_be_visible()


async def test_the_direct_message_with_the_app_opens_before_anything_was_said(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.page.get_by_role("button", name="Sampler", exact=True).click()
    await ana.writes("hello")

    await expect(ana.message("hello")).to_be_visible()


async def test_the_home_tab_is_published_and_follows_clicks(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.page.get_by_role("button", name="Sampler (Home)").click()
    await expect(ana.page.get_by_role("heading", name="Your day")).to_be_visible()
    await ana.button("Refresh").click()

    await expect(ana.main).to_contain_text("Nothing left to do")


async def test_the_inspector_shows_requests_and_answers_with_their_times(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/card")

    await ana.page.get_by_role("button", name="Inspector").click()

    inspector = ana.page.get_by_role("region", name="Inspector")
    command = inspector.get_by_role("listitem").filter(has_text="/card")
    await expect(command).to_contain_text(re.compile(r"acked.*\d+\.\d ms"))
    await command.locator("summary").click()
    await expect(command.locator("pre")).to_contain_text('"command": "/card"')
    await expect(inspector.get_by_role("listitem").filter(has_text="chat.postMessage")).to_contain_text("ok")


async def test_on_a_phone_channels_fold_away_and_a_thread_takes_the_whole_width(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana", viewport={"width": 390, "height": 844})
    sidebar = ana.page.get_by_role("navigation")
    await expect(sidebar).to_be_hidden()

    await ana.page.get_by_role("button", name="People and channels").click()
    await sidebar.get_by_role("button", name="general").click()
    await expect(sidebar).to_be_hidden()
    await ana.writes("Disk full")
    await ana.does("Reply in thread", ana.message("Disk full"))

    await expect(ana.thread).to_be_visible()
    box = await ana.thread.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert await ana.page.evaluate("document.documentElement.scrollWidth") == 390


async def test_hints_of_the_manifest_are_shown_until_they_are_dismissed(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await expect(ana.page.get_by_role("complementary", name="What to try")).to_have_count(0)
    await ana.page.route("**/control/manifest", with_hints)

    await ana.page.reload()

    hints = ana.page.get_by_role("complementary", name="What to try")
    await expect(hints.get_by_role("listitem")).to_have_text(["Type /card", "Press <b>Take it</b>"])
    await hints.get_by_role("button", name="Dismiss").click()
    await expect(hints).to_have_count(0)


async def with_hints(route: Route) -> None:
    told = await (await route.fetch()).json()
    await route.fulfill(json={**told, "hints": ["Type /card", "Press <b>Take it</b>"]})
