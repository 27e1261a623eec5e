"""Drawing a person's App Home as things are now, if that is not what Slack shows already."""

import hashlib
import json
from dataclasses import replace

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot import identity
from bot.admin import drawing
from bot.blocks import Block
from bot.errors import code_of
from bot.home import views
from bot.house import House
from bot.relay import Delivery, Undeliverable
from domain import homes, listing, outbox, policy, users, workspaces
from domain.errors import NotFound
from domain.homes import Home, Part, Shows, Whose
from domain.listing import Filter, Page
from domain.outbox import Outgoing, Topic
from domain.policy import Action, Actor

POINTLESS = {
    "not_enabled": "the app has no Home tab; switch it on under App Home in its settings",
    "hash_conflict": "the Home was drawn by somebody else meanwhile",
    "user_not_found": "Slack does not know the person any more",
    "user_not_visible": "Slack does not show the person to the app",
    "user_disabled": "the person is deactivated in Slack",
}
"""Refusals that stay, in words for whoever runs the bot."""


async def publish(message: Outgoing, slack: AsyncWebClient, house: House) -> list[int]:
    """The Home as its person may see it, once for all that asks for it now; nothing if nothing visible changed."""
    slack_user_id = message.payload["user"]
    async with house.begin() as session:
        also = await outbox.covered(session, message)
        home = await homes.get(session, message.workspace_id, slack_user_id)
    if home is None or home.looked_at is None:
        return also
    view = await _view(home, slack, house)
    digest = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest() if view else ""
    is_there = digest == home.published and message.attempts == 1  # an earlier try may have reached Slack unheard
    if view is None or is_there:
        return also
    try:
        await slack.views_publish(user_id=slack_user_id, view=view)
    except SlackApiError as error:
        if code_of(error) not in POINTLESS:
            raise
        raise await _given_up(home, house, POINTLESS[code_of(error)]) from None
    async with house.begin() as session:
        await homes.note(session, home.workspace_id, slack_user_id, published=digest)
    return also


async def _view(home: Home, slack: AsyncWebClient, house: House) -> Block | None:
    """What the person sees; nothing for apps and for whoever is deactivated."""
    try:
        person = await identity.person(home.slack_user_id, slack, house)
    except NotFound:
        raise await _given_up(home, house, POINTLESS["user_not_found"]) from None
    if not policy.allows(person, Action.REPLY):
        return None
    shows = homes.shown(home.shows)
    async with house.begin() as session:
        match shows.part:
            case Part.ADMIN if policy.allows(person, Action.ADMINISTER):
                return views.administration(await drawing.drawn(session, shows, person), person)
            case Part.MINE | Part.ADMIN:
                return await _mine(session, shows, person, house)
            case Part.OPEN:
                return await _unresolved(session, shows, person, house)
            case Part.ME:
                return await _me(session, person)


async def _mine(session: AsyncSession, shows: Shows, person: Actor, house: House) -> Block:
    counts = await listing.counts(session, by=person)
    return views.mine(counts, await _page(session, Filter(involving_me=True), shows, person), person, house)


async def _unresolved(session: AsyncSession, shows: Shows, person: Actor, house: House) -> Block:
    counts = await listing.counts(session, by=person)
    categories = await workspaces.category_names(session, person.workspace_id)
    shows = replace(shows, category=shows.category if shows.category in categories else None)
    wanted = Filter(
        priorities=(shows.priority,) if shows.priority else (),
        categories=(shows.category,) if shows.category else (),
        assignees=(person.slack_user_id,) if shows.assignee is Whose.ME else (),
        unassigned=shows.assignee is Whose.NOBODY,
        needs_person=shows.assignee is Whose.NEEDS,
    )
    return views.unresolved(counts, await _page(session, wanted, shows, person), shows, categories, person, house)


async def _me(session: AsyncSession, person: Actor) -> Block | None:
    known = await users.find(session, person.workspace_id, person.slack_user_id)
    admins = await users.superusers(session, person.workspace_id)
    return views.me(known[0], admins, person) if known else None


async def _page(session: AsyncSession, wanted: Filter, shows: Shows, person: Actor) -> Page:
    """The page where the person was; the first one where that is gone, or where only a part of it is left."""
    after, before = shows.place.get("after"), shows.place.get("before")
    found = await listing.page(session, wanted, by=person, after=after, before=before)
    is_gone = not found.incidents or (before is not None and found.previous is None)
    return await listing.page(session, wanted, by=person) if shows.place and is_gone else found


async def _given_up(home: Home, house: House, why: str) -> Undeliverable:
    """What to raise; nobody looks at what cannot be shown."""
    async with house.begin() as session:
        await homes.look_away(session, home.workspace_id, home.slack_user_id)
    return Undeliverable(why)


DELIVERIES: dict[Topic, Delivery] = {Topic.HOME_STALE: publish}
