"""A workspace, the sampler app and Debian's Chromium; a person's page each."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from sandbox.server import Sandbox, serve
from tests.browser.app import MANIFEST, connected
from tests.browser.person import Person

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "these tests need Debian's Chromium: apt-get install chromium"

Opens = Callable[..., Awaitable[Person]]


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return CHROMIUM


@pytest.fixture(scope="session")
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(MANIFEST))
    async with serve(manifest=path, limits=False) as running:
        yield running


@pytest.fixture
async def app(sandbox: Sandbox) -> AsyncIterator[list[dict[str, Any]]]:
    """What the connected app heard."""
    async with connected(sandbox) as heard:
        yield heard


@pytest.fixture
async def opens(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Opens]:
    """Open the page as somebody. What the browser complains of fails the test."""
    async with opened_pages(browser, sandbox) as open_page:
        yield open_page


@asynccontextmanager
async def opened_pages(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Opens]:
    """The same for a workspace of one's own."""
    complaints: list[str] = []
    contexts = []

    def noted(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    async def open_page(who: str, where: str = "incidents", **settings: Any) -> Person:
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        page: Page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", noted)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        person = Person(page)
        await page.goto(f"{sandbox.url}/#{who}/{where}")
        await page.locator(".messages, .home").first.wait_for()
        return person

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []
