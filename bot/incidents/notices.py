"""What an owner is told of an incident that its channel does not take."""

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import channel, mrkdwn
from domain.incidents import Incident


def homeless(incident: Incident) -> Message:
    """What an owner is told whose incident no channel shows."""
    text = mrkdwn(
        "{ref} {title} is saved, but its card could not be posted: I cannot post in {channel}. "
        "Invite me there with `/invite @Incident Tracker`, and the card follows.",
        ref=incident.ref,
        title=incident.title,
        channel=channel(incident.channel_id),
    )
    return blocks.words(text)


def shut_out(incident: Incident) -> Message:
    """What an owner is told whose incident has its thread in a channel that the bot cannot use any more."""
    text = mrkdwn(
        "I cannot write in {channel} any more, where the thread of {ref} {title} is: it was archived, or I was "
        "removed. The incident stays; `/incident show {number}` shows it. When I am back there, its thread goes on.",
        channel=channel(incident.channel_id),
        ref=incident.ref,
        title=incident.title,
        number=incident.number,
    )
    return blocks.words(text)
