"""Finding incidents by words."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from domain import comments, db, deletion, lifecycle, listing, search
from domain.comments import Reply
from domain.db import Begin
from domain.errors import InvalidInput
from domain.incidents import Incident, Priority, Status
from domain.listing import Filter
from domain.policy import Actor
from domain.search import Found, Turn
from tests.conftest import GENERAL, INCIDENTS, SECRET, WITHOUT_END
from tests.domain.conftest import Make, done

FIRST = Turn()
Say = Callable[..., Awaitable[None]]


@pytest.fixture
def say(begin: Begin) -> Say:
    """A reply in an incident's thread."""

    async def reply(incident: Incident, words: str, *, by: Actor) -> None:
        heard = Reply(
            channel_id=incident.channel_id, thread_ts="1.0", ts=f"17{incident.number:08}.{len(words):06}", content=words
        )
        async with begin() as session:
            await comments.hear(session, incident.id, heard, by=by)

    return reply


async def found(begin: Begin, by: Actor, *words: str, turn: Turn = FIRST, **wanted: Any) -> Found:
    async with begin() as session:
        return await search.page(session, words, Filter(any_status=True, **wanted), by=by, turn=turn)


def numbers(result: Found) -> list[int]:
    return [hit.incident.number for hit in result.hits]


async def test_words_are_found_in_titles_descriptions_and_comments_the_newest_first(
    begin: Begin, opened: Make, say: Say, ana: Actor
) -> None:
    await opened("The card reader is dead")
    await opened("Shop", description="every Card Reader rejects cards")
    talked = await opened("Till")
    await say(talked, "it is the card reader again", by=ana)
    await opened("Card printer")

    result = await found(begin, ana, "card", "READER")

    assert numbers(result) == [3, 2, 1]
    assert [hit.said for hit in result.hits] == ["it is the card reader again", None, None]
    assert not result.is_similar


async def test_all_words_must_stand_in_one_text(begin: Begin, opened: Make, say: Say, ana: Actor) -> None:
    incident = await opened("card")
    await say(incident, "reader", by=ana)

    assert numbers(await found(begin, ana, "card", "reader")) == []


async def test_a_word_finds_longer_ones_and_a_phrase_only_itself(begin: Begin, opened: Make, ana: Actor) -> None:
    await opened("Rollback failed")
    await opened("failed to roll back")

    assert numbers(await found(begin, ana, "roll")) == [2, 1]
    assert numbers(await found(begin, ana, "roll back")) == [2]
    assert (await found(begin, ana, "back roll")).is_similar


async def test_resolved_ones_are_found_too_unless_a_status_is_named(begin: Begin, opened: Make, ana: Actor) -> None:
    await done(begin, lifecycle.resolve, await opened("Disk full"), by=ana)
    await opened("Disk slow")

    assert numbers(await found(begin, ana, "disk")) == [2, 1]
    assert numbers(await found(begin, ana, "disk", statuses=(Status.RESOLVED,))) == [1]


async def test_what_was_deleted_is_not_found(begin: Begin, opened: Make, say: Say, ana: Actor) -> None:
    await done(begin, deletion.delete, await opened("Disk full"), by=ana)
    talked = await opened("Till")
    await say(talked, "the disk, I think", by=ana)
    async with begin() as session:
        await comments.forget(session, ana.workspace_id, talked.channel_id, f"17{talked.number:08}.{17:06}")

    assert numbers(await found(begin, ana, "disk")) == []


async def test_what_one_may_not_see_is_not_found_by_any_word(
    begin: Begin, opened: Make, say: Say, ana: Actor, ben: Actor
) -> None:
    secret = await opened("Badge lost", channel_id=SECRET)
    await say(secret, "turnstile seven", by=ana)

    for words in (("badge",), ("turnstile",), ("bdage",), ("urnsti",)):
        assert numbers(await found(begin, ben, *words)) == []
        assert numbers(await found(begin, ana, *words)) in ([1], [])
    assert numbers(await found(begin, ben.at(channel_id=SECRET), "turnstile")) == [1]


@pytest.mark.parametrize(
    "title, words",
    [
        ("Checkout fails", ("heckou",)),  # a part of a word
        ("Checkout fails", ("chekcout",)),  # a typing error
        ("Checkout fails", ("chekout", "fials")),
        ("Disk full", ("dsik",)),
        ("Badge lost", ("bdage",)),
        ("100% CPU", ("100%",)),
        ("50 % off", ("%",)),
        ("under_score", ("r_s",)),
        ("it's broken", ("it's",)),
        ('say "hello"', ('"hello"',)),
        ("C:\\temp is full", ("C:\\temp",)),
        ("to be or not to be", ("to", "be")),  # words that other searches leave out
        ("Оплата не проходит", ("оплата",)),
        ("Оплата не проходит", ("плат",)),
        ("საგადახდო ტერმინალი", ("ტერმინალი",)),
        ("決済端末が動かない", ("決済",)),
        ("決済端末が動かない", ("端末",)),
        ("🔥 in the server room", ("🔥",)),
        ("a & b | c ! d", ("&", "!")),
        ("foo:bar", ("foo:bar",)),
        ("x <-> y", ("<->",)),
        ("Z", ("z",)),
    ],
)
async def test_every_script_and_every_sign_is_found(
    begin: Begin, opened: Make, ana: Actor, title: str, words: tuple[str, ...]
) -> None:
    await opened("Something else entirely 7")
    await opened(title)

    assert numbers(await found(begin, ana, *words)) == [2]


@pytest.mark.parametrize(
    "word", ["'", "\\", "':*", "''", "a'b\\c", "|", "()", "<2>", ":*", "%_\\", "x" * 300, "\u200b"]
)
async def test_nothing_that_people_type_is_syntax(begin: Begin, opened: Make, ana: Actor, word: str) -> None:
    await opened("Disk full")

    assert numbers(await found(begin, ana, word, "nosuchword")) == []


async def test_similar_ones_are_marked_and_have_pages_of_their_own(begin: Begin, opened: Make, ana: Actor) -> None:
    for n in range(12):
        await opened(f"Checkout {n} fails")

    first = await found(begin, ana, "eckou")
    second = await found(begin, ana, "eckou", turn=Turn(after=first.next, is_similar=True))
    back = await found(begin, ana, "eckou", turn=Turn(before=second.previous, is_similar=True))

    assert first.is_similar
    assert numbers(first) == list(range(12, 2, -1))
    assert numbers(second) == [2, 1]
    assert numbers(back) == numbers(first)
    assert (second.next, back.previous) == (None, None)


async def test_pages_stay_where_they_were(begin: Begin, opened: Make, ana: Actor) -> None:
    for n in range(21):
        await opened(f"Disk {n} full")
    first = await found(begin, ana, "disk")
    await opened("Disk full again")

    second = await found(begin, ana, "disk", turn=Turn(after=first.next))
    third = await found(begin, ana, "disk", turn=Turn(after=second.next))
    back = await found(begin, ana, "disk", turn=Turn(before=third.previous))

    assert numbers(first) == list(range(21, 11, -1))
    assert numbers(second) == list(range(11, 1, -1))
    assert numbers(third) == [1]
    assert numbers(back) == numbers(second)
    assert (third.next, back.next, back.previous) == (None, 2, 11)


async def test_a_page_that_is_no_longer_there_is_empty(begin: Begin, opened: Make, ana: Actor) -> None:
    await opened("Disk full")

    result = await found(begin, ana, "disk", turn=Turn(after=1))

    assert (result.hits, result.next, result.previous) == ([], None, None)


async def test_a_word_in_very_many_comments_is_found_by_walking(begin: Begin, opened: Make, ana: Actor) -> None:
    for title in ("First", "Second", "Third"):
        await opened(title)
    async with begin() as session:
        await session.execute(WITHOUT_END)
        await session.execute(
            text(
                "INSERT INTO comment (id, workspace_id, incident_id, author_id, content)"
                " SELECT gen_random_uuid(), workspace_id, id, owner_id, 'deploy ' || n"
                " FROM incident, generate_series(1, :many) n WHERE workspace_id = :team AND number < 3"
            ),
            {"many": search.FEW, "team": ana.workspace_id},
        )

    result = await found(begin, ana, "deploy")

    assert numbers(result) == [2, 1]
    assert all(hit.said and hit.said.startswith("deploy") for hit in result.hits)


async def frequent(begin: Begin, team: str, *, word: str, below: int) -> None:
    """A word in very many comments of the incidents with lower numbers."""
    async with begin() as session:
        await session.execute(WITHOUT_END)
        await session.execute(
            text(
                "INSERT INTO comment (id, workspace_id, incident_id, author_id, content)"
                " SELECT gen_random_uuid(), workspace_id, id, owner_id, :word || ' ' || n"
                " FROM incident, generate_series(1, :many) n WHERE workspace_id = :team AND number < :below"
            ),
            {"many": search.FEW, "team": team, "below": below, "word": word},
        )


async def test_a_word_that_was_frequent_long_ago_is_found_among_all(
    begin: Begin, opened: Make, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "NEAR", 3)
    for n in range(9):
        await opened(f"Incident {n}", priority=Priority.HIGH if n % 2 else Priority.LOW)
    await frequent(begin, ana.workspace_id, word="mainframe", below=5)

    assert numbers(await found(begin, ana, "mainframe")) == [4, 3, 2, 1]
    assert numbers(await found(begin, ana, "infram")) == [4, 3, 2, 1]
    assert numbers(await found(begin, ana, "mainframe", priorities=(Priority.HIGH,))) == [4, 2]
    assert numbers(await found(begin, ana, "mainframe", turn=Turn(before=2))) == [4, 3]


async def test_pages_of_a_frequent_word_go_forth_and_back(begin: Begin, opened: Make, ana: Actor) -> None:
    for n in range(13):
        await opened(f"Incident {n}")
    await frequent(begin, ana.workspace_id, word="deploy", below=14)

    first = await found(begin, ana, "deploy")
    second = await found(begin, ana, "deploy", turn=Turn(after=first.next))
    back = await found(begin, ana, "deploy", turn=Turn(before=second.previous))

    assert numbers(first) == list(range(13, 3, -1))
    assert numbers(second) == [3, 2, 1]
    assert numbers(back) == numbers(first)


async def test_a_frequent_word_tells_nothing_of_a_private_channel(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    await opened("Badge lost", channel_id=SECRET)
    await opened("Till")
    await frequent(begin, ana.workspace_id, word="turnstile", below=2)

    assert numbers(await found(begin, ana, "turnstile")) == [1]
    for word in ("turnstile", "urnstil", "turnstiel"):
        assert numbers(await found(begin, ben, word)) == []


async def test_letters_in_each_others_place_are_forgiven_in_comments_too(
    begin: Begin, opened: Make, say: Say, ana: Actor
) -> None:
    await say(await opened("Till"), "the reader is dead", by=ana)

    result = await found(begin, ana, "raeder")

    assert (numbers(result), result.is_similar) == ([1], True)
    assert numbers(await found(begin, ana, "raeder", "nosuchword")) == []


async def test_filters_narrow_a_search(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    await opened("Disk full", priority=Priority.HIGH, by=ben)
    await opened("Disk slow", channel_id=INCIDENTS, assignee=ben.slack_user_id)

    assert numbers(await found(begin, ana, "disk", priorities=(Priority.HIGH,))) == [1]
    assert numbers(await found(begin, ana, "disk", channel_id=INCIDENTS)) == [2]
    assert numbers(await found(begin, ana, "disk", assignees=(ben.slack_user_id,))) == [2]
    assert numbers(await found(begin, ana, "disk", owners=(ben.slack_user_id,))) == [1]


async def test_only_so_much_is_searched_for(begin: Begin, opened: Make, ana: Actor) -> None:
    await opened("Disk full")

    many = await found(begin, ana, *["disk"] * 13)
    long = await found(begin, ana, "disk", "x" * 3_000)

    assert (numbers(many), many.is_cut) == ([1], True)
    assert (numbers(long), long.is_cut) == ([], True)


@pytest.mark.parametrize("words", [(), ("",), (" ", "\t")])
async def test_nothing_to_search_for_is_told(begin: Begin, ana: Actor, words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="Say what to search for"):
        await found(begin, ana, *words)


async def test_filters_that_leave_nothing_are_told(begin: Begin, opened: Make, ana: Actor) -> None:
    now = db.now()
    with pytest.raises(InvalidInput, match="“unassigned” and an assignee contradict"):
        await found(begin, ana, "disk", unassigned=True, assignees=("U0BEN",))
    with pytest.raises(InvalidInput, match="leave no time between"):
        await found(begin, ana, "disk", opened_before=now - timedelta(days=5), opened_after=now - timedelta(days=2))


async def test_age_is_counted_from_the_opening(begin: Begin, opened: Make, ana: Actor) -> None:
    old = await opened("Old")
    await opened("New")
    async with begin() as session:
        was = db.now() - timedelta(days=3)
        await session.execute(update(Incident).where(Incident.id == old.id).values(created_at=was))
    day = db.now() - timedelta(days=1)

    async with begin() as session:
        older = await listing.page(session, Filter(opened_before=day), by=ana)
        newer = await listing.page(session, Filter(opened_after=day), by=ana)
    assert [i.number for i in older.incidents] == [1]
    assert [i.number for i in newer.incidents] == [2]


async def test_pages_of_a_list_go_back_as_they_came(begin: Begin, opened: Make, ana: Actor) -> None:
    for n in range(21):
        await opened(f"Disk {n}", channel_id=GENERAL)

    async with begin() as session:
        first = await listing.page(session, Filter(), by=ana)
        second = await listing.page(session, Filter(), by=ana, after=first.next)
        third = await listing.page(session, Filter(), by=ana, after=second.next)
        back = await listing.page(session, Filter(), by=ana, before=third.previous)
        start = await listing.page(session, Filter(), by=ana, before=back.previous)

    assert [[i.number for i in p.incidents] for p in (first, second, third)] == [
        list(range(1, 11)), list(range(11, 21)), [21],
    ]  # fmt: skip
    assert [i.id for i in back.incidents] == [i.id for i in second.incidents]
    assert [i.id for i in start.incidents] == [i.id for i in first.incidents]
    assert (first.previous, third.next, start.previous) == (None, None, None)
