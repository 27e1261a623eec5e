"""Who may do what: asked on every write, so that no surface can get round it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.errors import Forbidden


class Standing(StrEnum):
    """What Slack says somebody is in the workspace."""

    MEMBER = "member"
    GUEST = "guest"
    EXTERNAL = "external"
    BOT = "bot"


class Surface(StrEnum):
    """Where a request was made; the timeline keeps it."""

    COMMAND = "command"
    MENTION = "mention"
    BUTTON = "button"
    FORM = "form"
    THREAD = "thread"


class Action(StrEnum):
    """What one can do with an incident; the value completes "Only members can …"."""

    REPLY = "reply in the thread"
    CREATE = "open incidents"
    COMMENT = "comment here"
    TAKE = "take incidents"
    ASSIGN = "assign incidents"
    START = "start incidents"
    REVERT = "put incidents back to open"
    RESOLVE = "resolve incidents"
    REOPEN = "reopen incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who makes this request, as known at its start."""

    id: UUID
    workspace_id: str
    slack_user_id: str
    name: str
    time_zone: str = "UTC"
    standing: Standing = Standing.MEMBER
    is_active: bool = True
    is_superuser: bool = False
    surface: Surface = Surface.COMMAND
    channel_id: str | None = None
    """Where the request was made, which proves that the person can see that channel."""

    @property
    def is_member(self) -> bool:
        """A full member with an active account."""
        return self.is_active and self.standing is Standing.MEMBER

    def at(self, *, channel_id: str | None, surface: Surface = Surface.COMMAND) -> "Actor":
        """The same person, making a request there and in that way."""
        return replace(self, channel_id=channel_id, surface=surface)

    def clock(self, at: datetime) -> str:
        """A moment as this person's wall clock shows it, with the day when it is not today."""
        zone = ZoneInfo(self.time_zone)
        local, today = at.astimezone(zone), datetime.now(zone).date()
        return local.strftime("%H:%M") if local.date() == today else local.strftime("%-d %b %Y %H:%M")


def allows(actor: Actor, action: Action) -> bool:
    """Whether the actor may; seeing the incident at all is a matter of the query that finds it."""
    match action:
        case Action.REPLY:
            return actor.is_active and actor.standing is not Standing.BOT
        case (
            Action.CREATE
            | Action.COMMENT
            | Action.TAKE
            | Action.ASSIGN
            | Action.START
            | Action.REVERT
            | Action.RESOLVE
            | Action.REOPEN
        ):
            return actor.is_member
        case _ as unreachable:
            assert_never(unreachable)


def require(actor: Actor, action: Action) -> None:
    """Raise Forbidden, with the rule and the reason, unless the actor may."""
    if not allows(actor, action):
        raise Forbidden(f"Nothing was changed. Only members with an active account can {action}. {_reason(actor)}")


def _reason(actor: Actor) -> str:
    if not actor.is_active:
        return "Your account is deactivated."
    match actor.standing:
        case Standing.GUEST:
            return "You are a guest here. You can still reply in the incident's thread."
        case Standing.EXTERNAL:
            return "You are from another organisation. You can still reply in the incident's thread."
        case _:
            return "You are an app here."
