"""The forms that change or delete an incident; block ids are the domain's names."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot import blocks, forms
from bot.blocks import Block
from bot.house import Payload
from bot.incidents.views import PICTURES
from bot.mrkdwn import Mrkdwn, mrkdwn, shorten
from domain import editing
from domain.editing import Edit
from domain.incidents import Incident, Priority
from domain.text import TITLE_LIMIT

EDIT_FORM = "incident.edit"
DELETE_FORM = "incident.delete"

ALL = ("title", "priority", "category", "assignee", "description")
OPEN_TO_MEMBERS = ("priority", "category", "assignee")
SHORT = ("priority", "category")
OWNERS = Mrkdwn("Title and description can be changed by the owner, the assignee and superusers.")


def edit_form(
    incident: Incident,
    categories: Sequence[str],
    *,
    fields: Collection[str],
    assignee: str | None,
    clash: Mapping[str, str] | None = None,
    seen: Mapping[str, str] | None = None,
) -> Block:
    """The incident's values to change.

    Args:
        fields: which, of ALL.
        assignee: the Slack user who has it.
        clash: what somebody else wrote meanwhile, by field; the person's own words stay in the inputs.
        seen: the fingerprints of what the inputs showed at first, which the person may not have touched.
    """
    shown = [name for name in ALL if name in fields and not _too_long(incident, name)]
    notes = [_clash(name, value) for name, value in (clash or {}).items()]
    if fields == OPEN_TO_MEMBERS:
        notes.append(blocks.context(OWNERS))
    if _too_long(incident, "description") and "description" in fields:
        notes.append(blocks.context(_long(len(incident.description))))
    now = {name: editing.fingerprint(value) for name, value in editing.values(incident).items()}
    known = {name: (seen or now).get(name, now[name]) if name not in (clash or {}) else now[name] for name in shown}
    return blocks.modal(
        EDIT_FORM,
        f"Edit {incident.ref}",
        [*notes, *(_input(name, incident, categories, assignee) for name in shown)],
        submit="Save mine" if clash else "Save",
        private_metadata=forms.carrying(incident, assignee=assignee, seen=known),
    )


def read_edit_form(view: Payload) -> tuple[Edit, dict[str, str]]:
    """What was typed, and the fingerprints of what had been shown."""
    values, carried = forms.typed(view), forms.carried(view)
    given: dict[str, Any] = {name: values[name] or "" for name in ALL if name in values}
    if given.get("assignee", "") == (carried.get("assignee") or ""):
        given.pop("assignee", None)
    if not given.get("priority"):
        given.pop("priority", None)
    if not given.get("category"):
        given.pop("category", None)
    seen = carried.get("seen")
    return Edit(**given), seen if isinstance(seen, dict) else {}


def delete_form(incident: Incident) -> Block:
    """The question before an incident is deleted."""
    text = mrkdwn(
        "Delete *{ref}* {title}?\nIts card becomes one line and it leaves every list. The thread stays. "
        "A superuser can restore it within 30 days.",
        ref=incident.ref,
        title=incident.title,
    )
    return blocks.modal(
        DELETE_FORM,
        f"Delete {incident.ref}",
        [blocks.section(text)],
        submit="Delete",
        private_metadata=forms.carrying(incident),
    )


def _input(name: str, incident: Incident, categories: Sequence[str], assignee: str | None) -> Block:
    label = name.capitalize()
    match name:
        case "title":
            element = blocks.text_input(name, initial=incident.title, max_length=TITLE_LIMIT)
        case "description":
            element = blocks.text_input(name, initial=incident.description, multiline=True)
        case "priority":
            offered = [blocks.option(f"{PICTURES[p]} {p}", p) for p in Priority]
            element = blocks.static_select(name, offered, initial=incident.priority)
        case "category":
            kinds = dict.fromkeys([*categories, incident.category])
            offered = [blocks.option(kind.replace("_", " "), kind) for kind in kinds]
            element = blocks.static_select(name, offered, initial=incident.category)
        case _:
            element = blocks.users_select(name, initial=assignee)
    return blocks.input_block(label, element, block_id=name, optional=name in ("description", "assignee"))


def _clash(name: str, value: str) -> Block:
    text = mrkdwn(
        "*{name}* was changed by somebody else while you had this form open. It is now:\n{value}\n"
        "What you typed is below. Saving replaces theirs.",
        name=name.capitalize(),
        value=shorten(value, 1_500) or "(empty)",
    )
    return blocks.section(text)


def _too_long(incident: Incident, name: str) -> bool:
    return name == "description" and len(incident.description) > blocks.INPUT_LIMIT


def _long(length: int) -> Mrkdwn:
    return mrkdwn(
        "The description has {length} characters; Slack's forms take 3,000, so it cannot be changed here. "
        "Say what is new in a comment.",
        length=f"{length:,}",
    )
