"""What the database tells of how the bot fares, and what it means."""

from dataclasses import dataclass
from datetime import datetime

from bot.health import checks
from bot.health.views import Finding
from bot.mail import Mailer
from domain import comparison, health, living
from domain.comparison import Progress
from domain.db import Begin
from domain.health import Facts


@dataclass(frozen=True, slots=True)
class Known:
    """What one look into the database found.

    Args:
        incident_channel: as it is set; ``home`` is its id, if the bot can post there.
        processes: how many show that they live.
    """

    facts: Facts
    progress: Progress
    incident_channel: str | None
    home: str | None
    processes: int


async def read(begin: Begin, workspace_id: str, incident_channel: str | None) -> Known:
    """Look."""
    async with begin() as session:
        home = await health.channel(session, workspace_id, incident_channel) if incident_channel else None
        return Known(
            facts=await health.facts(session, workspace_id),
            progress=await comparison.progress(session, workspace_id),
            incident_channel=incident_channel,
            home=home,
            processes=await living.count(session),
        )


async def findings(known: Known, mailer: Mailer | None, now: datetime) -> list[Finding]:
    """How it is, and how to mend it."""
    return [
        checks.comparison(known.progress, now),
        await checks.mail(mailer),
        checks.channels(known.facts, known.incident_channel, has_incident_channel=known.home is not None),
        *checks.queue(known.facts, now),
        *checks.webhooks(known.facts, now),
        *checks.people(known.facts),
    ]
