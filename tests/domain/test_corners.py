"""What happened seldom, and must come out right all the same."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy import text as sql

from domain import audit, cards, comments, early_replies, outbox, profiles, repeats, signup, talk, text, users
from domain.audit import AuditEntry, Deed
from domain.comments import Comment, CommentRevision, Reply
from domain.db import Begin
from domain.early_replies import EarlyReply
from domain.errors import InvalidInput, Repeated
from domain.incidents import Incident
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.users import Profile
from tests.conftest import GENERAL, INCIDENTS, both, member
from tests.domain.conftest import Make

CARD, TS = "1700000000.000100", "1700000001.000100"
AT = datetime.fromtimestamp(1_700_000_001, UTC)
FILE = {"name": "graph.png"}


def reply(content: str = "a", *, edited: int | None = None, deleted: bool = False) -> Reply:
    return Reply(
        channel_id=GENERAL,
        thread_ts=CARD,
        ts=TS,
        content=content,
        files=(FILE,),
        edited_at=None if edited is None else AT + timedelta(seconds=edited),
        deleted_at=AT + timedelta(minutes=1) if deleted else None,
    )


async def heard(begin: Begin, incident: Incident, by: Actor, *replies: Reply) -> Comment:
    for each in replies:
        async with begin() as session:
            await comments.hear(session, incident.id, each, by=by)
    async with begin() as session:
        return (await session.scalars(select(Comment).where(Comment.incident_id == incident.id))).one()


async def test_a_late_edit_does_not_win_over_the_newest_which_brought_back_an_old_text(
    begin: Begin, opened: Make, ben: Actor
) -> None:
    incident = await opened()

    comment = await heard(
        begin, incident, ben, reply("a"), reply("b", edited=5), reply("b", edited=9), reply("c", edited=7)
    )

    assert (comment.content, comment.edited_at) == ("b", AT + timedelta(seconds=9))
    async with begin() as session:
        old = await session.scalars(select(CommentRevision.content).where(CommentRevision.comment_id == comment.id))
    assert list(old) == ["a"]


@pytest.mark.parametrize("told", [[reply(deleted=True)], [reply(), reply(deleted=True)]])
async def test_a_tombstone_names_no_files(begin: Begin, opened: Make, ben: Actor, told: list[Reply]) -> None:
    comment = await heard(begin, await opened(), ben, *told)

    assert (comment.content, comment.files) == ("", [])


async def test_a_reply_told_twice_at_the_same_moment_is_one_comment(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened()

    await both(heard(begin, incident, ben, reply()), heard(begin, incident, ben, reply()))

    assert (await heard(begin, incident, ben)).files == [FILE]


async def test_an_old_early_reply_of_another_channel_is_dropped_and_never_adopted(
    begin: Begin, team: str, opened: Make, ben: Actor
) -> None:
    incident = await opened(channel_id=INCIDENTS)
    await opened(channel_id=GENERAL)
    async with begin() as session:
        await early_replies.keep(session, reply(), by=ben)
        stale = datetime.now(UTC) - early_replies.KEPT - timedelta(minutes=1)
        await session.execute(update(EarlyReply).where(EarlyReply.workspace_id == team).values(heard_at=stale))

    async with begin() as session:
        await cards.remember(session, incident, ts=CARD)

    async with begin() as session:
        assert await talk.latest(session, incident.id, most=10) == []
        assert (await session.scalars(select(EarlyReply).where(EarlyReply.workspace_id == team))).all() == []


async def test_an_unknown_category_is_told_so_although_other_incidents_name_no_source(opened: Make) -> None:
    await opened()

    with pytest.raises(InvalidInput, match="no category 'weather'"):
        await opened(category="weather")


async def test_of_two_equal_forms_at_the_same_moment_one_makes_an_incident(opened: Make) -> None:
    ends = await both(opened(source="view:V2"), opened(source="view:V2"))

    assert sum(isinstance(end, Incident) for end in ends) == 1
    assert (await opened()).number == 2


@pytest.mark.parametrize("zone", ["", "Europe", "x" * 400, "a\x00b", "../etc/passwd", "Mars/Base"])
async def test_whatever_slack_calls_a_time_zone_the_person_is_learnt(begin: Begin, team: str, zone: str) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U1", name="Ana", time_zone=zone)])
        found = await users.find(session, team, "U1")

    assert found is not None
    assert found[0].time_zone == "UTC"


async def test_two_people_with_one_address_who_come_at_the_same_moment_both_get_an_account(
    begin: Begin, team: str
) -> None:
    twins = [Profile(slack_user_id=f"U{n}", name=f"Twin {n}", email="twin@example.com") for n in range(2)]
    async with begin() as session:
        await profiles.learn(session, team, twins)

    async def joined(profile: Profile) -> Actor:
        async with begin() as session:
            return await signup.join(session, team, profile)

    first, second = await both(*(joined(twin) for twin in twins))

    assert isinstance(first, Actor), first
    assert isinstance(second, Actor), second
    assert first.id != second.id


async def test_somebody_else_of_the_same_name_gets_an_own_account(begin: Begin, team: str, ana: Actor) -> None:
    namesake = Profile(slack_user_id="U0OTHER", name="Ana", email="other@example.com")
    async with begin() as session:
        await profiles.learn(session, team, [namesake])
        assert (await signup.join(session, team, namesake)).id != ana.id


def test_an_emoji_newer_than_our_tables_is_a_title() -> None:
    assert text.title("\U0001fae8") == "\U0001fae8"


async def test_a_delivery_that_comes_twice_at_the_same_moment_is_new_once(begin: Begin, team: str) -> None:
    async def first() -> bool:
        async with begin() as session:
            return await repeats.is_first(session, team, "event:E1")

    assert sorted(map(bool, await both(first(), first()))) == [False, True]


async def test_what_has_no_name_is_never_a_repetition(begin: Begin, team: str) -> None:
    for _ in range(2):
        async with begin() as session:
            await repeats.require_first(session, team, "")


async def test_what_is_audited_under_a_name_is_done_once(begin: Begin, team: str, ana: Actor) -> None:
    async def audited() -> None:
        async with begin() as session:
            repeats.name(session, "asked:1.2.abc")
            await audit.record(session, Deed.RENAMED, by=ana, about=ana.id)

    await audited()
    with pytest.raises(Repeated):
        await audited()

    async with begin() as session:
        entries = select(func.count()).select_from(AuditEntry).where(AuditEntry.workspace_id == team)
        assert await session.scalar(entries.where(AuditEntry.deed == Deed.RENAMED)) == 1


async def test_a_process_that_lost_its_lease_finishes_nothing_of_what_it_covered(begin: Begin, team: str) -> None:
    rows = [outbox.row(Topic.INCIDENT_CHANGED, workspace_id=team, lane=team) for _ in range(2)]
    async with begin() as session:
        await session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
        await outbox.add(session, *rows)
    async with begin() as session:
        (lost,) = await outbox.lease(session, by="slow", most=5)
        also = await outbox.covered(session, lost)
        past = datetime.now(UTC) - timedelta(seconds=1)
        await session.execute(update(OutboxMessage).where(OutboxMessage.id == lost.id).values(leased_until=past))
    async with begin() as session:
        (found,) = await outbox.lease(session, by="other", most=5)

    async with begin() as session:
        await outbox.finish(session, lost, also=also)
        assert sorted(await outbox.covered(session, found)) == sorted(also)
        await outbox.finish(session, found, also=also)
        assert await outbox.covered(session, found) == []


@pytest.mark.parametrize("avoided", [(), ("hashjoin", "hashagg", "sort", "mergejoin", "material")])
async def test_a_lease_takes_no_more_than_asked_for_whatever_the_plan(
    begin: Begin, team: str, avoided: tuple[str, ...]
) -> None:
    await member(begin, team, "Cleo")
    async with begin() as session:
        await session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
        await outbox.add(
            session, *(outbox.row(Topic.CHANNEL_MET, workspace_id=team, lane=f"{team}{n}") for n in range(9))
        )

    async with begin() as session:
        for way in avoided:
            await session.execute(sql(f"SET LOCAL enable_{way} = off"))
        assert len(await outbox.lease(session, by="one", most=4)) == 4
