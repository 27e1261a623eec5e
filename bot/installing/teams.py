"""Whose workspace a request is about."""

from collections.abc import Iterator
from typing import Any

from bot.house import Payload


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


def _object(body: Payload, name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
