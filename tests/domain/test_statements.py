"""Slack waits three seconds: what one request asks of the database stays small, and tells who did what where."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import (
    audit,
    cards,
    categories,
    comments,
    deletion,
    early_replies,
    editing,
    incidents,
    lifecycle,
    listing,
    outbox,
    picking,
    search,
    signup,
    talk,
)
from domain.audit import Deed
from domain.comments import Reply
from domain.db import Begin
from domain.editing import Edit
from domain.errors import DomainError, Forbidden
from domain.incidents import Draft, Incident, Priority, Status, Target
from domain.listing import Filter
from domain.outbox import OutboxMessage, Topic
from domain.policy import Action, Actor, Standing, Surface
from domain.timeline import Entry
from domain.users import Profile
from tests.conftest import GENERAL, SECRET, both, member
from tests.domain.conftest import Make, Step, done, shown

MOST = 5
REPLY = Reply(channel_id=GENERAL, thread_ts="1700000000.000100", ts="1700000001.000100", content="rolled back")
Call = Callable[[AsyncSession, Target, Actor], Awaitable[object]]

CALLS: dict[str, Call] = {
    "create": lambda s, _, by: incidents.create(s, Draft("New", GENERAL, assignee="U0BEN", source="view:1"), by=by),
    "get": lambda s, t, by: incidents.get(s, t, by=by),
    "take": lambda s, t, by: lifecycle.take(s, t, by=by),
    "start": lambda s, t, by: lifecycle.start(s, t, by=by),
    "resolve": lambda s, t, by: lifecycle.resolve(s, t, note="rolled back", by=by),
    "to_resolve": lambda s, t, by: lifecycle.to_resolve(s, t, by=by),
    "refused": lambda s, t, by: refused(lifecycle.reopen(s, t, by=by)),
    "stale": lambda s, t, by: refused(lifecycle.resolve(s, Target(id=t.id, version=9), by=by)),
    "say": lambda s, t, by: comments.say(s, t, "vendor called back", by=by),
    "hear": lambda s, t, by: comments.hear(s, t.id, REPLY, by=by),  # type: ignore[arg-type]
    "keep": lambda s, _, by: early_replies.keep(s, REPLY, by=by),
    "repost": lambda s, _, by: cards.repost(s, by.workspace_id, GENERAL),
    "page": lambda s, _, by: listing.page(s, Filter(involving_me=True, assignees=("U0BEN",)), by=by),
    "needs": lambda s, _, by: listing.page(s, Filter(needs_person=True), by=by),
    "search": lambda s, _, by: search.page(s, ("incident",), Filter(any_status=True), by=by),
    "similar": lambda s, _, by: search.page(s, ("incidnet",), Filter(any_status=True), by=by),
    "count": lambda s, _, by: listing.count(s, Filter(), by=by),
    "counts": lambda s, _, by: listing.counts(s, by=by),
    "likely": lambda s, _, by: picking.likely(s, by=by, statuses=(Status.OPEN,)),
    "join": lambda s, _, by: signup.join(s, by.workspace_id, Profile(slack_user_id=by.slack_user_id, name="Ana")),
    "lease": lambda s, _, __: outbox.lease(s, by="one", most=1),
}


POWERS: dict[str, tuple[Deed, Call]] = {
    "rename": (Deed.INCIDENT_EDITED, lambda s, t, by: editing.edit(s, t, Edit(title="Other"), by=by)),
    "delete": (Deed.INCIDENT_DELETED, lambda s, t, by: deletion.delete(s, t, by=by)),
    "restore": (Deed.INCIDENT_RESTORED, lambda s, t, by: deletion.restore(s, t, by=by)),
    "add category": (Deed.CATEGORY_ADDED, lambda s, _, by: categories.add(s, "hardware", by=by)),
    "rename category": (Deed.CATEGORY_RENAMED, lambda s, _, by: categories.rename(s, "bug", "fault", by=by)),
    "retire category": (Deed.CATEGORY_RETIRED, lambda s, _, by: categories.retire(s, "bug", by=by)),
}
"""What only superusers do, and the deed that is audited."""


async def refused(step: Awaitable[object]) -> None:
    with pytest.raises(DomainError):
        await step


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What was sent to the database, in order."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("call", CALLS)
async def test_a_request_needs_few_statements_however_many_incidents_there_are(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, statements: list[str], call: str
) -> None:
    for n in range(3):
        incident = await opened(f"Incident {n}", assignee=ben.slack_user_id)
    statements.clear()

    async with begin() as session:
        await CALLS[call](session, Target(id=incident.id), ana)

    assert 1 <= len(statements) <= MOST


@pytest.mark.parametrize("power", POWERS)
async def test_what_is_audited_needs_few_statements_beside_the_one_that_says_who_asks(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, statements: list[str], power: str
) -> None:
    deed, call = POWERS[power]
    boss, incident = replace(ben, is_superuser=True), await opened()
    if power == "restore":
        await done(begin, deletion.delete, incident, by=ana)
    statements.clear()

    async with begin() as session:
        await call(session, Target(id=incident.id), boss)

    assert len(statements) <= MOST - 1
    async with begin() as session:
        assert [event.deed for event in (await audit.page(session, by=boss)).events] == [deed]


@pytest.mark.parametrize("is_edit", [True, False])
async def test_what_is_done_to_a_comment_of_somebody_else_needs_as_few(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, statements: list[str], is_edit: bool
) -> None:
    boss, incident = replace(ben, is_superuser=True), await opened()
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "vendor called", by=ana)
        [said] = await talk.latest(session, incident.id, most=1)
    statements.clear()

    async with begin() as session:
        await (
            comments.edit(session, said.id, "called", by=boss)
            if is_edit
            else comments.remove(session, said.id, by=boss)
        )

    assert len(statements) <= MOST - 1


async def test_taking_an_incident_over_with_the_same_form_does_not_hide_who_renamed_it(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    boss, incident = replace(ben, is_superuser=True), await opened()

    async with begin() as session:
        wanted = Edit(assignee=ben.slack_user_id, title="Other")
        await editing.edit(session, Target(id=incident.id), wanted, by=boss)

    async with begin() as session:
        assert [event.deed for event in (await audit.page(session, by=boss)).events] == [Deed.INCIDENT_EDITED]


async def test_the_timeline_tells_who_did_it_and_on_which_surface(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened()

    await done(begin, lifecycle.take, incident, by=ben.at(channel_id=GENERAL, surface=Surface.BUTTON))

    query = select(Entry).where(Entry.incident_id == incident.id).order_by(Entry.id)
    async with begin() as session:
        created, assigned, started = (await session.scalars(query)).all()
    assert (created.surface, created.by_user_id) == ("command", incident.owner_id)
    assert {(e.surface, e.by_user_id, e.batch) for e in (assigned, started)} == {("button", ben.id, assigned.batch)}
    assert (assigned.old, assigned.new, started.old, started.new) == ("", "Ben", "open", "in progress")
    assert created.at < assigned.at <= started.at


@pytest.mark.parametrize("step", [lifecycle.take, lifecycle.start])
async def test_of_two_people_who_start_at_the_same_moment_with_the_same_card_one_does(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, step: Step
) -> None:
    target = Target(id=(await opened()).id, version=1)

    async def clicked(by: Actor) -> Incident:
        async with begin() as session:
            return await step(session, target, by=by)

    ends = await both(clicked(ana), clicked(ben))

    assert sorted(isinstance(end, DomainError) for end in ends) == [False, True]
    assert (await shown(begin, target.id, ana)).version == 2


async def test_a_list_shows_nothing_of_a_private_channel_or_to_a_guest_elsewhere(
    begin: Begin, opened: Make, ben: Actor, gus: Actor
) -> None:
    await opened("Secret", channel_id=SECRET, priority=Priority.CRITICAL)
    await opened("Public")

    async def titles(by: Actor) -> list[str]:
        async with begin() as session:
            return [incident.title for incident in (await listing.page(session, Filter(), by=by)).incidents]

    assert await titles(ben) == ["Public"]
    assert await titles(ben.at(channel_id=SECRET)) == ["Secret", "Public"]
    assert await titles(gus) == ["Public"]
    assert await titles(gus.at(channel_id=SECRET)) == ["Secret"]
    assert await titles(gus.at(channel_id=None)) == []


async def test_two_processes_never_work_on_one_lane(begin: Begin, team: str) -> None:
    rows = [outbox.row(Topic.INCIDENT_CHANGED, workspace_id=team, lane=f"{team}{n % 3}") for n in range(12)]
    async with begin() as session:
        await session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
        await outbox.add(session, *rows)

    async def leased(by: str) -> list[str]:
        async with begin() as session:
            return [message.lane for message in await outbox.lease(session, by=by, most=2)]

    one, two = await both(leased("one"), leased("two"))

    assert isinstance(one, list)
    assert isinstance(two, list)
    assert len(set(one + two)) == len(one + two)


async def test_an_apps_refusal_is_the_same_wherever_it_writes(begin: Begin, team: str, opened: Make) -> None:
    app = await member(begin, team, "Botty", Standing.BOT)
    incident = await opened()

    for action, write in (
        (Action.REPLY, lambda s: comments.hear(s, incident.id, REPLY, by=app)),
        (Action.REPLY, lambda s: early_replies.keep(s, REPLY, by=app)),
        (Action.COMMENT, lambda s: comments.say(s, Target(id=incident.id), "hello", by=app)),
        (Action.CREATE, lambda s: incidents.create(s, Draft("New", GENERAL), by=app)),
    ):
        with pytest.raises(Forbidden, match=f"can {action}. You are an app here"):
            async with begin() as session:
                await write(session)

    async with begin() as session:
        assert await talk.tally(session, incident.id) == (0, None)
