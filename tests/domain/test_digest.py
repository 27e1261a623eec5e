"""What a digest says, against a count by hand."""

from datetime import timedelta

from sqlalchemy import text

from domain import db, digest, incidents, lifecycle, listing
from domain.db import Begin
from domain.digest import Summary
from domain.incidents import Incident, Target
from domain.policy import Actor
from domain.states import Priority
from tests.conftest import GENERAL, SECRET
from tests.domain.conftest import Make, done


async def summed(begin: Begin, team: str, *, channel: str = GENERAL, hours: int = 24) -> Summary:
    async with begin() as session:
        seen = listing.visible_in(team, channel)
        return await digest.summary(session, seen, workspace_id=team, since=db.now() - timedelta(hours=hours))


async def aged(begin: Begin, incident: Incident, hours: float) -> None:
    """As if it had been opened, and last touched, so long ago."""
    async with begin() as session:
        change = "UPDATE incident SET created_at = now() - :age, updated_at = now() - :age WHERE id = :id"
        await session.execute(text(change), {"age": timedelta(hours=hours), "id": incident.id})


def titles(found: list[Incident] | tuple[Incident, ...]) -> list[str]:
    return [incident.title for incident in found]


async def test_nothing_open_and_nothing_changed_is_empty(begin: Begin, team: str) -> None:
    assert (await summed(begin, team)).is_empty


async def test_a_digest_counts_and_lists_what_is_open(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    held = await opened("Held", priority=Priority.HIGH, assignee=ana.slack_user_id)
    await opened("Critical", priority=Priority.CRITICAL, assignee=ana.slack_user_id)
    await opened("Free")
    silent = await opened("Silent", assignee=ana.slack_user_id)
    await aged(begin, silent, 60)
    await aged(begin, held, 30)

    found = await summed(begin, team)

    assert (found.unresolved, found.critical, found.unassigned) == (4, 1, 1)
    assert titles(list(found.needy)) == ["Free", "Silent"]
    assert titles(list(found.others)) == ["Critical", "Held"]
    assert (found.needy_count, found.others_count) == (2, 2)
    assert (found.opened, found.resolved, found.reopened, found.median) == (2, 0, 0, None)
    assert not found.is_empty


async def test_a_comment_breaks_the_silence(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    from domain import comments

    silent = await opened("Silent", assignee=ana.slack_user_id)
    await aged(begin, silent, 60)
    async with begin() as session:
        await comments.say(session, Target(id=silent.id), "still on it", by=ana)

    assert titles(list((await summed(begin, team)).needy)) == []


async def test_what_was_resolved_and_reopened_since_is_counted_with_its_median(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    for hours in (1, 2, 9):
        incident = await opened(f"Took {hours} h")
        await aged(begin, incident, hours)
        await done(begin, lifecycle.resolve, incident, by=ana)
    again = await opened("Again")
    await done(begin, lifecycle.resolve, again, by=ana)
    await done(begin, lifecycle.reopen, again, by=ana)

    found = await summed(begin, team, hours=5)

    assert (found.opened, found.resolved, found.reopened) == (3, 3, 1)
    assert found.median is not None
    assert abs(found.median - timedelta(hours=2)) < timedelta(minutes=5)


async def test_long_lists_end_with_a_count(begin: Begin, team: str, ana: Actor, opened: Make) -> None:
    for number in range(13):
        await opened(f"Held {number}", assignee=ana.slack_user_id)
    for number in range(7):
        await opened(f"Free {number}")

    found = await summed(begin, team)

    assert (len(found.others), found.others_count, len(found.needy), found.needy_count) == (10, 13, 5, 7)


async def test_only_what_the_whole_channel_may_see_is_in_its_digest(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    await opened("Public")
    await opened("Private", channel_id=SECRET)

    assert titles(list((await summed(begin, team)).needy)) == ["Public"]
    assert titles(list((await summed(begin, team, channel=SECRET)).needy)) == ["Public", "Private"]


async def test_a_posted_digest_knows_its_incidents_as_they_are_now(
    begin: Begin, team: str, ana: Actor, opened: Make
) -> None:
    public, private = await opened("Public"), await opened("Private", channel_id=SECRET)
    await done(begin, lifecycle.resolve, public, by=ana)
    async with begin() as session:
        found = await digest.shown(session, [public.id, private.id], listing.visible_in(team, GENERAL))
        whole = await digest.shown(session, [public.id, private.id], incidents.visible_to(ana))

    assert {each.title for each in found.values()} == {"Public"}
    assert len(whole) == 2
