"""The form that asks who works on an incident."""

from bot import blocks, forms
from bot.blocks import Block
from bot.house import Payload
from bot.mrkdwn import mrkdwn
from domain.incidents import Incident

ASSIGN_FORM = "incident.assign"


def assign_form(incident: Incident) -> Block:
    """Who has it now, and who is to have it; left empty, nobody."""
    now = incident.assignee.full_name if incident.assignee else "nobody"
    head = mrkdwn("*{ref}* {title}\nAssigned to {now} now.", ref=incident.ref, title=incident.title, now=now)
    hint = "They are told by direct message. Leave it empty for nobody."
    return blocks.modal(
        ASSIGN_FORM,
        f"Assign {incident.ref}",
        [
            blocks.section(head),
            blocks.input_block(
                "Assignee", blocks.users_select("assignee"), block_id="assignee", optional=True, hint=hint
            ),
        ],
        submit="Assign",
        private_metadata=forms.carrying(incident),
    )


def read_assign_form(view: Payload) -> str | None:
    """A Slack id, or None for nobody."""
    chosen = forms.typed(view).get("assignee")
    return str(chosen) if chosen else None
