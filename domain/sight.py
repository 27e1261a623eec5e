"""Who can see which incidents, for every statement that finds some."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, Uuid, and_, bindparam, or_, select, true

from domain.incident_table import Incident
from domain.membership import ChannelMember
from domain.policy import Actor
from domain.workspaces import Channel


class Sight(StrEnum):
    """How far somebody sees."""

    ALL = "all"
    PUBLIC = "public"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whose they are and where they are just now: values, or parameters of a statement that is written once."""

    id: Any
    workspace_id: Any
    slack_user_id: Any
    channel_id: Any


BY = Eyes(
    bindparam("by_id", type_=Uuid),
    bindparam("workspace_id", type_=String),
    bindparam("slack_user_id", type_=String),
    bindparam("channel_id", type_=String),
)


def given(actor: Actor) -> dict[str, Any]:
    """The values of ``BY``."""
    return {
        "by_id": actor.id,
        "workspace_id": actor.workspace_id,
        "slack_user_id": actor.slack_user_id,
        "channel_id": actor.channel_id,
    }


def of(actor: Actor) -> Sight:
    """Superusers see all; members what is public and the own; others the own."""
    if actor.is_superuser:
        return Sight.ALL
    return Sight.PUBLIC if actor.is_member else Sight.OWN


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which incidents this person may see.

    Members see those in public channels; everybody the own, those of the channel where they are just now, and of the
    private channels they are in; superusers all. A channel that the bot does not know counts as private.
    """
    return visible(of(actor), Eyes(actor.id, actor.workspace_id, actor.slack_user_id, actor.channel_id))


def visible(sight: Sight, by: Eyes) -> ColumnElement[bool]:
    """The same, for a statement that is written once for each kind of sight."""
    if sight is Sight.ALL:
        return true()
    seen = [Incident.owner_id == by.id, Incident.assignee_id == by.id, Incident.channel_id == by.channel_id]
    inside = (ChannelMember.workspace_id == by.workspace_id, ChannelMember.slack_user_id == by.slack_user_id)
    channels = select(ChannelMember.channel_id).where(*inside)
    if sight is Sight.PUBLIC:
        public = (Channel.workspace_id == by.workspace_id, ~Channel.is_private)
        return or_(*seen, Incident.channel_id.in_(channels.union_all(select(Channel.id).where(*public))))
    return or_(*seen, Incident.channel_id.in_(channels))


def in_workspace(actor: Actor | Eyes) -> ColumnElement[bool]:
    """The incidents that exist in the actor's workspace."""
    return and_(Incident.workspace_id == actor.workspace_id, Incident.deleted_at.is_(None))
