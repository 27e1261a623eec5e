"""What the app posts: cards with buttons, and words for one person only."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opens

pytestmark = pytest.mark.browser


async def test_a_card_shows_its_blocks(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.writes("/card")

    card = ana.message("INC-42")
    await expect(card.get_by_role("heading")).to_contain_text("Checkout is slow 🚨")
    await expect(card.locator("s")).to_have_text("fast")
    await expect(card.locator("em")).to_have_text("slow")
    await expect(card.locator("code")).to_have_text("eu-west")
    await expect(card.get_by_role("link", name="#general")).to_be_visible()
    await expect(card.get_by_text("@ben")).to_be_visible()
    await expect(card.get_by_text("1 Jan 2026 00:00")).to_be_visible()
    await expect(card.get_by_text("unsupported block: video")).to_be_visible()
    await expect(card.get_by_text("Graph of latency")).to_be_visible()
    await expect(card.locator("img")).to_have_count(0)


async def test_a_button_changes_the_card_for_everybody(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("/card")

    await ben.message("INC-42").get_by_role("button", name="Take it").click()

    await expect(ana.message("Taken by @ben")).to_be_visible()
    await expect(ana.message("INC-42")).to_have_count(0)


async def test_a_dangerous_button_asks_first(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/card")

    await ana.button("Delete…").click()
    await expect(ana.dialog).to_contain_text("It cannot be undone.")
    await ana.button("Keep it").click()
    await expect(ana.dialog).to_have_count(0)
    assert app == []

    await ana.button("Delete…").click()
    async with ana.page.expect_response("**/control/action"):
        await ana.button("Delete it").click()
    assert [(click["action_id"], click["value"]) for click in app] == [("card.delete", "42")]


async def test_overflow_menus_and_selects_tell_what_was_chosen(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/card")
    card = ana.message("INC-42")

    async with ana.page.expect_response("**/control/action"):
        await card.locator(".btn.overflow").click()
        await ana.page.get_by_role("menuitem", name="History").click()
    async with ana.page.expect_response("**/control/action"):
        await ana.picks("Low", "Priority")

    chosen = [(click["action_id"], click["selected_option"]["value"]) for click in app]
    assert chosen == [("card.more", "history"), ("card.rank", "low")]
    await expect(ana.page.get_by_role("combobox", name="Priority")).to_have_value("Low")


async def test_only_one_person_sees_an_ephemeral_message(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("/whisper")
    whisper = ana.message("A word in your ear")
    await expect(whisper).to_contain_text("Only visible to you")
    await ana.writes("out loud")
    await expect(ben.message("out loud")).to_be_visible()
    await expect(ben.message("A word in your ear")).to_have_count(0)

    async with ana.page.expect_response("**/control/action"):
        await ana.picks("Tea", "Pick one")
    await whisper.get_by_role("button", name="Louder").click()

    await expect(ana.message("A WORD IN YOUR EAR")).to_be_visible()
    assert app[0]["selected_option"]["value"] == "tea"
    await ana.message("A WORD IN YOUR EAR").get_by_role("button", name="Dismiss").click()
    await expect(ana.message("A WORD IN YOUR EAR")).to_have_count(0)
