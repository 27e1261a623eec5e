"""Writing, reading and answering, as people do it on the page."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from sandbox.server import Sandbox
from tests.browser.conftest import Opens

pytestmark = pytest.mark.browser


async def test_what_ana_writes_ben_sees_at_once(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")

    await ana.writes("Checkout is *slow*, @ben")

    message = ben.message("Checkout is slow")
    await expect(message.get_by_text("Ana Almeida")).to_be_visible()
    await expect(message.locator("strong", has_text="slow")).to_be_visible()
    await expect(message.locator(".mention.mine")).to_have_text("@ben")


async def test_a_channel_with_something_new_is_marked_until_it_is_opened(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben", "general")

    await ana.writes("Look here")

    place = ben.page.get_by_role("button", name="incidents, 1 unread")
    await place.click()
    await expect(ben.message("Look here")).to_be_visible()
    await expect(ben.page.get_by_role("button", name="incidents", exact=True)).to_have_attribute("aria-current", "page")


async def test_a_reply_stands_in_the_thread_and_not_in_the_channel(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("Disk full")

    await ben.does("Reply in thread", ben.message("Disk full"))
    await ben.writes("cleaning up", into="Reply in thread")

    await ana.message("Disk full").get_by_role("button", name="1 reply").click()
    await expect(ana.reply("cleaning up")).to_be_visible()
    await expect(ana.message("cleaning up")).to_have_count(0)


async def test_a_reply_that_is_also_sent_to_the_channel_stands_in_both(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("Disk full")
    await ana.does("Reply in thread", ana.message("Disk full"))

    await ana.page.get_by_role("checkbox", name="Also send to #incidents").check()
    await ana.writes("all clean", into="Reply in thread")

    await expect(ana.reply("all clean")).to_be_visible()
    await expect(ana.message("all clean")).to_contain_text("replied to a thread")


async def test_a_slash_command_in_a_thread_is_refused_with_the_reason(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("Disk full")
    await ana.does("Reply in thread", ana.message("Disk full"))

    await ana.writes("/card", into="Reply in thread")

    await expect(ana.thread.get_by_role("alert")).to_contain_text("/card does not work in threads")
    await expect(ana.page.get_by_role("textbox", name="Reply in thread", exact=True)).to_have_value("/card")


async def test_typing_a_slash_shows_what_the_manifest_offers(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.page.get_by_role("textbox", name="Message", exact=True).press_sequentially("/fo")

    await expect(ana.page.get_by_role("option")).to_have_text("/form [title]Every kind of field")


async def test_an_edit_and_a_delete_are_seen_by_the_others(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("Teh disk")
    await ana.does("Edit message", ana.message("Teh disk"))

    await ana.writes("The disk", into="Edit message")

    await expect(ben.message("The disk")).to_contain_text("(edited)")
    await ana.does("Delete message", ana.message("The disk"))
    await ana.dialog.get_by_role("button", name="Delete").click()
    await expect(ben.message("The disk")).to_have_count(0)


async def test_a_deleted_message_with_replies_leaves_its_place(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("Root")
    await ana.does("Reply in thread", ana.message("Root"))
    await ana.writes("Leaf", into="Reply in thread")
    await expect(ana.reply("Leaf")).to_be_visible()

    await ana.does("Delete message", ana.message("Root"))
    await ana.dialog.get_by_role("button", name="Delete").click()

    await expect(ana.message("This message was deleted.")).to_contain_text("1 reply")


async def test_a_reaction_is_counted_and_can_be_taken_back(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("Fixed")
    message = ben.message("Fixed")

    await message.hover()
    await message.get_by_role("button", name="Add reaction").click()
    await ben.button("tada").click()

    pill = ana.message("Fixed").get_by_role("button", name=":tada: by Ben Okafor")
    await expect(pill).to_contain_text("1")
    await message.get_by_role("button", name=":tada: by Ben Okafor").click()
    await expect(pill).to_have_count(0)


async def test_a_file_is_shown_with_name_and_size(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    files = [{"name": "dump.log", "mimeType": "text/plain", "buffer": b"x" * 2048}]
    await ana.page.locator("#composer input[type=file]").set_input_files(files)  # type: ignore[arg-type]

    await ana.writes("the log")

    await expect(ana.message("the log").locator(".file")).to_contain_text("dump.log")
    await expect(ana.message("the log").locator(".file")).to_contain_text("2 kB")


async def test_markup_in_a_message_stays_text(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")

    await ana.writes('<img src=x onerror=alert(1)> <script>alert(2)</script> &amp; "<b>"')

    message = ben.message("onerror")
    await expect(message).to_contain_text('<img src=x onerror=alert(1)> <script>alert(2)</script> &amp; "<b>"')
    await expect(message.locator("img, script, b")).to_have_count(0)


async def test_an_escaped_mention_of_everybody_stays_text_and_a_real_one_is_marked(
    opens: Opens, app: list[Any]
) -> None:
    ana = await opens("ana")

    await ana.writes("/echo &lt;!channel&gt; and <!channel>")

    message = ana.message("and")
    await expect(message).to_contain_text("<!channel> and @channel")
    await expect(message.locator(".mention.loud")).to_have_count(1)


async def test_links_lead_only_to_the_web(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.writes("/echo <javascript:alert(1)|press> <https://example.com/a_b_c|here>")

    message = ana.message("press")
    await expect(message.get_by_role("link")).to_have_text("here")
    await expect(message.get_by_role("link")).to_have_attribute("href", "https://example.com/a_b_c")


@pytest.mark.usefixtures("impatient")
async def test_when_the_app_is_silent_the_person_is_told(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.writes("/silent")

    await expect(ana.main.get_by_role("alert")).to_contain_text("did not answer within 3 seconds (operation_timeout)")


async def test_when_nobody_is_connected_the_person_is_told(opens: Opens, sandbox: Sandbox) -> None:
    ana = await opens("ana")

    await ana.writes("/card")

    await expect(ana.main.get_by_role("alert")).to_contain_text("nobody is connected")


async def test_an_unknown_command_is_refused_before_it_reaches_the_app(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")

    await ana.writes("/nonsense now")

    await expect(ana.main.get_by_role("alert")).to_contain_text("/nonsense is not a valid command")


async def test_a_press_counts_although_the_message_changed_before_the_release(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("Disk full")
    message = ben.message("Disk full")
    await message.hover()
    await message.get_by_role("button", name="More actions").hover()

    await ben.page.mouse.down()
    await ana.does("Reply in thread", ana.message("Disk full"))
    await ana.writes("cleaning up", into="Reply in thread")
    await knows(ben.page, "cleaning up")
    await expect(message.get_by_role("button", name="1 reply")).to_have_count(0)
    await ben.page.mouse.up()

    await expect(ben.page.get_by_role("menu", name="Actions")).to_be_visible()
    await expect(message.get_by_role("button", name="1 reply")).to_be_visible()


async def test_an_open_menu_stays_and_works_while_its_message_changes(opens: Opens, app: list[Any]) -> None:
    ana, ben = await opens("ana"), await opens("ben")
    await ana.writes("Disk full")
    message = ben.message("Disk full")
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    menu = ben.page.get_by_role("menu", name="Actions")
    stood = await menu.bounding_box()

    await ana.does("Reply in thread", ana.message("Disk full"))
    await ana.writes("cleaning up", into="Reply in thread")
    await expect(message.get_by_role("button", name="1 reply")).to_be_visible()
    await ben.page.evaluate("document.dispatchEvent(new Event('scroll'))")

    assert await menu.bounding_box() == stood
    await ben.page.get_by_role("menuitem", name="Reply in thread").click()
    await expect(ben.reply("cleaning up")).to_be_visible()


async def knows(page: Page, words: str) -> None:
    """Wait until the page was told of it, whether it shows it or not."""
    heard = """async (words) => {
        const { store } = await import("/page/state.js");
        return store.channels.some((channel) => channel.messages.some((message) => message.text === words));
    }"""
    await page.wait_for_function(heard, arg=words)
