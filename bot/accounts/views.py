"""Who somebody is here, in words."""

from bot import blocks, mrkdwn
from bot.blocks import Message
from domain.policy import Action, Actor, allows


def identity(actor: Actor) -> Message:
    """Name, standing, zone and rights."""
    role = "superuser" if actor.is_superuser else actor.standing.value
    may = [action.value for action in Action if allows(actor, action)]
    text = mrkdwn.mrkdwn(
        "You are {name} ({person}), {role}{state}. Times are shown to you in {zone}. You can: {may}.",
        name=actor.name,
        person=mrkdwn.user(actor.slack_user_id),
        role=role,
        state="" if actor.is_active else ", deactivated",
        zone=actor.time_zone,
        may=", ".join(may) or "nothing, ask a superuser",
    )
    return blocks.message(text, [blocks.section(text)])
