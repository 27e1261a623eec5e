"""Block Kit elements: what a button, a select, an input may hold."""

from collections.abc import Iterator
from typing import Any, Final

from sandbox.checks import (
    Check,
    Problem,
    Table,
    any_object,
    anything,
    either,
    flag,
    initial_is_offered,
    integer,
    items,
    lengths_agree,
    one_of,
    shape,
    string,
    text,
    typed,
)

ID: Final = string(255)
URL: Final = string(3000)
STYLE: Final = one_of("primary", "danger")
CONFIRM: Final = shape(
    {
        "title": text(100, parsed=False),
        "text": text(300),
        "confirm": text(30, parsed=False),
        "deny": text(30, parsed=False),
    },
    {"style": STYLE},
)
ACTED: Final[Table] = {"action_id": ID, "confirm": CONFIRM}
ENTERED: Final[Table] = {"action_id": ID, "focus_on_load": flag, "placeholder": text(150, parsed=False)}
PICKED: Final[Table] = {**ENTERED, "confirm": CONFIRM}
WRITTEN: Final[Table] = {
    **ENTERED,
    "dispatch_action_config": shape(
        {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)}
    ),
}


def element(required: Table, optional: Table, *rules: Check) -> Check:
    return shape({"type": anything, **required}, optional, *rules)


def option(*, parsed: bool = False, linked: bool = False) -> Check:
    url = {"url": URL} if linked else {}
    return shape(
        {"text": text(75, parsed=parsed), "value": string(150)}, {"description": text(75, parsed=parsed), **url}
    )


TEN_OPTIONS: Final[Table] = {"options": items(option(parsed=True), 10)}
GROUP: Final = shape({"label": text(75, parsed=False), "options": items(option(), 100)})
OFFERED: Final[Table] = {"options": items(option(), 100), "option_groups": items(GROUP, 100)}
SEVERAL: Final[Table] = {**PICKED, "max_selected_items": integer(1, 100)}
FILTER: Final = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 4),
        "exclude_bot_users": flag,
        "exclude_external_shared_channels": flag,
    },
    either("include", "exclude_bot_users", "exclude_external_shared_channels", exactly=False),
)
CONVERSATIONS: Final[Table] = {"default_to_current_conversation": flag, "filter": FILTER}
SOME_OPTIONS: Final = items(option(), 100)
SOME_IDS: Final = items(ID, 100)
IMAGE: Final[Table] = {"image_url": URL, "slack_file": any_object}
QUERY: Final[Table] = {"min_query_length": integer(0, 255)}
ONE_SOURCE: Final = either("options", "option_groups")

SELECTS: Final[Table] = {
    "static_select": element({}, {**PICKED, **OFFERED, "initial_option": option()}, ONE_SOURCE, initial_is_offered),
    "multi_static_select": element(
        {}, {**SEVERAL, **OFFERED, "initial_options": SOME_OPTIONS}, ONE_SOURCE, initial_is_offered
    ),
    "external_select": element({}, {**PICKED, **QUERY, "initial_option": option()}),
    "multi_external_select": element({}, {**SEVERAL, **QUERY, "initial_options": SOME_OPTIONS}),
    "users_select": element({}, {**PICKED, "initial_user": ID}),
    "multi_users_select": element({}, {**SEVERAL, "initial_users": SOME_IDS}),
    "conversations_select": element(
        {}, {**PICKED, **CONVERSATIONS, "initial_conversation": ID, "response_url_enabled": flag}
    ),
    "multi_conversations_select": element({}, {**SEVERAL, **CONVERSATIONS, "initial_conversations": SOME_IDS}),
    "channels_select": element({}, {**PICKED, "initial_channel": ID, "response_url_enabled": flag}),
    "multi_channels_select": element({}, {**SEVERAL, "initial_channels": SOME_IDS}),
}
PICKERS: Final[Table] = {
    **SELECTS,
    "datepicker": element({}, {**PICKED, "initial_date": string(10, form=r"\d{4}-\d\d-\d\d")}),
    "timepicker": element(
        {}, {**PICKED, "initial_time": string(5, form=r"([01]\d|2[0-3]):[0-5]\d"), "timezone": string(255)}
    ),
    "checkboxes": element(
        TEN_OPTIONS, {**PICKED, "initial_options": items(option(parsed=True), 10)}, initial_is_offered
    ),
    "radio_buttons": element(TEN_OPTIONS, {**PICKED, "initial_option": option(parsed=True)}, initial_is_offered),
}
MOMENT: Final = element({}, {**PICKED, "initial_date_time": integer(1_000_000_000, 9_999_999_999)})
NUMBER: Final = string(255, form=r"-?\d+(\.\d+)?")
BUTTON: Final = element(
    {"text": text(75, parsed=False)},
    {**ACTED, "value": string(2000, least=0), "url": URL, "style": STYLE, "accessibility_label": string(75)},
)
PICTURE: Final = element({"alt_text": string(2000)}, IMAGE, either("image_url", "slack_file"))
CLICKED: Final[Table] = {
    "button": BUTTON,
    "overflow": element({"options": items(option(linked=True), 5)}, ACTED),
    "workflow_button": element(
        {"text": text(75, parsed=False), "workflow": any_object},
        {"action_id": ID, "style": STYLE, "accessibility_label": string(75)},
    ),
}
IN_ACTIONS: Final = typed({**PICKERS, **CLICKED, "datetimepicker": MOMENT})
IN_SECTION: Final = typed({**PICKERS, **CLICKED, "image": PICTURE})
IN_INPUT: Final = typed(
    {
        **PICKERS,
        "datetimepicker": MOMENT,
        "plain_text_input": element(
            {},
            {
                **WRITTEN,
                "initial_value": string(3000, least=0),
                "multiline": flag,
                "min_length": integer(0, 3000),
                "max_length": integer(1, 3000),
            },
            lengths_agree,
        ),
        "email_text_input": element({}, {**WRITTEN, "initial_value": string(3000)}),
        "url_text_input": element({}, {**WRITTEN, "initial_value": string(3000)}),
        "number_input": element(
            {"is_decimal_allowed": flag},
            {**WRITTEN, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
        ),
        "rich_text_input": element({}, {**WRITTEN, "initial_value": any_object}),
        "file_input": element({}, {"action_id": ID, "filetypes": items(string(255), 100), "max_files": integer(1, 10)}),
    }
)
IN_CONTEXT_ACTIONS: Final = typed(
    {
        "feedback_buttons": element({"positive_button": any_object, "negative_button": any_object}, {"action_id": ID}),
        "icon_button": element(
            {"icon": string(255), "text": text(75, parsed=False)},
            {**ACTED, "value": string(2000), "accessibility_label": string(75)},
        ),
    }
)


def in_context(value: Any, at: str) -> Iterator[Problem]:
    is_image = isinstance(value, dict) and value.get("type") == "image"
    yield from (PICTURE if is_image else text(3000))(value, at)
