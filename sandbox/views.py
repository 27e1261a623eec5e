"""Modals and Home tabs as Slack keeps them: a stack of at most three per person, hashes, the state of the fields."""

import json
from collections.abc import Iterator
from typing import Any

from sandbox import formatting, ids, state
from sandbox.blockkit import view_problems
from sandbox.errors import SlackError

Json = dict[str, Any]

STACK_LIMIT = 3
SIZE_LIMIT = 250_000


class Views:
    """Which modals are open, the topmost last."""

    def __init__(self) -> None:
        self.stacks: dict[str, list[Json]] = {}

    def stack(self, user: str) -> list[Json]:
        return self.stacks.setdefault(user, [])

    def all(self) -> Iterator[tuple[str, Json]]:
        for user, stack in self.stacks.items():
            for view in stack:
                yield user, view

    def find(self, view_id: str | None = None, external_id: str | None = None) -> tuple[str, Json]:
        """The open view and whose it is."""
        for user, view in self.all():
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                return user, view
        raise SlackError("not_found")

    def push(self, user: str, view: Json) -> None:
        stack = self.stack(user)
        if len(stack) >= STACK_LIMIT:
            raise SlackError("push_limit_reached")
        if stack:
            view["root_view_id"] = stack[0]["id"]
            view["previous_view_id"] = stack[-1]["id"]
        stack.append(view)

    def close(self, user: str, view: Json) -> None:
        """Close this view; those under it stay, unless it clears them."""
        stack = self.stack(user)
        at = next((place for place, other in enumerate(stack) if other["id"] == view["id"]), len(stack))
        del stack[0 if view["clear_on_close"] else at :]

    def clear(self, user: str) -> None:
        self.stack(user).clear()

    def replace(self, old: Json, new: Json) -> None:
        """Update in place: same id, new hash, and the values of fields that are still there."""
        kept = ("id", "root_view_id", "previous_view_id", "team_id", "app_id", "bot_id", "app_installed_team_id")
        new |= {key: old[key] for key in kept}
        new["state"] = {"values": state.carried(new["blocks"], old["state"]["values"])}
        old.clear()
        old.update(new)

    def require_unique(self, view: Json, besides: str | None = None) -> None:
        external_id = view["external_id"]
        if external_id and any(v["external_id"] == external_id and v["id"] != besides for _, v in self.all()):
            raise SlackError("duplicate_external_id")


def checked(source: Any) -> Json:
    """The view that the bot sent, if Slack would take it."""
    if not isinstance(source, dict):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] view must be an object"]})
    if len(json.dumps(source, ensure_ascii=False).encode()) > SIZE_LIMIT:
        raise SlackError("view_too_large")
    if problems := view_problems(source):
        raise SlackError("invalid_arguments", response_metadata={"messages": problems})
    return source


def instance(source: Json, *, team: str, home_team: str, app: str, bot: str) -> Json:
    """A view with everything that Slack adds."""
    view_id = ids.new("V")
    blocks = formatting.blocks(source["blocks"])
    view: Json = {
        "id": view_id,
        "team_id": team,
        "type": source["type"],
        "blocks": blocks,
        "private_metadata": source.get("private_metadata", ""),
        "callback_id": source.get("callback_id", ""),
        "state": {"values": state.initial(blocks)},
        "hash": ids.view_hash(),
        "title": formatting.plain(source.get("title") or {"type": "plain_text", "text": "View Title"}),
        "clear_on_close": bool(source.get("clear_on_close")),
        "notify_on_close": bool(source.get("notify_on_close")),
        "close": formatting.plain(source["close"]) if source.get("close") else None,
        "submit": formatting.plain(source["submit"]) if source.get("submit") else None,
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": app,
        "external_id": source.get("external_id", ""),
        "app_installed_team_id": home_team,
        "bot_id": bot,
    }
    if source["type"] == "modal":
        view["submit_disabled"] = bool(source.get("submit_disabled"))
    return view
