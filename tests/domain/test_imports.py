"""Messages that are brought as comments: once, with their authors and times, and never to the wrong readers."""

from typing import Any

import pytest
from sqlalchemy import select

from domain import cards, comments, db, imports, membership, opening, sources, talk, threads
from domain.comments import Comment, Reply
from domain.db import Begin
from domain.errors import AlreadyDone, Forbidden, InvalidInput, NotFound, Repeated
from domain.imports import Brought
from domain.incidents import Draft, Incident, Target
from domain.opening import Opening
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.sources import Known, Source
from tests.conftest import GENERAL, INCIDENTS, SECRET
from tests.domain.conftest import Make

TS, ROOT = "1700000002.000100", "1700000001.000100"


def message(channel_id: str = GENERAL, **said: str) -> Source:
    return Source(channel_id=channel_id, ts=TS, **said)


async def looked(begin: Begin, source: Source, by: Actor) -> Known:
    async with begin() as session:
        return await sources.look(session, source, by=by)


async def added(begin: Begin, incident: Incident, source: Source | None, by: Actor, **how: Any) -> Incident:
    async with begin() as session:
        return await imports.add(session, Target(id=incident.id), source, once=how.pop("once", "view:V1"), by=by, **how)


async def waiting(begin: Begin, incident: Incident) -> list[tuple[str, dict[str, Any]]]:
    query = select(OutboxMessage.topic, OutboxMessage.payload).where(OutboxMessage.incident_id == incident.id)
    async with begin() as session:
        rows = (await session.execute(query.order_by(OutboxMessage.id))).all()
    return [(row.topic, row.payload) for row in rows if row.topic != Topic.INCIDENT_OPENED]


async def test_of_an_unknown_message_only_its_channel_is_known(begin: Begin, ana: Actor) -> None:
    public, secret, unknown = [await looked(begin, message(c), ana) for c in (GENERAL, SECRET, "C0ELSEWHERE")]

    assert (public.place.is_public, public.place.is_open, public.place.is_seen) == (True, True, True)
    assert (secret.place.is_public, secret.place.is_open, secret.place.is_seen) == (False, True, False)
    assert (unknown.place.is_public, unknown.place.is_open, unknown.place.is_seen) == (False, False, True)
    sources.refuse_kept(public)


async def test_a_card_a_comment_and_a_line_in_a_thread_are_known_by_their_incident(
    begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()
    async with begin() as session:
        await cards.remember(session, incident, ts=ROOT)
        reply = Reply(channel_id=GENERAL, thread_ts=ROOT, ts=TS, content="looking")
        await comments.hear(session, incident.id, reply, by=ana)

    card = await looked(begin, Source(channel_id=GENERAL, ts=ROOT, thread_ts=ROOT), ana)
    comment = await looked(begin, message(thread_ts=ROOT), ana)
    line = await looked(begin, Source(channel_id=GENERAL, ts="1700000003.000100", thread_ts=ROOT), ana)

    for known, words in (
        (card, "is INC-1 itself"),
        (comment, "is a comment of INC-1"),
        (line, "in the thread of INC-1"),
    ):
        with pytest.raises(AlreadyDone, match=words):
            sources.refuse_kept(known)


async def test_an_incident_that_is_hidden_from_the_person_is_not_named(
    begin: Begin, team: str, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(channel_id=SECRET)
    async with begin() as session:
        await imports.save(
            session, incident.id, [Brought(channel_id=GENERAL, ts=TS, author_id=ana.id, content="a")], by=ana
        )
        session.add(threads.Thread(workspace_id=team, channel_id=GENERAL, ts=ROOT, incident_id=incident.id))

    with pytest.raises(AlreadyDone, match="a comment of an incident that you cannot see already"):
        sources.refuse_kept(await looked(begin, message(), ben))
    with pytest.raises(AlreadyDone, match="is an incident that you cannot see itself"):
        sources.refuse_kept(await looked(begin, Source(channel_id=GENERAL, ts=ROOT), ben))


async def test_messages_keep_their_authors_and_times_and_are_kept_once(
    begin: Begin, opened: Make, ana: Actor, ben: Actor, gus: Actor
) -> None:
    incident = await opened()
    brought = [
        Brought(channel_id=GENERAL, ts=TS, author_id=gus.id, content="second"),
        Brought(channel_id=GENERAL, ts=ROOT, author_id=ben.id, content="first", files=({"name": "a.png"},)),
    ]
    for new in (2, 0):
        async with begin() as session:
            assert await imports.save(session, incident.id, brought, by=ana, channel=GENERAL) == new
    async with begin() as session:
        assert await imports.save(session, incident.id, [], by=ana) == 0

    async with begin() as session:
        said = await talk.latest(session, incident.id, most=9)
    assert [(s.author, s.content, s.created_at) for s in said] == [
        ("Ben", "first", db.moment(ROOT)),
        ("Gus", "second", db.moment(TS)),
    ]
    [(topic, payload)] = await waiting(begin, incident)
    assert topic == Topic.COMMENTS_BROUGHT
    assert payload == {"comments": ",".join(str(s.id) for s in said), "by": ana.slack_user_id, "channel": GENERAL}


async def test_what_quotes_a_message_follows_its_changes(begin: Begin, team: str, opened: Make, ana: Actor) -> None:
    incident = await opened()
    async with begin() as session:
        await cards.remember(session, incident, ts=ROOT)
        brought = [Brought(channel_id=GENERAL, ts=TS, author_id=ana.id, content="a")]
        await imports.save(session, incident.id, brought, by=ana)
        edited = Reply(channel_id=GENERAL, thread_ts="", ts=TS, content="b", edited_at=db.moment(TS))
        await comments.amend(session, team, edited)
        await imports.follow(session, team, GENERAL, TS)
        await imports.follow(session, team, GENERAL, "1.2")
        [said] = await talk.some(session, [c.id for c in await talk.latest(session, incident.id, most=9)])
        assert await threads.of(session, incident.id) == [(GENERAL, ROOT)]

    assert said.content == "b"
    _, (topic, payload) = await waiting(begin, incident)
    assert (topic, payload) == (Topic.QUOTE_CHANGED, {"comment_id": str(said.id)})


async def test_only_who_may_comment_brings_messages(begin: Begin, opened: Make, gus: Actor) -> None:
    incident = await opened()

    with pytest.raises(Forbidden):
        async with begin() as session:
            await imports.save(session, incident.id, [], by=gus)


@pytest.mark.parametrize(
    "content, count, parts", [("a", 41, [40, 1]), ("a" * 7_000, 3, [1, 1, 1]), ("a" * 40_000, 1, [1])]
)
async def test_much_is_quoted_in_several_messages(
    begin: Begin, opened: Make, ana: Actor, content: str, count: int, parts: list[int]
) -> None:
    incident = await opened()
    brought = [
        Brought(channel_id=GENERAL, ts=f"17000000{n:02}.0001", author_id=ana.id, content=content) for n in range(count)
    ]

    async with begin() as session:
        await imports.save(session, incident.id, brought, by=ana)

    assert [len(payload["comments"].split(",")) for _, payload in await waiting(begin, incident)] == parts


async def test_adding_a_message_announces_it_after_the_note(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    await added(begin, incident, message(words="hello", author="U1"), ana, note="look", whole=True)

    (note, _), (brought, carried), (linked, link) = await waiting(begin, incident)
    assert (note, brought, linked) == (Topic.COMMENT_MADE, Topic.MESSAGE_BROUGHT, Topic.MESSAGE_LINKED)
    assert carried == {
        "channel": GENERAL, "ts": TS, "thread_ts": "", "by": "U0ANA", "whole": "yes", "single": "yes", "agreed": "",
    }  # fmt: skip
    assert link["opened"] == ""


async def test_where_the_bot_is_not_the_words_are_carried_and_no_thread_is_read(
    begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()
    source = message("C0ELSEWHERE", words="hello", author="U1")

    await added(begin, incident, source, ana, whole=True, consents=True)

    (_, carried), _ = await waiting(begin, incident)
    assert (carried["whole"], carried["words"], carried["author"], carried["agreed"]) == ("", "hello", "U1", "yes")


async def test_the_same_request_adds_once(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()
    await added(begin, incident, message(), ana)

    with pytest.raises(Repeated):
        await added(begin, incident, message(), ana)


async def test_what_cannot_be_added_says_why(begin: Begin, opened: Make, ana: Actor, ben: Actor, gus: Actor) -> None:
    incident, hidden = await opened(), await opened(channel_id=SECRET)

    with pytest.raises(InvalidInput, match="nothing to add"):
        await added(begin, incident, None, ana, note=" ")
    with pytest.raises(InvalidInput) as refused:
        await added(begin, incident, message("C0ELSEWHERE"), ana)
    assert refused.value.field == "consent"
    with pytest.raises(NotFound, match="no such message that you can see"):
        await added(begin, incident, message(SECRET), ana, consents=True)
    with pytest.raises(NotFound, match="incident like this"):
        await added(begin, hidden, message(), ben)
    with pytest.raises(Forbidden):
        await added(begin, incident, message(), gus)


async def test_a_note_alone_is_a_comment(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    await added(begin, incident, None, ana, note="look", single=False)

    async with begin() as session:
        assert list(await session.scalars(select(Comment.content).where(Comment.incident_id == incident.id))) == [
            "look"
        ]


async def test_a_member_of_the_private_channel_keeps_its_messages_among_its_readers(
    begin: Begin, team: str, opened: Make, ana: Actor, ben: Actor
) -> None:
    async with begin() as session:
        await membership.join(session, team, SECRET, ana.slack_user_id)
    there = Draft("Badge", channel_id=SECRET)

    async def submitted(draft: Draft, *, consents: bool = False, channel: str = SECRET) -> Incident:
        sent = Opening(draft=draft, source=message(channel), consents=consents, whole=True)
        async with begin() as session:
            return await opening.submit(session, sent, anywhere=False, by=ana)

    made = await submitted(there)
    assert [topic for topic, _ in await waiting(begin, made)] == [Topic.MESSAGE_BROUGHT, Topic.MESSAGE_LINKED]
    for draft in (Draft("Door", channel_id=SECRET, assignee=ben.slack_user_id), Draft("Lock", channel_id=INCIDENTS)):
        with pytest.raises(InvalidInput, match="from a private channel"):
            await submitted(draft)
        await submitted(draft, consents=True)
    await submitted(Draft("Key", channel_id=SECRET, assignee=ana.slack_user_id))
    with pytest.raises(InvalidInput, match="is not in this channel"):
        await submitted(Draft("Gate", channel_id="C0ELSEWHERE"))


async def test_a_message_alone_that_is_not_to_be_brought_is_only_linked(begin: Begin, ana: Actor) -> None:
    sent = Opening(draft=Draft("Badge", channel_id=GENERAL), source=message())
    async with begin() as session:
        made = await opening.submit(session, sent, anywhere=False, by=ana)

    [(topic, payload)] = await waiting(begin, made)
    assert (topic, payload["opened"]) == (Topic.MESSAGE_LINKED, "yes")


async def test_where_slack_does_not_tell_channels_any_is_taken(begin: Begin, ana: Actor) -> None:
    async with begin() as session:
        made = await opening.submit(session, Opening(draft=Draft("Badge", channel_id="C9")), anywhere=True, by=ana)

    assert made.number == 1
