"""Changing what an incident says, deleting it, and taking changes back."""

from typing import Any

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, superuser, thread, words_of

WHAT_IT_IS = "SELECT title, description, priority, category FROM incident"


async def chosen(workspace: Workspace, who: str, card: Json, entry: str) -> Json:
    """An entry of the card's menu."""
    menu = card["blocks"][0]["accessory"]
    option = next(o for o in menu["options"] if o["text"]["text"] == entry)
    body = {"user": who, "channel": "#incidents", "message_ts": card["ts"], "action_id": menu["action_id"]}
    return await workspace.control("action", {**body, "selected": option["value"]})


async def sent(workspace: Workspace, who: str, **values: Any) -> Json:
    """The form on top of somebody's screen is submitted; what came of it."""
    view = await dialog(workspace, who)
    typed = {name: {name: value} for name, value in values.items()}
    return await workspace.control("submit", {"user": who, "view_id": view["id"], "values": typed})


async def test_the_menu_offers_five_things_and_the_form_shows_what_stands_there(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    menu = [option["text"]["text"] for option in card["blocks"][0]["accessory"]["options"]]

    await chosen(workspace, "ana", card, "Edit…")
    form = await dialog(workspace, "ana")

    assert menu == ["Edit…", "Priority, category…", "History", "Export", "Delete…"]
    inputs = [block["block_id"] for block in form["blocks"] if block["type"] == "input"]
    assert inputs == ["title", "priority", "category", "assignee", "description"]
    assert form["state"]["values"]["title"]["title"]["value"] == "Disk full"


async def test_saving_the_form_is_one_change_and_the_card_strikes_the_old_values_through(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await chosen(workspace, "ana", card, "Edit…")

    await sent(workspace, "ana", title="Disk full on db-2", priority="critical", category="outage", description="14:05")
    await workspace.delivered()

    assert await workspace.rows(WHAT_IT_IS) == [("Disk full on db-2", "14:05", "critical", "outage")]
    card = await workspace.stage.card("#incidents", "Disk full on db-2")
    shown = words_of(card["blocks"])
    assert "~Disk full~ *Disk full on db-2*" in shown
    assert "~medium~ 🔴 critical" in shown
    assert "~bug~ outage" in shown

    await answer(workspace, "take 1")
    await workspace.delivered()
    assert "~" not in words_of((await workspace.stage.card("#incidents", "Disk full on db-2"))["blocks"])


@pytest.mark.parametrize(
    "line, row",
    [
        ("priority 1 critical", ("Disk full", "", "critical", "bug")),
        ("p 1 p4", ("Disk full", "", "low", "bug")),
        ("p 1 1", ("Disk full", "", "critical", "bug")),
        ("category 1 feature request", ("Disk full", "", "medium", "feature_request")),
        ("cat 1 outage", ("Disk full", "", "medium", "outage")),
        ("rename 1 Disk full on db-2", ("Disk full on db-2", "", "medium", "bug")),
        ("edit 1 resolve: <b> & co", ("resolve: <b> & co", "", "medium", "bug")),
    ],
)
async def test_values_change_by_command(workspace: Workspace, line: str, row: tuple[str, ...]) -> None:
    await workspace.opened("Disk full")

    assert "Done: you " in await answer(workspace, line, by="ana")
    assert await workspace.rows(WHAT_IT_IS) == [row]


@pytest.mark.parametrize(
    "line, words",
    [
        ("priority 1 urgent", "“urgent” is no priority. Write critical, high, medium or low"),
        ("category 1 weather", "there is no category “weather”. There are bug, outage"),
        ("priority 1 medium", "INC-1 is like that already"),
        ("edit 1 " + "x" * 300, "the title has 300 characters"),
        ("priority 9 low", "There is no INC-9"),
    ],
)
async def test_what_cannot_be_changed_is_refused_in_words(workspace: Workspace, line: str, words: str) -> None:
    await workspace.opened("Disk full")

    assert words in await answer(workspace, line, by="ana")
    assert await workspace.rows(WHAT_IT_IS) == [("Disk full", "", "medium", "bug")]


async def test_members_who_are_not_its_people_get_a_form_without_title_and_description(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await chosen(workspace, "ben", card, "Edit…")
    form = await dialog(workspace, "ben")

    assert [b["block_id"] for b in form["blocks"] if b["type"] == "input"] == ["priority", "category", "assignee"]
    assert "can be changed by the owner, the assignee and superusers" in words_of(form["blocks"])
    assert "Only its owner, its assignee and superusers" in await answer(workspace, "rename 1 Mine now", by="ben")


async def test_the_short_form_asks_for_priority_and_category_only(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await chosen(workspace, "ben", card, "Priority, category…")
    form = await dialog(workspace, "ben")
    await sent(workspace, "ben", priority="high")

    assert [b["block_id"] for b in form["blocks"] if b["type"] == "input"] == ["priority", "category"]
    assert await workspace.rows(WHAT_IT_IS) == [("Disk full", "", "high", "bug")]


async def test_a_change_by_somebody_else_shows_both_values_and_nothing_typed_is_lost(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")
    await workspace.delivered()
    card = await workspace.stage.card("#incidents", "Disk full")
    await chosen(workspace, "ana", card, "Edit…")
    await answer(workspace, "rename 1 Disk full on db-1", by="ben")
    await answer(workspace, "p 1 critical", by="ben")

    done = await sent(workspace, "ana", title="Disk full on db-2", description="since 14:05")

    form = await dialog(workspace, "ana")
    assert done["ack"]["body"]["response_action"] == "update"
    assert "*Title* was changed by somebody else" in words_of(form["blocks"])
    assert "Disk full on db-1" in words_of(form["blocks"])
    assert form["submit"]["text"] == "Save mine"
    assert form["state"]["values"]["title"]["title"]["value"] == "Disk full on db-2"
    assert form["state"]["values"]["description"]["description"]["value"] == "since 14:05"
    assert await workspace.rows(WHAT_IT_IS) == [("Disk full on db-1", "", "critical", "bug")]

    await sent(workspace, "ana")
    assert await workspace.rows(WHAT_IT_IS) == [("Disk full on db-2", "since 14:05", "critical", "bug")]


async def test_both_giving_it_to_somebody_names_whom(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await chosen(workspace, "ana", card, "Edit…")
    await answer(workspace, "assign 1 @ben", by="chloe")

    await sent(workspace, "ana", assignee="U0CHLOE000")

    form = await dialog(workspace, "ana")
    assert "*Assignee* was changed by somebody else" in words_of(form["blocks"])
    assert "Ben Okafor" in words_of(form["blocks"])
    await sent(workspace, "ana")
    assert await workspace.rows('SELECT full_name FROM incident JOIN "user" u ON u.id = assignee_id') == [
        ("Chloe Martin",)
    ]


async def test_a_form_that_was_open_while_the_incident_was_deleted_says_so_and_keeps_the_words(
    workspace: Workspace,
) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "assign 1 @ben", by="ana")
    await workspace.delivered()
    card = await workspace.stage.card("#incidents", "Disk full")
    await chosen(workspace, "ben", card, "Edit…")
    await workspace.stage.command("ana", "#incidents", "delete 1")
    await workspace.stage.submit("ana")

    refused = await sent(workspace, "ben", title="Disk full on db-2")

    assert "INC-1 was deleted by Ana Almeida" in refused["errors"]["title"]
    form = await dialog(workspace, "ben")
    assert form["state"]["values"]["title"]["title"]["value"] == "Disk full on db-2"


async def test_a_description_too_long_for_slacks_forms_is_left_alone(workspace: Workspace) -> None:
    await answer(workspace, f"quick {'word ' * 700}", by="ana")
    card = await workspace.stage.card("#incidents", "word")

    await chosen(workspace, "ana", card, "Edit…")
    form = await dialog(workspace, "ana")
    await sent(workspace, "ana", title="Shorter")

    assert "The description has 3,499 characters" in words_of(form["blocks"])
    assert (await workspace.rows("SELECT title, length(description) FROM incident")) == [("Shorter", 3499)]


async def test_deleting_asks_first_and_leaves_one_line_and_the_thread(workspace: Workspace) -> None:
    stage, card = workspace.stage, await workspace.opened("Disk full")
    await stage.reply("ben", "#incidents", card, "looking")

    await chosen(workspace, "ana", card, "Delete…")
    form = await stage.submit("ana")
    await workspace.delivered()

    assert form["title"]["text"] == "Delete INC-1"
    [tombstone, reply] = await stage.messages("#incidents")
    assert tombstone["ts"] == card["ts"]
    assert "INC-1 was deleted by Ana Almeida" in tombstone["text"]
    assert "Disk full" not in str(tombstone)
    assert reply["text"] == "looking"
    assert "none" in await answer(workspace, "list", by="ana")
    assert "INC-1 was deleted by you" in await answer(workspace, "show 1", by="ana")


async def test_only_the_owner_deletes_and_a_superuser_restores(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    assert "Only its owner and superusers can delete" in await answer(workspace, "delete 1", by="ben")
    await workspace.stage.command("ana", "#incidents", "delete 1")
    await workspace.stage.submit("ana")
    assert "Only superusers can restore" in await answer(workspace, "restore 1", by="ana")
    assert "say which" in await answer(workspace, "restore", by="ana")
    await superuser(workspace, "ben")
    assert "Done: you restored it" in await answer(workspace, "restore 1", by="ben")
    await workspace.delivered()

    restored = await workspace.stage.card("#incidents", "Disk full")
    assert restored["ts"] == card["ts"]


async def test_what_is_deleted_before_its_card_was_posted_gets_none(workspace: Workspace) -> None:
    await workspace.faults({"method": "chat.postMessage", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await answer(workspace, "quick Disk full", by="ana")
    await workspace.stage.command("ana", "#incidents", "delete 1")
    await workspace.stage.submit("ana")
    await workspace.delivered()

    assert await workspace.stage.messages("#incidents") == []


async def test_undo_takes_the_last_change_back_and_says_what(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "resolve 1 rolled back", by="ben")

    assert "you took the last change back (started, resolved)" in await answer(workspace, "undo", by="ben")
    await workspace.delivered()

    assert "Disk full: open" in (await workspace.stage.card("#incidents", "Disk full"))["text"]
    assert (await thread(workspace, card))[-1].endswith("and took the last change back (started, resolved)")
    assert "you took your last change of INC-1 back already" in await answer(workspace, "undo", by="ben")
    assert "You changed nothing in the last ten minutes" in await answer(workspace, "undo", by="chloe")


async def test_a_burst_by_one_person_is_one_line_and_the_next_person_begins_another(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    for who, line in (("ben", "take 1"), ("ben", "p 1 high"), ("ben", "p 1 critical"), ("ana", "p 1 low")):
        await answer(workspace, line, by=who)
        await workspace.delivered()

    assert await thread(workspace, card) == [
        "Ben Okafor took it and started work and changed the priority from medium to critical",
        "Ana Almeida changed the priority from critical to low",
    ]


async def test_what_is_said_in_between_begins_another_line(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")
    await workspace.delivered()
    await workspace.stage.reply("chloe", "#incidents", card, "it is worse than that")
    await answer(workspace, "p 1 critical", by="ben")
    await workspace.delivered()

    assert await thread(workspace, card) == [
        "Ben Okafor took it and started work",
        "it is worse than that",
        "Ben Okafor changed the priority from medium to critical",
    ]


async def test_a_line_that_slack_took_unanswered_is_kept_although_what_stood_before_it_is_gone(
    workspace: Workspace,
) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")
    await workspace.delivered()
    ts = await workspace.stage.reply("chloe", "#incidents", card, "it is worse than that")
    await workspace.faults({"method": "chat.postMessage", "kind": "timeout_after_success", "times": 1, "delay_ms": 50})
    await answer(workspace, "p 1 critical", by="ben")
    await workspace.shown("#incidents", "changed the priority")
    await workspace.stage.do("delete", user="chloe", channel="#incidents", ts=ts)
    await workspace.delivered()

    assert await thread(workspace, card) == [
        "Ben Okafor took it and started work",
        "Ben Okafor changed the priority from medium to critical",
    ]
    assert await workspace.rows("SELECT count(DISTINCT line_ts) FROM timeline_entry") == [(2,)]


async def test_a_line_that_somebody_deleted_is_written_anew(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await answer(workspace, "take 1", by="ben")
    await workspace.delivered()
    line = next(m for m in await workspace.stage.messages("#incidents") if m["ts"] != card["ts"])
    await workspace.stage.do("delete", user="ana", channel="#incidents", ts=line["ts"])

    await answer(workspace, "p 1 critical", by="ben")
    await workspace.delivered()

    lines = await thread(workspace, card)
    assert "Ben Okafor took it and started work and changed the priority from medium to critical" in lines


async def test_a_verb_without_an_id_offers_the_likely_ones_and_keeps_the_words(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    for verb in ["priority", "edit", "assign", "delete", "history", "export", "category"]:
        shown = await workspace.stage.command("ana", "#incidents", f"{verb} @ben low")

        button = next(b for b in shown["blocks"] if b["type"] == "actions")["elements"][0]
        assert button["value"].startswith(f"{verb} 1")
        assert button["value"].endswith("low")
