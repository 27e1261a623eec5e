"""New replies of people who are known, in incidents' threads: nearly every reply, kept by one statement."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    String,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import TypeEngine

from domain import db, text
from domain.comments import Comment, Reply
from domain.db import Written
from domain.policy import Standing
from domain.threads import Thread
from domain.users import SlackProfile, User


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply as it was written, neither edited nor deleted, and the Slack id of its author."""

    reply: Reply
    by: str


async def keep(on: AsyncSession | AsyncConnection, workspace_id: str, heard: Sequence[Heard]) -> list[bool]:
    """Keep them as comments.

    Returns:
        For each, False if it is not as simple: the thread is nobody's, its author has no account yet or may not reply,
        or the reply was heard of before. Nothing was kept of it then, and ``comments.hear`` and what leads to it says
        what becomes of it.
    """
    replies = [each.reply for each in heard]
    given = {
        "workspace_id": workspace_id,
        "by": [each.by for each in heard],
        "channel_id": [reply.channel_id for reply in replies],
        "thread_ts": [reply.thread_ts for reply in replies],
        "ts": [reply.ts for reply in replies],
        "id": [uuid4() for _ in replies],
        "content": [text.clean(reply.content) for reply in replies],
        "files": [json.dumps(list(reply.files)) for reply in replies],  # a list of lists would be another dimension
        "created_at": [db.moment(reply.ts) for reply in replies],
    }
    kept = {row.id for row in await db.run(on, _keeping(), given)}
    return [each in kept for each in given["id"]]


_COLUMNS: dict[str, TypeEngine[Any]] = {
    "by": String(), "channel_id": String(), "thread_ts": String(), "ts": String(), "id": Uuid(), "content": Text(),
    "files": Text(), "created_at": DateTime(timezone=True),
}  # fmt: skip


@cache
def _keeping() -> Written:
    """They are inserted in one order by everybody, so that nobody blocks; each is looked up by itself."""
    lists = (bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items())
    rows = func.unnest(*lists).table_valued(*(column(name, kind) for name, kind in _COLUMNS.items()))
    heard = rows.render_derived(name="heard")
    workspace_id = bindparam("workspace_id", type_=String)
    place = _one(
        select(Thread.incident_id).where(
            Thread.workspace_id == workspace_id, Thread.channel_id == heard.c.channel_id, Thread.ts == heard.c.thread_ts
        )
    )
    author = _one(
        select(User.id)
        .join(SlackProfile, SlackProfile.user_id == User.id)
        .where(SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id == heard.c.by, *_may_reply())
    )
    columns = {
        **{column.name: column for column in heard.c if column.name != "by"},
        "files": cast(heard.c.files, JSONB),
        "workspace_id": workspace_id,
        "incident_id": place.c.incident_id,
        "author_id": author.c.id,
    }
    replies = select(*columns.values()).select_from(heard.join(place, true()).join(author, true()))
    in_order = replies.order_by(heard.c.channel_id, heard.c.ts)
    new = insert(Comment).from_select(list(columns), in_order)
    once = new.on_conflict_do_nothing(index_elements=["workspace_id", "channel_id", "ts"])
    return db.written(once.returning(Comment.id))


def _may_reply() -> list[ColumnElement[bool]]:
    return [and_(User.is_active), ~SlackProfile.is_deactivated, SlackProfile.standing != Standing.BOT]


def _one(found: Select[Any]) -> LateralFromClause:
    """Looked up for each reply by its key, whatever the planner thinks of how many there are."""
    return found.limit(1).lateral()
