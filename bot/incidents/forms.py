"""The forms to open, resolve and reopen an incident, each beside its reader; block ids are the domain's names."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot import blocks, forms
from bot.blocks import Block
from bot.commands import Request
from bot.house import Payload
from bot.incidents.views import PICTURES
from bot.mrkdwn import mrkdwn
from domain.incidents import Draft, Incident, Priority
from domain.opening import Opening
from domain.text import TITLE_LIMIT, split_title

CREATE_FORM = "incident.create"
RESOLVE_FORM = "incident.resolve"
REOPEN_FORM = "incident.reopen"


def create_form(
    request: Request,
    categories: Sequence[str],
    channel_id: str | None,
    *,
    description: str | None = None,
    more: Sequence[Block] = (),
    carries: Mapping[str, Any] = {},
) -> Block:
    """The form to open an incident, filled with what the person typed already.

    Args:
        description: instead of what of the request is too long for the title.
        more: what else is asked or said below.
        carries: comes back with the form.
    """
    title, rest = split_title(request.text)
    category = request.categories[0] if request.categories else categories[0]
    priority = request.priorities[0] if request.priorities else Priority.MEDIUM
    priorities = [blocks.option(f"{PICTURES[p]} {p}", p) for p in Priority]
    kinds = [blocks.option(name.replace("_", " "), name) for name in categories]
    named = blocks.text_input("title", initial=title, max_length=TITLE_LIMIT, on_enter=True)
    words = (rest if description is None else description)[: blocks.INPUT_LIMIT]
    described = blocks.text_input("description", initial=words, multiline=True)
    assignee = blocks.users_select("assignee", initial=request.people[0] if request.people else None)
    place = blocks.conversations_select("channel", initial=channel_id)
    fields = [
        blocks.input_block("Title", named, block_id="title", dispatch=True),
        blocks.input_block(
            "Priority", blocks.static_select("priority", priorities, initial=priority), block_id="priority"
        ),
        blocks.input_block("Category", blocks.static_select("category", kinds, initial=category), block_id="category"),
        blocks.input_block("Description", described, block_id="description", optional=True),
        blocks.input_block("Assignee", assignee, block_id="assignee", optional=True),
        blocks.input_block("Channel", place, block_id="channel", hint="The card goes here; its thread is the record."),
    ]
    carried = json.dumps(carries, ensure_ascii=False) if carries else ""
    return blocks.modal(CREATE_FORM, "Open an incident", [*fields, *more], submit="Open", private_metadata=carried)


def read_create_form(view: Payload) -> Opening:
    """What was typed; the view's id makes the same form harmless when it comes twice."""
    values, carried = forms.typed(view), forms.carried(view)
    draft = Draft(
        title=values["title"] or "",
        channel_id=values["channel"] or "",
        description=values["description"] or "",
        priority=Priority(values["priority"]),
        category=values["category"],
        assignee=values["assignee"],
        source=f"view:{view['id']}",
    )
    return Opening(
        draft=draft,
        source=forms.read_source(carried),
        whole=bool(values.get("whole")),
        consents=bool(values.get("consent")),
        warned=frozenset(number for number in carried.get("warned") or () if isinstance(number, int)),
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
        private_metadata=forms.carrying(incident),
    )


def read_resolve_form(view: Payload) -> tuple[str, datetime | None]:
    """The note and when it was fixed."""
    values = forms.typed(view)
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
        private_metadata=forms.carrying(incident),
    )


def read_reopen_form(view: Payload) -> str:
    """Why it is not over."""
    return str(forms.typed(view)["note"] or "")
