"""Since when Slack did not reach the bot: a mark is renewed every minute while it does."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import catch_up
from domain.workspaces import Workspace

NOTICED_AFTER: Final = timedelta(seconds=90)
"""A mark that is older says that nobody listened; Slack itself repeats what it could not deliver for a moment."""
BEFORE: Final = timedelta(days=1)
"""People edit what was said lately: so long before an absence."""


async def ended(session: AsyncSession, workspace_id: str) -> None:
    """Slack reaches us again: what was said and done meanwhile is looked for."""
    await catch_up.ask(session, workspace_id, edited_since=await over(session, workspace_id))


async def over(session: AsyncSession, workspace_id: str) -> str | None:
    """Mark that Slack reaches us now.

    Returns:
        If it did not for a while: the ts from which on replies may have been edited meanwhile.
    """
    here = Workspace.id == workspace_id
    since = await session.scalar(select(Workspace.reached_at).where(here).with_for_update())
    now = await session.scalar(update(Workspace).where(here).values(reached_at=func.now()).returning(func.now()))
    if since is None or now is None or now - since <= NOTICED_AFTER:
        return None
    return f"{(since - BEFORE).timestamp():.6f}"
