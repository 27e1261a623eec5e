"""What the bot gets when somebody types a command, clicks, or submits: payloads in Slack's shapes."""

from typing import Any

from sandbox.core import Sandbox
from sandbox.store import Channel
from sandbox.tickets import ResponseUrl

Json = dict[str, Any]

TOKEN = "sandbox-verification-token"  # noqa: S105 - deprecated at Slack's, too


def command(box: Sandbox, user: Json, channel: Channel, name: str, text: str) -> Json:
    workspace = box.workspace
    return {
        "token": TOKEN,
        "team_id": workspace.team_id,
        "team_domain": workspace.team["domain"],
        "channel_id": channel.id,
        "channel_name": {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name),
        "user_id": user["id"],
        "user_name": user["name"],
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url(box, "commands", ResponseUrl(channel.id, user["id"], box.clock.now())),
        "trigger_id": trigger(box, user),
    }


def message_click(box: Sandbox, user: Json, channel: Channel, message: Json, action: Json, values: Json) -> Json:
    is_ephemeral = bool(message.get("is_ephemeral"))
    container: Json = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id}
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    ticket = ResponseUrl(channel.id, user["id"], box.clock.now(), message["ts"], is_ephemeral)
    payload = {
        **_head(box, "block_actions", user),
        "container": {**container, "is_ephemeral": is_ephemeral},
        "trigger_id": trigger(box, user),
        "channel": {"id": channel.id, "name": _name(channel)},
        "state": {"values": values},
        "response_url": response_url(box, "actions", ticket),
        "actions": [action],
    }
    return payload if is_ephemeral else payload | {"message": message}


def view_click(box: Sandbox, user: Json, view: Json, action: Json) -> Json:
    return {
        **_head(box, "block_actions", user),
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger(box, user, view_id=view["id"]),
        "view": view,
        "actions": [action],
    }


def submission(box: Sandbox, user: Json, view: Json) -> Json:
    return {
        **_head(box, "view_submission", user),
        "trigger_id": trigger(box, user, view_id=view["id"]),
        "view": view,
        "response_urls": _response_urls(box, user, view),
    }


def closing(box: Sandbox, user: Json, view: Json, *, is_cleared: bool) -> Json:
    return {**_head(box, "view_closed", user), "view": view, "is_cleared": is_cleared}


def message_shortcut(box: Sandbox, user: Json, callback_id: str, channel: Channel, message: Json) -> Json:
    head = _head(box, "message_action", user)
    ticket = ResponseUrl(channel.id, user["id"], box.clock.now())
    return {
        **head,
        "user": {"id": user["id"], "name": user["name"], "username": user["name"], "team_id": user["team_id"]},
        "action_ts": box.workspace.stamps.next(),
        "channel": {"id": channel.id, "name": _name(channel)},
        "callback_id": callback_id,
        "trigger_id": trigger(box, user),
        "response_url": response_url(box, "app", ticket),
        "message_ts": message["ts"],
        "message": message,
    }


def global_shortcut(box: Sandbox, user: Json, callback_id: str) -> Json:
    return {
        **_head(box, "shortcut", user),
        "user": {"id": user["id"], "username": user["name"], "team_id": user["team_id"]},
        "action_ts": box.workspace.stamps.next(),
        "callback_id": callback_id,
        "trigger_id": trigger(box, user),
    }


def suggestion(box: Sandbox, user: Json, where: Json, block_id: str, action_id: str, value: str) -> Json:
    """
    Args:
        where: the container, with the view or the message and channel.
    """
    return {
        **_head(box, "block_suggestion", user),
        "action_id": action_id,
        "block_id": block_id,
        "value": value,
        **where,
    }


def trigger(box: Sandbox, user: Json, *, view_id: str | None = None) -> str:
    return box.workspace.tickets.trigger(box.workspace.team_id, user["id"], box.clock.now(), view_id=view_id)


def response_url(box: Sandbox, family: str, ticket: ResponseUrl) -> str:
    return f"{box.url}/{family}/{box.workspace.team_id}/{box.workspace.tickets.response_url(ticket)}"


def _head(box: Sandbox, kind: str, user: Json) -> Json:
    team = box.workspace.team_of(user)
    return {
        "type": kind,
        "team": {"id": team["id"], "domain": team["domain"]},
        "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": user["team_id"]},
        "api_app_id": box.workspace.app_id,
        "token": TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _name(channel: Channel) -> str:
    return {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)


def _response_urls(box: Sandbox, user: Json, view: Json) -> list[Json]:
    """One for each conversation select that asked for it."""
    made = []
    for block in view["blocks"]:
        element = block.get("element") or {}
        if not element.get("response_url_enabled"):
            continue
        field = view["state"]["values"][block["block_id"]][element["action_id"]]
        channel = field.get("selected_conversation") or field.get("selected_channel")
        if channel:
            url = response_url(box, "app", ResponseUrl(channel, user["id"], box.clock.now()))
            ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
            made.append({**ids, "channel_id": channel, "response_url": url})
    return made
