"""What every form has in common: what it carries along, and what was typed into it."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from bot import blocks
from bot.blocks import Block
from bot.house import Payload
from bot.mrkdwn import Mrkdwn
from domain.errors import NotFound
from domain.incidents import Incident
from domain.sources import Source

TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
"""What Slack calls a message."""

CHANGED: Final = "changed_meanwhile"
ANYWAY: Final = " anyway"


def carrying(incident: Incident, **more: Any) -> str:
    """The private metadata of a form about an incident: which, and in which version it was shown."""
    return json.dumps({"about": f"{incident.id}:{incident.version}", **more})


def again(view: Payload, words: Mrkdwn, version: int) -> Block:
    """The form as it was sent, with what happened meanwhile above it; sent once more, it counts for this version."""
    shown = [block for block in view["blocks"] if block.get("block_id") != CHANGED]
    submit = view["submit"]["text"].removesuffix(ANYWAY)
    about = str(carried(view).get("about", "")).partition(":")[0]
    return blocks.modal(
        view["callback_id"],
        view["title"]["text"],
        [blocks.section(words, block_id=CHANGED), *shown],
        submit=submit + ANYWAY,
        private_metadata=json.dumps({**carried(view), "about": f"{about}:{version}"}),
    )


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
