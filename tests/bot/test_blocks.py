"""What we build fits Slack's limits and keeps people's words words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot import blocks
from bot.mrkdwn import Mrkdwn, escape, mrkdwn, user
from sandbox.blockkit import message_problems, view_problems

LONG = "word " * 1000
OPTIONS = [blocks.option(f"Option {n}", f"v{n}") for n in range(120)]


def plain(text: str) -> blocks.Block:
    return {"type": "plain_text", "text": text, "emoji": True}


def parsed(text: str) -> blocks.Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def texts(built: Any) -> list[str]:
    """Every text object's text, in order."""
    if isinstance(built, list):
        return [text for each in built for text in texts(each)]
    if not isinstance(built, dict):
        return []
    if built.get("type") in {"plain_text", "mrkdwn"}:
        return [built["text"]]
    return [text for each in built.values() for text in texts(each)]


@pytest.mark.parametrize(
    "built, expected",
    [
        (blocks.section(user("U1")), {"type": "section", "text": parsed("<@U1>")}),
        (
            blocks.section(escape("<!here>"), accessory=blocks.button("Go", "a.go"), block_id="b"),
            {
                "type": "section",
                "text": parsed("&lt;!here&gt;"),
                "accessory": {"type": "button", "text": plain("Go"), "action_id": "a.go"},
                "block_id": "b",
            },
        ),
        (
            blocks.fields(("Status", escape("Open")), ("Assignee", Mrkdwn())),
            {"type": "section", "fields": [parsed("*Status*\nOpen"), parsed("*Assignee*\n–")]},
        ),
        (
            blocks.context(escape("a"), user("U1"), block_id="c"),
            {"type": "context", "elements": [parsed("a"), parsed("<@U1>")], "block_id": "c"},
        ),
        (blocks.divider(), {"type": "divider"}),
        (
            blocks.actions(blocks.button("Go", "a.go"), block_id="row"),
            {
                "type": "actions",
                "elements": [{"type": "button", "text": plain("Go"), "action_id": "a.go"}],
                "block_id": "row",
            },
        ),
        (
            blocks.button(
                "Delete", "a.delete", "42", "danger", blocks.confirm("Sure?", "It goes.", "Delete"), "Delete 42"
            ),
            {
                "type": "button",
                "text": plain("Delete"),
                "action_id": "a.delete",
                "value": "42",
                "style": "danger",
                "confirm": {
                    "title": plain("Sure?"),
                    "text": plain("It goes."),
                    "confirm": plain("Delete"),
                    "deny": plain("Cancel"),
                },
                "accessibility_label": "Delete 42",
            },
        ),
        (
            blocks.button("Open", "a.open", url="https://x.org"),
            {"type": "button", "text": plain("Open"), "action_id": "a.open", "url": "https://x.org"},
        ),
        (blocks.option("High", "high"), {"text": plain("High"), "value": "high"}),
        (
            blocks.option("High", "high", "soon"),
            {"text": plain("High"), "value": "high", "description": plain("soon")},
        ),
        (
            blocks.static_select("a.s", OPTIONS[:2], initial="v1", placeholder="Choose"),
            {
                "type": "static_select",
                "action_id": "a.s",
                "placeholder": plain("Choose"),
                "options": OPTIONS[:2],
                "initial_option": OPTIONS[1],
            },
        ),
        (
            blocks.static_select("a.s", OPTIONS[:1], initial="gone"),
            {"type": "static_select", "action_id": "a.s", "options": OPTIONS[:1]},
        ),
        (
            blocks.external_select("a.e", placeholder="Type"),
            {"type": "external_select", "action_id": "a.e", "placeholder": plain("Type"), "min_query_length": 0},
        ),
        (
            blocks.checkboxes("a.c", OPTIONS[:2]),
            {"type": "checkboxes", "action_id": "a.c", "options": OPTIONS[:2]},
        ),
        (
            blocks.text_input("a.t", on_enter=True),
            {
                "type": "plain_text_input",
                "action_id": "a.t",
                "max_length": 3000,
                "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
            },
        ),
        (
            blocks.users_select("a.u", initial="U1", placeholder="Who"),
            {"type": "users_select", "action_id": "a.u", "placeholder": plain("Who"), "initial_user": "U1"},
        ),
        (
            blocks.conversations_select("a.c", default_to_current=True),
            {
                "type": "conversations_select",
                "action_id": "a.c",
                "default_to_current_conversation": True,
                "filter": {"include": ["public", "private"], "exclude_bot_users": True},
            },
        ),
        (
            blocks.overflow("a.o", OPTIONS[:5]),
            {"type": "overflow", "action_id": "a.o", "options": OPTIONS[:5]},
        ),
        (
            blocks.text_input("a.t"),
            {"type": "plain_text_input", "action_id": "a.t", "max_length": 3000},
        ),
        (
            blocks.text_input("a.t", initial="x", multiline=True, min_length=0, max_length=9000, placeholder="Say"),
            {
                "type": "plain_text_input",
                "action_id": "a.t",
                "placeholder": plain("Say"),
                "initial_value": "x",
                "multiline": True,
                "min_length": 0,
                "max_length": 3000,
            },
        ),
        (blocks.datetime_picker("a.d"), {"type": "datetimepicker", "action_id": "a.d"}),
        (
            blocks.datetime_picker("a.d", initial=datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
            {"type": "datetimepicker", "action_id": "a.d", "initial_date_time": 1600000000},
        ),
        (
            blocks.input_block("Title", blocks.text_input("a.t"), block_id="title"),
            {"type": "input", "block_id": "title", "label": plain("Title"), "element": blocks.text_input("a.t")},
        ),
        (
            blocks.input_block(
                "Note", blocks.text_input("a.t"), block_id="note", optional=True, hint="What fixed it", dispatch=True
            ),
            {
                "type": "input",
                "block_id": "note",
                "label": plain("Note"),
                "element": blocks.text_input("a.t"),
                "optional": True,
                "hint": plain("What fixed it"),
                "dispatch_action": True,
            },
        ),
        (
            blocks.confirm("Sure?", "It goes.", "Go", "No", style="danger"),
            {
                "title": plain("Sure?"),
                "text": plain("It goes."),
                "confirm": plain("Go"),
                "deny": plain("No"),
                "style": "danger",
            },
        ),
        (
            blocks.modal("m", "Title", [blocks.divider()]),
            {
                "type": "modal",
                "callback_id": "m",
                "title": plain("Title"),
                "close": plain("Cancel"),
                "blocks": [{"type": "divider"}],
            },
        ),
        (
            blocks.modal("m", "Title", [], "Save", "Back", "42", "e1"),
            {
                "type": "modal",
                "callback_id": "m",
                "title": plain("Title"),
                "submit": plain("Save"),
                "close": plain("Back"),
                "blocks": [],
                "private_metadata": "42",
                "external_id": "e1",
            },
        ),
        (blocks.message(escape("<"), [blocks.divider()]), {"text": "&lt;", "blocks": [{"type": "divider"}]}),
    ],
)
def test_a_block_has_what_it_was_given_and_nothing_empty(built: blocks.Block, expected: blocks.Block) -> None:
    assert built == expected


@pytest.mark.parametrize(
    "built, limit",
    [
        (blocks.section(escape(LONG)), 3000),
        (blocks.fields(("Name", escape(LONG))), 2000),
        (blocks.context(escape(LONG)), 3000),
        (blocks.button(LONG, "a"), 75),
        (blocks.option(LONG, "v", LONG), 75),
        (blocks.users_select("a", placeholder=LONG), 150),
        (blocks.text_input("a", placeholder=LONG), 150),
        (blocks.input_block(LONG, {}, block_id="b", hint=LONG), 2000),
        (blocks.confirm(LONG, "x", "x"), 100),
        (blocks.confirm("x", LONG, "x"), 300),
        (blocks.confirm("x", "x", LONG, LONG), 30),
        (blocks.modal("m", LONG, [], LONG, LONG), 24),
    ],
)
def test_long_text_is_cut_to_slacks_limit(built: blocks.Block, limit: int) -> None:
    assert max(len(text) for text in texts(built)) in range(limit - 5, limit + 1)


@pytest.mark.parametrize("built", [blocks.section(Mrkdwn(" \n")), blocks.button("  ", "a"), blocks.option("", "v")])
def test_text_that_slack_would_refuse_as_empty_becomes_a_dash(built: blocks.Block) -> None:
    assert texts(built) == ["–"]


def test_what_cannot_be_cut_in_half_is_left_whole() -> None:
    assert blocks.button("x", "a", LONG)["value"] == LONG
    assert blocks.option("x", LONG)["value"] == LONG
    assert blocks.text_input("a", initial=LONG)["initial_value"] == LONG
    assert blocks.modal("m", "x", [], private_metadata=LONG)["private_metadata"] == LONG


def test_counts_that_grow_with_the_data_are_cut() -> None:
    assert blocks.static_select("a", OPTIONS)["options"] == OPTIONS[:100]
    assert len(blocks.modal("m", "x", [blocks.divider()] * 101)["blocks"]) == 100
    assert len(blocks.button("x", "a", accessibility_label=LONG)["accessibility_label"]) <= 75
    assert len(blocks.message(mrkdwn("{t}", t=LONG), [])["text"]) <= 3900


def test_slack_would_accept_all_of_it() -> None:
    sure = blocks.confirm(LONG, LONG, LONG, style="danger")
    shown = [
        blocks.section(escape(LONG), accessory=blocks.button(LONG, "a.b", "1", "primary", sure, LONG, "https://x.org")),
        blocks.fields(*[("Name", escape(LONG))] * 10),
        blocks.context(*[escape(LONG)] * 10),
        blocks.divider(),
        blocks.actions(
            blocks.static_select("a.s", OPTIONS, initial="v3", placeholder=LONG, confirm=sure),
            blocks.users_select("a.u", initial="U1"),
            blocks.conversations_select("a.c", initial="C1", default_to_current=True),
            blocks.overflow("a.o", [blocks.option(LONG, "v", LONG)] * 5, confirm=sure),
            blocks.datetime_picker("a.d", initial=datetime(2026, 11, 23, tzinfo=UTC)),
            block_id="row",
        ),
    ]
    form = blocks.input_block(
        LONG,
        blocks.text_input("a.t", initial="x", multiline=True, min_length=1, placeholder=LONG),
        block_id="title",
        optional=True,
        hint=LONG,
        dispatch=True,
    )

    assert message_problems(shown) == []
    assert view_problems(blocks.modal("m", LONG, [*shown, form], LONG, LONG, "42", "e1")) == []
