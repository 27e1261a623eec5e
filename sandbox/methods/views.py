"""views.*: modals and the Home tab."""

from typing import Any

from sandbox import views
from sandbox.core import Sandbox
from sandbox.errors import SlackError, arguments_refused
from sandbox.methods.method import Method

Json = dict[str, Any]


def open_modal(box: Sandbox, args: Json) -> Json:
    source = _modal(args["view"])
    trigger = box.workspace.tickets.exchange(args["trigger_id"], box.clock.now())
    view = made_for(box, trigger.user, source)
    box.workspace.views.require_unique(view)
    box.workspace.views.clear(trigger.user)
    box.workspace.views.push(trigger.user, view)
    return {"view": view}


def push(box: Sandbox, args: Json) -> Json:
    source = _modal(args["view"])
    trigger = box.workspace.tickets.exchange(args["trigger_id"], box.clock.now())
    box.workspace.views.find(trigger.view_id)
    view = made_for(box, trigger.user, source)
    box.workspace.views.require_unique(view)
    box.workspace.views.push(trigger.user, view)
    return {"view": view}


def update(box: Sandbox, args: Json) -> Json:
    source = _modal(args["view"])
    if ("view_id" in args) == ("external_id" in args):
        raise arguments_refused("either view_id or external_id is needed")
    user, old = box.workspace.views.find(args.get("view_id"), args.get("external_id"))
    if args.get("hash", old["hash"]) != old["hash"]:
        raise SlackError("hash_conflict")
    change(box, user, old, source)
    return {"view": old}


def publish(box: Sandbox, args: Json) -> Json:
    source = views.checked(args["view"])
    if source.get("type") != "home":
        raise arguments_refused("view type must be home")
    if not box.manifest.home:
        raise SlackError("not_enabled")
    user = box.workspace.user(args["user_id"])["id"]
    old = box.workspace.homes.get(user)
    if old is not None and args.get("hash", old["hash"]) != old["hash"]:
        raise SlackError("hash_conflict")
    view = made_for(box, user, source)
    if old is not None:
        view |= {"id": old["id"], "root_view_id": old["id"]}
    box.workspace.homes[user] = view
    return {"view": view}


def change(box: Sandbox, user: str, old: Json, source: Json) -> None:
    """Update an open view."""
    view = made_for(box, user, source)
    box.workspace.views.require_unique(view, besides=old["id"])
    box.workspace.views.replace(old, view)


def made_for(box: Sandbox, user: str, source: Json) -> Json:
    workspace = box.workspace
    return views.instance(
        source,
        team=workspace.user(user)["team_id"],
        home_team=workspace.team_id,
        app=workspace.app_id,
        bot=workspace.bot_id,
    )


def _modal(source: Any) -> Json:
    view = views.checked(source)
    if view["type"] != "modal":
        raise arguments_refused("view type must be modal")
    return view


METHODS = {
    "views.open": Method(open_modal, "trigger_id! view!:json", tier=4),
    "views.push": Method(push, "trigger_id! view!:json", tier=4),
    "views.update": Method(update, "view!:json view_id external_id hash", tier=4),
    "views.publish": Method(publish, "user_id! view!:json hash", tier=4),
}
