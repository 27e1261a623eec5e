"""The mails that the app sent, on the page."""

from email.message import EmailMessage

import pytest
from aiosmtplib import send
from playwright.async_api import expect

from sandbox.server import Sandbox
from tests.browser.conftest import Opens

pytestmark = pytest.mark.browser


async def mailed(sandbox: Sandbox, subject: str, text: str = "Enter this code:\n\n    ACDE 2345\n") -> None:
    """A mail that the app sends."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bot@harbour.example", "ana@harbour.example", subject
    message.set_content(text)
    await send(message, hostname=sandbox.mail_host, port=sandbox.mail_port)


async def test_a_mail_is_marked_as_new_and_read_whoever_one_is(opens: Opens, sandbox: Sandbox) -> None:
    ben = await opens("ben")
    await mailed(sandbox, "Your code <b>now</b>")

    await ben.page.get_by_role("button", name="Mails, 1 unread").click()

    await expect(ben.page.get_by_role("heading", level=1)).to_have_text("Mails")
    mail = ben.page.get_by_role("listitem", name="Your code <b>now</b>, to ana@harbour.example")
    await expect(mail).to_contain_text("ACDE 2345")
    await expect(ben.page.get_by_text("Nothing leaves this machine.")).to_be_visible()
    await expect(ben.page.get_by_role("button", name="Mails", exact=True)).to_have_attribute("aria-current", "page")


async def test_the_newest_mail_is_on_top_and_comes_by_itself(opens: Opens, sandbox: Sandbox) -> None:
    ana = await opens("ana", "mails")
    await expect(ana.page.get_by_text("No mail was sent yet.")).to_be_visible()

    await mailed(sandbox, "First")
    await mailed(sandbox, "Second")

    await expect(ana.page.get_by_role("listitem").get_by_role("heading")).to_have_text(["Second", "First"])


async def test_a_long_line_of_a_mail_does_not_widen_a_phone(opens: Opens, sandbox: Sandbox) -> None:
    await mailed(sandbox, "Long", "x" * 900 + "\n")
    ana = await opens("ana", "mails", viewport={"width": 390, "height": 844})

    await expect(ana.page.get_by_role("heading", name="Long")).to_be_visible()
    assert await ana.page.evaluate("document.documentElement.scrollWidth") <= 390
