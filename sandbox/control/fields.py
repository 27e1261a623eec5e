"""What people fill in, as Slack's own client lets them."""

import re
from collections.abc import Callable
from typing import Any

from sandbox import state
from sandbox.core import Sandbox
from sandbox.errors import Refused

Json = dict[str, Any]

REQUIRED = "Please complete this required field."
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def set_values(
    box: Sandbox, user: Json, blocks: list[Json], values: state.Values, given: Json, *, force: bool = False
) -> None:
    """Put plain values into a typed state."""
    for block_id, fields in given.items():
        for action_id, value in fields.items():
            found = state.find(blocks, action_id, block_id)
            if found is None:
                raise Refused(f"there is no field {block_id}/{action_id}")
            known = offered(box, user, action_id)
            values.setdefault(block_id, {})[action_id] = state.filled(found[1], value, known=known, force=force)


def complaints(view: Json) -> dict[str, str]:
    """What Slack's client says instead of submitting, by block_id."""
    found = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            field = view["state"]["values"].get(block["block_id"], {}).get(element["action_id"])
            if field is not None and (words := _complaint(block, element, field)):
                found[block["block_id"]] = words
    return found


def remember(box: Sandbox, user: Json, action_id: str, options: list[Json]) -> None:
    """Keep what an external select offered, so that it can be chosen."""
    for option in options:
        box.workspace.offers[user["id"], action_id, str(option["value"])] = option


def offered(box: Sandbox, user: Json, action_id: str) -> Callable[[str], Json | None]:
    return lambda value: box.workspace.offers.get((user["id"], action_id, value))


def _complaint(block: Json, element: Json, field: Json) -> str:
    value = next(value for name, value in field.items() if name != "type")
    if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
        return "" if block.get("optional") else REQUIRED
    if not isinstance(value, str):
        return ""
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please enter no more than {element.get('max_length', 3000)} characters."
    return _misshapen(element, value)


def _misshapen(element: Json, value: str) -> str:
    kind = element["type"]
    if kind == "email_text_input" and not EMAIL.fullmatch(value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not URL.fullmatch(value):
        return "Please enter a valid URL."
    if kind == "number_input":
        return _miscounted(element, value)
    return ""


def _miscounted(element: Json, value: str) -> str:
    form = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(form, value):
        return "Please enter a number."
    if "min_value" in element and float(value) < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and float(value) > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""
