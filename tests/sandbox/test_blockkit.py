"""What Slack would refuse is refused here, in Slack's words; what it accepts is accepted."""

import json
import random
from typing import Any

import pytest

from sandbox.blockkit import message_problems, view_problems
from tests.samples import SAMPLES

FIXTURES = sorted((SAMPLES / "python-slack-sdk__MIT" / "fixtures").glob("view_*.json"))

Json = dict[str, Any]


def plain(text: Any = "x") -> Json:
    return {"type": "plain_text", "text": text}


def parsed(text: Any = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str = "v", text: str = "x", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(f"v{n}") for n in range(count)]


def section(**parts: Any) -> Json:
    return {"type": "section", "text": parsed()} | parts


def button(**parts: Any) -> Json:
    return {"type": "button", "text": plain()} | parts


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def field(kind: str, **parts: Any) -> Json:
    return {"type": "input", "label": plain(), "element": {"type": kind, **parts}}


def modal(*blocks: Any, **parts: Any) -> Json:
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks)} | parts


def home(*blocks: Any, **parts: Any) -> Json:
    return {"type": "home", "blocks": list(blocks)} | parts


IMAGE = {"type": "image", "image_url": "https://x.org/a.png", "alt_text": "x"}
CONFIRM = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
DIVIDER = {"type": "divider"}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}
CELL = {"type": "raw_text", "text": "x"}
CARD = {"type": "card", "title": parsed()}
TABLE = {"type": "table", "rows": [[CELL, RICH]]}
DATA_TABLE = {"type": "data_table", "caption": "x", "rows": [[CELL], [RICH]]}
CONTAINER = {"type": "container", "title": plain(), "child_blocks": [section()]}
VIDEO = {"type": "video", "title": plain(), "alt_text": "x", "video_url": "https://x.org", "thumbnail_url": "https://x"}
GROUP = {"label": plain(), "options": options(1)}


@pytest.mark.skipif(not FIXTURES, reason=f"the sample views of slack_sdk are not at {SAMPLES}")
def test_the_views_of_slack_sdk_are_accepted() -> None:
    problems = {path.name: view_problems(json.loads(path.read_text())) for path in FIXTURES}

    assert {name: found for name, found in problems.items() if found} == {}


@pytest.mark.parametrize(
    "block",
    [
        section(),
        section(text={"type": "mrkdwn", "text": "x" * 3000, "verbatim": True}, block_id="b" * 255, expand=True),
        {"type": "section", "fields": [plain("x" * 2000), parsed()] * 5},
        section(accessory=button(value="", url="https://x.org", style="danger", confirm=CONFIRM, action_id="a")),
        section(accessory=IMAGE),
        section(accessory={"type": "static_select", "options": options(100), "initial_option": option("v7")}),
        section(accessory={"type": "static_select", "option_groups": [GROUP], "initial_option": option("v0")}),
        section(accessory={"type": "conversations_select", "filter": {"include": ["public", "private"]}}),
        section(accessory={"type": "multi_static_select", "options": options(2), "initial_options": options(1)}),
        section(accessory={"type": "checkboxes", "options": [{"text": parsed(), "value": "v"}]}),
        actions(*[button(action_id=f"a{n}") for n in range(25)]),
        actions({"type": "overflow", "options": [option(url="https://x.org")] * 5}),
        actions({"type": "datetimepicker", "initial_date_time": 1600000000}),
        actions({"type": "timepicker", "initial_time": "23:59"}, {"type": "datepicker", "initial_date": "2026-11-23"}),
        {"type": "context", "elements": [parsed(), IMAGE] * 5},
        {"type": "header", "text": plain("x" * 150)},
        IMAGE | {"title": plain()},
        {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "x"},
        {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain()}]},
        {"type": "markdown", "text": "x" * 12_000},
        {"type": "file", "external_id": "x", "source": "remote"},
        {"type": "carousel", "elements": [CARD] * 10},
        {"type": "data_visualization", "anything": 1},
        *(DIVIDER, RICH, TABLE, DATA_TABLE, CARD, CONTAINER, VIDEO),
    ],
)
def test_good_blocks_can_be_posted(block: Json) -> None:
    assert message_problems([block]) == []


@pytest.mark.parametrize(
    "view",
    [
        modal(),
        {"type": "modal", "title": plain("x" * 24), "blocks": [section(), {"type": "alert", "text": plain()}, CARD]},
        modal(*[DIVIDER] * 100, private_metadata="x" * 3000, callback_id="m", external_id="e", notify_on_close=True),
        modal(field("plain_text_input", min_length=1, max_length=3000, initial_value="x", multiline=True)),
        modal(field("datetimepicker", initial_date_time=1600000000, focus_on_load=True)),
        modal(field("number_input", is_decimal_allowed=True, min_value="-1.5")),
        modal(field("file_input", max_files=10, filetypes=["png"])),
        modal(field("users_select", initial_user="U1", placeholder=plain("x" * 150)) | {"optional": True}),
        modal(field("plain_text_input", dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]})),
        home(),
        home(section(), TABLE, CONTAINER, field("email_text_input")),
    ],
)
def test_good_views_can_be_shown(view: Json) -> None:
    assert view_problems(view) == []


@pytest.mark.parametrize(
    "block, words, pointer",
    [
        ("x", "must provide an object", ""),
        ({}, "missing required field: type", ""),
        ({"type": "sections"}, "unsupported type: sections", "/type"),
        ({"type": ["section"]}, "unsupported type: ['section']", "/type"),
        ({"type": "section"}, "must define one of `text` or `fields`", ""),
        (section(text="x"), "must provide an object", "/text"),
        (section(text="x"), "failed to match all allowed schemas", "/text"),
        (section(text=parsed("")), "must be more than 0 characters", "/text/text"),
        (section(text=parsed("x" * 3001)), "failed to match all allowed schemas", "/text"),
        (section(text=parsed("x" * 3001)), "must be less than 3001 characters", "/text/text"),
        (section(text=parsed(None)), "must provide a string", "/text/text"),
        (section(text={"type": "mrkdwn"}), "missing required field: text", "/text"),
        (section(text=parsed() | {"emoji": True}), "invalid additional property: emoji", "/text"),
        (section(text=plain() | {"verbatim": True}), "invalid additional property: verbatim", "/text"),
        (section(text=parsed() | {"verbatim": 1}), "must provide a boolean", "/text/verbatim"),
        (section(text={"type": "markdown", "text": "x"}), "unsupported type: markdown", "/text/type"),
        (section(accessory=None), "must provide an object", "/accessory"),
        (section(colour="red"), "invalid additional property: colour", ""),
        (section(block_id="b" * 256), "must be less than 256 characters", "/block_id"),
        (section(block_id=None), "must provide a string", "/block_id"),
        (section(fields=[]), "must provide at least 1 items", "/fields"),
        (section(fields=[plain()] * 11), "no more than 10 items allowed", "/fields"),
        (section(fields={}), "must provide an array", "/fields"),
        (section(fields=[parsed("x" * 2001)]), "must be less than 2001 characters", "/fields/0/text"),
        (section(accessory={"type": "plain_text_input"}), "unsupported type: plain_text_input", "/accessory/type"),
        (section(accessory=button(text=parsed())), "unsupported type: mrkdwn", "/accessory/text/type"),
        (section(accessory=button(text=plain("x" * 76))), "must be less than 76 characters", "/accessory/text/text"),
        (section(accessory=button(value="x" * 2001)), "must be less than 2001 characters", "/accessory/value"),
        (section(accessory=button(url="x" * 3001)), "must be less than 3001 characters", "/accessory/url"),
        (section(accessory=button(style="green")), "must be a valid enum value: primary, danger", "/accessory/style"),
        (
            section(accessory=button(accessibility_label="x" * 76)),
            "must be less than 76 characters",
            "/accessory/accessibility_label",
        ),
        (
            section(accessory=button(confirm=CONFIRM | {"title": plain("x" * 101)})),
            "must be less than 101 characters",
            "/accessory/confirm/title/text",
        ),
        (
            section(accessory=button(confirm=CONFIRM | {"text": plain("x" * 301)})),
            "must be less than 301 characters",
            "/accessory/confirm/text/text",
        ),
        (
            section(accessory=button(confirm=CONFIRM | {"deny": plain("x" * 31)})),
            "must be less than 31 characters",
            "/accessory/confirm/deny/text",
        ),
        (actions(), "must provide at least 1 items", "/elements"),
        (actions(*[button()] * 26), "no more than 25 items allowed", "/elements"),
        (actions(button(action_id="a"), button(action_id="a")), "duplicate action_id: a", "/elements"),
        (actions(button(action_id="a" * 256)), "must be less than 256 characters", "/elements/0/action_id"),
        (
            actions({"type": "overflow", "options": options(6)}),
            "no more than 5 items allowed",
            "/elements/0/options",
        ),
        (
            actions({"type": "checkboxes", "options": options(11)}),
            "no more than 10 items allowed",
            "/elements/0/options",
        ),
        (
            actions({"type": "datetimepicker", "initial_date_time": 1}),
            "must be between 1000000000 and 9999999999",
            "/elements/0/initial_date_time",
        ),
        (
            actions({"type": "datetimepicker", "initial_date_time": "1600000000"}),
            "must provide an integer",
            "/elements/0/initial_date_time",
        ),
        (
            actions({"type": "timepicker", "initial_time": "24:00"}),
            r"must match the pattern ([01]\d|2[0-3]):[0-5]\d",
            "/elements/0/initial_time",
        ),
        (actions({"type": "static_select"}), "must define either `options` or `option_groups`", "/elements/0"),
        (
            actions({"type": "static_select", "options": options(1), "option_groups": [GROUP]}),
            "must define either `options` or `option_groups`",
            "/elements/0",
        ),
        (
            actions({"type": "static_select", "options": options(101)}),
            "no more than 100 items allowed",
            "/elements/0/options",
        ),
        (
            actions({"type": "static_select", "options": [option("v" * 151)]}),
            "must be less than 151 characters",
            "/elements/0/options/0/value",
        ),
        (
            actions({"type": "static_select", "options": [option(text="x" * 76)]}),
            "must be less than 76 characters",
            "/elements/0/options/0/text/text",
        ),
        (
            actions({"type": "static_select", "options": [option(description=plain("x" * 76))]}),
            "must be less than 76 characters",
            "/elements/0/options/0/description/text",
        ),
        (
            actions({"type": "static_select", "options": [option(url="https://x.org")]}),
            "invalid additional property: url",
            "/elements/0/options/0",
        ),
        (
            actions({"type": "static_select", "options": options(2), "initial_option": option("v2")}),
            "`initial_option` must be one of the options",
            "/elements/0/initial_option",
        ),
        (
            actions({"type": "checkboxes", "options": options(2), "initial_options": [option("v2")]}),
            "`initial_options` must be among the options",
            "/elements/0/initial_options",
        ),
        (
            actions({"type": "static_select", "options": options(1), "placeholder": plain("x" * 151)}),
            "must be less than 151 characters",
            "/elements/0/placeholder/text",
        ),
        (
            actions({"type": "conversations_select", "filter": {}}),
            "must define one of `include` or `exclude_bot_users` or `exclude_external_shared_channels`",
            "/elements/0/filter",
        ),
        (actions({"type": "radio_buttons", "options": ["x"]}), "must provide an object", "/elements/0/options/0"),
        ({"type": "image", "slack_file": "F1", "alt_text": "x"}, "must provide an object", "/slack_file"),
        ({"type": "context", "elements": [parsed()] * 11}, "no more than 10 items allowed", "/elements"),
        ({"type": "context", "elements": [button()]}, "unsupported type: button", "/elements/0/type"),
        ({"type": "context", "elements": ["x"]}, "must provide an object", "/elements/0"),
        ({"type": "context_actions", "elements": [button()]}, "unsupported type: button", "/elements/0/type"),
        ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters", "/text/text"),
        ({"type": "header", "text": parsed()}, "unsupported type: mrkdwn", "/text/type"),
        ({"type": "image", "alt_text": "x"}, "must define either `image_url` or `slack_file`", ""),
        ({"type": "image", "image_url": "x"}, "missing required field: alt_text", ""),
        (IMAGE | {"alt_text": "x" * 2001}, "must be less than 2001 characters", "/alt_text"),
        (IMAGE | {"image_url": "x" * 3001}, "must be less than 3001 characters", "/image_url"),
        ({"type": "divider", "text": "x"}, "invalid additional property: text", ""),
        ({"type": "alert", "text": plain()}, "unsupported type: alert", "/type"),
        (field("plain_text_input"), "unsupported type: input", "/type"),
        (TABLE | {"rows": [[CELL]] * 101}, "no more than 100 items allowed", "/rows"),
        (TABLE | {"rows": [[CELL] * 21]}, "no more than 20 items allowed", "/rows/0"),
        (DATA_TABLE | {"rows": [[CELL]]}, "must provide at least 2 items", "/rows"),
        (DATA_TABLE | {"rows": [[RICH], [CELL]]}, "unsupported type: rich_text", "/rows/0/0/type"),
        (DATA_TABLE | {"rows": "x"}, "must provide an array", "/rows"),
        (DATA_TABLE | {"page_size": 101}, "must be between 1 and 100", "/page_size"),
        ({"type": "card"}, "must define one of `hero_image` or `title` or `actions` or `body`", ""),
        (CARD | {"actions": [button()] * 4}, "no more than 3 items allowed", "/actions"),
        (CARD | {"body": parsed("x" * 201)}, "must be less than 201 characters", "/body/text"),
        ({"type": "carousel", "elements": []}, "must provide at least 1 items", "/elements"),
        (CONTAINER | {"child_blocks": [CONTAINER]}, "unsupported type: container", "/child_blocks/0/type"),
        (CONTAINER | {"child_blocks": [DIVIDER] * 11}, "no more than 10 items allowed", "/child_blocks"),
        (VIDEO | {"title": plain("x" * 200)}, "must be less than 200 characters", "/title/text"),
        (VIDEO | {"author_name": "x" * 50}, "must be less than 50 characters", "/author_name"),
    ],
)
def test_a_bad_block_is_refused_in_slacks_words(block: Any, words: str, pointer: str) -> None:
    assert f"[ERROR] {words} [json-pointer:/blocks/0{pointer}]" in message_problems([block])


@pytest.mark.parametrize(
    "blocks, words",
    [
        ([DIVIDER] * 51, "no more than 50 items allowed"),
        ([section(block_id="b"), DIVIDER | {"block_id": "b"}], "duplicate block_id: b"),
        ([TABLE, TABLE], "only_one_table_allowed"),
        ([{"type": "markdown", "text": "x" * 7000}] * 2, "must be less than 12001 characters in all markdown blocks"),
        ("x", "must provide an array"),
    ],
)
def test_blocks_that_are_good_alone_can_be_bad_together(blocks: Any, words: str) -> None:
    assert message_problems(blocks) == [f"[ERROR] {words} [json-pointer:/blocks]"]


@pytest.mark.parametrize(
    "view, words, pointer",
    [
        ([], "must provide an object", ""),
        ({"blocks": []}, "missing required field: type", ""),
        (modal(type="workflow_step"), "unsupported type: workflow_step", "/type"),
        ({"type": "modal", "blocks": []}, "missing required field: title", ""),
        (modal(title=plain("x" * 25)), "must be less than 25 characters", "/title/text"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters", "/submit/text"),
        (modal(close=plain("x" * 25)), "must be less than 25 characters", "/close/text"),
        (modal(title=parsed()), "unsupported type: mrkdwn", "/title/type"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters", "/private_metadata"),
        (modal(callback_id="x" * 256), "must be less than 256 characters", "/callback_id"),
        (modal(external_id="x" * 256), "must be less than 256 characters", "/external_id"),
        (modal(submit_disabled=True), "invalid additional property: submit_disabled", ""),
        (modal(*[DIVIDER] * 101), "no more than 100 items allowed", "/blocks"),
        (modal(blocks=None), "must provide an array", "/blocks"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown", "/blocks/0/type"),
        (modal(TABLE), "unsupported type: table", "/blocks/0/type"),
        (modal({"type": "alert", "text": plain("x" * 201)}), "must be less than 201 characters", "/blocks/0/text/text"),
        (
            {"type": "modal", "title": plain(), "blocks": ["x", DIVIDER, field("plain_text_input")]},
            "must define `submit` to use an `input` block in modals",
            "/blocks/2/input",
        ),
        (modal(field("button")), "unsupported type: button", "/blocks/0/element/type"),
        (
            modal(field("plain_text_input") | {"label": plain("x" * 2001)}),
            "must be less than 2001 characters",
            "/blocks/0/label/text",
        ),
        (
            modal(field("plain_text_input") | {"hint": plain("x" * 2001)}),
            "must be less than 2001 characters",
            "/blocks/0/hint/text",
        ),
        (
            modal(field("plain_text_input", max_length=3001)),
            "must be between 1 and 3000",
            "/blocks/0/element/max_length",
        ),
        (
            modal(field("plain_text_input", min_length=9, max_length=8)),
            "`min_length` must not be more than `max_length`",
            "/blocks/0/element/min_length",
        ),
        (
            modal(field("plain_text_input", max_length=2, initial_value="xxx")),
            "must be less than 3 characters",
            "/blocks/0/element/initial_value",
        ),
        (
            modal(field("file_input", max_files=11)),
            "must be between 1 and 10",
            "/blocks/0/element/max_files",
        ),
        (home(title=plain()), "invalid additional property: title", ""),
        (home({"type": "markdown", "text": "x"}), "unsupported type: markdown", "/blocks/0/type"),
        (home({"type": "alert", "text": plain()}), "unsupported type: alert", "/blocks/0/type"),
        (home(*[DIVIDER] * 101), "no more than 100 items allowed", "/blocks"),
    ],
)
def test_a_bad_view_is_refused_in_slacks_words(view: Any, words: str, pointer: str) -> None:
    assert f"[ERROR] {words} [json-pointer:/view{pointer}]" in view_problems(view)


def test_no_json_at_all_is_too_odd() -> None:
    rng = random.Random(3)  # noqa: S311
    odd: list[Any] = [
        None,
        True,
        -1,
        1.5,
        "",
        "x",
        [],
        {},
        ["x"],
        {"type": []},
        {"type": "section"},
        parsed(),
        option(),
    ]
    good = [section(accessory=button(confirm=CONFIRM)), actions(*options(2)), TABLE, DATA_TABLE, CONTAINER, CARD, RICH]
    good += [field("plain_text_input", min_length=1), actions({"type": "static_select", "option_groups": [GROUP]})]
    for _ in range(1000):
        view, blocks = spoiled(modal(*good), rng, odd), spoiled(good, rng, odd)
        assert isinstance(view_problems(view), list)
        assert isinstance(message_problems(blocks), list)


def spoiled(value: Any, rng: random.Random, odd: list[Any]) -> Any:
    """The same JSON with a few parts replaced."""
    if rng.random() < 0.03:
        return rng.choice(odd)
    if isinstance(value, dict):
        return {name: spoiled(part, rng, odd) for name, part in value.items() if rng.random() > 0.03}
    return [spoiled(part, rng, odd) for part in value] if isinstance(value, list) else value
