"""The Admin part of the App Home: for superusers, and as things are now."""

from typing import Any

import pytest

from tests.end_to_end.administering import (
    DEEDS,
    IDS,
    REFUSAL,
    account,
    clicked,
    menus,
    picked,
    said,
    sent,
    submitted,
    used,
)
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import answer, dialog, handed_in, superuser, words_of
from tests.end_to_end.test_counts import MOST, statements
from tests.end_to_end.test_home import buttons, clicks, home, opens, published, seen


async def administers(workspace: Workspace, person: str, section: str = "people") -> None:
    """Somebody opens Home and goes there."""
    await opens(workspace, person)
    await clicks(workspace, person, "home.part:admin")
    await clicks(workspace, person, f"home.section:{section}")


async def chooses(workspace: Workspace, who: str, row: str, choice: str) -> None:
    """Something in a menu in Home."""
    view = await home(workspace, who)
    await picked(workspace, {"user": who, "view_id": view["id"]}, view["blocks"], row, choice)


async def people(workspace: Workspace, who: str) -> list[str]:
    return list(menus((await home(workspace, who))["blocks"]))


async def test_only_superusers_see_the_part(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await opens(workspace, "ana")
    await opens(workspace, "ben")

    assert "Admin" in buttons(await home(workspace, "ana"))
    assert "Admin" not in buttons(await home(workspace, "ben"))


@pytest.mark.parametrize("section", ["people", "categories", "audit", "health"])
async def test_a_forged_click_shows_others_what_is_theirs(workspace: Workspace, section: str) -> None:
    await superuser(workspace, "ana")
    for who in ("ben", "gus"):
        await opens(workspace, who)

        await handed_in(workspace, clicked(who, "home.part", "admin"))
        await handed_in(workspace, clicked(who, "home.section", section))
        await workspace.delivered()

        assert "Mine (shown)" in buttons(await home(workspace, who))
        assert "Ana Almeida" not in await seen(workspace, who)


async def test_people_are_managed_and_home_follows(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.changed("UPDATE \"user\" SET admitted_at = NULL, asked_at = now() WHERE full_name LIKE 'Ben%'")
    await administers(workspace, "ana")
    assert "waits for approval" in await seen(workspace, "ana")

    await chooses(workspace, "ana", "Ben Okafor", "Approve")
    assert "waits for approval" not in await seen(workspace, "ana")

    await chooses(workspace, "ana", "Ben Okafor", "Deactivate…")
    await sent(workspace, "ana")
    assert "member · deactivated" in await seen(workspace, "ana")
    assert (await account(workspace, "ben"))[0] is False
    assert await workspace.rows("SELECT deed, surface FROM audit_entry ORDER BY id") == [
        ("approved", "home"),
        ("disabled", "form"),
    ]


async def test_people_are_searched_and_the_search_is_cleared(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben", "chloe")
    await administers(workspace, "ana")

    await clicks(workspace, "ana", "home.find:form")
    await sent(workspace, "ana", text="okaf")
    assert await people(workspace, "ana") == ["Ben Okafor"]
    assert "“okaf”" in await seen(workspace, "ana")

    await clicks(workspace, "ana", "home.find:form")
    await sent(workspace, "ana", text="100%_<!channel>")
    assert "“100%_&lt;!channel&gt;”: nobody." in await seen(workspace, "ana")

    await clicks(workspace, "ana", "home.narrow:clear")
    assert await people(workspace, "ana") == ["Ana Almeida", "Ben Okafor", "Chloe Martin"]


async def test_those_who_wait_are_shown_alone(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben", "chloe")
    await workspace.changed("UPDATE \"user\" SET admitted_at = NULL, asked_at = now() WHERE full_name LIKE 'Ben%'")
    await administers(workspace, "ana")

    await clicks(workspace, "ana", "home.narrow:waiting")
    assert await people(workspace, "ana") == ["Ben Okafor"]

    await clicks(workspace, "ana", "home.narrow:waiting")
    assert len(await people(workspace, "ana")) == 3


async def test_people_and_deeds_have_ten_a_page(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.changed(
        'INSERT INTO "user" (id, workspace_id, full_name, admitted_at) SELECT gen_random_uuid(), id,'
        " 'Person ' || to_char(n, 'FM00'), now() FROM workspace, generate_series(1, 11) n",
    )
    await workspace.changed(
        "INSERT INTO audit_entry (workspace_id, deed, surface, details)"
        " SELECT id, 'code printed', 'command line', '{}' FROM workspace, generate_series(1, 12)",
    )
    await administers(workspace, "ana")
    first = await people(workspace, "ana")
    await clicks(workspace, "ana", "home.turn:next")
    second = await people(workspace, "ana")
    await clicks(workspace, "ana", "home.turn:previous")
    assert (len(first), second, await people(workspace, "ana")) == (10, ["Person 10", "Person 11"], first)

    await clicks(workspace, "ana", "home.section:audit")
    assert (await seen(workspace, "ana")).count("printed a code") == 10
    await clicks(workspace, "ana", "home.turn:earlier")
    assert (await seen(workspace, "ana")).count("printed a code") == 2
    await clicks(workspace, "ana", "home.turn:newest")
    assert (await seen(workspace, "ana")).count("printed a code") == 10


async def test_categories_are_managed_and_home_follows(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await administers(workspace, "ana", "categories")
    assert "bug (the default)" in await seen(workspace, "ana")

    await clicks(workspace, "ana", "admin.category_form")
    await sent(workspace, "ana", category="hardware")
    assert "hardware" in await seen(workspace, "ana")

    await chooses(workspace, "ana", "hardware", "Retire…")
    await sent(workspace, "ana")
    assert "hardware (retired)" in await seen(workspace, "ana")

    await chooses(workspace, "ana", "hardware", "Bring back")
    assert "hardware (retired)" not in await seen(workspace, "ana")

    await chooses(workspace, "ana", "outage", "Rename…")
    await sent(workspace, "ana", category="downtime")
    assert "downtime" in await seen(workspace, "ana")


async def test_health_counts_what_waits_and_what_was_given_up(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.changed(
        "INSERT INTO outbox (workspace_id, topic, lane, payload, gave_up_at, last_error)"
        " SELECT id, 'card.homeless', 'x', '{}', now(), 'no <!channel>' FROM workspace",
    )
    await administers(workspace, "ana", "health")
    shown = await seen(workspace, "ana")

    assert "*Superusers*: 1. Make somebody else one, too" in shown
    assert "*Given up*: 1 card.homeless" in shown
    assert "no &lt;!channel&gt;" in shown
    assert "*New people*: every full member gets an account." in shown

    await clicks(workspace, "ana", "line.run:doctor")
    assert "findings come by direct message" in await said(workspace, "ana")


async def test_home_follows_what_other_superusers_do(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben")
    await administers(workspace, "ana", "audit")
    mark = await workspace.mark()

    await answer(workspace, "admin disable @ben", by="chloe")
    await sent(workspace, "chloe")

    assert await published(workspace, mark) == [IDS["ana"]]
    assert "*Chloe Martin* deactivated Ben Okafor" in await seen(workspace, "ana")


async def test_whoever_is_unmade_sees_what_is_theirs_at_once(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await administers(workspace, "ana")

    await answer(workspace, "admin super remove @ana", by="chloe")
    await sent(workspace, "chloe")

    assert "Mine (shown)" in buttons(await home(workspace, "ana"))
    assert "Admin" not in buttons(await home(workspace, "ana"))


async def test_an_old_home_of_somebody_unmade_changes_nothing_and_is_drawn_anew(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben")
    await administers(workspace, "ana")
    await workspace.changed("UPDATE \"user\" SET is_superuser = false WHERE full_name LIKE 'Ana%'")

    await chooses(workspace, "ana", "Ben Okafor", "Deactivate…")

    assert (await said(workspace, "ana")).startswith(REFUSAL)
    assert "Mine (shown)" in buttons(await home(workspace, "ana"))
    assert await workspace.rows(DEEDS) == []


async def test_forged_choices_are_drawn_all_the_same(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await administers(workspace, "ana")

    for body in [
        clicked("ana", "home.section", "secrets"),
        clicked("ana", "home.narrow", "nonsense"),
        clicked("ana", "home.turn", "admin:after:nonsense"),
        clicked("ana", "home.turn", "admin:after:" + "-" * 36),
        clicked("ana", "home.turn", "admin:before:" + "9" * 18),
        submitted("ana", "home.find_form", {}, {"text": {"text": {"value": "\x00 " + "%" * 3_000}}}),
        submitted("ana", "home.find_form", {}, {"text": {"text": {"value": None}}}),
    ]:
        assert await handed_in(workspace, body) == 200
        await workspace.delivered()

        assert "Admin (shown)" in buttons(await home(workspace, "ana")), body
        assert await workspace.rows("SELECT 1 FROM outbox") == [], body


async def test_searching_is_refused_to_others(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await opens(workspace, "ben")
    view = await home(workspace, "ben")

    await workspace.stage.do("action", user="ben", view_id=view["id"], action_id="home.find:form", force=True)
    assert (await said(workspace, "ben")).startswith(REFUSAL)
    await handed_in(workspace, submitted("ben", "home.find_form", {}, {"text": {"text": {"value": "ana"}}}))

    assert await workspace.rows("SELECT shows FROM home WHERE slack_user_id = :id", id=IDS["ben"]) == [({},)]


async def test_names_are_escaped_in_home(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.changed("UPDATE \"user\" SET full_name = '<!channel> & <@U0ANA00000>' WHERE full_name LIKE 'Ben%'")
    await administers(workspace, "ana")

    shown = await seen(workspace, "ana")
    assert "&lt;!channel&gt; &amp; &lt;@U0ANA00000&gt;" in shown
    assert "<!channel>" not in shown
    await chooses(workspace, "ana", "&lt;!channel&gt;", "Deactivate…")
    assert "<!channel>" not in words_of((await dialog(workspace, "ana"))["blocks"])


async def test_clicks_in_the_part_cost_few_statements(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.changed("UPDATE \"user\" SET admitted_at = NULL WHERE full_name LIKE 'Ben%'")
    await administers(workspace, "ana")
    view = await home(workspace, "ana")

    def click(action_id: str, **more: Any) -> Any:
        return lambda: workspace.stage.do("action", user="ana", view_id=view["id"], action_id=action_id, **more)

    menu = next(b["accessory"] for b in view["blocks"] if "Ben Okafor" in b.get("text", {}).get("text", ""))
    values = {option["text"]["text"]: option["value"] for option in menu["options"]}
    costs = {
        "approve": await statements(workspace, click(menu["action_id"], selected=values["Approve"], force=True)),
        "delete": await statements(workspace, click(menu["action_id"], selected=values["Delete…"], force=True)),
        "sure": await statements(workspace, lambda: workspace.stage.submit("ana")),
        "find": await statements(workspace, click("home.find:form")),
        "found": await statements(workspace, lambda: workspace.stage.submit("ana", text="ben")),
        "narrow": await statements(workspace, click("home.narrow:waiting")),
        "section": await statements(workspace, click("home.section:audit")),
    }

    assert {name: len(cost) for name, cost in costs.items() if not 1 <= len(cost) <= MOST} == {}
