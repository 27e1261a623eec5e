"""Somebody at the page: what they do, where they look."""

from contextlib import suppress

from playwright.async_api import Locator, Page, TimeoutError

OPENS = 3
"""How often somebody tries to open a menu."""
SHOWS_WITHIN_MS = 3_000


class Person:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialog = page.get_by_role("dialog")
        self.thread = page.get_by_role("complementary", name="Thread")
        self.main = page.get_by_role("main")

    async def writes(self, text: str, *, into: str = "Message") -> None:
        box = self.page.get_by_role("textbox", name=into, exact=True)
        await box.fill(text)
        await box.press("Enter")

    def message(self, text: str) -> Locator:
        return self.main.locator(".message", has_text=text)

    def reply(self, text: str) -> Locator:
        return self.thread.locator(".message", has_text=text)

    async def does(self, what: str, message: Locator) -> None:
        """Something from a message's menu, which is opened again if it does not show."""
        offered = self.page.get_by_role("menuitem", name=what)
        for _ in range(OPENS):
            await message.hover()
            await message.get_by_role("button", name="More actions").last.click()
            with suppress(TimeoutError):
                await offered.wait_for(timeout=SHOWS_WITHIN_MS)
                break
        await offered.click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, name: str) -> Locator:
        return self.dialog.get_by_label(name, exact=True).first

    async def picks(self, option: str, field: str, *, typing: str = "") -> None:
        """Choose in a select, as with the mouse."""
        select = self.page.get_by_role("combobox", name=field, exact=True)
        await select.click()
        if typing:
            await select.press_sequentially(typing)
        await self.page.get_by_role("option", name=option).click()
