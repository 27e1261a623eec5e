"""Whose workspace a request is about."""

from collections.abc import Iterator
from typing import Any, Final

from bot.house import Payload

TOLD_ONCE: Final = {"message", "member_joined_channel", "member_left_channel", "channel_unarchive", "group_unarchive"}


def teams_of(body: Payload) -> Iterator[str]:
    """The workspaces that may be meant, the likeliest first.

    In a channel that is shared with another organisation, ``team`` is that of whoever clicked. What the bot itself
    posted, and the views that it opened, name the workspace that it did so for.
    """
    view, message = _object(body, "view"), _object(body, "message")
    if body.get("authorizations"):  # an event; its ``team_id`` may be another organisation's
        yield str(body["authorizations"][0].get("team_id") or "")
        return
    if view.get("app_installed_team_id"):
        yield str(view["app_installed_team_id"])
    if message.get("bot_id") and body.get("type") != "message_action":
        yield str(message.get("team") or "")
    yield str(_object(body, "team").get("id") or body.get("team_id") or "")


def shared_channel(body: Payload) -> str | None:
    """The channel of an event that each workspace in it has to hear of, and that Slack tells once.

    A name, an archive and the bot's own place are each workspace's own: those are told for each, or found out when
    something is posted there. A mention is for the bot that is mentioned.
    """
    event = _object(body, "event")
    if not body.get("is_ext_shared_channel") or event.get("type") not in TOLD_ONCE:
        return None
    return str(event.get("channel") or "") or None


def _object(body: Payload, name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
