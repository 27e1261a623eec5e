"""When a channel gets its digest: set by superusers, and each slot used once, whoever notices it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import audit, db, policy, slots
from domain.audit import Deed
from domain.digest_rows import DigestRow, DigestRun, DigestSchedule
from domain.errors import AlreadyDone, NotFound
from domain.outbox import OutboxMessage, Topic
from domain.policy import Action, Actor
from domain.slots import Times
from domain.workspaces import Channel

LATE: Final = timedelta(hours=4)
"""A slot that nobody noticed for longer is left out."""
PUNCTUAL: Final = timedelta(minutes=5)
"""What is posted later than this says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A channel's digest, as it is shown and used."""

    id: UUID
    workspace_id: str
    channel_id: str
    channel_name: str
    times: Times
    posts_empty: bool
    is_paused: bool
    paused_why: str
    since: datetime
    by_user_id: UUID


@dataclass(frozen=True, slots=True)
class Posted:
    """A digest that is in its channel: which message, and what stood in it."""

    schedule: Schedule
    slot: datetime
    ts: str
    shown: Mapping[str, Any]


async def set_(session: AsyncSession, channel_id: str, times: Times, *, posts_empty: bool, by: Actor) -> Schedule:
    """Give a channel its digest, or other times; slots count from now on.

    Raises:
        Forbidden: ``by`` is no superuser.
    """
    policy.require(by, Action.ADMINISTER)
    values = {
        "at": times.at, "time_zone": times.zone, "days": sorted(times.days), "posts_empty": posts_empty,
        "is_paused": False, "paused_why": "", "since": func.now(), "by_user_id": by.id,
    }  # fmt: skip
    made = insert(DigestSchedule).values(id=uuid4(), workspace_id=by.workspace_id, channel_id=channel_id, **values)
    await session.execute(made.on_conflict_do_update(index_elements=["workspace_id", "channel_id"], set_=values))
    await _record(session, Deed.DIGEST_SET, channel_id, by, {"times": str(times)})
    return await of_channel(session, channel_id, by=by)


async def pause(session: AsyncSession, channel_id: str, *, by: Actor) -> Schedule:
    """No digest there until it is resumed."""
    schedule = await of_channel(session, channel_id, by=by)
    if schedule.is_paused:
        raise AlreadyDone("Nothing to do: this digest is paused already.")
    await _change(session, schedule.id, is_paused=True)
    await _record(session, Deed.DIGEST_PAUSED, channel_id, by)
    return schedule


async def resume(session: AsyncSession, channel_id: str, *, by: Actor) -> Schedule:
    """Digests again, from the next slot on."""
    schedule = await of_channel(session, channel_id, by=by)
    if not schedule.is_paused:
        raise AlreadyDone("Nothing to do: this digest is not paused.")
    await _change(session, schedule.id, is_paused=False, paused_why="", since=func.now())
    await _record(session, Deed.DIGEST_RESUMED, channel_id, by)
    return schedule


async def remove(session: AsyncSession, channel_id: str, *, by: Actor) -> Schedule:
    """No digest there any more; those that were posted stay."""
    schedule = await of_channel(session, channel_id, by=by)
    await session.execute(delete(DigestSchedule).where(DigestSchedule.id == schedule.id))
    await _record(session, Deed.DIGEST_REMOVED, channel_id, by)
    return schedule


async def post_now(session: AsyncSession, channel_id: str, *, by: Actor) -> Schedule:
    """A digest beside the schedule, at once, also when nothing changed."""
    schedule = await of_channel(session, channel_id, by=by)
    await _use(session, schedule, db.now(), is_late=False, is_asked=True)
    await _record(session, Deed.DIGEST_ASKED, channel_id, by)
    return schedule


async def listed(session: AsyncSession, *, by: Actor) -> list[Schedule]:
    """All of the workspace, by channel; raises Forbidden."""
    policy.require(by, Action.ADMINISTER)
    return await _found(session, DigestSchedule.workspace_id == by.workspace_id)


async def of_channel(session: AsyncSession, channel_id: str, *, by: Actor) -> Schedule:
    """The channel's digest; raises Forbidden, and NotFound if it has none."""
    policy.require(by, Action.ADMINISTER)
    here = (DigestSchedule.workspace_id == by.workspace_id, DigestSchedule.channel_id == channel_id)
    found = await _found(session, *here)
    if not found:
        raise NotFound("This channel has no digest. Give it one: /incident admin digest add #channel 09:00 mon-fri.")
    return found[0]


async def get(session: AsyncSession, schedule_id: UUID) -> Schedule | None:
    """A schedule, for a delivery; None if it was removed."""
    return next(iter(await _found(session, DigestSchedule.id == schedule_id)), None)


def next_slot(schedule: Schedule) -> datetime | None:
    """When its next digest comes; None while it is paused."""
    return None if schedule.is_paused else slots.following(schedule.times, db.now())


async def tick(session: AsyncSession, workspace_id: str, now: datetime) -> int:
    """Use every slot that is due and that nobody used; called every minute by every replica.

    Returns:
        How many digests were put in the outbox.
    """
    due = 0
    here = (DigestSchedule.workspace_id == workspace_id, ~DigestSchedule.is_paused)
    for schedule in await _found(session, *here):
        slot = slots.latest(schedule.times, now)
        if slot <= schedule.since:
            continue
        if now - slot > LATE:
            await _skip(session, schedule, slot)
        else:
            due += await _use(session, schedule, slot, is_late=now - slot > PUNCTUAL, is_asked=False)
    return due


async def begun(session: AsyncSession, schedule: Schedule, slot: datetime) -> datetime:
    """When the digest before this one was posted; a day before the slot, if there was none."""
    earlier = (DigestRun.schedule_id == schedule.id, DigestRun.slot < slot, DigestRun.outcome == "posted")
    last = await session.scalar(select(func.max(DigestRun.at)).where(*earlier))
    return last or slot - timedelta(days=1)


async def prepare(
    session: AsyncSession, schedule: Schedule, slot: datetime, *, shown: Mapping[str, Any], ids: Sequence[UUID]
) -> None:
    """Keep what will stand in the digest of a slot, and follow these incidents instead of those of the one before."""
    await _settle(session, schedule, slot, shown=dict(shown))
    await session.execute(delete(DigestRow).where(DigestRow.schedule_id == schedule.id))
    if ids:
        rows = [{"schedule_id": schedule.id, "incident_id": each} for each in dict.fromkeys(ids)]
        await session.execute(insert(DigestRow).values(rows))


async def note_posted(session: AsyncSession, schedule: Schedule, slot: datetime, *, ts: str) -> None:
    """The slot's digest is this message."""
    await _settle(session, schedule, slot, outcome="posted", at=func.now(), ts=ts)


async def note_empty(session: AsyncSession, schedule: Schedule, slot: datetime) -> None:
    """There was nothing to say in this slot."""
    await _settle(session, schedule, slot, outcome="empty", at=func.now())


async def newest(session: AsyncSession, schedule_id: UUID) -> Posted | None:
    """The digest that is in the channel now."""
    schedule = await get(session, schedule_id)
    mine = (DigestRun.schedule_id == schedule_id, DigestRun.outcome == "posted")
    run = await session.scalar(select(DigestRun).where(*mine).order_by(DigestRun.slot.desc()).limit(1))
    if schedule is None or run is None or run.ts is None:
        return None
    return Posted(schedule, run.slot, run.ts, run.shown or {})


async def fail(session: AsyncSession, schedule: Schedule, why: str) -> None:
    """The channel cannot be posted to: no more digests until somebody resumes them."""
    await _change(session, schedule.id, is_paused=True, paused_why=why)


async def _use(session: AsyncSession, schedule: Schedule, slot: datetime, *, is_late: bool, is_asked: bool) -> int:
    """Take the slot, and put its digest in the outbox, in one statement; 0 if somebody took it."""
    run = insert(DigestRun).values(schedule_id=schedule.id, slot=slot).on_conflict_do_nothing()
    taken = run.returning(DigestRun.schedule_id).cte("taken")
    payload = {"schedule": str(schedule.id), "slot": slot.isoformat(), "late": "yes" if is_late else "",
               "asked": "yes" if is_asked else ""}  # fmt: skip
    row = select(
        literal(schedule.workspace_id),
        literal(Topic.DIGEST_DUE.value),
        literal(f"digest:{schedule.id}"),
        literal(payload, JSONB),
    ).select_from(taken)
    columns = ["workspace_id", "topic", "lane", "payload"]
    session.info["outbox"] = True
    put = insert(OutboxMessage).from_select(columns, row).returning(OutboxMessage.id)
    return len(list(await session.scalars(put)))


async def _skip(session: AsyncSession, schedule: Schedule, slot: datetime) -> None:
    run = insert(DigestRun).values(schedule_id=schedule.id, slot=slot, outcome="skipped")
    await session.execute(run.on_conflict_do_nothing())


async def _settle(session: AsyncSession, schedule: Schedule, slot: datetime, **values: Any) -> None:
    mine = (DigestRun.schedule_id == schedule.id, DigestRun.slot == slot)
    await session.execute(update(DigestRun).where(*mine).values(**values))


async def _change(session: AsyncSession, schedule_id: UUID, **values: Any) -> None:
    await session.execute(update(DigestSchedule).where(DigestSchedule.id == schedule_id).values(**values))


async def _record(
    session: AsyncSession, deed: Deed, channel_id: str, by: Actor, details: Mapping[str, str] = {}
) -> None:
    await audit.record(session, deed, by=by, details={"channel": channel_id, **details})


async def _found(session: AsyncSession, *where: Any) -> list[Schedule]:
    known = select(DigestSchedule.__table__, Channel.name).outerjoin(
        Channel, (Channel.workspace_id == DigestSchedule.workspace_id) & (Channel.id == DigestSchedule.channel_id)
    )
    rows = await session.execute(known.where(*where).order_by(Channel.name, DigestSchedule.channel_id))
    return [_schedule(row) for row in rows]


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        id=row.id,
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        channel_name=row.name or row.channel_id,
        times=Times(row.at, row.time_zone, frozenset(row.days)),
        posts_empty=row.posts_empty,
        is_paused=row.is_paused,
        paused_why=row.paused_why,
        since=row.since,
        by_user_id=row.by_user_id,
    )
