"""Incidents: found, opened, changed and deleted, by the same functions as in Slack."""

import re
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import cursors, problems
from bot.api.callers import Asking, Caller
from bot.api.shapes import LARGEST, IncidentIn, IncidentOut, IncidentPage, Moment, Number, Patch, Timeline, Word
from bot.api.shapes import HappeningOut as Step
from domain import (
    changes,
    deletion,
    editing,
    incidents,
    listing,
    membership,
    pages,
    resent,
    search,
    timeline,
    workspaces,
)
from domain.editing import Edit
from domain.errors import AlreadyDone, InvalidInput
from domain.incidents import Draft, Incident, Priority, Status, Target
from domain.listing import Filter
from domain.policy import Action, Actor, require
from domain.search import Turn

MOST: Final = 100
MOST_HAPPENINGS: Final = 500
_TAG: Final = re.compile(r'(?:W/)?"?([0-9]{1,9})"?', re.ASCII)

router = APIRouter(prefix="/incidents", tags=["incidents"], responses=problems.OF_EVERYTHING)

Key: TypeAlias = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[!-~]+$",
        description="A name of your own for this request: sent again within seven days, it makes nothing new.",
    ),
]  # fmt: skip
Seen: TypeAlias = Annotated[
    str | None,
    Header(
        alias="If-Match", max_length=100, examples=["*"],
        description="The ETag of what you saw: if it changed since, nothing is done and the answer is 412.",
    ),
]  # fmt: skip
Words: TypeAlias = Annotated[list[Word], Field(max_length=20)]
ONE: Final = problems.documented(404)
CHANGED: Final = problems.documented(404, 409, 412)


class Wanted(BaseModel):
    """Which incidents, in which order, and how many."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str | None, Field(min_length=1, max_length=300, description="Words, or a phrase in quotes.")] = None
    status: Annotated[list[Status], Field(max_length=3)] = []
    priority: Annotated[list[Priority], Field(max_length=4)] = []
    category: Words = []
    assignee: Annotated[Words, Field(description="Slack ids or ids of accounts; `me`.")] = []
    owner: Annotated[Words, Field(description="The same.")] = []
    unassigned: bool = False
    needs_person: Annotated[bool, Field(description="Unassigned, or held by somebody who left.")] = False
    mine: Annotated[bool, Field(description="What you work on, and yours that nobody works on.")] = False
    opened_before: Moment | None = None
    opened_after: Moment | None = None
    channel_id: Word | None = None
    order: Annotated[Literal["newest", "urgency"], Field(description="With `q` always the newest first.")] = "newest"
    cursor: Annotated[str | None, Field(max_length=cursors.LONGEST)] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 20


@router.get("", responses=ONE)
async def list_incidents(wanted: Annotated[Wanted, Query()], caller: Caller) -> IncidentPage:
    """Those that you may see, resolved ones too unless you name a status."""
    async with caller.begin() as session:
        filtered = await _filter(session, wanted, caller.actor)
        try:
            found, cursor = await _page(session, wanted, filtered, caller.actor)
        except InvalidInput:  # filters that contradict each other leave nothing
            found, cursor = [], None
    return IncidentPage(items=[IncidentOut.of(each, caller.house.url) for each in found], next=cursor)


@router.post("", status_code=201, responses=problems.documented(409))
async def create_incident(new: IncidentIn, response: Response, caller: Caller, key: Key = None) -> IncidentOut:
    """Open one; its card follows in Slack."""
    by = caller.actor
    async with caller.begin() as session:
        require(by, Action.CREATE)
        source, is_first = await resent.first(session, key, f"incident {new.model_dump_json()}", by=by)
        if is_first:
            draft = Draft(
                title=new.title,
                description=new.description,
                priority=new.priority,
                category=new.category or "",
                assignee=await pages.slack_id(session, new.assignee, by=by) if new.assignee else None,
                channel_id=await _channel(session, new.channel_id, caller),
                source=f"api:{source}",
            )
            made = await incidents.create(session, draft, by=by)
            return await shown(session, made.id, response, caller)
        made = await incidents.get(session, Target(id=await resent.incident(session, source, by=by)), by=by)
        response.headers["ETag"] = etag(made)
        return IncidentOut.of(made, caller.house.url)


@router.get("/{number}", responses=ONE)
async def get_incident(number: Number, response: Response, caller: Caller) -> IncidentOut:
    """One of those that you may see."""
    async with caller.begin() as session:
        found = await incidents.get(session, Target(number=number), by=caller.actor)
    response.headers["ETag"] = etag(found)
    return IncidentOut.of(found, caller.house.url)


@router.patch("/{number}", responses=CHANGED)
async def change_incident(
    number: Number, wanted: Patch, response: Response, caller: Caller, seen: Seen = None
) -> IncidentOut:
    """Give it another title, description, priority or category; what is so already stays."""
    target = target_of(number, seen)
    async with caller.begin() as session:
        incident = await incidents.locked(session, target, by=caller.actor)
        await changes.require_version(session, incident, target, "Not changed", by=caller.actor)
        with suppress(AlreadyDone):  # what a program may ask for as often as it wants
            await editing.edit(session, target, Edit(**dict(wanted)), by=caller.actor)
        return await shown(session, incident.id, response, caller)


@router.delete("/{number}", status_code=204, responses=CHANGED)
async def delete_incident(number: Number, caller: Caller, seen: Seen = None) -> None:
    """Take it out of every list; a superuser can restore it within 30 days."""
    async with caller.begin() as session:
        await deletion.delete(session, target_of(number, seen), by=caller.actor)


@router.get("/{number}/timeline", responses=ONE)
async def get_timeline(
    number: Number, caller: Caller, limit: Annotated[int, Query(ge=1, le=MOST_HAPPENINGS)] = 100
) -> Timeline:
    """Who did what, when and from where: the last steps, the oldest first."""
    async with caller.begin() as session:
        incident = await incidents.get(session, Target(number=number), by=caller.actor)
        found, left_out = await timeline.page(session, incident.id, most=limit)
    return Timeline(items=[Step.of(each) for each in found], left_out=left_out)


async def shown(session: AsyncSession, incident_id: UUID, response: Response, caller: Asking) -> IncidentOut:
    """The incident as whoever changed it just now left it, also if they cannot see it any more."""
    found = await incidents.read(session, incident_id)
    assert found is not None  # noqa: S101 - it was there in this transaction
    response.headers["ETag"] = etag(found)
    return IncidentOut.of(found, caller.house.url)


def target_of(number: int, seen: str | None) -> Target:
    """Which incident, and which version of it the program saw; a tag that is none of ours is never the one now."""
    if seen is None or seen.strip() == "*":
        return Target(number=number)
    tag = _TAG.fullmatch(seen.strip())
    return Target(number=number, version=int(tag[1]) if tag else 0)


def etag(incident: Incident) -> str:
    """Its version, as HTTP says it."""
    return f'"{incident.version}"'


async def _filter(session: AsyncSession, wanted: Wanted, by: Actor) -> Filter:
    return Filter(
        statuses=tuple(wanted.status),
        any_status=True,
        priorities=tuple(wanted.priority),
        categories=tuple(wanted.category),
        assignees=tuple([await pages.slack_id(session, each, by=by) for each in wanted.assignee]),
        owners=tuple([await pages.slack_id(session, each, by=by) for each in wanted.owner]),
        unassigned=wanted.unassigned,
        needs_person=wanted.needs_person,
        involving_me=wanted.mine,
        opened_before=wanted.opened_before,
        opened_after=wanted.opened_after,
        channel_id=wanted.channel_id,
    )


async def _page(
    session: AsyncSession, wanted: Wanted, filtered: Filter, by: Actor
) -> tuple[list[Incident], str | None]:
    if wanted.q is not None:
        return await _found(session, wanted, filtered, by)
    if wanted.order == "newest":
        place = cursors.read(wanted.cursor, "newest")
        found, is_more = await pages.newest(
            session, filtered, by=by, below=_number(place[-1]) if place else None, most=wanted.limit
        )
        return found, cursors.made("newest", found[-1].number) if is_more else None
    place = cursors.read(wanted.cursor, "urgency")
    after = (_priority(place[0]), _number(place[-1])) if place else None
    page = await listing.page(session, filtered, by=by, after=after, most=wanted.limit)
    return page.incidents, cursors.made("urgency", *page.next) if page.next else None


async def _found(
    session: AsyncSession, wanted: Wanted, filtered: Filter, by: Actor
) -> tuple[list[Incident], str | None]:
    """Exactly these words, else parts of words and typing errors, as a search in Slack does."""
    place = cursors.read(wanted.cursor, "found")
    turn = Turn(most=wanted.limit)
    if place:
        turn = replace(turn, after=_number(place[-1]), is_similar=place[0] == "similar")
    words = tuple(part for part in _parts(wanted.q or "") if part)
    found = await search.page(session, words, filtered, by=by, turn=turn)
    kind = "similar" if found.is_similar else "exact"
    return [hit.incident for hit in found.hits], cursors.made("found", kind, found.next) if found.next else None


def _parts(q: str) -> list[str]:
    """Words, and what stands in quotes as one."""
    outside_and_inside = q.replace("\x00", " ").split('"')
    return [
        part for at, piece in enumerate(outside_and_inside) for part in ([piece.strip()] if at % 2 else piece.split())
    ]


async def _channel(session: AsyncSession, wanted: str | None, caller: Asking) -> str:
    """Where the card goes: a channel that the person may know of and the bot can post in."""
    house, by = caller.house, caller.actor
    known = await membership.channel_named(session, wanted, by=by) if wanted else house.incident_channel
    if known and (not house.knows_channels or await workspaces.open_channel(session, by.workspace_id, known)):
        return known
    raise InvalidInput(
        "Not saved: Incident Tracker cannot post in this channel. Invite it there, or name another one."
        if wanted
        else "Not saved: there is no channel for incidents here. Say where its card goes: channel_id.",
        field="channel_id",
    )


def _number(value: Any) -> int:
    if not isinstance(value, int) or not 0 < value <= LARGEST:
        raise cursors.refusal()
    return value


def _priority(value: Any) -> str:
    if value not in list(Priority):
        raise cursors.refusal()
    return str(value)
