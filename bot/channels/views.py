"""What a Slack channel object says, and what the bot says in a channel that is new to it."""

from bot import blocks
from bot.blocks import Message
from bot.house import Payload
from bot.mrkdwn import Mrkdwn
from domain.workspaces import ChannelFacts


def facts(channel: Payload) -> ChannelFacts:
    """Only the flags count; ids and names prove nothing."""
    return ChannelFacts(
        id=channel["id"],
        name=str(channel.get("name") or channel["id"]),
        is_private=bool(channel.get("is_private", True)),
        is_shared=bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")),
        is_open=bool(channel.get("is_member", True)) and not channel.get("is_archived"),
    )


def welcome() -> Message:
    """What the bot is for, when it is invited."""
    text = Mrkdwn(
        "Incident Tracker is here. `/incident new` opens an incident: it gets a card in this channel, and every reply "
        "in the card's thread is kept. `/incident help` lists the rest."
    )
    return blocks.words(text)
