"""Who may do what: asked on every write, so that no surface can get round it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, assert_never
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
    SHORTCUT = "shortcut"
    HOME = "home"
    BUTTON = "button"
    FORM = "form"
    THREAD = "thread"
    SHELL = "command line"
    API = "REST API"


class Admission(StrEnum):
    """Whether somebody was let in, as the workspace's rule for new accounts has it."""

    ADMITTED = "admitted"
    WAITING = "waiting"
    NOT_ADMITTED = "not admitted"


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
    PRIORITIZE = "set priorities"
    CATEGORIZE = "set categories"
    UNDO = "take changes back"
    SYNC = "have a thread compared with Slack"
    EDIT = "change title and description"
    DELETE = "delete an incident"
    RESTORE = "restore an incident"
    EDIT_COMMENT = "change a comment"
    DELETE_COMMENT = "delete a comment"
    REVOKE_TOKEN = "revoke a token"  # noqa: S105 - no secret
    LINK = "link an account"
    KEEP_ACCOUNT = "change an account"
    ADMINISTER = "administer Incident Tracker"


class Held(Protocol):
    """What has people of its own: an incident its owner and assignee, a comment its author."""

    @property
    def owner_id(self) -> UUID | None:
        """Whose it is."""

    @property
    def assignee_id(self) -> UUID | None:
        """Who works on it."""


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
    is_closed: bool = False
    """Whether they closed their account themselves."""
    admission: Admission = Admission.ADMITTED
    is_superuser: bool = False
    is_hinted: bool = True
    """Whether the hint for a first use was given."""
    wants_messages: bool = True
    surface: Surface = Surface.COMMAND
    channel_id: str | None = None
    """Where the request was made, which proves that the person can see that channel."""

    @property
    def is_member(self) -> bool:
        """A full member with an active account."""
        return self.may_join and self.admission is Admission.ADMITTED

    @property
    def may_join(self) -> bool:
        """A full member whom nobody shut out; whether they were let in is another question."""
        return self.is_active and self.standing is Standing.MEMBER

    def at(self, *, channel_id: str | None, surface: Surface = Surface.COMMAND) -> "Actor":
        """The same person, making a request there and in that way."""
        return replace(self, channel_id=channel_id, surface=surface)

    def clock(self, at: datetime) -> str:
        """A moment as this person's wall clock shows it, with the day when it is not today."""
        zone = ZoneInfo(self.time_zone)
        local, today = at.astimezone(zone), datetime.now(zone).date()
        return local.strftime("%H:%M") if local.date() == today else local.strftime("%-d %b %Y %H:%M")


def allows(actor: Actor, action: Action, thing: Held | None = None) -> bool:
    """Whether the actor may; seeing the incident at all is a matter of the query that finds it.

    Args:
        thing: the incident or comment, for what only its own people may do.
    """
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
            | Action.PRIORITIZE
            | Action.CATEGORIZE
            | Action.UNDO
            | Action.SYNC
            | Action.KEEP_ACCOUNT
        ):
            return actor.is_member
        case Action.LINK:
            return actor.may_join
        case Action.EDIT:
            return actor.is_superuser or (actor.is_member and _is_of(actor, thing))
        case Action.DELETE | Action.REVOKE_TOKEN:
            return actor.is_superuser or (actor.is_member and thing is not None and thing.owner_id == actor.id)
        case Action.EDIT_COMMENT | Action.DELETE_COMMENT:
            is_author = thing is not None and thing.owner_id == actor.id
            return actor.is_superuser or (allows(actor, Action.REPLY) and is_author)
        case Action.RESTORE | Action.ADMINISTER:
            return actor.is_superuser
        case _ as unreachable:
            assert_never(unreachable)


def require(actor: Actor, action: Action, thing: Held | None = None) -> None:
    """Raise Forbidden, with the rule and the reason, unless the actor may."""
    if not allows(actor, action, thing):
        raise Forbidden(f"Nothing was changed. {rule(action)} {reason(actor)}")


def is_power(actor: Actor, action: Action, thing: Held | None = None) -> bool:
    """Whether only being a superuser gives the actor this right; then it is audited."""
    return allows(actor, action, thing) and not allows(replace(actor, is_superuser=False), action, thing)


def rule(action: Action) -> str:
    """Who may, as a sentence."""
    return f"Only {_WHO.get(action, 'members with an active account')} can {action}."


def _is_of(actor: Actor, thing: Held | None) -> bool:
    return thing is not None and actor.id in (thing.owner_id, thing.assignee_id)


def reason(actor: Actor) -> str:
    """Why not this person, as a sentence."""
    if actor.is_closed:
        return "You closed your account."
    if not actor.is_active:
        return "Your account is deactivated."
    if actor.may_join and actor.admission is not Admission.ADMITTED:
        return _ADMISSIONS[actor.admission]
    if actor.standing is Standing.MEMBER:
        return "You are not one of them."
    return _STANDINGS[actor.standing] + (_REPLY if allows(actor, Action.REPLY) else "")


_WHO = {
    Action.REPLY: "people with an active account",
    Action.EDIT: "its owner, its assignee and superusers",
    Action.DELETE: "its owner and superusers",
    Action.RESTORE: "superusers",
    Action.EDIT_COMMENT: "its author and superusers",
    Action.DELETE_COMMENT: "its author and superusers",
    Action.REVOKE_TOKEN: "its owner and superusers",
    Action.LINK: "full members of the workspace",
    Action.ADMINISTER: "superusers",
}
_ADMISSIONS = {
    Admission.WAITING: "You wait for a superuser's approval.",
    Admission.NOT_ADMITTED: "You have no account here.",
}
_STANDINGS = {
    Standing.GUEST: "You are a guest here.",
    Standing.EXTERNAL: "You are from another organisation.",
    Standing.BOT: "You are an app here.",
}
_REPLY = " You can still reply in the incident's thread."
