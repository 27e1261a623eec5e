"""What a Slack channel object says."""

from bot.house import Payload
from domain.workspaces import ChannelFacts


def facts(channel: Payload) -> ChannelFacts:
    """Only the flags count; ids and names prove nothing."""
    return ChannelFacts(
        id=channel["id"],
        name=str(channel.get("name") or channel["id"]),
        is_private=bool(channel.get("is_private", True)),
        is_open=bool(channel.get("is_member", True)) and not channel.get("is_archived"),
    )
