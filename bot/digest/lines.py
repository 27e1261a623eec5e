"""What follows ``admin digest``: schedules of channels, set and looked at by superusers."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import time
from typing import Final, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.digest import forms, views
from bot.house import Answer, Form, House
from domain import db, digest, listing, schedules, slots, workspaces
from domain.errors import InvalidInput
from domain.policy import Actor
from domain.slots import Times

EMPTY: Final = "empty"

Line: TypeAlias = Callable[[AsyncSession, Request, Actor, House], Awaitable[Answer]]


async def answer(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``admin digest``, whatever follows; whether the person may was asked before."""
    word = request.words[0].lower() if request.words else "list"
    if word not in LINES:
        raise InvalidInput(f"Nothing was changed: after admin digest comes {', '.join(LINES)}.", field="digest")
    return await LINES[word](session, request, by, house)


async def list_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``list``: every channel with a digest."""
    now = db.now()
    found = await schedules.listed(session, by=by)
    return views.listed([(schedule, slots.following(schedule.times, now)) for schedule in found])


async def add_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``add #ops 09:00 Europe/Berlin mon-fri``; with nothing more than ``add`` the form asks."""
    said = [word for word in request.words[1:] if not word.startswith("#")]
    if not said and not request.channels:
        return Form(forms.digest_form(by.channel_id, usual(by), posts_empty=False), "admin digest add")
    channel_id = _channel(request, by)
    times, posts_empty = _read(said, by)
    await require_open(session, channel_id, by, house)
    schedule = await schedules.set_(session, channel_id, times, posts_empty=posts_empty, by=by)
    return views.done(f"Saved: a digest at {times} in", schedule, slots.following(times, db.now()))


async def pause_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``pause #ops``."""
    return views.done("Paused: the digest of", await schedules.pause(session, _channel(request, by), by=by))


async def resume_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``resume #ops``."""
    schedule = await schedules.resume(session, _channel(request, by), by=by)
    return views.done("Resumed: the digest of", schedule, slots.following(schedule.times, db.now()))


async def remove_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``remove #ops``."""
    schedule = await schedules.remove(session, _channel(request, by), by=by)
    again = f"/incident admin digest add {schedule.times}"
    return views.done(f"Removed (`{again}` there brings it back): the digest of", schedule)


async def now_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``now #ops``."""
    return views.done(
        "It comes at once: the digest of", await schedules.post_now(session, _channel(request, by), by=by)
    )


async def preview_asked(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``preview #ops``: what the channel would get, for the asking person only."""
    schedule = await schedules.of_channel(session, _channel(request, by), by=by)
    seen = listing.visible_in(by.workspace_id, schedule.channel_id)
    since = await schedules.begun(session, schedule, db.now())
    found = await digest.summary(session, seen, workspace_id=by.workspace_id, since=since)
    shown = {incident.id: incident for incident in (*found.needy, *found.others)}
    return views.digest(views.kept(found), shown, house, after=views.upcoming(schedules.next_slot(schedule)))


def usual(by: Actor) -> Times:
    """What a digest begins with: weekdays at nine, where the person lives."""
    return Times(time(9), by.time_zone, frozenset(range(5)))


async def require_open(session: AsyncSession, channel_id: str, by: Actor, house: House) -> None:
    """Raise InvalidInput on ``channel`` unless the bot can post there."""
    if house.knows_channels and await workspaces.open_channel(session, by.workspace_id, channel_id) is None:
        raise InvalidInput(
            "Not saved: Incident Tracker is not in this channel. Invite it with /invite, then try again.",
            field="channel",
        )


def _channel(request: Request, by: Actor) -> str:
    """The channel that a line names, or the one where it was typed."""
    channel_id = request.channels[0] if request.channels else by.channel_id
    if channel_id is None or channel_id.startswith("D"):
        raise InvalidInput("Nothing was changed: name the channel, as in admin digest add #ops.", field="channel")
    return channel_id


def _read(said: list[str], by: Actor) -> tuple[Times, bool]:
    """Time, zone and days in any order; what is missing is as usual."""
    at, zone, days, posts_empty = usual(by).at, by.time_zone, usual(by).days, False
    for word in said:
        if word.lower() == EMPTY:
            posts_empty = True
        elif slots.is_time(word):
            at = slots.read_time(word)
        elif slots.are_days(word):
            days = slots.read_days(word)
        else:
            zone = slots.read_zone(word)
    return Times(at, zone, days), posts_empty


LINES: Final[Mapping[str, Line]] = {
    "list": list_asked,
    "add": add_asked,
    "pause": pause_asked,
    "resume": resume_asked,
    "remove": remove_asked,
    "now": now_asked,
    "preview": preview_asked,
}
"""What follows ``admin digest``."""
