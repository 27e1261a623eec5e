"""Cursors: opaque to the bot, and refused when it made them up."""

import base64
import binascii
from typing import Any

from sandbox.errors import SlackError

Json = dict[str, Any]


def page(
    items: list[Json], arguments: Json, *, default: int, most: int, at_once: int | None = None
) -> tuple[list[Json], str]:
    """One page, and the cursor of the next, "" at the end.

    Args:
        most: what may be asked for; ``at_once`` is what is told of it, if that is less.
    """
    limit = arguments.get("limit") or default
    if not 1 <= limit <= most:
        raise SlackError("invalid_limit")
    limit = min(limit, at_once or most)
    start = _position(arguments.get("cursor", ""))
    rest = len(items) > start + limit
    return items[start : start + limit], _cursor(start + limit) if rest else ""


def _cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "next":
            return int(position)
    except (binascii.Error, ValueError):
        pass
    raise SlackError("invalid_cursor")
