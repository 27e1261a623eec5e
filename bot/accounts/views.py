"""Who somebody is here, in words."""

from bot import blocks, mrkdwn
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn
from domain.policy import Action, Actor, allows


def identity(actor: Actor) -> Message:
    """Name, standing, zone and rights."""
    role = "superuser" if actor.is_superuser else actor.standing.value
    text = mrkdwn.mrkdwn(
        "You are {name} ({person}), {role}{state}. Times are shown to you in {zone}. You can {rights}",
        name=actor.name,
        person=mrkdwn.user(actor.slack_user_id),
        role=role,
        state="" if actor.is_active else ", deactivated",
        zone=actor.time_zone,
        rights=rights(actor),
    )
    return blocks.message(text, [blocks.section(text)])


def rights(actor: Actor) -> Mrkdwn:
    """What follows "You can"."""
    if actor.is_superuser:
        return Mrkdwn("open incidents, work on them, comment, change and delete them, and restore them.")
    if allows(actor, Action.CREATE):
        return Mrkdwn("open incidents, work on them and comment; change and delete what is yours.")
    if allows(actor, Action.REPLY):
        return Mrkdwn("reply in the threads of incidents that you can see. Members can do the rest.")
    return Mrkdwn("do nothing here. Ask a superuser.")
