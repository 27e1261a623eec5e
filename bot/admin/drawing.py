"""Reading what the Admin part of a superuser's App Home shows now."""

from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from bot.admin import lines, sections
from bot.blocks import Block
from domain import audit, categories, health, people
from domain.homes import Section, Shows
from domain.policy import Actor


async def drawn(session: AsyncSession, shows: Shows, reader: Actor) -> list[Block]:
    """The section that was chosen; the domain asks whether the reader may."""
    match shows.section:
        case Section.PEOPLE:
            return sections.people(await _people(session, shows, reader), shows, reader)
        case Section.CATEGORIES:
            return sections.categories(await categories.listed(session, reader.workspace_id))
        case Section.AUDIT:
            before = shows.page.get("before", "")
            page = await audit.page(session, by=reader, before=int(before) if before.isdecimal() else None)
            return sections.history(page, is_first=not before.isdecimal())
        case Section.HEALTH:
            return sections.health(await health.facts(session, reader.workspace_id))
        case _ as unreachable:
            assert_never(unreachable)


async def _people(session: AsyncSession, shows: Shows, reader: Actor) -> people.Page:
    """The page where the reader was; the first one where that is gone."""
    place = lines.place(shows.page)
    page = await people.search(session, shows.text, by=reader, are_waiting=shows.is_waiting, **place)
    is_gone = not page.people or ("before" in place and page.previous is None)
    return (
        await people.search(session, shows.text, by=reader, are_waiting=shows.is_waiting) if place and is_gone else page
    )
