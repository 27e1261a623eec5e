"""Which incident is meant: by a line, a button or a form."""

from uuid import UUID

from bot import forms
from bot.commands import Request
from bot.house import Payload
from domain.incidents import Target


def target_of(request: Request) -> Target:
    """The incident that a line names by number or by a link to its card."""
    return Target(thread=request.card) if request.card else Target(number=request.number)


def read_target(value: str) -> Target:
    """The incident and version that a button carries; something else targets nothing."""
    name, _, version = value.partition(":")
    try:
        return Target(id=UUID(name), version=int(version))
    except ValueError:
        return Target(number=0)


def carried_target(view: Payload) -> Target:
    """The incident and the version that the person saw when the form opened."""
    return read_target(str(forms.carried(view).get("about", "")))
