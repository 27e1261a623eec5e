"""The forms to open, resolve and reopen an incident, each beside its reader; block ids are the domain's names."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot import blocks
from bot.blocks import Block
from bot.commands import Request
from bot.house import Payload
from bot.incidents.views import PICTURES, read_target
from bot.mrkdwn import mrkdwn
from domain.incidents import Draft, Incident, Priority, Target
from domain.text import TITLE_LIMIT, split_title

CREATE_FORM = "incident.create"
RESOLVE_FORM = "incident.resolve"
REOPEN_FORM = "incident.reopen"


def create_form(request: Request, categories: Sequence[str], channel_id: str | None) -> Block:
    """The form to open an incident, filled with what the person typed already."""
    title, description = split_title(request.text)
    category = request.categories[0] if request.categories else categories[0]
    priority = request.priorities[0] if request.priorities else Priority.MEDIUM
    priorities = [blocks.option(f"{PICTURES[p]} {p}", p) for p in Priority]
    kinds = [blocks.option(name.replace("_", " "), name) for name in categories]
    place = blocks.conversations_select("channel", initial=channel_id)
    return blocks.modal(
        CREATE_FORM,
        "Open an incident",
        [
            blocks.input_block(
                "Title", blocks.text_input("title", initial=title, max_length=TITLE_LIMIT), block_id="title"
            ),
            blocks.input_block(
                "Priority", blocks.static_select("priority", priorities, initial=priority), block_id="priority"
            ),
            blocks.input_block(
                "Category", blocks.static_select("category", kinds, initial=category), block_id="category"
            ),
            blocks.input_block(
                "Description",
                blocks.text_input("description", initial=description[: blocks.INPUT_LIMIT], multiline=True),
                block_id="description",
                optional=True,
            ),
            blocks.input_block(
                "Assignee",
                blocks.users_select("assignee", initial=request.people[0] if request.people else None),
                block_id="assignee",
                optional=True,
            ),
            blocks.input_block(
                "Channel", place, block_id="channel", hint="The card goes here; its thread is the record."
            ),
        ],
        submit="Open",
    )


def read_create_form(view: Payload) -> Draft:
    """What was typed; the view's id makes the same form harmless when it comes twice."""
    values = _values(view)
    return Draft(
        title=values["title"] or "",
        channel_id=values["channel"] or "",
        description=values["description"] or "",
        priority=Priority(values["priority"]),
        category=values["category"],
        assignee=values["assignee"],
        source=f"view:{view['id']}",
    )


def resolve_form(incident: Incident) -> Block:
    """What fixed it, and when; opened from a card or by command."""
    note = blocks.text_input("note", multiline=True)
    head = mrkdwn("*{ref}* {title}", ref=incident.ref, title=incident.title)
    return blocks.modal(
        RESOLVE_FORM,
        f"Resolve {incident.ref}",
        [
            blocks.section(head),
            blocks.input_block("What fixed it", note, block_id="note", optional=True),
            blocks.input_block(
                "Fixed at",
                blocks.datetime_picker("fixed_at"),
                block_id="fixed_at",
                optional=True,
                hint="Leave it empty for now.",
            ),
        ],
        submit="Resolve",
        private_metadata=_metadata(id=str(incident.id), version=incident.version),
    )


def read_resolve_form(view: Payload) -> tuple[str, datetime | None]:
    """The note and when it was fixed."""
    values = _values(view)
    fixed = values["fixed_at"]
    return values["note"] or "", datetime.fromtimestamp(fixed, UTC) if fixed else None


def reopen_form(incident: Incident) -> Block:
    """Why it is not over."""
    head = mrkdwn("*{ref}* {title}", ref=incident.ref, title=incident.title)
    why = blocks.text_input("note", multiline=True)
    return blocks.modal(
        REOPEN_FORM,
        f"Reopen {incident.ref}",
        [blocks.section(head), blocks.input_block("Why", why, block_id="note", optional=True)],
        submit="Reopen",
        private_metadata=_metadata(id=str(incident.id), version=incident.version),
    )


def read_reopen_form(view: Payload) -> str:
    """Why it is not over."""
    return str(_values(view)["note"] or "")


def read_metadata(view: Payload) -> Target:
    """The incident and the version that the person saw when the form opened."""
    carried = json.loads(view["private_metadata"])
    return read_target(f"{carried['id']}:{carried['version']}")


def _metadata(**carried: Any) -> str:
    return json.dumps(carried)


def _values(view: Payload) -> dict[str, Any]:
    """Plain values by block id, whatever the element's type."""
    found: dict[str, Any] = {}
    for block_id, state in view["state"]["values"].items():
        for element in state.values():
            chosen = element.get("selected_option") or {}
            found[block_id] = (
                element.get("value")
                or chosen.get("value")
                or element.get("selected_user")
                or element.get("selected_conversation")
                or element.get("selected_date_time")
            )
    return found
