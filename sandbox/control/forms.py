"""Submitting and closing modals, and what the bot's answer does to them."""

import copy
from typing import Any

from sandbox import interactions, views
from sandbox.control.calls import Body, acked, acting
from sandbox.control.clicking import shown_view
from sandbox.control.fields import complaints, set_values
from sandbox.core import Sandbox
from sandbox.dispatch import Ack
from sandbox.errors import Refused, SlackError
from sandbox.methods.views import change, made_for

Json = dict[str, Any]

TROUBLE = "We had some trouble connecting. Try again?"


async def submit(box: Sandbox, body: Body) -> Json:
    """``force`` sends what Slack's client would not."""
    user = acting(box, body)
    view = _top(box, body, user)
    if view["submit"] is None:
        raise Refused("this view has nothing to submit")
    force = bool(body.get("force"))
    set_values(box, user, view["blocks"], view["state"]["values"], body.get("values") or {}, force=force)
    if not force and (errors := complaints(view)):
        raise Refused("invalid_input", errors=errors)
    payload = copy.deepcopy(interactions.submission(box, user, view))
    ack = await box.dispatcher.call("interactive", payload, url=box.manifest.interactivity_url)
    told: Json = {}
    if ack.status == "acked":
        told = _obey(box, user, view, ack)
    box.journal.ring()
    return {**acked(ack), **told}


async def close(box: Sandbox, body: Body) -> Json:
    """Cancel closes this view; ``clear`` is the cross, which closes all."""
    user = acting(box, body)
    view = _top(box, body, user)
    stack = box.workspace.views.stack(user["id"])
    is_cleared = bool(body.get("clear"))
    told = stack[0] if is_cleared else view
    payload = copy.deepcopy(interactions.closing(box, user, told, is_cleared=is_cleared))
    if is_cleared:
        box.workspace.views.clear(user["id"])
    else:
        box.workspace.views.close(user["id"], view)
    box.journal.ring()
    if not told["notify_on_close"]:
        return acked(Ack("none"))
    return acked(await box.dispatcher.call("interactive", payload, url=box.manifest.interactivity_url))


def _top(box: Sandbox, body: Body, user: Json) -> Json:
    """Only the topmost modal can be used."""
    view = shown_view(box, body, user)
    stack = box.workspace.views.stack(user["id"])
    if not stack or stack[-1]["id"] != view["id"]:
        raise Refused("this view is not on top")
    return view


def _obey(box: Sandbox, user: Json, view: Json, ack: Ack) -> Json:
    """Do what the acknowledgement says; one that Slack cannot use leaves the modal as it is."""
    try:
        return _answered(box, user, view, ack.body)
    except SlackError as error:
        box.journal.problem(TROUBLE, code=error.code, body=ack.body, **error.fields)
        ack.status, ack.error = "error", TROUBLE
        return {"detail": {"code": error.code, **error.fields}}


def _answered(box: Sandbox, user: Json, view: Json, answer: Any) -> Json:
    stacks = box.workspace.views
    if answer in (None, "", {}):
        stacks.close(user["id"], view)
        return {}
    match answer.get("response_action") if isinstance(answer, dict) else None:
        case "clear":
            stacks.clear(user["id"])
            return {}
        case "errors":
            return {"errors": _errors(view, answer.get("errors"))}
        case "update":
            change(box, user["id"], stacks.find(view["id"])[1], views.checked(answer.get("view")))
            return {"view": view}
        case "push":
            pushed = made_for(box, user["id"], views.checked(answer.get("view")))
            stacks.require_unique(pushed)
            stacks.push(user["id"], pushed)
            return {"view": pushed}
    raise SlackError("invalid_response_action")


def _errors(view: Json, errors: Any) -> Json:
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        raise SlackError("invalid_errors")
    if not all(isinstance(words, str) and words for words in errors.values()):
        raise SlackError("invalid_errors")
    return errors
