"""What Slack did while nobody listened: which threads are read again, and what becomes of what they tell."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from domain import (
    absence,
    cards,
    catch_up,
    comments,
    comparison,
    db,
    kept,
    living,
    looked,
    outbox,
    rereading,
    workspaces,
)
from domain.catch_up import Page, Root
from domain.comments import Comment, Reply
from domain.db import Begin
from domain.incidents import Incident
from domain.outbox import OutboxMessage, Outgoing, Topic
from domain.policy import Actor
from domain.rereading import Found, Part, ThreadRead
from domain.timeline import Entry
from domain.workspaces import Workspace
from tests.conftest import GENERAL
from tests.domain.conftest import Make

CARD, FIRST, SECOND, THIRD = "1700000000.000100", "1700000001.000100", "1700000002.000100", "1700000003.000100"


@pytest.fixture
async def card(begin: Begin, opened: Make) -> Incident:
    """An incident whose card is in #general."""
    incident = await opened()
    async with begin() as session:
        await cards.remember(session, incident, ts=CARD)
    await emptied(begin, incident.workspace_id)
    return incident


async def emptied(begin: Begin, team: str) -> None:
    async with begin() as session:
        await session.execute(delete(OutboxMessage).where(OutboxMessage.workspace_id == team))


async def rows(begin: Begin, team: str) -> list[OutboxMessage]:
    async with begin() as session:
        found = select(OutboxMessage).where(OutboxMessage.workspace_id == team)
        return list(await session.scalars(found.order_by(OutboxMessage.id)))


async def asked(begin: Begin, team: str, **more: Any) -> list[OutboxMessage]:
    """The comparisons that wait after somebody asked."""
    async with begin() as session:
        await catch_up.ask(session, team, **more)
    return [row for row in await rows(begin, team) if row.topic == Topic.CATCH_UP_DUE]


def outgoing(row: OutboxMessage) -> Outgoing:
    return Outgoing(
        row.id, row.workspace_id, Topic(row.topic), row.lane, None, row.payload, row.created_at, 1, "process-1", 1
    )


async def position(begin: Begin, row: OutboxMessage) -> catch_up.Position:
    async with begin() as session:
        stand = await catch_up.position(session, outgoing(row))
    assert stand is not None
    return stand


async def compared(
    begin: Begin,
    team: str,
    *roots: Root,
    per_page: int = 999,
    down_to: str = CARD,
    edited_since: str | None = None,
) -> str | None:
    """Which thread is to be read after this page."""
    [row, *_] = await asked(begin, team)
    await position(begin, row)
    page = Page(roots=roots, up_to=CARD, down_to=down_to, below="0", per_page=per_page)
    async with begin() as session:
        await catch_up.compare(session, team, GENERAL, page, edited_since=edited_since)
    return (await position(begin, row)).due


def reply(words: str, ts: str, **more: Any) -> Reply:
    return Reply(channel_id=GENERAL, thread_ts=CARD, ts=ts, content=words, **more)


async def heard(begin: Begin, incident: Incident, ben: Actor, *replies: Reply) -> None:
    async with begin() as session:
        for each in replies:
            await comments.hear(session, incident.id, each, by=ben)


async def read(begin: Begin, team: str, part: Part, *, whole: bool = True, upto: str | None = None) -> bool:
    """Whether the thread is read after this part of it."""
    async with begin() as session:
        await rereading.plan(session, team, [(GENERAL, CARD)], is_whole=whole)
        if upto:
            await session.execute(update(ThreadRead).where(ThreadRead.workspace_id == team).values(upto=upto))
    return await read_on(begin, team, part)


async def read_on(begin: Begin, team: str, part: Part) -> bool:
    async with begin() as session:
        reading = await rereading.begin(session, team, GENERAL, CARD)
        assert reading is not None
        return await rereading.keep(session, team, reading, part)


def part(
    *said: tuple[Reply, Actor], others: tuple[str, ...] = (), count: int | None = None, more: bool = False
) -> Part:
    tss = sorted([*(each.ts for each, _ in said), *others])
    total = len(tss) if count is None else count
    return Part(tss=tss, replies=said, reply_count=total, latest_reply=tss[-1] if tss else None, has_more=more)


async def said(begin: Begin, incident: Incident) -> list[tuple[str, bool]]:
    async with begin() as session:
        found = select(Comment).where(Comment.incident_id == incident.id).order_by(Comment.ts)
        return [(c.content, c.deleted_at is not None) for c in await session.scalars(found)]


async def found(begin: Begin, incident: Incident) -> Found:
    async with begin() as session:
        since = db.now() - timedelta(minutes=1)
        return await rereading.found(session, incident.workspace_id, since=since, incident_id=incident.id)


async def test_a_channel_is_compared_once_for_all_who_ask_before_it_begins(
    begin: Begin, team: str, card: Incident
) -> None:
    [row] = await asked(begin, team)

    assert len(await asked(begin, team)) == 1
    await position(begin, row)
    assert len(await asked(begin, team)) == 2


async def test_a_comparison_comes_to_its_end_before_the_next_one_begins(
    begin: Begin, team: str, card: Incident
) -> None:
    [row] = await asked(begin, team)
    await position(begin, row)
    async with begin() as session:
        page = Page(roots=[Root(ts=CARD)], up_to=CARD, down_to=CARD, below=CARD, per_page=15)
        await catch_up.compare(session, team, GENERAL, page)
    _, later = await asked(begin, team)

    async with begin() as session:
        assert await catch_up.position(session, outgoing(later)) is None
        await outbox.finish(session, replace(outgoing(later), leased_by="process-1"))
    on_its_way = await position(begin, row)
    assert not on_its_way.is_first
    async with begin() as session:
        await session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_([row.id, later.id])))
    [last] = await rows(begin, team)
    assert (await position(begin, last)).is_first


async def test_a_channel_without_threads_that_matter_is_not_compared(begin: Begin, team: str, card: Incident) -> None:
    long_ago = db.now() - timedelta(days=15)
    async with begin() as session:
        await session.execute(
            update(Incident).where(Incident.id == card.id).values(
                status="resolved", resolved_at=long_ago, updated_at=long_ago
            )
        )  # fmt: skip

    assert await asked(begin, team) == []

    async with begin() as session:
        await rereading.plan(session, team, [(GENERAL, CARD)], is_whole=True)
        latest = f"{db.now().timestamp():.6f}"
        await session.execute(update(ThreadRead).where(ThreadRead.workspace_id == team).values(latest=latest))
    assert len(await asked(begin, team)) == 1


async def test_a_channel_that_was_compared_lately_can_wait(begin: Begin, team: str, card: Incident) -> None:
    [row] = await asked(begin, team)
    await position(begin, row)
    await emptied(begin, team)

    assert await asked(begin, team, unless_since=db.now() - timedelta(hours=1)) == []
    assert len(await asked(begin, team, unless_since=db.now() + timedelta(seconds=1))) == 1


async def test_a_closed_channel_is_asked_about_until_slack_refuses(begin: Begin, team: str, card: Incident) -> None:
    async with begin() as session:
        await workspaces.close_channel(session, team, GENERAL)
    [row] = await asked(begin, team)
    await position(begin, row)
    await emptied(begin, team)
    async with begin() as session:
        await catch_up.finish(session, team, GENERAL, problem="not_in_channel")

    assert await asked(begin, team) == []


async def test_a_comparison_goes_on_below_what_was_told(begin: Begin, team: str, card: Incident) -> None:
    [row] = await asked(begin, team)
    start = await position(begin, row)
    async with begin() as session:
        page = Page(roots=[Root(ts=CARD)], up_to=CARD, down_to=CARD, below=CARD, per_page=15)
        await catch_up.compare(session, team, GENERAL, page)
    end = await position(begin, row)

    assert (start.span, start.is_first, start.per_page) == ((CARD, CARD), True, 999)
    assert (end.span, end.is_first, end.per_page) == (None, False, 15)
    assert end.due is None


async def test_a_thread_is_read_only_if_slack_tells_something_else_than_is_known(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    await heard(begin, card, ben, reply("one", FIRST))

    await heard(begin, card, ben, replace(reply("elsewhere", THIRD), thread_ts="1600000000.000100"))

    assert await compared(begin, team, Root(ts=CARD, reply_count=1, latest_reply=FIRST)) is None
    assert await compared(begin, team, Root(ts=CARD, reply_count=2, latest_reply=SECOND)) == CARD


async def test_after_an_absence_threads_with_a_late_reply_are_read_again(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    await heard(begin, card, ben, reply("one", FIRST))
    known = Root(ts=CARD, reply_count=1, latest_reply=FIRST)

    assert await compared(begin, team, known, edited_since=SECOND) is None
    assert await compared(begin, team, replace(known, reply_count=0, latest_reply=None), edited_since=FIRST) == CARD
    async with begin() as session:
        await rereading.leave(session, team, GENERAL, CARD)
    assert await compared(begin, team, known, edited_since=FIRST) == CARD


async def test_an_absence_is_what_lasted_longer_than_a_moment(begin: Begin, team: str) -> None:
    assert await absent(begin, team, timedelta(seconds=80)) is None
    noticed = await absent(begin, team, timedelta(minutes=10))
    async with begin() as session:
        assert await absence.over(session, team) is None
        assert await absence.over(session, "TUNKNOWN") is None

    assert noticed is not None
    assert float(noticed) == pytest.approx((db.now() - timedelta(days=1, minutes=10)).timestamp(), abs=60)


async def absent(begin: Begin, team: str, span: timedelta) -> str | None:
    """What is known after Slack did not reach the bot for so long."""
    async with begin() as session:
        here = Workspace.id == team
        await session.execute(update(Workspace).where(here).values(reached_at=func.now() - span))
    async with begin() as session:
        return await absence.over(session, team)


async def test_who_noticed_an_absence_is_heard_by_a_comparison_that_was_asked_for_already(
    begin: Begin, team: str, card: Incident
) -> None:
    [row] = await asked(begin, team)
    await asked(begin, team, edited_since=SECOND)
    [row] = await asked(begin, team, edited_since=THIRD)
    await asked(begin, team)

    assert (await position(begin, row)).edited_since == SECOND
    [_, later] = await asked(begin, team, edited_since=THIRD)
    async with begin() as session:
        assert await catch_up.position(session, outgoing(later)) is None
        await session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_([row.id, later.id])))
    [last] = await rows(begin, team)
    assert (await position(begin, last)).edited_since == THIRD


async def test_a_newer_reply_counts_also_if_as_many_are_known(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    await heard(begin, card, ben, reply("one", FIRST))

    assert await compared(begin, team, Root(ts=CARD, reply_count=1, latest_reply=SECOND)) == CARD


async def test_a_card_that_is_not_there_or_old_is_mended_once_per_state(
    begin: Begin, team: str, card: Incident
) -> None:
    await compared(begin, team)
    await compared(begin, team, Root(ts=CARD, version=card.version - 1))
    await compared(begin, team, Root(ts=CARD, version=card.version))

    mended = [row.topic for row in await rows(begin, team) if row.incident_id == card.id]
    assert mended == [Topic.INCIDENT_CHANGED]


async def test_a_card_that_was_deleted_is_posted_anew(begin: Begin, team: str, card: Incident) -> None:
    await compared(begin, team, Root(ts=CARD, is_gone=True))

    assert [row.topic for row in await rows(begin, team) if row.incident_id == card.id] == [Topic.INCIDENT_OPENED]


async def test_a_deleted_incident_needs_no_card(begin: Begin, team: str, card: Incident) -> None:
    async with begin() as session:
        await session.execute(update(Incident).where(Incident.id == card.id).values(deleted_at=db.now()))

    await compared(begin, team)

    assert [row for row in await rows(begin, team) if row.incident_id == card.id] == []


async def test_below_what_slack_told_nothing_is_judged(begin: Begin, team: str, card: Incident) -> None:
    await compared(begin, team, down_to="1700000000.000200")

    assert [row for row in await rows(begin, team) if row.incident_id == card.id] == []


async def test_replies_edits_and_deletions_become_what_they_would_have_become(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    await heard(begin, card, ben, reply("one", FIRST), reply("two", SECOND))
    edited = reply("one, corrected", FIRST, edited_at=db.now())

    assert await read(begin, team, part((edited, ben), (reply("three", THIRD), ben)))

    assert await said(begin, card) == [("one, corrected", False), ("", True), ("three", False)]
    assert await found(begin, card) == Found(1, 1, 1)


async def test_what_is_known_is_left_as_it_is(begin: Begin, team: str, card: Incident, ben: Actor) -> None:
    later = db.now()
    await heard(begin, card, ben, reply("one", FIRST), reply("two", SECOND, edited_at=later))
    await heard(begin, card, ben, reply("", THIRD, deleted_at=later))

    older = reply("older", SECOND, edited_at=later - timedelta(minutes=1))
    same = reply("one", FIRST, edited_at=later)
    again = reply("three", THIRD, edited_at=later)
    assert await read(begin, team, part((same, ben), (older, ben), (again, ben)))

    assert await said(begin, card) == [("one", False), ("two", False), ("", True)]
    assert await found(begin, card) == Found()


async def test_whoever_may_not_reply_is_not_heard(begin: Begin, team: str, card: Incident, ben: Actor) -> None:
    assert await read(begin, team, part((reply("let me in", FIRST), replace(ben, is_active=False))))

    assert await said(begin, card) == []
    assert await compared(begin, team, Root(ts=CARD, reply_count=1, latest_reply=FIRST)) is None


async def test_a_reply_that_another_incident_keeps_stays_there(
    begin: Begin, team: str, card: Incident, ben: Actor, opened: Make
) -> None:
    other = await opened("Badge lost")
    await heard(begin, other, ben, replace(reply("one", FIRST), thread_ts=SECOND))

    assert await read(begin, team, part((reply("one, corrected", FIRST, edited_at=db.now()), ben)))

    assert await said(begin, other) == [("one", False)]
    assert await said(begin, card) == []


async def test_a_long_thread_is_read_part_by_part(begin: Begin, team: str, card: Incident, ben: Actor) -> None:
    await heard(begin, card, ben, reply("two", SECOND))

    assert not await read(begin, team, part((reply("one", FIRST), ben), count=2, more=True))
    assert await said(begin, card) == [("one", False), ("two", False)]
    assert await read_on(begin, team, part((reply("three", THIRD), ben), count=2))

    assert await said(begin, card) == [("one", False), ("", True), ("three", False)]


async def test_a_part_that_somebody_else_read_meanwhile_is_not_kept_twice(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    async with begin() as session:
        await rereading.plan(session, team, [(GENERAL, CARD)], is_whole=True)
        late = await rereading.begin(session, team, GENERAL, CARD)
    assert late is not None
    assert await read_on(begin, team, part((reply("one", FIRST), ben)))

    async with begin() as session:
        assert not await rereading.keep(session, team, late, part((reply("one", FIRST), ben)))
        assert await rereading.begin(session, team, GENERAL, CARD) is None
    assert await found(begin, card) == Found(replies=1)


async def test_a_thread_is_read_from_its_last_known_reply_on_where_that_adds_up(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    assert await read(begin, team, part((reply("one", FIRST), ben), others=(SECOND,)))
    few = Root(ts=CARD, reply_count=3, latest_reply=THIRD)
    assert await compared(begin, team, few, per_page=2) == CARD
    async with begin() as session:
        reading = await rereading.begin(session, team, GENERAL, CARD)
    assert reading is not None
    assert (reading.is_whole, reading.upto) == (False, SECOND)

    assert await read_on(begin, team, part((reply("three", THIRD), ben), count=3))

    assert await said(begin, card) == [("one", False), ("three", False)]


async def test_a_reading_that_does_not_add_up_begins_anew(begin: Begin, team: str, card: Incident, ben: Actor) -> None:
    assert await read(begin, team, part((reply("one", FIRST), ben), (reply("two", SECOND), ben)))
    assert not await read(begin, team, part((reply("three", THIRD), ben), count=2), whole=False)
    async with begin() as session:
        reading = await rereading.begin(session, team, GENERAL, CARD)
    assert reading is not None
    assert (reading.is_whole, reading.upto) == (True, None)

    assert await read_on(begin, team, part((reply("two", SECOND), ben), (reply("three", THIRD), ben)))

    assert await said(begin, card) == [("", True), ("two", False), ("three", False)]


async def test_a_comment_whose_thread_was_not_noted_is_found_in_it(
    begin: Begin, team: str, card: Incident, ben: Actor
) -> None:
    await heard(begin, card, ben, reply("one", FIRST))
    async with begin() as session:
        await session.execute(update(Comment).where(Comment.incident_id == card.id).values(thread_ts=None))
    assert await read(begin, team, part())
    assert await said(begin, card) == [("one", False)]

    assert await read(begin, team, part((reply("one", FIRST), ben)))

    assert await read(begin, team, part())
    assert await said(begin, card) == [("", True)]


async def test_a_thread_that_slack_does_not_tell_stays_as_it_is(begin: Begin, team: str, card: Incident) -> None:
    async with begin() as session:
        await rereading.plan(session, team, [], is_whole=True)
        assert await rereading.next_of(session, card.id) is None
        await rereading.plan(session, team, [(GENERAL, CARD)], is_whole=True)
        assert await rereading.next_of(session, card.id) == (GENERAL, CARD)
        await rereading.leave(session, team, GENERAL, CARD)
        assert await rereading.next_of(session, card.id) is None
        assert await rereading.found(session, team, since=db.now()) == Found(threads=0)

    assert await found(begin, card) == Found(threads=0)


async def test_lines_stand_in_the_thread_that_was_there_before_them(
    begin: Begin, team: str, card: Incident, ana: Actor
) -> None:
    async with begin() as session:
        await kept.adopt(session, team, GENERAL, SECOND, like=CARD)
        entries = (await session.scalars(select(Entry).where(Entry.incident_id == card.id))).all()
        entries[0].line_ts = FIRST
        await session.flush()
        first = await kept.counts(session, team, GENERAL, {CARD: card.id, SECOND: card.id})
        entries[0].line_ts = THIRD
        await session.flush()
        later = await kept.counts(session, team, GENERAL, {CARD: card.id, SECOND: card.id})
        elsewhere = await kept.counts(session, team, GENERAL, {CARD: card.id})
        entries[0].line_ts = "1600000000.000100"
        await session.flush()
        before = await kept.counts(session, team, GENERAL, {CARD: card.id, SECOND: card.id})
        known = await kept.among(session, team, GENERAL, ["1600000000.000100", CARD, FIRST])

    assert (first, later) == ({CARD: 1, SECOND: 0}, {CARD: 0, SECOND: 1})
    assert elsewhere == {CARD: 0}
    assert before == {CARD: 0, SECOND: 0}
    assert known == {"1600000000.000100", CARD}


async def test_whoever_comes_back_after_an_absence_asks_for_what_was_edited(
    begin: Begin, team: str, card: Incident
) -> None:
    await absent(begin, team, timedelta())
    async with begin() as session:
        here = Workspace.id == team
        await session.execute(update(Workspace).where(here).values(reached_at=func.now() - timedelta(hours=1)))
    async with begin() as session:
        await absence.ended(session, team)

    [row] = await rows(begin, team)
    assert catch_up.EDITED_SINCE in row.payload


async def test_how_far_it_was_looked_is_kept_by_whoever_has_the_row(begin: Begin, team: str, card: Incident) -> None:
    [row] = await asked(begin, team)
    async with begin() as session:
        leased = {"leased_by": "process-1", "attempts": 1}
        await session.execute(update(OutboxMessage).where(OutboxMessage.id == row.id).values(leased))
    async with begin() as session:
        assert await looked.keep(session, outgoing(row), {"1": {"seen": 15}})
        assert not await looked.keep(session, replace(outgoing(row), leased_by="process-2"), {})

    [kept_row] = await rows(begin, team)
    assert kept_row.payload == {"channel": GENERAL, looked.LOOKED: {"1": {"seen": 15}}}


async def test_how_far_it_is_can_be_told(begin: Begin, team: str, card: Incident) -> None:
    async with begin() as session:
        assert await comparison.progress(session, team) == comparison.Progress(None, 0, [])
    [row] = await asked(begin, team)
    async with begin() as session:
        assert await catch_up.is_under_way(session, team)
    await position(begin, row)
    await emptied(begin, team)
    async with begin() as session:
        await catch_up.finish(session, team, GENERAL, problem="missing_scope")
        assert (await comparison.progress(session, team)).problems == ["missing_scope"]
        await rereading.plan(session, team, [(GENERAL, CARD)], is_whole=True)
        await catch_up.finish(session, team, GENERAL)
        progress = await comparison.progress(session, team)
        assert not await catch_up.is_under_way(session, team)

    assert progress.since is not None
    assert (progress.due, progress.problems) == (1, [])


async def test_processes_that_live_are_counted(begin: Begin) -> None:
    async with begin() as session:
        before = await living.count(session)
    async with begin() as session:
        await living.mark(await session.connection(), 4711)
        async with begin() as other:
            assert await living.count(other) == before + 1
