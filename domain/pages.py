"""Pages for programs: by the place of their last row, so that nothing is skipped or doubled while others write."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain import comments as comments_
from domain import talk
from domain.comments import Comment
from domain.incidents import WITH_PEOPLE, Incident, in_workspace, visible_to
from domain.listing import Filter, conditions
from domain.policy import Actor
from domain.talk import Said
from domain.users import SlackProfile, User

Place = tuple[datetime, UUID]
"""When a comment was made, and its id."""


async def newest(
    session: AsyncSession, wanted: Filter, *, by: Actor, below: int | None = None, most: int
) -> tuple[list[Incident], bool]:
    """The newest incidents that ``by`` may see, and whether there are more.

    Args:
        below: the number that the page begins under.

    Raises:
        InvalidInput: the filters contradict each other.
    """
    query = select(Incident).where(in_workspace(by), visible_to(by), *conditions(wanted, by)).options(*WITH_PEOPLE)
    if below is not None:
        query = query.where(Incident.number < below)
    found = list(await session.scalars(query.order_by(Incident.number.desc()).limit(most + 1)))
    return found[:most], len(found) > most


async def comments(
    session: AsyncSession, incident_id: UUID, *, after: Place | None = None, most: int
) -> tuple[list[Said], bool]:
    """Comments of an incident, the oldest first, and whether there are more. Who may see it was asked before."""
    place = tuple_(Comment.created_at, Comment.id)
    query = select(Comment.id).where(Comment.incident_id == incident_id, Comment.deleted_at.is_(None))
    if after is not None:
        query = query.where(place > tuple_(*after))
    ids = list(await session.scalars(query.order_by(Comment.created_at, Comment.id).limit(most + 1)))
    said = {comment.id: comment for comment in await talk.some(session, ids[:most])}
    return [said[found] for found in ids[:most]], len(ids) > most


async def belongs(session: AsyncSession, comment_id: UUID, incident_id: UUID) -> None:
    """Raise NotFound unless it is a comment of this incident that was not deleted."""
    here = (Comment.id == comment_id, Comment.incident_id == incident_id, Comment.deleted_at.is_(None))
    if await session.scalar(select(Comment.id).where(*here)) is None:
        raise comments_.not_found()


async def slack_id(session: AsyncSession, word: str, *, by: Actor) -> str:
    """The Slack id of whom a program names: ``me``, a Slack id, or the id of an account."""
    if word == "me":
        return by.slack_user_id
    try:
        account_id = UUID(word)
    except ValueError:
        return word
    mapped = select(SlackProfile.slack_user_id).join(User, User.id == SlackProfile.user_id)
    return await session.scalar(mapped.where(User.id == account_id, User.workspace_id == by.workspace_id)) or word
