"""Two incidents that look alike: the form says so before and at submit, and nothing that was typed is lost."""

import json
from typing import Any

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.shortcutting import chosen, dialog, said, sent, thread_of, words
from tests.end_to_end.test_counts import MOST, statements

TITLES = "SELECT title FROM incident ORDER BY number"
INSTEAD = "incident.add_instead"


async def opened_form(workspace: Workspace, line: str, *, by: str = "ana") -> Json:
    await workspace.stage.command(by, "#incidents", line)
    return await dialog(workspace, by)


async def pressed(workspace: Workspace, form: Json, number: int, *, by: str = "ana", **values: Any) -> Json:
    """*Add to INC-… instead*, after typing."""
    typed = {block_id: {block_id: value} for block_id, value in values.items()}
    button = {"action_id": INSTEAD, "block_id": f"alike_{number}", "view_id": form["id"]}
    return await workspace.control("action", {"user": by, **button, "values": typed})


def submit_label(form: Json) -> str:
    return str(form["submit"]["text"])


def warnings(form: Json) -> list[str]:
    return [b["block_id"] for b in form["blocks"] if b["block_id"].startswith("alike_")]


async def test_a_title_that_is_typed_already_is_compared_before_the_form_opens(workspace: Workspace) -> None:
    card = await workspace.opened("Checkout returns 500s")
    await workspace.opened("Printer on fire")

    form = await opened_form(workspace, "new Checkout returning 500 errors")

    assert warnings(form) == ["alike_1"]
    assert submit_label(form) == "Create anyway"
    assert f"p{card['ts'].replace('.', '')}|INC-1" in words(form)
    assert "open, opened" in words(form)
    await sent(workspace, form)
    assert len(await workspace.rows(TITLES)) == 3


async def test_pressing_enter_in_the_title_says_what_looks_alike_and_keeps_the_rest(workspace: Workspace) -> None:
    await workspace.opened("Checkout returns 500s")
    form = await opened_form(workspace, "new")
    assert warnings(form) == []
    typed = {"description": {"description": "since 14:05"}, "priority": {"priority": "low"}}
    enter = {"user": "ana", "view_id": form["id"], "action_id": "title", "values": typed}

    await workspace.control("action", {**enter, "value": "checkout returns 500"})
    form = await dialog(workspace)
    assert warnings(form) == ["alike_1"]
    assert submit_label(form) == "Create anyway"
    assert form["state"]["values"]["title"]["title"]["value"] == "checkout returns 500"
    assert form["state"]["values"]["description"]["description"]["value"] == "since 14:05"

    await workspace.control("action", {**enter, "value": "Printer on fire"})
    form = await dialog(workspace)
    assert warnings(form) == []
    assert submit_label(form) == "Open"
    await sent(workspace, form)
    assert await workspace.rows("SELECT title, description, priority FROM incident WHERE number = 2") == [
        ("Printer on fire", "since 14:05", "low")
    ]


async def test_a_warning_that_comes_when_the_form_is_closed_meanwhile_is_not_missed(workspace: Workspace) -> None:
    await workspace.opened("Checkout returns 500s")
    form = await opened_form(workspace, "new")
    await workspace.faults({"method": "views.update", "kind": "error:hash_conflict", "times": 1})

    enter = {"user": "ana", "view_id": form["id"], "action_id": "title", "value": "checkout returns 500"}
    assert (await workspace.control("action", enter))["ack"]["status"] == "acked"

    asked = await sent(workspace, await dialog(workspace), title="checkout returns 500")
    assert warnings(asked["view"]) == ["alike_1"]


async def test_a_form_that_had_not_warned_asks_at_submit_and_creates_when_it_is_sent_again(
    workspace: Workspace,
) -> None:
    form = await opened_form(workspace, "new Checkout returns 500s @ben")
    await workspace.opened("Checkout returns 500s", by="chloe")

    asked = await sent(workspace, form, description="since 14:05", priority="critical")
    assert warnings(asked["view"]) == ["alike_1"]
    assert submit_label(asked["view"]) == "Create anyway"
    assert len(await workspace.rows(TITLES)) == 1

    await sent(workspace, await dialog(workspace))
    assert await workspace.rows(
        'SELECT description, priority, full_name FROM incident JOIN "user" ON "user".id = assignee_id WHERE number = 2'
    ) == [("since 14:05", "critical", "Ben Okafor")]


async def test_a_look_alike_that_came_after_the_warning_is_asked_about_once_more(workspace: Workspace) -> None:
    await workspace.opened("Checkout returns 500s")
    form = await opened_form(workspace, "new Checkout returns 500s")
    await workspace.opened("Checkout returns 500s again", by="chloe")

    asked = await sent(workspace, form)
    assert warnings(asked["view"]) == ["alike_1", "alike_2"]
    await sent(workspace, await dialog(workspace))

    assert len(await workspace.rows(TITLES)) == 3


async def test_adding_to_the_look_alike_instead_makes_a_comment_and_no_incident(workspace: Workspace) -> None:
    card = await workspace.opened("Checkout returns 500s")
    form = await opened_form(workspace, "new Checkout returns 500s today")

    await pressed(workspace, form, 1, description="since 14:05 <all> cards")
    await workspace.delivered()

    done = await dialog(workspace)
    assert "Added to" in words(done)
    assert "INC-1" in words(done)
    assert done["submit"] is None
    assert await workspace.comments() == [("Ana Almeida", "Checkout returns 500s today\n\nsince 14:05 <all> cards")]
    assert len(await thread_of(workspace, "#incidents", card["ts"])) == 1
    assert await workspace.rows(TITLES) == [("Checkout returns 500s",)]


async def test_adding_instead_with_nothing_typed_is_refused_in_words(workspace: Workspace) -> None:
    await workspace.opened("Checkout returns 500s")
    form = await opened_form(workspace, "new Checkout returns 500s")

    await pressed(workspace, form, 1, title="")

    assert "there is nothing to add" in words(await dialog(workspace))
    assert await workspace.comments() == []


async def test_a_private_message_is_added_instead_only_with_consent(workspace: Workspace) -> None:
    card = await workspace.opened("Badge still works")
    ts = await said(workspace, "#security", "Badge still works\nfor the contractor")
    form = await chosen(workspace, "message_create", "#security", ts)
    assert warnings(form) == ["alike_1"]

    await pressed(workspace, form, 1)
    refusal = await dialog(workspace)
    assert "from a private channel" in words(refusal)
    assert await workspace.comments() == []

    await workspace.stage.do("close", user="ana", view_id=refusal["id"])
    await pressed(workspace, form, 1, consent=["yes"])
    await workspace.delivered()
    [(_, content)] = await workspace.comments()
    assert content.startswith("Badge still works\n\nBadge still works\nfor the contractor\n\nFrom a message: http")
    assert len(await thread_of(workspace, "#incidents", card["ts"])) == 1
    assert "was added to" in (await thread_of(workspace, "#security", ts))[0]


async def test_what_a_person_cannot_see_or_what_is_over_does_not_look_alike(workspace: Workspace) -> None:
    await workspace.opened("Badge still works", channel="#security")
    await workspace.opened("Lift is stuck")
    await workspace.stage.command("ben", "#incidents", "resolve 2 rebooted")

    assert warnings(await opened_form(workspace, "new Badge still works", by="chloe")) == []
    assert warnings(await opened_form(workspace, "new Lift is stuck", by="chloe")) == []
    assert warnings(await opened_form(workspace, "new Badge still works", by="ben")) == ["alike_1"]


async def test_quick_creates_at_once(workspace: Workspace) -> None:
    await workspace.opened("Lift is stuck")
    await workspace.opened("Lift is stuck", by="ben")

    assert len(await workspace.rows(TITLES)) == 2


async def test_the_same_form_twice_is_no_look_alike_of_itself(workspace: Workspace) -> None:
    form = await opened_form(workspace, "new Lift is stuck")
    before = await workspace.mark()
    await sent(workspace, form)
    view = {key: value for key, value in form.items() if key != "state"} | {"state": form["state"]}
    payload = {"type": "view_submission", "team": {"id": "T0HARBOUR0"}, "user": {"id": "U0ANA00000"}, "view": view}

    ack = await workspace.sandbox.dispatcher.call("interactive", payload)

    assert (ack.status, ack.body or "") == ("acked", "")
    assert len(await workspace.rows(TITLES)) == 1
    assert "views.update" not in await workspace.calls(after=before)


async def test_asking_costs_at_most_five_statements(workspace: Workspace) -> None:
    await workspace.opened("Checkout returns 500s")
    await workspace.stage.command("ben", "#incidents", "whoami")

    async def opened() -> None:
        await opened_form(workspace, "new Checkout returns 500s @ana")

    costs = {"open": await statements(workspace, opened)}
    form = await dialog(workspace)
    enter = {"user": "ana", "view_id": form["id"], "action_id": "title", "value": "checkout returns 500s"}
    costs["enter"] = await statements(workspace, lambda: workspace.control("action", enter))
    values = {"assignee": {"assignee": "U0BEN00000"}}
    submit = {"user": "ana", "view_id": form["id"], "values": values}
    costs["submit"] = await statements(workspace, lambda: workspace.control("submit", submit))
    form = await opened_form(workspace, "new Checkout returns 500s")
    costs["instead"] = await statements(workspace, lambda: pressed(workspace, form, 1))

    assert {name: len(cost) for name, cost in costs.items() if len(cost) > MOST} == {}
    assert json.dumps(await workspace.rows(TITLES)).count("500s") == 2
