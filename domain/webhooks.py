"""Webhooks: other programs that are told what happens to incidents.

What is told is decided in the transaction that changes something: triggers on the history and on comments put a row
in the outbox for each webhook that wants it (migration 0011), so that no way to change something can forget them, and
where there is no webhook it costs next to nothing. A row names what happened; what is said of it is read when it is
sent. The rows of a webhook are in four lanes by incident: what concerns one incident arrives in order.
"""

import base64
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import audit, db, destinations, incidents, outbox, policy, talk, timeline, workspaces
from domain.audit import Deed
from domain.destinations import Destinations
from domain.errors import AlreadyDone, InvalidInput, NotFound
from domain.incidents import Incident
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.sealing import Sealer
from domain.talk import Said
from domain.timeline import Happening
from domain.webhook_table import Event as Event
from domain.webhook_table import Webhook as Webhook

PURPOSE: Final = "webhook secrets"
"""What they are sealed for."""
PREFIX: Final = "whsec_"
MOST: Final = 10
"""Of one workspace."""
OFF_AFTER: Final = timedelta(hours=24)
"""A webhook that takes nothing for so long is switched off."""
NOTED_AGAIN: Final = timedelta(minutes=1)
"""How often it is written down that a webhook works."""


ADDED: Final = "added"
"""Told once to a webhook that is new or was switched on again, whatever it is told else."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new webhook; the only time that its secret is shown."""

    number: int
    host: str
    secret: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is to be told, as it is now.

    Args:
        changes: of the request that it is about, or none, and it is about a comment.
        how: what became of the comment: created, edited, deleted.
        said: the comment, unless it is deleted.
    """

    incident: Incident
    at: datetime
    changes: Sequence[Happening] = ()
    comment_id: UUID | None = None
    how: str = ""
    said: Said | None = None


async def add(
    session: AsyncSession,
    url: str,
    events: Collection[str] = (),
    *,
    tells_private: bool = False,
    sealer: Sealer,
    to: Destinations,
    by: Actor,
) -> Made:
    """A new one, which is told at once that it was added.

    Args:
        events: what it is told; everything if none is named.
        tells_private: tell it of incidents in private channels, too.
        to: where webhooks may go.

    Raises:
        Forbidden: ``by`` is no superuser.
        InvalidInput: on ``url`` or ``events``: they cannot be used, or there are too many webhooks.
    """
    policy.require(by, Action.ADMINISTER)
    host = destinations.host_of(url, to)
    chosen = _chosen(events)
    await db.lock(session, f"webhooks:{by.workspace_id}")
    counted = select(func.count(), func.coalesce(func.max(Webhook.number), 0))
    many, last = (await session.execute(counted.where(Webhook.workspace_id == by.workspace_id))).one()
    if many >= MOST:
        raise InvalidInput(f"No webhook was added: {MOST} are the most. Remove one that is not needed.", field="url")
    secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    made = uuid4()
    values = {
        "id": made,
        "workspace_id": by.workspace_id,
        "number": last + 1,
        "host": host,
        "url": sealer.seal(_usual(url)),
        "secret": sealer.seal(secret),
        "events": chosen,
        "tells_private": tells_private,
    }
    await session.execute(insert(Webhook).values(values))
    await _greet(session, made, by)
    await audit.record(session, Deed.WEBHOOK_ADDED, by=by, tells_superusers=True, details=_named(last + 1, host))
    return Made(last + 1, host, secret)


async def listed(session: AsyncSession, *, by: Actor) -> list[Webhook]:
    """All of the workspace, the oldest first; raises Forbidden if ``by`` is no superuser."""
    policy.require(by, Action.ADMINISTER)
    here = select(Webhook).where(Webhook.workspace_id == by.workspace_id)
    return list(await session.scalars(here.order_by(Webhook.number)))


async def remove(session: AsyncSession, number: int, *, by: Actor) -> str:
    """It is told nothing any more, nor what waits for it; its host.

    Raises:
        Forbidden: ``by`` is no superuser.
        NotFound: there is none with this number.
    """
    webhook = await _locked(session, number, by)
    await session.execute(delete(Webhook).where(Webhook.id == webhook.id))
    await audit.record(session, Deed.WEBHOOK_REMOVED, by=by, details=_named(number, webhook.host))
    return webhook.host


async def switch_on(session: AsyncSession, number: int, *, by: Actor) -> str:
    """Tell it again from now on what happens; its host. What happened meanwhile is not told.

    Raises:
        Forbidden, NotFound: as by remove.
        AlreadyDone: it is on.
    """
    webhook = await _locked(session, number, by)
    if webhook.off_at is None:
        raise AlreadyDone(f"Nothing to do: webhook {number} is on.")
    on = {"off_at": None, "failing_since": None, "failure": None}
    await session.execute(update(Webhook).where(Webhook.id == webhook.id).values(on))
    await _greet(session, webhook.id, by)
    await audit.record(session, Deed.WEBHOOK_SWITCHED_ON, by=by, details=_named(number, webhook.host))
    return webhook.host


async def get(session: AsyncSession, webhook_id: UUID) -> Webhook | None:
    """The webhook, for a delivery; None if it was removed."""
    found: Webhook | None = await session.scalar(select(Webhook).where(Webhook.id == webhook_id))
    return found


async def occasion(
    session: AsyncSession, incident_id: UUID | None, payload: Mapping[str, Any], *, tells_private: bool
) -> Occasion | None:
    """What an outbox row is about; None if there is nothing to tell any more, or it is not for this webhook.

    A channel that the bot does not know counts as private. Of what was deleted meanwhile only its deletion is told.
    """
    incident = await incidents.read(session, incident_id)
    if incident is None or (incident.deleted_at is not None and payload["event"] != Event.DELETED):
        return None
    if not tells_private and not await workspaces.is_public(session, incident.workspace_id, incident.channel_id):
        return None
    if "batch" in payload:
        changes = await timeline.of_batch(session, UUID(payload["batch"]))
        return Occasion(incident, changes[-1].at, changes) if changes else None
    comment_id, how = UUID(payload["comment"]), str(payload["how"])
    said = await talk.one(session, comment_id)
    if said is None and how != "deleted":
        return None
    at = datetime.fromisoformat(payload["at"])
    return Occasion(incident, at, comment_id=comment_id, how=how, said=said)


async def took(session: AsyncSession, webhook_id: UUID) -> None:
    """It answered that it has it; whatever was wrong is over."""
    is_news = or_(
        Webhook.took_at.is_(None), Webhook.took_at < func.now() - NOTED_AGAIN, Webhook.failing_since.is_not(None)
    )
    well = {"took_at": func.now(), "failing_since": None, "failure": None}
    await session.execute(update(Webhook).where(Webhook.id == webhook_id, is_news).values(well))


async def failed(session: AsyncSession, webhook_id: UUID, why: str, *, off_after: timedelta = OFF_AFTER) -> bool:
    """It did not take something; switched off if it has taken nothing for too long.

    Returns:
        Whether it is off.
    """
    since = case((Webhook.failing_since.is_(None), func.now()), else_=Webhook.failing_since)
    noted = update(Webhook).where(Webhook.id == webhook_id).values(failing_since=since, failure=why)
    row = (await session.execute(noted.returning(Webhook.failing_since, Webhook.off_at))).one_or_none()
    if row is None or row.off_at is not None:
        return True
    if db.now() - row.failing_since < off_after:
        return False
    await stop(session, webhook_id, why)
    return True


async def stop(session: AsyncSession, webhook_id: UUID, why: str) -> None:
    """Switch it off and tell all superusers; nothing if it is off."""
    off = update(Webhook).where(Webhook.id == webhook_id, Webhook.off_at.is_(None))
    stopped = off.values(off_at=func.now(), failure=why).returning(Webhook.workspace_id, Webhook.number, Webhook.host)
    row = (await session.execute(stopped)).one_or_none()
    if row is None:
        return
    details = {**_named(row.number, row.host), "why": why}
    await audit.record(
        session, Deed.WEBHOOK_STOPPED, by=None, workspace_id=row.workspace_id, tells_superusers=True, details=details
    )


async def _locked(session: AsyncSession, number: int, by: Actor) -> Webhook:
    policy.require(by, Action.ADMINISTER)
    here = (Webhook.workspace_id == by.workspace_id, Webhook.number == number)
    webhook: Webhook | None = await session.scalar(select(Webhook).where(*here).with_for_update())
    if webhook is None:
        raise NotFound(f"Nothing was changed: there is no webhook {number}. /incident admin webhook lists them.")
    return webhook


async def _greet(session: AsyncSession, webhook_id: UUID, by: Actor) -> None:
    where = {"workspace_id": by.workspace_id, "lane": f"webhook:{webhook_id}:0"}
    told = {"webhook": str(webhook_id), "id": str(uuid4()), "event": ADDED}
    row = outbox.row(Topic.WEBHOOK_DUE, **where, **told)  # type: ignore[arg-type]
    await outbox.add(session, row)


def _usual(url: str) -> str:
    """The address as it is sent to, whose beginning may have been typed in capitals."""
    scheme, _, rest = url.partition(":")
    return f"{scheme.lower()}:{rest}"


def _chosen(events: Collection[str]) -> list[str]:
    names = {each.strip().lower() for each in events} - {""}
    unknown = sorted(names - set(Event))
    if unknown:
        raise InvalidInput(
            f"No webhook was added: there is no event “{unknown[0][:50]}”. There are {', '.join(Event)}.",
            field="events",
        )
    return [event.value for event in Event if not names or event.value in names]


def _named(number: int, host: str) -> dict[str, str]:
    return {"number": str(number), "name": host}
