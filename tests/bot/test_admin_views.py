"""Administration as blocks and sentences, without a database."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bot.admin import answers, forms, lists, rows, sections, views
from bot.admin.steps import LINES, Step, fitting
from bot.home import forms as home_forms
from bot.home.views import administration
from domain import audit
from domain.audit import Deed, Event
from domain.errors import NotFound
from domain.health import Facts, GivenUp
from domain.homes import Section, Shows
from domain.people import Page
from domain.persons import Person
from domain.policy import Actor, Admission, Standing, Surface
from sandbox.blockkit import message_problems, view_problems

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
READER = Actor(id=UUID(int=1), workspace_id="T1", slack_user_id="U0ANA", name="Ana", is_superuser=True)
NORA = Person(
    id=UUID(int=2), name="<!channel> & Nora", email="nora@example.com", slack_user_id="U0NORA",
    standing=Standing.MEMBER, admission=Admission.ADMITTED, is_active=True, is_closed=False, is_deactivated=False,
    is_superuser=False, is_nominated=False, is_proved=False, created_at=AT,
)  # fmt: skip
WAITING = replace(NORA, admission=Admission.WAITING)


def event(deed: Deed, **facts: Any) -> Event:
    given: dict[str, Any] = {
        "id": 1, "deed": deed, "at": AT, "by_id": UUID(int=1), "by_name": "Ana", "by_slack_id": "U0ANA",
        "surface": Surface.HOME, "channel_id": None, "about_name": "Nora", "about_slack_id": "U0NORA", "details": {},
    }  # fmt: skip
    return Event(**given | facts)


@pytest.mark.parametrize("deed", Deed)
def test_every_deed_has_words(deed: Deed) -> None:
    details = {"from": "U0OLD", "to": "U0NEW", "name": "a_<b>", "old": "a_<b>", "new": "c", "ref": "INC-4"}
    shown = rows.event(event(deed, details=details))

    assert shown.startswith("<!date^")
    assert "*Ana* " in shown
    assert shown.endswith("\nfrom: home")
    assert "<b>" not in shown
    assert views.told(event(deed), "U0NORA", ["U0BEN"])["text"].startswith(("Ana ", "Your account"))
    assert views.told(event(deed), "U0BEN", [])["text"].startswith("Ana ")


def test_what_was_done_on_the_server_was_done_by_somebody_there() -> None:
    shown = rows.event(event(Deed.CODE_PRINTED, by_name=None, surface=Surface.SHELL))

    assert "*Somebody on the server* printed a code\nfrom: command line" in shown


def test_a_deed_says_in_which_channel() -> None:
    assert rows.event(event(Deed.APPROVED, channel_id="C0X")).endswith("from: home in <#C0X>")


@pytest.mark.parametrize(
    "deed, details, words",
    [
        (Deed.LINKED, {}, "linked Nora's account to <@U0NORA>"),
        (Deed.LINKED, {"to": "U0NEW"}, "linked Nora's account to <@U0NEW> with a code"),
        (Deed.RECOVERED, {"to": "U0NEW", "from": "U0OLD"}, "it moved from <@U0OLD> to <@U0NEW>"),
        (Deed.RECOVERED, {"to": "U0NEW", "from": ""}, "recovered Nora's account with a code"),
        (Deed.UNLINKED, {"from": "U0OLD"}, "parted Nora's account from <@U0OLD>"),
        (Deed.CATEGORY_RENAMED, {"old": "a_b", "new": "c_d"}, "renamed the category a b to c d"),
        (Deed.INCIDENT_DELETED, {"ref": "INC-4"}, "deleted INC-4"),
        (Deed.COMMENT_EDITED, {"ref": "INC-4"}, "edited somebody's comment on INC-4"),
    ],
)
def test_what_was_done_is_said_with_its_facts(deed: Deed, details: dict[str, str], words: str) -> None:
    assert words in views.deed(event(deed, details=details))


def test_a_superuser_hears_that_a_link_brought_rights() -> None:
    linked = event(Deed.LINKED, details={"to": "U0NEW", "superuser": "yes"})

    assert views.told(linked, "U0BEN", [])["text"].endswith("They are a superuser by this.")


def test_whoever_lost_an_account_is_told_whom_to_tell() -> None:
    moved = event(Deed.RECOVERED, details={"from": "U0OLD", "to": "U0NEW"})

    assert views.told(moved, "U0OLD", [])["text"].endswith("tell a superuser at once.")
    assert views.told(moved, "U0OLD", ["U0ANA", "U0BEN"])["text"].endswith("at once: <@U0ANA> or <@U0BEN>.")


@pytest.mark.parametrize(
    "person, state",
    [
        (NORA, "active"),
        (WAITING, "waits for approval"),
        (replace(NORA, admission=Admission.NOT_ADMITTED), "not let in"),
        (replace(NORA, is_active=False), "deactivated"),
        (replace(NORA, is_active=False, is_closed=True), "closed their account"),
        (replace(NORA, is_deactivated=True), "deactivated in Slack"),
        (replace(NORA, standing=Standing.GUEST, admission=Admission.NOT_ADMITTED), "active"),
    ],
)
def test_a_state_is_said_in_words(person: Person, state: str) -> None:
    assert rows.state(person) == state


@pytest.mark.parametrize(
    "person, steps",
    [
        (NORA, [Step.DISABLE, Step.MAKE, Step.UNLINK, Step.DELETE]),
        (WAITING, [Step.APPROVE, Step.DISABLE, Step.MAKE, Step.UNLINK, Step.DELETE]),
        (replace(NORA, is_active=False), [Step.ENABLE, Step.DELETE]),
        (replace(NORA, is_superuser=True), [Step.DISABLE, Step.UNMAKE, Step.UNLINK, Step.DELETE]),
        (replace(NORA, slack_user_id=None, is_nominated=True), [Step.DISABLE, Step.UNMAKE, Step.DELETE]),
        (replace(NORA, id=READER.id, is_superuser=True), [Step.UNMAKE]),
        (replace(NORA, id=READER.id), [Step.MAKE]),
    ],
)
def test_a_menu_offers_what_makes_sense_and_at_most_five(person: Person, steps: list[Step]) -> None:
    assert fitting(person, READER) == steps


def test_lists_are_valid_and_escaped_and_lead_on() -> None:
    crowd = [replace(WAITING, id=UUID(int=n), is_nominated=True) for n in range(10, 20)]
    page = Page(crowd, next=crowd[-1].id, previous=crowd[0].id)
    shown = lists.people(page, "<nora> &", READER, are_waiting=True)

    assert message_problems(shown["blocks"]) == []
    assert "<!channel>" not in str(shown)
    assert [e["value"] for e in shown["blocks"][-1]["elements"]] == [
        f"admin users waiting &lt;nora&gt; &amp; before:{crowd[0].id}",
        f"admin users waiting &lt;nora&gt; &amp; after:{crowd[-1].id}",
    ]


def test_whoever_nothing_can_be_done_with_has_no_menu() -> None:
    person = replace(NORA, id=READER.id, is_deactivated=True)

    assert "accessory" not in rows.person(person, READER, 0)


def test_the_sections_of_home_are_valid() -> None:
    shows = Shows(place={}, text="<x>", is_waiting=True)
    people = [replace(WAITING, id=UUID(int=n)) for n in range(10)]
    page = audit.Page([event(deed) for deed in list(Deed)[:10]], next=3)
    facts = Facts(3, AT, [GivenUp("card.homeless", "<!here>", 2, AT)], 1, 0, 1, "approve")
    shown = [
        sections.people(Page(people, next=people[-1].id), shows, READER),
        sections.people(Page([]), shows, READER),
        sections.categories([]),
        sections.history(page, is_first=False),
        sections.history(audit.Page([], None), is_first=True),
        sections.health(facts),
        sections.health(replace(facts, oldest=None, given_up=[], superusers=2, sign_up="new rule")),
    ]

    for parts in shown:
        assert view_problems(administration(parts, READER)) == []
        assert "<!" not in json.dumps(parts).replace("<!date^", "")
    assert "Make somebody else one" in str(shown[5])
    assert "Make somebody else one" not in str(shown[6])
    assert set(sections.NAMES) == set(Section)


@pytest.mark.parametrize("step", Step)
def test_every_step_has_its_form_and_its_words(step: Step) -> None:
    asked, picked = forms.confirm_form(step, NORA), forms.pick_form(step)

    assert view_problems(asked) == view_problems(picked) == []
    assert forms.read_confirm(asked) == (step, NORA.id)
    assert "<!channel>" not in str(asked)
    assert "&lt;!channel&gt; &amp; Nora" in answers.done(step, NORA)
    assert (step in LINES) == (step is not Step.REFUSE)


def test_the_other_forms_are_valid_and_keep_no_address() -> None:
    link = forms.link_form("U0NORA", "nora@example.com")
    shown = [link, forms.link_form(None), forms.add_form(), forms.rename_form("a_b", "c"), forms.retire_form("a_b")]

    assert [view_problems(view) for view in [*shown, home_forms.find_form()]] == [[]] * 6
    assert "private_metadata" not in link
    assert forms.read_category(forms.rename_form("a_b")) == ("a_b", "")


@pytest.mark.parametrize("value", ["", "delete", "burn:" + str(UUID(int=2)), "delete:x", ":"])
def test_a_button_that_cannot_be_read_is_refused(value: str) -> None:
    with pytest.raises(NotFound, match="cannot be read"):
        forms.read_choice(value)


def test_a_question_names_who_asks_and_can_be_answered() -> None:
    asked = views.account_asked(NORA)

    assert message_problems(asked["blocks"]) == []
    assert asked["text"] == "&lt;!channel&gt; &amp; Nora (<@U0NORA>) asks for an account."
    assert "asks for an account" in views.account_asked(replace(NORA, slack_user_id=None))["text"]


def test_a_guess_keeps_the_rest_of_the_line() -> None:
    guess = answers.no_such("super", "ad", ("add", "remove"), "admin super ad <@U1>")

    assert guess["blocks"][-1]["elements"][0]["value"] == "admin super add <@U1>"
    assert len(answers.no_such("", "usres", ("users",), "admin usres " + "x" * 3_000)["blocks"]) == 1
    assert "42" not in str(answers.no_such("", "usres", ("users",), "42 admin usres")["blocks"][-1]["elements"])
