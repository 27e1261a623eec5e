"""A new reply of somebody known, in an incident's thread: nearly every reply, kept by one statement."""

from functools import cache
from uuid import uuid4

from sqlalchemy import bindparam, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain import db, text, users
from domain.comments import Comment, Reply
from domain.db import Written
from domain.policy import Standing
from domain.threads import Thread


async def keep(on: AsyncSession | AsyncConnection, workspace_id: str, reply: Reply, *, by: str) -> bool:
    """Keep it as a comment.

    Args:
        reply: as it was written; neither edited nor deleted.
        by: the author's Slack id.

    Returns:
        False if it is not as simple: the thread is nobody's, its author has no account yet or may not reply, or the
        reply was heard of before. Nothing was kept of it then, and ``comments.hear`` and what leads to it says what
        becomes of it.
    """
    given = {
        "workspace_id": workspace_id,
        "slack_user_id": by,
        "channel_id": reply.channel_id,
        "thread_ts": reply.thread_ts,
        "ts": reply.ts,
        "id": uuid4(),
        "content": text.clean(reply.content),
        "files": list(reply.files),
        "created_at": db.moment(reply.ts),
    }
    return bool(await db.run(on, _keeping(), given))


@cache
def _keeping() -> Written:
    names = ("workspace_id", "channel_id", "thread_ts", "ts", "id", "content", "files", "created_at")
    values = {name: bindparam(name, type_=Comment.__table__.c[name].type) for name in names}
    here = (Thread.workspace_id == values["workspace_id"], Thread.channel_id == values["channel_id"])
    place = select(Thread.incident_id).where(*here, Thread.ts == values["thread_ts"]).cte("place")
    author = users.person().cte("author")
    columns = {**values, "incident_id": place.c.incident_id, "author_id": author.c.user_id}
    may_reply = (
        author.c.user_id.is_not(None),
        author.c.is_active,
        ~author.c.is_deactivated,
        author.c.standing != Standing.BOT,
    )
    reply = select(*columns.values()).select_from(author.join(place, true())).where(*may_reply)
    new = insert(Comment).from_select(list(columns), reply)
    once = new.on_conflict_do_nothing(index_elements=["workspace_id", "channel_id", "ts"])
    return db.written(once.returning(Comment.id))
