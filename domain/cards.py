"""Where an incident is shown: the card of now, and every thread that was ever its own."""

from sqlalchemy import String, cast, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import early_replies, homes, outbox, repeats
from domain.comments import Comment
from domain.incidents import Incident
from domain.outbox import Topic
from domain.threads import Thread


async def remember(session: AsyncSession, incident: Incident, *, ts: str) -> None:
    """The card was posted as this message: its thread is the incident's from now on."""
    await early_replies.meet(session, incident.workspace_id, incident.channel_id)
    posted = update(Incident).where(Incident.id == incident.id).values(card_ts=ts)
    await session.execute(posted.add_cte(homes.redraws(session, incident.workspace_id)))  # it can be linked now
    thread = {
        "workspace_id": incident.workspace_id,
        "channel_id": incident.channel_id,
        "ts": ts,
        "incident_id": incident.id,
    }
    await session.execute(insert(Thread).values(thread).on_conflict_do_nothing())
    await early_replies.adopt(session, incident, thread_ts=ts)
    await _say_again(session, incident)


async def move(session: AsyncSession, incident: Incident, *, channel_id: str) -> None:
    """The card will be in another channel; the old thread stays the incident's."""
    await session.execute(
        update(Incident).where(Incident.id == incident.id).values(channel_id=channel_id, card_ts=None)
    )
    incident.channel_id, incident.card_ts = channel_id, None


async def lost(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> None:
    """The card was deleted in Slack: it will be posted anew. Nothing if this was no card."""
    here = (Incident.workspace_id == workspace_id, Incident.channel_id == channel_id, Incident.card_ts == ts)
    gone = update(Incident).where(*here, Incident.deleted_at.is_(None)).values(card_ts=None)
    incident_id = await session.scalar(gone.returning(Incident.id))
    if incident_id is not None:
        row = outbox.row(Topic.INCIDENT_OPENED, workspace_id=workspace_id, incident_id=incident_id)
        await outbox.add(session, row)


async def repost(session: AsyncSession, workspace_id: str, channel_id: str) -> None:
    """The bot can post in the channel (again): cards that could not be posted there follow."""
    row = (Incident.workspace_id, literal(Topic.INCIDENT_OPENED.value), cast(Incident.id, String), Incident.id)
    waiting = select(*row, literal({}, JSONB)).where(
        Incident.workspace_id == workspace_id,
        Incident.channel_id == channel_id,
        Incident.card_ts.is_(None),
        Incident.deleted_at.is_(None),
    )
    await outbox.add_each(session, waiting.order_by(Incident.number))


async def shut_out(session: AsyncSession, incident: Incident) -> None:
    """Slack takes nothing of the incident in its channel: the owner is told, once without a card and once with one."""
    said = "homeless" if incident.card_ts is None else "shut out"
    if await repeats.is_first_ever(session, incident.workspace_id, f"{said}:{incident.id}"):
        row = outbox.row(
            Topic.CARD_HOMELESS,
            workspace_id=incident.workspace_id,
            incident_id=incident.id,
            had_card=incident.card_ts or "",
        )
        await outbox.add(session, row)


async def _say_again(session: AsyncSession, incident: Incident) -> None:
    """Comments that were made while there was no thread to post them in follow now; those on their way stay so."""
    unsaid = (Comment.incident_id == incident.id, Comment.is_ours, Comment.ts.is_(None), Comment.deleted_at.is_(None))
    rows = [
        outbox.row(
            Topic.COMMENT_MADE,
            workspace_id=incident.workspace_id,
            incident_id=incident.id,
            comment_id=str(comment_id),
        )
        for comment_id in await session.scalars(select(Comment.id).where(*unsaid).order_by(Comment.created_at))
    ]
    if rows:
        await outbox.add(session, *rows)
