"""What Slack did while nobody listened: how far each channel was compared, and which threads are to be read again.

A channel's roots tell how many replies each thread has and which is the newest. A thread where that is not
what is known here is read again (``domain.rereading``); all others cost nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, ForeignKey, and_, exists, func, join, literal, or_, select, true, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import cards, db, kept, outbox, rereading
from domain.db import Base
from domain.incidents import Incident, Status
from domain.outbox import OutboxMessage, Outgoing, Topic
from domain.rereading import ThreadRead
from domain.threads import Thread
from domain.workspaces import Channel

RECENT: Final = timedelta(days=14)
"""Threads of unresolved incidents are compared, and of those where something happened within this time."""
FULL_PAGE: Final = 999
"""Messages that Slack tells at once, where it limits no further."""
EDITED_SINCE: Final = "edited_since"
LANE: Final = "catch-up"
"""All channels share it, so that this never takes more than one of the relay's hands."""


class CatchUp(Base):
    """How far a channel was compared: ``below`` is the ts above which it was, None at the beginning.

    ``per_page`` is how many messages Slack tells at once; ``problem`` is why it could not be compared; threads with a
    reply since ``edited_since`` are read again in any case.
    """

    __tablename__ = "catch_up"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    below: Mapped[str | None]
    per_page: Mapped[int] = mapped_column(server_default=str(FULL_PAGE))
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(server_default="")
    edited_since: Mapped[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The first message of a thread, as a page of its channel's history tells it.

    Args:
        is_gone: it was deleted, and Slack shows a line in its place because it has replies.
        version: of the incident, as the card shows it; None where that cannot be told.
    """

    ts: str
    reply_count: int = 0
    latest_reply: str | None = None
    is_gone: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What Slack told of a channel's history.

    Args:
        roots: everything that was told of it from ``up_to`` down to ``down_to``.
        below: what is older than this is still to be told.
        per_page: how many messages Slack tells at once.
    """

    roots: Sequence[Root]
    up_to: str
    down_to: str
    below: str
    per_page: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where the comparison of a channel stands.

    Args:
        due: the next thread to read, if any.
        span: ts of the newest and of the oldest root that is still to be compared; None if there is none.
        is_first: nothing was compared yet.
        edited_since: the ts from which on replies may have been edited while nobody listened.
    """

    due: str | None
    span: tuple[str, str] | None
    per_page: int
    is_first: bool
    edited_since: str | None = None


async def ask(
    session: AsyncSession,
    workspace_id: str,
    *,
    unless_since: datetime | None = None,
    edited_since: str | None = None,
) -> None:
    """Have each channel with threads that matter compared, once for all who ask before it begins.

    What was said in a channel before it was archived can still be read.

    Args:
        unless_since: channels whose last comparison began after this are left out.
        edited_since: threads with a reply since this ts are read again, although Slack does not tell of a change.
    """
    payload: list[Any] = ["channel", Thread.channel_id]
    payload += [EDITED_SINCE, edited_since] if edited_since else []
    here = (CatchUp.workspace_id == Thread.workspace_id, CatchUp.channel_id == Thread.channel_id)
    rows = (
        select(
            literal(workspace_id),
            literal(Topic.CATCH_UP_DUE.value),
            literal(LANE),
            func.concat("catch-up:", workspace_id, ":", Thread.channel_id),
            func.jsonb_build_object(*payload),
        )
        .distinct()
        .select_from(_known())
        .outerjoin(Channel, and_(Channel.workspace_id == Thread.workspace_id, Channel.id == Thread.channel_id))
        .where(Thread.workspace_id == workspace_id, _matters())
        .where(or_(func.coalesce(Channel.is_open, True), ~exists().where(*here, CatchUp.problem != "")))
    )
    if unless_since is not None:
        rows = rows.where(~exists().where(*here, CatchUp.began_at > unless_since))
    columns = ["workspace_id", "topic", "lane", "key", "payload"]
    session.info["outbox"] = True
    await session.execute(_once(insert(OutboxMessage).from_select(columns, rows)))


async def position(session: AsyncSession, message: Outgoing) -> Position | None:
    """Where to go on; a row that still bears its key begins anew, and who asks from now on asks for another time.

    None while the channel is being compared for those who asked before: that comes to its end first, however long it
    takes, and another row waits for it.
    """
    workspace_id, channel_id = message.workspace_id, message.payload["channel"]
    keyed = update(OutboxMessage).where(OutboxMessage.id == message.id, OutboxMessage.key.is_not(None)).values(key=None)
    asked = await session.scalar(keyed.returning(OutboxMessage.payload))
    if asked is not None:
        if await _is_on_its_way(session, message):
            later = outbox.row(Topic.CATCH_UP_DUE, workspace_id=workspace_id, lane=LANE, **asked)
            key = f"catch-up:{workspace_id}:{channel_id}"
            await session.execute(_once(outbox.insertion(session, [{**later, "key": key}])))
            return None
        edited_since = asked.get(EDITED_SINCE)
        anew = {"below": None, "began_at": func.now(), "problem": "", "edited_since": edited_since}
        begun = insert(CatchUp).values(workspace_id=workspace_id, channel_id=channel_id, edited_since=edited_since)
        await session.execute(begun.on_conflict_do_update(index_elements=["workspace_id", "channel_id"], set_=anew))
    here = (CatchUp.workspace_id == workspace_id, CatchUp.channel_id == channel_id)
    wanted = select(CatchUp.below, CatchUp.per_page, CatchUp.edited_since).where(*here)
    stand = (await session.execute(wanted)).one()
    due = (ThreadRead.workspace_id == workspace_id, ThreadRead.channel_id == channel_id, ThreadRead.is_due)
    span = await _span(session, workspace_id, channel_id, stand.below)
    next_due = await session.scalar(select(func.max(ThreadRead.ts)).where(*due))
    return Position(next_due, span, stand.per_page, stand.below is None, stand.edited_since)


async def compare(
    session: AsyncSession, workspace_id: str, channel_id: str, page: Page, *, edited_since: str | None = None
) -> None:
    """Note which threads of a page are to be read, have cards mended, and go on below it."""
    told = {root.ts: root for root in page.roots}
    threads = await _threads(session, workspace_id, channel_id, page)
    about = {thread.ts: thread.incident_id for thread in threads}
    known = await kept.counts(session, workspace_id, channel_id, about)
    newest = [root.latest_reply for root in page.roots if root.latest_reply]
    heard = await kept.among(session, workspace_id, channel_id, newest, of=set(about.values()))
    changed: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for thread in threads:
        root = told.get(thread.ts)
        if root is None or root.is_gone or (root.version or thread.version) < thread.version:
            await _mend(session, workspace_id, thread, root)
        if root is None:
            continue
        is_known = root.latest_reply in {None, thread.latest} or root.latest_reply in heard
        may_be_edited = bool(edited_since and root.latest_reply and root.latest_reply >= edited_since)
        if may_be_edited:
            changed[True].append((channel_id, thread.ts))
        elif not is_known or root.reply_count != (thread.others or 0) + known[thread.ts]:
            is_whole = thread.latest is None or root.reply_count < page.per_page
            changed[is_whole].append((channel_id, thread.ts))
    for is_whole, places in changed.items():
        await rereading.plan(session, workspace_id, places, is_whole=is_whole)
    here = (CatchUp.workspace_id == workspace_id, CatchUp.channel_id == channel_id)
    await session.execute(update(CatchUp).where(*here).values(below=page.below, per_page=page.per_page))


async def is_under_way(session: AsyncSession, workspace_id: str) -> bool:
    """Whether a channel is still to be compared."""
    waits = (OutboxMessage.workspace_id == workspace_id, OutboxMessage.topic == Topic.CATCH_UP_DUE)
    return bool(await session.scalar(select(exists().where(*waits, OutboxMessage.gave_up_at.is_(None)))))


async def finish(session: AsyncSession, workspace_id: str, channel_id: str, *, problem: str = "") -> None:
    """The channel was compared, or cannot be."""
    here = (CatchUp.workspace_id == workspace_id, CatchUp.channel_id == channel_id)
    done = {"problem": problem} if problem else {"problem": "", "finished_at": func.now()}
    await session.execute(update(CatchUp).where(*here).values(**done))
    if problem:
        await rereading.leave_all(session, workspace_id, channel_id)


def _once(new: Insert) -> Insert:
    """Once for all who ask; who noticed an absence is heard, too, the earliest first."""
    payload = new.excluded.payload.concat(OutboxMessage.payload)
    noticed = new.excluded.payload.has_key(EDITED_SINCE)
    return new.on_conflict_do_update(index_elements=["key"], set_={"payload": payload}, where=noticed)


async def _is_on_its_way(session: AsyncSession, message: Outgoing) -> bool:
    """Whether another row compares this channel already."""
    row = (OutboxMessage.workspace_id == message.workspace_id, OutboxMessage.topic == Topic.CATCH_UP_DUE)
    same = (OutboxMessage.id != message.id, OutboxMessage.payload["channel"].astext == message.payload["channel"])
    begun = (OutboxMessage.key.is_(None), OutboxMessage.gave_up_at.is_(None))
    return bool(await session.scalar(select(exists().where(*row, *same, *begun))))


def _known() -> Any:
    """Threads with their incidents, and what was last read of them."""
    read = and_(
        ThreadRead.workspace_id == Thread.workspace_id,
        ThreadRead.channel_id == Thread.channel_id,
        ThreadRead.ts == Thread.ts,
    )
    return join(join(Thread, Incident, Incident.id == Thread.incident_id), ThreadRead, read, isouter=True)


def _matters() -> ColumnElement[bool]:
    since = db.now() - RECENT
    is_unresolved = and_(Incident.status != Status.RESOLVED, Incident.deleted_at.is_(None))
    return or_(is_unresolved, Incident.updated_at >= since, ThreadRead.latest >= f"{since.timestamp():.6f}")


async def _span(session: AsyncSession, workspace_id: str, channel_id: str, below: str | None) -> tuple[str, str] | None:
    here = [Thread.workspace_id == workspace_id, Thread.channel_id == channel_id, _matters()]
    ends = select(func.max(Thread.ts), func.min(Thread.ts)).select_from(_known())
    newest, oldest = (await session.execute(ends.where(*here, _is_below(below)))).one()
    return None if newest is None else (newest, oldest)


async def _threads(session: AsyncSession, workspace_id: str, channel_id: str, page: Page) -> Sequence[Any]:
    here = (Thread.workspace_id == workspace_id, Thread.channel_id == channel_id)
    shown = (
        Thread.ts, Thread.channel_id, Thread.incident_id, Incident.version, ThreadRead.latest, ThreadRead.others,
        and_(Incident.channel_id == Thread.channel_id, Incident.card_ts == Thread.ts).label("is_card"),
        Incident.deleted_at.is_not(None).label("is_deleted"),
    )  # fmt: skip
    wanted = select(*shown).select_from(_known()).where(*here, Thread.ts.between(page.down_to, page.up_to), _matters())
    return (await session.execute(wanted.order_by(Thread.ts.desc()))).all()


def _is_below(ts: str | None) -> ColumnElement[bool]:
    return true() if ts is None else Thread.ts < ts


async def _mend(session: AsyncSession, workspace_id: str, thread: Any, root: Root | None) -> None:
    """A card that is gone is posted anew, one that shows an old state is edited; asked for once per state."""
    if root is not None and root.is_gone:
        await cards.lost(session, workspace_id, thread.channel_id, thread.ts)
    elif thread.is_card and not thread.is_deleted:
        ids: dict[str, Any] = {"workspace_id": workspace_id, "incident_id": thread.incident_id}
        key = f"mend:{thread.incident_id}:{thread.ts}:{thread.version}"
        await outbox.add_once(session, key, outbox.row(Topic.INCIDENT_CHANGED, **ids))
