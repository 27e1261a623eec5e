"""People and the bot coming into channels and leaving them, with the lines that Slack writes about it."""

from typing import Any

from sandbox import messages
from sandbox.core import Sandbox
from sandbox.dispatch import Delivery
from sandbox.store import Channel

Json = dict[str, Any]


def join(box: Sandbox, channel: Channel, user: Json, *, inviter: str | None = None) -> list[Delivery]:
    channel.members.append(user["id"])
    line = {"inviter": inviter} if inviter else {}
    deliveries = note(box, channel, user, "channel_join", "has joined the channel", **line)
    return deliveries + box.happenings.joined(channel, user, inviter)


def leave(box: Sandbox, channel: Channel, user: Json, *, actor: str) -> list[Delivery]:
    deliveries = note(box, channel, user, "channel_leave", "has left the channel")
    deliveries += box.happenings.left(channel, user, actor)
    channel.members.remove(user["id"])
    return deliveries


def note(box: Sandbox, channel: Channel, user: Json, subtype: str, words: str, **fields: Any) -> list[Delivery]:
    """A line such as "<@U0ANA00000> has joined the channel"."""
    line: Json = {"type": "message", "subtype": subtype, "user": user["id"], "text": f"<@{user['id']}> {words}"}
    line |= fields
    messages.add(box.workspace, channel, line)
    return box.happenings.posted(channel, line)
