"""Comments made elsewhere: said once, changed and deleted by their author; who is in a private channel."""

from uuid import UUID

import pytest
from sqlalchemy import select

from domain import comments, membership, talk
from domain.comments import Comment, Reply
from domain.db import Begin
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Repeated
from domain.incidents import Incident, Target
from domain.membership import ChannelMember
from domain.policy import Actor
from tests.conftest import SECRET
from tests.domain.conftest import Make


async def said(begin: Begin, incident: Incident, words: str, *, by: Actor, source: str = "") -> UUID:
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), words, source=source, by=by)
        newest = select(Comment.id).where(Comment.incident_id == incident.id).order_by(Comment.created_at.desc())
        found: UUID | None = await session.scalar(newest.limit(1))
    assert found is not None
    return found


async def test_the_same_form_twice_says_it_once(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    await said(begin, incident, "vendor called", by=ana, source="view:V1")

    with pytest.raises(Repeated):
        await said(begin, incident, "vendor called", by=ana, source="view:V1")

    async with begin() as session:
        assert await talk.tally(session, incident.id) == (
            1,
            (await talk.latest(session, incident.id, most=1))[0].created_at,
        )


async def test_an_empty_change_is_refused_and_the_words_stay(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    comment_id = await said(begin, incident, "vendor called", by=ana)

    async with begin() as session:
        with pytest.raises(InvalidInput, match="the comment is empty"):
            await comments.edit(session, comment_id, " \n ", by=ana)
    async with begin() as session:
        assert (await talk.get(session, comment_id, by=ana)).content == "vendor called"


async def test_a_persons_own_message_is_edited_where_it_stands(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    reply = Reply(channel_id=incident.channel_id, thread_ts="1.0", ts="1700000001.000100", content="looking")
    async with begin() as session:
        await comments.hear(session, incident.id, reply, by=ana)
        [heard] = await talk.latest(session, incident.id, most=1)

    async with begin() as session:
        with pytest.raises(Conflict, match="Slack lets only its author edit it there"):
            await comments.edit(session, heard.id, "looked", by=ana)


async def test_others_neither_change_nor_delete_nor_even_see_it_in_a_private_channel(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    open_one = await said(begin, await opened(), "vendor called", by=ana)
    secret = await said(begin, await opened("Badge lost", channel_id=SECRET), "turnstile", by=ana)

    for attempt in (comments.to_edit, comments.remove):
        async with begin() as session:
            with pytest.raises(Forbidden):
                await attempt(session, open_one, by=ben)
        async with begin() as session:
            with pytest.raises(NotFound):
                await attempt(session, secret, by=ben)
    async with begin() as session:
        with pytest.raises(NotFound):
            await talk.get(session, secret, by=ben)


async def test_a_channel_that_everybody_left_has_no_members(begin: Begin, ana: Actor) -> None:
    async with begin() as session:
        await membership.replace(session, ana.workspace_id, SECRET, [ana.slack_user_id])
        await membership.replace(session, ana.workspace_id, SECRET, [])

        left = select(ChannelMember).where(ChannelMember.workspace_id == ana.workspace_id)
        assert (await session.execute(left)).all() == []
