"""The App Home: what a person sees there, what they can choose, and that it follows what happens."""

from typing import Any

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, direct_messages, handed_in, words_of
from tests.end_to_end.test_counts import MOST, statements

IDS = {"ana": "U0ANA00000", "ben": "U0BEN00000", "chloe": "U0CHLOE000", "gus": "U0GUS00000"}


async def opens(workspace: Workspace, person: str, tab: str = "home") -> None:
    await workspace.stage.do("home", user=person, tab=tab)
    await workspace.delivered()


async def home(workspace: Workspace, person: str) -> Json:
    shown: Json = (await workspace.stage.state())["homes"][IDS[person]]
    return shown


async def seen(workspace: Workspace, person: str) -> str:
    """Everything that can be read in somebody's Home."""
    return words_of((await home(workspace, person))["blocks"])


async def clicks(workspace: Workspace, person: str, action_id: str, **more: Any) -> None:
    """Somebody uses something in their Home."""
    view = await home(workspace, person)
    await workspace.stage.do("action", user=person, view_id=view["id"], action_id=action_id, **more)
    await workspace.delivered()


async def listed(workspace: Workspace, person: str) -> list[int]:
    """The numbers of the incidents in somebody's Home, from top to bottom."""
    texts = [b["text"]["text"] for b in (await home(workspace, person))["blocks"] if b["type"] == "section"]
    return [int(text.split("|INC-")[1].split(">")[0]) for text in texts if "|INC-" in text]


async def published(workspace: Workspace, mark: int) -> list[str]:
    """Whose Home was given to Slack since then."""
    await workspace.delivered()
    log = await workspace.log(mark)
    return [e["args"]["user_id"] for e in log if e["kind"] == "api" and e["method"] == "views.publish"]


def buttons(view: Json) -> list[str]:
    found = [e for b in view["blocks"] for e in [*b.get("elements", []), b.get("accessory") or {}]]
    return [e["text"]["text"] for e in found if e.get("type") == "button"]


async def test_home_shows_what_is_mine_and_what_there_is(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="ana")
    await answer(workspace, "quick Lift is stuck p1", by="ana")
    await answer(workspace, "take 2", by="ben")
    await workspace.delivered()

    await opens(workspace, "ben")

    assert await listed(workspace, "ben") == [2]
    shown = await seen(workspace, "ben")
    assert "*2 open, 1 critical, 1 nobody's* · 1 yours" in shown
    assert "🔴" in shown
    assert "in progress · critical · Ben Okafor · <!date^" in shown
    assert buttons(await home(workspace, "ben")) == ["New incident", "Mine (shown)", "All open", "Me"]


async def test_the_part_that_was_chosen_is_shown_again_next_time(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="ana")
    await opens(workspace, "ben")
    assert "Nothing is yours now" in await seen(workspace, "ben")

    await clicks(workspace, "ben", "home.part:open")
    assert await listed(workspace, "ben") == [1]
    await opens(workspace, "ben")

    assert "All open (shown)" in buttons(await home(workspace, "ben"))


async def test_an_incident_is_taken_in_home_and_home_shows_it(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="ana")
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")

    await clicks(workspace, "ben", "incident.take")

    assert await workspace.rows("SELECT status FROM incident") == [("in_progress",)]
    assert await workspace.rows("SELECT DISTINCT surface FROM timeline_entry ORDER BY surface") == [
        ("command",),
        ("home",),
    ]
    assert "Take it" not in buttons(await home(workspace, "ben"))
    assert "in progress" in await seen(workspace, "ben")


async def test_a_click_on_what_changed_since_says_so_and_draws_home_anew(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="ana")
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")
    await workspace.changed("UPDATE home SET looked_at = now() - interval '16 minutes'")
    await answer(workspace, "take 1", by="chloe")
    await workspace.delivered()
    assert "Take it" in buttons(await home(workspace, "ben"))

    await clicks(workspace, "ben", "incident.take")

    assert "Chloe Martin" in words_of((await dialog(workspace, "ben"))["blocks"])
    assert "Take it" not in buttons(await home(workspace, "ben"))


async def test_the_form_for_a_new_incident_opens_from_home(workspace: Workspace) -> None:
    await opens(workspace, "ben")

    await clicks(workspace, "ben", "line.run:new")
    await workspace.stage.submit("ben", title="Lift is stuck")
    await workspace.delivered()

    assert await listed(workspace, "ben") == [1]


async def test_an_answer_that_is_no_form_is_a_dialog_in_home_and_stays_one(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:me")

    await clicks(workspace, "ben", "line.run:help")
    first = await dialog(workspace, "ben")
    assert "resolves it; without words" in words_of(first["blocks"])

    view = await home(workspace, "ben")
    body = {"user": "ben", "view_id": view["id"], "action_id": "line.run:x", "value": "resolv 1", "force": True}
    await workspace.stage.do("action", **body)
    asked = await dialog(workspace, "ben")
    assert "Did you mean" in words_of(asked["blocks"])

    await workspace.stage.do("action", user="ben", view_id=asked["id"], action_id="line.run", value="resolve 1")
    assert (await dialog(workspace, "ben"))["title"]["text"] == "Resolve INC-1"


async def test_a_list_in_a_dialog_turns_its_pages_there(workspace: Workspace) -> None:
    for n in range(12):
        await answer(workspace, f"quick Incident number {n}")
    await opens(workspace, "ben")
    view = await home(workspace, "ben")
    await workspace.stage.do("action", user="ben", view_id=view["id"], action_id="line.run:x", value="list", force=True)
    first = await dialog(workspace, "ben")
    assert "Incident number 9" in words_of(first["blocks"])

    await workspace.stage.do("action", user="ben", view_id=first["id"], action_id="line.run:next")

    second = await dialog(workspace, "ben")
    assert second["id"] == first["id"]
    assert "Incident number 11" in words_of(second["blocks"])


async def test_home_follows_for_those_who_look_and_costs_nothing_for_others(workspace: Workspace) -> None:
    for person in ("ana", "ben", "chloe"):
        await opens(workspace, person)
        await clicks(workspace, person, "home.part:open")
    await opens(workspace, "chloe", tab="messages")
    mark = await workspace.mark()

    await answer(workspace, 'quick "Disk full"', by="dmitri")

    assert set(await published(workspace, mark)) == {IDS["ana"], IDS["ben"]}
    assert await listed(workspace, "ana") == await listed(workspace, "ben") == [1]
    assert await listed(workspace, "chloe") == []

    await opens(workspace, "chloe")
    assert await listed(workspace, "chloe") == [1]


async def test_with_nobody_looking_any_more_a_change_costs_what_it_did(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await opens(workspace, "ben")
    await workspace.changed("UPDATE home SET looked_at = now() - interval '16 minutes'")
    mark = await workspace.mark()

    await answer(workspace, "take 1", by="chloe")
    await workspace.delivered()

    assert sorted(await workspace.calls(after=mark)) == ["chat.postMessage", "chat.update"]


async def test_opening_home_again_costs_nothing_if_nothing_changed(workspace: Workspace) -> None:
    await opens(workspace, "ben")
    mark = await workspace.mark()

    await opens(workspace, "ben")

    assert await published(workspace, mark) == []


async def test_a_private_incident_is_shown_to_members_and_costs_others_nothing(workspace: Workspace) -> None:
    for person in ("ben", "chloe", "gus"):
        await opens(workspace, person)
        await clicks(workspace, person, "home.part:open")
    mark = await workspace.mark()

    await workspace.opened("Badge lost", channel="#security")

    assert "Badge lost" in await seen(workspace, "ben")
    assert "Badge" not in await seen(workspace, "chloe") + await seen(workspace, "gus")
    assert set(await published(workspace, mark)) == {IDS["ben"]}
    assert "*Nothing is open*" in await seen(workspace, "chloe")


async def test_whoever_leaves_a_private_channel_sees_its_incidents_no_longer(workspace: Workspace) -> None:
    await workspace.opened("Badge lost", channel="#security")
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")
    assert await listed(workspace, "ben") == [1]

    await workspace.stage.do("member", user="ben", channel="#security", leave=True)
    await workspace.delivered()

    assert await listed(workspace, "ben") == []


async def test_a_guest_sees_what_is_theirs_and_is_offered_nothing_that_they_may_not(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await opens(workspace, "gus")
    assert buttons(await home(workspace, "gus")) == ["Mine (shown)", "All open", "Me"]
    assert "reply in their threads" in await seen(workspace, "gus")

    await clicks(workspace, "gus", "home.part:open")
    assert "There is nothing to see" in await seen(workspace, "gus")

    await clicks(workspace, "gus", "home.part:me")
    shown = await seen(workspace, "gus")
    assert "guest" in shown
    assert "*You can* reply in the threads" in shown


@pytest.mark.parametrize("person", ["dora", "deploybot"])
async def test_nothing_is_published_for_apps_and_for_people_who_left(workspace: Workspace, person: str) -> None:
    mark = await workspace.mark()
    user = workspace.sandbox.workspace.person(person)["id"]
    event = {"type": "app_home_opened", "user": user, "tab": "home", "channel": "D0X", "event_ts": "1.2"}

    assert await handed_in(workspace, {"type": "event_callback", "team_id": "T0HARBOUR0", "event": event}) == 200

    assert await published(workspace, mark) == []
    assert await workspace.rows("SELECT topic FROM outbox") == []


async def test_a_deactivated_person_s_home_is_left_as_it_is(workspace: Workspace) -> None:
    await opens(workspace, "ben")
    mark = await workspace.mark()

    await workspace.stage.do("user", user="ben", deactivate=True)
    await workspace.opened("Disk full")

    assert await published(workspace, mark) == []


async def test_somebody_whom_slack_does_not_know_is_given_up_quietly(workspace: Workspace) -> None:
    event = {"type": "app_home_opened", "user": "U0NOBODY", "tab": "home", "channel": "D0X", "event_ts": "1.2"}

    assert await handed_in(workspace, {"type": "event_callback", "team_id": "T0HARBOUR0", "event": event}) == 200
    await workspace.delivered()

    assert await workspace.rows("SELECT last_error FROM outbox") == [("Slack does not know the person any more",)]


async def test_a_home_that_slack_refuses_is_not_tried_again_with_each_change(workspace: Workspace) -> None:
    await workspace.faults({"method": "views.publish", "kind": "error:not_enabled", "times": 1})
    await opens(workspace, "ben")
    mark = await workspace.mark()

    await workspace.opened("Disk full")

    assert await published(workspace, mark) == []
    assert await workspace.rows("SELECT last_error FROM outbox") == [
        ("the app has no Home tab; switch it on under App Home in its settings",)
    ]


async def test_a_home_that_may_have_reached_slack_unheard_is_drawn_over(workspace: Workspace) -> None:
    await opens(workspace, "ben")
    view = await home(workspace, "ben")
    await workspace.faults({"method": "views.publish", "kind": "timeout_after_success", "times": 1, "delay_ms": 50})

    for action_id in ("home.part:open", "home.part:mine"):
        await workspace.stage.do("action", user="ben", view_id=view["id"], action_id=action_id)
    await workspace.delivered()

    assert "Mine (shown)" in buttons(await home(workspace, "ben"))


async def test_a_home_that_slack_could_not_take_is_drawn_a_little_later(workspace: Workspace) -> None:
    await workspace.faults({"method": "views.publish", "kind": "http_500", "times": 1})

    await opens(workspace, "ben")

    assert "Mine (shown)" in buttons(await home(workspace, "ben"))


async def test_a_home_that_waits_is_not_drawn_for_whoever_looks_away_meanwhile(workspace: Workspace) -> None:
    await workspace.faults({"method": "views.publish", "kind": "ratelimited", "times": 1, "retry_after": 2})

    await workspace.stage.do("home", user="ben")
    await opens(workspace, "ben", tab="messages")

    assert IDS["ben"] not in (await workspace.stage.state())["homes"]


async def test_a_burst_of_changes_is_one_drawing(workspace: Workspace) -> None:
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")
    mark = await workspace.mark()
    await workspace.faults({"method": "views.publish", "kind": "ratelimited", "times": 1, "retry_after": 2})

    for n in range(6):
        await answer(workspace, f"quick Incident number {n}", by="ana")

    assert len(await published(workspace, mark)) <= 3
    assert await listed(workspace, "ben") == [1, 2, 3, 4, 5, 6]


async def test_filters_narrow_are_kept_and_are_cleared(workspace: Workspace) -> None:
    await answer(workspace, "quick Checkout is down p1 outage", by="ana")
    await answer(workspace, "quick Typo in the footer p4", by="ana")
    await answer(workspace, "quick Disk full p2 outage", by="ana")
    await answer(workspace, "take 3", by="ben")
    await workspace.delivered()
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")
    assert await listed(workspace, "ben") == [1, 3, 2]
    assert "Clear filters" not in buttons(await home(workspace, "ben"))

    await clicks(workspace, "ben", "home.filter:category", selected="outage")
    assert await listed(workspace, "ben") == [1, 3]
    await clicks(workspace, "ben", "home.filter:assignee", selected="me")
    assert await listed(workspace, "ben") == [3]
    await clicks(workspace, "ben", "home.filter:assignee", selected="nobody")
    assert await listed(workspace, "ben") == [1]
    await clicks(workspace, "ben", "home.filter:priority", selected="low")
    assert "No open incident has all of this" in await seen(workspace, "ben")
    await clicks(workspace, "ben", "home.filter:category", selected="any")
    assert await listed(workspace, "ben") == [2]

    await opens(workspace, "ben")
    assert await listed(workspace, "ben") == [2]
    await clicks(workspace, "ben", "home.clear")
    assert await listed(workspace, "ben") == [1, 3, 2]


async def twelve(workspace: Workspace) -> None:
    for n in range(12):
        await answer(workspace, f"quick Incident number {n}", by="ana")
    await workspace.delivered()
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")


async def test_home_has_ten_a_page_forth_and_back(workspace: Workspace) -> None:
    await twelve(workspace)
    assert await listed(workspace, "ben") == list(range(1, 11))

    await clicks(workspace, "ben", "home.turn:next")
    assert await listed(workspace, "ben") == [11, 12]

    await clicks(workspace, "ben", "home.turn:previous")
    assert await listed(workspace, "ben") == list(range(1, 11))
    assert "Previous" not in buttons(await home(workspace, "ben"))


async def test_a_page_button_leads_on_from_where_it_stood_although_the_incidents_moved_on(workspace: Workspace) -> None:
    await twelve(workspace)
    await opens(workspace, "ben", tab="messages")  # so that the buttons stay as they are
    view = await home(workspace, "ben")
    await answer(workspace, "resolve 10 done", by="ana")
    await answer(workspace, "quick Urgent p1", by="ana")

    await workspace.stage.do("action", user="ben", view_id=view["id"], action_id="home.turn:next")
    await workspace.delivered()

    assert await listed(workspace, "ben") == [11, 12]


async def test_a_page_that_is_gone_becomes_the_first(workspace: Workspace) -> None:
    await twelve(workspace)
    await clicks(workspace, "ben", "home.turn:next")

    await answer(workspace, "resolve 11 done", by="ana")
    await answer(workspace, "resolve 12 done", by="ana")
    await workspace.delivered()

    assert await listed(workspace, "ben") == list(range(1, 11))


async def test_forged_and_unknown_choices_do_nothing_harmful(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="ana")
    await opens(workspace, "ben")
    forged: list[Json] = [
        {"action_id": "home.part", "value": "admin"},
        {"action_id": "home.part:open"},
        {"action_id": "home.turn", "value": "open:after:urgent-1"},
        {"action_id": "home.turn", "value": "x" * 2_000},
        {"action_id": "home.filter:owner", "selected_option": {"value": "ana"}, "type": "static_select"},
        {"action_id": "home.filter:priority", "selected_option": {"value": "p0"}, "type": "static_select"},
        {"action_id": "home.filter:category", "selected_option": {"value": "nonsense"}, "type": "static_select"},
        {"action_id": "home.filter:category", "selected_option": None, "type": "static_select"},
        {"action_id": "home.filter"},
        {"action_id": "home.messages", "value": "perhaps"},
        {"action_id": "incident.take", "value": "nonsense"},
    ]

    for action in forged:
        body = {
            "type": "block_actions",
            "user": {"id": IDS["ben"]},
            "team": {"id": "T0HARBOUR0"},
            "container": {"type": "view", "view_id": "V1"},
            "view": {"id": "V1", "type": "home"},
            "trigger_id": "1.2.3",
            "actions": [{"type": "button", "block_id": "b", **action}],
        }

        assert await handed_in(workspace, body) == 200
        await workspace.delivered()

        assert await workspace.rows("SELECT 1 FROM outbox") == [], action
        assert await workspace.rows("SELECT status FROM incident") == [("open",)], action
        assert await workspace.rows('SELECT DISTINCT wants_messages FROM "user"') == [(True,)], action
        assert await listed(workspace, "ben") in ([], [1]), action


async def test_me_says_who_i_am_and_how_i_am_told(workspace: Workspace) -> None:
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:me")
    shown = await seen(workspace, "ben")
    assert "Ben Okafor (<@U0BEN00000>)" in shown
    assert "full member" in shown
    assert "Europe/London" in shown
    assert "assigned to me*: yes" in shown

    await clicks(workspace, "ben", "home.messages")
    assert "assigned to me*: no" in await seen(workspace, "ben")
    await workspace.opened("Disk full", by="ana")
    await answer(workspace, "assign 1 @ben", by="ana")
    await workspace.delivered()
    assert await direct_messages(workspace, "ben") == []

    await clicks(workspace, "ben", "home.messages")
    assert "assigned to me*: yes" in await seen(workspace, "ben")


async def test_me_follows_a_new_name_and_standing(workspace: Workspace) -> None:
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:me")

    await workspace.stage.do("user", user="ben", guest=True)
    await workspace.delivered()

    assert "guest" in await seen(workspace, "ben")
    assert "New incident" not in buttons(await home(workspace, "ben"))


async def test_a_title_calls_nobody_in_home(workspace: Workspace) -> None:
    await answer(workspace, 'quick "<!channel> & <@U0ANA00000> *down*"', by="ana")
    await workspace.delivered()
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")

    shown = await seen(workspace, "ben")
    assert "<!channel>" not in shown
    assert "<@U0ANA00000>" not in shown


async def test_opening_and_clicking_cost_few_statements(workspace: Workspace) -> None:
    await workspace.opened("Disk full", by="ana")
    await opens(workspace, "ben")
    await clicks(workspace, "ben", "home.part:open")
    view = await home(workspace, "ben")

    def click(action_id: str, **more: Any) -> Any:
        return lambda: workspace.stage.do("action", user="ben", view_id=view["id"], action_id=action_id, **more)

    costs = {
        "open": await statements(workspace, lambda: workspace.stage.do("home", user="ben")),
        "leave": await statements(workspace, lambda: workspace.stage.do("home", user="ben", tab="messages")),
        "filter": await statements(workspace, click("home.filter:priority", selected="medium")),
        "take": await statements(workspace, click("incident.take")),
        "new": await statements(workspace, click("line.run:new")),
        "part": await statements(workspace, click("home.part:me")),
        "messages": await statements(workspace, click("home.messages")),
    }

    assert {name: len(cost) for name, cost in costs.items() if not 1 <= len(cost) <= MOST} == {}
