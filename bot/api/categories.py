"""Kinds of incidents: seen by everybody, changed by superusers."""

from typing import Annotated

from fastapi import APIRouter, Path

from bot.api import problems
from bot.api.callers import Caller
from bot.api.shapes import CategoryOut, In, Word
from domain import categories

router = APIRouter(prefix="/categories", tags=["categories"], responses=problems.OF_EVERYTHING)

Name = Annotated[Word, Path(description="One of /categories.")]


class CategoryIn(In):
    """A word of letters, digits and _ that begins with a letter, up to 40 characters."""

    name: Word


@router.get("")
async def list_categories(caller: Caller) -> list[CategoryOut]:
    """Those in use first, the usual one before the others."""
    async with caller.begin() as session:
        found = await categories.listed(session, caller.actor.workspace_id)
    return [CategoryOut(name=each.name, is_retired=each.is_retired) for each in found]


@router.post("", status_code=201)
async def add_category(new: CategoryIn, caller: Caller) -> CategoryOut:
    """A new one, or one that was retired, for superusers."""
    async with caller.begin() as session:
        name = await categories.add(session, new.name, by=caller.actor)
    return CategoryOut(name=name, is_retired=False)


@router.patch("/{name}", responses=problems.documented(404))
async def rename_category(name: Name, new: CategoryIn, caller: Caller) -> CategoryOut:
    """Its incidents follow soon after. The old name is retired."""
    async with caller.begin() as session:
        given = await categories.rename(session, name, new.name, by=caller.actor)
    return CategoryOut(name=given, is_retired=False)


@router.delete("/{name}", responses=problems.documented(404))
async def retire_category(name: Name, caller: Caller) -> CategoryOut:
    """No new incident gets it; those that have it keep it."""
    async with caller.begin() as session:
        retired = await categories.retire(session, name, by=caller.actor)
    return CategoryOut(name=retired, is_retired=True)
