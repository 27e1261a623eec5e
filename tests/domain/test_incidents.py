"""Opening incidents, and who sees which."""

import asyncio

import pytest

from domain import incidents
from domain.db import Begin
from domain.errors import NotFound, Repeated
from domain.incidents import Draft, Target
from domain.policy import Actor
from tests.conftest import GENERAL


async def test_incidents_are_numbered_one_by_one(begin: Begin, ana: Actor) -> None:
    async def opened(title: str) -> int:
        async with begin() as session:
            made = await incidents.create(session, Draft(title, GENERAL), by=ana)
        async with begin() as session:
            return (await incidents.get(session, Target(id=made), by=ana)).number

    numbers = await asyncio.gather(*(opened(f"Disk {n} full") for n in range(8)))

    assert sorted(numbers) == list(range(1, 9))


async def test_the_same_form_twice_makes_one_incident(begin: Begin, ana: Actor) -> None:
    draft = Draft("Disk full", GENERAL, source="view:V1")
    async with begin() as session:
        await incidents.create(session, draft, by=ana)

    with pytest.raises(Repeated):
        async with begin() as session:
            await incidents.create(session, draft, by=ana)

    with pytest.raises(NotFound):
        async with begin() as session:
            await incidents.get(session, Target(number=2), by=ana)
