"""The form to open an incident, when there may be one about the same thing already."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot import blocks, forms
from bot.blocks import Block
from bot.house import House, Payload
from bot.incidents.forms import CREATE_FORM
from bot.incidents.views import linked
from bot.mrkdwn import date, mrkdwn
from domain.incidents import Incident

INSTEAD = "incident.add_instead"
ALIKE = "alike_"
"""Begins the block ids of what is said of look-alikes."""


def warned(form: Payload, alike: Sequence[Incident], house: House) -> Block:
    """The same form with what looks alike on top; what was typed stays, and submitting it creates anyway.

    Args:
        form: a new one, or the open one as Slack tells it.
    """
    values = (form.get("state") or {}).get("values") or {}
    kept = [_kept(block, values) for block in form["blocks"] if not _is_ours(block)]
    carried = forms.carried(form)
    numbers = {*(carried.get("warned") or ()), *(incident.number for incident in alike)}
    metadata = json.dumps({**carried, "warned": sorted(numbers)[-100:]}, ensure_ascii=False)
    submit = "Create anyway" if alike else "Open"
    shown = [_warning(incident, house) for incident in alike]
    return blocks.modal(CREATE_FORM, "Open an incident", [*shown, *kept], submit=submit, private_metadata=metadata)


def is_warning(form: Payload) -> bool:
    """Whether the form shows look-alikes now."""
    return any(_is_ours(block) for block in form["blocks"])


def added(incident: Incident, house: House) -> Block:
    """What the form becomes when all of it was added to another incident."""
    text = mrkdwn(
        "Added to {ref} {title} as a comment. No incident was created.",
        ref=linked(incident, house),
        title=incident.title,
    )
    return blocks.modal("incident.added", f"Added to {incident.ref}", [blocks.section(text)], close="Close")


def _warning(incident: Incident, house: House) -> Block:
    text = mrkdwn(
        "This looks like {ref} *{title}*\n{status}, opened {at}",
        ref=linked(incident, house),
        title=incident.title,
        status=incident.status.label,
        at=date(incident.created_at),
    )
    value = f"{incident.id}:{incident.version}"
    button = blocks.button(f"Add to {incident.ref} instead", INSTEAD, value=value)
    return blocks.section(text, accessory=button, block_id=f"{ALIKE}{incident.number}")


def _is_ours(block: Payload) -> bool:
    return str(block.get("block_id", "")).startswith(ALIKE)


def _kept(block: Block, values: Mapping[str, Any]) -> Block:
    """An input that begins with what was typed into it."""
    element = block.get("element") or {}
    state = (values.get(block.get("block_id", "")) or {}).get(element.get("action_id", ""))
    if state is None:
        return block
    bare = {name: value for name, value in element.items() if not name.startswith("initial_")}
    typed = {f"initial_{name.removeprefix('selected_')}": value for name, value in state.items() if name != "type"}
    return {**block, "element": {**bare, **{name: value for name, value in typed.items() if value}}}
