"""The whole way without a mouse."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opens

pytestmark = pytest.mark.browser


async def test_everything_can_be_done_with_the_keyboard(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    press, focused = ana.page.keyboard.press, ana.page.locator(":focus")
    await expect(ana.page.get_by_role("textbox", name="Message", exact=True)).to_be_focused()

    await ana.page.keyboard.type("/for")
    await press("Enter")
    await ana.page.keyboard.type("Disk full")
    await press("Enter")
    await expect(ana.field("Title")).to_be_focused()
    await expect(ana.field("Title")).to_have_value("Disk full")

    for _ in range(5):
        await press("Tab")
    await expect(ana.field("Priority")).to_be_focused()
    await press("ArrowDown")
    await expect(ana.page.get_by_role("option", name="High")).to_be_visible()
    await press("ArrowDown")
    await press("Enter")
    await expect(ana.dialog).to_contain_text("Priority is now medium.")
    await expect(ana.field("Priority")).to_be_focused()
    await press("Shift+Tab")
    await press("Enter")
    await expect(ana.dialog).to_be_hidden()
    assert app[0]["priority"]["priority"]["selected_option"]["value"] == "medium"

    await ana.page.keyboard.type("first")
    await press("Enter")
    await expect(ana.message("first")).to_be_visible()
    await ana.page.keyboard.type("second")
    await press("Enter")
    await expect(ana.message("second")).to_be_visible()
    await ana.message("second").focus()
    await press("ArrowUp")
    await expect(ana.message("first")).to_be_focused()
    await press("Tab")
    await press("Tab")
    await expect(focused).to_have_accessible_name("Reply in thread")
    await press("Enter")
    await expect(ana.page.get_by_role("textbox", name="Reply in thread", exact=True)).to_be_focused()
    await ana.page.keyboard.type("answer")
    await press("Enter")
    await expect(ana.reply("answer")).to_be_visible()
    await press("Escape")
    await expect(ana.thread).to_be_hidden()
    await expect(focused).to_have_accessible_name("1 reply")


async def test_a_modal_keeps_the_focus_inside(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form")
    await expect(ana.field("Title")).to_be_focused()

    for _ in range(40):
        await ana.page.keyboard.press("Tab")
        outside = "document.activeElement !== document.body && !document.activeElement.closest('dialog')"
        assert not await ana.page.evaluate(outside)


async def test_people_and_channels_are_reached_with_arrows(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.page.get_by_role("button", name="incidents", exact=True).focus()
    await ana.page.keyboard.press("ArrowUp")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("heading", level=1)).to_have_text("general")

    await ana.page.get_by_role("button", name="You are Ana").focus()
    await ana.page.keyboard.press("Enter")
    await ana.page.keyboard.press("ArrowDown")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("button", name="You are Ben Okafor")).to_be_focused()
