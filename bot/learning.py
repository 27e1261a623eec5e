"""What the bot asks Slack once, at its start: its channels and the people, so that work needs no questions."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import sync
from bot.channels.views import facts
from bot.errors import code_of
from bot.identity import profile_of
from bot.relay import backoff
from domain import membership, profiles, workspaces
from domain.db import Begin

log = structlog.get_logger(__name__)

PAGE = 200
TRIES = 4
LONGEST_WAIT_S = 10.0
MOST_PAGES = 25
"""5,000 people or channels; whoever is not among them is asked about when they first come."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is not in the database.

    Args:
        incident_channel: its id, if one is set.
        knows_channels: False on a server that does not tell where the bot is.
    """

    incident_channel: str | None
    knows_channels: bool


async def everything(slack: AsyncWebClient, begin: Begin, me: dict[str, Any], incident_channel: str | None) -> Learnt:
    """Know the workspace, its channels with the bot in them, and its people."""
    workspace_id: str = me["team_id"]
    async with begin() as session:
        await workspaces.ensure(session, workspace_id, url=me["url"])
    found = await _channels(slack, begin, workspace_id)
    await _people(slack, begin, workspace_id)
    if incident_channel and incident_channel.startswith("#"):
        named = found.get(incident_channel.removeprefix("#"))
        if named is None:
            fix = "Invite the bot there, then start it again."
            log.warning("incident_channel_unknown", name=incident_channel, fix=fix)
        incident_channel = named
    return Learnt(incident_channel, knows_channels=bool(found))


async def _channels(slack: AsyncWebClient, begin: Begin, workspace_id: str) -> dict[str, str]:
    names: dict[str, str] = {}
    async for page, _ in _pages(slack.users_conversations, "channels", types="public_channel,private_channel"):
        learnt = [facts({**channel, "is_member": True}) for channel in page]
        names.update({channel.name: channel.id for channel in learnt})
        async with begin() as session:
            await workspaces.learn_channels(session, workspace_id, learnt)
        for channel in learnt:
            if channel.is_private:
                await _members(slack, begin, workspace_id, channel.id)
    return names


async def _members(slack: AsyncWebClient, begin: Begin, workspace_id: str, channel_id: str) -> None:
    """Who is in a channel; nobody counts as gone unless every page came."""
    inside: list[str] = []
    is_all = False
    async for page, is_last in _pages(slack.conversations_members, "members", channel=channel_id):
        inside, is_all = [*inside, *page], is_last
    keep = membership.replace if is_all and inside else membership.add
    async with begin() as session:
        await keep(session, workspace_id, channel_id, inside)


async def _people(slack: AsyncWebClient, begin: Begin, workspace_id: str) -> None:
    async for page, _ in _pages(slack.users_list, "members"):
        async with begin() as session:
            await profiles.learn(session, workspace_id, [profile_of(person, workspace_id) for person in page])


async def _pages(method: Any, key: str, **args: Any) -> Any:
    """Page after page, and whether it is the last; one that is not to be had costs a warning, not the start."""
    cursor = ""
    for _ in range(MOST_PAGES):
        try:
            answer = await _patiently(method, limit=PAGE, **args, **({"cursor": cursor} if cursor else {}))
        except (SlackApiError, ClientError, TimeoutError) as error:
            code = code_of(error) if isinstance(error, SlackApiError) else type(error).__name__
            log.warning("not_learnt", what=key, error=code)
            return
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        yield answer.get(key) or [], not cursor
        if not cursor:
            return


async def _patiently(method: Any, **args: Any) -> Any:
    """What Slack answers; what passes soon is waited for, as nobody asks again before the next start."""
    for tried in range(1, TRIES):
        try:
            return await method(**args)
        except SlackApiError as error:
            if not (sync.is_limited(error) or sync.is_transient(error)):
                raise
            wait_s = sync.wait_of(error) if sync.is_limited(error) else backoff(tried)
        except (ClientError, TimeoutError):
            wait_s = backoff(tried)
        await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))
    return await method(**args)
