"""Slack user → Actor: who makes this request, and what they are here."""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import code_of
from bot.house import House, Payload
from domain import profiles, signup, users
from domain.errors import NotFound
from domain.policy import Actor, Admission, Standing, Surface
from domain.users import Profile

SLACKBOT = "USLACKBOT"
UNKNOWN = {"user_not_found", "users_not_found", "user_not_visible"}


async def actor(body: Payload, slack: AsyncWebClient, house: House, *, surface: Surface) -> Actor:
    """Whoever sent this payload; a first use makes the account, or asks for one where the workspace wants that.

    Asks Slack only about somebody whom neither the start nor an event made known.
    """
    channel_id = _channel_of(body)
    found = await person(_user_of(body), slack, house, seen_in=channel_id, at_home=surface is Surface.HOME)
    return await admitted(found.at(channel_id=channel_id, surface=surface), house)


async def admitted(person: Actor, house: House) -> Actor:
    """The same person, let in if the rule does by now; superusers are asked where it says so."""
    if not person.may_join or person.admission is Admission.ADMITTED:
        return person
    async with house.begin() as session:
        return await signup.settle(session, person)


async def person(
    slack_user_id: str, slack: AsyncWebClient, house: House, *, seen_in: str | None = None, at_home: bool = False
) -> Actor:
    """The actor that a Slack user is, nowhere in particular.

    Args:
        seen_in: the channel where Slack says that they are now, which proves that they may.
        at_home: whether they clicked in their App Home.
    """
    async with house.once() as alone:
        known = await users.find(alone, house.workspace_id, slack_user_id, seen_in=seen_in, at_home=at_home)
    if known is None:
        profile = await _asked(slack_user_id, slack, house)
    elif known[1] is not None:
        return known[1]
    else:
        profile = known[0]
    async with house.begin() as session:
        if known is None:
            await profiles.learn(session, house.workspace_id, [profile])
        return await signup.join(session, house.workspace_id, profile)


async def _asked(slack_user_id: str, slack: AsyncWebClient, house: House) -> Profile:
    """What Slack says of somebody whom neither the start nor an event made known."""
    try:
        answer = await slack.users_info(user=slack_user_id)
    except SlackApiError as error:
        if code_of(error) not in UNKNOWN:
            raise
        raise NotFound("Nothing was changed: Slack does not know who you are. Ask an administrator.") from None
    return profile_of(answer["user"], house.workspace_id)


def profile_of(user: Payload, workspace_id: str) -> Profile:
    """What a Slack user object says; fields may be missing or null."""
    said = user.get("profile") or {}
    name = said.get("real_name") or user.get("real_name") or said.get("display_name") or user.get("name")
    return Profile(
        slack_user_id=user["id"],
        name=str(name or user["id"]),
        email=said.get("email") or None,
        time_zone=user.get("tz") or "UTC",
        standing=_standing(user, workspace_id),
        is_deactivated=bool(user.get("deleted")),
    )


def _standing(user: Payload, workspace_id: str) -> Standing:
    if user.get("is_bot") or user["id"] == SLACKBOT:
        return Standing.BOT
    if user.get("is_stranger") or workspace_id not in _teams_of(user, workspace_id):
        return Standing.EXTERNAL
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.MEMBER


def _teams_of(user: Payload, workspace_id: str) -> set[str]:
    grid: dict[str, Any] = user.get("enterprise_user") or {}
    return {user.get("team_id") or workspace_id, *(grid.get("teams") or [])}


def _user_of(body: Payload) -> str:
    event = body.get("event") or {}
    user = body.get("user_id") or (body.get("user") or {}).get("id") or event.get("user")
    return str(user)


def _channel_of(body: Payload) -> str | None:
    """Where Slack says that it happened; what a form carries along proves nothing."""
    event, container = body.get("event") or {}, body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or body.get("channel_id") or container.get("channel_id")
    found = channel or event.get("channel")
    return found if isinstance(found, str) else None
