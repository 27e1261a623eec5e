"""The steps of an incident's life."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain import db, lifecycle, timeline
from domain.db import Begin
from domain.errors import AlreadyDone, Conflict, DomainError, Forbidden, InvalidInput
from domain.incidents import Incident, Status, Target
from domain.policy import Actor, Surface
from domain.timeline import Entry
from tests.conftest import both
from tests.domain.conftest import Make, Step, done, shown

OPEN, IN_PROGRESS, RESOLVED = Status
STEPS: dict[str, Step] = {
    "take": lifecycle.take,
    "start": lifecycle.start,
    "revert": lifecycle.revert,
    "resolve": lifecycle.resolve,
    "reopen": lifecycle.reopen,
}
WAY: dict[Status, list[Step]] = {OPEN: [], IN_PROGRESS: [lifecycle.start], RESOLVED: [lifecycle.resolve]}


@pytest.mark.parametrize(
    "before, step, after",
    [
        (OPEN, "take", IN_PROGRESS),
        (OPEN, "start", IN_PROGRESS),
        (IN_PROGRESS, "take", IN_PROGRESS),
        (IN_PROGRESS, "revert", OPEN),
        (IN_PROGRESS, "resolve", RESOLVED),
        (OPEN, "resolve", RESOLVED),
        (RESOLVED, "reopen", IN_PROGRESS),
    ],
)
async def test_these_steps_lead_on(
    begin: Begin, opened: Make, ana: Actor, before: Status, step: str, after: Status
) -> None:
    incident = await opened()
    for way in WAY[before]:
        await done(begin, way, incident, by=ana)

    await done(begin, STEPS[step], incident, by=ana)

    now = await shown(begin, incident, ana)
    assert (now.status, now.resolved_at is not None) == (after, after is RESOLVED)


@pytest.mark.parametrize(
    "before, step, words",
    [
        (OPEN, "revert", "Nothing to do: INC-1 was opened by you"),
        (OPEN, "reopen", "Nothing to do: INC-1 was opened by you"),
        (IN_PROGRESS, "start", "Nothing to do: INC-1 was started by you"),
        (IN_PROGRESS, "reopen", "Nothing to do: INC-1 was started by you"),
        (RESOLVED, "take", "Not taken: INC-1 was resolved by you"),
        (RESOLVED, "start", "Not started: INC-1 was resolved by you"),
        (RESOLVED, "revert", "Not put back: INC-1 was resolved by you"),
        (RESOLVED, "resolve", "Nothing to do: INC-1 was resolved by you"),
    ],
)
async def test_all_other_steps_are_refused_with_what_happened(
    begin: Begin, opened: Make, ana: Actor, before: Status, step: str, words: str
) -> None:
    incident = await opened()
    for way in WAY[before]:
        await done(begin, way, incident, by=ana)

    with pytest.raises(Conflict, match=words):
        await done(begin, STEPS[step], incident, by=ana)

    assert (await shown(begin, incident, ana)).status is before


@pytest.mark.parametrize("step", STEPS)
async def test_a_guest_may_take_no_step(begin: Begin, opened: Make, gus: Actor, step: str) -> None:
    incident = await opened()

    with pytest.raises(Forbidden, match="You are a guest here"):
        await done(begin, STEPS[step], incident, by=gus)


@pytest.mark.parametrize("step", STEPS)
async def test_a_click_on_an_old_card_changes_nothing_and_says_what_happened(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, step: str
) -> None:
    incident = await opened()
    for way in WAY[{"revert": IN_PROGRESS, "reopen": RESOLVED}.get(step, OPEN)]:
        await done(begin, way, incident, by=ben)
    version = (await shown(begin, incident, ana)).version
    old = Target(id=incident.id, version=version - 1)

    with pytest.raises(Conflict, match=r"by (Ben|you) at") as refused:
        async with begin() as session:
            await STEPS[step](session, old, by=ana)

    assert not isinstance(refused.value, AlreadyDone)
    assert (await shown(begin, incident, ana)).version == version


async def test_resolving_twice_tells_the_second_person_who_did_it_and_moves_nothing(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()
    await done(begin, lifecycle.resolve, incident, by=ana, note="rolled back")
    first = await shown(begin, incident, ana)

    with pytest.raises(AlreadyDone, match=r"INC-1 was resolved by Ana at .* It is resolved"):
        await done(begin, lifecycle.resolve, incident, by=ben)

    again = await shown(begin, incident, ana)
    assert (again.resolved_at, again.resolution, again.version) == (first.resolved_at, "rolled back", first.version)


async def test_of_two_people_who_resolve_at_the_same_moment_one_does(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()

    ends = await both(
        done(begin, lifecycle.resolve, incident, by=ana), done(begin, lifecycle.resolve, incident, by=ben)
    )

    assert [type(end) for end in ends if isinstance(end, DomainError)] == [AlreadyDone]
    assert sum(isinstance(end, Incident) for end in ends) == 1


async def test_resolving_an_open_incident_records_both_steps(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    await done(begin, lifecycle.resolve, incident, by=ana, note="rolled back")

    async with begin() as session:
        entries = (
            await session.scalars(select(Entry).where(Entry.incident_id == incident.id).order_by(Entry.id))
        ).all()
    assert [(e.what, e.old, e.new, e.note) for e in entries] == [
        ("created", "", "Disk full", ""),
        ("started", "open", "in progress", ""),
        ("resolved", "in progress", "resolved", "rolled back"),
    ]


async def test_taking_it_over_says_from_whom(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ana)

    await done(begin, lifecycle.take, incident, by=ben)

    async with begin() as session:
        last = (await session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1))).one()
    assert (last.what, last.old, last.new) == ("assigned", "Ana", "Ben")
    with pytest.raises(AlreadyDone, match="assigned to Ben by you"):
        await done(begin, lifecycle.take, incident, by=ben)


async def test_a_fix_is_between_the_opening_and_now(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    for at, words in (
        (db.now() + timedelta(hours=1), "in the future"),
        (db.now() - timedelta(days=1), "was opened at"),
    ):
        with pytest.raises(InvalidInput, match=words) as refused:
            await done(begin, lifecycle.resolve, incident, by=ana, at=at)
        assert refused.value.field == "fixed_at"

    await done(begin, lifecycle.resolve, incident, by=ana, at=incident.created_at.replace(second=0, microsecond=0))
    assert (await shown(begin, incident, ana)).resolved_at == incident.created_at


async def test_a_form_opens_only_where_it_could_be_sent(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    target = Target(id=incident.id)

    async with begin() as session:
        assert (await lifecycle.to_resolve(session, target, by=ana)).id == incident.id
        with pytest.raises(AlreadyDone):
            await lifecycle.to_reopen(session, target, by=ana)

    await done(begin, lifecycle.resolve, incident, by=ana)
    async with begin() as session:
        assert (await lifecycle.to_reopen(session, target, by=ana)).id == incident.id


async def test_taking_what_is_assigned_to_oneself_already_starts_it(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened(assignee=ana.slack_user_id)

    await done(begin, lifecycle.take, incident, by=ana)

    async with begin() as session:
        last = (await session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1))).one()
        (happening,) = await timeline.of_batch(session, last.batch)
    assert (happening.what, happening.by_name, happening.surface) == ("started", "Ana", Surface.COMMAND)
