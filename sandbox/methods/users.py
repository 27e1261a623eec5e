"""users.*, team.info, bots.info, auth.test: who is who."""

from typing import Any

from sandbox import messages
from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.methods.method import Method
from sandbox.methods.paging import page

Json = dict[str, Any]

READ = ("users:read",)


def info(box: Sandbox, args: Json) -> Json:
    return {"user": box.dispatcher.visible_user(box.workspace.user(args["user"]))}


def list_all(box: Sandbox, args: Json) -> Json:
    """Without people from elsewhere."""
    users = [user for user in box.workspace.users.values() if not box.workspace.is_external(user)]
    found, cursor = page(users, args, default=1000, most=1000)
    return {
        "members": [box.dispatcher.visible_user(user) for user in found],
        "cache_ts": int(found[0]["updated"]) if found else 0,
        "response_metadata": {"next_cursor": cursor},
    }


def by_email(box: Sandbox, args: Json) -> Json:
    for user in box.workspace.users.values():
        if user["profile"].get("email") == args["email"].lower() and not user["deleted"]:
            return {"user": user}
    raise SlackError("users_not_found")


def profile(box: Sandbox, args: Json) -> Json:
    user = box.workspace.user(args.get("user", box.workspace.bot_user_id))
    return {"profile": box.dispatcher.visible_user(user)["profile"]}


def bot_info(box: Sandbox, args: Json) -> Json:
    workspace = box.workspace
    if args.get("bot", workspace.bot_id) != workspace.bot_id:
        raise SlackError("bot_not_found")
    told = messages.bot_profile(workspace)
    return {"bot": {key: told[key] for key in ("id", "deleted", "name", "updated", "app_id", "user_id", "icons")}}


def team_info(box: Sandbox, args: Json) -> Json:
    team = box.workspace.team
    if args.get("team", team["id"]) != team["id"]:
        raise SlackError("team_not_found")
    icon = {"image_default": True, "image_68": f"{box.url}/avatar/{team['id']}.svg"}
    return {"team": {**team, "email_domain": "", "icon": icon, "url": f"{box.url}/"}}


def auth_test(box: Sandbox, _args: Json) -> Json:
    workspace = box.workspace
    return {
        "url": f"{box.url}/",
        "team": workspace.team["name"],
        "user": workspace.bot["name"],
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


METHODS = {
    "auth.test": Method(auth_test, tier=None),
    "users.info": Method(info, "user!", tier=4, scopes=READ, takes_json=False),
    "users.list": Method(list_all, "limit:int cursor", tier=2, scopes=READ, takes_json=False),
    "users.lookupByEmail": Method(by_email, "email!", scopes=("users:read.email",), takes_json=False),
    "users.profile.get": Method(profile, "user", tier=4, scopes=("users.profile:read",), takes_json=False),
    "bots.info": Method(bot_info, "bot", scopes=READ, takes_json=False),
    "team.info": Method(team_info, "team", scopes=("team:read",)),
}
