"""Comments: what is said here stands in the incident's thread, in the person's name, once."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from bot.api import cursors, problems
from bot.api.callers import Asking, Caller
from bot.api.incidents import ONE, Key
from bot.api.shapes import CommentIn, CommentOut, CommentPage, Number
from domain import comments, incidents, pages, resent, talk
from domain.incidents import Target

MOST: Final = 100

router = APIRouter(prefix="/incidents/{number}/comments", tags=["comments"], responses=problems.OF_EVERYTHING)

Cursor = Annotated[str | None, Query(max_length=cursors.LONGEST)]


@router.get("", responses=ONE)
async def list_comments(
    number: Number, caller: Caller, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=MOST)] = 50
) -> CommentPage:
    """The oldest first."""
    after = cursors.moment_and_id(cursor, "comments")
    async with caller.begin() as session:
        incident = await incidents.get(session, Target(number=number), by=caller.actor)
        found, is_more = await pages.comments(session, incident.id, after=after, most=limit)
    last = cursors.made("comments", found[-1].created_at.isoformat(), str(found[-1].id)) if is_more else None
    return CommentPage(items=[CommentOut.of(each) for each in found], next=last)


@router.post("", status_code=201, responses=ONE)
async def create_comment(number: Number, new: CommentIn, caller: Caller, key: Key = None) -> CommentOut:
    """Say something; it is posted in the thread."""
    async with caller.begin() as session:
        said = f"comment {number} {new.model_dump_json()}"
        made, is_first = await resent.first(session, key, said, by=caller.actor)
        if is_first:
            await comments.say(session, Target(number=number), new.content, id=made, by=caller.actor)
        return CommentOut.of(await talk.get(session, made, by=caller.actor))


@router.patch("/{comment_id}", responses=problems.documented(404, 409))
async def change_comment(number: Number, comment_id: UUID, new: CommentIn, caller: Caller) -> CommentOut:
    """Change what you said here; the thread follows. A reply in Slack is changed there."""
    async with caller.begin() as session:
        await _of(session, number, comment_id, caller)
        await comments.edit(session, comment_id, new.content, by=caller.actor)
        return CommentOut.of(await talk.get(session, comment_id, by=caller.actor))


@router.delete("/{comment_id}", status_code=204, responses=ONE)
async def delete_comment(number: Number, comment_id: UUID, caller: Caller) -> None:
    """Delete what you said, and all that it ever said; its message follows where Slack allows it."""
    async with caller.begin() as session:
        await _of(session, number, comment_id, caller)
        await comments.remove(session, comment_id, by=caller.actor)


async def _of(session: AsyncSession, number: int, comment_id: UUID, caller: Asking) -> None:
    incident = await incidents.get(session, Target(number=number), by=caller.actor)
    await pages.belongs(session, comment_id, incident.id)
