"""Emoji under messages, whoever puts them there."""

import re
from typing import Any

from sandbox.core import Sandbox
from sandbox.dispatch import Delivery
from sandbox.errors import SlackError
from sandbox.store import Channel

Json = dict[str, Any]

NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def react(box: Sandbox, channel: Channel, message: Json, user: str, name: str) -> list[Delivery]:
    if channel.is_archived:
        raise SlackError("is_archived")
    if not NAME.fullmatch(name):
        raise SlackError("invalid_name")
    found = _of(message, name)
    if found is None:
        message.setdefault("reactions", []).append({"name": name, "users": [user], "count": 1})
    elif user in found["users"]:
        raise SlackError("already_reacted")
    else:
        found["users"].append(user)
        found["count"] += 1
    return box.happenings.reacted("reaction_added", channel, message, user, name)


def unreact(box: Sandbox, channel: Channel, message: Json, user: str, name: str) -> list[Delivery]:
    found = _of(message, name)
    if found is None or user not in found["users"]:
        raise SlackError("no_reaction")
    found["users"].remove(user)
    found["count"] -= 1
    message["reactions"] = [reaction for reaction in message["reactions"] if reaction["count"]]
    if not message["reactions"]:
        del message["reactions"]
    return box.happenings.reacted("reaction_removed", channel, message, user, name)


def _of(message: Json, name: str) -> Json | None:
    return next((reaction for reaction in message.get("reactions", []) if reaction["name"] == name), None)
