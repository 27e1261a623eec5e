"""What was chosen or pressed, as Slack describes it in ``actions``."""

from typing import Any

from sandbox import state
from sandbox.control.calls import Body
from sandbox.control.fields import offered
from sandbox.core import Sandbox
from sandbox.errors import Refused

Json = dict[str, Any]

BUTTON = ("text", "value", "url", "style", "confirm")
BUTTONS = ("button", "workflow_button")


def chosen(box: Sandbox, body: Body, user: Json, blocks: list[Json], values: state.Values) -> Json:
    """The action; the state follows what was chosen. ``force`` makes up what is not there."""
    found = state.find(blocks, body["action_id"], body.get("block_id"))
    if found is None:
        return _forged(box, body)
    block, element = found
    head = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    if element["type"] in BUTTONS:
        return head | _pressed(body, element) | {"action_ts": box.workspace.stamps.next()}
    return head | _selected(box, body, user, block, element, values) | {"action_ts": box.workspace.stamps.next()}


def _pressed(body: Body, button: Json) -> Json:
    if "value" in body and body["value"] != button.get("value") and not body.get("force"):
        raise Refused("the button has another value")
    return {name: button[name] for name in BUTTON if name in button} | _value(body)


def _selected(box: Sandbox, body: Body, user: Json, block: Json, element: Json, values: state.Values) -> Json:
    choice = body.get("selected", body.get("value"))
    force = bool(body.get("force"))
    if element["type"] == "overflow":
        option = state.filled({**element, "type": "static_select"}, choice, known=lambda _: None, force=force)
        return {"selected_option": option["selected_option"]}
    field = state.filled(element, choice, known=offered(box, user, body["action_id"]), force=force)
    values.setdefault(block["block_id"], {})[element["action_id"]] = field
    kept = ("placeholder", "confirm", *(name for name in element if name.startswith("initial_")))
    return {name: element[name] for name in kept if name in element} | field


def _forged(box: Sandbox, body: Body) -> Json:
    if not body.get("force"):
        raise Refused(f"there is no {body['action_id']} to click")
    made: Json = {"type": "button", "action_id": body["action_id"], "block_id": body.get("block_id", "forged")}
    made["text"] = {"type": "plain_text", "text": "?", "emoji": True}
    return made | _value(body) | {"action_ts": box.workspace.stamps.next()}


def _value(body: Body) -> Json:
    return {"value": body["value"]} if "value" in body else {}
