"""Slack's limits on blocks and views, as tables, and complaints worded the way Slack words them."""

from collections.abc import Iterator
from typing import Any, Final

from sandbox.checks import (
    MARKDOWN_LIMIT,
    Check,
    Problem,
    Table,
    actions_differ,
    any_object,
    anything,
    blocks_differ,
    either,
    flag,
    inputs_can_be_submitted,
    integer,
    items,
    message_adds_up,
    one_of,
    shape,
    string,
    text,
    typed,
)
from sandbox.elements import (
    BUTTON,
    ID,
    IMAGE,
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    PICTURE,
    URL,
    element,
    in_context,
)


def message_problems(blocks: list[dict[str, Any]]) -> list[str]:
    """Why Slack would refuse to post these blocks; empty if it would not."""
    return _said(_MESSAGE(blocks, "/blocks"))


def view_problems(view: dict[str, Any]) -> list[str]:
    """Why Slack would refuse to show this modal or Home; empty if it would not."""
    return _said(_VIEW(view, "/view"))


def _said(problems: Iterator[Problem]) -> list[str]:
    return [f"[ERROR] {words} [json-pointer:{pointer}]" for words, pointer in problems]


# --- blocks ----------------------------------------------------------------------------------------------------------


def _block(required: Table, optional: Table | None = None, *rules: Check) -> Check:
    return shape({"type": anything, **required}, {"block_id": ID, **(optional or {})}, *rules)


_RICH_TEXT: Final = _block(
    {
        "elements": items(
            typed(
                dict.fromkeys(
                    ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"), any_object
                )
            ),
            1000,
        )
    }
)
_CELL: Final = typed({"raw_text": element({"text": string(3000)}, {}), "rich_text": _RICH_TEXT})
_HEADING: Final = typed({"raw_text": element({"text": string(3000)}, {})})


def _header_is_plain(value: Any, at: str) -> Iterator[Problem]:
    rows = value.get("rows")
    if isinstance(rows, list) and rows:
        yield from items(_HEADING, 20)(rows[0], f"{at}/rows/0")


_CARD: Final = _block(
    {},
    {
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "hero_image": PICTURE,
        "icon": PICTURE,
        "slack_icon": shape({"name": string(255)}, {"type": anything}),
        "actions": items(typed({"button": BUTTON}), 3),
    },
    either("hero_image", "title", "actions", "body", exactly=False),
)
_EVERYWHERE: Final[Table] = {
    "actions": _block({"elements": items(IN_ACTIONS, 25)}, None, actions_differ),
    "context": _block({"elements": items(in_context, 10)}),
    "divider": _block({}),
    "header": _block({"text": text(150, parsed=False)}),
    "image": _block(
        {"alt_text": string(2000)}, {**IMAGE, "title": text(2000, parsed=False)}, either("image_url", "slack_file")
    ),
    "rich_text": _RICH_TEXT,
    "section": _block(
        {},
        {"text": text(3000), "fields": items(text(2000), 10), "accessory": IN_SECTION, "expand": flag},
        either("text", "fields", exactly=False),
    ),
    "video": _block(
        {
            "title": text(199, parsed=False),
            "alt_text": string(2000),
            "video_url": URL,
            "thumbnail_url": URL,
        },
        {
            "title_url": URL,
            "description": text(200, parsed=False),
            "author_name": string(49),
            "provider_name": string(255),
            "provider_icon_url": URL,
        },
    ),
}
_INPUT: Final = _block(
    {"label": text(2000, parsed=False), "element": IN_INPUT},
    {"hint": text(2000, parsed=False), "optional": flag, "dispatch_action": flag},
)
_WIDE: Final[Table] = {
    "table": _block({"rows": items(items(_CELL, 20), 100)}, {"column_settings": items(anything, 20)}),
    "data_table": _block(
        {"rows": items(items(_CELL, 20), 101, least=2), "caption": string(3000)},
        {"page_size": integer(1, 100)},
        _header_is_plain,
    ),
    "data_visualization": any_object,
}
_CONTAINED: Final[Table] = {**_EVERYWHERE, **_WIDE, "card": _CARD}
_CONTAINER: Final = _block(
    {"child_blocks": items(typed(_CONTAINED), 10)},
    {
        "title": text(150, parsed=False),
        "rich_text_title": _RICH_TEXT,
        "subtitle": text(150),
        "icon": PICTURE,
        "width": string(255),
        **dict.fromkeys(("is_collapsible", "default_collapsed", "has_header_divider"), flag),
    },
    either("title", "rich_text_title", exactly=False),
)
_ALERT: Final = _block({"text": text(200)}, {"level": one_of("default", "info", "warning", "error", "success")})

_IN_MESSAGE: Final[Table] = {
    **_CONTAINED,
    "container": _CONTAINER,
    "carousel": _block({"elements": items(typed({"card": _CARD}), 10)}),
    "context_actions": _block({"elements": items(IN_CONTEXT_ACTIONS, 5)}, None, actions_differ),
    "file": _block({"external_id": ID, "source": one_of("remote")}),
    "markdown": _block({"text": string(MARKDOWN_LIMIT)}),
    "plan": any_object,
    "task_card": any_object,
}
_IN_MODAL: Final[Table] = {**_EVERYWHERE, "alert": _ALERT, "card": _CARD, "input": _INPUT}
_IN_HOME: Final[Table] = {**_EVERYWHERE, **_WIDE, "card": _CARD, "container": _CONTAINER, "input": _INPUT}


# --- surfaces --------------------------------------------------------------------------------------------------------


def _blocks(table: Table, most: int, *rules: Check) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        for each in (items(typed(table), most, least=0), blocks_differ, *rules):
            yield from each(value, at)

    return check


_MESSAGE: Final = _blocks(_IN_MESSAGE, 50, message_adds_up)
_NAMED: Final[Table] = {
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
    "private_metadata": string(3000, least=0),
}
_RETURNED: Final[Table] = dict.fromkeys(
    ("id", "team_id", "app_id", "app_installed_team_id", "bot_id", "hash", "previous_view_id", "root_view_id", "state"),
    anything,
)
"""Slack sends these with a view; sent back, they do no harm."""
_CLOSING: Final[Table] = {"clear_on_close": flag, "notify_on_close": flag}
_VIEW: Final = typed(
    {
        "modal": shape(
            {"type": anything, "title": text(24, parsed=False), "blocks": _blocks(_IN_MODAL, 100)},
            {**_NAMED, **_RETURNED, **_CLOSING, **dict.fromkeys(("submit", "close"), text(24, parsed=False))},
            inputs_can_be_submitted,
        ),
        "home": shape({"type": anything, "blocks": _blocks(_IN_HOME, 100)}, {**_NAMED, **_RETURNED, **_CLOSING}),
    }
)
