"""What every form has in common: what it carries along, and what was typed into it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.house import Payload
from domain.errors import NotFound
from domain.incidents import Incident
from domain.sources import Source

TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
"""What Slack calls a message."""


def carrying(incident: Incident, **more: Any) -> str:
    """The private metadata of a form about an incident: which, and in which version it was shown."""
    return json.dumps({"about": f"{incident.id}:{incident.version}", **more})


def carried(view: Payload) -> dict[str, Any]:
    """What the form carries along; it proves nothing.

    Raises:
        NotFound: it is not ours.
    """
    try:
        found = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotFound("Nothing was changed: this form cannot be read. Copy what you typed and open it again.")
    return found


def read_source(carried: Mapping[str, Any]) -> Source | None:
    """The message that a form was opened on, if any; rights are asked of the database."""
    said = carried.get("source")
    if not isinstance(said, dict):
        return None
    known = {name: str(said.get(name) or "") for name in ("channel_id", "ts", "thread_ts", "words", "author", "app")}
    return Source(**known) if TS.fullmatch(known["ts"]) else None


def typed(view: Payload) -> dict[str, Any]:
    """Plain values by block id, whatever the element's type; None where nothing is chosen."""
    found: dict[str, Any] = {}
    for block_id, state in ((view.get("state") or {}).get("values") or {}).items():
        for element in state.values():
            found[block_id] = _value(element)
    return found


def _value(element: Payload) -> Any:
    if "selected_options" in element:
        return [option["value"] for option in element["selected_options"] or []]
    chosen = element.get("selected_option") or {}
    return (
        element.get("value")
        or chosen.get("value")
        or element.get("selected_user")
        or element.get("selected_conversation")
        or element.get("selected_date_time")
    )
