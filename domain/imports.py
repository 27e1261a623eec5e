"""Bringing messages in as comments: each once, with its author and time.

A message that was brought is known by its channel and ts, like a thread reply: its edits and its
deletion in Slack follow, and the same message becomes a comment once, whatever is repeated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import db, incidents, outbox, policy, repeats, sources, text
from domain.comments import Comment
from domain.errors import InvalidInput
from domain.incidents import Incident, Target
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.sources import Source

QUOTES = 40
QUOTED_CHARACTERS = 12_000
"""How much goes into one message that quotes what was brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A message as it becomes a comment."""

    channel_id: str
    ts: str
    author_id: UUID
    content: str
    files: tuple[dict[str, str], ...] = ()
    edited_at: datetime | None = None


async def add(
    session: AsyncSession,
    target: Target,
    source: Source | None,
    *,
    note: str = "",
    whole: bool = False,
    single: bool = True,
    consents: bool = False,
    once: str,
    by: Actor,
) -> Incident:
    """Add a message, its thread, a note of one's own, or all of them to an incident.

    Args:
        source: None, and it is only the note.
        note: becomes a comment of ``by``.
        once: names the request, so that the same one again adds nothing.

    Raises:
        NotFound, Forbidden: as everywhere; NotFound, too, for a message that ``by`` cannot see.
        InvalidInput: the note is too long, or ``consent`` is missing.
        AlreadyDone: the message is an incident's already.
        Repeated: this request was done before.
    """
    incident = await incidents.get(session, target, by=by)
    policy.require(by, Action.COMMENT)
    said = text.body(note, field="note")
    rows: list[tuple[Topic, dict[str, str]]] = []
    if source is not None:
        known = await sources.look(session, source, by=by)
        if single:
            sources.refuse_kept(known)
        sources.require(source, known.place, channel_id=incident.channel_id, consents=consents)
        rows = sources.announcements(
            source, known.place, whole=whole, single=single, consents=consents, opens=False, by=by
        )
    elif not said:
        raise InvalidInput("Nothing was saved: there is nothing to add. Write what is wrong first.", field="note")
    await repeats.require_first(session, by.workspace_id, once)
    await _put(session, incident, said, rows, by=by)
    return incident


async def _put(
    session: AsyncSession, incident: Incident, note: str, rows: list[tuple[Topic, dict[str, str]]], *, by: Actor
) -> None:
    made = uuid4()
    told = [(Topic.COMMENT_MADE, {"comment_id": str(made)}), *rows] if note else rows
    ids: dict[str, Any] = {"workspace_id": by.workspace_id, "incident_id": incident.id}
    added = outbox.insertion(session, [outbox.row(topic, **{**ids, **carried}) for topic, carried in told])
    if note:
        comment = {**ids, "id": made, "author_id": by.id, "content": note, "is_ours": True}
        added = added.add_cte(insert(Comment).values(comment).cte("said"))
    await session.execute(added)


async def save(
    session: AsyncSession, incident_id: UUID, brought: Sequence[Brought], *, by: Actor, **origin: str
) -> int:
    """Keep messages as comments of their authors, with their times; those that are kept already stay as they are.

    What is new is quoted in the incident's thread, oldest first.

    Args:
        by: who brings them; their authors need not be active any more.
        origin: names the place they come from, for the quotation.

    Returns:
        How many are new.
    """
    policy.require(by, Action.COMMENT)
    if not brought:
        return 0
    rows: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "workspace_id": by.workspace_id,
            "incident_id": incident_id,
            "author_id": each.author_id,
            "content": text.clean(each.content),
            "files": list(each.files),
            "created_at": db.moment(each.ts),
            "edited_at": each.edited_at,
            "channel_id": each.channel_id,
            "ts": each.ts,
        }
        for each in brought
    ]
    added = insert(Comment).values(rows).on_conflict_do_nothing(index_elements=["workspace_id", "channel_id", "ts"])
    new = {row.id for row in await session.execute(added.returning(Comment.id))}
    ids: dict[str, Any] = {"workspace_id": by.workspace_id, "incident_id": incident_id}
    fresh = sorted((row for row in rows if row["id"] in new), key=lambda row: row["created_at"])
    quotes = [
        outbox.row(Topic.COMMENTS_BROUGHT, **{**ids, **origin}, comments=",".join(part), by=by.slack_user_id)
        for part in _parts(fresh)
    ]
    if quotes:
        await outbox.add(session, *quotes)
    return len(fresh)


async def follow(session: AsyncSession, workspace_id: str, channel_id: str, ts: str) -> None:
    """A message outside of incidents' threads was edited or deleted: what quotes it follows. Nothing if none does."""
    here = (Comment.workspace_id == workspace_id, Comment.channel_id == channel_id, Comment.ts == ts)
    found = (await session.execute(select(Comment.id, Comment.incident_id).where(*here))).one_or_none()
    if found is not None:
        ids: dict[str, Any] = {"workspace_id": workspace_id, "incident_id": found.incident_id}
        await outbox.add(session, outbox.row(Topic.QUOTE_CHANGED, **ids, comment_id=str(found.id)))


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    """Ids of comments, as many at a time as fit into one message."""
    part: list[str] = []
    size = 0
    for row in rows:
        if part and (len(part) == QUOTES or size + len(row["content"]) > QUOTED_CHARACTERS):
            yield part
            part, size = [], 0
        part.append(str(row["id"]))
        size += len(row["content"])
    if part:
        yield part
