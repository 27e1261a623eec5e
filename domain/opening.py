"""Opening an incident by form: where it goes, what it is made from, and whether there is one about it already."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, literal, null, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain import incidents, lookalikes, policy, sources, workspaces
from domain.errors import InvalidInput
from domain.incidents import Draft, Incident
from domain.lookalikes import LooksAlike
from domain.policy import Action, Actor
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
    facts, alike = await lookalikes.beside(session, title, workspaces.first_open(by.workspace_id, *channels), by=by)
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
    facts, alike = await lookalikes.beside(session, draft.title, *_facts(opening, by), by=by, made_by=draft.source)
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


def _facts(opening: Opening, by: Actor) -> list[ColumnElement[Any]]:
    source, assignee = opening.source, opening.draft.assignee
    is_open = workspaces.first_open(by.workspace_id, opening.draft.channel_id).is_not(null())
    if source is None:
        return [is_open, true()]
    is_own = assignee in (None, by.slack_user_id)
    is_among = literal(True) if is_own else sources.is_member(by.workspace_id, source.channel_id, assignee or "")
    return [is_open, is_among, *sources.place(source, by)]
