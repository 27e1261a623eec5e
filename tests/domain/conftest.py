"""Shortcuts to an incident in a state."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from domain import incidents
from domain.db import Begin
from domain.incidents import Draft, Incident, Status, Target
from domain.policy import Actor
from tests.conftest import GENERAL

Step: TypeAlias = Callable[..., Awaitable[Incident]]
Make: TypeAlias = Callable[..., Awaitable[Incident]]


@pytest.fixture
def opened(begin: Begin, ana: Actor) -> Make:
    """An open incident of Ana's; keywords go into its draft."""

    async def make(title: str = "Disk full", *, by: Actor = ana, **said: object) -> Incident:
        draft = {"channel_id": GENERAL, **said}
        async with begin() as session:
            made = await incidents.create(session, Draft(title, **draft), by=by)  # type: ignore[arg-type]
        return await shown(begin, made, by)

    return make


async def shown(begin: Begin, incident: object, by: Actor) -> Incident:
    """The incident as the database has it now."""
    wanted = incident.id if isinstance(incident, Incident) else incident
    async with begin() as session:
        return await incidents.get(session, Target(id=wanted), by=by)  # type: ignore[arg-type]


async def done(begin: Begin, step: Step, incident: Incident, *, by: Actor, **said: object) -> Incident:
    """One step of the lifecycle, committed."""
    async with begin() as session:
        return await step(session, Target(id=incident.id), by=by, **said)


def state(incident: Incident) -> tuple[Status, bool]:
    return incident.status, incident.resolved_at is not None
