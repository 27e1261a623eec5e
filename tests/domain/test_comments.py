"""The thread and the record stay the same, whatever the order in which Slack tells."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from domain import cards, comments, db, early_replies, outbox, talk, threads
from domain.comments import Comment, CommentRevision, Reply
from domain.db import Begin
from domain.early_replies import EarlyReply
from domain.errors import InvalidInput
from domain.incidents import Incident, Target
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.talk import Said
from tests.conftest import GENERAL, INCIDENTS
from tests.domain.conftest import Make, shown

CARD, TS = "1700000000.000100", "1700000001.000100"
AT = datetime.fromtimestamp(1_700_000_001, UTC)


def reply(content: str = "rolled back", *, edited: int | None = None, deleted: bool = False) -> Reply:
    return Reply(
        channel_id=GENERAL,
        thread_ts=CARD,
        ts=TS,
        content=content,
        edited_at=None if edited is None else AT + timedelta(seconds=edited),
        deleted_at=AT + timedelta(minutes=1) if deleted else None,
    )


async def heard(begin: Begin, incident: Incident, by: Actor, *replies: Reply) -> None:
    for each in replies:
        async with begin() as session:
            await comments.hear(session, incident.id, each, by=by)


async def kept(begin: Begin, incident: Incident) -> list[Said]:
    async with begin() as session:
        return await talk.latest(session, incident.id, most=10)


async def revisions(begin: Begin, incident: Incident) -> list[str]:
    query = select(CommentRevision.content).join(Comment, Comment.id == CommentRevision.comment_id)
    async with begin() as session:
        return list(await session.scalars(query.where(Comment.incident_id == incident.id)))


@pytest.mark.parametrize(
    "told, content",
    [
        ([reply(), reply(), reply()], "rolled back"),
        ([reply(), reply("rolled back 1.4", edited=0)], "rolled back 1.4"),
        ([reply("rolled back 1.4", edited=0), reply()], "rolled back 1.4"),
        ([reply(), reply("new", edited=9), reply("old", edited=5)], "new"),
        ([reply(), reply("a", edited=5), reply("b", edited=5)], "b"),
    ],
)
async def test_the_newest_text_wins_in_whatever_order_it_is_told(
    begin: Begin, opened: Make, ben: Actor, told: list[Reply], content: str
) -> None:
    incident = await opened()

    await heard(begin, incident, ben, *told)

    assert [(said.author, said.content) for said in await kept(begin, incident)] == [("Ben", content)]


async def test_an_edit_keeps_what_the_comment_said_before(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened()

    await heard(begin, incident, ben, reply("a"), reply("b", edited=1), reply("b", edited=2), reply("c", edited=3))

    assert sorted(await revisions(begin, incident)) == ["a", "b"]


@pytest.mark.parametrize(
    "told",
    [
        [reply(), reply(deleted=True)],
        [reply(deleted=True), reply()],
        [reply(), reply("b", edited=1), reply(deleted=True), reply("c", edited=3), reply(deleted=True)],
    ],
)
async def test_a_deleted_reply_leaves_a_tombstone_without_words(
    begin: Begin, opened: Make, ben: Actor, told: list[Reply]
) -> None:
    incident = await opened()

    await heard(begin, incident, ben, *told)

    assert await kept(begin, incident) == []
    assert await revisions(begin, incident) == []
    async with begin() as session:
        tombstone = (await session.scalars(select(Comment).where(Comment.incident_id == incident.id))).one()
    assert tombstone.content == ""
    assert tombstone.deleted_at is not None


async def test_a_message_that_slack_deleted_is_forgotten_and_others_are_not(
    begin: Begin, team: str, opened: Make, ben: Actor
) -> None:
    incident = await opened()
    await heard(begin, incident, ben, reply())

    async with begin() as session:
        await comments.forget(session, team, GENERAL, "1.2")
    assert len(await kept(begin, incident)) == 1
    async with begin() as session:
        await comments.forget(session, team, GENERAL, TS)
    assert await kept(begin, incident) == []


async def test_a_card_says_how_many_comments_there_are(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        assert await talk.tally(session, incident.id) == (0, None)

    await heard(begin, incident, ben, reply())

    async with begin() as session:
        assert await talk.tally(session, incident.id) == (1, db.moment(TS))


async def test_a_comment_from_elsewhere_is_posted_once(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "vendor called back", by=ben)
        query = select(OutboxMessage).where(OutboxMessage.incident_id == incident.id)
        row = (await session.scalars(query.where(OutboxMessage.topic == Topic.COMMENT_MADE))).one()
        said = await talk.to_post(session, UUID(row.payload["comment_id"]))
        await comments.posted(session, UUID(row.payload["comment_id"]), channel_id=GENERAL, thread_ts=TS, ts=TS)

    assert said is not None
    assert (said.author, said.content) == ("Ben", "vendor called back")
    async with begin() as session:
        assert await talk.to_post(session, UUID(row.payload["comment_id"])) is None
    await heard(begin, incident, ben, reply("vendor called back"))
    assert len(await kept(begin, incident)) == 1


async def test_an_empty_comment_is_refused_on_its_field(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened()

    with pytest.raises(InvalidInput, match="the comment is empty") as refused:
        async with begin() as session:
            await comments.say(session, Target(id=incident.id), "  ", by=ben)

    assert refused.value.field == "comment"


async def test_a_reply_before_its_card_is_noted_becomes_a_comment_with_its_last_text(
    begin: Begin, team: str, opened: Make, ben: Actor
) -> None:
    incident = await opened()
    async with begin() as session:
        await early_replies.keep(session, reply("a"), by=ben)
        await early_replies.keep(session, reply("a"), by=ben)
        await early_replies.keep(session, reply("b", edited=0), by=ben)

    async with begin() as session:
        await cards.remember(session, incident, ts=CARD)
        await cards.remember(session, incident, ts=CARD)

    assert [said.content for said in await kept(begin, incident)] == ["b"]
    async with begin() as session:
        assert await session.scalar(select(func.count()).where(EarlyReply.workspace_id == team)) == 0
        assert await threads.incident_of(session, team, GENERAL, CARD) == incident.id
        assert await threads.incident_of(session, team, INCIDENTS, CARD) is None


async def test_a_reply_is_not_kept_early_where_no_card_is_awaited_or_once_it_is_deleted(
    begin: Begin, team: str, opened: Make, ben: Actor
) -> None:
    async with begin() as session:
        await early_replies.keep(session, reply(), by=ben)
        assert await session.scalar(select(func.count()).where(EarlyReply.workspace_id == team)) == 0

    await opened()
    async with begin() as session:
        await early_replies.keep(session, reply(), by=ben)
        await early_replies.forget(session, team, GENERAL, TS)
        assert await session.scalar(select(func.count()).where(EarlyReply.workspace_id == team)) == 0


async def test_a_reply_is_kept_whether_its_card_is_noted_just_before_just_after_or_meanwhile(
    begin: Begin, team: str, opened: Make, ben: Actor
) -> None:
    incident = await opened()

    async def hears(ts: str) -> None:
        async with begin() as session:
            await early_replies.keep(session, replace(reply(ts), ts=ts), by=ben)

    async with begin() as session:
        await early_replies.meet(session, team, GENERAL)
        meanwhile = asyncio.create_task(hears("1700000002.000100"))
        waits = text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with asyncio.timeout(20):
            while not await session.scalar(waits):  # noqa: ASYNC110 - locks ring no bell
                await asyncio.sleep(0.01)
        await cards.remember(session, incident, ts=CARD)
    await meanwhile
    await hears("1700000003.000100")

    assert [said.content for said in await kept(begin, incident)] == ["1700000002.000100", "1700000003.000100"]


async def test_a_card_that_slack_lost_is_posted_anew(begin: Begin, team: str, opened: Make, ana: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        await cards.remember(session, incident, ts=CARD)
        await cards.lost(session, team, GENERAL, "1.2")
        assert (await topics(session, incident)).count(Topic.INCIDENT_OPENED) == 1

        await cards.lost(session, team, GENERAL, CARD)
        assert (await topics(session, incident)).count(Topic.INCIDENT_OPENED) == 2

    assert (await shown(begin, incident, ana)).card_ts is None


async def test_cards_that_wait_for_a_channel_follow_when_the_bot_is_there(
    begin: Begin, team: str, opened: Make
) -> None:
    incident = await opened()
    async with begin() as session:
        await cards.move(session, incident, channel_id=INCIDENTS)
    async with begin() as session:
        await cards.repost(session, team, GENERAL)
        assert (await topics(session, incident)).count(Topic.INCIDENT_OPENED) == 1
        await cards.repost(session, team, INCIDENTS)
        assert (await topics(session, incident)).count(Topic.INCIDENT_OPENED) == 2


async def test_however_many_cards_wait_for_a_channel_all_follow(
    begin: Begin, team: str, opened: Make, ana: Actor
) -> None:
    await opened()
    await copied(begin, team, 150)
    waiting = select(func.count()).where(outbox.OutboxMessage.workspace_id == team)
    async with begin() as session:
        before = await session.scalar(waiting) or 0

        await cards.repost(session, team, GENERAL)

        assert await session.scalar(waiting) == before + 151


async def copied(begin: Begin, team: str, times: int) -> None:
    """So many incidents like the one that there is."""
    async with begin() as session:
        await session.execute(
            text(
                "INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id)"
                " SELECT gen_random_uuid(), workspace_id, number + n, title, priority, category, owner_id, channel_id"
                " FROM incident, generate_series(1, :times) n WHERE workspace_id = :team"
            ),
            {"team": team, "times": times},
        )


async def test_an_edit_through_the_bot_is_kept_although_the_last_one_was_made_by_a_clock_that_was_ahead(
    begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "first", by=ana)
    ahead = db.now() + timedelta(minutes=5)
    async with begin() as session:
        (said,) = await session.scalars(select(Comment).where(Comment.incident_id == incident.id))
        await session.execute(update(Comment).where(Comment.id == said.id).values(edited_at=ahead))

    async with begin() as session:
        await comments.edit(session, said.id, "second", by=ana)

    assert [(each.content, each.edited_at) for each in await kept(begin, incident)] == [("second", ahead)]


async def topics(session: object, incident: Incident) -> list[str]:
    query = select(outbox.OutboxMessage.topic).where(outbox.OutboxMessage.incident_id == incident.id)
    return list(await session.scalars(query))  # type: ignore[attr-defined]
