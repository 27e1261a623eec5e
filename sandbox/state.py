"""The values of fields in Slack's typed form, made from plain ones."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.errors import Refused
from sandbox.formatting import rich_text, typed

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]

VALUE = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
ONE_OPTION = {"static_select", "external_select", "radio_buttons"}
MANY_OPTIONS = {"multi_static_select", "multi_external_select", "checkboxes"}
ONE_OF = {
    "users_select": "user",
    "conversations_select": "conversation",
    "channels_select": "channel",
    "datepicker": "date",
    "timepicker": "time",
    "datetimepicker": "date_time",
}
MANY_OF = {
    "multi_users_select": "users",
    "multi_conversations_select": "conversations",
    "multi_channels_select": "channels",
}


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block."""
    for block in blocks:
        for element in [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def find(blocks: list[Json], action_id: str, block_id: str | None = None) -> tuple[Json, Json] | None:
    for block, element in elements(blocks):
        if element["action_id"] == action_id and block_id in (None, block["block_id"]):
            return block, element
    return None


def initial(blocks: list[Json]) -> Values:
    """The state before anybody touched anything."""
    values: Values = {}
    for block, element in elements(blocks):
        if (field := default(element)) is not None:
            values.setdefault(block["block_id"], {})[element["action_id"]] = field
    return values


def carried(blocks: list[Json], before: Values) -> Values:
    """The state of a changed view: fields that kept their ids and type keep their value."""
    values = initial(blocks)
    for block_id, fields in values.items():
        for action_id, field in fields.items():
            old = before.get(block_id, {}).get(action_id)
            if old is not None and old["type"] == field["type"]:
                fields[action_id] = old
    return values


def default(element: Json) -> Json | None:
    """An untouched element's part of the state; None for those that have no state."""
    kind = element["type"]
    if kind in VALUE:
        return {"type": kind, "value": element.get("initial_value")}
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in ONE_OF:
        return {"type": kind, f"selected_{ONE_OF[kind]}": element.get(f"initial_{ONE_OF[kind]}")}
    if kind in MANY_OF:
        return {"type": kind, f"selected_{MANY_OF[kind]}": element.get(f"initial_{MANY_OF[kind]}", [])}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": element.get("initial_value")}
    if kind == "file_input":
        return {"type": kind, "files": []}
    return None


def filled(element: Json, value: Any, *, known: Callable[[str], Json | None], force: bool = False) -> Json:
    """The element's typed state for a plain value; "" and None empty it.

    Args:
        known: an option that the bot offered for an external select, by value.
        force: allow what the client would not offer.
    """
    kind = element["type"]
    value = None if value == "" else value
    if kind in VALUE:
        return {"type": kind, "value": None if value is None else str(value)}
    if kind in ONE_OPTION:
        option = None if value is None else _option(element, value, known, force=force)
        return {"type": kind, "selected_option": option}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": [_option(element, v, known, force=force) for v in _listed(value)]}
    if kind == "datetimepicker":
        return {"type": kind, "selected_date_time": None if value is None else int(value)}
    if kind in ONE_OF:
        return {"type": kind, f"selected_{ONE_OF[kind]}": value}
    if kind in MANY_OF:
        return {"type": kind, f"selected_{MANY_OF[kind]}": _listed(value)}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": None if value is None else rich_text(typed(str(value)))[0]}
    raise Refused(f"a {kind} takes no value")


def option_of(element: Json, value: str) -> Json | None:
    groups = element.get("option_groups") or []
    options = [*(element.get("options") or []), *(o for group in groups for o in group["options"])]
    return next((option for option in options if option.get("value") == value), None)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _option(element: Json, value: Any, known: Callable[[str], Json | None], *, force: bool) -> Json:
    if isinstance(value, dict):
        value, given = str(value["value"]), value
    else:
        value, given = str(value), {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": value}
    offered = option_of(element, value) or known(value)
    if offered is None and not force:
        raise Refused(f"{element['action_id']} does not offer {value!r}")
    return offered or given
