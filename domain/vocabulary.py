"""What the words of a line may name in a workspace: its categories, and the people who are mentioned."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import String, bindparam, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain import db
from domain.db import Written
from domain.users import SlackProfile
from domain.workspaces import Category


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Categories in use, the default one first, and names by Slack id."""

    categories: list[str]
    people: dict[str, str]


async def of(session: AsyncSession, workspace_id: str, people: Collection[str]) -> Vocabulary:
    """In one statement; ``people`` are Slack ids, of which some may be nobody's."""
    found = await db.run(session, _known(), {"workspace_id": workspace_id, "people": list(people)})
    return Vocabulary(
        [row.name for row in found if row.slack_user_id is None],
        {row.slack_user_id: row.name for row in found if row.slack_user_id is not None},
    )


@cache
def _known() -> Written:
    workspace_id = bindparam("workspace_id", type_=String)
    categories = select(Category.name, null().label("slack_user_id"), Category.position).where(
        Category.workspace_id == workspace_id, ~Category.is_retired
    )
    people = select(SlackProfile.name, SlackProfile.slack_user_id, literal(0).label("position")).where(
        SlackProfile.workspace_id == workspace_id,
        SlackProfile.slack_user_id == bindparam("people", type_=ARRAY(String)).any_(),
    )
    both: Any = union_all(categories, people).order_by("position")
    return db.written(both)
