"""The App Home as blocks, without a database; and what is read back from a click in it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from bot.home import views
from bot.house import House, Routes
from domain import homes
from domain.homes import Part, Shows, Whose
from domain.incidents import Incident, Priority, Status
from domain.listing import Counts, Page
from domain.policy import Actor, Standing
from domain.users import Profile, User
from sandbox.blockkit import view_problems

Json = dict[str, Any]

READER = Actor(id=UUID(int=1), workspace_id="T1", slack_user_id="U0BEN", name="Ben")
GUEST = Actor(id=UUID(int=2), workspace_id="T1", slack_user_id="U0GUS", name="Gus", standing=Standing.GUEST)
ADMIN = replace(READER, is_superuser=True)
COUNTS = Counts(unresolved=6, critical=1, unassigned=2, mine=3)
NOTHING = Counts(unresolved=0, critical=0, unassigned=0, mine=0)
CATEGORIES = ["bug", "feature_request"]


def house() -> House:
    doors: Json = {"begin": None, "lightly": None, "once": None}
    given: Json = {"incident_channel": None, "knows_channels": True, "routes": Routes(), **doors}
    return House(workspace_id="T1", bot_user_id="U0BOT", bot_id="B0BOT", url="https://harbour.slack.com/", **given)


def incident(number: int = 42, *, assignee: User | None = None, **said: Any) -> Incident:
    facts: Json = {
        "id": uuid4(),
        "title": "Disk full",
        "status": Status.OPEN,
        "priority": Priority.HIGH,
        "channel_id": "C1",
        "card_ts": "1700000000.000100",
        "created_at": datetime(2026, 11, 2, 9, tzinfo=UTC),
        "version": 3,
    }
    made = Incident(number=number, **facts | said)
    made.assignee = assignee
    made.assignee_id = assignee.id if assignee else None
    return made


def unresolved(*incidents: Incident, reader: Actor = READER, counts: Counts = COUNTS, **chosen: Any) -> Json:
    page = Page(list(incidents), next=chosen.pop("next", None), previous=chosen.pop("previous", None))
    return views.unresolved(counts, page, Shows(part=Part.OPEN, place={}, **chosen), CATEGORIES, reader, house())


def elements(view: Json, kind: str = "button") -> list[Json]:
    found = [e for b in view["blocks"] for e in [*b.get("elements", []), b.get("accessory") or {}]]
    return [e for e in found if e.get("type") == kind]


def names(view: Json) -> list[str]:
    return [e["text"]["text"] for e in elements(view)]


def test_a_row_has_link_title_status_priority_assignee_and_age_in_words() -> None:
    ana = User(id=uuid4(), full_name="Ana & Co")

    shown = json.dumps(unresolved(incident(assignee=ana, title="<!channel> down")), ensure_ascii=False)

    assert "<https://harbour.slack.com/archives/C1/p1700000000000100|INC-42> &lt;!channel&gt; down" in shown
    assert "open · high · Ana &amp; Co · <!date^1793610000^" in shown


def test_a_headline_counts() -> None:
    assert "*6 open, 1 critical, 2 nobody's* · 3 yours" in str(unresolved(incident()))


def test_only_what_is_open_and_nobody_s_can_be_taken_by_who_may() -> None:
    ana = User(id=uuid4(), full_name="Ana")
    free, held, started = incident(1), incident(2, assignee=ana), incident(3, status=Status.IN_PROGRESS)

    taken = [e for e in elements(unresolved(free, held, started)) if e["action_id"] == "incident.take"]

    assert [e["value"] for e in taken] == [f"{free.id}:3"]
    assert taken[0]["accessibility_label"] == "Take INC-1 Disk full"
    assert "Take it" not in names(unresolved(free, reader=GUEST))
    assert "Take it" not in names(views.mine(COUNTS, Page([free]), READER, house()))


@pytest.mark.parametrize("part", Part)
def test_the_part_that_is_shown_says_so_in_words(part: Part) -> None:
    shown = {
        Part.MINE: views.mine(COUNTS, Page([]), ADMIN, house()),
        Part.OPEN: unresolved(reader=ADMIN),
        Part.ME: views.me(Profile(slack_user_id="U0BEN", name="Ben"), [], ADMIN),
        Part.ADMIN: views.administration([], ADMIN),
    }[part]

    tabs = [f"{name} (shown)" if each is part else name for each, name in views.NAMES.items()]
    assert names(shown)[:5] == ["New incident", *tabs]


@pytest.mark.parametrize(
    "view, words",
    [
        (views.mine(NOTHING, Page([]), READER, house()), "Take an incident from *All open*"),
        (views.mine(NOTHING, Page([]), GUEST, house()), "reply in their threads"),
        (unresolved(counts=NOTHING), "press *New incident*"),
        (unresolved(counts=NOTHING, reader=GUEST), "Incidents of the channels that you are in appear here"),
        (unresolved(priority=Priority.LOW), "press *Clear filters*"),
    ],
)
def test_where_there_is_nothing_it_says_what_to_do(view: Json, words: str) -> None:
    assert words in str(view)


def test_menus_show_what_is_chosen_and_a_choice_that_was_cleared_is_forgotten() -> None:
    chosen = unresolved(priority=Priority.HIGH, category="feature_request", assignee=Whose.NOBODY)
    cleared = unresolved()

    assert [e["initial_option"]["value"] for e in elements(chosen, "static_select")] == [
        "high",
        "feature_request",
        "nobody",
    ]
    assert [e["initial_option"]["value"] for e in elements(cleared, "static_select")] == ["any"] * 3
    assert "Clear filters" in names(chosen)
    assert "Clear filters" not in names(cleared)
    assert chosen["blocks"][2]["block_id"] != cleared["blocks"][2]["block_id"]


def test_page_buttons_carry_part_and_place() -> None:
    view = unresolved(incident(), next=("high", 42), previous=("critical", 7))

    turns = [e for e in elements(view) if e["action_id"].startswith("home.turn")]

    assert [(e["text"]["text"], e["value"]) for e in turns] == [
        ("Previous", "open:before:critical-7"),
        ("Next", "open:after:high-42"),
    ]
    assert [homes.shown(views.read_turn(e)).place for e in turns] == [
        {"before": ("critical", 7)},
        {"after": ("high", 42)},
    ]


def test_me_offers_the_other_setting_and_names_whom_to_ask() -> None:
    profile = Profile(slack_user_id="U0BEN", name="Ben", email="ben@example.com")

    view = views.me(profile, ["U0ANA"], READER)

    assert "ben@example.com" in str(view)
    assert "<@U0ANA>" in str(view)
    [button] = [e for e in elements(view) if e["action_id"] == "home.messages"]
    assert (button["text"]["text"], views.read_messages(button)) == ("Do not tell me", False)


@pytest.mark.parametrize(
    "reader, words",
    [
        (READER, "change and delete what is yours"),
        (GUEST, "reply in the threads of incidents that you can see"),
        (ADMIN, "restore them, and administer"),
    ],
)
def test_me_says_in_short_words_what_i_may_do(reader: Actor, words: str) -> None:
    assert words in str(views.me(Profile(slack_user_id="U0BEN", name="Ben"), [], reader))


@pytest.mark.parametrize(
    "action, chosen",
    [
        ({"action_id": "home.filter:priority", "selected_option": {"value": "high"}}, {"priority": "high"}),
        ({"action_id": "home.filter:priority", "selected_option": {"value": "any"}}, {"priority": None}),
        ({"action_id": "home.filter:assignee", "selected_option": None}, {"assignee": None}),
    ],
)
def test_a_filter_leads_to_the_first_page_of_all_open(action: Json, chosen: Json) -> None:
    assert views.read_filter(action) == {"part": "open", "turn": None, **chosen}


@pytest.mark.parametrize("action_id", ["home.filter", "home.filter:", "home.filter:part", "home.filter:turn"])
def test_a_menu_that_there_is_not_chooses_nothing(action_id: str) -> None:
    assert views.read_filter({"action_id": action_id, "selected_option": {"value": "me"}}) == {}


def test_the_fullest_home_is_one_that_slack_takes() -> None:
    title = "&<>" * 85
    rows = [incident(n, title=title, assignee=None) for n in range(10)]
    many = [f"category_{n}_{'x' * 60}" for n in range(150)]
    shows = Shows(part=Part.OPEN, place={}, priority=Priority.LOW, category=many[3], assignee=Whose.ME)
    page = Page(rows, next=("low", 999_999_999), previous=("low", 1))
    profile = Profile(slack_user_id="U0BEN", name="B" * 255, email="b" * 250)

    for view in (
        views.unresolved(COUNTS, page, shows, many, READER, house()),
        views.mine(COUNTS, page, READER, house()),
        views.me(profile, [f"U0ADMIN{n}" for n in range(5)], READER),
    ):
        assert view_problems(view) == []
        assert len(view["blocks"]) <= 100
