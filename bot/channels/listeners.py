"""Where the bot is: what Slack tells about channels."""

from bot.house import House, Payload, Routes
from domain import homes, installations, membership, workspaces


async def somebody_joined(event: Payload, house: House) -> None:
    """The bot was invited: learn the channel. Somebody else who joins a private one sees its incidents now."""
    if event["user"] == house.bot_user_id:
        async with house.begin() as session:
            await membership.meet(session, house.workspace_id, event["channel"], invited=True)
        return
    async with house.begin() as session:
        await membership.join(session, house.workspace_id, event["channel"], event["user"])
        await homes.touch(session, house.workspace_id, event["user"])


async def somebody_left(event: Payload, house: House) -> None:
    """Whoever leaves a private channel sees its incidents no longer."""
    async with house.begin() as session:
        await membership.leave(session, house.workspace_id, event["channel"], event["user"])
        await homes.touch(session, house.workspace_id, event["user"])


async def channel_met(event: Payload, house: House) -> None:
    """The channel can be posted in again."""
    async with house.begin() as session:
        await membership.meet(session, house.workspace_id, event["channel"])


async def channel_closed(event: Payload, house: House) -> None:
    """The bot was removed, or the channel was archived; its incidents stay."""
    async with house.begin() as session:
        await workspaces.close_channel(session, house.workspace_id, event["channel"])


async def channel_renamed(event: Payload, house: House) -> None:
    """The channel has another name."""
    channel = event["channel"]
    async with house.begin() as session:
        await workspaces.rename_channel(session, house.workspace_id, channel["id"], channel["name"])
        await installations.rearranged(session, house.workspace_id)


ROUTES = Routes(
    events={
        "member_joined_channel": somebody_joined,
        "member_left_channel": somebody_left,
        "channel_unarchive": channel_met,
        "group_unarchive": channel_met,
        "channel_left": channel_closed,
        "group_left": channel_closed,
        "channel_archive": channel_closed,
        "group_archive": channel_closed,
        "channel_rename": channel_renamed,
        "group_rename": channel_renamed,
    }
)
