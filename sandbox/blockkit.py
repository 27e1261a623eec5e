"""Slack's limits on blocks and views, as tables, and complaints worded the way Slack words them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

Problem: TypeAlias = tuple[str, str]
"""What is wrong, and the JSON pointer to where."""
Check: TypeAlias = Callable[[Any, str], Iterator[Problem]]
Table: TypeAlias = Mapping[str, Check]

MARKDOWN_LIMIT: Final = 12_000
"""Over all markdown blocks of a message together."""


def message_problems(blocks: list[dict[str, Any]]) -> list[str]:
    """Why Slack would refuse to post these blocks; empty if it would not."""
    return _said(_MESSAGE(blocks, "/blocks"))


def view_problems(view: dict[str, Any]) -> list[str]:
    """Why Slack would refuse to show this modal or Home; empty if it would not."""
    return _said(_VIEW(view, "/view"))


def _said(problems: Iterator[Problem]) -> list[str]:
    return [f"[ERROR] {words} [json-pointer:{pointer}]" for words, pointer in problems]


# --- what a value may be ---------------------------------------------------------------------------------------------


def _anything(_value: Any, _at: str) -> Iterator[Problem]:
    yield from ()


def _object(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield "must provide an object", at


def _flag(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield "must provide a boolean", at


def _string(limit: int, *, least: int = 1, form: str = "") -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield "must provide a string", at
        elif len(value) < least:
            yield f"must be more than {least - 1} characters", at
        elif len(value) > limit:
            yield f"must be less than {limit + 1} characters", at
        elif form and not re.fullmatch(form, value):
            yield f"must match the pattern {form}", at

    return check


def _integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield "must provide an integer", at
        elif not least <= value <= most:
            yield f"must be between {least} and {most}", at

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in allowed:
            yield f"must be a valid enum value: {', '.join(allowed)}", at

    return check


def _items(item: Check, most: int, *, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield "must provide an array", at
            return
        if len(value) < least:
            yield f"must provide at least {least} items", at
        if len(value) > most:
            yield f"no more than {most} items allowed", at
        for place, each in enumerate(value):
            yield from item(each, f"{at}/{place}")

    return check


def _shape(required: Table, optional: Table | None = None, *rules: Check) -> Check:
    """An object with these fields and no others; the rules say what fields mean to each other."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "must provide an object", at
            return
        yield from ((f"missing required field: {name}", at) for name in required if name not in value)
        for name, part in value.items():
            if name not in known:
                yield f"invalid additional property: {name}", at
            else:
                yield from known[name](part, f"{at}/{name}")
        for rule in rules:
            yield from rule(value, at)

    return check


def _typed(table: Table) -> Check:
    """An object whose ``type`` says what else it has."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "must provide an object", at
        elif "type" not in value:
            yield "missing required field: type", at
        elif not isinstance(value["type"], str) or value["type"] not in table:
            yield f"unsupported type: {value['type']}", f"{at}/type"
        else:
            yield from table[value["type"]](value, at)

    return check


def _text(limit: int, *, parsed: bool = True) -> Check:
    """A text object; ``parsed`` allows mrkdwn beside plain_text."""
    kinds: dict[str, Check] = {"plain_text": _shape({"type": _anything, "text": _string(limit)}, {"emoji": _flag})}
    if parsed:
        kinds["mrkdwn"] = _shape({"type": _anything, "text": _string(limit)}, {"verbatim": _flag})

    def check(value: Any, at: str) -> Iterator[Problem]:
        problems = list(_typed(kinds)(value, at))
        if problems and parsed:
            yield "failed to match all allowed schemas", at
        yield from problems

    return check


# --- what fields mean to each other ----------------------------------------------------------------------------------


def _either(*names: str, exactly: bool = True) -> Check:
    def rule(value: Any, at: str) -> Iterator[Problem]:
        given = [name for name in names if name in value]
        if not given or (exactly and len(given) > 1):
            yield f"must define {'either' if exactly else 'one of'} {' or '.join(f'`{name}`' for name in names)}", at

    return rule


def _listed(value: Any, name: str) -> list[Any]:
    """The objects of a list that may be missing or wrong; what is wrong has been said already."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _initial_is_offered(value: Any, at: str) -> Iterator[Problem]:
    offered = _listed(value, "options") + [
        option for group in _listed(value, "option_groups") for option in _listed(group, "options")
    ]
    if "initial_option" in value and value["initial_option"] not in offered:
        yield "`initial_option` must be one of the options", f"{at}/initial_option"
    if any(option not in offered for option in _listed(value, "initial_options")):
        yield "`initial_options` must be among the options", f"{at}/initial_options"


def _lengths_agree(value: Any, at: str) -> Iterator[Problem]:
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield "`min_length` must not be more than `max_length`", f"{at}/min_length"
    if isinstance(most, int) and len(str(value.get("initial_value", ""))) > most:
        yield f"must be less than {most + 1} characters", f"{at}/initial_value"


def _actions_differ(value: Any, at: str) -> Iterator[Problem]:
    ids = Counter(str(each["action_id"]) for each in _listed(value, "elements") if "action_id" in each)
    yield from ((f"duplicate action_id: {name}", f"{at}/elements") for name, times in ids.items() if times > 1)


def _blocks_differ(blocks: Any, at: str) -> Iterator[Problem]:
    ids = Counter(str(each["block_id"]) for each in _listed({"": blocks}, "") if "block_id" in each)
    yield from ((f"duplicate block_id: {name}", at) for name, times in ids.items() if times > 1)


def _message_adds_up(blocks: Any, at: str) -> Iterator[Problem]:
    listed = _listed({"": blocks}, "")
    markdown = sum(len(str(each.get("text", ""))) for each in listed if each.get("type") == "markdown")
    if markdown > MARKDOWN_LIMIT:
        yield f"must be less than {MARKDOWN_LIMIT + 1} characters in all markdown blocks", at
    if sum(each.get("type") == "table" for each in listed) > 1:
        yield "only_one_table_allowed", at


def _inputs_can_be_submitted(view: Any, at: str) -> Iterator[Problem]:
    blocks = view.get("blocks")
    for place, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict) and block.get("type") == "input" and "submit" not in view:
            yield "must define `submit` to use an `input` block in modals", f"{at}/blocks/{place}/input"


# --- elements --------------------------------------------------------------------------------------------------------

_ID: Final = _string(255)
_URL: Final = _string(3000)
_STYLE: Final = _one_of("primary", "danger")
_CONFIRM: Final = _shape(
    {
        "title": _text(100, parsed=False),
        "text": _text(300),
        "confirm": _text(30, parsed=False),
        "deny": _text(30, parsed=False),
    },
    {"style": _STYLE},
)
_ACTED: Final[Table] = {"action_id": _ID, "confirm": _CONFIRM}
_ENTERED: Final[Table] = {"action_id": _ID, "focus_on_load": _flag, "placeholder": _text(150, parsed=False)}
_PICKED: Final[Table] = {**_ENTERED, "confirm": _CONFIRM}
_WRITTEN: Final[Table] = {
    **_ENTERED,
    "dispatch_action_config": _shape(
        {"trigger_actions_on": _items(_one_of("on_enter_pressed", "on_character_entered"), 2)}
    ),
}


def _element(required: Table, optional: Table, *rules: Check) -> Check:
    return _shape({"type": _anything, **required}, optional, *rules)


def _option(*, parsed: bool = False, linked: bool = False) -> Check:
    url = {"url": _URL} if linked else {}
    return _shape(
        {"text": _text(75, parsed=parsed), "value": _string(150)}, {"description": _text(75, parsed=parsed), **url}
    )


_TEN_OPTIONS: Final[Table] = {"options": _items(_option(parsed=True), 10)}
_GROUP: Final = _shape({"label": _text(75, parsed=False), "options": _items(_option(), 100)})
_OFFERED: Final[Table] = {"options": _items(_option(), 100), "option_groups": _items(_GROUP, 100)}
_SEVERAL: Final[Table] = {**_PICKED, "max_selected_items": _integer(1, 100)}
_FILTER: Final = _shape(
    {},
    {
        "include": _items(_one_of("im", "mpim", "private", "public"), 4),
        "exclude_bot_users": _flag,
        "exclude_external_shared_channels": _flag,
    },
    _either("include", "exclude_bot_users", "exclude_external_shared_channels", exactly=False),
)
_CONVERSATIONS: Final[Table] = {"default_to_current_conversation": _flag, "filter": _FILTER}
_SOME_OPTIONS: Final = _items(_option(), 100)
_SOME_IDS: Final = _items(_ID, 100)
_IMAGE: Final[Table] = {"image_url": _URL, "slack_file": _object}
_QUERY: Final[Table] = {"min_query_length": _integer(0, 255)}
_ONE_SOURCE: Final = _either("options", "option_groups")

_SELECTS: Final[Table] = {
    "static_select": _element(
        {}, {**_PICKED, **_OFFERED, "initial_option": _option()}, _ONE_SOURCE, _initial_is_offered
    ),
    "multi_static_select": _element(
        {}, {**_SEVERAL, **_OFFERED, "initial_options": _SOME_OPTIONS}, _ONE_SOURCE, _initial_is_offered
    ),
    "external_select": _element({}, {**_PICKED, **_QUERY, "initial_option": _option()}),
    "multi_external_select": _element({}, {**_SEVERAL, **_QUERY, "initial_options": _SOME_OPTIONS}),
    "users_select": _element({}, {**_PICKED, "initial_user": _ID}),
    "multi_users_select": _element({}, {**_SEVERAL, "initial_users": _SOME_IDS}),
    "conversations_select": _element(
        {}, {**_PICKED, **_CONVERSATIONS, "initial_conversation": _ID, "response_url_enabled": _flag}
    ),
    "multi_conversations_select": _element({}, {**_SEVERAL, **_CONVERSATIONS, "initial_conversations": _SOME_IDS}),
    "channels_select": _element({}, {**_PICKED, "initial_channel": _ID, "response_url_enabled": _flag}),
    "multi_channels_select": _element({}, {**_SEVERAL, "initial_channels": _SOME_IDS}),
}
_PICKERS: Final[Table] = {
    **_SELECTS,
    "datepicker": _element({}, {**_PICKED, "initial_date": _string(10, form=r"\d{4}-\d\d-\d\d")}),
    "timepicker": _element(
        {}, {**_PICKED, "initial_time": _string(5, form=r"([01]\d|2[0-3]):[0-5]\d"), "timezone": _string(255)}
    ),
    "checkboxes": _element(
        _TEN_OPTIONS, {**_PICKED, "initial_options": _items(_option(parsed=True), 10)}, _initial_is_offered
    ),
    "radio_buttons": _element(_TEN_OPTIONS, {**_PICKED, "initial_option": _option(parsed=True)}, _initial_is_offered),
}
_MOMENT: Final = _element({}, {**_PICKED, "initial_date_time": _integer(1_000_000_000, 9_999_999_999)})
_NUMBER: Final = _string(255, form=r"-?\d+(\.\d+)?")
_BUTTON: Final = _element(
    {"text": _text(75, parsed=False)},
    {**_ACTED, "value": _string(2000, least=0), "url": _URL, "style": _STYLE, "accessibility_label": _string(75)},
)
_PICTURE: Final = _element({"alt_text": _string(2000)}, _IMAGE, _either("image_url", "slack_file"))
_CLICKED: Final[Table] = {
    "button": _BUTTON,
    "overflow": _element({"options": _items(_option(linked=True), 5)}, _ACTED),
    "workflow_button": _element(
        {"text": _text(75, parsed=False), "workflow": _object},
        {"action_id": _ID, "style": _STYLE, "accessibility_label": _string(75)},
    ),
}
_IN_ACTIONS: Final = _typed({**_PICKERS, **_CLICKED, "datetimepicker": _MOMENT})
_IN_SECTION: Final = _typed({**_PICKERS, **_CLICKED, "image": _PICTURE})
_IN_INPUT: Final = _typed(
    {
        **_PICKERS,
        "datetimepicker": _MOMENT,
        "plain_text_input": _element(
            {},
            {
                **_WRITTEN,
                "initial_value": _string(3000, least=0),
                "multiline": _flag,
                "min_length": _integer(0, 3000),
                "max_length": _integer(1, 3000),
            },
            _lengths_agree,
        ),
        "email_text_input": _element({}, {**_WRITTEN, "initial_value": _string(3000)}),
        "url_text_input": _element({}, {**_WRITTEN, "initial_value": _string(3000)}),
        "number_input": _element(
            {"is_decimal_allowed": _flag},
            {**_WRITTEN, "initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
        ),
        "rich_text_input": _element({}, {**_WRITTEN, "initial_value": _object}),
        "file_input": _element(
            {}, {"action_id": _ID, "filetypes": _items(_string(255), 100), "max_files": _integer(1, 10)}
        ),
    }
)
_IN_CONTEXT_ACTIONS: Final = _typed(
    {
        "feedback_buttons": _element({"positive_button": _object, "negative_button": _object}, {"action_id": _ID}),
        "icon_button": _element(
            {"icon": _string(255), "text": _text(75, parsed=False)},
            {**_ACTED, "value": _string(2000), "accessibility_label": _string(75)},
        ),
    }
)


def _in_context(value: Any, at: str) -> Iterator[Problem]:
    is_image = isinstance(value, dict) and value.get("type") == "image"
    yield from (_PICTURE if is_image else _text(3000))(value, at)


# --- blocks ----------------------------------------------------------------------------------------------------------


def _block(required: Table, optional: Table | None = None, *rules: Check) -> Check:
    return _shape({"type": _anything, **required}, {"block_id": _ID, **(optional or {})}, *rules)


_RICH_TEXT: Final = _block(
    {
        "elements": _items(
            _typed(
                dict.fromkeys(
                    ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"), _object
                )
            ),
            1000,
        )
    }
)
_CELL: Final = _typed({"raw_text": _element({"text": _string(3000)}, {}), "rich_text": _RICH_TEXT})
_HEADING: Final = _typed({"raw_text": _element({"text": _string(3000)}, {})})


def _header_is_plain(value: Any, at: str) -> Iterator[Problem]:
    rows = value.get("rows")
    if isinstance(rows, list) and rows:
        yield from _items(_HEADING, 20)(rows[0], f"{at}/rows/0")


_CARD: Final = _block(
    {},
    {
        "title": _text(150),
        "subtitle": _text(150),
        "body": _text(200),
        "subtext": _text(200),
        "hero_image": _PICTURE,
        "icon": _PICTURE,
        "slack_icon": _shape({"name": _string(255)}, {"type": _anything}),
        "actions": _items(_typed({"button": _BUTTON}), 3),
    },
    _either("hero_image", "title", "actions", "body", exactly=False),
)
_EVERYWHERE: Final[Table] = {
    "actions": _block({"elements": _items(_IN_ACTIONS, 25)}, None, _actions_differ),
    "context": _block({"elements": _items(_in_context, 10)}),
    "divider": _block({}),
    "header": _block({"text": _text(150, parsed=False)}),
    "image": _block(
        {"alt_text": _string(2000)}, {**_IMAGE, "title": _text(2000, parsed=False)}, _either("image_url", "slack_file")
    ),
    "rich_text": _RICH_TEXT,
    "section": _block(
        {},
        {"text": _text(3000), "fields": _items(_text(2000), 10), "accessory": _IN_SECTION, "expand": _flag},
        _either("text", "fields", exactly=False),
    ),
    "video": _block(
        {
            "title": _text(199, parsed=False),
            "alt_text": _string(2000),
            "video_url": _URL,
            "thumbnail_url": _URL,
        },
        {
            "title_url": _URL,
            "description": _text(200, parsed=False),
            "author_name": _string(49),
            "provider_name": _string(255),
            "provider_icon_url": _URL,
        },
    ),
}
_INPUT: Final = _block(
    {"label": _text(2000, parsed=False), "element": _IN_INPUT},
    {"hint": _text(2000, parsed=False), "optional": _flag, "dispatch_action": _flag},
)
_WIDE: Final[Table] = {
    "table": _block({"rows": _items(_items(_CELL, 20), 100)}, {"column_settings": _items(_anything, 20)}),
    "data_table": _block(
        {"rows": _items(_items(_CELL, 20), 101, least=2), "caption": _string(3000)},
        {"page_size": _integer(1, 100)},
        _header_is_plain,
    ),
    "data_visualization": _object,
}
_CONTAINED: Final[Table] = {**_EVERYWHERE, **_WIDE, "card": _CARD}
_CONTAINER: Final = _block(
    {"child_blocks": _items(_typed(_CONTAINED), 10)},
    {
        "title": _text(150, parsed=False),
        "rich_text_title": _RICH_TEXT,
        "subtitle": _text(150),
        "icon": _PICTURE,
        "width": _string(255),
        **dict.fromkeys(("is_collapsible", "default_collapsed", "has_header_divider"), _flag),
    },
    _either("title", "rich_text_title", exactly=False),
)
_ALERT: Final = _block({"text": _text(200)}, {"level": _one_of("default", "info", "warning", "error", "success")})

_IN_MESSAGE: Final[Table] = {
    **_CONTAINED,
    "container": _CONTAINER,
    "carousel": _block({"elements": _items(_typed({"card": _CARD}), 10)}),
    "context_actions": _block({"elements": _items(_IN_CONTEXT_ACTIONS, 5)}, None, _actions_differ),
    "file": _block({"external_id": _ID, "source": _one_of("remote")}),
    "markdown": _block({"text": _string(MARKDOWN_LIMIT)}),
    "plan": _object,
    "task_card": _object,
}
_IN_MODAL: Final[Table] = {**_EVERYWHERE, "alert": _ALERT, "card": _CARD, "input": _INPUT}
_IN_HOME: Final[Table] = {**_EVERYWHERE, **_WIDE, "card": _CARD, "container": _CONTAINER, "input": _INPUT}


# --- surfaces --------------------------------------------------------------------------------------------------------


def _blocks(table: Table, most: int, *rules: Check) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        for each in (_items(_typed(table), most, least=0), _blocks_differ, *rules):
            yield from each(value, at)

    return check


_MESSAGE: Final = _blocks(_IN_MESSAGE, 50, _message_adds_up)
_NAMED: Final[Table] = {
    "callback_id": _string(255, least=0),
    "external_id": _string(255, least=0),
    "private_metadata": _string(3000, least=0),
}
_RETURNED: Final[Table] = dict.fromkeys(
    ("id", "team_id", "app_id", "app_installed_team_id", "bot_id", "hash", "previous_view_id", "root_view_id", "state"),
    _anything,
)
"""Slack sends these with a view; sent back, they do no harm."""
_CLOSING: Final[Table] = {"clear_on_close": _flag, "notify_on_close": _flag}
_VIEW: Final = _typed(
    {
        "modal": _shape(
            {"type": _anything, "title": _text(24, parsed=False), "blocks": _blocks(_IN_MODAL, 100)},
            {**_NAMED, **_RETURNED, **_CLOSING, **dict.fromkeys(("submit", "close"), _text(24, parsed=False))},
            _inputs_can_be_submitted,
        ),
        "home": _shape({"type": _anything, "blocks": _blocks(_IN_HOME, 100)}, {**_NAMED, **_RETURNED, **_CLOSING}),
    }
)
