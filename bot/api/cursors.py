"""Where a page ends, as a word that means nothing to others."""

import base64
import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.errors import NotFound

LONGEST: Final = 200


def made(*place: str | int) -> str:
    """A word for this place."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def read(cursor: str | None, kind: str) -> list[Any]:
    """What ``made`` was given after ``kind``; nothing without a cursor.

    Raises:
        NotFound: it is none of ours, or one of another list.
    """
    if cursor is None:
        return []
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) < 2 or found[0] != kind:
        raise refusal()
    return found[1:]


def moment_and_id(cursor: str | None, kind: str) -> tuple[datetime, UUID] | None:
    """The same for a place in time."""
    found = read(cursor, kind)
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found[0])
        return at.astimezone(), UUID(found[1])
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError):
        raise refusal() from None


def refusal() -> NotFound:
    """What to raise."""
    return NotFound("There is no such page. Take `next` of the page before as the cursor, with the same filters.")
