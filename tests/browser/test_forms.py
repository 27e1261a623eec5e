"""Modals: every kind of field, errors beside them, and nothing that was typed is lost."""

from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Opens
from tests.browser.person import Person

pytestmark = pytest.mark.browser


async def filled(ana: Person) -> None:
    await ana.field("Details").fill("two\nlines")
    await ana.field("Email").fill("ana@example.com")
    await ana.field("Link").fill("https://example.com")
    await ana.field("Count").fill("42")
    await ana.picks("Red", "Tags")
    await ana.picks("Blue", "Tags")
    await ana.picks("Ben Okafor", "Person")
    await ana.picks("Chloe Martin", "People", typing="chl")
    await ana.picks("#general", "Place", typing="gen")
    await ana.picks("#random", "Channel", typing="ran")
    await ana.picks("Found disk 2", "Remote", typing="disk")
    await ana.field("Time").fill("10:30")
    await ana.field("Moment").fill("2026-05-06T07:08")
    await ana.dialog.get_by_label("Beta").check()
    await ana.dialog.get_by_label("Two").check()


async def test_every_kind_of_field_arrives_as_slack_sends_it(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana", timezone_id="UTC")
    await ana.writes("/form Disk full")
    await expect(ana.field("Title")).to_be_focused()

    await filled(ana)
    await ana.button("Save").click()

    await expect(ana.dialog).to_be_hidden()
    values = {name: field[name] for name, field in app[0].items()}
    assert values["title"]["value"] == "Disk full"
    assert values["details"]["value"] == "two\nlines"
    assert values["email"]["value"] == "ana@example.com"
    assert values["link"]["value"] == "https://example.com"
    assert values["count"]["value"] == "42"
    assert values["priority"]["selected_option"] is None
    assert [chosen["value"] for chosen in values["tags"]["selected_options"]] == ["red", "blue"]
    assert values["person"]["selected_user"] == "U0BEN00000"
    assert values["people"]["selected_users"] == ["U0CHLOE000"]
    assert values["place"]["selected_conversation"] == "C0GENERAL0"
    assert values["channel"]["selected_channel"] == "C0RANDOM00"
    assert values["remote"]["selected_option"]["text"]["text"] == "Found disk 2"
    assert values["day"]["selected_date"] == "2026-03-04"
    assert values["time"]["selected_time"] == "10:30"
    assert values["moment"]["selected_date_time"] == 1778051280
    assert [chosen["value"] for chosen in values["checks"]["selected_options"]] == ["beta"]
    assert values["choice"]["selected_option"]["value"] == "two"


async def test_errors_of_the_app_stand_at_their_fields_and_keep_what_was_typed(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form wrong")
    await ana.field("Details").fill("a long story")

    await ana.button("Save").click()

    title = ana.field("Title")
    await expect(title).to_have_accessible_description("That title is taken.")
    await expect(title).to_be_focused()
    await expect(ana.field("Email")).to_have_accessible_description("Unknown address.")
    await expect(ana.field("Details")).to_have_value("a long story")
    await title.fill("right")
    await expect(ana.dialog.get_by_text("That title is taken.")).to_be_hidden()
    await ana.button("Save").click()
    await expect(ana.dialog).to_be_hidden()
    assert app[0]["details"]["details"]["value"] == "a long story"


async def test_a_required_field_is_asked_for_before_anything_is_sent(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form")

    await ana.button("Save").click()

    await expect(ana.field("Title")).to_have_accessible_description("Please complete this required field.")
    assert app == []


async def test_what_the_workspace_refuses_stands_at_the_field_too(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form Disk full")
    await ana.field("Count").fill("many")

    async with ana.page.expect_response("**/control/submit") as refused:
        await ana.page.route("**/control/submit", refuse)
        await ana.button("Save").click()

    assert (await refused.value).status == 200
    await expect(ana.field("Count")).to_have_accessible_description("Please enter a number.")


async def refuse(route: Route) -> None:
    """The browser would report a 400 as an error of the page, so the answer comes as 200."""
    answer = await route.fetch()
    assert answer.status == 400
    errors = {**await answer.json(), "errors": {"count": "Please enter a number."}}
    await route.fulfill(status=200, json=errors)


async def test_a_live_update_keeps_what_was_typed(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form Disk full")
    await ana.field("Title").fill("Disk very full")
    await ana.field("Details").fill("half a sent")

    await ana.picks("High", "Priority")

    await expect(ana.dialog).to_contain_text("Priority is now high.")
    await expect(ana.field("Title")).to_have_value("Disk very full")
    await expect(ana.field("Details")).to_have_value("half a sent")
    await expect(ana.field("Priority")).to_have_value("High")


async def test_a_field_counts_down_to_its_limit(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form")

    await ana.field("Title").fill("x" * 41)
    await ana.button("Save").click()

    await expect(ana.dialog.locator(".counter").first).to_have_text("-1")
    await expect(ana.dialog).to_contain_text("Please enter no more than 40 characters")


async def test_escape_closes_and_returns_to_the_message_box(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form")
    await expect(ana.dialog).to_be_visible()

    await ana.page.keyboard.press("Escape")

    await expect(ana.dialog).to_be_hidden()
    await expect(ana.page.get_by_role("textbox", name="Message", exact=True)).to_be_focused()


async def test_a_modal_on_top_leads_back_to_the_one_below(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("/form")
    await ana.field("Title").fill("half a sent")

    await ana.button("Go on").click()
    await expect(ana.page.get_by_role("dialog", name="One more thing")).to_contain_text("Nearly done")
    await ana.button("Back").click()

    await expect(ana.page.get_by_role("dialog", name="Every field")).to_be_visible()
    await expect(ana.field("Title")).to_have_value("half a sent")
    await ana.button("Go on").click()
    await expect(ana.dialog).to_contain_text("Nearly done")
    await ana.button("Close all").click()
    await expect(ana.dialog).to_be_hidden()


async def test_shortcuts_open_forms_from_a_message_and_from_the_composer(opens: Opens, app: list[Any]) -> None:
    ana = await opens("ana")
    await ana.writes("Something odd")
    await ana.does("Quote this", ana.message("Something odd"))
    await expect(ana.field("Title")).to_have_value("Something odd")
    await ana.button("Never mind").click()
    await expect(ana.dialog).to_be_hidden()

    await ana.page.locator("#composer").get_by_role("button", name="Shortcuts and files").click()
    await ana.page.get_by_role("menuitem", name="Open the form").click()

    await expect(ana.field("Title")).to_have_value("")
