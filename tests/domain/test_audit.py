"""What administrators did: written by the deed, read by superusers, changed by nobody."""

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from domain import audit, comments, deletion, editing, people, users
from domain.audit import Deed
from domain.db import Begin
from domain.editing import Edit
from domain.errors import Forbidden
from domain.incidents import Target
from domain.policy import Actor, Surface
from domain.users import User
from tests.conftest import GENERAL
from tests.domain.conftest import Make


@pytest.fixture
async def boss(begin: Begin, team: str, ben: Actor) -> Actor:
    """Ben, a superuser, who owns nothing."""
    async with begin() as session:
        await session.execute(update(User).where(User.id == ben.id).values(is_superuser=True))
        return (await users.actor(session, team, ben.slack_user_id)).at(channel_id=GENERAL, surface=Surface.BUTTON)


async def deeds(begin: Begin, boss: Actor, **which: object) -> list[tuple[str, str]]:
    """What was done to what, oldest first."""
    async with begin() as session:
        page = await audit.page(session, by=boss, **which)  # type: ignore[arg-type]
    return [(event.deed, event.details.get("ref", event.about_name or "")) for event in page.events[::-1]]


async def test_what_only_a_superuser_may_do_to_an_incident_is_audited(
    begin: Begin, boss: Actor, ana: Actor, opened: Make
) -> None:
    incident = await opened("Disk full", by=ana)
    target = Target(id=incident.id)
    async with begin() as session:
        await comments.say(session, target, "looking", by=ana)
        said = await session.scalar(text("SELECT id FROM comment WHERE incident_id = :id"), {"id": incident.id})
    for act in (
        lambda s: editing.edit(s, target, Edit(title="Disk very full"), by=boss),
        lambda s: comments.edit(s, said, "still looking", by=boss),
        lambda s: comments.remove(s, said, by=boss),
        lambda s: deletion.delete(s, target, by=boss),
        lambda s: deletion.restore(s, target, by=boss),
    ):
        async with begin() as session:
            await act(session)

    ref = incident.ref
    expected = [
        Deed.INCIDENT_EDITED, Deed.COMMENT_EDITED, Deed.COMMENT_DELETED, Deed.INCIDENT_DELETED, Deed.INCIDENT_RESTORED,
    ]  # fmt: skip
    assert await deeds(begin, boss, number=incident.number) == [(deed, ref) for deed in expected]


async def test_what_anybody_may_do_is_not_audited(begin: Begin, boss: Actor, ana: Actor, opened: Make) -> None:
    mine, hers = await opened("Mine", by=boss), await opened("Hers", by=ana)
    async with begin() as session:
        await editing.edit(session, Target(id=mine.id), Edit(title="Still mine"), by=boss)
        await editing.edit(session, Target(id=hers.id), Edit(category="outage"), by=boss)
        await deletion.delete(session, Target(id=mine.id), by=boss)
        await comments.say(session, Target(id=hers.id), "hello", by=boss)

    assert await deeds(begin, boss) == []


async def test_an_event_says_who_what_whom_when_and_from_where(begin: Begin, boss: Actor, ana: Actor) -> None:
    async with begin() as session:
        await people.disable(session, ana.id, by=boss)
        (event,) = (await audit.page(session, by=boss, person=ana.slack_user_id)).events
        same = await audit.get(session, event.id)

    assert same == event
    assert (event.deed, event.by_name, event.by_slack_id, event.about_name) == (Deed.DISABLED, "Ben", "U0BEN", "Ana")
    assert (event.surface, event.channel_id) == (Surface.BUTTON, GENERAL)
    assert event.at.tzinfo is not None


async def test_events_are_listed_newest_first_by_page_and_by_person(begin: Begin, boss: Actor, ana: Actor) -> None:
    for turn in range(13):
        async with begin() as session:
            await (people.enable if turn % 2 else people.disable)(session, ana.id, by=boss)
    async with begin() as session:
        first = await audit.page(session, by=boss)
        rest = await audit.page(session, by=boss, before=first.next)
        nobody = await audit.page(session, by=boss, person="U0NOBODY")
        nothing = await audit.page(session, by=boss, number=4_242)
        missing = await audit.get(session, 0)

    assert [len(page.events) for page in (first, rest, nobody, nothing)] == [10, 3, 0, 0]
    assert first.events[0].deed is Deed.DISABLED
    assert (rest.next, missing) == (None, None)


async def test_others_do_not_read_it(begin: Begin, ana: Actor) -> None:
    with pytest.raises(Forbidden):
        async with begin() as session:
            await audit.page(session, by=ana)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET deed = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
async def test_nobody_changes_what_was_done_not_even_the_owner_of_the_table(
    begin: Begin, boss: Actor, ana: Actor, statement: str
) -> None:
    async with begin() as session:
        await people.disable(session, ana.id, by=boss)

    with pytest.raises(DBAPIError, match=r"never changed or deleted|permission denied"):
        async with begin() as session:
            await session.execute(text(statement))
    async with begin() as session:  # the trigger alone refuses, too
        await session.execute(text("GRANT ALL ON audit_entry TO CURRENT_USER"))
    with pytest.raises(DBAPIError, match="never changed or deleted"):
        async with begin() as session:
            await session.execute(text(statement))
    assert len(await deeds(begin, boss)) == 1
