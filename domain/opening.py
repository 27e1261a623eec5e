"""Opening an incident by form: where it goes, what it is made from, and whether there is one about it already."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import literal, null, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain import incidents, lookalikes, policy, sight, sources, workspaces
from domain.db import Written
from domain.errors import InvalidInput
from domain.incidents import Draft, Incident
from domain.lookalikes import LooksAlike
from domain.policy import Action, Actor
from domain.sight import Sight
from domain.sources import Place, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a person sent by the form.

    Args:
        source: the message that it is made from, if any.
        whole: bring the message's thread as comments.
        consents: others may read the message.
        warned: numbers of the look-alikes that the form named.
    """

    draft: Draft
    source: Source | None = None
    whole: bool = False
    consents: bool = False
    warned: frozenset[int] = frozenset()


async def prospect(
    session: AsyncSession, title: str, *, channels: Sequence[str | None], by: Actor
) -> tuple[str | None, list[Incident]]:
    """What the form begins with, in one statement: the first of these channels that is open, and look-alikes."""
    wanted = [channel for channel in channels if channel]
    facts, alike = await lookalikes.beside(session, _prospecting(sight.of(by)), title, by=by, channels=wanted)
    return facts[0], alike


async def submit(session: AsyncSession, opening: Opening, *, anywhere: bool, by: Actor) -> Incident:
    """Open the incident, unless the person should know something first.

    Args:
        anywhere: take the channel as it is; Slack does not tell where the bot is.

    Raises:
        Forbidden, NotFound, InvalidInput, Repeated: as by incidents.create and sources.require.
        LooksAlike: there are look-alikes that the form had not named.
    """
    policy.require(by, Action.CREATE)
    draft = opening.draft
    asked = _from_message(opening.source, opening, by) if opening.source else _submitting(sight.of(by))
    facts, alike = await lookalikes.beside(
        session, asked, draft.title, by=by, made_by=draft.source, channels=[draft.channel_id]
    )
    is_open, is_among, *where = facts
    if not is_open and not anywhere:
        raise InvalidInput(
            "Not saved: Incident Tracker is not in this channel. Invite it there with /invite, or choose another.",
            field="channel",
        )
    if opening.source is not None:
        place = Place(*where)
        sources.require(
            opening.source, place, channel_id=draft.channel_id, consents=opening.consents, is_among=is_among
        )
        told = sources.announcements(
            opening.source, place, whole=opening.whole, single=False, consents=opening.consents, opens=True, by=by
        )
        draft = replace(draft, announces=tuple(told))
    unknown = [incident for incident in alike if incident.number not in opening.warned]
    if unknown:
        raise LooksAlike(alike)
    return await incidents.create(session, draft, by=by)


@cache
def _prospecting(how_far: Sight) -> Written:
    return lookalikes.asking(workspaces.FIRST_OPEN, how_far=how_far)


@cache
def _submitting(how_far: Sight) -> Written:
    return lookalikes.asking(workspaces.FIRST_OPEN.is_not(null()), true(), how_far=how_far)


def _from_message(source: Source, opening: Opening, by: Actor) -> Written:
    assignee = opening.draft.assignee
    is_own = assignee in (None, by.slack_user_id)
    is_among = literal(True) if is_own else sources.is_member(by.workspace_id, source.channel_id, assignee or "")
    facts = (workspaces.FIRST_OPEN.is_not(null()), is_among, *sources.place(source, by))
    return lookalikes.asking(*facts, how_far=sight.of(by))
