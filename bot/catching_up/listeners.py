"""``sync``: compare what is kept here with what stands in Slack, now."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.catching_up import views
from bot.commands import Request
from bot.house import Answer, House, Routes
from bot.targets import target_of
from domain import catch_up, db, incidents, outbox, policy, rereading, threads
from domain.catch_up import LANE
from domain.errors import InvalidInput
from domain.outbox import Topic
from domain.policy import Action, Actor


async def sync_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``sync 42`` reads one thread wholly and renews its card; ``sync`` alone compares all, for superusers."""
    policy.require(actor, Action.SYNC)
    asked: dict[str, Any] = {
        "workspace_id": actor.workspace_id,
        "user": actor.slack_user_id,
        "since": db.now().isoformat(),
    }
    if request.number is None and request.card is None:
        if not actor.is_superuser:
            words = "Say which incident, as in /incident sync 42. Only superusers can have all of them compared."
            raise InvalidInput(words, field="incident")
        await catch_up.ask(session, actor.workspace_id)
        await outbox.add(session, outbox.row(Topic.SYNC_ASKED, lane=LANE, **asked))
        return views.syncing(None)
    incident = await incidents.get(session, target_of(request), by=actor)
    await rereading.plan(session, actor.workspace_id, await threads.of(session, incident.id), is_whole=True)
    ids: dict[str, Any] = {"incident_id": incident.id, **asked}
    told = outbox.row(Topic.SYNC_ASKED, lane=f"sync:{incident.id}", **ids)
    renewed = outbox.row(Topic.INCIDENT_CHANGED, workspace_id=actor.workspace_id, incident_id=incident.id)
    rows = [told | {"key": f"sync:{incident.id}:{actor.id}"}, renewed | {"key": None}]
    await session.execute(outbox.insertion(session, rows).on_conflict_do_nothing(index_elements=["key"]))
    return views.syncing(incident)


ROUTES = Routes(reads={"sync": sync_asked})
