"""What becomes of a report: opened, counted, reopened, resolved or ignored."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain import alerts, categories, db, deletion, editing, incidents, lifecycle, purging, timeline
from domain.alerts import Outcome, Report, Taken
from domain.db import Begin
from domain.deletion import KEPT
from domain.editing import Edit
from domain.errors import Forbidden, InvalidInput
from domain.incidents import Incident, Priority, Status, Target
from domain.policy import Actor
from domain.timeline import What
from tests.conftest import GENERAL, SECRET, both
from tests.domain.conftest import done, shown

EARLIER = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIRES = Report(fingerprint="generic:disk", is_firing=True, title="Disk full on db1", starts_at=EARLIER)
ENDS = replace(FIRES, is_firing=False, ends_at=EARLIER + timedelta(hours=1))
AGAIN = replace(FIRES, starts_at=EARLIER + timedelta(hours=2))


async def take(begin: Begin, report: Report, by: Actor, channel_id: str | None = GENERAL) -> Taken:
    async with begin() as session:
        return await alerts.take(session, report, channel_id=channel_id, by=by)


async def incident(begin: Begin, number: int, by: Actor) -> Incident:
    async with begin() as session:
        found = await incidents.get(session, Target(number=number), by=by)
    return await shown(begin, found, by)


async def later(begin: Begin, by: Actor, span: str) -> None:
    """As if so much time had gone by."""
    async with begin() as session:
        here = {"span": span, "team": by.workspace_id}
        await session.execute(
            text("UPDATE alert SET last_at = last_at - CAST(:span AS interval) WHERE workspace_id = :team"), here
        )
        await session.execute(
            text("UPDATE incident SET resolved_at = resolved_at - CAST(:span AS interval) WHERE workspace_id = :team"),
            here,
        )


async def test_the_first_report_opens_an_incident_and_repeats_are_counted(begin: Begin, ana: Actor) -> None:
    first = await take(begin, FIRES, ana)
    at_once = await take(begin, FIRES, ana)
    await later(begin, ana, "5 min")
    repeat = await take(begin, FIRES, ana)

    assert first == Taken(Outcome.OPENED, 1, 1)
    assert at_once == Taken(Outcome.COUNTED, 1, 1)
    assert repeat == Taken(Outcome.COUNTED, 1, 2)


async def test_two_reports_at_the_same_moment_make_one_incident(begin: Begin, ana: Actor) -> None:
    found = await both(take(begin, FIRES, ana), take(begin, FIRES, ana))

    assert sorted(map(str, found)) == sorted(map(str, [Taken(Outcome.OPENED, 1, 1), Taken(Outcome.COUNTED, 1, 1)]))


async def test_the_end_resolves_it_once(begin: Begin, ana: Actor) -> None:
    await take(begin, FIRES, ana)

    ended, repeated = await take(begin, ENDS, ana), await take(begin, ENDS, ana)

    assert (ended.outcome, repeated.outcome) == (Outcome.RESOLVED, Outcome.IGNORED)
    now = await incident(begin, 1, ana)
    assert now.status is Status.RESOLVED
    assert now.resolution == "The alert ended. It was reported once."


async def test_the_note_says_how_often_it_was_reported(begin: Begin, ana: Actor) -> None:
    await take(begin, FIRES, ana)
    await later(begin, ana, "5 min")
    await take(begin, FIRES, ana)

    await take(begin, ENDS, ana)

    assert "2 times" in (await incident(begin, 1, ana)).resolution


async def test_the_end_of_what_was_never_reported_opens_nothing(begin: Begin, ana: Actor) -> None:
    assert await take(begin, ENDS, ana) == Taken(Outcome.IGNORED)


async def test_what_a_person_resolved_stays_resolved_while_the_same_episode_goes_on(begin: Begin, ana: Actor) -> None:
    await take(begin, FIRES, ana)
    await done(begin, lifecycle.resolve, await incident(begin, 1, ana), by=ana)

    repeat = await take(begin, FIRES, ana)
    ended = await take(begin, ENDS, ana)
    late = await take(begin, FIRES, ana)

    assert [each.outcome for each in (repeat, ended, late)] == [Outcome.COUNTED, Outcome.IGNORED, Outcome.COUNTED]
    assert (await incident(begin, 1, ana)).status is Status.RESOLVED


@pytest.mark.parametrize("has_times", [True, False])
async def test_a_new_episode_soon_after_reopens_it(begin: Begin, ana: Actor, has_times: bool) -> None:
    first, end, again = FIRES, ENDS, AGAIN
    if not has_times:
        first, end, again = (replace(each, starts_at=None, ends_at=None) for each in (FIRES, ENDS, AGAIN))
    await take(begin, first, ana)
    await take(begin, end, ana)

    reopened = await take(begin, again, ana)

    assert (reopened.outcome, reopened.number) == (Outcome.REOPENED, 1)
    assert (await incident(begin, 1, ana)).status is Status.IN_PROGRESS
    async with begin() as session:
        last = await timeline.last(session, (await incident(begin, 1, ana)).id, What.REOPENED)
    assert last.note == "The alert fires again."
    assert (await take(begin, replace(end, starts_at=again.starts_at), ana)).outcome is Outcome.RESOLVED


async def test_a_new_episode_long_after_opens_a_new_one(begin: Begin, ana: Actor) -> None:
    async with begin() as session:  # an incident cannot be resolved before it was opened
        await alerts.take(session, FIRES, channel_id=GENERAL, by=ana)
        await session.execute(text("UPDATE incident SET created_at = created_at - interval '1 day'"))
    await take(begin, ENDS, ana)
    await later(begin, ana, "5 h")

    opened = await take(begin, AGAIN, ana)

    assert opened == Taken(Outcome.OPENED, 2, 1)
    assert (await incident(begin, 1, ana)).status is Status.RESOLVED
    ended = await take(begin, replace(ENDS, starts_at=AGAIN.starts_at), ana)
    assert (ended.outcome, ended.number) == (Outcome.RESOLVED, 2)


async def test_a_new_episode_of_which_the_end_was_never_told_counts_on(begin: Begin, ana: Actor) -> None:
    await take(begin, FIRES, ana)

    again = await take(begin, AGAIN, ana)

    assert (again.outcome, again.number) == (Outcome.COUNTED, 1)
    assert (await take(begin, ENDS, ana)).outcome is Outcome.IGNORED, "it is the end of the episode before"
    assert (await take(begin, replace(ENDS, starts_at=AGAIN.starts_at), ana)).outcome is Outcome.RESOLVED


async def test_the_end_counts_also_if_by_now_the_episode_is_said_to_have_begun_earlier(
    begin: Begin, ana: Actor
) -> None:
    """Alertmanager takes the earliest beginning that any of its senders tells, which may not be the one told first."""
    await take(begin, FIRES, ana)
    sooner = EARLIER - timedelta(seconds=20)
    assert (await take(begin, replace(FIRES, starts_at=sooner), ana)).outcome is Outcome.COUNTED

    assert (await take(begin, replace(ENDS, starts_at=sooner), ana)).outcome is Outcome.RESOLVED


@pytest.mark.parametrize("ends_at", [None, datetime.min.replace(tzinfo=UTC)])
async def test_an_end_without_a_time_belongs_to_the_episode_that_began_then(
    begin: Begin, ana: Actor, ends_at: datetime | None
) -> None:
    await take(begin, AGAIN, ana)

    assert (await take(begin, replace(ENDS, ends_at=ends_at), ana)).outcome is Outcome.IGNORED
    mine = replace(ENDS, starts_at=AGAIN.starts_at, ends_at=ends_at)
    assert (await take(begin, mine, ana)).outcome is Outcome.RESOLVED


async def test_a_deleted_incident_stays_deleted_and_a_new_episode_opens_another(begin: Begin, ana: Actor) -> None:
    await take(begin, FIRES, ana)
    await done(begin, deletion.delete, await incident(begin, 1, ana), by=ana)

    repeat, ended = await take(begin, FIRES, ana), await take(begin, ENDS, ana)

    assert (repeat.outcome, ended.outcome) == (Outcome.COUNTED, Outcome.IGNORED)
    assert await take(begin, AGAIN, ana) == Taken(Outcome.OPENED, 2, 1)


async def test_what_was_purged_is_forgotten(begin: Begin, team: str, ana: Actor) -> None:
    await take(begin, FIRES, ana)
    await done(begin, deletion.delete, await incident(begin, 1, ana), by=ana)
    async with begin() as session:
        await session.execute(text("UPDATE incident SET deleted_at = deleted_at - interval '40 days'"))
        await session.execute(text("UPDATE timeline_entry SET at = at - interval '40 days'"))
        assert await purging.tick(session, team, datetime.now(UTC)) >= 1

    assert timedelta(days=40) > KEPT
    assert (await take(begin, FIRES, ana)).outcome is Outcome.OPENED


@pytest.mark.parametrize(
    "severity, labels, priority",
    [
        ("critical", {}, Priority.CRITICAL),
        ("Disaster", {}, Priority.CRITICAL),
        ("error", {}, Priority.HIGH),
        ("", {"severity": "warning"}, Priority.MEDIUM),
        ("", {"priority": "P4"}, Priority.LOW),
        ("whatever", {"severity": "page"}, Priority.CRITICAL),
        ("", {}, Priority.MEDIUM),
        ("whatever", {}, Priority.MEDIUM),
    ],
)
async def test_the_severity_is_the_priority(
    begin: Begin, ana: Actor, severity: str, labels: dict[str, str], priority: Priority
) -> None:
    await take(begin, replace(FIRES, severity=severity, labels=labels), ana)

    assert (await incident(begin, 1, ana)).priority is priority


async def test_another_severity_is_another_priority_and_what_people_chose_stays_else(begin: Begin, ana: Actor) -> None:
    await take(begin, replace(FIRES, severity="warning"), ana)
    await done(begin, editing.edit, await incident(begin, 1, ana), by=ana, wanted=Edit(priority=Priority.LOW))

    await take(begin, replace(FIRES, severity="warning"), ana)
    assert (await incident(begin, 1, ana)).priority is Priority.LOW

    await take(begin, replace(FIRES, severity="critical"), ana)
    assert (await incident(begin, 1, ana)).priority is Priority.CRITICAL

    await done(begin, lifecycle.resolve, await incident(begin, 1, ana), by=ana)
    await take(begin, replace(FIRES, severity="info"), ana)
    assert (await incident(begin, 1, ana)).priority is Priority.CRITICAL


async def test_a_label_names_the_category_and_without_one_it_is_an_outage(begin: Begin, ana: Actor) -> None:
    await take(begin, FIRES, ana)
    await take(begin, replace(FIRES, fingerprint="generic:2", labels={"category": "Feature Request"}), ana)
    await take(begin, replace(FIRES, fingerprint="generic:3", labels={"category": "weather"}), ana)

    assert [(await incident(begin, n, ana)).category for n in (1, 2, 3)] == ["outage", "feature_request", "outage"]


async def test_where_no_outage_is_in_use_it_is_the_first_category(begin: Begin, ana: Actor) -> None:
    async with begin() as session:
        await categories.retire(session, "outage", by=replace(ana, is_superuser=True))

    await take(begin, FIRES, ana)

    assert (await incident(begin, 1, ana)).category == "bug"


async def test_long_texts_are_cut_and_an_empty_title_is_the_fingerprint(begin: Begin, ana: Actor) -> None:
    await take(begin, replace(FIRES, title="disk " * 100, description="x" * 50_000, url="http://a.example"), ana)
    await take(begin, replace(FIRES, fingerprint="generic:2", title=" \u200b "), ana)

    long, empty = await incident(begin, 1, ana), await incident(begin, 2, ana)
    assert (long.title[-1], len(long.description)) == ("…", 40_000)
    assert (empty.title, empty.description) == ("Alert generic:2", "")


async def test_a_time_before_there_were_computers_and_one_in_the_future_count_for_nothing(
    begin: Begin, ana: Actor
) -> None:
    early = replace(FIRES, starts_at=datetime.min.replace(tzinfo=UTC))
    future = replace(FIRES, fingerprint="generic:2", starts_at=datetime.max.replace(tzinfo=UTC))
    for report in (early, future):
        await take(begin, report, ana)
        await take(begin, replace(report, is_firing=False), ana)

    assert (await take(begin, early, ana)).outcome is Outcome.REOPENED
    assert (await take(begin, future, ana)).outcome is Outcome.REOPENED


async def test_by_a_clock_that_is_ahead_repeats_are_no_new_episodes(begin: Begin, ana: Actor) -> None:
    ahead = replace(FIRES, starts_at=db.now() + timedelta(seconds=2))
    await take(begin, ahead, ana)
    async with begin() as session:
        await lifecycle.resolve(session, Target(number=1), by=ana)

    repeats = [await take(begin, ahead, ana) for _ in range(2)]
    past = await take(begin, replace(ahead, starts_at=db.now()), ana)  # the same, once its time has come

    assert [each.outcome for each in (*repeats, past)] == [Outcome.COUNTED] * 3


async def test_an_incident_that_the_sender_s_person_may_not_see_is_not_there_for_the_alert(
    begin: Begin, ana: Actor, ben: Actor
) -> None:
    await take(begin, FIRES, ana, SECRET)

    hidden = await take(begin, ENDS, ben)
    still = await incident(begin, 1, ana)
    opened = await take(begin, FIRES, ben)
    repeat = await take(begin, FIRES, ben)
    ended = await take(begin, ENDS, ben)

    assert hidden == Taken(Outcome.IGNORED)
    assert still.status is Status.OPEN
    assert (opened, repeat) == (Taken(Outcome.OPENED, 2, 1), Taken(Outcome.COUNTED, 2, 1))
    assert (ended.outcome, ended.number) == (Outcome.RESOLVED, 2)


@pytest.mark.parametrize("fingerprint", ["", " ", "x" * 201])
async def test_a_name_that_cannot_be_used_is_refused(begin: Begin, ana: Actor, fingerprint: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 200 characters"):
        await take(begin, replace(FIRES, fingerprint=fingerprint), ana)


async def test_without_a_place_nothing_is_opened_and_nothing_remembered(begin: Begin, ana: Actor) -> None:
    with pytest.raises(InvalidInput, match="INCIDENT_CHANNEL"):
        await take(begin, FIRES, ana, channel_id=None)

    assert (await take(begin, FIRES, ana)).outcome is Outcome.OPENED


async def test_guests_report_nothing(begin: Begin, gus: Actor) -> None:
    with pytest.raises(Forbidden):
        await take(begin, FIRES, gus)
