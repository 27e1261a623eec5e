"""How far the comparison with Slack is, for whoever looks after the bot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catch_up import CatchUp
from domain.rereading import ThreadRead


@dataclass(frozen=True, slots=True)
class Progress:
    """How a workspace's channels were compared.

    Args:
        since: everything that Slack tells was compared after this; None if nothing was.
        due: threads that are still to be read.
        problems: Slack's words for why some channels cannot be compared.
    """

    since: datetime | None
    due: int
    problems: Sequence[str]


async def progress(session: AsyncSession, workspace_id: str) -> Progress:
    """How far the comparison is, in all channels together."""
    due = select(func.count()).where(ThreadRead.workspace_id == workspace_id, ThreadRead.is_due)
    problem = CatchUp.problem != ""
    row = (
        await session.execute(
            select(
                func.min(CatchUp.finished_at).filter(~problem).label("since"),
                func.array_agg(CatchUp.problem.distinct()).filter(problem).label("problems"),
                due.scalar_subquery().label("due"),
            ).where(CatchUp.workspace_id == workspace_id)
        )
    ).one()
    return Progress(row.since, row.due or 0, sorted(set(row.problems or ()) - {"channel_not_found", "not_in_channel"}))
