"""What a new assignee reads."""

from bot import blocks
from bot.blocks import Message
from bot.house import House
from bot.incidents.views import linked
from bot.mrkdwn import mrkdwn
from domain.incidents import Incident
from domain.timeline import Happening


def assigned(incident: Incident, happening: Happening | None, house: House) -> Message:
    """By whom, and what it is about."""
    text = mrkdwn(
        "{who} assigned {ref} {title} to you. It is {status}, {priority} priority, {category}.",
        who=happening.by_name if happening else "Somebody",
        ref=linked(incident, house),
        title=incident.title,
        status=incident.status.label,
        priority=incident.priority,
        category=incident.category.replace("_", " "),
    )
    return blocks.words(text)
